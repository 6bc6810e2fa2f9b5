"""SQLite in the project's folder, or PostgreSQL by url: one way to reach both.

One writer at a time: on SQLite by BEGIN IMMEDIATE, with every commit on the disk (WAL,
synchronous=FULL); on PostgreSQL by an advisory lock.
"""

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
)

from tianren.errors import UserError
from tianren.language import say

FILE_NAME = "journal.sqlite"
_PATIENCE = 60.0  # seconds that a writer waits for its turn
_LOOK = 0.0005  # seconds between looks
# page_size holds for a new file. Records of one batch are about subjects all over the country: with
# large pages, in memory until the batch is whole, the indexes are written once and not again and
# again. A checkpoint each 20,000 pages lets the log grow to 160 MB at most.
_PRAGMAS = (
    "page_size=8192", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
    "cache_size=-131072", "wal_autocheckpoint=20000",
)  # fmt: skip
_LOCK_KEY = 0x7469616E72656E  # "tianren": the advisory lock on a server


class Database:
    """Where a journal is kept."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = _engine(url)

    @property
    def is_file(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def lacks_file(self) -> bool:
        """Whether it would be kept in a file that is not there."""
        return self.is_file and not Path(str(self.url.database)).exists()

    @property
    def where(self) -> str:
        """The place as it may be shown: without a password."""
        if self.is_file:
            return str(self.url.database)
        return self.url.render_as_string(hide_password=True)

    def discard_file(self) -> None:
        """Remove the file of a journal that never came to be, with what SQLite keeps beside it."""
        for beside in ("", "-wal", "-shm"):
            Path(f"{self.url.database}{beside}").unlink(missing_ok=True)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the journal, from its first question on."""
        with self._told(), self.engine.connect() as connection:
            if self.is_file:
                connection.exec_driver_sql("BEGIN")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one connection that writes, until it is done: all is written, or nothing."""
        with self._told(), self.engine.connect() as connection:
            connection.begin()
            if self.is_file:
                self._take_turn(connection.connection.driver_connection)
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def _take_turn(self, connection: Any) -> None:
        """Begin to write once no other program does. It is asked often: SQLite by itself lets who
        waits sleep longer than a commit takes."""
        until = time.monotonic() + _PATIENCE
        connection.execute("PRAGMA busy_timeout=0")
        try:
            while not _begun(connection):
                if time.monotonic() > until:
                    raise self._kept_busy()
                time.sleep(_LOOK)
        finally:
            connection.execute(f"PRAGMA busy_timeout={1000 * _PATIENCE:.0f}")

    def _kept_busy(self) -> UserError:
        return UserError(
            say("another program has been writing the journal for {n} s", n=int(_PATIENCE)),
            where=self.where,
            next_step=say("nothing was written; wait until it ends, then try again"),
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Faults of the store as a person can read them."""
        try:
            yield
        except DBAPIError as fault:
            raise _explained(self, fault) from fault


def _begun(connection: Any) -> bool:
    """Whether a file can be written now; False while another program writes it."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as fault:
        if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise OperationalError("BEGIN IMMEDIATE", None, fault) from fault
        return False
    return True


def database_of(store: str, folder: Path) -> Database:
    """The database that a project names: store = a url, or nothing for a file in its folder."""
    if not store:
        return Database(URL.create("sqlite", database=str(folder / FILE_NAME)))
    try:
        url = make_url(store)
        backend = url.get_backend_name()
        if backend == "sqlite" and url.database and not Path(url.database).is_absolute():
            url = url.set(database=str(folder / url.database))
        if backend == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if backend not in ("sqlite", "postgresql") or not url.database:
            raise ArgumentError("neither")
        return Database(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as fault:
        raise UserError(
            _unusable(fault),
            where="project.toml, store",
            next_step='leave it out for a file, or write "postgresql://user@host/database" and '
            "install tianren[postgres]",
        ) from fault


def _unusable(fault: Exception) -> str:
    if isinstance(fault, ModuleNotFoundError):
        return f"the driver {fault.name} is not installed"
    return "the store is neither a SQLite file nor a PostgreSQL url"


def insert_many(connection: Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, each a tuple in the order of the table's columns, by the driver's own bulk way:
    what SQLAlchemy does for each row of a long list would take most of the time."""
    if not rows:
        return
    text, positional = _insertion(table, connection.dialect)
    if positional:
        connection.exec_driver_sql(text, list(rows))
    else:
        names = [column.name for column in table.columns]
        named = [dict(zip(names, row, strict=True)) for row in rows]
        connection.exec_driver_sql(text, named)


@lru_cache(maxsize=16)
def _insertion(table: sa.Table, dialect: sa.Dialect) -> tuple[str, bool]:
    """The statement that inserts a row, and whether it takes values by their places."""
    compiled = sa.insert(table).compile(dialect=dialect)
    return str(compiled), bool(compiled.positional)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": _PATIENCE, "check_same_thread": False})
    event.listen(engine, "connect", _set_up_file)
    return engine


def _set_up_file(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


# What the two stores say of a fault, and what is told of it.
_PATTERNS = {
    "full": r"disk is full|No space left|could not extend file",
    "away": r"disk I/O error|unable to open|readonly|read-only|permission denied",
    "damaged": r"malformed|not a database|file is encrypted",
    "none": r"no such table|relation .* does not exist",
    "busy": r"locked|busy",
    "stranger": r"password authentication|no password supplied|role .* does not exist",
    "unknown": r"database .* does not exist",
    "silent": r"connection|server closed|could not translate|timeout|terminating|shutting down"
              r"|starting up",
}  # fmt: skip
FAULT_TEXTS = {
    "full": "the disk is full",
    "away": "the journal cannot be reached or written",
    "damaged": "the file of the journal is damaged",
    "none": "the journal lacks a table: it is damaged",
    "busy": "another program is writing the journal",
    "stranger": "the server does not let this user in",
    "unknown": "the server has no such database",
    "silent": "the server does not answer",
}
STEP_TEXTS = {
    "full": "nothing was written; make room, then try again",
    "away": "nothing was written; see to the disk or its rights, then try again",
    "damaged": "move it aside, and restore it from a copy, or from an export: "
               "tianren journal import FOLDER",
    "none": "move it aside, and restore it from a copy, or from an export: "
            "tianren journal import FOLDER",
    "busy": "nothing was written; wait until it ends, then try again",
    "stranger": "see to the user and password in the url",
    "unknown": "let its administrator create it, or correct store in project.toml",
    "silent": "nothing was written; try again when it is back",
}  # fmt: skip


def _explained(database: Database, fault: DBAPIError) -> UserError:
    said = str(fault.orig)
    for name, pattern in _PATTERNS.items():
        if re.search(pattern, said, re.IGNORECASE):
            what, step = say(FAULT_TEXTS[name]), say(STEP_TEXTS[name])
            return UserError(what, where=database.where, next_step=step)
    first = said.splitlines()[0] if said else type(fault).__name__
    kind = "refuses it" if isinstance(fault, DatabaseError) else "failed"
    return UserError(
        f"the store {kind}: {first}",
        where=database.where,
        next_step="nothing was written; please report it",
    )
