"""What land is best for and where its use collides with that: rules by hand, sums exact."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.delineation.small_layers import GRID, parameters, raster, realm
from tianren.delineation import development
from tianren.delineation.development import (
    BUILD,
    BUILT,
    CONSERVE,
    FARM,
    FARMED,
    MIXED,
    NATURAL,
    RESIDUAL,
)
from tianren.raster.raster import MISSING

LIMITS = development.limits_of(parameters())


def best(farm: int, town: int, red: int = 0, grade: int = 1) -> int:
    cells = [np.array([value], dtype=np.int32) for value in (1, farm, town, red, grade)]
    return int(development.allocate(*cells, limits=LIMITS)[0])


def test_the_line_and_extremely_important_land_are_for_conservation() -> None:
    assert best(5, 5, red=3) == CONSERVE
    assert best(5, 5, grade=5) == CONSERVE
    assert best(MISSING, 5, red=3) == CONSERVE


def test_elsewhere_suitability_is_weighed_against_importance() -> None:
    assert best(2, 1) == FARM
    assert best(1, 3) == BUILD
    assert best(2, 2) == FARM  # level two is no town
    assert best(3, 3) == MIXED
    assert best(1, 1) == RESIDUAL
    assert best(2, 1, grade=3) == RESIDUAL  # important land asks for one level more
    assert best(3, 1, grade=3) == FARM
    assert best(MISSING, 5) == MISSING


def test_the_sea_is_left_out() -> None:
    sea, red = np.array([2], dtype=np.int32), np.array([7], dtype=np.int32)
    assert development.allocate(sea, red, red, red, red, limits=LIMITS).tolist() == [MISSING]


def test_a_conflict_is_use_against_fitness() -> None:
    def conflict(use: int, best_for: int, farm: int = 3, town: int = 3) -> int:
        cells = [np.array([v], dtype=np.int32) for v in (use, best_for, farm, town)]
        return int(development.conflicts(*cells)[0])

    assert conflict(FARMED, CONSERVE, farm=1) == 1
    assert conflict(BUILT, CONSERVE, town=1) == 2
    assert conflict(FARMED, RESIDUAL, farm=1) == 3
    assert conflict(BUILT, FARM, town=1) == 4
    assert conflict(FARMED, BUILD) == 0
    assert conflict(NATURAL, CONSERVE, 1, 1) == 0
    assert conflict(MISSING, CONSERVE) == MISSING


def test_uses_follow_the_ecosystem_types() -> None:
    types = {1: "cropland", 2: "built_up", 3: "meadow", 4: "orchard", 5: "paddy"}
    uses = {1: FARMED, 2: BUILT, 3: NATURAL, 4: FARMED, 5: FARMED}
    assert development.uses_of(types) == uses


@given(
    arrays(np.int32, GRID.shape, elements=st.sampled_from([0, 1, 2, 3, MISSING])),
    arrays(np.int32, GRID.shape, elements=st.sampled_from([1, 2, 3, MISSING])),
)
def test_the_classes_of_the_units_sum_to_the_land(codes: np.ndarray, units: np.ndarray) -> None:
    places = raster("units", units, category=True)
    named = raster("codes", codes, category=True)
    by_unit = development.counted(named, realm(), places, 3, 3)
    whole = development.counted(named, realm(), None, 3, 0)
    land = realm().read() == 1
    assert np.array_equal(by_unit.sum(axis=0), whole[0])
    assert by_unit.sum() == land.sum()
    for unit in (1, 2, 3):
        assert by_unit[unit].sum() == (land & (units == unit)).sum()
        assert by_unit[unit, 2] == (land & (units == unit) & (codes == 2)).sum()
    assert by_unit[0].sum() == (land & (units == MISSING)).sum()
