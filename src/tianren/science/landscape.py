"""Metrics of patches: how large, how compact, how far apart.

McGarigal & Marks 1995, FRAGSTATS, USDA Forest Service PNW-GTR-351, and the FRAGSTATS 4 guide;
Jaeger 2000, Landscape Ecology 15:115 (effective mesh size); Gustafson & Parker 1994, Landscape and
Urban Planning 29:117 (proximity). Cells have height and width in m, areas are m2. The perimeter
counts every edge to another patch, to the background and to the end of the grid.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tianren.kernels import kernel

Cells = NDArray[np.float64]
Whole = NDArray[np.int32]


@dataclass(frozen=True)
class Patches:
    """Metrics of the patches 1..n, arrays (n,).

    area m2; perimeter m; core_area m2 farther than the edge depth from any other cell; shape and
    fractal dimensionless; radius (of gyration) m; nearest m to the next patch (inf: none);
    proximity.
    """

    area: Cells
    perimeter: Cells
    core_area: Cells
    shape: Cells
    fractal: Cells
    radius: Cells
    nearest: Cells
    proximity: Cells


def patch_metrics(
    labels: Whole, cell: tuple[float, float], *, edge_depth: float, reach: float
) -> Patches:
    """All metrics of the patches numbered 1..n in `labels` (rows, columns), 0 elsewhere.

    cell: height and width, m; edge_depth m: of the rim that is no core; reach m: how far the
    proximity index looks.
    """
    labels = np.asarray(labels, dtype=np.int32)
    n = int(labels.max(initial=0))
    if n == 0:
        return Patches(*(np.zeros(0) for _ in range(8)))
    counts, edges = np.zeros(n + 1), np.zeros((n + 1, 2))
    _count(np.pad(labels, 1), counts, edges)
    height, width = cell
    area = counts[1:] * height * width
    perimeter = (edges @ np.array([width, height]))[1:]
    nearest, proximity = _neighbours(labels, cell, area, reach)
    return Patches(
        area,
        perimeter,
        _core_area(labels, cell, edge_depth),
        shape_index(counts[1:], edges[1:].sum(axis=1)),
        fractal_dimension(area, perimeter),
        _radius(labels, cell),
        nearest,
        proximity,
    )


def shape_index(cells: ArrayLike, edges: ArrayLike) -> Cells:
    """Perimeter over that of the most compact patch of as many cells; 1 for a square. FRAGSTATS.

    cells: how many; edges: how many sides of cells bound the patch.
    """
    count = np.asarray(cells, dtype=float)
    side = np.floor(np.sqrt(count))
    rest = count - side**2
    least = 4 * side + np.where(rest == 0, 0, np.where(rest <= side, 2, 4))
    found: Cells = np.asarray(edges, dtype=float) / least
    return found


def fractal_dimension(area: ArrayLike, perimeter: ArrayLike) -> Cells:
    """2 ln(P / 4) / ln A, P in m, A in m2; 1 for a square, 1 to 2. FRAGSTATS FRAC.

    NaN for a patch of exactly one square metre.
    """
    size = np.log(np.asarray(area, dtype=float))
    bounds = 2 * np.log(np.asarray(perimeter, dtype=float) / 4)
    found: Cells = np.divide(bounds, size, out=np.full_like(size, np.nan), where=size != 0)
    return found


def effective_mesh(areas: ArrayLike, total: float) -> float:
    """m_eff = sum of A_i^2 / A_total, in the unit of the areas. Jaeger 2000.

    total: the area of the landscape, patches and what lies between them.
    """
    parts = np.asarray(areas, dtype=float)
    return float((parts**2).sum() / total) if total > 0 else 0.0


@kernel
def _count(labels: Whole, counts: Cells, edges: Cells) -> None:
    """Cells of every patch, and its sides to the north and south, to the east and west."""
    rows, columns = labels.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            n = labels[i, j]
            if n > 0:
                counts[n] += 1
                edges[n, 0] += (labels[i - 1, j] != n) + (labels[i + 1, j] != n)
                edges[n, 1] += (labels[i, j - 1] != n) + (labels[i, j + 1] != n)


def _core_area(labels: Whole, cell: tuple[float, float], depth: float) -> Cells:
    """Area of the cells whose centre is farther than depth from every cell of another kind."""
    from scipy.ndimage import distance_transform_edt, find_objects

    found = np.zeros(int(labels.max(initial=0)))
    for n, window in enumerate(find_objects(labels)):
        if window is not None:
            inside = np.pad(labels[window] == n + 1, 1)
            far = np.asarray(distance_transform_edt(inside, sampling=cell)) > depth
            found[n] = np.count_nonzero(far & inside) * cell[0] * cell[1]
    return found


def _radius(labels: Whole, cell: tuple[float, float]) -> Cells:
    """Mean distance of a patch's cells to its centroid. FRAGSTATS GYRATE."""
    from scipy.ndimage import find_objects

    found = np.zeros(int(labels.max(initial=0)))
    for n, window in enumerate(find_objects(labels)):
        if window is not None:
            places = np.argwhere(labels[window] == n + 1) * np.asarray(cell)
            away = places - places.mean(axis=0)
            found[n] = float(np.hypot(away[:, 0], away[:, 1]).mean())
    return found


def _neighbours(
    labels: Whole, cell: tuple[float, float], area: Cells, reach: float
) -> tuple[Cells, Cells]:
    """Distance to the nearest other patch, and sum of area / distance^2 of those within reach.

    Distances are between the centres of the nearest cells, as FRAGSTATS has them. Each patch's
    rim is asked of all others in order of their boxes' distance, until no box can be nearer.
    """
    from scipy.spatial import cKDTree

    rims = _rims(labels, cell)
    trees = {n: cKDTree(rim) for n, rim in rims.items()}
    numbers = np.array(sorted(rims), dtype=int)
    low = np.array([rims[n].min(axis=0) for n in numbers]).reshape(-1, 2)
    high = np.array([rims[n].max(axis=0) for n in numbers]).reshape(-1, 2)
    nearest, proximity = np.full(area.size, np.inf), np.zeros(area.size)
    for i, n in enumerate(numbers):
        gap = np.maximum(0, np.maximum(low - high[i], low[i] - high))
        apart = np.hypot(gap[:, 0], gap[:, 1])
        for j in np.argsort(apart, kind="stable"):
            if apart[j] > max(nearest[n - 1], reach):
                break
            if j == i:
                continue
            distance = _apart(trees, rims, int(n), int(numbers[j]))
            nearest[n - 1] = min(nearest[n - 1], distance)
            if distance <= reach:
                proximity[n - 1] += area[numbers[j] - 1] / distance**2
    return nearest, proximity


def _apart(trees: dict[int, Any], rims: dict[int, Cells], a: int, b: int) -> float:
    """The smaller set of cells is looked up among the larger."""
    few, many = (a, b) if len(rims[a]) <= len(rims[b]) else (b, a)
    found, _ = trees[many].query(rims[few])
    return float(np.min(found))


def _rims(labels: Whole, cell: tuple[float, float]) -> dict[int, Cells]:
    """The centres of the cells of each patch that touch another kind of cell, m."""
    framed = np.pad(labels, 1)
    middle = framed[1:-1, 1:-1]
    others = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    row, column = np.nonzero((middle > 0) & np.any([middle != o for o in others], axis=0))
    number = middle[row, column]
    order = np.argsort(number, kind="stable")
    places = np.stack([row, column], axis=1)[order] * np.asarray(cell, dtype=float)
    found, first = np.unique(number[order], return_index=True)
    return {int(n): part for n, part in zip(found, np.split(places, first[1:]), strict=True)}
