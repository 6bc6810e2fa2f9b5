"""Channels from elevation: everything drains out, and orders follow Strahler's rule."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.delineation.streams import (
    contributing_cells,
    first_order_channels,
    flow,
    strahler,
)


def rough(seed: int, shape: tuple[int, int] = (12, 15)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 6, shape).astype(float)  # many flats and pits
    z[rng.random(shape) < 0.1] = np.nan
    return z


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_every_cell_drains_to_the_edge_and_water_is_conserved(seed: int) -> None:
    z = rough(seed)
    receiver, order = flow(z, 100.0)
    cells = contributing_cells(receiver, order)
    known = ~np.isnan(z).ravel()
    assert sorted(order.tolist()) == np.flatnonzero(known).tolist()
    outlets = [i for i in order if receiver[i] == i]
    assert sum(int(cells[i]) for i in outlets) == known.sum()
    place = {int(cell): n for n, cell in enumerate(order)}
    assert all(place[int(receiver[i])] <= place[int(i)] for i in order)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_orders_are_those_of_the_recursive_definition(seed: int) -> None:
    z = rough(seed)
    receiver, order = flow(z, 100.0)
    channel = contributing_cells(receiver, order) >= 3
    found = strahler(receiver, order, channel)
    for i in order:
        above = [int(found[j]) for j in order if j != i and receiver[j] == i and channel[j]]
        top = max(above, default=0)
        wanted = 1 if not above else top + (above.count(top) > 1)
        assert found[i] == (wanted if channel[i] else 0)


def test_a_valley_with_two_arms() -> None:
    """Two slopes drain to a valley that leaves to the south: its arms are order 1, its trunk 2."""
    x, y = np.meshgrid(np.arange(11.0), np.arange(11.0))
    arms = np.minimum(np.abs(x - y / 2 - 0), np.abs(x - (10 - y / 2)))
    z = 100 - 5 * y + 3 * arms
    receiver, order = flow(z, 1.0)
    found = strahler(receiver, order, contributing_cells(receiver, order) >= 8)
    assert found.max() >= 1
    heads = first_order_channels(z, 1.0, 8.0)
    np.testing.assert_array_equal(heads.ravel() == 1, found == 1)
