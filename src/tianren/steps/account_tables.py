"""The tables of the account: what is held of everything, and the measures that say so."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.accounting import measures as told
from tianren.accounting.cells import (
    held_of_function,
    held_of_types,
    held_shares,
    measured_by_cells,
)
from tianren.accounting.coverage import (
    BORDERS,
    BREAKDOWN_COLUMNS,
    COVERAGE_COLUMNS,
    INLAND_WATER,
    PA,
    SEA,
    TERRESTRIAL,
    Balance,
    balance,
    breakdown,
    coverage,
)
from tianren.accounting.key_areas import mean_share, share_reaching, shares_of_each
from tianren.accounting.representation import (
    REPRESENTATION_COLUMNS,
    evenness,
    represented,
    where_to_find,
)
from tianren.measures import Measure
from tianren.steps.account_ground import UNIT, Ground
from tianren.steps.account_types import BIOME

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

    from tianren.project.project import Project

REALM_CODES = {1: TERRESTRIAL, 2: SEA}
BREAKDOWNS = ("iucn", "governance_type", "designation", "management")


@dataclass(frozen=True)
class Asked:
    """What is asked for, where and when: target share (0..1), its slack, names for measures."""

    target: float
    slack: float
    place: str
    period: str


@dataclass(frozen=True)
class Held:
    """What sites hold: tables as they are written, and their measures."""

    main: Balance
    coverage: "DataFrame"
    representation: "DataFrame"
    where: "DataFrame"
    each: "DataFrame"
    functions: "DataFrame"
    classed: "DataFrame"
    measures: tuple[Measure, ...]


def held(
    project: "Project", ground: Ground, sites: "GeoDataFrame", kinds: Sequence[str], asked: Asked
) -> Held:
    """What sites of some kinds hold of realms, units, types of land, key areas, functions."""
    import pandas as pd

    units = [z for z in ground.zonings if z.dimension == UNIT]
    others = [z for z in ground.zonings if z.dimension != UNIT]
    main = balance(sites, ground.region, units, inland_water=ground.water, kinds=kinds)
    covered = [coverage(main), *(coverage(main, z.dimension) for z in units)]
    classes, where, classed = [], [], []
    for zoning in others:
        apart = balance(sites, ground.region, [zoning, *units], kinds=kinds)
        classes.append(coverage(apart, zoning.dimension))
        classed.append(_classed(apart, zoning.dimension))
        if units:
            where.append(where_to_find(apart, zoning.dimension, UNIT, asked.target))
    shares = _shares(project, ground, sites, kinds)
    classes += [_of_cells(project, f, shares, kinds) for f in ground.types]
    asked_of = (t[~t["class"].isin(ground.made)] for t in classes)
    even = [represented(table, asked.target) for table in asked_of]
    each = _each(ground, sites, kinds)
    functions = _functions(ground, shares, kinds)
    table = pd.concat([*covered, *classes], ignore_index=True)
    return Held(
        main,
        table,
        pd.concat(even, ignore_index=True) if even else _empty(REPRESENTATION_COLUMNS),
        pd.concat(where, ignore_index=True) if where else _empty(()),
        each,
        functions,
        pd.concat(classed, ignore_index=True) if classed else _empty(CLASSED_COLUMNS),
        (*told.coverage_measures(table, asked.place, asked.period),
         *_even_measures(even, asked), *_each_measures(each, asked),
         *told.function_measures(functions, asked.place, asked.period)),
    )  # fmt: skip


def _empty(columns: Sequence[str]) -> "DataFrame":
    import pandas as pd

    return pd.DataFrame(columns=list(columns))


def _shares(project: "Project", ground: Ground, sites: "GeoDataFrame", kinds: Sequence[str]) -> Any:
    """Shares of cells, only where something is known by cells."""
    if not ground.types and ground.functions is None:
        return None
    return held_shares(sites, project.grid, kinds)


def _of_cells(project: "Project", features: Any, shares: Any, kinds: Sequence[str]) -> "DataFrame":
    """Coverage of types that are a raster, by realm: the exact share of each cell."""
    import pandas as pd
    from scipy.sparse import csr_array

    cells = measured_by_cells(project.grid.resolution.x)
    realm = project.realm().read().ravel()
    made = []
    for code, name in REALM_CODES.items():
        inside = csr_array(features.amounts * (realm == code).astype(np.float64)[None, :])
        table = held_of_types(features.names, inside, shares, kinds)
        made.append(table.assign(realm=name, dimension=features.kind, measured_by=cells))
    return pd.concat(made, ignore_index=True)[list(COVERAGE_COLUMNS)]


def _each(ground: Ground, sites: "GeoDataFrame", kinds: Sequence[str]) -> "DataFrame":
    """The share of each key area and of each freshwater zone: each counts the same."""
    import pandas as pd

    region = shapely.union_all(ground.region.geometry.to_numpy())
    made = []
    for what, named in (("key_areas", ground.key_areas), ("freshwater", ground.freshwater)):
        if named is not None:
            names, shapes = named
            table = shares_of_each(shapes, names, sites, region, kinds)
            made.append(table.assign(what=what))
    return pd.concat(made, ignore_index=True) if made else _empty(("what", "counted", "percent"))


def _functions(ground: Ground, shares: Any, kinds: Sequence[str]) -> "DataFrame":
    import pandas as pd

    if ground.functions is None or not ground.functions.names:
        return _empty(("function", "unit", "counted", "held", "total", "percent"))
    amounts = ground.functions.amounts
    rows = [
        held_of_function(name, amounts[[n]].toarray().ravel(), shares, "%", kinds)
        for n, name in enumerate(ground.functions.names)
    ]
    return pd.concat(rows, ignore_index=True)


def _even_measures(even: "Sequence[DataFrame]", asked: Asked) -> list[Measure]:
    return [
        m
        for table in even
        if len(table)
        for m in told.evenness_measures(
            evenness(table, asked.slack), str(table["dimension"].iloc[0]), asked.place,
            asked.period,
        )
    ]  # fmt: skip


def _each_measures(each: "DataFrame", asked: Asked) -> list[Measure]:
    found: list[Measure] = []
    areas, zones = (each[each["what"] == w] for w in ("key_areas", "freshwater"))
    if len(areas):
        values = mean_share(areas)
        found += told.each_measures("account.key_areas", values, asked.place, asked.period)
    if len(zones):
        values = share_reaching(zones, asked.target, asked.slack)
        found += told.each_measures("account.freshwater", values, asked.place, asked.period)
    return found


def breakdowns(main: Balance) -> "DataFrame":
    """The attributed area by category, governance, designation and manager."""
    import pandas as pd

    made = [breakdown(main, c) for c in BREAKDOWNS if c in main.sites.columns]
    return pd.concat(made, ignore_index=True) if made else _empty(BREAKDOWN_COLUMNS)


ATTRIBUTION_COLUMNS = ("site_id", "name", "kind", "realm", UNIT, "area_m2")


def attribution(main: Balance, column: str = UNIT) -> "DataFrame":
    """What counts for each site, by realm and unit, m2: land and inland water apart where the
    account tells them apart, else together. column: another zoning of the overlay, instead of the
    unit."""
    mine = main.inside[main.inside["kind"] != ""].copy()
    rows = mine["site"].to_numpy(dtype=int)
    mine["site_id"] = main.sites["site_id"].astype(str).to_numpy()[rows]
    mine["name"] = main.sites["name"].astype(str).to_numpy()[rows]
    if not (main.inside["realm"] == INLAND_WATER).any():
        mine["realm"] = mine["realm"].where(mine["realm"] == SEA, TERRESTRIAL)
    if column not in mine:
        mine[column] = ""
    keys = [column if c == UNIT else c for c in ATTRIBUTION_COLUMNS if c != "area_m2"]
    return mine.groupby(keys, sort=True)["area_m2"].sum().reset_index()


CLASSED_COLUMNS = ("dimension", "class", "site_id", "name", "kind", "realm", "area_m2")


def _classed(apart: Balance, dimension: str) -> "DataFrame":
    """What counts for each site in each class of a zoning, m2."""
    table = attribution(apart, dimension).rename(columns={dimension: "class"})
    return table.assign(dimension=dimension)[list(CLASSED_COLUMNS)]


def values(measures: Sequence[Measure], counted: str) -> Mapping[tuple[str, str, str], float]:
    """(indicator, breakdown without what is counted, unit) -> value, of what is counted so."""
    return {
        (m.indicator, "; ".join(f"{d}={c}" for d, c in m.by if d != "counted"), m.unit): m.value
        for m in measures
        if dict(m.by).get("counted", counted) == counted
    }


def site_areas(ground: Ground, sites: "GeoDataFrame") -> "DataFrame":
    """What counts for each site by realm and kind, from an overlay of its own, m2."""
    from tianren.accounting.coverage import KINDS

    return attribution(balance(sites, ground.region, kinds=KINDS[:2]))


def with_added(sites: "GeoDataFrame", shapes: Any, name: str) -> "GeoDataFrame":
    """The sites and some polygons, counted as OECMs after all that is recorded."""
    import pandas as pd
    from geopandas import GeoDataFrame

    from tianren.accounting.coverage import OECM
    from tianren.steps.account_ground import joined

    n = len(shapes)
    made = GeoDataFrame(
        {
            "site_id": [f"{name}-{i}" for i in range(1, n + 1)], "kind": [OECM] * n,
            "parcel_id": [f"{name}-{i}" for i in range(1, n + 1)], "name": [name] * n,
            "category": ["Not Assigned"] * n, "year": pd.array([pd.NA] * n, dtype="Int64"),
        },
        geometry=list(shapes), crs=sites.crs,
    )  # fmt: skip
    return joined(sites[["site_id", "parcel_id", "name", "kind", "category", "year", "geometry"]],
                  made)  # fmt: skip


def whole_measures(covered: "DataFrame", made: Collection[str], asked: Asked) -> list[Measure]:
    """Coverage of land and sea together, and the extent of natural types of land.

    made: classes that people made, of which no extent is told.
    """
    found = []
    whole = covered[(covered["dimension"] == "") & covered["realm"].isin([TERRESTRIAL, SEA])]
    for counted, rows in whole.groupby("counted", sort=True):
        by = (("realm", "land_and_sea"), ("counted", str(counted)))
        percent = 100 * float(rows["area_m2"].sum() / rows["total_m2"].sum())
        found.append(Measure("account.coverage", asked.place, asked.period, percent, "%", by,
                             method="sums of area and of realms"))  # fmt: skip
    natural = covered[~covered["class"].isin(["", *made])]
    return [*found, *_extents(natural, asked)]


def _extents(natural: "DataFrame", asked: Asked) -> list[Measure]:
    """The area of each type of the ecosystem layer and of all; of biomes, where there is none."""
    dimension = extent_of(natural)
    if not dimension:
        return []
    types = natural[(natural["dimension"] == dimension) & (natural["counted"] == PA)]
    sums = types.groupby("class")["total_m2"].sum()
    extents: dict[tuple[tuple[str, str], ...], float] = {(): float(sums.sum())}
    extents |= {((dimension, str(name)),): float(area) for name, area in sums.items()}
    method = "area of the types inside the region, those that people made left out"
    by_cells = [how for how in types["measured_by"].unique() if how != BORDERS]
    method += "".join(f"; {how}" for how in by_cells)
    return [
        Measure("account.extent", asked.place, asked.period, area, "m2", by, method=method)
        for by, area in extents.items()
    ]


def extent_of(natural: "DataFrame") -> str:
    """Whose extent is told: the ecosystem types, else the biomes, else nothing's."""
    return next((d for d in ("ecosystem", BIOME) if (natural["dimension"] == d).any()), "")
