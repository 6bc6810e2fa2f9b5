"""Draws, how often each cell is inside, and which parameter moves the line."""

import datetime as dt
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tianren.delineation import robustness
from tianren.delineation.redline import ArrayStore
from tianren.parameters import Parameters, Setting
from tianren.raster.raster import MISSING

from .small_country import category, quantity


def setting(name: str, low: object = 0.0, high: object = 1.0) -> Setting:
    return Setting(name, "1", 0.5, "test", False, low=low, high=high)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**31))
def test_each_stratum_of_each_parameter_is_drawn_once(n: int, seed: int) -> None:
    draws = robustness.draw_settings([setting("a"), setting("b")], n, seed)
    assert len(draws) == n
    for quantiles in draws.quantiles.values():
        assert sorted(math.floor(q * n) for q in quantiles) == list(range(n))


def test_draws_depend_on_the_seed_and_the_parameter_only() -> None:
    one = robustness.draw_settings([setting("a")], 7, 3)
    two = robustness.draw_settings([setting("b"), setting("a")], 7, 3)
    assert one.quantiles["a"] == two.quantiles["a"]
    assert one.quantiles["a"] != robustness.draw_settings([setting("a")], 7, 4).quantiles["a"]
    assert one.quantiles["a"] != two.quantiles["b"]


def test_parameters_without_a_range_are_held_and_named() -> None:
    used = [setting("a"), replace(setting("b"), low=None, high=None)]
    draws = robustness.draw_settings(used, 5, 1)
    assert draws.held == ("b",) and list(draws.quantiles) == ["a"]
    assert 0 <= draws.at(2)["a"].value <= 1
    found = robustness.summarise(draws, [1, 2, 3, 4, 5], 1, 1)
    held = next(f for f in robustness.findings(found) if f.rule == "robustness.held")
    assert "b" in held.message


def test_shares_stay_rational_in_a_draw() -> None:
    parameters = Parameters(dt.date(2026, 1, 1))
    draws = robustness.draw_settings([parameters["grading.extremely_important"]], 9, 1)
    for n in range(9):
        value = draws.at(n)["grading.extremely_important"].value
        assert isinstance(value, Fraction) and Fraction(9, 20) <= value <= Fraction(11, 20)


def test_how_often_each_cell_is_inside() -> None:
    realm = category("realm", [[1, 1, 2, MISSING]])
    masks = [category("m", [[1, 0, 1, 0]]), category("m", [[2, 0, MISSING, 0]])]
    store = ArrayStore(realm.grid)
    sink = store.sink("frequency")
    sink.cells = np.zeros((1, 4), dtype=np.float32)  # type: ignore[attr-defined]
    robustness.frequency(masks, realm, sink)
    np.testing.assert_array_equal(sink.cells, [[1, 0, 0.5, np.nan]])  # type: ignore[attr-defined]
    assert robustness.always_cells(quantity("f", [[1, 0, 0.5, np.nan]])) == 1
    assert [robustness.inside_cells(m) for m in masks] == [2, 1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=3, max_size=12), st.integers(0, 1000))
def test_rank_correlation_is_scipys(x: list[int], seed: int) -> None:
    y = np.random.default_rng(seed).integers(0, 4, len(x)).tolist()
    mine = robustness.spearman(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(mine)
    else:
        assert mine == pytest.approx(float(stats.spearmanr(x, y).statistic), abs=1e-12)


def test_what_a_robustness_run_says() -> None:
    draws = robustness.draw_settings([setting("a"), setting("b")], 4, 1)
    order = np.argsort(draws.quantiles["a"])
    cells = [0, 0, 0, 0]
    for rank, n in enumerate(order.tolist()):
        cells[n] = 10 + rank
    found = robustness.summarise(draws, cells, 7, 6)
    assert found.effects["a"] == pytest.approx(1.0) and found.strongest == "a"
    measures = robustness.measures(found, 1e6, "X", "2026")
    rows = {(m.indicator, *m.by): m for m in measures}
    area = rows["robustness.area", ("draws", "4")]
    assert (area.value, area.low, area.high) == (11.5e6, 10e6, 13e6)
    assert rows["robustness.core",].value == 7e6
    assert rows["robustness.core", ("within", "redline")].value == 6e6
    nothing = robustness.summarise(robustness.draw_settings([], 3, 1), [5, 5, 5], 5, 5)
    assert [f.rule for f in robustness.findings(nothing)] == ["robustness.nothing_drawn"]


def test_an_effect_within_the_luck_of_the_draws_is_not_told_apart_from_chance() -> None:
    """A hundred parameters that have nothing to do with the area: about five stand out."""
    n, names = 50, [f"p{i}" for i in range(100)]
    draws = robustness.draw_settings([setting(name) for name in [*names, "real"]], n, 2)
    cells = [round(1000 * q) for q in draws.quantiles["real"]]
    found = robustness.summarise(draws, cells, 0, 0)
    assert found.chance == pytest.approx(1.96 / 7)
    assert "real" not in found.by_chance and 88 <= len(found.by_chance) <= 99
    said = {f.rule: f.message for f in robustness.findings(found)}
    assert "not told apart from chance: below 0.28 in 50 draws" in said["robustness.by_chance"]
    for row in robustness.measures(found, 1.0, "X", "2026"):
        if row.indicator == "robustness.effect":
            assert row.low is not None and row.high is not None
            assert -1 <= row.low <= row.value <= row.high <= 1
            assert (row.low <= 0 <= row.high) == (row.sources[0] in found.by_chance)


def test_the_core_in_this_line() -> None:
    share = quantity("f", [[1, 1, 0.5, np.nan]])
    assert robustness.kept_cells(share, category("cells", [[3, 0, 2, 0]])) == 1
