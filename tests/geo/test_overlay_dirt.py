"""What real borders are like: slivers, spikes, rings that touch, very many edges at one spot."""

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from tianren.geo.overlay import NOBODY, Claim, pieces


def union_area(*claims: Claim) -> float:
    found = pieces(claims)
    return float(found.area[(found.owner != NOBODY).any(axis=1)].sum())


def parishes(count: int, jitter: float, seed: int) -> NDArray:
    """Neighbours whose common borders were drawn twice, a little differently each time."""
    rng = np.random.default_rng(seed)
    steps = np.linspace(0, 1000, 40)
    made = []
    for n in range(count):
        west, east = (1000 * (n + side) + 5 * np.sin(steps / 50) for side in (0, 1))
        x = np.concatenate([west, east[::-1]]) + rng.normal(0, jitter, 80)
        y = np.concatenate([steps, steps[::-1]])
        made.append(shapely.Polygon(np.column_stack([x + 4e6, y + 3e6])))
    return np.array(made)


@pytest.mark.parametrize("jitter", [0.0, 1e-9, 1e-6, 1e-3, 1.0])
def test_borders_that_nearly_coincide(jitter: float) -> None:
    one, two = parishes(30, jitter, 1), parishes(30, jitter, 2)
    both = np.concatenate([one, two])
    assert union_area(Claim(both)) == pytest.approx(shapely.union_all(both).area, rel=1e-9)
    found = pieces([Claim(one), Claim(two)])
    meet = (found.owner != NOBODY).all(axis=1)
    wanted = shapely.intersection(shapely.union_all(one), shapely.union_all(two)).area
    assert found.area[meet].sum() == pytest.approx(wanted, rel=1e-9)


def test_spikes_have_no_area_and_lead_nowhere() -> None:
    square = [(0, 0), (10, 0), (10, 5), (900, 5.0), (10, 5), (10, 10), (0, 10), (0, 0)]
    spike = shapely.Polygon(square)  # a line out and back, which shapely calls invalid
    assert not spike.is_valid
    other = shapely.box(5, 0, 20, 10)
    assert union_area(Claim(np.array([spike, other]))) == pytest.approx(200, rel=1e-12)


def test_rings_that_touch_themselves() -> None:
    """A lake that touches its shore, drawn as a hole, as a bay, and with islands at a point."""
    hole = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(5, 0), (7, 4), (3, 4)]])
    bay = shapely.Polygon([(0, 0), (5, 0), (3, 4), (7, 4), (5, 0), (10, 0), (10, 10), (0, 10)])
    pair = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)])
    for shape, area in ((hole, 92.0), (bay, 92.0), (pair, 2.0)):
        assert union_area(Claim(np.array([shape]))) == pytest.approx(area, rel=1e-12)
    assert union_area(Claim(np.array([hole, bay]))) == pytest.approx(92.0, rel=1e-12)


def test_slivers_keep_their_area() -> None:
    thin = np.array([shapely.box(n, 0, n + 1e-7, 1000) for n in range(50)])
    assert union_area(Claim(thin)) == pytest.approx(50 * 1e-7 * 1000, rel=1e-6)


def star(count: int) -> NDArray:
    """Wedges that all end at one point and overlap their neighbours."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    wide = 3 * np.pi / count
    rim = [1000 * np.column_stack([np.cos(angle + s * wide), np.sin(angle + s * wide)])
           for s in (0, 1)]  # fmt: skip
    return shapely.polygons(np.stack([np.zeros((count, 2)), *rim], axis=1))


def needles(count: int) -> NDArray:
    """Long thin strips that cross in one place at all angles."""
    angle = np.linspace(0, np.pi, count, endpoint=False)
    along = np.column_stack([np.cos(angle), np.sin(angle)])
    across = np.column_stack([-along[:, 1], along[:, 0]])
    ends = [s * 1000 * along + w * across for s, w in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return shapely.polygons(np.stack(ends, axis=1))


@pytest.mark.parametrize("shapes", [star(800), needles(150)], ids=["star", "needles"])
def test_very_many_edges_at_one_spot(shapes: NDArray) -> None:
    wanted = shapely.union_all(shapes).area
    assert union_area(Claim(shapes)) == pytest.approx(wanted, rel=1e-9)


def test_a_pile_of_one_polygon_is_that_polygon() -> None:
    shape = shapely.Point(0, 0).buffer(100, quad_segs=16)
    found = pieces([Claim(np.array([shape] * 300))])
    assert found.of(0, 300)[0] == pytest.approx(shape.area, rel=1e-12)
    assert found.of(0, 300)[1:].sum() == pytest.approx(0.0, abs=1e-6)
