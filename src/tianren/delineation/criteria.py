"""From layers to the value and the grade of every function and sensitivity of a region."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tianren.delineation.compute import SIZE, Shelf, Work, nowhere, run
from tianren.delineation.grades import GradedCriterion, Scope, grade_criterion, scope
from tianren.delineation.layers import LayerInfo
from tianren.delineation.plan import CriterionPlan, Facts, plan
from tianren.delineation.recipes import Context
from tianren.findings import Finding, worst_first
from tianren.language import say
from tianren.measures import Measure, in_order
from tianren.parameters import Parameters
from tianren.raster.blocks import Workers
from tianren.raster.raster import Raster


@dataclass(frozen=True)
class CriteriaResult:
    """Everything that is known about the criteria of a region once they are computed."""

    plans: tuple[CriterionPlan, ...]
    graded: tuple[GradedCriterion, ...]
    labels: Mapping[int, str]  # scope code -> "land", or "Yunnan, land"
    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]

    @property
    def computed(self) -> tuple[str, ...]:
        """The criteria that have a value and a grade."""
        return tuple(g.plan.id for g in self.graded)

    def cuts_record(self) -> dict[str, Any]:
        """cuts.json: criterion -> scope label -> cut points."""
        return {g.plan.id: g.cuts_record(self.labels) for g in self.graded if g.cuts}

    def criteria_record(self) -> list[dict[str, Any]]:
        """criteria.json: the plan of each criterion in order, with the thresholds of its grades."""
        limits = {g.plan.id: list(g.thresholds) for g in self.graded}
        return [{**p.as_dict(), "thresholds": limits.get(p.id, [])} for p in self.plans]


def find_facts(
    available: Mapping[str, LayerInfo],
    rasters: Mapping[str, Raster],
    realm: Raster,
    shelf: Shelf,
    parameters: Parameters,
    *,
    sea: bool,
    size: int = SIZE,
    workers: Workers = None,
) -> Facts:
    """What the layers themselves say about the region: that it has no dryland, no karst."""
    plans = plan(available, parameters, Facts(sea=sea))
    work = Work(plans, rasters, realm, shelf, Context(parameters, available), size, workers)
    return Facts(sea=sea, nowhere=nowhere(work))


def compute(
    plans: Sequence[CriterionPlan],
    available: Mapping[str, LayerInfo],
    rasters: Mapping[str, Raster],
    realm: Raster,
    shelf: Shelf,
    parameters: Parameters,
    *,
    zones: Raster | None = None,
    place: str = "",
    period: str = "",
    size: int = SIZE,
    workers: Workers = None,
    progress: Callable[[str], None] | None = None,
) -> CriteriaResult:
    """Values and grades of every criterion that the plan computes.

    rasters: by raster name (twelve bands as temperature_01 ...), on the grid of realm (1 land, 2
    sea, missing outside the region). zones: a category raster with a legend within whose zones
    grading is done; None grades the whole region. What the shelf already has is not computed again.
    """
    context = Context(parameters, available)
    work = Work(plans, rasters, realm, shelf, context, size, workers, progress)
    findings = [f for p in plans for f in p.findings] + run(work)
    within: Scope = scope(realm, zones)
    graded = []
    for planned in plans:
        if planned.status == "computed":
            work.say(say("grading {criterion}", criterion=planned.id))
            graded.append(grade_criterion(work, planned, within, place=place, period=period))
    findings += [f for g in graded for f in g.findings]
    measures = in_order(m for g in graded for m in g.measures)
    return CriteriaResult(
        tuple(plans), tuple(graded), within.labels, tuple(worst_first(findings)), tuple(measures)
    )
