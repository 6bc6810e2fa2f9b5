"""One small synthetic run for all tests of the reports, and its written report."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tianren.language import current_language, set_language
from tianren.reports.contents import Contents, Surroundings, read_contents, with_surroundings

sys.path.insert(0, str(Path(__file__).parent))
import make_run


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    before = current_language()
    set_language("en")
    yield
    set_language(before)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run.make_run(tmp_path_factory.mktemp("project"), rows=100, columns=150, pieces=25)


@pytest.fixture(scope="session")
def contents(run_folder: Path) -> Contents:
    from tianren.steps.report import _protected

    read = read_contents(run_folder, make_run.DESCRIPTION)
    return with_surroundings(read, Surroundings(protected=_protected(read)))
