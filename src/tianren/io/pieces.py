"""Which cells of a delivered raster lie under a tile of our grid, across the antimeridian too."""

import math
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from affine import Affine
from pyproj import CRS

from tianren.geo.moves import move_between
from tianren.raster.raster import Array, Grid, Window

_LATTICE = 17  # points a side at which the edge of a tile is followed
_MARGIN = 2  # source cells that resampling may look at beyond the tile


@dataclass(frozen=True)
class Piece:
    """Rows and columns of a source, and how many turns round the Earth (x 360) they are moved."""

    rows: slice
    columns: slice
    turns: int


@dataclass(frozen=True)
class Cover:
    """The pieces under a tile, and the columns of the whole at which each starts.

    shape, affine: of the whole; its columns count on past the source's last one when the tile lies
    across the source's edge.
    """

    pieces: tuple[Piece, ...]
    starts: tuple[int, ...]
    shape: tuple[int, int]
    affine: Affine


def window_affine(grid: Grid, window: Window) -> Affine:
    """The affine of a window of a grid."""
    shifted: Affine = grid.affine @ Affine.translation(window[1].start, window[0].start)
    return shifted


def cover(source: Grid, target: Grid, window: Window) -> Cover | None:
    """The cells of `source` under a window of `target`; None when there are none."""
    places = _places(source, target, window)
    if places is None:
        return None
    row0, row1, col0, col1 = _bounds(source, *places)
    height, width = source.shape
    row0, row1 = max(row0, 0), min(row1, height)
    if row0 >= row1:
        return None
    period = _period(source)
    pieces = _turned(width, period, row0, row1, col0, col1)
    if not pieces:
        return None
    return _joined(source, pieces)


def _places(source: Grid, target: Grid, window: Window) -> tuple[Array, Array] | None:
    """Points of the window in the source's CRS; longitudes continuous round the window's middle."""
    rows, columns = window
    i, j = np.meshgrid(
        np.linspace(rows.start, rows.stop, _LATTICE),
        np.linspace(columns.start, columns.stop, _LATTICE),
    )
    x, y = target.affine @ (j.ravel(), i.ravel())
    x, y = (np.asarray(v) for v in move_between(target.crs.proj, source.crs.proj).transform(x, y))
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        return None
    x, y = x[finite], y[finite]
    if CRS(source.crs.proj).is_geographic:
        middle = x[len(x) // 2]
        x = middle + (x - middle + 180) % 360 - 180
    return x, y


def _bounds(source: Grid, x: Array, y: Array) -> tuple[int, int, int, int]:
    columns, rows = ~source.affine @ (x, y)
    # The edge bends a little between the points of the lattice.
    bend = 0.02 * max(np.ptp(columns), np.ptp(rows)) + _MARGIN
    return (
        math.floor(rows.min() - bend),
        math.ceil(rows.max() + bend),
        math.floor(columns.min() - bend),
        math.ceil(columns.max() + bend),
    )


def _period(source: Grid) -> float:
    """Columns of the source round the whole Earth; infinite for a projected source."""
    if not CRS(source.crs.proj).is_geographic or source.affine.a == 0:
        return math.inf
    return abs(360.0 / float(source.affine.a))


def _turned(
    width: int, period: float, row0: int, row1: int, col0: int, col1: int
) -> list[tuple[Piece, int]]:
    """Pieces with the column at which each begins in continuous columns."""
    turns = [0] if math.isinf(period) else [-2, -1, 0, 1, 2]
    found = []
    for turn in turns:
        shift = 0 if turn == 0 else round(turn * period)
        start, stop = max(col0 - shift, 0), min(col1 - shift, width)
        if start < stop:
            found.append((Piece(slice(row0, row1), slice(start, stop), turn), start + shift))
    return sorted(found, key=itemgetter(1))


def _joined(source: Grid, pieces: list[tuple[Piece, int]]) -> Cover:
    rows = pieces[0][0].rows
    first = pieces[0][1]
    last = max(start + p.columns.stop - p.columns.start for p, start in pieces)
    affine = source.affine @ Affine.translation(first, rows.start)
    if len(pieces) == 1 and pieces[0][0].turns:
        # Alone, a piece keeps its exact place even where 360 degrees are no whole cells.
        piece = pieces[0][0]
        east = math.copysign(360.0 * piece.turns, source.affine.a * piece.turns)
        affine = Affine.translation(east, 0) @ (
            source.affine @ Affine.translation(piece.columns.start, rows.start)
        )
    return Cover(
        tuple(p for p, _ in pieces),
        tuple(start - first for _, start in pieces),
        (rows.stop - rows.start, last - first),
        affine,
    )
