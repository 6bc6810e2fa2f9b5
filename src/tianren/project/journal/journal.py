"""The journal: records are appended, all of a decision or none, and read as of any day.

with journal.writing() as book:          # one writer at a time
    case = book.state(FOLD, subject)     # as it is now, and stays until we are done
    book.append(decide(case, act).records)
"""

import datetime as dt
import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from tianren.errors import UserError
from tianren.language import say
from tianren.project.journal.chain import (
    FIRST,
    line_hash,
    line_of,
    new_salts,
    record_from,
    seal,
    time_text,
)
from tianren.project.journal.database import Database, insert_many
from tianren.project.journal.schema import require_schema, upgrade
from tianren.project.journal.tables import record as records_table
from tianren.project.journal.tables import sealed, shape, shape_of, snapshot
from tianren.records import Plain, Record, shapes_named, standing

S = TypeVar("S")
Known = dt.datetime | int | None  # what was known: by a moment, or up to a record's number
Bounds = tuple[float, float, float, float]  # west, south, east, north in the journal's plane

JOURNAL = "journal"  # the subject of what is about the journal itself
OPENED = "journal.opened"
ERASED = "journal.erased"
_BATCH = 10_000
_MOST_NAMED = 900  # values that one statement may name


@dataclass(frozen=True)
class Head:
    """The last record of a journal: its number and hash say what all of it is."""

    number: int
    hash: str
    recorded: dt.datetime | None = None


@dataclass(frozen=True)
class Fold(Generic[S]):
    """How records make the state of a subject. name: with which its kinds and subjects begin,
    "zone" of "zone.entered" and "zone/14"; pack, unpack: a state as plain values, and back."""

    name: str
    apply: Callable[[S | None, Record], S]
    pack: Callable[[S], Plain]
    unpack: Callable[[Plain], S]

    def of(self, records: Iterable[Record], state: S | None = None) -> S | None:
        for one in records:
            state = self.apply(state, one)
        return state


class Reader:
    """What can be asked of a journal over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def head(self) -> Head:
        """The last record; number 0 where there is none."""
        row = self.connection.execute(_LAST).first()
        if row is None:
            return Head(0, FIRST)
        return Head(row.number, row.hash, dt.datetime.fromisoformat(row.recorded))

    def hash_of(self, number: int) -> str:
        """The hash of a line; that of the first tells journals apart. Empty where there is none."""
        t = records_table.c
        found = self.connection.execute(sa.select(t.hash).where(t.number == number)).scalar()
        return str(found or "")

    def records(
        self,
        *,
        kind: str = "",
        subject: str = "",
        place: str = "",
        known: Known = None,
        after: int = 0,
        personal: bool = False,
    ) -> Iterator[Record]:
        """Records as they were written, in the order of their numbers.

        kind: its first part ("zone") or all of it; subject: one; place: this one and all within;
        after: only later numbers. personal: with what is known of the people in them.
        """
        wanted = _known(known)
        t = records_table.c
        if kind:
            wanted.append(t.kind == kind if "." in kind else _begins(t.kind, f"{kind}."))
        if subject:
            wanted.append(t.subject == subject)
        if place:
            wanted.append(_within(t.place, place))
        if after:
            wanted.append(t.number > after)
        return self._read(wanted, personal)

    def history(self, subject: str, known: Known = None) -> list[Record]:
        """Every record of a subject, corrections and all."""
        return list(self.records(subject=subject, known=known, personal=True))

    def state(
        self, fold: Fold[S], subject: str, *, day: dt.date | None = None, known: Known = None
    ) -> S | None:
        """The state of one subject; None where nothing is known of it."""
        own = self.records(kind=fold.name, subject=subject, known=known, personal=True)
        return fold.of(standing(own, day))

    def states(
        self,
        fold: Fold[S],
        *,
        place: str = "",
        subjects: Sequence[str] | None = None,
        day: dt.date | None = None,
        known: Known = None,
    ) -> dict[str, S]:
        """Subject -> state of all of a kind, or of those named, in the order of their names."""
        with _garbage_left():
            if known is None:
                return self._states_now(fold, place, subjects, day)
            wanted = [*_known(known), *_of(fold, records_table.c, place)]
            return _folded(fold, self._grouped(fold, wanted, subjects), day)

    def touching(self, name: str, bounds: Bounds) -> list[str]:
        """Subjects of a kind that have, or had, a shape that could meet these bounds."""
        west, south, east, north = bounds
        s = shape.c
        near = self.connection.execute(
            sa.select(s.digest).where(s.west <= east, s.east >= west, s.south <= north,
                                      s.north >= south)
        ).scalars().all()  # fmt: skip
        found: set[str] = set()
        for part in _parts(near):  # not joined: a store would look at every shape for its subject
            asked = sa.select(shape_of.c.subject).where(
                shape_of.c.digest.in_(part), _begins(shape_of.c.subject, f"{name}/")
            )
            found.update(self.connection.execute(asked).scalars())
        return sorted(found)

    def subjects(self, start: str) -> dict[str, str]:
        """Subject that begins so -> the place of its first record."""
        t = records_table.c
        found: dict[str, str] = {}
        ask = sa.select(t.subject, t.place).where(_begins(t.subject, start))
        for row in self.connection.execute(ask.order_by(t.subject, t.number)):
            found.setdefault(row.subject, row.place)
        return found

    def changed(self, subject: str) -> list[int]:
        """The records of a subject whose text does not give the hash that is kept of it."""
        t = records_table.c
        ask = sa.select(t.number, t.line, t.hash).where(t.subject == subject).order_by(t.number)
        return [
            row.number for row in self.connection.execute(ask) if line_hash(row.line) != row.hash
        ]

    def any_by(self, start: str, day: dt.date) -> bool:
        """Whether anything of a subject that begins so was in effect by a day."""
        t = records_table.c
        ask = sa.select(t.number).where(_begins(t.subject, start), t.effective <= day.isoformat())
        return self.connection.execute(ask.limit(1)).first() is not None

    def shapes(self, digests: Iterable[str]) -> dict[str, bytes]:
        """Digest -> the WKB of a shape."""
        found: dict[str, bytes] = {}
        for part in _parts(sorted(set(digests))):
            rows = self.connection.execute(
                sa.select(shape.c.digest, shape.c.wkb).where(shape.c.digest.in_(part))
            )
            found.update((row.digest, bytes(row.wkb)) for row in rows)
        return found

    # -- how ------------------------------------------------------------------------------------

    def _read(self, wanted: Sequence[Any], personal: bool) -> Iterator[Record]:
        t = records_table.c
        ask = sa.select(t.number, t.line).where(*wanted).order_by(t.number)
        rows = self.connection.execute(ask, execution_options={"yield_per": _BATCH})
        for part in rows.partitions(_BATCH):
            people = self._people([row[0] for row in part]) if personal else {}
            for number, line in part:
                yield _record(number, line, people.get(number))

    def _people(self, numbers: Sequence[int]) -> dict[int, dict[str, str | None]]:
        found: dict[int, dict[str, str | None]] = {}
        for part in _parts(numbers):
            rows = self.connection.execute(
                sa.select(sealed.c.number, sealed.c.label, sealed.c.value).where(
                    sealed.c.number.in_(part)
                )
            )
            for row in rows:
                found.setdefault(row.number, {})[row.label] = row.value
        return found

    def _grouped(
        self, fold: Fold[Any], wanted: Sequence[Any], subjects: Sequence[str] | None
    ) -> dict[str, list[Record]]:
        """Subject -> its records."""
        found: dict[str, list[Record]] = {}
        parts: Iterable[Any] = [None] if subjects is None else _parts(sorted(set(subjects)))
        for part in parts:
            named = [] if part is None else [records_table.c.subject.in_(part)]
            for one in self._read([*wanted, *named], personal=False):
                found.setdefault(one.subject, []).append(one)
        return found

    def _states_now(
        self, fold: Fold[S], place: str, subjects: Sequence[str] | None, day: dt.date | None
    ) -> dict[str, S]:
        """From snapshots and what came after; where that came before in effect, from the first."""
        kept = self._snapshots(fold, place, subjects)
        t = records_table.c
        newer = sa.or_(snapshot.c.number.is_(None), t.number > snapshot.c.number)
        later = self._newer(fold, place, subjects, newer)
        stale = [s for s, (cut, _) in kept.items() if not _goes_on(cut, later.get(s, ()), day)]
        whole = {s: later[s] for s in later if s not in kept}
        if stale:
            whole |= self._grouped(fold, _of(fold, t, ""), stale)
        states = _folded(fold, whole, day)
        for subject, (_, state) in kept.items():
            if subject not in whole:
                before = _unpacked(fold, subject, state)
                one = fold.of(standing(later.get(subject, ()), day), before)
                if one is not None:
                    states[subject] = one
        return dict(sorted(states.items()))

    def _snapshots(
        self, fold: Fold[Any], place: str, subjects: Sequence[str] | None
    ) -> dict[str, tuple[str, str]]:
        """Subject -> the last day of effect in its snapshot, and the state as text."""
        found: dict[str, tuple[str, str]] = {}
        ask = sa.select(snapshot.c.subject, snapshot.c.day, snapshot.c.state)
        ask = ask.where(*_of_subjects(fold, snapshot.c, place))
        parts: Iterable[Any] = [None] if subjects is None else _parts(sorted(set(subjects)))
        for part in parts:
            named = ask if part is None else ask.where(snapshot.c.subject.in_(part))
            rows = self.connection.execute(named)
            found.update((r.subject, (r.day, r.state)) for r in rows)
        return found

    def _newer(
        self, fold: Fold[Any], place: str, subjects: Sequence[str] | None, newer: Any
    ) -> dict[str, list[Record]]:
        """Subject -> its records after its snapshot, or all where it has none."""
        t = records_table.c
        joined = records_table.outerjoin(snapshot, t.subject == snapshot.c.subject)
        ask = sa.select(t.number, t.line).select_from(joined).where(newer, *_of(fold, t, place))
        found: dict[str, list[Record]] = {}
        parts: Iterable[Any] = [None] if subjects is None else _parts(sorted(set(subjects)))
        for part in parts:
            named = ask if part is None else ask.where(t.subject.in_(part))
            for number, line in self.connection.execute(named.order_by(t.number)):
                one = _record(number, line)
                found.setdefault(one.subject, []).append(one)
        return found


class Book(Reader):
    """The journal while it is written: what is appended is there for later questions at once."""

    def __init__(self, connection: Connection, clock: Callable[[], dt.datetime]) -> None:
        super().__init__(connection)
        self._clock = clock
        self._head = self.head()
        self.start = self._head
        self.clock_behind: dt.timedelta | None = None

    def append(self, new: Iterable[Record], shapes: Mapping[str, bytes] | None = None) -> range:
        """Write records, in their order; returns their numbers.

        shapes: digest -> WKB of every new shape that a body names (records.shapes_named).
        """
        self._keep_shapes(shapes or {})
        moment = self._now()
        recorded, first = time_text(moment), self._head.number + 1
        number, previous, salts = self._head.number, self._head.hash, new_salts()
        rows: list[Any] = []
        hidden: list[Any] = []
        places: dict[tuple[str, str], None] = {}
        for number, one in enumerate(new, first):
            one.require_whole()
            mine = [
                seal(label, str(value), next(salts))
                for label, value in one.personal.items()
                if value is not None
            ]
            line = line_of(one, number, recorded, {h.label: h.digest for h in mine}, previous)
            previous = line_hash(line)
            rows.append(_row(one, number, recorded, line, previous))
            hidden += [(number, h.label, h.salt, h.value) for h in mine]
            for digest in shapes_named(one.body):
                places[one.subject, digest] = None
        self._head = Head(number, previous, moment)
        insert_many(self.connection, records_table, rows)
        insert_many(self.connection, sealed, hidden)
        self._keep_places(places)
        return range(first, number + 1)

    def erase(self, numbers: Mapping[int, Sequence[str]], ground: Record) -> int:
        """Erase personal values: the text and its salt. numbers: record -> labels; ground: the
        record that says why (kind ERASED), to which what was erased is added."""
        body = {**ground.body, "erased": {str(n): sorted(labels) for n, labels in numbers.items()}}
        for number, labels in numbers.items():
            gone = self.connection.execute(
                sa.delete(sealed).where(sealed.c.number == number, sealed.c.label.in_(labels))
            )
            if gone.rowcount != len(set(labels)):
                raise UserError(
                    say("record {n} has no such personal value, or it was erased", n=number),
                    where=", ".join(labels),
                    next_step=say("nothing was erased; see: tianren journal show --record {n}",
                                  n=number),
                )  # fmt: skip
        return self.append([replace(ground, kind=ERASED, body=body)])[0]

    def keep_snapshots(self, fold: Fold[S], subjects: Sequence[str] | None = None) -> int:
        """Keep the states of a kind as they are after all their records; how many were kept."""
        found = self._grouped(fold, _of(fold, records_table.c, ""), subjects)
        rows = []
        for subject, own in found.items():
            stand = standing(own)
            state = fold.of(stand)
            if state is not None:
                rows.append(_snapshot_row(subject, own, stand, fold.pack(state)))
        for part in _parts([row[0] for row in rows]):
            self.connection.execute(sa.delete(snapshot).where(snapshot.c.subject.in_(part)))
        insert_many(self.connection, snapshot, rows)
        return len(rows)

    def _now(self) -> dt.datetime:
        """The clock's time, but never before the last record: a clock that was set back is told."""
        moment, last = self._clock(), self._head.recorded
        if last is None or moment >= last:
            return moment
        self.clock_behind = last - moment
        return last

    def _keep_shapes(self, shapes: Mapping[str, bytes]) -> None:
        known = self.shapes(shapes)
        new = [shape_row(d, wkb) for d, wkb in sorted(shapes.items()) if d not in known]
        insert_many(self.connection, shape, new)

    def _keep_places(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Which subjects have which shapes, each once."""
        known: set[Any] = set()
        for part in _parts(sorted({subject for subject, _ in pairs})):
            asked = sa.select(shape_of).where(shape_of.c.subject.in_(part))
            known |= {tuple(row) for row in self.connection.execute(asked)}
        insert_many(self.connection, shape_of, [pair for pair in pairs if pair not in known])


class Journal:
    """A journal that was started. Reading and writing both see whole decisions only."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime] | None = None) -> None:
        self.database = database
        self._clock = clock or (lambda: dt.datetime.now(dt.UTC))

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        with self.database.reading() as connection:
            yield Reader(connection)

    @contextmanager
    def writing(self) -> Iterator[Book]:
        """Write: all that is appended in the block, or, where it ends in an error, nothing.

        Where a server goes away while it confirms, it is asked again whether it has the records.
        """
        book: Book | None = None
        whole = False
        try:
            with self.database.writing() as connection:
                book = Book(connection, self._clock)
                yield book
                whole = True
        except UserError as fault:
            lost = isinstance(fault.__cause__, DBAPIError) and whole
            if not (lost and book is not None and self._has(book)):
                raise

    def _has(self, book: Book) -> bool:
        """Whether the store has what was written, although its confirmation was lost."""
        with self.reading() as reader:
            t = records_table.c
            found = reader.connection.execute(
                sa.select(t.hash).where(t.number == book._head.number)
            ).scalar()
        return found == book._head.hash

    def opened(self) -> Record:
        """The first record: of which project, in which plane."""
        with self.reading() as reader:
            first = next(reader.records(kind=OPENED, subject=JOURNAL), None)
        if first is None:
            raise UserError(
                say("there is no journal here yet"),
                where=self.database.where,
                next_step=say("start one: tianren journal start --as YOU"),
            )
        return first

    def close(self) -> None:
        self.database.close()


def open_journal(database: Database) -> Journal:
    """A journal that is there. UserError where there is none."""
    _require_file(database)
    require_schema(database)
    return Journal(database)


def start_journal(database: Database, opening: Record) -> Journal:
    """A new journal with its first record. UserError where there is one already."""
    upgrade(database)
    journal = Journal(database)
    with journal.writing() as book:
        require_empty(book, database, say("look into it: tianren journal show"))
        book.append([replace(opening, kind=OPENED, subject=JOURNAL)])
    return journal


def require_empty(book: Book, database: Database, next_step: str) -> None:
    """UserError where the store holds records already."""
    if book.head().number:
        raise UserError(
            say("there is a journal here already, with {n} records", n=book.head().number),
            where=database.where, next_step=next_step,
        )  # fmt: skip


def _require_file(database: Database) -> None:
    if database.lacks_file:
        raise UserError(
            say("there is no journal here yet"),
            where=database.where,
            next_step=say("start one: tianren journal start --as YOU"),
        )


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Python's search for cycles put off: records have none, and it would look at all that are read
    again and again, half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# -- rows and conditions ---------------------------------------------------------------------------

# Made once: every decision asks it.
_LAST = (
    sa.select(records_table.c.number, records_table.c.hash, records_table.c.recorded)
    .order_by(records_table.c.number.desc())
    .limit(1)
)


def _row(one: Record, number: int, recorded: str, line: str, digest: str) -> tuple[Any, ...]:
    effective = one.effective.isoformat()
    return number, one.kind, one.subject, one.place, effective, recorded, line, digest


def _record(number: int, line: str, people: Mapping[str, str | None] | None = None) -> Record:
    try:
        return record_from(json.loads(line), people)
    except _NOT_OURS as fault:
        raise damaged(say("record {n}", n=number)) from fault


def _unpacked(fold: Fold[S], subject: str, state: str) -> S:
    """The state that a snapshot keeps."""
    try:
        return fold.unpack(json.loads(state))
    except _NOT_OURS as fault:
        raise damaged(say("the snapshot of {subject}", subject=subject)) from fault


_NOT_OURS = (ValueError, KeyError, TypeError, AttributeError)  # of texts that no journal writes


def damaged(what: str) -> UserError:
    """What is said of a row that the journal never wrote."""
    return UserError(
        say("{what} cannot be read: the journal is damaged", what=what), where="journal",
        next_step=say("see what was changed: tianren verify; then restore the journal from a copy, "
                      "or from an export: tianren journal import"),
    )  # fmt: skip


def shape_row(digest: str, wkb: bytes) -> tuple[Any, ...]:
    import shapely

    return digest, wkb, *(float(v) for v in shapely.from_wkb(wkb).bounds)


def _snapshot_row(
    subject: str, own: Sequence[Record], stand: Sequence[Record], state: Plain
) -> tuple[Any, ...]:
    day = max(r.effective for r in stand).isoformat()
    text = json.dumps(state, ensure_ascii=False, sort_keys=True)
    return subject, own[-1].place, own[-1].number, day, text


def _goes_on(cut: str, later: Sequence[Record], day: dt.date | None) -> bool:
    """Whether a snapshot that reaches to a day can be gone on from."""
    if day is not None and cut > day.isoformat():
        return False
    return all(r.corrects == 0 and r.effective.isoformat() >= cut for r in later)


def _folded(
    fold: Fold[S], records: Mapping[str, Sequence[Record]], day: dt.date | None
) -> dict[str, S]:
    states = ((s, fold.of(standing(own, day))) for s, own in sorted(records.items()))
    return {subject: state for subject, state in states if state is not None}


def _known(known: Known) -> list[Any]:
    t = records_table.c
    if known is None:
        return []
    if isinstance(known, dt.datetime):
        return [t.recorded <= time_text(known)]
    # As a sum, so that a store looks up the place or subject, and not all numbers up to this one.
    return [t.number + 0 <= known]


def _of(fold: Fold[Any], columns: Any, place: str) -> list[Any]:
    own = [_begins(columns.kind, f"{fold.name}.")]
    return [*own, _within(columns.place, place)] if place else own


def _of_subjects(fold: Fold[Any], columns: Any, place: str) -> list[Any]:
    if not place:
        return [_begins(columns.subject, f"{fold.name}/")]
    # Joined to nothing, so that a store looks up the place, and not all subjects of the kind.
    return [_begins(columns.subject + "", f"{fold.name}/"), _within(columns.place, place)]


def _begins(column: Any, start: str) -> Any:
    """Text that begins so, as a range that an index serves."""
    return sa.and_(column >= start, column < start[:-1] + chr(ord(start[-1]) + 1))


def _within(column: Any, place: str) -> Any:
    return sa.or_(column == place, _begins(column, f"{place}/"))


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Values in groups that one statement may name."""
    return (values[i : i + _MOST_NAMED] for i in range(0, len(values), _MOST_NAMED))
