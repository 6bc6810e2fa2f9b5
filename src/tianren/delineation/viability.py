"""Is what zones hold of a species enough to live on: its patches against a minimum viable area.

Minimum viable populations: Traill et al. 2007, Biological Conservation 139:159. Area an individual
needs, where a table gives none: density by body mass, Damuth 1981, Nature 290:699. Effective mesh:
Jaeger 2000, Landscape Ecology 15:115.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters import Parameters
from tianren.parameters.headings import columns_by_role

if TYPE_CHECKING:
    from pandas import DataFrame
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

VIABLE, IN_SUM, TOO_SMALL, UNKNOWN = "viable", "viable_in_sum", "too_small", "unknown"

GIVEN_AREA, GIVEN_DENSITY, BODY_MASS = "minimum area given", "density given", "body mass"


def density_by_mass(grams: float, constant: float, exponent: float) -> float:
    """Individuals per km2 of animals of a body mass: D = 10^a W^b. Damuth 1981.

    grams > 0; constant a (4.23 for mammals), exponent b (-0.75). A line through many species: one
    of them may well be ten times off it.
    """
    return float(10.0**constant * grams**exponent)


@dataclass(frozen=True)
class Need:
    """What a species needs: population (individuals), area of a viable patch (m2, NaN: unknown).

    method: where the area comes from; source: as the table says.
    """

    population: float
    area: float
    method: str = ""
    source: str = ""


def read_needs(
    table: "DataFrame", parameters: Parameters, where: str = "the table of viability"
) -> tuple[dict[str, Need], list[Finding]]:
    """Species -> what it needs, from a table of minimum area, population, density or body mass.

    Columns (parameters/headings.csv, topic viability): species, minimum_area km2,
    minimum_population, density per km2, area_per_individual km2, body_mass g, source. An area given
    comes first, then density, then body mass. A number that is none, or not above zero, is left out
    with an ERROR finding that names row and value.
    """
    roles = columns_by_role("viability", map(str, table.columns))
    findings: list[Finding] = []
    needs = {}
    for number, (_, row) in enumerate(table.iterrows(), start=2):
        values = {role: str(row[column]).strip() for role, column in roles.items()}
        if species := values.get("species", ""):
            numbers = _numbers(number, values, where, findings)
            needs[species] = _need(numbers, values.get("source", ""), parameters)
    if not needs:
        message = say("the table names no species")
        findings.append(Finding("viability.no_species", where, Severity.ERROR, message))
    return needs, findings


_NUMBERS = (
    "minimum_area", "minimum_population", "density", "area_per_individual", "body_mass",
)  # fmt: skip


def _numbers(
    row: int, values: Mapping[str, str], where: str, findings: list[Finding]
) -> dict[str, float]:
    found = {}
    for role in _NUMBERS:
        text = values.get(role, "")
        if not text:
            continue
        number = _number(text)
        if number > 0:
            found[role] = number
            continue
        message = say("row {row}: {value} is not a number above zero", row=row, value=repr(text))
        findings.append(Finding("viability.number", role, Severity.ERROR, message, where))
    return found


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _need(numbers: Mapping[str, float], source: str, parameters: Parameters) -> Need:
    population = numbers.get("minimum_population")
    if population is None:
        population = parameters.number("gaps.minimum_population")
    if "minimum_area" in numbers:
        return Need(population, numbers["minimum_area"] * 1e6, GIVEN_AREA, source)
    density, method = _density(numbers, parameters)
    return Need(population, population / density * 1e6, method, source)


def _density(numbers: Mapping[str, float], parameters: Parameters) -> tuple[float, str]:
    """Individuals per km2, and how they are known."""
    if "density" in numbers:
        return numbers["density"], GIVEN_DENSITY
    if "area_per_individual" in numbers:
        return 1.0 / numbers["area_per_individual"], GIVEN_DENSITY
    if "body_mass" in numbers:
        constant = parameters.number("gaps.density_constant")
        exponent = parameters.number("gaps.density_exponent")
        return density_by_mass(numbers["body_mass"], constant, exponent), BODY_MASS
    return math.nan, ""


@dataclass(frozen=True)
class Patches:
    """What is held of one range, by 4-connected patches: areas m2, largest first; of the range."""

    areas: Floats
    range_m2: float

    @property
    def held(self) -> float:
        return float(self.areas.sum())

    @property
    def largest(self) -> float:
        return float(self.areas[0]) if len(self.areas) else 0.0

    @property
    def mesh(self) -> float:
        """Effective mesh, m2: sum(A_i^2) / A, A the whole range. Jaeger 2000.

        The area of the held patch in which a point of the range lies, on average; what is not held
        counts as nothing. Never more than what is held.
        """
        return float(np.sum(self.areas**2) / self.range_m2) if self.range_m2 else 0.0

    @property
    def fragmentation(self) -> float:
        """1 - sum((A_i / sum A)^2): chance that two points of what is held lie apart. Jaeger 2000.

        NaN where nothing is held.
        """
        return 1.0 - float(np.sum((self.areas / self.held) ** 2)) if self.held else math.nan


def patches_held(
    ranges: "csr_array", held: Floats, shape: tuple[int, int], cell_m2: float
) -> list[Patches]:
    """The patches of what zones hold of each range.

    ranges: (species x cells) share; held: (cells,) share in the zones. A patch is a 4-connected set
    of cells in which something of the range is held; its area is the sum of the shares held.
    """
    area = np.asarray(ranges.sum(axis=1, dtype=np.float64)) * cell_m2
    found = []
    for i in range(ranges.shape[0]):
        row = slice(ranges.indptr[i], ranges.indptr[i + 1])
        cells = ranges.indices[row]
        share = ranges.data[row].astype(np.float64) * held[cells]
        some = share > 0
        found.append(Patches(_patches(cells[some], share[some], shape[1]) * cell_m2, area[i]))
    return found


def _patches(cells: NDArray[Any], share: Floats, columns: int) -> Floats:
    """Sum of the shares of each 4-connected set of cells, largest first."""
    order = np.argsort(cells, kind="stable")
    label = connected(cells[order].astype(np.int64), columns)
    sums = np.zeros(label.max() + 1 if len(label) else 0)
    np.add.at(sums, label, share[order])
    return np.sort(sums)[::-1]


def connected(cells: NDArray[np.int64], columns: int) -> NDArray[Any]:
    """The number from 0 of the 4-connected set of each cell; cells: row by row, in order.

    Only the cells themselves are looked at, so that a small range in a large country is quick.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    here = np.arange(len(cells))
    right = np.flatnonzero((np.diff(cells) == 1) & (cells[1:] % columns != 0))
    below = np.searchsorted(cells, cells + columns)
    there = below < len(cells)
    there[there] = cells[below[there]] == cells[there] + columns
    start = np.concatenate([right, here[there]])
    end = np.concatenate([right + 1, below[there]])
    links = coo_array((np.ones(len(start)), (start, end)), shape=(len(cells), len(cells)))
    return np.asarray(connected_components(links, directed=False)[1])


def status(need: Need | None, patches: Patches) -> str:
    """viable: one patch is large enough; viable_in_sum: only all together; too_small; unknown."""
    if need is None or math.isnan(need.area):
        return UNKNOWN
    if patches.largest >= need.area:
        return VIABLE
    return IN_SUM if patches.held >= need.area else TOO_SMALL


COLUMNS = (
    "species", "zone", "range_m2", "held_m2", "patches", "largest_m2", "viable_patches", "mesh_m2",
    "fragmentation", "minimum_m2", "minimum_population", "population_held", "method", "source",
    "status", "covered", "covered_not_viable",
)  # fmt: skip


def row(
    species: str, zone: str, patches: Patches, need: Need | None, covered: bool
) -> dict[str, Any]:
    """One species and zone. covered: its target is met there."""
    verdict = status(need, patches)
    known = need is not None and not math.isnan(need.area)
    return {
        "species": species,
        "zone": zone,
        "range_m2": patches.range_m2,
        "held_m2": patches.held,
        "patches": len(patches.areas),
        "largest_m2": patches.largest,
        "viable_patches": int((patches.areas >= need.area).sum()) if need and known else "",
        "mesh_m2": patches.mesh,
        "fragmentation": "" if math.isnan(patches.fragmentation) else patches.fragmentation,
        "minimum_m2": need.area if need and known else "",
        "minimum_population": need.population if need else "",
        "population_held": patches.held * need.population / need.area if need and known else "",
        "method": need.method if need else "",
        "source": need.source if need else "",
        "status": verdict,
        "covered": "yes" if covered else "no",
        "covered_not_viable": "yes" if covered and verdict in (IN_SUM, TOO_SMALL) else "no",
    }


def unknown_needs(needs: Iterable[str], species: Sequence[str], where: str) -> list[Finding]:
    """A finding for needs of species that are not there: a misspelt name says nothing silently."""
    strangers = sorted(set(needs) - set(species))
    if not strangers:
        return []
    message = say(
        "{n} species of the table have no range here: {names}",
        n=len(strangers),
        names=", ".join(strangers[:5]),
    )
    return [Finding("viability.unknown_species", where, Severity.WARNING, message)]
