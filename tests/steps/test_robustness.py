"""Draws of the line: a draw plans anew where it must, and what cancels in shares is named."""

import csv
import tomllib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from tests.steps.test_rivers import HIGH, LAEA, WIDE, valley
from tianren.project.project import open_project
from tianren.steps.delineate import delineate

CONSTANTS = {
    "annual_temperature": (12, "degC"),
    "potential_evapotranspiration": (1000, "mm/a"),
    "accumulated_temperature": (4000, "degC d"),
    "wind_days": (40, "1"),
    "vegetation_cover": (0.05, "1"),
}
LAYERS = """
[annual_precipitation]
uri = "data/rain.tif"
unit = "mm/a"

[landcover]
constant = 10
legend = "IGBP"
reason = "test"

[soil_texture]
constant = 13
legend = "usda_texture"
reason = "test"
"""
OVERRIDE = """
[parameters.override."criteria.aridity_limit"]
value = 0.1
low = 0.1
high = 0.7
source = "test"
reason = "test"
"""


def plateau(folder: Path) -> Path:
    """Rain from 200 mm in the west to 800 mm in the east; evaporation 1,000 mm."""
    valley(folder, resolution=100)
    columns = WIDE // 100
    rain = np.tile(np.linspace(200, 800, columns), (HIGH // 100, 1)).astype(np.float32)
    with rasterio.open(
        folder / "data/rain.tif", "w", driver="GTiff", height=HIGH // 100, width=columns, count=1,
        dtype="float32", crs=LAEA, transform=from_origin(0, HIGH, 100, 100),
    ) as sink:  # fmt: skip
        sink.write(rain, 1)
    text = (folder / "catalog.toml").read_text("utf-8").split("[rainfall_erosivity]")[0] + LAYERS
    for name, (value, unit) in CONSTANTS.items():
        text += f'\n[{name}]\nconstant = {value}\nunit = "{unit}"\nreason = "test"\n'
    (folder / "catalog.toml").write_text(text, "utf-8")
    with (folder / "project.toml").open("a", encoding="utf-8") as stream:
        stream.write(OVERRIDE)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = plateau(tmp_path_factory.mktemp("plateau") / "p")
    return delineate(open_project(folder), robustness=8, seed=2, report=False).run.folder


def measures(run: Path, indicator: str) -> dict[str, dict[str, str]]:
    with (run / "measures.csv").open(encoding="utf-8", newline="") as stream:
        return {r["by"]: r for r in csv.DictReader(stream) if r["indicator"] == indicator}


def test_a_draw_computes_a_criterion_that_the_run_itself_did_not_need(run: Path) -> None:
    """At 0.1 no land is dry; at 0.7 most is, and all of that is extremely sensitive."""
    assert not (run / "grades/desertification.tif").exists()
    with rasterio.open(run / "robustness/frequency.tif") as source:
        often = source.read(1)
    with rasterio.open(run / "redline_cells.tif") as source:
        inside = source.read(1) > 0
    assert ((often > 0) & ~inside).any()
    west = (slice(None), slice(0, 6))  # 200 to 300 mm: dry where the limit is drawn above 0.3
    assert not inside[west].any()
    assert ((often[west] > 0.5) & (often[west] < 0.9)).all()
    effect = measures(run, "robustness.effect")["parameter=criteria.aridity_limit"]
    assert float(effect["value"]) > 0.5


def test_the_carbon_fraction_cancels_in_shares_and_is_named(run: Path) -> None:
    with (run / "findings.csv").open(encoding="utf-8", newline="") as stream:
        named = {
            r["subject"] for r in csv.DictReader(stream) if r["rule"] == "robustness.no_effect"
        }
    record = tomllib.loads((run / "run.toml").read_text("utf-8"))["robustness"]
    assert named == set(record["without_effect"])
    assert not named & {"criteria.aridity_limit", "grading.extremely_important"}
    assert "productivity.carbon_fraction" in named
