"""The step behind `tianren runs`: which runs a project has, and how to look into them."""

from dataclasses import dataclass
from typing import Any

from tianren.language import say
from tianren.project.project import Project
from tianren.project.runs import RunResults
from tianren.project.runs import list_runs as finished_runs


@dataclass(frozen=True)
class RunList:
    """The finished runs of a project, the latest last."""

    runs: tuple[RunResults, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"runs": [_facts(run) for run in self.runs]}

    def text(self) -> str:
        if not self.runs:
            return say("No finished run yet. Make one: tianren delineate")
        lines = [
            "{run:<24} {finished:<20} {seconds:>8} s  {folder}  {scenario}".format(**_facts(r))
            for r in self.runs
        ]
        lines = [line.rstrip() for line in lines]
        return "\n".join([*lines, say("Look into the latest: tianren explain --at LON,LAT")])


def list_runs(project: Project) -> RunList:
    """The finished runs of the project."""
    return RunList(tuple(finished_runs(project)))


def _facts(run: RunResults) -> dict[str, Any]:
    return {
        "run": run.id,
        "finished": str(run.record.get("finished", "")),
        "seconds": run.record.get("seconds", ""),
        "folder": str(run.folder),
        "scenario": run.scenario,
    }
