"""The command line starts light, tells errors in words, and every help opens with an example."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.project.small_project import make_project
from tianren.cli import app
from tianren.cli.frame import give
from tianren.project.runs import RunResults

HEAVY = ("numpy", "numba", "pandas", "geopandas", "rasterio", "shapely", "matplotlib", "scipy")


def tianren(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tianren", *arguments], cwd=cwd, capture_output=True, text=True
    )


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(told.stdout.split())


def test_help_loads_nothing_heavy() -> None:
    assert loaded_after("import tianren.cli") == set()


def test_listing_parameters_loads_nothing_heavy() -> None:
    statement = "from tianren.steps.parameters import list_parameters; list_parameters().text()"
    assert loaded_after(statement) == set()


def commands(group: Any, before: str = "") -> dict[str, str]:
    """Each command as it is typed, those of groups too -> its help."""
    found = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= commands(command, f"{before}{name} ")
        else:
            found[before + name] = command.help
    return found


@pytest.mark.parametrize(("name", "text"), sorted(commands(get_command(app)).items()))
def test_every_help_opens_with_an_example(name: str, text: str) -> None:
    assert text.startswith(f"Example: tianren {name}")


def test_a_missing_project_is_told_with_the_next_step(tmp_path: Path) -> None:
    told = tianren("check", cwd=tmp_path)
    assert told.returncode == 2
    assert "project.toml" in told.stderr
    assert "tianren new" in told.stderr
    assert "Traceback" not in told.stderr


def test_errors_are_data_with_json(tmp_path: Path) -> None:
    told = tianren("check", "--json", cwd=tmp_path)
    assert told.returncode == 2
    assert "next_step" in json.loads(told.stderr)


@pytest.mark.parametrize("place", ["here", "46.6", "8.5,99", "200,10", "1,2,3"])
def test_a_bad_place_is_refused(tmp_path: Path, place: str) -> None:
    told = tianren("explain", "--at", place, cwd=tmp_path)
    assert told.returncode == 2
    assert "LON,LAT" in told.stderr


def test_parameters_as_json_say_whether_the_source_was_read() -> None:
    told = tianren("parameters", "grading.important", "--json")
    entries = json.loads(told.stdout)["grading.important"]
    assert entries[0]["value"] == "4/5"
    assert entries[0]["verified"] is False


def options(group: Any, before: str = "") -> dict[str, set[str]]:
    """Each command as it is typed -> its options."""
    found = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= options(command, f"{before}{name} ")
        else:
            found[before + name] = {o for p in command.params for o in p.opts}
    return found


def test_every_command_can_be_asked_for_a_language() -> None:
    mute = [
        name for name, has in options(get_command(app)).items() if not {"--language", "-l"} <= has
    ]
    assert mute == []


def test_runs_and_a_new_project_answer_in_the_language_asked_for(tmp_path: Path) -> None:
    begun = tianren("new", "p", "-l", "es", cwd=tmp_path)
    assert begun.returncode == 0 and "Fill in" not in begun.stdout
    assert 'language = "es" ' in (tmp_path / "p" / "project.toml").read_text(encoding="utf-8")
    make_project(tmp_path / "q")
    told = [tianren("runs", "-l", tag, cwd=tmp_path / "q").stdout for tag in ("en", "zh", "es")]
    assert all(told) and len(set(told)) == 3


@pytest.mark.parametrize("command", [["parameters", "grading"], ["adjust", "causes"], ["check"],
                                     ["runs"], ["oecm"], ["export"], ["new", "other"]])  # fmt: skip
def test_a_language_that_is_not_spoken_is_told(tmp_path: Path, command: list[str]) -> None:
    """An answer in English to whoever asked for German would be a fallback without a word."""
    make_project(tmp_path / "p")
    told = tianren(*command, "--language", "de", cwd=tmp_path / "p")
    assert told.returncode == 2 and "en, zh, es" in told.stderr and told.stdout == ""


def test_every_command_that_a_message_proposes_exists() -> None:
    """A next step that cannot be typed is worse than none."""
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    sources = Path(__file__).parents[1] / "src" / "tianren"
    for path in sources.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        proposed = re.findall(r"(?:: |then |type |type: )tianren ([a-z]+)", text)
        assert set(proposed) <= known, path.name


class Made:
    """An answer about a run that was there already."""

    run = RunResults(Path("results/gaps-1"), {"finished": "2026-01-02", "parameters": [{}, {}]},
                     again=True)  # fmt: skip

    def text(self) -> str:
        return "8 of 13 targets are met."

    def as_dict(self) -> dict[str, int]:
        return {"met": 8}


def test_where_nothing_has_changed_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    give(Made(), as_json=False)
    told = capsys.readouterr().out
    assert "8 of 13" in told and "has changed since 2026-01-02" in told
    assert "2 parameters" in told and "run.toml" in told
    give(Made(), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"met": 8, "again": True}
