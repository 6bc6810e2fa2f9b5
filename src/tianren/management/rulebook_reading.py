"""Reading rulebooks: the packaged ones, and a user's own, which comes as a table.

What a rulebook extends is put under it: an entry that both have is taken key by key from the one
that extends, and `remove` takes entries away.
"""

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.language import say
from tianren.management.nearest import nearest
from tianren.management.outcome import refuse
from tianren.management.rulebook import (
    Activity,
    ActivityClass,
    Duty,
    Head,
    Opinion,
    Rule,
    Rulebook,
    Source,
    Term,
)

Table = Mapping[str, Any]

SECTIONS: Mapping[str, tuple[str, Any]] = MappingProxyType(
    {
        "source": ("sources", Source),
        "class": ("classes", ActivityClass),
        "activity": ("activities", Activity),
        "level": ("levels", Term),
        "zone": ("zones", Term),
        "document": ("documents", Term),
        "duty": ("duties", Duty),
        "word": ("words", Term),
        "opinion": ("opinions", Opinion),
        "rule": ("rules", Rule),
    }
)
_RULED = ("opinion", "rule")  # what rests on a clause
_OWN = ("extends", "remove")  # how it stands to the rulebook that it extends
_FORM = "rulebook.form"


@cache
def packaged_tables() -> Mapping[str, Table]:
    """The tables of parameters/activities, by id: the name of the file."""
    folder = files("tianren.parameters").joinpath("activities")
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".toml")), key=lambda p: p.name)
    return MappingProxyType(
        {p.name.removesuffix(".toml"): tomllib.loads(p.read_text(encoding="utf-8")) for p in paths}
    )


@cache
def packaged(name: str) -> Rulebook:
    """A rulebook of the package by its id, "CN"."""
    if name not in packaged_tables():
        raise UserError(
            say("there is no rulebook called {name}", name=name),
            where="rulebook",
            next_step=nearest(name, packaged_tables()),
        )
    return rulebook_of(name, packaged_tables()[name], f"{name}.toml")


def rulebook_for(jurisdiction: str, day: dt.date) -> Rulebook:
    """The packaged rulebook of a jurisdiction on a day: its own latest, else that of the wider one
    ("CN" for "CN-14")."""
    place = jurisdiction
    while place:
        mine = [b for b in map(packaged, packaged_tables()) if b.jurisdiction == place]
        begun = [b for b in mine if b.since <= day] or mine
        if begun:
            return max(begun, key=lambda b: b.since).on(day)
        place = place.rpartition("-")[0]
    raise UserError(
        say("there is no rulebook for {jurisdiction}", jurisdiction=jurisdiction or "''"),
        where="jurisdiction",
        next_step=say("there are rulebooks for {known}; set jurisdiction in project.toml, or bring "
                      "your own", known=", ".join(sorted(packaged_tables()))),
    )  # fmt: skip


def rulebook_of(
    name: str, table: Table, where: str, others: Mapping[str, Table] | None = None
) -> Rulebook:
    """A rulebook from its table. others: a user's other tables by id, which it may extend beside
    those of the package. UserError with every fault of form."""
    faults = faults_of_form(name, table, others)
    if faults:
        raise UserError(
            "; ".join(f"{f.subject}: {f.message}" for f in faults),
            where=where,
            next_step=say("correct the rulebook; its form is on the page rulebooks of the "
                          "reference"),
        )  # fmt: skip
    return _read(name, _line(name, table, others or {}))


def faults_of_form(
    name: str, table: Table, others: Mapping[str, Table] | None = None
) -> list[Finding]:
    """What keeps a table from being read as a rulebook, each fault with its place."""
    line = _line(name, table, others or {})
    broken = _broken_line(line)
    if broken:
        return [broken]
    lines = [line[: i + 1] for i in range(len(line))]
    return [f for part in lines for f in (*_unfounded(part), *_faults_of_table(part))]


# -- extending -------------------------------------------------------------------------------------

Line = Sequence[tuple[str, Table | None]]  # from the first base to the rulebook itself


def _line(name: str, table: Table, others: Mapping[str, Table]) -> Line:
    """A rulebook and all that it extends, the first base first. It ends where a table is not known
    (None) or comes again."""
    line: list[tuple[str, Table | None]] = [(name, table)]
    while line[0][1] is not None and "extends" in line[0][1]:
        base = str(line[0][1]["extends"])
        again = any(base == known for known, _ in line)
        line.insert(0, (base, others.get(base, packaged_tables().get(base))))
        if again:
            break
    return line


def _broken_line(line: Line) -> Finding | None:
    names = [name for name, _ in line]
    if len(names) != len(set(names)):
        message = say("it extends itself: {line}", line=" < ".join(names))
        return refuse("rulebook.extends_itself", names[-1], message)
    if line[0][1] is None:
        known = nearest(names[0], packaged_tables())
        message = say("it extends {base}, which is not there; {known}", base=names[0], known=known)
        return refuse("rulebook.extends_nothing", names[-1], message)
    for name, table in line:
        bad = [key for key in SECTIONS if not _is_section((table or {}).get(key, {}))]
        if bad:
            message = say("it must be a table of tables, [{key}.id]", key=bad[0])
            return refuse(_FORM, f"{name}: {bad[0]}", message)
        if not _is_removal((table or {}).get("remove", {})):
            message = say("it must be a table of lists of names, [remove]")
            return refuse(_FORM, f"{name}: remove", message)
    return None


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(v, Mapping) for v in value.values())


def _is_removal(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(names, list) and all(isinstance(n, str) for n in names)
        for names in value.values()
    )


def _merged(line: Line) -> dict[str, Any]:
    """The words of a line of rulebooks, the last one's above those of the others."""
    merged: dict[str, Any] = {}
    for _, table in line:
        own = table or {}
        merged = {key: v for key, v in merged.items() if key in SECTIONS}
        _take_away(merged, own.get("remove", {}))
        for key, value in own.items():
            if key in SECTIONS:
                section = merged.setdefault(key, {})
                for name, entry in value.items():
                    section[name] = {**section.get(name, {}), **entry}
            elif key not in _OWN:
                merged[key] = value
    return merged


def _take_away(merged: dict[str, Any], remove: Table) -> None:
    """Take entries out, and activities out of the rules that name them."""
    for key, names in remove.items():
        section = merged.get(key, {})
        merged[key] = {name: entry for name, entry in section.items() if name not in names}
    gone = remove.get("activity", [])
    rules = {name: _without(rule, gone) for name, rule in merged.get("rule", {}).items()}
    merged["rule"] = {name: rule for name, rule in rules.items() if rule.get("activities") != []}


def _without(rule: Table, gone: Sequence[str]) -> Table:
    lists = {k: v for k, v in rule.items() if k in ("activities", "except") and isinstance(v, list)}
    return {**rule, **{key: [a for a in v if a not in gone] for key, v in lists.items()}}


# -- the form --------------------------------------------------------------------------------------


def _unfounded(line: Line) -> Iterator[Finding]:
    """What the last of a line changes without a source of its own, or removes though it is not
    there."""
    (name, table), bases = line[-1], _merged(line[:-1])
    own = table or {}
    for key in _RULED:
        for entry, words in own.get(key, {}).items():
            lacking = [k for k in ("clause", "source", "verified") if k not in words]
            if entry in bases.get(key, {}) and lacking:
                message = say("it changes an entry and does not say its own {keys}",
                              keys=", ".join(lacking))  # fmt: skip
                yield refuse(_FORM, f"{name}: {key}.{entry}", message)
    yield from _removed_in_vain(name, own.get("remove", {}), bases)


def _removed_in_vain(name: str, remove: Table, bases: Table) -> Iterator[Finding]:
    for key, entries in remove.items():
        strange = [e for e in entries if e not in bases.get(key, {})]
        if key not in SECTIONS or strange:
            names = ", ".join(strange) or key
            message = say("there is nothing called {names} to remove", names=names)
            yield refuse(_FORM, f"{name}: remove.{key}", message)


def _faults_of_table(line: Line) -> Iterator[Finding]:
    name, table = line[-1][0], _merged(line)
    head = {key: value for key, value in table.items() if key not in SECTIONS}
    yield from _faults(TypeAdapter(Head), head, name)
    for key, (_, model) in SECTIONS.items():
        adapter = TypeAdapter(model)
        for entry, words in table.get(key, {}).items():
            yield from _faults(adapter, {**words, "id": entry}, name, key, entry)


def _faults(adapter: TypeAdapter[Any], value: Any, name: str, *place: str) -> Iterator[Finding]:
    try:
        adapter.validate_python(value)
    except ValidationError as fault:
        for error in fault.errors():
            at = ".".join(str(k) for k in (*place, *error["loc"]))
            yield refuse(_FORM, f"{name}: {at}", plain_fault(error))


def plain_fault(error: Mapping[str, Any]) -> str:
    """What is wrong with a value, in words that stand in the file: 'permitted', and not the name
    that the code has for it."""
    message = re.sub(r"<[\w.]+: ('[^']*')>", r"\1", error["msg"]).removeprefix("Value error, ")
    wrong = error.get("input")
    return f"{message}, not '{wrong}'" if isinstance(wrong, str) else message


def _read(name: str, line: Line) -> Rulebook:
    table = _merged(line)
    head = Head.model_validate({k: v for k, v in table.items() if k not in SECTIONS})
    terms = {
        field: MappingProxyType(
            {n: model.model_validate({**v, "id": n}) for n, v in table.get(key, {}).items()}
        )
        for key, (field, model) in SECTIONS.items()
    }
    base = _read(line[-2][0], line[:-1]) if len(line) > 1 else None
    return Rulebook(id=name, head=head, base=base, **terms)
