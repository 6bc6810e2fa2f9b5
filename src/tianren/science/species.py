"""Species on a grid: ranges as sparse shares of cells, and what all of them say together.

A cell that lies half inside a range counts half, everywhere: richness is the number of species at a
place drawn at random in the cell, and no result depends on how finely the grid was cut.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from tianren.kernels import kernel

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


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


def chosen(ranges: Ranges, species: Flags) -> Ranges:
    """The ranges of some species: (species,) yes and no."""
    rows = np.flatnonzero(species)
    names = tuple(ranges.names[i] for i in rows)
    return Ranges(names, ranges.cells[rows], ranges.shape, ranges.cell_m2)


def within(ranges: Ranges, region: Flags) -> Ranges:
    """The ranges with only the cells of a region, (rows, columns) of yes and no."""
    cells = ranges.cells.copy()
    cells.data = np.where(region.ravel()[cells.indices], cells.data, np.float32(0))
    return ranges_of(ranges.names, cells, ranges.shape, ranges.cell_m2)


def range_area(ranges: Ranges) -> Floats:
    """Area of each range, m2 (species,), summed in double precision."""
    return np.asarray(ranges.cells.sum(axis=1, dtype=np.float64)) * ranges.cell_m2


def held(ranges: Ranges, zones: "scipy.sparse.csr_array") -> Floats:
    """Area of each species' range in each zone: (zones x species) m2, one sparse product.

    zones: (zones x cells) share of each cell in the zone. Where a cell lies partly in both, range
    and zone are taken as independent within it: the area is the product of the shares.
    """
    by_cell: Any = scipy.sparse.csr_array(zones.astype(np.float64).T)
    cells = ranges.cells
    found = np.zeros((zones.shape[0], len(ranges.names)))
    _add_products(
        cells.indptr, cells.indices, cells.data,
        by_cell.indptr, by_cell.indices, by_cell.data, found,
    )  # fmt: skip
    return found * ranges.cell_m2


@kernel
def _add_products(
    species: Any, cells: Any, shares: Any, at: Any, zones: Any, parts: Any, found: Any
) -> None:
    """found[zone, species] += share * part, in the order of the cells: each once, in one pass."""
    for s in range(len(species) - 1):
        for k in range(species[s], species[s + 1]):
            cell = cells[k]
            for j in range(at[cell], at[cell + 1]):
                found[zones[j], s] += np.float64(shares[k]) * parts[j]


def area_of_habitat(
    shares: Floats,
    landcover: NDArray[np.int32] | None,
    elevation: Floats | None,
    classes: frozenset[int],
    low: float,
    high: float,
) -> Floats:
    """A range reduced to its habitat: Brooks et al. 2019, Trends in Ecology & Evolution 34:977.

    shares: of the range in each cell; a cell stays where its land cover is one of the classes (all,
    when none is named) and low <= elevation <= high, m. A cell whose land cover or elevation is
    missing is no habitat where that was asked about.
    """
    fits = np.ones(np.shape(shares), dtype=bool)
    if classes and landcover is not None:
        fits &= np.isin(landcover, sorted(classes))
    if elevation is not None and (low > -math.inf or high < math.inf):
        fits &= (elevation >= low) & (elevation <= high)
    return np.where(fits, shares, 0.0)


# -- surfaces --------------------------------------------------------------------------------------


def species_weight(
    weights: Mapping[str, float], category: str, *, protected: bool, endemic: bool
) -> float:
    """w of one species: its Red List category plus national class I protection plus endemism.

    weights: category, class_one or endemic -> weight; a category without a row weighs 0. The
    weights are a design choice.
    """
    extra = protected * weights["class_one"] + endemic * weights["endemic"]
    return weights.get(category.lower(), 0.0) + extra


def richness(ranges: Ranges) -> Floats:
    """SR = sum of shares: species at a place of the cell, (rows, columns)."""
    return weighted_richness(ranges, np.ones(len(ranges.names)))


def weighted_richness(ranges: Ranges, weights: Sequence[float] | Floats) -> Floats:
    """B = sum over species of w_s x_s, (rows, columns); x the share, or share times suitability."""
    w = np.asarray(weights, dtype=np.float64)
    return np.asarray(ranges.cells.T @ w, dtype=np.float64).reshape(ranges.shape)


def weighted_endemism(ranges: Ranges) -> Floats:
    """WE = sum over species of share / range in cells, (rows, columns); it sums to the number of
    species that have a range. Crisp et al. 2001; Linder 2001, Journal of Biogeography 28.
    """
    cells = range_area(ranges) / ranges.cell_m2
    rarity = np.divide(1.0, cells, out=np.zeros_like(cells), where=cells > 0)
    return weighted_richness(ranges, rarity)


def corrected_weighted_endemism(ranges: Ranges) -> Floats:
    """CWE = WE / SR, (rows, columns); 0 where no species is. Crisp et al. 2001."""
    species = richness(ranges)
    ends = weighted_endemism(ranges)
    return np.divide(ends, species, out=np.zeros_like(ends), where=species > 0)


def hotspots(values: Floats, share: Fraction) -> tuple[Flags, float]:
    """The highest share of the known cells (not NaN), and the value where they begin.

    Ties with the last of them are kept, so more than the share may be marked; a cell of value 0 or
    less never is. Where nothing is above 0 the cut is infinite.
    """
    known = np.sort(values[~np.isnan(values)])
    wanted = math.ceil(share * len(known))
    cut = float(known[-wanted]) if wanted else math.inf
    if cut <= 0:
        above = known[known > 0]
        cut = float(above[0]) if len(above) else math.inf
    return values >= cut, cut


@dataclass(frozen=True)
class Chosen:
    """A step of a complementary set: the unit taken, the species it adds, how many are held now."""

    unit: int
    species: tuple[int, ...]
    held: int


def complementarity(holds: "scipy.sparse.csr_array") -> list[Chosen]:
    """Units that hold all species between them, chosen greedily: each adds the most new species.

    holds: (units x species), stored where the unit holds the species. Among equals the first unit
    is taken. Greedy set cover: Kirkpatrick 1983, Biological Conservation 25:127.
    """
    stored = holds.astype(bool).tocsr()
    stored.eliminate_zeros()
    by_species = stored.tocsc()
    gains = np.diff(stored.indptr).astype(np.int64)
    covered = np.zeros(stored.shape[1], dtype=bool)
    chosen: list[Chosen] = []
    while len(gains) and (unit := int(np.argmax(gains))) >= 0 and gains[unit] > 0:
        there = stored.indices[stored.indptr[unit] : stored.indptr[unit + 1]]
        new = np.sort(there[~covered[there]])
        covered[new] = True
        for one in new:
            gains[by_species.indices[by_species.indptr[one] : by_species.indptr[one + 1]]] -= 1
        chosen.append(Chosen(unit, tuple(int(s) for s in new), int(covered.sum())))
    return chosen
