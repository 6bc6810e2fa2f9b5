"""Units, what they hold and cost: sums are conserved, borders are lengths, overlaps are refused."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from scipy.sparse import csr_array

from tianren.delineation.gaps import Features
from tianren.delineation.planning import (
    agreement,
    block_units,
    cost_of_units,
    held_by_units,
    locked,
    polygon_units,
)
from tianren.errors import UserError
from tianren.geo.fractions import cell_fractions
from tianren.science.choice import LOCKED_IN, LOCKED_OUT

CELL = 1000.0


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_blocks_cover_the_region_once_and_borders_close(seed: int, side: int) -> None:
    rng = np.random.default_rng(seed)
    region = rng.random((9, 7)) < 0.8
    region[4, 3] = True
    units = block_units(region, side, CELL, CELL)
    assert np.array_equal(np.asarray(units.cells.sum(axis=0)), region.ravel())
    assert units.area.sum() == region.sum() * 1e6
    # What each unit's cells show of their outline is what it shares and its edge.
    b, n = units.borders, len(units.names)
    outline = b.edge + np.bincount(b.first, b.length, n) + np.bincount(b.second, b.length, n)
    for u in range(n):
        cells = np.pad((units.labels == u).reshape(region.shape), 1)
        sides = sum(np.abs(np.diff(cells.astype(int), axis=axis)).sum() for axis in (0, 1))
        assert outline[u] == pytest.approx(sides)


def test_amounts_of_units_are_sums_of_cells_in_km2() -> None:
    units = block_units(np.ones((4, 4), dtype=bool), 2, CELL, CELL)
    forest = csr_array(np.full((1, 16), 5e5))  # half of each km2
    water = csr_array(np.arange(16.0)[None])
    features = [
        Features("ecosystem", ("forest",), forest, np.array([0.5])),
        Features("function", ("water",), water, np.array([0.1]), ("%",)),
    ]
    held, findings = held_by_units(units, features, {"function": 0.25})
    assert not findings
    assert held.amounts.toarray().tolist() == [[2, 10], [2, 18], [2, 42], [2, 50]]
    assert held.targets.tolist() == [4.0, 30.0]  # half of 8 km2, a quarter of 120
    with pytest.raises(UserError, match="did you mean forest"):
        held_by_units(units, features, {"forst": 0.3})


def polygons(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    shapes = [shapely.box(*(CELL * v for v in box)) for box in boxes]
    return gpd.GeoDataFrame(geometry=shapes, crs="EPSG:6933")


GRID = GeoBox((4, 4), Affine(CELL, 0, 0, 0, -CELL, 4 * CELL), "EPSG:6933")


def test_polygons_as_units_share_cells_and_borders() -> None:
    layer = polygons((0, 0, 2, 4), (2, 0, 3.5, 4))
    cells = cell_fractions(layer.geometry.to_numpy(), GRID)
    units = polygon_units(layer, ["west", "east"], cells, 1e6, slack=1.0)
    assert units.area == pytest.approx([8e6, 6e6])
    assert units.borders.length.tolist() == [4.0]
    assert units.borders.edge == pytest.approx([8.0, 7.0])


def test_units_that_overlap_are_refused_with_where_and_how_much() -> None:
    layer = polygons((0, 0, 2, 2), (1, 0, 3, 2), (3, 3, 4, 4))
    cells = cell_fractions(layer.geometry.to_numpy(), GRID)
    with pytest.raises(UserError, match="north and south by 2 km2") as fault:
        polygon_units(layer, ["north", "south", "far"], cells, 1e6, slack=1.0)
    assert fault.value.where == "project.plan.units"
    assert "1 pairs, 2 km2 in all" in fault.value.by_how_much
    assert "x 1,500, y 1,000" in fault.value.by_how_much


def test_cost_is_value_times_area_and_what_is_missing_is_told() -> None:
    units = block_units(np.ones((2, 6), dtype=bool), 2, CELL, CELL)
    nan = np.nan
    values = np.array([[1, 1, 2, nan, nan, nan], [1, 1, 4, 3, nan, nan]])
    cost, findings = cost_of_units(units, values.ravel(), 1e6)
    assert cost.tolist() == [4.0, 12.0, 8.0]  # means 1, 3, and that of both
    assert len(findings) == 2 and all("1 units" in f.message for f in findings)


def test_half_of_a_unit_locks_it_and_inside_wins() -> None:
    units = block_units(np.ones((2, 6), dtype=bool), 2, CELL, CELL)
    inside = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0.0]]).ravel()
    outside = np.array([[1, 1, 0, 0, 1, 1], [1, 1, 0, 0, 1, 1.0]]).ravel()
    status, findings = locked(units, inside, outside, 0.5)
    assert status.tolist() == [LOCKED_IN, 0, LOCKED_OUT]
    assert "1 units" in findings[0].message


def test_agreement_is_of_what_either_holds() -> None:
    units = block_units(np.ones((2, 4), dtype=bool), 2, CELL, CELL)
    line = np.array([[1, 1, 1, 0], [0, 0, 0, 0.0]]).ravel()
    found = agreement(units, np.array([True, False]), line, 1e6)
    assert found["both_m2"] == 2e6
    assert found["agreement_percent"] == pytest.approx(40.0)  # 2 of 5 km2
