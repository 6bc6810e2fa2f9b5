"""Earlier runs that a step takes as they are: what of their sources has changed since."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.project.runs import RunResults

if TYPE_CHECKING:
    from tianren.project.project import Project


def changed_since(project: "Project", run: RunResults | None) -> tuple[str, ...]:
    """The sources of the catalog that are no longer what the run was made from, by name."""
    made_from: Mapping[str, str] = run.inputs if run else {}
    return tuple(sorted(n for n, digest in made_from.items() if _now(project, n) != digest))


def _now(project: "Project", name: str) -> str:
    """The sha256 of a source; "" of one that is gone, or not the one that the catalog says."""
    try:
        return project.digest(name) if name in project.catalog else ""
    except UserError:
        return ""


def outdated_findings(project: "Project", runs: Mapping[str, RunResults | None]) -> list[Finding]:
    """A warning for each run taken as it is though its sources changed; step -> run."""
    return [
        _finding(step, run, changed)
        for step, run in runs.items()
        if run is not None and (changed := changed_since(project, run))
    ]


def _finding(step: str, run: RunResults, changed: tuple[str, ...]) -> Finding:
    message = say(
        "{run} is taken as it is, but its sources changed since: {names}. Next: tianren {step}",
        run=run.id, names=", ".join(changed), step=step,
    )  # fmt: skip
    return Finding("runs.outdated", step, Severity.WARNING, message)
