"""Madagascar at 1 km, the whole chain on real layers: what is known of it from outside holds.

Land by GADM is 591,460 km2; of the 163 WDPA polygons 92 are designated or inscribed and cover
44,047 km2 of it (7.45 %), the 71 others are proposed.
"""

import csv
import resource
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from tests.madagascar.madagascar import make_madagascar

pytestmark = pytest.mark.real_data
KM2 = 1e6
GIB = 1024**2  # in KiB, as the system counts a process's memory


class Run:
    """The results of the run, read as a GIS would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def cells(self, name: str) -> np.ndarray:
        with rasterio.open(self.folder / name) as source:
            return np.asarray(source.read(1))

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    @cached_property
    def measures(self) -> dict[tuple[str, str], float]:
        return {(r["indicator"], r["by"]): float(r["value"]) for r in self.rows("measures.csv")}

    @cached_property
    def pieces(self) -> gpd.GeoDataFrame:
        return gpd.read_file(self.folder / "redline.gpkg", layer="redline")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = make_madagascar(tmp_path_factory.mktemp("madagascar") / "project")
    command = [sys.executable, "-m", "tianren", "delineate", "--no-report", "-p", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    (record,) = (folder / "results").glob("*/run.toml")
    return Run(record.parent)


def test_it_stays_within_two_gib(run: Run) -> None:
    """The largest of this process's children so far, the run among them."""
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 * GIB


def test_the_land_has_its_known_area(run: Run) -> None:
    assert run.measures["region.area", "realm=land"] == pytest.approx(591_460 * KM2, rel=1e-3)


def test_designated_and_inscribed_areas_have_their_known_area(run: Run) -> None:
    area = run.measures["must_include.area", "kind=protected_area"]
    assert area == pytest.approx(44_047 * KM2, rel=5e-3)
    assert area == run.measures["redline.area", "level=2"]
    land = run.measures["region.area", "realm=land"]
    assert 100 * area / land == pytest.approx(7.45, abs=0.03)


def test_proposed_areas_are_listed_and_do_not_count(run: Run) -> None:
    rows = [r for r in run.rows("decisions.csv") if r["type"] == "protected_area"]
    assert len(rows) == 163
    refused = [r for r in rows if r["decision"] == "exclude"]
    assert len(refused) == 71
    assert all("Proposed" in r["reason"] for r in refused)


def test_most_water_is_held_in_the_east(run: Run) -> None:
    """Trade winds rain on the eastern escarpment; the south-west is the driest."""
    water = run.cells("values/water_conservation.tif")
    middle = water.shape[1] // 2
    assert np.nanmean(water[:, middle:]) > 1.5 * np.nanmean(water[:, :middle])
    share = {key[1]: v for key, v in run.measures.items() if key[0] == "redline.share"}
    wet = ("Analanjirofo", "Atsinanana", "Vatovavy Fitovinany")
    dry = ("Androy", "Atsimo-Andrefana")
    assert min(share[f"region={name}"] for name in wet) > 90
    assert max(share[f"region={name}"] for name in dry) < 10


@pytest.mark.parametrize(
    "function", ["water_conservation", "soil_conservation", "biodiversity", "carbon"]
)
def test_the_top_class_reaches_half_and_would_not_without_its_last_cell(
    run: Run, function: str
) -> None:
    values, grades = (run.cells(f"{folder}/{function}.tif") for folder in ("values", "grades"))
    graded = np.isin(grades, (1, 3, 5))
    amount = np.maximum(values[graded].astype(float), 0)
    top = grades[graded] == 5
    lowest = amount[top].min()
    assert amount[top].sum() / amount.sum() >= 0.5
    assert amount[top & (amount > lowest)].sum() / amount.sum() < 0.5
    assert amount[~top].max() < lowest


def test_pieces_are_valid_apart_and_sum_to_the_line(run: Run) -> None:
    shapes, total = run.pieces.geometry, run.measures["redline.area", ""]
    assert shapes.is_valid.all()
    assert run.pieces["area_m2"].sum() == total
    assert np.count_nonzero(run.cells("redline_cells.tif") > 0) * KM2 == total
    assert shapes.area.sum() == pytest.approx(total, rel=0.01)
    assert shapely.area(shapely.union_all(shapes)) == pytest.approx(shapes.area.sum(), rel=1e-9)
    assert run.pieces["code"].is_unique


def test_units_sum_to_the_land_but_for_what_lies_in_none(run: Run) -> None:
    """GADM's regions end a little short of its country: those cells are counted and told."""
    for level in ("province", "region"):
        named = [
            v for (name, by), v in run.measures.items()
            if name == "region.area" and by.startswith(f"{level}=")
        ]  # fmt: skip
        assert sum(named) == pytest.approx(run.measures["region.area", ""], rel=1e-3)
    assert any(r["rule"] == "redline.no_division" for r in run.rows("findings.csv"))


def test_what_is_missing_is_said(run: Run) -> None:
    findings = {(r["rule"], r["subject"]) for r in run.rows("findings.csv")}
    assert ("layer.constant", "soil_conservation") in findings
    assert ("soil.erosivity_normals", "rainfall_erosivity") in findings


def test_explain_answers_in_the_rainforest_and_in_the_spiny_desert(run: Run) -> None:
    from tianren.project.project import open_project
    from tianren.steps.explain import explain

    project = open_project(run.folder.parents[1])
    masoala = explain(project, at=(50.05, -15.6)).as_dict()
    androy: dict[str, Any] = explain(project, at=(45.6, -25.0)).as_dict()
    assert masoala["inside"]
    assert any("Masoala" in site for must in masoala["must_include"] for site in must["sites"])
    assert not androy["inside"]
