"""The tests that take longest come first, so that no worker is left with them at the end."""

from pathlib import Path

import pytest

LONGEST = ("year", "docs", "madagascar", "island", "keeping", "demo", "steps")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.path))  # stable: a folder's tests keep their order


def _rank(path: Path) -> int:
    folder = path.parent.name
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)
