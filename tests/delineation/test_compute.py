"""Values and grades: the derivation chain by another route, blocks = whole, and what is said."""

import math
from collections.abc import Mapping

import numpy as np
import pytest

from tianren.delineation.compute import MemoryShelf
from tianren.delineation.criteria import CriteriaResult, compute, find_facts
from tianren.delineation.layers import LayerInfo
from tianren.delineation.plan import Facts, parameters_of, plan
from tianren.delineation.recipes import Context
from tianren.parameters import Parameters, override
from tianren.parameters.crosswalks import crosswalk, ecosystems
from tianren.parameters.layers import layers
from tianren.raster.raster import MISSING, Array, ConstantSource, Raster

from .small_layers import CODES, GRID, RANGES, infos, parameters, raster, rasters, realm

BASIC = ("elevation", "landcover", "ndvi_max", "temperature", "precipitation", "soil_erodibility")
EVERY = tuple(n for n in (*RANGES, *CODES) if n != "climate_class")
DOOR = ("slope", "relief")  # what io derives from elevation


def computed(
    names: tuple[str, ...],
    *,
    own: Parameters | None = None,
    given: Mapping[str, Raster] | None = None,
    available: Mapping[str, LayerInfo] | None = None,
    zones: Raster | None = None,
    size: int = 64,
    workers: int = 1,
    sea: bool = True,
    shelf: MemoryShelf | None = None,
) -> tuple[CriteriaResult, MemoryShelf]:
    known = available or infos(names)
    layers_there = {**rasters((*names, *DOOR)), **(given or {})}
    ready = own or parameters()
    kept = shelf or MemoryShelf(GRID)
    plans = plan(known, ready, Facts(sea=sea))
    result = compute(
        plans, known, layers_there, realm(), kept, ready,
        zones=zones, place="Here", period="2026", size=size, workers=workers,
    )  # fmt: skip
    return result, kept


def cells(shelf: MemoryShelf, name: str, role: str = "value") -> Array:
    return shelf.open(name, role).read()


def months(name: str, given: Mapping[str, Raster]) -> np.ndarray:
    return np.stack([given[r].read().astype(np.float64) for r in layers()[name].rasters])


def same(found: Array, expected: Array) -> None:
    """Equal on land, missing elsewhere, to the precision of a float32 chain."""
    land = realm().read() == 1
    assert np.isnan(found[~land]).all()
    np.testing.assert_allclose(found[land], expected[land], rtol=2e-5, atol=1e-4)


# -- the chain against a direct computation --------------------------------------------------------


def potential(given: Mapping[str, Raster]) -> np.ndarray:
    """Thornthwaite's evapotranspiration of the year, written out cell by cell."""
    from tianren.geo.latitude import LatitudeSource

    t = months("temperature", given)
    latitude = LatitudeSource(GRID).read((slice(0, GRID.shape[0]), slice(0, GRID.shape[1])))
    total = np.zeros(GRID.shape)
    length = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    for row, column in np.ndindex(*GRID.shape):
        month = t[:, row, column]
        index = sum((max(v, 0) / 5) ** 1.514 for v in month)
        a = 6.75e-7 * index**3 - 7.71e-5 * index**2 + 1.792e-2 * index + 0.49239
        phi = math.radians(float(latitude[row, column]))
        for m, value in enumerate(month):
            delta = 0.409 * math.sin(2 * math.pi * int(30.4 * (m + 1) - 15) / 365 - 1.39)
            daylight = 24 / math.pi * math.acos(-math.tan(phi) * math.tan(delta))
            factor = daylight / 12 * length[m] / 30
            if value >= 26.5:
                total[row, column] += factor * (-415.85 + 32.24 * value - 0.43 * value**2)
            elif value > 0:
                total[row, column] += factor * 16 * (10 * value / index) ** a
    return total


def test_water_conservation_is_the_published_chain_written_out() -> None:
    given = rasters(BASIC)
    _, shelf = computed(BASIC)
    rain = months("precipitation", given).sum(axis=0)
    pet = potential(given)
    land = realm().read() == 1
    made = cells(shelf, "potential_evapotranspiration", "factor")
    np.testing.assert_allclose(made[land], pet[land], rtol=2e-6)
    types = crosswalk("igbp")
    plants = parameters().table("water.plant_water")
    runoff = parameters().table("water.runoff")
    code = given["landcover"].read()
    expected = np.empty(GRID.shape)
    for row, column in np.ndindex(*GRID.shape):
        kind = types[int(code[row, column])]
        p, e = rain[row, column], pet[row, column]
        if not ecosystems()[kind].counted:
            expected[row, column] = 0
            continue
        if ecosystems()[kind].open_water:
            et = min(p, e)
        elif p <= 0 or e <= 0:
            et = 0.0
        else:
            phi, w = e / p, plants[kind]
            et = min(p * (1 + w * phi) / (1 + w * phi + 1 / phi), e)
        expected[row, column] = p * (1 - runoff[kind] / 100) - et
    same(cells(shelf, "water_conservation"), expected)


def test_soil_conservation_is_the_published_chain_written_out() -> None:
    given = rasters((*BASIC, *DOOR))
    _, shelf = computed(BASIC)
    rain = months("precipitation", given)
    fournier = (rain**2).sum(axis=0) / rain.sum(axis=0)
    erosivity = 0.1833 * fournier**1.9957
    land = realm().read() == 1
    ndvi = given["ndvi_max"].read().astype(np.float64)
    ordered = np.sort(ndvi[land])
    bare, full = (ordered[int(share * (ordered.size - 1))] for share in (0.05, 0.95))
    cover = np.clip((ndvi - bare) / (full - bare), 0, 1)
    with np.errstate(divide="ignore"):
        c = 0.6508 - 0.3436 * np.log10(100 * cover)
    c = np.where(cover <= 0.001, 1, np.where(cover >= 0.783, 0, c))
    slope = given["slope"].read().astype(np.float64)
    sine = np.sin(np.radians(slope))
    beta = sine / 0.0896 / (3 * sine**0.8 + 0.56)
    length = (100 / 22.13) ** (beta / (1 + beta))
    steep = np.select(
        [slope < 5.14, slope < 10.20, slope < 28.81],
        [10.8 * sine + 0.03, 16.8 * sine - 0.5, 21.91 * sine - 0.96],
        9.5988,
    )
    expected = erosivity * given["soil_erodibility"].read() * length * steep * (1 - c)
    same(cells(shelf, "soil_conservation"), expected)


def test_the_npp_index_scales_each_factor_over_the_land() -> None:
    names = ("npp", "annual_precipitation", "annual_temperature", "elevation")
    given = rasters(names)
    _, shelf = computed(names)
    land = realm().read() == 1

    def scaled(name: str) -> np.ndarray:
        v = given[name].read().astype(np.float64)
        return (v - v[land].min()) / (v[land].max() - v[land].min())

    expected = scaled("npp") * scaled("annual_precipitation") * scaled("annual_temperature")
    expected *= 1 - scaled("elevation")
    same(cells(shelf, "biodiversity"), expected)


def test_water_erosion_is_the_geometric_mean_of_its_scores() -> None:
    names = ("rainfall_erosivity", "soil_texture", "relief", "vegetation_cover")
    given = rasters(names)
    result, shelf = computed(names)
    table = parameters().table("sensitivity.texture_water")
    texture = np.vectorize(lambda code: table[crosswalk("usda_texture")[code]])
    r, relief = given["rainfall_erosivity"].read(), given["relief"].read()
    cover = given["vegetation_cover"].read()
    scores = [
        np.select([r < 981, r <= 5886], [1, 3], 5),
        texture(given["soil_texture"].read()),
        np.select([relief <= 50, relief <= 300], [1, 3], 5),
        np.select([cover >= 0.6, cover > 0.2], [1, 3], 5),
    ]
    mean = np.prod(np.array(scores, dtype=float), axis=0) ** 0.25
    same(cells(shelf, "water_erosion"), mean)
    land = realm().read() == 1
    grades = np.select([mean > 4, mean > 2], [5, 3], 1)
    assert np.array_equal(cells(shelf, "water_erosion", "grade")[land], grades[land])
    assert result.graded[0].thresholds == (2.0, 4.0)


# -- what must be true of every criterion ----------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> tuple[CriteriaResult, MemoryShelf]:
    return computed(EVERY)


def test_with_every_layer_every_criterion_is_computed(
    whole: tuple[CriteriaResult, MemoryShelf],
) -> None:
    assert len(whole[0].computed) == 11


@pytest.mark.parametrize("size", [7, 13])
def test_blocks_are_the_whole(size: int, whole: tuple[CriteriaResult, MemoryShelf]) -> None:
    result, shelf = computed(EVERY, size=size, workers=3)
    expected, kept = whole
    for key, made in kept.rasters.items():
        assert np.array_equal(shelf.rasters[key].read(), made.read(), equal_nan=True), key
    assert shelf.notes == kept.notes
    assert result.measures == expected.measures
    assert result.findings == expected.findings
    assert result.cuts_record() == expected.cuts_record()


def test_derived_factors_do_not_depend_on_blocks_either() -> None:
    texture = ("sand", "silt", "clay", "organic_carbon", "carbonate", "wind_speed")
    names = (*(n for n in BASIC if n != "soil_erodibility"), *texture, "wind_days")
    _, one = computed(names)
    _, many = computed(names, size=11, workers=3)
    assert one.rasters.keys() == many.rasters.keys()
    for key in one.rasters:
        assert np.array_equal(one.rasters[key].read(), many.rasters[key].read(), equal_nan=True), (
            key
        )


def test_grades_are_zero_elsewhere_and_missing_abroad(
    whole: tuple[CriteriaResult, MemoryShelf],
) -> None:
    result, shelf = whole
    codes = realm().read()
    for graded in result.graded:
        grades = cells(shelf, graded.plan.id, "grade")
        assert (grades[codes == MISSING] == MISSING).all()
        assert set(np.unique(grades[codes != MISSING])) <= {0, 1, 3, 5, MISSING}
        if graded.plan.realms == {1}:
            assert (grades[codes == 2] == 0).all()
            assert np.isnan(cells(shelf, graded.plan.id)[codes == 2]).all()


def test_areas_by_grade_add_up_to_the_realm(whole: tuple[CriteriaResult, MemoryShelf]) -> None:
    result, shelf = whole
    codes = realm().read()
    for graded in result.graded:
        found = [
            m
            for m in result.measures
            if m.indicator == "function.area" and graded.plan.id in dict(m.by).values()
        ]
        grades = cells(shelf, graded.plan.id, "grade")
        inside = np.isin(codes, list(graded.plan.realms)) & (grades != MISSING)
        assert sum(m.value for m in found) == inside.sum() * 1e6


def test_the_total_is_the_sum_of_the_value_times_the_area(
    whole: tuple[CriteriaResult, MemoryShelf],
) -> None:
    result, shelf = whole
    (water,) = [m for m in result.measures if m.indicator == "water_conservation.total"]
    value = cells(shelf, "water_conservation").astype(np.float64)
    assert water.value == pytest.approx(np.nansum(np.maximum(value, 0)) / 1000 * 1e6, rel=1e-12)
    assert water.unit == "m3/a"
    (soil,) = [m for m in result.measures if m.indicator == "soil_conservation.total"]
    tonnes = np.nansum(cells(shelf, "soil_conservation").astype(np.float64)) * 100
    assert soil.value == pytest.approx(tonnes, rel=1e-12)


def test_the_top_class_holds_its_share_and_no_better_cell_is_left_out(
    whole: tuple[CriteriaResult, MemoryShelf],
) -> None:
    _, shelf = whole
    value = cells(shelf, "water_conservation").astype(np.float64)
    grades = cells(shelf, "water_conservation", "grade")
    held = np.maximum(value, 0)[grades == 5].sum() / np.nansum(np.maximum(value, 0))
    assert 0.5 <= held < 0.6
    assert np.nanmin(value[grades == 5]) > np.nanmax(value[grades == 3])


def test_the_lorenz_curve_rises_from_the_best_land(
    whole: tuple[CriteriaResult, MemoryShelf],
) -> None:
    points = [
        (float(dict(m.by)["best_land_percent"]), m.value)
        for m in whole[0].measures
        if m.indicator == "function.lorenz" and dict(m.by)["function"] == "soil_conservation"
    ]
    shares = [share for _, share in sorted(points)]
    assert len(shares) == 19
    assert shares == sorted(shares)
    assert all(share >= percent - 1e-9 for percent, share in points)


# -- applicability, missing cells, constants -------------------------------------------------------


def test_windbreak_is_graded_on_drylands_only() -> None:
    wet = rasters(("annual_precipitation",))["annual_precipitation"].read().copy()
    wet[:, :20] = 3000
    given = {"annual_precipitation": raster("annual_precipitation", wet)}
    _, shelf = computed(EVERY, given=given)
    codes = realm().read()
    grades = cells(shelf, "windbreak_sand_fixation", "grade")
    dry = wet < 0.65 * rasters(EVERY)["potential_evapotranspiration"].read()
    assert (grades[(codes == 1) & ~dry] == 0).all()
    assert set(np.unique(grades[(codes == 1) & dry])) == {1, 3, 5}
    assert np.isnan(cells(shelf, "windbreak_sand_fixation")[:, :20]).all()


def test_layers_that_show_no_dryland_are_seen_before_anything_is_computed() -> None:
    names = (*BASIC, "annual_precipitation")
    rain = raster("annual_precipitation", np.full(GRID.shape, 3000, dtype=np.float32))
    there = {**rasters((*names, *DOOR)), "annual_precipitation": rain}
    facts = find_facts(
        infos(names), there, realm(), MemoryShelf(GRID), parameters(), sea=False, size=9
    )
    assert facts.nowhere == {"dryland"}
    there["annual_precipitation"] = rasters(names)["annual_precipitation"]
    again = find_facts(infos(names), there, realm(), MemoryShelf(GRID), parameters(), sea=False)
    assert again.nowhere == frozenset()


def test_a_gap_in_a_layer_is_counted_and_said() -> None:
    holed = rasters(("ndvi_max",))["ndvi_max"].read().copy()
    holed[10, 5:25] = np.nan
    result, shelf = computed(BASIC, given={"ndvi_max": raster("ndvi_max", holed)})
    (finding,) = [
        f for f in result.findings
        if f.rule == "criterion.missing_cells" and f.subject == "soil_conservation"
    ]  # fmt: skip
    assert "20 cells (20 km2, 2 %" in finding.message
    assert (cells(shelf, "soil_conservation", "grade")[10, 5:25] == MISSING).all()
    water = [f for f in result.findings if f.subject == "water_conservation"]
    assert "criterion.missing_cells" not in {f.rule for f in water}


def test_a_constant_erodibility_changes_no_grade() -> None:
    found = {}
    for k in (0.03, 0.06):
        available = infos(BASIC)
        available["soil_erodibility"] = LayerInfo("soil_erodibility", constant=k, reason="none")
        constant = Raster("soil_erodibility", GRID, ConstantSource(k))
        result, shelf = computed(BASIC, available=available, given={"soil_erodibility": constant})
        total = [m.value for m in result.measures if m.indicator == "soil_conservation.total"]
        found[k] = (cells(shelf, "soil_conservation", "grade"), total[0])
    assert np.array_equal(found[0.03][0], found[0.06][0])
    assert found[0.06][1] == pytest.approx(2 * found[0.03][1], rel=1e-6)


def test_what_is_clipped_replaced_or_left_out_is_said() -> None:
    # Half of the land is wet, so that the curve of Zhang et al. exceeds the potential there.
    more = np.where(np.arange(GRID.shape[1]) < 20, np.float32(20), np.float32(1))
    wet = {n: raster(n, r.read() * more) for n, r in rasters(("precipitation",)).items()}
    result, _ = computed((*BASIC, "fapar"), given=wet)
    rules = {f.rule for f in result.findings}
    assert {
        "water.et_clipped", "water.not_counted", "function.negative", "npp.miami_fapar",
        "carbon.not_counted", "carbon.npp_only", "soil.erosivity_normals", "function.npp_index",
    } <= rules  # fmt: skip


def test_a_layer_that_hardly_varies_is_called_blunt() -> None:
    flat = np.full(GRID.shape, 100, dtype=np.float32)
    result, shelf = computed(("carbon_stock",), given={"carbon_stock": raster("c", flat)})
    assert {"grading.ties", "grading.wide_top_class"} <= {f.rule for f in result.findings}
    land = realm().read() == 1
    assert (cells(shelf, "carbon", "grade")[land] == 5).all()


def test_a_region_without_a_value_has_no_grades() -> None:
    empty = np.full(GRID.shape, np.nan, dtype=np.float32)
    result, shelf = computed(("carbon_stock",), given={"carbon_stock": raster("c", empty)})
    assert {"grading.no_value", "criterion.missing_cells"} <= {f.rule for f in result.findings}
    assert (cells(shelf, "carbon", "grade")[realm().read() == 1] == MISSING).all()


def test_natural_coast_protects_within_its_buffer() -> None:
    coast = np.zeros(GRID.shape, dtype=np.int32)
    coast[-4, 7] = 1
    own = Parameters(
        parameters().day,
        overrides={
            "coast.landward_buffer": override(
                "coast.landward_buffer", {"value": 2100, "source": "here"}, "test"
            )
        },
    )
    for size in (64, 3):
        _, shelf = computed(
            ("natural_coast",), own=own, size=size,
            given={"natural_coast": raster("natural_coast", coast, category=True)},
        )  # fmt: skip
        grades = cells(shelf, "coastal_protection", "grade")
        rows, columns = np.indices(GRID.shape)
        away = np.hypot(rows - (GRID.shape[0] - 4), columns - 7) * 1000
        codes = realm().read()
        expected = np.where((codes == 1) & (away <= 2100), 5, 0)
        assert np.array_equal(grades[codes != MISSING], expected[codes != MISSING])


def test_zones_have_their_own_totals_and_cuts() -> None:
    halves = np.ones(GRID.shape, dtype=np.int32)
    halves[:, 20:] = 2
    zones = Raster("province", GRID, raster("p", halves, category=True).source, "1", "category",
                   {1: "West", 2: "East"})  # fmt: skip
    result, shelf = computed(("carbon_stock",), zones=zones)
    assert set(result.cuts_record()["carbon"]) == {"West, land", "East, land"}
    value = cells(shelf, "carbon").astype(np.float64)
    grades = cells(shelf, "carbon", "grade")
    for half in (halves == 1, halves == 2):
        held = np.nansum(value[half & (grades == 5)]) / np.nansum(value[half])
        assert 0.5 <= held < 0.55


# -- resuming, and what depends on what ------------------------------------------------------------


def test_what_is_on_the_shelf_is_not_made_again() -> None:
    first, shelf = computed(BASIC)
    kept = dict(shelf.rasters)
    again, _ = computed(BASIC, shelf=shelf)
    assert all(shelf.rasters[key] is kept[key] for key in kept)
    assert again.measures == first.measures
    assert again.findings == first.findings
    # A killed run: one value is lost, and only that is made again.
    del shelf.notes["soil_conservation", "value"], shelf.notes["soil_conservation", "grade"]
    computed(BASIC, shelf=shelf)
    fresh = {key for key in kept if shelf.rasters[key] is not kept[key]}
    assert fresh == {("soil_conservation", "value"), ("soil_conservation", "grade")}
    for key in fresh:
        assert np.array_equal(shelf.rasters[key].read(), kept[key].read(), equal_nan=True)


@pytest.mark.parametrize(
    "name", ["water.plant_water", "productivity.carbon_fraction", "criteria.ndvi_percentiles"]
)
def test_a_parameter_moves_only_what_is_said_to_depend_on_it(name: str) -> None:
    own = parameters()
    drawn = own.with_settings({name: own[name].at(0.0)})
    _, before = computed(BASIC)
    _, after = computed(BASIC, own=drawn)
    available = infos(BASIC)
    known = parameters_of(plan(available, own), Context(own, available))
    moved = {
        name_of
        for name_of, role in before.rasters
        if role != "grade"
        and not np.array_equal(
            cells(before, name_of, role), cells(after, name_of, role), equal_nan=True
        )
    }
    assert moved
    assert moved <= {made for made, names in known.items() if name in names}
