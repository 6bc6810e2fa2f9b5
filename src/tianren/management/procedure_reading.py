"""A procedure read from its table, whole or told with all its faults."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tianren.errors import UserError
from tianren.management.procedure import Document, Move, Procedure, Status


@cache
def packaged(name: str) -> Procedure:
    """A procedure of the package, "occupation"."""
    path = files("tianren.parameters").joinpath("procedures").joinpath(f"{name}.toml")
    return procedure_of(name, tomllib.loads(path.read_text(encoding="utf-8")), f"{name}.toml")


def procedure_of(name: str, table: Mapping[str, Any], where: str) -> Procedure:
    """A procedure from its table, checked: every move leads from and to statuses that are there,
    every status can be come to, and only an ended one has no way on. UserError with all faults."""
    found = Procedure(
        name,
        table["name"],
        table["source"],
        bool(table["verified"]),
        table["since"],
        {key: Status(key, v["name"], v.get("due"), v.get("ended", False))
         for key, v in table["status"].items()},
        {key: Document(key, v["name"]) for key, v in table.get("document", {}).items()},
        {key: _move(key, v) for key, v in table["move"].items()},
    )  # fmt: skip
    faults = [*_faults_of_moves(found), *_faults_of_statuses(found)]
    if faults:
        raise UserError("; ".join(faults), where=where, next_step="correct the procedure")
    return found


def _move(name: str, table: Mapping[str, Any]) -> Move:
    names = ("documents", "facts", "may_documents", "may_facts", "apart_from")
    lists = {key: tuple(table.get(key, ())) for key in names}
    return Move(
        name, table["name"], tuple(table.get("from", ())), table.get("to", ""),
        table.get("level", ""), clause=table.get("clause", ""), **lists,
    )  # fmt: skip


def _faults_of_moves(procedure: Procedure) -> list[str]:
    found = []
    for move in procedure.moves.values():
        statuses = [*move.sources, *([move.to] if move.to else [])]
        found += [f"{move.id}: no status {s}" for s in statuses if s not in procedure.statuses]
        found += [f"{move.id}: no document {d}" for d in move.documents
                  if d not in procedure.documents]  # fmt: skip
        found += [f"{move.id}: no move {m}" for m in move.apart_from if m not in procedure.moves]
        if not move.to and not move.sources:
            found.append(f"{move.id}: it leads nowhere")
    return found


def _faults_of_statuses(procedure: Procedure) -> list[str]:
    reached = {move.to for move in procedure.moves.values()}
    found = []
    for status in procedure.statuses.values():
        onward = any(m.to for m in procedure.open_from(status.id))
        if status.id not in reached:
            found.append(f"the status {status.id} cannot be come to")
        if not status.ended and not onward:
            found.append(f"the status {status.id} has no way on")
    return found
