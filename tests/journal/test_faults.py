"""What goes wrong while the journal is written: nothing lost, nothing twice, nothing half done."""

import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stores
from entries import SUMS, add, entry, start
from sqlalchemy import event

from tianren.errors import UserError
from tianren.project.journal import database
from tianren.project.journal.check import check
from tianren.project.journal.database import Database, database_of
from tianren.project.journal.journal import Journal, open_journal

# Children are forked: to start Python anew takes longer than what is tried.
FORKS = multiprocessing.get_context("fork")


def child(work: Callable[..., None], store: Database, *arguments: object) -> Any:
    """A process of its own that does some work on the journal of a store."""
    url = store.url.render_as_string(hide_password=False)
    one = FORKS.Process(target=_in_child, args=(work, url, *arguments))
    one.start()
    return one


def _in_child(work: Callable[..., None], url: str, *arguments: object) -> None:
    work(open_journal(database_of(url, Path())), *arguments)


def whole(journal: Journal) -> int:
    """The number of records of a journal in which verify finds nothing."""
    with journal.reading() as reader:
        found = check(reader, (), [SUMS])
    assert found.clean, found.faults
    return found.head.number


def write_often(journal: Journal, writer: int, count: int) -> None:
    for n in range(count):
        with journal.writing() as book:
            seen = (book.state(SUMS, "sum/all") or {"of": 0})["of"]
            body = {"amount": 1, "writer": writer, "nth": n, "seen": seen}
            book.append([entry("all", body=body)])


def test_many_writers_lose_nothing_and_write_nothing_twice(store: Database) -> None:
    journal = start(store)
    writers, each = 8, 8
    running = [child(write_often, store, w, each) for w in range(writers)]
    for one in running:
        one.join(120)
        assert one.exitcode == 0
    assert whole(journal) == 1 + writers * each
    with journal.reading() as reader:
        bodies = [r.body for r in reader.records(kind="sum")]
    assert len({(b["writer"], b["nth"]) for b in bodies}) == writers * each
    # Each saw all that was written before it: what it decided on was still so when it wrote.
    assert [b["seen"] for b in bodies] == list(range(writers * each))


# Where the program kills itself: before the first row, between rows of one decision, with all
# written but not committed, and right after the commit.
def die_at(journal: Journal, point: str) -> None:
    seen: list[str] = []

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def before(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT"):
            seen.append(statement)
            if point == "before" or (point == "between" and len(seen) == 2):
                die()

    event.listen(journal.database.engine, "before_cursor_execute", before)
    event.listen(journal.database.engine, "commit",
                 lambda _: die() if point == "commit" and seen else None)  # fmt: skip
    with journal.writing() as book:
        book.append([entry("a", 1), entry("b", 2), entry("c", 3)])
    if point == "after":
        die()


@pytest.mark.parametrize(
    ("point", "written"), [("before", 0), ("between", 0), ("commit", 0), ("after", 3)]
)
def test_killed_at_any_point_it_is_all_or_nothing(
    store: Database, point: str, written: int
) -> None:
    journal = start(store)
    add(journal, entry("a", 5))
    one = child(die_at, store, point)
    one.join(60)
    assert one.exitcode == -signal.SIGKILL
    assert whole(journal) == 2 + written
    began = time.monotonic()
    add(journal, entry("d", 7))  # the lock of the dead is gone with it
    assert time.monotonic() - began < 10
    assert whole(journal) == 3 + written


def test_killed_at_random_moments(store: Database) -> None:
    journal = start(store)
    for n in range(3):
        one = child(write_often, store, n, 100_000)
        with journal.reading() as reader:
            before = reader.head().number
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with journal.reading() as reader:
                if reader.head().number > before + 3 * n:
                    break
            time.sleep(0.002)
        one.kill()
        one.join(30)
        whole(journal)
    with journal.reading() as reader:
        bodies = [r.body for r in reader.records(kind="sum")]
    assert [b["seen"] for b in bodies] == list(range(len(bodies)))


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    """The file may not grow: SQLite says what it says when a disk is full."""
    store = database_of("", tmp_path)
    journal = start(store)
    add(journal, *(entry(str(n)) for n in range(50)))
    before = whole(journal)

    def no_room(connection: object, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    tight = database_of("", tmp_path)
    event.listen(tight.engine, "connect", no_room)
    with pytest.raises(UserError, match="disk is full") as fault:
        add(Journal(tight), *(entry(str(n), body={"amount": 1, "x": "y" * 2000})
                              for n in range(500)))  # fmt: skip
    assert "nothing was written" in fault.value.next_step
    tight.close()
    assert whole(journal) == before
    add(journal, entry("a"))
    assert whole(journal) == before + 1


def write_beyond_a_limit(journal: Journal, answer: Path) -> None:
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        add(journal, *(entry(str(n), body={"amount": 1, "x": "y" * 2000}) for n in range(500)))
    except UserError as fault:
        answer.write_text(fault.message(), encoding="utf-8")


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit on file sizes here")
def test_a_write_that_the_system_refuses_is_told(tmp_path: Path) -> None:
    store = database_of("", tmp_path)
    journal = start(store)
    one = child(write_beyond_a_limit, store, tmp_path / "answer")
    one.join(60)
    assert one.exitcode == 0
    assert "nothing was written" in (tmp_path / "answer").read_text(encoding="utf-8")
    assert whole(journal) == 1


@pytest.mark.skipif(os.name != "posix", reason="rights of files as POSIX has them")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("ROOT may write everywhere: run as another user to see this")
    store = database_of("", tmp_path)
    journal = start(store)
    journal.close()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UserError, match="cannot be"):
            add(open_journal(database_of("", tmp_path)), entry("a"))
    finally:
        tmp_path.chmod(0o700)


def test_a_program_that_writes_for_long_is_told_and_then_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = database_of("", tmp_path)
    journal = start(store)
    other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database, "_PATIENCE", 0.05)
    with pytest.raises(UserError, match="another program has been writing"):
        add(journal, entry("a"))
    assert whole(journal) == 1  # it can be read meanwhile
    other.execute("COMMIT")
    add(journal, entry("a"))
    assert whole(journal) == 2


def test_a_file_that_is_no_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"this is no database, only some text " * 100)
    with pytest.raises(UserError, match="damaged") as fault:
        open_journal(database_of("", tmp_path))
    assert "journal import" in fault.value.next_step


def test_a_server_that_goes_away_and_returns(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Away before, and in the middle: told, nothing written; back again: it goes on."""
    servers = stores.running_server(tmp_path_factory.mktemp("away"))
    server = next(servers)
    store = database_of(server.new_database(), Path())
    journal = start(store)
    add(journal, entry("a", 1))
    server.stop()
    with pytest.raises(UserError, match="does not answer") as fault:
        add(journal, entry("a", 2))
    assert "try again" in fault.value.next_step
    server.start()
    add(journal, entry("a", 4))
    with pytest.raises(UserError, match="does not answer"), journal.writing() as book:
        book.append([entry("a", 8)])
        server.stop()
        book.append([entry("a", 16)])
    server.start()
    assert whole(journal) == 3
    with journal.reading() as reader:
        assert reader.state(SUMS, "sum/a") == {"total": 5, "of": 2}
    store.close()
    next(servers, None)


def test_a_confirmation_that_was_lost_is_asked_for_again(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit arrives and its answer does not: the record is there, once, and no error told."""
    journal = start(store)
    from sqlalchemy.engine import Connection
    from sqlalchemy.exc import OperationalError

    plain = Connection.commit
    lost = []

    def commit(self: Connection) -> None:
        plain(self)
        if not lost:
            lost.append(True)
            raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(Connection, "commit", commit)
    add(journal, entry("a", 3))
    assert lost
    assert whole(journal) == 2


def test_a_commit_that_failed_is_told(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = start(store)
    from sqlalchemy.engine import Connection
    from sqlalchemy.exc import OperationalError

    def commit(_: Connection) -> None:
        raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(Connection, "commit", commit)
    with pytest.raises(UserError, match="does not answer"):
        add(journal, entry("a", 3))
    monkeypatch.undo()
    assert whole(journal) == 1
