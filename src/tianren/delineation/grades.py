"""Grades from values: 5 extremely important or sensitive, 3 important or sensitive, 1 ordinary.

0 is "not here". Functions are graded by share of their total within each zone of the scope,
sensitivities by thresholds of their score. Science 1.6 and 2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tianren.delineation.compute import Tally, Work
from tianren.delineation.plan import CriterionPlan
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.raster.blocks import map_blocks
from tianren.raster.cuts import Cuts, cuts_findings, grade, lorenz, share_cuts
from tianren.raster.raster import MISSING, Array, Raster, Window, cell_area
from tianren.science.grading import grade_score

GRADES = (5, 3, 1, 0)
REALMS = {1: "land", 2: "sea"}
ZONE = 10  # a scope code is ten times the zone plus the realm
LORENZ_POINTS = tuple(range(5, 100, 5))


@dataclass(frozen=True)
class Scope:
    """Within what the totals are formed: realm by zone (nation, province, any zone layer).

    raster: scope codes, 10 * zone + realm; labels: code -> "land" or "Yunnan, land".
    """

    raster: Raster
    labels: Mapping[int, str]


@dataclass(frozen=True)
class GradedCriterion:
    """What grading found for one criterion. cuts: by scope code; cells: (realm, grade) -> cells."""

    plan: CriterionPlan
    cuts: Mapping[int, Cuts]
    cells: Mapping[tuple[int, int], int]
    thresholds: tuple[float, ...]
    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]

    def cuts_record(self, labels: Mapping[int, str]) -> dict[str, Any]:
        """Plain values for cuts.json: scope label -> cut points."""
        return {labels[code]: {"zone": code, **cuts.record()} for code, cuts in self.cuts.items()}


@dataclass(frozen=True)
class ScopeSource:
    """Scope codes by window: 10 * zone + realm; missing outside the region or without a zone."""

    realm: Raster
    zones: Raster | None

    def read(self, window: Window) -> Array:
        realm = self.realm.read(window)
        if self.zones is None:
            return realm
        zones = self.zones.read(window)
        known = (realm != MISSING) & (zones != MISSING)
        return np.where(known, zones * ZONE + realm, MISSING).astype(np.int32)


def scope(realm: Raster, zones: Raster | None = None) -> Scope:
    """The scope of grading: each realm of the whole region, or of each zone of a category layer."""
    raster = Raster("scope", realm.grid, ScopeSource(realm, zones), kind="category")
    if zones is None:
        return Scope(raster, REALMS)
    labels = {
        code * ZONE + number: f"{label}, {name}"
        for code, label in zones.legend.items()
        for number, name in REALMS.items()
    }
    return Scope(raster, labels)


def shares(parameters: Parameters) -> tuple[Any, Any]:
    """The cumulative shares of grades 5 and 3 or better."""
    top = parameters.share("grading.extremely_important")
    return top, parameters.share("grading.important")


def thresholds(parameters: Parameters) -> tuple[float, float]:
    """The scores above which land is sensitive, and extremely sensitive."""
    table = parameters.table("sensitivity.composite_thresholds")
    return table["sensitive"], table["extreme"]


def grade_criterion(
    work: Work, plan: CriterionPlan, within: Scope, *, place: str, period: str
) -> GradedCriterion:
    """Cut, grade and count one criterion whose value is on the shelf; its grade goes there too."""
    parameters = work.context.parameters
    kind = plan.criterion.grading
    value = work.shelf.open(plan.id, "value")
    cuts: Mapping[int, Cuts] = {}
    limits: tuple[float, ...] = ()
    if kind == "share":
        cuts = _cuts(work, plan, value, within)
    elif kind == "score":
        limits = thresholds(parameters)
    cells = _graded(work, plan, within, cuts, limits)
    measures = (
        *_totals(plan, cuts, within, work, place, period),
        *_areas(plan, cells, work, place, period),
        *_lorenz(plan, cuts, within, place, period),
    )
    findings = tuple(_findings(plan, cuts, within, work))
    return GradedCriterion(plan, cuts, cells, limits, findings, measures)


def _cuts(work: Work, plan: CriterionPlan, value: Raster, within: Scope) -> Mapping[int, Cuts]:
    """The cuts of each scope; a single scope is cut without zones, which reads only the value."""
    wanted = shares(work.context.parameters)
    codes = [code for code in within.labels if code % ZONE in plan.realms]
    if len(codes) == 1:
        found = share_cuts(value, wanted, **work.engine)
        return {codes[0]: found[0]} if found[0].cells else {}
    return share_cuts(value, wanted, zones=within.raster, **work.engine)


@dataclass(frozen=True)
class _Grading:
    """The kernel that grades a window, and counts it: realm * 16 + grade + 1, 0 for nothing."""

    plan: CriterionPlan
    cuts: Mapping[int, Cuts]
    limits: tuple[float, ...]

    def __call__(
        self, value: Array, realm: Array, zones: Array, *mask: Array
    ) -> tuple[Array, Array]:
        grades = self._inside(value, zones)
        inside = np.isin(realm, list(self.plan.realms))
        region = (realm == 1) | (realm == 2)
        elsewhere = ~inside if not mask else ~inside | (mask[0] == 0)
        grades = np.where(elsewhere, 0, grades)
        grades = np.where(region, grades, MISSING).astype(np.int32)
        known = region & (grades != MISSING)
        return grades, np.where(known, realm * 16 + grades + 1, np.where(region, realm * 16, 0))

    def _inside(self, value: Array, zones: Array) -> Array:
        if self.plan.criterion.grading == "share":
            return grade(value, self.cuts, zones)
        if self.plan.criterion.grading == "score":
            scored = grade_score(value, *self.limits)
        else:
            scored = value
        return np.where(np.isnan(scored), MISSING, np.nan_to_num(scored)).astype(np.int32)


def _graded(
    work: Work,
    plan: CriterionPlan,
    within: Scope,
    cuts: Mapping[int, Cuts],
    limits: tuple[float, ...],
) -> dict[tuple[int, int], int]:
    """Write the grades, unless the shelf has them; cells by realm and grade."""
    if not work.shelf.done(plan.id, "grade"):
        sources = [work.shelf.open(plan.id, "value"), work.realm, within.raster]
        if plan.mask:
            sources.append(work.shelf.open(plan.mask, "factor"))
        tally = Tally()
        sink = work.shelf.sink(plan.id, "grade", "1", True)
        map_blocks(_Grading(plan, cuts, limits), sources, [sink, tally], **work.engine)
        counted = {str(code): count for code, count in sorted(tally.counts.items())}
        work.shelf.keep(plan.id, "grade", {"cells": counted})
    counted = work.shelf.note(plan.id, "grade")["cells"]
    return {(realm, g): counted.get(str(realm * 16 + g + 1), 0) for realm in REALMS for g in GRADES}


def _totals(
    plan: CriterionPlan,
    cuts: Mapping[int, Cuts],
    within: Scope,
    work: Work,
    place: str,
    period: str,
) -> Iterable[Measure]:
    """The total of a function over each scope, in the unit of its indicator; negatives count as
    0."""
    total = plan.criterion.totals.get(plan.method)
    if total is None:
        return
    for code, cut in cuts.items():
        value = float(cut.total) * cell_area(work.realm.grid) * total.factor
        yield Measure(
            total.indicator,
            place,
            period,
            value,
            total.unit,
            (("scope", within.labels[code]),),
            method=plan.method,
            sources=plan.inputs,
        )


def _areas(
    plan: CriterionPlan, cells: Mapping[tuple[int, int], int], work: Work, place: str, period: str
) -> Iterable[Measure]:
    area = cell_area(work.realm.grid)
    for (realm, number), count in cells.items():
        if any(cells[realm, g] for g in GRADES) and realm in plan.realms:
            by = ((plan.criterion.kind, plan.id), ("grade", str(number)), ("realm", REALMS[realm]))
            yield Measure(
                "function.area",
                place,
                period,
                count * area,
                "m2",
                by,
                method=plan.method,
                sources=plan.inputs,
            )


def _lorenz(
    plan: CriterionPlan, cuts: Mapping[int, Cuts], within: Scope, place: str, period: str
) -> Iterable[Measure]:
    """How much of the function the best 5, 10 ... 95 % of the land hold."""
    for code, cut in cuts.items():
        if not cut.graded:
            continue
        poorest = lorenz(cut, [1 - p / 100 for p in LORENZ_POINTS])
        for percent, point in zip(LORENZ_POINTS, poorest, strict=True):
            by = (
                ("function", plan.id),
                ("scope", within.labels[code]),
                ("best_land_percent", str(percent)),
            )
            yield Measure(
                "function.lorenz",
                place,
                period,
                100 * (1 - point.service),
                "%",
                by,
                high=100 * (1 - point.low),
                method=plan.method,
                sources=plan.inputs,
            )


def _findings(
    plan: CriterionPlan, cuts: Mapping[int, Cuts], within: Scope, work: Work
) -> Iterable[Finding]:
    """What the cuts say about themselves: no value, no total, a top class too heavy or too wide."""
    if plan.criterion.grading == "share" and not cuts:
        message = say("No cell of the region has a value: nothing is graded.")
        yield Finding("grading.no_value", plan.id, Severity.ERROR, message, "G17")
    yield from cuts_findings(
        cuts,
        plan.id,
        total_limit=work.context.parameters.share("grading.top_class_total_limit"),
        area_limit=work.context.parameters.share("grading.top_class_area_limit"),
        labels=within.labels,
    )
