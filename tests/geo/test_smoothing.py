"""Smoothing: valid, shared edges, no piece lost, no area moved beyond what is stated."""

from fractions import Fraction

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from shapely import MultiPolygon, Polygon, box

from tianren.errors import UserError
from tianren.geo.smoothing import smooth
from tianren.raster.patches import label
from tianren.raster.raster import Array, ArraySink, ArraySource, Raster
from tianren.raster.trace import trace

CELL = 250.0


def traced(classes: Array, numbered: bool = True) -> dict[int, Polygon]:
    affine = Affine(CELL, 0, -1_234_567.5, 0, -CELL, 4_321_098.25)
    grid = GeoBox(classes.shape, affine, "EPSG:6933")
    cells = classes.astype(np.int32)
    if numbered:
        sink = ArraySink(np.zeros(classes.shape, dtype=np.int32))
        label(Raster("classes", grid, ArraySource(cells), kind="category"), sink)
        cells = sink.cells
    return trace(Raster("labels", grid, ArraySource(cells), kind="category"))


def areas(pieces: dict[int, Polygon]) -> Array:
    return np.array([piece.area for piece in pieces.values()])


def blob(radius: int = 40) -> Array:
    rows, columns = np.mgrid[-50:51, -50:51]
    return (rows**2 + columns**2 < radius**2).astype(np.int32)


@st.composite
def maps(draw: st.DrawFn) -> Array:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    block = draw(st.sampled_from((1, 2, 5)))
    cells = rng.integers(0, draw(st.integers(2, 5)), size=(60 // block, 48 // block))
    cells = np.kron(cells, np.ones((block, block), dtype=np.int64))
    holes = rng.random(cells.shape) < draw(st.sampled_from((0.0, 0.02, 0.2)))
    return np.where(holes, 0, cells)


@given(
    maps(),
    st.sampled_from((0.3, 0.75, 1.0, 2.5)),
    st.sampled_from((Fraction(1, 1000), Fraction(1, 100), Fraction(1, 5))),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_areas_edges_and_pieces_are_kept(
    classes: Array, cells: float, limit: Fraction, numbered: bool
) -> None:
    pieces = traced(classes, numbered)
    smoothed, findings = smooth(pieces, cells * CELL, limit)
    shapes = np.array(list(smoothed.values()), dtype=object)
    assert list(smoothed) == list(pieces)
    assert shapely.is_valid(shapes).all()
    assert not shapely.is_empty(shapes).any()
    assert shapely.coverage_is_valid(shapes)
    before, after = areas(pieces), areas(smoothed)
    assert (np.abs(after - before) <= float(limit) * before).all()
    if len(shapes):
        union = shapely.area(shapely.union_all(shapes))
        assert after.sum() == pytest.approx(union, rel=1e-9)
    assert all(str(float(100 * limit)).rstrip("0").rstrip(".") in f.message for f in findings)


def test_a_stair_becomes_a_line_and_a_ring_loses_half_a_cell() -> None:
    """A triangle of cells: 62 corners in, a handful out; stair and corners are cut."""
    pieces = traced(np.tri(30, dtype=np.int32))
    smoothed, findings = smooth(pieces, CELL, Fraction(1, 100))
    assert len(pieces[1].exterior.coords) == 63
    assert len(smoothed[1].exterior.coords) < 12
    assert not findings
    lost = (pieces[1].area - smoothed[1].area) / CELL**2
    assert lost == pytest.approx(0.5, abs=0.25)


def test_a_large_round_piece_keeps_its_area() -> None:
    pieces = traced(blob())
    smoothed, findings = smooth(pieces, CELL, Fraction(1, 1000), Fraction(1, 1000))
    assert not findings
    assert smoothed[1].area == pytest.approx(pieces[1].area, rel=1e-3)
    assert smoothed[1].length < 0.9 * pieces[1].length


def test_no_edge_moves_further_than_the_tolerance() -> None:
    pieces = traced(blob())
    smoothed, _ = smooth(pieces, CELL, Fraction(1, 100))
    assert shapely.hausdorff_distance(smoothed[1].exterior, pieces[1].exterior) <= CELL


def test_a_piece_of_one_cell_stays_a_cell_beside_a_smoothed_one() -> None:
    classes = blob()
    classes[50, 90] = 2  # in the edge of the blob
    classes[2, 2] = 3  # alone
    pieces = traced(classes)
    smoothed, findings = smooth(pieces, CELL, Fraction(1, 100))
    small = [n for n, piece in pieces.items() if piece.area == CELL**2]
    assert len(small) == 2
    assert all(smoothed[n].equals(pieces[n]) for n in small)
    large = max(pieces, key=lambda n: pieces[n].area)
    assert not smoothed[large].equals(pieces[large])
    assert [f.rule for f in findings] == ["smoothing.pieces_kept"]
    assert findings[0].message.startswith("2 of 3 pieces")


def test_where_three_pieces_meet_the_point_stays() -> None:
    classes = np.kron([[1, 1], [2, 3]], np.ones((20, 20), dtype=np.int64))
    classes[:2, 20:] = 0
    smoothed, _ = smooth(traced(classes), CELL, Fraction(1, 100))
    meeting = Polygon(smoothed[1]).exterior.intersection(smoothed[2].exterior)
    assert meeting.intersects(smoothed[3])


def test_the_tolerance_is_halved_until_the_sum_is_right_and_says_so() -> None:
    classes = np.zeros((200, 200), dtype=np.int32)
    classes[::20, :] = classes[:, ::20] = 0
    for r in range(5, 190, 20):
        for c in range(5, 190, 20):
            classes[r : r + 8, c : c + 8] = 1  # each of 64 cells loses half a cell: 0.8 %
    pieces = traced(classes)
    smoothed, findings = smooth(pieces, CELL, Fraction(1, 100), Fraction(1, 400))
    assert [f.rule for f in findings] == ["smoothing.tolerance_reduced"]
    assert abs(areas(smoothed).sum() / areas(pieces).sum() - 1) <= 1 / 400
    assert areas(smoothed).sum() < areas(pieces).sum()
    assert "125 m, not 250 m" in findings[0].message


def test_what_cannot_be_smoothed_is_returned_as_it_was_and_says_so() -> None:
    pieces = traced(blob(), numbered=True)
    smoothed, findings = smooth(pieces, CELL, Fraction(1, 100), 0)
    assert smoothed[1].equals(pieces[1])
    assert [f.rule for f in findings] == ["smoothing.given_up"]


def test_no_tolerance_and_no_pieces_change_nothing() -> None:
    pieces = traced(blob())
    assert smooth(pieces, 0, Fraction(1, 100)) == (pieces, [])
    assert smooth({}, CELL, Fraction(1, 100)) == ({}, [])


def test_a_table_keeps_its_columns_its_index_and_its_crs() -> None:
    pieces = traced(blob() + np.roll(blob(20), 10, axis=0))
    table = gpd.GeoDataFrame(
        {"code": [f"piece {n}" for n in pieces]},
        geometry=list(pieces.values()),
        index=[10 * n for n in pieces],
        crs="EPSG:6933",
    )
    smoothed, _ = smooth(table, CELL, Fraction(1, 100))
    assert smoothed.crs == table.crs
    assert list(smoothed.index) == list(table.index)
    assert list(smoothed["code"]) == list(table["code"])
    by_label, _ = smooth(pieces, CELL, Fraction(1, 100))
    assert smoothed.geometry.tolist() == list(by_label.values())


def test_a_piece_in_several_parts_stays_one() -> None:
    classes = np.hstack([blob(), blob(30)])
    smoothed, _ = smooth(traced(classes, numbered=False), CELL, Fraction(1, 100))
    assert isinstance(smoothed[1], MultiPolygon)
    assert len(smoothed[1].geoms) == 2


def test_pieces_that_overlap_or_are_invalid_are_refused() -> None:
    with pytest.raises(UserError, match="overlap"):
        smooth({1: box(0, 0, 2, 2), 2: box(1, 1, 3, 3)}, 1, Fraction(1, 100))
    bowtie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(UserError, match="1 invalid"):
        smooth({1: bowtie}, 1, Fraction(1, 100))
