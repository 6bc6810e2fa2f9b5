"""Points in polygons: the answer of shapely's intersects, on edges and vertices too."""

from fractions import Fraction
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.geo.orientation import side
from tianren.geo.points import index_polygons, inside, pairs, which

SMALL = st.integers(-8, 8)
POINT = st.tuples(SMALL, SMALL)


@st.composite
def polygon(draw: st.DrawFn) -> shapely.Geometry:
    """Valid polygons with corners on whole numbers, some with holes or several parts."""
    rings = draw(
        st.lists(st.lists(POINT, min_size=3, max_size=8, unique=True), min_size=1, max_size=3)
    )
    shapes = [shapely.make_valid(shapely.Polygon(ring)) for ring in rings]
    merged = shapes[0]
    for shape in shapes[1:]:
        merged = shapely.symmetric_difference(merged, shape)
    parts = [p for p in shapely.get_parts(shapely.make_valid(merged)) if p.geom_type == "Polygon"]
    return shapely.multipolygons(parts) if parts else shapely.Polygon()


def probes(shapes: list[shapely.Geometry]) -> tuple[np.ndarray, np.ndarray]:
    """Whole and half places, every vertex, and the middle of every edge."""
    grid = np.mgrid[-9:9.5:0.5, -9:9.5:0.5].reshape(2, -1).T
    vertices = shapely.get_coordinates(shapes)
    middles = (vertices[1:] + vertices[:-1]) / 2 if len(vertices) else vertices
    every = np.vstack([grid, vertices, middles])
    return every[:, 0].copy(), every[:, 1].copy()


def reference(x: np.ndarray, y: np.ndarray, shapes: list[shapely.Geometry]) -> np.ndarray:
    """What shapely says; where we say otherwise, what rational arithmetic says.

    GEOS rounds: of a point a few 1e-17 beside an edge its parts and the whole can disagree.
    """
    said = np.zeros((len(shapes), len(x)), dtype=bool)
    for i, shape in enumerate(shapes):
        said[i] = shapely.intersects_xy(shape, x, y)
        for at in np.flatnonzero(said[i] != inside(x, y, [shape])):
            said[i, at] = exactly(shape, float(x[at]), float(y[at]))
    return said


def exactly(shape: shapely.Geometry, x: float, y: float) -> bool:
    """Even-odd with the boundary, in fractions, over every edge."""
    px, py, odd = Fraction(x), Fraction(y), False
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        corners = [(Fraction(a), Fraction(b)) for a, b in shapely.get_coordinates(ring)]
        for (ax, ay), (bx, by) in pairwise(corners):
            turn = (ax - px) * (by - py) - (ay - py) * (bx - px)
            between = min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by)
            if turn == 0 and between:
                return True
            if (ay > py) != (by > py) and (turn > 0) == (by > ay):
                odd = not odd
    return odd


def test_a_point_a_rounding_beside_an_edge_is_on_its_exact_side() -> None:
    tip = (0.4929577464788732, -1.1830985915492958)
    shape = shapely.Polygon([(-2, -7), tip, (7, 0)])
    left = shapely.Polygon([(1, 0), tip, (-4, -2)])
    one = np.array([-0.5]), np.array([-3.5])
    assert inside(*one, [shapely.MultiPolygon([shape, left])])[0] == exactly(shape, -0.5, -3.5)


@given(st.lists(polygon(), max_size=4))
@settings(max_examples=150, deadline=None)
def test_the_answer_is_shapelys_on_edges_and_vertices_too(shapes: list[shapely.Geometry]) -> None:
    x, y = probes(shapes)
    wanted = reference(x, y, shapes)
    assert (inside(x, y, shapes) == wanted.any(axis=0)).all()
    point, owner = np.nonzero(wanted.T)
    found = pairs(x, y, shapes)
    assert found[0].tolist() == point.tolist()
    assert found[1].tolist() == owner.tolist()
    first = np.where(wanted.any(axis=0), wanted.argmax(axis=0), -1) if shapes else -1
    assert (which(x, y, shapes) == first).all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
@settings(max_examples=60, deadline=None)
def test_irregular_polygons_anywhere(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    shapes = [blob(rng, int(rng.integers(3, 200)), scale, shift) for _ in range(4)]
    x, y = (rng.uniform(-2 * scale, 2 * scale, 2000) + shift for _ in range(2))
    vertices = shapely.get_coordinates(shapes)
    x, y = np.append(x, vertices[:, 0]), np.append(y, vertices[:, 1])
    assert (inside(x, y, shapes) == reference(x, y, shapes).any(axis=0)).all()


def blob(rng: np.random.Generator, n: int, scale: float, shift: float) -> shapely.Geometry:
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    radius = scale * rng.uniform(0.2, 1.0, n)
    at = rng.uniform(-scale, scale, 2) + shift
    ring = np.column_stack([at[0] + radius * np.cos(angle), at[1] + radius * np.sin(angle)])
    return shapely.make_valid(shapely.Polygon(ring)).buffer(0)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4), st.floats(-0.5, 1.5), st.integers(-3, 3)
)
def test_the_side_of_a_line_is_exact(ends: list[float], share: float, ulps: int) -> None:
    ax, ay, bx, by = (float(v) for v in np.where(np.abs(ends) < 1e-100, 0.0, ends))
    px, py = ax + share * (bx - ax), ay + share * (by - ay)
    px = 0.0 if abs(px) < 1e-100 else px
    for _ in range(abs(ulps)):
        py = float(np.nextafter(py, np.inf if ulps > 0 else -np.inf))
    py = 0.0 if abs(py) < 1e-100 else py
    fa, fb, fc, fd, fx, fy = map(Fraction, (ax, ay, bx, by, px, py))
    exact = (fa - fx) * (fd - fy) - (fb - fy) * (fc - fx)
    assert side(ax, ay, bx, by, px, py) == (exact > 0) - (exact < 0)


def test_neighbours_share_their_edge_and_the_first_has_it() -> None:
    squares = [shapely.box(i, 0, i + 1, 1) for i in range(3)]
    x, y = np.array([0.5, 1.0, 2.0, 3.0, 3.1, np.nan]), np.full(6, 0.5)
    assert which(x, y, squares).tolist() == [0, 0, 1, 2, -1, -1]
    assert pairs(x, y, squares)[1].tolist() == [0, 0, 1, 1, 2, 2]


def test_it_is_geopandas_sjoin() -> None:
    rng = np.random.default_rng(1)
    shapes = [blob(rng, 60, 1.0, 0.0) for _ in range(12)]
    x, y = rng.uniform(-2, 2, 300_000), rng.uniform(-2, 2, 300_000)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    joined = gpd.sjoin(points, gpd.GeoDataFrame(geometry=shapes), predicate="intersects")
    wanted = sorted(zip(joined.index, joined["index_right"], strict=True))
    assert list(zip(*(a.tolist() for a in pairs(x, y, shapes)), strict=True)) == wanted


def test_nearly_level_edges_across_many_cells() -> None:
    step = np.nextafter(0.5, 1)
    shape = shapely.Polygon([(0, 0), (1, 0), (1, step), (0, 0.5)])
    x = np.linspace(0, 1, 1001)
    for y in (0.5, step, 0.25, np.nextafter(step, 1)):
        ys = np.full_like(x, y)
        assert (inside(x, ys, [shape]) == shapely.intersects_xy(shape, x, ys)).all()


def test_many_polygons_upon_each_other_keep_the_index_small() -> None:
    shapes = [shapely.Point(0, 0).buffer(1 + i / 500, quad_segs=64) for i in range(500)]
    index = index_polygons(shapes)
    assert len(index.entries) < 45_000_000
    assert pairs(np.array([0.0]), np.array([0.0]), index)[1].tolist() == list(range(500))


def test_lines_are_refused() -> None:
    with pytest.raises(UserError, match="number 2 is a LineString"):
        index_polygons([shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (1, 1)])])


def test_nothing_holds_nothing() -> None:
    one = np.array([0.0])
    assert not inside(one, one, []).any()
    assert not inside(one, one, [shapely.Polygon(), None]).any()
    assert pairs(one[:0], one[:0], [shapely.box(0, 0, 1, 1)])[0].size == 0
