"""Removal by heap against removal by looking at every cell every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.science.ranking import EXPONENT, rank_cells


def one_by_one(amounts: np.ndarray, weight: np.ndarray, cost: np.ndarray, core: bool) -> list[int]:
    """The rule as the papers state it, with fresh losses of all remaining cells each time."""
    shares = amounts / np.where(amounts.sum(axis=0) > 0, amounts.sum(axis=0), 1)
    rest, order = list(range(len(cost))), []
    while rest:
        left = shares[rest].sum(axis=0)

        def loss(i: int, left: np.ndarray = left) -> float:
            held = shares[i] > 0
            if core:
                return float((weight * shares[i])[held].__truediv__(left[held]).max(initial=0))
            after = np.maximum(left - shares[i], 0)
            return float((weight * (left**EXPONENT - after**EXPONENT))[held].sum())

        worst = min(rest, key=lambda i: (round(loss(i) / cost[i], 12), i))
        order.append(worst)
        rest.remove(worst)
    return order


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_one_by_one_is_exact(seed: int, core: bool) -> None:
    rng = np.random.default_rng(seed)
    amounts = rng.uniform(0.1, 1, (12, 4)) * (rng.random((12, 4)) < 0.6)
    weight, cost = rng.uniform(0.5, 2, 4), rng.uniform(0.5, 2, 12)
    rule = "core_area" if core else "additive_benefit"
    ranking = rank_cells(amounts, weight, cost, rule=rule)
    assert ranking.order.tolist() == one_by_one(amounts, weight, cost, core)


def test_the_last_refuge_of_a_species_outlives_richer_cells() -> None:
    """Cell 0 holds all of feature 0; cells 1 to 3 share the others."""
    amounts = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1], [0, 1, 1.0]])
    assert rank_cells(amounts).rank[0] >= 0.75


@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
@settings(max_examples=30, deadline=None)
def test_batches_remove_every_cell_once_and_curves_fall(seed: int, batch: int) -> None:
    rng = np.random.default_rng(seed)
    ranking = rank_cells(rng.random((50, 3)), batch=batch, rule="additive_benefit")
    assert sorted(ranking.order.tolist()) == list(range(50))
    assert (np.diff(ranking.left, axis=0) <= 1e-12).all()
    assert ranking.left[0] == pytest.approx(1) and ranking.left[-1] == pytest.approx(0)


def test_a_cost_of_zero_is_refused() -> None:
    with pytest.raises(UserError, match="1 of 2 cells"):
        rank_cells(np.ones((2, 1)), cost=np.array([0.0, 1.0]))
