"""Planning on the project's grid: units, what they hold and cost, and the plan beside the redline.

A unit is a block of cells or a polygon; it holds the share of each cell that it covers. Costs and
amounts are sums over cells; borders are lengths in km. The comparison with the line is fair both
ways: what the planner would hold with the line's area, and the area that it would need for what
the line holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation.gaps import Features
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.science.choice import LOCKED_IN, LOCKED_OUT, NAMED, Borders, Floats

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from scipy.sparse import csr_array

KM2, KM = 1e6, 1e3
SLIVER = 1e-6
EDGE = 0.01  # of a feature along the region's edge, where cells are cut by their centres


@dataclass(frozen=True)
class Units:
    """Planning units on a grid.

    cells: (units x cells, row by row) share of each cell in the unit; labels: (cells,) the unit
    with most of each cell, -1 outside; area m2 (units,); borders in km.
    """

    names: tuple[str, ...]
    cells: "csr_array"
    labels: NDArray[np.int64]
    area: Floats
    borders: Borders


def block_units(region: NDArray[np.bool_], side: int, width: float, height: float) -> Units:
    """Blocks of side x side cells of width x height (m), cut to the region (rows, columns)."""
    from scipy.sparse import csr_array

    rows, columns = region.shape
    down, across = np.arange(rows) // side, np.arange(columns) // side
    per_row = int(across[-1]) + 1
    block = (down[:, None] * per_row + across[None, :]).astype(np.int64)
    used, number = np.unique(block[region], return_inverse=True)
    labels = np.full(region.shape, -1, dtype=np.int64)
    labels[region] = number
    inside = np.flatnonzero(labels.ravel() >= 0)
    shares = (np.ones(len(inside)), (labels.ravel()[inside], inside))
    cells = csr_array(shares, shape=(len(used), region.size))
    names = tuple(f"r{b // per_row + 1}c{b % per_row + 1}" for b in used.tolist())
    count = np.bincount(labels.ravel()[inside], minlength=len(used))
    area = np.asarray(count * (width * height), dtype=np.float64)
    return Units(names, cells, labels.ravel(), area, _grid_borders(labels, width, height))


def _grid_borders(labels: NDArray[np.int64], width: float, height: float) -> Borders:
    """Lengths between units of cells, counted along the sides of cells, km."""
    n = int(labels.max()) + 1
    framed = np.pad(labels, 1, constant_values=-1)
    sides = [
        (framed[:, :-1].ravel(), framed[:, 1:].ravel(), height),
        (framed[:-1].ravel(), framed[1:].ravel(), width),
    ]
    edge, found = np.zeros(n), []
    for a, b, length in sides:
        for here, there in ((a, b), (b, a)):
            alone = (here >= 0) & (there < 0)
            edge += np.bincount(here[alone], minlength=n) * length / KM
        meet = (a >= 0) & (b >= 0) & (a != b)
        low, high = np.minimum(a, b)[meet], np.maximum(a, b)[meet]
        found.append((low * n + high, np.full(int(meet.sum()), length / KM)))
    key = np.concatenate([k for k, _ in found])
    pairs, which = np.unique(key, return_inverse=True)
    lengths = np.bincount(which, np.concatenate([v for _, v in found]), len(pairs))
    return Borders(pairs // n, pairs % n, lengths.astype(np.float64), edge)


def polygon_units(
    layer: "GeoDataFrame", names: Sequence[str], cells: "csr_array", cell_m2: float, slack: float
) -> Units:
    """Polygons as units; cells: (polygons x cells) exact shares; slack: m2 that two may overlap.

    Raises UserError for units that overlap: where, and by how much.
    """
    import shapely

    shapes = layer.geometry.to_numpy()
    refuse_overlaps(shapes, names, slack)
    table = cells.tocoo()
    labels = np.full(cells.shape[1], -1, dtype=np.int64)
    order = np.argsort(table.data, kind="stable")  # the largest share is written last
    labels[table.col[order]] = table.row[order]
    area = np.asarray(cells.sum(axis=1), dtype=np.float64).ravel() * cell_m2
    outline = np.asarray(shapely.length(shapely.boundary(shapes)), dtype=np.float64) / KM
    return Units(tuple(names), cells, labels, area, _polygon_borders(shapes, outline))


def refuse_overlaps(shapes: NDArray[Any], names: Sequence[str], slack: float) -> None:
    """UserError when polygons overlap by more than slack (m2) in any pair."""
    import shapely

    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pair = first < second
    first, second = first[pair], second[pair]
    areas = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    over = np.flatnonzero(areas > slack)
    if not len(over):
        return
    worst = over[np.argsort(-areas[over], kind="stable")]
    some = "; ".join(
        f"{names[first[k]]} and {names[second[k]]} by {areas[k] / KM2:,.6g} km2"
        for k in worst[:NAMED]
    )
    at = shapely.centroid(shapely.intersection(shapes[first[worst[0]]], shapes[second[worst[0]]]))
    raise UserError(
        f"planning units overlap: {some}",
        where="project.plan.units",
        by_how_much=f"{len(over)} pairs, {areas[over].sum() / KM2:,.6g} km2 in all; the worst "
        f"around x {at.x:,.0f}, y {at.y:,.0f}",
        next_step="cut the overlaps out of one of each pair, or leave units out and use unit_size",
    )


def _polygon_borders(shapes: NDArray[Any], outline: Floats) -> Borders:
    """Lengths that polygons share, km, and what is left of each outline."""
    import shapely

    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pair = first < second
    first, second = first[pair], second[pair]
    shared = shapely.intersection(shapely.boundary(shapes[first]), shapely.boundary(shapes[second]))
    length = np.asarray(shapely.length(shared), dtype=np.float64) / KM
    touch = length > 0
    first, second, length = first[touch], second[touch], length[touch]
    n = len(shapes)
    used = np.bincount(first, length, n) + np.bincount(second, length, n)
    edge = np.maximum(0.0, outline - used)
    return Borders(first.astype(np.int64), second.astype(np.int64), length, edge)


@dataclass(frozen=True)
class Held:
    """What units hold: amounts (units x features) in `units`, targets in the same, kinds."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    units: tuple[str, ...]
    amounts: "csr_array"
    targets: Floats


def held_by_units(
    units: Units, features: Sequence[Features], own_targets: Mapping[str, float]
) -> tuple[Held, list[Finding]]:
    """Features of several kinds in planning units; areas in km2.

    own_targets: by name of a feature or of a kind, share 0..1, before the features' own. Raises
    UserError for one that names nothing; a Finding tells what is inside the region but in no unit.
    """
    from scipy.sparse import csr_array, hstack

    kinds = [f.kind for f in features for _ in f.names]
    names = _distinct([n for f in features for n in f.names], kinds)
    measured = [f.unit(i) for f in features for i in range(len(f.names))]
    scale = np.array([1 / KM2 if unit == "m2" else 1.0 for unit in measured])
    amounts = csr_array(hstack([units.cells @ f.amounts.T for f in features], format="csr"))
    amounts, slivers = _without_slivers(csr_array(amounts * scale[None, :]))
    totals = np.concatenate([np.asarray(f.amounts.sum(axis=1)).ravel() for f in features]) * scale
    shares = np.concatenate([np.asarray(f.targets, dtype=np.float64) for f in features])
    require_shares(own_targets, [*names, *kinds], "target", "targets")
    for i, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        shares[i] = own_targets.get(name, own_targets.get(kind, shares[i]))
    units_of = tuple("km2" if unit == "m2" else unit for unit in measured)
    found = Held(tuple(names), tuple(kinds), units_of, amounts, shares * totals)
    return found, [*_outside(found, totals), *slivers]


def contributing(held: Held, shares: Mapping[str, float], zone: str) -> "csr_array":
    """Amounts (units x features) as far as they count in a zone; 1 for what shares do not name."""
    from scipy.sparse import csr_array

    require_shares(
        shares, [*held.names, *held.kinds], "contribution", f"zones.{zone}.contributions"
    )
    pairs = zip(held.names, held.kinds, strict=True)
    factor = np.array([shares.get(name, shares.get(kind, 1.0)) for name, kind in pairs])
    amounts = csr_array(held.amounts * factor[None, :])
    amounts.eliminate_zeros()
    return amounts


def _without_slivers(amounts: "csr_array") -> tuple["csr_array", list[Finding]]:
    """Amounts smaller than a millionth of the feature's largest are edges of polygons: left out."""
    largest = np.asarray(amounts.max(axis=0).todense()).ravel()
    tiny = amounts.data < SLIVER * largest[amounts.indices]
    count = int((tiny & (amounts.data > 0)).sum())
    amounts.data[tiny] = 0.0
    amounts.eliminate_zeros()
    if not count:
        return amounts, []
    text = say("{n} amounts below a millionth of the feature's largest are taken as none", n=count)
    return amounts, [Finding("plan.slivers", "features", Severity.NOTE, text)]


def _distinct(names: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Names that several kinds share are told apart by their kind."""
    twice = {name for name in names if list(names).count(name) > 1} if len(names) < 5000 else set()
    return [f"{k}: {n}" if n in twice else n for n, k in zip(names, kinds, strict=True)]


def require_shares(
    shares: Mapping[str, float], known: Sequence[str], what: str, where: str
) -> None:
    """UserError for a name that is no feature or kind, and for a share outside 0..1."""
    import difflib

    for name, share in shares.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UserError(
                f"there is no feature called {name}",
                where=f"project.toml [plan] {where}.{name}",
                next_step=f"did you mean {near[0]}?" if near else "name a feature or its kind",
            )
        if not 0 <= share <= 1:
            raise UserError(
                f"the {what} of {name} is no share of 0 to 1",
                where=f"project.toml [plan] {where}.{name}",
                by_how_much=f"{share:g}",
                next_step="write 0.3 for thirty percent",
            )


def _outside(held: Held, totals: Floats) -> list[Finding]:
    """Features of which some lies in no unit: their targets are of all there is."""
    there = np.asarray(held.amounts.sum(axis=0)).ravel()
    return [
        Finding(
            "plan.outside_units", held.names[i], Severity.WARNING,
            say("{share} % of it lies in no planning unit; its target is a share of all of it",
                share=f"{100 * (1 - there[i] / totals[i]):.1f}"),
        )
        for i in range(len(totals))
        if totals[i] > 0 and there[i] < totals[i] * (1 - EDGE)
    ]  # fmt: skip


def cost_of_units(units: Units, values: Floats, cell_m2: float) -> tuple[Floats, list[Finding]]:
    """Value x km2 of every unit's cells (cells,); cells without a value take the unit's mean.

    Units without any value take the mean of all units: both are told. A negative value is left for
    the problem to refuse.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0).astype(np.float64)
    covered = np.asarray(units.cells @ known.astype(np.float64))
    whole = np.asarray(units.cells.sum(axis=1)).ravel()
    mean = np.divide(units.cells @ filled, covered, out=np.zeros(len(whole)), where=covered > 0)
    empty = covered <= 0
    if empty.all():
        raise UserError(
            "the cost has no value in any planning unit", where="project.plan.cost",
            next_step="name another raster, or leave cost out: then it is area",
        )  # fmt: skip
    mean[empty] = mean[~empty].mean()
    partly = int(((covered < whole * (1 - 1e-9)) & ~empty).sum())
    none = int(empty.sum())
    told = [
        (none, say("{n} units have no cost: the mean of all others is taken", n=none)),
        (partly, say("{n} units have no cost in some of their cells: the mean of the rest is taken",
                     n=partly)),
    ]  # fmt: skip
    findings = [
        Finding("plan.cost_missing", "cost", Severity.WARNING, text) for n, text in told if n
    ]
    return mean * whole * cell_m2 / KM2, findings


def locked(
    units: Units, inside: Floats | None, outside: Floats | None, share: float
) -> tuple[NDArray[np.int8], list[Finding]]:
    """Status of units (units,): locked in or out where at least `share` of a unit's cells are.

    inside, outside: (cells,) share of each cell. What is both is locked in, and told.
    """
    whole = np.asarray(units.cells.sum(axis=1)).ravel()
    status = np.zeros(len(units.names), dtype=np.int8)
    ways = [
        np.zeros(len(whole), dtype=bool) if w is None else units.cells @ w >= share * whole - 1e-9
        for w in (inside, outside)
    ]
    status[ways[1]], status[ways[0]] = LOCKED_OUT, LOCKED_IN
    both = int((ways[0] & ways[1]).sum())
    if not both:
        return status, []
    text = say("{n} units are both locked in and locked out: they are locked in", n=both)
    return status, [Finding("plan.locked_both", "units", Severity.WARNING, text)]


def agreement(
    units: Units, chosen: NDArray[np.bool_], line: Floats, cell_m2: float
) -> dict[str, float]:
    """Areas of plan and line and of what both have, m2, and their share of what either has (%).

    line: (cells,) share of each cell inside the line. Cells count with the share of their units.
    """
    plan = np.minimum(1.0, chosen.astype(np.float64) @ units.cells)
    both = np.minimum(plan, line).sum() * cell_m2
    either = np.maximum(plan, line).sum() * cell_m2
    return {
        "plan_m2": float(plan.sum() * cell_m2),
        "line_m2": float(line.sum() * cell_m2),
        "both_m2": float(both),
        "agreement_percent": float(100 * both / either) if either else 0.0,
    }


def held_by_line(features: Sequence[Features], line: Floats) -> Floats:
    """(features,) amounts inside the line, cell by cell; areas in km2."""
    found = []
    for f in features:
        scale = np.array([1 / KM2 if f.unit(i) == "m2" else 1.0 for i in range(len(f.names))])
        found.append(np.asarray(f.amounts @ line) * scale)
    return np.concatenate(found)
