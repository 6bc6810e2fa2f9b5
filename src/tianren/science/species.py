"""Species on a grid: ranges as sparse shares of cells, and what all of them say together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ranges:
    """The ranges of many species on one grid.

    cells: (species x cells, row by row) share of the cell inside the range, float32, 0 < x <= 1;
    a cell that is not stored is outside. shape: (rows, columns); cell_m2: area of one cell.
    """

    names: tuple[str, ...]
    cells: "scipy.sparse.csr_array"
    shape: tuple[int, int]
    cell_m2: float

    def __post_init__(self) -> None:
        wanted = (len(self.names), self.shape[0] * self.shape[1])
        if self.cells.shape != wanted:
            raise ValueError(f"ranges of {wanted[0]} species on {wanted[1]} cells are expected")


def ranges_of(names: Sequence[str], cells: Any, shape: tuple[int, int], cell_m2: float) -> Ranges:
    """Ranges from any sparse matrix of shares: float32, sorted, without stored zeros."""
    kept = scipy.sparse.csr_array(cells, dtype=np.float32)
    kept.sum_duplicates()
    kept.eliminate_zeros()
    return Ranges(tuple(names), kept, shape, cell_m2)


def range_area(ranges: Ranges) -> Floats:
    """Area of each range, m2 (species,), summed in double precision."""
    return np.asarray(ranges.cells.sum(axis=1, dtype=np.float64)) * ranges.cell_m2
