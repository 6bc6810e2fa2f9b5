"""The sheet of the procedure: statuses and moves, and with them ways, facts, zones, what is taken.

A country may have its own sheet (procedures/occupation.toml in the project's folder): other names,
levels, documents, clocks, people kept apart, clauses, ways, and more of each. The moves, statuses
and facts that the rules of this room speak of must be in it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from tianren.errors import UserError
from tianren.language import in_tongue
from tianren.management.procedure import Procedure
from tianren.management.procedure_reading import procedure_of
from tianren.records import Plain

NAME = "occupation"
LEVELS = ("nation", "province", "city", "county", "township")
Names = Mapping[str, str]


@dataclass(frozen=True)
class Way:
    """What a case is in law: who decides it, and what must come between screening and approval.

    level: of whoever approves; needs: the moves in between; offset: whether area must be given for
    area; documents: move -> documents that the move needs on this way; clauses: the clause that
    makes it one, by language.
    """

    id: str
    names: Names
    level: str
    needs: tuple[str, ...]
    offset: bool
    documents: Mapping[str, tuple[str, ...]]
    clauses: Names

    @property
    def name(self) -> str:
        return in_tongue(self.names)

    @property
    def clause(self) -> str:
        return in_tongue(self.clauses)


@dataclass(frozen=True)
class Fact:
    """A fact of a case; kind: which plain value it is; choices: of a "choice", or of zones."""

    id: str
    names: Names
    kind: str
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return in_tongue(self.names)


@dataclass(frozen=True)
class Taken:
    """What a move takes, and from whom.

    documents, facts: all that may be given with it; open: and documents that a rulebook names;
    reason: whether it must say why; same_as: the move whose actor alone may make it; appealed_from:
    the statuses that it ends the appeal of.
    """

    documents: frozenset[str]
    facts: frozenset[str]
    open: bool
    reason: bool
    same_as: str
    appealed_from: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """next: status -> the moves that its clock waits for."""

    procedure: Procedure
    ways: Mapping[str, Way]
    facts: Mapping[str, Fact]
    zones: Mapping[str, Names]
    taken: Mapping[str, Taken]
    next: Mapping[str, tuple[str, ...]]

    def document_name(self, document: str, facts: Plain) -> str:
        """What a document is called: by the procedure, else by the rulebook that asked for it."""
        if document in self.procedure.documents:
            return self.procedure.documents[document].name
        named = facts.get("documents_needed", {}).get(document)
        return in_tongue(named) if named else document


@cache
def packaged_sheet() -> Sheet:
    """The sheet of the package."""
    path = files("tianren.parameters") / "procedures" / f"{NAME}.toml"
    return _sheet(tomllib.loads(path.read_text(encoding="utf-8")), path.name)


def sheet_of(table: Mapping[str, Any], where: str) -> Sheet:
    """A project's own sheet, checked. UserError with all its faults."""
    try:
        found = _sheet(table, where)
    except KeyError as missing:
        raise UserError(
            f"there is no key {missing}", where=where,
            next_step="copy the packaged procedure, and change what is different",
        ) from missing  # fmt: skip
    faults = [*_missing(found), *_unknown(found)]
    if faults:
        raise UserError("; ".join(faults), where=where, next_step="correct the procedure")
    return found


def _sheet(table: Mapping[str, Any], where: str) -> Sheet:
    zones = _each(table.get("zone", {}), lambda _, row: row["name"])
    return Sheet(
        procedure_of(NAME, table, where),
        _each(table.get("way", {}), _way),
        _each(table.get("fact", {}), lambda name, row: _fact(name, row, tuple(zones))),
        zones,
        _each(table["move"], _taken),
        _each(table["status"], lambda _, row: tuple(row.get("next", ()))),
    )


def _missing(found: Sheet) -> list[str]:
    """What the rules of this room speak of and the sheet does not have."""
    own = packaged_sheet()
    kinds = {
        "move": (own.procedure.moves, found.procedure.moves),
        "status": (own.procedure.statuses, found.procedure.statuses),
        "document": (own.procedure.documents, found.procedure.documents),
        "fact": (own.facts, found.facts),
        "way": (own.ways, found.ways),
        "zone": (own.zones, found.zones),
    }
    lacking = [f"no {kind} {name}" for kind, (wanted, given) in kinds.items()
               for name in wanted if name not in given]  # fmt: skip
    other = [f"the fact {name} is not of the kind {fact.kind}" for name, fact in own.facts.items()
             if name in found.facts and found.facts[name].kind != fact.kind]  # fmt: skip
    return [*lacking, *other]


def _unknown(found: Sheet) -> list[str]:
    """What the sheet names and does not have."""
    documents, moves = found.procedure.documents, found.procedure.moves
    named = [(f"move {m}: no document {d}", d in documents)
             for m, taken in found.taken.items() for d in sorted(taken.documents)]  # fmt: skip
    named += [(f"move {m}: no fact {f}", f in found.facts)
              for m, taken in found.taken.items() for f in sorted(taken.facts)]  # fmt: skip
    named += [(f"move {m}: no move {taken.same_as}", not taken.same_as or taken.same_as in moves)
              for m, taken in found.taken.items()]  # fmt: skip
    named += [(f"way {w.id}: no move {m}", m in moves)
              for w in found.ways.values() for m in (*w.needs, *w.documents)]  # fmt: skip
    named += [(f"way {w.id}: no document {d}", d in documents)
              for w in found.ways.values() for listed in w.documents.values()
              for d in listed]  # fmt: skip
    named += [(f"way {w.id}: no level {w.level}", w.level in LEVELS) for w in found.ways.values()]
    return [fault for fault, known in named if not known]


def _each(table: Mapping[str, Any], read: Any) -> Mapping[str, Any]:
    return MappingProxyType({key: read(key, row) for key, row in table.items()})


def _way(name: str, row: Mapping[str, Any]) -> Way:
    documents = {move: tuple(listed) for move, listed in row.get("documents", {}).items()}
    return Way(
        name, row["name"], row["level"], tuple(row["needs"]), row.get("offset", False), documents,
        _clauses(row["clause"]),
    )  # fmt: skip


def _clauses(clause: str | Names) -> Names:
    """A country with one language may write its clause as one text."""
    return {"en": clause} if isinstance(clause, str) else clause


def _fact(name: str, row: Mapping[str, Any], zones: tuple[str, ...]) -> Fact:
    choices = zones if row["kind"] == "zones" else tuple(row.get("choices", ()))
    return Fact(name, row["name"], row["kind"], choices)


def _taken(_: str, row: Mapping[str, Any]) -> Taken:
    return Taken(
        frozenset((*row.get("documents", ()), *row.get("may_documents", ()))),
        frozenset((*row.get("facts", ()), *row.get("may_facts", ()))),
        row.get("open", False),
        row.get("reason", False),
        row.get("same_as", ""),
        tuple(row.get("appealed_from", ())),
    )
