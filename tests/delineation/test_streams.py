"""Rivers from elevation: water drains out, orders are Strahler's, strips have their widths."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.delineation.streams import (
    OUTLET,
    OUTSIDE,
    contributing_cells,
    flow,
    strahler,
    stream_orders,
    strips,
)

NEIGHBOURS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


def rough(seed: int, shape: tuple[int, int] = (12, 15)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 6, shape).astype(float)  # many flats and pits
    z[rng.random(shape) < 0.1] = np.nan
    return z


def receiver(direction: np.ndarray, cell: tuple[int, int]) -> tuple[int, int] | None:
    code = int(direction[cell])
    if code in (OUTLET, OUTSIDE):
        return None
    return cell[0] + NEIGHBOURS[code][0], cell[1] + NEIGHBOURS[code][1]


def path(direction: np.ndarray, cell: tuple[int, int]) -> list[tuple[int, int]]:
    """The cells that water from here runs through; stops after more cells than there are."""
    found = [cell]
    while (after := receiver(direction, found[-1])) and len(found) <= direction.size:
        found.append(after)
    return found


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_every_cell_drains_to_the_edge_of_the_data(seed: int) -> None:
    z = rough(seed)
    direction = flow(z, 100.0)
    np.testing.assert_array_equal(direction == OUTSIDE, np.isnan(z))
    around = np.pad(np.isnan(z), 1, constant_values=True)
    for cell in zip(*np.nonzero(~np.isnan(z)), strict=True):
        *_, end = path(direction, (int(cell[0]), int(cell[1])))
        assert direction[end] == OUTLET
        assert around[end[0] : end[0] + 3, end[1] : end[1] + 3].any()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_contributing_cells_are_those_whose_path_runs_through(seed: int) -> None:
    z = rough(seed)
    direction = flow(z, 100.0)
    wanted = np.zeros(z.shape, int)
    for cell in zip(*np.nonzero(~np.isnan(z)), strict=True):
        for through in path(direction, (int(cell[0]), int(cell[1]))):
            wanted[through] += 1
    np.testing.assert_array_equal(contributing_cells(direction), wanted)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_water_takes_the_steepest_way_down(seed: int) -> None:
    """Without pits or flats (a rough cone), every cell drains to its steepest neighbour."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-7:8.0, -7:8.0]
    z = 100 - 10 * np.hypot(y, x) + rng.random(y.shape)
    direction = flow(z.copy(), 1.0)
    z = z.astype(np.float32).astype(float)
    for r, c in zip(*np.nonzero(direction < OUTLET), strict=True):
        drops = [(z[r, c] - z[r + dy, c + dx]) / np.hypot(dy, dx) for dy, dx in NEIGHBOURS]
        assert drops[direction[r, c]] == max(drops) > 0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_orders_are_those_of_the_recursive_definition(seed: int) -> None:
    z = rough(seed)
    direction = flow(z, 100.0)
    channel = contributing_cells(direction) >= 3
    found = strahler(direction, channel)
    cells = [(int(r), int(c)) for r, c in zip(*np.nonzero(~np.isnan(z)), strict=True)]
    for cell in cells:
        above = [int(found[o]) for o in cells if receiver(direction, o) == cell and channel[o]]
        top = max(above, default=0)
        wanted = 1 if not above else top + (above.count(top) > 1)
        assert found[cell] == (wanted if channel[cell] else 0)


def test_two_arms_of_a_valley_make_a_stream_of_second_order() -> None:
    y, x = np.mgrid[0:12.0, 0:21.0]
    left, right = np.abs(x - (3 + 0.7 * y)), np.abs(x - (17 - 0.7 * y))
    z = 200 - 6 * y + 4 * np.minimum(left, right)
    orders = stream_orders(z, 1.0, 12.0)
    assert orders.max() == 2
    assert (orders == 1).any()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_strips_are_the_cells_within_the_width_of_their_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    orders = np.where(rng.random((9, 13)) < 0.06, rng.integers(1, 5, (9, 13)), 0).astype(np.uint8)
    widths = {1: 10.0, 2: 30.0, 3: 67.1}  # order 4 has no strip
    found = strips(orders, 30.0, widths)
    channel = [(r, c) for r, c in zip(*np.nonzero(orders), strict=True)]
    for r, c in np.ndindex(orders.shape):
        near = [
            30.0 * np.hypot(r - y, c - x) <= widths.get(int(orders[y, x]), -1) for y, x in channel
        ]
        assert found[r, c] == any(near)
