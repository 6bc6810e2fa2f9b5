"""Layers on the project's grid: what comes out is what went in, wherever and however it was cut."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioIOError

from tianren.errors import UserError
from tianren.io import alignment
from tianren.io.alignment import Aligned, WarpedSource, align, tile_size
from tianren.io.kept import kept_copy
from tianren.io.native import open_native
from tianren.io.sources import Entry
from tianren.raster.align import plan_alignment
from tianren.raster.raster import MISSING, ArraySource, Raster

from .files import DEGREES, GRID, LAEA, entry, left_behind, values, write_tif


def on_grid(source: Entry, folder: Path, **more: Any) -> Aligned:
    return align(source, GRID, folder / ".cache", **more)


def cells(source: Entry, folder: Path, **more: Any) -> Any:
    return on_grid(source, folder, **more).rasters[0].read()


def test_a_constant_field_stays_constant_by_every_method(tmp_path: Path) -> None:
    for size, name in ((0.002, "fine"), (0.01, "same"), (0.1, "coarse")):
        n = round(1.2 / size)
        where = Affine(size, 0, 7.4, 0, -size, 45.6)
        path = write_tif(
            tmp_path / f"{name}.tif", np.full((n, n), 321.5, "float32"), transform=where
        )
        np.testing.assert_allclose(cells(entry(path), tmp_path), 321.5, rtol=1e-6)


def test_a_plane_is_followed_exactly(tmp_path: Path) -> None:
    """An independent route: the plane's value at each cell centre, placed by pyproj."""
    from pyproj import Transformer

    coarse = DEGREES @ Affine.scale(2)
    j, i = np.meshgrid(np.arange(50) + 0.5, np.arange(45) + 0.5)
    lon, lat = coarse @ (j, i)
    path = write_tif(
        tmp_path / "a.tif",
        (1000 + 300 * (lon - 8) + 500 * (lat - 45)).astype("f4"),
        transform=coarse,
    )
    got = cells(entry(path), tmp_path)
    c, r = np.meshgrid(np.arange(50) + 0.5, np.arange(40) + 0.5)
    x, y = GRID.affine @ (c, r)
    lon, lat = Transformer.from_crs(LAEA, "EPSG:4326", always_xy=True).transform(x, y)
    np.testing.assert_allclose(got, 1000 + 300 * (lon - 8) + 500 * (lat - 45), atol=0.002)


def test_counts_keep_their_total(tmp_path: Path) -> None:
    """Coarsening and refining: what falls on the grid is what lies under it."""
    inner = np.zeros((90, 100), "float32")
    inner[28:52, 35:65] = np.random.default_rng(3).uniform(0, 50, (24, 30))
    for kind in ("fine", "coarse"):
        grown = np.kron(inner, np.full((3, 3), 1 / 9)) if kind == "fine" else inner
        where = DEGREES @ Affine.scale(1 / 3 if kind == "fine" else 1)
        path = write_tif(tmp_path / f"{kind}.tif", grown.astype("float32"), transform=where)
        got = cells(entry(path, "people", kind="count", unit="1"), tmp_path)
        assert np.nansum(got) == pytest.approx(inner.sum(), rel=2e-3)


def test_categories_are_never_mixed(tmp_path: Path) -> None:
    codes = np.random.default_rng(4).choice([1, 5, 9], (900, 1000)).astype("uint8")
    path = write_tif(tmp_path / "lc.tif", codes, transform=DEGREES @ Affine.scale(0.1), nodata=255)
    got = cells(
        entry(path, "landcover", kind="category", legend={1: "a", 5: "b", 9: "c"}), tmp_path
    )
    assert set(np.unique(got)) <= {1, 5, 9}
    assert got.dtype == np.int32


def test_the_commonest_class_wins_when_coarsening(tmp_path: Path) -> None:
    codes = np.where(np.indices((900, 1000)).sum(0) % 3 == 0, 5, 1).astype("uint8")
    path = write_tif(tmp_path / "lc.tif", codes, transform=DEGREES @ Affine.scale(0.1))
    got = cells(entry(path, "landcover", kind="category", legend={1: "a", 5: "b"}), tmp_path)
    assert (got == 1).all()


def test_the_result_does_not_depend_on_how_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every method, warped by tiles of 512, 16 and 7 cells: equal to the bit."""
    fine = DEGREES @ Affine.scale(0.2)
    noise = np.random.default_rng(5).uniform(100, 900, (450, 500)).astype("float32")
    codes = np.random.default_rng(6).choice([1, 5, 9], (450, 500)).astype("uint8")
    legend = {1: "a", 5: "b", 9: "c"}
    fine_file = write_tif(tmp_path / "fine.tif", noise, transform=fine)
    coarse_file = write_tif(
        tmp_path / "c.tif", noise[:45, :50], transform=DEGREES @ Affine.scale(2)
    )
    code_file = write_tif(tmp_path / "k.tif", codes, transform=fine)
    coarse_codes = write_tif(
        tmp_path / "ck.tif", codes[:45, :50], transform=DEGREES @ Affine.scale(2)
    )
    sources = [
        entry(fine_file),
        entry(coarse_file),
        entry(fine_file, "people", kind="count", unit="1"),
        entry(coarse_file, "people", kind="count", unit="1"),
        entry(code_file, "landcover", kind="category", legend=legend),
        entry(coarse_codes, "landcover", kind="category", legend=legend),
    ]
    for source in sources:
        found = []
        for tile in (512, 16, 7):
            monkeypatch.setattr(alignment, "tile_size", lambda ratio, tile=tile: tile)
            found.append(cells(source, tmp_path / str(tile)))
        np.testing.assert_array_equal(found[1], found[0])
        np.testing.assert_array_equal(found[2], found[0])


def test_the_same_asked_twice_is_the_same_to_the_bit(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", values())
    first = cells(entry(path), tmp_path / "one")
    again = cells(entry(path), tmp_path / "two")
    np.testing.assert_array_equal(first, again)


def test_it_is_warped_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tif(tmp_path / "a.tif", values())
    first = on_grid(entry(path), tmp_path, digest="d1")
    monkeypatch.setattr(alignment, "warp", None)  # calling it again would fail
    again = on_grid(entry(path), tmp_path, digest="d1")
    np.testing.assert_array_equal(first.rasters[0].read(), again.rasters[0].read())
    assert first.findings == again.findings
    with pytest.raises(TypeError):
        on_grid(entry(path), tmp_path, digest="d2")
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        {"missing": (5.0,)},
        {"scale": 2.0},
        {"unit": "cm"},
        {"crs": "EPSG:4258"},
        {"layer": "height"},
    ],
)
def test_whatever_decides_the_cells_is_in_the_key(tmp_path: Path, change: dict[str, Any]) -> None:
    path = write_tif(tmp_path / "a.tif", values(), crs=None)
    base = entry(path, crs="EPSG:4326")
    on_grid(base, tmp_path)
    on_grid(replace(base, **change), tmp_path)
    assert len(list((tmp_path / ".cache").glob("*.json"))) == 2


# -- nodata, scale, unit -----------------------------------------------------------------------


def test_nodata_dies_at_the_door(tmp_path: Path) -> None:
    """Declared -9999, NaN beside it, and a value named in the catalog: all three are missing."""
    raw = values()
    raw[:, :30], raw[:, 40:50], raw[60:, :] = -9999, np.nan, 7777
    path = write_tif(tmp_path / "a.tif", raw, nodata=-9999)
    got = cells(entry(path, missing=(7777.0,)), tmp_path)
    known = got[~np.isnan(got)]
    assert 0 < known.size < got.size
    assert known.min() >= 100 and known.max() <= 900  # none of the three leaks into a mean


def test_a_mask_of_its_own_is_followed(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", values())
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as sink:
        mask = np.full((90, 100), 255, "uint8")
        mask[:, :50] = 0
        sink.write_mask(mask)
    got = cells(entry(path), tmp_path)
    assert np.isnan(got[:, 0]).all() and not np.isnan(got[:, -1]).any()


def test_declared_nodata_is_compared_in_the_type_of_the_file(tmp_path: Path) -> None:
    raw = values()
    raw[:45] = np.float32(-3.4e38)
    got = cells(entry(write_tif(tmp_path / "a.tif", raw, nodata=-3.4e38)), tmp_path)
    assert np.isnan(got[0]).all() and got[-1].min() >= 100


def test_scale_and_unit_are_put_right_once(tmp_path: Path) -> None:
    kelvin = np.full((90, 100), 2881, "int16")
    path = write_tif(tmp_path / "t.tif", kelvin, scale=0.1, units="K")
    found = on_grid(entry(path, "annual_temperature", unit="K"), tmp_path)
    np.testing.assert_allclose(found.rasters[0].read(), 14.95, atol=1e-4)
    assert found.rasters[0].unit == "degC"
    assert [f.rule for f in found.findings] == ["layer.unit_converted"]


def test_a_month_has_its_own_length(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "p.tif", np.full((12, 90, 100), 2, "float32"))
    source = entry(path, "precipitation", kind="flux", unit="mm/day")
    found = {r.name: float(r.read().mean()) for r in on_grid(source, tmp_path).rasters}
    assert found["precipitation_01"] == pytest.approx(62)
    assert found["precipitation_02"] == pytest.approx(56.5)
    assert sum(found.values()) == pytest.approx(2 * 365.25)


def test_the_file_that_says_another_unit_is_a_finding(tmp_path: Path) -> None:
    """ERA5 normals say K and hold degrees Celsius."""
    path = write_tif(tmp_path / "t.tif", values(5, 25), units="K")
    found = on_grid(entry(path, "annual_temperature", unit="degC"), tmp_path)
    assert [f.rule for f in found.findings] == ["layer.file_unit_differs"]


def test_constants_are_rasters_too(tmp_path: Path) -> None:
    source = Entry("k", "annual_temperature", "continuous", unit="K", constant=283.15, reason="x")
    raster = on_grid(source, tmp_path).rasters[0]
    assert raster.unit == "degC" and raster.read() == pytest.approx(10, abs=1e-4)
    with pytest.raises(UserError, match="not plausible"):
        on_grid(replace(source, unit="degC"), tmp_path)


# -- where things lie --------------------------------------------------------------------------

PACIFIC = GeoBox(
    (60, 80),
    Affine(10_000, 0, -400_000, 0, -10_000, 300_000),
    "+proj=laea +lat_0=-17.5 +lon_0=179.5",
)


def world(start: float, size: float = 0.5) -> tuple[Any, Affine]:
    """cos and sin of longitude as one smooth field round the world, from a first longitude."""
    lon = start + (np.arange(round(360 / size)) + 0.5) * size
    field = 500 + 100 * np.cos(np.radians(lon)) + 50 * np.sin(np.radians(lon))
    rows = round(180 / size)
    return np.tile(field.astype("float32"), (rows, 1)), Affine(size, 0, start, 0, -size, 90)


@pytest.mark.parametrize("start", [-180.0, 0.0])
def test_a_region_across_the_antimeridian_is_read_from_both_sides(
    tmp_path: Path, start: float
) -> None:
    from pyproj import Transformer

    field, where = world(start)
    path = write_tif(tmp_path / "w.tif", field, transform=where)
    got = align(entry(path), PACIFIC, tmp_path / "c").rasters[0].read()
    c, r = np.meshgrid(np.arange(80) + 0.5, np.arange(60) + 0.5)
    move = Transformer.from_crs(PACIFIC.crs.proj, "EPSG:4326", always_xy=True)
    lon, _ = move.transform(*(PACIFIC.affine @ (c, r)))
    expected = 500 + 100 * np.cos(np.radians(lon)) + 50 * np.sin(np.radians(lon))
    np.testing.assert_allclose(got, expected, atol=0.2)


def test_a_layer_from_0_to_360_serves_a_region_in_the_west(tmp_path: Path) -> None:
    west = GeoBox((20, 20), Affine(10_000, 0, 0, 0, -10_000, 0), "+proj=laea +lat_0=10 +lon_0=-60")
    field, where = world(0.0, 0.75)
    path = write_tif(tmp_path / "w.tif", field, transform=where)
    got = align(entry(path), west, tmp_path / "c").rasters[0].read()
    assert got.mean() == pytest.approx(500 + 100 * np.cos(np.radians(-59)) - 50 * 0.857, abs=1)


def test_rows_from_south_to_north_are_as_good(tmp_path: Path) -> None:
    up = Affine(0.01, 0, 7.5, 0, 0.01, 45.4 - 0.9)
    north = cells(entry(write_tif(tmp_path / "n.tif", values())), tmp_path)
    south = cells(entry(write_tif(tmp_path / "s.tif", values()[::-1], transform=up)), tmp_path)
    np.testing.assert_allclose(south, north, rtol=1e-4)


def test_beyond_the_layer_there_is_nothing(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", values()[:, :50])
    got = cells(entry(path), tmp_path)
    assert not np.isnan(got[20, 5]) and np.isnan(got[20, 45])


def test_gaps_inside_the_region_are_a_finding_and_nothing_at_all_is_refused(tmp_path: Path) -> None:
    raw = values()
    raw[:, :30] = np.nan
    inside = Raster(
        "realm", GRID, ArraySource(np.ones(GRID.shape, dtype=np.int32)), kind="category"
    )
    found = on_grid(entry(write_tif(tmp_path / "a.tif", raw)), tmp_path, inside=inside)
    assert [f.rule for f in found.findings] == ["layer.gaps"]
    assert "% of the land" in found.findings[0].message
    none = write_tif(tmp_path / "b.tif", np.full((90, 100), np.nan, "float32"))
    with pytest.raises(UserError, match=r"no data inside the region \(none of 2,000 cells\)"):
        on_grid(entry(none), tmp_path, inside=inside)
    assert left_behind(tmp_path) == []


def test_gaps_count_on_land_and_only_where_missing_does_not_mean_absent(tmp_path: Path) -> None:
    raw = values(1, 2)
    raw[:, :50] = np.nan
    realm = np.ones(GRID.shape, dtype=np.int32)
    realm[:, :28] = 2
    coast = Raster("realm", GRID, ArraySource(realm), kind="category")
    plain = write_tif(tmp_path / "a.tif", raw)
    assert on_grid(entry(plain, "soil_depth"), tmp_path, inside=coast).findings == ()
    land = Raster("realm", GRID, ArraySource(np.ones_like(realm)), kind="category")
    found = on_grid(entry(plain, "soil_depth"), tmp_path / "land", inside=land).findings
    assert [f.rule for f in found] == ["layer.gaps"]
    codes = write_tif(tmp_path / "b.tif", np.where(np.isnan(raw), 0, 1).astype("uint8"), nodata=0)
    for layer in ("karst", "natural_coast", "coast_type", "mangroves"):
        presence = entry(codes, layer, kind="category", unit="1", legend={1: "there"})
        assert on_grid(presence, tmp_path / layer, inside=land).findings == ()


def test_tiles_shrink_so_that_their_source_stays_small() -> None:
    assert [tile_size(r) for r in (0.1, 1, 8, 9, 100, 1000)] == [512, 512, 256, 128, 16, 2]
    assert all(tile_size(r) * r <= 2048 for r in (1, 8, 33, 100, 256, 2000))


def test_the_lazy_source_is_what_is_kept(tmp_path: Path) -> None:
    native = open_native(entry(write_tif(tmp_path / "a.tif", values())))
    plan = plan_alignment("continuous", native.grid, GRID)
    lazy = Raster("x", GRID, WarpedSource(native, 0, GRID, plan))
    kept = kept_copy(lazy, tmp_path / "k", ["1"])
    np.testing.assert_array_equal(kept.read(), lazy.read())
    assert kept_copy(lazy, tmp_path / "k", ["1"]).source == kept.source
    assert kept_copy(lazy, tmp_path / "k", ["2"]).source != kept.source


# -- bad input ---------------------------------------------------------------------------------


def refused(source: Entry, folder: Path, match: str) -> UserError:
    """The entry is refused with this message, a place and a next step, and nothing is kept."""
    with pytest.raises(UserError, match=match) as fault:
        on_grid(source, folder)
    assert source.uri in fault.value.where and fault.value.next_step
    kept = folder / ".cache"
    assert not kept.exists() or not any(kept.glob("*.json"))
    assert left_behind(folder) == []
    return fault.value


def test_no_crs(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", values(), crs=None)
    fault = refused(entry(path), tmp_path, "has no CRS")
    assert 'crs = "EPSG:4326" in [elevation]' in fault.next_step
    assert np.isfinite(cells(entry(path, crs="EPSG:4326"), tmp_path)).all()


def test_no_place(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", values(), transform=Affine.identity())
    refused(entry(path), tmp_path, "does not say where it lies")


def test_no_overlap(tmp_path: Path) -> None:
    far = Affine(0.01, 0, 20, 0, -0.01, -10)
    fault = refused(
        entry(write_tif(tmp_path / "a.tif", values(), transform=far)), tmp_path, "does not overlap"
    )
    assert "lies at 20 to 21 E, -10.9 to -10 N" in fault.by_how_much


@pytest.mark.parametrize("nodata", [-9999.0, -3.4028234663852886e38, -32768.0, -99999.0, 1e20])
def test_undeclared_nodata(tmp_path: Path, nodata: float) -> None:
    raw = values()
    raw[30:39] = nodata
    path = write_tif(tmp_path / "a.tif", raw)
    fault = refused(entry(path), tmp_path, "looks like undeclared nodata")
    assert "cells (" in fault.by_how_much and "missing = [" in fault.next_step
    declared = float(fault.next_step.split("missing = [")[1].split("]")[0])
    assert np.nanmin(cells(entry(path, missing=(declared,)), tmp_path)) >= 100


def test_undeclared_nodata_without_a_known_range(tmp_path: Path) -> None:
    raw = values()
    raw[30:39] = -9999
    refused(entry(write_tif(tmp_path / "a.tif", raw), "my layer"), tmp_path, "undeclared nodata")


def test_undeclared_255_of_bytes(tmp_path: Path) -> None:
    raw = values(0, 100).astype("uint8")
    raw[30:39] = 255
    source = entry(write_tif(tmp_path / "a.tif", raw), "sand", unit="%")
    fault = refused(source, tmp_path, "holds the value 255")
    assert " of 3,168 cells" in fault.by_how_much


@pytest.mark.parametrize(
    ("layer", "unit", "low", "high", "said"),
    [
        ("annual_temperature", "degC", 280, 295, 'write unit = "K"'),
        ("annual_temperature", "K", 5, 25, 'degC? write unit = "degC"'),
        ("annual_temperature", "degC", 120, 240, "0.1 degC"),
        ("ndvi_max", "1", 2000, 9000, "scale = 0.0001"),
        ("fapar", "1", 20, 90, 'unit = "%"'),
        ("elevation", "km", 100, 900, 'write unit = "m"'),
    ],
)
def test_values_that_contradict_the_unit(
    tmp_path: Path, layer: str, unit: str, low: float, high: float, said: str
) -> None:
    path = write_tif(tmp_path / "a.tif", values(low, high))
    fault = refused(entry(path, layer, unit=unit), tmp_path, "do not fit the unit")
    assert "mean " in fault.by_how_much and "plausible are" in fault.by_how_much
    assert said in fault.next_step


def test_a_few_strays_are_a_finding_with_numbers(tmp_path: Path) -> None:
    raw = values()
    raw[40, 40:44] = 9500
    found = on_grid(entry(write_tif(tmp_path / "a.tif", raw)), tmp_path).findings
    assert [f.rule for f in found] == ["layer.out_of_range"]
    assert "4 cells" in found[0].message and "9500" in found[0].message


def test_a_unit_that_no_table_knows(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", values())
    fault = refused(entry(path, unit="furlong"), tmp_path, "furlong cannot be brought to m")
    assert "ft" in fault.next_step


def test_codes_outside_the_legend(tmp_path: Path) -> None:
    codes = np.ones((90, 100), "uint8")
    codes[40:43, 50] = 99
    source = entry(
        write_tif(tmp_path / "a.tif", codes), "landcover", kind="category", legend={1: "forest"}
    )
    fault = refused(source, tmp_path, r"codes that its legend does not have: 99 \(3 cells\)")
    assert fault.by_how_much.startswith("3 of ")


def test_a_category_of_fractions_or_negative_codes(tmp_path: Path) -> None:
    for n, value in enumerate((1.5, -1.0)):
        codes = np.ones((90, 100), "float32")
        codes[0:50, 50] = value
        path = write_tif(tmp_path / f"{n}.tif", codes)
        source = entry(path, "landcover", kind="category", legend={1: "forest"})
        refused(source, tmp_path, f"holds {value:g}: codes are whole numbers")


def test_bands(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "t.tif", values(5, 25, bands=3))
    refused(entry(path, "temperature", unit="degC"), tmp_path, "temperature needs 12 bands")
    refused(entry(path, unit="m"), tmp_path, "elevation needs 1 bands")
    refused(entry(path, bands=(4,)), tmp_path, "no band 4")
    second = on_grid(entry(path, bands=(2,)), tmp_path).rasters
    assert [r.name for r in second] == ["elevation"]


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.4, 0.6])
def test_truncated_files(tmp_path: Path, keep: float) -> None:
    path = write_tif(tmp_path / "a.tif", values(), compress="deflate", tiled=True, blockxsize=16,
                     blockysize=16)  # fmt: skip
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    fault = refused(entry(path), tmp_path, "the raster cannot be read")
    assert "bytes" in fault.by_how_much


def test_corrupt_files(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", values(), compress="deflate")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = b"\xff" * 200
    path.write_bytes(bytes(data))
    refused(entry(path), tmp_path, "the raster cannot be read")


@pytest.mark.parametrize("content", [b"hello", b"\x89PNG\r\n", b"II*\x00garbage", b"{}"])
def test_what_is_no_raster(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    refused(entry(path), tmp_path, "the raster cannot be read")


def test_a_file_that_points_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """A VRT under any name could fetch an address or read another file."""
    target = write_tif(tmp_path / "secret.tif", values())
    vrt = (
        '<VRTDataset rasterXSize="100" rasterYSize="90">'
        '<VRTRasterBand dataType="Float32" band="1">'
        f"<SimpleSource><SourceFilename>{target}</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    path = tmp_path / "a.tif"
    path.write_text(vrt)
    with rasterio.open(path) as dataset:  # GDAL by itself would
        assert dataset.driver == "VRT"
    refused(entry(path), tmp_path, "the raster cannot be read")


@pytest.mark.parametrize(
    "uri", ["http://example.org/a.tif", "/vsicurl/http://example.org/a.tif", "/vsizip/a.zip/a.tif",
            "https://example.org/a.tif", "s3://bucket/a.tif", "\\\\server\\a.tif"]
)  # fmt: skip
def test_addresses_are_never_read(tmp_path: Path, uri: str) -> None:
    with pytest.raises(UserError, match="only local files"):
        on_grid(Entry("a", "elevation", "continuous", tmp_path, uri, unit="m"), tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    refused(entry(tmp_path / "gone.tif"), tmp_path, "is not there")


def test_names_with_spaces_chinese_and_accents(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "数据 é" / "高程 (1 km) #2.tif", values())
    found = on_grid(entry(path, "Höhe 高程"), tmp_path / "项目 ñ")
    assert found.rasters[0].name == "Höhe 高程"
    assert np.isfinite(found.rasters[0].read()).all()


def test_a_failure_half_way_leaves_nothing_and_the_next_time_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tif(tmp_path / "t.tif", values(5, 25, bands=12))
    source = entry(path, "temperature", unit="degC")
    real, calls = alignment.warp, []

    def failing(*a: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise RasterioIOError("No space left on device")
        return real(*a)

    monkeypatch.setattr(alignment, "warp", failing)
    with pytest.raises(RasterioIOError):
        on_grid(source, tmp_path)
    assert left_behind(tmp_path) == []
    monkeypatch.setattr(alignment, "warp", real)
    assert len(on_grid(source, tmp_path).rasters) == 12


def test_the_missing_code_is_no_code(tmp_path: Path) -> None:
    codes = np.ones((90, 100), "uint8")
    codes[:, :50] = 255
    path = write_tif(tmp_path / "a.tif", codes, nodata=255)
    got = cells(entry(path, "landcover", kind="category", legend={1: "forest"}), tmp_path)
    assert set(np.unique(got)) == {1, MISSING}


def test_a_container_of_several_layers_opens_without_a_word(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """A netCDF file of two variables says where they lie, but not where it lies itself."""
    path = tmp_path / "two.nc"
    rasterio.shutil.copy(write_tif(tmp_path / "two.tif", values(bands=2)), path, driver="netCDF")
    recwarn.clear()
    native = open_native(entry(path, sublayer="Band2"))
    assert native.address.endswith(":Band2")
    assert [str(w.message) for w in recwarn] == []
