"""What `tianren verify` looks at: the chain, the columns, what is sealed, shapes, snapshots.

Each fault is a Finding that names the record. What cannot be found from the journal alone, a tail
that was cut off or a history that was rewritten to its end, is found against an anchor.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from tianren.findings import Finding, Severity
from tianren.language import say, say_many
from tianren.project.journal.anchors import Anchor
from tianren.project.journal.chain import FIRST, line_hash, record_from, seal_digest
from tianren.project.journal.journal import ERASED, Fold, Head, Reader, shape_row
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
    noted = _check_chain(reader, found, wanted)
    _beyond_the_end(found, wanted)
    _check_gone(found, noted)
    _check_shapes(reader, found, noted)
    for fold in folds:
        _check_snapshots(reader, found, fold)
    return found


@dataclass
class _Noted:
    """What the lines say of the rest. shapes: digest -> its first subject; pairs: each subject with
    each of its digests; erased: record -> labels, by the records that say so; gone: records
    and labels of which nothing is sealed; spoilt: whether a line is gone or cannot be read."""

    shapes: dict[str, str] = field(default_factory=dict)
    pairs: dict[tuple[str, str], None] = field(default_factory=dict)
    erased: dict[int, set[str]] = field(default_factory=dict)
    gone: list[tuple[int, str]] = field(default_factory=list)
    spoilt: bool = False


@dataclass(frozen=True)
class _Line:
    """What a line says, as far as it is checked. columns: as _REPEATED."""

    columns: list[Any]
    previous: str
    digests: Mapping[str, str]
    shapes: Sequence[str]
    erased: Mapping[int, Sequence[str]]


_REPEATED = ("number", "kind", "subject", "place", "effective", "recorded")
_columns = itemgetter(*_REPEATED)


def _check_chain(
    reader: Reader, found: Checked, wanted: Mapping[int, Sequence[tuple[Anchor, str]]]
) -> _Noted:
    """The lines one by one, in one pass, each with what is sealed of it."""
    noted, people = _Noted(), _People(reader)
    found.without_people = people.none
    time = ""
    for row in _rows(reader, sa.select(record).order_by(record.c.number)):
        *columns, text, kept = row
        number, subject, recorded = columns[0], columns[2], columns[5]
        digest = line_hash(text)
        line = _check_line(found, columns, text, digest == kept)
        _check_order(found, number, line, recorded < time)
        noted.spoilt |= line is None or number != found.head.number + 1
        if line is not None:
            _note(noted, line, subject)
        _check_people(found, noted, number, line, people.up_to(number))
        for anchor, where in wanted.get(number, ()):
            _witness(found, anchor, where, digest)
        found.head, time = Head(number, digest), recorded
    _check_people(found, noted, found.head.number, None, people.up_to(None))
    return noted


def stretch(first: int, last: int) -> str:
    """Records from one to another, as text."""
    return _here(first) if first == last else say("records {a} to {b}", a=first, b=last)


def _here(number: int) -> str:
    return say("record {n}", n=number)


def _check_line(found: Checked, columns: Sequence[Any], text: str, whole: bool) -> _Line | None:
    """A line that gives its hash and says what its columns say; None, told, for no line at all."""
    number = columns[0]
    if not whole:
        here = _here(number)
        found.add("changed", here, say("{here} was changed: its text does not give its hash",
                                       here=here))  # fmt: skip
    line = _read(text)
    if line is None:
        here = _here(number)
        found.add("unreadable", here, say("{here} cannot be read", here=here))
    elif line.columns != columns:
        here = _here(number)
        name = next(n for n, a, b in zip(_REPEATED, line.columns, columns, strict=True) if a != b)
        found.add("index", here, say("the column {name} of {here} was changed", name=name,
                                     here=here))  # fmt: skip
    return line


def _read(text: str) -> _Line | None:
    """A line; None where it is not one that the journal writes."""
    try:
        table = json.loads(text)
        body, erased = table["body"], {}
        if table["kind"] == ERASED:
            erased = {int(n): list(labels) for n, labels in body["erased"].items()}
        return _Line(list(_columns(table)), table["previous"], dict(table["personal"]),
                     shapes_named(body), erased)  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _check_order(found: Checked, number: int, line: _Line | None, back: bool) -> None:
    """A line follows the one before: by its number, by the hash that it holds, in time."""
    last = found.head
    if number != last.number + 1:
        gap = stretch(last.number + 1, number - 1)
        found.add("missing", gap, say_many("{what} is missing", "{what} are missing",
                                           number - 1 - last.number, what=gap))  # fmt: skip
    elif line is not None and line.previous != last.hash:
        here = _here(number)
        found.add("broken", here, say("{here} does not follow from the one before it: one of them "
                                      "was changed", here=here))  # fmt: skip
    if back:
        here = _here(number)
        found.add("time", here, say("{here} was recorded before the one before", here=here))


def _note(noted: _Noted, line: _Line, subject: str) -> None:
    for number, labels in line.erased.items():
        noted.erased.setdefault(number, set()).update(labels)
    for digest in line.shapes:
        noted.shapes.setdefault(digest, subject)
        noted.pairs[subject, digest] = None


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
        found.add("truncated", stretch(last + 1, number), message)


class _People:
    """What is sealed, read along with the lines."""

    def __init__(self, reader: Reader) -> None:
        self._rows = _rows(reader, sa.select(sealed).order_by(sealed.c.number, sealed.c.label))
        self._next = next(self._rows, None)
        self.none = self._next is None  # an export without them was imported: told, not a fault

    def up_to(self, number: int | None) -> list[Any]:
        """The next rows, up to those of a record; all that are left for None."""
        found = []
        while self._next is not None and (number is None or self._next[0] <= number):
            found.append(self._next)
            self._next = next(self._rows, None)
        return found


def _check_people(
    found: Checked, noted: _Noted, number: int, line: _Line | None, rows: Sequence[Any]
) -> None:
    """What is sealed gives the digests of the chain. What is not there is noted: a later record may
    say that it was erased."""
    there = set()
    for of, label, salt, value in rows:
        if of != number or (line is not None and label not in line.digests):
            here = _here(of)
            found.add("personal", here, say("{here} has a personal value {label} that the chain "
                                            "does not know", label=label, here=here))  # fmt: skip
        elif line is not None:
            there.add(label)
            found.people += 1
            if seal_digest(salt, value) != line.digests[label]:
                here = _here(of)
                found.add("personal", here, say("the personal value {label} of {here} was changed",
                                                label=label, here=here))  # fmt: skip
    if line is not None and not found.without_people:
        noted.gone += [(number, label) for label in line.digests if label not in there]


def _check_gone(found: Checked, noted: _Noted) -> None:
    """What is gone was erased on record; in a copy without names that is all that can be told."""
    if found.without_people:
        found.erased = sum(len(labels) for labels in noted.erased.values())
    for number, label in noted.gone:
        if label in noted.erased.get(number, ()):
            found.erased += 1
        else:
            here = _here(number)
            found.add("personal", here, say("the personal value {label} of {here} is gone, and no "
                                            "record says why", label=label, here=here))  # fmt: skip


def _check_shapes(reader: Reader, found: Checked, noted: _Noted) -> None:
    """Every shape that a record names is there, as it was, within the bounds kept of it, and the
    index knows each and no other. Two shapes of one subject with one fault are one fault."""
    there: set[str] = set()
    faults = [*_spoilt_shapes(reader, noted.shapes, there)]
    found.shapes = len(there)
    faults += [
        ("shape", subject, say("the shape of {subject} is gone", subject=subject))
        for digest, subject in noted.shapes.items()
        if digest not in there
    ]
    for rule, subject, message in dict.fromkeys([*faults, *_index_faults(reader, noted)]):
        found.add(rule, subject, message)


_Fault = tuple[str, str, str]  # rule, subject, message


def _spoilt_shapes(reader: Reader, named: Mapping[str, str], there: set[str]) -> Iterator[_Fault]:
    """Shapes that are not as they were recorded. there: takes up the digests that there are."""
    for row in _rows(reader, sa.select(shape)):
        there.add(row.digest)
        whose = named.get(row.digest, row.digest[:12])
        if hashlib.sha256(bytes(row.wkb)).hexdigest() != row.digest:
            yield "shape", whose, say("the shape of {subject} was changed", subject=whose)
        elif tuple(row)[2:] != shape_row(row.digest, bytes(row.wkb))[2:]:
            yield "index", whose, say("the bounds of the shape of {subject} were changed",
                                      subject=whose)  # fmt: skip


def _index_faults(reader: Reader, noted: _Noted) -> Iterator[_Fault]:
    """What the index of shapes lacks, and what it has although no record names it. The second is
    told of whole lines alone: what a spoilt one named cannot be known."""
    pairs = {(r.subject, r.digest) for r in reader.connection.execute(sa.select(shape_of))}
    for subject, digest in noted.pairs:
        if (subject, digest) not in pairs:
            yield "index", subject, say("the index of shapes lacks {subject}", subject=subject)
    for subject, _ in sorted(pairs - noted.pairs.keys() if not noted.spoilt else ()):
        yield "index", subject, say("the index of shapes has a shape of {subject} that no record "
                                    "names", subject=subject)  # fmt: skip


def _check_snapshots(reader: Reader, found: Checked, fold: Fold[Any]) -> None:
    """Every snapshot is what the records of its kind up to it give."""
    s, t = snapshot.c, record.c
    own = sa.and_(
        t.subject == s.subject, t.number <= s.number,
        t.kind.startswith(f"{fold.name}.", autoescape=True),
    )  # fmt: skip
    of_kind = s.subject.startswith(f"{fold.name}/", autoescape=True)
    kept = _rows(reader, sa.select(s.subject, s.state).where(of_kind).order_by(s.subject))
    lines = sa.select(s.subject, t.line).select_from(snapshot.outerjoin(record, own)).where(of_kind)
    rows = _rows(reader, lines.order_by(s.subject, t.number))
    groups = groupby(rows, key=itemgetter(0))  # one for each snapshot, in the same order
    for (subject, state), (_, mine) in zip(kept, groups, strict=True):
        found.snapshots += 1
        if not _follows(fold, [line for _, line in mine], state):
            message = say("the snapshot of {subject} is not what its records give",
                          subject=subject)  # fmt: skip
            found.add("snapshot", subject, message)


def _follows(fold: Fold[Any], lines: Sequence[str | None], kept: str) -> bool:
    """Whether lines give a snapshot; those that were spoilt, or are gone, give none."""
    try:
        own = [record_from(json.loads(line)) for line in lines if line is not None]
        state = fold.of(standing(own))
        return state is not None and fold.pack(state) == json.loads(kept)
    except (ValueError, KeyError, TypeError):
        return False


def _rows(reader: Reader, ask: Any) -> Iterator[Any]:
    return iter(reader.connection.execute(ask, execution_options={"yield_per": _ROWS}))
