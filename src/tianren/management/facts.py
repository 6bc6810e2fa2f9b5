"""What can be told of an activity before it is judged: facts, each with its kind and unit."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from tianren.errors import UserError
from tianren.language import in_tongue, say
from tianren.management.nearest import nearest

Value = bool | float | str
FOOTPRINT = "footprint"  # given by the shape on the map, not by a person
_MOST = 1e18  # the Earth has 5.1e14 m2
_YES = frozenset({"yes", "true", "是", "sí", "si"})
_NO = frozenset({"no", "false", "否"})


@dataclass(frozen=True)
class Fact:
    """Something that can be told. kind: number (of its unit, not negative), yes (or no), word, or
    level (one of the rulebook's); given_by: the footprint or a person."""

    id: str
    kind: str
    unit: str
    given_by: str
    names: Mapping[str, str]

    @property
    def name(self) -> str:
        return in_tongue(self.names)


@cache
def all_facts() -> Mapping[str, Fact]:
    """Every fact that a condition can ask for, by id."""
    return MappingProxyType({row["id"]: _fact(row) for row in activity_rows("facts.csv")})


def _fact(row: Mapping[str, str]) -> Fact:
    return Fact(row["id"], row["kind"], row["unit"], row["given_by"], texts(row, "name"))


def activity_rows(name: str) -> list[dict[str, str]]:
    """The rows of a table of parameters/activities."""
    path = files("tianren.parameters").joinpath("activities").joinpath(name)
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


UNIT_NAMES = {"sheep units": "sheep units"}  # of units that are words


def unit_name(unit: str) -> str:
    """A unit in the current language; a sign such as m2 as it is."""
    return say(UNIT_NAMES[unit]) if unit in UNIT_NAMES else unit


def texts(row: Mapping[str, str], stem: str) -> dict[str, str]:
    """A text of a row by language, of its columns name_en, name_zh, name_es."""
    return {"en": row[f"{stem}_en"], "zh_Hans": row[f"{stem}_zh"], "es": row[f"{stem}_es"]}


def facts_from_text(given: Mapping[str, str], where: str = "--fact") -> dict[str, Value]:
    """Facts as they are typed, "area_m2" -> "1200", as values of their kind."""
    return {name: _value(known(name, where), text.strip(), where) for name, text in given.items()}


def _value(fact: Fact, text: str, where: str) -> Value:
    if fact.kind == "yes":
        answer = yes_or_no(text)
        if answer is None:
            raise _not_of_kind(fact, text, where)
        return answer
    if fact.kind != "number":
        return text
    try:
        return float(text)
    except ValueError:
        raise _not_of_kind(fact, text, where) from None


def yes_or_no(text: str) -> bool | None:
    """What a word says to a question; None where it says neither."""
    plain = text.strip().casefold()
    return plain in _YES if plain in _YES | _NO else None


def require_facts(given: Mapping[str, Any], levels: Sequence[str], where: str = "facts") -> None:
    """Refuse facts that are not known, or not of their kind."""
    for name, value in given.items():
        fact = known(name, where)
        if not _is_of_kind(fact, value, levels):
            raise _not_of_kind(fact, value, where, levels)


def _is_of_kind(fact: Fact, value: Any, levels: Sequence[str]) -> bool:
    if fact.kind == "yes":
        return isinstance(value, bool)
    if fact.kind == "number":
        return is_amount(value)
    if fact.kind == "level":
        return value in levels
    return isinstance(value, str) and bool(value.strip())


def is_amount(value: object) -> bool:
    """Whether a value is a number that an area, a width or a herd can have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= _MOST


def _not_of_kind(fact: Fact, value: Any, where: str, levels: Iterable[str] = ()) -> UserError:
    wanted = {
        "yes": say("yes or no"),
        "number": say("a number of {unit}, not negative", unit=unit_name(fact.unit)),
        "level": say("one of {levels}", levels=", ".join(levels)),
        "word": say("a text"),
    }[fact.kind]
    return UserError(
        say("{fact} is {value}, not {wanted}", fact=fact.id, value=repr(value), wanted=wanted),
        where=where,
        next_step=say("{fact} means: {name}", fact=fact.id, name=fact.name),
    )


def known(name: str, where: str) -> Fact:
    """The fact of a name; UserError with the nearest where there is none."""
    found = all_facts().get(name)
    if found is not None:
        return found
    raise UserError(
        say("there is no fact called {name}", name=name),
        where=where,
        next_step=nearest(name, all_facts()),
    )
