"""The exact share of every cell that a polygon covers. Importing this imports numba.

A ring is cut at the borders of rows and columns. Each piece of an edge adds to its own cell the
signed area on its right side, and to every cell further right in the row its signed height; a
sweep along the rows of the cells that edges touch then gives all shares, inside cells included.
The method is that of exact-area scan conversion in font rendering; the work grows with the length
of the boundary and the number of cells inside, not with the size of the grid.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse
import shapely
from numpy.typing import NDArray

from tianren.geo.few_cells import ROUNDING
from tianren.kernels import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def cell_fractions(polygons: Sequence[Any] | NDArray[Any], grid: Any) -> "scipy.sparse.csr_array":
    """The share 0 < x <= 1 of each cell that each polygon covers: (polygons x cells) float64.

    polygons: valid polygons or multipolygons in the grid's CRS (lines and points cover nothing);
    cells are counted row by row from the grid's first corner. What lies beyond the grid is left
    out: shares x cell area sum to the polygon's area inside the grid. A polygon that covers a cell
    in several places gives one share. A grid that is turned or flipped is as good as any.
    """
    rows, columns = grid.shape
    back = ~grid.affine
    found = [_one(shape, back, rows, columns) for shape in polygons]
    counts = np.array([len(cells) for cells, _ in found], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    cells = _joined([c for c, _ in found], np.int64)
    shares = _joined([s for _, s in found], np.float64)
    size = (len(found), rows * columns)
    return scipy.sparse.csr_array((shares, cells, indptr), shape=size)


def _joined(parts: list[Any], dtype: Any) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def _one(shape: Any, back: Any, rows: int, columns: int) -> tuple[Ints, Floats]:
    """Cells, in order, and shares of one polygon."""
    x, y, first = _rings(shape)
    if len(first) == 1:
        return np.empty(0, dtype=np.int64), np.empty(0)
    across = back.a * x + back.b * y + back.c
    down = back.d * x + back.e * y + back.f
    signs = _signs(across, down, first, _holes(shape))
    cells, heights, areas = _pieces(across, down, first, signs, rows, columns)
    order = np.argsort(cells, kind="stable")
    return _sweep(cells[order], heights[order], areas[order], columns)


def _polygons(shape: Any) -> NDArray[Any]:
    parts = shapely.get_parts(shapely.get_parts(shape))  # a collection may hold multipolygons
    return np.asarray(parts[shapely.get_dimensions(parts) == 2])


def _rings(shape: Any) -> tuple[Floats, Floats, Ints]:
    """Coordinates of all rings, and where each ring begins (with the end of the last)."""
    rings = shapely.get_rings(_polygons(shape))
    coordinates, of = shapely.get_coordinates(rings, return_index=True)
    first = np.searchsorted(of, np.arange(len(rings) + 1)).astype(np.int64)
    return coordinates[:, 0], coordinates[:, 1], first


def _holes(shape: Any) -> NDArray[np.bool_]:
    """Whether each ring is a hole: the first ring of each polygon is not."""
    _, of = shapely.get_rings(_polygons(shape), return_index=True)
    return np.concatenate([[False], of[1:] == of[:-1]])


def _signs(x: Floats, y: Floats, first: Ints, holes: NDArray[np.bool_]) -> Floats:
    """What makes the pieces of each ring add where it is a shell and take where it is a hole."""
    turned = np.array([_turn(x[a:b], y[a:b]) for a, b in pairwise(first)])
    return np.where(holes, -turned, turned)


def _turn(x: Floats, y: Floats) -> float:
    # About the first point: far from the origin the products would drown the difference.
    east, south = x - x[0], y - y[0]
    twice = float(np.sum(east[:-1] * south[1:] - east[1:] * south[:-1]))
    return -1.0 if twice > 0 else 1.0


@kernel
def _pieces(
    x: Floats, y: Floats, first: Ints, signs: Floats, rows: int, columns: int
) -> tuple[Ints, Floats, Floats]:
    """The pieces of all edges: cell, signed height, signed area right of the piece in its cell."""
    size = 0
    for i in range(len(x) - 1):
        size += int(min(abs(y[i + 1] - y[i]), rows) + min(abs(x[i + 1] - x[i]), columns)) + 4
    cells, heights, areas = np.empty(size, np.int64), np.empty(size), np.empty(size)
    count = 0
    for ring in range(len(signs)):
        for i in range(first[ring], first[ring + 1] - 1):
            count = _edge(
                x[i], y[i], x[i + 1], y[i + 1], signs[ring], rows, columns,
                cells, heights, areas, count,
            )  # fmt: skip
    return cells[:count], heights[:count], areas[:count]


@kernel
def _edge(
    x0: float, y0: float, x1: float, y1: float, sign: float, rows: int, columns: int,
    cells: Ints, heights: Floats, areas: Floats, count: int,
) -> int:  # fmt: skip
    """Cut one edge at the borders of rows, always downwards: there and back agree to the bit."""
    if y0 > y1:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -sign
    if y0 == y1 or y1 <= 0.0 or y0 >= rows:
        return count
    slope = (x1 - x0) / (y1 - y0)
    low, high = min(x0, x1), max(x0, x1)
    row = int(max(np.floor(y0), 0.0))
    top = max(y0, 0.0)
    left = min(max(x0 + (top - y0) * slope, low), high)
    while row < rows and top < y1:
        bottom = min(row + 1.0, y1)
        right = x1 if bottom == y1 else min(max(x0 + (bottom - y0) * slope, low), high)
        count = _across(
            left, top, right, bottom, sign, row, columns, cells, heights, areas, count
        )  # fmt: skip
        row, top, left = row + 1, bottom, right
    return count


@kernel
def _across(
    xa: float, ya: float, xb: float, yb: float, sign: float, row: int, columns: int,
    cells: Ints, heights: Floats, areas: Floats, count: int,
) -> int:  # fmt: skip
    """Cut a piece within one row at the borders of columns, from left to right.

    What lies left of the grid counts at its edge; what lies right of it counts nowhere.
    """
    if xa > xb:
        xa, ya, xb, yb, sign = xb, yb, xa, ya, -sign
    if xa >= columns:
        return count
    slope = (yb - ya) / (xb - xa) if xb > xa else 0.0
    x, y, column = xa, ya, 0
    if xa >= 0.0:
        column = int(np.floor(xa))
    else:
        x = min(0.0, xb)
        y = yb if xb <= 0.0 else ya + (x - xa) * slope
        count = _note(row * columns, sign * (y - ya), sign * (y - ya), cells, heights, areas, count)
    while column < columns and (x < xb or (x == xb and y != yb)):
        end = min(column + 1.0, xb)
        below = yb if end == xb else ya + (end - xa) * slope
        height = sign * (below - y)
        area = height * (column + 1.0 - 0.5 * (x + end))
        count = _note(row * columns + column, height, area, cells, heights, areas, count)
        x, y, column = end, below, column + 1
    return count


@kernel
def _note(
    cell: int, height: float, area: float,
    cells: Ints, heights: Floats, areas: Floats, count: int,
) -> int:  # fmt: skip
    cells[count], heights[count], areas[count] = cell, height, area
    return count + 1


@kernel
def _sweep(cells: Ints, heights: Floats, areas: Floats, columns: int) -> tuple[Ints, Floats]:
    """Shares of the touched cells and of the runs between them; cells in ascending order."""
    size = _filled(cells, heights, areas, columns, np.empty(0, np.int64), np.empty(0))
    found, shares = np.empty(size, np.int64), np.empty(size)
    _filled(cells, heights, areas, columns, found, shares)
    return found, shares


@kernel
def _filled(
    cells: Ints, heights: Floats, areas: Floats, columns: int, found: Ints, shares: Floats
) -> int:
    """How many cells have a share; they are written where there is room for them."""
    count, i, total, row = 0, 0, 0.0, np.int64(-1)
    writing = len(found) > 0
    while i < len(cells):
        cell = cells[i]
        if cell // columns != row:
            row, total = cell // columns, 0.0
        share, height = total, 0.0
        while i < len(cells) and cells[i] == cell:
            share += areas[i]
            height += heights[i]
            i += 1
        count = _put(cell, share, writing, found, shares, count)
        total += height
        last = cells[i] if i < len(cells) and cells[i] // columns == row else (row + 1) * columns
        if abs(total) > ROUNDING:
            for inside in range(cell + 1, last):
                count = _put(inside, total, writing, found, shares, count)
    return count


@kernel
def _put(
    cell: int, share: float, writing: bool, found: Ints, shares: Floats, count: int
) -> int:  # fmt: skip
    if share <= ROUNDING:
        return count
    if writing:
        found[count] = cell
        shares[count] = 1.0 if share > 1.0 - ROUNDING else share
    return count + 1
