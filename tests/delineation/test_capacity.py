"""Carrying capacity by hand; sums of water do not depend on blocks; tables with faults refused."""

import numpy as np
import pytest

from tests.delineation.small_layers import GRID, parameters, raster
from tianren.delineation import capacity
from tianren.delineation.capacity import Room
from tianren.errors import UserError
from tianren.language import set_language
from tianren.raster.raster import MISSING

KM2 = 1e6


@pytest.fixture(autouse=True)
def english() -> None:
    set_language("en")


def test_land_or_water_limits_and_the_smaller_decides() -> None:
    rules = capacity.rules(parameters())
    # 100 hm3 yield: 40 % usable, 70 % of that for farms: 28 hm3, at 0.5 m3/m2 enough for 56 km2;
    # 30 % for towns: 12 hm3, at 1 m3/m2 enough for 12 km2.
    room = Room("1", "Wide", {"farm": 80 * KM2, "town": 5 * KM2},
                {"farm": 70 * KM2, "town": 2.5 * KM2}, 100e6, None, 100_000.0)  # fmt: skip
    farm, town = capacity.rows_of("province", [room], rules)
    assert (farm["capacity_m2"], farm["limited_by"]) == (pytest.approx(56 * KM2), "water")
    assert farm["overload"] == pytest.approx(1.25)
    assert (town["capacity_m2"], town["limited_by"], town["overload"]) == (5 * KM2, "land", 0.5)
    assert town["people_capacity"] == 50_000
    assert town["population_overload"] == 2.0
    (finding,) = capacity.about_overload([farm, town])
    assert finding.subject == "farm"
    assert "1 of 1 units, most in Wide" in finding.message


def test_a_table_of_water_replaces_the_yield_and_no_water_leaves_land_alone() -> None:
    rules = capacity.rules(parameters())
    given = Room("1", "A", {"farm": 80 * KM2}, {}, 1e6, usable=10e6)
    (row,) = capacity.rows_of("province", [given], rules)
    assert row["capacity_m2"] == pytest.approx(10e6 * 0.7 / 0.5)
    assert (row["current_m2"], row["overload"]) == ("", "")
    unknown = Room("1", "A", {"farm": 80 * KM2}, {}, None)
    (row,) = capacity.rows_of("province", [unknown], rules)
    assert (row["capacity_m2"], row["usable_water_m3"]) == (80 * KM2, "")


def test_suitable_land_and_water_are_summed_by_unit() -> None:
    rng = np.random.default_rng(3)
    units = rng.choice([1, 2, MISSING], GRID.shape).astype(np.int32)
    level = rng.choice([1, 2, 3, 4, 5, MISSING], GRID.shape).astype(np.int32)
    best = rng.choice([1, 2, 3, MISSING], GRID.shape).astype(np.int32)
    water = rng.uniform(0, 90, GRID.shape).astype(np.float32)
    water[0] = np.nan
    args = [raster(n, c, category=True) for n, c in (("l", level), ("b", best), ("u", units))]
    found = capacity.suitable_cells(*args, 2, 3)
    yields = capacity.water_by_unit(raster("w", water), args[2], 2)
    for unit, own in ((0, units == MISSING), (1, units == 1), (2, units == 2)):
        good = own & (level >= 3) & (best != MISSING) & (best != 1)
        assert found[unit] == good.sum()
        # 1e4 m3/(km2 a) on cells of 1 km2.
        assert yields[unit] == np.rint(np.nan_to_num(water)[own].astype(float) * 1e4).sum()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"division": ""}], "names no division"),
        ([{"division": "1"}, {"division": "1"}], "has two rows"),
        ([{"division": "1", "population": "many"}], "'many' is not an amount"),
        ([{"division": "1", "built_km2": "-3"}], "'-3' is not an amount"),
    ],
)
def test_a_faulty_row_is_named(rows: list[dict[str, str]], said: str) -> None:
    with pytest.raises(UserError) as fault:
        capacity.read_demand(rows, "demand")
    assert said in fault.value.what
    assert f"row {len(rows) + 1}" in fault.value.where


def test_a_table_may_leave_cells_empty_and_group_thousands() -> None:
    found = capacity.read_demand([{"division": " 1 ", "population": "1,200 000", "built_km2": ""}],
                                 "demand")  # fmt: skip
    assert found == {"1": {"population": 1_200_000.0}}
