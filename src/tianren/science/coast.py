"""Coastal protection: natural shorelines and the habitats that break waves. DE20."""

import math

import numpy as np
from numpy.typing import NDArray

from tianren.science.equation import equation


@equation
def coastal_protection(distance: float, on_land: float, landward: float, seaward: float) -> float:
    """Grade 5 within the buffer of a natural shoreline or a protecting habitat, else 0 (not
    applicable). DE20.

    distance to the nearest such cell, m; on_land 1 or 0; landward, seaward: widths of the buffer,
    m.
    """
    width = landward if on_land > 0.5 else seaward
    return 5.0 if distance <= width else 0.0


def distance_to(mask: NDArray[np.bool_], width: float, height: float) -> NDArray[np.float64]:
    """Distance from each cell centre to the nearest True cell centre, m; infinite where there is
    none.

    mask (rows, columns); width, height of a cell in m. Exact Euclidean distance in the plane of the
    grid. In blocks, a halo of the buffer's width on each side gives the same grade as the whole.
    """
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return np.full(mask.shape, np.inf)
    return np.asarray(distance_transform_edt(~mask, sampling=(height, width)))


@equation
def natural_shore_kept(length_before: float, length_after: float) -> float:
    """Share of the natural shoreline that is retained, 1; lengths in m."""
    if length_before <= 0.0:
        return math.nan
    return length_after / length_before
