"""The journal as JSON Lines that anyone can check with sha256sum, and back.

journal.jsonl: the lines, each with the SHA-256 of the line before. personal.jsonl: what is sealed,
written only when asked for. shapes.jsonl: shapes by their SHA-256. head.json: the anchor.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tianren.errors import UserError
from tianren.language import say
from tianren.project.digests import write_whole
from tianren.project.journal.chain import FIRST, line_hash, seal_digest
from tianren.project.journal.database import Database, insert_many
from tianren.project.journal.journal import ERASED, Journal, Reader, require_empty, shape_row
from tianren.project.journal.schema import upgrade
from tianren.project.journal.tables import record, sealed, shape, shape_of
from tianren.records import shapes_named

LINES, PEOPLE, SHAPES, HEAD = "journal.jsonl", "personal.jsonl", "shapes.jsonl", "head.json"
_ROWS = 10_000
_LONGEST = 64 * 1024 * 1024  # bytes of one line that are read


def export_journal(reader: Reader, folder: Path, *, personal: bool) -> dict[str, int]:
    """Write the files into a folder; file -> rows. personal: with what is about people."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {LINES: _write(folder / LINES, _lines(reader))}
    if personal:
        written[PEOPLE] = _write(folder / PEOPLE, _people(reader))
    written[SHAPES] = _write(folder / SHAPES, _shapes(reader))
    return written


def _write(path: Path, lines: Iterator[str]) -> int:
    count = 0
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8", newline="\n") as stream:
        for line in lines:
            stream.write(line + "\n")
            count += 1
    part.replace(path)
    return count


def _rows(reader: Reader, ask: Any) -> Iterator[Any]:
    return iter(reader.connection.execute(ask, execution_options={"yield_per": _ROWS}))


def _lines(reader: Reader) -> Iterator[str]:
    ask = sa.select(record.c.line).order_by(record.c.number)
    return (line for (line,) in _rows(reader, ask))


def _people(reader: Reader) -> Iterator[str]:
    for row in _rows(reader, sa.select(sealed).order_by(sealed.c.number, sealed.c.label)):
        yield json.dumps(dict(row._mapping), ensure_ascii=False)


def _shapes(reader: Reader) -> Iterator[str]:
    ask = sa.select(shape.c.digest, shape.c.wkb).order_by(shape.c.digest)
    for row in _rows(reader, ask):
        yield json.dumps({"digest": row.digest, "wkb": bytes(row.wkb).hex()})


def write_head(folder: Path, anchor: Mapping[str, Any]) -> Path:
    """The anchor beside the lines."""
    path = folder / HEAD
    write_whole(path, json.dumps(anchor, indent=1) + "\n")
    return path


@dataclass(frozen=True)
class Imported:
    """How much was read in."""

    records: int
    people: int
    shapes: int


def import_journal(database: Database, folder: Path) -> tuple[Journal, Imported]:
    """A journal from exported files, into a store that has none; nothing is kept of a chain that
    does not hold. UserError names the line."""
    is_new = database.lacks_file
    try:
        return _imported(database, folder)
    except BaseException:
        database.close()
        if is_new:
            database.discard_file()
        raise


def _imported(database: Database, folder: Path) -> tuple[Journal, Imported]:
    upgrade(database)
    journal = Journal(database)
    with journal.writing() as book:
        require_empty(book, database, say("import into a project without one"))
        shapes = _import_shapes(book.connection, folder / SHAPES)
        digests = _import_lines(book.connection, folder / LINES)
        people = _import_people(book.connection, folder / PEOPLE, digests)
    return journal, Imported(len(digests), people, shapes)


def _import_lines(connection: Any, path: Path) -> dict[int, dict[str, str]]:
    """Insert the lines; returns number -> label -> digest of what is sealed and not erased."""
    sealed_at: dict[int, dict[str, str]] = {}
    previous = FIRST
    pairs: dict[tuple[str, str], None] = {}
    numbered = enumerate(_read(path), start=1)
    while part := list(islice(numbered, _ROWS)):
        rows = []
        for number, line in part:
            table = _following(line, number, previous, path)
            previous = line_hash(line)
            rows.append(
                (number, table["kind"], table["subject"], table["place"], table["effective"],
                 table["recorded"], line, previous)
            )  # fmt: skip
            sealed_at[number] = dict(table["personal"])
            _take_erased(table, sealed_at)
            for digest in shapes_named(table["body"]):
                pairs[table["subject"], digest] = None
        insert_many(connection, record, rows)
    insert_many(connection, shape_of, list(pairs))
    return sealed_at


def _take_erased(table: Mapping[str, Any], sealed_at: dict[int, dict[str, str]]) -> None:
    if table["kind"] == ERASED:
        for number, labels in table["body"].get("erased", {}).items():
            for label in labels:
                sealed_at.get(int(number), {}).pop(label, None)


def _following(line: str, number: int, previous: str, path: Path) -> Mapping[str, Any]:
    try:
        table: Mapping[str, Any] = json.loads(line)
        follows = table["number"] == number and table["previous"] == previous
        whole = all(name in table for name in ("kind", "subject", "place", "effective", "recorded",
                                               "personal", "body"))  # fmt: skip
    except (ValueError, KeyError, TypeError):
        follows = whole = False
    if not (follows and whole):
        raise UserError(
            say("the line does not follow from the one before it: one of them was changed"),
            where=f"{path}, line {number}",
            next_step=say("nothing was imported; get the export again, and ask who changed it"),
        )
    return table


def _import_people(connection: Any, path: Path, digests: Mapping[int, Mapping[str, str]]) -> int:
    """Insert what is sealed. Without the file the journal has no names, and says so at verify."""
    if not path.exists():
        return 0
    rows = []
    for at, line in enumerate(_read(path), start=1):
        row = json.loads(line)
        if seal_digest(row["salt"], row["value"]) != digests.get(row["number"], {}).get(
            row["label"]
        ):
            raise UserError(
                say("the personal value is not the one that was sealed"),
                where=f"{path}, line {at}",
                next_step=say("nothing was imported; get the export again, and ask who changed it"),
            )
        rows.append((row["number"], row["label"], row["salt"], row["value"]))
    insert_many(connection, sealed, rows)
    return len(rows)


def _import_shapes(connection: Any, path: Path) -> int:
    rows = []
    for at, line in enumerate(_read(path) if path.exists() else [], start=1):
        row = json.loads(line)
        wkb = bytes.fromhex(row["wkb"])
        if hashlib.sha256(wkb).hexdigest() != row["digest"]:
            raise UserError(
                say("the shape is not the one that was recorded"),
                where=f"{path}, line {at}",
                next_step=say("nothing was imported; get the export again, and ask who changed it"),
            )
        rows.append(shape_row(row["digest"], wkb))
    insert_many(connection, shape, rows)
    return len(rows)


def _read(path: Path) -> Iterator[str]:
    """The lines of a file, each within bounds."""
    try:
        with path.open(encoding="utf-8", newline="\n") as stream:
            while line := stream.readline(_LONGEST):
                yield line.rstrip("\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise UserError(
            say("the export cannot be read: {why}", why=fault),
            where=str(path),
            next_step=say("name the folder that tianren journal export wrote"),
        ) from fault
