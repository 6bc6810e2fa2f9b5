"""Where each species lives, from the best source that a project has for it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tianren.findings import Finding, Severity
from tianren.io.rasters import open_raster
from tianren.language import say
from tianren.raster.raster import Grid
from tianren.science.species import area_of_habitat
from tianren.steps.species_sources import Cells, Known, kept

BOYCE = "Hirzel et al. 2006, Ecological Modelling 199:142"
MILLIMETRE = 1e-3
HABITAT, RANGE, MODEL, RECORDS, NONE = "habitat", "range", "model", "records", "none"


@dataclass(frozen=True)
class Home:
    """Where one species lives on the grid and which source says so.

    source: HABITAT, RANGE, MODEL, RECORDS or NONE; suitability: 0..1 in each cell (1 where the
    source says no more than inside); beyond: cells that a model finds suitable where no record is
    within reach, which are left out.
    """

    species: str
    source: str
    cells: Cells
    suitability: NDArray[np.float32]
    beyond: int = 0


def homes(known: Known) -> list[Home]:
    """Every species that a list, a range or a record names, in alphabetical order, with its home.

    The best source first: habitat within the given range, the given range, the model above its
    threshold and within reach of a record, the cells with records.
    """
    least = known.parameters.number("species.least_boyce")
    models = trusted(_modelled(known), least, known.findings)
    places = np.unique(known.records.species.astype(str)).tolist()
    names = sorted({*known.taxa, *known.ranges, *models, *places})
    return [_home(known, models, name) for name in names]


def _home(known: Known, models: Mapping[str, Mapping[str, str]], name: str) -> Home:
    if name in known.ranges and name in known.habitats:
        cells = _habitat_cells(known, name)
        if len(cells[0]):
            return Home(name, HABITAT, cells, np.ones(len(cells[0]), dtype=np.float32))
        _no_habitat(known, name)
    if name in known.ranges:
        cells = known.ranges[name]
        return Home(name, RANGE, cells, np.ones(len(cells[0]), dtype=np.float32))
    if name in models:
        cells, suitability, beyond = _model_cells(known, models[name])
        if len(cells[0]):
            return Home(name, MODEL, cells, suitability, beyond)
        message = say("the model of {name} finds no suitable cell: its records are used", name=name)
        known.findings.append(Finding("species.empty_model", name, Severity.WARNING, message))
    here = np.unique(known.records.cell[known.records.of(name)])
    cells = kept(known, here[here >= 0], np.ones((here >= 0).sum(), dtype=np.float32))
    source = RECORDS if len(cells[0]) else NONE
    return Home(name, source, cells, np.ones(len(cells[0]), dtype=np.float32))


def _habitat_cells(known: Known, name: str) -> Cells:
    cells, shares = known.ranges[name]
    habitat = known.habitats[name]
    cover = None if known.landcover is None else known.landcover[cells]
    heights = None if known.elevation is None else known.elevation[cells]
    left = area_of_habitat(
        shares.astype(np.float64), cover, heights, habitat.classes, habitat.low, habitat.high
    )
    inside = left > 0
    return cells[inside], left[inside].astype(np.float32)


def _no_habitat(known: Known, name: str) -> None:
    message = say("no habitat of {name} is left in its range: the whole range is used", name=name)
    known.findings.append(Finding("species.no_habitat", name, Severity.WARNING, message))


def _modelled(known: Known) -> dict[str, Mapping[str, str]]:
    """Species -> its row of models.csv, for those that have a model."""
    if known.models is None:
        return {}
    rows = known.models.rows("models.csv")
    return {row["species"]: row for row in rows if row["status"] == "modelled"}


def trusted(
    models: Mapping[str, Mapping[str, str]], least: float, findings: list[Finding]
) -> dict[str, Mapping[str, str]]:
    """The rows of models.csv whose models tell land with the species from other land.

    A Boyce index below `least` (0: chance) says that records on land not seen lie where the model
    finds least; such models, and those with an AUC of 0.5 or less, are told and left out.
    """
    weak = sorted(
        name for name, row in models.items()
        if float(row["auc"] or 1) <= 0.5 or float(row["boyce"] or 1) < least
    )  # fmt: skip
    if weak:
        message = say(
            "{n} models say nothing of land not seen (AUC at most 0.5, or a Boyce index below "
            "{least}) and are no range; records stand for them: {names}",
            n=len(weak), least=f"{least:g}", names=", ".join(weak[:5]),
        )  # fmt: skip
        findings.append(Finding("species.weak_model", "models", Severity.WARNING, message, BOYCE))
    return {name: row for name, row in models.items() if name not in weak}


def _model_cells(known: Known, row: Mapping[str, str]) -> tuple[Cells, NDArray[np.float32], int]:
    """The cells at or above the threshold of the highest TSS within reach of a record, how suitable
    they are, and how many such cells of the region lie beyond."""
    assert known.models is not None  # noqa: S101 - a row is from this run
    path = known.models.path(f"models/{row['slug']}.tif")
    values = open_raster(path, grid=known.project.grid).read().ravel()
    suitable = np.flatnonzero((values >= np.float32(row["threshold_tss"])) & known.region.ravel())
    records = known.records.cell[known.records.of(row["species"])]
    reach = known.parameters.number("species.model_reach")
    near = suitable[within_reach(suitable, records[records >= 0], known.project.grid, reach)]
    inside = kept(known, near, np.ones(len(near), dtype=np.float32))
    return inside, values[inside[0]].astype(np.float32), len(suitable) - len(near)


def within_reach(
    cells: NDArray[np.int64], records: NDArray[np.int64], grid: Grid, reach: float
) -> NDArray[np.bool_]:
    """Whether a record lies within so many metres of each cell, middle to middle.

    A model knows conditions and no barriers: without an end it gives a species land that it never
    came to.
    """
    from scipy.spatial import cKDTree

    places = [_middles(c, grid) for c in (np.unique(records), cells)]
    within = reach + MILLIMETRE  # the bound itself is out
    distance, _ = cKDTree(places[0]).query(places[1], distance_upper_bound=within)
    return np.asarray(np.isfinite(distance))


def _middles(cells: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
    """x and y of the middles of cells, m."""
    rows, columns = np.divmod(cells, grid.shape[1])
    return np.column_stack(grid.affine @ (columns + 0.5, rows + 0.5))
