"""The journal: all of a decision or none, read as of any day, on a file and on a server."""

import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
from entries import DAY, SUMS, add, entry, start
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.project.journal.chain import line_hash
from tianren.project.journal.database import Database, database_of
from tianren.project.journal.journal import Journal, open_journal, start_journal
from tianren.project.journal.schema import revision_of
from tianren.project.journal.tables import metadata
from tianren.records import Record, standing

LATER = DAY + dt.timedelta(days=10)


def totals(journal: Journal, **asked: object) -> dict[str, int]:
    with journal.reading() as reader:
        return {s: v["total"] for s, v in reader.states(SUMS, **asked).items()}  # type: ignore[arg-type]


def test_a_record_comes_back_as_it_was_written(journal: Journal) -> None:
    written = entry(
        "鹤/7", 3, place="14/1403", reason="ünïcode \u2028 \"quoted\"\nline", source="scan 7",
        body={"amount": 3, "名": ["a", 1.5, None, True], "deep": {"x": 1e-9}},
        personal={"actor": "ann", "applicant": "李伟 <li@x>"},
    )  # fmt: skip
    (number,) = add(journal, written)
    with journal.reading() as reader:
        (read,) = reader.history("sum/鹤/7")
    assert number == 2 and read.number == 2 and read.recorded is not None
    for name in Record.__dataclass_fields__:
        if name not in ("number", "recorded"):
            assert getattr(read, name) == getattr(written, name), name


def test_the_chain_can_be_checked_with_sha256_alone(journal: Journal) -> None:
    add(journal, *(entry(str(n), n) for n in range(20)))
    with journal.reading() as reader:
        lines = [row[0] for row in reader.connection.exec_driver_sql(
            "SELECT line FROM record ORDER BY number")]  # fmt: skip
        head = reader.head()
    previous = ""
    for line in lines:
        assert f'"previous":"{previous}"' in line
        assert '"ann"' not in line  # what is about a person is not in the chain
        previous = line_hash(line)
    assert (head.number, head.hash) == (21, previous)


def test_all_or_nothing(journal: Journal) -> None:
    with pytest.raises(ZeroDivisionError), journal.writing() as book:
        book.append([entry("a")])
        assert book.state(SUMS, "sum/a") == {"total": 1, "of": 1}  # seen while it is written
        _ = 1 / 0
    with journal.reading() as reader:
        assert reader.head().number == 1
    with pytest.raises(UserError, match="needs its actor and ground"):
        add(journal, entry("a"), entry("b", personal={}, ground=" "))
    with pytest.raises(ValueError, match="no plain value"):
        add(journal, entry("a"), entry("b", body={"amount": 1, "day": DAY}))
    assert totals(journal) == {}


def test_as_of_a_day_and_as_it_was_known(journal: Journal) -> None:
    add(journal, entry("a", 1), entry("a", 10, effective=LATER))
    add(journal, entry("a", 100, effective=DAY - dt.timedelta(days=5)))  # known late
    assert totals(journal) == {"sum/a": 111}
    assert totals(journal, day=DAY) == {"sum/a": 101}
    assert totals(journal, day=DAY, known=3) == {"sum/a": 1}
    assert totals(journal, day=DAY - dt.timedelta(days=1)) == {"sum/a": 100}
    assert totals(journal, day=DAY - dt.timedelta(days=9)) == {}
    with journal.reading() as reader:
        third = reader.history("sum/a")[1].recorded
    assert third is not None
    assert totals(journal, known=third) == {"sum/a": 11}


def test_a_correction_stands_where_the_old_stood(journal: Journal) -> None:
    add(journal, entry("a", 1), entry("a", 2, effective=LATER), entry("b", 5))
    add(journal, entry("a", 40, corrects=2))
    assert totals(journal) == {"sum/a": 42, "sum/b": 5}
    assert totals(journal, day=DAY) == {"sum/a": 40, "sum/b": 5}
    assert totals(journal, known=4) == {"sum/a": 3, "sum/b": 5}
    add(journal, entry("a", 7, corrects=5))  # a correction of the correction
    assert totals(journal) == {"sum/a": 9, "sum/b": 5}
    add(journal, entry("b", kind="sum.withdrawn", corrects=4))
    assert totals(journal) == {"sum/a": 9}
    with journal.reading() as reader:
        assert len(reader.history("sum/a")) == 4  # nothing is ever gone from the history


def test_places_and_kinds(journal: Journal) -> None:
    add(journal, entry("a", place="1/12"), entry("b", place="1/1"), entry("c", place="11"),
        entry("d", place="1"), entry("e", kind="summit.seen"))  # fmt: skip
    assert list(totals(journal)) == ["sum/a", "sum/b", "sum/c", "sum/d"]
    assert list(totals(journal, place="1")) == ["sum/a", "sum/b", "sum/d"]
    assert list(totals(journal, place="1/1")) == ["sum/b"]
    assert list(totals(journal, subjects=["sum/c", "sum/x"])) == ["sum/c"]
    with journal.reading() as reader:
        assert [r.kind for r in reader.records(kind="summit.seen")] == ["summit.seen"]
        assert [r.number for r in reader.records(after=4)] == [5, 6]


def test_snapshots_change_nothing_but_the_time(journal: Journal) -> None:
    """Snapshots taken at any moment, then later, earlier and corrected records: the same states."""
    draw = random.Random(5)
    for _ in range(6):
        with journal.writing() as book:
            last = book.head().number
            drawn = [(draw.choice("abcdef"), draw.randrange(100)) for _ in range(8)]
            book.append(
                entry(name, amount, place="1" if name < "d" else "1/2",
                      effective=DAY + dt.timedelta(days=draw.randrange(30)))
                for name, amount in drawn
            )  # fmt: skip
            mine = [r for r in book.records(kind="sum") if r.number <= last]
            if mine:
                old = draw.choice(mine)
                book.append([entry(old.subject[4:], 1000, place=old.place, corrects=old.number)])
            if draw.random() < 0.7:
                assert book.keep_snapshots(SUMS) == len(book.states(SUMS, known=10**9))
        for day in (None, DAY, LATER, DAY + dt.timedelta(days=40)):
            for place in ("", "1/2"):
                now = totals(journal, day=day, place=place)
                assert now == totals(journal, day=day, place=place, known=10**9)


def test_what_is_erased_is_gone_and_the_chain_holds(journal: Journal) -> None:
    who = "Anna Amsler, Bern"
    add(journal, entry("a", personal={"actor": "ann", "applicant": who}))
    with journal.writing() as book:
        number = book.erase({2: ["applicant"]}, entry("a", kind="", ground="request", body={}))
    with journal.reading() as reader:
        old, note = reader.history("sum/a")
        rows = reader.connection.exec_driver_sql("SELECT * FROM sealed").all()
    assert old.personal == {"actor": "ann", "applicant": None}
    assert note.number == number == 3 and note.body == {"erased": {"2": ["applicant"]}}
    assert not any(who in str(row) for row in rows)
    assert len([row for row in rows if row[0] == 2]) == 1  # the salt went with it
    with pytest.raises(UserError, match="no such personal value"), journal.writing() as book:
        book.erase({2: ["applicant"]}, entry("a", kind="", body={}))


def test_shapes_are_found_by_where_they_are(journal: Journal) -> None:
    import hashlib

    def shaped(name: str, x: float) -> tuple[Record, dict[str, bytes]]:
        wkb = shapely.to_wkb(shapely.box(x, 0, x + 1, 1))
        digest = hashlib.sha256(wkb).hexdigest()
        return entry(name, body={"amount": 1, "boundary": digest}), {digest: wkb}

    with journal.writing() as book:
        for name, x in (("a", 0.0), ("b", 5.0), ("c", 0.0)):
            record, shapes = shaped(name, x)
            book.append([record], shapes)
        book.append([shaped("a", 20.0)[0]], shaped("a", 20.0)[1])
    with journal.reading() as reader:
        assert reader.touching("sum", (0.5, 0.5, 0.6, 0.6)) == ["sum/a", "sum/c"]
        assert reader.touching("sum", (-9, -9, 99, 99)) == ["sum/a", "sum/b", "sum/c"]
        assert reader.touching("su", (-9, -9, 99, 99)) == []
        assert reader.touching("sum", (2, 2, 3, 3)) == []
        (digest,) = {r.body["boundary"] for r in reader.records(subject="sum/b")}
        (wkb,) = reader.shapes([digest, "f" * 64]).values()
    assert shapely.from_wkb(wkb).equals(shapely.box(5, 0, 6, 1))


def test_a_clock_that_jumps_back_does_not_turn_time_round(store: Database) -> None:
    start(store)
    now = dt.datetime.now(dt.UTC)
    times = iter([now + dt.timedelta(hours=1), now - dt.timedelta(days=3)])
    journal = Journal(store, clock=lambda: next(times))
    add(journal, entry("a"))
    with journal.writing() as book:
        book.append([entry("a")])
        assert book.clock_behind == dt.timedelta(days=3, hours=1)
    with journal.reading() as reader:
        recorded = [r.recorded for r in reader.records()]
    assert recorded == sorted(recorded, key=lambda r: r or now)
    assert recorded[1] == recorded[2]


def test_one_journal_a_store(journal: Journal, store: Database) -> None:
    with pytest.raises(UserError, match="a journal here already, with 1 records"):
        start(store)
    assert open_journal(store).opened().role == "administrator"
    assert revision_of(store) == "0001"


def test_without_a_journal_the_next_step_is_told(store: Database) -> None:
    with pytest.raises(UserError, match="no journal here yet") as fault:
        open_journal(store)
    assert "journal start" in fault.value.next_step


def test_the_migrations_make_the_tables_that_the_code_knows(journal: Journal) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with journal.reading() as reader:
        ignored = {"spatial_ref_sys"}
        context = MigrationContext.configure(
            reader.connection,
            opts={"include_object": lambda o, name, *_: name not in ignored, "compare_type": False},
        )
        assert compare_metadata(context, metadata) == []


def test_on_postgis_shapes_can_be_opened_by_a_desktop_gis(
    journal: Journal, store: Database
) -> None:
    if store.is_file:
        return
    wkb = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    import hashlib

    digest = hashlib.sha256(wkb).hexdigest()
    with journal.writing() as book:
        book.append([entry("a", body={"amount": 1, "boundary": digest})], {digest: wkb})
    with journal.reading() as reader:
        there = reader.connection.exec_driver_sql(
            "SELECT 1 FROM pg_extension WHERE extname = 'postgis'"
        ).scalar()
        if not there:
            pytest.skip("POSTGIS ABSENT: install postgresql-15-postgis-3")
        rows = reader.connection.exec_driver_sql(
            "SELECT subject, ST_Area(geometry) FROM shape_on_map"
        ).all()
    assert rows == [("sum/a", 1.0)]


@pytest.mark.parametrize(
    ("store_url", "fault"),
    [
        ("mysql://x/y", "neither"), ("postgresql://h", "neither"), ("nonsense", "neither"),
        ("postgresql:///", "neither"),
    ],
)  # fmt: skip
def test_other_stores_are_refused(store_url: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=fault):
        database_of(store_url, tmp_path)


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    database = database_of("postgresql://ann:secret@127.0.0.1:1/x", tmp_path)
    assert "secret" not in database.where
    with pytest.raises(UserError, match="does not answer") as fault:
        open_journal(database)
    assert "secret" not in str(fault.value)


AMOUNTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 5), st.integers(0, 4)),
    max_size=12,
)


@given(AMOUNTS, st.integers(0, 6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_standing_equals_the_plain_definition(
    rows: list[tuple[str, int, int, int]], day: int
) -> None:
    """Against the slow way: for each record, look for the one that stands for it."""
    records: list[Record] = []
    for subject, amount, days, back in rows:
        number = len(records) + 1
        same = [r.number for r in records if r.subject == f"sum/{subject}"]
        corrected = same[-back] if back and back <= len(same) else 0
        if corrected in {r.corrects for r in records}:
            corrected = 0  # a record is corrected once; then its correction is
        records.append(
            entry(subject, amount, effective=DAY + dt.timedelta(days=days), corrects=corrected,
                  number=number)
        )  # fmt: skip
    by_correction = {r.corrects: r for r in records if r.corrects}

    def final(record: Record) -> Record:
        while record.number in by_correction:
            record = by_correction[record.number]
        return record

    cut = DAY + dt.timedelta(days=day)
    roots = [r for r in records if not r.corrects]
    kept = [(final(r).effective, r.number, final(r)) for r in roots if final(r).effective <= cut]
    assert standing(records, cut) == [r for *_, r in sorted(kept, key=lambda k: k[:2])]


@pytest.fixture
def many(store: Database) -> Callable[[int], Journal]:
    def make(count: int) -> Journal:
        journal = start(store)
        for first in range(0, count, 10_000):
            size = min(10_000, count - first)
            add(journal, *(entry(str((first + n) % 500), 1) for n in range(size)))
        return journal

    return make


def test_long_journals_are_read_in_parts(many: Callable[[int], Journal]) -> None:
    journal = many(25_000)
    with journal.reading() as reader:
        numbers = [r.number for r in reader.records()]
        named = reader.states(SUMS, subjects=[f"sum/{n}" for n in range(1200)])
    assert numbers == list(range(1, 25_002))
    assert len(named) == 500 and {v["total"] for v in named.values()} == {50}


def test_a_newer_schema_is_refused(journal: Journal, store: Database) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UserError, match="newer version of Tianren"):
        open_journal(store)


def test_start_needs_its_record(store: Database) -> None:
    with pytest.raises(UserError, match="needs its"):
        start_journal(store, Record("", "", DAY, "", ""))
