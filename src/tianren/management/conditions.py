"""Conditions that a rule can set and that facts decide: each is met, not met, or not known yet.

A condition is a small function here and a row of parameters/activities/conditions.csv, which says
in three languages what it demands, which facts it needs and what a rulebook sets in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from tianren.language import in_tongue
from tianren.management.facts import Value, activity_rows, texts
from tianren.parameters import Parameters, Setting

_M2_PER_HM2 = 1e4


class State(StrEnum):
    """How a condition stands."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Given:
    """What a condition may look at. levels: of the rulebook, from coarse to fine; documents: those
    that are there."""

    facts: Mapping[str, Value]
    documents: frozenset[str]
    levels: Sequence[str]
    parameters: Parameters


@dataclass(frozen=True)
class Stand:
    """How a condition stands, the facts and documents that would decide it, and the parameters that
    it rests on."""

    state: State
    facts: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    rests_on: tuple[Setting, ...] = ()


Settings = Mapping[str, Any]
Test = Callable[[Given, Settings], Stand]


@dataclass(frozen=True)
class Condition:
    """A condition: the facts that it may use, and the kind of each setting (number, words, level or
    document)."""

    id: str
    facts: tuple[str, ...]
    settings: Mapping[str, str]
    sentences: Mapping[str, str]
    test: Test

    def sentence(self, shown: Mapping[str, object]) -> str:
        """What it demands, with its settings as they are to be shown."""
        return in_tongue(self.sentences).format(**shown)


@cache
def all_conditions() -> Mapping[str, Condition]:
    """Every condition that a rulebook can set, by id."""
    found = {row["id"]: _condition(row) for row in activity_rows("conditions.csv")}
    return MappingProxyType(found)


def _condition(row: Mapping[str, str]) -> Condition:
    pairs = (pair.partition(":") for pair in row["settings"].split())
    settings = {name: kind for name, _, kind in pairs}
    facts = tuple(row["facts"].split())
    return Condition(row["id"], facts, settings, texts(row, "sentence"), TESTS[row["id"]])


# -- the tests -------------------------------------------------------------------------------------


def _by_facts(given: Given, names: Sequence[str], test: Callable[..., bool]) -> Stand:
    """A test of facts; unknown where one of them is."""
    missing = tuple(name for name in names if name not in given.facts)
    if missing:
        return Stand(State.UNKNOWN, missing)
    return _decided(test(*(given.facts[name] for name in names)))


def _decided(met: bool) -> Stand:
    return Stand(State.MET if met else State.NOT_MET)


def _no_more(given: Given, before: str, after: str) -> Stand:
    return _by_facts(given, (before, after), lambda was, will_be: will_be <= was)


def no_more_building_land(given: Given, settings: Settings) -> Stand:
    return _no_more(given, "building_land_before_m2", "building_land_after_m2")


def no_more_farmland(given: Given, settings: Settings) -> Stand:
    return _no_more(given, "farmland_before_m2", "farmland_after_m2")


def no_more_aquaculture(given: Given, settings: Settings) -> Stand:
    return _no_more(given, "aquaculture_before_m2", "aquaculture_after_m2")


def no_more_sea_use(given: Given, settings: Settings) -> Stand:
    return _no_more(given, "sea_use_before_m2", "sea_use_after_m2")


def no_more_livestock(given: Given, settings: Settings) -> Stand:
    return _no_more(given, "livestock_before", "livestock_after")


def stocking_within_balance(given: Given, settings: Settings) -> Stand:
    """Livestock within the carrying capacity: as given, else as the area of pasture bounds it."""
    units = given.facts.get("livestock_after")
    if units is None:
        return Stand(State.UNKNOWN, ("livestock_after",))
    if "carrying_capacity" in given.facts:
        return _by_facts(given, ("carrying_capacity",), lambda capacity: units <= capacity)
    return _by_pasture(given, float(units))


def _by_pasture(given: Given, units: float) -> Stand:
    """Certain only below what poor pasture feeds and above what good pasture feeds."""
    unknown = Stand(State.UNKNOWN, ("carrying_capacity",))
    if "pasture_m2" not in given.facts:
        return unknown
    name = "grazing.sheep_units_per_hm2"
    value, rate = given.parameters.number(name), given.parameters[name]
    low, high = (float(end) if isinstance(end, int | float) else value
                 for end in (rate.low, rate.high))  # fmt: skip
    hectares = float(given.facts["pasture_m2"]) / _M2_PER_HM2
    if units <= hectares * low:
        return Stand(State.MET, rests_on=(rate,))
    if units > hectares * high:
        return Stand(State.NOT_MET, rests_on=(rate,))
    return unknown


def on_approved_plan(given: Given, settings: Settings) -> Stand:
    """Named by an approved plan of a level or above; a plan without its reference is none yet."""
    level = given.facts.get("plan_level")
    rank = {name: i for i, name in enumerate(given.levels)}
    if level is not None and rank[str(level)] > rank[settings["at_least"]]:
        return _decided(False)
    return _by_facts(given, ("plan_level", "plan_reference"), lambda *_: True)


def area_limit(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("area_m2",), lambda area: area <= settings["at_most_m2"])


def width_limit(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("width_m",), lambda width: width <= settings["at_most_m"])


def duration_limit(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("duration_years",), lambda years: years <= settings["at_most_years"])


def mineral_listed(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("mineral",), lambda word: word in settings["admitted"])


def method_admitted(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("method",), lambda word: word not in settings["refused"])


def forest_listed(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("forest",), lambda word: word in settings["admitted"])


def lawful_right(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("lawful_right",), bool)


def lawful_existing(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("lawful_existing",), bool)


def unavoidable(given: Given, settings: Settings) -> Stand:
    """Told to be unavoidable, and shown by a document."""
    told = _by_facts(given, ("unavoidable",), bool)
    shown = document_present(given, settings)
    if told.state is State.MET:
        return shown
    return Stand(told.state, told.facts, shown.documents if told.state is State.UNKNOWN else ())


def document_present(given: Given, settings: Settings) -> Stand:
    name = settings["document"]
    return _decided(True) if name in given.documents else Stand(State.UNKNOWN, documents=(name,))


def no_reclamation(given: Given, settings: Settings) -> Stand:
    """As told; where nothing is told, nothing is reclaimed where there is no sea."""
    if "reclamation_m2" not in given.facts and given.facts.get("at_sea") is False:
        return _decided(True)
    return _by_facts(given, ("reclamation_m2",), lambda area: area == 0)


def reclaims(given: Given, settings: Settings) -> Stand:
    opposite = {State.MET: State.NOT_MET, State.NOT_MET: State.MET, State.UNKNOWN: State.UNKNOWN}
    stand = no_reclamation(given, settings)
    return Stand(opposite[stand.state], stand.facts)


def takes_new_land(given: Given, settings: Settings) -> Stand:
    return _by_facts(given, ("new_construction_m2",), lambda area: area > 0)


TESTS: Mapping[str, Test] = MappingProxyType(
    {
        test.__name__: test
        for test in (
            no_more_building_land, no_more_farmland, no_more_aquaculture, no_more_sea_use,
            no_more_livestock, stocking_within_balance, on_approved_plan, area_limit, width_limit,
            duration_limit, mineral_listed, method_admitted, forest_listed, lawful_right,
            lawful_existing, unavoidable, document_present, no_reclamation, reclaims,
            takes_new_land,
        )
    }
)  # fmt: skip
