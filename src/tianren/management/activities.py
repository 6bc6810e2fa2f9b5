"""Whether an activity may be done here: a rulebook, the zones that it touches, and what is told.

Of every zone the one rule that is in force answers. A condition that is not met makes it
prohibited; one that is not known yet leaves two answers, the best and the worst, and where these
differ nothing can be said until the missing facts are told. Over the zones the strictest answer
holds, so a prohibition that is known does not hide behind something that is not.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from tianren.errors import UserError
from tianren.language import say
from tianren.management.conditions import Given, Stand, State, all_conditions
from tianren.management.facts import Value, known, require_facts
from tianren.management.nearest import nearest
from tianren.management.rulebook import Answer, Demand, Opinion, Rule, Rulebook, meant
from tianren.management.rulebook_check import require_sound
from tianren.management.verdict import (
    Needed,
    StandingCondition,
    StandingOpinion,
    Verdict,
    ZoneVerdict,
)
from tianren.parameters import Parameters


def judge(
    rulebook: Rulebook,
    activity: str,
    touched_zones: Iterable[str],
    facts: Mapping[str, Value],
    documents: Mapping[str, str],
    day: dt.date,
    parameters: Parameters | None = None,
) -> Verdict:
    """Whether an activity may be done in the zones that it touches, on a day.

    facts: of facts.csv, in their units; documents: those that are there, id -> where; parameters:
    the project's, else those of the package.
    """
    require_sound(rulebook)
    book = rulebook.on(day)
    asked = book.activity(activity)
    zones = _zones(book, touched_zones)
    told = {name: _told(book, name, value) for name, value in facts.items()}
    require_facts(told, list(book.levels))
    parameters = parameters or Parameters(day, book.jurisdiction)
    given = Given(told, _documents(book, documents), list(book.levels), parameters)
    found = (_in_zone(book, book.rule_for(asked.id, zone, day), zone, given) for zone in zones)
    return Verdict(book, asked, day, tuple(found))


def _zones(book: Rulebook, touched: Iterable[str]) -> list[str]:
    """The zones touched, each once, in the order of the rulebook."""
    wanted = set(touched)
    if not wanted:
        raise UserError(
            say("the activity touches no zone"),
            where=book.id,
            next_step=say("what lies in no other zone lies in the zone outside"),
        )
    _require_known(book, say("zone"), wanted, book.zones)
    return [zone for zone in book.zones if zone in wanted]


def _documents(book: Rulebook, documents: Mapping[str, str]) -> frozenset[str]:
    _require_known(book, say("document"), documents, book.documents)
    return frozenset(name for name, where in documents.items() if str(where).strip())


def _require_known(
    book: Rulebook, what: str, names: Iterable[str], known: Mapping[str, object]
) -> None:
    for name in sorted(names):
        if name not in known:
            raise UserError(
                say("there is no {what} called {name} in the rulebook {id}", what=what, name=name,
                    id=book.id),
                where=book.id,
                next_step=nearest(name, known),
            )  # fmt: skip


def _told(book: Rulebook, name: str, value: Value) -> Value:
    """A fact as the rulebook writes it: its own word for what is told in any language."""
    terms = {"word": book.words, "level": book.levels}.get(known(name, "facts").kind)
    return meant(value.strip(), terms) if terms and isinstance(value, str) else value


def _in_zone(book: Rulebook, rule: Rule, zone: str, given: Given) -> ZoneVerdict:
    conditions = tuple(_standing(book, demand, given) for demand in rule.conditions)
    fails = any(c.stand.state is State.NOT_MET for c in conditions)
    closed = fails or rule.answer is Answer.PROHIBITED
    opinions = () if closed else _opinions(book, rule, zone, given)
    best, worst = _between(rule.answer, conditions, opinions)
    return ZoneVerdict(
        zone=book.zones[zone],
        rule=rule,
        at_best=best,
        at_worst=worst,
        conditions=conditions,
        opinions=opinions,
        documents=() if closed else _needed(book, rule, conditions, opinions, given),
        duties=tuple(book.duties_of(rule, zone)),
    )


def _standing(book: Rulebook, demand: Demand, given: Given) -> StandingCondition:
    condition = all_conditions()[demand.condition]
    stand = condition.test(given, demand.settings)
    told = {name: given.facts[name] for name in condition.facts if name in given.facts}
    names = {**book.words, **book.levels, **book.documents}
    return StandingCondition(condition, demand, stand, told, names)


def _opinions(book: Rulebook, rule: Rule, zone: str, given: Given) -> tuple[StandingOpinion, ...]:
    """The opinions that are needed, or may be: each after those that come before it, once."""
    found: dict[str, StandingOpinion] = {}
    for asked in book.opinions_of(rule, zone):
        stand = _needed_when(asked, given)
        for opinion in book.before(asked):
            known = found.get(opinion.id)
            if known is None or known.stand.state is not State.MET:
                there = opinion.document in given.documents
                found[opinion.id] = StandingOpinion(opinion, stand, there)
    return tuple(o for o in found.values() if o.stand.state is not State.NOT_MET)


def _needed_when(opinion: Opinion, given: Given) -> Stand:
    if opinion.when is None:
        return Stand(State.MET)
    return all_conditions()[opinion.when.condition].test(given, opinion.when.settings)


def _between(
    answer: Answer, conditions: Iterable[StandingCondition], opinions: Iterable[StandingOpinion]
) -> tuple[Answer, Answer]:
    """The answer if all that is not known turns out well, and if it turns out badly."""
    states = {c.stand.state for c in conditions}
    if State.NOT_MET in states:
        return Answer.PROHIBITED, Answer.PROHIBITED
    deciding = {o.stand.state for o in opinions if o.opinion.decides}
    lifted = max(answer, Answer.NEEDS_APPROVAL, key=lambda a: a.strictness)
    best = lifted if State.MET in deciding else answer
    worst = lifted if deciding else answer
    return best, Answer.PROHIBITED if State.UNKNOWN in states else worst


def _needed(
    book: Rulebook,
    rule: Rule,
    conditions: Iterable[StandingCondition],
    opinions: Iterable[StandingOpinion],
    given: Given,
) -> tuple[Needed, ...]:
    """The documents to bring, in the order in which they are asked for."""
    wanted: dict[str, str] = {}
    for condition in conditions:
        if name := condition.demand.settings.get("document"):
            wanted.setdefault(name, condition.condition.id)
    for name in rule.documents:
        wanted.setdefault(name, rule.id)
    for opinion in opinions:
        if opinion.stand.state is State.MET:
            wanted.setdefault(opinion.opinion.document, opinion.opinion.id)
    return tuple(
        Needed(book.documents[name], why, name in given.documents) for name, why in wanted.items()
    )
