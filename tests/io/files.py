"""Small files of the kinds that agencies deliver, and the entries that describe them."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from tianren.io.sources import Entry

LAEA = "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m +no_defs"
GRID = GeoBox((40, 50), Affine(1000, 0, -25_000, 0, -1000, 20_000), LAEA)
DEGREES = Affine(0.01, 0, 7.5, 0, -0.01, 45.4)  # 100 x 90 cells cover GRID


def write_tif(path: Path, cells: Any, **options: Any) -> Path:
    """A GeoTIFF over GRID in degrees, unless the options say otherwise. units, scale: of bands."""
    cells = np.asarray(cells)
    bands = cells if cells.ndim == 3 else cells[None]
    units, scale = options.pop("units", None), options.pop("scale", None)
    profile = {
        "driver": "GTiff", "count": bands.shape[0], "height": bands.shape[1],
        "width": bands.shape[2], "dtype": bands.dtype, "crs": "EPSG:4326", "transform": DEGREES,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", **{**profile, **options}) as sink:
        sink.write(bands)
        if units:
            sink.units = [units] * len(bands)
        if scale:
            sink.scales = [scale] * len(bands)
    return path


def values(low: float = 100.0, high: float = 900.0, bands: int = 1) -> Any:
    """Plausible values over GRID, the same each time."""
    cells = np.random.default_rng(7).uniform(low, high, (bands, 90, 100)).astype(np.float32)
    return cells if bands > 1 else cells[0]


def entry(path: Path, layer: str = "elevation", **more: Any) -> Entry:
    """An entry for a file, elevation in metres unless said otherwise."""
    known: dict[str, Any] = {"kind": "continuous", "unit": "m", "name": layer, "layer": layer}
    return Entry(**{**known, "folder": path.parent, "uri": path.name, **more})


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def left_behind(folder: Path) -> list[str]:
    """Files that are not finished ones."""
    return sorted(p.name for p in folder.rglob("*") if ".part" in p.name)
