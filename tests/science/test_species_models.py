"""Tests of models by brute force; folds, samples and predictors by what must be true."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tianren.science import species_models as sm

values = st.lists(st.integers(0, 20).map(lambda v: v / 20), min_size=1, max_size=40).map(np.array)


@given(values, values)
def test_auc_is_the_share_of_pairs_in_the_right_order(hits: np.ndarray, others: np.ndarray) -> None:
    pairs = [1.0 if h > o else 0.5 if h == o else 0.0 for h in hits for o in others]
    assert sm.auc(hits, others) == pytest.approx(sum(pairs) / len(pairs))


@given(values, values)
def test_tss_is_the_best_of_all_thresholds(hits: np.ndarray, others: np.ndarray) -> None:
    def skill(t: float) -> float:
        return float((hits >= t).mean() + (others < t).mean() - 1)

    best, threshold = sm.tss(hits, others)
    every = [*hits.tolist(), *others.tolist(), 2.0]  # at 2 nothing is suitable
    assert best == pytest.approx(max(skill(t) for t in every))
    assert skill(threshold) == pytest.approx(best)


@given(values, st.floats(0.0, 0.9))
def test_omission_threshold_leaves_out_no_more_than_the_share(
    hits: np.ndarray, share: float
) -> None:
    threshold = sm.omission_threshold(hits, share)
    assert threshold in hits
    assert (hits < threshold).mean() <= share + 1e-9
    higher = [t for t in hits if t > threshold]
    assert all((hits < t).mean() > share - 1e-9 for t in higher)


def test_tenth_percentile_by_hand() -> None:
    assert sm.omission_threshold(np.arange(1, 21) / 20, 0.1) == 3 / 20  # two of twenty below


def boyce_by_loop(hits: np.ndarray, others: np.ndarray) -> float:
    """Window by window, from the definition."""
    every = np.concatenate([hits, others])
    low, high = every.min(), every.max()
    width = (high - low) / 10
    ratios, places = [], []
    for start in np.linspace(low, high - width, 101):
        p = sum(1 for h in hits if start <= h <= start + width) / len(hits)
        e = sum(1 for o in others if start <= o <= start + width) / len(others)
        if e > 0:
            ratios.append(p / e)
            places.append(start)
    return float(spearmanr(ratios, places).statistic)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_boyce_equals_the_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hits, others = rng.random(17) ** 0.5, rng.random(150)
    assert sm.boyce(hits, others) == pytest.approx(boyce_by_loop(hits, others), abs=1e-12)


def test_boyce_of_a_map_that_says_nothing_is_unknown() -> None:
    assert math.isnan(sm.boyce(np.full(5, 0.3), np.full(50, 0.3)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(2, 6))
def test_folds_are_whole_blocks_with_presences_in_each(seed: int, n: int, folds: int) -> None:
    rng = np.random.default_rng(seed)
    hits, others = rng.uniform(-400, 400, (n, 2)), rng.uniform(-400, 400, (200, 2))
    found = sm.spatial_folds(hits, others, 100.0, folds, seed)
    blocks = {tuple(b) for b in np.floor(hits / 100)}
    if found is None:
        assert len(blocks) == 1
        return
    of_hits, of_others = found
    assert set(of_hits.tolist()) == set(range(min(folds, len(blocks))))
    at: dict[tuple[float, ...], set[int]] = {}
    for place, fold in zip(
        np.vstack([hits, others]), np.concatenate([of_hits, of_others]), strict=True
    ):
        at.setdefault(tuple(np.floor(place / 100)), set()).add(int(fold))
    assert all(len(held) == 1 for held in at.values())
    again = sm.spatial_folds(hits, others, 100.0, folds, seed)
    assert again is not None
    assert np.array_equal(again[0], of_hits)


def test_presences_in_one_block_cannot_be_tested() -> None:
    assert sm.spatial_folds(np.full((20, 2), 5.0), np.zeros((10, 2)), 100.0, 5, 1) is None


def test_a_sample_is_the_same_whatever_the_order_and_even() -> None:
    cells = np.arange(10_000)
    found = sm.sample(cells, 1_000, 7, "frogs")
    assert np.array_equal(found, sm.sample(cells[::-1], 1_000, 7, "frogs"))
    assert not np.array_equal(found, sm.sample(cells, 1_000, 8, "frogs"))
    assert not np.array_equal(found, sm.sample(cells, 1_000, 7, "lemurs"))
    quarters = np.bincount(found // 2_500, minlength=4)
    assert (np.abs(quarters - 250) < 60).all()  # four standard deviations
    assert np.array_equal(sm.sample(cells[:5], 1_000, 7), cells[:5])


def test_predictors_that_say_the_same_are_left_out_in_order() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=500), rng.normal(size=500)
    codes = np.round(a)
    table = np.column_stack([a, -a + 0.1 * b, b, np.full(500, 3.0), codes])
    names = ["rain", "drought", "heat", "flat", "soil"]
    kept, dropped = sm.independent(table, names, [False, False, False, False, True], 0.7)
    assert kept == ["rain", "heat", "soil"]
    assert [(d.name, d.like) for d in dropped] == [("drought", "rain"), ("flat", "")]
    assert dropped[0].r == pytest.approx(np.corrcoef(a, -a + 0.1 * b)[0, 1])


DESIGN = sm.Design(block=20.0, folds=4, omission=0.1, strength=1.0, seed=1)


def niche(noise: bool) -> sm.Fitted:
    """A species of warm places on a plain of 100 x 100, or of no place in particular."""
    rng = np.random.default_rng(4)
    at = rng.uniform(0, 100, (1500, 2))
    cells = np.column_stack([np.sin(at[:, 0] / 9) + 0.3 * rng.normal(size=1500), at[:, 1] / 100])
    weight = np.ones(1500) if noise else np.exp(3 * cells[:, 0])
    hits = rng.choice(1500, 60, p=weight / weight.sum(), replace=False)
    return sm.model_species(cells[hits], cells, at[hits], at, [False, False], DESIGN)


def test_a_niche_is_found_on_land_not_seen_and_noise_is_not() -> None:
    found, nothing = niche(False).scores, niche(True).scores
    assert found is not None
    assert nothing is not None
    assert found.folds == 4
    assert found.auc > 0.75
    assert found.tss > 0.4
    assert found.boyce > 0.7
    assert nothing.auc < 0.62


def test_thresholds_are_of_the_training_presences() -> None:
    fitted = niche(False)
    assert 0 < fitted.threshold_omission < 1
    assert 0 < fitted.threshold_tss < 1
