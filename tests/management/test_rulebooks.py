"""Rulebooks: what differs is what is said, faults are found in place, each day has one answer."""

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.management.activities import judge
from tianren.management.rulebook import Rulebook
from tianren.management.rulebook_check import check_rulebook, check_table
from tianren.management.rulebook_reading import (
    packaged,
    packaged_tables,
    rulebook_for,
    rulebook_of,
)

from .books import BOOKS, DAY, ZONES, asked, copied

Change = Callable[[dict[str, Any]], object]


def changed(change: Change, name: str = "CN") -> dict[str, Any]:
    """A packaged table with a change."""
    table = copied(packaged_tables()[name])
    change(table)
    assert isinstance(table, dict)
    return table


def faults(table: Mapping[str, Any], others: Mapping[str, Any] | None = None) -> list[str]:
    return [f"{f.rule} {f.subject} {f.message}" for f in check_table("own", table, "own", others)]


def test_a_word_that_is_none_is_told_beside_those_that_are() -> None:
    def mistype(table: dict[str, Any]) -> None:
        table["rule"]["grazing"]["answer"] = "prohibted"

    (told,) = [f for f in faults(changed(mistype)) if "rule.grazing.answer" in f]
    assert "'permitted'" in told and "'prohibited'" in told and told.endswith("not 'prohibted'")
    assert "<" not in told


# -- the packaged ones -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOOKS)
def test_a_packaged_rulebook_has_no_fault(name: str) -> None:
    assert check_rulebook(packaged(name)) == []


@settings(deadline=None)
@given(asked(), st.sampled_from(ZONES))
def test_every_zone_and_activity_has_one_answer_on_every_day(
    question: tuple[str, str, dt.date], zone: str
) -> None:
    name, activity, day = question
    book = packaged(name)
    holding = [r for r in book.rules.values() if r.covers(activity, zone) and r.in_force(day)]
    assert [book.rule_for(activity, zone, day)] == holding


@pytest.mark.parametrize("name", BOOKS)
def test_every_text_is_there_in_three_languages(name: str) -> None:
    """Of the package; a user's own may have one."""

    def texts(value: Any, at: str) -> list[str]:
        if isinstance(value, dict) and "en" in value:
            lacking = {"en", "zh_Hans", "es"} - {k for k, v in value.items() if v.strip()}
            return [f"{at}: {lacking}"] if lacking else []
        if isinstance(value, dict):
            found = [t for key, v in value.items() for t in texts(v, f"{at}.{key}")]
            names = {"name", "examples", "body", "note", "stage"} & set(value)
            return found + [f"{at}.{n}: one" for n in names if isinstance(value[n], str)]
        return []

    assert texts(packaged_tables()[name], name) == []


def test_china_has_ten_classes_and_seven_of_major_projects_and_jiangxi_nine() -> None:
    def limited(book: Rulebook) -> int:
        return sum(c.kind == "limited" for c in book.classes.values())

    assert [limited(packaged(n)) for n in ("CN", "CN-44", "CN-36")] == [10, 10, 9]
    majors = packaged("CN").major_projects()
    assert len(majors) == 7
    assert all(packaged("CN").is_major(a.id) for a in majors)
    assert not packaged("CN").is_major("grazing")


def test_what_a_source_does_not_say_is_not_verified() -> None:
    """As the specification of the science marks it: items 7 (minerals) to 10 are from memory."""
    rules = packaged("CN").rules
    unread = {name for name, rule in rules.items() if not rule.verified}
    items = {"uranium", "existing_rights", "mineral_exploration", "mineral_mining", "restoration"}
    assert unread >= items | {"border_works", "allowed_by_law", "core_2026", "temporary_land"}
    assert all(rules[name].verified for name in ("care", "farming", "grazing", "linear_works"))
    assert all(rules[name].verified for name in ("reclamation", "other", "core", "major_grid"))
    assert not packaged("CN").opinions["state_council"].verified
    assert not any(rule.verified for rule in packaged("MG").rules.values())


@pytest.mark.parametrize(
    ("jurisdiction", "day", "wanted"),
    [
        ("CN", DAY, "CN"),
        ("CN-36", DAY, "CN-36-2024"),
        ("CN-36", dt.date(2024, 12, 11), "CN-36"),
        ("CN-36", dt.date(2022, 11, 1), "CN"),
        ("CN-44", DAY, "CN-44"),
        ("CN-14", DAY, "CN"),
        ("CN-36-07", DAY, "CN-36-2024"),
        ("MG", DAY, "MG"),
    ],
)
def test_a_jurisdiction_has_its_own_or_that_of_the_wider_one(
    jurisdiction: str, day: dt.date, wanted: str
) -> None:
    assert rulebook_for(jurisdiction, day).id == wanted


@pytest.mark.parametrize("jurisdiction", ["", "FR", "C"])
def test_where_there_is_none_it_says_which_there_are(jurisdiction: str) -> None:
    with pytest.raises(UserError) as fault:
        rulebook_for(jurisdiction, DAY)
    assert "CN-44" in fault.value.next_step


def test_before_its_first_day_it_answers_nothing() -> None:
    with pytest.raises(UserError, match="in force since 2022-08-16, not on 2022-08-15"):
        rulebook_for("CN", dt.date(2022, 8, 15))


# -- extending -------------------------------------------------------------------------------------


def test_one_that_extends_says_only_what_differs() -> None:
    china, jiangxi = packaged("CN"), packaged("CN-36")
    assert jiangxi.opinions["province"].first == "city"
    assert jiangxi.opinions["province"].body == china.opinions["province"].body
    assert jiangxi.rules["grazing"] == china.rules["grazing"]
    assert jiangxi.base is not None and jiangxi.base.opinions["province"].first == ""
    assert [o.id for o in jiangxi.before(jiangxi.opinions["province"])] == ["city", "province"]


def test_a_removed_activity_goes_out_of_the_rules() -> None:
    assert "border_works" not in packaged("CN-36").activities
    assert "border_works" not in packaged("CN-36").rules
    with pytest.raises(UserError, match="border_works"):
        judge(packaged("CN-36"), "border_works", ["redline"], {}, {}, DAY)


def own(**more: Any) -> dict[str, Any]:
    head = {"name": "own", "jurisdiction": "XX", "since": DAY, "law": "n142", "verified": True}
    return {"extends": "CN", **head, **more}


def test_a_users_own_may_extend_one_of_the_package() -> None:
    assert faults(own()) == []
    book = rulebook_of("own", own(), "own")
    assert book.on(DAY) is book and book.on(DAY - dt.timedelta(days=1)).id == "CN"


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (own(extends="own"), "own < own"),
        (own(extends="other"), "own < other < own"),
        (own(extends="third"), "extends itself: third < third < own"),
        (own(extends="moon"), "extends moon, which is not there"),
        (own(remove={"activity": ["sing"]}), "nothing called sing to remove"),
        (own(remove={"song": ["sing"]}), "nothing called sing to remove"),
        (own(remove=["activity"]), "must be a table"),
        (own(rule={"grazing": {"answer": "prohibited"}}), "own clause, source, verified"),
        (own(opinion={"park": {"clause": "§1"}}), "own source, verified"),
        (own(rule=[1]), "must be a table of tables"),
        (own(rule={"grazing": 1}), "must be a table of tables"),
        (own(sing=1), "Extra inputs"),
        (own(name={"fr": "le mien"}), "at least en"),
        (own(name={"en": "own", "fr": "le mien"}), "the languages are"),
        (own(verified="perhaps"), "valid boolean"),
        (own(since="soon"), "valid date"),
        (own(zone={"core": {"name": "core", "colour": "red"}}), "zone.core.colour"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(table: dict[str, Any], fault: str) -> None:
    others = {"other": own(extends="own"), "third": own(extends="third")}
    others["other"]["extends"] = "own"
    if table["extends"] == "other":
        others["own"] = table
    found = faults(table, others)
    assert any(fault in line for line in found), found
    with pytest.raises(UserError):
        rulebook_of("own", table, "own", others)


# -- faults ----------------------------------------------------------------------------------------


def test_a_gap_is_found_with_its_place_and_days() -> None:
    found = faults(changed(lambda t: t["rule"].pop("grazing")))
    assert found == [
        f"rulebook.gap own: grazing, {zone}, from 2022-08-16 on no rule answers"
        for zone in ("protected", "redline")
    ]


def test_a_gap_between_two_rules_has_its_last_day() -> None:
    def later(table: dict[str, Any]) -> None:
        table["rule"]["core_2026_care"]["since"] = dt.date(2026, 4, 1)

    found = faults(changed(later))
    assert "rulebook.gap own: patrol, core, 2026-03-15 - 2026-03-31 no rule answers" in found
    assert len(found) == 5


def test_what_is_wrong_with_the_one_below_is_found_too() -> None:
    """It answers before the first day of the one above, which has the rule that it lacks."""
    below = changed(lambda t: t["rule"].pop("grazing"))
    above = own(extends="below", rule={"grazing": packaged_tables()["CN"]["rule"]["grazing"]})
    found = faults(above, {"below": below})
    assert [line.split(": ")[0] for line in found] == ["rulebook.gap below"] * 2


@pytest.mark.parametrize("key", ["name", "jurisdiction", "since", "law", "verified"])
def test_the_first_lines_are_each_rulebooks_own(key: str) -> None:
    table = {k: v for k, v in own().items() if k != key}
    assert any(f"own: {key}" in line for line in faults(table))


def test_a_contradiction_names_both_rules() -> None:
    def wider(table: dict[str, Any]) -> None:
        table["rule"]["other"]["activities"].append("grazing")

    found = faults(changed(wider))
    assert len(found) == 2
    assert "grazing (permitted_with_conditions), other (prohibited)" in found[0]
    assert "grazing, redline" in found[1]


def test_dates_that_overlap_are_a_contradiction_for_the_days_of_both() -> None:
    def longer(table: dict[str, Any]) -> None:
        table["rule"]["core"]["until"] = dt.date(2026, 3, 20)

    found = faults(changed(longer))
    assert all("2026-03-15 - 2026-03-20 2 rules answer" in line for line in found)
    assert any("farming, core" in line and "core (" in line for line in found)


def path(keys: str, value: Any) -> Change:
    """Set a value deep in a table: "rule.grazing.since"."""

    def change(table: dict[str, Any]) -> None:
        *way, last = keys.split(".")
        for key in way:
            table = table[key]
        table[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (path("law", "bible"), "no source called bible"),
        (path("activity.grazing.class", "12"), "no class called 12"),
        (path("rule.grazing.activities", ["grasing"]), "no activity called grasing; did you mean"),
        (path("rule.core.except", ["petrol"]), "no activity called petrol; did you mean patrol"),
        (path("rule.grazing.zones", ["moon"]), "no zone called moon"),
        (path("rule.grazing.duties", ["moo"]), "no duty called moo"),
        (path("rule.grazing.opinions", ["mine"]), "no opinion called mine"),
        (path("rule.grazing.source", "n143"), "no source called n143; did you mean n142"),
        (path("rule.grazing.documents", ["form"]), "no document called form"),
        (path("rule.grazing.conditions", ["lawful"]), "no condition called lawful"),
        (path("rule.grazing.until", dt.date(2020, 1, 1)), "before it begins on 2022-08-16"),
        (path("duty.no_harm.zones", ["moon"]), "no zone called moon"),
        (path("opinion.park.zones", ["moon"]), "no zone called moon"),
        (path("opinion.park.level", "village"), "no level called village"),
        (path("opinion.park.document", "form"), "no document called form"),
        (path("opinion.park.source", "n143"), "no source called n143"),
        (path("opinion.park.first", "pope"), "no opinion called pope"),
        (path("opinion.park.first", "park"), "waits for itself: park < park"),
        (path("opinion.unavoidability.first", "state_council"), "waits for itself"),
        (path("opinion.province.when", "sometimes"), "no condition called sometimes"),
        (path("zone", {}), "the zone core is not there"),
        (path("level", {}), "it has no levels"),
        (path("rule.other.opinions", ["park"]), "what is prohibited has no"),
        (path("rule.other.conditions", ["lawful_right"]), "what is prohibited has no"),
        (path("rule.grazing.answer", "permitted"), "what has conditions is"),
        (path("rule.grazing.answer", "needs_approval"), "none of its opinions decides"),
        (path("rule.visits.opinions", ["state_council"]), "so the answer is needs_approval"),
        (path("rule.grazing.conditions", [{"condition": "area_limit"}]), "lacks its setting"),
        (path("rule.grazing.conditions", [{"condition": "area_limit", "at_most_m2": "5"}]),
         "not a number"),
        (path("rule.grazing.conditions", [{"condition": "area_limit", "at_most_m2": -5}]),
         "not a number"),
        (path("rule.grazing.conditions", [{"condition": "area_limit", "at_most": 5}]),
         "no setting called at_most"),
        (path("rule.grazing.conditions", [{"condition": "on_approved_plan", "at_least": "moon"}]),
         "no level called moon"),
        (path("rule.grazing.conditions", [{"condition": "on_approved_plan", "at_least": 3}]),
         "not what it should be"),
        (path("rule.grazing.conditions", [{"condition": "mineral_listed", "admitted": ["gold"]}]),
         "no word called gold"),
        (path("rule.grazing.conditions", [{"condition": "mineral_listed", "admitted": []}]),
         "not what it should be"),
        (path("rule.grazing.conditions", [{"condition": "document_present", "document": "form"}]),
         "no document called form"),
        (path("rule.grazing.conditions", [{"at_most_m2": 5}]), "a condition is"),
        (path("rule.grazing.answer", "cannot_say"), "rule.grazing.answer"),
        (path("rule.grazing.verified", "yes"), "rule.grazing.verified"),
        (path("rule.grazing.clause", " "), "rule.grazing.clause"),
        (path("class.1.kind", "special"), "class.1.kind"),
    ],
)  # fmt: skip
def test_a_fault_is_found_and_located(change: Change, fault: str) -> None:
    table = changed(change)
    found = faults(table)
    assert any(fault in line for line in found), found


def test_a_rulebook_with_a_fault_answers_nothing() -> None:
    book = rulebook_of("own", changed(lambda t: t["rule"].pop("grazing")), "own")
    with pytest.raises(UserError, match=r"grazing, protected.*no rule answers"):
        judge(book, "farming", ["redline"], {}, {}, DAY)


SMALL = """
name = "small"
jurisdiction = "XX"
since = 2026-01-01
law = "law"
verified = true
source.law.name = "law"
level.nation.name = "nation"
class.all = {name = "all", kind = "limited"}
"""
FIRST = dt.date(2026, 1, 1)


def small(rules: list[tuple[list[str], list[str], int, int | None]]) -> dict[str, Any]:
    table = tomllib.loads(SMALL)
    table["zone"] = {zone: {"name": zone} for zone in ZONES}
    table["activity"] = {a: {"name": a, "class": "all", "examples": a} for a in ("walk", "dig")}
    table["rule"] = {}
    for i, (activities, zones, since, length) in enumerate(rules):
        table["rule"][f"r{i}"] = {
            "activities": activities, "zones": zones, "answer": "permitted", "clause": "1",
            "source": "law", "verified": True, "since": FIRST + dt.timedelta(days=since),
        }  # fmt: skip
        if length is not None:
            end = FIRST + dt.timedelta(days=since + length)
            table["rule"][f"r{i}"]["until"] = end
    return table


SOME_RULES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["walk", "dig"]), min_size=1, unique=True),
        st.lists(st.sampled_from(ZONES), min_size=1, unique=True),
        st.integers(-3, 8),
        st.none() | st.integers(0, 6),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(SOME_RULES)
def test_gaps_and_contradictions_are_those_of_a_count_day_by_day(
    rules: list[tuple[list[str], list[str], int, int | None]],
) -> None:
    wanted = set()
    for activity in ("walk", "dig"):
        for zone in ZONES:
            for n in range(20):
                holding = [
                    r for r in rules
                    if activity in r[0] and zone in r[1] and r[2] <= n
                    and (r[3] is None or n <= r[2] + r[3])
                ]  # fmt: skip
                if len(holding) != 1:
                    wanted.add((activity, zone, n))
    found = set()
    for finding in check_table("small", small(rules), "small"):
        activity, zone, days = finding.subject.removeprefix("small: ").split(", ")
        start, _, end = days.removeprefix("from ").removesuffix(" on").partition(" - ")
        first = (dt.date.fromisoformat(start) - FIRST).days
        last = (dt.date.fromisoformat(end) - FIRST).days if end else 19
        found |= {(activity, zone, n) for n in range(first, min(last, 19) + 1)}
    assert found == wanted


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in a table."""
    pairs = enumerate(value) if isinstance(value, list) else ()
    inner = list(value.items()) if isinstance(value, dict) else list(pairs)
    return [at] * bool(at) + [w for k, v in inner for w in places(v, (*at, k))]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_file_it_is_told_and_never_crashes(data: st.DataObject) -> None:
    """One value anywhere is replaced by anything: faults are findings, or there are none."""
    table = own(
        remove={"activity": ["border_works"]},
        rule={"grazing": {"clause": "1", "source": "n142", "verified": True,
                          "conditions": [{"condition": "area_limit", "at_most_m2": 5}],
                          "activities": ["grazing"], "except": ["farming"]}},
        opinion={"own": {"name": {"en": "own"}, "level": "city", "body": "us", "decides": False,
                         "document": "recognition", "when": "reclaims", "zones": ["core"],
                         "clause": "1", "source": "n142", "verified": True}},
    )  # fmt: skip
    *way, last = data.draw(st.sampled_from(places(table)))
    here: Any = table
    for key in way:
        here = here[key]
    here[last] = data.draw(JUNK)
    found = check_table("own", table, "own")
    assert all(f.subject and f.message for f in found)
    if found:
        with pytest.raises(UserError):
            judge(rulebook_of("own", table, "own"), "farming", ["redline"], {}, {}, DAY)
    else:
        judge(rulebook_of("own", table, "own"), "farming", ["redline"], {}, {}, DAY)
