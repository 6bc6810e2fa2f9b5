"""Shares of cells: equal to a polygon-by-cell intersection, whatever the polygon."""

import math

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely.geometry import MultiPolygon, Polygon, box

from tianren.geo.few_cells import few_fractions
from tianren.geo.fractions import cell_fractions

GRID = GeoBox((6, 8), Affine(10.0, 0, 100.0, 0, -10.0, 260.0), "EPSG:6933")


def by_intersection(shape: object, grid: GeoBox) -> NDArray[np.float64]:
    """The independent route: shapely cuts the polygon with every cell."""
    rows, columns = grid.shape
    cells = []
    for row in range(rows):
        for column in range(columns):
            corners = [(column + i, row + j) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
            cells.append(Polygon([grid.affine @ corner for corner in corners]))
    squares = np.array(cells, dtype=object)
    return shapely.area(shapely.intersection(squares, shape)) / shapely.area(squares)


def shares(shape: object, grid: GeoBox = GRID) -> NDArray[np.float64]:
    return np.asarray(cell_fractions([shape], grid).toarray()[0])


def star(turns: list[float], centre: tuple[float, float], size: float) -> Polygon:
    """A polygon whose corners lie at these distances round its centre: always simple."""
    angles = np.linspace(0, 2 * math.pi, len(turns), endpoint=False)
    return Polygon(
        [
            (centre[0] + size * r * math.cos(a), centre[1] + size * r * math.sin(a))
            for r, a in zip(turns, angles, strict=True)
        ]
    )


places = st.tuples(st.floats(80, 200), st.floats(180, 280))
radii = st.lists(st.floats(0.2, 1.0), min_size=3, max_size=12)


@settings(max_examples=150, deadline=None)
@given(radii, places, st.floats(0.5, 90))
def test_shares_equal_the_intersection_with_every_cell(
    turns: list[float], centre: tuple[float, float], size: float
) -> None:
    shape = star(turns, centre, size)
    np.testing.assert_allclose(shares(shape), by_intersection(shape, GRID), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(radii, places, st.floats(0.5, 90), st.floats(0, 90))
def test_a_few_cells_without_compiled_code_have_the_same_shares(
    turns: list[float], centre: tuple[float, float], size: float, angle: float
) -> None:
    grid = GeoBox(GRID.shape, GRID.affine @ Affine.rotation(angle), GRID.crs)
    shape = star(turns, centre, size)
    np.testing.assert_allclose(few_fractions(shape, grid), shares(shape, grid), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(radii, places, st.floats(5, 90), st.booleans())
def test_holes_and_parts(
    turns: list[float], centre: tuple[float, float], size: float, turned: bool
) -> None:
    outer, inner = star(turns, centre, size), star(turns, centre, size / 2)
    ring = Polygon(outer.exterior, [inner.exterior])
    island = star(turns, centre, size / 4)
    shape = MultiPolygon([ring, island])
    if turned:  # the direction of a ring says nothing
        shape = MultiPolygon([shapely.reverse(part) for part in shape.geoms])
    np.testing.assert_allclose(shares(shape), by_intersection(shape, GRID), atol=1e-9)


@given(st.integers(-2, 10), st.integers(-2, 8), st.integers(1, 12), st.integers(1, 9))
def test_edges_on_cell_borders_give_whole_cells_only(
    column: int, row: int, wide: int, high: int
) -> None:
    shape = box(
        100 + 10 * column, 260 - 10 * (row + high), 100 + 10 * (column + wide), 260 - 10 * row
    )
    found = shares(shape).reshape(GRID.shape)
    expected = np.zeros(GRID.shape)
    expected[max(row, 0) : max(row + high, 0), max(column, 0) : max(column + wide, 0)] = 1
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(radii, places, st.floats(0.5, 90))
def test_area_inside_the_grid_is_conserved(
    turns: list[float], centre: tuple[float, float], size: float
) -> None:
    shape = star(turns, centre, size)
    inside = shapely.area(shapely.intersection(shape, box(*GRID.boundingbox.bbox)))
    assert shares(shape).sum() * 100.0 == pytest.approx(inside, abs=1e-7)


def test_a_polygon_within_one_cell_and_one_round_the_grid() -> None:
    within = box(112, 251, 114, 253)
    found = cell_fractions([within, box(0, 0, 1000, 1000), box(0, 0, 50, 50)], GRID)
    np.testing.assert_allclose(found[[0]].toarray()[0], by_intersection(within, GRID), atol=1e-12)
    assert found[[0]].nnz == 1
    assert (found[[1]].toarray() == 1).all()
    assert found[[2]].nnz == 0


def test_a_turned_grid_is_as_good() -> None:
    place = Affine.translation(100, 200) @ Affine.rotation(30) @ Affine.scale(9, -7)
    turned = GeoBox((6, 8), place, "EPSG:6933")
    shape = star([1, 0.4, 0.8, 0.5, 0.9], (140, 210), 35)
    np.testing.assert_allclose(shares(shape, turned), by_intersection(shape, turned), atol=1e-9)


def test_cells_are_stored_once_in_order_and_above_zero() -> None:
    many = [star([1, 0.3, 0.9, 0.6], (130 + 3 * i, 230), 5 + 4 * i) for i in range(9)]
    found = cell_fractions(many, GRID)
    assert found.has_canonical_format
    assert (found.data > 0).all() and (found.data <= 1).all()


def test_what_covers_no_area_has_no_cells() -> None:
    nothing = [shapely.LineString([(100, 200), (180, 260)]), shapely.Point(150, 230), Polygon()]
    mixed = shapely.GeometryCollection([nothing[0], box(100, 250, 110, 260)])
    found = cell_fractions([*nothing, mixed], GRID)
    assert found.sum(axis=1).tolist() == [0, 0, 0, 1]
    assert cell_fractions([], GRID).shape == (0, 48)


def test_far_coordinates_lose_nothing_that_matters() -> None:
    far = GeoBox((50, 50), Affine(30.0, 0, 4_000_000.0, 0, -30.0, 3_001_500.0), "EPSG:6933")
    shape = star([1, 0.5, 0.8], (4_000_700.3, 3_000_800.7), 640.0)
    np.testing.assert_allclose(shares(shape, far), by_intersection(shape, far), atol=1e-9)
