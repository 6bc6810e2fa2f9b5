"""What lies under a project: its region, grid and layers, brought in through the door."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from geopandas import GeoDataFrame
from pandas import DataFrame
from shapely import get_dimensions, union_all

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.grid import check_equal_area, known_crs, make_grid, propose_crs
from tianren.geo.moves import move_between
from tianren.geo.shore import enclosed, gaps
from tianren.io.alignment import Aligned, align
from tianren.io.kept import kept_copy
from tianren.io.rain import derive_rain
from tianren.io.sources import Entry
from tianren.io.tables import read_table
from tianren.io.terrain import derive_terrain
from tianren.io.vectors import burn, read_vector
from tianren.language import say
from tianren.parameters.layers import layers
from tianren.project.project import AdminLevel, Project
from tianren.project.tables import plain_name
from tianren.raster.raster import Grid, Raster

LAND, SEA = 1, 2  # realm codes


@dataclass(frozen=True)
class Ground:
    """grid: equal-area, covers land and sea; region: realm, name, geometry; findings of both."""

    grid: Grid
    region: GeoDataFrame
    findings: tuple[Finding, ...]


def read_ground(project: Project) -> Ground:
    """The region on a grid that is checked to be equal-area; a CRS is proposed if none is given."""
    findings: list[Finding] = []
    crs = project.crs or _proposed(project, findings)
    known_crs(crs, where="project.toml, [grid] crs")
    land, found = _realm(project, project.region_source, "land", crs)
    findings += found
    parts = [land]
    if project.sea_source:
        sea, found = _realm(project, project.sea_source, "sea", crs)
        findings += found
        parts.append(_without(sea, land))
    region = _stacked(parts)
    grid = make_grid(region.geometry.to_numpy(), crs, project.resolution)
    check_equal_area(grid)
    return Ground(grid, region, tuple(findings))


def _proposed(project: Project, findings: list[Finding]) -> str:
    raw, _ = read_vector(project.entry(project.region_source), None)
    crs = propose_crs(raw.geometry.to_numpy(), raw.crs)
    message = say("project.toml names no CRS; the grid is drawn in {crs}", crs=crs)
    findings.append(
        Finding(
            "project.crs_proposed", "grid", Severity.NOTE, message, "Tianren: How the line is drawn"
        )
    )
    return crs


def _realm(
    project: Project, source: str, realm: str, crs: str
) -> tuple[GeoDataFrame, list[Finding]]:
    layer, findings = read_vector(project.entry(source), crs)
    if realm == "land":
        layer = _chosen(project, layer)
    layer = _filled(project.entry(source), layer)
    if layer.empty:
        raise UserError(
            f"the region's {realm} has no polygons",
            where=project.entry(source).where,
            next_step="check [region] in project.toml and the layer behind it",
        )
    name = _region_name(project, layer) if realm == "land" else project.name
    shape = union_all(layer.geometry.to_numpy())
    return GeoDataFrame({"realm": [realm], "name": [name]}, geometry=[shape], crs=crs), findings


def _filled(entry: Entry, layer: GeoDataFrame) -> GeoDataFrame:
    """The polygons that a shore of lines encloses; other layers stay as they are."""
    shapes = layer.geometry.to_numpy()
    if len(shapes) == 0 or set(get_dimensions(shapes)) != {1}:
        return layer
    loose = gaps(shapes)
    if loose:
        to_degrees = move_between(layer.crs, "EPSG:4326")
        lon, lat = to_degrees.transform(*loose[0].place)
        raise UserError(
            "the shoreline does not close",
            where=entry.where,
            by_how_much=f"{len(loose)} loose ends, the worst at {lon:.5f}, {lat:.5f} is "
            f"{loose[0].width:,.1f} m from the next",
            next_step="close the line there, or give polygons",
        )
    faces = enclosed(shapes)
    name = {c: [layer[c].iloc[0]] * len(faces) for c in layer.columns if c != "geometry"}
    return GeoDataFrame(name, geometry=faces, crs=layer.crs)


def _chosen(project: Project, layer: GeoDataFrame) -> GeoDataFrame:
    for column, accepted in project.region_where.items():
        require_column(layer, column, project.region_source, "[region] where")
        layer = layer[layer[column].astype(str).isin(accepted)]
    return layer


def _region_name(project: Project, layer: GeoDataFrame) -> str:
    if not project.name_column:
        return project.name
    require_column(layer, project.name_column, project.region_source, "[region] name_column")
    names = list(dict.fromkeys(layer[project.name_column].astype(str)))
    return names[0] if len(names) == 1 else project.name


def require_column(layer: GeoDataFrame, column: str, source: str, key: str) -> None:
    """Refuse a layer without the column that a key of project.toml names."""
    if column not in layer.columns:
        columns = ", ".join(str(c) for c in layer.columns if c != "geometry")
        raise UserError(
            f"{source} has no column {column}",
            where=f"project.toml, {key}",
            next_step=f"use one of {columns}",
        )


def _without(sea: GeoDataFrame, land: GeoDataFrame) -> GeoDataFrame:
    """Sea that is not land: where the two overlap, land it is."""
    return sea.assign(geometry=sea.geometry.difference(land.geometry.iloc[0]))


def _stacked(parts: list[GeoDataFrame]) -> GeoDataFrame:
    import pandas as pd

    return GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)


def read_layer(project: Project, name: str) -> tuple[GeoDataFrame, list[Finding]]:
    """A vector source in the grid's CRS; its sha256 is checked first."""
    project.digest(name)
    return read_vector(project.entry(name), project.grid.crs.to_wkt())


def read_rows(project: Project, name: str) -> tuple[DataFrame, list[Finding]]:
    """A table source as text; its sha256 is checked first."""
    project.digest(name)
    return read_table(project.entry(name))


def read_species_records(project: Project, name: str) -> tuple[DataFrame, list[Finding]]:
    """Every row of a source of species records; its sha256 is checked first."""
    from tianren.io.records import read_records

    project.digest(name)
    return read_records(project.entry(name))


def aligned_rasters(
    project: Project, names: Iterable[str] | None
) -> tuple[dict[str, Raster], list[Finding]]:
    """Raster sources on the project's grid; see Project.rasters."""
    wanted = [e for e in project.catalog.values() if e.is_raster]
    if names is not None:
        wanted = [project.entry(name) for name in names]
    rasters: dict[str, Raster] = {}
    findings: list[Finding] = []
    for entry in wanted:
        for found in _bring_in(project, entry):
            rasters.update((raster.name, raster) for raster in found.rasters)
            findings += found.findings
    return rasters, findings


def _bring_in(project: Project, entry: Entry) -> list[Aligned]:
    digest = project.digest(entry.name)
    folder = project.cache_folder / "aligned"
    if layers().get(entry.layer) and layers()[entry.layer].bands == 0:
        return [_rain(project, entry, digest, folder)]
    inside = realm_raster(project)
    found = [align(entry, project.grid, folder, digest=digest, inside=inside)]
    if entry.layer == "elevation" and not entry.is_constant:
        lacking = [n for n in ("slope", "relief") if project.serving(n) is None]
        window = project.parameters().number("terrain.relief_window")
        found.append(
            derive_terrain(
                entry, project.grid, folder, digest=digest, wanted=lacking, relief_window=window
            )
        )
    return found


def _rain(project: Project, entry: Entry, digest: str, folder: Path) -> Aligned:
    """What a series of rain is for: erosivity and monthly normals, where the catalog has none."""
    return derive_rain(
        entry, project.grid, folder, digest=digest, inside=realm_raster(project),
        erosivity=project.serving("rainfall_erosivity") is None,
        normals=project.serving("precipitation") is None,
        erosive=project.parameters().number("soil.erosive_rain"),
    )  # fmt: skip


def realm_raster(project: Project) -> Raster:
    """1 land, 2 sea, missing outside the region; by the cell-centre rule, kept in the cache."""
    codes = [LAND if realm == "land" else SEA for realm in project.region["realm"]]
    legend = {LAND: "land", SEA: "sea"}
    lazy = burn(project.region, project.grid, codes, name="realm", legend=legend)
    key = [project.digest(n) for n in (project.region_source, project.sea_source) if n]
    return kept_copy(lazy, project.cache_folder / "aligned", key=[*key, repr(project.region_where)])


def admin_raster(project: Project, level: str) -> tuple[Raster, dict[int, tuple[str, str]]]:
    """A level as whole numbers from 1 in the order of its division codes; see Project."""
    found = _level(project, level)
    layer, _ = read_layer(project, found.source)
    for column in (found.code, found.label):
        require_column(layer, column, found.source, "[admin] levels")
    table = _divisions(layer, found)
    number = {code: n for n, (code, _) in table.items()}
    values = [number[str(code)] for code in layer[found.code]]
    legend = {n: label for n, (_, label) in table.items()}
    lazy = burn(layer, project.grid, values, name=level, legend=legend)
    key = [project.digest(found.source), found.code]
    return kept_copy(lazy, project.cache_folder / "aligned", key=key), table


def _level(project: Project, name: str) -> AdminLevel:
    for level in project.admin:
        if plain_name(level.name) == plain_name(name):
            return level
    raise UserError(
        f"there is no level called {name}",
        where="project.toml, [admin] levels",
        next_step=f"use one of {', '.join(level.name for level in project.admin) or 'none'}",
    )


def _divisions(layer: GeoDataFrame, level: AdminLevel) -> dict[int, tuple[str, str]]:
    labels: Mapping[str, str] = {
        str(code): str(label)
        for code, label in zip(layer[level.code], layer[level.label], strict=True)
    }
    return {n: (code, labels[code]) for n, code in enumerate(sorted(labels), start=1)}
