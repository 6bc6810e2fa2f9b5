"""Habitats of tiny populations: who qualifies, and where."""

import numpy as np
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from tianren.delineation.tiny_populations import (
    OCCUPIED,
    PATCHES,
    habitats,
    occupied,
    patches_with,
    qualifying,
)
from tianren.science.taxa import Taxon

GRID = GeoBox((4, 6), Affine(100.0, 0, 0.0, 0, -100.0, 400.0), "EPSG:6933")


def test_who_qualifies() -> None:
    taxa = {
        "few": Taxon("few", population=4_999),
        "many": Taxon("many", population=5_000),
        "listed": Taxon("listed", population=9_000),
        "unknown": Taxon("unknown"),
    }
    found = qualifying(taxa, frozenset({"listed", "no row"}), 5_000)
    assert list(found) == ["few", "listed", "no row"]
    assert "4,999" in found["few"] and "listed" in found["listed"]


metres = st.floats(-1e5, 1e5, allow_subnormal=False)
points = st.lists(st.tuples(metres, metres), min_size=1, max_size=20)


@given(points)
def test_occupied_squares_hold_every_record_and_no_empty_square(
    places: list[tuple[float, float]],
) -> None:
    x, y = np.array(places).T
    shape = occupied(x, y, 2000.0)
    squares = {(np.floor(a / 2000), np.floor(b / 2000)) for a, b in places}
    assert abs(shape.area - 4e6 * len(squares)) < 1e-3
    assert shapely.intersects_xy(shape, x, y).all()


def test_patches_with_records() -> None:
    # Two patches that touch at a corner only, and one far away; a record in the first.
    habitat = np.array([0, 1, 6, 13, 14, 23])
    found = patches_with(habitat, np.array([6, 99, -1]), GRID)
    assert [shape.area for shape in found] == [30_000]
    assert found[0].bounds == (0, 200, 200, 400)
    assert patches_with(habitat, np.array([5]), GRID) == []
    assert patches_with(np.empty(0, dtype=np.int64), np.array([5]), GRID) == []


def test_patches_go_before_squares_and_no_record_is_told() -> None:
    reasons = {"a": "few", "b": "few", "c": "few"}
    patch = shapely.box(0, 0, 1, 1)
    place = (np.array([10.0]), np.array([10.0]))
    found, findings = habitats(reasons, {"a": [patch], "b": []}, {"a": place, "b": place}, 2000.0)
    assert [(f.species, f.method) for f in found] == [("a", PATCHES), ("b", OCCUPIED)]
    assert [f.subject for f in findings] == ["c"]
