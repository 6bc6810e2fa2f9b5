"""Boundaries: valid, exact, shared, and the same whatever the bands."""

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from shapely import MultiPolygon, Polygon, box

from tianren.raster.patches import label
from tianren.raster.raster import MISSING, Array, ArraySink, ArraySource, Raster
from tianren.raster.trace import trace

ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +ellps=GRS80"
FAR = Affine(250.0, 0, -1_234_567.5, 0, -250.0, 4_321_098.25)
UNIT = Affine(1, 0, 0, 0, -1, 0)


def raster(cells: Array, affine: Affine = FAR) -> Raster:
    return Raster(
        "labels", GeoBox(cells.shape, affine, ALBERS), ArraySource(cells), "1", "category"
    )


def numbered(cells: Array) -> Array:
    sink = ArraySink(np.zeros(cells.shape, dtype=np.int32))
    label(raster(cells), sink)
    return sink.cells


def picture(text: str) -> Array:
    return np.array([[int(c) for c in line] for line in text.split()], dtype=np.int32)


@st.composite
def classes(draw: st.DrawFn) -> Array:
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 18))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    codes = [0, MISSING, 1, 2, 3][: draw(st.sampled_from((3, 4, 5)))]
    cells = rng.choice(codes, size=shape).astype(np.int32)
    block = draw(st.integers(1, 3))
    return np.kron(cells, np.ones((block, block), dtype=np.int32))[: shape[0], : shape[1]]


def by_union(cells: Array, code: int) -> shapely.Geometry:
    """The slow way: the union of the squares of the cells."""
    squares = [box(c, -r - 1, c + 1, -r) for r, c in np.argwhere(cells == code)]
    return shapely.union_all(squares)


@given(classes(), st.integers(1, 13))
@settings(max_examples=120, deadline=None)
def test_pieces_are_valid_exact_and_share_their_edges(cells: Array, size: int) -> None:
    labels = numbered(cells)
    found = trace(raster(labels, UNIT), size=size)
    assert list(found) == [int(v) for v in np.unique(labels) if v > 0]
    for code, polygon in found.items():
        assert isinstance(polygon, Polygon)
        assert polygon.is_valid
        assert polygon.exterior.is_ccw
        assert polygon.area == (labels == code).sum()
        assert polygon.equals(by_union(labels, code))
    assert shapely.coverage_is_valid(list(found.values()))


@given(classes(), st.integers(1, 13))
@settings(max_examples=60, deadline=None)
def test_any_labels_give_one_geometry_a_label(cells: Array, size: int) -> None:
    found = trace(raster(cells, UNIT), size=size)
    assert set(found) == {int(v) for v in np.unique(cells) if v > 0}
    for code, geometry in found.items():
        assert geometry.is_valid
        assert geometry.equals(by_union(cells, code))
    parts = shapely.get_parts(list(found.values()))
    assert shapely.coverage_is_valid(parts)


@given(classes())
@settings(max_examples=30, deadline=None)
def test_bands_do_not_matter(cells: Array) -> None:
    whole = trace(raster(cells))
    for size in (1, 2, 5):
        assert shapely.to_wkb(list(trace(raster(cells), size=size).values())).tolist() == (
            shapely.to_wkb(list(whole.values())).tolist()
        )


def test_straight_edges_have_no_vertices_but_where_pieces_meet() -> None:
    found = trace(raster(picture("1111 2233 0000"), UNIT))
    assert len(found[1].exterior.coords) - 1 == 5  # four corners, and where 2 and 3 meet below it
    assert found[1].exterior.coords[0] == (0, 0)
    assert (2, -1) in found[1].exterior.coords
    assert len(found[2].exterior.coords) - 1 == 4
    assert len(trace(raster(picture("00000 01110 01110 00000")))[1].exterior.coords) - 1 == 4


def test_a_hole_that_touches_the_shell_by_a_corner_is_a_hole() -> None:
    """An 8-connected tracer makes a ring that meets itself of this; here it is valid."""
    ring = trace(raster(picture("1110 1011 1101 0111"), UNIT))[1]
    assert ring.is_valid
    assert ring.area == 11 + 1
    assert len(ring.interiors) == 2
    touching = trace(raster(picture("0111 0101 1011 1110"), UNIT))[1]
    assert touching.is_valid
    assert len(touching.interiors) == 2


def test_pieces_joined_by_a_corner_only_are_a_multipolygon() -> None:
    found = trace(raster(picture("10 01"), UNIT))[1]
    assert isinstance(found, MultiPolygon)
    assert found.is_valid
    assert found.area == 2


def test_islands_in_lakes_in_islands() -> None:
    cells = picture("1111111 1000001 1022201 1023201 1022201 1000001 1111111")
    found = trace(raster(cells, UNIT))
    assert [len(p.interiors) for p in found.values()] == [1, 1, 0]
    assert [p.area for p in found.values()] == [24, 8, 1]


@pytest.mark.parametrize(
    "affine",
    [FAR, Affine(0.1, 0, 17.3, 0, -0.1, -8.7), Affine(1000 / 3, 0, -2e6, 0, -1000 / 3, 5.1e6)],
)
def test_the_summed_area_is_that_of_the_cells(affine: Affine) -> None:
    cells = np.random.default_rng(5).integers(0, 4, (200, 300)).astype(np.int32)
    area = sum(g.area for g in trace(raster(cells, affine)).values())
    assert area == pytest.approx((cells > 0).sum() * abs(affine.determinant), rel=1e-12)


def test_nothing_inside_gives_nothing() -> None:
    assert trace(raster(np.zeros((3, 4), dtype=np.int32))) == {}
    assert trace(raster(np.full((3, 4), MISSING, dtype=np.int32))) == {}


def test_a_whole_grid_is_its_frame() -> None:
    found = trace(raster(np.full((3, 4), 7, dtype=np.int32), UNIT), size=1)
    assert found[7].equals(box(0, -3, 4, 0))
    assert len(found[7].exterior.coords) == 5
