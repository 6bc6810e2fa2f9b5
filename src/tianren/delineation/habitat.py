"""Habitat quality over a region: threats spread, degradation and quality, block by block, exactly.

The equations are science.habitat's (InVEST). A block is read with a halo as wide as the farthest
threat, so that the map is the same to the bit however the region is cut. Sums of cells are counted
in whole steps of 2^-24, so that they too do not depend on the cut.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.raster.blocks import SIZE, Workers, map_blocks, reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster, Sink
from tianren.science import habitat as science

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
STEP = 2.0**24  # of exact sums


@dataclass(frozen=True)
class Threat:
    """One threat: raster of its strength r (0..1, or a category: code above 0 is 1), on the grid.

    weight w; reach d_max in m; decay: how its influence falls off with distance.
    """

    name: str
    raster: Raster
    weight: float
    reach: float
    decay: Literal["linear", "exponential"] = "linear"

    def influence(self, width: float, height: float) -> Floats:
        """Influence on the cells around a source, cells of width x height m."""
        linear = self.decay == "linear"
        decay = science.linear_decay if linear else science.exponential_decay
        return science.decay_kernel(decay, self.reach, width, height)


@dataclass(frozen=True)
class HabitatTypes:
    """What each class of land cover is as habitat. codes in order; suitability H (classes,) and
    sensitivity S (threats, classes), 0..1; names: code -> class.
    """

    codes: Codes
    suitability: Floats
    sensitivity: Floats
    names: Mapping[int, str]


def habitat_types(
    rows: Sequence[Mapping[str, str]],
    threats: Sequence[str],
    legend: Mapping[int, str],
    *,
    where: str,
) -> HabitatTypes:
    """The table of suitability: class (a code or a name of the legend), suitability, a threat each.

    Raises UserError naming row and value for a class not in the legend or given twice, a column
    that is lacking, a value outside 0..1.
    """
    columns = ("class", "suitability", *threats)
    _require_columns(rows, columns, where)
    code_of = {name.casefold(): code for code, name in legend.items()}
    code_of.update({str(code): code for code in legend})
    found: dict[int, list[float]] = {}
    for number, row in enumerate(rows, start=2):
        at = f"{where}, row {number}"
        code = code_of.get(row["class"].strip().casefold())
        if code is None:
            raise UserError(
                f"{row['class']!r} is not a class of the land cover", where=at,
                next_step=f"use one of {', '.join(legend.values())}, or its code",
            )  # fmt: skip
        if code in found:
            raise UserError(f"the class {legend[code]} is there twice", where=at,
                            next_step="keep one row a class")  # fmt: skip
        found[code] = [_share(row[column], column, at) for column in columns[1:]]
    codes = np.array(sorted(found), np.int32)
    table = np.array([found[code] for code in codes.tolist()], dtype=np.float64)
    table = table.reshape(len(codes), len(columns) - 1)
    return HabitatTypes(codes, table[:, 0], table[:, 1:].T, dict(legend))


def _require_columns(rows: Sequence[Mapping[str, str]], columns: Sequence[str], where: str) -> None:
    there = list(rows[0]) if rows else []
    lacking = [column for column in columns if column not in there]
    if lacking:
        raise UserError(
            f"the table of suitability has no column {', '.join(lacking)}", where=where,
            by_how_much=f"it has {', '.join(there) or 'no rows'}",
            next_step="give class, suitability and one column a threat, each from 0 to 1",
        )  # fmt: skip


def _share(text: str, column: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise UserError(f"{column} is {text or 'empty'}", where=where,
                        next_step="give a number from 0 to 1")  # fmt: skip
    return value


# -- maps ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HabitatGround:
    """What degradation is computed from. region: cells outside it (missing) have no quality;
    access: beta 0..1, or None where anyone may go.
    """

    landcover: Raster
    region: Raster
    types: HabitatTypes
    threats: Sequence[Threat]
    access: Raster | None = None

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell, m."""
        affine = self.landcover.grid.affine
        return abs(float(affine.a)), abs(float(affine.e))

    @property
    def halo(self) -> int:
        """How many cells around a block its threats may lie in."""
        least = min(self.cell)
        return max((science.halo(threat.reach, least) for threat in self.threats), default=0)

    @property
    def sources(self) -> list[Raster]:
        maps = [self.landcover, self.region, *(t.raster for t in self.threats)]
        return [*maps, self.access] if self.access is not None else maps


def degradation_map(
    ground: HabitatGround, sink: Sink, *, size: int = SIZE, workers: Workers = None
) -> None:
    """D of every cell of the region whose land cover is known, written to the sink. float32."""
    kernel = _Degradation(ground)
    map_blocks(kernel, ground.sources, [sink], size=size, workers=workers, halo=ground.halo)


class _Degradation:
    """The kernel of a block with its halo."""

    def __init__(self, ground: HabitatGround) -> None:
        self.ground = ground
        self.edge = ground.halo
        self.influences = [threat.influence(*ground.cell) for threat in ground.threats]

    def __call__(self, landcover: Codes, region: Codes, *maps: Array) -> Array:
        shares = self.parts(landcover, region, *maps)
        known = ~np.isnan(shares[0]) if shares else self._known(landcover, region)
        total = np.where(known, 0.0, np.nan)
        for part in shares:
            total += part
        return total.astype(np.float32)

    def parts(self, landcover: Codes, region: Codes, *maps: Array) -> list[Floats]:
        """What each threat adds to the degradation of the block's own cells; NaN where unknown."""
        ground = self.ground
        strengths = [_strength(cells) for cells in maps[: len(ground.threats)]]
        beta = self._own(maps[-1]) if ground.access is not None else 1.0
        known = self._known(landcover, region)
        index = _index(ground.types.codes, self._own(landcover), known)
        weights = [threat.weight for threat in ground.threats]
        found = []
        for n, (strength, influence) in enumerate(zip(strengths, self.influences, strict=True)):
            felt = self._own(_felt(strength, influence, self.edge))
            share = weights[n] / math.fsum(weights)
            part = science.degradation([felt], [ground.types.sensitivity[n][index]], [1.0], beta)
            found.append(np.where(known, share * part, np.nan))
        return found

    def _own(self, cells: Array) -> Array:
        edge = self.edge
        return cells[edge : cells.shape[0] - edge, edge : cells.shape[1] - edge]

    def _known(self, landcover: Codes, region: Codes) -> NDArray[np.bool_]:
        cells, inside = self._own(landcover), self._own(region)
        return np.asarray((cells != MISSING) & (inside != MISSING))


def _felt(strength: Floats, influence: Floats, edge: int) -> Floats:
    """The pressure of a threat; only as much halo as its own reach is worked on."""
    rows, columns = (edge - n // 2 for n in influence.shape)
    inner = strength[rows : strength.shape[0] - rows, columns : strength.shape[1] - columns]
    felt = science.pressure(np.ascontiguousarray(inner), influence)
    return np.pad(felt, ((rows, rows), (columns, columns)))


def _strength(cells: Array) -> Floats:
    """r of a threat: a quantity as it is, a category as 1 where its code is above 0."""
    if np.issubdtype(cells.dtype, np.integer):
        return np.asarray((cells != MISSING) & (cells > 0), dtype=np.float64)
    return np.nan_to_num(cells.astype(np.float64))


def _index(codes: Codes, cells: Codes, known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The row of each cell's class in the table; 0 where nothing is known. UserError: no row."""
    at = np.minimum(np.searchsorted(codes, cells), len(codes) - 1)
    lacking = known & (codes[at] != cells)
    if lacking.any():
        first = sorted(set(cells[lacking].tolist()))
        raise UserError(
            f"the table of suitability has no row for {', '.join(map(str, first))}",
            by_how_much=f"{int(lacking.sum()):,} cells of this block",
            next_step="add a row for each class of the land cover",
        )
    return np.where(known, at, 0)


def quality_map(
    ground: HabitatGround, degradation: Raster, half: float, exponent: float, sink: Sink,
    *, size: int = SIZE, workers: Workers = None,
) -> None:  # fmt: skip
    """Q of every cell whose degradation is known, written to the sink. half: k, above 0."""

    def kernel(landcover: Codes, degraded: Array) -> Array:
        known = ~np.isnan(degraded)
        suited = ground.types.suitability[_index(ground.types.codes, landcover, known)]
        quality = science.habitat_quality(suited, degraded.astype(np.float64), half, exponent)
        return np.where(known, quality, np.nan).astype(np.float32)

    map_blocks(kernel, [ground.landcover, degradation], [sink], size=size, workers=workers)


def rarity_map(landcover: Raster, rarity: Mapping[int, float], sink: Sink) -> None:
    """The rarity of each cell's class, R_x of InVEST; missing where the class has none."""
    codes = np.array(sorted(rarity), np.int32)
    values = np.array([rarity[int(code)] for code in codes])

    def kernel(cells: Codes) -> Array:
        at = np.minimum(np.searchsorted(codes, cells), len(codes) - 1)
        return np.where(codes[at] == cells, values[at], np.nan).astype(np.float32)

    map_blocks(kernel, [landcover], [sink])


# -- numbers ---------------------------------------------------------------------------------------


def largest(raster: Raster) -> float:
    """The largest value of a raster; 0 when nothing in it is known."""
    return float(reduce_blocks(_largest, [raster], max, initial=0.0))


def _largest(cells: Array) -> float:
    known = cells[~np.isnan(cells)]
    return float(known.max()) if known.size else 0.0


def span(raster: Raster) -> tuple[float, float]:
    """The least and the largest value of a raster; 0, 0 when nothing in it is known."""

    def ends(cells: Array) -> tuple[float, float]:
        known = cells[~np.isnan(cells)]
        return (float(known.min()), float(known.max())) if known.size else (math.inf, -math.inf)

    low, high = reduce_blocks(ends, [raster], lambda a, b: (min(a[0], b[0]), max(a[1], b[1])))
    return (low, high) if low <= high else (0.0, 0.0)


@dataclass(frozen=True)
class ThreatSums:
    """Of one threat: how many cells it starts from, and its part of all degradation (0..1)."""

    cells: int
    share: float


def threat_sums(ground: HabitatGround, *, size: int = SIZE) -> list[ThreatSums]:
    """What each threat adds up to over the region."""
    kernel = _Degradation(ground)
    count = len(ground.threats)

    def block(landcover: Codes, region: Codes, *maps: Array) -> list[int]:
        strong = [int((kernel._own(_strength(m)) > 0).sum()) for m in maps[:count]]
        return [*strong, *(exact(part) for part in kernel.parts(landcover, region, *maps))]

    found = reduce_blocks(block, ground.sources, _added, size=size, halo=ground.halo)
    total = sum(found[count:])
    return [
        ThreatSums(cells, part / total if total else 0.0)
        for cells, part in zip(found[:count], found[count:], strict=True)
    ]


def _added(a: list[int], b: list[int]) -> list[int]:
    return [x + y for x, y in zip(a, b, strict=True)]


def exact(values: Array) -> int:
    """The sum of the known values in whole steps of 2^-24."""
    known = values[~np.isnan(values)].astype(np.float64)
    return int(np.rint(known * STEP).astype(np.int64).sum())


Tally = Mapping[int, tuple[int, int]]  # code -> cells, sum in steps


def means_by(values: Raster, codes: Raster) -> dict[int, tuple[int, float]]:
    """Code -> how many of its cells have a value, and their mean; in the order of the codes."""
    found = reduce_blocks(_tally, [values, codes], _merged)
    return {c: (n, total / STEP / n) for c, (n, total) in sorted(found.items())}


def _tally(values: Array, codes: Codes) -> Tally:
    known = ~np.isnan(values) & (codes != MISSING)
    return {
        int(code): (int((mine := known & (codes == code)).sum()), exact(values[mine]))
        for code in np.unique(codes[known])
    }


def _merged(a: Tally, b: Tally) -> Tally:
    both = {**a}
    for code, (n, total) in b.items():
        had = both.get(code, (0, 0))
        both[code] = (had[0] + n, had[1] + total)
    return both


def class_cells(landcover: Raster, region: Raster) -> dict[int, int]:
    """Cells of each class inside the region."""

    def block(cells: Codes, inside: Codes) -> Tally:
        codes, counts = np.unique(cells[(cells != MISSING) & (inside != MISSING)],
                                  return_counts=True)  # fmt: skip
        return {int(c): (int(n), 0) for c, n in zip(codes, counts, strict=True)}

    found = reduce_blocks(block, [landcover, region], _merged)
    return {code: n for code, (n, _) in sorted(found.items())}
