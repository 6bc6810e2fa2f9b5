"""Factors of suitability: planned from what there is, missing ones named; combined cell by cell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delineation.small_layers import GRID, infos, parameters, rasters, realm
from tianren.delineation import suitability
from tianren.delineation.compute import MemoryShelf, Work, run
from tianren.delineation.recipes import Context
from tianren.findings import Severity
from tianren.language import set_language
from tianren.raster.raster import MISSING
from tianren.science.suitability import matrix_of

BASIC = ("elevation", "slope", "relief", "landcover", "temperature", "precipitation")
ALL = (*BASIC, "silt", "relative_humidity", "soil_pollution", "hazard", "water_modulus")
levels = st.integers(1, 5)


@pytest.fixture(autouse=True)
def english() -> None:
    set_language("en")


def planned(names: tuple[str, ...]):
    return suitability.plan_factors(infos(names), parameters())


def test_an_ordinary_country_can_judge_land_and_is_told_what_is_missing() -> None:
    plans = planned(BASIC)
    assert suitability.present("farm", plans) == (
        "farm_water", "farm_land", "farm_climate", "dry_land",
    )  # fmt: skip
    assert suitability.lacking("town", plans) == ("town_climate", "hazard_limit")
    (finding,) = suitability.about_missing("farm", plans)
    assert finding.severity == Severity.WARNING
    assert "soil_pollution, hazard" in finding.message
    assert "soil (pollution), hazard" in finding.message


def test_with_every_layer_nothing_is_missing() -> None:
    plans = planned(ALL)
    for purpose in suitability.PURPOSES:
        assert suitability.present(purpose, plans) == suitability.FACTORS_OF[purpose]
        assert suitability.about_missing(purpose, plans) == []


def test_without_water_or_land_nothing_is_judged() -> None:
    plans = planned(("elevation", "slope", "relief", "landcover", "temperature"))
    assert suitability.present("farm", plans) == ()
    (finding,) = suitability.about_missing("farm", plans)
    assert finding.message.startswith("not judged")


def test_factors_are_levels_on_land_and_a_layer_can_only_lower() -> None:
    found = {}
    for names in (BASIC, ALL):
        shelf = MemoryShelf(GRID)
        plans = planned(names)
        run(Work(plans, rasters(names), realm(), shelf, Context(parameters(), infos(names))))
        farm = suitability.present("farm", plans)
        arrays = [shelf.open(n, "value").read() for n in farm]
        for cells in arrays:
            known = cells[~np.isnan(cells)]
            assert set(np.unique(known)) <= {1.0, 2.0, 3.0, 4.0, 5.0}
            assert np.array_equal(np.isnan(cells), realm().read() != 1)
        found[names] = suitability.combine(*arrays, names=farm, way="minimum", matrix={})
    assert (found[ALL] <= found[BASIC]).all()
    assert (found[ALL] < found[BASIC]).any()


@given(st.lists(st.tuples(levels, levels, levels), min_size=1, max_size=9))
def test_the_two_ways_to_combine(cells: list[tuple[int, int, int]]) -> None:
    water, land, climate = (np.array(c, dtype=float) for c in zip(*cells, strict=True))
    names = ("farm_water", "farm_land", "farm_climate")
    least = suitability.combine(water, land, climate, names=names, way="minimum", matrix={})
    assert least.tolist() == [min(cell) for cell in cells]
    table = {f"{w}-{s}": min(5, w + s - 1) for w in range(1, 6) for s in range(1, 6)}
    found = suitability.combine(water, land, climate, names=names, way="matrix", matrix=table)
    by_hand = [min(matrix_of(table)[w - 1, s - 1], c) for w, s, c in cells]
    assert found.tolist() == by_hand


def test_an_unknown_factor_leaves_the_level_unknown_and_no_one_to_blame() -> None:
    water, land = np.array([5.0, 2.0, 3.0]), np.array([np.nan, 4.0, 3.0])
    names = ("town_water", "town_land")
    found = suitability.combine(water, land, names=names, way="minimum", matrix={})
    assert found.tolist() == [MISSING, 2, 3]
    assert suitability.deciding(water, land).tolist() == [0, 1, 1]
