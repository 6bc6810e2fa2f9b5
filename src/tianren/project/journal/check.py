"""What `tianren verify` looks at: the chain, the columns, what is sealed, shapes, snapshots.

Each fault is a Finding that names the record. What cannot be found from the journal alone, a tail
that was cut off or a history that was rewritten to its end, is found against an anchor.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.project.journal.anchors import Anchor
from tianren.project.journal.chain import FIRST, line_hash, record_from, seal_digest
from tianren.project.journal.journal import ERASED, Fold, Head, Reader
from tianren.project.journal.tables import record, sealed, shape, shape_of, snapshot
from tianren.records import shapes_named, standing

_ROWS = 10_000
MOST_FAULTS = 100  # faults that are listed; more are counted


@dataclass
class Checked:
    """What was found. faults: at most MOST_FAULTS of `count`; anchored: the highest record that an
    anchor witnesses, with the anchor; people: sealed values that are there, erased: that are not.
    """

    head: Head = field(default_factory=lambda: Head(0, FIRST))
    count: int = 0
    faults: list[Finding] = field(default_factory=list)
    witnesses: list[tuple[Anchor, str]] = field(default_factory=list)  # and where it was found
    shapes: int = 0
    people: int = 0
    erased: int = 0
    snapshots: int = 0
    without_people: bool = False

    @property
    def clean(self) -> bool:
        return not self.count

    @property
    def anchored(self) -> int:
        """Up to which record an anchor agrees with the journal; 0 where none does."""
        return max((anchor.number for anchor, _ in self.witnesses), default=0)

    def add(self, rule: str, subject: str, message: str) -> None:
        self.count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Finding(f"journal.{rule}", subject, Severity.ERROR, message))


def check(
    reader: Reader,
    anchors: Iterable[tuple[Anchor, str]] = (),
    folds: Sequence[Fold[Any]] = (),
) -> Checked:
    """Everything that can be checked. anchors: heads that others kept, each with where it was
    found; folds: the kinds whose snapshots are made again and compared."""
    found = Checked()
    wanted: dict[int, list[tuple[Anchor, str]]] = {}
    for anchor, where in anchors:
        wanted.setdefault(anchor.number, []).append((anchor, where))
    erased, shapes = _check_chain(reader, found, wanted)
    _beyond_the_end(found, wanted)
    _check_people(reader, found, erased)
    _check_shapes(reader, found, shapes)
    for fold in folds:
        _check_snapshots(reader, found, fold)
    return found


def _check_chain(
    reader: Reader, found: Checked, wanted: Mapping[int, Sequence[tuple[Anchor, str]]]
) -> tuple[dict[int, set[str]], dict[str, str]]:
    """The lines one by one; returns what was erased on record, and digest -> subject of shapes."""
    erased: dict[int, set[str]] = {}
    shapes: dict[str, str] = {}
    previous, last, time = FIRST, 0, ""
    for row in _rows(reader, sa.select(record).order_by(record.c.number)):
        number, line = row.number, row.line
        here = say("record {n}", n=number)
        if number != last + 1:
            gap = say("records {a} to {b}", a=last + 1, b=number - 1)
            found.add("missing", gap, say("{what} are missing", what=gap))
        digest = line_hash(line)
        table = _table(found, here, line, digest, row)
        if table is not None:
            if table.get("previous") != previous and number == last + 1:
                found.add("broken", here, say("{here} does not follow from the one before it: one "
                                              "of them was changed", here=here))  # fmt: skip
            if row.recorded < time:
                found.add("time", here, say("{here} was recorded before the one before", here=here))
            _note(table, row.subject, erased, shapes)
        for anchor, where in wanted.get(number, ()):
            _witness(found, anchor, where, digest)
        previous, last, time = digest, number, row.recorded
    found.head = Head(last, previous)
    return erased, shapes


def _table(found: Checked, here: str, line: str, digest: str, row: Any) -> Any:
    """The line parsed; None, told, where it is not what was written."""
    if digest != row.hash:
        found.add("changed", here, say("{here} was changed: its text does not give its hash",
                                       here=here))  # fmt: skip
    try:
        table = json.loads(line)
        own = tuple(str(table[name]) for name in _REPEATED)
    except (ValueError, KeyError, TypeError):
        found.add("unreadable", here, say("{here} cannot be read", here=here))
        return None
    kept = tuple(str(value) for value in row[: len(_REPEATED)])
    if own != kept:
        name = next(n for n, a, b in zip(_REPEATED, own, kept, strict=True) if a != b)
        found.add("index", here, say("the column {name} of {here} was changed", name=name,
                                     here=here))  # fmt: skip
    return table


_REPEATED = ("number", "kind", "subject", "place", "effective", "recorded")


def _note(
    table: Mapping[str, Any], subject: str, erased: dict[int, set[str]], shapes: dict[str, str]
) -> None:
    if table["kind"] == ERASED:
        for number, labels in table["body"].get("erased", {}).items():
            erased.setdefault(int(number), set()).update(labels)
    for digest in shapes_named(table["body"]):
        shapes.setdefault(digest, subject)


def _witness(found: Checked, anchor: Anchor, where: str, digest: str) -> None:
    if anchor.hash == digest:
        found.witnesses.append((anchor, where))
        return
    message = say(
        "the anchor of {where} ({day}) says another hash for record {n}: the history up to it was "
        "rewritten",
        where=where, day=anchor.made[:10], n=anchor.number,
    )  # fmt: skip
    found.add("rewritten", say("record {n}", n=anchor.number), message)


def _beyond_the_end(found: Checked, wanted: Mapping[int, Sequence[tuple[Anchor, str]]]) -> None:
    last = found.head.number
    for number in sorted(n for n in wanted if n > last):
        anchor, where = wanted[number][0]
        message = say(
            "the anchor of {where} ({day}) knows record {n}, and the journal ends with {last}: its "
            "tail was cut off",
            where=where, day=anchor.made[:10], n=number, last=last,
        )  # fmt: skip
        found.add("truncated", say("records {a} to {b}", a=last + 1, b=number), message)


def _check_people(reader: Reader, found: Checked, erased: Mapping[int, set[str]]) -> None:
    """What is sealed gives the digests of the chain; what is gone was erased on record."""
    kept = _rows(reader, sa.select(sealed).order_by(sealed.c.number, sealed.c.label))
    row = next(kept, None)
    if row is None:
        found.without_people = True  # an export without them was imported: told, not a fault
        return
    lines = sa.select(record.c.number, record.c.line).order_by(record.c.number)
    for number, line in _rows(reader, lines):
        mine: dict[str, Any] = {}
        while row is not None and row.number <= number:
            mine[row.label] = row
            row = next(kept, None)
        _compare_people(found, number, _digests(line), mine, erased.get(number, set()))


def _digests(line: str) -> dict[str, str]:
    try:
        return dict(json.loads(line)["personal"])
    except (ValueError, KeyError, TypeError):
        return {}  # told already


def _compare_people(
    found: Checked, number: int, digests: Mapping[str, str], mine: Mapping[str, Any],
    erased: set[str],
) -> None:  # fmt: skip
    here = say("record {n}", n=number)
    for label, digest in digests.items():
        row = mine.get(label)
        if row is not None:
            found.people += 1
            if seal_digest(row.salt, row.value) != digest:
                found.add("personal", here, say("the personal value {label} of {here} was changed",
                                                label=label, here=here))  # fmt: skip
        elif label in erased:
            found.erased += 1
        else:
            found.add("personal", here, say("the personal value {label} of {here} is gone, and no "
                                            "record says why", label=label, here=here))  # fmt: skip
    for label in sorted(set(mine) - set(digests)):
        found.add("personal", here, say("{here} has a personal value {label} that the chain does "
                                        "not know", label=label, here=here))  # fmt: skip


def _check_shapes(reader: Reader, found: Checked, named: Mapping[str, str]) -> None:
    """Every shape that a record names is there, as it was."""
    there = set()
    for row in _rows(reader, sa.select(shape.c.digest, shape.c.wkb)):
        found.shapes += 1
        there.add(row.digest)
        if hashlib.sha256(bytes(row.wkb)).hexdigest() != row.digest:
            whose = named.get(row.digest, row.digest[:12])
            found.add("shape", whose, say("the shape of {subject} was changed", subject=whose))
    for digest, subject in named.items():
        if digest not in there:
            found.add("shape", subject, say("the shape of {subject} is gone", subject=subject))
    pairs = {(r.subject, r.digest) for r in reader.connection.execute(sa.select(shape_of))}
    for digest, subject in named.items():
        if (subject, digest) not in pairs:
            found.add("index", subject, say("the index of shapes lacks {subject}", subject=subject))


def _check_snapshots(reader: Reader, found: Checked, fold: Fold[Any]) -> None:
    """Every snapshot is what the records up to it give."""
    rows = _rows(
        reader,
        sa.select(snapshot).where(snapshot.c.subject.startswith(f"{fold.name}/", autoescape=True)),
    )
    for row in list(rows):
        found.snapshots += 1
        if not _follows(reader, fold, row):
            message = say("the snapshot of {subject} is not what its records give",
                          subject=row.subject)  # fmt: skip
            found.add("snapshot", row.subject, message)


def _follows(reader: Reader, fold: Fold[Any], row: Any) -> bool:
    """Whether the records of a subject give its snapshot; those that were spoilt give none."""
    try:
        own = [record_from(json.loads(line)) for line in _lines_of(reader, row)]
        state = fold.of(standing(own))
        return state is not None and fold.pack(state) == json.loads(row.state)
    except (ValueError, KeyError, TypeError):
        return False


def _lines_of(reader: Reader, row: Any) -> Iterator[str]:
    ask = sa.select(record.c.line).where(
        record.c.subject == row.subject, record.c.number <= row.number
    )
    return (line for (line,) in reader.connection.execute(ask.order_by(record.c.number)))


def _rows(reader: Reader, ask: Any) -> Iterator[Any]:
    return iter(reader.connection.execute(ask, execution_options={"yield_per": _ROWS}))
