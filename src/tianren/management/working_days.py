"""Days that count: deadlines are counted in working days where the law says so."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

SATURDAY = 5
_ONE = dt.timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Which days are worked.

    holidays: days off besides weekends; working_weekends: weekend days that are worked in exchange,
    as China decrees each year.
    """

    holidays: frozenset[dt.date] = field(default_factory=frozenset)
    working_weekends: frozenset[dt.date] = field(default_factory=frozenset)

    @classmethod
    def of(cls, holidays: Iterable[dt.date], working_weekends: Iterable[dt.date]) -> "Calendar":
        return cls(frozenset(holidays), frozenset(working_weekends))

    def is_worked(self, day: dt.date) -> bool:
        if day in self.working_weekends:
            return True
        return day.weekday() < SATURDAY and day not in self.holidays

    def after(self, day: dt.date, working_days: int) -> dt.date:
        """The last of so many working days that begin on the day after `day`; `day` for none."""
        left = working_days
        while left > 0:
            day += _ONE
            left -= self.is_worked(day)
        return day

    def between(self, start: dt.date, end: dt.date) -> int:
        """Working days after `start` up to and including `end`; negative where end lies before."""
        if end < start:
            return -self.between(end, start)
        days = (start + n * _ONE for n in range(1, (end - start).days + 1))
        return sum(self.is_worked(day) for day in days)

    def declares(self, year: int) -> bool:
        """Whether any holiday of a year is known; without one only weekends are taken off."""
        return any(day.year == year for day in self.holidays)
