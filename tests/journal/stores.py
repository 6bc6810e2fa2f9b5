"""The two stores that the journal's tests run on: a file, and a PostgreSQL server made for them."""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tianren.project.journal.database import Database, database_of

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class Server:
    """A PostgreSQL server in a folder, on a free port of this machine only."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        self.data = folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._as_user("initdb", "-D", str(self.data), "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "-U", "postgres")  # fmt: skip

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._as_user("pg_ctl", "-D", str(self.data), "-o", options, "-w", "-l",
                      str(self.folder / "log"), "start")  # fmt: skip

    def stop(self) -> None:
        self._as_user("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def with_postgis(self) -> None:
        """PostGIS in every database made from now on, where the server has it."""
        import psycopg

        with psycopg.connect(self.url("template1"), autocommit=True) as connection:
            there = connection.execute(
                "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
            ).fetchone()
            if there:
                connection.execute("CREATE EXTENSION postgis")

    def new_database(self) -> str:
        """The url of an empty database, with PostGIS where the server has it."""
        import psycopg

        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            # By files: to write 15 MB through the log takes twice as long.
            connection.execute(f'CREATE DATABASE "{name}" STRATEGY FILE_COPY')
        return self.url(name)

    def _as_user(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres")
            quoted = " ".join(f"'{word}'" for word in command)
            command = ["su", "postgres", "-c", quoted]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def running_server(folder: Path) -> Iterator[Server]:
    """A server while the tests need it; skipped loudly where PostgreSQL is not installed."""
    if not PROGRAMS:
        pytest.skip("POSTGRESQL ABSENT: install postgresql-15 and postgresql-15-postgis-3")
    _open_the_way_to(folder)
    server = Server(folder, PROGRAMS[0])
    server.start()
    server.with_postgis()
    yield server
    _open_the_way_to(folder)  # another pytest that started meanwhile has closed it
    server.stop()


def _open_the_way_to(folder: Path) -> None:
    """Let the server's user, who is not ours, into a folder of pytest's."""
    folder.chmod(0o755)
    for above in folder.parents[:3]:
        above.chmod(above.stat().st_mode | 0o055)


def open_store(kind: str, request: pytest.FixtureRequest, folder: Path) -> Database:
    """An empty store of a kind."""
    if kind == "sqlite":
        return database_of("", folder)
    server: Server = request.getfixturevalue("server")
    return database_of(server.new_database(), folder)


def wait_for(path: Path, seconds: float = 30.0) -> None:
    """Until a file is there."""
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not come"
        time.sleep(0.01)
