"""Parameters by day, place and set; ranges; overrides; what a run used."""

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.parameters import Parameter, Parameters, Setting, override

DAY = dt.date(2026, 1, 1)


def setting(value: float, **known: object) -> Setting:
    return Setting("a.b", "m", value, "a source", False, **known)  # type: ignore[arg-type]


def test_the_value_in_force_is_the_latest_that_has_begun() -> None:
    first, second = dt.date(2000, 1, 1), dt.date(2020, 1, 1)
    parameter = Parameter("a.b", "m", {}, (setting(1.0, since=first), setting(2.0, since=second)))
    assert parameter.on(dt.date(2019, 12, 31)).value == 1.0
    assert parameter.on(second).value == 2.0
    with pytest.raises(UserError, match="no value in force on 1999"):
        parameter.on(dt.date(1999, 1, 1))


def test_a_jurisdiction_has_its_own_and_falls_back_on_the_general_value() -> None:
    parameter = Parameter("a.b", "m", {}, (setting(1.0), setting(2.0, jurisdiction="CN-53")))
    assert parameter.on(DAY, "CN-53").value == 2.0
    assert parameter.on(DAY, "CN-51").value == 1.0


def test_a_named_set_can_be_chosen_and_an_unknown_one_is_refused() -> None:
    chosen = Parameters(DAY, choices={"water.runoff": "B"})
    assert chosen.table("water.runoff")["mixed_forest"] == 3.52
    assert Parameters(DAY).table("water.runoff")["mixed_forest"] == 2.29
    with pytest.raises(UserError, match="A, B"):
        Parameters(DAY, choices={"water.runoff": "C"})["water.runoff"]


def test_an_unknown_name_is_met_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"did you mean water\.runoff"):
        Parameters(DAY, choices={"water.runof": "B"})


def test_a_users_value_replaces_the_packaged_one_and_is_unverified() -> None:
    entry = {"value": "3/5", "low": "1/2", "high": "7/10"}
    mine = override("grading.extremely_important", entry, "provincial rule")
    parameters = Parameters(DAY, overrides={mine.id: mine})
    assert parameters.share(mine.id) == Fraction(3, 5)
    assert not mine.verified
    assert "provincial rule" in mine.source


def test_only_what_was_asked_for_was_used() -> None:
    parameters = Parameters(DAY)
    parameters.number("wind.downwind_distance")
    parameters.number("soil.longest_slope")
    assert [s.id for s in parameters.used()] == ["soil.longest_slope", "wind.downwind_distance"]


def test_a_parameter_in_the_wrong_form_is_refused() -> None:
    with pytest.raises(UserError, match="not a number"):
        Parameters(DAY).number("water.runoff")
    with pytest.raises(UserError, match="not a table"):
        Parameters(DAY).table("soil.longest_slope")
    with pytest.raises(UserError, match="not a word"):
        Parameters(DAY).word("soil.longest_slope")


@given(st.floats(0, 1))
def test_a_draw_stays_within_the_range_row_by_row(quantile: float) -> None:
    runoff = Parameters(DAY)["water.runoff"]
    drawn = runoff.at(quantile).value
    for kind, value in drawn.items():  # type: ignore[union-attr]
        low, high = runoff.low[kind], runoff.high[kind]  # type: ignore[index]
        assert low - 1e-9 <= value <= high + 1e-9


@given(st.floats(0, 1))
def test_a_drawn_share_stays_an_exact_fraction(quantile: float) -> None:
    drawn = Parameters(DAY)["grading.extremely_important"].at(quantile).value
    assert isinstance(drawn, Fraction)
    assert Fraction(9, 20) <= drawn <= Fraction(11, 20)


def test_without_a_range_nothing_is_drawn() -> None:
    fixed = setting(1.0)
    assert not fixed.has_range
    with pytest.raises(TypeError):
        fixed.at(0.5)
