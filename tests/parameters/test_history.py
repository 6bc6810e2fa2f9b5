"""What a decreed number was on a day, and what every packaged parameter must have."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.parameters import Parameter, Setting, all_parameters

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1))


def parameter(*since: dt.date) -> Parameter:
    history = tuple(
        Setting("x.y", "1", float(n), "a law", True, day) for n, day in enumerate(since)
    )
    return Parameter("x.y", "1", {}, history)


@given(st.lists(DAYS, min_size=1, unique=True), DAYS)
def test_the_latest_value_not_after_the_day_is_in_force(since: list[dt.date], day: dt.date) -> None:
    begun = [s for s in since if s <= day]
    if begun:
        assert parameter(*since).on(day).since == max(begun)
    else:
        with pytest.raises(UserError, match=str(min(since))):
            parameter(*since).on(day)


RANGED = sorted(
    (p.id, n)
    for p in all_parameters().values()
    for n, setting in enumerate(p.history)
    if setting.has_range
)


@pytest.mark.parametrize(("name", "entry"), RANGED)
def test_a_drawn_value_stays_within_its_range_and_meets_its_ends(name: str, entry: int) -> None:
    setting = all_parameters()[name].history[entry]
    assert setting.at(0.0).value == setting.low
    assert setting.at(1.0).value == pytest.approx(setting.high)
    assert setting.at(0.5).source == setting.source


def test_every_parameter_says_its_name_in_three_languages_and_its_source() -> None:
    for found in all_parameters().values():
        assert {"en", "zh_Hans", "es"} <= set(found.name), found.id
        assert all(s.source for s in found.history), found.id
