"""Holes and patches: what clean and label must do, against brute force and whatever the bands."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from tianren.errors import UserError
from tianren.raster.patches import CleanCounts, clean, label
from tianren.raster.raster import MISSING, Array, ArraySink, ArraySource, Raster

FOUR = ((0, 1), (1, 0), (0, -1), (-1, 0))
EIGHT = (*FOUR, (1, 1), (1, -1), (-1, 1), (-1, -1))
Cell = tuple[int, int]


def raster(cells: Array) -> Raster:
    grid = GeoBox(cells.shape, Affine(1000, 0, 0, 0, -1000, 0), "EPSG:6933")
    return Raster("state", grid, ArraySource(cells), kind="category")


def cleaned(cells: Array, hole: int, minimum: int, size: int = 1024) -> tuple[Array, CleanCounts]:
    sink = ArraySink(np.full(cells.shape, 9, dtype=np.uint8))
    counts = clean(raster(cells), sink, hole_limit_cells=hole, minimum_cells=minimum, size=size)
    return sink.cells, counts


def labelled(cells: Array, size: int = 1024) -> tuple[Array, int]:
    sink = ArraySink(np.zeros(cells.shape, dtype=np.int32))
    return sink.cells, label(raster(cells), sink, size=size)


def flood(key: Array, start: Cell, steps: tuple[Cell, ...]) -> set[Cell]:
    """The cells that hang together with start and have its key: one cell at a time."""
    found, todo = {start}, [start]
    while todo:
        r, c = todo.pop()
        for dr, dc in steps:
            near = r + dr, c + dc
            inside = 0 <= near[0] < key.shape[0] and 0 <= near[1] < key.shape[1]
            if inside and near not in found and key[near] == key[start]:
                found.add(near)
                todo.append(near)
    return found


def components(key: Array, steps: tuple[Cell, ...], wanted: bool = True) -> list[set[Cell]]:
    left = {(int(r), int(c)) for r, c in np.argwhere(key == wanted)}
    found = []
    while left:
        found.append(flood(key, min(left), steps))
        left -= found[-1]
    return found


def clean_by_hand(cells: Array, hole: int, minimum: int) -> Array:
    """The definitions, word for word and slow."""
    out = np.where(cells == MISSING, 3, cells)
    rows, columns = out.shape
    for part in components((out == 1) | (out == 2), EIGHT, wanted=False):
        edge = any(r in (0, rows - 1) or c in (0, columns - 1) for r, c in part)
        if len(part) <= hole and not edge and not any(out[cell] == 3 for cell in part):
            for cell in part:
                out[cell] = 1
    for part in components((out == 1) | (out == 2), FOUR):
        if len(part) < minimum and not any(out[cell] == 2 for cell in part):
            for cell in part:
                out[cell] = 0
    return out


@st.composite
def grids(draw: st.DrawFn, codes: tuple[int, ...], weights: tuple[int, ...]) -> Array:
    shape = draw(st.integers(1, 14)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    share = (
        np.array(weights)
        + draw(st.integers(0, 8)) * np.eye(len(codes))[draw(st.integers(0, len(codes) - 1))]
    )
    cells = rng.choice(codes, size=shape, p=share / share.sum()).astype(np.int32)
    block = draw(st.integers(1, 3))
    return np.kron(cells, np.ones((block, block), dtype=np.int32))[: shape[0], : shape[1]]


STATES = grids((0, 1, 2, 3, MISSING), (20, 20, 1, 1, 1))
CLASSES = grids((0, MISSING, 1, 2, 7), (2, 2, 3, 3, 1))


@given(STATES, st.integers(0, 12), st.integers(0, 12), st.integers(1, 15))
@settings(max_examples=150, deadline=None)
def test_clean_is_the_definition_whatever_the_bands(
    cells: Array, hole: int, minimum: int, size: int
) -> None:
    out, counts = cleaned(cells, hole, minimum, size)
    np.testing.assert_array_equal(out, clean_by_hand(cells, hole, minimum))
    inside = np.isin(cells, (1, 2))
    assert counts.inside_before == inside.sum()
    assert counts.inside_after == np.isin(out, (1, 2)).sum()


@given(STATES, st.integers(0, 12), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_counts_are_the_components(cells: Array, hole: int, minimum: int) -> None:
    out, counts = cleaned(cells, hole, minimum)
    kept = components(np.isin(out, (1, 2)), FOUR)
    assert counts.kept_patches == len(kept)
    assert counts.exempted_patches == sum(len(part) < minimum for part in kept)
    assert cleaned(cells, hole, minimum, size=3)[1] == counts


@given(STATES, st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_kept_cells_and_barriers_never_change(cells: Array, hole: int, minimum: int) -> None:
    out, _ = cleaned(cells, hole, minimum)
    assert (out[cells == 2] == 2).all()
    assert (out[(cells == 3) | (cells == MISSING)] == 3).all()
    assert cleaned(out.astype(np.int32), 0, minimum)[1].dropped_cells == 0


@given(CLASSES, st.integers(1, 15))
@settings(max_examples=150, deadline=None)
def test_label_numbers_equal_classes_in_reading_order(cells: Array, size: int) -> None:
    expected = np.full(cells.shape, MISSING)
    count = 0
    for cell in np.ndindex(cells.shape):
        if cells[cell] > 0 and expected[cell] == MISSING:
            count += 1
            for member in flood(cells, cell, FOUR):
                expected[member] = count
    out, found = labelled(cells, size)
    assert found == count
    np.testing.assert_array_equal(out, expected)


@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
@settings(max_examples=8, deadline=None)
def test_label_is_scipys_on_larger_masks(seed: int, size: int) -> None:
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(rng.standard_normal((300, 411)), rng.uniform(0, 3)) > 0
    expected, count = ndimage.label(mask)
    out, found = labelled(mask.astype(np.uint8), size)
    assert found == count
    pairs = np.unique(np.stack([expected[mask], out[mask]]), axis=1)
    assert pairs.shape == (2, count)  # one number for one number


def picture(text: str) -> Array:
    return np.array([[int(c) for c in line.strip()] for line in text.split()], dtype=np.int32)


def test_a_hole_open_at_a_corner_is_no_hole() -> None:
    """Holes are 8-connected: the hole in the middle leaks through the corner to the outside."""
    cells = picture("00000 01110 01010 01100 00000")
    out, counts = cleaned(cells, 1, 0)
    assert counts.filled_cells == 0
    np.testing.assert_array_equal(out, cells)


def test_a_hole_that_touches_a_barrier_by_a_corner_stays() -> None:
    cells = picture("11111 10111 11311 11111")
    assert cleaned(cells, 5, 0)[1].filled_cells == 0
    cells = picture("111111 101111 111111 111311 111111")
    assert cleaned(cells, 5, 0)[1].filled_cells == 1


def test_a_hole_is_filled_at_the_limit_and_a_patch_dropped_below_the_minimum() -> None:
    cells = picture("1111 1001 1111")
    assert cleaned(cells, 1, 0)[1].filled_cells == 0
    assert cleaned(cells, 2, 0)[1].filled_cells == 2
    assert cleaned(cells, 0, 10)[1].dropped_cells == 0
    assert cleaned(cells, 0, 11)[1].dropped_cells == 10


def test_filling_comes_first_and_counts_for_the_minimum() -> None:
    """The ring, its hole and the island in it are 25 cells only when the hole is filled."""
    cells = picture("0000000 0111110 0100010 0101010 0100010 0111110 0000000")
    out, counts = cleaned(cells, 8, 25)
    assert out.sum() == 25
    assert counts == CleanCounts(17, 1, 8, 0, 0, 0, 1)
    assert cleaned(cells, 8, 26)[0].sum() == 0
    out, counts = cleaned(cells, 7, 16)
    assert out.sum() == 16  # the island goes, the ring stays
    assert counts.dropped_patches == 1


def test_a_kept_cell_in_a_filled_hole_keeps_the_patch_around() -> None:
    cells = picture("0000000 0111110 0100010 0102010 0100010 0111110 0000000")
    out, counts = cleaned(cells, 8, 99)
    assert counts.exempted_patches == 1
    assert (out > 0).sum() == 25
    assert out[3, 3] == 2


def test_patches_joined_by_a_corner_only_are_two() -> None:
    assert cleaned(picture("110000 110000 001000 000000"), 0, 2)[1].dropped_cells == 1


def test_a_country_wide_patch_of_one_cell_bands() -> None:
    cells = np.ones((50, 3), dtype=np.int32)
    cells[1:-1, 1] = 0
    assert cleaned(cells, 48, 150, size=1)[0].all()
    assert labelled(cells, size=1)[1] == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64])
def test_any_integer_type(dtype: type) -> None:
    cells = picture("1111 1001 1111").astype(dtype)
    assert cleaned(cells, 2, 0)[0].all()
    assert labelled(cells)[1] == 1


def test_codes_that_mean_nothing_are_refused_and_nothing_is_written() -> None:
    cells = picture("0140 0110")
    with pytest.raises(UserError, match="mean nothing: \\[4\\]"):
        cleaned(cells, 0, 0)
    with pytest.raises(UserError, match="quantities"):
        labelled(cells.astype(np.float32))
