"""Key biodiversity areas and freshwater priority zones: the share of each, not of their sum."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.accounting.coverage import KINDS, counted_names
from tianren.accounting.overlaps import held_of_each

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

SHARE_COLUMNS = ("name", "counted", "area_m2", "held_m2", "percent")


def shares_of_each(
    areas: NDArray[Any],
    names: Sequence[str],
    sites: "GeoDataFrame",
    region: Any = None,
    kinds: Sequence[str] = KINDS,
) -> "DataFrame":
    """How much of each area the sites hold, with each kind and those before it.

    areas: valid polygons in the sites' CRS, which may overlap; polygons of one name are one area.
    region: a polygon; what lies outside it is no part of an area, and an area outside has no row.
    """
    import pandas as pd

    shapes, labels = _named(areas, names, region)
    holders = [sites.geometry.to_numpy()[(sites["kind"] == k).to_numpy()] for k in kinds]
    total, held = held_of_each(shapes, holders)
    made = [
        pd.DataFrame({"name": labels, "counted": c, "area_m2": total, "held_m2": held[:, n]})
        for n, c in enumerate(counted_names(kinds))
    ]
    table = pd.concat(made, ignore_index=True)
    table["percent"] = 100 * table["held_m2"] / table["area_m2"]
    return table[list(SHARE_COLUMNS)]


def _named(areas: Any, names: Sequence[str], region: Any) -> tuple[NDArray[Any], list[str]]:
    """One polygon for each name, inside the region; names in order."""
    labels = sorted(set(names))
    of = np.asarray(names, dtype=object)
    made = np.empty(len(labels), dtype=object)
    made[:] = [shapely.union_all(np.asarray(areas, dtype=object)[of == n]) for n in labels]
    if region is not None:
        made = np.asarray([polygons_of(shapely.intersection(m, region)) for m in made], object)
    there = np.asarray(shapely.area(made)) > 0
    return made[there], [n for n, t in zip(labels, there, strict=True) if t]


def polygons_of(shape: Any) -> Any:
    """What of a shape has an area, as one polygon or multipolygon."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])


def mean_share(table: "DataFrame") -> dict[str, float]:
    """The mean percent over areas, each counting the same, by what is counted."""
    return _by_counted(table, lambda percent: percent.mean())


def share_reaching(table: "DataFrame", target: float, slack: float = 0.0) -> dict[str, float]:
    """The percent of areas that are held to the target share or more, by what is counted.

    slack: share of the target that may be missing, as boundaries are drawn at different scales.
    """
    limit = 100 * target * (1 - slack)
    return _by_counted(table, lambda percent: 100 * (percent >= limit).mean())


def _by_counted(table: "DataFrame", of: Any) -> dict[str, float]:
    groups = table.groupby("counted", sort=False)["percent"]
    return {str(counted): float(of(percent)) for counted, percent in groups}
