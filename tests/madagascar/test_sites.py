"""Madagascar's real records of protected areas: three figures for one country, and why each.

Measured independently in EPSG:6933 against 591,460 km2 of land: all polygons 14.93 %, Designated
and Inscribed 7.45 %. The cleaning gives 7.40 %: records that say they are wholly at sea lose the
land that their outlines reach.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import CRS

from tests.madagascar.madagascar import make_madagascar
from tianren.geo.overlay import Claim, pieces
from tianren.geo.sites import parts_in
from tianren.io.sources import Entry
from tianren.io.vectors import read_vector
from tianren.io.wdpa_export import write_wdpa
from tianren.project.project import open_project
from tianren.steps.sites import Sites, account_sites

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = make_madagascar(tmp_path_factory.mktemp("sites") / "project")
    path = folder / "project.toml"
    text = path.read_text("utf-8")
    crs = next(line for line in text.splitlines() if line.startswith("crs ="))
    path.write_text(text.replace(crs, 'crs = "EPSG:6933"'), "utf-8")
    return open_project(folder)


@pytest.fixture(scope="module")
def found(project: Any) -> Sites:
    return account_sites(project)


def on_land(project: Any, shapes: Any) -> float:
    """Share of the land that the union of shapes covers, %."""
    land = project.region.geometry.to_numpy()
    both = pieces([Claim(np.asarray(shapes)), Claim(land)])
    covered = both.area[(both.owner >= 0).all(axis=1)].sum()
    return float(100 * covered / shapely.area(land).sum())


def test_the_land_is_that_of_the_measurement(project: Any) -> None:
    assert project.region.geometry.area.sum() / 1e6 == pytest.approx(591_460, abs=1)


def test_three_figures(project: Any, found: Sites) -> None:
    every = found.cleaned.every
    designated = every["status"].isin(["Designated", "Inscribed"]).to_numpy()
    assert on_land(project, every.geometry) == pytest.approx(14.93, abs=0.01)
    assert on_land(project, every.geometry[designated]) == pytest.approx(7.45, abs=0.01)
    assert on_land(project, found.sites.geometry) == pytest.approx(7.40, abs=0.01)


def test_the_raw_figures_stand_by_a_plain_union_too(project: Any) -> None:
    raw, _ = read_vector(project.entry("wdpa"), project.grid.crs.to_wkt())
    land = project.region.geometry.iloc[0]
    for rows, share in ((raw, 14.93), (raw[raw["STATUS"] != "Proposed"], 7.45)):
        union = shapely.union_all(rows.geometry.to_numpy())
        covered = 100 * union.intersection(land).area / land.area
        assert covered == pytest.approx(share, abs=0.01)


def test_why_each(project: Any, found: Sites) -> None:
    log, every = found.cleaned.log, found.cleaned.every
    refused = log[log["action"] == "refused"]["rule"].value_counts().to_dict()
    # 71 are proposed. Of the rest 23 have no land: 22 are at sea or coastal, one lies on an islet
    # that the boundary does not have.
    assert refused == {"status": 71, "no_sea": 22, "region": 1}
    assert len(found.sites) == 163 - 71 - 22 - 1
    # What the rule of realms takes off the union is what 7.45 and 7.40 differ by.
    counted = (every["rule"] != "status").to_numpy()
    marine = counted & (every["realm"] == "sea").to_numpy()
    with_marine = on_land(project, every.geometry[counted])
    without = on_land(project, every.geometry[counted & ~marine])
    assert with_marine - without == pytest.approx(0.051, abs=0.002)
    assert without == pytest.approx(on_land(project, found.sites.geometry), abs=1e-6)


def test_what_is_said_of_its_records(found: Sites) -> None:
    rules = {f.rule: f.message for f in found.findings}
    assert {"sites.status", "sites.no_sea", "sites.realm", "sites.region", "sites.area"} <= set(
        rules
    )
    # Tsimanampesotse was enlarged; its reported area is the old one.
    assert (
        "Tsimanampesotse" in rules["sites.area"]
        and "4.463 times the 456 km2" in rules["sites.area"]
    )
    assert "the project names no sea" in rules["sites.no_sea"]


def test_paths_that_these_records_do_not_have(found: Sites) -> None:
    """So that fixtures, not these records, must cover them (tests/geo/test_sites.py)."""
    rules = set(found.cleaned.log["rule"])
    assert not rules & {"repeated", "other_shape", "designation", "year_unknown", "point", "repair"}


def test_they_go_out_and_come_in_again(project: Any, found: Sites, tmp_path: Path) -> None:
    uncut = found.cleaned.uncut
    write_wdpa(tmp_path, "w", uncut, {"wdpa": project.entry("wdpa")}, region=project.region)
    again, _ = read_vector(Entry("w", "w", "vector", tmp_path, "w.gpkg", "WDPA_poly"),
                           project.grid.crs.to_wkt())  # fmt: skip
    assert again["SITE_ID"].astype(str).tolist() == uncut["site_id"].tolist()
    areas = again.geometry.area.to_numpy()
    assert areas == pytest.approx(uncut.geometry.area.to_numpy(), rel=1e-6)
    assert again["GIS_AREA"].to_numpy() == pytest.approx(areas / 1e6, rel=1e-6)


def test_the_own_plane_of_the_project_gives_the_same(tmp_path: Path, project: Any) -> None:
    laea = open_project(make_madagascar(tmp_path / "laea"))
    assert CRS(laea.grid.crs.to_wkt()) != CRS(project.grid.crs.to_wkt())
    sites = account_sites(laea).sites
    assert on_land(laea, sites.geometry) == pytest.approx(7.40, abs=0.01)
    assert len(parts_in(sites, laea.region, "land")) == len(sites)
