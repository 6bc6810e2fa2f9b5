"""Where else the same footprint could stand: the nearest places where it touches less.

The footprint is slid over a local grid, and turned by eighths of a circle. How much it would touch
at each place is a correlation of two images, taken by the fast Fourier transform; the few places
that are chosen are then measured exactly, as polygons.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity

Floats = NDArray[np.float64]
Touched = Mapping[str, float]  # zone class -> m2 of the footprint in it

TURNS = (0, 45, 90, 135)  # degrees; a footprint turned by half a circle touches alike, or nearly
ACROSS = 12  # cells across the side of a square of the footprint's area
MOST_CELLS = 480  # cells from the middle of the search to its edge
TURNED = 1.5  # times the squared distance of a place that needs a turn
FURTHEST = 50_000.0  # m
TRIED = 60  # places of each kind that are measured exactly before it is given up
_AGREES = 0.02  # of the footprint: how far an image may be off what a polygon says


@dataclass(frozen=True)
class Search:
    """How far and how finely to look. reach: m that the footprint may be moved; cell: m."""

    reach: float
    cell: float

    @property
    def half(self) -> int:
        """Cells from the middle to the furthest place."""
        return math.ceil(self.reach / self.cell)


def searches(footprint: Any) -> list[Search]:
    """Searches fit for a footprint, one after the other until something is found: to twenty times
    its size, at least 2 km, and to 50 km."""
    side = math.sqrt(shapely.area(footprint))
    west, south, east, north = footprint.bounds
    near = min(max(20 * side, 1.5 * math.hypot(east - west, north - south), 2_000.0), FURTHEST)
    reaches = [near] if near == FURTHEST else [near, FURTHEST]
    return [Search(reach, max(side / ACROSS, reach / MOST_CELLS)) for reach in reaches]


@dataclass(frozen=True)
class Placement:
    """A place for the footprint. distance: m from where it was, turn: degrees counter-clockwise."""

    shape: Any
    distance: float
    turn: int
    touched: Touched

    @property
    def total(self) -> float:
        return sum(self.touched.values())


def turned(footprint: Any) -> dict[int, Any]:
    """The footprint turned about its middle, by angle."""
    middle = footprint.centroid
    return {turn: affinity.rotate(footprint, turn, origin=middle) for turn in TURNS}


def overlap(ground: Floats, print_: Floats) -> Floats:
    """How much of a print lies on a ground at every place: sum of ground x print, in cells.

    ground: (2h + p, 2h + q) shares; print_: (p, q) shares; result (2h + 1, 2h + 1): row and column
    are the print's shift from its first corner.
    """
    rows, columns = (g - p + 1 for g, p in zip(ground.shape, print_.shape, strict=True))
    first, second = np.fft.rfft2(ground), np.fft.rfft2(print_, ground.shape)
    # Correlation is the product with the conjugate; shifts that wrap round are cut off.
    found = np.fft.irfft2(first * np.conj(second), ground.shape)
    return np.maximum(found[:rows, :columns], 0.0)


Measure = Callable[[Any], tuple[Touched, float]]


def alternatives(
    footprint: Any,
    now: Touched,
    search: Search,
    grounds: Mapping[str, Floats],
    prints: Mapping[int, Floats],
    measure: Measure,
    order: Sequence[str],
) -> list[Placement]:
    """Up to three places that touch less than now: the nearest that touches nothing, the nearest
    that touches nothing of the strictest zone that it touches now, and the one that touches least.

    grounds: zone class -> share of each cell of the search in it, and "beyond" for where it may not
    stand; prints: angle -> share of each cell that the turned footprint covers, all of one odd
    size; measure: a shape -> (class -> m2 touched, m2 beyond), exactly; order: classes, the
    strictest first.
    """
    fields = [_Field.of(turn, prints[turn], grounds, order) for turn in sorted(prints)]
    size = float(shapely.area(footprint))
    tries = _Tries(footprint, search, fields, measure, size, now, order)
    held = [name for name in order if now.get(name, 0.0) > 0]
    found = [tries.nearest(order)]
    found += [tries.nearest(order[: order.index(name) + 1]) for name in held[:1]]
    found.append(tries.least())
    return _different([place for place in found if place is not None], order)


@dataclass(frozen=True)
class _Field:
    """At one angle, at every shift: what the print touches of each class, and beyond, in cells."""

    turn: int
    touched: Mapping[str, Floats]
    beyond: Floats
    cells: float

    @classmethod
    def of(
        cls, turn: int, print_: Floats, grounds: Mapping[str, Floats], order: Sequence[str]
    ) -> "_Field":
        touched = {name: overlap(grounds[name], print_) for name in order}
        return cls(turn, touched, overlap(grounds["beyond"], print_), float(print_.sum()))


@dataclass
class _Tries:
    """The places in the order in which they are tried."""

    footprint: Any
    search: Search
    fields: Sequence[_Field]
    measure: Measure
    size: float
    now: Touched
    order: Sequence[str]

    def nearest(self, clear_of: Sequence[str]) -> Placement | None:
        """The nearest place that touches none of these classes, and less than now altogether."""
        for field, row, column in self._by_distance(clear_of):
            place = self._place(field.turn, row, column)
            if place is None or any(place.touched.get(name, 0.0) > 0 for name in clear_of):
                continue
            if _less(place.touched, self.now, self.order):
                return place
        return None

    def least(self) -> Placement | None:
        """The place within reach that touches least: of the strictest class first."""
        best: Placement | None = None
        for field, row, column in self._by_touch():
            place = self._place(field.turn, row, column)
            if place is None or not _less(place.touched, self.now, self.order):
                continue
            if best is None or _key(place.touched, self.order) < _key(best.touched, self.order):
                best = place
        return best

    def _by_distance(self, clear_of: Sequence[str]) -> Iterator[tuple[_Field, int, int]]:
        """Places that by their image touch none of these, nearest first, then not turned."""
        rows = []
        for n, field in enumerate(self.fields):
            room = _AGREES * field.cells
            free = field.beyond <= room
            for name in clear_of:
                free &= field.touched[name] <= room
            row, column = np.nonzero(free)
            rows.append(
                np.stack([self._squares(field, row, column), np.full(row.size, n), row, column])
            )
        return self._taken(np.concatenate(rows, axis=1))

    def _by_touch(self) -> Iterator[tuple[_Field, int, int]]:
        """The places that by their image touch least."""
        rows = []
        for n, field in enumerate(self.fields):
            cost = sum(
                field.touched[name] * 1000.0 ** (len(self.order) - i)
                for i, name in enumerate(self.order)
            )
            cost = np.where(field.beyond <= _AGREES * field.cells, cost, np.inf)
            row, column = np.nonzero(np.isfinite(cost))
            rows.append(
                np.stack([np.round(cost[row, column], 3), self._squares(field, row, column),
                          np.full(row.size, n), row, column])
            )  # fmt: skip
        every = np.concatenate(rows, axis=1)
        return self._taken(every[1:], first=every[0])

    def _squares(self, field: _Field, row: Any, column: Any) -> Floats:
        """Squared distances; a turned footprint counts as if it were further away."""
        half, more = self.search.half, TURNED if field.turn else 1.0
        return np.asarray(more * ((row - half) ** 2 + (column - half) ** 2), dtype=np.float64)

    def _taken(
        self, rows: Floats, first: Floats | None = None
    ) -> Iterator[tuple[_Field, int, int]]:
        """The first of the rows (squared distance, field, row, column) in their order."""
        keys = [rows[3], rows[2], rows[1], rows[0]]
        order = np.lexsort(keys if first is None else [*keys, first])[:TRIED]
        for i in order:
            yield self.fields[int(rows[1, i])], int(rows[2, i]), int(rows[3, i])

    def _place(self, turn: int, row: int, column: int) -> Placement | None:
        """The footprint there, measured; None where it would stand beyond."""
        half, cell = self.search.half, self.search.cell
        dx, dy = (column - half) * cell, (half - row) * cell
        moved = affinity.translate(turned(self.footprint)[turn], dx, dy)
        touched, beyond = self.measure(moved)
        if beyond > 1e-6 * self.size:
            return None
        return Placement(moved, math.hypot(dx, dy), turn, touched)


def _key(touched: Touched, order: Sequence[str]) -> tuple[float, ...]:
    return tuple(round(touched.get(name, 0.0), 3) for name in order)


def _less(touched: Touched, now: Touched, order: Sequence[str]) -> bool:
    """Whether less is touched: of the strictest class first, and not more altogether."""
    mine, before = _key(touched, order), _key(now, order)
    return mine < before and sum(mine) <= sum(before) + 1e-3


def _different(places: Sequence[Placement], order: Sequence[str]) -> list[Placement]:
    """Nearest first; one further away only where it touches less than all before it."""
    kept: list[Placement] = []
    for place in sorted(places, key=lambda p: (p.distance, p.turn)):
        if all(_key(place.touched, order) < _key(k.touched, order) for k in kept):
            kept.append(place)
    return kept
