"""The tutorial is run, command by command, as a reader would type it; links lead somewhere."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from tianren.cli import app

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "switzerland.md"
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


def results(walked: dict[str, str]) -> Path:
    """The results of the tutorial's first run."""
    return min((Path(walked["folder"]) / "results").glob("*/run.toml")).parent


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
    told = client("pdftotext", "-layout", str(results(walked) / "report.pdf"), "-")
    for words in ("Switzerland", "km²", "unverified", "Findings", "sha256"):
        assert words.lower() in told.lower(), words


def test_results_are_read_as_data_too(walked: dict[str, str]) -> None:
    told = run("tianren explain --at 8.59,46.63 --json", Path(walked["folder"]))
    assert json.loads(told.stdout)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_on_every_page_exists(page: Path) -> None:
    group = get_command(app)
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"(?:^|[\s`])tianren ([a-z]+)\b(?! is\b)", text):
        if f"`tianren {name}" in text or f"$ tianren {name}" in text:
            assert name in group.commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
