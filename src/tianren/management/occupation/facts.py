"""The facts of an occupation: which plain value each may be, checked before it is written."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tianren.language import say
from tianren.management.facts import yes_or_no
from tianren.management.occupation.sheet import Fact
from tianren.records import Plain

_ID = re.compile("[a-z][a-z0-9_]{0,59}")
MOST = 1e18  # of an area in m² or of a function: more is a slip of the pen


def wanted(fact: Fact, value: object) -> str:
    """What a fact must be, as a phrase, where the value is not it; empty where it is."""
    return "" if _FITS[fact.kind](fact, value) else _phrase(fact)


def as_meant(facts: Plain, known: Mapping[str, Fact]) -> dict[str, Any]:
    """Facts as they were typed, with yes and no for what is a question."""
    return {name: _answer(value) if name in known and known[name].kind == "flag" else value
            for name, value in facts.items()}  # fmt: skip


def _answer(value: Any) -> Any:
    meant = yes_or_no(value) if isinstance(value, str) else None
    return value if meant is None else meant


def _phrase(fact: Fact) -> str:
    choices = ", ".join(fact.choices)
    return {
        "text": say("a text"),
        "flag": say("yes or no"),
        "date": say("a day as 2026-01-31"),
        "area": say("an area above 0, in m²"),
        "amount": say("a number, 0 or more"),
        "choice": say("one of {words}", words=choices),
        "documents": say("a list of documents by id, such as mining_right"),
        "names": say("a table of ids and their names: en, and perhaps zh_Hans and es"),
        "needs": say("a table of document and its names: en, and perhaps zh_Hans and es"),
        "zones": say("a table of zone and area in m², out of {words}", words=choices),
        "losses": say("a table of function and its amount, unit and percent (0 to 100)"),
        "conditions": say("a list of conditions, each with its own id, its text and perhaps by"),
        "marks": say("a table of condition and true or false"),
        "values": say("a table of names and numbers, texts, true or false"),
    }[fact.kind]  # fmt: skip


def day_of(facts: Plain, name: str) -> dt.date | None:
    """A fact that is a day; None where it is not given."""
    value = facts.get(name)
    return dt.date.fromisoformat(value) if value else None


def _is_text(_: Fact, value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_flag(_: Fact, value: Any) -> bool:
    return isinstance(value, bool)


def _is_amount(_: Fact, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST


def _is_area(fact: Fact, value: Any) -> bool:
    return _is_amount(fact, value) and value > 0


def _is_date(_: Fact, value: Any) -> bool:
    try:
        return isinstance(value, str) and dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_choice(fact: Fact, value: Any) -> bool:
    return value in fact.choices


def is_document(name: Any) -> bool:
    """Whether a text may be the id of a document: of the procedure, or of a rulebook."""
    return isinstance(name, str) and bool(_ID.fullmatch(name))


def _are_documents(_: Fact, value: Any) -> bool:
    return _is_list(value) and all(is_document(name) for name in value)


def _are_needs(fact: Fact, value: Any) -> bool:
    """{"mining_right": {"en": "registered mining right", "zh_Hans": "矿业权登记证明"}}"""
    return isinstance(value, Mapping) and all(
        is_document(name)
        and isinstance(names, Mapping)
        and "en" in names
        and all(_is_text(fact, text) for text in names.values())
        for name, names in value.items()
    )


def _are_zones(fact: Fact, value: Any) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    return all(zone in fact.choices and _is_amount(fact, area) for zone, area in value.items())


def _are_losses(fact: Fact, value: Any) -> bool:
    """{"water_conservation": {"amount": 1200, "unit": "m3/a", "percent": 0.04}}; the percent of the
    function's total may be left out, or None."""
    return isinstance(value, Mapping) and all(
        isinstance(loss, Mapping)
        and set(loss) <= {"amount", "unit", "percent"}
        and _is_amount(fact, loss.get("amount"))
        and isinstance(loss.get("unit"), str)
        and _is_percent(fact, loss.get("percent"))
        for loss in value.values()
    )


def _is_percent(fact: Fact, value: Any) -> bool:
    return value is None or (_is_amount(fact, value) and value <= 100)


def _are_conditions(fact: Fact, value: Any) -> bool:
    """[{"id": "1", "text": "Keep 50 m from the stream.", "by": "2026-09-30"}]"""
    if not _is_list(value) or not all(_is_condition(fact, row) for row in value):
        return False
    return len({row["id"] for row in value}) == len(value)


def _is_condition(fact: Fact, row: Any) -> bool:
    return (
        isinstance(row, Mapping)
        and set(row) <= {"id", "text", "by"}
        and _is_text(fact, row.get("id"))
        and _is_text(fact, row.get("text"))
        and ("by" not in row or _is_date(fact, row["by"]))
    )


def _are_marks(_: Fact, value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(v, bool) for v in value.values())


def _are_values(_: Fact, value: Any) -> bool:
    """{"new_construction_m2": 1200, "mineral": "geothermal"}"""
    return isinstance(value, Mapping) and all(
        isinstance(v, str | bool | int | float) for v in value.values()
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


_FITS: Mapping[str, Callable[[Fact, Any], bool]] = {
    "text": _is_text,
    "flag": _is_flag,
    "date": _is_date,
    "area": _is_area,
    "amount": _is_amount,
    "choice": _is_choice,
    "documents": _are_documents,
    "needs": _are_needs,
    "names": _are_needs,
    "zones": _are_zones,
    "losses": _are_losses,
    "conditions": _are_conditions,
    "marks": _are_marks,
    "values": _are_values,
}
