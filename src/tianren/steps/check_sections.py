"""What `tianren check` says of the sections beyond the line: what each still lacks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianren.errors import UserError
from tianren.io.sources import source_files
from tianren.language import say
from tianren.parameters import Parameters
from tianren.project.runs import own_runs
from tianren.project.sections.table import sources_named

if TYPE_CHECKING:
    from tianren.project.project import Project


@dataclass(frozen=True)
class Section:
    """A section that project.toml declares, and a sentence for each lack; name: its command's."""

    name: str
    lacks: tuple[str, ...]


def sections(
    project: "Project", parameters: Parameters, *, ill_account: bool = False
) -> tuple[Section, ...]:
    """[account], [species], [habitat], [gaps], [plan] and [corridors], as far as they are declared.

    ill_account: whether a source of [account] cannot be used, which is told beside.
    """
    ways: dict[str, Callable[[Project, Parameters], Iterator[str]]] = {
        "species": _species, "habitat": _habitat, "gaps": _gaps, "plan": _plan,
        "corridors": _corridors,
    }  # fmt: skip
    found = tuple(
        Section(name, (*way(project, parameters), *_files(project, name)))
        for name, way in ways.items()
        if _declared(project, name)
    )
    if not project.account.model_fields_set:
        return found
    ill = (say("some of its sources cannot be used as they are, see below"),) if ill_account else ()
    return (Section("account", ill), *found)


def _declared(project: "Project", name: str) -> bool:
    if name == "gaps":  # a project has this table also where it says nothing of it
        return bool(project.gaps.model_fields_set)
    return getattr(project, name) is not None


def _files(project: "Project", name: str) -> Iterator[str]:
    """Sources of the section whose files are not there."""
    found = {source for _, source, _ in sources_named(getattr(project, name), [name])}
    for source in sorted(found & set(project.catalog)):
        try:
            source_files(project.entry(source))
        except UserError as fault:
            yield fault.message(say)


def _species(project: "Project", parameters: Parameters) -> Iterator[str]:
    table = project.species
    if table is None:
        return
    if not (table.records or table.ranges or table.range_rasters):
        yield say("no range of any species: name records, ranges or range_rasters")
    if not table.status:
        yield say("protection, threat and endemism are not known: name a status table")
    if table.records and not table.predictors:
        yield say("no models: name predictors, rasters of climate, terrain or land cover")


def _habitat(project: "Project", parameters: Parameters) -> Iterator[str]:
    table = project.habitat
    if table is None:
        return
    if not table.landcover and project.serving("landcover") is None:
        yield say("no land cover: name landcover, or add the layer landcover to catalog.toml")
    if not table.threats:
        yield say("nothing is degraded, so quality is suitability")


def _gaps(project: "Project", parameters: Parameters) -> Iterator[str]:
    """In the words of the step; its functions compute nothing where their key is not named."""
    from tianren.steps import gap_features

    if project.species is None:
        yield say("species are not judged: there is no range of any, see [species]")
    for key in ("ecosystems", "ecoregions", "key_areas"):
        if not getattr(project.gaps, key):
            _, told = getattr(gap_features, key)(project, parameters)
            yield from (finding.message for finding in told)
    if not own_runs(project, "delineate"):
        yield from (f.message for f in gap_features.functions(project, None, parameters)[1])


def _plan(project: "Project", parameters: Parameters) -> Iterator[str]:
    table, gaps = project.plan, project.gaps
    if table is None:
        return
    layers = gaps.ecosystems or gaps.ecoregions or gaps.key_areas
    some = table.features or project.species or layers or own_runs(project, "delineate")
    if not some:
        yield say("nothing to plan for: name features, or add [species], [gaps] layers or a line")
    if not own_runs(project, "delineate"):
        yield say("No line to compare with yet: tianren delineate")


def _corridors(project: "Project", parameters: Parameters) -> Iterator[str]:
    table = project.corridors
    if table is None:
        return
    if not (table.resistance or table.quality or table.pressure or project.habitat):
        yield say("no resistance: name resistance, quality or pressure, or add [habitat]")
