"""The twelve months of a layer, as kernels get them."""

import numpy as np

from tianren.raster.raster import Array
from tianren.science.water import DAYS_IN_MONTH

Months = tuple[Array, ...]
DAYS = np.array(DAYS_IN_MONTH)
