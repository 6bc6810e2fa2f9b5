"""A scenario is a file laid over project.toml: tables merged, the rest replaced, faults placed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.project.small_project import make_project
from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.project.scenarios import laid_over, scenario_names


def all_paths(table: dict[str, Any]) -> set[tuple[str, ...]]:
    """Where a scenario says something; an empty table takes the place of what is no table."""
    found = set(leaves(table))
    for key, value in table.items():
        if isinstance(value, dict):
            found |= {(key, *rest) for rest in all_paths(value)} or {(key,)}
    return found


values = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)
tables = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


def leaves(table: dict[str, Any], above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= leaves(value, (*above, key))
        else:
            found[(*above, key)] = value
    return found


@given(tables, tables)
def test_what_a_scenario_says_holds_and_what_it_does_not_mention_stays(
    table: dict[str, Any], changes: dict[str, Any]
) -> None:
    found = leaves(laid_over(table, changes))
    said = leaves(changes)
    assert {key: found.get(key) for key in said} == said
    # A key stays unless the scenario says it, something above it, or something below it.
    for key, value in leaves(table).items():
        if not any(key[: len(k)] == k or k[: len(key)] == key for k in all_paths(changes)):
            assert found[key] == value
    assert laid_over(table, {}) == table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_project(tmp_path / "p")
    (made / "scenarios").mkdir()
    return made


def write(folder: Path, name: str, text: str) -> None:
    (folder / "scenarios" / f"{name}.toml").write_text(text, encoding="utf-8")


def test_a_scenario_changes_what_it_names_and_nothing_else(folder: Path) -> None:
    write(folder, "城-keep", '[conflicts.built]\ndecision = "keep"\n[grid]\nresolution = 2000\n')
    plain, other = open_project(folder), open_project(folder, "城-keep")
    assert (other.conflicts[0].decision, other.resolution) == ("keep", 2000)
    assert (plain.conflicts[0].decision, plain.resolution) == ("deduct", 1000)
    assert (other.conflicts[0].classes, other.crs) == (plain.conflicts[0].classes, plain.crs)
    assert other.overrides == plain.overrides
    assert other.scenario is not None
    assert other.scenario.name == "城-keep"
    assert plain.scenario is None
    assert scenario_names(folder) == ["城-keep"]


def test_a_list_is_replaced_whole(folder: Path) -> None:
    write(folder, "wider", "[conflicts.built]\nclasses = [5, 13]\n")
    assert open_project(folder, "wider").conflicts[0].classes == (5, 13)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\n[conflicts.built]\ndecison = 'keep'\n", "line 3", "did you mean decision"),
        ("[grid]\nresolution = -1\n", "line 2", "resolution"),
        ("[region]\nsource = 'nowhere'\n", "line 2", "nowhere"),
        ("[parameters.override.'redline.minimum_aera']\nvalue = 1\nsource = 's'\nreason = 'r'\n",
         "", "redline.minimum_area"),
        ("[grid\n", "line 1", ""),
    ],
)  # fmt: skip
def test_a_fault_is_placed_in_the_scenario(folder: Path, text: str, line: str, said: str) -> None:
    write(folder, "bad", text)
    with pytest.raises(UserError) as fault:
        open_project(folder, "bad")
    assert line in fault.value.where
    assert not line or "bad.toml" in fault.value.where
    assert said in fault.value.message()


@pytest.mark.parametrize("name", ["wide", "../scenarios/wider", "..", "/etc/passwd"])
def test_only_a_scenario_of_the_folder_is_opened(folder: Path, name: str) -> None:
    write(folder, "wider", "")
    with pytest.raises(UserError) as fault:
        open_project(folder, name)
    assert "there is no scenario" in fault.value.what
