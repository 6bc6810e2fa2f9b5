"""The step behind `tianren supervise scorecard`: how well each unit keeps its line."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.language import say
from tianren.management import supervision
from tianren.management.adjustment import NAME as ADJUSTMENT
from tianren.management.register import REDLINE, UNIT, Zone
from tianren.management.scorecard import (
    Area,
    Change,
    Scorecard,
    Share,
    UnitFacts,
    grade_name,
    scorecards,
    scoring,
    table,
    with_conduct,
)
from tianren.management.supervision_figures import conduct
from tianren.project.journal.home import depth_of, project_journal
from tianren.project.journal.journal import Reader
from tianren.raster.raster import cell_area
from tianren.records import depth, standing, within
from tianren.reports import words
from tianren.steps.adjust import exempt_of
from tianren.steps.adjust_test import natural_of, shares_on, window_of
from tianren.steps.cases import calendar_of, cases_of
from tianren.steps.register_fold import ZONES, shapes_of
from tianren.steps.supervise import rules_of
from tianren.steps.told import Told
from tianren.steps.touched import Land

if TYPE_CHECKING:
    from tianren.project.project import Project

STANDING = ("approved", "commenced", "restoring", "restored", "accepted", "closed")


@dataclass(frozen=True)
class Kept:
    """The line of a unit on two days, as shapes and whole m2."""

    before: Sequence[Any]
    now: Sequence[Any]
    area: Area


def scores(
    project: "Project", *, level: str = "county", place: str = "", looked: Sequence[str] = (),
    start: dt.date | None = None, day: dt.date | None = None,
) -> Told:  # fmt: skip
    """The scorecard of every unit of a level, from the register, the cases and the layers.

    looked: units that were looked at as a whole, by images, patrols or a sample ("all" for all):
    where nobody looked, nothing found is not known. start: the span of what supervision tells.
    """
    on = day or dt.date.today()
    first = start or dt.date(on.year, 1, 1)
    journal = project_journal(project)
    with journal.reading() as reader:
        now = reader.states(ZONES, place=place, day=on)
        before = reader.states(ZONES, place=place, day=_entered(reader) or on)
        units = _units(now, depth_of(project, level))
        facts = [_facts(project, reader, u, before, now, first, on, looked) for u in units]
    journal.close()
    cards = scorecards(facts, scoring(project.parameters()), str(on.year))
    names = {u.place: u.name for u in units}
    return _told(cards, names, on)


def _entered(reader: Reader) -> dt.date | None:
    """The day on which the line was first entered."""
    days = [r.effective for r in reader.records(kind="zone.entered")
            if r.body["kind"] == REDLINE]  # fmt: skip
    return min(days, default=None)


def _units(zones: Mapping[str, Zone], wanted: int) -> list[Zone]:
    """The units of a level that hold some of the line."""
    line = [z for z in zones.values() if z.kind == REDLINE]
    units = [z for z in zones.values() if z.kind == UNIT and depth(z.place) == wanted]
    return [u for u in units if any(within(z.place, u.place) for z in line)]


def _facts(
    project: "Project", reader: Reader, unit: Zone, before: Mapping[str, Zone],
    now: Mapping[str, Zone], start: dt.date, on: dt.date, looked: Sequence[str],
) -> UnitFacts:  # fmt: skip
    was, will = (_own(zones, unit.place) for zones in (before, now))
    cases = cases_of(reader, ADJUSTMENT, place=unit.place, day=on)
    exempt = float(sum(exempt_of(c) for c in cases.values() if c.status == "approved"))
    kept = Kept(
        list(shapes_of(reader, was).values()), list(shapes_of(reader, will).values()),
        Area(float(sum(z.area_m2 for z in was)), float(sum(z.area_m2 for z in will)), exempt),
    )  # fmt: skip
    run = next((str(z.attributes.get("run", "")) for z in will), "")
    facts = UnitFacts(
        unit.place, kept.area, _nature(project, kept), _functions(project, kept, run),
        markers=_markers(will), sources=("register", run),
    )  # fmt: skip
    records = standing(reader.records(kind=supervision.NAME, place=unit.place), on)
    found = conduct(rules_of(project), records, unit.place, start, on, calendar_of(project))
    occupations = cases_of(reader, "occupation", place=unit.place, day=on)
    approved = sum(c.status in STANDING for c in occupations.values())
    return with_conduct(facts, found, approved, bool({"all", unit.place, unit.code} & set(looked)))


def _own(zones: Mapping[str, Zone], place: str) -> list[Zone]:
    return [z for z in zones.values()
            if z.kind == REDLINE and z.stands and within(z.place, place)]  # fmt: skip


def _markers(zones: Sequence[Zone]) -> Share | None:
    every = [m for z in zones for m in z.markers.values()]
    if not every:
        return None
    return Share(float(sum(bool(m.get("standing", True)) for m in every)), float(len(every)))


def _functions(project: "Project", kept: Kept, run: str) -> dict[str, Change]:
    """Each function's total on the line then and now, by the values of the run that drew it."""
    land = Land.of(project, run)
    if land.run is None or not kept.before:
        return {}
    grid = next(iter(land.values.values())).grid
    window = window_of([*kept.before, *kept.now], grid)
    was, will = (shares_on(s, grid, *window) for s in (kept.before, kept.now))
    found = {}
    for name, raster in land.values.items():
        values = np.maximum(raster.read(window).ravel(), 0)
        totals = [float(np.nansum(s * values)) * cell_area(grid) for s in (was, will)]
        # Both totals are of one climate: the reference did not change between them.
        found[words.criterion(name)] = Change(totals[0], totals[1], 1.0, 1.0)
    return found


def _nature(project: "Project", kept: Kept) -> Share | None:
    """Of the land of the line that was natural, that which still is; None without two covers."""
    first = natural_of(project, project.management.landcover_before)
    second = natural_of(project, project.management.landcover)
    if not project.management.landcover_before or first is None or second is None:
        return None
    if not kept.before:
        return None
    grid = second[0].grid
    window = window_of(kept.before, grid)
    shares = shares_on(kept.before, grid, *window)
    flags = [np.isin(r.read(window).ravel(), [c for c, yes in n.items() if yes])
             for r, n in (first, second)]  # fmt: skip
    natural = float((shares * flags[0]).sum())
    return Share(float((shares * flags[0] * flags[1]).sum()), natural)


def _told(cards: Sequence[Scorecard], names: Mapping[str, str], on: dt.date) -> Told:
    lines = [say("How well each unit keeps its line, {day}:", day=on), ""]
    for card in sorted(cards, key=lambda c: (c.score is None, -(c.score or 0.0), c.unit)):
        score = "-" if card.score is None else f"{card.score:.1f}"
        lines.append(
            f"  {names.get(card.unit, card.unit)[:40]:<42}{score:>6}  "
            f"{grade_name(card.grade):<10} "
            + say("{known} % known, {low} to {high}", known=f"{100 * card.known:.0f}",
                  low=f"{card.low:.0f}", high=f"{card.high:.0f}")
        )  # fmt: skip
    notes = {f.message for card in cards for f in card.findings}
    lines += ["", *sorted(notes)[:8]]
    lines.append(say("Weights and limits are unverified design choices: tianren parameters "
                     "scorecard"))  # fmt: skip
    measures = [m.row() for card in cards for m in card.measures]
    return Told(lines, {"day": on.isoformat(), "scorecards": table(cards), "measures": measures})
