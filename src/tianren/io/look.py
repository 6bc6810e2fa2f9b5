"""A quick look at a raster source before use: whatever would refuse it later refuses it now."""

from tianren.io.alignment import constant, no_data, require_overlap
from tianren.io.native import NativeRaster, open_native
from tianren.io.pieces import cover
from tianren.io.rain import judged, open_series
from tianren.io.sources import Entry
from tianren.io.survey import judge, survey
from tianren.parameters.layers import layers
from tianren.raster.align import plan_alignment
from tianren.raster.raster import Grid, whole


def look(entry: Entry, grid: Grid) -> None:
    """Open a source and judge a sample of its cells; raises what `alignment.align` would raise.

    Header, CRS, place, bands, unit, values against their plausible range, codes against the
    legend, undeclared nodata, blocks that cannot be read. A sample is read, the whole where it is
    small: what hides between the places looked at is found later.
    """
    known = layers().get(entry.layer)
    if entry.is_constant:
        constant(entry, grid)
    elif known is not None and known.bands == 0:
        series = open_series(entry)
        _look_at_place(series.parts[0], grid)
        judged(series, grid, sample=True)
    else:
        native = open_native(entry)
        _look_at_place(native, grid)
        for band in range(len(native.bands)):
            _look_at_band(native, band, grid)


def _look_at_place(native: NativeRaster, grid: Grid) -> None:
    plan_alignment(native.entry.kind, native.grid, grid)  # type: ignore[arg-type]
    require_overlap(native, grid)


def _look_at_band(native: NativeRaster, band: int, grid: Grid) -> None:
    found = survey(native, band, grid, sample=True)
    judge(native, band, found)
    if not found.valid and found.cells == _cells(native, grid):
        raise no_data(native.entry, native.bands[band].name, found.cells)


def _cells(native: NativeRaster, grid: Grid) -> int:
    """Cells of a source under the grid."""
    found = cover(native.grid, grid, whole(grid))
    return found.shape[0] * found.shape[1] if found else 0
