"""The share of each of a few cells that a polygon covers, without the compiled code of fractions.

Loading compiled code takes longer than a thousand intersections: one question about one footprint
is answered before it.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

FEW = 1_000  # cells; of more, tianren.geo.fractions is sooner done
# Sums over rings leave rounding of this order; a share within it of 0 or 1 is 0 or 1.
ROUNDING = 1e-11


def few_fractions(shape: Any, grid: Any) -> NDArray[np.float64]:
    """The share 0..1 of each cell of a grid that a polygon covers, row by row; see
    `tianren.geo.fractions.cell_fractions`."""
    rows, columns = grid.shape
    down, across = (a.ravel() for a in np.indices((rows, columns)))
    corners = [grid.affine @ (across + x, down + y) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    cells = shapely.polygons(np.stack([np.stack(c, axis=-1) for c in corners], axis=1))
    shares = shapely.area(shapely.intersection(shape, cells)) / shapely.area(cells)
    return np.where(shares > 1 - ROUNDING, 1.0, np.where(shares <= ROUNDING, 0.0, shares))
