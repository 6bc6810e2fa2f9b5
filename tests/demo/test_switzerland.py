"""The embedded data of Switzerland: whole, in the right place, plausible, and attributed."""

import csv
import hashlib
import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from tianren import demo
from tianren.errors import UserError

HOME = Path(demo.__file__).parent / "switzerland"
DATA = HOME / "data"
RASTERS = sorted(DATA.glob("*.tif"))
EQUAL_AREA = "+proj=laea +lat_0=46.8 +lon_0=8.2 +ellps=GRS80 +units=m +no_defs"
ZURICH, SION, JUNGFRAU = (8.54, 47.38), (7.36, 46.23), (7.98, 46.54)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def catalog() -> dict[str, Any]:
    return tomllib.loads((HOME / "catalog.toml").read_text("utf-8"))


def layer(name: str) -> gpd.GeoDataFrame:
    return gpd.read_file(DATA / "boundaries.gpkg", layer=name)


def at(name: str, place: tuple[float, float]) -> np.ndarray:
    """The bands of a raster at a place, scale applied."""
    with rasterio.open(DATA / f"{name}.tif") as source:
        (cells,) = source.sample([place])
        return np.asarray(cells, dtype=float) * source.scales[0]


def test_every_file_is_as_summed_and_none_is_missing() -> None:
    sums = dict(
        reversed(line.split("  ")) for line in (HOME / "SHA256SUMS").read_text().splitlines()
    )
    files = {p.relative_to(HOME).as_posix(): p for p in HOME.rglob("*") if p.is_file()}
    del files["SHA256SUMS"]
    assert {name: sha256(path) for name, path in files.items()} == sums


def test_it_is_small() -> None:
    assert sum(p.stat().st_size for p in HOME.rglob("*") if p.is_file()) < 5_000_000


def test_the_catalog_names_existing_files_by_their_sha256() -> None:
    for name, source in catalog().items():
        if "constant" in source:
            assert source["reason"], name
        else:
            assert source["sha256"] == sha256(HOME / source["uri"]), name
            assert source["licence"] and source["citation"] and source["period"], name


def test_every_data_file_is_in_the_catalog_and_in_the_attribution() -> None:
    attribution = (HOME / "ATTRIBUTION.md").read_text("utf-8")
    in_catalog = {source.get("uri") for source in catalog().values()}
    for path in DATA.iterdir():
        assert f"data/{path.name}" in in_catalog
        assert f"data/{path.name}" in attribution


def test_the_project_names_only_sources_that_the_catalog_has() -> None:
    project = tomllib.loads((HOME / "project.toml").read_text("utf-8"))
    named = [project["region"], *project["admin"]["levels"]]
    named += [*project["must_include"].values(), *project["conflicts"].values()]
    assert {item["source"] for item in named} <= set(catalog())
    assert project["admin"]["piece_level"] in {
        level["name"] for level in project["admin"]["levels"]
    }


@pytest.mark.parametrize("path", RASTERS, ids=lambda p: p.stem)
def test_rasters_cover_the_country_on_their_native_grid(path: Path) -> None:
    native = {"elevation": 1 / 120, "climate_class": 1 / 120, "temperature": 0.25}
    native |= {"precipitation": 0.25}
    west, south, east, north = layer("country").to_crs(4326).total_bounds
    with rasterio.open(path) as source:
        assert source.crs.to_epsg() == 4326
        assert source.res == pytest.approx([native.get(path.stem, 0.05)] * 2)
        assert source.bounds.left < west - 0.25 and source.bounds.right > east + 0.25
        assert source.bounds.bottom < south - 0.25 and source.bounds.top > north + 0.25
        assert source.units[0] == catalog()[path.stem]["unit"]
        assert source.nodata is not None
        assert not source.read(masked=True).mask.any()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("elevation", 0, 4810),
        ("landcover", 0, 16),
        ("ndvi_max", -0.2, 1),
        ("ndvi_min", -0.2, 1),
        ("fapar", 0, 1),
        ("temperature", -20, 30),
        ("precipitation", 20, 500),
        ("climate_class", 1, 5),
    ],
)
def test_values_are_in_range(name: str, low: float, high: float) -> None:
    with rasterio.open(DATA / f"{name}.tif") as source:
        cells = source.read() * source.scales[0]
    assert low <= cells.min() < cells.max() <= high


def test_north_is_up_and_places_are_where_they_should_be() -> None:
    assert 380 < at("elevation", ZURICH)[0] < 520
    assert 450 < at("elevation", SION)[0] < 700
    assert at("elevation", JUNGFRAU)[0] > 3000
    assert at("landcover", ZURICH)[0] == 13  # built-up
    assert at("landcover", (6.55, 46.44))[0] == 0  # Lake Geneva
    assert at("climate_class", JUNGFRAU)[0] == 5  # polar
    assert at("ndvi_max", ZURICH)[0] > at("ndvi_max", JUNGFRAU)[0]


def test_the_climate_is_in_degrees_celsius_and_millimetres_per_month() -> None:
    """MeteoSwiss Zurich/Fluntern 1991-2020: about 9.8 degC and 1,110 mm a year."""
    temperature, rain = at("temperature", ZURICH), at("precipitation", ZURICH)
    assert temperature.shape == rain.shape == (12,)
    assert temperature.mean() == pytest.approx(9.8, abs=1.0)
    assert temperature.argmax() == 6 and temperature.argmin() == 0  # July, January
    assert rain.sum() == pytest.approx(1110, rel=0.1)


def test_the_country_has_its_official_area() -> None:
    """41,285 km2 (Swiss land statistics) to 41,293 km2 (national survey)."""
    area = layer("country").to_crs(EQUAL_AREA).area.sum() / 1e6
    assert 41_285 * 0.999 < area < 41_293 * 1.001


@pytest.mark.parametrize(
    ("name", "rows"),
    [("country", 1), ("cantons", 26), ("districts", 184), ("municipalities", 2175), ("lakes", 22)],
)
def test_boundaries_are_clean(name: str, rows: int) -> None:
    frame = layer(name)
    assert len(frame) == rows
    assert frame.crs.to_epsg() == 2056
    assert frame["code"].is_unique
    assert not frame.drop(columns="geometry").isna().any(axis=None)
    assert set(frame.geom_type) == {"MultiPolygon"}
    assert frame.is_valid.all()
    assert shapely.coverage_is_valid(frame.geometry.values)


@pytest.mark.parametrize("name", ["cantons", "districts", "municipalities"])
def test_every_level_covers_the_country_exactly(name: str) -> None:
    (country,) = layer("country").geometry
    union = layer(name).geometry.union_all()
    assert shapely.symmetric_difference(union, country).area < 100  # m2


def test_finer_levels_nest_in_coarser_ones() -> None:
    towns, districts = layer("municipalities"), layer("districts")
    assert set(towns["district"]) == set(districts["code"])
    assert set(districts["canton"]) == set(layer("cantons")["code"])
    by_district = towns.dissolve("district").area
    assert np.allclose(by_district, districts.set_index("code").area.loc[by_district.index])
    canton_of = districts.set_index("code")["canton"]
    assert (towns["district"].map(canton_of) == towns["canton"]).all()


def test_names_are_unicode() -> None:
    assert "Zürich" in set(layer("cantons")["name"])
    assert "Küsnacht (ZH)" in set(layer("municipalities")["name"])
    places = gpd.read_file(DATA / "places.gpkg")
    assert len(places) == 72 and places.crs.to_epsg() == 4326
    assert {"Zürich", "Bern", "Neuchâtel"} <= set(places["name"])


def test_geopackages_keep_no_time_of_making() -> None:
    for path in DATA.glob("*.gpkg"):
        with sqlite3.connect(path) as connection:
            times = connection.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall()
        assert times == [("2026-01-01T00:00:00.000Z",)]


def protected_areas() -> list[dict[str, str]]:
    with (DATA / "protected_areas.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_protected_areas_are_the_national_park_and_eleven_ramsar_sites() -> None:
    rows = protected_areas()
    assert len({row["SITE_ID"] for row in rows}) == len(rows) == 12
    assert all(row["SITE_ID"].startswith("local-") for row in rows)
    assert sum("Ramsar" in row["DESIG_ENG"] for row in rows) == 11
    assert {row["STATUS"] for row in rows} == {"Designated"}
    assert {row["VERIFIED"] for row in rows} == {"true", "false"}
    assert all(row["SOURCE"] for row in rows)
    assert all(1914 <= int(row["STATUS_YR"]) <= 2005 for row in rows)


def test_protected_areas_say_their_area_twice_and_alike() -> None:
    rows = protected_areas()
    for row in rows:
        assert float(row["REP_AREA"]) * 100 == pytest.approx(float(row["reported_ha"]))
    ramsar = sum(float(r["reported_ha"]) for r in rows if "Ramsar" in r["DESIG_ENG"])
    assert ramsar == pytest.approx(14_688, abs=1)  # The Annotated Ramsar List: Switzerland


def test_protected_areas_lie_in_switzerland() -> None:
    rows = protected_areas()
    points = gpd.points_from_xy([float(r["LON"]) for r in rows], [float(r["LAT"]) for r in rows])
    (country,) = layer("country").geometry
    assert gpd.GeoSeries(points, crs=4326).to_crs(2056).within(country).all()


def test_copy_makes_the_whole_project(tmp_path: Path) -> None:
    demo.copy_switzerland(tmp_path / "new" / "switzerland")
    copied = tmp_path / "new" / "switzerland"
    for line in (HOME / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert sha256(copied / name) == digest


def test_copy_takes_an_empty_folder(tmp_path: Path) -> None:
    demo.copy_switzerland(tmp_path)
    assert (tmp_path / "project.toml").is_file()


def test_copy_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(UserError, match=r"not empty.*1 entry"):
        demo.copy_switzerland(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_copy_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep me")
    with pytest.raises(UserError, match="a file, not a folder"):
        demo.copy_switzerland(tmp_path / "mine")
