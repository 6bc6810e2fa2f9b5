"""The page on rulebooks shows one that holds, cases that come out, and every name there is."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tianren.errors import UserError
from tianren.management.conditions import all_conditions
from tianren.management.facts import FOOTPRINT, all_facts
from tianren.management.rulebook_cases import read_cases, run_cases
from tianren.management.rulebook_check import check_rulebook, check_table
from tianren.management.rulebook_reading import SECTIONS, packaged_tables, rulebook_of

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "rulebooks.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def tables() -> dict[str, Any]:
    whole, differs = (tomllib.loads(text) for text in blocks("toml"))
    return {"valley": whole, "upper_village": differs}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("name", ["valley", "upper_village"])
def test_the_rulebooks_of_the_page_are_sound(name: str) -> None:
    assert check_table(name, tables()[name], "the page", tables()) == []


def test_the_cases_of_the_page_come_out() -> None:
    valley = rulebook_of("valley", tables()["valley"], "the page")
    cases = read_cases(blocks("yaml")[0], "the page")
    assert len(cases) == 5
    assert run_cases(valley, cases) == []


def test_what_differs_differs() -> None:
    upper = rulebook_of("upper_village", tables()["upper_village"], "the page", tables())
    assert "mowing" not in upper.activities
    assert upper.rules["road"].clause == "art. 2"
    assert upper.rules["road"].zones == ("protected", "redline")
    assert upper.base is not None and check_rulebook(upper.base) == []


def test_without_the_other_rulebook_it_says_what_it_lacks() -> None:
    with pytest.raises(UserError, match="extends valley, which is not there"):
        rulebook_of("upper_village", tables()["upper_village"], "the page")


def test_the_page_names_every_condition_with_its_facts_and_settings() -> None:
    told = {
        names(row[0])[0]: (set(names(row[1])), set(names(row[2]))) for row in rows("Conditions")
    }
    assert list(told) == list(all_conditions())
    for name, condition in all_conditions().items():
        facts, settings = told[name]
        assert facts == set(condition.facts), name
        assert settings == set(condition.settings), name


def test_the_page_names_every_fact() -> None:
    told = [name for row in rows("Facts") for name in names(row[0])]
    assert sorted(told) == sorted(all_facts())
    of_footprint = {fact.id for fact in all_facts().values() if fact.given_by == FOOTPRINT}
    sentence = PAGE.split("\n## Facts\n")[1].split("come from the footprint")[0]
    assert set(names(sentence)) == of_footprint


def test_the_page_names_every_packaged_rulebook() -> None:
    section = PAGE.split("The package brings these")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    told = [name for line in lines for name in names(line.split("|")[1])]
    assert sorted(told) == sorted(packaged_tables())


def test_the_page_shows_every_section() -> None:
    for section in SECTIONS:
        assert f"[{section}." in PAGE, section
