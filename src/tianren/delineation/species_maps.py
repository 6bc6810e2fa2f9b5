"""Models of species on the grid: values of predictors at cells, maps of suitability, and change.

Read block by block, so that memory does not grow with the country. What is counted is whole cells,
which add up to the same whatever the blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.raster.blocks import Workers, map_blocks, reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster, Sink, Window, window_shape
from tianren.science.maxent import Maxent, novel, predict
from tianren.science.species_models import ranks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
SIZE = 512  # all predictors of a block are in memory at once, in double precision


@dataclass(frozen=True)
class Predictors:
    """Rasters on one grid, in the order of their names; region: missing where nothing is asked."""

    names: tuple[str, ...]
    rasters: tuple[Raster, ...]
    region: Raster

    @property
    def is_category(self) -> list[bool]:
        return [raster.is_category for raster in self.rasters]

    def chosen(self, names: Sequence[str]) -> "Predictors":
        by_name = dict(zip(self.names, self.rasters, strict=True))
        return Predictors(tuple(names), tuple(by_name[n] for n in names), self.region)


@dataclass(frozen=True)
class Cells:
    """Cells by number (row by row, ascending) with the predictors' values, (cells, predictors)."""

    number: Ints
    values: Floats

    def at(self, wanted: Ints) -> Floats:
        """The values of cells that are all there."""
        return self.values[np.searchsorted(self.number, wanted)]

    def holds(self, wanted: Ints) -> Flags:
        """Which of the cells are there."""
        return np.isin(wanted, self.number)

    def columns(self, which: Sequence[int]) -> "Cells":
        return Cells(self.number, np.ascontiguousarray(self.values[:, list(which)]))


def gather(
    predictors: Predictors, wanted: Ints, most: int, seed: int, *, size: int = SIZE
) -> tuple[Cells, Cells]:
    """Values at the wanted cells, and at a random sample of the region of at most so many cells.

    Only cells of the region where every predictor is known.
    """
    wanted = np.unique(wanted)
    columns = predictors.region.grid.shape[1]

    def block(window: Window, region: Array, *maps: Array) -> tuple[Cells, Cells]:
        known, values = _known_values(region, maps)
        rows, across = np.nonzero(known)
        number = (rows + window[0].start) * columns + across + window[1].start
        here = np.isin(number, wanted)
        return Cells(number[here], values[here]), _lowest(Cells(number, values), most, seed)

    found, drawn = reduce_blocks(
        block, [predictors.region, *predictors.rasters],
        lambda a, b: (_both(a[0], b[0]), _lowest(_both(a[1], b[1]), most, seed)),
        size=size, with_window=True,
    )  # fmt: skip
    return _ordered(found), _ordered(drawn)


def _known_values(region: Array, maps: Sequence[Array]) -> tuple[Flags, Floats]:
    """Where the region and all maps are known, and the values there, (cells, maps)."""
    known = region != MISSING
    for cells in maps:
        known &= (cells != MISSING) if cells.dtype.kind == "i" else ~np.isnan(cells)
    values = np.empty((int(known.sum()), len(maps)))
    for n, cells in enumerate(maps):
        values[:, n] = cells[known]
    return known, values


def _both(a: Cells, b: Cells) -> Cells:
    return Cells(np.concatenate([a.number, b.number]), np.vstack([a.values, b.values]))


def _lowest(cells: Cells, most: int, seed: int) -> Cells:
    """The cells of the lowest ranks: a sample that does not depend on the blocks."""
    if len(cells.number) <= most:
        return cells
    chosen = np.argpartition(ranks(cells.number, seed, "region"), most)[:most]
    return Cells(cells.number[chosen], cells.values[chosen])


def _ordered(cells: Cells) -> Cells:
    order = np.argsort(cells.number)
    return Cells(cells.number[order], cells.values[order])


# -- maps ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mapped:
    """Cells with a suitability; of these suitable, and outside the range of the training cells."""

    cells: int
    suitable: int
    novel: int


@dataclass(frozen=True)
class Changed(Mapped):
    """In another climate: cells still suitable, no longer, and newly, where both are known."""

    kept: int
    lost: int
    gained: int


class _Counter:
    """Whole numbers that blocks add to, in whatever order."""

    def __init__(self, names: Sequence[str]) -> None:
        self.counts = dict.fromkeys(names, 0)
        self._lock = Lock()

    def add(self, **flags: Any) -> None:
        found = {name: int(np.count_nonzero(value)) for name, value in flags.items()}
        with self._lock:
            for name, number in found.items():
                self.counts[name] += number


def map_species(
    model: Maxent, predictors: Predictors, threshold: float, sink: Sink,
    *, size: int = SIZE, workers: Workers = 1,
) -> Mapped:  # fmt: skip
    """Suitability 0..1 of the whole region, written to the sink; suitable from the threshold on."""
    counter = _Counter(("cells", "suitable", "novel"))

    def kernel(region: Array, *maps: Array) -> Array:
        suitability, strange = _suitability(model, region, maps)
        known = ~np.isnan(suitability)
        counter.add(cells=known, suitable=suitability >= threshold, novel=strange)
        return suitability

    sources = [predictors.region, *predictors.rasters]
    map_blocks(kernel, sources, [sink], size=size, workers=workers)
    return Mapped(**counter.counts)


def map_change(
    model: Maxent, predictors: Predictors, threshold: float, now: Raster, sink: Sink,
    *, size: int = SIZE, workers: Workers = 1,
) -> Changed:  # fmt: skip
    """Suitability under another climate, and what it keeps of the suitability now."""
    counter = _Counter(("cells", "suitable", "novel", "kept", "lost", "gained"))

    def kernel(region: Array, today: Array, *maps: Array) -> Array:
        suitability, strange = _suitability(model, region, maps)
        known = ~np.isnan(suitability)
        both = known & ~np.isnan(today)
        before, after = both & (today >= threshold), both & (suitability >= threshold)
        counter.add(
            cells=known, suitable=known & (suitability >= threshold), novel=strange,
            kept=before & after, lost=before & ~after, gained=after & ~before,
        )  # fmt: skip
        return suitability

    sources = [predictors.region, now, *predictors.rasters]
    map_blocks(kernel, sources, [sink], size=size, workers=workers)
    return Changed(**counter.counts)


def _suitability(model: Maxent, region: Array, maps: Sequence[Array]) -> tuple[Array, Flags]:
    """Suitability of a block, NaN where unknown, and which known cells are novel."""
    known, values = _known_values(region, maps)
    suitability = np.full(known.shape, np.nan, np.float32)
    suitability[known] = predict(model, values)
    strange = np.zeros(known.shape, bool)
    strange[known] = novel(model, values)
    return suitability, strange


@dataclass(frozen=True)
class _Count:
    """How many maps reach their thresholds in each cell; one map at a time is in memory."""

    maps: tuple[Raster, ...]
    thresholds: tuple[float, ...]

    def read(self, window: Window) -> Array:
        count = np.zeros(window_shape(window), np.int32)
        for raster, threshold in zip(self.maps, self.thresholds, strict=True):
            count += raster.read(window) >= threshold
        return count


def count_suitable(
    maps: Sequence[Raster], thresholds: Sequence[float], region: Raster, sink: Sink,
    *, size: int = SIZE,
) -> None:  # fmt: skip
    """How many of the species find each cell of the region suitable; int32, MISSING elsewhere."""

    def kernel(inside: Array, count: Array) -> Array:
        return np.where(inside == MISSING, MISSING, count)

    counted = _Count(tuple(maps), tuple(thresholds))
    count = Raster("suitable_species", region.grid, counted, kind="category")
    map_blocks(kernel, [region, count], [sink], size=size)


def most_together(count: Raster) -> int:
    """The largest number of species in one cell."""
    return max(reduce_blocks(_largest, [count], max, initial=0), 0)


def _largest(cells: Array) -> int:
    return int(cells.max())
