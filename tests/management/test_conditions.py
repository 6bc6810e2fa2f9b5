"""Conditions: what is told decides, and nothing else; data and code name the same things."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.management.conditions import TESTS, Given, State, all_conditions
from tianren.management.facts import all_facts, facts_from_text, require_facts
from tianren.parameters import Parameters, override

from .books import DAY

LEVELS = ["nation", "province", "city", "county"]
SETTINGS = {
    "at_least": "county", "at_most_m2": 100, "at_most_m": 4, "at_most_years": 2,
    "admitted": ["lithium"], "refused": ["dynamite"], "document": "paper",
}  # fmt: skip


def state(
    name: str, facts: Mapping[str, Any], documents: tuple[str, ...] = (), **settings: Any
) -> State:
    told = Given(facts, frozenset(documents), LEVELS, Parameters(DAY))
    return TESTS[name](told, {**SETTINGS, **settings}).state


class Watched(dict[str, Any]):
    """Facts that remember which were looked at."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__(facts)
        self.seen: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.seen.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.seen.add(str(key))
        return super().__contains__(key)


def some(kind: str) -> Any:
    return {"yes": True, "number": 5.0, "level": "city", "word": "lithium"}[kind]


def test_data_and_code_name_the_same_conditions() -> None:
    assert set(all_conditions()) == set(TESTS)
    used = {fact for condition in all_conditions().values() for fact in condition.facts}
    assert used == set(all_facts())


@pytest.mark.parametrize("name", sorted(TESTS))
def test_a_condition_looks_at_what_it_declares_and_at_nothing_else(name: str) -> None:
    condition = all_conditions()[name]
    everything = {fact.id: some(fact.kind) for fact in all_facts().values()}
    seen: set[str] = set()
    for facts in ({}, everything, *({f: everything[f]} for f in condition.facts)):
        watched = Watched(facts)
        condition.test(Given(watched, frozenset(), LEVELS, Parameters(DAY)), SETTINGS)
        seen |= watched.seen
    without_capacity = Watched({**everything})
    del without_capacity["carrying_capacity"]
    condition.test(Given(without_capacity, frozenset(), LEVELS, Parameters(DAY)), SETTINGS)
    assert seen | without_capacity.seen == set(condition.facts)


@pytest.mark.parametrize("name", sorted(TESTS))
def test_unknown_says_what_would_decide_and_telling_it_decides(name: str) -> None:
    condition = all_conditions()[name]
    facts: dict[str, Any] = {}
    documents: set[str] = set()
    for _ in range(4):
        told = Given(facts, frozenset(documents), LEVELS, Parameters(DAY))
        stand = condition.test(told, SETTINGS)
        if stand.state is not State.UNKNOWN:
            assert not stand.facts and not stand.documents
            return
        assert (stand.facts or stand.documents) and not set(stand.facts) & set(facts)
        facts |= {f: some(all_facts()[f].kind) for f in stand.facts}
        documents |= set(stand.documents)
    pytest.fail("still unknown")


@pytest.mark.parametrize("name", sorted(TESTS))
@pytest.mark.parametrize("language", ["en", "zh_Hans", "es"])
def test_every_sentence_shows_its_settings(name: str, language: str) -> None:
    condition = all_conditions()[name]
    shown = condition.sentences[language].format(**{k: f"<{k}>" for k in condition.settings})
    assert all(f"<{key}>" in shown for key in condition.settings)


@pytest.mark.parametrize(
    ("name", "facts", "documents", "wanted"),
    [
        ("no_more_farmland", {"farmland_before_m2": 5, "farmland_after_m2": 5}, (), "met"),
        ("no_more_farmland", {"farmland_before_m2": 5, "farmland_after_m2": 6}, (), "not_met"),
        ("no_more_farmland", {"farmland_after_m2": 6}, (), "unknown"),
        ("stocking_within_balance", {"livestock_after": 5, "carrying_capacity": 5}, (), "met"),
        ("stocking_within_balance", {"livestock_after": 6, "carrying_capacity": 5}, (), "not_met"),
        # 0.1 to 5 sheep units a hectare: 10 hectares feed 1 to 50.
        ("stocking_within_balance", {"livestock_after": 1, "pasture_m2": 1e5}, (), "met"),
        ("stocking_within_balance", {"livestock_after": 50, "pasture_m2": 1e5}, (), "unknown"),
        ("stocking_within_balance", {"livestock_after": 51, "pasture_m2": 1e5}, (), "not_met"),
        ("on_approved_plan", {"plan_level": "province", "plan_reference": "P"}, (), "met"),
        ("on_approved_plan", {"plan_level": "province"}, (), "unknown"),
        ("area_limit", {"area_m2": 100}, (), "met"),
        ("area_limit", {"area_m2": 100.1}, (), "not_met"),
        ("width_limit", {"width_m": 4.5}, (), "not_met"),
        ("duration_limit", {"duration_years": 2}, (), "met"),
        ("mineral_listed", {"mineral": "gold"}, (), "not_met"),
        ("method_admitted", {"method": "dynamite"}, (), "not_met"),
        ("unavoidable", {"unavoidable": False}, ("paper",), "not_met"),
        ("unavoidable", {"unavoidable": True}, (), "unknown"),
        ("unavoidable", {"unavoidable": True}, ("paper",), "met"),
        ("document_present", {}, ("paper",), "met"),
        ("no_reclamation", {"at_sea": False}, (), "met"),
        ("no_reclamation", {"at_sea": True}, (), "unknown"),
        ("no_reclamation", {"at_sea": False, "reclamation_m2": 3}, (), "not_met"),
        ("reclaims", {"reclamation_m2": 3}, (), "met"),
        ("takes_new_land", {"new_construction_m2": 0}, (), "not_met"),
    ],
)
def test_by_hand(name: str, facts: dict[str, Any], documents: tuple[str, ...], wanted: str) -> None:
    assert state(name, facts, documents) == wanted


def test_a_plan_of_a_level_below_is_none() -> None:
    assert state("on_approved_plan", {"plan_level": "city"}, at_least="province") == "not_met"
    assert state("on_approved_plan", {"plan_level": "city"}, at_least="city") == "unknown"


@given(st.floats(0, 1e6), st.floats(0, 1e9))
def test_what_the_pasture_decides_the_parameter_says(units: float, pasture: float) -> None:
    told = {"livestock_after": units, "pasture_m2": pasture}
    capacity = [pasture / 1e4 * rate for rate in (0.1, 5)]
    wanted = "met" if units <= capacity[0] else "not_met" if units > capacity[1] else "unknown"
    assert state("stocking_within_balance", told) == wanted


def test_a_projects_own_rate_without_a_range_always_decides() -> None:
    name = "grazing.sheep_units_per_hm2"
    own = override(name, {"value": 2}, "survey of 2025")
    parameters = Parameters(DAY, overrides={name: own})
    for units, wanted in ((20, State.MET), (21, State.NOT_MET)):
        told = Given({"livestock_after": units, "pasture_m2": 1e5}, frozenset(), [], parameters)
        stand = TESTS["stocking_within_balance"](told, {})
        assert stand.state is wanted and stand.rests_on == (own,)


# -- facts -----------------------------------------------------------------------------------------


def test_facts_are_typed_as_their_kind() -> None:
    typed = {"area_m2": " 1200.5", "at_sea": "否", "unavoidable": "Yes", "mineral": "lithium "}
    assert facts_from_text(typed) == {
        "area_m2": 1200.5, "at_sea": False, "unavoidable": True, "mineral": "lithium",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [("area_m2", "wide"), ("at_sea", "perhaps"), ("aera_m2", "5"), ("sing", "5")],
)
def test_facts_that_cannot_be_are_refused(name: str, value: str) -> None:
    with pytest.raises(UserError):
        facts_from_text({name: value})


def test_a_fact_that_is_spelt_wrong_is_recognised() -> None:
    with pytest.raises(UserError) as fault:
        facts_from_text({"aera_m2": "5"})
    assert fault.value.next_step == "did you mean area_m2?"


def bad_values() -> Iterator[tuple[str, Any]]:
    for value in (-1, float("nan"), float("inf"), True, "5", None, [5], 10**400):
        yield "area_m2", value
    yield from (("at_sea", 1), ("at_sea", "yes"), ("plan_level", "moon"), ("plan_level", [1]))
    yield from (("mineral", " "), ("mineral", 5), ("mineral", True))


@pytest.mark.parametrize(("name", "value"), list(bad_values()))
def test_values_that_are_not_of_their_kind_are_refused(name: str, value: Any) -> None:
    with pytest.raises(UserError, match=name):
        require_facts({name: value}, LEVELS)
