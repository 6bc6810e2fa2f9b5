"""Two lines compared: every table balances, and agrees with counting by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.delineation.small_layers import GRID, raster, realm
from tianren.delineation import comparison
from tianren.delineation.comparison import GAINED, KEPT, LOST, NEITHER
from tianren.raster.raster import MISSING

pieces = arrays(np.int32, GRID.shape, elements=st.integers(0, 4))
WAS, NOW = [0, 1, 1, 2, 3], [0, 2, 1, 1, 2]  # the class of each piece


def change_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return comparison.difference(first, second, realm().read())


@given(pieces, pieces)
def test_the_difference_is_what_it_says(first: np.ndarray, second: np.ndarray) -> None:
    change = change_of(first, second)
    inside = realm().read() != MISSING
    assert ((change == MISSING) == ~inside).all()
    assert ((change == KEPT) == (inside & (first > 0) & (second > 0))).all()
    assert ((change == GAINED) == (inside & (first == 0) & (second > 0))).all()
    assert ((change == LOST) == (inside & (first > 0) & (second == 0))).all()
    turned = change_of(second, first)
    assert ((turned == GAINED) == (change == LOST)).all()
    assert ((turned == NEITHER) == (change == NEITHER)).all()


@given(pieces, pieces)
def test_classes_balance(first: np.ndarray, second: np.ndarray) -> None:
    known = [raster("first", first, category=True), raster("second", second, category=True)]
    cells = comparison.transitions(*known, WAS, NOW, 3)
    rows = comparison.class_rows("category", ["a", "b", "c"], cells)
    before, after = np.array(WAS)[first], np.array(NOW)[second]
    for n, row in enumerate(rows, start=1):
        assert row.first == (before == n).sum() == row.kept + row.lost + row.changed_out
        assert row.second == (after == n).sum() == row.kept + row.gained + row.changed_in
        assert row.gained == ((before == 0) & (after == n)).sum()
    assert sum(r.changed_in for r in rows) == sum(r.changed_out for r in rows)


@given(pieces, pieces)
def test_groups_and_what_is_held_sum_to_the_whole(first: np.ndarray, second: np.ndarray) -> None:
    change = raster("change", change_of(first, second), category=True)
    units = np.random.default_rng(1).choice([1, 2, MISSING], GRID.shape).astype(np.int32)
    cells = comparison.counted(raster("units", units, category=True), change, 2)
    assert cells.sum() == (change.read() != MISSING).sum()
    for n in (1, 2):
        row = comparison.row_of("unit", str(n), str(n), cells[n].tolist())
        assert row.first == ((units == n) & (change.read() == KEPT)).sum() + row.lost
        assert row.second - row.first == row.gained - row.lost
    values = np.random.default_rng(2).uniform(-1, 9, GRID.shape).astype(np.float32)
    (sums,) = comparison.held(change, {"water": raster("water", values)}).values()
    share = [s / max(sum(sums), 1) for s in sums]
    positive = np.maximum(values, 0).astype(float)
    inside = change.read() != MISSING
    for code in comparison.CHANGES:
        by_hand = positive[change.read() == code].sum() / positive[inside].sum()
        assert abs(share[code] - by_hand) < 1e-9


def test_bits_of_must_include_areas() -> None:
    bits = np.array([0, 1, 2, 3, MISSING], dtype=np.int32)
    assert comparison.has_bit(bits, bit=0).tolist() == [0, 1, 0, 1, 0]
    assert comparison.has_bit(bits, bit=1).tolist() == [0, 0, 1, 1, 0]


@given(pieces, pieces)
def test_pairs_of_codes_are_counted_in_the_region(first: np.ndarray, second: np.ndarray) -> None:
    found = comparison.crossed(
        raster("a", first, category=True), raster("b", second, category=True), realm(), 4
    )
    inside = realm().read() != MISSING
    assert found.sum() == inside.sum()
    assert found[2, 3] == (inside & (first == 2) & (second == 3)).sum()
