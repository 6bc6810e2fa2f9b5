"""Verdicts: the strictest zone decides, what is known stays, the bounds hold, the text fits."""

import datetime as dt
import itertools
import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.language import set_language
from tianren.language.folding import columns
from tianren.management.activities import judge
from tianren.management.conditions import State
from tianren.management.facts import all_facts
from tianren.management.rulebook import Answer, Rulebook, strictest
from tianren.management.rulebook_reading import packaged, packaged_tables, rulebook_of
from tianren.management.verdict import Verdict, ZoneVerdict

from .books import DAY, ZONES, asked, tellings, values

Telling = tuple[dict[str, Any], dict[str, str]]
SOME_ZONES = st.lists(st.sampled_from(ZONES), min_size=1, unique=True)
# What may turn one decided answer into another: better knowledge of the pasture, and telling that
# something is reclaimed where there is no sea.
BETTER = {"carrying_capacity", "reclamation_m2"}


Question = tuple[str, str, list[str], Telling, dt.date]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """The id of a packaged rulebook, an activity, zones, what is told, a day."""
    name, activity, day = draw(asked())
    return name, activity, draw(SOME_ZONES), draw(tellings(packaged(name).on(day))), day


def verdict(question: Question, book: Rulebook | None = None) -> Verdict:
    name, activity, zones, (facts, documents), day = question
    return judge(book or packaged(name), activity, zones, facts, documents, day)


# -- what must hold --------------------------------------------------------------------------------


@settings(deadline=None)
@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_zones_and_rules_does_not_matter(question: Question, random: Any) -> None:
    name, activity, zones, telling, day = question
    rules = list(packaged(name).rules.items())
    random.shuffle(rules)
    shuffled = replace(packaged(name), rules=MappingProxyType(dict(rules)))
    mixed = [*zones, random.choice(zones)]
    random.shuffle(mixed)
    other = verdict((name, activity, mixed, telling, day), shuffled)
    assert other.as_dict() == verdict(question).as_dict()
    assert other.text() == verdict(question).text()


@settings(deadline=None)
@given(questions(), st.sampled_from(ZONES))
def test_one_more_zone_never_makes_it_milder(question: Question, zone: str) -> None:
    name, activity, zones, telling, day = question
    alone, more = verdict(question), verdict((name, activity, [*zones, zone], telling, day))
    assert more.answer.strictness >= alone.answer.strictness
    assert more.at_best.strictness >= alone.at_best.strictness
    assert more.at_worst.strictness >= alone.at_worst.strictness
    only = verdict((name, activity, [zone], telling, day))
    assert more.answer is strictest([alone.answer, only.answer])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_decided_stays_decided_when_more_is_told(data: st.DataObject) -> None:
    question = data.draw(questions())
    name, activity, zones, (facts, documents), day = question
    more_facts, more_documents = data.draw(tellings(packaged(name).on(day)))
    told = {**more_facts, **facts}
    more = verdict((name, activity, zones, (told, {**more_documents, **documents}), day))
    before = verdict(question)
    if before.answer is not Answer.CANNOT_SAY:
        assert more.answer is not Answer.CANNOT_SAY
    if not (set(told) - set(facts)) & BETTER:
        if before.answer is not Answer.CANNOT_SAY:
            assert more.answer is before.answer
        assert before.at_best.strictness <= more.at_best.strictness
        assert more.at_worst.strictness <= before.at_worst.strictness


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_missing_decides_once_it_is_told(data: st.DataObject) -> None:
    name, activity, zones, (facts, documents), day = data.draw(questions())
    book = packaged(name)
    for _ in range(6):
        found = judge(book, activity, zones, facts, documents, day)
        assert bool(found.missing) is (found.answer is Answer.CANNOT_SAY)
        if not found.missing:
            return
        for item in found.missing:
            assert item.id not in {**facts, **documents} and item.needed_by
            if item.kind == "fact":
                facts[item.id] = data.draw(values(book.on(day), item.id))
            else:
                documents[item.id] = "a file"
    pytest.fail("still nothing can be said")


@settings(max_examples=200, deadline=None)
@given(questions())
def test_best_and_worst_are_those_of_every_way_it_may_turn_out(question: Question) -> None:
    """Another route: every unknown condition met or not, every unknown opinion needed or not."""
    for zone in verdict(question).zones:
        answers = [_turned_out(zone, way) for way in _ways(zone)]
        assert strictest(answers) is zone.at_worst
        assert min(answers, key=lambda a: a.strictness) is zone.at_best


def _ways(zone: ZoneVerdict) -> list[tuple[bool, ...]]:
    standing = [c.stand.state for c in zone.conditions] + [o.stand.state for o in zone.opinions]
    either = {State.MET: (True,), State.NOT_MET: (False,), State.UNKNOWN: (True, False)}
    return list(itertools.product(*(either[state] for state in standing)))


def _turned_out(zone: ZoneVerdict, way: tuple[bool, ...]) -> Answer:
    conditions, opinions = way[: len(zone.conditions)], way[len(zone.conditions) :]
    if not all(conditions):
        return Answer.PROHIBITED
    needed = [o for o, is_needed in zip(zone.opinions, opinions, strict=True) if is_needed]
    if any(o.opinion.decides for o in needed):
        return strictest([zone.rule.answer, Answer.NEEDS_APPROVAL])
    return zone.rule.answer


@settings(deadline=None)
@given(questions())
def test_a_prohibition_asks_for_nothing_and_hides_behind_nothing(question: Question) -> None:
    found = verdict(question)
    if any(zone.answer is Answer.PROHIBITED for zone in found.zones):
        assert found.answer is Answer.PROHIBITED
        assert found.at_best is found.at_worst is Answer.PROHIBITED
        assert (found.opinions, found.documents, found.missing) == ((), (), ())
    for zone in found.zones:
        if zone.answer is Answer.PROHIBITED:
            assert (zone.opinions, zone.documents, zone.turns_on()) == ((), (), [])


@settings(deadline=None)
@given(questions())
def test_an_approval_has_somebody_who_gives_it_and_the_paper_it_is_given_as(
    question: Question,
) -> None:
    found = verdict(question)
    if found.answer is Answer.NEEDS_APPROVAL:
        certain = [o for o in found.opinions if o.needed == "yes" and o.opinion.decides]
        assert certain
        papers = {d.document.id: d.there for d in found.documents}
        assert all(papers[o.opinion.document] is o.there for o in certain)
        assert all(o.opinion.level in found.rulebook.levels for o in found.opinions)


@settings(deadline=None)
@given(questions())
def test_what_rests_on_something_unread_says_so(question: Question) -> None:
    found = verdict(question)
    unread = [z for z in found.deciding if not z.rule.verified]
    if len(unread) == len(found.deciding):
        assert found.unverified
    if found.unverified:
        assert "Not verified" in found.text()
        assert found.as_dict()["unverified"] == list(found.unverified)


@settings(deadline=None)
@given(questions(), st.sampled_from(["en", "zh", "es"]))
def test_it_is_told_on_80_columns_with_the_statement_first_and_as_json(
    question: Question, language: str
) -> None:
    found = verdict(question)
    try:
        set_language(language)
        lines = found.text().splitlines()
        assert lines[0].startswith(found.activity.name[:20])
        assert max(map(columns, lines)) <= 80
        plain = json.loads(json.dumps(found.as_dict(), ensure_ascii=False, allow_nan=False))
        assert plain["answer"] == found.answer.value
    finally:
        set_language("en")


# -- by hand ---------------------------------------------------------------------------------------


def china(activity: str, *zones: str, day: dt.date = DAY, **facts: Any) -> Verdict:
    return judge(packaged("CN"), activity, zones, facts, {}, day)


def test_the_text_of_one_verdict() -> None:
    found = china("mineral_exploration", "redline", "protected", mineral="金", at_sea=False)
    assert found.text() == (
        "Exploration of strategic minerals: prohibited here (protected area outside its\n"
        "core; redline outside protected areas).\n"
        "Rulebook CN (China: activities in the redline), on 2026-05-01.\n"
        "Not verified, read the source before you rely on it: rule mineral_exploration.\n"
        "\n"
        "Protected area outside its core; redline outside protected areas: prohibited\n"
        "  Notice on the management of the redline (Ministry of Natural Resources and\n"
        "    others, 2022 No. 142), §1(1)7 (source not read)\n"
        "  not met: The mineral is one of: chromium, copper, nickel, lithium, cobalt,\n"
        "    zirconium, potash, medium and heavy rare earths (mineral = 金)\n"
        "  met: No sea is newly filled or enclosed (at_sea = no)\n"
        "  to keep:\n"
        "  - do no harm to the ecological function\n"
        "  - relieve the impacts, explore and mine by the green standards, restore the\n"
        "    site\n"
        "  - without new construction land the rules of the trade or of the province hold\n"
        "  - the laws on nature reserves, scenic areas and drinking-water sources hold as\n"
        "    well\n"
        "\n"
        "A national major project is asked for as one: major_named, major_defence,\n"
        "major_transport_water, major_grid, major_energy, major_infrastructure,\n"
        "major_land."
    )


def test_the_law_of_the_day_decides() -> None:
    before, after = (china("restoration", "core", day=dt.date(2026, 3, d)) for d in (14, 15))
    assert (before.answer, after.answer) == (Answer.PROHIBITED, Answer.WITH_CONDITIONS)
    assert [z.rule.source for z in (*before.zones, *after.zones)] == ["n142", "reserves_2026"]


def test_a_read_prohibition_is_enough() -> None:
    """The unread rule of the core does not make the read one of the redline doubtful."""
    assert china("other", "core").unverified == ("rule core_2026",)
    assert china("other", "core", "redline").unverified == ()


def test_the_parameter_that_decided_is_named() -> None:
    found = china("grazing", "redline", livestock_before=900, livestock_after=900, pasture_m2=1e5)
    assert found.answer is Answer.PROHIBITED
    assert found.unverified == ("parameter grazing.sheep_units_per_hm2",)
    [stocking] = [c for c in found.zones[0].conditions if c.stand.rests_on]
    assert stocking.as_dict()["rests_on"][0]["id"] == "grazing.sheep_units_per_hm2"


def test_an_opinion_that_is_certain_in_one_zone_is_certain() -> None:
    """In one zone it turns on what is not told, in the other it comes before one that is needed."""
    ruled = {"clause": "1", "source": "n142", "verified": True}
    rule = {**packaged_tables()["CN"]["rule"]["temporary_land"], "conditions": []}
    table = {
        "extends": "CN", "name": "own", "jurisdiction": "XX", "since": DAY, "law": "n142",
        "verified": True, "opinion": {"temporary": {"first": "adjustment", **ruled}},
        "rule": {
            "temporary_land": {**rule, "zones": ["redline"]},
            "in_parks": {**rule, "zones": ["protected"], "opinions": ["adjustment"],
                         "answer": "permitted_with_conditions"},
        },
    }  # fmt: skip
    book = rulebook_of("own", table, "own")
    found = judge(book, "temporary_land", ["protected", "redline"], {}, {}, DAY)
    needed = [[(o.opinion.id, o.needed) for o in z.opinions] for z in found.zones]
    certain = [("adjustment", "yes"), ("temporary", "yes")]
    assert needed == [[("adjustment", "unknown")], certain]
    assert [(o.opinion.id, o.needed) for o in found.opinions] == certain


def test_before_a_provinces_first_day_the_nations_rulebook_answers() -> None:
    found = judge(packaged("CN-36"), "visits", ["redline"], {}, {}, dt.date(2022, 10, 1))
    assert found.rulebook.id == "CN"


def test_where_nothing_else_is_open_no_major_project_is_named() -> None:
    assert china("other", "redline").instead[0].id == "major_named"
    assert china("other", "redline", "core").instead == ()
    assert china("major_grid", "core").instead == ()
    assert judge(packaged("MG"), "mining", ["protected"], {}, {}, DAY).instead == ()


def test_a_document_that_leads_nowhere_is_not_there() -> None:
    found = judge(packaged("CN"), "archaeology", ["redline"], {}, {"dig_permit": " "}, DAY)
    assert "dig_permit" in {m.id for m in found.missing}


@pytest.mark.parametrize("level", ["county", "县", "Condado"])
def test_levels_and_words_may_be_told_in_any_language(level: str) -> None:
    found = china("restoration", "redline", plan_level=level, plan_reference="a plan")
    assert found.zones[0].conditions[0].stand.state is State.MET


@pytest.mark.parametrize(
    ("change", "fault", "step"),
    [
        ({"activity": "grasing"}, "no activity called grasing", "did you mean grazing?"),
        ({"activity": "2"}, "no activity called 2", "of the class 2: farming, grazing"),
        ({"zones": ["reline"]}, "no zone called reline", "did you mean redline?"),
        ({"zones": []}, "touches no zone", "outside"),
        ({"facts": {"aera_m2": 1}}, "no fact called aera_m2", "did you mean area_m2?"),
        ({"facts": {"area_m2": -1}}, "area_m2 is -1", "area of the footprint"),
        ({"facts": {"plan_level": "moon"}}, "one of nation, province, city, county", "means"),
        ({"documents": {"permit": "x"}}, "no document called permit", "dig_permit"),
        ({"day": dt.date(2020, 1, 1)}, "in force since 2022-08-16", "from 2022-08-16 on"),
    ],
)
def test_a_question_that_cannot_be_asked_says_why(change: Any, fault: str, step: str) -> None:
    asked_for = {"activity": "grazing", "zones": ["redline"], "facts": {}, "documents": {}}
    asked_for = {**asked_for, "day": DAY, **change}
    with pytest.raises(UserError) as told:
        judge(
            packaged("CN"), asked_for["activity"], asked_for["zones"], asked_for["facts"],
            asked_for["documents"], asked_for["day"],
        )  # fmt: skip
    assert fault in told.value.what and step in told.value.next_step


def test_every_fact_is_asked_for_by_some_packaged_rule_or_is_of_a_limit() -> None:
    """A fact that no packaged rulebook needs is one that users' own may limit."""
    used = set()
    for name in ("CN", "MG"):
        book = packaged(name)
        for activity, zone in itertools.product(book.activities, ("protected", "redline")):
            for condition in judge(book, activity, [zone], {}, {}, DAY).zones[0].conditions:
                used |= set(condition.condition.facts)
            used |= {"new_construction_m2"}
    assert set(all_facts()) - used == {"area_m2", "width_m"}
