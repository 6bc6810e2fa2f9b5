"""Clues of the year, each to its closure."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.year.people import SUPERVISION_BY, papers
from tianren.management.supervision import packaged_rules
from tianren.project.project import Project
from tianren.steps.cases import calendar_of
from tianren.steps.supervise import act, report

SOURCES = ("alert", "patrol", "complaint", "audit", "satellite")
SEVERITIES = ("minor", "general", "serious", "grave")


class Clue:
    """One clue, of the n-th kind: its source, severity, and how it ends."""

    def __init__(self, project: Project, zone: str, path: Any, n: int, violation: str) -> None:
        self.project, self.zone, self.path, self.violation = project, zone, path, violation
        self.source, self.severity = SOURCES[n % 5], SEVERITIES[n % 4]
        self.end = "dismissed" if n % 6 == 5 else "returned" if n % 6 == 2 else "closed"
        self.name, self.day = "", dt.date.min
        self.table: dict[str, Any] = {}

    def go(self, move: str, **facts: Any) -> None:
        documents = papers(*packaged_rules().procedure.moves[move].documents)
        personal = {"ordered": "Firm Example"} if move == "order" else {}
        told = act(self.project, self.name, move, actor=SUPERVISION_BY[move], ground="a law",
                   documents=documents, facts=facts, personal=personal, reason="as seen",
                   day=self.day)  # fmt: skip
        self.table = dict(told.table)

    def life(self, day: dt.date) -> Iterator[dt.date]:
        self.day = day
        documents = papers(*packaged_rules().procedure.moves[self.source].documents)
        told = report(self.project, self.source, zone=self.zone, severity=self.severity,
                      actor=SUPERVISION_BY[self.source], ground="duty", documents=documents,
                      footprint=self.path, day=day)  # fmt: skip
        self.name = told.table["subject"].partition("/")[2]
        for move in ("accept", "verify"):
            yield self._next()
            self.go(move)
        yield self._next()
        if self.end == "dismissed":
            self.go("dismiss")
            return
        self.go("find", violation=self.violation, violation_area_m2=400.0)
        yield self._next()
        self.go("order", rectify_by=(self.day + dt.timedelta(days=40)).isoformat())
        for move in ("rectify", "return") if self.end == "returned" else ():
            yield self._next()
            self.go(move)
        for move in ("rectify", "reinspect", "close"):
            yield self._next()
            self.go(move)

    def _next(self) -> dt.date:
        self.day = calendar_of(self.project).after(self.day, 1)
        return self.day
