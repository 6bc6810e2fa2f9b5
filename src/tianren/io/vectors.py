"""Polygons, lines and points: any local format in, repaired and in one plane; GeoPackage out."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.area import to_plane
from tianren.io.deliveries import delivered_layer, is_delivery
from tianren.io.formats import read_features
from tianren.io.rasters import FAULTS, discard, temporary_beside, write_failed
from tianren.io.sources import Entry, source_files
from tianren.language import say
from tianren.raster.raster import MISSING, Array, Grid, Raster, Window, window_shape

# What repairing self-intersections may change of a layer's area before a person must look.
REPAIR_TOLERANCE = 0.01
_NOTHING = 1e-9  # a share of area that rounding alone makes
_TILE = 512  # burning goes by fixed tiles, so that a cell never depends on the window asked for


def read_vector(
    entry: Entry, crs: Any | None, *, every_kind: bool = False
) -> tuple[GeoDataFrame, list[Finding]]:
    """A vector source, in `crs` (None keeps its own): valid, 2D, of one kind, names in NFC.

    Several files of one pattern are stacked. What was repaired, dropped or decoded is a Finding.
    every_kind: points and lines stay beside polygons, each part of a collection on its own.
    Raises UserError for a file that cannot be read, has no CRS, or cannot be repaired within 1 %.
    """
    findings: list[Finding] = []
    paths = source_files(entry)
    if any(map(is_delivery, paths)):
        parts = delivered_layer(entry, findings)
    else:
        parts = [read_features(entry, path, findings) for path in paths]
    layer = _stacked(entry, parts)
    layer = _without_empty(entry, layer, findings)
    layer = _flat(entry, layer, findings)
    layer = _taken_apart(layer) if every_kind else _one_kind(entry, layer, findings)
    layer = _normal_text(layer)
    drawn = layer.geometry.to_numpy()
    if crs is not None:
        layer = _projected(entry, layer, CRS.from_user_input(crs))
    # After projecting: whether a ring crosses itself is a matter of the plane it is used in.
    return _repaired(entry, layer, drawn, findings), findings


def read_result(path: Path, layer: str = "") -> GeoDataFrame:
    """A layer of a GeoPackage that a run wrote, as it is; no other kind of file is opened."""
    return read_features(
        Entry(path.stem, path.stem, "vector", path.parent, path.name, layer), path, []
    )


def _stacked(entry: Entry, parts: Sequence[GeoDataFrame]) -> GeoDataFrame:
    import pandas as pd

    for part in parts:
        if part.crs is None:
            raise UserError(
                say("the layer has no CRS"),
                where=entry.where,
                next_step=entry.how_to_say_crs,
            )
    same = [part.to_crs(parts[0].crs) for part in parts]
    stacked = pd.concat(same, ignore_index=True) if len(same) > 1 else same[0]
    return GeoDataFrame(stacked, geometry="geometry", crs=parts[0].crs)


def _without_empty(entry: Entry, layer: GeoDataFrame, findings: list[Finding]) -> GeoDataFrame:
    empty = layer.geometry.isna() | layer.geometry.is_empty
    if empty.any():
        rows = ", ".join(str(i + 1) for i in np.flatnonzero(empty.to_numpy())[:5])
        message = say(
            "{n} of {all} features have no geometry and were left out (rows {rows}...)",
            n=int(empty.sum()),
            all=len(layer),
            rows=rows,
        )
        findings.append(_finding("vector.empty_geometry", entry, message))
    if empty.all():
        raise UserError(
            say("the layer has no geometry at all"),
            where=entry.where,
            by_how_much=say("{n} features", n=len(layer)),
            next_step=say("check the file, and sublayer if it holds several layers"),
        )
    return layer[~empty].reset_index(drop=True)


def _flat(entry: Entry, layer: GeoDataFrame, findings: list[Finding]) -> GeoDataFrame:
    with_z = int(layer.geometry.has_z.sum())
    if with_z:
        message = say("heights (Z) of {n} features were left out", n=with_z)
        findings.append(_finding("vector.z_dropped", entry, message, Severity.NOTE))
    return layer.set_geometry(shapely.force_2d(layer.geometry.to_numpy()), crs=layer.crs)


def _one_kind(entry: Entry, layer: GeoDataFrame, findings: list[Finding]) -> GeoDataFrame:
    """Features of the highest dimension: where there are polygons, lines and points go."""
    shapes = layer.geometry.to_numpy()
    collections = shapely.get_type_id(shapes) == 7
    if collections.any():
        shapes = shapes.copy()
        shapes[collections] = [_polygons_of(shape) for shape in shapes[collections]]
    dimensions = shapely.get_dimensions(shapes)
    keep = dimensions == dimensions.max()
    if not keep.all():
        message = say(
            "the layer mixes types: {n} of {all} features that are not {kind} were left out",
            n=int((~keep).sum()),
            all=len(layer),
            kind=("points", "lines", "polygons")[int(dimensions.max())],
        )
        findings.append(_finding("vector.mixed_types", entry, message))
    return layer.set_geometry(shapes, crs=layer.crs)[keep].reset_index(drop=True)


def _taken_apart(layer: GeoDataFrame) -> GeoDataFrame:
    """Collections as their parts, so that what stands beside a polygon is not lost in one."""
    if not (shapely.get_type_id(layer.geometry.to_numpy()) == 7).any():
        return layer
    return layer.explode(ignore_index=True)


def _polygons_of(collection: Any) -> Any:
    """The parts of a collection that have its highest dimension, as one geometry."""
    parts = shapely.get_parts(collection)
    dimensions = shapely.get_dimensions(parts)
    return shapely.union_all(parts[dimensions == dimensions.max()])


def _normal_text(layer: GeoDataFrame) -> GeoDataFrame:
    """Names in one Unicode form: the same word typed on two machines is one word."""
    out = layer.copy()
    for column in [c for c in out.columns if c != out.geometry.name]:
        if out[column].dtype == object or str(out[column].dtype).startswith("str"):
            out[column] = [_nfc(value) for value in out[column]]
    return out.rename(columns={c: _nfc(c) for c in out.columns})


def _nfc(value: Any) -> Any:
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _projected(entry: Entry, layer: GeoDataFrame, crs: CRS) -> GeoDataFrame:
    shapes = to_plane(layer.geometry.to_numpy(), CRS(layer.crs), crs)
    lost = ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    if lost.any():
        raise UserError(
            say("features do not fit into the project's CRS"),
            where=entry.where,
            by_how_much=which_features(np.asarray(lost)),
            next_step=say("check that the layer's CRS is the one its coordinates are in"),
        )
    return layer.set_geometry(shapes, crs=crs)


def _repaired(
    entry: Entry, layer: GeoDataFrame, drawn: Array, findings: list[Finding]
) -> GeoDataFrame:
    """Self-intersections repaired by even-odd, which fills nothing; the change of area is told.

    drawn: the features before they were projected. That the halves of one that was valid then meet
    again at the antimeridian is no fault.
    """
    shapes = layer.geometry.to_numpy()
    broken = ~shapely.is_valid(shapes)
    if not broken.any():
        return layer
    fixed = shapes.copy()
    fixed[broken] = [_valid(shape) for shape in shapes[broken]]
    changed, share = _change(shapes, fixed, broken)
    if share > REPAIR_TOLERANCE:
        raise _large_repair(entry, shapes, broken, drawn, share)
    if share > _NOTHING or (broken & ~shapely.is_valid(drawn)).any():
        findings.append(_finding("vector.repaired", entry, _told_repair(broken, changed, share)))
    kept = ~shapely.is_empty(fixed)
    _tell_flat(entry, kept, findings)
    return layer.set_geometry(fixed, crs=layer.crs)[kept].reset_index(drop=True)


def _tell_flat(entry: Entry, kept: Array, findings: list[Finding]) -> None:
    """Features of which nothing is left: their outlines enclose nothing."""
    flat = int((~kept).sum())
    if not kept.any():
        raise UserError(
            say("no feature of the layer has an area or a length"), where=entry.where,
            by_how_much=say("{n} features", n=flat),
            next_step=say("draw it anew: each outline goes there and back along one line"),
        )  # fmt: skip
    if flat:
        message = say(
            "{n} of {all} features enclose nothing and were left out (the first is number {first})",
            n=flat, all=len(kept), first=int(np.flatnonzero(~kept)[0]) + 1,
        )  # fmt: skip
        findings.append(_finding("vector.flat", entry, message))


def _large_repair(
    entry: Entry, shapes: Array, broken: Array, drawn: Array, share: float
) -> UserError:
    """A repair that changes the layer's area; where, is told as the file has it."""
    first = int(np.flatnonzero(broken)[0])
    own = drawn if not shapely.is_valid(drawn[first]) else shapes
    return UserError(
        say("the polygons cross themselves, and repairing them changes their area: {why}",
            why=shapely.is_valid_reason(own[first])),
        where=entry.where,
        by_how_much=say("{features}; {share} % of the layer's area",
                        features=which_features(broken), share=_percent(share)),
        next_step=say("repair the layer by hand (QGIS: Fix geometries) and look at the result"),
    )  # fmt: skip


def _change(shapes: Array, fixed: Array, broken: Array) -> tuple[float, float]:
    """By how much area a repair changes the broken features, and as a share of the layer."""
    before, after = shapely.area(shapes[broken]), shapely.area(fixed[broken])
    changed = float(np.abs(after - before).sum())
    return changed, changed / max(float(shapely.area(fixed).sum()), 1e-300)


def which_features(marked: Array) -> str:
    """How many features of a layer are marked, of how many, and the first."""
    return say(
        "{n} of {all} features, the first is number {first}",
        n=int(marked.sum()), all=len(marked), first=int(np.flatnonzero(marked)[0]) + 1,
    )  # fmt: skip


def _told_repair(broken: Array, changed: float, share: float) -> str:
    return say(
        "self-intersections repaired in {amount}; "
        "area changed by {changed:,.0f} m2 ({share:.2g} %)",
        amount=which_features(broken),
        changed=changed,
        share=100 * share,
    )


def _percent(share: float) -> str:
    """A share in %, as a person writes it: 0.12, 3.4, 100."""
    value = 100 * share
    return f"{value:.2g}" if value < 9.5 else f"{value:,.0f}"


def _valid(shape: Any) -> Any:
    """A valid geometry of the same dimension; what make_valid leaves as lines or points goes."""
    valid = shapely.make_valid(shape)
    if valid.geom_type != "GeometryCollection":
        wanted = shapely.get_dimensions(shape)
        return valid if shapely.get_dimensions(valid) == wanted else type(shape)()
    return _polygons_of(valid)


def _finding(
    rule: str, entry: Entry, message: str, severity: Severity = Severity.WARNING
) -> Finding:
    return Finding(rule, entry.name, severity, message, entry.uri)


@dataclass(frozen=True)
class PolygonSource:
    """Polygons as cells, rasterised by fixed tiles when read; a later polygon covers an earlier.

    A cell has the value of the polygon that holds its centre; `outside` where there is none.
    """

    shapes: Array
    values: tuple[int, ...]
    grid: Grid
    outside: int = MISSING
    _memory: dict[tuple[int, int], Array] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes)

    def read(self, window: Window) -> Array:
        rows, columns = window
        out = np.empty(window_shape(window), dtype=np.int32)
        for top in range(rows.start // _TILE * _TILE, rows.stop, _TILE):
            for left in range(columns.start // _TILE * _TILE, columns.stop, _TILE):
                cells = self._tile(top, left)
                r0, r1 = max(rows.start, top), min(rows.stop, top + _TILE)
                c0, c1 = max(columns.start, left), min(columns.stop, left + _TILE)
                out[r0 - rows.start : r1 - rows.start, c0 - columns.start : c1 - columns.start] = (
                    cells[r0 - top : r1 - top, c0 - left : c1 - left]
                )
        return out

    def _tile(self, top: int, left: int) -> Array:
        from affine import Affine
        from rasterio.features import rasterize

        affine = self.grid.affine @ Affine.translation(left, top)
        west, north = affine @ (0, 0)
        east, south = affine @ (_TILE, _TILE)
        found = np.sort(self._tree.query(shapely.box(west, south, east, north)))
        cells = np.full((_TILE, _TILE), self.outside, dtype=np.int32)
        if len(found):
            burning = [(self.shapes[i], self.values[i]) for i in found]
            rasterize(burning, out=cells, transform=affine, all_touched=False)
        return cells


def burn(
    layer: GeoDataFrame,
    grid: Grid,
    values: Sequence[int] | str | None = None,
    *,
    name: str = "polygons",
    legend: Mapping[int, str] | None = None,
    outside: int | None = None,
) -> Raster:
    """Polygons on a grid as a category raster, rasterised by window, by the cell-centre rule.

    values: one code per feature, or a column of codes; None gives 1 inside and 0 outside. Elsewhere
    cells outside are missing unless `outside` says otherwise. A later feature covers an earlier.
    """
    if values is None:
        codes: tuple[int, ...] = (1,) * len(layer)
        outside = 0 if outside is None else outside
        legend = legend or {0: "outside", 1: "inside"}
    else:
        column = layer[values] if isinstance(values, str) else values
        codes = tuple(int(v) for v in column)
    shapes = layer.geometry.to_numpy()
    source = PolygonSource(shapes, codes, grid, MISSING if outside is None else outside)
    return Raster(name, grid, source, "1", "category", legend or {c: str(c) for c in set(codes)})


def write_vector(path: Path, layer: GeoDataFrame, layer_name: str) -> None:
    """A GeoPackage with one layer that appears whole or not at all, the same bytes each time."""
    part = temporary_beside(path)
    # GeoPackage keeps the time of the last change; GDAL lets it be said.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pyogrio.write_dataframe(_in_known_crs(layer), part, layer=layer_name, driver="GPKG")
        part.replace(path)
    except (*FAULTS, RuntimeError) as fault:  # pyogrio's faults are RuntimeErrors
        raise write_failed(path, fault, int(layer.memory_usage().sum())) from fault
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
        discard(part)


class _KnownCRS(CRS):
    """A CRS whose EPSG number is looked up once: a plane of one's own is compared with all of them,
    a third of a second for each file that is written."""

    def to_epsg(self, min_confidence: int = 70) -> int | None:
        return _epsg(self.to_wkt(), min_confidence)


@cache
def _epsg(wkt: str, min_confidence: int) -> int | None:
    return CRS(wkt).to_epsg(min_confidence)


def _in_known_crs(layer: GeoDataFrame) -> GeoDataFrame:
    if layer.crs is None:
        return layer
    return layer.set_crs(_KnownCRS(layer.crs), allow_override=True)
