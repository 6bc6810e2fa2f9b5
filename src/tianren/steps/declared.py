"""What a project declares about its line, on its grid: must-include areas, conflicts, units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.delineation import conflicts as conflict_rules
from tianren.delineation import must_include
from tianren.delineation.conflicts import Conflict
from tianren.delineation.footprints import RIVER_KINDS, river_widths
from tianren.delineation.must_include import MustArea
from tianren.delineation.pieces import MustName, Units
from tianren.delineation.redline import bits
from tianren.findings import Finding
from tianren.geo.rules import Rule
from tianren.io.vectors import burn
from tianren.parameters import Parameters
from tianren.project.ground import require_column
from tianren.raster.raster import (
    MISSING,
    Array,
    Grid,
    Raster,
    Window,
    window_shape,
)
from tianren.steps.rivers import river_strips, stream_orders
from tianren.steps.species_join import tiny_habitats
from tianren.steps.stages import FileStore

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.delineation.decisions import Decision
    from tianren.project.project import Project


@dataclass(frozen=True)
class Declared:
    """must: bits raster; names: what each bit is; sites: the polygons that count; polygon_m2: area
    of each bit's dissolved polygons inside the region (None for rasters)."""

    must: Raster
    names: tuple[MustName, ...]
    sites: "GeoDataFrame"
    polygon_m2: tuple[float | None, ...]
    conflicts: Raster
    conflict_rules: tuple[Conflict, ...]
    decisions: tuple["Decision", ...]
    findings: tuple[Finding, ...]


def declared(project: "Project", parameters: Parameters, store: FileStore) -> Declared:
    """Read every must-include and conflict source of a project and put it on the grid."""
    prepared = [_prepared(project, m, parameters) for m in project.must_include.values()]
    prepared += tiny_habitats(project, parameters)
    areas = [area for made, _ in prepared for area in made.areas]
    found = [_conflict(project, entry) for entry in project.conflicts]
    for name, rasters in (
        ("must", [_on_grid(area, project.grid) for area in areas]),
        ("conflicts", [raster for _, raster, _ in found]),
    ):
        if not store.done(name):
            bits(rasters, project.grid, store.sink(name), name)
    return Declared(
        store.raster("must"),
        tuple(MustName(a.kind, a.name, a.level) for a in areas),
        _sites(areas, project),
        tuple(_polygon_area(a, project) for a in areas),
        store.raster("conflicts"),
        tuple(rule for rule, _, _ in found),
        tuple(d for made, _ in prepared for d in made.decisions),
        tuple(f for made, more in prepared for f in (*made.findings, *more))
        + tuple(f for _, _, more in found for f in more),
    )


def _prepared(
    project: "Project", entry: Any, parameters: Parameters
) -> tuple[must_include.Prepared, list[Finding]]:
    """One [must_include.NAME] with its source read."""
    rule: Rule = entry
    if project.entry(entry.source).is_vector:
        layer, found = project.vector(entry.source)
        realms = dict(zip(project.region["realm"], project.region.geometry, strict=True))
        return must_include.from_layer(rule, layer, parameters, realms), found
    raster, found = _raster(project, entry.source)
    if rule.kind in RIVER_KINDS and _is_elevation(raster):
        return _from_elevation(rule, raster, project, parameters), found
    return must_include.from_raster(rule, raster), found


def _is_elevation(raster: Raster) -> bool:
    return raster.unit == "m" and not raster.is_category


def _from_elevation(
    rule: Rule, elevation: Raster, project: "Project", parameters: Parameters
) -> must_include.Prepared:
    """Strips along the streams that an elevation shows."""
    orders = stream_orders(elevation, project, parameters)
    widths = river_widths(rule, parameters)
    strips = river_strips(rule.name, orders, widths)
    return must_include.from_streams(rule, strips, widths)


def _raster(project: "Project", source: str) -> tuple[Raster, list[Finding]]:
    """The one raster that a source brings (elevation brings others besides)."""
    rasters, found = project.rasters([source])
    entry = project.entry(source)
    name = entry.layer if entry.layer in rasters else source
    return rasters.get(name, next(iter(rasters.values()))), found


def _conflict(project: "Project", entry: Any) -> tuple[Conflict, Raster, list[Finding]]:
    """One [conflicts.NAME] with its source read, as a 0/1 raster."""
    rule = Conflict(
        entry.name, entry.kind, entry.decision, entry.reason, entry.classes, entry.where
    )
    if project.entry(entry.source).is_vector:
        layer, found = project.vector(entry.source)
        chosen = conflict_rules.selected(rule, layer)
        return rule, burn(chosen, project.grid, name=rule.name), found
    raster, found = _raster(project, entry.source)
    return rule, must_include.flag(rule, raster), found


def _on_grid(area: MustArea, grid: Grid) -> Raster:
    if area.raster is not None:
        return area.raster
    return burn(area.layer, grid, name=area.name)


def _sites(areas: Sequence[MustArea], project: "Project") -> "GeoDataFrame":
    """The polygons that count, with site, entry, kind and level, for maps and explanations."""
    import pandas as pd
    from geopandas import GeoDataFrame

    crs = project.grid.crs.to_wkt()
    parts = [
        GeoDataFrame(
            {"site": list(a.layer["site"]), "entry": a.name, "kind": a.kind, "level": a.level},
            geometry=a.layer.geometry.to_numpy(),
            crs=crs,
        )
        for a in areas
        if a.layer is not None
    ]
    if not parts:
        return GeoDataFrame(
            {"site": [], "entry": [], "kind": [], "level": []}, geometry=[], crs=crs
        )
    return GeoDataFrame(pd.concat(parts, ignore_index=True), crs=crs)


def _polygon_area(area: MustArea, project: "Project") -> float | None:
    """Area of an entry's dissolved polygons inside the region, m2."""
    if area.layer is None:
        return None
    import shapely

    region = project.outline
    union = shapely.union_all(area.layer.geometry.to_numpy())
    return float(shapely.area(shapely.intersection(union, region)))


def units(project: "Project") -> tuple[Units, ...]:
    """The administrative levels; numbers count from 1, so each list begins with an empty place."""
    found = []
    for level in project.admin:
        raster, table = project.admin_codes(level.name)
        numbers = range(1, max(table, default=0) + 1)
        codes, labels = (["", *(table[n][i] for n in numbers)] for i in (0, 1))
        found.append(Units(level.name, codes, labels, raster))
    return tuple(found)


def landscapes(project: "Project") -> Units | None:
    """Natural geographic units that name pieces: [delineation] landscapes = a polygon source.

    Their names are in the column name, or the one that landscape_name says.
    """
    source = str(project.delineation.get("landscapes", ""))
    if not source:
        return None
    layer, _ = project.vector(source)
    column = str(project.delineation.get("landscape_name", "name"))
    require_column(layer, column, source, "[delineation] landscape_name")
    names = ["", *(str(name) for name in layer[column])]
    raster = burn(layer, project.grid, list(range(1, len(names))), name=source)
    return Units("landscape", names, names, raster)


def divisions(project: "Project", levels: Sequence[Units]) -> Raster:
    """The level that names and numbers pieces; missing everywhere where there is none."""
    for level in levels:
        if level.name == project.piece_level:
            return level.raster
    return Raster("divisions", project.grid, _Nowhere(), kind="category")


@dataclass(frozen=True)
class _Nowhere:
    def read(self, window: Window) -> Array:
        return np.full(window_shape(window), MISSING, dtype=np.int32)
