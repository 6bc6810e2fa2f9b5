"""From the records as delivered to what counts: what each rule of counting does to the figure.

One list of protected areas gives several figures, and each has been published: the union of every
polygon, of those in force, of what is left when records that say they lie at sea lose their land.
The account gives them all, one step after the other, each as a union clipped to the realm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.accounting.coverage import LAND, TERRESTRIAL
from tianren.geo.overlay import Claim, pieces
from tianren.geo.repair import polygonal
from tianren.geo.sites import Cleaned, beyond_realm, drawn, realm_shapes
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

FROM_RECORDS_COLUMNS = ("step", "realm", "records", "area_m2", "total_m2", "percent", "what")

STEPS = ("delivered", "status", "designation", "circles", "refused", "realm", "counted")
# The last step in which a record stands that a rule of cleaning refuses; others stand to the end.
_LAST = {
    "geometry": -1, "kind": 0, "status": 0, "designation": 1, "point": 2, "year": 3, "area": 3,
    "repeated": 3,
}  # fmt: skip
_POLYGONS, _CIRCLES, _WHOLE = 2, 3, 4  # places in STEPS


@dataclass(frozen=True)
class _Layer:
    """Shapes, and the last step in which each stands: steps nest, so that one order has all."""

    shapes: NDArray[Any]
    last: NDArray[np.int64]


def step_words() -> dict[str, str]:
    """What each step does, in the current language."""
    return {
        "delivered": say("every polygon as delivered, whatever its status"),
        "status": say("only records whose kind and status count"),
        "designation": say("without designations that do not count"),
        "circles": say("points with a reported area are added, as circles"),
        "refused": say("without records of a later year, without area, or given twice"),
        "realm": say("records wholly of land or of sea lose what lies beyond the coast"),
        "counted": say("cut to the region: what counts"),
    }


def from_records(cleaned: Cleaned, region: "GeoDataFrame") -> "DataFrame":
    """FROM_RECORDS_COLUMNS: a row for each step and realm.

    cleaned: see geo.sites.clean_sites; region: columns realm ("land", "sea") and geometry, in the
    same equal-area plane. records: those that stand in the step, wherever they lie; area_m2: of
    their union inside the realm; percent: of the realm. Circles stand for points only from their
    step on.
    """
    last, points = _stands(cleaned)
    shapes = drawn(cleaned.every)
    there = shapes[last >= 0]
    polygons = _Layer(there, np.where(points, -1, np.minimum(last, _POLYGONS))[last >= 0])
    whole = _Layer(there, last[last >= 0])
    standing = last >= _WHOLE
    cut = _cut(cleaned, shapes, standing, region)
    counted = np.asarray(cleaned.sites.geometry.to_numpy(), dtype=object)
    steps = [(0, 0), (0, 1), (0, 2), (1, 3), (1, 4)]  # layer, least last step
    areas = [*_areas([polygons, whole], steps, region),
             *_areas([_always(cut), _always(counted)], [(0, 0), (1, 0)], region)]  # fmt: skip
    records = [*(int(((last >= k) & ~(points & (k < _CIRCLES))).sum()) for k in range(_WHOLE + 1)),
               len(cut), len(counted)]  # fmt: skip
    return _table(records, areas, region)


def _stands(cleaned: Cleaned) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The last step (up to _WHOLE) in which each record stands, and which are points."""
    every = cleaned.every
    points = shapely.get_dimensions(every.geometry.to_numpy()) == 0
    last = np.array([_LAST.get(str(rule), _WHOLE) for rule in every["rule"]], dtype=np.int64)
    bare = points & ~(every["reported_km2"].to_numpy(dtype=float) > 0)
    return np.where(bare, np.minimum(last, _POLYGONS), last), points


def _cut(
    cleaned: Cleaned, shapes: NDArray[Any], standing: NDArray[np.bool_], region: "GeoDataFrame"
) -> NDArray[Any]:
    """Those that stand without what their declared realm excludes; what has nothing left is out."""
    declared = cleaned.every["realm"].to_numpy()[standing]
    mine = beyond_realm(shapes[standing], declared, realm_shapes(region))
    made = np.array([polygonal(shape) for shape in mine], dtype=object)
    gone = (cleaned.every["rule"] == "realm").to_numpy()[standing]
    return np.asarray(made[~gone], dtype=object)


def _always(shapes: NDArray[Any]) -> _Layer:
    return _Layer(shapes, np.zeros(len(shapes), dtype=np.int64))


def _areas(
    layers: Sequence[_Layer], steps: Sequence[tuple[int, int]], region: "GeoDataFrame"
) -> list[NDArray[np.float64]]:
    """The area of each step's union in each polygon of the region, m2.

    Of several shapes on one place the one that stands longest has it, so that what a step has is
    what those have that still stand in it.
    """
    realms = np.asarray(region.geometry.to_numpy(), dtype=object)
    found = pieces([*(Claim(v.shapes, np.argsort(-v.last, kind="stable")) for v in layers),
                    Claim(realms)])  # fmt: skip
    where = found.owner[:, -1]
    made = []
    for layer, least in steps:
        last = np.append(layers[layer].last, -1)[found.owner[:, layer]]  # nobody stands nowhere
        mine = (last >= least) & (where >= 0)
        areas = np.bincount(where[mine], found.area[mine], minlength=len(realms))
        made.append(areas.astype(np.float64))
    return made


def _table(
    records: Sequence[int], areas: Sequence[NDArray[np.float64]], region: "GeoDataFrame"
) -> "DataFrame":
    import pandas as pd

    what = step_words()
    names = [TERRESTRIAL if r == LAND else str(r) for r in region["realm"]]
    realms = list(dict.fromkeys(names))
    totals = region.geometry.area.groupby(np.array(names)).sum()
    rows = []
    for step, count, area in zip(STEPS, records, areas, strict=True):
        for realm in realms:
            held = float(area[np.array(names) == realm].sum())
            total = float(totals[realm])
            rows.append((step, realm, count, held, total, 100 * held / total, what[step]))
    return pd.DataFrame(rows, columns=list(FROM_RECORDS_COLUMNS))
