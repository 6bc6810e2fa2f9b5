"""Random small countries for the tests of the line: every raster an array in memory."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from tianren.delineation.redline import Ground
from tianren.raster.raster import MISSING, ArraySource, Raster

CRS = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"
CRITERIA = ("water_conservation", "biodiversity", "water_erosion")


def grid(rows: int, columns: int, cell: float = 1000.0) -> GeoBox:
    return GeoBox((rows, columns), Affine(cell, 0, 0, 0, -cell, 0), CRS)


def category(name: str, cells: Any, cell: float = 1000.0) -> Raster:
    array = np.asarray(cells, dtype=np.int32)
    return Raster(name, grid(*array.shape, cell), ArraySource(array), kind="category")


def quantity(name: str, cells: Any, cell: float = 1000.0) -> Raster:
    array = np.asarray(cells, dtype=np.float32)
    return Raster(name, grid(*array.shape, cell), ArraySource(array))


@dataclass
class Country:
    """Arrays of one country; bits of must: 0 core zone, 1 protected area, 2 wetland."""

    realm: Any
    grades: dict[str, Any]
    values: dict[str, Any]
    must: Any
    conflicts: Any
    divisions: Any
    corridors: Any = None
    levels: tuple[int, ...] = (1, 2, 3)
    deducted: int = 0b01
    extra: dict[str, Any] = field(default_factory=dict)

    def ground(self) -> Ground:
        return Ground(
            category("realm", self.realm),
            {name: category(name, cells) for name, cells in self.grades.items()},
            category("must", self.must),
            self.levels,
            category("conflicts", self.conflicts),
            self.deducted,
            category("divisions", self.divisions),
            None if self.corridors is None else category("corridors", self.corridors),
        )


def country(seed: int, rows: int = 30, columns: int = 31) -> Country:
    """Land and sea, holes and slivers, nodata, overlapping must-include areas and conflicts."""
    rng = np.random.default_rng(seed)
    shape = (rows, columns)
    density = rng.uniform(0.1, 0.7)
    realm = np.where(np.arange(columns)[None, :] < columns * 0.7, 1, 2) * np.ones(shape, int)
    realm = np.where(rng.random(shape) < 0.02, MISSING, realm)
    grades, values = {}, {}
    for name in CRITERIA:
        codes = rng.choice([0, 1, 3, 5], size=shape, p=_chances(density))
        nothing = rng.random(shape) < 0.05
        outside = (realm == MISSING) | nothing
        grades[name] = np.where(outside, MISSING, codes)
        values[name] = np.where(outside, np.nan, rng.gamma(2, 100, shape)).astype(np.float32)
    must = sum((_blob(rng, shape) << bit for bit in range(3)), np.zeros(shape, int))
    conflicts = _blob(rng, shape) | (_blob(rng, shape) << 1)
    divisions = np.where(
        rng.random(shape) < 0.03, MISSING, (np.arange(rows)[:, None] * 3 // rows) + 0 * realm
    )
    return Country(realm, grades, values, must, conflicts, divisions)


def _chances(density: float) -> list[float]:
    five = density / 3
    return [0.1, 0.5 - five / 2, 0.4 - five / 2, five]


def _blob(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    cells = np.zeros(shape, dtype=int)
    for _ in range(int(rng.integers(0, 4))):
        r, c = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        cells[r : r + rng.integers(1, 6), c : c + rng.integers(1, 6)] = 1
    return cells
