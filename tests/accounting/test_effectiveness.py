"""Effectiveness by area: worked cases, bounds, and each square kilometre once."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.accounting.assessments import Score
from tianren.accounting.effectiveness import (
    Levels,
    effectiveness_findings,
    effectiveness_measures,
    green_listed,
    levels,
    site_rows,
    trends,
)
from tianren.measures import Measure
from tianren.parameters import Parameters

DAY = dt.date(2025, 6, 30)
RULES = Levels(67, 33)


def score(site: str, percent: float | None, year: int = 2024, tool: str = "METT-4") -> Score:
    return Score(site, tool, dt.date(year, 1, 1), percent)


def by_text(measures: list[Measure]) -> dict[tuple[str, str], float]:
    return {(m.indicator, m.by_text): m.value for m in measures}


def test_three_parks_by_hand() -> None:
    """600 km2 at 80 %, 300 km2 at 40 %, 100 km2 never assessed: 90 % assessed, score 66.67."""
    areas = {"a": 600e6, "b": 300e6, "c": 100e6}
    scores = [score("a", 80), score("b", 40, tool="IMET"), score("b", 10, 2015, "IMET")]
    found = by_text(effectiveness_measures(scores, areas, RULES, DAY, "x"))
    assert found["account.assessed_share", ""] == pytest.approx(90)
    assert found["account.assessed_share", "tool=METT-4"] == pytest.approx(60)
    assert found["account.effectiveness", ""] == pytest.approx((600 * 80 + 300 * 40) / 900)
    assert found["account.sound_share", "level=sound"] == pytest.approx(100 * 600 / 900)
    assert found["account.sound_share", "level=basic"] == pytest.approx(100 * 300 / 900)
    assert found["account.sound_share", "level=inadequate"] == 0
    # b alone has two years: 30 points over nine years.
    assert found["account.effectiveness_change", ""] == pytest.approx(30 / 9, rel=1e-3)


def test_land_that_counts_for_another_site_is_not_judged_twice() -> None:
    """A Ramsar site inside a park has no land of its own, so its score weighs nothing."""
    scores = [score("park", 50), score("ramsar", 100)]
    found = by_text(effectiveness_measures(scores, {"park": 1e9, "ramsar": 0.0}, RULES, DAY, "x"))
    assert found["account.effectiveness", ""] == 50
    assert found["account.assessed_share", ""] == 100
    (told,) = effectiveness_findings(scores, {"park": 1e9, "ramsar": 0.0})
    assert (told.rule, told.subject) == ("effectiveness.no_area", "ramsar")


def test_scores_of_two_tools_in_one_mean_are_told() -> None:
    told = effectiveness_findings([score("a", 1), score("b", 1, tool="IMET")], {"a": 1, "b": 1})
    assert [f.rule for f in told] == ["effectiveness.several_tools"]


def test_the_trend_of_a_site_is_that_of_its_latest_tool() -> None:
    scores = [score("a", 20, 2010), score("a", 40, 2020), score("a", 90, 2015, "IMET"),
              score("a", 10, 2016, "IMET"), score("b", 5, 2020)]  # fmt: skip
    found = trends(scores)
    assert set(found) == {"a"}
    assert found["a"].change == pytest.approx(2.0, rel=1e-3)


def test_the_green_list_ends_when_it_says() -> None:
    day = dt.date(2020, 1, 1)
    rows = [Score("a", "Green List", day, None, status="listed"),
            Score("b", "Green List", day, None, status="listed", until=dt.date(2024, 12, 31)),
            Score("c", "Green List", day, None, status="candidate"),
            Score("d", "Green List", day, None, status="listed"),
            Score("d", "Green List", dt.date(2023, 1, 1), None, status="lapsed")]  # fmt: skip
    assert green_listed(rows, DAY) == {"a"}
    found = by_text(effectiveness_measures(rows, dict.fromkeys("abcd", 25.0), RULES, DAY, "x"))
    assert found["account.green_list_share", ""] == 25
    table = site_rows(rows, {"a": 25.0}, RULES, DAY).set_index("site_id")
    assert table["green_list"].to_dict() == {
        "a": "listed", "b": "lapsed", "c": "candidate", "d": "lapsed",
    }  # fmt: skip


percents = st.floats(0, 100)
some_areas = st.lists(
    st.tuples(st.integers(0, 10**9).map(float), st.none() | percents), min_size=1, max_size=8
)


@given(some_areas)
def test_shares_are_shares_and_the_mean_lies_between_its_scores(
    rows: list[tuple[float, float | None]],
) -> None:
    areas = {f"s{n}": area for n, (area, _) in enumerate(rows)}
    scores = [score(f"s{n}", p) for n, (_, p) in enumerate(rows) if p is not None]
    found = by_text(effectiveness_measures(scores, areas, RULES, DAY, "x"))
    mine = [p for area, p in rows if p is not None and area > 0]
    assert ("account.effectiveness", "") in found or not mine
    if mine:
        assert min(mine) - 1e-6 <= found["account.effectiveness", ""] <= max(mine) + 1e-6
        levels_sum = sum(v for (name, _), v in found.items() if name == "account.sound_share")
        assert levels_sum == pytest.approx(100)
    for (name, _), value in found.items():
        if name.endswith("share"):
            assert -1e-9 <= value <= 100 + 1e-9


def test_the_levels_are_parameters() -> None:
    found = levels(Parameters(DAY))
    assert (found.of(67), found.of(66.9), found.of(32.9)) == ("sound", "basic", "inadequate")


def test_nothing_counted_gives_no_share() -> None:
    assert effectiveness_measures([score("a", 50)], {}, RULES, DAY, "x") == []
