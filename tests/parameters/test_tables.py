"""The packaged parameters: every row says what it must, and tables and legends fit together."""

import datetime as dt
import math
from collections.abc import Mapping

import pytest

from tianren.errors import UserError
from tianren.parameters import Parameters, Setting, all_parameters
from tianren.parameters.crosswalks import (
    check_classes,
    coarse_classes,
    crosswalk,
    ecosystems,
    land_cover_legends,
    legend,
    legend_names,
    types_where,
)

SETTINGS = [s for p in all_parameters().values() for s in p.history]
BY_TYPE = ("water.runoff", "water.plant_water", "carbon.above", "carbon.below", "carbon.soil",
           "carbon.dead")  # fmt: skip


def label(setting: Setting) -> str:
    return f"{setting.id}:{setting.set or '-'}"


@pytest.mark.parametrize("parameter", all_parameters().values(), ids=lambda p: p.id)
def test_every_parameter_has_names_a_unit_and_a_default(parameter: object) -> None:
    p = all_parameters()[parameter.id]  # type: ignore[attr-defined]
    assert set(p.name) == {"en", "zh_Hans", "es"}
    assert all(p.name.values())
    assert p.unit
    assert p.on(dt.date(2026, 1, 1)).id == p.id


@pytest.mark.parametrize("setting", SETTINGS, ids=label)
def test_every_setting_has_a_source_and_an_honest_range(setting: Setting) -> None:
    assert len(setting.source) > 10
    assert "from memory" not in setting.source or not setting.verified or " and " in setting.source
    assert (setting.low is None) == (setting.high is None)
    if isinstance(setting.value, Mapping):
        assert all(math.isfinite(v) for v in setting.value.values())
    if not setting.has_range or isinstance(setting.value, str):
        return
    low, value, high = (_numbers(v) for v in (setting.low, setting.value, setting.high))
    assert low.keys() == value.keys() == high.keys()
    assert all(low[k] <= value[k] <= high[k] for k in value)
    assert any(low[k] < high[k] for k in value)


def _numbers(value: object) -> Mapping[str, float]:
    return value if isinstance(value, Mapping) else {"": float(value)}  # type: ignore[arg-type]


def test_tables_by_type_name_only_types_that_exist() -> None:
    for name in BY_TYPE:
        for setting in all_parameters()[name].history:
            assert isinstance(setting.value, Mapping)
            assert set(setting.value) <= set(ecosystems()), name


def test_runoff_has_a_row_for_every_counted_type_and_no_other() -> None:
    for setting in all_parameters()["water.runoff"].history:
        assert isinstance(setting.value, Mapping)
        assert set(setting.value) == types_where("counted")
        assert all(0 <= v <= 100 for v in setting.value.values())


def test_the_range_of_runoff_is_that_of_both_tables() -> None:
    a, b = (_numbers(s.value) for s in all_parameters()["water.runoff"].history)
    for setting in all_parameters()["water.runoff"].history:
        assert _numbers(setting.low) == {k: min(a[k], b[k]) for k in a}
        assert _numbers(setting.high) == {k: max(a[k], b[k]) for k in a}


def test_every_type_transpires_or_is_open_water() -> None:
    rows = set(Parameters(dt.date(2026, 1, 1)).table("water.plant_water"))
    assert rows == set(ecosystems()) - types_where("open_water")


def test_carbon_has_a_row_for_every_type() -> None:
    for pool in ("above", "below", "soil", "dead"):
        assert set(Parameters(dt.date(2026, 1, 1)).table(f"carbon.{pool}")) == set(ecosystems())


def test_every_group_of_a_type_has_its_table() -> None:
    parameters = Parameters(dt.date(2026, 1, 1))
    fixed = set(parameters.table("soil.cover_fixed"))
    winds = set(parameters.table("wind.cover_coefficients"))
    for ecosystem in ecosystems().values():
        group = ecosystem.cover_group
        assert group in fixed | {"dryland"} or f"soil.cover_{group}" in all_parameters()
        assert ecosystem.wind_group in winds


@pytest.mark.parametrize("name", land_cover_legends())
def test_every_land_cover_class_is_an_ecosystem_type(name: str) -> None:
    assert set(crosswalk(name).values()) <= set(ecosystems())
    assert set(crosswalk(name)) == set(legend(name)) == set(legend(name, "zh_Hans"))
    for language in ("en", "zh_Hans", "es"):
        assert all(legend(name, language).values())


def test_igbp_codes_of_both_products() -> None:
    assert sorted(crosswalk("igbp")) == list(range(18))  # MCD12C1 has water at 0, MCD12Q1 at 17
    assert crosswalk("igbp")[0] == crosswalk("igbp")[17] == "water"
    assert legend("igbp", "zh_Hans")[12] == "农田"


def test_classes_that_cover_several_types_are_marked() -> None:
    assert 10 in coarse_classes("worldcover")  # tree cover of any leaf type
    assert 95 not in coarse_classes("worldcover")  # mangroves
    assert all(coarse_classes(name) <= set(crosswalk(name)) for name in legend_names())


def test_texture_classes_fit_their_tables() -> None:
    classes = set(crosswalk("usda_texture").values())
    assert sorted(crosswalk("usda_texture")) == list(range(1, 14))
    for name in ("texture_water", "texture_wind", "texture_salt"):
        table = Parameters(dt.date(2026, 1, 1)).table(f"sensitivity.{name}")
        assert set(table) == classes
        assert set(table.values()) == {1, 3, 5}


def test_coast_types_fit_their_table() -> None:
    protecting = Parameters(dt.date(2026, 1, 1)).table("coast.protecting")
    assert set(protecting) == set(crosswalk("coast_type").values())


def test_what_people_made_is_known() -> None:
    assert {"built_up", "cropland", "paddy", "orchard"} <= types_where("artificial")
    assert "steppe" not in types_where("artificial")


def test_an_unknown_legend_or_type_is_refused_with_advice() -> None:
    with pytest.raises(UserError, match="worldcover"):
        crosswalk("worldcovr")
    with pytest.raises(UserError, match="did you mean mixed_forest"):
        check_classes("landcover", {1: "mixed_forst"})
    assert "igbp" in legend_names()
