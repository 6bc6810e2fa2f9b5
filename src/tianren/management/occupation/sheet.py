"""What the sheet of the occupation procedure says beyond statuses and moves: ways, facts, zones."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from tianren.language import in_tongue

Names = Mapping[str, str]


@dataclass(frozen=True)
class Way:
    """What a case is in law: who decides it, and what must come between screening and approval.

    level: of whoever approves; needs: the moves in between; offset: whether area must be given for
    area; documents: move -> documents that the move needs on this way.
    """

    id: str
    names: Names
    level: str
    needs: tuple[str, ...]
    offset: bool
    documents: Mapping[str, tuple[str, ...]]
    clause: str

    @property
    def name(self) -> str:
        return in_tongue(self.names)


@dataclass(frozen=True)
class Fact:
    """A fact of a case; kind: which plain value it is; choices: of a "choice"."""

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

    ways: Mapping[str, Way]
    facts: Mapping[str, Fact]
    zones: Mapping[str, Names]
    taken: Mapping[str, Taken]
    next: Mapping[str, tuple[str, ...]]


@cache
def sheet() -> Sheet:
    """The sheet of the package."""
    path = files("tianren.parameters") / "procedures" / "occupation.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Sheet(
        _each(table["way"], _way),
        _each(table["fact"], _fact),
        _each(table["zone"], lambda _, row: row["name"]),
        _each(table["move"], _taken),
        _each(table["status"], lambda _, row: tuple(row.get("next", ()))),
    )


def _each(table: Mapping[str, Any], read: Any) -> Mapping[str, Any]:
    return MappingProxyType({key: read(key, row) for key, row in table.items()})


def _way(name: str, row: Mapping[str, Any]) -> Way:
    documents = {move: tuple(listed) for move, listed in row.get("documents", {}).items()}
    return Way(
        name, row["name"], row["level"], tuple(row["needs"]), row.get("offset", False), documents,
        row["clause"],
    )  # fmt: skip


def _fact(name: str, row: Mapping[str, Any]) -> Fact:
    return Fact(name, row["name"], row["kind"], tuple(row.get("choices", ())))


def _taken(_: str, row: Mapping[str, Any]) -> Taken:
    return Taken(
        frozenset((*row.get("documents", ()), *row.get("may_documents", ()))),
        frozenset((*row.get("facts", ()), *row.get("may_facts", ()))),
        row.get("open", False),
        row.get("reason", False),
        row.get("same_as", ""),
        tuple(row.get("appealed_from", ())),
    )
