"""What comes back from checks in the field by a random sample, and what it says.

Violation rates come with exact intervals; where no visit saw a violation, with the rate that is
excluded. A visit without a result is told: what is left may be no random sample.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.management.sampling_plan import (
    METHOD,
    POINTS,
    SOURCE,
    Plan,
    PlannedStratum,
    Visit,
    power_of,
)
from tianren.measures import Measure, in_order
from tianren.parameters.headings import plain_word
from tianren.science.sampling import most_missed_in_strata
from tianren.science.sampling_estimates import (
    Stratum,
    bounds,
    clopper_pearson,
    stratified_bounds,
    stratified_rate,
)
from tianren.science.sampling_points import area_bounds, area_rate, excluded_share

# What an inspector may write under result, in the languages of the house.
RESULT_WORDS: Mapping[str, bool] = {
    plain_word(word): violation
    for violation, words in (
        (True, ("violation", "违规", "infracción")),
        (False, ("none", "no violation", "合规", "无", "ninguna", "sin infracción")),
    )
    for word in words
}


# -- the table that comes back ---------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What came back of one visit."""

    visit: Visit
    day: dt.date
    violation: bool
    note: str = ""


def read_back(
    found: Plan, rows: Iterable[Mapping[str, Any]], where: str, latest: dt.date
) -> list[Result]:
    """The results of the visits that were made, by number; rows without a result are left out.

    latest: no visit is after it. UserError, with row and visit, for a visit that is not of the
    plan or is there twice, a word that is not known, a result without its day.
    """
    visits = {v.number: v for v in found.visits}
    results: dict[int, Result] = {}
    for line, row in enumerate(rows, start=2):
        visit = visits.get(_number(row.get("visit")))
        if visit is None or _cell(row, "zone") not in ("", visit.site.id):
            raise _refused(
                f"{where}, row {line}",
                f"visit {row.get('visit')!r} in {_cell(row, 'zone')!r} is not of this plan",
                "give back the table that the plan wrote",
            )
        if not _cell(row, "result"):
            continue
        if visit.number in results:
            raise _refused(
                f"{where}, row {line}",
                f"visit {visit.number} has two results",
                "keep the one that holds",
            )
        results[visit.number] = _result(visit, row, f"{where}, row {line}", latest)
    return [results[number] for number in sorted(results)]


def _number(value: Any) -> int:
    text = str(value).strip()
    return int(text) if text.isdecimal() else 0


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None or value != value else str(value).strip()


def _result(visit: Visit, row: Mapping[str, Any], where: str, latest: dt.date) -> Result:
    word = plain_word(_cell(row, "result"))
    if word not in RESULT_WORDS:
        raise _refused(
            where,
            f"the result {_cell(row, 'result')!r} is not known",
            "write violation or none",
        )
    try:
        day = dt.date.fromisoformat(_cell(row, "visited_on"))
    except ValueError:
        raise _refused(
            where,
            f"{_cell(row, 'visited_on')!r} is no day",
            "write the day of the visit like 2026-03-31",
        ) from None
    if day > latest:
        raise _refused(where, f"{day} is after {latest}", "write the day of the visit")
    return Result(visit, day, RESULT_WORDS[word], _cell(row, "note"))


def _refused(where: str, what: str, next_step: str) -> UserError:
    return UserError(what, where=where, next_step=next_step)


def violations(results: Iterable[Result]) -> list[Result]:
    """The visits that saw a violation: each is a clue of a patrol."""
    return [result for result in results if result.violation]


# -- what it says ----------------------------------------------------------------------------------


def estimates(
    found: Plan, results: Sequence[Result], place: str, period: str
) -> tuple[list[Measure], list[Finding]]:
    """Violation rates by stratum and in all, with exact intervals; where no violation was seen,
    the rate that is excluded; what the sample lost."""
    strata = [_seen(s, results) for s in found.strata]
    made = _Made(found, place, period)
    for planned, seen in zip(found.strata, strata, strict=True):
        made.stratum(planned, seen)
    made.whole(strata)
    return in_order(made.measures), _lost(found, strata)


def _seen(planned: PlannedStratum, results: Iterable[Result]) -> Stratum:
    own = [r for r in results if r.visit.stratum == planned.id]
    return Stratum(len(planned.sites), len(own), sum(r.violation for r in own))


@dataclass
class _Made:
    """The measures of a sample as they are made."""

    plan: Plan
    place: str
    period: str
    measures: list[Measure] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, by: tuple[tuple[str, str], ...],
            low: float | None = None, high: float | None = None) -> None:  # fmt: skip
        method = f"{METHOD[self.plan.design.draw]}; {self._confidence} % confidence"
        self.measures.append(
            Measure(f"sampling.{name}", self.place, self.period, value, unit, by, low, high, method)
        )

    def stratum(self, planned: PlannedStratum, seen: Stratum) -> None:
        self.add("visits", float(seen.n), "1", (("state", "made"), *planned.by))
        self.add("violations", float(seen.k), "1", planned.by)
        if seen.n == 0 or not planned.by:
            return
        low, high = self._interval(seen)
        self.add("rate", 100 * seen.k / seen.n, "%", planned.by, 100 * low, 100 * high)

    def _interval(self, seen: Stratum) -> tuple[float, float]:
        confidence = self.plan.design.confidence
        if self._of_points:
            return clopper_pearson(seen.n, seen.k, confidence)
        low, high = bounds(seen.N, seen.n, seen.k, confidence)
        return low / seen.N, high / seen.N

    def whole(self, strata: Sequence[Stratum]) -> None:
        visits = [s.n for s in strata]
        seen = power_of(self.plan.strata, visits, self.plan.design)
        self.add("power", 100 * seen, "%", (("state", "made"),))
        if 0 in visits:
            return
        rate, low, high, excluded = self._points(strata) if self._of_points else self._zones(strata)
        self.add("rate", 100 * rate, "%", (), 100 * low, 100 * high)
        if not any(s.k for s in strata):
            self.add("excluded", 100 * excluded, "%", ())

    @property
    def _confidence(self) -> str:
        return f"{100 * float(self.plan.design.confidence):g}"

    @property
    def _of_points(self) -> bool:
        return self.plan.design.draw == POINTS

    def _zones(self, strata: Sequence[Stratum]) -> tuple[float, float, float, float]:
        confidence = self.plan.design.confidence
        low, high = stratified_bounds(strata, confidence)
        sizes, visits = [s.N for s in strata], [s.n for s in strata]
        most = most_missed_in_strata(sizes, visits, confidence)
        N = sum(sizes)
        return stratified_rate(strata), low / N, high / N, (most + 1) / N

    def _points(self, strata: Sequence[Stratum]) -> tuple[float, float, float, float]:
        confidence = self.plan.design.confidence
        areas = [s.area_m2 for s in self.plan.strata]
        visits, seen = [s.n for s in strata], [s.k for s in strata]
        low, high = area_bounds(areas, visits, seen, confidence)
        excluded = excluded_share(areas, visits, confidence)
        return area_rate(areas, visits, seen), low, high, excluded


def _lost(found: Plan, strata: Sequence[Stratum]) -> list[Finding]:
    """Visits that have no result, and strata of which nothing is known."""
    told = []
    made = sum(s.n for s in strata)
    if made < len(found.visits):
        message = say(
            "{lost} of {planned} visits have no result: if they were left out for a reason, "
            "what is left is no random sample",
            lost=len(found.visits) - made, planned=len(found.visits),
        )  # fmt: skip
        told.append(Finding("sampling.lost", "sample", Severity.WARNING, message, SOURCE))
    for planned, seen in zip(found.strata, strata, strict=True):
        if seen.n == 0:
            message = say("nobody was there: nothing is known of it, nor of the whole")
            told.append(Finding("sampling.no_visit", planned.id, Severity.WARNING, message, SOURCE))
    return told
