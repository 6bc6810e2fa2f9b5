"""What all ranges say together, written as surfaces and as sets of places that complement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from tianren.geo.moves import move_between
from tianren.io.rasters import raster_sink
from tianren.raster.raster import MISSING, cell_area, whole
from tianren.science.species import (
    Floats,
    Ranges,
    chosen,
    complementarity,
    corrected_weighted_endemism,
    hotspots,
    richness,
    weighted_endemism,
    weighted_richness,
)

if TYPE_CHECKING:
    from tianren.parameters import Parameters
    from tianren.project.project import Project
    from tianren.project.runs import Run

# Name -> unit. A hotspot's code is the sum of what it is a hotspot of.
SURFACES = {
    "richness": "1",
    "weighted_richness": "1",
    "weighted_endemism": "1",
    "corrected_weighted_endemism": "1",
}
HOTSPOTS = {"richness": 1, "weighted_richness": 2, "weighted_endemism": 4}
COMPLEMENT_COLUMNS = (
    "of", "step", "unit", "label", "lon", "lat", "added", "held", "share_percent", "species",
)  # fmt: skip


def surfaces(
    ranges: Ranges, suitable: Ranges, weights: Floats, mapped: Any, region: Any
) -> dict[str, Floats]:
    """The four surfaces, NaN outside the region. suitable: shares times suitability.

    mapped: (species,) whether more than cells with records is known. Endemism is that of these
    species, for the size of the others' ranges is not known; of all, where none is mapped.
    """
    sized = chosen(ranges, mapped) if mapped.any() else ranges
    found = {
        "richness": richness(ranges),
        "weighted_richness": weighted_richness(suitable, weights),
        "weighted_endemism": weighted_endemism(sized),
        "corrected_weighted_endemism": corrected_weighted_endemism(sized),
    }
    return {name: np.where(region, values, np.nan) for name, values in found.items()}


def write_surfaces(
    project: "Project", run: "Run", made: Mapping[str, Floats], parameters: "Parameters"
) -> dict[str, tuple[float, float]]:
    """Write surfaces/*.tif; answers each kind's hotspots: area (m2), share of the whole (%)."""
    for name, values in made.items():
        _write(project, run, name, values.astype(np.float32), "float32")
    codes = np.where(np.isnan(made["richness"]), MISSING, 0).astype(np.int32)
    found, cell = {}, cell_area(project.grid)
    share = parameters.share("species.hotspot_share")
    for name, code in HOTSPOTS.items():
        marked, _ = hotspots(made[name], share)
        codes[marked] += code
        held, total = float(made[name][marked].sum()), float(np.nansum(made[name]))
        found[name] = float(marked.sum()) * cell, 100.0 * held / total if total else 0.0
    _write(project, run, "hotspots", codes, "uint8")
    return found


def _write(project: "Project", run: "Run", name: str, cells: Any, dtype: str) -> None:
    file = f"surfaces/{name}.tif"
    if run.done(file):
        return
    tags = {"name": name, "run": run.id}
    if name == "hotspots":
        tags["legend"] = "; ".join(f"{code} = {of}" for of, code in HOTSPOTS.items())
    sink = raster_sink(
        run.path(file), project.grid, dtype=dtype, unit=SURFACES.get(name, "1"), tags=tags,
        delivered=True,
    )  # fmt: skip
    sink.write(whole(project.grid), cells)
    sink.close()


def complements(project: "Project", ranges: Ranges) -> list[dict[str, Any]]:
    """Cells, and units of each level of administration, that hold all species between them."""
    by_cell = scipy.sparse.csr_array(ranges.cells.T)
    rows = _rows("cells", ranges, by_cell, _Cells(project, ranges))
    for level in project.admin:
        raster, table = project.admin_codes(level.name)
        codes = raster.read().ravel()
        numbers = sorted(table)
        known = np.flatnonzero(codes != MISSING)
        place = np.searchsorted(numbers, codes[known])
        units = scipy.sparse.csr_array(
            (np.ones(len(known), np.float32), (place, known)), shape=(len(numbers), len(codes))
        )
        holds = scipy.sparse.csr_array(units @ by_cell)
        labels = {i: (*table[n], "", "") for i, n in enumerate(numbers)}
        rows += _rows(level.name, ranges, holds, labels)
    return rows


def _rows(of: str, ranges: Ranges, holds: Any, labels: Any) -> list[dict[str, Any]]:
    there = int((np.diff(ranges.cells.indptr) > 0).sum())
    found = []
    for step, taken in enumerate(complementarity(holds), start=1):
        unit, label, lon, lat = labels[taken.unit]
        found.append({
            "of": of, "step": step, "unit": unit, "label": label, "lon": lon, "lat": lat,
            "added": len(taken.species), "held": taken.held,
            "share_percent": repr(100.0 * taken.held / there),
            "species": "; ".join(_names(ranges.names, taken.species)),
        })  # fmt: skip
    return found


def _names(names: Sequence[str], chosen: Iterable[int]) -> list[str]:
    return [names[i] for i in chosen]


class _Cells:
    """Cell -> (row,column, "", lon, lat) of its centre; worked out for those looked at."""

    def __init__(self, project: "Project", ranges: Ranges) -> None:
        self._affine = project.grid.affine
        self._columns = ranges.shape[1]
        crs = project.grid.crs.to_wkt()
        self._move = move_between(crs, 4326)

    def __getitem__(self, cell: int) -> tuple[str, str, str, str]:
        row, column = divmod(cell, self._columns)
        lon, lat = self._move.transform(*(self._affine @ (column + 0.5, row + 0.5)))
        return f"{row},{column}", "", f"{lon:.5f}", f"{lat:.5f}"
