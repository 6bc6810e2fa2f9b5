"""Slope and relief where the elevation was measured: true cell sizes, blocks equal to the whole."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from tianren.io.alignment import align
from tianren.io.native import open_native
from tianren.io.terrain import DerivedTerrain, cell_sizes, derive_terrain

from .files import DEGREES, GRID, LAEA, entry, values, write_tif


def tilted(path: Path, crs: str, where: Affine, degrees: float) -> Path:
    """A plane that rises to the east by tan(degrees), in true metres along its middle row."""
    grid = GeoBox((90, 100), where, crs)
    width, _ = cell_sizes(grid, np.array([45]), 50)
    rise = np.arange(100) * width[0] * np.tan(np.radians(degrees))
    return write_tif(path, np.tile(rise.astype("float32"), (90, 1)), crs=crs, transform=where)


@pytest.mark.parametrize(
    ("crs", "where"),
    [
        ("EPSG:4326", DEGREES),
        (LAEA, Affine(500, 0, -25_000, 0, -500, 22_500)),
        ("EPSG:3857", Affine(900, 0, 845_000, 0, -900, 5_660_000)),
    ],
)
def test_a_plane_has_its_slope_in_any_crs(tmp_path: Path, crs: str, where: Affine) -> None:
    """In Web Mercator a cell of 900 is 640 m at 45 N: pixel size alone would give 3.6, not 5."""
    native = open_native(entry(tilted(tmp_path / "a.tif", crs, where, 5.0)))
    slope = DerivedTerrain(native, ("slope",), 2000).read(0, slice(44, 47), slice(40, 60))
    np.testing.assert_allclose(slope, 5.0, atol=0.01)


def test_cells_of_degrees_narrow_towards_the_pole() -> None:
    grid = GeoBox((180, 10), Affine(1, 0, 0, 0, -1, 90), "EPSG:4326")
    width, height = cell_sizes(grid, np.array([30, 89]), 5)
    assert width == pytest.approx([111_320 * np.cos(np.radians(59.5)), 111_315], rel=4e-3)
    assert height == pytest.approx([111_400, 110_575], rel=1e-3)


def test_any_piece_is_that_part_of_the_whole(tmp_path: Path) -> None:
    raw = values()
    raw[10:14, 20:30] = np.nan
    native = open_native(entry(write_tif(tmp_path / "a.tif", raw)))
    terrain = DerivedTerrain(native, ("slope", "relief"), 5000)
    for band in (0, 1):
        whole = terrain.read(band, slice(0, 90), slice(0, 100))
        for size in (7, 32):
            for r in range(0, 90, size):
                for c in range(0, 100, size):
                    rows, columns = slice(r, min(r + size, 90)), slice(c, min(c + size, 100))
                    part = terrain.read(band, rows, columns)
                    np.testing.assert_allclose(part, whole[rows, columns], rtol=2e-5)


def test_slope_comes_before_averaging(tmp_path: Path) -> None:
    """A saw-tooth of 100 m cells is steep; its 1 km means are flat."""
    fine = Affine(100, 0, -25_000, 0, -100, 20_000)
    saw = np.where(np.arange(500) % 4 < 2, 0, 50).astype("float32")
    path = write_tif(tmp_path / "a.tif", np.tile(saw, (400, 1)), crs=LAEA, transform=fine)
    found = derive_terrain(entry(path), GRID, tmp_path / "c", relief_window=300)
    slope, relief = (r.read() for r in found.rasters)
    assert slope[5:-5, 5:-5].mean() > 10 and relief[5:-5, 5:-5].min() == pytest.approx(50)
    coarse = align(entry(path), GRID, tmp_path / "c").rasters[0].read()
    assert np.ptp(coarse) <= 10
    assert [f.rule for f in found.findings] == ["terrain.derived", "terrain.derived"]
    assert [r.unit for r in found.rasters] == ["degree", "m"]
