"""What holds: the project's zones on its grid, by exact shares of cells, overlap counted once.

A zone is [zones.NAME], or "protected" (the protected areas that the account counts: of [account]
sites, else of [must_include]), or "redline" (the pieces of the latest `tianren delineate`).
Polygons cover the exact share of each cell; a raster, and the redline, cover whole cells.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation.must_include import MustArea, flag, from_layer, from_raster
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.rules import Rule
from tianren.geo.sites import PA, beyond_realm, drawn, realm_shapes
from tianren.io.rasters import open_raster
from tianren.language import say
from tianren.project.runs import RunResults, latest_run
from tianren.raster.raster import Raster
from tianren.steps.kept_line import about_kept, standing_line
from tianren.steps.sites import account_sites

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from tianren.project.project import MustInclude, Project

PROTECTED, REDLINE, ANY = "protected", "redline", "any"


@dataclass(frozen=True)
class Zones:
    """Zones on the project's grid.

    cells: (zones x cells, row by row) share 0 < x <= 1 of each cell in each zone; any: (cells,)
    share in one zone or more, overlap counted once. shapes: the dissolved polygons of each zone,
    None where it is a raster. run: the redline's.
    """

    names: tuple[str, ...]
    cells: "csr_array"
    any: NDArray[np.float64]
    shapes: tuple[Any, ...] = ()
    findings: tuple[Finding, ...] = ()
    run: str = ""


@dataclass(frozen=True)
class _Zone:
    """One zone: polygons, or flags of whole cells, or both (a protected area may be a raster)."""

    shapes: Sequence[Any] = ()
    flags: Sequence[Raster] = ()
    findings: Sequence[Finding] = field(default=())
    run: str = ""


def zone_names(project: "Project") -> tuple[str, ...]:
    """The zones that a project has: its own, "protected" and "redline" where there are such."""
    own = tuple(project.zones)
    has = {
        PROTECTED: bool(_protected_sources(project)),
        REDLINE: latest_run(project, "delineate") is not None,
    }
    return (*own, *(name for name, there in has.items() if there and name not in own))


def zones(project: "Project", names: Iterable[str] | None = None) -> Zones:
    """The zones named, or all that the project has, on its grid.

    Raises UserError for a name that is none, a layer of lines or points, and when nothing is named
    and there is nothing.
    """
    wanted = tuple(dict.fromkeys(names if names is not None else zone_names(project)))
    if not wanted:
        raise UserError(
            "the project has no zones",
            where="project.toml",
            next_step="add [zones.NAME] with a source, protected areas in [must_include], or draw "
            "the line: tianren delineate",
        )
    found = [_zone(project, name) for name in wanted]
    return _on_grid(project, wanted, found)


def zone_sources(project: "Project", names: Iterable[str]) -> tuple[str, ...]:
    """The catalog sources of the zones named; UserError for a name that is none."""
    found: set[str] = set()
    for name in names:
        if name in project.zones:
            found.add(project.zones[name].source)
        elif name == PROTECTED and _protected_sources(project):
            found |= set(_protected_sources(project))
        elif name != REDLINE or latest_run(project, "delineate") is None:
            raise _unknown(project, name)
    return tuple(sorted(found))


def _zone(project: "Project", name: str) -> _Zone:
    if name in project.zones:
        return _own(project, name)
    if name == PROTECTED and _protected_sources(project):
        return _protected(project)
    line = standing_line(project) if name == REDLINE else None
    if line is not None:
        return _redline(project, line)
    raise _unknown(project, name)


def _unknown(project: "Project", name: str) -> UserError:
    if name == REDLINE:
        return UserError(
            "there is no redline yet", where=str(project.folder), next_step="tianren delineate"
        )
    near = difflib.get_close_matches(name, zone_names(project), n=1)
    return UserError(
        f"there is no zone called {name}",
        where="project.toml",
        next_step=f"did you mean {near[0]}?" if near else f"add [zones.{name}] with a source",
    )


def _own(project: "Project", name: str) -> _Zone:
    """One [zones.NAME]."""
    table = project.zones[name]
    rule = Rule(name, "zone", words(table.where), tuple(table.classes))
    if not project.entry(table.source).is_vector:
        raster, findings = raster_of(project, table.source)
        return _Zone(flags=[flag(rule, raster)], findings=findings)
    layer, findings = project.vector(table.source)
    shapes = chosen(layer, rule.where, f"project.toml [zones.{name}]").geometry.to_numpy()
    _require_polygons(name, shapes)
    empty = [_nothing(name)] if not len(shapes) else []
    return _Zone(shapes, findings=[*findings, *empty])


def words(where: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Accepted values as text: one value or a list of them."""
    lists = {c: v if isinstance(v, list | tuple) else [v] for c, v in where.items()}
    return {column: tuple(str(v) for v in values) for column, values in lists.items()}


def chosen(layer: Any, where: Mapping[str, Sequence[str]], place: str) -> Any:
    """The features of a layer whose columns have the accepted values; case does not matter."""
    for column, accepted in where.items():
        if column not in layer.columns:
            columns = ", ".join(str(c) for c in layer.columns if c != "geometry")
            raise UserError(
                f"there is no column {column}", where=place, next_step=f"use one of {columns}"
            )
        known = {value.casefold() for value in accepted}
        layer = layer[[str(v).strip().casefold() in known for v in layer[column]]]
    return layer


def _require_polygons(name: str, shapes: NDArray[Any]) -> None:
    import shapely

    flat = int(np.count_nonzero(shapely.get_dimensions(shapes) < 2))
    if flat:
        raise UserError(
            f"{name} has lines or points, which cover no area",
            where=f"project.toml [zones.{name}]",
            by_how_much=f"{flat} of {len(shapes)} features",
            next_step="give a polygon layer",
        )


def _nothing(name: str) -> Finding:
    message = say("no feature of the zone {name} is left, so it holds nothing", name=name)
    return Finding("zones.empty", name, Severity.WARNING, message)


def protected_settings(project: "Project") -> list[str]:
    """All in the project, besides sources and parameters, that decides what is protected."""
    own = project.account
    return [*(repr(m) for m in _protected_entries(project)), repr((own.sites, own.columns))]


def _protected_entries(project: "Project") -> "list[MustInclude]":
    """Entries of [must_include] that say what is protected where [account] sites does not."""
    if project.account.sites:
        return []
    return [m for m in project.must_include.values() if m.kind == "protected_area"]


def _chosen_entries(project: "Project") -> "list[MustInclude]":
    """Those that are no list of sites: a raster, or some features of a layer."""
    entries = _protected_entries(project)
    return [e for e in entries if e.where or not project.entry(e.source).is_vector]


def _protected_sources(project: "Project") -> tuple[str, ...]:
    entries = tuple(entry.source for entry in _protected_entries(project))
    return tuple(project.account.sites) or entries


def _protected(project: "Project") -> _Zone:
    """The protected areas that count."""
    chosen_entries = _chosen_entries(project)
    areas: list[MustArea] = []
    findings: list[Finding] = []
    for entry in chosen_entries:
        found, more = _accepted(project, entry)
        areas += found
        findings += more
    shapes = [s for a in areas if a.layer is not None for s in a.layer.geometry]
    if len(chosen_entries) < len(_protected_sources(project)):
        listed, more = _listed(project)
        shapes += listed
        findings += more
    return _Zone(shapes, [a.raster for a in areas if a.raster is not None], findings)


def _listed(project: "Project") -> tuple[list[Any], list[Finding]]:
    """The protected areas that the account counts, before they are cut to the region: a cell at its
    border is held by what a site has of the whole cell."""
    found = account_sites(project)
    every = found.cleaned.uncut
    areas = every[(every["kind"] == PA).to_numpy()]
    shapes = beyond_realm(drawn(areas), areas["realm"], realm_shapes(project.region))
    return list(shapes), list(found.findings)


def _accepted(
    project: "Project", entry: "MustInclude"
) -> tuple[tuple[MustArea, ...], list[Finding]]:
    """The sites of one entry that count, and what was found."""
    rule = Rule(
        entry.name, entry.kind, entry.where, entry.classes, entry.buffer, entry.columns, entry.core
    )
    if not project.entry(entry.source).is_vector:
        raster, found = raster_of(project, entry.source)
        return from_raster(rule, raster).areas, found
    layer, found = project.vector(entry.source)
    realms = dict(zip(project.region["realm"], project.region.geometry, strict=True))
    made = from_layer(rule, layer, project.parameters(), realms)
    return made.areas, [*found, *made.findings]


def raster_of(project: "Project", source: str) -> tuple[Raster, list[Finding]]:
    """The one raster that a source brings (elevation brings others besides), and what was found."""
    rasters, found = project.rasters([source])
    layer = project.entry(source).layer
    return rasters.get(layer, next(iter(rasters.values()))), found


def _redline(project: "Project", run: RunResults) -> _Zone:
    pieces = open_raster(
        run.path("redline_cells.tif"), name=REDLINE, kind="category", grid=project.grid
    )
    return _Zone(flags=[pieces], run=run.id, findings=about_kept(run))


def _on_grid(project: "Project", names: tuple[str, ...], found: Sequence[_Zone]) -> Zones:
    import shapely
    from scipy.sparse import csr_array, vstack

    from tianren.geo.fractions import cell_fractions

    shapes = [shapely.union_all(np.asarray(z.shapes, dtype=object)) for z in found]
    flags = [_flags(project, z) for z in found]
    # Where a polygon and whole cells meet, the cells have it all: the larger share is their union.
    shares = cell_fractions([*shapes, shapely.union_all(shapes)], project.grid)
    rows = [csr_array(shares[[i]].maximum(f)) for i, f in enumerate(flags)]
    every = shares[[len(found)]]
    for row in flags:
        every = every.maximum(row)
    return Zones(
        names,
        csr_array(vstack(rows, format="csr")),
        every.toarray().ravel(),
        tuple(s if not z.flags else None for s, z in zip(shapes, found, strict=True)),
        tuple(dict.fromkeys(f for z in found for f in z.findings)),
        next((z.run for z in found if z.run), ""),
    )


def _flags(project: "Project", zone: _Zone) -> "csr_array":
    """The cells that the rasters of a zone hold whole: (1 x cells)."""
    from scipy.sparse import csr_array

    size = project.grid.shape[0] * project.grid.shape[1]
    held = [np.flatnonzero(raster.read() > 0) for raster in zone.flags]
    cells = np.unique(np.concatenate([*held, np.empty(0, dtype=np.int64)]))
    return csr_array((np.ones(len(cells)), cells, [0, len(cells)]), shape=(1, size))
