"""A verdict as a person reads it in a terminal: the statement first, then what is missing, why."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tianren.language import in_tongue, say
from tianren.language.folding import fold
from tianren.management.conditions import State
from tianren.management.facts import unit_name
from tianren.management.rulebook import Answer

if TYPE_CHECKING:  # a verdict tells itself by this module
    from tianren.management.verdict import (
        Missing,
        Needed,
        StandingCondition,
        StandingOpinion,
        Verdict,
        ZoneVerdict,
    )

VERDICT_NAMES = {
    Answer.PERMITTED: "permitted",
    Answer.WITH_CONDITIONS: "permitted with conditions",
    Answer.NEEDS_APPROVAL: "needs approval",
    Answer.CANNOT_SAY: "cannot say",
    Answer.PROHIBITED: "prohibited",
}
OUTCOME_NAMES = {State.MET: "met", State.NOT_MET: "not met", State.UNKNOWN: "not known"}


def answer_name(answer: Answer) -> str:
    return say(VERDICT_NAMES[answer])


def statement(verdict: "Verdict") -> str:
    """The answer as one sentence."""
    name, answer = verdict.activity.name, verdict.answer
    if answer is Answer.NEEDS_APPROVAL:
        return say("{activity}: needs approval by {bodies}.", activity=name, bodies=_by(verdict))
    if answer is Answer.PROHIBITED:
        zones = "; ".join(z.zone.name for z in verdict.deciding)
        return say("{activity}: prohibited here ({zones}).", activity=name, zones=zones)
    if answer is Answer.WITH_CONDITIONS:
        return say("{activity}: permitted here, with conditions.", activity=name)
    if answer is Answer.PERMITTED:
        return say("{activity}: permitted here, as far as this rulebook goes.", activity=name)
    return say(
        "{activity}: cannot say yet; at best {best}, at worst {worst}.",
        activity=name, best=answer_name(verdict.at_best), worst=answer_name(verdict.at_worst),
    )  # fmt: skip


def _by(verdict: "Verdict") -> str:
    certain = [o.opinion for o in verdict.opinions if o.opinion.decides and o.needed == "yes"]
    return say(", then ").join(in_tongue(opinion.body) for opinion in certain)


def text(verdict: "Verdict") -> str:
    """The whole verdict on lines of 80 columns."""
    parts = [fold(statement(verdict)), fold(_grounds(verdict)), *_warning(verdict)]
    if verdict.missing:
        parts += ["", say("Missing to decide:"), *map(_missing, verdict.missing)]
    for zones in _by_rule(verdict):
        parts += ["", *_zones(verdict, zones)]
    if verdict.instead:
        names = ", ".join(activity.id for activity in verdict.instead)
        parts += [
            "",
            fold(say("A national major project is asked for as one: {names}.", names=names)),
        ]
    if verdict.opinions:
        parts += ["", say("Whose opinion:"), *map(_opinion, verdict.opinions)]
    if verdict.documents:
        parts += ["", say("Documents:"), *map(_document, verdict.documents)]
    return "\n".join(parts)


def _grounds(verdict: "Verdict") -> str:
    book = verdict.rulebook
    return say("Rulebook {id} ({name}), on {day}.", id=book.id, name=book.name, day=verdict.day)


def _warning(verdict: "Verdict") -> list[str]:
    """That it rests on what was not read, and what the rulebook itself says of its limits."""
    found = []
    if verdict.unverified:
        names = ", ".join(verdict.unverified_names)
        message = say("Not verified, read the source before you rely on it: {names}.", names=names)
        found.append(fold(message))
    if verdict.rulebook.head.note:
        found.append(fold(in_tongue(verdict.rulebook.head.note)))
    return found


def _missing(item: "Missing") -> str:
    unit = f" [{unit_name(item.unit)}]" if item.unit else ""
    return fold(f"{item.name}{unit}", first=f"  {item.id}: ", rest="    ")


def _by_rule(verdict: "Verdict") -> list[list["ZoneVerdict"]]:
    """The zones, those of one rule and one answer together."""
    found: dict[tuple[str, Answer], list[ZoneVerdict]] = {}
    for zone in verdict.zones:
        found.setdefault((zone.rule.id, zone.answer), []).append(zone)
    return list(found.values())


def _zones(verdict: "Verdict", zones: list["ZoneVerdict"]) -> Iterator[str]:
    first, rule = zones[0], zones[0].rule
    names = "; ".join(z.zone.name for z in zones)
    yield fold(f"{names[:1].upper()}{names[1:]}: {answer_name(first.answer)}", rest="  ")
    read = say("source read") if rule.verified else say("source not read")
    source = verdict.rulebook.sources[rule.source].name
    yield fold(f"{source}, {rule.clause} ({read})", first="  ", rest="    ")
    if rule.note:
        yield fold(rule.noted(), first="  ", rest="  ")
    yield from map(_condition, first.conditions)
    duties = dict.fromkeys(duty.name for zone in zones for duty in zone.duties)
    if duties:
        yield f"  {say('to keep')}:"
    yield from (fold(duty, first="  - ", rest="    ") for duty in duties)


def _condition(condition: "StandingCondition") -> str:
    state = say(OUTCOME_NAMES[condition.stand.state])
    told = ", ".join(
        f"{name} = {_plain(condition.named(value))}" for name, value in condition.told.items()
    )
    shown = condition.sentence + (f" ({told})" if told else "")
    return fold(shown, first=f"  {state}: ", rest="    ")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)


def _opinion(standing: "StandingOpinion") -> str:
    opinion = standing.opinion
    words = [in_tongue(opinion.body) + (f", {in_tongue(opinion.stage)}" if opinion.stage else "")]
    if not opinion.decides:
        words.append(say("is heard, does not decide"))
    if standing.needed == "unknown":
        facts = ", ".join(standing.stand.facts)
        words.append(say("needed or not: turns on {facts}", facts=facts))
    words.append(say("there") if standing.there else say("not there yet"))
    return fold("; ".join(words), first=f"  {opinion.name}: ", rest="    ")


def _document(needed: "Needed") -> str:
    state = say("there") if needed.there else say("not there yet")
    return fold(f"{needed.document.name}: {state}", first=f"  {needed.document.id}: ", rest="    ")
