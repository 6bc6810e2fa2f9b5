"""The step behind `tianren plan`: what to keep where not everything can be inside, and how sure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation import planning as room
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.marxan import read_marxan, write_marxan
from tianren.io.rasters import raster_sink
from tianren.io.vectors import write_vector
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, csv_text, open_run, start_run
from tianren.raster.raster import MISSING, ArraySource, Raster, cell_area, whole
from tianren.science import choice
from tianren.science.choice import LOCKED_IN, Floats, Problem
from tianren.science.choice_advice import advice
from tianren.science.choice_highs import Effort
from tianren.science.choice_importance import (
    Importance,
    portfolio,
    rarity_weighted_richness,
    replacement_cost,
    selection_frequency,
)
from tianren.science.choice_solver import Plan, solve
from tianren.steps.plan_parts import (
    Before,
    Ready,
    line_share,
    locked_out_names,
    plan_table,
    prepare,
    runs_before,
    sources_of,
)

if TYPE_CHECKING:
    from tianren.project.project import Project

Progress = Callable[[str], None] | None
Cells = NDArray[np.float64]

FEATURE_COLUMNS = (
    "feature", "kind", "unit", "target", "held", "share_of_target_percent", "met", "weight",
)  # fmt: skip
PORTFOLIO_COLUMNS = (
    "answer", "objective", "bound", "gap_percent", "cost", "units", "area_m2", "targets_met",
    "differs_in_units",
)  # fmt: skip
COMPARISON_COLUMNS = (
    "feature", "kind", "unit", "target", "plan", "line", "plan_of_the_lines_area",
    "plan_meets", "line_meets", "plan_of_the_lines_area_meets",
)  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """The answer of `tianren plan`: what was chosen, how good it is, and beside the line."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the run, the plan's numbers, the targets that it misses, findings."""
        rows = self.run.rows("features.csv")
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            **self.run.record["plan"],
            "unmet": [r["feature"] for r in rows if r["met"] == "no"],
            "findings": {
                s.value: sum(f["severity"] == s.value for f in self.run.findings) for s in Severity
            },
        }

    def text(self) -> str:
        """The problem, the statement, the comparison, the next command."""
        lines = [self.run.path("problem.txt").read_text(encoding="utf-8").rstrip(), ""]
        lines += [str(self.run.record["statement"]), *self._beside_the_line()]
        unmet = self.as_dict()["unmet"]
        if unmet:
            some = ", ".join(unmet[: choice.NAMED])
            lines.append(say("{n} targets are not met: {some}", n=len(unmet), some=some))
        numbers = self.as_dict()["findings"]
        counts = ", ".join(f"{say(s + 's')} {n}" for s, n in numbers.items() if n)
        lines.append(say("Findings: {counts}", counts=counts or say("none")))
        return "\n".join([*lines, f"{say('Results')}: {self.run.folder}"])

    def _beside_the_line(self) -> list[str]:
        found = self.run.record.get("comparison")
        if not found:
            return [say("No line to compare with yet: tianren delineate")]
        return [
            say("Plan and line agree on {percent} % of what either holds.",
                percent=f"{found['agreement_percent']:.1f}"),
            say("Targets met: plan {plan}, line {line}, a plan of the line's area {same}.",
                plan=found["targets_met"]["plan"], line=found["targets_met"]["line"],
                same=found["targets_met"]["same_area"]),
            say("What the line holds on {line} km2 fits into {plan} km2 of planning units.",
                line=f"{found['line_m2'] / 1e6:,.0f}",
                plan=f"{found['line_content_m2'] / 1e6:,.0f}"),
        ]  # fmt: skip


def plan(project: "Project", *, marxan: Path | None = None, progress: Progress = None) -> Planned:
    """Plan with a project's [plan]; marxan: also write the problem there as Marxan's files.

    Raises UserError naming what cannot be planned: overlapping units, negative cost, targets that
    cannot be met (which, by how much), a budget too small for what is locked in.
    """
    tell = progress or _silent
    parameters = project.parameters()
    before = runs_before(project, progress)
    run = start_run(
        project, "plan", inputs=dict(project.digests(sources_of(project))), parameters=parameters,
        settings=_settings(project, before),
    )  # fmt: skip
    with run:
        if not run.finished or marxan is not None:
            set_language(project.language)
            ready = prepare(project, before, parameters)
            if marxan is not None:
                write_marxan(marxan, ready.problem)
            if not run.finished:
                _make(project, run, parameters, ready, before, tell)
    return Planned(open_run(project, run.id))


def _silent(text: str) -> None:
    pass


def _settings(project: "Project", before: Before) -> dict[str, Any]:
    table = plan_table(project)
    named = (*table.locked_in, *locked_out_names(project))
    own = {n: project.zones[n].model_dump(mode="json") for n in named if n in project.zones}
    return {
        "plan": table.model_dump(mode="json"),
        "gaps": project.gaps.model_dump(mode="json"),
        "zones": own,
        "protected": [repr(m) for m in project.must_include.values()] if table.locked_in else [],
        "conflicts": [repr(c) for c in project.conflicts if c.name in locked_out_names(project)],
        "runs": before.ids(),
    }


def _make(
    project: "Project", run: Run, parameters: Parameters, ready: Ready, before: Before,
    tell: Callable[[str], None],
) -> None:  # fmt: skip
    """Everything between the lock and run.toml, which is written last."""
    problem, advised = ready.problem, advice(ready.problem)
    run.write_text("problem.txt", _problem_text(problem, advised))
    effort = Effort(gap=parameters.number("choice.gap") / 100)
    tell(say("choosing among {n} planning units", n=len(problem.units)))
    found = solve(problem, effort)
    tell(say("what each unit matters"))
    importance = replacement_cost(found, effort)
    others = _others(project, parameters, found, effort, tell)
    _write_features(run, ready, found)
    _write_portfolio(run, ready, [found, *others])
    _write_units(project, run, ready, found, importance, selection_frequency([found, *others]))
    _write_raster(project, run, ready, found)
    line = line_share(project, before)
    compared, measures = _compare(project, run, ready, found, line, effort, tell)
    run.finish(
        [*_measures(project, run, ready, found), *measures],
        [*ready.findings, *advised, *_limits(found)],
        parameters,
        statement=str(found),
        plan=_record(ready, found, importance),
        **({"comparison": compared} if compared else {}),
    )


def _problem_text(problem: Problem, advised: list[Finding]) -> str:
    lines = [str(problem), *(f"- {f.subject}: {f.message}" for f in advised)]
    return "\n".join(lines) + "\n"


def _others(
    project: "Project", parameters: Parameters, found: Plan, effort: Effort,
    tell: Callable[[str], None],
) -> list[Plan]:  # fmt: skip
    count = plan_table(project).portfolio
    if not count:
        return []
    tell(say("other answers nearly as good"))
    return portfolio(
        found, count, worse=parameters.number("choice.portfolio_worse") / 100,
        apart=float(parameters.share("choice.portfolio_apart")), effort=effort,
    )  # fmt: skip


def _limits(found: Plan) -> list[Finding]:
    """That a search ended at a limit, not where it was asked to."""
    if found.stopped == "gap":
        return []
    message = say("the search ended at its limit, at most {gap} % from the best",
                  gap=f"{100 * found.gap:.2f}")  # fmt: skip
    return [Finding("plan.limit", "plan", Severity.NOTE, message)]


def _record(ready: Ready, found: Plan, importance: Importance) -> dict[str, Any]:
    amounts = choice.held(found.problem, found.chosen)
    return {
        "objective_kind": found.problem.objective,
        "units": len(found.problem.units),
        "chosen": int(found.units.sum()),
        "area_m2": float(ready.units.area[found.units].sum()),
        "cost": choice.spent(found.problem, found.chosen),
        "cost_unit": found.problem.cost_word,
        "objective": found.objective,
        "bound": found.bound,
        "gap_percent": 100 * found.gap,
        "route": found.route,
        "stopped": found.stopped,
        "targets": len(found.problem.features),
        "targets_met": int(choice.met(found.problem, amounts).sum()),
        "importance": importance.method,
    }


def _write_features(run: Run, ready: Ready, found: Plan) -> None:
    problem, amounts = found.problem, choice.held(found.problem, found.chosen)
    good = choice.met(problem, amounts)
    rows = [
        {
            "feature": name,
            "kind": ready.held.kinds[i],
            "unit": ready.held.units[i],
            "target": repr(float(problem.targets[i])),
            "held": repr(float(amounts[i])),
            "share_of_target_percent": _percent(amounts[i], problem.targets[i]),
            "met": "yes" if good[i] else "no",
            "weight": repr(float(problem.weights[i])),
        }
        for i, name in enumerate(problem.features)
    ]
    run.write_rows("features.csv", FEATURE_COLUMNS, rows)


def _percent(amount: float, target: float) -> str:
    return repr(float(100 * amount / target)) if target > 0 else ""


def _write_portfolio(run: Run, ready: Ready, plans: list[Plan]) -> None:
    rows = [
        {
            "answer": i,
            "objective": repr(p.objective),
            "bound": repr(p.bound),
            "gap_percent": repr(100 * p.gap),
            "cost": repr(choice.spent(p.problem, p.chosen)),
            "units": int(p.units.sum()),
            "area_m2": repr(float(ready.units.area[p.units].sum())),
            "targets_met": int(choice.met(p.problem, choice.held(p.problem, p.chosen)).sum()),
            "differs_in_units": int((p.units != plans[0].units).sum()),
        }
        for i, p in enumerate(plans)
    ]
    run.write_rows("portfolio.csv", PORTFOLIO_COLUMNS, rows)


def _write_units(
    project: "Project", run: Run, ready: Ready, found: Plan, importance: Importance, often: Floats
) -> None:
    """plan.gpkg: every unit with what was decided about it and how much it matters."""
    from geopandas import GeoDataFrame

    if run.done("plan.gpkg"):
        return
    problem = found.problem
    locked = {0: "free", 1: "free", 2: "locked in", 3: "locked out"}
    kept = importance.cost
    table = {
        "unit": list(problem.units),
        "chosen": found.units.astype(int),
        "status": [locked[int(s)] for s in problem.status[:, 0]],
        "area_km2": ready.units.area / room.KM2,
        "cost": problem.cost[:, 0],
        "replacement_cost": np.where(np.isfinite(kept), kept, -1.0),
        "irreplaceable": (~np.isfinite(kept)).astype(int),
        "rarity_weighted_richness": rarity_weighted_richness(problem),
        "selection_frequency": often,
    }
    shapes = _shapes(project, ready)
    layer = GeoDataFrame(table, geometry=shapes, crs=project.grid.crs.to_wkt())
    write_vector(run.path("plan.gpkg"), layer, "plan")


def _shapes(project: "Project", ready: Ready) -> Any:
    from tianren.raster.trace import trace

    if ready.layer is not None:
        return ready.layer.geometry.to_numpy()
    labels = ready.units.labels.reshape(project.grid.shape)
    codes = np.where(labels >= 0, labels + 1, MISSING).astype(np.int32)
    source = Raster("units", project.grid, ArraySource(codes), "1", "category")
    traced = trace(source)
    return [traced[i + 1] for i in range(len(ready.units.names))]


def _write_raster(project: "Project", run: Run, ready: Ready, found: Plan) -> None:
    """plan.tif: 0 not chosen, 1 chosen, 2 locked in; missing outside the units."""
    code = found.units.astype(np.uint8)
    code[found.units & (found.problem.status[:, 0] == LOCKED_IN)] = 2
    _write_codes(project, run, "plan", _on_cells(ready, code), CHOSEN)


CHOSEN = "0 not chosen, 1 chosen, 2 locked in"
AGREEMENT = "0 in neither, 1 in the plan only, 2 in the line only, 3 in both"


def _on_cells(ready: Ready, code: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of units on the cells that they have most of, 255 elsewhere."""
    labels = ready.units.labels
    return np.where(labels >= 0, code[np.maximum(labels, 0)], 255).astype(np.uint8)


def _write_codes(
    project: "Project", run: Run, name: str, cells: NDArray[np.uint8], codes: str
) -> None:
    if run.done(f"{name}.tif"):
        return
    path, tags = run.path(f"{name}.tif"), {"name": name, "run": run.id, "codes": codes}
    sink = raster_sink(path, project.grid, dtype="uint8", nodata=255.0, tags=tags, delivered=True)
    sink.write(whole(project.grid), cells.reshape(project.grid.shape))
    sink.close()


def _write_agreement(project: "Project", run: Run, ready: Ready, found: Plan, line: Cells) -> None:
    """agreement.tif: a cell is in the line where half of it is."""
    plan_cells = _on_cells(ready, found.units.astype(np.uint8))
    both = plan_cells + 2 * (line >= 0.5).astype(np.uint8)
    cells = np.where(plan_cells == 255, 255, both).astype(np.uint8)
    _write_codes(project, run, "agreement", cells, AGREEMENT)


def _compare(
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
            "plan_meets": _yes(met["plan"][i]),
            "line_meets": _yes(met["line"][i]),
            "plan_of_the_lines_area_meets": _yes(met["same_area"][i]),
        }
        for i, name in enumerate(problem.features)
    ]
    run.write_rows("comparison.csv", COMPARISON_COLUMNS, rows)
    _write_agreement(project, run, ready, found, line)
    return compared, _comparison_measures(project, run, compared)


def _yes(value: Any) -> str:
    return "yes" if value else "no"


def _both_ways(ready: Ready, of_line: Floats, line_km2: float, effort: Effort) -> tuple[Plan, Plan]:
    """The least shortfall with the line's area, and the least area with what the line holds.

    Without locks and rules about neighbours: the line was not drawn by them either.
    """
    problem = ready.problem
    there = np.asarray(problem.amounts[0].sum(axis=0)).ravel()
    free = replace(
        problem,
        cost=(ready.units.area / room.KM2)[:, None],
        status=np.zeros_like(problem.status),
        penalty=0.0, neighbours=0, connected=False, cost_word="area, km2",
    )  # fmt: skip
    same = replace(free, objective="minimum_shortfall", budget=line_km2)
    as_line = replace(
        free, objective="minimum_set", budget=np.inf, targets=np.minimum(of_line, there)
    )
    return solve(same, effort), solve(as_line, effort)


def _comparison_measures(
    project: "Project", run: Run, compared: Mapping[str, Any]
) -> list[Measure]:
    measure = _measurer(project, run)
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


def _measures(project: "Project", run: Run, ready: Ready, found: Plan) -> list[Measure]:
    measure = _measurer(project, run)
    good = choice.met(found.problem, choice.held(found.problem, found.chosen))
    locked_in = found.units & (found.problem.status[:, 0] == LOCKED_IN)
    return [
        measure("plan.area", float(ready.units.area[found.units].sum()), "m2"),
        *(
            measure("plan.area", float(ready.units.area[units].sum()), "m2", (("status", name),))
            for name, units in (("chosen", found.units & ~locked_in), ("locked_in", locked_in))
        ),
        measure("plan.gap", 100 * found.gap, "%"),
        measure("plan.targets_met", int(good.sum()), "1", (("of", "plan"),)),
    ]


def _measurer(project: "Project", run: Run) -> Callable[..., Measure]:
    def measure(
        indicator: str, value: float, unit: str, by: tuple[tuple[str, str], ...] = ()
    ) -> Measure:
        year = str(project.day.year)
        return Measure(
            indicator, project.name, year, float(value), unit, by, method="plan", sources=(run.id,)
        )

    return measure


@dataclass(frozen=True)
class MarxanAnswer:
    """The answer to a folder of Marxan's files."""

    plan: Plan
    findings: tuple[Finding, ...]
    written: tuple[Path, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values: numbers, the chosen units, findings, files."""
        p = self.plan
        return {
            "objective": p.objective,
            "bound": p.bound,
            "gap_percent": 100 * p.gap,
            "cost": choice.spent(p.problem, p.chosen),
            "chosen": [u for u, yes in zip(p.problem.units, p.units, strict=True) if yes],
            "stopped": p.stopped,
            "findings": [f.as_dict() for f in self.findings],
            "written": [str(path) for path in self.written],
        }

    def text(self) -> str:
        """The problem, the answer, what was found, where it is written."""
        lines = [str(self.plan.problem), "", str(self.plan)]
        lines += [f"- {f.subject}: {f.message}" for f in self.findings]
        return "\n".join([*lines, *(f"{say('Results')}: {path}" for path in self.written)])


def plan_marxan(folder: Path, *, gap: float = 0.002) -> MarxanAnswer:
    """Solve a folder of Marxan's files and write output/ beside them as Marxan names it.

    output/tianren_best.csv: planning unit and 0 or 1; tianren_mvbest.csv: features with targets.
    """
    found = read_marxan(folder)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}", next_step="name a folder of Marxan's files")
    answer = solve(found.problem, Effort(gap=gap))
    findings = (*found.findings, *advice(found.problem))
    return MarxanAnswer(answer, findings, tuple(_marxan_output(folder, answer)))


def _marxan_output(folder: Path, answer: Plan) -> list[Path]:
    problem, amounts = answer.problem, choice.held(answer.problem, answer.chosen)
    good = choice.met(problem, amounts)
    units = [
        {"planning_unit": u, "solution": int(yes)}
        for u, yes in zip(problem.units, answer.units, strict=True)
    ]
    features = [
        {
            "Feature Name": name,
            "Target": repr(float(problem.targets[i])),
            "Amount Held": repr(float(amounts[i])),
            "Target Met": _yes(good[i]),
        }
        for i, name in enumerate(problem.features)
    ]
    out = folder / "output"
    out.mkdir(exist_ok=True)
    tables: dict[str, list[dict[str, Any]]] = {
        "tianren_best.csv": units,
        "tianren_mvbest.csv": features,
    }
    for name, rows in tables.items():
        (out / name).write_text(csv_text(list(rows[0]), rows), encoding="utf-8")
    return [out / name for name in tables]
