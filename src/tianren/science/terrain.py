"""Terrain from elevation: slope, relief, ruggedness. Arrays in (rows, columns), arrays out.

Cell sizes are true metres: one number, or one per row (rows,) for a geographic grid, whose columns
narrow towards the poles. A missing neighbour, and one beyond the edge, takes the elevation of the
centre, so that coasts keep their slope; `edge_cells` marks those cells. Row 0 is the northernmost.
NaN in, NaN out.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating]


def slope_horn(elevation: Floats, width: ArrayLike, height: ArrayLike) -> Floats:
    """Slope in degrees: atan(sqrt(zx^2 + zy^2)), third-order finite differences. Horn (1981) eq.
    1-2.

    zx = [(c + 2f + i) - (a + 2d + g)] / (8 width), zy alike; cells a b c / d e f / g h i, elevation
    m. width, height: cell size in m, a number or (rows,).
    """
    zx, zy = gradient(elevation, width, height)
    return np.degrees(np.arctan(np.hypot(zx, zy)))


def aspect(elevation: Floats, width: ArrayLike, height: ArrayLike) -> Floats:
    """Direction of steepest descent, degrees clockwise from north; NaN where the land is flat. Horn
    (1981).
    """
    zx, zy = gradient(elevation, width, height)
    direction = np.degrees(np.arctan2(-zx, -zy)) % 360.0
    return np.where((zx == 0.0) & (zy == 0.0), np.nan, direction)


def gradient(elevation: Floats, width: ArrayLike, height: ArrayLike) -> tuple[Floats, Floats]:
    """Rise of the ground eastwards and northwards, m/m. Horn (1981) eq. 1; see slope_horn."""
    a, b, c, d, f, g, h, i = neighbours(elevation)
    zx = ((c + 2.0 * f + i) - (a + 2.0 * d + g)) / (8.0 * _per_row(width))
    zy = ((a + 2.0 * b + c) - (g + 2.0 * h + i)) / (8.0 * _per_row(height))
    return zx, zy


def ruggedness(elevation: Floats) -> Floats:
    """TRI = sqrt(sum of squared differences to the eight neighbours), m. Riley, DeGloria & Elliot
    (1999).
    """
    z = np.asarray(elevation, dtype=float)
    total = np.zeros(z.shape)
    for neighbour in neighbours(z):
        total += (neighbour - z) ** 2
    return np.sqrt(total)


def relief_amplitude(
    elevation: Floats, window: float, width: ArrayLike, height: ArrayLike
) -> Floats:
    """Highest minus lowest elevation, m, in a square window of `window` metres around each cell.

    The window holds window_cells(window, size) cells each way; missing cells are left out. G17
    Annex B.
    """
    z = np.asarray(elevation, dtype=float)
    highest = _windowed_max(np.where(np.isnan(z), -np.inf, z), window, width, height)
    lowest = -_windowed_max(np.where(np.isnan(z), -np.inf, -z), window, width, height)
    with np.errstate(invalid="ignore"):  # inf - inf, far from any land
        return np.where(np.isnan(z), np.nan, highest - lowest)


def window_cells(window: float, cell: float) -> int:
    """The odd number of cells, at least 3, whose width is nearest to the window; both in m."""
    return max(3, 2 * math.floor(window / cell / 2.0) + 1)


def edge_cells(elevation: Floats) -> NDArray[np.bool_]:
    """True where a cell has an elevation but a neighbour has none: slope there is approximate."""
    known = np.pad(~np.isnan(np.asarray(elevation, dtype=float)), 1)
    whole = np.ones(np.shape(elevation), dtype=bool)
    for rows, columns in _OFFSETS:
        whole &= _shifted(known, rows, columns)
    return np.asarray(known[1:-1, 1:-1] & ~whole)


_OFFSETS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2))


def neighbours(elevation: Floats) -> list[Floats]:
    """The eight neighbours of each cell, row by row; a missing one has the value of the centre."""
    z = np.asarray(elevation, dtype=float)
    padded = np.pad(z, 1, constant_values=np.nan)
    found = [_shifted(padded, rows, columns) for rows, columns in _OFFSETS]
    return [np.where(np.isnan(n), z, n) for n in found]


def _shifted(padded: NDArray[np.generic], rows: int, columns: int) -> NDArray[np.generic]:
    height, width = padded.shape
    return padded[rows : height - 2 + rows, columns : width - 2 + columns]


def _per_row(size: ArrayLike) -> Floats:
    """A cell size as something that divides (rows, columns): one number, or a column of them."""
    sizes = np.asarray(size, dtype=float)
    return sizes if sizes.ndim == 0 else sizes[:, np.newaxis]


def _windowed_max(z: Floats, window: float, width: ArrayLike, height: ArrayLike) -> Floats:
    """Maximum over the window: down the columns, then along each row with its own size."""
    from scipy.ndimage import maximum_filter1d

    tall = window_cells(window, float(np.mean(np.asarray(height))))
    down = maximum_filter1d(z, tall, axis=0, mode="constant", cval=-np.inf)
    out = np.empty_like(down)
    widths = np.broadcast_to(np.asarray(width, dtype=float), z.shape[:1])
    cells = np.array([window_cells(window, float(w)) for w in widths])
    for size in np.unique(cells):
        rows = cells == size
        out[rows] = maximum_filter1d(down[rows], size, axis=1, mode="constant", cval=-np.inf)
    return out
