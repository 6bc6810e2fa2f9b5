"""Each test of the journal runs on both stores."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import stores

from tianren.project.journal.database import Database
from tianren.project.journal.journal import Journal


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Server]:
    yield from stores.running_server(tmp_path_factory.mktemp("postgresql"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty store."""
    database = stores.open_store(request.param, request, tmp_path)
    yield database
    database.close()


@pytest.fixture
def journal(store: Database) -> Journal:
    """A journal that was just started."""
    from entries import start

    return start(store)
