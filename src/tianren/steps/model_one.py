"""One species of `tianren models`: its model, its tests, its maps now and in other climates."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation.species_maps import Cells, Mapped, Predictors, map_change, map_species
from tianren.io.rasters import open_raster, raster_sink
from tianren.language import say
from tianren.project.runs import Run
from tianren.raster.raster import Sink, cell_area
from tianren.science.species_models import Design, Fitted, model_species, sample

if TYPE_CHECKING:
    from tianren.project.project import Project

Ints = NDArray[np.int64]
NUMBERS = (
    "species", "group", "slug", "status", "reason", "records", "thinned", "background",
    "background_cells", "auc", "tss", "boyce", "folds", "threshold_tss", "threshold_p10",
    "predicted_m2", "novel_share",
)  # fmt: skip
TARGET_GROUP, REGION = "target group", "region"


def climate_columns(climate: str) -> tuple[str, ...]:
    """Columns of models.csv for one climate."""
    parts = ("suitable_m2", "kept_m2", "lost_m2", "gained_m2", "novel_share")
    return tuple(f"{climate}_{part}" for part in parts)


@dataclass(frozen=True)
class Species:
    """A species with its thinned cells. records: how many it had; slug: its file name."""

    name: str
    group: str
    slug: str
    records: int
    cells: Ints


@dataclass(frozen=True)
class Ground:
    """What the models of a run share. recorded: values at all cells with records; region: at a
    random sample; groups: group -> the cells where any of it was recorded; most, least: cells of a
    background.
    """

    predictors: Predictors
    climates: Mapping[str, Predictors]
    recorded: Cells
    region: Cells
    groups: Mapping[str, Ints]
    most: int
    least: int
    design: Design

    def background(self, group: str) -> tuple[str, Cells]:
        """Where the group was looked for; the whole region where that is too little."""
        cells = self.groups[group]
        if not group or len(cells) < self.least:
            return REGION, self.region
        chosen = sample(cells, self.most, self.design.seed, group)
        return TARGET_GROUP, Cells(chosen, self.recorded.at(chosen))


def model_one(project: "Project", run: Run, ground: Ground, species: Species) -> dict[str, Any]:
    """The row of models.csv of one species, with its maps written; a finished one is read back."""
    kept = f"work/rows/{species.slug}.json"
    if run.done(kept):
        row: dict[str, Any] = json.loads(run.path(kept).read_text(encoding="utf-8"))
        return row
    kind, background = ground.background(species.group)
    fitted = model_species(
        ground.recorded.at(species.cells), background.values,
        _places(project, species.cells), _places(project, background.number),
        ground.predictors.is_category, ground.design,
    )  # fmt: skip
    row = {
        "species": species.name, "group": species.group, "slug": species.slug,
        "status": "modelled", "reason": _untested(ground, fitted), "records": species.records,
        "thinned": len(species.cells), "background": kind,
        "background_cells": len(background.number), **_scores(fitted),
        **_maps(project, run, ground, species, fitted),
    }  # fmt: skip
    run.write_json(kept, row)
    return row


def _places(project: "Project", cells: Ints) -> NDArray[np.float64]:
    """x and y of the middles of cells, m."""
    rows, columns = np.divmod(cells, project.grid.shape[1])
    x, y = project.grid.affine @ (columns + 0.5, rows + 0.5)
    return np.column_stack([x, y])


def _untested(ground: Ground, fitted: Fitted) -> str:
    if fitted.scores is not None:
        return ""
    return say("not tested: all records lie in one block of {side} km",
               side=f"{ground.design.block / 1e3:g}")  # fmt: skip


def _scores(fitted: Fitted) -> dict[str, Any]:
    """The tests, blank where there are none, and the thresholds."""
    scores = fitted.scores
    tests = ("auc", "tss", "boyce", "folds")
    return {
        **{name: "" if scores is None else getattr(scores, name) for name in tests},
        "threshold_tss": fitted.threshold_tss,
        "threshold_p10": fitted.threshold_omission,
    }


def _maps(
    project: "Project", run: Run, ground: Ground, species: Species, fitted: Fitted
) -> dict[str, Any]:
    """Suitability now and in each climate, as files, and what they come to."""
    cell, file = cell_area(project.grid), f"models/{species.slug}.tif"
    threshold = fitted.threshold_tss
    sink = _sink(project, run, file, species)
    now = map_species(fitted.model, ground.predictors, threshold, sink)
    found = {"predicted_m2": now.suitable * cell, "novel_share": _share(now)}
    today = open_raster(run.path(file), name=species.slug, grid=project.grid)
    for climate, predictors in ground.climates.items():
        sink = _sink(project, run, f"models/{climate}/{species.slug}.tif", species)
        then = map_change(fitted.model, predictors, threshold, today, sink)
        areas = (then.suitable, then.kept, then.lost, then.gained)
        values = (*(n * cell for n in areas), _share(then))
        found |= dict(zip(climate_columns(climate), values, strict=True))
    return found


def _share(mapped: Mapped) -> float:
    return mapped.novel / mapped.cells if mapped.cells else 0.0


def _sink(project: "Project", run: Run, file: str, species: Species) -> Sink:
    tags = {"name": species.name, "run": run.id}
    return raster_sink(run.path(file), project.grid, tags=tags, delivered=True)
