"""Who overlaps whom, and key areas one by one: areas that themselves overlap."""

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.geo.overlay import NOBODY, Claim, pieces

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OVERLAP_COLUMNS = (
    "site_id", "name", "kind", "other_id", "other_name", "other_kind", "area_m2", "percent",
    "percent_of_other",
)  # fmt: skip


def overlaps(sites: "GeoDataFrame", at_least_m2: float = 0.0) -> "DataFrame":
    """Each pair of sites that share land: the area, and its share of either; largest first.

    sites: valid polygons in an equal-area CRS. Pairs of one site's own parcels are not told; nor is
    an overlap of at_least_m2 or less.
    """
    import pandas as pd

    shapes = sites.geometry.to_numpy()
    one, two = _pairs(shapes)
    ids = sites["site_id"].astype(str).to_numpy()
    different = ids[one] != ids[two]
    one, two = one[different], two[different]
    shared = shared_areas(shapes, one, two)
    told = shared > at_least_m2
    one, two, shared = one[told], two[told], shared[told]
    area = shapely.area(shapes)
    table = pd.DataFrame({
        **_described(sites, one, ("site_id", "name", "kind")),
        **_described(sites, two, ("other_id", "other_name", "other_kind")),
        "area_m2": shared,
        "percent": 100 * shared / area[one],
        "percent_of_other": 100 * shared / area[two],
    })  # fmt: skip
    order = ["area_m2", "site_id", "other_id"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _described(sites: "GeoDataFrame", rows: Ints, headings: tuple[str, str, str]) -> dict[str, Any]:
    columns = ("site_id", "name", "kind")
    return {h: sites[c].to_numpy()[rows] for h, c in zip(headings, columns, strict=True)}


def _pairs(shapes: NDArray[Any]) -> tuple[Ints, Ints]:
    """Pairs of polygons that meet, each once, in order."""
    tree = shapely.STRtree(shapes)
    one, two = tree.query(shapes, predicate="intersects")
    once = one < two
    one, two = one[once], two[once]
    order = np.lexsort([two, one])
    return one[order].astype(np.int64), two[order].astype(np.int64)


def shared_areas(shapes: NDArray[Any], one: Ints, two: Ints) -> Floats:
    """The area that the two polygons of each pair share, m2."""
    try:
        return np.asarray(shapely.area(shapely.intersection(shapes[one], shapes[two])))
    except shapely.errors.GEOSException:  # too dirty to be joined as polygons: count its pieces
        pairs = zip(one, two, strict=True)
        return np.array([_shared(shapes[[a]], shapes[[b]]) for a, b in pairs])


def _shared(one: NDArray[Any], two: NDArray[Any]) -> float:
    found = pieces([Claim(one), Claim(two)])
    return float(found.area[(found.owner != NOBODY).all(axis=1)].sum())


def apart(shapes: NDArray[Any]) -> list[Ints]:
    """Rows of polygons in as few groups as a simple rule finds, none of a group on another.

    Every polygon goes to the first group where it meets none.
    """
    one, two = _pairs(shapes)
    before: list[list[int]] = [[] for _ in shapes]
    for a, b in zip(one.tolist(), two.tolist(), strict=True):
        before[b].append(a)
    group = np.zeros(len(shapes), dtype=np.int64)
    for n, met in enumerate(before):
        taken = set(group[met].tolist())
        group[n] = next(g for g in range(len(taken) + 1) if g not in taken)
    return [np.flatnonzero(group == g) for g in range(int(group.max(initial=-1)) + 1)]


def held_of_each(areas: NDArray[Any], holders: list[NDArray[Any]]) -> tuple[Floats, Floats]:
    """What each area has, and what of it is held: total (areas,), held (areas x holders), m2.

    areas: polygons that may overlap each other; each counts for itself. holders: arrays of polygons
    (protected areas; OECMs ...); held: with the holders before it, overlap counted once.
    """
    total, held = np.zeros(len(areas)), np.zeros((len(areas), len(holders)))
    for group in apart(areas):
        found = pieces([Claim(areas[group]), *(Claim(h) for h in holders)])
        mine = found.owner[:, 0] != NOBODY
        owner, area = group[found.owner[mine, 0]], found.area[mine]
        total += np.bincount(owner, area, minlength=len(areas))
        some = np.zeros(len(owner), dtype=np.bool_)
        for n in range(len(holders)):
            some |= found.owner[mine, n + 1] != NOBODY
            held[:, n] += np.bincount(owner[some], area[some], minlength=len(areas))
    return total, held
