"""A raster at the size of a picture: read through its overviews, never the whole country."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError


@dataclass(frozen=True)
class Preview:
    """A decimated raster. cells: float32 with NaN where missing, shape (rows, columns).

    extent: left, right, bottom, top in the raster's CRS; cell: the sides of a preview cell, m.
    """

    cells: NDArray[np.float32]
    extent: tuple[float, float, float, float]
    crs: str

    @property
    def cell(self) -> tuple[float, float]:
        left, right, bottom, top = self.extent
        rows, columns = self.cells.shape
        return (right - left) / columns, (top - bottom) / rows


def read_preview(path: Path, *, most: int = 1400, category: bool = False) -> Preview:
    """The first band of a raster with at most `most` cells on its longer side.

    Categories are picked by nearest cell, quantities averaged. Errors: UserError when unreadable.
    """
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(path, driver="GTiff") as source:
            shape = _shape(source.height, source.width, most)
            way = Resampling.nearest if category else Resampling.average
            read = source.read(1, out_shape=shape, resampling=way, masked=True)
            box = source.bounds
            crs = source.crs.to_wkt() if source.crs else ""
    except RasterioError as error:
        raise UserError(
            f"the raster cannot be read: {error}", where=str(path), next_step="make the run again"
        ) from error
    return Preview(_with_nan(read), (box.left, box.right, box.bottom, box.top), crs)


def _shape(rows: int, columns: int, most: int) -> tuple[int, int]:
    factor = max(1.0, max(rows, columns) / most)
    return max(1, round(rows / factor)), max(1, round(columns / factor))


def _with_nan(read: Any) -> NDArray[np.float32]:
    cells: NDArray[np.float32] = read.filled(0).astype(np.float32)
    cells[np.ma.getmaskarray(read)] = np.nan
    return cells
