"""Where else a footprint could stand: against brute force, and what must hold of every answer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tianren.management.placement import (
    Placement,
    Search,
    alternatives,
    overlap,
    searches,
    turned,
)

ORDER = ("core", "protected", "redline")
CELL = 10.0


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5), st.integers(0, 6))
@settings(max_examples=40)
def test_overlap_is_what_sliding_by_hand_gives(seed: int, p: int, q: int, half: int) -> None:
    draw = np.random.default_rng(seed)
    ground = draw.random((2 * half + p, 2 * half + q))
    print_ = draw.random((p, q))
    slow = [
        [float((ground[r : r + p, c : c + q] * print_).sum()) for c in range(2 * half + 1)]
        for r in range(2 * half + 1)
    ]
    np.testing.assert_allclose(overlap(ground, print_), slow, atol=1e-9)


class Land:
    """Zones as boxes around a footprint at the middle of a window of whole cells."""

    def __init__(self, zones: Mapping[str, Any], country: Any, side: float, half: int) -> None:
        self.footprint = shapely.box(-side / 2, -side / 2, side / 2, side / 2)
        self.search = Search(half * CELL, CELL)
        self.zones = {name: zones.get(name, shapely.Polygon()) for name in ORDER}
        self.country = country
        self.reach = int(np.ceil(side / CELL))

    def shares(self, shape: Any, cells: int) -> NDArray[np.float64]:
        edges = (np.arange(2 * cells + 2) - cells - 0.5) * CELL
        west, south = np.meshgrid(edges[:-1], edges[:-1][::-1])
        boxes = shapely.box(west, south, west + CELL, south + CELL)
        found: NDArray[np.float64] = shapely.area(shapely.intersection(boxes, shape)) / CELL**2
        return found

    def measure(self, shape: Any) -> tuple[dict[str, float], float]:
        touched = {n: float(shapely.area(shapely.intersection(shape, z)))
                   for n, z in self.zones.items()}  # fmt: skip
        return touched, float(shapely.area(shapely.difference(shape, self.country)))

    def look(self) -> list[Placement]:
        wide = self.search.half + self.reach
        grounds = {n: self.shares(z, wide) for n, z in self.zones.items()}
        grounds["beyond"] = 1 - self.shares(self.country, wide)
        prints = {turn: self.shares(s, self.reach) for turn, s in turned(self.footprint).items()}
        now, _ = self.measure(self.footprint)
        return alternatives(self.footprint, now, self.search, grounds, prints, self.measure, ORDER)


WORLD = shapely.box(-1000, -1000, 1000, 1000)


def test_the_nearest_place_that_touches_nothing() -> None:
    """The line is everything west of x = 45: a square of 30 m must go 60 m east."""
    land = Land({"redline": shapely.box(-1000, -1000, 45, 1000)}, WORLD, 30.0, 20)
    (found,) = land.look()
    assert found.total == 0 and found.turn == 0
    assert found.distance == pytest.approx(60.0)
    assert found.shape.centroid.x == pytest.approx(60.0)


def test_out_of_the_core_before_out_of_the_line() -> None:
    core = shapely.box(-100, -1000, 25, 1000)
    line = shapely.box(-1000, -1000, 155, 1000)
    land = Land({"core": core, "redline": shapely.difference(line, core)}, WORLD, 30.0, 20)
    first, last = land.look()
    assert first.touched["core"] == 0 and first.touched["redline"] > 0
    assert first.distance == pytest.approx(40.0)
    assert last.total == 0 and last.distance == pytest.approx(170.0)


def test_nothing_better_within_reach() -> None:
    assert Land({"redline": WORLD}, WORLD, 30.0, 20).look() == []


def test_it_does_not_leave_the_country() -> None:
    country = shapely.box(-1000, -1000, 50, 1000)
    land = Land({"redline": shapely.box(-300, -1000, 1000, 1000)}, country, 30.0, 40)
    (found,) = land.look()
    assert shapely.covers(country, found.shape)
    assert found.distance == pytest.approx(320.0)  # west, although the east is nearer


BOXES = st.tuples(
    *(st.integers(-12, 12) for _ in range(2)), *(st.integers(1, 12) for _ in range(2))
)


@given(st.lists(BOXES, min_size=1, max_size=4), st.lists(BOXES, max_size=3))
@settings(max_examples=25, deadline=None)
@example([(0, -3, 2, 5), (-3, -2, 1, 5)], [])  # a gap that it just fits
def test_every_answer_touches_less_and_none_nearer_touches_nothing(
    line: list[tuple[int, ...]], core: list[tuple[int, ...]]
) -> None:
    def union(boxes: list[tuple[int, ...]]) -> Any:
        return shapely.union_all(
            [shapely.box(x * CELL, y * CELL, (x + w) * CELL, (y + h) * CELL)
             for x, y, w, h in boxes]
        )  # fmt: skip

    inner = union(core)
    land = Land({"core": inner, "redline": shapely.difference(union(line), inner)}, WORLD, 20.0, 15)
    now, _ = land.measure(land.footprint)
    found = land.look()
    if sum(now.values()) == 0:
        assert found == []
        return
    keys = [tuple(p.touched.get(n, 0.0) for n in ORDER) for p in found]
    before = tuple(now.get(n, 0.0) for n in ORDER)
    assert all(key < before for key in keys)
    assert keys == sorted(keys, reverse=True)  # further away only for less
    # In their images footprint and zones may be a cell larger, so that a gap which it just fits is
    # not seen: what has a cell of room around it is.
    room = shapely.box(-10 - CELL, -10 - CELL, 10 + CELL, 10 + CELL)
    free = [
        np.hypot(dx, dy)
        for dx in np.arange(-15, 16) * CELL
        for dy in np.arange(-15, 16) * CELL
        if sum(land.measure(shapely.transform(room, lambda c, d=(dx, dy): c + d))[0].values()) == 0
    ]  # fmt: skip
    clear = [p.distance for p in found if p.total == 0]
    if free:  # a turned footprint may be nearer
        assert clear and min(clear) <= min(free)


def test_a_search_grows_with_the_footprint_and_ends() -> None:
    small, wide = searches(shapely.box(0, 0, 100, 100))
    assert small.reach == 2_000 and wide.reach == 50_000
    assert small.cell == pytest.approx(100 / 12)
    (huge,) = searches(shapely.box(0, 0, 30_000, 30_000))
    assert huge.reach == 50_000
