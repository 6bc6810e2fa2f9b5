"""tianren habitat: a small project from its layers to quality, tables and what it says."""

from pathlib import Path

import numpy as np
import pytest

from tests.project.small_project import CATALOG, PROJECT, make_project
from tianren.errors import UserError
from tianren.io.rasters import open_raster
from tianren.project.project import open_project
from tianren.raster.raster import MISSING
from tianren.steps.habitat import habitat

HABITAT = """
[habitat]
suitability = "suits"
baseline = "before"

[habitat.threats.town]
source = "landcover"
classes = [13]
weight = 1.0
reach = 5000

[habitat.threats.east]
source = "provinces"
where = {name = "东"}
weight = 0.5
reach = 3000
decay = "exponential"
"""
SOURCES = """
[suits]
uri = "suits.csv"
kind = "table"

[before]
uri = "data/lc.tif"
kind = "category"
legend = "IGBP"
"""
TABLE = "class,suitability,town,east,note\n1,1.0,0.5,0.2,x\n5,0.8,0.4,0.1,y\n13,0,0,0,z\n"


def project_of(folder: Path, table: str = TABLE) -> Path:
    make_project(folder, PROJECT + HABITAT, CATALOG + SOURCES)
    (folder / "suits.csv").write_text(table, encoding="utf-8")
    return folder


def test_quality_of_a_small_project(tmp_path: Path) -> None:
    project = open_project(project_of(tmp_path))
    answer = habitat(project)
    quality = open_raster(answer.run.path("habitat_quality.tif")).read()
    landcover = project.rasters(["landcover"])[0]["landcover"].read()
    known = (project.realm().read() != MISSING) & (landcover != MISSING)
    assert np.array_equal(~np.isnan(quality), known)
    found = answer.as_dict()
    assert found["mean_quality"] == pytest.approx(float(quality[known].mean(dtype=float)), abs=1e-6)
    assert sum(found["threats"].values()) == pytest.approx(1.0)
    assert found["by_class"]["Urban and built-up lands"] == 0.0
    assert {f["rule"] for f in answer.run.findings} >= {
        "habitat.half_saturation", "habitat.edge", "habitat.unused_columns",
    }  # fmt: skip
    of_provinces = {r["by"] for r in answer.run.measures if r["by"].startswith("province=")}
    assert of_provinces == {"province=西", "province=东"}
    assert "habitat quality" in answer.text().casefold()


def test_half_saturation_is_half_of_the_largest_degradation(tmp_path: Path) -> None:
    answer = habitat(open_project(project_of(tmp_path)))
    degradation = open_raster(answer.run.path("degradation.tif")).read()
    assert answer.as_dict()["half_saturation"] == pytest.approx(0.5 * float(np.nanmax(degradation)))


def test_nothing_is_gone_when_the_baseline_is_today(tmp_path: Path) -> None:
    answer = habitat(open_project(project_of(tmp_path)))
    rarity = [float(r["value"]) for r in answer.run.measures if r["indicator"] == "habitat.rarity"]
    assert rarity == [0.0, 0.0, 0.0]
    assert answer.run.has("rarity.tif")


def test_asked_again_it_is_the_same_run(tmp_path: Path) -> None:
    project = open_project(project_of(tmp_path))
    first = habitat(project)
    before = first.run.path("run.toml").stat().st_mtime_ns
    assert habitat(project).run.id == first.run.id
    assert first.run.path("run.toml").stat().st_mtime_ns == before


def test_a_class_without_a_row_is_refused_with_its_area(tmp_path: Path) -> None:
    short = TABLE.replace("5,0.8,0.4,0.1,y\n", "")
    with pytest.raises(UserError, match=r"lacks classes .*5 .*km2"):
        habitat(open_project(project_of(tmp_path, short)))


def test_without_the_section_the_next_step_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no \[habitat\]"):
        habitat(open_project(make_project(tmp_path)))


@pytest.mark.parametrize(
    "heads", ["地类,生境适宜性", "Clase,Aptitud", "landcover,Habitat suitability"]
)
def test_headings_may_be_those_of_the_country(tmp_path: Path, heads: str) -> None:
    project = open_project(project_of(tmp_path, TABLE.replace("class,suitability", heads)))
    assert habitat(project).as_dict()["by_class"]["Urban and built-up lands"] == 0.0
