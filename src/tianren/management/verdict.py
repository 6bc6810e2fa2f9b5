"""What was found of an activity: the answer, why, what is missing, who is asked, what to bring."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tianren.language import in_tongue, say
from tianren.management import verdict_text
from tianren.management.conditions import Condition, Stand, State
from tianren.management.facts import Value, all_facts
from tianren.management.rulebook import (
    MAJOR,
    Activity,
    Answer,
    Demand,
    Opinion,
    Rule,
    Rulebook,
    Term,
    strictest,
)
from tianren.parameters import Setting


@dataclass(frozen=True)
class Missing:
    """A fact or a document without which nothing can be said. needed_by: the conditions and
    opinions that turn on it."""

    kind: str  # fact, document
    id: str
    name: str
    unit: str
    needed_by: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "unit": self.unit,
            "needed_by": list(self.needed_by),
        }


@dataclass(frozen=True)
class Needed:
    """A document to bring. needed_by: the condition, rule or opinion; there: whether it is."""

    document: Term
    needed_by: str
    there: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.document.id,
            "name": self.document.name,
            "needed_by": self.needed_by,
            "there": self.there,
        }


@dataclass(frozen=True)
class StandingCondition:
    """A condition of a rule and how it stands. told: the facts it looked at; names: what the words,
    levels and documents in its settings are called."""

    condition: Condition
    demand: Demand
    stand: Stand
    told: Mapping[str, Value]
    names: Mapping[str, Term]

    @property
    def sentence(self) -> str:
        """What it demands, in the current language."""
        shown = {key: self._shown(value) for key, value in self.demand.settings.items()}
        return self.condition.sentence(shown)

    def _shown(self, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(self._shown(v) for v in value)
        return self.named(value) if isinstance(value, str) else f"{value:,.10g}"

    def named(self, value: Any) -> Any:
        """A word, level or document as it is called in the current language; others as they are."""
        known = isinstance(value, str) and value in self.names
        return self.names[value].name if known else value

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.condition.id,
            "sentence": self.sentence,
            "state": self.stand.state.value,
            "settings": dict(self.demand.settings),
            "told": dict(self.told),
            "missing": [*self.stand.facts, *self.stand.documents],
            "rests_on": [setting.record() for setting in self.stand.rests_on],
        }


@dataclass(frozen=True)
class StandingOpinion:
    """An opinion and whether it is needed (stand); there: whether its document is there."""

    opinion: Opinion
    stand: Stand
    there: bool

    @property
    def needed(self) -> str:
        """yes, or unknown where the facts that it turns on are not told."""
        return "yes" if self.stand.state is State.MET else "unknown"

    def as_dict(self) -> dict[str, Any]:
        opinion = self.opinion
        return {
            "id": opinion.id,
            "name": opinion.name,
            "level": opinion.level,
            "body": in_tongue(opinion.body),
            "document": opinion.document,
            "decides": opinion.decides,
            "stage": in_tongue(opinion.stage) if opinion.stage else "",
            "needed": self.needed,
            "turns_on": list(self.stand.facts),
            "there": self.there,
            "clause": opinion.clause,
            "source": opinion.source,
            "verified": opinion.verified,
        }


@dataclass(frozen=True)
class ZoneVerdict:
    """What is answered for one zone, by the one rule that is in force there."""

    zone: Term
    rule: Rule
    at_best: Answer
    at_worst: Answer
    conditions: tuple[StandingCondition, ...]
    opinions: tuple[StandingOpinion, ...]
    documents: tuple[Needed, ...]
    duties: tuple[Term, ...]

    @property
    def answer(self) -> Answer:
        return self.at_best if self.at_best is self.at_worst else Answer.CANNOT_SAY

    def turns_on(self) -> list[tuple[str, Stand]]:
        """What the answer still turns on: conditions, and deciding opinions, that are not known."""
        if self.answer is not Answer.CANNOT_SAY:
            return []
        found = [(c.condition.id, c.stand) for c in self.conditions]
        if self.at_best is not Answer.NEEDS_APPROVAL:  # else one is asked in any case
            found += [(o.opinion.id, o.stand) for o in self.opinions if o.opinion.decides]
        return [(name, stand) for name, stand in found if stand.state is State.UNKNOWN]


@dataclass(frozen=True)
class Verdict:
    """Whether an activity may be done: the strictest answer of the zones that it touches."""

    rulebook: Rulebook
    activity: Activity
    day: dt.date
    zones: tuple[ZoneVerdict, ...]

    @property
    def answer(self) -> Answer:
        return strictest(z.answer for z in self.zones)

    @property
    def at_best(self) -> Answer:
        """The answer if all that is missing turns out well."""
        return strictest(z.at_best for z in self.zones)

    @property
    def at_worst(self) -> Answer:
        return strictest(z.at_worst for z in self.zones)

    @property
    def deciding(self) -> tuple[ZoneVerdict, ...]:
        """The zones whose answer is the strictest."""
        return tuple(z for z in self.zones if z.answer is self.answer)

    @property
    def is_major(self) -> bool:
        return self.rulebook.classes[self.activity.of].kind == MAJOR

    @property
    def instead(self) -> tuple[Activity, ...]:
        """Where a limited activity is prohibited: the national major projects for which the same
        zones are not closed."""
        if self.answer is not Answer.PROHIBITED or self.is_major:
            return ()
        return tuple(a for a in self.rulebook.major_projects() if not self._closed_to(a))

    def _closed_to(self, activity: Activity) -> bool:
        rules = (self.rulebook.rule_for(activity.id, z.zone.id, self.day) for z in self.zones)
        return any(rule.answer is Answer.PROHIBITED for rule in rules)

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """What must be told or brought before anything can be said; empty where something is."""
        if self.answer is not Answer.CANNOT_SAY:
            return ()
        wanted: dict[tuple[str, str], dict[str, None]] = {}
        for why, stand in (pair for zone in self.zones for pair in zone.turns_on()):
            for name in stand.facts:
                wanted.setdefault(("fact", name), {})[why] = None
            for name in stand.documents:
                wanted.setdefault(("document", name), {})[why] = None
        return tuple(self._missing(kind, name, tuple(w)) for (kind, name), w in wanted.items())

    def _missing(self, kind: str, name: str, needed_by: tuple[str, ...]) -> Missing:
        if kind == "document":
            return Missing(kind, name, self.rulebook.documents[name].name, "", needed_by)
        fact = all_facts()[name]
        return Missing(kind, name, fact.name, fact.unit, needed_by)

    @property
    def documents(self) -> tuple[Needed, ...]:
        """The documents to bring over all zones, each once; none where it is prohibited."""
        if self.answer is Answer.PROHIBITED:
            return ()
        return _once((d for z in self.zones for d in z.documents), lambda d: d.document.id)

    @property
    def opinions(self) -> tuple[StandingOpinion, ...]:
        """The opinions to ask over all zones, each once, after those that come before it; those
        that are needed for certain count first. None where it is prohibited."""
        if self.answer is Answer.PROHIBITED:
            return ()
        every = [o for z in self.zones for o in z.opinions]
        certain = {o.opinion.id: o for o in every if o.stand.state is State.MET}
        return _once((certain.get(o.opinion.id, o) for o in every), lambda o: o.opinion.id)

    @property
    def unverified(self) -> tuple[str, ...]:
        """The rules, opinions and parameters that the answer rests on and whose source was not
        read, by kind and id. One prohibition whose source was read is enough."""
        return tuple(dict.fromkeys(f"{kind} {name}" for kind, name in self._not_read))

    @property
    def unverified_names(self) -> tuple[str, ...]:
        """The same as a person reads it."""
        told = {"rulebook": lambda n: say("rulebook {name}", name=n),
                "rule": lambda n: say("rule {name}", name=n),
                "opinion": lambda n: say("opinion {name}", name=n),
                "parameter": lambda n: say("parameter {name}", name=n)}  # fmt: skip
        called = {o.opinion.id: o.opinion.name for o in self.opinions}
        return tuple(dict.fromkeys(
            told[kind](called.get(name, name) if kind == "opinion" else name)
            for kind, name in self._not_read
        ))  # fmt: skip

    @property
    def _not_read(self) -> list[tuple[str, str]]:
        book = self.rulebook
        found = [] if book.head.verified else [("rulebook", book.id)]
        found += [("rule", z.rule.id) for z in self._bearing if not z.rule.verified]
        found += [("opinion", o.opinion.id) for o in self.opinions if not o.opinion.verified]
        found += [("parameter", s.id) for s in self.rests_on if not s.verified]
        return found

    @property
    def _bearing(self) -> tuple[ZoneVerdict, ...]:
        """The zones that the answer rests on."""
        if self.answer is not Answer.PROHIBITED:
            return self.zones
        read = tuple(z for z in self.deciding if z.rule.verified)
        return read or self.deciding

    @property
    def rests_on(self) -> tuple[Setting, ...]:
        """The parameters that a condition was decided by."""
        return tuple(s for z in self._bearing for c in z.conditions for s in c.stand.rests_on)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        book, activity = self.rulebook, self.activity
        return {
            "answer": self.answer.value,
            "statement": verdict_text.statement(self),
            "at_best": self.at_best.value,
            "at_worst": self.at_worst.value,
            "activity": {
                "id": activity.id,
                "name": activity.name,
                "class": activity.of,
                "class_name": book.classes[activity.of].name,
                "major": self.is_major,
            },
            "rulebook": {
                "id": book.id,
                "name": book.name,
                "jurisdiction": book.jurisdiction,
                "verified": book.head.verified,
                "note": in_tongue(book.head.note) if book.head.note else "",
            },
            "day": self.day.isoformat(),
            "missing": [m.as_dict() for m in self.missing],
            "documents": [d.as_dict() for d in self.documents],
            "opinions": [o.as_dict() for o in self.opinions],
            "instead": [activity.id for activity in self.instead],
            "unverified": list(self.unverified),
            "zones": [self._zone(zone) for zone in self.zones],
        }

    def _zone(self, zone: ZoneVerdict) -> dict[str, Any]:
        rule = zone.rule
        return {
            "zone": zone.zone.id,
            "name": zone.zone.name,
            "answer": zone.answer.value,
            "at_best": zone.at_best.value,
            "at_worst": zone.at_worst.value,
            "rule": {
                "id": rule.id,
                "answer": rule.answer.value,
                "clause": rule.clause,
                "source": rule.source,
                "source_title": self.rulebook.sources[rule.source].name,
                "verified": rule.verified,
                "since": rule.since.isoformat(),
                "until": rule.until.isoformat() if rule.until else None,
                "note": rule.noted(),
            },
            "conditions": [c.as_dict() for c in zone.conditions],
            "documents": [d.as_dict() for d in zone.documents],
            "opinions": [o.as_dict() for o in zone.opinions],
            "duties": [{"id": d.id, "name": d.name} for d in zone.duties],
        }

    def text(self) -> str:
        """The verdict for a terminal of 80 columns, the statement first."""
        return verdict_text.text(self)


def _once(items: Iterable[Any], key: Callable[[Any], str]) -> tuple[Any, ...]:
    """Each thing once, in order, the first of those with one key."""
    found: dict[str, Any] = {}
    for item in items:
        found.setdefault(key(item), item)
    return tuple(found.values())
