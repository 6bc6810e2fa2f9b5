"""Viability: patches against the raster engine's labels, mesh, needs from tables."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from odc.geo.geobox import GeoBox

from tianren.delineation.viability import (
    Need,
    Patches,
    connected,
    density_by_mass,
    patches_held,
    read_needs,
    row,
    status,
    unknown_needs,
)
from tianren.parameters import Parameters
from tianren.raster.patches import label
from tianren.raster.raster import ArraySink, ArraySource, Raster

KNOWN = Parameters(dt.date(2026, 1, 1))
SHAPE = (5, 6)
shares = st.sampled_from([0.0, 0.0, 0.5, 1.0])
grids = hnp.arrays(np.float64, SHAPE, elements=shares)


def labels(mask: np.ndarray) -> np.ndarray:
    """The patches as the raster engine numbers them: an independent route."""
    grid = GeoBox.from_bbox((0, 0, SHAPE[1], SHAPE[0]), "EPSG:6933", shape=SHAPE)
    out = np.zeros(SHAPE, dtype=np.int32)
    label(Raster("m", grid, ArraySource(mask.astype(np.int32)), kind="category"), ArraySink(out))
    return out


@settings(deadline=None)
@given(grids)
def test_patches_are_those_of_the_raster_engine(cells: np.ndarray) -> None:
    mask = cells > 0
    mine = connected(np.flatnonzero(mask).astype(np.int64), SHAPE[1])
    theirs = labels(mask)[mask]
    pairs = set(zip(mine.tolist(), theirs.tolist(), strict=True))
    assert len(pairs) == len(set(mine.tolist())) == len(set(theirs.tolist()))


@settings(deadline=None)
@given(grids, grids)
def test_patches_sum_to_what_is_held_and_the_mesh_is_within_it(
    share: np.ndarray, zone: np.ndarray
) -> None:
    ranges = scipy.sparse.csr_array(share.reshape(1, -1))
    (found,) = patches_held(ranges, zone.ravel(), SHAPE, 1e6)
    assert found.held == pytest.approx(1e6 * (share * zone).sum())
    assert found.range_m2 == pytest.approx(1e6 * share.sum())
    assert 0 <= found.mesh <= found.largest * (1 + 1e-12) or found.held == 0
    assert (np.diff(found.areas) <= 0).all()
    by_label = labels(share * zone > 0)
    sums = [1e6 * (share * zone)[by_label == n].sum() for n in range(1, len(found.areas) + 1)]
    np.testing.assert_allclose(sorted(sums, reverse=True), found.areas)


def test_mesh_and_fragmentation_by_hand() -> None:
    found = Patches(np.array([30e6, 10e6]), 100e6)
    assert found.mesh == pytest.approx((900 + 100) / 100 * 1e6)
    assert found.fragmentation == pytest.approx(1 - (0.75**2 + 0.25**2))
    assert Patches(np.array([40e6]), 100e6).fragmentation == 0
    assert math.isnan(Patches(np.empty(0), 100e6).fragmentation)


def test_one_patch_must_be_large_enough_not_their_sum() -> None:
    two = Patches(np.array([30e6, 30e6]), 100e6)
    assert status(Need(100, 25e6), two) == "viable"
    assert status(Need(100, 50e6), two) == "viable_in_sum"
    assert status(Need(100, 70e6), two) == "too_small"
    assert status(Need(100, math.nan), two) == status(None, two) == "unknown"
    flagged = row("a", "any", two, Need(100, 50e6), covered=True)
    assert flagged["covered_not_viable"] == "yes"
    assert flagged["population_held"] == pytest.approx(120)
    assert row("a", "any", two, Need(100, 25e6), covered=True)["viable_patches"] == 2
    assert row("a", "any", two, Need(100, 50e6), covered=False)["covered_not_viable"] == "no"
    assert row("a", "any", two, None, covered=True)["covered_not_viable"] == "no"


def test_density_by_mass_by_hand() -> None:
    assert density_by_mass(1.0, 4.23, -0.75) == pytest.approx(16982.4, rel=1e-5)
    assert density_by_mass(10_000.0, 4.23, -0.75) == pytest.approx(16.9824, rel=1e-5)


def test_needs_are_read_with_what_is_given_first() -> None:
    table = pd.DataFrame(
        {
            "Species": ["a", "b", "c", "d", "e"],
            "MVA (km2)": ["50", "", "", "", ""],
            "mvp": ["", "500", "1000", "", ""],
            "density": ["3", "20", "", "", ""],
            "home_range_km2": ["", "", "0.5", "", ""],
            "body mass (g)": ["", "", "", "10000", ""],
            "source": ["x", "", "", "", ""],
        }
    )
    needs, findings = read_needs(table, KNOWN)
    assert needs["a"] == Need(4169, 50e6, "minimum area given", "x")
    assert needs["b"].area == pytest.approx(25e6)
    assert needs["c"].area == pytest.approx(500e6)
    assert needs["d"].area == pytest.approx(4169 / 16.9824 * 1e6, rel=1e-5)
    assert needs["d"].method == "body mass"
    assert math.isnan(needs["e"].area)
    assert findings == []


@pytest.mark.parametrize("bad", ["many", "0", "-3", "nan"])
def test_a_number_that_is_none_is_told_with_its_row(bad: str) -> None:
    table = pd.DataFrame({"species": ["a", "b"], "mva": ["5", bad]})
    needs, findings = read_needs(table, KNOWN)
    assert math.isnan(needs["b"].area) and needs["a"].area == 5e6
    assert [f.rule for f in findings] == ["viability.number"]
    assert "row 3" in findings[0].message and bad in findings[0].message


def test_a_table_without_species_and_a_stranger_are_told() -> None:
    _, findings = read_needs(pd.DataFrame({"mva": ["5"]}), KNOWN)
    assert [f.rule for f in findings] == ["viability.no_species"]
    assert "Lemur" in unknown_needs(["Lemur"], ["Indri"], "needs")[0].message
