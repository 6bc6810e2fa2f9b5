"""A folder of Marxan's files solved as it is: no project is needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.io.marxan import read_marxan
from tianren.language import say
from tianren.project.runs import csv_text
from tianren.science import choice
from tianren.science.choice_advice import advice
from tianren.science.choice_highs import Effort
from tianren.science.choice_solver import Plan, solve
from tianren.steps.plan_tables import yes_no


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
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}", next_step="name a folder of Marxan's files")
    found = read_marxan(folder)
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
            "Target Met": yes_no(good[i]),
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
