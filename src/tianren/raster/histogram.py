"""Exact histograms of float32 values by their bit pattern: the two passes behind the cuts.

The coarse pass counts by the upper 16 bits (sign, exponent, 7 bits of mantissa), the fine pass by
the lower 16 bits of the few bins where cuts fall. Values of one bin share an exponent, so the
sums of their mantissas are whole numbers, and exact. A single raster has dense tables; with zones
or weights the same sums stand in hash tables, with memory for what occurs only.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from tianren.errors import UserError
from tianren.kernels import kernel
from tianren.raster.blocks import reduce_blocks, windows
from tianren.raster.raster import MISSING, Array, Raster, Source, Window

BINS = 1 << 15  # upper 16 bits of a non-negative float32
LOWS = 1 << 16
INFINITE = 0x7F80  # the bin of infinity
WHOLE = 1 << 24  # whole numbers up to here are exact in float32
TILE, TILES = 512, 16  # the sample of a large raster
GOLDEN = (math.sqrt(5) - 1) / 2
ROWS, MARGIN = 64, 0.002  # bins to expect the cuts in: how many; how far off at least, in share


@dataclass(frozen=True)
class Curve:
    """The whole distribution, by bins of under 1 % of the value: what rank and lorenz read.

    One entry a non-empty bin, values ascending. bins: upper 16 bits of the float32; cells: count;
    weights, masses: exact sums of w and of value x w, in units of 2**weight_unit and 2**mass_unit.
    """

    bins: tuple[int, ...] = ()
    cells: tuple[int, ...] = ()
    weights: tuple[int, ...] = ()
    masses: tuple[int, ...] = ()
    weight_unit: int = 0
    mass_unit: int = -149

    def record(self) -> dict[str, Any]:
        """Plain values for JSON, with the common powers of two taken out."""
        weights, weight_unit = _reduced(self.weights, self.weight_unit)
        masses, mass_unit = _reduced(self.masses, self.mass_unit)
        return {
            "bins": list(self.bins),
            "cells": list(self.cells),
            "weights": weights,
            "weight_unit": weight_unit,
            "masses": masses,
            "mass_unit": mass_unit,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Curve":
        lists = {k: tuple(record[k]) for k in ("bins", "cells", "weights", "masses")}
        return cls(**lists, weight_unit=record["weight_unit"], mass_unit=record["mass_unit"])


@dataclass(frozen=True)
class Ladder:
    """The values of one bin, best first: lower 16 bits, cells, and weights in the curve's unit."""

    lows: NDArray[Any]
    cells: NDArray[Any]
    weights: NDArray[Any]


def _reduced(numbers: Sequence[int], unit: int) -> tuple[list[int], int]:
    """The same numbers in the coarsest power-of-two unit that keeps them whole."""
    if not any(numbers):
        return list(numbers), 0
    spare = min((n & -n).bit_length() - 1 for n in numbers if n)
    return [n >> spare for n in numbers], unit + spare


def exponent_of(home: int) -> int:
    """The exponent field of a bin; subnormals (field 0) have the unit of field 1."""
    return max(home >> 7, 1)


def mantissa_of(home: int) -> int:
    """The mantissa of a bin's lowest value, as a whole number of units of 2**(exponent - 150)."""
    return ((home & 0x7F) << 16) + (1 << 23 if home >> 7 else 0)


class PlainHistogram:
    """Histograms of a raster without zones or weights.

    A sample of a large raster tells roughly where the cuts will fall. The lower 16 bits of the bins
    around are counted in the first pass already; only where the guess was wrong is there a second.
    """

    def __init__(self, value: Raster, shares: Sequence[Fraction], work: Mapping[str, Any]) -> None:
        self.value, self.shares, self.work = value, shares, work
        self._expect([])

    def curves(self) -> dict[int, Curve]:
        sample = _sampled(self.value)
        if sample is not None:
            work = {**self.work, "size": TILE, "progress": None, "title": ""}
            tables: list[Array] = []
            reduce_blocks(self._first(), [sample], _listed, initial=tables, **work)
            self._expect(_likely_bins(np.array(tables), self.shares))
        found = reduce_blocks(
            self._first(), [self.value], self._take, initial=_table(), **self.work
        )
        return {0: _curve(found)}

    def ladders(self, targets: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Ladder]:
        found = {t: self._ladder(t[1]) for t in targets if self.place[t[1]]}
        rest = [t for t in targets if t not in found]
        if rest:
            self._expect([home for _, home in rest])
            pick = partial(_second_pass, self.place)
            reduce_blocks(pick, [self.value], self._take, initial=_table(), **self.work)
        return found | {t: self._ladder(t[1]) for t in rest}

    def _expect(self, bins: Sequence[int]) -> None:
        """Count the lower 16 bits of these bins from now on: place holds their row, plus 1."""
        self.place = np.zeros(BINS, dtype=np.uint8)
        self.place[list(bins)] = range(1, len(bins) + 1)
        self.rows = np.zeros((len(bins), LOWS), dtype=np.int64)

    def _first(self) -> "partial[tuple[Array, Array]]":
        return partial(_first_pass, self.value.name, self.place)

    def _take(self, table: Array, part: tuple[Array, Array]) -> Array:
        table += part[0]
        _count_lows(part[1], self.place, self.rows)
        return table

    def _ladder(self, home: int) -> Ladder:
        counts = self.rows[self.place[home] - 1]
        lows = np.flatnonzero(counts)[::-1]
        return Ladder(lows, counts[lows], counts[lows])


def _listed(tables: list[Array], part: tuple[Array, Array]) -> list[Array]:
    tables.append(part[0])
    return tables


def _table() -> Array:
    """Cells, and sum of the lower 16 bits, by bin."""
    return np.zeros((BINS, 2), dtype=np.int64)


def _first_pass(name: str, place: Array, cells: Array) -> tuple[Array, Array]:
    """The table of a window, and the bits of its cells in the bins that are expected to matter."""
    table, bits = _table(), line(cells, np.float32).view(np.uint32)
    picked, count = np.empty(bits.size + 1, dtype=np.uint32), 0
    for start in range(0, bits.size, WHOLE):
        part = bits[start : start + WHOLE]
        count += _count_bins(part, table, place, picked[count:])
    _refuse_infinite(name, int(table[INFINITE, 0]))
    return table, picked[:count].copy()


def _second_pass(place: Array, cells: Array) -> tuple[int, Array]:
    """Nothing, and the bits of a window's cells in the bins that matter."""
    bits = line(cells, np.float32).view(np.uint32)
    picked = np.empty(bits.size + 1, dtype=np.uint32)
    return 0, picked[: _pick(bits, place, picked)].copy()


def _curve(table: Array) -> Curve:
    bins = np.flatnonzero(table[:, 0]).tolist()
    cells, lows = table[bins, 0].tolist(), table[bins, 1].tolist()
    masses = [
        (mantissa_of(b) * n + low) << (exponent_of(b) - 1)
        for b, n, low in zip(bins, cells, lows, strict=True)
    ]
    return Curve(tuple(bins), tuple(cells), tuple(cells), tuple(masses))


def _likely_bins(tables: Array, shares: Sequence[Fraction]) -> list[int]:
    """The bins in which, judging by a sample of tiles, the cuts will fall: at most ROWS.

    tables: (tiles, bins, 2). How far a guess may be off is the spread of the guesses that leave out
    one tile (jackknife), three times. Floating point is good enough for a guess.
    """
    bins = np.flatnonzero(tables[:, :, 0].sum(axis=0))
    mantissas = np.array([mantissa_of(b) for b in bins.tolist()], dtype=np.float64)
    units = np.exp2([exponent_of(b) for b in bins.tolist()])
    masses = (mantissas * tables[:, bins, 0] + tables[:, bins, 1]) * units
    totals = masses.sum(axis=1, keepdims=True)
    total = totals.sum()
    if not total:
        return []
    above = np.cumsum(masses[:, ::-1], axis=1)[:, ::-1] - masses
    high = above.sum(axis=0) / total
    low = high + masses.sum(axis=0) / total
    without = (above.sum(axis=0) - above) / np.maximum(total - totals, total * 1e-9)
    spread = without.std(axis=0) * math.sqrt(max(len(tables) - 1, 1))
    off = [np.maximum(high - float(s), float(s) - low) / (MARGIN + 3 * spread) for s in shares]
    nearest = np.min(off, axis=0)
    order = np.argsort(nearest, kind="stable")[:ROWS]
    return [int(b) for b in bins[order[nearest[order] <= 1]]]


@dataclass(frozen=True)
class _Sampled:
    """Some windows of a source side by side, as one small source."""

    source: Source
    chosen: tuple[Window, ...]

    def read(self, window: Window) -> Array:
        return self.source.read(self.chosen[window[1].start // TILE])


def _sampled(value: Raster) -> Raster | None:
    """TILES tiles spread over a raster; None where the raster is small and reads fast twice."""
    every = windows(value.grid, TILE)
    if len(every) < 4 * TILES:
        return None
    rows, columns = (-(-length // TILE) for length in value.grid.shape)
    # Rows in turn, columns by the golden ratio: no two tiles in line, whatever the shape.
    chosen = tuple(
        every[(2 * k + 1) * rows // (2 * TILES) * columns + int(k * GOLDEN % 1 * columns)]
        for k in range(TILES)
    )
    grid = GeoBox((TILE, TILE * TILES), value.grid.affine, value.grid.crs)
    return replace(value, grid=grid, source=_Sampled(value.source, chosen))


def _refuse_infinite(name: str, cells: int) -> None:
    if cells:
        raise UserError(
            f"{name} holds infinite values",
            by_how_much=f"{cells} cells",
            next_step="find the division by zero behind it, or make them missing",
        )


def line(cells: Array, kind: Any) -> Array:
    return np.ascontiguousarray(cells, dtype=kind).reshape(-1)


@kernel
def _count_bins(bits, table, place, picked):  # type: ignore[no-untyped-def]
    """Cells, and sum of the lower 16 bits, of each bin of upper 16 bits; at most 2**24 cells.

    Both sums of a bin travel in one 64-bit number: 24 bits of count above 40 bits of sum. Two
    tables take turns: neighbours often fall in one bin, and an addition waits for the last one.
    Bits of the cells in the bins with a place go to `picked`; returns how many.
    """
    packed = np.zeros((2, 1 << 15), dtype=np.uint64)
    one, mask = np.uint64(1 << 40), np.uint64((1 << 40) - 1)
    count = 0
    for i in range(bits.size):
        u = bits[i]
        if u > np.uint32(0x7FFFFFFF):  # negative counts as zero, negative NaN is missing
            if u > np.uint32(0xFF800000):
                continue
            u = np.uint32(0x7F800000) if u == np.uint32(0xFF800000) else np.uint32(0)
        elif u > np.uint32(0x7F800000):
            continue
        home = u >> np.uint32(16)
        packed[i & 1, home] += one + np.uint64(u & np.uint32(0xFFFF))
        picked[count] = u
        count += place[home] != 0  # written over unless it counts: no branch
    for b in range(1 << 15):
        for k in range(2):
            table[b, 0] += np.int64(packed[k, b] >> np.uint64(40))
            table[b, 1] += np.int64(packed[k, b] & mask)
    return count


@kernel
def _pick(bits, place, picked):  # type: ignore[no-untyped-def]
    """Bits of the cells whose bin has a place, negative as zero; returns how many."""
    count = 0
    for i in range(bits.size):
        u = bits[i]
        if u > np.uint32(0x7F800000):
            if u <= np.uint32(0x7FFFFFFF) or u > np.uint32(0xFF800000):
                continue
            u = np.uint32(0)
        picked[count] = u
        count += place[u >> np.uint32(16)] != 0
    return count


@kernel
def _count_lows(bits, place, rows):  # type: ignore[no-untyped-def]
    """Add picked cells by their lower 16 bits to the row of their bin."""
    for i in range(bits.size):
        rows[place[bits[i] >> np.uint32(16)] - 1, bits[i] & np.uint32(0xFFFF)] += 1


class GroupedHistogram:
    """Histograms by zone and by the exponent of the weight, with memory for what occurs only."""

    def __init__(
        self, value: Raster, zones: Raster | None, weight: Raster | None, work: Mapping[str, Any]
    ) -> None:
        self.value, self.zones, self.weight, self.work = value, zones, weight, work
        self.sources = [r for r in (value, zones, weight) if r is not None]
        # Weights are whole numbers of 2**-149, the smallest float32; without them cells count as 1.
        self.weight_unit = -149 if weight is not None else 0

    def curves(self) -> dict[int, Curve]:
        tally = reduce_blocks(
            self._lines().coarse, self.sources, Tally.add, initial=Tally(), **self.work
        )
        rows: dict[int, dict[int, list[int]]] = {} if self.zones is not None else {0: {}}
        for key, (cells, weight, high, low) in tally.items():
            zone, exponent, home = key >> 24, key >> 16 & 0xFF, key & 0xFFFF
            mass = (mantissa_of(home) * weight + (high << 20) + low) << (exponent_of(home) - 1)
            row = rows.setdefault(zone, {}).setdefault(home, [0, 0, 0])
            shift = self._shift(exponent)
            row[:] = row[0] + cells, row[1] + (weight << shift), row[2] + (mass << shift)
        return {zone: self._curve(rows[zone]) for zone in sorted(rows)}

    def ladders(self, targets: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Ladder]:
        wanted = Tally()
        keys = np.array([zone << 16 | home for zone, home in targets], dtype=np.int64)
        sums = np.zeros((len(keys), 4), dtype=np.int64)
        sums[:, 0] = np.arange(len(keys))
        wanted.add((keys, sums))

        fine = partial(self._lines().fine, wanted.keys, wanted.sums)
        tally = reduce_blocks(fine, self.sources, Tally.add, initial=Tally(), **self.work)
        rungs: dict[int, dict[int, list[int]]] = {}
        for key, (cells, weight, _, _) in tally.items():
            target, exponent, low = key >> 24, key >> 16 & 0xFF, key & 0xFFFF
            rung = rungs.setdefault(target, {}).setdefault(low, [0, 0])
            rung[:] = rung[0] + cells, rung[1] + (weight << self._shift(exponent))
        return {targets[n]: _sparse_ladder(rungs[n]) for n in sorted(rungs)}

    def _shift(self, exponent: int) -> int:
        return exponent - 1 if self.weight is not None else 0

    def _curve(self, rows: Mapping[int, Sequence[int]]) -> Curve:
        bins = sorted(rows)
        cells, weights, masses = (tuple(rows[b][k] for b in bins) for k in range(3))
        return Curve(tuple(bins), cells, weights, masses, self.weight_unit, self.weight_unit - 149)

    def _lines(self) -> "_Lines":
        weight = None if self.weight is None else self.weight.name
        return _Lines(self.value.name, self.zones is not None, weight)


@dataclass(frozen=True)
class _Lines:
    """The arrays of a window as lines of cells; plain values, so that it travels to processes."""

    value: str
    zones: bool
    weight: str | None

    def coarse(self, *arrays: Array) -> tuple[Array, Array]:
        keys, sums, infinite, bad = _tally_bins(*self._of(arrays))
        _refuse_infinite(self.value, infinite)
        if bad:
            raise UserError(
                f"{self.weight} is missing, negative or infinite where {self.value} has a value",
                by_how_much=f"{bad} cells",
                next_step="give every cell of the region an area of 0 or more",
            )
        return keys, sums

    def fine(self, wanted: Array, numbers: Array, *arrays: Array) -> tuple[Array, Array]:
        keys, sums = _tally_lows(*self._of(arrays), wanted, numbers)
        return keys, sums

    def _of(self, arrays: Sequence[Array]) -> tuple[Array, Array | None, Array | None]:
        """Bits of the values, zone codes, bits of the weights."""
        rest = list(arrays[1:])
        zones = line(rest.pop(0), np.int32) if self.zones else None
        weights = self._weight_bits(rest.pop(0)) if self.weight is not None else None
        return line(arrays[0], np.float32).view(np.uint32), zones, weights

    def _weight_bits(self, weights: Array) -> Array:
        if np.issubdtype(weights.dtype, np.integer):
            if weights.size and int(weights.max()) > WHOLE:
                raise UserError(
                    f"{self.weight} holds whole numbers above 2**24",
                    by_how_much=f"up to {int(weights.max())}",
                    next_step="give the weights in a larger unit",
                )
            weights = np.where(weights == MISSING, np.nan, weights)
        return line(weights, np.float32).view(np.uint32)


def _sparse_ladder(rungs: Mapping[int, Sequence[int]]) -> Ladder:
    lows = sorted(rungs, reverse=True)
    cells, weights = ([rungs[low][k] for low in lows] for k in range(2))
    return Ladder(
        np.array(lows, dtype=object), np.array(cells, dtype=object), np.array(weights, dtype=object)
    )


class Tally:
    """Sums by key in an open-addressed table: memory for the keys that occur."""

    def __init__(self) -> None:
        self.keys, self.sums = _empty_table(1 << 10)
        self.used = 0

    def add(self, part: tuple[Array, Array]) -> "Tally":
        keys, sums = part
        if 2 * (self.used + len(keys)) > len(self.keys):
            self._grow(4 * (self.used + len(keys)))
        self.used += _merge(self.keys, self.sums, keys, sums)
        return self

    def items(self) -> list[tuple[int, list[int]]]:
        """Key and sums, by key."""
        full = self.keys >= 0
        keys, sums = self.keys[full], self.sums[full]
        order = np.argsort(keys)
        return list(zip(keys[order].tolist(), sums[order].tolist(), strict=True))

    def _grow(self, least: int) -> None:
        full = self.keys >= 0
        keys, sums = self.keys[full], self.sums[full]
        self.keys, self.sums = _empty_table(1 << math.ceil(math.log2(least)))
        _merge(self.keys, self.sums, keys, sums)


def _empty_table(slots: int) -> tuple[Array, Array]:
    return np.full(slots, -1, dtype=np.int64), np.zeros((slots, 4), dtype=np.int64)


@kernel
def _slot(keys, key):  # type: ignore[no-untyped-def]
    """The place of a key, or the free place where it belongs; the table is never full."""
    mask = keys.size - 1
    # Unsigned, because the compiler may assume that a signed product does not overflow.
    at = np.int64((np.uint64(key) * np.uint64(11400714819323198485)) >> np.uint64(20)) & mask
    while keys[at] != key and keys[at] != -1:
        at = (at + 1) & mask
    return at


@kernel
def _merge(keys, sums, new_keys, new_sums):  # type: ignore[no-untyped-def]
    """Add sums by key; returns how many keys are new."""
    fresh = 0
    for i in range(new_keys.size):
        at = _slot(keys, new_keys[i])
        if keys[at] == -1:
            keys[at] = new_keys[i]
            fresh += 1
        for k in range(sums.shape[1]):
            sums[at, k] += new_sums[i, k]
    return fresh


@kernel
def _with_room(keys, sums, used):  # type: ignore[no-untyped-def]
    """The table, or one twice its size when it is half full."""
    if 2 * used < keys.size:
        return keys, sums
    wide = np.full(2 * keys.size, -1, dtype=np.int64)
    more = np.zeros((2 * keys.size, 4), dtype=np.int64)
    for i in range(keys.size):
        if keys[i] != -1:
            at = _slot(wide, keys[i])
            wide[at] = keys[i]
            more[at] = sums[i]
    return wide, more


@kernel
def _compact(keys, sums, used):  # type: ignore[no-untyped-def]
    """The occupied places only."""
    found = np.empty(used, dtype=np.int64)
    totals = np.empty((used, 4), dtype=np.int64)
    n = 0
    for i in range(keys.size):
        if keys[i] != -1:
            found[n] = keys[i]
            totals[n] = sums[i]
            n += 1
    return found, totals


@kernel
def _graded_bits(u):  # type: ignore[no-untyped-def]
    """The bits that count: negative is zero, minus infinity is infinity, NaN is -1."""
    if (u & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000):
        return np.int64(-1)
    if u == np.uint32(0xFF800000):
        return np.int64(0x7F800000)
    return np.int64(0) if u > np.uint32(0x7FFFFFFF) else np.int64(u)


@kernel
def _weight_parts(weights, i):  # type: ignore[no-untyped-def]
    """Exponent and whole mantissa of a weight; exponent -1 where it cannot be used."""
    if weights is None:
        return np.int64(150), np.int64(1)
    w = np.int64(weights[i])
    if w == 0x80000000:  # -0.0
        w = np.int64(0)
    if w >= 0x7F800000:
        return np.int64(-1), np.int64(0)
    exponent, mantissa = w >> 23, w & 0x7FFFFF
    return (exponent, mantissa | 0x800000) if exponent else (np.int64(1), mantissa)


@kernel
def _tally_bins(bits, zones, weights):  # type: ignore[no-untyped-def]
    """Sums by zone, weight exponent and bin: cells, weights, and lower bits x weight in two halves.

    Returns keys, sums, the number of infinite values and of unusable weights.
    """
    keys = np.full(1 << 12, -1, dtype=np.int64)
    sums = np.zeros((1 << 12, 4), dtype=np.int64)
    used = infinite = bad = 0
    for i in range(bits.size):
        zone = np.int64(0) if zones is None else np.int64(zones[i])
        u = _graded_bits(bits[i])
        if u < 0 or zone < 0:
            continue
        if u == 0x7F800000:
            infinite += 1
            continue
        exponent, mantissa = _weight_parts(weights, i)
        if exponent < 0:
            bad += 1
            continue
        key = zone << 24 | exponent << 16 | u >> 16
        at = _slot(keys, key)
        if keys[at] == -1:
            keys[at] = key
            used += 1
        product = (u & 0xFFFF) * mantissa
        sums[at, 0] += 1
        sums[at, 1] += mantissa
        sums[at, 2] += product >> 20
        sums[at, 3] += product & 0xFFFFF
        keys, sums = _with_room(keys, sums, used)
    found, totals = _compact(keys, sums, used)
    return found, totals, infinite, bad


@kernel
def _tally_lows(bits, zones, weights, wanted, number):  # type: ignore[no-untyped-def]
    """Cells and weights by target bin, weight exponent and lower 16 bits.

    wanted: table of zone and bin; number: its first column is the number of the target.
    """
    keys = np.full(1 << 12, -1, dtype=np.int64)
    sums = np.zeros((1 << 12, 4), dtype=np.int64)
    used = 0
    for i in range(bits.size):
        zone = np.int64(0) if zones is None else np.int64(zones[i])
        u = _graded_bits(bits[i])
        if u < 0 or zone < 0:
            continue
        target = _slot(wanted, zone << 16 | u >> 16)
        if wanted[target] == -1:
            continue
        exponent, mantissa = _weight_parts(weights, i)
        key = number[target, 0] << 24 | exponent << 16 | u & 0xFFFF
        at = _slot(keys, key)
        if keys[at] == -1:
            keys[at] = key
            used += 1
        sums[at, 0] += 1
        sums[at, 1] += mantissa
        keys, sums = _with_room(keys, sums, used)
    return _compact(keys, sums, used)
