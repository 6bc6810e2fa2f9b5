"""The step behind `tianren plan`: what to keep where not everything can be inside, and how sure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.findings import Finding, Severity
from tianren.io.marxan import write_marxan
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.science import choice
from tianren.science.choice import LOCKED_IN, Problem
from tianren.science.choice_advice import advice
from tianren.science.choice_highs import Effort
from tianren.science.choice_importance import (
    Importance,
    best_first,
    portfolio,
    replacement_cost,
    selection_frequency,
)
from tianren.science.choice_solver import Plan, solve
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.kept_line import kept_state
from tianren.steps.plan_line import compare, measurer
from tianren.steps.plan_parts import (
    ONLY,
    Before,
    Ready,
    line_share,
    locked_out_names,
    plan_table,
    prepare,
    runs_before,
    sources_of,
)
from tianren.steps.plan_tables import (
    write_features,
    write_portfolio,
    write_ranking,
    write_raster,
    write_units,
)
from tianren.steps.progress import Progress, silent
from tianren.steps.zones import PROTECTED, protected_settings

if TYPE_CHECKING:
    from tianren.project.project import Project


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
            "findings": count_findings(self.run.findings),
        }

    def text(self) -> str:
        """The problem, the statement, the comparison, the next command."""
        lines = [self.run.path("problem.txt").read_text(encoding="utf-8").rstrip(), ""]
        lines += [str(self.run.record["statement"]), *self._beside_the_line()]
        unmet = self.as_dict()["unmet"]
        if unmet:
            lines.append(say("{n} targets are not met: {some}", n=len(unmet), some=_some(unmet)))
        lines.append(findings_line(self.run.findings))
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
            say("What the line holds on {line} km2 takes {plan} km2 of planning units at least.",
                line=f"{found['line_m2'] / 1e6:,.0f}",
                plan=f"{found['line_content_m2'] / 1e6:,.0f}"),
        ]  # fmt: skip


def _some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown, more = ", ".join(names[: choice.NAMED]), len(names) - choice.NAMED
    return say("{shown} and {count} more", shown=shown, count=more) if more > 0 else shown


def plan(project: "Project", *, marxan: Path | None = None, progress: Progress = None) -> Planned:
    """Plan with a project's [plan]; marxan: also write the problem there as Marxan's files.

    Raises UserError naming what cannot be planned: overlapping units, negative cost, targets that
    cannot be met (which, by how much), a budget too small for what is locked in.
    """
    tell = progress or silent
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
    return Planned(run.results())


def _settings(project: "Project", before: Before) -> dict[str, Any]:
    table = plan_table(project)
    named = (*table.locked_in, *locked_out_names(project))
    own = {n: project.zones[n].model_dump(mode="json") for n in named if n in project.zones}
    return {
        "plan": table.model_dump(mode="json"),
        "gaps": project.gaps.model_dump(mode="json"),
        "zones": own,
        "protected": protected_settings(project) if PROTECTED in named else [],
        "conflicts": [repr(c) for c in project.conflicts if c.name in locked_out_names(project)],
        "runs": before.ids(),
        **kept_state(before.line),
    }


def _make(
    project: "Project", run: Run, parameters: Parameters, ready: Ready, before: Before,
    tell: Callable[[str], None],
) -> None:  # fmt: skip
    """Everything between the lock and run.toml, which is written last."""
    problem, advised = ready.problem, advice(ready.problem)
    run.write_text("problem.txt", _problem_text(problem, advised))
    effort = Effort(
        gap=parameters.number("choice.gap") / 100, seconds=parameters.number("choice.seconds")
    )
    tell(say("choosing among {n} planning units", n=len(problem.units)))
    found = solve(problem, effort)
    found, *others = best_first(found, _others(project, parameters, found, effort, tell))
    tell(say("what each unit matters"))
    importance = replacement_cost(found, effort)
    write_features(run, ready, found)
    write_portfolio(run, ready, [found, *others])
    write_units(project, run, ready, found, importance, selection_frequency([found, *others]))
    write_raster(project, run, ready, found)
    write_ranking(project, run, ready)
    line = line_share(project, before)
    compared, measures = compare(project, run, ready, found, line, effort, tell)
    run.finish(
        [*_measures(project, run, ready, found), *measures],
        [*ready.findings, *advised, *_limits(found), *_least_proven(importance)],
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
                  gap=f"{choice.rounded_up(100 * found.gap):.2f}")  # fmt: skip
    return [Finding("plan.limit", "plan", Severity.NOTE, message)]


def _least_proven(importance: Importance) -> list[Finding]:
    """That replacement costs were not searched for unit by unit."""
    if importance.method != "price":
        return []
    message = say("replacement costs are the least that is proven: to search again without each of "
                  "so many units would take too long; what no other units can replace is marked "
                  "irreplaceable")  # fmt: skip
    return [Finding("plan.prices", "plan", Severity.NOTE, message)]


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
        **({"zones": zones} if (zones := _zones(ready, found)) else {}),
    }


def _zones(ready: Ready, found: Plan) -> list[dict[str, Any]]:
    """Each zone that the project names with what lies in it."""
    if found.problem.zones == (ONLY,):
        return []
    return [
        {"name": name, "units": int(mine.sum()), "area_m2": float(ready.units.area[mine].sum())}
        for name, mine in zip(found.problem.zones, found.chosen.T, strict=True)
    ]


def _measures(project: "Project", run: Run, ready: Ready, found: Plan) -> list[Measure]:
    measure = measurer(project, run)
    good = choice.met(found.problem, choice.held(found.problem, found.chosen))
    locked_in = found.units & (found.problem.status[:, 0] == LOCKED_IN)
    return [
        measure("plan.area", float(ready.units.area[found.units].sum()), "m2"),
        *(
            measure("plan.area", float(ready.units.area[units].sum()), "m2", (("status", name),))
            for name, units in (("chosen", found.units & ~locked_in), ("locked_in", locked_in))
        ),
        *(
            measure("plan.area", zone["area_m2"], "m2", (("zone", zone["name"]),))
            for zone in _zones(ready, found)
        ),
        measure("plan.gap", 100 * found.gap, "%"),
        measure("plan.targets_met", int(good.sum()), "1", (("of", "plan"),)),
    ]
