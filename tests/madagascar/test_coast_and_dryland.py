"""Madagascar with a sea and its shoreline, and where its dry land lies: criteria of coast and sand.

The shoreline is that of the country's boundary, and the sea a strip along it, made here; wind and
soil are declared constants. What is real is the climate, so where desertification applies is real.
"""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from scipy.ndimage import distance_transform_edt

from tests.madagascar.madagascar import make_madagascar, need
from tianren.project.project import open_project
from tianren.steps.delineate import delineate

pytestmark = pytest.mark.real_data

SIDE = 2000  # m
STRIP = 20_000  # m of sea
MORE = """
[sea]
uri = "{made}/sea.gpkg"
kind = "vector"

[natural_coast]
uri = "{made}/shore.gpkg"
kind = "vector"

[wind_days]
constant = 30
unit = "1"
reason = "test: no wind layer"

[soil_texture]
constant = 12
legend = "usda_texture"
reason = "test: no texture layer"
"""
MASOALA, TOLIARA = (50.05, -15.6), (43.9, -23.2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = make_madagascar(tmp_path_factory.mktemp("coast") / "project")
    path = folder / "project.toml"
    text = path.read_text("utf-8").replace("resolution = 1000", f"resolution = {SIDE}")
    text = text.replace('source = "country"', 'source = "country"\nsea_source = "sea"')
    path.write_text(text, "utf-8")
    data = folder / "made"
    data.mkdir()
    crs = open_crs(text)
    land = gpd.read_file(need("madagascar") / "enmSdmX/mad0_gadm.gpkg").to_crs(crs)
    country = land.geometry.union_all().simplify(200)
    sea = gpd.GeoDataFrame(geometry=[country.buffer(STRIP).difference(country)], crs=crs)
    sea.to_file(data / "sea.gpkg")
    gpd.GeoDataFrame(geometry=[country.boundary.buffer(SIDE / 2)], crs=crs).to_file(
        data / "shore.gpkg"
    )
    with (folder / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write(MORE.format(made=data.resolve()))
    project = open_project(folder)
    return project, delineate(project, report=False).run, sea.area.sum()


def open_crs(text: str) -> str:
    (line,) = (row for row in text.splitlines() if row.startswith("crs ="))
    return line.split('"')[1]


def cells(folder: Path, name: str) -> np.ndarray:
    with rasterio.open(folder / name) as source:
        return np.asarray(source.read(1))


def at(made: Any, name: str, place: tuple[float, float]) -> int:
    project, run, _ = made
    x, y = Transformer.from_crs("EPSG:4326", project.grid.crs.to_wkt(), always_xy=True).transform(
        *place
    )
    with rasterio.open(run.folder / name) as source:
        (found,) = source.sample([(x, y)])
        return int(found[0])


def test_the_sea_has_its_own_area_and_share(made: Any) -> None:
    _, run, sea_m2 = made
    measured = {(r["indicator"], r["by"]): float(r["value"]) for r in run.measures}
    assert measured["region.area", "realm=sea"] == pytest.approx(sea_m2, rel=0.01)
    assert measured["region.area", "realm=land"] == pytest.approx(591_460e6, rel=0.002)
    assert 0 < measured["redline.share", "realm=sea"] < 50


def test_the_shore_and_its_buffer_are_extremely_important_on_both_sides(made: Any) -> None:
    """By an independent route: distance to the burned shoreline, 200 m landward and seaward."""
    project, run, _ = made
    layer, _ = project.vector("natural_coast")
    from tianren.io.vectors import burn

    shore = burn(layer, project.grid, name="natural_coast").read() == 1
    realm = project.realm().read()
    near = distance_transform_edt(~shore, sampling=SIDE) <= 200
    grade = cells(run.folder, "grades/coastal_protection.tif")
    for code in (1, 2):
        inside = realm == code
        np.testing.assert_array_equal(grade[inside] == 5, near[inside])
        assert near[inside].any()


def test_the_sea_of_the_line_is_its_shore(made: Any) -> None:
    """No other function is computed at sea here, and marine parts of protected areas are beside."""
    project, run, _ = made
    sea = project.realm().read() == 2
    line = cells(run.folder, "redline_cells.tif") > 0
    grade = cells(run.folder, "grades/coastal_protection.tif")
    must = cells(run.folder, "must_include.tif") > 0
    assert line[sea & (grade == 5)].mean() > 0.9  # but for small patches
    assert not line[sea & (grade != 5) & ~must].sum() > 0.05 * line[sea].sum()


def test_desertification_applies_in_the_dry_south_west_only(made: Any) -> None:
    _, run, _ = made
    assert at(made, "factors/dryland.tif", TOLIARA) == 1
    assert at(made, "factors/dryland.tif", MASOALA) == 0
    assert at(made, "grades/desertification.tif", TOLIARA) in (1, 3, 5)
    assert at(made, "grades/desertification.tif", MASOALA) == 0  # not applicable
    dry = cells(run.folder, "factors/dryland.tif") == 1
    grade = cells(run.folder, "grades/desertification.tif")
    assert not np.isin(grade[~dry], (1, 3, 5)).any()
    share = dry.sum() * SIDE**2 / 591_460e6
    assert 0.02 < share < 0.6
