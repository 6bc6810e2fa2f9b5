"""Habitat quality over a region: by brute force, by blocks, by what must be true."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from tianren.delineation import habitat
from tianren.delineation.habitat import HabitatGround, HabitatTypes, Threat
from tianren.errors import UserError
from tianren.raster.raster import MISSING, ArraySink, ArraySource, Raster

LAEA = "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m"
CODES = np.array([1, 4, 9], np.int32)
LEGEND = {1: "forest", 4: "grass", 9: "town"}
TYPES = HabitatTypes(
    CODES, np.array([0.9, 0.6, 0.0]), np.array([[0.7, 0.4, 0.0], [0.2, 1.0, 0.0]]), LEGEND
)


def on_grid(name: str, cells: np.ndarray, category: bool = False) -> Raster:
    rows, columns = cells.shape
    grid = GeoBox.from_bbox((0, 0, columns * 100, rows * 100), LAEA, resolution=100)
    kind = "category" if category else "continuous"
    return Raster(name, grid, ArraySource(cells), kind=kind, legend=LEGEND if category else {})


def made_ground(seed: int, shape: tuple[int, int] = (31, 26)) -> HabitatGround:
    """A region with a hole in it, two threats of different reach, and a closed quarter."""
    rng = np.random.default_rng(seed)
    landcover = rng.choice(CODES, shape).astype(np.int32)
    landcover[rng.random(shape) < 0.05] = MISSING
    region = np.where(rng.random(shape) < 0.1, MISSING, 1).astype(np.int32)
    town = (rng.random(shape) < 0.1).astype(np.int32)
    smoke = np.where(rng.random(shape) < 0.1, rng.random(shape), np.nan).astype(np.float32)
    access = rng.random(shape).astype(np.float32)
    return HabitatGround(
        on_grid("landcover", landcover, True), on_grid("realm", region, True), TYPES,
        [Threat("town", on_grid("town", town, True), 1.0, 420.0),
         Threat("smoke", on_grid("smoke", smoke), 0.5, 910.0, "exponential")],
        on_grid("access", access),
    )  # fmt: skip


def degraded(ground: HabitatGround, size: int = 1024) -> np.ndarray:
    out = np.empty(ground.landcover.grid.shape, np.float32)
    habitat.degradation_map(ground, ArraySink(out), size=size, workers=1)
    return out


def by_loop(ground: HabitatGround) -> np.ndarray:
    """D of every cell from every source, as the equation is written."""
    landcover, region = ground.landcover.read(), ground.region.read()
    assert ground.access is not None
    access = ground.access.read()
    strengths = [np.nan_to_num(t.raster.read().astype(float)) for t in ground.threats]
    total_weight = sum(t.weight for t in ground.threats)
    rows, columns = landcover.shape
    out = np.full(landcover.shape, np.nan)
    for r in range(rows):
        for c in range(columns):
            if landcover[r, c] == MISSING or region[r, c] == MISSING:
                continue
            j = CODES.tolist().index(landcover[r, c])
            out[r, c] = 0.0
            for n, threat in enumerate(ground.threats):
                felt = 0.0
                for y, x in np.argwhere(strengths[n] > 0):
                    d = math.hypot(y - r, x - c) * 100
                    if d <= threat.reach:
                        near = (
                            1 - d / threat.reach
                            if threat.decay == "linear"
                            else math.exp(-2.99 * d / threat.reach)
                        )
                        felt += strengths[n][y, x] * near
                part = threat.weight / total_weight * felt * TYPES.sensitivity[n, j]
                out[r, c] += part * access[r, c]
    return out


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_degradation_equals_the_plain_loop(seed: int) -> None:
    ground = made_ground(seed, (14, 12))
    np.testing.assert_allclose(degraded(ground), by_loop(ground), rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 40))
def test_blocks_equal_the_whole_to_the_bit(seed: int, size: int) -> None:
    ground = made_ground(seed)
    whole = degraded(ground)
    assert degraded(ground, size).tobytes() == whole.tobytes()
    assert habitat.threat_sums(ground, size=size) == habitat.threat_sums(ground)


def quality(ground: HabitatGround, half: float) -> np.ndarray:
    degradation = on_grid("degradation", degraded(ground))
    out = np.empty(ground.landcover.grid.shape, np.float32)
    habitat.quality_map(ground, degradation, half, 2.5, ArraySink(out))
    return out


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 5.0))
def test_quality_is_at_most_suitability_and_known_where_land_cover_is(
    seed: int, half: float
) -> None:
    ground = made_ground(seed)
    found = quality(ground, half)
    landcover, region = ground.landcover.read(), ground.region.read()
    known = (landcover != MISSING) & (region != MISSING)
    assert np.array_equal(~np.isnan(found), known)
    suited = TYPES.suitability[np.searchsorted(CODES, landcover[known])]
    assert (found[known] <= suited.astype(np.float32)).all()
    assert (found[known] >= 0).all()


def test_worked_example_on_a_map() -> None:
    """W6: H 0.8; A at 1 of 4 km, linear, S 0.7; B at 3 of 8 km, exponential, S 0.4; k 0.5.

    On a row of 1 km cells with the habitat in cell 4, A in cell 3 and B in cell 1.
    """
    grid = GeoBox.from_bbox((0, 0, 6000, 1000), LAEA, resolution=1000)

    def row(name: str, *at: int, category: bool = True) -> Raster:
        cells = np.zeros((1, 6), np.int32)
        cells[0, list(at)] = 1
        return Raster(name, grid, ArraySource(cells), kind="category", legend={0: "no", 1: "yes"})

    types = HabitatTypes(
        np.array([0, 1], np.int32), np.array([0.0, 0.8]), np.array([[0.0, 0.7], [0.0, 0.4]]), {}
    )
    inside = Raster("realm", grid, ArraySource(np.ones((1, 6), np.int32)), kind="category")
    ground = HabitatGround(
        row("landcover", 4), inside, types,
        [Threat("A", row("A", 3), 1.0, 4000.0),
         Threat("B", row("B", 1), 0.5, 8000.0, "exponential")],
    )  # fmt: skip
    out = np.empty((1, 6), np.float32)
    habitat.degradation_map(ground, ArraySink(out))
    assert out[0, 4] == pytest.approx(0.393450, abs=1e-6)
    degradation = Raster("degradation", grid, ArraySource(out))
    better = np.empty((1, 6), np.float32)
    habitat.quality_map(ground, degradation, 0.5, 2.5, ArraySink(better))
    assert better[0, 4] == pytest.approx(0.516367, abs=1e-6)


def test_the_parts_of_threats_add_up_and_follow_their_maps() -> None:
    ground = made_ground(5)
    sums = habitat.threat_sums(ground)
    assert sum(s.share for s in sums) == pytest.approx(1.0)
    assert sums[0].cells == int((ground.threats[0].raster.read() > 0).sum())
    alone = HabitatGround(
        ground.landcover, ground.region, HabitatTypes(CODES, TYPES.suitability,
        TYPES.sensitivity[:1], LEGEND), ground.threats[:1], ground.access,
    )  # fmt: skip
    assert habitat.threat_sums(alone)[0].share == 1.0


def test_without_threats_quality_is_suitability() -> None:
    ground = made_ground(6)
    free = HabitatGround(
        ground.landcover, ground.region,
        HabitatTypes(CODES, TYPES.suitability, TYPES.sensitivity[:0], LEGEND), [],
    )  # fmt: skip
    found = quality(free, 1.0)
    known = ~np.isnan(found)
    suited = TYPES.suitability[np.searchsorted(CODES, ground.landcover.read()[known])]
    np.testing.assert_allclose(found[known], suited, rtol=1e-6)


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_means_by_class_are_the_means(seed: int) -> None:
    ground = made_ground(seed)
    values = on_grid("v", degraded(ground))
    found = habitat.means_by(values, ground.landcover)
    cells, codes = values.read(), ground.landcover.read()
    for code, (n, mean) in found.items():
        mine = cells[(codes == code) & ~np.isnan(cells)]
        assert n == len(mine)
        assert mean == pytest.approx(float(mine.mean(dtype=float)), abs=1e-7)


def test_classes_inside_the_region_are_counted() -> None:
    ground = made_ground(7)
    landcover, region = ground.landcover.read(), ground.region.read()
    found = habitat.class_cells(ground.landcover, ground.region)
    assert list(found) == [1, 4, 9]
    for code, n in found.items():
        assert n == int(((landcover == code) & (region != MISSING)).sum())


ROWS = [
    {"class": "Forest", "suitability": "0.9", "town": "0.7"},
    {"class": "9", "suitability": "0", "town": "0"},
]


def test_the_table_takes_names_and_codes() -> None:
    types = habitat.habitat_types(ROWS, ["town"], LEGEND, where="t.csv")
    assert types.codes.tolist() == [1, 9]
    assert types.suitability.tolist() == [0.9, 0.0]
    assert types.sensitivity.tolist() == [[0.7, 0.0]]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{**ROWS[0], "class": "marsh"}], "'marsh' is not a class"),
        ([ROWS[0], {**ROWS[0], "class": "1"}], "forest is there twice"),
        ([{**ROWS[0], "town": "7"}], "town is 7"),
        ([{**ROWS[0], "suitability": ""}], "suitability is empty"),
        ([{"class": "1", "suitability": "1"}], "no column town"),
        ([], "no column class, suitability, town"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(rows: list[dict[str, str]], said: str) -> None:
    with pytest.raises(UserError, match=said):
        habitat.habitat_types(rows, ["town"], LEGEND, where="t.csv")
