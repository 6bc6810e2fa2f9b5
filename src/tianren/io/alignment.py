"""Layers put on the project's grid once, and kept under the hash of everything that made them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from affine import Affine
from pyproj import CRS

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.kept import VERSION, Kept, content_key, grid_words
from tianren.io.native import NativeRaster, open_native
from tianren.io.pieces import Cover, cover, window_affine
from tianren.io.rasters import FAULTS
from tianren.io.sources import Entry, content_sha256
from tianren.io.survey import judge, survey, unit_findings
from tianren.io.units import conversions
from tianren.language import say
from tianren.parameters.layers import COASTAL, PRESENCE, layers, raster_names
from tianren.raster.align import Alignment, plan_alignment
from tianren.raster.blocks import reduce_blocks
from tianren.raster.raster import (
    MISSING,
    Array,
    ConstantSource,
    Grid,
    Raster,
    Window,
    whole,
    window_shape,
)

_LARGEST_SIDE = 2048  # source cells on a side that are in memory for one tile
_LARGEST_TILE = 512
_LAND = 1  # realm code
_TOLERANCE = 1e-6  # of a source cell: how far GDAL may place one off


@dataclass(frozen=True)
class Aligned:
    """A layer on the project's grid, with what was found on the way."""

    rasters: tuple[Raster, ...]
    findings: tuple[Finding, ...]


def align(
    entry: Entry,
    grid: Grid,
    cache_folder: Path,
    *,
    digest: str = "",
    inside: Raster | None = None,
) -> Aligned:
    """A raster source, or a constant, on the project's grid: one Raster a band.

    digest: sha256 of the source's files, part of the cache's key (taken when not given).
    inside: 1 on land, 2 at sea (the realm); a layer without any data there is refused, a gap on
    land is a Finding. Raises UserError for whatever io.native and io.survey refuse; then nothing is
    kept.
    """
    if entry.is_constant:
        return Aligned(constant(entry, grid), ())
    native = open_native(entry)
    plan = plan_alignment(_kind(entry), native.grid, grid)
    key = _key(entry, native, grid, plan.method, digest or content_sha256(entry), inside)
    names = [band.name for band in native.bands]
    lazy = [
        Raster(band.name, grid, WarpedSource(native, i, grid, plan), native.unit, _kind(entry),
               entry.legend)
        for i, band in enumerate(native.bands)
    ]  # fmt: skip
    kept = Kept(cache_folder, key, names)
    if not kept.there:
        require_overlap(native, grid)
        findings = list(unit_findings(native))
        for i in range(len(native.bands)):
            findings += judge(native, i, survey(native, i, grid))
        kept.write(lazy, tile_size(plan.ratio))
        findings += coverage(entry, kept.read(lazy), inside)
        kept.finish(findings)
    return Aligned(tuple(kept.read(lazy)), tuple(kept.findings()))


def _kind(entry: Entry) -> Any:
    return entry.kind


def constant(entry: Entry, grid: Grid) -> tuple[Raster, ...]:
    """A declared number as the rasters of its layer; UserError where it is not plausible."""
    known = layers().get(entry.layer)
    category = entry.kind == "category"
    count = known.bands if known else 1
    wanted = known.unit if known and not category else entry.unit
    value = float(entry.constant or 0.0)
    if category and int(value) not in entry.legend:
        raise UserError(
            f"the constant {value:g} is not in the legend of {entry.layer}",
            where=entry.where,
            next_step=f"use one of {sorted(entry.legend)}",
        )
    how = conversions(entry.unit, wanted, range(1, count + 1), where=entry.where)
    values = [np.float32(value * h.factor + h.offset) for h in how]
    _require_plausible(entry, [float(v) for v in values])
    return tuple(
        Raster(name, grid, ConstantSource(float(v), category), wanted, _kind(entry), entry.legend)
        for name, v in zip(raster_names(entry.layer, count), values, strict=True)
    )


def _require_plausible(entry: Entry, values: Sequence[float]) -> None:
    known = layers().get(entry.layer)
    if known is None or entry.kind == "category":
        return
    for value in values:
        low = value if known.low is None else known.low
        high = value if known.high is None else known.high
        if not low <= value <= high:
            raise UserError(
                f"the constant {entry.constant:g} {entry.unit} is not plausible for {entry.layer}",
                where=entry.where,
                by_how_much=f"{value:g}, plausible are {low:g} to {high:g} {known.unit}",
                next_step=f"check the constant and its unit in [{entry.name}] of catalog.toml",
            )


class Native(Protocol):
    """A raster on its own grid: delivered, or derived from one that was."""

    @property
    def entry(self) -> Entry: ...
    @property
    def grid(self) -> Grid: ...
    @property
    def is_category(self) -> bool: ...
    def read(self, band: int, rows: slice, columns: slice) -> Array: ...


@dataclass(frozen=True)
class WarpedSource:
    """A band of a delivered raster as if it lay on our grid: warped when a window is read."""

    native: Native
    band: int
    grid: Grid
    plan: Alignment

    def read(self, window: Window) -> Array:
        found = cover(self.native.grid, self.grid, window)
        if found is None:
            return _nothing(self.native, window_shape(window))
        return warp(
            gather(self.native, self.band, found), found, self.native, self.grid, window, self.plan
        )


def _nothing(native: Native, shape: tuple[int, int]) -> Array:
    if native.is_category:
        return np.full(shape, MISSING, dtype=np.int32)
    return np.full(shape, np.nan, dtype=np.float32)


def gather(native: Native, band: int, found: Cover) -> Array:
    """The cells under a tile as one array, pieces from both sides of the antimeridian joined."""
    if len(found.pieces) == 1:
        return native.read(band, found.pieces[0].rows, found.pieces[0].columns)
    out = _nothing(native, found.shape)
    for piece, start in zip(found.pieces, found.starts, strict=True):
        width = piece.columns.stop - piece.columns.start
        out[:, start : start + width] = native.read(band, piece.rows, piece.columns)
    return out


def warp(
    cells: Array, found: Cover, native: Native, grid: Grid, window: Window, plan: Alignment
) -> Array:
    """Resample gathered cells to a window of the grid, by the plan's method.

    A cell is the same whatever the window: places are exact, and GDAL is told not to widen its
    kernel by the ratio of the window's sizes. (rasterio's reproject() is off by up to 1/8 cell.)
    """
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.io import MemoryFile
    from rasterio.vrt import WarpedVRT

    fill = MISSING if native.is_category else float("nan")
    source, target = _in_memory(cells, found, native, fill), window_shape(window)
    try:
        with rasterio.Env(), MemoryFile() as memory:
            with memory.open(**source) as sink:
                sink.write(cells, 1)
            with (
                memory.open() as dataset,
                WarpedVRT(
                    dataset,
                    crs=grid.crs.to_wkt(),
                    transform=window_affine(grid, window),
                    height=target[0],
                    width=target[1],
                    resampling=Resampling[plan.method],
                    src_nodata=fill,
                    nodata=fill,
                    tolerance=_TOLERANCE,
                    warp_mem_limit=256,
                    XSCALE=1,
                    YSCALE=1,
                ) as warped,
            ):
                return np.asarray(warped.read(1))
    except FAULTS as fault:
        raise UserError(
            f"the layer cannot be put on the grid: {fault}",
            where=native.entry.where,
            next_step="check that the layer's CRS is the one its coordinates are in",
        ) from fault  # fmt: skip


def _in_memory(cells: Array, found: Cover, native: Native, fill: float) -> dict[str, Any]:
    """How the gathered cells are laid out for GDAL."""
    crs, affine = _within_180(native.grid, found)
    return {
        "driver": "GTiff", "height": cells.shape[0], "width": cells.shape[1], "count": 1,
        "dtype": cells.dtype, "nodata": fill, "crs": crs, "transform": affine,
    }  # fmt: skip


def _within_180(source: Grid, found: Cover) -> tuple[str, Affine]:
    """CRS and affine of gathered cells; beyond 180 E or W, with a prime meridian in their midst.

    GDAL looks for a place at 179 W, never at 181 E.
    """
    crs, columns = CRS(source.crs.proj), found.shape[1]
    ends = sorted((found.affine @ (0, 0), found.affine @ (columns, 0)))
    west, east = ends[0][0], ends[1][0]
    if not crs.is_geographic or (west >= -180 and east <= 180) or east - west > 359:
        return str(source.crs.to_wkt()), found.affine
    middle = round((west + east) / 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a PROJ string says less than WKT; the datum is in it
        words = crs.to_dict()
    kept = " ".join(f"+{k}={words[k]}" for k in ("datum", "ellps", "a", "b", "rf") if k in words)
    moved = Affine.translation(-middle, 0) @ found.affine
    return f"+proj=longlat {kept} +pm={(middle + 180) % 360 - 180} +no_defs", moved


def tile_size(ratio: float, side: int = _LARGEST_SIDE) -> int:
    """Cells of our grid on a side of a tile: as many as keep the source within `side` cells."""
    size = _LARGEST_TILE
    while size > 1 and size * ratio > side:
        size //= 2
    return size


def require_overlap(native: NativeRaster, grid: Grid) -> None:
    """Refuse a layer that lies elsewhere; says where both lie."""
    if cover(native.grid, grid, whole(grid)) is not None:
        return
    raise UserError(
        "the layer does not overlap the region",
        where=native.entry.where,
        by_how_much=f"it lies at {_extent(native.grid)}, the region at {_extent(grid)}",
        next_step="check its CRS, and whether x and y were exchanged",
    )


def _extent(grid: Grid) -> str:
    try:
        box = grid.footprint("EPSG:4326").boundingbox if grid.crs else grid.boundingbox
    except (ValueError, RuntimeError):
        box = grid.boundingbox
    west, south, east, north = box.bbox
    return f"{west:.4g} to {east:.4g} E, {south:.4g} to {north:.4g} N"


def _key(
    entry: Entry, native: NativeRaster, grid: Grid, method: str, digest: str, inside: Raster | None
) -> str:
    """The hash of everything that decides the cells and the findings."""
    # The region's own working copy is named by its content.
    region = Path(getattr(inside.source, "path", "")).name if inside else ""
    determining = {
        "version": VERSION,
        "digest": digest,
        "layer": entry.layer,
        "kind": entry.kind,
        "sublayer": entry.sublayer,
        "bands": [repr(band) for band in native.bands],
        "unit": [entry.unit, native.unit],
        "missing": entry.missing,
        "nodata": [repr(n) for n in native.nodata],
        "crs": native.grid.crs.to_wkt(),
        "legend": sorted(entry.legend.items()),
        "grid": grid_words(grid),
        "method": method,
        "region": region,
    }
    return content_key(determining)


# --- the region --------------------------------------------------------------------------------


def coverage(entry: Entry, rasters: Sequence[Raster], inside: Raster | None) -> list[Finding]:
    """Refuse a layer that has nothing to say about the region; tell how much of the land it lacks.

    The layers of the vocabulary describe land: at sea a gap is no fault. Where a layer only says
    where something is (PRESENCE, COASTAL, and layers of a project's own), a gap means absent.
    """
    if inside is None:
        return []
    worst, name = 1.0, ""
    for raster in rasters:
        region, known, land, known_land = reduce_blocks(_known_cells, [raster, inside], _added)
        share = known_land / land if land else 1.0
        if known == 0:
            raise no_data(entry, raster.name, region)
        share = known_land / land if land else 1.0
        if known == 0:
            raise UserError(
                f"{raster.name} has no data inside the region",
                where=entry.where,
                by_how_much=f"none of {region:,} cells",
                next_step="check the layer's CRS and extent, and which value means no data",
            )
        if share < worst:
            worst, name = share, raster.name
    if worst > 0.999 or entry.layer not in layers() or entry.layer in (*PRESENCE, *COASTAL):
        return []
    message = say("{name} has no data on {gap:.2g} % of the land", name=name, gap=100 * (1 - worst))
    return [Finding("layer.gaps", entry.layer, Severity.WARNING, message, entry.name)]


def no_data(entry: Entry, name: str, cells: int) -> UserError:
    """A layer that has nothing to say; cells: how many were looked at."""
    return UserError(
        f"{name} has no data inside the region",
        where=entry.where,
        by_how_much=f"none of {cells:,} cells",
        next_step="check the layer's CRS and extent, and which value means no data",
    )


def _known_cells(cells: Array, inside: Array) -> tuple[int, ...]:
    """Cells of the region and of its land, each in all and with data."""
    known = cells != MISSING if cells.dtype.kind == "i" else ~np.isnan(cells)
    parts = (inside > 0, inside == _LAND)
    return tuple(int(n) for part in parts for n in (part.sum(), (known & part).sum()))


def _added(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True))
