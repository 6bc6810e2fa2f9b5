"""The flow of water in a project: on fine grids the slope length follows from inflow."""

import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.science import soil_erosion
from tianren.steps.check import check
from tianren.steps.delineate import delineate

LAEA = "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m +no_defs"
WIDE, HIGH = 3000, 2000  # m

PROJECT = f"""
name = "Valley"
day = 2026-01-01

[region]
source = "country"

[grid]
crs = "{LAEA}"
resolution = RESOLUTION
"""
CATALOG = """
[country]
uri = "data/region.gpkg"
kind = "vector"

[elevation]
uri = "data/dem.tif"
unit = "m"

[rainfall_erosivity]
constant = 3000
unit = "MJ mm/(hm2 h a)"
reason = "test"

[soil_erodibility]
constant = 0.03
unit = "t hm2 h/(hm2 MJ mm)"
reason = "test"

[cover_factor]
constant = 0.1
unit = "1"
reason = "test"
"""


def valley(folder: Path, resolution: float = 50, native: float = 50) -> Path:
    """A valley that falls to the south; its elevation on cells of `native` m."""
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "project.toml").write_text(PROJECT.replace("RESOLUTION", str(resolution)), "utf-8")
    (folder / "catalog.toml").write_text(CATALOG, "utf-8")
    region = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, WIDE, HIGH)], crs=LAEA)
    region.to_file(data / "region.gpkg")
    rows, columns = round(HIGH / native), round(WIDE / native)
    y, x = np.mgrid[0:rows, 0:columns] * native
    z = 500 - 0.05 * y + 0.2 * np.abs(x - WIDE / 2 + native / 2)
    with rasterio.open(
        data / "dem.tif", "w", driver="GTiff", height=rows, width=columns, count=1,
        dtype="float32", crs=LAEA, transform=from_origin(0, HIGH, native, native),
    ) as sink:  # fmt: skip
        sink.write(z.astype(np.float32), 1)
    return folder


def method_of(folder: Path) -> str:
    (plan,) = (p for p in check(open_project(folder)).plans if p.id == "soil_conservation")
    (recipe,) = (r for r in plan.recipes if r.makes == "slope_length_steepness")
    return recipe.method


@pytest.mark.parametrize(
    ("resolution", "native", "by_inflow"),
    [(50, 50, True), (100, 100, True), (200, 50, False), (50, 250, False)],
)
def test_contributing_area_is_used_where_grid_and_elevation_are_fine(
    tmp_path: Path, resolution: float, native: float, by_inflow: bool
) -> None:
    folder = valley(tmp_path / "valley", resolution, native)
    assert ("contributing area" in method_of(folder)) is by_inflow
    said = check(open_project(folder)).text()
    rules = {f.rule for f in check(open_project(folder)).findings}
    assert ("soil.slope_length_by_inflow" in rules) is by_inflow
    assert ("soil.slope_length_constant" in rules) is not by_inflow
    assert "soil conservation" in said.lower()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = valley(tmp_path_factory.mktemp("valley") / "project")
    return delineate(open_project(folder), report=False).run.folder


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as source:
        return np.asarray(source.read(1).astype(float))


def test_ls_grows_down_the_slope_and_is_capped_in_the_stream(drawn: Path) -> None:
    """On the valley's flank one row drains to the next cell inwards: A_in is n cells of the row."""
    ls = read(drawn / "factors/slope_length_steepness.tif")
    half = ls.shape[1] // 2
    flank = ls[10, 2 : half - 2]
    grows = np.diff(flank)
    assert (grows[:5] > 0).all()  # from one cell of inflow to six, 300 m: the longest slope
    np.testing.assert_allclose(grows[5:], 0, atol=1e-6)
    rules = (drawn / "findings.csv").read_text("utf-8")
    assert "soil.slope_length_capped" in rules


def test_ls_at_the_divide_is_the_closed_formula(drawn: Path) -> None:
    """Without inflow L = (D / (22.13 x))^m; the flank falls 0.2 inwards and 0.05 southwards."""
    ls = read(drawn / "factors/slope_length_steepness.tif")
    slope = float(np.degrees(np.arctan(np.hypot(0.2, 0.05))))
    facing = float(np.arctan2(0.2, -0.05))
    x = abs(np.sin(facing)) + abs(np.cos(facing))
    m = soil_erosion.length_exponent(slope)
    wanted = (50 / (22.13 * x)) ** m * soil_erosion.steepness_factor(slope, 5.14, 10.20, 28.81)
    inner = ls[10, 1]  # one cell from the edge: the edge cell is an outlet and gives it nothing
    assert inner == pytest.approx(float(wanted), rel=1e-4)


def test_a_grid_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    folder = valley(tmp_path / "valley")
    text = (folder / "project.toml").read_text("utf-8")
    text += (
        '\n[parameters.override."river.streams_largest_grid"]\n'
        'value = 1000\nsource = "test"\nreason = "test"\n'
    )
    (folder / "project.toml").write_text(text, "utf-8")
    with pytest.raises(UserError, match="too large to derive streams") as caught:
        delineate(open_project(folder), report=False)
    assert "2,400 cells" in caught.value.by_how_much


def test_daily_rain_becomes_the_erosivity_of_a_run(tmp_path: Path) -> None:
    """The same 20 mm on every 15th of a month: R = 20^1.7265 (5 x 0.3937 + 7 x 0.3101)."""
    folder = valley(tmp_path / "valley", resolution=200)
    days = np.zeros((730, 4, 6), np.float32)
    for n in range(730):
        if (dt.date(2001, 1, 1) + dt.timedelta(days=n)).day == 15:
            days[n] = 20
    with rasterio.open(
        folder / "data/rain.tif", "w", driver="GTiff", height=4, width=6, count=730,
        dtype="float32", crs=LAEA, transform=from_origin(0, HIGH, 500, 500),
    ) as sink:  # fmt: skip
        sink.write(days)
    text = CATALOG.replace(
        '[rainfall_erosivity]\nconstant = 3000\nunit = "MJ mm/(hm2 h a)"\nreason = "test"\n',
        '[daily_precipitation]\nuri = "data/rain.tif"\nunit = "mm/d"\nstart = "2001-01-01"\n',
    )
    (folder / "catalog.toml").write_text(text, "utf-8")
    project = open_project(folder)
    plans = {p.id: p for p in check(project).plans}
    assert "daily_precipitation" in plans["soil_conservation"].inputs
    run = delineate(project, report=False).run
    value, ls = (
        read(run.folder / name)
        for name in ("values/soil_conservation.tif", "factors/slope_length_steepness.tif")
    )
    erosivity = 20**1.7265 * (5 * 0.3937 + 7 * 0.3101)
    np.testing.assert_allclose(value, erosivity * 0.03 * ls * 0.9, rtol=1e-4)
    assert "soil.erosive_rain" in (run.folder / "run.toml").read_text("utf-8")
    assert "rain.derived" in {f["rule"] for f in run.findings}


def test_a_series_must_say_when_it_begins(tmp_path: Path) -> None:
    folder = valley(tmp_path / "valley")
    with (folder / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[daily_precipitation]\nuri = "data/rain.tif"\nunit = "mm/d"\n')
    with pytest.raises(UserError, match="does not say when it begins") as caught:
        open_project(folder)
    assert "start" in caught.value.next_step
