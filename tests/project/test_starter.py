"""What a starter shows in comments is what the program reads."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tianren.project.project import open_project
from tianren.project.schema import ProjectTable, SourceTable
from tianren.project.starter import new_project

# A comment that is TOML: a table, a key with its value, or a line of a list.
SHOWN = re.compile(r'^# (?=\[|[\w".]+ = |  \{|\]$)', re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_project(tmp_path / "new")
    return tmp_path / "new"


def uncommented(path: Path, *leave: str) -> dict[str, Any]:
    """The file as it is when every commented line is in use, but for those that begin so."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = "\n".join(line for line in lines if not line.startswith(leave))
    return tomllib.loads(SHOWN.sub("", kept))


def test_every_section_shown_is_one_that_is_read(folder: Path) -> None:
    shown = ProjectTable.model_validate(uncommented(folder / "project.toml"))
    assert shown.species is not None and shown.species.climates
    assert shown.habitat is not None and shown.habitat.threats["towns"].reach == 10000
    assert shown.plan is not None and shown.corridors is not None and shown.corridors.join
    assert shown.parcels is not None and shown.zones["community"].source
    assert shown.gaps.ecosystems and shown.suitability.demand
    assert shown.account.sites and shown.account.columns["protected_areas"]["reported_area"]


def test_every_section_of_the_schema_is_shown(folder: Path) -> None:
    """A key of project.toml that nobody is told of is found by nobody."""
    shown = set(uncommented(folder / "project.toml"))
    known = set(ProjectTable.model_fields) - {"store", "delineation"}
    assert known <= shown, known - shown


def test_every_source_shown_is_one_that_is_read(folder: Path) -> None:
    # A hash that is none yet, and a second way to give a legend.
    catalog = uncommented(folder / "catalog.toml", "# sha256", "# legend = {")
    kinds = {name: SourceTable.model_validate(body).kind for name, body in catalog.items()}
    assert {"vector", "category", "table", "records"} <= set(kinds.values())


def test_a_starter_as_it_is_asks_for_nothing_but_its_region(folder: Path) -> None:
    project = open_project(folder)
    assert project.species is None and project.plan is None and not project.zones
    assert list(project.catalog) == ["country"]
