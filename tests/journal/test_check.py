"""verify finds what was done to a journal, where it was done, and says what it cannot find."""

import datetime as dt
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import shapely
from entries import DAY, SUMS, add, entry, start

from tianren.errors import UserError
from tianren.project.journal.anchors import (
    Anchor,
    anchor_from,
    anchor_of,
    is_signed,
    make_key,
    read_key,
    read_public_key,
)
from tianren.project.journal.chain import line_hash
from tianren.project.journal.check import MOST_FAULTS, Checked, check
from tianren.project.journal.database import Database, database_of
from tianren.project.journal.exchange import export_journal, import_journal, write_head
from tianren.project.journal.journal import Journal

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def filled(journal: Journal) -> Journal:
    """Twelve records with names, one shape, one erased name, snapshots."""
    wkb = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    digest = hashlib.sha256(wkb).hexdigest()
    with journal.writing() as book:
        book.append([entry("s", body={"amount": 1, "boundary": digest})], {digest: wkb})
        book.append(entry(str(n % 3), n) for n in range(9))
        book.erase({5: ["actor"]}, entry("1", kind="", body={}, ground="request"))
        book.keep_snapshots(SUMS)
    return journal


def looked(journal: Journal, *anchors: Anchor) -> Checked:
    with journal.reading() as reader:
        return check(reader, [(a, "a witness") for a in anchors], [SUMS])


def anchor_at(journal: Journal) -> Anchor:
    with journal.reading() as reader:
        head = reader.head()
        return anchor_of(reader.hash_of(1), head.number, head.hash, NOW)


def tamper(journal: Journal, *statements: str) -> None:
    with journal.database.writing() as connection:
        if journal.database.is_file:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for statement in statements:
            connection.exec_driver_sql(statement)


def faults(found: Checked) -> set[tuple[str, str]]:
    return {(f.rule.removeprefix("journal."), f.subject) for f in found.faults}


def test_what_was_written_is_whole(journal: Journal) -> None:
    found = looked(filled(journal), anchor_at(journal))
    assert found.clean and found.faults == []
    assert (found.head.number, found.people, found.erased, found.shapes) == (12, 11, 1, 1)
    assert found.snapshots == 4 and found.anchored == 12


CASES = {
    "one byte flipped": (
        ["UPDATE record SET line = replace(line, '\"amount\":3', '\"amount\":8')"],
        {("changed", "record 6")},
    ),
    "a row removed": (
        ["DELETE FROM sealed WHERE number = 6", "DELETE FROM record WHERE number = 6"],
        {("missing", "record 6"), ("snapshot", "sum/0")},
    ),
    "a column changed": (
        ["UPDATE record SET effective = '2020-01-01' WHERE number = 4"],
        {("index", "record 4")},
    ),
    "another hash": (
        ["UPDATE record SET hash = 'x' WHERE number = 7"],
        {("changed", "record 7")},
    ),
    "a name changed": (
        ["UPDATE sealed SET value = 'bob' WHERE number = 3"],
        {("personal", "record 3")},
    ),
    "a name removed without a record": (
        ["DELETE FROM sealed WHERE number = 3"],
        {("personal", "record 3")},
    ),
    "a name put in": (
        ["INSERT INTO sealed VALUES (3, 'friend', 'salt', 'eve')"],
        {("personal", "record 3")},
    ),
    "a snapshot changed": (
        ["UPDATE snapshot SET state = '{\"total\": 1, \"of\": 1}' WHERE subject = 'sum/1'"],
        {("snapshot", "sum/1")},
    ),
    "a line that is no JSON": (
        ["UPDATE record SET line = 'x' WHERE number = 8"],
        {("changed", "record 8"), ("unreadable", "record 8")},
    ),
    "the index of shapes emptied": (["DELETE FROM shape_of"], {("index", "sum/s")}),
    "the index of shapes made to know more": (
        ["INSERT INTO shape_of SELECT 'sum/t', digest FROM shape_of"],
        {("index", "sum/t")},
    ),
    "the bounds of a shape moved": (
        ["UPDATE shape SET west = 9e9, east = 9e9"],
        {("index", "sum/s")},
    ),
    "the shape gone": (
        ["DELETE FROM shape_of", "DELETE FROM shape"],
        {("shape", "sum/s"), ("index", "sum/s")},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_done_is_found_and_located(journal: Journal, name: str) -> None:
    statements, expected = CASES[name]
    tamper(filled(journal), *statements)
    found = faults(looked(journal))
    assert expected <= found
    # Nothing else is blamed but what follows from it: the next record's link, snapshots, names.
    rest = {(rule, subject) for rule, subject in found - expected}
    assert all(rule in ("broken", "snapshot", "personal") for rule, _ in rest), rest


def test_an_erasure_among_the_records_of_a_subject_is_no_change_of_its_state(
    journal: Journal,
) -> None:
    add(journal, entry("a"), entry("a", 5, effective=DAY + dt.timedelta(days=9)))
    with journal.writing() as book:
        book.erase({2: ["actor"]}, entry("a", kind="", body={}, ground="request"))
        book.append([entry("a", 7, effective=DAY + dt.timedelta(days=9))])
        book.keep_snapshots(SUMS)
    assert looked(journal).clean
    with journal.reading() as reader:
        assert reader.states(SUMS, day=DAY) == {"sum/a": {"total": 1, "of": 1}}
        assert reader.states(SUMS) == {"sum/a": {"total": 13, "of": 3}}


def test_names_that_are_left_where_a_tail_was_cut_are_found(journal: Journal) -> None:
    filled(journal)
    with journal.database.engine.connect() as connection:
        if journal.database.is_file:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        connection.exec_driver_sql("DELETE FROM record WHERE number = 12")
        connection.commit()
    assert ("personal", "record 12") in faults(looked(journal))


def test_one_shape_of_two_subjects_is_looked_for_under_both(journal: Journal) -> None:
    wkb = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    digest = hashlib.sha256(wkb).hexdigest()
    body = {"amount": 1, "boundary": digest}
    with journal.writing() as book:
        book.append([entry("s", body=body), entry("t", body=body)], {digest: wkb})
    assert looked(journal).clean
    tamper(journal, "DELETE FROM shape_of WHERE subject = 'sum/t'")
    assert faults(looked(journal)) == {("index", "sum/t")}


def test_one_fault_of_two_shapes_of_a_subject_is_told_once(journal: Journal) -> None:
    with journal.writing() as book:
        for n in range(2):
            wkb = shapely.to_wkb(shapely.box(n, 0, n + 1, 1))
            digest = hashlib.sha256(wkb).hexdigest()
            book.append([entry("s", body={"amount": 1, "boundary": digest})], {digest: wkb})
    tamper(journal, "DELETE FROM shape_of", "UPDATE shape SET west = 9e9, east = 9e9")
    found = looked(journal)
    assert found.count == len({f.message for f in found.faults}) == 2


FORGED = ("UPDATE snapshot SET state = 'x'", "UPDATE record SET line = '{}' WHERE number > 1")


@pytest.mark.parametrize("statement", FORGED)
def test_a_row_that_no_journal_wrote_is_told_as_damage(journal: Journal, statement: str) -> None:
    """With how to go on; never a fault of Python's."""
    filled(journal)
    add(journal, entry("9"))
    tamper(journal, statement)
    with journal.reading() as reader, pytest.raises(UserError, match="is damaged") as fault:
        reader.states(SUMS)
    assert "tianren verify" in fault.value.next_step and "import" in fault.value.next_step
    assert not looked(journal).clean


@pytest.mark.parametrize("table", ["shape_of", "snapshot", "sealed"])
def test_a_table_that_is_gone_is_damage_and_not_a_journal_to_be_started(
    journal: Journal, table: str
) -> None:
    filled(journal)
    cascade = "" if journal.database.is_file else " CASCADE"
    tamper(journal, f"DROP TABLE {table}{cascade}")
    with pytest.raises(UserError, match="damaged") as fault:
        looked(journal)
    assert "tianren journal import" in fault.value.next_step


def test_a_shape_that_was_moved_is_found(journal: Journal) -> None:
    filled(journal)
    moved = shapely.to_wkb(shapely.box(5, 0, 6, 1))
    with journal.database.writing() as connection:
        from tianren.project.journal.tables import shape

        connection.execute(shape.update().values(wkb=moved))
    assert faults(looked(journal)) == {("shape", "sum/s")}


def rewritten(journal: Journal, number: int) -> None:
    """A forger with the whole file: a record changed and every hash after it made again."""
    with journal.database.writing() as connection:
        rows = connection.exec_driver_sql("SELECT number, line FROM record ORDER BY number").all()
        previous = ""
        for n, line in rows:
            table = json.loads(line)
            if n == number:
                table["body"] = {"amount": 999}
            table["previous"] = previous
            text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
            previous = line_hash(text)
            from tianren.project.journal.tables import record

            connection.execute(
                record.update().where(record.c.number == n).values(line=text, hash=previous)
            )
    with journal.writing() as book:
        book.keep_snapshots(SUMS)


def test_a_history_rewritten_to_its_end_is_found_by_an_anchor_and_only_by_one(
    journal: Journal,
) -> None:
    before = anchor_at(filled(journal))
    rewritten(journal, 6)
    assert looked(journal).clean  # which is what the answer says of records without an anchor
    found = looked(journal, before)
    assert faults(found) == {("rewritten", "record 12")}
    assert found.anchored == 0


def test_a_tail_that_was_cut_off_is_found_back_to_the_anchor(journal: Journal) -> None:
    before = anchor_at(filled(journal))
    add(journal, entry("9"))
    cut = "DELETE FROM {} WHERE number > {}"
    tamper(journal, *(cut.format(t, 12) for t in ("sealed", "record")))
    assert looked(journal, before).clean  # what came after the anchor, nobody can tell
    tamper(journal, *(cut.format(t, 10) for t in ("snapshot", "sealed", "record")))
    assert ("truncated", "records 11 to 12") in faults(looked(journal, before))


def test_only_so_many_faults_are_listed_and_all_are_counted(journal: Journal) -> None:
    add(journal, *(entry(str(n)) for n in range(MOST_FAULTS + 20)))
    tamper(journal, "UPDATE sealed SET value = 'x' WHERE number > 1")
    found = looked(journal)
    assert len(found.faults) == MOST_FAULTS and found.count == MOST_FAULTS + 20


# -- anchors and keys ------------------------------------------------------------------------------


def test_a_signature_holds_for_what_was_signed(tmp_path: Path) -> None:
    secret, public = make_key(tmp_path / "keys")
    assert secret.stat().st_mode & 0o077 == 0
    made = anchor_of("a" * 64, 7, "b" * 64, NOW, read_key(secret))
    key = read_public_key(public)
    assert is_signed(made, key)
    for change in ({"number": 8}, {"hash": "c" * 64}, {"made": "2027"}, {"journal": "d" * 64},
                   {"signature": ""}, {"signature": "zz"}):  # fmt: skip
        assert not is_signed(anchor_from({**made.as_dict(), **change}, "x"), key)
    other = make_key(tmp_path / "other")[1]
    assert not is_signed(made, read_public_key(other))
    with pytest.raises(UserError, match="a key already"):
        make_key(tmp_path / "keys")
    with pytest.raises(UserError, match="cannot be used"):
        read_key(public)


@pytest.mark.parametrize(
    "table",
    [{}, {"number": "7", "hash": "b" * 64}, {"number": 7, "hash": "b"}, {"number": 0}],
)
def test_what_is_no_anchor_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(UserError, match="no anchor"):
        anchor_from(table, "x")


# -- JSON Lines ------------------------------------------------------------------------------------


def exported(journal: Journal, folder: Path, *, personal: bool) -> Path:
    with journal.reading() as reader:
        export_journal(reader, folder, personal=personal)
    write_head(folder, anchor_at(journal).as_dict())
    return folder


AUDITOR = """
import hashlib, json, sys
previous = ""
for number, line in enumerate(open(sys.argv[1], encoding="utf-8", newline="\\n"), start=1):
    line = line.rstrip("\\n")
    record = json.loads(line)
    assert record["number"] == number and record["previous"] == previous, number
    previous = hashlib.sha256(line.encode("utf-8")).hexdigest()
print(previous)
"""


def test_an_auditor_needs_no_tianren(journal: Journal, tmp_path: Path) -> None:
    folder = exported(filled(journal), tmp_path / "out", personal=False)
    done = subprocess.run(
        [sys.executable, "-I", "-c", AUDITOR, str(folder / "journal.jsonl")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    head = json.loads((folder / "head.json").read_text())
    assert done.stdout.strip() == head["hash"] == anchor_at(journal).hash
    texts = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"ann" not in texts  # no name leaves unless it is asked for


def test_out_and_in_again_is_the_same_journal(journal: Journal, tmp_path: Path) -> None:
    first = exported(filled(journal), tmp_path / "one", personal=True)
    copy, read = import_journal(_empty(tmp_path / "copy"), first)
    assert (read.records, read.people, read.shapes) == (12, 11, 1)
    assert looked(copy, anchor_at(journal)).clean
    second = exported(copy, tmp_path / "two", personal=True)
    for name in ("journal.jsonl", "personal.jsonl", "shapes.jsonl"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    add(copy, entry("9"))
    assert looked(copy).clean
    with pytest.raises(UserError, match="a journal here already"):
        import_journal(copy.database, first)


def test_a_copy_without_names_says_so(journal: Journal, tmp_path: Path) -> None:
    folder = exported(filled(journal), tmp_path / "out", personal=False)
    copy, _ = import_journal(_empty(tmp_path / "copy"), folder)
    found = looked(copy)
    assert found.clean and found.without_people
    assert found.erased == 1  # as the chain says


@pytest.mark.parametrize(
    ("name", "old", "new", "where"),
    [
        ("journal.jsonl", '"amount":3', '"amount":4', "line 7"),
        ("journal.jsonl", '"number":1,', '"number":2,', "line 1"),
        ("personal.jsonl", '"ann"', '"bob"', "line 1"),
        ("shapes.jsonl", "f03f", "f13f", "line 1"),
    ],
)
def test_a_changed_export_is_refused_and_nothing_is_kept(
    journal: Journal, tmp_path: Path, name: str, old: str, new: str, where: str
) -> None:
    folder = exported(filled(journal), tmp_path / "out", personal=True)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    empty = _empty(tmp_path / "copy")
    with pytest.raises(UserError, match="nothing was imported") as fault:
        import_journal(empty, folder)
    assert where in fault.value.where
    assert not list((tmp_path / "copy").iterdir())
    start(empty)  # the store is as empty as before


def _empty(folder: Path) -> Database:
    folder.mkdir()
    return database_of("", folder)


def test_a_name_says_nothing_without_its_salt(journal: Journal) -> None:
    add(journal, entry("a"), entry("a"))
    with journal.reading() as reader:
        lines = [r[0] for r in reader.connection.exec_driver_sql("SELECT line FROM record")]
    digests = [json.loads(line)["personal"]["actor"] for line in lines]
    assert len(set(digests)) == 3  # one person, three digests
    assert hashlib.sha256(b"ann").hexdigest() not in digests
    assert DAY.isoformat() in lines[0]
