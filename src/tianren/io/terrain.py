"""Slope and relief derived on the elevation's own grid, with true cell sizes, before alignment.

Slope averaged to a coarse grid is not the slope of a coarse elevation: the first is meant
(science, section 12).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from pyproj import CRS

from tianren.findings import Finding, Severity
from tianren.geo.moves import move_between
from tianren.io.alignment import Aligned, WarpedSource, tile_size
from tianren.io.kept import VERSION, Kept, content_key, grid_words
from tianren.io.native import NativeRaster, open_native
from tianren.io.sources import Entry, content_sha256
from tianren.language import say
from tianren.raster.align import plan_alignment
from tianren.raster.raster import Array, Grid, Raster
from tianren.science.terrain import relief_amplitude, slope_horn, window_cells

_LARGEST_SIDE = 1024  # cells of elevation on a side for one tile: terrain takes many copies
UNITS = {"slope": "degree", "relief": "m"}


@dataclass(frozen=True)
class DerivedTerrain:
    """Slope and relief of a delivered elevation, computed for whatever piece is read.

    wanted: "slope" or "relief", by band; window: side of the relief window, m. It stands in for a
    delivered raster: same grid, read by piece.
    """

    elevation: NativeRaster
    wanted: tuple[str, ...]
    window: float

    @property
    def entry(self) -> Entry:
        return self.elevation.entry

    @property
    def grid(self) -> Grid:
        return self.elevation.grid

    @property
    def is_category(self) -> bool:
        return False

    @cached_property
    def smallest_cell(self) -> float:
        """The narrowest cell of the elevation in metres: where a window holds the most cells."""
        rows = self.grid.shape[0]
        sample = np.unique(np.linspace(0, rows - 1, 33).astype(int))
        width, height = cell_sizes(self.grid, sample, self.grid.shape[1] // 2)
        return max(float(min(np.nanmin(width), np.nanmin(height))), 1e-3)

    def read(self, band: int, rows: slice, columns: slice) -> Array:
        """Cells of slope (degree) or relief (m), float32 with NaN."""
        name = self.wanted[band]
        halo = 1
        if name == "relief":
            halo = max(window_cells(self.window, self.smallest_cell) // 2, 1)
        wide, (up, left) = self._with_halo(rows, columns, halo)
        middle = (columns.start + columns.stop) // 2
        width, height = cell_sizes(
            self.grid, np.arange(rows.start - up, rows.start - up + wide.shape[0]), middle
        )
        if name == "slope":
            cells = slope_horn(wide, width, height)
        else:
            cells = relief_amplitude(wide, self.window, width, height)
        inner = cells[up : up + rows.stop - rows.start, left : left + columns.stop - columns.start]
        return inner.astype(np.float32)

    def _with_halo(self, rows: slice, columns: slice, halo: int) -> tuple[Array, tuple[int, int]]:
        """Elevation of a piece and its neighbourhood, as far as the file goes; float64."""
        height, width = self.grid.shape
        r0, r1 = max(rows.start - halo, 0), min(rows.stop + halo, height)
        c0, c1 = max(columns.start - halo, 0), min(columns.stop + halo, width)
        cells = self.elevation.read(0, slice(r0, r1), slice(c0, c1)).astype(np.float64)
        return cells, (rows.start - r0, columns.start - c0)


def cell_sizes(grid: Grid, rows: Array, column: int) -> tuple[Array, Array]:
    """True width and height in metres of the cells of some rows, measured on the ellipsoid.

    In degrees a cell narrows towards the poles; in Web Mercator both sides shrink.
    """
    crs = CRS(grid.crs.proj)
    earth, degrees = crs.get_geod(), crs.geodetic_crs
    if earth is None or degrees is None:
        size = np.ones(len(rows))
        return size * abs(grid.affine.a), size * abs(grid.affine.e)
    move = move_between(crs, degrees)
    middle = rows + 0.5

    def place(j: float, i: Array) -> tuple[Array, Array]:
        x, y = grid.affine @ (np.full(len(rows), j), i)
        lon, lat = move.transform(x, y)
        return np.asarray(lon), np.asarray(lat)

    west, east = place(column, middle), place(column + 1, middle)
    north, south = place(column + 0.5, middle - 0.5), place(column + 0.5, middle + 0.5)
    return np.abs(earth.inv(*west, *east)[2]), np.abs(earth.inv(*north, *south)[2])


def derive_terrain(
    entry: Entry,
    grid: Grid,
    cache_folder: Path,
    *,
    digest: str = "",
    wanted: Sequence[str] = ("slope", "relief"),
    relief_window: float,
) -> Aligned:
    """Slope (degree, Horn 1981) and relief (m) from an elevation source, on the project's grid.

    They are computed where the elevation was measured, then put on the grid like any continuous
    layer. relief_window: side of the window in metres.
    """
    if not wanted:
        return Aligned((), ())
    native = open_native(entry)
    terrain = DerivedTerrain(native, tuple(wanted), relief_window)
    plan = plan_alignment("continuous", native.grid, grid)
    key = content_key(
        [VERSION, digest or content_sha256(entry), "terrain", list(wanted), relief_window,
         plan.method, entry.missing, entry.crs, [repr(b) for b in native.bands],
         grid_words(native.grid), grid_words(grid)]
    )  # fmt: skip
    lazy = [
        Raster(name, grid, WarpedSource(terrain, i, grid, plan), UNITS[name])
        for i, name in enumerate(wanted)
    ]
    kept = Kept(cache_folder, key, wanted)
    if not kept.there:
        kept.write(lazy, tile_size(plan.ratio, _LARGEST_SIDE))
        kept.finish([_derived(name, terrain) for name in wanted])
    return Aligned(tuple(kept.read(lazy)), tuple(kept.findings()))


def _derived(name: str, terrain: DerivedTerrain) -> Finding:
    message = say(
        "{name} was derived from {source} on its own grid, whose cells are {cell:,.0f} m there",
        name=name,
        source=terrain.entry.name,
        cell=terrain.smallest_cell,
    )
    if name == "relief":
        cells = window_cells(terrain.window, terrain.smallest_cell)
        message += say(
            ", in a window of {window:,.0f} m ({cells} cells)", window=terrain.window, cells=cells
        )
    return Finding("terrain.derived", name, Severity.NOTE, message, "Horn (1981)")
