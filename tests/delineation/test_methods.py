"""The kernels of the methods give the worked examples, and mark what they have to mark."""

import numpy as np
import pytest

from tianren.delineation.factors import FACTORS
from tianren.delineation.factors.climate import dryness_of_months
from tianren.delineation.factors.soil import cover_factor_table
from tianren.delineation.importance import FUNCTIONS
from tianren.delineation.importance.carbon import carbon_taken_up
from tianren.delineation.importance.water import water_balance
from tianren.delineation.importance.wind import sand_by_rweq
from tianren.delineation.layers import LayerInfo
from tianren.delineation.plan import plan
from tianren.delineation.recipes import Context
from tianren.delineation.sensitivity import SENSITIVITIES, coastal_erosion
from tianren.raster.raster import MISSING

from .small_layers import CODES, infos, parameters


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def context(*names: str) -> Context:
    return Context(parameters(), infos(names))


def test_water_balance_is_the_worked_example_w1() -> None:
    depth, negative, left_out = water_balance(
        floats(1200, 900, 400, 800), floats(700, 650, 450, 300), np.array([1, 2, 3, 4]),
        alpha={1: 0.0302, 2: 0.0478, 3: 0.1827, 4: 0.0},
        counted={1: 1.0, 2: 1.0, 3: 1.0, 4: 0.0},
    )  # fmt: skip
    cubic_metres = depth[:3] * np.array([2, 1, 1]) * 1000
    np.testing.assert_allclose(cubic_metres, [927_520, 206_980, -123_080], atol=1)
    assert negative.tolist() == [0, 0, 1, 0]
    assert left_out.tolist() == [False, False, False, True]
    assert depth[3] == 0


def test_sand_fixation_is_the_worked_example_w4() -> None:
    fixed, beyond, negative = sand_by_rweq(
        np.array([20.0, 400.0]), np.array([0.5201, 0.5201]), np.array([0.594884, 0.594884]),
        np.array([0.9, 0.9]), np.array([0.056275, 0.056275]), distance=50.0,
    )  # fmt: skip
    assert fixed[0] == pytest.approx(6434.902, rel=1e-4)
    assert beyond.tolist() == [0, 1]
    assert negative[0] == 0


def test_dryness_is_the_worked_example_w5() -> None:
    # About 3,500 degree days, and 180 mm of rain, in months of 10 degC; winter does not count.
    warm = 3500 / (30 * 2 + 31 * 3)
    cold, rain = floats(-5), floats(36)
    months = [cold] * 12
    falls = [floats(99)] * 12
    for month in (3, 4, 6, 7, 8):  # April, May, July, August, September
        months[month], falls[month] = floats(warm), rain
    days = 30 + 31 + 31 + 31 + 30
    expected = 0.16 * warm * days / 180
    assert dryness_of_months(tuple(months), tuple(falls))[0] == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx(3.1111, rel=1e-3)


def test_a_place_without_rain_is_as_dry_as_a_number_can_say() -> None:
    found = dryness_of_months((floats(20),) * 12, (floats(0),) * 12)
    assert np.isfinite(found).all() and found[0] > 1e30


def test_a_loss_of_carbon_is_marked() -> None:
    taken, negative = carbon_taken_up(floats(500, 100), floats(300, 300))
    assert taken == pytest.approx([2.0, -2.0])
    assert negative.tolist() == [0, 1]


def test_coastal_erosion_knows_sand_and_mud_and_land_far_from_it() -> None:
    settings = next(c for c in SENSITIVITIES if c.id == "coastal_erosion").methods[0].settings
    found = coastal_erosion(
        floats(2.5, 2.5, 12, 0.2, np.nan, 2.5), np.array([2, 3, 3, 2, 2, MISSING]),
        **settings(context("coast_type")),
    )  # fmt: skip
    assert found[:5].tolist() == [5, 1, 5, 1, 0]
    assert np.isnan(found[5])


def test_the_table_of_cover_factors_by_type() -> None:
    recipe = next(r for r in FACTORS["cover_factor"] if len(r.needs) == 2)
    given = recipe.settings(context("landcover"))
    # IGBP: 5 mixed forest, 12 cropland, 13 built-up, 16 barren, 11 wetland.
    factor, clipped = cover_factor_table(
        floats(0.95, 0.6, 0.02, 0.3, 0.2, 0.5), np.array([5, 12, 12, 13, 16, 11]), **given
    )
    expected = [0.001, 0.221 - 0.595 * np.log10(0.6), 1.0, 0.01, 0.7, 0.0]
    np.testing.assert_allclose(factor, expected, rtol=1e-6)
    assert clipped.tolist() == [False, False, True, False, False, False]


def test_every_method_reads_its_parameters_and_legends() -> None:
    every = context(*CODES)
    recipes = [r for ways in FACTORS.values() for r in ways]
    recipes += [m for c in (*FUNCTIONS, *SENSITIVITIES) for m in c.methods]
    for recipe in recipes:
        recipe.settings(every)
        recipe.parameters(every)


def test_every_method_has_a_total_in_the_registry_unless_it_only_says_where() -> None:
    from tianren.measures import indicators

    for criterion in FUNCTIONS:
        for method in criterion.methods:
            if criterion.by(method).grading == "share":
                total = criterion.totals[method.method]
                assert indicators()[total.indicator].unit == total.unit


def test_a_constant_elevation_has_no_slope() -> None:
    available = infos(("rainfall_erosivity", "soil_erodibility", "cover_factor", "elevation"))
    available["elevation"] = LayerInfo("elevation", constant=100.0, reason="flat")
    found = {p.id: p for p in plan(available, parameters())}["soil_conservation"]
    assert found.status == "missing"
