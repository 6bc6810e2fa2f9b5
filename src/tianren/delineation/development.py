"""The boundary between development and conservation: what land is best for, and what is on it now.

Extremely important land is for conservation; elsewhere suitability is weighed
against ecological importance. Everything is counted in whole cells, so that parts sum to totals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tianren.parameters import Parameters
from tianren.parameters.crosswalks import ecosystems
from tianren.raster.blocks import map_blocks, reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster, Sink
from tianren.science.grading import highest
from tianren.science.suitability import tradeoff

CONSERVE, FARM, BUILD, MIXED, RESIDUAL = 1, 2, 3, 4, 5
CLASSES = {
    CONSERVE: "conserve",
    FARM: "farm",
    BUILD: "build",
    MIXED: "farm or build",
    RESIDUAL: "residual",
}
NATURAL, FARMED, BUILT = 1, 2, 3
USES = {NATURAL: "natural land", FARMED: "farmland", BUILT: "built-up land"}
NO_CONFLICT, UNKNOWN = "no conflict", "unknown"
LAND = 1  # realm code
CONFLICTS = {
    1: "farmland on land to conserve",
    2: "built-up land on land to conserve",
    3: "farmland on land unsuitable for farming",
    4: "built-up land on land unsuitable for towns",
}
NO_UNIT = 0  # land that lies in no unit of a level
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Limits:
    """When land is open to a purpose: its level at least `level` of that purpose, and its
    trade-off index (level less weight x ecological importance) at least `least`."""

    weight: float
    level: Mapping[str, float]
    least: float


def allocate(
    realm: Array, farm: Array, town: Array, red: Array, *grades: Array, limits: Limits
) -> Array:
    """What each cell of the land is best for: CLASSES, MISSING where a level is.

    realm: 1 on land; farm, town: levels 5 ... 1; red: number of the piece, 0 outside the line;
    grades: 5, 3, 1, 0 of every function and sensitivity. Land open to both purposes is mixed: a
    level for farming and one for towns are no common measure, so choosing is left to people.
    """
    importance = highest(np.stack(grades), MISSING) if grades else np.zeros_like(farm)
    important = np.where(importance == MISSING, 0, importance).astype(np.float64)
    farmable = _open(farm, important, limits, "farm")
    buildable = _open(town, important, limits, "town")
    found = np.full(farm.shape, RESIDUAL, dtype=np.int32)
    found[farmable] = FARM
    found[buildable] = BUILD
    found[farmable & buildable] = MIXED
    found[(farm == MISSING) | (town == MISSING)] = MISSING
    found[(red > 0) | (important == 5)] = CONSERVE
    found[realm != LAND] = MISSING
    return found


def _open(levels: Array, importance: Array, limits: Limits, purpose: str) -> NDArray[np.bool_]:
    index = np.asarray(tradeoff(levels.astype(np.float64), importance, limits.weight))
    return np.asarray((levels >= limits.level[purpose]) & (index >= limits.least))


def uses_of(types: Mapping[int, str]) -> dict[int, int]:
    """Land-cover code -> NATURAL, FARMED or BUILT, by its ecosystem type."""
    kinds = ecosystems()
    return {
        code: BUILT
        if kinds[name].level == "built"
        else FARMED
        if kinds[name].artificial
        else NATURAL
        for code, name in types.items()
    }


def conflicts(use: Array, best: Array, farm: Array, town: Array) -> Array:
    """Where the use of the land is not what it is fit for: codes of CONFLICTS, 0 for none.

    MISSING where the use or the class is. Unsuitable is level 1.
    """
    found = np.zeros(use.shape, dtype=np.int32)
    found[(use == FARMED) & (farm == 1)] = 3
    found[(use == BUILT) & (town == 1)] = 4
    found[(use == FARMED) & (best == CONSERVE)] = 1
    found[(use == BUILT) & (best == CONSERVE)] = 2
    found[(use == MISSING) | (best == MISSING)] = MISSING
    return found


def counted(
    codes: Raster, realm: Raster, units: Raster | None, classes: int, divisions: int
) -> Counts:
    """Land cells by unit and code: (divisions + 1, classes + 2); row 0 is land in no unit.

    Column 0 is code 0, the last is land whose code is MISSING: each row sums to the unit's land.
    """
    kernel = partial(_count, classes=classes, divisions=divisions)
    sources = [codes, realm] if units is None else [codes, realm, units]
    return reduce_blocks(kernel, sources, np.add)


def _count(
    codes: Array, realm: Array, units: Array | None = None, *, classes: int, divisions: int
) -> Counts:
    land = realm == LAND
    own = np.zeros(codes.shape, dtype=np.int64) if units is None else units.astype(np.int64)
    own = np.where(own < 0, NO_UNIT, own)
    code = np.where(codes == MISSING, classes + 1, codes)
    shape = (divisions + 1, classes + 2)
    key = own[land] * shape[1] + code[land]
    return np.bincount(key, minlength=shape[0] * shape[1]).reshape(shape)


def draw(sources: Sequence[Raster], grades: Sequence[Raster], sink: Sink, limits: Limits) -> None:
    """Write the development-conservation matrix; sources: realm, farm, town, red of `allocate`."""
    map_blocks(partial(allocate, limits=limits), [*sources, *grades], [sink])


def limits_of(parameters: Parameters) -> Limits:
    return Limits(
        parameters.number("suitability.ecology_weight"),
        parameters.table("suitability.suitable_level"),
        parameters.number("suitability.least_tradeoff"),
    )
