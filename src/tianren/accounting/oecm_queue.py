"""What OECMs would add: the sites that are not yet counted, the largest gain first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.accounting.oecm import NOT, OUTCOMES, Assessment, assess
from tianren.geo.overlay import NOBODY, Claim, pieces
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

QUEUE_COLUMNS = (
    "rank", "rank_by_value", "site", "name", "origin", "outcome", "step", "area_m2", "gain_m2",
    "adds_m2", "total_m2", "value", "missing",
)  # fmt: skip


def queue(
    candidates: "GeoDataFrame",
    assessments: Mapping[str, Assessment],
    counted: NDArray[Any],
    value: Mapping[str, float],
) -> "DataFrame":
    """The sites that could still be added, the largest gain first: QUEUE_COLUMNS.

    candidates: site (unique), name, origin, polygons; counted: polygons of protected areas and
    recorded OECMs, in the same equal-area CRS; value: ecological value of each site, 0 to 1.
    gain_m2: what is not yet counted; adds_m2: that less what sites before it in the queue have;
    total_m2: the sum of adds_m2 so far. Sites that do not qualify are left out, and those without a
    gain come last.
    """
    from tianren.accounting.overlaps import held_of_each

    open_sites = [s not in assessments or assessments[s].outcome != NOT for s in candidates["site"]]
    mine = candidates[np.array(open_sites, dtype=np.bool_)].reset_index(drop=True)
    area, held = held_of_each(mine.geometry.to_numpy(), [counted])
    gain = np.maximum(area - held[:, 0], 0.0)
    worth = np.array([value.get(s, np.nan) for s in mine["site"]], dtype=np.float64)
    order = _order(gain, worth, mine["site"])
    adds = _adds(mine.geometry.to_numpy(), order, counted)
    by_value = np.empty(len(mine), dtype=np.int64)
    by_value[_order(worth, gain, mine["site"])] = np.arange(1, len(mine) + 1)
    return _queue_table(mine, assessments, order, (area, gain, adds, worth), by_value)


def _order(first: NDArray[Any], second: NDArray[Any], names: Iterable[str]) -> NDArray[Any]:
    """Rows by the first number, then the second, largest first (unknown last), then by name."""
    known = [np.nan_to_num(v, nan=-1.0) for v in (first, second)]
    place = {name: n for n, name in enumerate(sorted(names))}
    return np.lexsort([[place[name] for name in names], -known[1], -known[0]])


def _adds(shapes: NDArray[Any], order: NDArray[Any], counted: NDArray[Any]) -> NDArray[np.float64]:
    """What each site adds to what is counted and to those before it in the order, m2."""
    found = pieces([Claim(shapes, order), Claim(counted)])
    new = (found.owner[:, 0] != NOBODY) & (found.owner[:, 1] == NOBODY)
    added = np.bincount(found.owner[new, 0], found.area[new], minlength=len(shapes))
    return added.astype(np.float64)


def _queue_table(
    mine: "GeoDataFrame", assessments: Mapping[str, Assessment], order: NDArray[Any],
    numbers: Sequence[NDArray[Any]], by_value: NDArray[Any],
) -> "DataFrame":  # fmt: skip
    import pandas as pd

    area, gain, adds, worth = numbers
    rows, total = [], 0.0
    for rank, i in enumerate(order.tolist(), start=1):
        site = mine["site"].iloc[i]
        found = assessments.get(site) or assess(site, ())
        total += float(adds[i])
        missing = found.missing_text() if found.answers else say("not assessed yet")
        rows.append((
            rank, int(by_value[i]), site, mine["name"].iloc[i], mine["origin"].iloc[i],
            found.outcome, found.step, float(area[i]), float(gain[i]), float(adds[i]), total,
            float(worth[i]), missing,
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(QUEUE_COLUMNS))


def gained(
    candidates: "GeoDataFrame", assessments: Mapping[str, Assessment], counted: NDArray[Any]
) -> dict[str, float]:
    """m2 not yet counted in the sites of each outcome, OECMs before candidates before the rest;
    each square metre once. Sites without an answer are left out."""
    mine = candidates[[s in assessments for s in candidates["site"]]].reset_index(drop=True)
    outcomes = [assessments[s].outcome for s in mine["site"]]
    order = np.argsort([OUTCOMES.index(o) for o in outcomes], kind="stable")
    adds = _adds(mine.geometry.to_numpy(), order, counted)
    found = dict.fromkeys(OUTCOMES, 0.0)
    for outcome, area in zip(outcomes, adds.tolist(), strict=True):
        found[outcome] += area
    return found
