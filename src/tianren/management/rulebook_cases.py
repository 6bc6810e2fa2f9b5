"""Cases that a lawyer writes beside a rulebook, as YAML: a question, and the answer that is right.

They come as text that anybody may have written, so only plain values are read, and what makes a
small file a large one (aliases, depth, size) is refused.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.language import say
from tianren.management.activities import judge
from tianren.management.outcome import refuse
from tianren.management.rulebook import Answer, Rulebook
from tianren.management.rulebook_reading import plain_fault
from tianren.management.verdict import Verdict

LARGEST = 262_144  # characters of a file of cases
LONGEST = 2_000  # characters of one value
DEEPEST = 8  # levels of lists and tables in it


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expected(_Frozen):
    """What is right. clause: that of a zone whose answer is the strictest; missing: the ids of the
    facts and documents without which nothing can be said; opinions, documents: the ids of those to
    ask for, not compared where they are not given."""

    answer: Answer
    clause: str
    missing: frozenset[str] = frozenset()
    opinions: tuple[str, ...] | None = None
    documents: frozenset[str] | None = None


class WorkedCase(_Frozen):
    """One question and its right answer."""

    title: str = Field(min_length=1)
    activity: str
    zones: tuple[str, ...] = Field(min_length=1)
    day: dt.date
    facts: dict[str, bool | int | float | str] = Field(default_factory=dict)
    documents: tuple[str, ...] = ()
    expect: Expected


def packaged_cases(name: str) -> tuple[WorkedCase, ...]:
    """The cases of a packaged rulebook, by its id."""
    path = files("tianren.parameters").joinpath("activities").joinpath("cases", f"{name}.yaml")
    return read_cases(path.read_text(encoding="utf-8"), f"{name}.yaml")


def read_cases(text: str, where: str) -> tuple[WorkedCase, ...]:
    """The cases in a YAML text; UserError with every fault."""
    if len(text) > LARGEST:
        raise UserError(
            say("the file of cases is too large"),
            where=where,
            by_how_much=say("{n} characters, {limit} are read", n=len(text), limit=LARGEST),
            next_step=say("put the cases into several files"),
        )
    try:
        return TypeAdapter(tuple[WorkedCase, ...]).validate_python(_plain(text, where))
    except ValidationError as fault:
        lines = (f"{'.'.join(map(str, e['loc']))}: {plain_fault(e)}" for e in fault.errors())
        raise UserError("; ".join(lines), where=where, next_step=say("correct the cases")) from None


def _plain(text: str, where: str) -> Any:
    """The values of a YAML text, of plain kinds only."""
    import yaml

    try:
        fault = _unplain(text)
        if not fault:
            return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as broken:
        fault = " ".join(str(broken).split())
    raise UserError(
        say("the cases are not plain YAML: {fault}", fault=fault),
        where=where,
        next_step=say("correct the line; every value is written out where it stands"),
    )


def _unplain(text: str) -> str:
    """The first thing in a YAML text by which a small file becomes a large one, or a key is lost;
    empty where there is none."""
    import yaml

    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            return say("line {line}: aliases are not read", line=line)
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST:
            return say("line {line}: a value is too long", line=line)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return say("line {line}: lists and tables lie too deep", line=line)
    return next(_keys_twice(yaml.compose(text, yaml.SafeLoader)), "")


def _keys_twice(node: Any) -> Iterator[str]:
    """Keys that come twice in one table, of which a reader would see only the last."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        keys = [str(key.value) for key, _ in node.value]
        for i, (key, value) in enumerate(node.value):
            if str(key.value) in keys[:i]:
                line = key.start_mark.line + 1
                yield say("line {line}: {key} comes twice", line=line, key=key.value)
            yield from _keys_twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys_twice(item)


def run_cases(rulebook: Rulebook, cases: Iterable[WorkedCase]) -> list[Finding]:
    """The cases that a rulebook answers otherwise than is right, each with what differs."""
    return [finding for case in cases for finding in _run(rulebook, case)]


def _run(rulebook: Rulebook, case: WorkedCase) -> Iterator[Finding]:
    documents = dict.fromkeys(case.documents, case.title)
    try:
        verdict = judge(rulebook, case.activity, case.zones, case.facts, documents, case.day)
    except UserError as fault:
        yield refuse("rulebook.case_not_answered", case.title, fault.message(say))
        return
    for what, is_, should in _differences(verdict, case.expect):
        message = say("{what} is {is_}, and should be {should}", what=what, is_=is_, should=should)
        yield refuse("rulebook.case_fails", case.title, message, case.expect.clause)


def _differences(verdict: Verdict, expect: Expected) -> Iterator[tuple[str, str, str]]:
    if verdict.answer is not expect.answer:
        yield say("the answer"), verdict.answer.value, expect.answer.value
    clauses = [zone.rule.clause for zone in verdict.deciding]
    if expect.clause not in clauses:
        yield say("the clause"), _listed(clauses), expect.clause
    missing = {m.id for m in verdict.missing}
    if missing != expect.missing:
        yield say("what is missing"), _listed(missing), _listed(expect.missing)
    opinions = tuple(o.opinion.id for o in verdict.opinions)
    if expect.opinions is not None and opinions != expect.opinions:
        yield say("whose opinion"), ", ".join(opinions), ", ".join(expect.opinions)
    lacking = {d.document.id for d in verdict.documents if not d.there}
    if expect.documents is not None and lacking != expect.documents:
        yield say("the documents not there"), _listed(lacking), _listed(expect.documents)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or say("none")
