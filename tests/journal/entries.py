"""Records for the journal's tests: a counter of amounts, simple enough to count by hand."""

import datetime as dt
from typing import Any

from tianren.project.journal.database import Database
from tianren.project.journal.journal import Fold, Journal, start_journal
from tianren.records import Plain, Record

DAY = dt.date(2026, 1, 1)


def entry(subject: str, amount: int = 1, **more: Any) -> Record:
    """Something happened to a subject: its amount grew."""
    fields: dict[str, Any] = {
        "kind": "sum.added", "subject": f"sum/{subject}", "effective": DAY, "role": "registrar",
        "ground": "law 12", "body": {"amount": amount}, "personal": {"actor": "ann"},
    }  # fmt: skip
    return Record(**{**fields, **more})


def _apply(state: Plain | None, record: Record) -> Plain:
    known = state or {"total": 0, "of": 0}
    return {"total": known["total"] + record.body["amount"], "of": known["of"] + 1}


SUMS: Fold[Plain] = Fold("sum", _apply, dict, dict)


def start(database: Database) -> Journal:
    opening = Record("", "", DAY, "administrator", "founding", personal={"actor": "ann"})
    return start_journal(database, opening)


def add(journal: Journal, *records: Record) -> range:
    with journal.writing() as book:
        return book.append(records)
