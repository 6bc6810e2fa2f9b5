"""What a run of `tianren plan` writes of its plan: tables, units and rasters."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation import planning as room
from tianren.io.rasters import raster_sink
from tianren.io.vectors import write_vector
from tianren.project.runs import Run
from tianren.raster.raster import MISSING, ArraySource, Raster, whole
from tianren.science import choice
from tianren.science.choice import LOCKED_IN, Floats
from tianren.science.choice_importance import Importance, rarity_weighted_richness
from tianren.science.choice_solver import Plan
from tianren.science.ranking import rank_cells
from tianren.steps.plan_parts import ONLY, Ready, plan_table

if TYPE_CHECKING:
    from tianren.project.project import Project

FEATURE_COLUMNS = (
    "feature", "kind", "unit", "target", "held", "share_of_target_percent", "met", "weight",
)  # fmt: skip
PORTFOLIO_COLUMNS = (
    "answer", "objective", "bound", "gap_percent", "cost", "units", "area_m2", "targets_met",
    "differs_in_units",
)  # fmt: skip
RANKING_COLUMNS = ("share_of_cells_left", "mean_left", "least_left")
BATCHES = 1000  # a country's cells are removed in so many batches at most


def yes_no(value: Any) -> str:
    return "yes" if value else "no"


def write_features(run: Run, ready: Ready, found: Plan) -> None:
    problem, amounts = found.problem, choice.held(found.problem, found.chosen)
    good = choice.met(problem, amounts)
    rows = [
        {
            "feature": name,
            "kind": ready.held.kinds[i],
            "unit": ready.held.units[i],
            "target": repr(float(problem.targets[i])),
            "held": repr(float(amounts[i])),
            "share_of_target_percent": _percent(amounts[i], problem.targets[i]),
            "met": "yes" if good[i] else "no",
            "weight": repr(float(problem.weights[i])),
        }
        for i, name in enumerate(problem.features)
    ]
    run.write_rows("features.csv", FEATURE_COLUMNS, rows)


def _percent(amount: float, target: float) -> str:
    return repr(float(100 * amount / target)) if target > 0 else ""


def write_portfolio(run: Run, ready: Ready, plans: list[Plan]) -> None:
    rows = [
        {
            "answer": i,
            "objective": repr(p.objective),
            "bound": repr(p.bound),
            "gap_percent": repr(100 * p.gap),
            "cost": repr(choice.spent(p.problem, p.chosen)),
            "units": int(p.units.sum()),
            "area_m2": repr(float(ready.units.area[p.units].sum())),
            "targets_met": int(choice.met(p.problem, choice.held(p.problem, p.chosen)).sum()),
            "differs_in_units": int((p.units != plans[0].units).sum()),
        }
        for i, p in enumerate(plans)
    ]
    run.write_rows("portfolio.csv", PORTFOLIO_COLUMNS, rows)


def write_units(
    project: "Project", run: Run, ready: Ready, found: Plan, importance: Importance, often: Floats
) -> None:
    """plan.gpkg: every unit with what was decided about it and how much it matters."""
    from geopandas import GeoDataFrame

    if run.done("plan.gpkg"):
        return
    problem = found.problem
    locked = {0: "free", 1: "free", 2: "locked in", 3: "locked out"}
    kept = importance.cost
    table = {
        "unit": list(problem.units),
        "chosen": found.units.astype(int),
        "status": [locked[int(s)] for s in problem.status[:, 0]],
        "area_km2": ready.units.area / room.KM2,
        **_zone_column(found),
        "cost": problem.cost[np.arange(len(problem.units)), found.zone],
        "replacement_cost": np.where(np.isfinite(kept), kept, -1.0),
        "irreplaceable": (~np.isfinite(kept)).astype(int),
        "rarity_weighted_richness": rarity_weighted_richness(problem),
        "selection_frequency": often,
    }
    shapes = _shapes(project, ready)
    layer = GeoDataFrame(table, geometry=shapes, crs=project.grid.crs.to_wkt())
    write_vector(run.path("plan.gpkg"), layer, "plan")


def _zone_column(found: Plan) -> dict[str, list[str]]:
    """The zone of each chosen unit, "" for the rest; no column where the project names no zones."""
    names = found.problem.zones
    if names == (ONLY,):
        return {}
    pairs = zip(found.units, found.zone, strict=True)
    return {"zone": [names[zone] if yes else "" for yes, zone in pairs]}


def _shapes(project: "Project", ready: Ready) -> Any:
    from tianren.raster.trace import trace

    if ready.layer is not None:
        return ready.layer.geometry.to_numpy()
    labels = ready.units.labels.reshape(project.grid.shape)
    codes = np.where(labels >= 0, labels + 1, MISSING).astype(np.int32)
    source = Raster("units", project.grid, ArraySource(codes), "1", "category")
    traced = trace(source)
    return [traced[i + 1] for i in range(len(ready.units.names))]


def write_raster(project: "Project", run: Run, ready: Ready, found: Plan) -> None:
    """plan.tif: 0 not chosen, 1 chosen, 2 locked in, or the number of the unit's zone; missing
    outside the units.
    """
    zones = found.problem.zones
    if zones == (ONLY,):
        code = found.units.astype(np.uint8)
        code[found.units & (found.problem.status[:, 0] == LOCKED_IN)] = 2
        write_codes(project, run, "plan", on_cells(ready, code), CHOSEN)
        return
    code = np.where(found.units, found.zone + 1, 0).astype(np.uint8)
    codes = ", ".join(["0 not chosen", *(f"{k} {name}" for k, name in enumerate(zones, start=1))])
    write_codes(project, run, "plan", on_cells(ready, code), codes)


CHOSEN = "0 not chosen, 1 chosen, 2 locked in"


def on_cells(ready: Ready, code: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of units on the cells that they have most of, 255 elsewhere."""
    labels = ready.units.labels
    return np.where(labels >= 0, code[np.maximum(labels, 0)], 255).astype(np.uint8)


def write_codes(
    project: "Project", run: Run, name: str, cells: NDArray[np.uint8], codes: str
) -> None:
    if run.done(f"{name}.tif"):
        return
    path, tags = run.path(f"{name}.tif"), {"name": name, "run": run.id, "codes": codes}
    sink = raster_sink(path, project.grid, dtype="uint8", nodata=255.0, tags=tags, delivered=True)
    sink.write(whole(project.grid), cells.reshape(project.grid.shape))
    sink.close()


def write_ranking(project: "Project", run: Run, ready: Ready) -> None:
    """ranking.tif and ranking.csv where [plan] ranking asks for them: every cell, 1 the best."""
    from scipy.sparse import hstack

    rule = plan_table(project).ranking
    if not rule or run.done("ranking.csv"):
        return
    inside = np.flatnonzero(ready.units.labels >= 0)
    amounts = hstack([f.amounts.T for f in ready.features], format="csr")[inside]
    batch = max(1, len(inside) // BATCHES)
    found = rank_cells(amounts, ready.problem.weights, rule=rule, batch=batch)
    cells = np.full(len(ready.units.labels), np.nan, dtype=np.float32)
    cells[inside] = found.rank
    tags = {"name": "ranking", "run": run.id, "rule": rule, "batch": str(batch)}
    sink = raster_sink(run.path("ranking.tif"), project.grid, tags=tags, delivered=True)
    sink.write(whole(project.grid), cells.reshape(project.grid.shape))
    sink.close()
    rows = [
        dict(zip(RANKING_COLUMNS, map(repr, map(float, (share, left.mean(), left.min()))),
                 strict=True))
        for share, left in zip(found.share, found.left, strict=True)
    ]  # fmt: skip
    run.write_rows("ranking.csv", RANKING_COLUMNS, rows)
