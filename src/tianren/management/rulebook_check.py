"""Checking a rulebook before it is used: one answer for every place, every name known.

Every zone and activity is walked from the first day of the rulebook on; a time without a rule is a
gap, a time with two a contradiction, each with the days, the zone, the activity and the rules.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.management.conditions import all_conditions
from tianren.management.facts import is_amount
from tianren.management.nearest import nearest
from tianren.management.outcome import refuse
from tianren.management.rulebook import EVERY, ZONES, Answer, Demand, Opinion, Rule, Rulebook
from tianren.management.rulebook_reading import Table, faults_of_form, rulebook_of

_DAY = dt.timedelta(days=1)
_KEPT = 64  # rulebooks whose check is remembered


def check_rulebook(rulebook: Rulebook) -> list[Finding]:
    """Everything that is wrong with a rulebook, by place; empty where it can be used."""
    found = [*_faults_of_names(rulebook), *_faults_of_rules(rulebook)]
    found += _faults_of_opinions(rulebook)
    if not found:  # names that are not known would show as gaps again
        found += _faults_of_cells(rulebook)
    return found + (check_rulebook(rulebook.base) if rulebook.base else [])


def check_table(
    name: str, table: Table, where: str, others: Mapping[str, Table] | None = None
) -> list[Finding]:
    """Everything that is wrong with a table that is to be a rulebook, its form first."""
    faults = faults_of_form(name, table, others)
    return faults or check_rulebook(rulebook_of(name, table, where, others))


def require_sound(rulebook: Rulebook) -> None:
    """Refuse a rulebook that has a fault: no verdict rests on one."""
    faults = _checked(rulebook)
    if faults:
        shown = "; ".join(f"{f.subject}: {f.message}" for f in faults[:5])
        more = len(faults) - 5
        raise UserError(
            shown + (say("; and {n} more", n=more) if more > 0 else ""),
            next_step=say("correct the rulebook, then ask again"),
        )


@lru_cache(maxsize=_KEPT)
def _checked(rulebook: Rulebook) -> tuple[Finding, ...]:
    found = check_rulebook(rulebook)
    return tuple(f for f in found if f.severity is Severity.ERROR)


# -- names -----------------------------------------------------------------------------------------


def _fault(rule: str, rulebook: Rulebook, place: str, message: str) -> Finding:
    return refuse(f"rulebook.{rule}", f"{rulebook.id}: {place}", message, rulebook.head.law)


def _unknown(
    rulebook: Rulebook, place: str, what: str, names: Iterable[str], known: Iterable[str]
) -> Iterator[Finding]:
    known = list(known)
    for name in names:
        if name not in known:
            message = say("there is no {what} called {name}; {advice}", what=what, name=name,
                          advice=nearest(name, known))  # fmt: skip
            yield _fault("unknown_name", rulebook, place, message)


def _faults_of_names(rulebook: Rulebook) -> Iterator[Finding]:
    if not rulebook.levels:
        yield _fault("level_missing", rulebook, "level", say("it has no levels"))
    for zone in ZONES:
        if zone not in rulebook.zones:
            message = say("the zone {zone} is not there; every rulebook has {zones}", zone=zone,
                          zones=", ".join(ZONES))  # fmt: skip
            yield _fault("zone_missing", rulebook, "zone", message)
    yield from _unknown(rulebook, "law", say("source"), [rulebook.head.law], rulebook.sources)
    for activity in rulebook.activities.values():
        place = f"activity.{activity.id}"
        yield from _unknown(rulebook, place, say("class"), [activity.of], rulebook.classes)
    for duty in rulebook.duties.values():
        yield from _unknown(rulebook, f"duty.{duty.id}", say("zone"), duty.zones, rulebook.zones)


def _faults_of_rules(rulebook: Rulebook) -> Iterator[Finding]:
    for rule in rulebook.rules.values():
        place = f"rule.{rule.id}"
        activities = () if rule.activities == EVERY else rule.activities
        zones = () if rule.zones == EVERY else rule.zones
        for what, names, known in (
            (say("activity"), (*activities, *rule.excepted), rulebook.activities),
            (say("zone"), zones, rulebook.zones),
            (say("document"), rule.documents, rulebook.documents),
            (say("duty"), rule.duties, rulebook.duties),
            (say("opinion"), rule.opinions, rulebook.opinions),
            (say("source"), (rule.source,), rulebook.sources),
        ):
            yield from _unknown(rulebook, place, what, names, known)
        for demand in rule.conditions:
            yield from _faults_of_demand(rulebook, place, demand)
        yield from _faults_of_sense(rulebook, place, rule)


def _faults_of_sense(rulebook: Rulebook, place: str, rule: Rule) -> Iterator[Finding]:
    if rule.until is not None and rule.until < rule.since:
        message = say("it ends on {until}, before it begins on {since}", until=rule.until,
                      since=rule.since)  # fmt: skip
        yield _fault("dates", rulebook, place, message)
    if rule.answer is Answer.PROHIBITED and (rule.conditions or rule.documents or rule.opinions):
        message = say("what is prohibited has no conditions, documents or opinions")
        yield _fault("prohibited_with_conditions", rulebook, place, message)
    if rule.answer is Answer.PERMITTED and rule.conditions:
        message = say("what has conditions is permitted_with_conditions")
        yield _fault("permitted_with_conditions", rulebook, place, message)
    yield from _faults_of_approval(rulebook, place, rule)


def _faults_of_approval(rulebook: Rulebook, place: str, rule: Rule) -> Iterator[Finding]:
    opinions = [rulebook.opinions[name] for name in rule.opinions if name in rulebook.opinions]
    always = any(o.decides and o.when is None and not o.zones for o in opinions)
    if rule.answer is Answer.NEEDS_APPROVAL and not always:
        message = say("it needs approval, and none of its opinions decides in every case")
        yield _fault("approval_by_nobody", rulebook, place, message)
    if always and rule.answer.strictness < Answer.NEEDS_APPROVAL.strictness:
        message = say("an opinion decides in every case, so the answer is needs_approval")
        yield _fault("approval_unsaid", rulebook, place, message)


def _faults_of_opinions(rulebook: Rulebook) -> Iterator[Finding]:
    for opinion in rulebook.opinions.values():
        place = f"opinion.{opinion.id}"
        first = (opinion.first,) if opinion.first else ()
        for what, names, known in (
            (say("level"), (opinion.level,), rulebook.levels),
            (say("document"), (opinion.document,), rulebook.documents),
            (say("opinion"), first, rulebook.opinions),
            (say("source"), (opinion.source,), rulebook.sources),
            (say("zone"), opinion.zones, rulebook.zones),
        ):
            yield from _unknown(rulebook, place, what, names, known)
        if opinion.when is not None:
            yield from _faults_of_demand(rulebook, place, opinion.when)
        yield from _faults_of_chain(rulebook, place, opinion)


def _faults_of_chain(rulebook: Rulebook, place: str, opinion: Opinion) -> Iterator[Finding]:
    """Opinions that wait for each other."""
    chain = [opinion.id]
    while chain[-1] in rulebook.opinions and rulebook.opinions[chain[-1]].first:
        chain.append(rulebook.opinions[chain[-1]].first)
        if chain[-1] in chain[:-1]:
            message = say("it waits for itself: {line}", line=" < ".join(reversed(chain)))
            yield _fault("opinion_waits_for_itself", rulebook, place, message)
            return


# -- conditions ------------------------------------------------------------------------------------


def _faults_of_demand(rulebook: Rulebook, place: str, demand: Demand) -> Iterator[Finding]:
    names = [demand.condition]
    yield from _unknown(rulebook, place, say("condition"), names, all_conditions())
    condition = all_conditions().get(demand.condition)
    if condition is None:
        return
    at = f"{place}.{demand.condition}"
    yield from _unknown(rulebook, at, say("setting"), demand.settings, condition.settings)
    for name, kind in condition.settings.items():
        if name not in demand.settings:
            message = say("it lacks its setting {name}", name=name)
            yield _fault("setting_missing", rulebook, at, message)
        else:
            yield from _faults_of_setting(rulebook, at, name, kind, demand.settings[name])


def _faults_of_setting(
    rulebook: Rulebook, at: str, name: str, kind: str, value: object
) -> Iterator[Finding]:
    if kind == "number":
        if not is_amount(value):
            message = say("{name} is {value}, not a number of 0 or more", name=name,
                          value=repr(value))  # fmt: skip
            yield _fault("setting", rulebook, at, message)
        return
    named = value if kind == "words" else [value]
    if not isinstance(named, list) or not named or not all(isinstance(n, str) for n in named):
        message = say("{name} is {value}, not what it should be: {kind}", name=name,
                      value=repr(value), kind=kind)  # fmt: skip
        yield _fault("setting", rulebook, at, message)
        return
    what, known = {
        "words": (say("word"), list(rulebook.words)),
        "level": (say("level"), list(rulebook.levels)),
        "document": (say("document"), list(rulebook.documents)),
    }[kind]
    yield from _unknown(rulebook, at, what, named, known)


# -- one answer ------------------------------------------------------------------------------------

Span = tuple[dt.date, dt.date | None]  # both days included; None is for ever


def _faults_of_cells(rulebook: Rulebook) -> Iterator[Finding]:
    for activity in rulebook.activities:
        for zone in rulebook.zones:
            rules = rulebook.rules_for(activity, zone)
            for span, found in _spans(rulebook.since, rules):
                if len(found) != 1:
                    yield _not_one(rulebook, activity, zone, span, found)


def _spans(since: dt.date, rules: list[Rule]) -> Iterator[tuple[Span, list[Rule]]]:
    """The times in which the same rules are in force, from the first day on."""
    ends = [r.until + _DAY for r in rules if r.until is not None and r.until < dt.date.max]
    starts = sorted({since, *(d for d in (*(r.since for r in rules), *ends) if d > since)})
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        last = None if following is None else following - _DAY
        yield (start, last), [rule for rule in rules if rule.in_force(start)]


def _not_one(
    rulebook: Rulebook, activity: str, zone: str, span: Span, found: list[Rule]
) -> Finding:
    start, last = span
    days = say("from {start} on", start=start) if last is None else f"{start} - {last}"
    place = f"{activity}, {zone}, {days}"
    if not found:
        return _fault("gap", rulebook, place, say("no rule answers"))
    rules = ", ".join(f"{rule.id} ({rule.answer})" for rule in found)
    message = say("{n} rules answer: {rules}", n=len(found), rules=rules)
    return _fault("contradiction", rulebook, place, message)
