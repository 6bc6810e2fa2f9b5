"""The tutorial is run, command by command, as a reader would type it; links lead somewhere."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.main import get_command
from typer.testing import CliRunner

from tianren.cli import app

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "switzerland.md"
SECOND = ROOT / "docs" / "tutorial" / "what-the-line-must-hold.md"
THIRD = ROOT / "docs" / "tutorial" / "what-counts.md"
FOURTH = ROOT / "docs" / "tutorial" / "keeping-the-line.md"
# What a page tells the reader to write into a file, or to type.
DONE = re.compile(
    r"^(?P<how>Save as|Add to|Change `(?P<was>[^`]+)` in) `(?P<file>[^`]+)`(?: to)?:"
    r"\n\n```\w*\n(?P<text>.*?)^```$"
    r"|^\$ (?P<command>[^\n]+)$",
    re.MULTILINE | re.DOTALL,
)
# An audit that finds contradictions, and a move of somebody who may not, end with 1.
REFUSED = ("tianren audit data/", "tianren occupation act 2026-0001 approve --as beat.furrer")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def typed(page: Path) -> list[str]:
    """What a page tells the reader to type, in order."""
    return re.findall(r"^\$ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command.replace("--robustness 20", "--robustness 3"))
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
    )


def run_here(command: str, folder: Path) -> Result:
    """The same without a process of its own: most of a short command's time is its start."""
    with contextlib.chdir(folder):
        return CliRunner().invoke(app, shlex.split(command)[1:], env={"COLUMNS": "80"})


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Every command of the tutorial, typed in order; command -> what it said."""
    folder = tmp_path_factory.mktemp("tutorial")
    said = {}
    for command in typed(TUTORIAL):
        if command.startswith("cd "):
            folder = folder / command.removeprefix("cd ")
            continue
        told = run(command, folder)
        assert told.returncode == 0, f"{command}\n{told.stdout}\n{told.stderr}"
        said[command] = told.stdout
    said["folder"] = str(folder)
    yield said


def test_the_demo_says_where_the_report_is(walked: dict[str, str]) -> None:
    assert "km2" in walked["tianren demo demo"]
    assert "results" in walked["tianren demo demo"]


def test_check_counts_four_of_eleven(walked: dict[str, str]) -> None:
    assert "4 of 11" in walked["tianren check"]


def test_one_place_is_inside_and_one_outside(walked: dict[str, str]) -> None:
    assert "is inside the line" in walked["tianren explain --at 8.59,46.63"]
    assert "is outside the line" in walked["tianren explain --at 9.83,46.80"]


def test_the_shares_of_the_run_agree_with_its_layers(walked: dict[str, str]) -> None:
    """measures.csv, the polygons and the cells tell one area."""
    import geopandas as gpd

    from tianren.project.project import open_project
    from tianren.project.runs import list_runs

    for found in list_runs(open_project(Path(walked["folder"]))):
        total = next(
            float(m["value"])
            for m in found.measures
            if m["indicator"] == "redline.area" and not m["by"]
        )
        pieces = gpd.read_file(found.path("redline.gpkg"), layer="redline")
        assert pieces["area_m2"].sum() == pytest.approx(total, rel=1e-12)
        # Smoothing may move an edge; it may not move the sum by more than its stated tolerance.
        assert pieces.geometry.area.sum() == pytest.approx(total, rel=1e-2)
        assert pieces.geometry.is_valid.all()


def test_the_robustness_run_found_a_core(walked: dict[str, str]) -> None:
    from tianren.project.project import open_project
    from tianren.project.runs import list_runs

    runs = list_runs(open_project(Path(walked["folder"])))
    cores = [m for r in runs for m in r.measures if m["indicator"] == "robustness.core"]
    assert cores
    assert all(float(m["value"]) > 0 for m in cores)


def client(name: str, *arguments: str) -> str:
    """What a command-line client says of a file; skips loudly where it is not installed."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed here (CI installs gdal-bin and poppler-utils)")
    told = subprocess.run([name, *arguments], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout


def results(walked: dict[str, str], command: str = "tianren demo demo") -> Path:
    """The results of a run of the tutorial, the first when none is named."""
    said = re.search(r"results/(delineate-[0-9a-f]+)/", walked[command])
    assert said
    return Path(walked["folder"]) / "results" / said[1]


def test_gdal_opens_the_line_and_the_values(walked: dict[str, str]) -> None:
    told = client("ogrinfo", "-so", str(results(walked) / "redline.gpkg"), "redline")
    assert "Lambert Azimuthal Equal Area" in told
    assert {"code:", "dominant:", "level:", "area_m2:", "reasons:"} <= set(told.split())
    told = client("gdalinfo", str(results(walked) / "values" / "water_conservation.tif"))
    assert "LAYOUT=COG" in told


def test_every_delivered_raster_is_a_valid_cog(walked: dict[str, str]) -> None:
    from rio_cogeo.cogeo import cog_validate

    for path in sorted(results(walked).rglob("*.tif")):
        valid, errors, _ = cog_validate(path, quiet=True)
        assert valid, f"{path.name}: {errors}"


def test_the_report_is_told_in_words(walked: dict[str, str]) -> None:
    """The first run was asked for last, and then told in Chinese; the one before it in English."""
    assert "瑞士" in client("pdftotext", "-layout", str(results(walked) / "report.pdf"), "-")
    often = results(walked, "tianren delineate --robustness 20")
    told = client("pdftotext", "-layout", str(often / "report.pdf"), "-")
    for words in ("Switzerland", "km²", "unverified", "Findings", "sha256"):
        assert words.lower() in told.lower(), words


def test_results_are_read_as_data_too(walked: dict[str, str]) -> None:
    told = run("tianren explain --at 8.59,46.63 --json", Path(walked["folder"]))
    assert json.loads(told.stdout)


@pytest.fixture(scope="module")
def went_on(walked: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The second page, in a copy of the folder that the first one left; command -> what it said.

    A command that is typed twice keeps what it said last.
    """
    return follow(SECOND, walked, tmp_path_factory.mktemp("second") / "demo")


def follow(page: Path, walked: dict[str, str], folder: Path) -> dict[str, str]:
    """What each command of a page said, in a copy of the folder that the first page left."""
    shutil.copytree(walked["folder"], folder)
    said = {"folder": str(folder)}
    for step in DONE.finditer(page.read_text(encoding="utf-8")):
        if step["command"] is None:
            write(folder / step["file"], step["text"], step["how"], step["was"])
            continue
        told = run_here(with_lines(step["command"], folder), folder)
        expected = 1 if step["command"].startswith(REFUSED) else 0
        assert told.exit_code == expected, f"{step['command']}\n{told.output}\n{told.exception}"
        said[step["command"]] = told.stdout + (str(told.exception) if expected else "")
    return said


def write(path: Path, text: str, how: str, was: str | None) -> None:
    """Write what a page shows into a file, add it at the end, or put it in place of a line."""
    path.parent.mkdir(exist_ok=True)
    before = "" if how == "Save as" else path.read_text(encoding="utf-8")
    if was is not None:
        assert before.count(was) == 1, was
        path.write_text(before.replace(was, text.strip()), encoding="utf-8")
        return
    path.write_text(before + "\n" * bool(before) + text, encoding="utf-8")


def with_lines(command: str, folder: Path) -> str:
    """The command with the reader's own runs in place of LINE and SCENARIO."""
    from tianren.project.project import open_project
    from tianren.project.runs import list_runs

    if "LINE" not in command:
        return command
    runs = list_runs(open_project(folder), "delineate")
    line, scenario = ([r.id for r in runs if bool(r.scenario) is of][-1] for of in (False, True))
    return command.replace("LINE", line).replace("SCENARIO", scenario)


def test_cleaning_keeps_28_of_33_rows_with_five_reasons(went_on: dict[str, str]) -> None:
    assert "28 of 33 records of 3 species are kept" in went_on["tianren records"]
    rows = latest(went_on, "records").rows("dropped.csv")
    assert [row["reason"] for row in rows] == [
        "duplicate", "swapped_coordinates", "uncertainty", "unmatched_name", "no_coordinates",
    ]  # fmt: skip


def test_the_second_page_says_what_the_commands_said(went_on: dict[str, str]) -> None:
    assert "1 of 3 species has a model" in went_on["tianren models"]
    assert "1 species" in went_on["tianren species"]
    assert "0 of 13 targets are met" in went_on["tianren gaps --zone protected"]
    assert "16 of 16 targets are met" in went_on["tianren plan"]
    assert "are open over" in went_on["tianren seams"]
    assert "farm or build" in went_on["tianren suitability"]
    assert "smaller" in went_on["tianren runs"]


def test_the_tiny_population_is_inside_the_line(went_on: dict[str, str]) -> None:
    rows = latest(went_on, "gaps").rows("gaps.csv")
    rare = [r for r in rows if r["feature"] == "Exemplum rarum" and r["zone"] == "redline"]
    assert [r["status"] for r in rare] == ["met"]


def test_control_figures_sum_to_their_parents(went_on: dict[str, str]) -> None:
    rows = latest(went_on, "parcels").rows("control_figures.csv")
    cantons = sum(int(r["red_m2"]) for r in rows if r["level"] == "canton")
    assert cantons == int(rows[0]["red_m2"])


def test_a_smaller_top_class_gains_nothing(went_on: dict[str, str]) -> None:
    rows = latest(went_on, "compare").rows("compare.csv")
    total = next(row for row in rows if row["table"] == "total")
    assert float(total["gained_m2"]) == 0 < float(total["lost_m2"])


@pytest.fixture(scope="module")
def counted(walked: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The third page, in another copy of that folder; command -> what it said last."""
    return follow(THIRD, walked, tmp_path_factory.mktemp("third") / "demo")


def test_the_third_page_says_what_the_commands_said(counted: dict[str, str]) -> None:
    assert "12 of 12 records count" in counted["tianren sites"]
    assert len(latest(counted, "account").rows("sites.csv")) == 15
    first, again = (
        counted[f"tianren account{w}"] for w in (" --what-if redline", " --what-if candidates")
    )
    assert "0.73 %" in first and "12,089 km2 missing" in first
    assert "1.02 %" in again and "1.11 -> 1.41 %" in again
    traced = next(said for typed, said in counted.items() if "explain" in typed)
    assert "27.83 km2" in traced
    assert "3 contradictions" in counted["tianren audit data/figures.csv"]


def test_one_candidate_qualifies_and_one_lacks_evidence(counted: dict[str, str]) -> None:
    rows = latest(counted, "oecm").rows("oecm.csv")
    assert [r["outcome"] for r in rows] == ["OECM", "candidate"]
    assert rows[1]["missing"].startswith("C2: without evidence")


def test_shared_land_counts_once_and_the_statement_adds_up(counted: dict[str, str]) -> None:
    run = latest(counted, "account")
    step = next(r for r in run.rows("waterfall.csv") if r["step"] == "OECM")
    assert float(step["shared_m2"]) == pytest.approx(32.17e6, abs=1e4)
    assert float(step["once_m2"]) == pytest.approx(71e6, abs=1)
    held = run.rows("statement.csv")[0]  # of protected areas: the glacier, in two parts
    assert float(held["additions_m2"]) == pytest.approx(87.83e6, abs=1e4)
    assert float(held["moved_m2"]) == pytest.approx(32.17e6, abs=1e4)
    assert not run.rows("unbalanced.csv")


@pytest.fixture(scope="module")
def kept(walked: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The fourth page, in another copy of that folder; command -> what it said last."""
    return follow(FOURTH, walked, tmp_path_factory.mktemp("fourth") / "demo")


def said_by(kept: dict[str, str], *words: str) -> str:
    """What the one command with these words said."""
    (found,) = (said for typed, said in kept.items() if all(word in typed for word in words))
    return found


def test_the_fourth_page_says_what_the_commands_said(kept: dict[str, str]) -> None:
    adopted = said_by(kept, "register adopt")
    assert "408 pieces, 26,539.5 km2" in adopted and "87.035 km2 of 79" in adopted
    assert "2385 divisions" in adopted
    first, again = (said for typed, said in kept.items() if "check-project" in typed)
    assert first.startswith(
        "Facilities for visits and education: cannot say yet; at best permitted"
    )
    assert "--fact plan_level=... --fact plan_reference=..." in first
    assert "1.7 ha extremely important" in first and "11.15 km away" in first
    assert again.startswith("Facilities for visits and education: permitted here, with conditions.")
    assert "closed" in said_by(kept, "supervise act", "close")
    months = said_by(kept, "supervise figures").splitlines()[-3:]
    assert [month.split() for month in months] == [
        ["2026-05", "1", "1", "0", "1", "0"],
        ["2026-06", "0", "0", "0", "1", "0"],
        ["2026-07", "0", "0", "1", "0", "0"],
    ]
    assert "The journal is whole" in said_by(kept, "verify --anchor")


def test_cantons_sum_to_the_country_exactly(kept: dict[str, str]) -> None:
    rows = re.findall(r"([\d,]+) m²", said_by(kept, "register figures"))
    country, *cantons = (int(area.replace(",", "")) for area in rows)
    assert len(cantons) == 26 - 1  # Basel-Stadt is a city: nothing of the line lies in it
    assert sum(cantons) == country


def test_who_screened_does_not_approve(kept: dict[str, str]) -> None:
    """Beat is told all that speaks against him; nothing of it is recorded."""
    told = said_by(kept, "approve --as beat.furrer")
    assert "beat.furrer made the move screen" in told and "decision_signature" in told
    shown = json.loads(run_here("tianren occupation show 2026-0001 --json", Path(kept["folder"]))
                       .stdout)  # fmt: skip
    assert [step["move"] for step in shown["steps"]] == [
        "apply", "receive", "screen", "approve", "deliver",
    ]  # fmt: skip


def latest(said: dict[str, str], step: str) -> Any:
    """The latest run of a step in the folder of the second page."""
    from tianren.project.runs import list_runs

    return list_runs(Path(said["folder"]), step)[-1]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_on_every_page_exists(page: Path) -> None:
    group = get_command(app)
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"(?:^|[\s`])tianren ([a-z]+)\b(?! is\b)", text):
        if f"`tianren {name}" in text or f"$ tianren {name}" in text:
            assert name in group.commands  # type: ignore[attr-defined]


def shown_commands(page: Path) -> Iterator[list[str]]:
    """The words of each command in the blocks of a page, and in its text between backticks."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    typed = re.findall(r"^ *(?:\$ )?(tianren [^\n#]+)", text, re.MULTILINE)
    for command in [*typed, *re.findall(r"`(tianren [^`]+)`", text.replace("\n", " "))]:
        for part in re.split(r" && | \| ", command):
            with contextlib.suppress(ValueError):  # prose with an apostrophe is no command
                words = shlex.split(part, comments=True)
                if words[:1] == ["tianren"]:
                    yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_option_on_every_page_exists(page: Path) -> None:
    for words in shown_commands(page):
        command: Any = get_command(app)
        rest = list(words)
        while rest and hasattr(command, "commands") and rest[0] in command.commands:
            command = command.commands[rest.pop(0)]
        known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
        named = [word for word in rest if re.fullmatch(r"--[a-z][a-z-]*", word)]
        assert set(named) <= known, f"tianren {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
