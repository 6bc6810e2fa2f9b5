"""Results on our own grid: whole or not at all, the same bytes whatever the order of blocks."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioIOError

from tianren.errors import UserError
from tianren.io.rasters import open_raster, raster_sink
from tianren.raster.blocks import map_blocks, windows
from tianren.raster.raster import MISSING, ArraySource, Raster

from .files import GRID, digest, left_behind

BIG = GeoBox((700, 900), GRID.affine, GRID.crs)


def quantities() -> np.ndarray:
    cells = np.random.default_rng(1).normal(size=BIG.shape).astype(np.float32)
    cells[:60] = np.nan
    return cells


def written(path: Path, cells: np.ndarray, size: int, order: int, **how: object) -> Path:
    sink = raster_sink(path, BIG, **how)  # type: ignore[arg-type]
    for window in windows(BIG, size)[::order]:
        sink.write(window, cells[window])
    sink.close()
    return path


@pytest.mark.parametrize("delivered", [False, True])
def test_what_is_written_is_read_again(tmp_path: Path, delivered: bool) -> None:
    cells = quantities()
    path = written(tmp_path / "降水 é b.tif", cells, 256, 1, unit="mm/a", delivered=delivered,
                   tags={"name": "precipitation", "run": "r-1"})  # fmt: skip
    raster = open_raster(path, grid=BIG)
    assert (raster.name, raster.unit) == ("precipitation", "mm/a")
    np.testing.assert_array_equal(raster.read(), cells)
    with rasterio.open(path) as dataset:
        assert dataset.tags()["run"] == "r-1"
        assert dataset.block_shapes == [(512, 512)]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("dtype", ["int32", "uint8"])
def test_categories_keep_missing(tmp_path: Path, dtype: str) -> None:
    cells = np.random.default_rng(2).choice([0, 1, 5, MISSING], size=BIG.shape).astype(np.int32)
    path = written(tmp_path / "g.tif", cells, 512, 1, dtype=dtype)
    np.testing.assert_array_equal(open_raster(path, kind="category").read(), cells)
    with rasterio.open(path) as dataset:
        assert dataset.nodata == (255 if dtype == "uint8" else MISSING)


def test_delivered_bytes_depend_on_nothing_but_the_cells(tmp_path: Path) -> None:
    cells = quantities()
    digests = {
        digest(written(tmp_path / f"{size}_{order}.tif", cells, size, order, delivered=True,
                       tags={"name": "x"}))
        for size in (128, 300, 512, 1024)
        for order in (1, -1)
    }  # fmt: skip
    assert len(digests) == 1


def test_delivered_files_are_valid_cogs_with_overviews(tmp_path: Path) -> None:
    from rio_cogeo import cog_validate

    path = written(tmp_path / "cog.tif", quantities(), 512, 1, delivered=True)
    valid, errors, warnings = cog_validate(str(path))
    assert (valid, errors, warnings) == (True, [], [])
    with rasterio.open(path) as dataset:
        assert dataset.compression.name == "deflate"
        assert dataset.overviews(1)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 699), st.integers(1, 700), st.integers(0, 899), st.integers(1, 900))
def test_any_window_is_that_part_of_the_whole(
    tmp_path: Path, row: int, rows: int, column: int, columns: int
) -> None:
    cells = quantities()
    path = tmp_path / "whole.tif"
    if not path.exists():
        written(path, cells, 512, 1)
    window = (slice(row, min(row + rows, 700)), slice(column, min(column + columns, 900)))
    np.testing.assert_array_equal(open_raster(path).read(window), cells[window])


def test_reading_is_safe_from_many_threads(tmp_path: Path) -> None:
    cells = quantities()
    source = open_raster(written(tmp_path / "a.tif", cells, 512, 1))
    sink = raster_sink(tmp_path / "b.tif", BIG)
    map_blocks(lambda a: a * 2, [source], [sink], size=100, workers=8)
    np.testing.assert_array_equal(open_raster(tmp_path / "b.tif").read(), cells * 2)


def test_a_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", quantities(), 512, 1)
    raster = open_raster(path)
    raster.read()
    written(path, np.zeros(BIG.shape, dtype=np.float32), 512, 1)
    assert raster.read().sum() == 0


def test_another_grid_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", quantities(), 512, 1)
    with pytest.raises(
        UserError, match=r"a\.tif is not on the grid of the project: it has 700 x 900"
    ):
        open_raster(path, grid=GRID)


def test_nothing_is_visible_before_it_is_whole(tmp_path: Path) -> None:
    sink = raster_sink(tmp_path / "a.tif", BIG)
    sink.write(windows(BIG, 512)[0], quantities()[:512, :512])
    assert not (tmp_path / "a.tif").exists()
    sink.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_failing_kernel_leaves_nothing(tmp_path: Path) -> None:
    def broken(cells: np.ndarray) -> np.ndarray:
        raise ZeroDivisionError

    source = Raster("x", BIG, ArraySource(quantities()))
    sinks = [raster_sink(tmp_path / f"{n}.tif", BIG, delivered=True) for n in "ab"]
    with pytest.raises(ZeroDivisionError):
        map_blocks(broken, [source], sinks)
    assert list(tmp_path.iterdir()) == []


def test_an_old_result_survives_a_failed_new_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", quantities(), 512, 1)
    before = digest(path)
    sink = raster_sink(path, BIG)
    sink.abandon()
    assert digest(path) == before


# -- a full disk ---------------------------------------------------------------------------------


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("room", [20_000, 900_000, 2_200_000])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, delivered: bool, room: int) -> None:
    """A limit on the size of files stands in for a full disk: the same failed write of GDAL's.

    2.2 MB hold part of the noise of 2.5 MB; a delivered file fails in its second half too.
    """
    program = f"""
        import resource, sys
        import numpy as np
        from pathlib import Path
        from odc.geo.geobox import GeoBox
        from affine import Affine
        from tianren.errors import UserError
        from tianren.io.rasters import raster_sink
        from tianren.raster.blocks import map_blocks
        from tianren.raster.raster import ArraySource, Raster
        grid = GeoBox((700, 900), Affine(1, 0, 0, 0, -1, 0), "EPSG:6933")
        cells = np.random.default_rng(1).normal(size=grid.shape).astype(np.float32)
        import rasterio.shutil
        resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
        try:
            sink = raster_sink(Path(sys.argv[1]) / "a.tif", grid, delivered={delivered})
            map_blocks(np.positive, [Raster("a", grid, ArraySource(cells))], [sink], size=256)
        except UserError as fault:
            print(fault)
            sys.exit(2)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "the disk is full" in done.stdout
    assert "2,520,000 bytes are needed" in done.stdout
    assert "free space there" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="NEEDS ROOT to mount a tmpfs")
@pytest.mark.parametrize("delivered", [False, True])
def test_a_really_full_disk(tmp_path: Path, delivered: bool) -> None:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tmp_path)], check=False
    )
    if done.returncode:
        pytest.skip("THIS MACHINE MOUNTS NO TMPFS")
    try:
        sink = raster_sink(tmp_path / "a.tif", BIG, delivered=delivered)
        source = Raster("a", BIG, ArraySource(quantities()))
        with pytest.raises(UserError, match="the disk is full"):
            map_blocks(np.positive, [source], [sink])
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_an_error_while_writing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = raster_sink(tmp_path / "a.tif", BIG)

    class Broken:
        def write(self, *a: object, **k: object) -> None:
            raise RasterioIOError("Write failed: No space left on device")

        def close(self) -> None:
            raise RasterioIOError("again")

    sink._dataset.close()  # type: ignore[attr-defined]
    monkeypatch.setattr(sink, "_dataset", Broken())
    with pytest.raises(UserError, match="disk is full"):
        sink.write(windows(BIG, 512)[0], quantities()[:512, :512])
    assert list(tmp_path.iterdir()) == []


# -- damaged files -------------------------------------------------------------------------------


def test_a_truncated_result_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", quantities(), 512, 1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(UserError, match=r"a\.tif.*cannot be read"):
        open_raster(path).read()
    assert left_behind(tmp_path) == []


def test_what_is_no_raster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("not a raster")
    with pytest.raises(UserError, match="cannot be read") as fault:
        open_raster(tmp_path / "a.tif")
    assert fault.value.by_how_much == "12 bytes"
    with pytest.raises(UserError, match="cannot be read"):
        open_raster(tmp_path / "absent.tif")
