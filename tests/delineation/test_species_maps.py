"""Maps of species: samples and counts that do not depend on blocks, counts by the plain loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from tianren.delineation.species_maps import (
    Predictors,
    count_suitable,
    gather,
    map_change,
    map_species,
)
from tianren.raster.raster import MISSING, ArraySink, ArraySource, Raster
from tianren.science.maxent import Maxent, fit, novel, predict

SHAPE = (23, 19)
GRID = GeoBox.from_bbox(
    (0, 0, 1900, 2300), "+proj=laea +lat_0=0 +lon_0=0 +datum=WGS84", resolution=100
)


def raster(name: str, cells: np.ndarray, category: bool = False) -> Raster:
    return Raster(name, GRID, ArraySource(cells), kind="category" if category else "continuous")


def predictors(seed: int, warmer: float = 0.0) -> Predictors:
    """Heat, rain and soil with gaps, in a region with a bay."""
    rng = np.random.default_rng(seed)
    heat = rng.normal(size=SHAPE).astype(np.float32)
    rain = rng.normal(size=SHAPE).astype(np.float32)
    rain[rng.random(SHAPE) < 0.05] = np.nan
    soil = rng.integers(1, 4, SHAPE).astype(np.int32)
    soil[rng.random(SHAPE) < 0.05] = MISSING
    region = np.ones(SHAPE, np.int32)
    region[:5, :5] = MISSING
    return Predictors(
        ("heat", "rain", "soil"),
        (raster("heat", heat + np.float32(warmer)), raster("rain", rain),
         raster("soil", soil, True)),
        raster("realm", region, True),
    )  # fmt: skip


def values_and_known(p: Predictors) -> tuple[np.ndarray, np.ndarray]:
    """All cells in row-major order, and which of them are known."""
    maps = [r.read().astype(float).ravel() for r in p.rasters]
    table = np.column_stack(maps)
    table[table == MISSING] = np.nan
    known = ~np.isnan(table).any(axis=1) & (p.region.read().ravel() != MISSING)
    return table, known


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(3, 30), st.integers(1, 500))
def test_what_is_gathered_does_not_depend_on_blocks(seed: int, size: int, most: int) -> None:
    p = predictors(seed)
    wanted = np.random.default_rng(seed).integers(0, 437, 60)
    found, drawn = gather(p, wanted, most, seed, size=size)
    whole, drawn_whole = gather(p, wanted, most, seed)
    table, known = values_and_known(p)
    assert np.array_equal(found.number, np.array(sorted(n for n in set(wanted) if known[n])))
    np.testing.assert_array_equal(found.values, table[found.number])
    assert np.array_equal(found.number, whole.number)
    assert np.array_equal(drawn.number, drawn_whole.number)
    np.testing.assert_array_equal(drawn.values, table[drawn.number])
    assert len(drawn.number) == min(most, int(known.sum()))
    assert known[drawn.number].all()


def test_values_are_found_by_cell() -> None:
    p = predictors(1)
    _, drawn = gather(p, np.array([], dtype=np.int64), 10_000, 1)
    some = drawn.number[[7, 3, 100]]
    np.testing.assert_array_equal(drawn.at(some), values_and_known(p)[0][some])
    assert drawn.holds(np.array([0, int(some[0])])).tolist() == [False, True]  # 0 is in the bay
    assert np.array_equal(drawn.columns([2]).values[:, 0], drawn.values[:, 2])


@pytest.fixture(scope="module")
def model() -> Maxent:
    table, known = values_and_known(predictors(1))
    cells = table[known]
    hits = cells[cells[:, 0] > 0.8][:25]
    return fit(hits, cells, [False, False, True])


@pytest.mark.parametrize("size", [4, 7, 512])
def test_a_map_is_the_prediction_of_each_cell(model: Maxent, size: int) -> None:
    p = predictors(1)
    out = np.empty(SHAPE, np.float32)
    counts = map_species(model, p, 0.4, ArraySink(out), size=size)
    table, known = values_and_known(p)
    wanted = np.full(known.shape, np.nan, np.float32)
    wanted[known] = predict(model, table[known])
    assert out.ravel().tobytes() == wanted.tobytes()
    assert counts.cells == known.sum()
    assert counts.suitable == (wanted >= 0.4).sum()
    assert counts.novel == 0


@pytest.mark.parametrize("size", [5, 512])
def test_change_is_kept_lost_and_gained(model: Maxent, size: int) -> None:
    now, then = np.empty(SHAPE, np.float32), np.empty(SHAPE, np.float32)
    map_species(model, predictors(1), 0.4, ArraySink(now))
    other = predictors(2, warmer=1.5)
    counts = map_change(model, other, 0.4, raster("now", now), ArraySink(then), size=size)
    both = ~np.isnan(now) & ~np.isnan(then)
    before, after = now[both] >= 0.4, then[both] >= 0.4
    assert counts.kept == (before & after).sum() > 0
    assert counts.lost == (before & ~after).sum() > 0
    assert counts.gained == (after & ~before).sum() > 0
    table, known = values_and_known(other)
    assert counts.novel == novel(model, table[known]).sum() > 0
    assert counts.suitable == (then[~np.isnan(then)] >= 0.4).sum()


def test_the_same_climate_keeps_everything(model: Maxent) -> None:
    now, then = np.empty(SHAPE, np.float32), np.empty(SHAPE, np.float32)
    map_species(model, predictors(1), 0.4, ArraySink(now))
    counts = map_change(model, predictors(1), 0.4, raster("now", now), ArraySink(then))
    assert (counts.lost, counts.gained) == (0, 0)
    assert now.tobytes() == then.tobytes()


@pytest.mark.parametrize("size", [6, 512])
def test_species_are_counted_where_they_reach_their_threshold(size: int) -> None:
    rng = np.random.default_rng(0)
    cells = [rng.random(SHAPE).astype(np.float32) for _ in range(5)]
    cells[2][3, 7] = np.nan
    thresholds = [0.1, 0.3, 0.5, 0.7, 0.9]
    region = predictors(1).region
    out = np.empty(SHAPE, np.int32)
    maps = [raster(str(n), one) for n, one in enumerate(cells)]
    count_suitable(maps, thresholds, region, ArraySink(out), size=size)
    for r in range(SHAPE[0]):
        for c in range(SHAPE[1]):
            n = sum(one[r, c] >= t for one, t in zip(cells, thresholds, strict=True))
            assert out[r, c] == (MISSING if region.read()[r, c] == MISSING else n)
