"""What follows from the rules in force, written into the record: the way, and days."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tianren.management.occupation.asked import Asked
from tianren.management.occupation.before import latest_commencement
from tianren.management.occupation.facts import day_of
from tianren.management.occupation.state import end_of_use
from tianren.management.working_days import Calendar
from tianren.parameters import Parameters
from tianren.records import Plain, Record

UNSAID = {
    "major": False,
    "resident": False,
    "must_be_unavoidable": False,
    "rulebook": "",
    "clauses": {},
    "duties": {},
    "told": {},
}


def with_terms(asked: Asked, record: Record) -> Record:
    """The record with the facts that follow from the rules; days are as in the law of that day,
    whatever the law becomes."""
    terms = _TERMS[asked.act.move](asked) if asked.act.move in _TERMS else {}
    if not terms:
        return record
    facts = {**record.body.get("facts", {}), **terms}
    return replace(record, body={**record.body, "facts": facts})


def _of_screening(asked: Asked) -> dict[str, Any]:
    """The way; and what this screening did not say, so that nothing is left of an earlier one."""
    said = {**UNSAID, **asked.act.facts}
    return {**said, "way": way_of({**asked.facts, **said}, asked.law.parameters)}


def way_of(facts: Plain, parameters: Parameters) -> str:
    """Temporary use of land, national major projects and limited activities go different ways; a
    facility of residents is exempt from the province's opinion where the rules say so."""
    if facts["temporary"] and not facts["new_construction_land"]:
        return "temporary"
    if facts["major"]:
        return "major"
    if facts["new_construction_land"]:
        return "recognised"
    if facts["resident"] and parameters.number("occupation.resident_exempt"):
        return "resident"
    return "recognised" if facts["answer"] == "needs_approval" else "limited"


def _of_approval(asked: Asked) -> dict[str, Any]:
    last = day_of(asked.act.facts, "commence_by") or latest_commencement(asked)
    return {"commence_by": last.isoformat()}


def _of_service(asked: Asked) -> dict[str, Any]:
    """A term that would end on a day off ends on the next day that is worked."""
    last = asked.act.day + asked.days("occupation.appeal_days")
    return {"appeal_by": _worked_from(last, asked.law.calendar).isoformat()}


def _worked_from(day: dt.date, calendar: Calendar) -> dt.date:
    return day if calendar.is_worked(day) else calendar.after(day, 1)


def _of_appeal(asked: Asked) -> dict[str, Any]:
    return {"appealed_from": asked.case.status if asked.case else ""}


def _of_upholding(asked: Asked) -> dict[str, Any]:
    """The days that the appeal took do not shorten the life of the approval."""
    last, appealed = day_of(asked.facts, "commence_by"), asked.last("appeal")
    if last is None or appealed is None:
        return {}
    return {"commence_by": (last + (asked.act.day - appealed.day)).isoformat()}


def _of_restoration(asked: Asked) -> dict[str, Any]:
    """From the end of the use, or from the order where that is later."""
    if "restore_by" in asked.act.facts:
        return {}
    start = max(end_of_use(asked.facts) or asked.act.day, asked.act.day)
    return {"restore_by": (start + asked.days("occupation.restore_days")).isoformat()}


def _of_revocation(asked: Asked) -> dict[str, Any]:
    """From the decision on the appeal: there is no use any more that would have to end first."""
    if "restore_by" in asked.act.facts:
        return {}
    return {"restore_by": (asked.act.day + asked.days("occupation.restore_days")).isoformat()}


def _of_commencement(asked: Asked) -> dict[str, Any]:
    return _of_restoration(asked) if asked.facts.get("temporary") else {}


_TERMS: Mapping[str, Callable[[Asked], dict[str, Any]]] = {
    "screen": _of_screening,
    "approve": _of_approval,
    "deliver": _of_service,
    "appeal": _of_appeal,
    "uphold_approval": _of_upholding,
    "commence": _of_commencement,
    "order": _of_restoration,
    "revoke": _of_revocation,
}
