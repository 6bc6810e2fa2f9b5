"""Species surfaces: worked examples, and what must be true of any set of ranges."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tianren.science.species import (
    Ranges,
    area_of_habitat,
    chosen,
    complementarity,
    corrected_weighted_endemism,
    held,
    hotspots,
    range_area,
    ranges_of,
    richness,
    species_weight,
    weighted_endemism,
    weighted_richness,
    within,
)

WEIGHTS = {"cr": 5.0, "en": 4.0, "vu": 3.0, "class_one": 2.0, "endemic": 1.0}


def made(dense: object, shape: tuple[int, int]) -> Ranges:
    cells = scipy.sparse.csr_array(np.asarray(dense, dtype=float))
    return ranges_of([f"s{i}" for i in range(cells.shape[0])], cells, shape, 1e6)


shares = arrays(np.float32, (5, 12), elements=st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0]))


def test_endemism_of_the_worked_example() -> None:
    # W17: ranges a 2, b 4, c 1 cells; x holds a, b, c; y holds a, b; z holds b; a fourth cell b.
    ranges = made([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]], (1, 4))
    assert weighted_endemism(ranges)[0, :3].tolist() == [1.75, 0.75, 0.25]
    corrected = corrected_weighted_endemism(ranges)[0, :3]
    assert corrected.tolist() == pytest.approx([0.583333, 0.375, 0.25], abs=1e-6)
    assert richness(ranges).tolist() == [[3, 2, 1, 1]]


def test_weights_of_species() -> None:
    assert species_weight(WEIGHTS, "CR", protected=True, endemic=True) == 8.0
    assert species_weight(WEIGHTS, "LC", protected=False, endemic=True) == 1.0
    ranges = made([[0.5, 0, 0], [1, 1, 0]], (1, 3))
    assert weighted_richness(ranges, [5.0, 3.0]).tolist() == [[5.5, 3.0, 0.0]]


@given(shares)
def test_endemism_sums_to_the_number_of_species_with_a_range(dense: np.ndarray) -> None:
    ranges = made(dense, (3, 4))
    assert weighted_endemism(ranges).sum() == pytest.approx((dense.sum(axis=1) > 0).sum())
    assert richness(ranges).sum() * 1e6 == pytest.approx(range_area(ranges).sum())


@given(shares)
def test_a_finer_grid_changes_nothing(dense: np.ndarray) -> None:
    coarse = made(dense, (3, 4))
    fine_cells = dense.reshape(5, 3, 4).repeat(2, axis=1).repeat(2, axis=2).reshape(5, 48)
    fine = ranges_of(coarse.names, fine_cells, (6, 8), 2.5e5)
    np.testing.assert_allclose(range_area(fine), range_area(coarse))
    blocks = richness(fine).reshape(3, 2, 4, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks, richness(coarse))


@given(shares, arrays(np.float64, (3, 12), elements=st.floats(0, 1)))
def test_held_areas_equal_the_sum_over_cells(dense: np.ndarray, zones: np.ndarray) -> None:
    ranges = made(dense, (3, 4))
    found = held(ranges, scipy.sparse.csr_array(zones))
    by_loop = [[math.fsum(z * s) * 1e6 for s in dense.astype(float)] for z in zones]
    np.testing.assert_allclose(found, by_loop, rtol=1e-12, atol=1e-6)


def test_a_zone_that_covers_all_holds_each_range_whole() -> None:
    ranges = made([[0.25, 1, 0, 0], [0, 0, 0, 0]], (2, 2))
    found = held(ranges, scipy.sparse.csr_array(np.ones((1, 4))))
    assert found.tolist() == [range_area(ranges).tolist()]


def test_within_a_region() -> None:
    ranges = made([[0.25, 1, 0.5, 1]], (2, 2))
    found = within(ranges, np.array([[True, False], [True, True]]))
    assert found.cells.toarray().tolist() == [[0.25, 0, 0.5, 1]]
    assert found.cells.nnz == 3
    assert ranges.cells.nnz == 4


def test_some_species() -> None:
    found = chosen(made([[1, 0], [0, 1], [1, 1]], (1, 2)), np.array([True, False, True]))
    assert found.names == ("s0", "s2")
    assert found.cells.toarray().tolist() == [[1, 0], [1, 1]]


def test_area_of_habitat_by_hand() -> None:
    shares = np.array([1.0, 0.5, 1.0, 1.0, 1.0])
    cover = np.array([1, 1, 2, 1, -(2**31)], dtype=np.int32)
    height = np.array([100.0, 900.0, 100.0, np.nan, 100.0])
    found = area_of_habitat(shares, cover, height, frozenset({1}), 0.0, 1000.0)
    assert found.tolist() == [1.0, 0.5, 0.0, 0.0, 0.0]
    # Without limits a missing elevation does not matter; without classes the land cover does not.
    found = area_of_habitat(shares, cover, height, frozenset({1}), -math.inf, math.inf)
    assert found.tolist() == [1.0, 0.5, 0.0, 1.0, 0.0]
    assert area_of_habitat(shares, None, None, frozenset(), 0.0, 1.0).tolist() == shares.tolist()


@given(
    arrays(np.float64, 30, elements=st.sampled_from([math.nan, -1.0, 0.0, 1.0, 2.0, 3.0])),
    st.fractions(Fraction(1, 40), 1),
)
def test_hotspots_are_the_highest_with_all_ties(values: np.ndarray, share: Fraction) -> None:
    marked, cut = hotspots(values, share)
    known = values[~np.isnan(values)]
    positive = int((known > 0).sum())
    assert not marked[np.isnan(values)].any()
    if marked.any():
        assert values[marked].min() == cut > 0
        assert not (known[known < cut] > values[marked].min()).any()
    assert marked.sum() >= min(math.ceil(share * len(known)), positive)
    below = known[(known > 0) & (known < cut)]
    # Without the tied cells at the cut, fewer than the share would be marked.
    assert int((known > cut).sum()) < max(math.ceil(share * len(known)), 1) or not len(below)


def test_no_hotspots_where_nothing_lives() -> None:
    marked, cut = hotspots(np.array([0.0, np.nan, 0.0]), Fraction(1, 20))
    assert not marked.any()
    assert cut == math.inf
    assert hotspots(np.array([np.nan]), Fraction(1, 20))[1] == math.inf


def test_complementarity_by_hand() -> None:
    holds = scipy.sparse.csr_array(
        np.array(
            [
                [1, 1, 0, 0, 0],
                [1, 1, 1, 0, 0],
                [0, 0, 1, 1, 0],
                [0, 0, 0, 1, 0],
                [0, 0, 0, 0, 0],
            ]
        )
    )
    found = complementarity(holds)
    assert [(c.unit, c.species, c.held) for c in found] == [(1, (0, 1, 2), 3), (2, (3,), 4)]
    assert complementarity(scipy.sparse.csr_array((0, 3))) == []


@settings(max_examples=60)
@given(arrays(np.int8, (8, 10), elements=st.integers(0, 1)))
def test_complementary_units_hold_every_species_once(holds: np.ndarray) -> None:
    found = complementarity(scipy.sparse.csr_array(holds))
    species = [s for c in found for s in c.species]
    assert sorted(species) == np.flatnonzero(holds.any(axis=0)).tolist()
    gains = [len(c.species) for c in found]
    assert gains == sorted(gains, reverse=True)
    assert [c.held for c in found] == np.cumsum(gains).tolist()
    covered: set[int] = set()
    for step in found:  # each is the first of those that add most
        adds = [len(set(np.flatnonzero(row)) - covered) for row in holds]
        assert step.unit == adds.index(max(adds))
        covered |= set(step.species)
