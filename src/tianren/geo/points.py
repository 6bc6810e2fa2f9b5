"""Millions of points in polygons, exactly: a point on an edge or a vertex is inside.

A grid over the polygons says of each cell which polygons cover it and which have their boundary in
it. A point in a cell without boundary needs no test; the others are tested by counting the edges to
their right (ray crossing, Shimrat 1962; the side of an edge exactly, see orientation.py) among the
edges of the polygon in that row of the grid alone. The answer is that of geopandas.sjoin with the
predicate "intersects".
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.geo.orientation import side
from tianren.geo.threads import processors
from tianren.kernels import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FINEST, _COARSEST = 2048, 16  # rows and columns of the grid
_MOST_ENTRIES = 40_000_000  # cells times polygons that the index may hold
_CHUNK = 1 << 18  # points that a thread takes at a time
OUTSIDE, INSIDE, BOUNDARY = 0, 1, 2


@dataclass(frozen=True)
class PolygonIndex:
    """Polygons made ready for points; see index_polygons.

    state: cells -> OUTSIDE all polygons, INSIDE one for certain, or only BOUNDARY candidates.
    entries: for each cell, from starts[cell], polygon * 2 + (1 when its boundary is in the cell).
    edges: x0, y0, x1, y1 of each polygon's edges by row of the grid, those reaching furthest east
    first; row_starts: from where, by polygon and row.
    """

    count: int
    bounds: tuple[float, float, float, float]
    size: int
    state: NDArray[np.uint8]
    starts: Ints
    entries: NDArray[np.int32]
    edges: Floats
    row_starts: Ints
    first_rows: Ints


def index_polygons(polygons: Sequence[Any] | NDArray[Any]) -> PolygonIndex:
    """Polygons and multipolygons in one plane, made ready for `inside`, `which` and `pairs`.

    Any plane serves, degrees too: an edge is the straight line of its coordinates. Empty geometries
    hold nothing. Raises UserError for other kinds of geometry.
    """
    shapes = np.asarray(polygons, dtype=object)
    _require_polygons(shapes)
    edges, owner = _edges(shapes)
    if not len(edges):
        return _nothing(len(shapes))
    bounds = _bounds(edges)
    size = _grid_size(edges, owner, bounds, len(shapes))
    rows, columns = _cells_of(edges, bounds, size)
    row_edges, row_starts, first_rows = _by_row(edges, owner, rows, len(shapes))
    touched = _touched(edges, owner, rows, columns, bounds, size)
    covered = _covered(touched, row_edges, row_starts, first_rows, bounds, size)
    starts, entries, state = _by_cell(touched, covered, size)
    return PolygonIndex(
        len(shapes), bounds, size, state, starts, entries, row_edges, row_starts, first_rows
    )


def inside(x: Floats, y: Floats, polygons: PolygonIndex | Sequence[Any]) -> NDArray[np.bool_]:
    """Whether each point lies in any of the polygons, on its boundary included; NaN does not."""
    index = _indexed(polygons)
    out = np.zeros(len(x), dtype=np.bool_)
    for _ in _in_threads(len(x), lambda part: _inside(*_args(x, y, part), out[part], *_of(index))):
        pass
    return out


def which(x: Floats, y: Floats, polygons: PolygonIndex | Sequence[Any]) -> NDArray[np.int32]:
    """The first polygon that holds each point, its boundary included; -1 where none does.

    For polygons that do not overlap this is the polygon; on a shared edge it is the first of both.
    """
    index = _indexed(polygons)
    out = np.full(len(x), -1, dtype=np.int32)
    for _ in _in_threads(len(x), lambda part: _which(*_args(x, y, part), out[part], *_of(index))):
        pass
    return out


def pairs(
    x: Floats, y: Floats, polygons: PolygonIndex | Sequence[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Every (point, polygon) that belong together, by point, then by polygon."""
    index = _indexed(polygons)

    def found(part: slice) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        xs, ys = _args(x, y, part)
        points, owners = _pairs(xs, ys, *_of(index))
        return points + part.start, owners

    every = list(_in_threads(len(x), found))
    if not every:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    return np.concatenate([p for p, _ in every]), np.concatenate([o for _, o in every])


def _indexed(polygons: PolygonIndex | Sequence[Any]) -> PolygonIndex:
    return polygons if isinstance(polygons, PolygonIndex) else index_polygons(polygons)


def _args(x: Floats, y: Floats, part: slice) -> tuple[Floats, Floats]:
    return np.asarray(x[part], dtype=np.float64), np.asarray(y[part], dtype=np.float64)


def _of(index: PolygonIndex) -> tuple[Any, ...]:
    return (
        np.array(index.bounds), index.size, index.state, index.starts, index.entries,
        index.edges, index.row_starts, index.first_rows,
    )  # fmt: skip


def _in_threads(count: int, work: Any) -> Iterator[Any]:
    """The work on each chunk of points, in the order of the chunks; kernels run without a lock."""
    parts = [slice(i, min(i + _CHUNK, count)) for i in range(0, count, _CHUNK)]
    if len(parts) < 2:
        return map(work, parts)
    with ThreadPoolExecutor(processors()) as threads:
        return iter(list(threads.map(work, parts)))


# --- building the index ------------------------------------------------------------------------


def _require_polygons(shapes: NDArray[Any]) -> None:
    kinds = shapely.get_type_id(shapes)
    wrong = ~np.isin(kinds, (-1, 3, 6)) & ~shapely.is_empty(shapes)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise UserError(
            f"polygons are needed, number {first + 1} is a {shapes[first].geom_type}",
            by_how_much=f"{int(wrong.sum())} of {len(shapes)}",
            next_step="name a layer of polygons",
        )


def _edges(shapes: NDArray[Any]) -> tuple[Floats, Ints]:
    """Edges as rows x0, y0, x1, y1, and the polygon of each."""
    parts, polygon = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    edges = np.hstack([points[:-1][same], points[1:][same]])
    owner = polygon[part[ring[:-1][same]]]
    finite = np.isfinite(edges).all(axis=1)
    return np.ascontiguousarray(edges[finite]), owner[finite].astype(np.int64)


def _nothing(count: int) -> PolygonIndex:
    return PolygonIndex(
        count, (0.0, 0.0, -1.0, -1.0), 1, np.zeros(1, np.uint8), np.zeros(2, np.int64),
        np.empty(0, np.int32), np.empty((0, 4)), np.zeros(1, np.int64), np.zeros(count, np.int64),
    )  # fmt: skip


def _bounds(edges: Floats) -> tuple[float, float, float, float]:
    x, y = edges[:, 0::2], edges[:, 1::2]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _grid_size(
    edges: Floats, owner: Ints, bounds: tuple[float, float, float, float], count: int
) -> int:
    """Rows and columns: some cells an edge, fewer where many polygons overlap."""
    wanted = int(np.clip(4 * np.sqrt(len(edges)), _COARSEST, _FINEST))
    width, height = max(bounds[2] - bounds[0], 1e-300), max(bounds[3] - bounds[1], 1e-300)
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    for ends in (edges[:, :2], edges[:, 2:]):
        np.minimum.at(low, owner, ends)
        np.maximum.at(high, owner, ends)
    spans = np.maximum(high - low, 0.0) / (width, height)
    overlap = float(spans.prod(axis=1).sum())
    most = int(np.sqrt(_MOST_ENTRIES / max(overlap, 1.0)))
    return max(_COARSEST, min(wanted, most))


def _cells_of(
    edges: Floats, bounds: tuple[float, float, float, float], size: int
) -> tuple[Ints, Ints]:
    """First and last row, and first and last column, of each edge: two arrays (edges, 2)."""
    columns = _cell(edges[:, 0::2], bounds[0], bounds[2], size)
    rows = _cell(edges[:, 1::2], bounds[1], bounds[3], size)
    return np.sort(rows, axis=1), np.sort(columns, axis=1)


def _cell(values: Floats, low: float, high: float, size: int) -> Ints:
    """Of a coordinate its row or column. Never falling as the coordinate rises, in any rounding."""
    scale = size / max(high - low, 1e-300)
    return np.minimum(((values - low) * scale).astype(np.int64), size - 1)


def _by_row(edges: Floats, owner: Ints, rows: Ints, count: int) -> tuple[Floats, Ints, Ints]:
    """Every polygon's edges once for each row that they touch; where each row starts."""
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, -1, dtype=np.int64)
    np.minimum.at(first, owner, rows[:, 0])
    np.maximum.at(last, owner, rows[:, 1])
    heights = np.where(last >= 0, last - first + 1, 0)
    offsets = np.concatenate([[0], np.cumsum(heights)])
    first_rows = np.where(heights > 0, offsets[:-1] - first, 0)  # polygon's slot of row 0
    spans = rows[:, 1] - rows[:, 0] + 1
    which_edge = np.repeat(np.arange(len(edges)), spans)
    step = np.arange(len(which_edge)) - np.repeat(np.cumsum(spans) - spans, spans)
    slot = first_rows[owner[which_edge]] + rows[which_edge, 0] + step
    east = np.maximum(edges[which_edge, 0], edges[which_edge, 2])
    order = np.lexsort((-east, slot))
    starts = np.searchsorted(slot[order], np.arange(offsets[-1] + 1))
    return edges[which_edge[order]], starts.astype(np.int64), first_rows.astype(np.int64)


def _touched(
    edges: Floats, owner: Ints, rows: Ints, columns: Ints,
    bounds: tuple[float, float, float, float], size: int,
) -> Ints:  # fmt: skip
    """polygon * cells + cell of every cell that a boundary touches, in order, each once."""
    box = np.array(bounds)
    total = _count_touched(edges, rows, columns, box, size)
    keys = np.empty(total, dtype=np.int64)
    _write_touched(edges, owner, rows, columns, box, size, keys)
    return np.unique(keys)


@kernel
def _span(edge: Floats, row: int, first: int, last: int, box: Floats, size: int) -> tuple[int, int]:
    """First and last column that an edge may touch in a row; rather one too many."""
    x0, y0, x1, y1 = edge
    if first == last or y0 == y1:
        return first, last
    height, width = (box[3] - box[1]) / size, (box[2] - box[0]) / size
    slope = (x1 - x0) / (y1 - y0)
    here = x0 + (box[1] + row * height - y0) * slope
    there = x0 + (box[1] + (row + 1) * height - y0) * slope
    reach = max(abs(box[0]), abs(box[2]), abs(box[1]), abs(box[3]))
    # What rounding can shift: of the row's edges, times the slope, and of the sum.
    doubt = 1e-14 * reach * (1.0 + abs(slope)) + 1e-9 * width
    left = (min(here, there) - doubt - box[0]) / width
    right = (max(here, there) + doubt - box[0]) / width
    low = first if left < first else last if left > last else int(left)
    high = last if right > last else first if right < first else int(right)
    return low, high


@kernel
def _count_touched(edges: Floats, rows: Ints, columns: Ints, box: Floats, size: int) -> int:
    total = 0
    for i in range(len(edges)):
        for row in range(rows[i, 0], rows[i, 1] + 1):
            low, high = _span(edges[i], row, columns[i, 0], columns[i, 1], box, size)
            total += high - low + 1
    return total


@kernel
def _write_touched(
    edges: Floats, owner: Ints, rows: Ints, columns: Ints, box: Floats, size: int, keys: Ints
) -> None:
    n = 0
    for i in range(len(edges)):
        for row in range(rows[i, 0], rows[i, 1] + 1):
            low, high = _span(edges[i], row, columns[i, 0], columns[i, 1], box, size)
            for column in range(low, high + 1):
                keys[n] = owner[i] * size * size + row * size + column
                n += 1


def _covered(
    touched: Ints, edges: Floats, row_starts: Ints, first_rows: Ints,
    bounds: tuple[float, float, float, float], size: int,
) -> Ints:  # fmt: skip
    """Keys of the cells wholly inside a polygon: between two touched ones, one test tells all."""
    box = np.array(bounds)
    gaps = touched[1:] - touched[:-1] > 1
    same_row = touched[1:] // size == touched[:-1] // size
    left, right = touched[:-1][gaps & same_row] + 1, touched[1:][gaps & same_row]
    if not len(left):
        return np.empty(0, dtype=np.int64)
    hold = np.empty(len(left), dtype=np.bool_)
    _test_cells(left, box, size, edges, row_starts, first_rows, hold)
    left, right = left[hold], right[hold]
    lengths = right - left
    steps = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.asarray(np.repeat(left, lengths) + steps, dtype=np.int64)


@kernel
def _test_cells(
    keys: Ints, box: Floats, size: int, edges: Floats, row_starts: Ints, first_rows: Ints,
    hold: NDArray[np.bool_],
) -> None:  # fmt: skip
    cells = size * size
    for i in range(len(keys)):
        polygon, cell = keys[i] // cells, keys[i] % cells
        row, column = cell // size, cell % size
        x = box[0] + (column + 0.5) * (box[2] - box[0]) / size
        y = box[1] + (row + 0.5) * (box[3] - box[1]) / size
        hold[i] = _holds(x, y, polygon, row, edges, row_starts, first_rows)


def _by_cell(
    touched: Ints, covered: Ints, size: int
) -> tuple[Ints, NDArray[np.int32], NDArray[np.uint8]]:
    """Entries of each cell, polygons in order; what is certain of the cell."""
    cells = size * size
    keys = np.concatenate([touched, covered])
    boundary = np.arange(len(keys)) < len(touched)
    entries = (2 * (keys // cells) + boundary).astype(np.int32)
    cell = keys % cells
    order = np.lexsort((entries, cell))
    starts = np.searchsorted(cell[order], np.arange(cells + 1)).astype(np.int64)
    state = np.zeros(cells, dtype=np.uint8)
    state[touched % cells] = BOUNDARY
    state[covered % cells] = INSIDE
    return starts, entries[order], state


# --- asking it ---------------------------------------------------------------------------------


@kernel
def _holds(
    x: float, y: float, polygon: int, row: int, edges: Floats, row_starts: Ints, first_rows: Ints
) -> bool:
    """Whether a polygon holds a point: on its boundary, or an odd number of edges to the east."""
    slot = first_rows[polygon] + row
    odd = False
    for i in range(row_starts[slot], row_starts[slot + 1]):
        x0, y0, x1, y1 = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        if x0 < x and x1 < x:
            return odd  # this edge and all that follow lie west
        if (x0 == x and y0 == y) or (x1 == x and y1 == y):
            return True
        if y0 == y and y1 == y:
            if min(x0, x1) <= x <= max(x0, x1):
                return True
        elif (y0 > y) != (y1 > y):
            turn = side(x0, y0, x1, y1, x, y)
            if turn == 0:
                return True
            if (turn > 0) == (y1 > y0):
                odd = not odd
    return odd


@kernel
def _cell_index(x: float, y: float, box: Floats, size: int, scale_x: float, scale_y: float) -> int:
    """The cell of a point, by the same arithmetic as `_cell`; -1 outside the grid."""
    if not (box[0] <= x <= box[2] and box[1] <= y <= box[3]):
        return -1
    column = min(int((x - box[0]) * scale_x), size - 1)
    row = min(int((y - box[1]) * scale_y), size - 1)
    return row * size + column


@kernel
def _inside(
    xs: Floats, ys: Floats, out: NDArray[np.bool_], box: Floats, size: int,
    state: NDArray[np.uint8], starts: Ints, entries: NDArray[np.int32], edges: Floats,
    row_starts: Ints, first_rows: Ints,
) -> None:  # fmt: skip
    scale_x, scale_y = size / max(box[2] - box[0], 1e-300), size / max(box[3] - box[1], 1e-300)
    for i in range(len(xs)):
        cell = _cell_index(xs[i], ys[i], box, size, scale_x, scale_y)
        if cell < 0 or state[cell] == OUTSIDE:
            continue
        if state[cell] == INSIDE:
            out[i] = True
            continue
        for e in range(starts[cell], starts[cell + 1]):
            polygon = entries[e] >> 1
            if _holds(xs[i], ys[i], polygon, cell // size, edges, row_starts, first_rows):
                out[i] = True
                break


@kernel
def _which(
    xs: Floats, ys: Floats, out: NDArray[np.int32], box: Floats, size: int,
    state: NDArray[np.uint8], starts: Ints, entries: NDArray[np.int32], edges: Floats,
    row_starts: Ints, first_rows: Ints,
) -> None:  # fmt: skip
    scale_x, scale_y = size / max(box[2] - box[0], 1e-300), size / max(box[3] - box[1], 1e-300)
    for i in range(len(xs)):
        cell = _cell_index(xs[i], ys[i], box, size, scale_x, scale_y)
        if cell < 0 or state[cell] == OUTSIDE:
            continue
        for e in range(starts[cell], starts[cell + 1]):
            polygon, boundary = entries[e] >> 1, entries[e] & 1
            if not boundary or _holds(
                xs[i], ys[i], polygon, cell // size, edges, row_starts, first_rows
            ):
                out[i] = polygon
                break


@kernel
def _pairs(
    xs: Floats, ys: Floats, box: Floats, size: int, state: NDArray[np.uint8], starts: Ints,
    entries: NDArray[np.int32], edges: Floats, row_starts: Ints, first_rows: Ints,
) -> tuple[Ints, NDArray[np.int32]]:  # fmt: skip
    scale_x, scale_y = size / max(box[2] - box[0], 1e-300), size / max(box[3] - box[1], 1e-300)
    points, owners, n = np.empty(len(xs), np.int64), np.empty(len(xs), np.int32), 0
    for i in range(len(xs)):
        cell = _cell_index(xs[i], ys[i], box, size, scale_x, scale_y)
        if cell < 0 or state[cell] == OUTSIDE:
            continue
        for e in range(starts[cell], starts[cell + 1]):
            polygon, boundary = entries[e] >> 1, entries[e] & 1
            if boundary and not _holds(
                xs[i], ys[i], polygon, cell // size, edges, row_starts, first_rows
            ):
                continue
            if n == len(points):
                points = np.append(points, np.empty_like(points))
                owners = np.append(owners, np.empty_like(owners))
            points[n], owners[n] = i, polygon
            n += 1
    return points[:n], owners[:n]
