"""Conflicts: every decision with its area, and only land outside must-include is taken out."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.delineation import redline
from tianren.delineation.conflicts import Conflict, decide, deducted_bits, selected
from tianren.delineation.redline import ArrayStore, Limits, draw
from tianren.errors import UserError
from tianren.raster.raster import MISSING

from .small_country import CRS, country, grid

TWO = (
    Conflict("towns", "built_up", "deduct", "towns stay out"),
    Conflict("fields", "farmland", "retire", "to be restored by 2030"),
)


def test_only_deducted_conflicts_have_bits() -> None:
    assert deducted_bits(TWO) == 0b01
    assert deducted_bits(()) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_areas_of_the_decisions_are_those_counted_by_hand(seed: int) -> None:
    c = country(seed)
    store = ArrayStore(grid(*c.realm.shape))
    ground = c.ground()
    draw(ground, Limits(4, 3), store)
    rows = decide(TWO, ground.conflicts, store.raster("origin"), ground.must)
    region = c.realm != MISSING
    core = np.any([g == 5 for g in c.grades.values()], axis=0) & region
    must = (c.must > 0) & region
    for bit, row in enumerate(rows):
        mine = (c.conflicts >> bit & 1 == 1) & region
        removed = mine & core & ~must if bit == 0 else np.zeros_like(mine)
        expected = [mine.sum(), (mine & must).sum(), (mine & (core | must)).sum(), removed.sum()]
        found = [row.area_m2, row.in_must_include_m2, row.in_candidate_m2, row.removed_m2]
        assert found == [n * 1e6 for n in expected]
    assert (store.arrays["origin"] == redline.DEDUCTED).sum() * 1e6 == rows[0].removed_m2


def test_a_decision_is_known_and_has_a_reason() -> None:
    with pytest.raises(UserError, match="keep, retire or deduct"):
        Conflict("towns", "built_up", "remove", "because")
    with pytest.raises(UserError, match="no reason"):
        Conflict("towns", "built_up", "keep", " ")


def test_where_selects_features() -> None:
    layer = gpd.GeoDataFrame({"use": ["Mine", "farm"]}, geometry=[shapely.Point(0, 0)] * 2, crs=CRS)
    mining = Conflict("m", "mining", "deduct", "rights end", where={"use": ("mine",)})
    assert list(selected(mining, layer)["use"]) == ["Mine"]
    with pytest.raises(UserError, match="choose from use"):
        selected(Conflict("m", "mining", "keep", "r", where={"kind": ("x",)}), layer)
