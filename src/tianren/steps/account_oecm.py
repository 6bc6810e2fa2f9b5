"""The earlier steps that an account rests on: the OECM assessment, and the species held."""

from typing import TYPE_CHECKING

from tianren.project.runs import RunResults
from tianren.steps.oecm import oecm
from tianren.steps.progress import Progress
from tianren.steps.sites import account_sites

if TYPE_CHECKING:
    from tianren.project.project import Project


def earlier_oecm(
    project: "Project", line: RunResults | None, progress: Progress
) -> RunResults | None:
    """The run of `tianren oecm` where there is something to assess, else None."""
    own = project.account
    if line is None and not own.candidates and not own.oecm:
        recorded = account_sites(project).sites
        if not (recorded["kind"] == "OECM").any():
            return None
    return oecm(project, progress=progress).run


def earlier_gaps(project: "Project", progress: Progress) -> RunResults | None:
    """The run of `tianren gaps` over protected areas and the redline where there are species."""
    from tianren.steps.gaps import gaps
    from tianren.steps.zones import PROTECTED, REDLINE, zone_names

    names = [z for z in zone_names(project) if z in (PROTECTED, REDLINE)]
    if project.species is None or not names:
        return None
    return gaps(project, zone=names, progress=progress).run
