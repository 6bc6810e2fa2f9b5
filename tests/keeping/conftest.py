"""One kept project for all these tests; each that writes gets a copy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.keeping import kept
from tianren.project.project import Project


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return kept.make(tmp_path_factory.mktemp("kept") / "country")


@pytest.fixture
def country(original: Project, tmp_path: Path) -> Project:
    """A copy that a test may change."""
    return kept.copy(original, tmp_path / "country")


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """Polygons as a file."""
    return lambda name, *boxes, **columns: kept.drawn(tmp_path, name, *boxes, **columns)
