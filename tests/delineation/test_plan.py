"""Every criterion is computed, does not apply, or lacks layers; and the plan says which and why."""

import itertools

import pytest

from tianren.delineation.chooser import GIVEN
from tianren.delineation.factors import FACTORS
from tianren.delineation.importance import FUNCTIONS
from tianren.delineation.layers import LayerInfo
from tianren.delineation.plan import CriterionPlan, Facts, parameters_of, plan, plan_order
from tianren.delineation.recipes import Context
from tianren.delineation.sensitivity import SENSITIVITIES
from tianren.parameters import all_parameters
from tianren.parameters.layers import layers

from .small_layers import infos, parameters

BY_ID = {c.id: c for c in (*FUNCTIONS, *SENSITIVITIES)}
BASIC = ("elevation", "landcover", "ndvi_max", "temperature", "precipitation")
ALL = {
    "water_conservation": ("landcover", "annual_precipitation", "evapotranspiration"),
    "soil_conservation": ("rainfall_erosivity", "soil_erodibility", "slope", "cover_factor"),
    "windbreak_sand_fixation": (
        "wind_factor", "sand", "silt", "clay", "organic_carbon", "carbonate", "slope", "ndvi_max",
        "landcover",
    ),
    "biodiversity": ("habitat_importance",),
    "coastal_protection": ("natural_coast",),
    "carbon": ("carbon_stock",),
    "water_erosion": ("rainfall_erosivity", "soil_texture", "relief", "vegetation_cover"),
    "desertification": (
        "temperature", "precipitation", "wind_days", "soil_texture", "vegetation_cover",
    ),
    "rocky_desertification": ("carbonate_outcrop", "slope", "vegetation_cover"),
    "salinisation": (
        "evaporation_ratio", "groundwater_mineralisation", "groundwater_depth", "soil_texture",
    ),
    "coastal_erosion": ("shoreline_retreat", "coast_type"),
}  # fmt: skip


def planned(names: tuple[str, ...], facts: Facts | None = None) -> dict[str, CriterionPlan]:
    return {p.id: p for p in plan(infos(names), parameters(), facts)}


def test_there_are_six_functions_and_five_sensitivities_in_order() -> None:
    assert list(planned(())) == list(ALL)
    assert [c.kind for c in (*FUNCTIONS, *SENSITIVITIES)] == ["function"] * 6 + ["sensitivity"] * 5


@pytest.mark.parametrize("criterion", ALL)
def test_each_criterion_is_computed_when_its_layers_are_there(criterion: str) -> None:
    found = planned(ALL[criterion])[criterion]
    assert found.status == "computed", found.reason
    assert found.method == found.recipes[-1].method
    assert set(found.inputs) <= set(ALL[criterion])


@pytest.mark.parametrize("criterion", ALL)
def test_each_criterion_says_what_it_lacks_and_filling_that_makes_it_computable(
    criterion: str,
) -> None:
    found = planned((), Facts(sea=True))[criterion]
    assert found.status == "missing"
    assert found.needs, "something has to be missing"
    for need in found.needs:
        assert (need.unit, need.bands) == (layers()[need.layer].unit, layers()[need.layer].bands)
        assert need.where_from
    names = tuple(need.layer for need in found.needs)
    assert planned(names, Facts(sea=True))[criterion].status == "computed"


@pytest.mark.parametrize("criterion", ALL)
def test_no_smaller_set_of_layers_would_do(criterion: str) -> None:
    needs = [n.layer for n in planned((), Facts(sea=True))[criterion].needs]
    for fewer in itertools.combinations(needs, len(needs) - 1):
        assert planned(fewer, Facts(sea=True))[criterion].status == "missing"
    if len(needs) > 1:
        monitored = {n for m in BY_ID[criterion].methods if m.use == "given" for n in m.needs}
        for single in set(layers()) - monitored:
            assert planned((single,), Facts(sea=True))[criterion].status == "missing"


def test_a_country_without_sea_or_coast_layers_has_no_coastal_criteria() -> None:
    found = planned(BASIC)
    for criterion in ("coastal_protection", "coastal_erosion"):
        assert found[criterion].status == "not_applicable"
        assert "sea" in found[criterion].reason
    assert planned(BASIC, Facts(sea=True))["coastal_protection"].status == "missing"
    assert planned(("natural_coast",))["coastal_protection"].status == "computed"


def test_where_no_land_is_dry_or_karst_the_criterion_does_not_apply() -> None:
    every = tuple(layers())
    facts = Facts(sea=True, nowhere=frozenset({"dryland", "karst_area"}))
    found = planned(every, facts)
    for criterion in ("windbreak_sand_fixation", "desertification", "rocky_desertification"):
        assert found[criterion].status == "not_applicable"
        assert found[criterion].reason
        assert not found[criterion].recipes


def test_what_does_not_apply_still_says_what_is_missing() -> None:
    found = planned(BASIC, Facts(nowhere=frozenset({"dryland"})))["desertification"]
    assert found.status == "not_applicable"
    assert {n.layer for n in found.needs} == {"soil_texture", "wind_days"}


def test_the_model_method_comes_before_the_npp_method() -> None:
    every = planned(tuple(layers()))
    assert every["water_conservation"].method == "water balance"
    assert every["soil_conservation"].method == "RUSLE"
    assert every["windbreak_sand_fixation"].method == "RWEQ"
    assert every["biodiversity"].method == "species surface"
    npp = ("npp", "soil_erodibility", "slope", "annual_precipitation", "soil_texture")
    by_npp = planned(npp)
    assert by_npp["water_conservation"].method == "NPP index"
    assert by_npp["soil_conservation"].method == "NPP index"
    assert "function.npp_index" in {f.rule for f in by_npp["soil_conservation"].findings}


def test_a_given_layer_is_never_derived_again() -> None:
    every = planned(tuple(layers()))
    made = {recipe.makes for recipe in plan_order(list(every.values()))}
    assert not made & set(layers())


def test_factors_are_derived_from_ordinary_layers() -> None:
    water = planned(BASIC)["water_conservation"]
    assert [r.makes for r in water.recipes] == [
        "annual_precipitation", "potential_evapotranspiration", "evapotranspiration",
        "water_conservation",
    ]  # fmt: skip
    assert set(water.inputs) == {"landcover", "temperature", "precipitation"}
    rules = {f.rule for f in water.findings}
    assert {"water.pet_thornthwaite", "water.et_derived"} <= rules


def test_hargreaves_is_taken_when_the_daily_range_is_known() -> None:
    water = planned((*BASIC, "temperature_range"))["water_conservation"]
    assert "Hargreaves & Samani (1985)" in {r.method for r in water.recipes}


def test_erosivity_says_which_way_it_errs() -> None:
    monthly = planned((*BASIC, "soil_erodibility"))["soil_conservation"]
    assert "soil.erosivity_normals" in {f.rule for f in monthly.findings}
    yearly = planned(("annual_precipitation", "ndvi_max", "elevation", "soil_erodibility"))
    assert "soil.erosivity_annual" in {f.rule for f in yearly["soil_conservation"].findings}


def test_a_constant_cancels_in_shares_of_soil_conservation_and_the_plan_says_so() -> None:
    available = infos(BASIC)
    available["soil_erodibility"] = LayerInfo(
        "soil_erodibility", "k", constant=0.03, reason="no soil layer"
    )
    found = {p.id: p for p in plan(available, parameters())}
    (finding,) = [f for f in found["soil_conservation"].findings if f.rule == "layer.constant"]
    assert "0.03" in finding.message
    assert "cancels in the shares" in finding.message
    # A constant erodibility is no texture: it cannot be scored.
    assert found["water_erosion"].status == "missing"
    assert [n.layer for n in found["water_erosion"].needs] == ["soil_texture"]


def test_a_constant_texture_can_be_scored() -> None:
    available = infos((*BASIC, "soil_texture"))
    available["soil_texture"] = LayerInfo("soil_texture", "t", constant=9, reason="loam all over")
    found = {p.id: p for p in plan(available, parameters())}["water_erosion"]
    assert found.status == "computed"
    assert "layer.constant" in {f.rule for f in found.findings}


def test_an_approximate_layer_is_called_so() -> None:
    available = infos(BASIC)
    available["precipitation"] = LayerInfo("precipitation", approximate=True, note="0.25 degree")
    found = {p.id: p for p in plan(available, parameters())}["water_conservation"]
    assert any(f.rule == "layer.approximate" and "0.25" in f.message for f in found.findings)


def test_a_criterion_with_an_unknown_mask_is_used_everywhere_and_says_so() -> None:
    names = ("dryness_is_given_by", "accumulated_temperature", "annual_precipitation", "wind_days",
             "soil_texture", "vegetation_cover")  # fmt: skip
    found = planned(names[1:])["desertification"]
    assert found.status == "computed"
    assert found.mask == ""
    assert "criterion.used_everywhere" in {f.rule for f in found.findings}


def test_a_parameter_chooses_between_methods() -> None:
    names = (*BASIC, "soil_erodibility")
    by_type = plan(infos(names), parameters(soil__cover_method="by_type"))
    chosen = {r.makes: r.method for p in by_type for r in p.recipes}
    assert chosen["cover_factor"] == "table by type and cover"


def test_parameters_reach_everything_that_depends_on_them() -> None:
    available = infos((*BASIC, "soil_erodibility"))
    plans = plan(available, parameters())
    found = parameters_of(plans, Context(parameters(), available))
    assert "water.plant_water" in found["evapotranspiration"]
    assert "water.plant_water" in found["water_conservation"]
    assert "water.plant_water" not in found["soil_conservation"]
    assert "criteria.ndvi_percentiles" in found["soil_conservation"]
    assert set().union(*found.values()) <= set(all_parameters())


def test_every_need_is_a_layer_or_can_be_made_from_layers() -> None:
    known = {*layers(), *FACTORS, *GIVEN}
    recipes = [r for ways in FACTORS.values() for r in ways]
    recipes += [m for c in (*FUNCTIONS, *SENSITIVITIES) for m in c.methods]
    for recipe in recipes:
        assert set(recipe.needs) <= known, recipe
        assert {s.layer for s in recipe.statistics} <= set(recipe.needs), recipe


def test_the_plan_is_plain_values() -> None:
    import json

    for found in planned(BASIC).values():
        again = json.loads(json.dumps(found.as_dict()))
        assert again["criterion"] == found.id


@pytest.mark.parametrize(
    ("given", "layer"),
    [
        (("daily_precipitation", "monthly_precipitation_series"), "daily_precipitation"),
        (("monthly_precipitation_series", "precipitation"), "monthly_precipitation_series"),
        (("precipitation", "annual_precipitation"), "precipitation"),
        (("annual_precipitation",), "annual_precipitation"),
    ],
)
def test_rain_is_used_in_the_order_of_what_it_says(given: tuple[str, ...], layer: str) -> None:
    rest = ("soil_erodibility", "slope", "cover_factor")
    found = planned((*given, *rest))["soil_conservation"]
    assert set(found.inputs) == {layer, *rest}
    normals = layer == "precipitation"
    assert ("soil.erosivity_normals" in {f.rule for f in found.findings}) is normals


def test_nobody_is_sent_to_look_for_a_series() -> None:
    told = {n.layer for p in planned(()).values() for n in p.needs}
    assert not told & {"daily_precipitation", "monthly_precipitation_series"}


@pytest.mark.parametrize(("cell", "by_inflow"), [(30.0, True), (100.0, True), (100.1, False)])
def test_contributing_area_needs_fine_cells(cell: float, by_inflow: bool) -> None:
    rest = ("rainfall_erosivity", "soil_erodibility", "slope", "cover_factor")
    available = {**infos(rest), "elevation": LayerInfo("elevation", cell=cell)}
    (found,) = (p for p in plan(available, parameters()) if p.id == "soil_conservation")
    rules = {f.rule for f in found.findings}
    assert ("soil.slope_length_by_inflow" in rules) is by_inflow
    assert ("soil.slope_length_constant" in rules) is not by_inflow
