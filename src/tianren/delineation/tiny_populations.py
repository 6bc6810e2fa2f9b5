"""Habitats of species with tiny populations, which must be inside the line.

A species qualifies by its population, or because its row says so. Its habitat is the patches of its
area of habitat that hold records; where none does, or none is known, the cells of its area of
occupancy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.raster.raster import ArraySource, Raster
from tianren.raster.trace import trace
from tianren.science.taxa import Taxon

PATCHES, OCCUPIED = "patches of habitat with records", "cells of occupancy round records"


@dataclass(frozen=True)
class TinyHabitat:
    """One place that must be included: its species, how it was drawn, why, and its polygon."""

    species: str
    method: str
    reason: str
    geometry: Any


def qualifying(taxa: Mapping[str, Taxon], said: frozenset[str], limit: float) -> dict[str, str]:
    """Species -> why its population is tiny: fewer mature individuals than the limit, or said so.

    said: the species whose row of the status table says yes in its column of tiny populations.
    """
    found = {}
    for name in sorted({*taxa, *said}):
        population = taxa[name].population if name in taxa else None
        if population is not None and population < limit:
            found[name] = say(
                "{n} mature individuals, fewer than {limit}",
                n=f"{population:,.0f}",
                limit=f"{limit:,.0f}",
            )
        elif name in said:
            found[name] = say("listed as a tiny population in the status table")
    return found


def occupied(x: NDArray[np.float64], y: NDArray[np.float64], side: float) -> Any:
    """The union of the squares of a fixed net (m) that hold a point: the area of occupancy."""
    import shapely

    corners = np.unique(np.floor(np.column_stack([x, y]) / side), axis=0) * side
    boxes = shapely.box(corners[:, 0], corners[:, 1], corners[:, 0] + side, corners[:, 1] + side)
    return shapely.union_all(boxes)


def patches_with(habitat: NDArray[np.int64], records: NDArray[np.int64], grid: Any) -> list[Any]:
    """The 4-connected patches of the habitat's cells that hold a record's cell, as polygons.

    habitat, records: numbers of cells, row by row; -1 is off the grid.
    """
    from scipy.ndimage import label

    if not len(habitat):
        return []
    rows, columns = np.divmod(habitat, grid.shape[1])
    window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    inside = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), bool)
    inside[rows - window[0].start, columns - window[1].start] = True
    labels, _ = label(inside)
    at = np.isin(habitat, records)
    held = np.unique(labels[(rows - window[0].start)[at], (columns - window[1].start)[at]])
    kept = np.where(np.isin(labels, held[held > 0]), labels, 0).astype(np.int32)
    found = trace(Raster("patches", grid[window], ArraySource(kept), kind="category"))
    return [found[number] for number in sorted(found)]


def habitats(
    reasons: Mapping[str, str],
    patches: Mapping[str, Sequence[Any]],
    points: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    side: float,
) -> tuple[list[TinyHabitat], list[Finding]]:
    """The places of each qualifying species; one without a record has none, and that is told."""
    found: list[TinyHabitat] = []
    findings = []
    for name, reason in reasons.items():
        x, y = points.get(name, (np.empty(0), np.empty(0)))
        if patches.get(name):
            found += [TinyHabitat(name, PATCHES, reason, shape) for shape in patches[name]]
        elif len(x):
            found.append(TinyHabitat(name, OCCUPIED, reason, occupied(x, y, side)))
        else:
            message = say("{name} has a tiny population and no record: no habitat is kept for it",
                          name=name)  # fmt: skip
            findings.append(
                Finding("tiny_populations.no_record", name, Severity.WARNING, message, "G17")
            )
    return found, findings
