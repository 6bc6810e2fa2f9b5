"""Applications of the year: worked cases of the rulebook on real land, each led to its end."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.year.land import HIGH, WIDE
from tests.year.people import (
    MAJOR_PAPERS,
    OCCUPATION_BY,
    OCCUPATION_FACTS,
    OCCUPATION_PAPERS,
    papers,
)
from tianren.management.activities import judge
from tianren.management.facts import all_facts
from tianren.management.occupation import packaged_sheet
from tianren.management.rulebook import Answer, Rulebook
from tianren.management.rulebook_cases import WorkedCase, packaged_cases
from tianren.management.told_and_drawn import MEASURED, PARTS
from tianren.project.project import Project
from tianren.steps.cases import calendar_of
from tianren.steps.occupation import Said, act, apply_for, screen

OUTSIDE = "outside"


def chosen(book: Rulebook, count: int, *days: dt.date) -> list[WorkedCase]:
    """Worked cases that say something, and the same on all these days, so that each class and each
    zone is met first; then again from the start, until there are enough."""
    known = [c for c in packaged_cases(book.id) if _steady(book, c, days)]
    first: list[WorkedCase] = []
    met: set[str] = set()
    for case in known:
        about = {f"class {book.activities[case.activity].of}", *(f"zone {z}" for z in case.zones)}
        if not about <= met:
            first.append(case)
            met |= about
    others = [c for c in known if c not in first]
    every = [*first, *others]
    return [every[n % len(every)] for n in range(count)]


def _steady(book: Rulebook, case: WorkedCase, days: Sequence[dt.date]) -> bool:
    if case.expect.answer is Answer.CANNOT_SAY:
        return False
    there = papers(*case.documents)
    found = [judge(book, case.activity, case.zones, case.facts, there, day) for day in days]
    return all(verdict.answer is case.expect.answer for verdict in found)


def fitted(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a case on land as small as these footprints: amounts keep their proportions,
    and what the footprint itself says is left to it."""
    told = {k: v for k, v in facts.items() if k not in MEASURED}
    largest = max((told[name] for name in PARTS if name in told), default=0.0)
    scale = min(1.0, WIDE * HIGH / largest) if largest else 1.0
    known = all_facts()
    return {k: v * scale if known[k].unit in ("m2", "sheep units") else v for k, v in told.items()}


class Application:
    """One application. trouble: what happens on its way besides: "returned", "appealed",
    "breach"."""

    def __init__(
        self, project: Project, path: Any, case: WorkedCase, trouble: str = ""
    ) -> None:  # fmt: skip
        self.project, self.path, self.case, self.trouble = project, path, case, trouble
        self.name = ""
        self.table: dict[str, Any] = {}
        self.day = dt.date.min

    def go(self, move: str, by: str = "", **more: Any) -> None:
        """One move, by whoever usually makes it, with its papers and facts."""
        facts = {**OCCUPATION_FACTS.get(move, {}), **more.pop("facts", {})}
        known = {**papers(*OCCUPATION_PAPERS.get(move, [])), **more.pop("documents", {})}
        said = Said(by or OCCUPATION_BY.get(move, "otto"), "a law", "as it stands", known, facts,
                    None, self.day)  # fmt: skip
        self.table = dict(act(self.project, self.name, move, said).table)

    def life(self, day: dt.date) -> Iterator[dt.date]:
        """Its moves, one each working day or when a clock allows it; yields the day of the next."""
        self.day = day
        yield from self._application()
        if self._is_outside():
            self.go("withdraw")
            return
        yield from self._screening()
        if self._lacking() and self.case.expect.answer is not Answer.PROHIBITED:
            yield from self._returned(self._lacking())
            yield from self._screening()
        yield from self._decision()
        yield from self._after()

    def _next(self) -> dt.date:
        self.day = calendar_of(self.project).after(self.day, 1)
        return self.day

    def _is_outside(self) -> bool:
        return set(self.case.zones) == {OUTSIDE}

    def _application(self) -> Iterator[dt.date]:
        until = (
            self.day + dt.timedelta(days=150) if self.case.activity == "temporary_land" else None
        )
        known = papers("application", "restoration_plan", *MAJOR_PAPERS, *self.case.documents)
        theirs = {d: w for d, w in known.items() if d not in NOT_THEIRS}
        said = Said("desk", "N142", "", theirs, {}, {"applicant": f"Firm {self.day}; 1 Road"},
                    self.day)  # fmt: skip
        told = apply_for(self.project, self.path, self.case.activity, said, until=until)
        self.table, self.name = dict(told.table), told.table["subject"].partition("/")[2]
        yield self._next()
        if self.trouble == "returned":
            yield from self._returned(["holders_consent"])
            return
        self.go("receive")
        yield self._next()

    def _lacking(self) -> list[str]:
        """What the rulebook asks the applicant for and was not brought."""
        needed, brought = self.table["facts"]["documents_needed"], self.table["documents"]
        return [d for d in needed if d not in brought]

    def _returned(self, lacking: list[str]) -> Iterator[dt.date]:
        self.go("return", facts={"lacking": lacking})
        yield self._next()
        self.go("supplement", documents=papers(*lacking))
        yield self._next()
        self.go("receive")
        yield self._next()

    def _screening(self) -> Iterator[dt.date]:
        facts = fitted(self.case.facts)
        said = Said("otto", "N142", "", papers("screening_report"), facts, None, self.day)
        self.table = dict(screen(self.project, self.name, said).table)
        yield self._next()

    def _decision(self) -> Iterator[dt.date]:
        while self.table["status"] not in ("approved", "refused"):
            move = self.table["next"][0]
            facts: dict[str, Any] = {}
            if move == "approve":
                facts["conditions"] = [{"id": "1", "text": "Keep 50 m from the stream."}]
                if self.table["facts"]["way"] == "major":
                    facts["offset_area_m2"] = self.table["facts"]["area_m2"]
            self.go(move, facts=facts)
            yield self._next()

    def _after(self) -> Iterator[dt.date]:
        self.go("deliver")
        yield self._next()
        if self.table["status"] == "refused":
            yield from self._refused()
            return
        if self.table["facts"]["way"] == "major":
            self.go("offset", facts={"offset_provided_m2": self.table["facts"]["offset_area_m2"]})
            yield self._next()
        self.go("commence")
        yield self._next()
        yield from self._works()

    def _refused(self) -> Iterator[dt.date]:
        if self.trouble == "appealed":
            for move in ("appeal", "hear", "uphold_refusal"):
                self.go(move)
                yield self._next()
            return
        self.day = dt.date.fromisoformat(self.table["facts"]["appeal_by"])
        yield self._next()
        self.go("close", "dan")

    def _works(self) -> Iterator[dt.date]:
        area = self.table["facts"]["area_m2"]
        breach = self.trouble == "breach"
        lent = bool(self.table["facts"]["temporary"])
        self.go("inspect", facts={"fulfilled": {"1": not breach}, "occupied_m2": area})
        yield self._next()
        if breach:
            self.go("order")
            yield self._next()
            self.go("deliver")
            yield self._next()
        if breach or lent:
            self.go("restore")
            yield self._next()
            self.go("accept")
            yield self._next()
        if not (breach or lent):  # the approval can be appealed against until its term is over
            self.day = dt.date.fromisoformat(self.table["facts"]["appeal_by"])
            yield self._next()
        self.go("close", "otto")


# Documents that the procedure lets others bring: seals, opinions, reports.
NOT_THEIRS = set(packaged_sheet().procedure.documents) - packaged_sheet().taken["apply"].documents
