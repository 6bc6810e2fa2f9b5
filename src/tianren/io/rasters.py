"""Rasters on our own grid: results are read by window, and written whole or not at all."""

import os
import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

# GDAL keeps decoded tiles in 5 % of the machine's memory; ours is bounded by blocks, not by that.
os.environ.setdefault("GDAL_CACHEMAX", "192")

import rasterio
import rasterio.shutil
from odc.geo.geobox import GeoBox
from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from tianren.errors import UserError
from tianren.geo.grid import same_grid
from tianren.raster.raster import MISSING, Array, Grid, Kind, Raster, Sink, Window

# rasterio silences this for its arrays in memory by a means that fails with threads; files without
# a place are refused by io.native.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

TILE = 512
_OPEN_FILES = 64  # per thread
FAULTS = (RasterioError, CPLE_BaseError, OSError)
_local = threading.local()


@dataclass(frozen=True)
class FileSource:
    """One band of a GeoTIFF of our own as a Source; each thread has its own handle."""

    path: Path
    band: int = 1
    category: bool = False

    def read(self, window: Window) -> Array:
        rows, columns = window
        box = ((rows.start, rows.stop), (columns.start, columns.stop))
        try:
            dataset = _opened(self.path)
            cells = dataset.read(self.band, window=box)
        except FAULTS as fault:
            raise damaged(self.path, fault) from fault
        return _categories(cells, dataset.nodata) if self.category else _quantities(cells, dataset)


def _categories(cells: Array, nodata: float | None) -> Array:
    codes = cells.astype(np.int32)
    if nodata is not None:
        codes[cells == nodata] = MISSING
    return codes


def _quantities(cells: Array, dataset: Any) -> Array:
    values = cells.astype(np.float32, copy=False)
    if dataset.nodata is not None and not np.isnan(dataset.nodata):
        values = np.where(cells == dataset.nodata, np.float32(np.nan), values)
    return values


def _opened(path: Path) -> Any:
    """This thread's handle of a file; a file that was replaced is opened anew."""
    if not hasattr(_local, "handles"):
        _local.handles = OrderedDict()
    handles: OrderedDict[Any, Any] = _local.handles
    state = path.stat()
    key = (str(path), state.st_ino, state.st_mtime_ns, state.st_size)
    if key in handles:
        handles.move_to_end(key)
        return handles[key]
    for old in [k for k in handles if k[0] == key[0]]:
        handles.pop(old).close()
    while len(handles) >= _OPEN_FILES:
        handles.popitem(last=False)[1].close()
    handles[key] = rasterio.open(path, driver="GTiff")
    return handles[key]


def damaged(path: Path | str, fault: BaseException, where: str = "") -> UserError:
    """What is said of a file that cannot be read as a raster: truncated, corrupt, or no raster."""
    text = str(fault.__cause__ or fault).strip().rstrip(".")
    size = Path(path).stat().st_size if Path(path).is_file() else 0
    return UserError(
        f"the raster cannot be read: {text}",
        where=where or str(path),
        by_how_much=f"{size:,} bytes",
        next_step="open it in QGIS or with gdalinfo; if it is truncated, copy or download it again",
    )


def open_raster(
    path: Path,
    *,
    name: str = "",
    unit: str = "",
    kind: Kind = "continuous",
    legend: Mapping[int, str] | None = None,
    band: int = 1,
    grid: Grid | None = None,
) -> Raster:
    """A file on our own grid (a result, an aligned layer) as a Raster.

    name and unit are taken from the file when not given; with `grid`, a file on another grid is
    refused. Raises UserError when the file is damaged.
    """
    try:
        with rasterio.open(path, driver="GTiff") as dataset:
            found = GeoBox(dataset.shape, dataset.transform, dataset.crs.to_wkt())
            title = name or dataset.descriptions[band - 1] or path.stem
            measured = unit or dataset.units[band - 1] or "1"
    except (*FAULTS, AttributeError) as fault:  # a file without a CRS has no to_wkt
        raise damaged(path, fault) from fault
    if grid is not None:
        same_grid(found, grid, str(path), "the project")
    source = FileSource(path, band, kind == "category")
    return Raster(title, grid or found, source, measured, kind, legend or {})


@dataclass
class FileSink:
    """A GeoTIFF that takes blocks in any order, from any thread, and appears whole or not at all.

    Blocks go to a tiled file beside the final one, under a temporary name. close() makes a
    delivered file from it in one order, so that its bytes do not depend on the order of blocks.
    """

    path: Path
    grid: Grid
    dtype: str
    nodata: float
    unit: str
    tags: Mapping[str, str]
    delivered: bool
    _part: Path = field(init=False)
    _dataset: Any = field(init=False, default=None)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._part = temporary_beside(self.path)
        with self._writing():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._dataset = rasterio.open(self._part, "w", **self._profile())
            self._dataset.update_tags(**self.tags)
            self._dataset.units = [self.unit]
            self._dataset.descriptions = [self.tags.get("name", self.path.stem)]

    def _profile(self) -> dict[str, Any]:
        rows, columns = self.grid.shape
        return {
            "driver": "GTiff", "height": rows, "width": columns, "count": 1,
            "dtype": self.dtype, "nodata": self.nodata,
            "crs": self.grid.crs.to_wkt(), "transform": self.grid.affine,
            "tiled": True, "blockxsize": TILE, "blockysize": TILE,
            "compress": "zstd", "zstd_level": 1, "bigtiff": "if_safer",
        }  # fmt: skip

    def write(self, window: Window, cells: Array) -> None:
        rows, columns = window
        box = ((rows.start, rows.stop), (columns.start, columns.stop))
        with self._lock, self._writing():
            self._dataset.write(self._coded(cells), 1, window=box)

    def _coded(self, cells: Array) -> Array:
        """Missing becomes nodata; the dtype is the file's."""
        if np.issubdtype(cells.dtype, np.integer) and self.nodata != MISSING:
            cells = np.where(cells == MISSING, int(self.nodata), cells)
        elif cells.dtype.kind == "f" and not np.isnan(self.nodata):
            cells = np.where(np.isnan(cells), self.nodata, cells)
        return cells.astype(self.dtype, copy=False)

    def close(self) -> None:
        with self._lock, self._writing():
            if self._dataset is None:
                return
            self._dataset.close()
            self._dataset = None
            _require_room(self._part)
            _require_whole(self._part)
            if self.delivered:
                self._deliver()
            self._part.replace(self.path)

    def _deliver(self) -> None:
        final = temporary_beside(self.path)
        try:
            rasterio.shutil.copy(self._part, final, **self._cog())
            _require_room(final)
            _require_whole(final)
            final.replace(self._part)
        finally:
            discard(final)

    def _cog(self) -> dict[str, Any]:
        exact = np.dtype(self.dtype).kind != "f"
        return {
            "driver": "COG", "compress": "deflate", "level": 6, "predictor": "yes",
            "blocksize": TILE, "overviews": "ignore_existing", "bigtiff": "if_safer",
            "overview_resampling": "mode" if exact else "average",
        }  # fmt: skip

    def abandon(self) -> None:
        with self._lock:
            if self._dataset is not None:
                dataset, self._dataset = self._dataset, None
                with suppress(*FAULTS):  # the file goes anyway
                    dataset.close()
            discard(self._part)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Leave nothing behind when writing fails, and say why it failed."""
        try:
            yield
        except FAULTS as fault:
            dataset, self._dataset = self._dataset, None
            if dataset is not None:
                with suppress(*FAULTS):  # the first fault is the one to tell
                    dataset.close()
            discard(self._part)
            raise write_failed(self.path, fault, self._bytes()) from fault

    def _bytes(self) -> int:
        return int(np.prod(self.grid.shape)) * np.dtype(self.dtype).itemsize


def raster_sink(
    path: Path,
    grid: Grid,
    *,
    dtype: str = "float32",
    nodata: float | None = None,
    unit: str = "1",
    tags: Mapping[str, str] | None = None,
    delivered: bool = False,
) -> Sink:
    """Where a raster is written: a working copy (tiled, zstd 1) or a delivered COG (deflate).

    dtype: float32 for quantities, int32 or uint8 for categories; nodata: NaN, MISSING and 255
    unless given. tags: name, run and whatever else the file should say. The file appears under its
    name when closed, with the same bytes whatever order the blocks came in (delivered files).
    """
    fill = _NODATA.get(dtype, 0.0) if nodata is None else nodata
    return FileSink(Path(path), grid, dtype, fill, unit, dict(tags or {}), delivered)


_NODATA = {"float32": float("nan"), "int32": float(MISSING), "uint8": 255.0}


def temporary_beside(path: Path) -> Path:
    """A name in the same folder that no one else uses: a rename there cannot fail half-way."""
    return path.with_name(f".{path.stem}.{os.getpid()}-{uuid4().hex[:8]}.part{path.suffix}")


def discard(path: Path) -> None:
    """Remove a temporary file and what GDAL put beside it."""
    with suppress(OSError):  # what cannot be removed now is swept when the run goes on
        for leftover in (path, *path.parent.glob(f"{path.name}.*")):
            leftover.unlink(missing_ok=True)


def _require_room(path: Path) -> None:
    """Refuse a closed file to which nothing could be added: its last tiles may be lost.

    GDAL writes what it still holds when a file is closed, and rasterio does not tell when that
    fails. A disk on which a tile did not fit does not take more than a tile either.
    """
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.seek(size)
        try:
            stream.write(os.urandom(2 * TILE * TILE * 4))  # random: some disks compress
            stream.flush()
            os.fsync(stream.fileno())
        finally:
            os.truncate(path, size)


def _require_whole(path: Path) -> None:
    """Refuse a TIFF that misses tiles: GDAL would read them as nodata."""
    size = path.stat().st_size
    with rasterio.open(path, driver="GTiff") as dataset:
        across = -(-dataset.width // dataset.block_shapes[0][1])
        down = -(-dataset.height // dataset.block_shapes[0][0])
        for y in range(down):
            for x in range(across):
                start = dataset.get_tag_item(f"BLOCK_OFFSET_{x}_{y}", "TIFF", bidx=1)
                length = dataset.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=1)
                if not start or int(start) + int(length or 0) > size:
                    raise OSError(f"tile {x}, {y} was not written")


_FULL = ("no space left", "disk full", "quota", "file too large", "was not written", "write error")


def write_failed(path: Path, fault: BaseException, needed: int) -> UserError:
    """What is said when a file could not be written; needed: bytes at most."""
    chain = []
    cause: BaseException | None = fault
    while cause is not None:
        chain.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    text = " / ".join(chain)
    free = _free(path.parent)
    full = any(word in text.lower() for word in _FULL) or free < needed // 100
    return UserError(
        "the disk is full" if full else f"the file cannot be written: {chain[0]}",
        where=str(path),
        by_how_much=f"up to {needed:,} bytes are needed, {free:,} are free",
        next_step="free space there, or move the project to a larger disk, and start again: "
        "what was finished is kept"
        if full
        else "check the folder and its permissions, and start again",
    )


def _free(folder: Path) -> int:
    import shutil

    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
