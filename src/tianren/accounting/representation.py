"""Ecologically representative: how evenly ecoregions and ecosystem types are held, and the gap."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianren.accounting.coverage import Balance, by_realm, counted_names, coverage

if TYPE_CHECKING:
    from pandas import DataFrame

REPRESENTATION_COLUMNS = (
    "dimension", "class", "realm", "counted", "area_m2", "total_m2", "percent", "target_m2",
    "gap_m2", "reached",
)  # fmt: skip
WHERE_COLUMNS = (
    "dimension", "class", "realm", "counted", "gap_m2", "unit", "left_m2", "rank",
)  # fmt: skip


def represented(table: "DataFrame", target: float) -> "DataFrame":
    """Coverage of classes (coverage.coverage) with the gap to the target share of each, m2.

    reached: the share of the target that is held, at most 1. Land outside any class is left out.
    """
    rows = table[table["class"] != ""].reset_index(drop=True)
    rows["target_m2"] = target * rows["total_m2"]
    rows["gap_m2"] = (rows["target_m2"] - rows["area_m2"]).clip(lower=0.0)
    rows["reached"] = (rows["area_m2"] / rows["target_m2"]).clip(upper=1.0)
    return rows[list(REPRESENTATION_COLUMNS)]


@dataclass(frozen=True)
class Evenness:
    """Over the classes of one realm, with what is counted: percent, percent, m2, number."""

    realm: str
    counted: str
    capped_mean: float
    at_target: float
    gap_m2: float
    classes: int


def evenness(rows: "DataFrame", slack: float = 0.0) -> list[Evenness]:
    """The capped mean (mean of the share of the target that each class reaches, at most 1), the
    percent of classes at the target, and the sum of the gaps.

    slack: share of a target that may be missing, as boundaries are drawn at different scales.
    """
    found = []
    for (realm, counted), group in rows.groupby(["realm", "counted"], sort=False):
        reached = group["reached"]
        found.append(
            Evenness(
                str(realm), str(counted), 100 * float(reached.mean()),
                100 * float((reached >= 1 - slack).mean()), float(group["gap_m2"].sum()),
                len(group),
            )
        )  # fmt: skip
    return found


def where_to_find(found: Balance, dimension: str, unit: str, target: float) -> "DataFrame":
    """Where the gap of each class can be found: its unheld land by unit, largest first.

    dimension, unit: two zonings of the balance. left_m2 of all units of a class sum to what of the
    class is not held; more than its gap, since the target is not all of it.
    """
    import pandas as pd

    gaps = represented(coverage(found, dimension), target)
    made = []
    for n, counted in enumerate(counted_names(found.kinds), start=1):
        rows = by_realm(found.inside)
        left = rows[~rows["kind"].isin(found.kinds[:n])]
        area = left.groupby([dimension, "realm", unit])["area_m2"].sum().reset_index()
        area.columns = pd.Index(["class", "realm", "unit", "left_m2"])
        missing = gaps[(gaps["counted"] == counted) & (gaps["gap_m2"] > 0)]
        made.append(missing.merge(area, on=["class", "realm"]))
    table = pd.concat(made, ignore_index=True)
    keys = ["class", "realm", "counted"]
    order = [True, True, True, False, True]
    table = table.sort_values([*keys, "left_m2", "unit"], ascending=order, ignore_index=True)
    table["rank"] = table.groupby(keys).cumcount() + 1
    return table[list(WHERE_COLUMNS)]
