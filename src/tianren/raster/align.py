"""How a layer comes onto the project's grid: decided here from kind and cells, done by io."""

import math
from dataclasses import dataclass
from typing import Literal

import pyproj

from tianren.errors import UserError
from tianren.geo.moves import move_between
from tianren.raster.raster import Grid, Kind

Method = Literal["mode", "nearest", "average", "bilinear", "sum"]

# Cells within a hundredth of ours count as ours: neither coarsened nor refined.
_SAME_SIZE = 1.01


@dataclass(frozen=True)
class Alignment:
    """How cells are resampled, and why: ratio = our cell's side over the layer's, on the ground."""

    method: Method
    ratio: float

    @property
    def coarsens(self) -> bool:
        return self.ratio > _SAME_SIZE


def plan_alignment(kind: Kind, source: Grid, target: Grid) -> Alignment:
    """The resampling of a layer, from its kind and the ratio of cell sizes.

    Categories: the commonest class when coarsening, else the nearest. Flux and continuous: the
    mean by area when coarsening, else bilinear. Counts: the sum, so that the total is kept.
    """
    ratio = cell_ratio(source, target)
    coarsens = ratio > _SAME_SIZE
    if kind == "category":
        return Alignment("mode" if coarsens else "nearest", ratio)
    if kind == "count":
        return Alignment("sum", ratio)
    return Alignment("average" if coarsens else "bilinear", ratio)


def cell_ratio(source: Grid, target: Grid) -> float:
    """Side of a target cell over side of a source cell, where the two overlap.

    Measured as the square root of the area, in source cells, of the target cell in the middle
    (or of the nearest cell that lies in the source's plane).
    """
    if source.crs is None or target.crs is None:
        raise UserError("a grid needs a CRS", next_step="give the layer's crs in catalog.toml")
    move = move_between(target.crs.proj, source.crs.proj)
    rows, columns = target.shape
    for row, column in ((rows // 2, columns // 2), (0, 0), (rows - 1, columns - 1)):
        ratio = _ratio_at(source, target, move, row, column)
        if math.isfinite(ratio) and ratio > 0:
            return ratio
    raise UserError(
        "the layer's CRS does not reach the project's grid",
        next_step="check the layer's CRS in catalog.toml",
    )


def _ratio_at(source: Grid, target: Grid, move: pyproj.Transformer, row: int, column: int) -> float:
    corners = [(column + i, row + j) for i, j in ((0, 0), (1, 0), (0, 1))]
    places = [move.transform(*(target.affine @ corner)) for corner in corners]
    if not all(math.isfinite(v) for place in places for v in place):
        return math.nan
    (x0, y0), (x1, y1), (x2, y2) = (~source.affine @ place for place in places)
    return math.sqrt(abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)))
