"""What was done on the land of each zone: occupations, adjustments, findings, for the workbook."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import shapely

from tianren.language import say
from tianren.management import adjustment, occupation
from tianren.management.procedure import Case, Procedure
from tianren.management.register import PROTECTED, REDLINE
from tianren.management.supervision import SupervisedCase
from tianren.project.journal.journal import Reader
from tianren.reports.workbook import Cell, Sheet
from tianren.steps.cases import cases_of, rules_of
from tianren.steps.supervise import CASES
from tianren.steps.supervise import rules_of as rules_of_supervision
from tianren.steps.touched import near, touch

if TYPE_CHECKING:
    from tianren.project.project import Project


def case_sheets(project: "Project", reader: Reader, day: dt.date) -> list[Sheet]:
    """The sheets of occupations, adjustments and findings, as of a day."""
    return [
        _occupations(project, reader, day), _adjustments(project, reader, day),
        _findings(project, reader, day),
    ]  # fmt: skip


def _occupations(project: "Project", reader: Reader, day: dt.date) -> Sheet:
    """One row for each zone that the footprint of a case lies in."""
    heads = [say("Case"), say("Place"), say("Activity"), say("Status"), say("Since"),
             say("Zone"), say("Area in the zone (m²)"), say("Offset (m²)")]  # fmt: skip
    rules, cases = rules_of(project, occupation.NAME), cases_of(reader, occupation.NAME, day=day)
    shapes = reader.shapes(str(c.documents["footprint"]) for c in cases.values())
    rows: list[list[Cell]] = []
    for case in cases.values():
        shape = shapely.from_wkb(shapes[str(case.documents["footprint"])])
        start: list[Cell] = [*_head(rules, case, str(case.facts["activity"]))]
        offset = case.facts.get("offset_provided_m2")
        rows += [[*start, code, area, offset] for code, area in _held(reader, shape, day)]
    return Sheet(say("Occupations"), heads, rows)


def _head(rules: Procedure, case: Case, what: str) -> tuple[Cell, ...]:
    status = rules.statuses[case.status].name
    return case.subject, case.place, what, status, case.since.isoformat()


def _held(reader: Reader, shape: Any, day: dt.date) -> list[tuple[str, int | None]]:
    """Code of a zone -> m2 of a shape in it; one row without a zone where it lies in none."""
    found = touch(shape, near(reader, shape.bounds, day, REDLINE, PROTECTED))
    return [(h.zone.code, round(h.area)) for h in found.held] or [("", None)]


def _adjustments(project: "Project", reader: Reader, day: dt.date) -> Sheet:
    """One row for each item of a proposal."""
    heads = [say("Case"), say("Place"), say("Cause"), say("Status"), say("Since"),
             say("Direction"), say("Area that moves (m²)"), say("Name"), say("Ground")]  # fmt: skip
    rules = rules_of(project, adjustment.NAME)
    rows: list[list[Cell]] = []
    for case in cases_of(reader, adjustment.NAME, day=day).values():
        for item in adjustment.items_of(case):
            cause = adjustment.causes()[item.cause].name
            direction = say(adjustment.DIRECTION_NAMES[item.direction])
            rows.append([*_head(rules, case, cause), direction, item.moved_m2, item.name,
                         item.ground])  # fmt: skip
    return Sheet(say("Adjustments"), heads, rows)


def _findings(project: "Project", reader: Reader, day: dt.date) -> Sheet:
    heads = [say("Case"), say("Place"), say("Severity"), say("Status"), say("Since"),
             say("Zone"), say("Source"), say("Unit in charge"),
             say("Area of the violation (m²)")]  # fmt: skip
    rules = rules_of_supervision(project).procedure
    cases: Mapping[str, SupervisedCase] = reader.states(CASES, day=day)
    return Sheet(say("Findings"), heads, list(_finding_rows(rules, cases.values())))


def _finding_rows(rules: Procedure, cases: Iterable[SupervisedCase]) -> Iterable[list[Cell]]:
    for case in cases:
        area = case.facts.get("violation_area_m2")
        source = rules.moves[case.source].name
        yield [*_head(rules, case, case.severity), case.zone.rpartition("/")[2], source, case.unit,
               area if area is None else round(float(area))]  # fmt: skip
