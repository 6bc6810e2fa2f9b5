"""A rulebook: which activity a jurisdiction admits in which zone, as dated data a lawyer can read.

A rulebook is a table (a TOML file). One that extends another says only what differs; before its own
first day the other is in force.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints

from tianren.errors import UserError
from tianren.language import LANGUAGES, in_tongue, say
from tianren.management.nearest import nearest
from tianren.parameters.headings import plain_word

EVERY = "every"
MAJOR = "major"
# What every rulebook answers for: the core of a protected area, the rest of one, the redline
# outside protected areas, and what lies outside both.
ZONES = ("core", "protected", "redline", "outside")


class Answer(StrEnum):
    """What may be said of an activity, from mild to strict."""

    PERMITTED = "permitted"
    WITH_CONDITIONS = "permitted_with_conditions"
    NEEDS_APPROVAL = "needs_approval"
    CANNOT_SAY = "cannot_say"
    PROHIBITED = "prohibited"

    @property
    def strictness(self) -> int:
        return list(Answer).index(self)


def strictest(answers: Iterable[Answer]) -> Answer:
    """A prohibition that is known does not hide behind something that is not."""
    return max(answers, key=lambda answer: answer.strictness)


def _names(value: Any) -> Any:
    if isinstance(value, str):
        value = {"en": value}
    if not isinstance(value, Mapping) or not str(value.get("en", "")).strip():
        raise ValueError("a text, or a table of texts by language with at least en, is needed")
    names = {"zh_Hans" if tag == "zh" else tag: text for tag, text in value.items()}
    if strange := sorted(set(names) - set(LANGUAGES)):
        raise ValueError(f"the languages are en, zh and es, not {', '.join(strange)}")
    return names


def _demand(value: Any) -> Any:
    if isinstance(value, str):
        return {"condition": value, "settings": {}}
    if isinstance(value, Mapping) and "condition" in value:
        settings = {key: v for key, v in value.items() if key != "condition"}
        return {"condition": value["condition"], "settings": settings}
    raise ValueError('a condition is "its_id" or {condition = "its_id", its settings}')


Names = Annotated[dict[str, str], BeforeValidator(_names)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Demand(_Frozen):
    """A condition as a rule sets it."""

    condition: str
    settings: dict[str, Any]


Demands = tuple[Annotated[Demand, BeforeValidator(_demand)], ...]
OneDemand = Annotated[Demand, BeforeValidator(_demand)]


class Term(_Frozen):
    """Something that a rulebook names: a zone, a document, a word."""

    id: str
    names: Names = Field(alias="name")

    @property
    def name(self) -> str:
        return in_tongue(self.names)


class ActivityClass(Term):
    """A class of activities as the law counts them. kind: limited (a limited human activity), major
    (a national major project) or development (all else)."""

    kind: Literal["limited", "major", "development"]


class Activity(Term):
    """An activity that can be asked for. of: its class; examples: how it looks on the ground."""

    of: str = Field(alias="class")
    examples: Names


class Duty(Term):
    """What must be kept, and no fact decides. zones: where, everywhere without them."""

    zones: tuple[str, ...] = ()


class Source(Term):
    """A law, a notice, a standard."""

    date: dt.date | None = None
    url: str = ""


class _Ruled(_Frozen):
    """What rests on a clause: where it stands, and whether it was read there."""

    clause: Text
    source: str
    verified: StrictBool
    note: Names | None = None

    def noted(self) -> str:
        return in_tongue(self.note) if self.note else ""


class Opinion(Term, _Ruled):
    """An opinion or approval that somebody gives. level, body: whose; document: what it is given
    as; decides: whether it decides, or is only heard; when: the condition under which it is
    needed, always without one; zones: where it is needed, everywhere without them; first: the
    opinion that comes before it; stage: at which step."""

    level: str
    body: Names
    document: str
    decides: StrictBool = True
    when: OneDemand | None = None
    zones: tuple[str, ...] = ()
    first: str = ""
    stage: Names | None = None


class Rule(_Ruled):
    """What is answered for some activities in some zones, from a day (to a day, both included).

    answer: what holds when every condition is met and no deciding opinion is needed; with one that
    is needed it becomes needs_approval; with a condition that is not met, prohibited.
    """

    id: str
    activities: tuple[str, ...] | Literal["every"]
    excepted: tuple[str, ...] = Field(default=(), alias="except")
    zones: tuple[str, ...] | Literal["every"]
    answer: Literal[
        Answer.PERMITTED, Answer.WITH_CONDITIONS, Answer.NEEDS_APPROVAL, Answer.PROHIBITED
    ]
    conditions: Demands = ()
    documents: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    opinions: tuple[str, ...] = ()
    since: dt.date
    until: dt.date | None = None

    def in_force(self, day: dt.date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)

    def covers(self, activity: str, zone: str) -> bool:
        here = self.zones == EVERY or zone in self.zones
        named = self.activities == EVERY or activity in self.activities
        return here and named and activity not in self.excepted


class Head(_Frozen):
    """The first lines of a rulebook. law: its main source; verified: whether all was read."""

    names: Names = Field(alias="name")
    jurisdiction: Text
    since: dt.date
    law: str
    verified: StrictBool
    note: Names | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Rulebook:
    """A rulebook as read, with what it has from the one that it extends (base). levels: of the
    authorities, from coarse to fine."""

    id: str
    head: Head
    sources: Mapping[str, Source]
    classes: Mapping[str, ActivityClass]
    activities: Mapping[str, Activity]
    levels: Mapping[str, Term]
    zones: Mapping[str, Term]
    documents: Mapping[str, Term]
    duties: Mapping[str, Duty]
    words: Mapping[str, Term]
    opinions: Mapping[str, Opinion]
    rules: Mapping[str, Rule]
    base: "Rulebook | None"

    def __repr__(self) -> str:
        return f"Rulebook({self.id!r}, since {self.since})"

    @property
    def name(self) -> str:
        return in_tongue(self.head.names)

    @property
    def jurisdiction(self) -> str:
        return self.head.jurisdiction

    @property
    def since(self) -> dt.date:
        return self.head.since

    def on(self, day: dt.date) -> "Rulebook":
        """The rulebook in force on a day: itself, or before its first day the one it extends."""
        if day >= self.since:
            return self
        if self.base is not None:
            return self.base.on(day)
        raise UserError(
            say("the rulebook {id} is in force since {since}, not on {day}", id=self.id,
                since=self.since, day=day),
            where=self.id,
            next_step=say("ask for a day from {since} on, or bring the rulebook of before",
                          since=self.since),
        )  # fmt: skip

    def rules_for(self, activity: str, zone: str) -> list[Rule]:
        """Every rule for an activity in a zone, whenever in force."""
        return [rule for rule in self.rules.values() if rule.covers(activity, zone)]

    def rule_for(self, activity: str, zone: str, day: dt.date) -> Rule:
        """The one rule for an activity in a zone on a day; UserError where it is not one."""
        found = [rule for rule in self.rules_for(activity, zone) if rule.in_force(day)]
        if len(found) == 1:
            return found[0]
        names = ", ".join(rule.id for rule in found) or say("none")
        raise UserError(
            say("not one rule holds for {activity} in {zone} on {day}, but {rules}",
                activity=activity, zone=zone, day=day, rules=names),
            where=self.id,
            next_step=say("correct the rulebook; its check finds every such place"),
        )  # fmt: skip

    def activity(self, name: str) -> Activity:
        """An activity by its id; UserError with the nearest, or with those of a class."""
        if name in self.activities:
            return self.activities[name]
        of_class = [a.id for a in self.activities.values() if a.of == name]
        raise UserError(
            say("there is no activity called {name} in the rulebook {id}", name=name, id=self.id),
            where=self.id,
            next_step=say("of the class {name}: {activities}", name=name,
                          activities=", ".join(of_class))
            if of_class
            else nearest(name, self.activities),
        )  # fmt: skip

    def is_major(self, activity: str) -> bool:
        """Whether an activity is a national major project."""
        return self.classes[self.activity(activity).of].kind == MAJOR

    def major_projects(self) -> list[Activity]:
        """The classes of national major projects, in the order of the law."""
        return [a for a in self.activities.values() if self.classes[a.of].kind == MAJOR]

    def opinions_of(self, rule: Rule, zone: str) -> list[Opinion]:
        """The opinions that a rule asks for in a zone."""
        return [o for o in map(self.opinions.__getitem__, rule.opinions) if _here(o.zones, zone)]

    def duties_of(self, rule: Rule, zone: str) -> list[Duty]:
        """The duties of a rule in a zone."""
        return [d for d in map(self.duties.__getitem__, rule.duties) if _here(d.zones, zone)]

    def before(self, opinion: Opinion) -> list[Opinion]:
        """An opinion and those that come before it, the first one first."""
        chain = [opinion]
        while chain[0].first:
            chain.insert(0, self.opinions[chain[0].first])
        return chain


def meant(text: str, terms: Mapping[str, Term]) -> str:
    """The id of the term that goes by a text in any language, else the text."""
    plain = plain_word(text)
    for term in terms.values():
        if plain in {plain_word(term.id), *map(plain_word, term.names.values())}:
            return term.id
    return text


def _here(zones: tuple[str, ...], zone: str) -> bool:
    return not zones or zone in zones
