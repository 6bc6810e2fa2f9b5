"""The plan beside the line: what each holds, at the same area, and the area for the same."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation import planning as room
from tianren.language import say
from tianren.measures import Measure
from tianren.project.runs import Run
from tianren.raster.raster import cell_area
from tianren.science import choice
from tianren.science.choice import Floats
from tianren.science.choice_highs import Effort
from tianren.science.choice_solver import Plan, solve
from tianren.steps.plan_parts import ONLY, Ready
from tianren.steps.plan_tables import on_cells, write_codes, yes_no

if TYPE_CHECKING:
    from tianren.project.project import Project

Cells = NDArray[np.float64]
AGREEMENT = "0 in neither, 1 in the plan only, 2 in the line only, 3 in both"
COMPARISON_COLUMNS = (
    "feature", "kind", "unit", "target", "plan", "line", "plan_of_the_lines_area",
    "plan_meets", "line_meets", "plan_of_the_lines_area_meets",
)  # fmt: skip


def compare(
    project: "Project", run: Run, ready: Ready, found: Plan, line: Cells | None, effort: Effort,
    tell: Callable[[str], None],
) -> tuple[dict[str, Any], list[Measure]]:  # fmt: skip
    """Plan and line: what each holds, a plan of the line's area, the area for what the line has."""
    if line is None or not line.any():
        run.write_rows("comparison.csv", COMPARISON_COLUMNS, [])
        return {}, []
    tell(say("the plan beside the line"))
    problem, cell = found.problem, cell_area(project.grid)
    amounts = {
        "plan": choice.held(problem, found.chosen),
        "line": room.held_by_line(ready.features, line),
    }
    compared: dict[str, Any] = dict(room.agreement(ready.units, found.units, line, cell))
    same, least = _both_ways(ready, amounts["line"], compared["line_m2"] / room.KM2, effort)
    amounts["same_area"] = choice.held(same.problem, same.chosen)
    met = {name: choice.met(problem, held) for name, held in amounts.items()}
    compared["targets_met"] = {name: int(yes.sum()) for name, yes in met.items()}
    compared["line_content_m2"] = least.objective * room.KM2
    compared["same_area_gap_percent"] = 100 * same.gap
    rows = [
        {
            "feature": name,
            "kind": ready.held.kinds[i],
            "unit": ready.held.units[i],
            "target": repr(float(problem.targets[i])),
            "plan": repr(float(amounts["plan"][i])),
            "line": repr(float(amounts["line"][i])),
            "plan_of_the_lines_area": repr(float(amounts["same_area"][i])),
            "plan_meets": yes_no(met["plan"][i]),
            "line_meets": yes_no(met["line"][i]),
            "plan_of_the_lines_area_meets": yes_no(met["same_area"][i]),
        }
        for i, name in enumerate(problem.features)
    ]
    run.write_rows("comparison.csv", COMPARISON_COLUMNS, rows)
    _write_agreement(project, run, ready, found, line)
    return compared, _comparison_measures(project, run, compared)


def _both_ways(ready: Ready, of_line: Floats, line_km2: float, effort: Effort) -> tuple[Plan, Plan]:
    """The least shortfall with the line's area, and the least area with what the line holds.

    Without locks, zones and rules about neighbours: the line was not drawn by them either.
    """
    problem = ready.problem
    there = np.asarray(ready.held.amounts.sum(axis=0)).ravel()
    free = replace(
        problem,
        cost=(ready.units.area / room.KM2)[:, None],
        amounts=(ready.held.amounts,), zones=(ONLY,),
        status=np.zeros((len(problem.units), 1), dtype=np.int8),
        penalty=0.0, neighbours=0, connected=False, cost_word=say("area, km2"),
    )  # fmt: skip
    same = replace(free, objective="minimum_shortfall", budget=line_km2)
    as_line = replace(
        free, objective="minimum_set", budget=np.inf, targets=np.minimum(of_line, there)
    )
    return solve(same, effort), solve(as_line, effort)


def _write_agreement(project: "Project", run: Run, ready: Ready, found: Plan, line: Cells) -> None:
    """agreement.tif: a cell is in the line where half of it is."""
    plan_cells = on_cells(ready, found.units.astype(np.uint8))
    both = plan_cells + 2 * (line >= 0.5).astype(np.uint8)
    cells = np.where(plan_cells == 255, 255, both).astype(np.uint8)
    write_codes(project, run, "agreement", cells, AGREEMENT)


def _comparison_measures(
    project: "Project", run: Run, compared: Mapping[str, Any]
) -> list[Measure]:
    measure = measurer(project, run)
    return [
        measure("plan.agreement", compared["agreement_percent"], "%"),
        *(
            measure("plan.beside_line", area, "m2", (("in", name),))
            for name, area in (
                ("both", compared["both_m2"]),
                ("plan_only", compared["plan_m2"] - compared["both_m2"]),
                ("line_only", compared["line_m2"] - compared["both_m2"]),
            )
        ),
        measure("plan.line_content_area", compared["line_content_m2"], "m2"),
        *(
            measure("plan.targets_met", n, "1", (("of", of),))
            for of, n in compared["targets_met"].items()
            if of != "plan"
        ),
    ]


def measurer(project: "Project", run: Run) -> Callable[..., Measure]:
    def measure(
        indicator: str, value: float, unit: str, by: tuple[tuple[str, str], ...] = ()
    ) -> Measure:
        year = str(project.day.year)
        return Measure(
            indicator, project.name, year, float(value), unit, by, method="plan", sources=(run.id,)
        )

    return measure
