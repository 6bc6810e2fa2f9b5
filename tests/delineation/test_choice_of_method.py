"""A project chooses between methods; each of them can be computed and says what it must."""

from collections.abc import Mapping

import numpy as np
import pytest

from tianren.delineation.compute import MemoryShelf
from tianren.delineation.criteria import CriteriaResult, compute
from tianren.delineation.factors.climate import fu_year
from tianren.delineation.factors.places import nowhere_mapped
from tianren.delineation.factors.wind import weather_of_months
from tianren.delineation.importance import FUNCTIONS
from tianren.delineation.plan import CriterionPlan, Facts, parameters_of, plan
from tianren.delineation.recipes import Context
from tianren.delineation.sensitivity import SENSITIVITIES
from tianren.errors import UserError
from tianren.parameters.crosswalks import crosswalk, ecosystems
from tianren.raster.raster import MISSING, Array

from .small_layers import CODES, GRID, RANGES, infos, parameters, rasters, realm

EVERY = tuple(n for n in (*RANGES, *CODES) if n != "climate_class")
CRITERIA = (*FUNCTIONS, *SENSITIVITIES)
CHOICES = [(c.id, name) for c in CRITERIA for name in c.names]
LAND = realm().read() == 1


def planned(
    names: tuple[str, ...], methods: Mapping[str, str], **choices: str
) -> dict[str, CriterionPlan]:
    made = plan(infos(names), parameters(**choices), Facts(sea=True), methods=methods)
    return {p.id: p for p in made}


def chosen(
    criterion: str, name: str, names: tuple[str, ...] = EVERY, **choices: str
) -> tuple[CriteriaResult, MemoryShelf]:
    """One criterion computed by one method."""
    plans = [planned(names, {criterion: name}, **choices)[criterion]]
    shelf = MemoryShelf(GRID)
    given = rasters((*names, "slope", "relief"))
    own = parameters(**choices)
    result = compute(plans, infos(names), given, realm(), shelf, own, place="Here", size=16)
    return result, shelf


def test_every_method_has_a_short_name() -> None:
    for criterion in CRITERIA:
        assert all(method.name.isidentifier() for method in criterion.methods)
        assert criterion.methods[0].use == "can"


@pytest.mark.parametrize(("criterion", "name"), CHOICES)
def test_every_method_can_be_chosen_and_gives_values_and_grades(criterion: str, name: str) -> None:
    result, shelf = chosen(criterion, name)
    (found,) = result.graded
    assert found.plan.name == name
    values, grades = (shelf.open(criterion, role).read() for role in ("value", "grade"))
    assert np.isfinite(values[LAND]).any()
    assert set(np.unique(grades[LAND])) & {1, 3, 5}
    shared = found.plan.criterion.grading == "share"
    assert bool(found.cuts) == shared
    if not shared and found.plan.criterion.grading == "present":
        known = LAND & np.isfinite(values)
        assert np.array_equal(grades[known], values[known])


@pytest.mark.parametrize(("criterion", "name"), CHOICES)
def test_a_plan_names_the_other_methods_that_could_be_chosen(criterion: str, name: str) -> None:
    found = planned(EVERY, {criterion: name})[criterion]
    others = next(c for c in CRITERIA if c.id == criterion).names
    assert (found.name, *found.alternatives) == (name, *(n for n in others if n != name))
    assert found.as_dict()["alternatives"] == list(found.alternatives)


def test_rules_are_used_only_where_a_project_asks_for_them() -> None:
    names = ("slope", "vegetation_cover", "landcover", "critical_species_range")
    found = planned(names, {})
    assert found["soil_conservation"].status == "missing"
    assert found["biodiversity"].status == "missing"
    asked = planned(names, {"soil_conservation": "rule", "biodiversity": "rule"})
    assert asked["soil_conservation"].method == "rule of slope and cover"
    assert asked["biodiversity"].status == "computed"


def test_monitored_intensity_is_used_where_it_is_given_and_scores_cannot_be_had() -> None:
    assert planned(("erosion_modulus",), {})["water_erosion"].name == "intensity"
    assert planned(EVERY, {})["water_erosion"].name == "score"
    needs = {n.layer for n in planned((), {})["water_erosion"].needs}
    assert "erosion_modulus" not in needs  # nobody is sent to look for it


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"water": "npp"}, "no function or sensitivity called water"),
        ({"carbon": "rule"}, "carbon has no method called rule"),
        ({"water_conservation": "npp"}, "water_conservation cannot be computed by npp"),
    ],
)
def test_a_choice_that_cannot_be_met_is_refused(methods: Mapping[str, str], message: str) -> None:
    names = ("landcover", "annual_precipitation", "evapotranspiration")
    with pytest.raises(UserError, match=message) as fault:
        planned(names, methods)
    text = str(fault.value)
    assert "[delineation.methods]" in text
    (criterion,) = methods
    if criterion == "carbon":
        assert "nep, stock, npp, type_stock" in text
    if criterion == "water_conservation":
        assert "soil_water_infiltration" in text and "choose model" in text


# -- the NPP indices, written out ------------------------------------------------------------------


def scaled(cells: Array) -> np.ndarray:
    v = cells.astype(np.float64)
    return (v - v[LAND].min()) / (v[LAND].max() - v[LAND].min())


def test_the_npp_indices_are_the_published_products() -> None:
    names = (
        "npp", "soil_water_infiltration", "annual_precipitation", "annual_temperature",
        "elevation", "soil_erodibility", "landcover", "wind_speed", "temperature",
        "precipitation",
    )  # fmt: skip
    given = {name: r.read() for name, r in rasters((*names, "slope")).items()}
    npp, k, slope = (scaled(given[n]) for n in ("npp", "soil_erodibility", "slope"))
    rain, warmth = scaled(given["annual_precipitation"]), scaled(given["annual_temperature"])
    _, shelf = chosen("windbreak_sand_fixation", "npp", (*names, "slope"))
    climate = shelf.open("climate_erosivity", "factor").read()
    theta = np.radians(given["slope"].astype(np.float64))
    dry = shelf.open("dryland", "factor").read() == 1
    made = {
        "water_conservation": npp * given["soil_water_infiltration"] * rain * (1 - slope),
        "soil_conservation": npp * (1 - k) * (1 - slope),
        "windbreak_sand_fixation": np.where(dry, npp * k * scaled(climate) / np.cos(theta), np.nan),
    }
    natural = ~np.vectorize(lambda c: ecosystems()[crosswalk("igbp")[c]].artificial)(
        given["landcover"]
    )
    made["biodiversity"] = npp * rain * warmth * (1 - scaled(given["elevation"])) * natural
    for criterion, expected in made.items():
        _, shelf = chosen(criterion, "npp", (*names, "slope"))
        found = shelf.open(criterion, "value").read()
        np.testing.assert_allclose(found[LAND], expected[LAND], rtol=2e-5, atol=1e-6)


def test_farmland_and_towns_hold_no_biodiversity_and_the_run_says_so() -> None:
    names = ("npp", "annual_precipitation", "annual_temperature", "elevation")
    with_cover, _ = chosen("biodiversity", "npp", (*names, "landcover"))
    without, _ = chosen("biodiversity", "npp", names)
    assert "biodiversity.not_counted" in {f.rule for f in with_cover.findings}
    plan_says = {f.rule for f in planned(names, {})["biodiversity"].findings}
    assert "biodiversity.all_land" in plan_says
    assert without.graded[0].plan.method == with_cover.graded[0].plan.method


# -- rules and intensities, by hand ----------------------------------------------------------------


def test_the_soil_rule_by_hand() -> None:
    method = next(m for m in FUNCTIONS[1].methods if m.name == "rule")
    context = Context(parameters(), infos(("landcover",)))
    # IGBP: 5 mixed forest, 12 cropland.
    found = method.kernel(
        np.array([25.0, 24.9, 30.0, 14.9, np.nan]), np.array([0.8, 0.8, 0.9, 0.9, 0.9]),
        np.array([5, 5, 12, 5, 5]), **method.settings(context),
    )  # fmt: skip
    assert found[:4].tolist() == [5, 3, 3, 1]
    assert np.isnan(found[4])
    north = Context(parameters(soil__rule_extreme="north_china"), infos(("landcover",)))
    steep = method.kernel(
        np.array([15.0]), np.array([0.8]), np.array([5]), **method.settings(north)
    )
    assert steep.tolist() == [5]


def test_the_sand_rule_by_hand() -> None:
    method = next(m for m in FUNCTIONS[2].methods if m.name == "rule")
    settings = method.settings(Context(parameters(), infos(("landcover",))))
    found = method.kernel(
        np.array([85.0, 70.0, 60.0, 99.0, np.nan]), np.array([30.0, 20.0, 50.0, 99.0, 99.0]),
        np.array([0.15, 0.10, 0.5, 0.9, 0.9]), np.array([10, 10, 10, 12, 12]), **settings,
    )  # fmt: skip
    assert found.tolist() == [5, 3, 1, 0, 0]  # IGBP 10 grassland; cropland is not meant at all


def test_the_biodiversity_rule_by_hand_and_what_nobody_mapped() -> None:
    method = next(m for m in FUNCTIONS[3].methods if m.name == "rule")
    here = np.array([1, 0, 0, 0, MISSING])
    none = nowhere_mapped(np.array([1, 1, 1, 1, 1]))
    found = method.kernel(none, here, np.array([1, 1, 0, 0, 0]), np.array([0, 0, 7, 0, 0]))
    assert found[:4].tolist() == [5, 3, 5, 1]
    assert np.isnan(found[4])
    rules = planned(("critical_species_range",), {"biodiversity": "rule"})["biodiversity"].findings
    assert {f.subject for f in rules if f.rule == "biodiversity.not_mapped"} == {
        "priority_ecosystem", "vulnerable_species_range", "germplasm_habitat",
    }  # fmt: skip


def test_vulnerability_by_monitored_intensity() -> None:
    water, wind, rock = (
        next(m for m in c.methods if m.name == "intensity") for c in SENSITIVITIES[:3]
    )
    context = Context(parameters(), infos(("rocky_desertification_degree",)))
    loss = np.array([0, 2499, 2500, 7999, 8000, 16000, np.nan])
    for method in (water, wind):
        found = method.kernel(loss, **method.settings(context))
        assert found[:6].tolist() == [1, 1, 3, 3, 5, 5]
        assert np.isnan(found[6])
    degrees = rock.kernel(np.array([0, 1, 2, 3, 4, 5, MISSING]), **rock.settings(context))
    assert degrees[:6].tolist() == [1, 1, 1, 3, 5, 5]
    assert np.isnan(degrees[6])


def test_parameters_of_rules_and_intensities_reach_the_result() -> None:
    methods = {"soil_conservation": "rule", "windbreak_sand_fixation": "rule",
               "water_erosion": "intensity", "desertification": "intensity"}  # fmt: skip
    plans = plan(infos(EVERY), parameters(), Facts(sea=True), methods=methods)
    found = parameters_of(plans, Context(parameters(), infos(EVERY)))
    assert {"soil.rule_extreme", "soil.rule_important"} <= found["soil_conservation"]
    assert {"wind.rule_extreme", "wind.rule_important"} <= found["windbreak_sand_fixation"]
    assert "sensitivity.water_intensity" in found["water_erosion"]
    assert "sensitivity.wind_intensity" in found["desertification"]


# -- curves and winds ------------------------------------------------------------------------------


def test_fu_in_place_of_zhang_by_parameter() -> None:
    names = ("landcover", "annual_precipitation", "potential_evapotranspiration")
    found = planned(names, {}, water__evapotranspiration_curve="fu")["water_conservation"]
    assert [r.method for r in found.recipes] == ["Fu (1981)", "water balance"]
    context = Context(parameters(water__evapotranspiration_curve="fu"), infos(names))
    assert "water.fu_omega" in parameters_of([found], context)["water_conservation"]


def test_fu_by_hand_and_open_water_evaporates_what_it_can() -> None:
    made = fu_year(
        np.array([800.0, 800.0, 0.0]), np.array([1000.0, 1000.0, 900.0]), np.array([1, 2, 1]),
        omega=2.6, open_water={1: 0.0, 2: 1.0},
    )  # fmt: skip
    phi = 1000 / 800
    assert made[0] == pytest.approx(800 * (1 + phi - (1 + phi**2.6) ** (1 / 2.6)))
    assert made[1:].tolist() == [800, 0]


def winds(speed: float, warmth: float, rain: float) -> tuple[np.ndarray, ...]:
    months = [tuple(np.array([v]) for _ in range(12)) for v in (speed, warmth, rain)]
    return weather_of_months(*months, np.array([1000.0]), np.array([40.0]))


def test_the_wind_factor_from_monthly_means_by_hand() -> None:
    factor, calm, cold = winds(9.0, 15.0, 0.0)
    at_two = 9.0 * 0.2 ** (1 / 7)
    density = 348.0 * (1.013 - 0.1183 + 0.0048) / 288.15
    assert factor[0] == pytest.approx(at_two * (at_two - 5) ** 2 * 365.25 * density / 9.8)
    assert not calm[0] and not cold[0]


def test_calm_and_wet_months_move_nothing_and_calm_ones_are_marked() -> None:
    factor, calm, _ = winds(6.0, 15.0, 0.0)  # 4.8 m/s at 2 m
    assert factor[0] == 0 and calm[0]
    factor, calm, cold = winds(12.0, 15.0, 400.0)
    assert factor[0] == 0 and not calm[0] and not cold[0]
    assert winds(12.0, -3.0, 0.0)[2][0]


def test_the_wind_factor_is_derived_and_says_what_it_does_not_know() -> None:
    names = (
        "wind_speed", "temperature", "precipitation", "elevation", "sand", "silt", "clay",
        "organic_carbon", "carbonate", "landcover", "ndvi_max",
    )  # fmt: skip
    found = planned(names, {})["windbreak_sand_fixation"]
    assert found.name == "model"
    assert "wind.monthly_means" in {f.rule for f in found.findings}
    result, _ = chosen("windbreak_sand_fixation", "model", names)
    assert "wind.snow_unknown" in {f.rule for f in result.findings}


def test_a_plan_speaks_the_language_of_the_project() -> None:
    from tianren.language import say, set_language

    try:
        set_language("zh")
        found = planned(("landcover",), {})["water_erosion"]
        assert "土壤质地" in found.reason and "soil_texture" not in found.reason
        for criterion in CRITERIA:
            for method in criterion.methods:
                assert say(method.method) != method.method
    finally:
        set_language("en")
    assert "soil_texture" in planned(("landcover",), {})["water_erosion"].reason
