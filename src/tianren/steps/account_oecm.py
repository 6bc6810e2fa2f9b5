"""The OECM assessment that an account rests on."""

from typing import TYPE_CHECKING

from tianren.project.runs import RunResults
from tianren.steps.oecm import Progress, oecm
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
