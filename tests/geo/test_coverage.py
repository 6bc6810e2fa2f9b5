"""Gaps and overlaps of a layer that should cover a place once, and which unit holds a shape."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tianren.geo.coverage import gaps, most_of, overlaps


def tiles(*boxes: tuple[float, float, float, float]) -> np.ndarray:
    return np.array([shapely.box(*b) for b in boxes], dtype=object)


def test_a_tiling_has_neither() -> None:
    layer = tiles((0, 0, 5, 10), (5, 0, 10, 10))
    assert overlaps(layer, 1e-6) == []
    assert gaps(layer, shapely.box(0, 0, 10, 10), 1e-6) == []


def test_where_and_how_much() -> None:
    layer = tiles((0, 0, 6, 10), (5, 0, 9, 10))
    (overlap,) = overlaps(layer, 1)
    assert (overlap.first, overlap.second, overlap.area) == (0, 1, 10)
    assert 5 < overlap.place[0] < 6
    (gap,) = gaps(layer, shapely.box(0, 0, 10, 10), 1)
    assert (gap.kind, gap.area) == ("gap", 10)
    assert 9 < gap.place[0] < 10
    assert overlaps(layer, 11) == []


@given(
    st.lists(st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(1, 4)] * 2), min_size=1, max_size=6)
)
def test_overlaps_are_those_of_every_pair(boxes: list[tuple[int, int, int, int]]) -> None:
    layer = tiles(*((x, y, x + w, y + h) for x, y, w, h in boxes))
    found = {(f.first, f.second): f.area for f in overlaps(layer, 0.5)}
    pairs = {
        (i, j): area
        for i in range(len(layer))
        for j in range(i + 1, len(layer))
        if (area := layer[i].intersection(layer[j]).area) >= 0.5
    }
    assert found == pytest.approx(pairs)


def test_a_shape_belongs_to_the_unit_that_holds_most_of_it() -> None:
    units = tiles((0, 0, 5, 10), (5, 0, 10, 10))
    unit, share = most_of(tiles((0, 0, 4, 10), (4, 0, 8, 10), (20, 0, 21, 1)), units)
    assert unit.tolist() == [0, 1, -1]
    assert share.tolist() == [1.0, 0.75, 0.0]
