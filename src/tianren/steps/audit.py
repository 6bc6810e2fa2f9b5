"""The step behind `tianren audit`: figures that contradict each other, in tables or in runs."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.accounting.audit import audit as look
from tianren.accounting.audit import contradictions
from tianren.accounting.figures import Figure, read_figures
from tianren.findings import Finding, Severity
from tianren.language import say, say_many
from tianren.project.runs import RunResults, own_runs

if TYPE_CHECKING:
    from tianren.parameters import Parameters
    from tianren.project.project import Project


@dataclass(frozen=True)
class Audit:
    """The answer of `tianren audit`: what was read, and what cannot all be true."""

    read: tuple[str, ...]
    figures: int
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> list[Finding]:
        return contradictions(self.findings)

    def as_dict(self) -> dict[str, Any]:
        return {
            "read": list(self.read),
            "figures": self.figures,
            "contradictions": [f.as_dict() for f in self.faults],
            "notes": [f.as_dict() for f in self.findings if f not in self.faults],
        }

    def text(self) -> str:
        """How many contradictions, then each with its figures."""
        count, faults = self.figures, self.faults
        head = ", ".join((
            say_many("{n} figure read", "{n} figures read", count),
            say_many("{n} contradiction", "{n} contradictions", len(faults)),
        ))  # fmt: skip
        told = [f"\n{f.subject}\n  {f.message}" for f in self.findings]
        return "\n".join([head, *(f"  {name}" for name in self.read), *told])


def audit_tables(paths: Sequence[Path], parameters: "Parameters") -> Audit:
    """Tables of figures (CSV, TSV, XLSX, DBF; see accounting.figures), all taken together."""
    about = float(parameters.share("audit.about"))
    found: list[Figure] = []
    for path in paths:
        where = path.name if len(paths) > 1 else ""
        found += read_figures(_rows(path), about, where, partitions())
    return Audit(tuple(str(p) for p in paths), len(found), tuple(look(found)))


def audit_runs(project: "Project", run: str | None = None) -> Audit:
    """The measures of one run, or of the latest of every step, taken together."""
    from tianren.project.runs import open_run

    about = float(project.parameters().share("audit.about"))
    runs = [open_run(project, run)] if run else _latest(project)
    found = [f for r in runs for f in _measures(r, about)]
    told = look(found)
    return Audit(tuple(r.id for r in runs), len(found), (*_overtaken(runs, told), *told))


def _overtaken(runs: Sequence[RunResults], told: Sequence[Finding]) -> list[Finding]:
    """What to do of a run that contradicts a later one of a step that it was made from."""
    newest = {run.step: run.id for run in runs}
    wrong = [f.message for f in contradictions(told)]
    return [
        _make_again(run, earlier, newest[step])
        for run in runs
        for step, earlier in run.record.get("settings", {}).get("runs", {}).items()
        if earlier and newest.get(step, earlier) != earlier
        and any(run.id in text and newest[step] in text for text in wrong)
    ]  # fmt: skip


def _make_again(run: RunResults, earlier: str, later: str) -> Finding:
    message = say(
        "{run} was made from {earlier}, and {later} has come since: they may differ. "
        "Next: tianren {step}, then tianren audit",
        run=run.id, earlier=earlier, later=later, step=run.step,
    )  # fmt: skip
    return Finding("audit.overtaken", run.id, Severity.WARNING, message)


def partitions() -> list[tuple[str, str]]:
    """(indicator, dimension) whose classes add up to the figure without that dimension."""
    text = files("tianren.parameters").joinpath("partitions.csv").read_text(encoding="utf-8")
    return [(row["indicator"], row["dimension"]) for row in csv.DictReader(text.splitlines())]


def _latest(project: "Project") -> list[RunResults]:
    """The latest run of each step, in order of the steps' names."""
    newest = {run.step: run for run in own_runs(project)}
    return [newest[step] for step in sorted(newest)]


def _measures(run: RunResults, about: float) -> list[Figure]:
    """The measures of a run; each stands in the run, whatever sources it rests on."""
    rows = ({**row, "sources": run.id} for row in run.measures)
    return read_figures(rows, about, run.id, partitions())


def _rows(path: Path) -> list[dict[str, str]]:
    from tianren.io.sources import Entry
    from tianren.io.tables import read_table

    entry = Entry.brought(path, "table")
    frame, _ = read_table(entry)
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]
