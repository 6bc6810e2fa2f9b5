"""The kernels of trace: vertices of boundaries, linked to rings. Importing this imports numba.

Around a vertex lie the cells NE, SE, SW, NW (0..3, clockwise), and before each an edge: N, E, S, W.
A piece is kept on the left hand: it comes in along the edge before its first cell around the vertex
and goes out along the edge after its last one.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel
from tianren.raster.runs import Ints

NONE = -1
NE, SE, SW, NW = 0, 1, 2, 3
N, E, S, W = 0, 1, 2, 3


@dataclass
class Vertices:
    """Vertices of boundaries in reading order; x, y in cells from the grid's corner.

    next: the vertex that follows on the ring; piece: the piece whose ring it is.
    """

    x: Ints
    y: Ints
    next: Ints
    piece: Ints

    def rings(
        self, affine: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Closed rings piece by piece, the shell first: coordinates (n, 2) and where rings and
        pieces end (each with a leading 0).

        The first vertex of a piece in reading order is on its shell, so in that order the shell
        comes first. affine: a, b, c, d, e, f of x' = a x + b y + c, y' = d x + e y + f.
        """
        starts, lengths = _find_rings(self.next)
        order = np.argsort(self.piece[starts], kind="stable")
        starts, lengths = starts[order], lengths[order]
        ends = np.concatenate([[0], np.cumsum(lengths + 1)])
        coordinates = np.empty((ends[-1], 2))
        _walk_rings(starts, ends, self.x, self.y, self.next, affine, coordinates)
        pieces = self.piece[starts]
        last = np.flatnonzero(np.append(np.diff(pieces) != 0, len(pieces) > 0)) + 1
        return coordinates, ends, np.concatenate([[0], last])


@dataclass
class Sweep:
    """Goes down the grid band by band; carries what hangs open at the last row so far."""

    columns: int
    rows: int = 0
    used: int = 0
    table: NDArray[np.int32] = field(default_factory=lambda: np.empty((4, 0), dtype=np.int32))

    def __post_init__(self) -> None:
        self._starts, self._ids, self._down, self._up = self._outside()

    def _outside(self) -> list[Ints]:
        """A row without pieces: starts and ids of its run and sentinel, and nothing open."""
        return [
            np.array(v, dtype=np.int32) for v in ([0, self.columns], [0, 0], [-1, -1], [-1, -1])
        ]

    def add(self, first: NDArray[np.int64], starts: Ints, ids: Ints) -> None:
        """The next band of rows. ids: (runs) int32 piece of each run, 0 outside."""
        above = len(self._starts)
        first = np.concatenate([[0], first + above])
        starts, ids = np.concatenate([self._starts, starts]), np.concatenate([self._ids, ids])
        down, up = np.full(len(ids), NONE, np.int32), np.full(len(ids), NONE, np.int32)
        down[:above], up[:above] = self._down, self._up
        self._reserve(8 * len(ids))
        self.used = _sweep(first, starts, ids, down, up, self.rows, self.table, self.used)
        self.rows += len(first) - 2
        last = slice(int(first[-2]), None)
        self._starts, self._ids = starts[last].copy(), ids[last].copy()
        self._down, self._up = down[last].copy(), up[last].copy()

    def finish(self) -> Vertices:
        starts, ids, _, _ = self._outside()
        self.add(np.array([0, 2]), starts, ids)
        return Vertices(*self.table[:, : self.used])

    def _reserve(self, more: int) -> None:
        """Room for more vertices; what is reserved and never written costs no memory."""
        if self.used + more > self.table.shape[1]:
            larger = np.empty((4, 2 * self.used + more), dtype=np.int32)
            larger[:, : self.used] = self.table[:, : self.used]
            self.table = larger


@kernel
def _sweep(
    first: Any, starts: Any, ids: Any, down: Any, up: Any, y: int, table: Any, used: int
) -> int:
    """Find and link the vertices between each row and the one above it; returns how many in all.

    down: (runs) the open vertex from which the boundary runs south on the run's west side; up: the
    vertex to which the boundary runs north on the run's east side. table: x, y, next, piece.
    """
    for r in range(1, len(first) - 1):
        i, j, x = first[r - 1], first[r], 0
        end = starts[first[r] - 1]
        east = west = NONE  # from which vertex a boundary runs east here, and to which one west
        while True:
            il = i - 1 if starts[i] == x else i
            jl = j - 1 if starts[j] == x else j
            ne, se, sw, nw = ids[i], ids[j], ids[jl], ids[il]
            if nw == sw and ne == se:
                if nw != ne:
                    down[j] = down[i]
                    up[jl] = up[il]
            elif nw != ne or sw != se:
                cells, runs, at = (ne, se, sw, nw), (i, j, jl, il), (x, y + r - 1)
                used, east, west = _turn(cells, runs, at, down, up, (east, west), table, used)
            if x == end:
                break
            x = min(starts[i + 1], starts[j + 1])
            i += starts[i + 1] == x
            j += starts[j + 1] == x
    return used


@kernel
def _turn(
    cells: Any,
    runs: Any,
    at: Any,
    down: Any,
    up: Any,
    open_ends: Any,
    table: Any,
    used: int,
) -> Any:
    """A vertex for each piece with a boundary here, linked to the ones before and after it.

    runs: the run of each cell; at: x, y; open_ends: the vertices east and west (see _sweep).
    Returns how many vertices there are now, and the open ends towards the east.
    """
    following = table[2]
    east, west = open_ends
    new_east = new_west = NONE
    for k in range(4):
        piece = cells[k]
        if piece == 0 or piece == cells[k - 1]:
            continue
        v, out = used, _way_out(cells, k)
        used += 1
        table[0, v], table[1, v], table[3, v] = at[0], at[1], piece
        if k == N:
            following[down[runs[NE]]] = v
        elif k == S:
            up[runs[SW]] = v
        elif k == W:
            following[east] = v
        if out == N:
            following[v] = up[runs[NW]]
        elif out == S:
            down[runs[SE]] = v
        elif out == W:
            following[v] = west
        new_west = v if k == E else new_west
        new_east = v if out == E else new_east
    return used, new_east, new_west


@kernel
def _way_out(cells: Any, k: int) -> int:
    """The edge along which the piece that comes in before cell k goes out."""
    piece = cells[k]
    out = k + 1
    while cells[out & 3] == piece:
        out += 1
    if out == k + 1 and cells[(k + 2) & 3] == piece:
        # The cells across the corner are of the same piece, joined elsewhere: were they kept apart
        # here, a ring would pass through this vertex twice. Joined, two rings touch.
        out = k + 3
    return out & 3


@kernel
def _find_rings(following: Any) -> Any:
    """The first vertex of each ring in reading order, and the number of its vertices."""
    seen = np.zeros(len(following), dtype=np.bool_)
    starts, lengths = [], []
    for v in range(len(following)):
        if seen[v]:
            continue
        length, k = 0, v
        while not seen[k]:
            seen[k] = True
            length += 1
            k = following[k]
        starts.append(v)
        lengths.append(length)
    return np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64)


@kernel
def _walk_rings(
    starts: Any, ends: Any, x: Any, y: Any, following: Any, affine: Any, coordinates: Any
) -> None:
    a, b, c, d, e, f = affine
    for ring in range(len(starts)):
        k = starts[ring]
        for n in range(ends[ring], ends[ring + 1]):  # one more than its vertices: it is closed
            coordinates[n, 0] = a * x[k] + b * y[k] + c
            coordinates[n, 1] = d * x[k] + e * y[k] + f
            k = following[k]
