"""Scorecards: worked numbers, what is not known is not zero, better is never worse."""

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.findings import Severity
from tianren.management.scorecard import (
    GRADES,
    PARTS,
    Area,
    Change,
    Quality,
    Scorecard,
    Share,
    UnitFacts,
    area_kept,
    grade_measures,
    grade_name,
    indicator_name,
    linear_score,
    scorecard,
    scorecards,
    scoring,
    table,
    with_conduct,
)
from tianren.management.supervision_figures import Conduct
from tianren.measures import indicators
from tianren.parameters import Parameters, override
from tianren.science.ecological_quality import EI_PARTS, EQI_PARTS

DAY = dt.date(2026, 1, 1)
RULES = scoring(Parameters(DAY))
INDICATORS = [i for part in PARTS.values() for i in part]
WHOLE = UnitFacts(
    "14/1403",
    area=Area(1000.0, 996.5, 2.0),
    nature=Share(198.0, 200.0),
    functions={"water_conservation": Change(0.640, 0.612, 2.0, 2.0),
               "soil_conservation": Change(10.0, 10.5, 4.0, 4.0)},
    disturbed=Share(0.0, 1000.0),
    approved=Share(3, 4),
    in_time=Share(8, 10),
    markers=Share(90, 100),
    assessed=Share(5, 5),
    sources=("register", "journal"),
)  # fmt: skip


def card(facts: UnitFacts, **own: Any) -> Scorecard:
    return scorecard(facts, scoring(with_own(**own)) if own else RULES, "2026")


def with_own(**tables: Any) -> Parameters:
    made = [override(f"scorecard.{name}", {"value": value}, "a try")
            for name, value in tables.items()]  # fmt: skip
    return Parameters(DAY, overrides={one.id: one for one in made})


def rules(found: Scorecard) -> set[str]:
    return {f.rule for f in found.findings}


# -- worked numbers --------------------------------------------------------------------------------


def test_a_whole_scorecard_by_hand() -> None:
    found = card(WHOLE)
    scores = {line.indicator: line.score for line in found.lines}
    area = 100 * (100 * 996.5 / 998 - 95) / 4.99
    function = (100 * (-4.375 + 20) / 18 + 100) / 2
    assert scores == pytest.approx({
        "area_kept": area, "nature_kept": 80, "function_kept": function, "disturbed": 100,
        "approved": 50, "in_time": 60, "markers": 80, "assessed": 100,
    })  # fmt: skip
    assert found.parts == pytest.approx(
        {"area": area, "nature": 80, "function": function, "activity": 75, "management": 80}
    )
    assert found.score == pytest.approx((area + 80 + function + 75 + 80) / 5)
    assert (found.low, found.high) == pytest.approx((found.score, found.score))
    assert (found.known, found.grade) == (pytest.approx(1), "good")
    assert rules(found) == {
        "scorecard.area_lost", "scorecard.nature_lost", "scorecard.function_lost"
    }  # fmt: skip


def test_its_measures_are_of_the_registry_and_traced() -> None:
    measures = card(WHOLE).measures
    told = {(m.indicator, m.by_text): m.value for m in measures}
    assert told["scorecard.function_kept", "function=water_conservation"] == pytest.approx(-4.375)
    assert told["scorecard.function_kept", "function=soil_conservation"] == pytest.approx(5)
    assert told["scorecard.grade", "grade=good"] == 3
    assert told["scorecard.approved", ""] == 75
    assert told["scorecard.score", "part=management"] == pytest.approx(80)
    for m in measures:
        assert (m.place, m.period, m.sources) == ("14/1403", "2026", ("register", "journal"))
        assert m.method and indicators()[m.indicator].targets
        assert all(indicators()[m.indicator].name[t] for t in ("en", "zh_Hans", "es"))


def test_the_worked_loss_is_told_with_its_area() -> None:
    """A 1000 to 996.5 of which 2 exempt: 1.5 without a cause."""
    lost = next(f for f in card(WHOLE).findings if f.rule == "scorecard.area_lost")
    assert lost.severity is Severity.WARNING
    big = replace(WHOLE, area=Area(1e9, 9.965e8, 2e6))
    assert "1,500,000 m2" in next(f for f in card(big).findings if "area" in f.rule).message


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0.1, 10))
def test_what_the_climate_does_to_both_is_not_counted(
    before: float, reference: float, climate: float
) -> None:
    change = Change(before, before * climate, reference, reference * climate)
    value = card(UnitFacts("u", functions={"water": change})).lines[2].value
    assert value == pytest.approx(0, abs=1e-9)


@given(st.floats(1, 1e6), st.floats(0, 100))
def test_area_that_left_by_law_is_not_asked_for(now: float, times: float) -> None:
    assert area_kept(now, now + times * now, times * now) == pytest.approx(1, rel=1e-9)
    assert area_kept(0.0, now, now) == 1.0


def test_climate_is_taken_out_where_there_is_a_reference() -> None:
    dry = {"water": Change(100.0, 80.0, 50.0, 40.0)}
    assert card(UnitFacts("u", functions=dry)).lines[2].value == pytest.approx(0)
    raw = card(UnitFacts("u", functions={"water": Change(100.0, 80.0)}))
    assert raw.lines[2].value == pytest.approx(-20)
    assert "scorecard.no_reference" in rules(raw)


@pytest.mark.parametrize(
    ("value", "zero", "full", "points"),
    [(95, 95, 100, 0), (97.5, 95, 100, 50), (100, 95, 100, 100), (120, 95, 100, 100),
     (0, 95, 100, 0), (0.05, 0.1, 0, 50), (0, 0.1, 0, 100), (5, 0.1, 0, 0)],
)  # fmt: skip
def test_points_along_a_line(value: float, zero: float, full: float, points: float) -> None:
    assert linear_score(value, zero, full) == pytest.approx(points)


@pytest.mark.parametrize(
    ("score", "grade"),
    [(100, "excellent"), (90, "excellent"), (89.99, "good"), (75, "good"), (74.99, "fair"),
     (60, "fair"), (59.99, "poor"), (0, "poor")],
)  # fmt: skip
def test_a_limit_belongs_to_the_better_grade(score: float, grade: str) -> None:
    assert RULES.grade_of(score) == grade
    assert grade_name(grade) == grade.capitalize()


# -- what is not known -----------------------------------------------------------------------------


def test_nothing_comes_from_nothing() -> None:
    found = card(UnitFacts("u"))
    assert (found.score, found.grade, found.known, found.parts) == (None, None, 0.0, {})
    assert (found.low, found.high, found.measures) == (0.0, 100.0, ())
    assert rules(found) == {"scorecard.nothing_known"}


def test_a_whole_of_nothing_is_not_known() -> None:
    """No case that was due, no marker that was set: nothing to take a share of."""
    found = card(UnitFacts("u", in_time=Share(0, 0), markers=Share(math.nan, 5), area=Area(0, 0),
                           nature=Share(0, 0), functions={"f": Change(0.0, 5.0)}))  # fmt: skip
    assert found.score is None
    assert rules(found) == {"scorecard.nothing_known", "scorecard.function_unknown"}


def test_what_is_not_known_passes_its_weight_on_and_says_so() -> None:
    found = card(replace(WHOLE, nature=None, markers=None))
    weights = {line.indicator: line.weight for line in found.lines}
    assert weights == pytest.approx({
        "area_kept": 1 / 4, "nature_kept": 0, "function_kept": 1 / 4, "disturbed": 1 / 8,
        "approved": 1 / 8, "in_time": 1 / 8, "markers": 0, "assessed": 1 / 8,
    })  # fmt: skip
    assert found.known == pytest.approx(1 - 1 / 5 - 1 / 15)
    told = [f.message for f in found.findings if f.rule == "scorecard.unknown"]
    assert len(told) == 2
    assert "20.0 %" in told[0] and indicator_name("nature_kept") in told[0]
    assert "6.7 %" in told[1]


def test_too_little_known_gives_no_grade() -> None:
    found = card(UnitFacts("u", area=Area(1000, 1000), nature=Share(1, 1)))
    assert (found.score, found.grade) == (100.0, None)
    assert (found.low, found.high) == pytest.approx((40.0, 100.0))
    assert "scorecard.no_grade" in rules(found)
    assert not [m for m in found.measures if m.indicator == "scorecard.grade"]
    assert card(UnitFacts("u", area=Area(1, 1), nature=Share(1, 1), disturbed=Share(0, 1),
                          approved=Share(1, 1))).grade == "excellent"  # fmt: skip


# -- quality instead of functions ------------------------------------------------------------------


def test_quality_stands_in_where_no_function_is_known() -> None:
    before = dict(zip(EQI_PARTS, (60.0, 70.0, 50.0, 20.0), strict=True))
    now = {**before, "biodiversity": 40.0}
    found = card(UnitFacts("u", quality=Quality("EQI", before, now)))
    assert found.lines[2].value == pytest.approx(-1.9)
    assert found.lines[2].score == pytest.approx(100 * (4 - 1.9) / 3)
    told = {(m.indicator, m.by_text): m.value for m in found.measures}
    assert told["scorecard.quality", "index=EQI; class=class 2"] == pytest.approx(61.7)
    assert told["scorecard.quality_change", "index=EQI; change=slight"] == pytest.approx(-1.9)
    assert "scorecard.quality_instead" in rules(found)
    own = replace(WHOLE, quality=Quality("EQI", before, now))
    assert card(own).lines == card(WHOLE).lines


def test_a_restricted_quality_is_of_a_lower_class() -> None:
    parts = dict(zip(EI_PARTS, (60.0, 70.0, 30.0, 20.0, 5.0), strict=True))
    found = card(UnitFacts("u", quality=Quality("EI", parts, parts, restricted=1)))
    assert any(m.by_text == "index=EI; class=fair" for m in found.measures)
    with pytest.raises(UserError, match="no index of quality called QI"):
        card(UnitFacts("u", quality=Quality("QI", parts, parts)))


# -- from supervision ------------------------------------------------------------------------------


def test_supervision_fills_in_conduct() -> None:
    facts = with_conduct(UnitFacts("u", area=Area(1e6, 1e6)), Conduct(500.0, 1, 4, 3, 1), 3, True)
    assert facts.disturbed == Share(500.0, 1e6)
    assert (facts.approved, facts.in_time) == (Share(3, 4), Share(3, 5))


def test_where_nobody_looked_nothing_found_is_not_known() -> None:
    facts = with_conduct(UnitFacts("u", area=Area(1, 1)), Conduct(0.0, 0, 0, 0, 0), 3, False)
    assert (facts.disturbed, facts.approved) == (None, None)
    seen = with_conduct(UnitFacts("u", area=Area(9, 9)), Conduct(2.0, 1, 0, 0, 1), 3, False)
    assert (seen.disturbed, seen.approved) == (Share(2.0, 9), Share(3, 4))


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (UnitFacts("u", markers=Share(5, 4)), "5 of 4"),
        (UnitFacts("u", markers=Share(-1, 4)), "cannot be -1"),
        (UnitFacts("u", area=Area(math.inf, 1)), "cannot be inf"),
        (UnitFacts("u", nature=Share(2, 1)), "more land is still natural"),
    ],
)
def test_impossible_facts_are_refused(facts: UnitFacts, said: str) -> None:
    with pytest.raises(UserError, match=said):
        card(facts)


@pytest.mark.parametrize(
    "own",
    [
        {"weights": {"area": 1}},
        {"weights": dict.fromkeys(PARTS, 0)},
        {"weights": {**dict.fromkeys(PARTS, 1), "area": -1}},
        {"weights_within": {**dict.fromkeys(INDICATORS, 1), "beauty": 1}},
    ],
)
def test_weights_that_are_none_are_refused(own: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="no table of weights"):
        scoring(with_own(**own))


def test_contradicting_lines_and_grades_are_refused() -> None:
    full = dict(RULES.full)
    for own in ({"zero": full}, {"grades": {"excellent": 60, "good": 75, "fair": 90}},
                {"full": {k: v for k, v in full.items() if k != "markers"}}):  # fmt: skip
        with pytest.raises(UserError, match="contradict"):
            scoring(with_own(**own))


def test_a_unit_given_twice_is_refused() -> None:
    with pytest.raises(UserError, match="two sets of facts"):
        scorecards([WHOLE, WHOLE], RULES, "2026")


# -- properties ------------------------------------------------------------------------------------

MAYBE_SHARE = st.none() | st.tuples(st.floats(0, 1), st.floats(1, 1e6)).map(
    lambda pw: Share(pw[0] * pw[1], pw[1])
)
TOTAL = st.floats(0.01, 1e6)
CHANGES = st.builds(Change, TOTAL, TOTAL, st.none() | TOTAL, st.none() | TOTAL)
FACTS = st.builds(
    UnitFacts, st.just("u"),
    area=st.none() | st.builds(Area, TOTAL, TOTAL), nature=MAYBE_SHARE,
    functions=st.dictionaries(st.sampled_from(["water", "soil", "carbon"]), CHANGES),
    disturbed=MAYBE_SHARE, approved=MAYBE_SHARE, in_time=MAYBE_SHARE, markers=MAYBE_SHARE,
    assessed=MAYBE_SHARE,
)  # fmt: skip
WEIGHT = st.floats(0, 10)
WEIGHTS = st.fixed_dictionaries(dict.fromkeys(PARTS, WEIGHT)).filter(lambda w: any(w.values()))
WITHIN = st.fixed_dictionaries(dict.fromkeys(INDICATORS, WEIGHT)).filter(lambda w: any(w.values()))


@given(FACTS, WEIGHTS, WITHIN)
def test_weights_sum_to_one_and_the_score_lies_between(
    facts: UnitFacts, weights: dict[str, float], within: dict[str, float]
) -> None:
    found = card(facts, weights=weights, weights_within=within)
    known = [line for line in found.lines if line.score is not None]
    total = math.fsum(line.weight for line in known)
    assert total == pytest.approx(1) or (total == 0 and found.score is None)
    assert all(line.weight == 0 for line in found.lines if line.score is None)
    assert 0 <= found.known <= 1 + 1e-9
    assert 0 <= found.low <= found.high + 1e-9 and found.high <= 100 + 1e-9
    if found.score is not None:
        assert found.low - 1e-6 <= found.score <= found.high + 1e-6
        scores = [line.score for line in known if line.weight > 0]
        assert min(scores) - 1e-6 <= found.score <= max(scores) + 1e-6
    assert found.grade is None or found.grade in GRADES


@given(FACTS, st.sampled_from(["nature", "disturbed", "approved", "in_time", "markers",
                               "assessed"]), st.floats(0, 1))  # fmt: skip
def test_better_is_never_worse(facts: UnitFacts, which: str, other: float) -> None:
    own = getattr(facts, which)
    if own is None:
        return
    share = own.part / own.whole
    better = min(share, other) if which == "disturbed" else max(share, other)
    after = card(replace(facts, **{which: Share(better * own.whole, own.whole)}))
    before = card(facts)
    assert before.score is not None and after.score is not None
    assert after.score >= before.score - 1e-9
    assert after.low >= before.low - 1e-9 and after.high >= before.high - 1e-9


@given(FACTS, TOTAL, st.floats(1, 3))
def test_more_function_and_more_area_are_never_worse(
    facts: UnitFacts, area: float, times: float
) -> None:
    functions = {n: replace(c, now=c.now * times) for n, c in facts.functions.items()}
    before = card(replace(facts, area=Area(area, area * 0.97)))
    after = card(replace(facts, area=Area(area, area * 0.97 * times), functions=functions))
    assert before.score is not None and after.score is not None
    assert after.score >= before.score - 1e-6


@given(st.lists(FACTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_does_not_matter(facts: list[UnitFacts], dice: Any) -> None:
    units = [
        replace(f, unit=f"u{n}", functions=dict(sorted(f.functions.items(), reverse=True)))
        for n, f in enumerate(facts)
    ]
    shuffled = list(units)
    dice.shuffle(shuffled)
    straight = [replace(u, functions=dict(sorted(u.functions.items()))) for u in shuffled]
    assert scorecards(units, RULES, "2026") == scorecards(straight, RULES, "2026")


@given(FACTS, st.floats(0.001, 1000))
def test_only_the_proportion_of_weights_counts(facts: UnitFacts, times: float) -> None:
    one, many = card(facts), card(facts, weights=dict.fromkeys(PARTS, times),
                                  weights_within=dict.fromkeys(INDICATORS, times))  # fmt: skip
    assert (one.score is None) == (many.score is None)
    if one.score is not None:
        assert many.score == pytest.approx(one.score)


# -- tables ----------------------------------------------------------------------------------------


def test_units_by_grade_and_the_table() -> None:
    cards = scorecards([WHOLE, UnitFacts("14/1404"), replace(WHOLE, unit="14/1405")], RULES, "2026")
    counts = {m.by_text: m.value for m in grade_measures(cards, "14", "2026")}
    assert counts == {"grade=excellent": 0, "grade=good": 2, "grade=fair": 0, "grade=poor": 0,
                      "grade=none": 1}  # fmt: skip
    rows = table(cards)
    assert [row["unit"] for row in rows] == ["14/1403", "14/1404", "14/1405"]
    assert rows[0]["approved"] == 75 and rows[0]["approved_score"] == 50
    assert rows[1]["score"] is None and rows[1]["area"] is None
    assert len({tuple(row) for row in rows}) == 1
    assert grade_name(None) == "no grade"
