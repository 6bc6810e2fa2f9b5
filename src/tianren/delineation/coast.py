"""The distance to the natural coast, read by window with as much margin as the buffer is wide."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tianren.delineation.legends import classes_of
from tianren.delineation.recipes import Context
from tianren.raster.blocks import read_with_halo
from tianren.raster.raster import Array, Raster, Window
from tianren.science.coast import distance_to


@dataclass(frozen=True)
class DistanceSource:
    """Metres from each cell's centre to the nearest cell of those codes; exact up to `reach`.

    Beyond the reach it is some larger number or infinite, which is the same to a buffer.
    """

    coast: Raster
    codes: Sequence[int]
    reach: float

    def read(self, window: Window) -> Array:
        a = self.coast.grid.affine
        width, height = abs(a.a), abs(a.e)
        halo = math.ceil(self.reach / min(width, height))
        cells = read_with_halo(self.coast, window, halo)
        metres = distance_to(np.isin(cells, list(self.codes)), width, height)
        rows, columns = (s.stop - s.start for s in window)
        near = metres[halo : halo + rows, halo : halo + columns]
        return np.where(near <= self.reach, near, np.inf).astype(np.float32)


def coast_distance(coast: Raster, context: Context) -> Raster:
    """The distance raster of a layer of natural coast and coastal habitats."""
    widths = [context.parameters.number(f"coast.{side}_buffer") for side in ("landward", "seaward")]
    source = DistanceSource(coast, natural_codes(context), max(widths))
    return Raster("coast_distance", coast.grid, source, "m")


def natural_codes(context: Context) -> tuple[int, ...]:
    """The codes of a natural_coast layer that protect; without a legend every code above 0."""
    info = context.layers["natural_coast"]
    if not info.legend:
        return tuple(range(1, 256))
    protecting = context.parameters.table("coast.protecting")
    classes = classes_of(info, "coast_type")
    return tuple(code for code, known in classes.items() if protecting[known] > 0)
