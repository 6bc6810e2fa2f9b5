"""What is known of the nature and use of each piece of a line: for the form ledger."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.delineation.layers import LayerInfo
from tianren.delineation.legends import ecosystems_of
from tianren.delineation.pieces import fixed_point, scale_of
from tianren.io.rasters import open_raster
from tianren.parameters.crosswalks import ecosystems
from tianren.project.runs import RunResults
from tianren.raster.blocks import reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster

if TYPE_CHECKING:
    from tianren.project.project import Project

# Factors of a run that describe land rather than a criterion.
NATURAL = ("elevation", "slope", "relief", "annual_precipitation", "annual_temperature",
           "vegetation_cover", "npp")  # fmt: skip


def natural_means(run: RunResults, pieces: int) -> dict[str, list[float]]:
    """Factor -> its mean over each piece (0 is no piece); NaN where nothing is known."""
    cells = open_raster(run.path("redline_cells.tif"), kind="category")
    found = {}
    for name in NATURAL:
        if run.has(f"factors/{name}.tif"):
            raster = open_raster(run.path(f"factors/{name}.tif"), name=name)
            found[name] = _means(cells, raster, pieces)
    return found


def _means(cells: Raster, values: Raster, pieces: int) -> list[float]:
    scale = scale_of(values)
    kernel = partial(_sums, scale=scale, pieces=pieces)
    counts, sums = reduce_blocks(kernel, [cells, values], _added)
    unit = 2.0 ** (scale - 40)
    return [s * unit / c if c else float("nan") for c, s in zip(counts, sums, strict=True)]


def _sums(cells: Array, values: Array, *, scale: int, pieces: int) -> tuple[list[int], list[int]]:
    there = (cells > 0) & ~np.isnan(values)
    at = cells[there]
    counts = np.bincount(at, minlength=pieces + 1)
    sums = np.zeros(pieces + 1, dtype=np.int64)
    np.add.at(sums, at, fixed_point(values[there], scale))
    return counts.tolist(), sums.tolist()


def _added(
    known: tuple[list[int], list[int]], new: tuple[list[int], list[int]]
) -> tuple[list[int], list[int]]:
    counts, sums = (
        [a + b for a, b in zip(x, y, strict=True)] for x, y in zip(known, new, strict=True)
    )
    return counts, sums


def conflict_shares(run: RunResults, pieces: int) -> list[dict[str, float]]:
    """For each piece: conflict -> percent of it, of what was kept inside the line."""
    rules = run.json("line.json")["conflicts"]
    cells, bits = (
        open_raster(run.path(name), kind="category")
        for name in ("redline_cells.tif", "conflicts.tif")
    )
    counts = reduce_blocks(partial(_bit_counts, bits=len(rules), pieces=pieces), [cells, bits],
                           np.add)  # fmt: skip
    return [
        {
            str(rule["kind"]): 100 * int(counts[n, bit]) / int(counts[n, -1])
            for bit, rule in enumerate(rules)
            if counts[n, bit]
        }
        for n in range(pieces + 1)
    ]


def _bit_counts(cells: Array, conflicts: Array, *, bits: int, pieces: int) -> Any:
    inside = cells > 0
    at, flags = cells[inside], np.maximum(conflicts[inside], 0)
    columns = [np.bincount(at[flags >> bit & 1 == 1], minlength=pieces + 1) for bit in range(bits)]
    return np.stack([*columns, np.bincount(at, minlength=pieces + 1)], axis=1)


def cover_shares(project: "Project", run: RunResults, pieces: int) -> list[dict[str, float]]:
    """For each piece: ecosystem type -> percent of it; nothing without a known land cover."""
    found = land_cover(project)
    if found is None:
        return [{} for _ in range(pieces + 1)]
    cells = open_raster(run.path("redline_cells.tif"), kind="category")
    raster, types = found
    counts = reduce_blocks(partial(_class_counts, pieces=pieces), [cells, raster], _joined)
    return [_by_type(counts, n, types) for n in range(pieces + 1)]


def land_cover(project: "Project", source: str = "") -> tuple[Raster, Mapping[int, str]] | None:
    """The land cover of a project on its grid, and code -> ecosystem type; None where it has none.

    source: another one than what serves the layer landcover. UserError for a legend whose classes
    are no ecosystem types.
    """
    entry = project.entry(source) if source else project.serving("landcover")
    if entry is None:
        return None
    info = LayerInfo("landcover", legend=entry.legend, legend_name=entry.legend_name)
    rasters, _ = project.rasters([entry.name])
    return next(iter(rasters.values())), ecosystems_of(info)


def _class_counts(cells: Array, classes: Array, *, pieces: int) -> dict[tuple[int, int], int]:
    there = (cells > 0) & (classes != MISSING)
    if not there.any():
        return {}
    pairs, counts = np.unique(np.stack([cells[there], classes[there]]), axis=1, return_counts=True)
    return {(int(p), int(c)): int(n) for (p, c), n in zip(pairs.T, counts, strict=True)}


def _joined(
    known: dict[tuple[int, int], int], new: dict[tuple[int, int], int]
) -> dict[tuple[int, int], int]:
    for key, n in new.items():
        known[key] = known.get(key, 0) + n
    return known


def _by_type(
    counts: Mapping[tuple[int, int], int], piece: int, types: Mapping[int, str]
) -> dict[str, float]:
    """Percent of a piece by type, largest first. A piece is looked up among all pairs once."""
    mine: dict[str, int] = {}
    for code, kind in types.items():
        if n := counts.get((piece, code)):
            mine[kind] = mine.get(kind, 0) + n
    whole = sum(mine.values())
    order = sorted(mine, key=lambda kind: (-mine[kind], kind))
    return {kind: 100 * mine[kind] / whole for kind in order}


def natural_percent(cover: Mapping[str, float]) -> float | None:
    """How much of a piece people have not made, %; None where its cover is not known."""
    known = ecosystems()
    if not cover:
        return None
    return sum(share for kind, share in cover.items() if not known[kind].artificial)


def rounded(values: Sequence[float], places: int = 3) -> list[float | None]:
    """Numbers for a ledger; what is not known is None."""
    return [None if v != v else round(v, places) for v in values]
