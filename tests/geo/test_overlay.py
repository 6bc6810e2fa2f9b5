"""Each piece of land has one owner in each claim; pieces sum to the union, and equal shapely's."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tianren.geo.overlay import NOBODY, Claim, pieces

corner = st.integers(0, 6)


@st.composite
def rectangles(draw: st.DrawFn) -> shapely.Geometry:
    """Boxes on whole numbers: shared sides, shared corners, level and upright edges."""
    x, y = draw(corner), draw(corner)
    return shapely.box(x, y, x + draw(st.integers(1, 4)), y + draw(st.integers(1, 4)))


@st.composite
def shapes(draw: st.DrawFn) -> shapely.Geometry:
    """Whatever has an area: holes, several parts, points that touch."""
    some = draw(st.lists(rectangles(), min_size=1, max_size=3))
    points = draw(st.lists(st.tuples(corner, corner), min_size=3, max_size=6, unique=True))
    hull = shapely.convex_hull(shapely.MultiPoint(points))
    whole = shapely.union_all(some)
    made = draw(
        st.sampled_from(
            [whole, shapely.difference(whole, hull), shapely.symmetric_difference(whole, hull)]
        )
    )
    parts = [p for p in shapely.get_parts(made) if p.geom_type == "Polygon" and p.area > 0]
    return shapely.multipolygons(parts) if parts else some[0]


def by_hand(polygons: NDArray, order: NDArray) -> NDArray[np.float64]:
    """The area of each polygon that none before it in the order has: one difference at a time."""
    found, taken = np.zeros(len(polygons)), shapely.Polygon()
    for i in order:
        found[i] = shapely.difference(polygons[i], taken).area
        taken = shapely.union(taken, polygons[i])
    return found


@given(st.lists(shapes(), min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_every_polygon_has_what_none_before_it_has(some: list, random: object) -> None:
    polygons = np.array(some, dtype=object)
    order = np.arange(len(some))
    random.shuffle(order)  # type: ignore[attr-defined]
    found = pieces([Claim(polygons, order)])
    assert found.of(0, len(some)) == pytest.approx(by_hand(polygons, order), abs=1e-9)
    assert found.area.sum() == pytest.approx(shapely.union_all(polygons).area, rel=1e-12)


@given(st.lists(shapes(), min_size=1, max_size=5), st.lists(shapes(), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_two_layers_meet_as_their_intersections(one: list, two: list) -> None:
    a, b = np.array(one, dtype=object), np.array(two, dtype=object)
    found = pieces([Claim(a), Claim(b)])
    both = (found.owner != NOBODY).all(axis=1)
    meeting = shapely.intersection(shapely.union_all(a), shapely.union_all(b)).area
    assert found.area[both].sum() == pytest.approx(meeting, abs=1e-9)
    assert found.of(1, len(b)) == pytest.approx(by_hand(b, np.arange(len(b))), abs=1e-9)


@given(st.lists(shapes(), min_size=2, max_size=6), st.floats(0, 6.28))
@settings(max_examples=50, deadline=None)
def test_nothing_depends_on_how_the_plane_is_turned(some: list, angle: float) -> None:
    polygons = np.array(some, dtype=object)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = shapely.transform(polygons, lambda xy: xy @ turn)
    same = pieces([Claim(polygons)]).of(0, len(some))
    assert pieces([Claim(turned)]).of(0, len(some)) == pytest.approx(same, abs=1e-9)


def blobs(count: int, points: int, seed: int) -> NDArray:
    random = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    middle = random.uniform(0, 1e5, (count, 2))
    reach = random.lognormal(8, 0.6, (count, 1)) * (1 + 0.3 * np.sin(3 * angle))
    x, y = middle[:, :1] + reach * np.cos(angle), middle[:, 1:] + reach * np.sin(angle)
    return shapely.polygons(np.stack([x, y], axis=-1))


def test_one_overlapping_heap_over_units_equals_shapely() -> None:
    sites = blobs(400, 40, 1)
    units = np.array([shapely.box(i * 2e4, -2e5, (i + 1) * 2e4, 3e5) for i in range(-5, 10)])
    found = pieces([Claim(sites), Claim(units)])
    union = shapely.union_all(sites)
    mine = found.owner[:, 0] != NOBODY
    held = np.bincount(found.owner[mine, 1] + 1, found.area[mine], minlength=len(units) + 1)
    wanted = shapely.area(shapely.intersection(union, units))
    assert held[1:] == pytest.approx(wanted, rel=1e-12, abs=1e-3)
    assert found.area[mine].sum() == pytest.approx(union.area, rel=1e-12)


def test_two_orders_of_one_layer_are_told_at_once() -> None:
    """By class and by year: one overlay, two answers, both sum to the union."""
    sites = blobs(60, 20, 2)
    years = np.random.default_rng(3).permutation(60)
    found = pieces([Claim(sites), Claim(sites, years)])
    assert found.of(0, 60) == pytest.approx(by_hand(sites, np.arange(60)), abs=1e-3)
    assert found.of(1, 60) == pytest.approx(by_hand(sites, years), abs=1e-3)


def test_rows_are_the_same_bits_again() -> None:
    sites = blobs(50, 20, 4)
    one, two = pieces([Claim(sites)]), pieces([Claim(sites.copy())])
    assert (one.area == two.area).all()
    assert (one.owner == two.owner).all()


def test_what_cannot_be_overlaid_is_refused() -> None:
    sites = blobs(3, 10, 5)
    with pytest.raises(ValueError, match="order"):
        pieces([Claim(sites, np.array([0, 0, 1]))])
    with pytest.raises(ValueError, match="no polygon"):
        pieces([Claim(np.array([shapely.Point(0, 0)]))])
    with pytest.raises(ValueError, match="finite"):
        pieces([Claim(np.array([shapely.Polygon([(0, 0), (1, np.nan), (1, 1)])]))])
    assert len(pieces([Claim(np.empty(0, dtype=object))]).area) == 0
