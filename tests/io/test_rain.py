"""Series of rain: every band is the day it says, R and normals are those of the whole array."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio.transform import from_origin

from tianren.errors import UserError
from tianren.io.rain import DAILY, MONTHLY, derive_rain, open_series
from tianren.io.sources import Entry
from tianren.science import soil_erosion

LAEA = "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m +no_defs"
GRID = GeoBox.from_bbox((0, 0, 5000, 4000), LAEA, resolution=1000)


def write(path: Path, cells: np.ndarray, nodata: float | None = None) -> None:
    bands, rows, columns = cells.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=columns, count=bands, dtype="float32",
        crs=LAEA, transform=from_origin(0, 4000, 1000, 1000), nodata=nodata,
    ) as sink:  # fmt: skip
        sink.write(cells.astype(np.float32))


def entry(folder: Path, layer: str, uri: str, start: dt.date, unit: str) -> Entry:
    return Entry(layer, layer, "flux", folder, uri=uri, unit=unit, start=start)


def days_of(start: dt.date, count: int) -> list[dt.date]:
    return [start + dt.timedelta(days=n) for n in range(count)]


def rain(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wet = rng.random((count, 4, 5)) < 0.3
    return np.where(wet, rng.gamma(0.8, 12.0, (count, 4, 5)), 0).astype(np.float32)


def by_name(folder: Path, given: Entry, erosive: float = 12.0) -> dict[str, np.ndarray]:
    made = derive_rain(given, GRID, folder / "cache", erosive=erosive)
    return {raster.name: raster.read() for raster in made.rasters}


def test_days_give_the_erosivity_and_normals_of_their_months(tmp_path: Path) -> None:
    """From July, over a leap day; the days after the last whole year are left out, and said."""
    start, cells = dt.date(2003, 7, 1), rain(365 * 2 + 1 + 40)
    write(tmp_path / "rain.tif", cells)
    given = entry(tmp_path, DAILY, "rain.tif", start, "mm/day")
    found = by_name(tmp_path, given)
    whole, days = cells[:731].astype(float), days_of(start, 731)
    month = np.array([d.month for d in days])
    wanted = soil_erosion.erosivity_daily(whole, month, years=2, threshold=12.0)
    np.testing.assert_allclose(found["rainfall_erosivity"], wanted, rtol=1e-5)
    for m in range(1, 13):
        np.testing.assert_allclose(
            found[f"precipitation_{m:02d}"], whole[month == m].sum(axis=0) / 2, rtol=1e-5
        )
    (said,) = (f.message for f in derive_rain(given, GRID, tmp_path / "c2", erosive=12.0).findings)
    assert "2 years" in said
    assert "2003-07-01 to 2005-06-30" in said
    assert "40 bands" in said


def test_days_below_the_threshold_do_not_erode(tmp_path: Path) -> None:
    cells = np.full((365, 4, 5), 11.9)
    cells[10, 0, 0] = 20.0  # 11 January
    write(tmp_path / "rain.tif", cells)
    given = entry(tmp_path, DAILY, "rain.tif", dt.date(2001, 1, 1), "mm/day")
    found = by_name(tmp_path, given)["rainfall_erosivity"]
    assert found[0, 0] == pytest.approx(0.3101 * 20**1.7265, rel=1e-5)
    assert found[1, 1] == 0


def test_months_give_the_mean_fournier_index_of_their_years(tmp_path: Path) -> None:
    cells = rain(36, seed=3) * 10
    write(tmp_path / "rain.tif", cells)
    given = entry(tmp_path, MONTHLY, "rain.tif", dt.date(2001, 1, 1), "mm/month")
    found = by_name(tmp_path, given)
    wanted = soil_erosion.erosivity_series(cells.reshape(3, 12, 4, 5).astype(float))
    np.testing.assert_allclose(found["rainfall_erosivity"], wanted, rtol=1e-5)
    normals = cells.reshape(3, 12, 4, 5).mean(axis=0)
    for m in range(12):
        np.testing.assert_allclose(found[f"precipitation_{m + 1:02d}"], normals[m], rtol=1e-5)


def test_a_series_in_files_by_year_is_the_same_series(tmp_path: Path) -> None:
    cells = rain(730)
    write(tmp_path / "all.tif", cells)
    write(tmp_path / "rain_2001.tif", cells[:365])
    write(tmp_path / "rain_2002.tif", cells[365:])
    start = dt.date(2001, 1, 1)
    one = by_name(tmp_path, entry(tmp_path, DAILY, "all.tif", start, "mm/day"))
    two = by_name(tmp_path, entry(tmp_path, DAILY, "rain_*.tif", start, "mm/day"))
    for name, wanted in one.items():
        np.testing.assert_array_equal(two[name], wanted)


def test_rain_in_metres_a_day_is_converted(tmp_path: Path) -> None:
    cells = rain(365)
    write(tmp_path / "mm.tif", cells)
    write(tmp_path / "m.tif", cells / 1000)
    start = dt.date(2001, 1, 1)
    one = by_name(tmp_path, entry(tmp_path, DAILY, "mm.tif", start, "mm/day"), erosive=0)
    two = by_name(tmp_path, entry(tmp_path, DAILY, "m.tif", start, "m/day"), erosive=0)
    np.testing.assert_allclose(one["rainfall_erosivity"], two["rainfall_erosivity"], rtol=1e-4)


def test_a_missing_day_leaves_the_cell_without_a_value(tmp_path: Path) -> None:
    cells = rain(365)
    cells[200, 1, 2] = -9999
    write(tmp_path / "rain.tif", cells, nodata=-9999)
    given = entry(tmp_path, DAILY, "rain.tif", dt.date(2001, 1, 1), "mm/day")
    found = by_name(tmp_path, given)["rainfall_erosivity"]
    assert np.isnan(found).sum() == 1
    assert np.isnan(found[1, 2])


def test_one_undeclared_nodata_among_all_days_is_named_with_its_day(tmp_path: Path) -> None:
    cells = rain(365)
    cells[200, 1, 2] = -9999
    write(tmp_path / "rain.tif", cells)
    given = entry(tmp_path, DAILY, "rain.tif", dt.date(2001, 1, 1), "mm/day")
    with pytest.raises(UserError, match="holds -9999 on 2001-07-20"):
        by_name(tmp_path, given)


def test_a_series_shorter_than_a_year_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "rain.tif", rain(364))
    given = entry(tmp_path, DAILY, "rain.tif", dt.date(2001, 1, 1), "mm/day")
    with pytest.raises(UserError, match="shorter than a year"):
        open_series(given)


def test_every_day_belongs_to_one_year(tmp_path: Path) -> None:
    """Also from 29 February on."""
    write(tmp_path / "rain.tif", np.zeros((365 * 5 + 2, 4, 5)))
    given = entry(tmp_path, DAILY, "rain.tif", dt.date(2004, 2, 29), "mm/day")
    series = open_series(given)
    years = [series.year(n) for n in range(series.years)]
    assert [b for year in years for b in year] == list(range(years[-1].stop))
    assert {len(year) for year in years} <= {365, 366}
    assert series.years == 5
