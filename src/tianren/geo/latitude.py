"""The latitude of every cell of a grid, as a raster read by window: what day length needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from tianren.geo.moves import move_between

STEP = 16  # cells between the nodes where the projection is inverted


@dataclass(frozen=True)
class LatitudeSource:
    """Latitude of the cell centres, degrees north.

    The projection is inverted at every 16th cell and interpolated between, because it costs more
    than all equations of a cell. The error is about (16 cells)^2 * tan(latitude) / (8 * Earth's
    radius): 0.0003 degrees for 1 km cells at 50 degrees. The nodes are fixed to the grid's corner,
    so a cell has one latitude whatever window it is read in.
    """

    grid: GeoBox

    def read(self, window: tuple[slice, slice]) -> NDArray[np.float32]:
        """float32 (rows, columns) of the window."""
        rows, columns = (np.arange(s.start, s.stop) for s in window)
        node_rows, row_share = _between(rows)
        node_columns, column_share = _between(columns)
        nodes = self._nodes(node_rows[0], node_rows[-1] + 1, node_columns[0], node_columns[-1] + 1)
        r, c = node_rows - node_rows[0], node_columns - node_columns[0]
        above = _mix(nodes[r][:, c], nodes[r][:, c + 1], column_share[None, :])
        below = _mix(nodes[r + 1][:, c], nodes[r + 1][:, c + 1], column_share[None, :])
        return _mix(above, below, row_share[:, None]).astype(np.float32)

    def _nodes(self, top: int, bottom: int, left: int, right: int) -> NDArray[np.float64]:
        """Latitude at nodes top..bottom, left..right, both ends included."""
        column, row = np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1))
        a = self.grid.affine
        across, down = column * STEP + 0.5, row * STEP + 0.5
        x, y = a.c + a.a * across + a.b * down, a.f + a.d * across + a.e * down
        to_degrees = move_between(str(self.grid.crs), "EPSG:4326")
        return np.asarray(to_degrees.transform(x, y)[1], dtype=np.float64)


def _between(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The node before each cell, and how far on the way to the next node the cell is (0..1)."""
    return cells // STEP, (cells % STEP) / STEP


def _mix(
    first: NDArray[np.float64], second: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    return first + share * (second - first)
