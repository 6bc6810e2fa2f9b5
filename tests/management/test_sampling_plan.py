"""Checks in the field: the plan, the table out and back, and what it says."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.management.sampling_plan import (
    FIELD_COLUMNS,
    POINTS,
    Design,
    Plan,
    Site,
    field_rows,
    plan,
    plan_measures,
    usual_design,
)
from tianren.management.sampling_results import Result, estimates, read_back, violations
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.science.sampling import sample_size, violations_at
from tianren.science.sampling_estimates import bounds, clopper_pearson

DAY = dt.date(2026, 6, 1)
LAST = dt.date(2026, 7, 1)


def sites(*counts: int, shapes: bool = False) -> list[Site]:
    """So many zones in counties 14/1401, 14/1402 ..., each of 1, 2, 3 ... hectares."""
    made = []
    for c, count in enumerate(counts, start=1):
        for n in range(1, count + 1):
            shape = shapely.box(1000 * n, 1000 * c, 1000 * n + 100, 1000 * c + 100 * n)
            made.append(
                Site(f"zone/{c}-{n:03}", f"14/140{c}", str(1 + n % 2), "redline", 1e4 * n,
                     shape if shapes else None)
            )  # fmt: skip
    return made


def usual(**more: Any) -> Design:
    return replace(usual_design(Parameters(DAY), seed=11), **more)


def filled(found: Plan, bad: Mapping[str, int] | None = None, done: int = 10**6) -> list[Result]:
    """Results as they come back: in each stratum so many first visits see a violation."""
    rows = []
    for row in field_rows(found):
        if int(row["drawn"]) > done:
            continue
        seen = int(row["drawn"]) <= (bad or {}).get(row["stratum"], 0)
        rows.append({**row, "visited_on": "2026-06-02", "result": "violation" if seen else "none"})
    return read_back(found, rows, "back.csv", LAST)


def by_text(measures: list[Measure], indicator: str) -> dict[str, Measure]:
    return {m.by_text: m for m in measures if m.indicator == indicator}


# -- the plan --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(st.randoms(use_true_random=False), st.sampled_from(["zones", POINTS]))
def test_the_plan_does_not_depend_on_the_order_of_zones(dice: Any, draw: str) -> None:
    zones = sites(30, 12, shapes=True)
    straight = plan(zones, usual(draw=draw))
    dice.shuffle(zones)
    assert field_rows(plan(zones, usual(draw=draw))) == field_rows(straight)


def test_one_stratum_is_the_plain_sample() -> None:
    found = plan(sites(200), usual(by=()))
    n = sample_size(200, violations_at(200, 0.05), 0.95)
    assert (len(found.visits), found.strata[0].id, n) == (n, "all", 51)
    assert found.power >= 0.95 and not found.findings
    assert len({v.site.id for v in found.visits}) == n


def test_strata_are_formed_of_unit_level_and_kind() -> None:
    found = plan(sites(20, 10), usual(by=("unit", "level", "kind")))
    assert [s.id for s in found.strata] == [
        "14/1401 · 1 · redline", "14/1401 · 2 · redline", "14/1402 · 1 · redline",
        "14/1402 · 2 · redline",
    ]  # fmt: skip
    assert sum(len(s.sites) for s in found.strata) == 30
    for stratum in found.strata:
        own = [v.site for v in found.visits if v.stratum == stratum.id]
        assert len(own) == stratum.visits and set(own) <= set(stratum.sites)
    province = plan(sites(20, 10), usual(unit_level=1))
    assert [s.id for s in province.strata] == ["14"]


def test_another_seed_is_another_sample() -> None:
    one, other = (plan(sites(100), usual(seed=seed)) for seed in (1, 2))
    assert {v.site.id for v in one.visits} != {v.site.id for v in other.visits}


def test_visits_are_numbered_on_the_way_and_ranked_as_drawn() -> None:
    found = plan(sites(30, 30), usual())
    assert [v.number for v in found.visits] == list(range(1, len(found.visits) + 1))
    assert [(v.site.place, v.site.id) for v in found.visits] == sorted(
        (v.site.place, v.site.id) for v in found.visits
    )
    for stratum in found.strata:
        ranks = sorted(v.drawn for v in found.visits if v.stratum == stratum.id)
        assert ranks == list(range(1, stratum.visits + 1))


def test_visits_follow_number_area_or_expected_rates() -> None:
    zones = sites(10, 30)
    number = plan(zones, usual(visits=20))
    assert [s.visits for s in number.strata] == [5, 15]
    area = plan(zones, usual(visits=20, weigh="area"))
    assert area.strata[1].visits > number.strata[1].visits
    expected = {"14/1401": 0.5, "14/1402": 0.01}
    neyman = plan(zones, usual(visits=20, weigh="expected", expected=expected))
    assert neyman.strata[0].visits == 10
    with pytest.raises(UserError, match="expected violation rate") as refused:
        plan(zones, usual(weigh="expected", expected={"14/1401": 0.5}))
    assert "14/1402" in refused.value.message()


def test_too_few_visits_say_what_they_see() -> None:
    found = plan(sites(200), usual(visits=10))
    assert [f.rule for f in found.findings] == ["sampling.weak"]
    told = found.findings[0].message
    assert "10 visits" in told and "5 %" in told and "40.9 %" in told
    assert found.power == pytest.approx(1 - math.comb(190, 10) / math.comb(200, 10))


@pytest.mark.parametrize(
    ("zones", "design", "said"),
    [
        ([], usual(), "no zone to visit"),
        (sites(3) + sites(3), usual(), "more than once"),
        (sites(3), usual(by=("colour",)), "cannot be drawn like this"),
        (sites(3), usual(draw="lines"), "cannot be drawn like this"),
        (sites(3), usual(weigh="gold"), "cannot be drawn like this"),
        (sites(3), usual(draw=POINTS), "with a shape"),
        (sites(3), usual(visits=4), "cannot be spread"),
        (sites(3), usual(visits=0), "cannot be spread"),
        (sites(3), usual(rate=0.0), "cannot be looked for"),
    ],
)
def test_plans_that_cannot_be_are_refused(zones: list[Site], design: Design, said: str) -> None:
    with pytest.raises(UserError, match=said):
        plan(zones, design)


def test_points_fall_by_area_and_stand_in_their_zones() -> None:
    zones = sites(10, shapes=True)
    found = plan(zones, usual(draw=POINTS, visits=2000))
    for v in found.visits:
        assert shapely.intersects_xy(v.site.shape, v.x, v.y)
    largest = sum(v.site.id == "zone/1-010" for v in found.visits)
    assert largest / 2000 == pytest.approx(10 / 55, abs=0.03)
    few = plan(zones, usual(draw=POINTS))
    assert len(few.visits) == 59 and few.power == pytest.approx(1 - 0.95**59)


def test_a_zone_with_a_shape_has_a_point_to_aim_for() -> None:
    for v in plan(sites(20, shapes=True), usual()).visits:
        assert shapely.intersects_xy(v.site.shape, v.x, v.y)
    assert all(v.x is None for v in plan(sites(20), usual()).visits)


def test_a_plan_is_measured() -> None:
    found = plan(sites(30, 10), usual())
    measures = plan_measures(found, "14", "2026")
    assert sum(m.value for m in measures if m.indicator == "sampling.visits") == len(found.visits)
    assert by_text(measures, "sampling.power")["state=planned"].value == 100 * found.power


# -- the table -------------------------------------------------------------------------------------


def test_the_table_has_its_columns_and_comes_back() -> None:
    found = plan(sites(30, 10, shapes=True), usual())
    rows = field_rows(found)
    assert all(tuple(row) == FIELD_COLUMNS for row in rows)
    assert {row["result"] for row in rows} == {""}
    assert read_back(found, rows, "back.csv", LAST) == []
    words = ("violation", "None", " 违规 ", "合规", "infracción", "sin infracción")
    for row, word in zip(rows, words, strict=False):
        row |= {"result": word, "visited_on": "2026-06-02", "note": "a pit"}
    back = read_back(found, rows, "back.csv", LAST)
    assert [r.violation for r in back] == [True, False, True, False, True, False]
    assert [r.visit.number for r in violations(back)] == [1, 3, 5]
    assert back[0].note == "a pit" and back[0].day == dt.date(2026, 6, 2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"visit": "999"}, "not of this plan"),
        ({"visit": "one"}, "not of this plan"),
        ({"zone": "zone/9-001"}, "not of this plan"),
        ({"result": "perhaps"}, "is not known"),
        ({"visited_on": ""}, "no day"),
        ({"visited_on": "2/6/2026"}, "no day"),
        ({"visited_on": "2026-08-01"}, "is after 2026-07-01"),
    ],
)
def test_rows_that_cannot_be_are_refused_with_their_number(
    wrong: dict[str, str], said: str
) -> None:
    found = plan(sites(30), usual())
    rows = field_rows(found)
    rows[3] |= {"result": "none", "visited_on": "2026-06-02", **wrong}
    with pytest.raises(UserError, match=said) as refused:
        read_back(found, rows, "back.csv", LAST)
    assert "back.csv, row 5" in refused.value.message()


def test_two_results_of_one_visit_are_refused() -> None:
    found = plan(sites(30), usual())
    row = field_rows(found)[0] | {"result": "none", "visited_on": "2026-06-02"}
    with pytest.raises(UserError, match="two results"):
        read_back(found, [row, row], "back.csv", LAST)
    assert len(read_back(found, [row, {**row, "result": ""}], "back.csv", LAST)) == 1


# -- what it says ----------------------------------------------------------------------------------


def test_rates_by_stratum_and_in_all_with_exact_intervals() -> None:
    found = plan(sites(100, 300), usual(visits=80))
    first, second = found.strata
    measures, findings = estimates(found, filled(found, {"14/1401": 4}), "14", "2026")
    rates = by_text(measures, "sampling.rate")
    n = first.visits
    assert rates["unit=14/1401"].value == pytest.approx(100 * 4 / n)
    low, high = bounds(100, n, 4, 0.95)
    own = rates["unit=14/1401"]
    assert (own.low, own.high) == (pytest.approx(low), pytest.approx(high))
    assert rates["unit=14/1402"].value == 0
    whole = rates[""]
    assert whole.value == pytest.approx(100 * (100 * 4 / n) / 400)
    assert whole.low is not None and whole.high is not None
    assert whole.low < whole.value < whole.high
    assert by_text(measures, "sampling.violations")["unit=14/1401"].value == 4
    assert not by_text(measures, "sampling.excluded") and not findings
    assert by_text(measures, "sampling.power")["state=made"].value == 100 * found.power
    assert second.visits == 60


def test_no_violation_seen_excludes_the_rate_that_was_looked_for() -> None:
    found = plan(sites(200, 100), usual())
    measures, _ = estimates(found, filled(found), "14", "2026")
    assert by_text(measures, "sampling.excluded")[""].value <= 5
    assert by_text(measures, "sampling.rate")[""].value == 0


def test_visits_left_out_weaken_it_and_are_told() -> None:
    found = plan(sites(200), usual(by=()))
    measures, findings = estimates(found, filled(found, done=30), "14", "2026")
    assert [f.rule for f in findings] == ["sampling.lost"]
    assert f"{len(found.visits) - 30} of {len(found.visits)}" in findings[0].message
    assert by_text(measures, "sampling.power")["state=made"].value < 100 * found.power
    assert by_text(measures, "sampling.excluded")[""].value > 5


def test_where_nobody_was_nothing_is_said_of_the_whole() -> None:
    found = plan(sites(30, 10), usual())
    back = [r for r in filled(found) if r.visit.stratum == "14/1401"]
    measures, findings = estimates(found, back, "14", "2026")
    assert {f.rule for f in findings} == {"sampling.lost", "sampling.no_visit"}
    assert set(by_text(measures, "sampling.rate")) == {"unit=14/1401"}
    assert by_text(measures, "sampling.power")["state=made"].value < 50


def test_points_have_the_interval_of_endless_populations() -> None:
    found = plan(sites(10, shapes=True), usual(by=(), draw=POINTS))
    measures, _ = estimates(found, filled(found, {"all": 3}), "14", "2026")
    rate = by_text(measures, "sampling.rate")[""]
    low, high = clopper_pearson(59, 3, 0.95)
    assert (rate.low, rate.high) == (pytest.approx(100 * low), pytest.approx(100 * high))
    clean, _ = estimates(found, filled(found), "14", "2026")
    excluded = by_text(clean, "sampling.excluded")[""].value
    assert excluded == pytest.approx(100 * (1 - 0.05 ** (1 / 59)))


def test_the_interval_holds_the_truth_over_many_samples() -> None:
    """600 zones, 30 in violation: of 60 samples at 95 % at most a few miss the truth."""
    zones = sites(200, 400)
    bad = {site.id for n, site in enumerate(zones) if n % 20 == 0}
    held = 0
    for seed in range(60):
        found = plan(zones, usual(seed=seed, visits=60))
        rows = [
            {**row, "visited_on": "2026-06-02", "result": "violation" if row["zone"] in bad
             else "none"}
            for row in field_rows(found)
        ]  # fmt: skip
        measures, _ = estimates(found, read_back(found, rows, "b", LAST), "14", "2026")
        rate = by_text(measures, "sampling.rate")[""]
        held += (rate.low or 0.0) <= 5.0 <= (rate.high or 0.0)
    assert held >= 54
