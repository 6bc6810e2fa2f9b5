"""What sites hold of a raster: ecosystem types by exact shares of cells, functions by value."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.accounting.coverage import KINDS, counted_names
from tianren.geo.fractions import cell_fractions

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

TYPE_COLUMNS = ("class", "counted", "area_m2", "total_m2", "percent")
FUNCTION_COLUMNS = ("function", "unit", "counted", "held", "total", "percent")


def measured_by_cells(size: float) -> str:
    """How a total of types that are a raster is measured; size: of a cell, m."""
    return f"cells of {size:g} m by their centre"


def held_shares(sites: "GeoDataFrame", grid: Any, kinds: Sequence[str] = KINDS) -> Floats:
    """The exact share of each cell that the kinds cover, each with those before it.

    (kinds x cells), overlap counted once; cells row by row. sites: valid polygons in the
    grid's CRS.
    """
    unions: list[Any] = []
    so_far: Any = shapely.Polygon()
    for kind in kinds:
        mine = sites.geometry.to_numpy()[(sites["kind"] == kind).to_numpy()]
        so_far = shapely.union_all([so_far, *mine])
        unions.append(so_far)
    return np.asarray(cell_fractions(unions, grid).todense())


def held_of_types(
    names: Sequence[str], amounts: "csr_array", shares: Floats, kinds: Sequence[str] = KINDS
) -> "DataFrame":
    """How much of each type is held: ecosystem types, ecoregions, biomes that are a raster.

    amounts: (types x cells) m2 of each type in each cell; shares: of held_shares. A type and the
    sites that share a cell are taken to meet in the product of their shares.
    """
    import pandas as pd

    total = np.asarray(amounts.sum(axis=1), dtype=np.float64)
    made = [
        pd.DataFrame({"class": names, "counted": counted, "area_m2": amounts @ share,
                      "total_m2": total})
        for counted, share in zip(counted_names(kinds), shares, strict=True)
    ]  # fmt: skip
    table = pd.concat(made, ignore_index=True)
    table = table[table["total_m2"] > 0].reset_index(drop=True)
    table["percent"] = 100 * table["area_m2"] / table["total_m2"]
    return table[list(TYPE_COLUMNS)]


def held_of_function(
    name: str, value: Floats, shares: Floats, unit: str = "", kinds: Sequence[str] = KINDS
) -> "DataFrame":
    """How much of a function's total is held: weighted by value, not by area.

    value: amount of each cell (a density times cell area gives the same percent), NaN where there
    is none. Negative values count as 0, as they do in the totals of functions.
    """
    import pandas as pd

    amount = np.nan_to_num(np.maximum(np.asarray(value, dtype=np.float64).ravel(), 0.0))
    total = float(amount.sum())
    held = shares @ amount
    percent = 100 * held / total if total else np.full(len(held), np.nan)
    table = pd.DataFrame({
        "function": name, "unit": unit, "counted": counted_names(kinds), "held": held,
        "total": total, "percent": percent,
    })  # fmt: skip
    return table[list(FUNCTION_COLUMNS)]
