"""Places that are near stand near."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tianren.geo.nearby import nearby_order


def test_each_cell_of_a_lattice_is_followed_by_one_beside_it() -> None:
    """What makes the curve Hilbert's: it never jumps."""
    side = 2**4
    row, column = (v.ravel().astype(float) for v in np.mgrid[0:side, 0:side])
    step = 65_535 / (side - 1)  # whole steps of the curve, so that each cell has its own place
    order = nearby_order(column * step, row * step)
    moves = np.abs(np.diff(column[order])) + np.abs(np.diff(row[order]))
    assert (moves == 1).all()


@given(st.lists(st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)), max_size=50))
def test_every_place_is_in_the_order_once(places: list[tuple[float, float]]) -> None:
    x, y = np.array(places, dtype=float).reshape(-1, 2).T
    assert sorted(nearby_order(x, y)) == list(range(len(places)))
