"""What `tianren check` finds of [account]: each source that it names, read as the account does."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tianren.accounting.assessments import read_assessments
from tianren.accounting.equity import recognition
from tianren.accounting.forms import SiteNames, read_rows, site_names
from tianren.errors import UserError
from tianren.io.sources import Entry, source_files, with_companions
from tianren.steps.account_ground import named_layer
from tianren.steps.neighbours import beyond
from tianren.steps.oecm_sites import crosswalk_of, read_candidates
from tianren.steps.sites import no_records, read_list, site_sources

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project

LARGEST = 100_000_000  # bytes of a layer: a check answers within seconds
Look = Callable[[], Any]


def account_faults(project: "Project") -> list[UserError]:
    """What `tianren account` would refuse of the sources that [account] names, in its words.

    A layer of more than LARGEST bytes is left to the account.
    """
    if not project.account.model_fields_set:
        return []
    names, faults = _lists(project)
    looks = [*_layers(project), *_tables(project, names)]
    return [*faults, *(fault for look in looks for fault in refused(look))]


def refused(look: Look) -> list[UserError]:
    """The error that a look ends with, or none."""
    try:
        look()
    except UserError as fault:
        return [fault]
    return []


def _modest(entry: Entry) -> bool:
    return sum(path.stat().st_size for path in with_companions(source_files(entry))) <= LARGEST


# -- lists of sites --------------------------------------------------------------------------------


def _lists(project: "Project") -> tuple[SiteNames | None, list[UserError]]:
    """How the sites are found by name, None where not all lists were read; what is refused."""
    try:
        sources = site_sources(project)
    except UserError as fault:
        return None, [fault]
    own = project.account
    found, faults = _read(project, sources)
    if len(found) == len(sources) and not any(map(len, found)):
        faults = [no_records(sources)]
    earlier = {name: own.columns.get(name, {}) for name in own.opening_sites}
    _, more = _read(project, {n: c for n, c in earlier.items() if n not in sources})
    whole = len(found) == len(sources)
    return _names(found) if whole else None, [*faults, *more]


def _read(
    project: "Project", sources: Mapping[str, Mapping[str, str]]
) -> "tuple[list[GeoDataFrame], list[UserError]]":
    found: list[GeoDataFrame] = []
    faults: list[UserError] = []
    for name, columns in sources.items():
        try:
            if _modest(project.entry(name)):
                found.append(read_list(project, name, columns)[0])
        except UserError as fault:
            faults.append(fault)
    return found, faults


def _names(lists: "list[GeoDataFrame]") -> SiteNames:
    return site_names((str(site), str(name)) for one in lists
                      for site, name in zip(one["site_id"], one["name"], strict=True))  # fmt: skip


# -- layers and tables beside them -----------------------------------------------------------------


def _layers(project: "Project") -> Iterator[Look]:
    own = project.account
    looks: tuple[tuple[str, Look], ...] = (
        (own.inland_water, lambda: project.vector(own.inland_water)),
        (own.freshwater,
         lambda: named_layer(project, own.freshwater, own.freshwater_column, [])),
        (own.candidates, lambda: read_candidates(project)),
        (own.neighbours,
         lambda: beyond(project, project.vector(own.neighbours)[0].geometry.to_numpy())),
        (own.territories,
         lambda: recognition(project.vector(own.territories)[0], own.territory_column,
                             project.entry(own.territories).where)),
    )  # fmt: skip
    return (partial(_if_modest, project, name, look) for name, look in looks if name)


def _if_modest(project: "Project", name: str, look: Look) -> None:
    if _modest(project.entry(name)):
        look()


def _tables(project: "Project", names: SiteNames | None) -> Iterator[Look]:
    """Of the answers only the columns: which sites they may name is known when there is a line."""
    own = project.account
    if own.crosswalk:
        yield lambda: crosswalk_of(project)
    for source in own.assessments:
        yield partial(_assessed, project, source, names)
    if own.oecm:
        yield partial(_columns, project, "oecm", own.oecm, ("site", "criterion", "answer"))


def _assessed(project: "Project", source: str, names: SiteNames | None) -> None:
    if names is None:
        _columns(project, "assessments", source, ("site", "year"))
        return
    read_assessments(project.table(source)[0], names, project.day, project.entry(source).where)


def _columns(project: "Project", topic: str, source: str, needed: tuple[str, ...]) -> None:
    read_rows(topic, project.table(source)[0], project.entry(source).where, needed=needed)
