"""Working days: weekends and holidays do not count, weekends worked in exchange do."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from tianren.management.working_days import Calendar

DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2028, 12, 31))
SOME = st.frozensets(st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 31)), max_size=20)


def test_a_week_with_a_holiday_by_hand() -> None:
    # Friday 30 January 2026; Monday is a holiday, and the Saturday before it is worked.
    calendar = Calendar.of([dt.date(2026, 2, 2)], [dt.date(2026, 1, 31)])
    assert calendar.after(dt.date(2026, 1, 30), 1) == dt.date(2026, 1, 31)
    assert calendar.after(dt.date(2026, 1, 30), 2) == dt.date(2026, 2, 3)
    assert calendar.between(dt.date(2026, 1, 30), dt.date(2026, 2, 3)) == 2
    assert calendar.declares(2026) and not calendar.declares(2025)


@given(DAYS, st.integers(0, 60), SOME, SOME)
def test_after_and_between_are_inverse(day: dt.date, n: int, off: object, on: object) -> None:
    calendar = Calendar(off, on)  # type: ignore[arg-type]
    last = calendar.after(day, n)
    assert calendar.between(day, last) == n
    assert n == 0 or calendar.is_worked(last)


@given(DAYS, DAYS, DAYS, SOME, SOME)
def test_spans_add_up(a: dt.date, b: dt.date, c: dt.date, off: object, on: object) -> None:
    calendar = Calendar(off, on)  # type: ignore[arg-type]
    assert calendar.between(a, b) + calendar.between(b, c) == calendar.between(a, c)
