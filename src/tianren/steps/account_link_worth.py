"""What each site is worth to the connections, and what each candidate would add."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.accounting.classes import POTENTIAL
from tianren.accounting.connectivity import contributions, gains
from tianren.io.vectors import read_result
from tianren.project.runs import RunResults
from tianren.steps.account_links import Field, Linked
from tianren.steps.oecm_sites import CANDIDATE, REDLINE

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

SITE_COLUMNS = ("site_id", "parcel_id", "name", "kind", "eca_lost_m2", "percent_of_eca")
CANDIDATE_COLUMNS = ("site", "name", "origin", "eca_gained_m2", "percent_of_eca")


def candidates(assessed: RunResults | None) -> "GeoDataFrame | None":
    """The candidates of [account], and the pieces of the redline that are potential OECMs."""
    if assessed is None:
        return None
    places = read_result(assessed.path("oecm.gpkg"), "oecm")
    rows = assessed.rows("classes.csv") if assessed.has("classes.csv") else []
    potential = [row["code"] for row in rows if row["class"] == POTENTIAL]
    line = (places["origin"] == REDLINE) & places["site"].astype(str).isin(potential)
    mine = places[(places["origin"] == CANDIDATE) | line]
    return mine.reset_index(drop=True) if len(mine) else None


def site_rows(field: Field, one: Linked) -> list[dict[str, Any]]:
    """What ECA loses without each record, most first; 0 for one without land. `one` needs spare."""
    lost = contributions(one.net, field.rules)[: len(one.sites)]
    keys = SITE_COLUMNS[:4]
    return _rows(one, one.sites[list(keys)].assign(**{SITE_COLUMNS[4]: lost}), SITE_COLUMNS)


def candidate_rows(field: Field, one: Linked, waiting: "GeoDataFrame") -> list[dict[str, Any]]:
    """What ECA gains by each candidate alone, most first."""
    gained = gains(one.net, _polygons(waiting), field.land, field.rules)
    keys = CANDIDATE_COLUMNS[:3]
    return _rows(one, waiting[list(keys)].assign(**{CANDIDATE_COLUMNS[3]: gained}),
                 CANDIDATE_COLUMNS)  # fmt: skip


def _polygons(layer: "GeoDataFrame") -> NDArray[Any]:
    return np.asarray(layer.geometry.to_numpy(), dtype=object)


def _rows(one: Linked, table: Any, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    worth, share = columns[-2:]
    eca = one.found.eca
    table[share] = 100 * table[worth] / eca if eca > 0 else 0.0
    rows: list[dict[str, Any]] = table.to_dict("records")
    return sorted(rows, key=lambda r: (-r[worth], *(str(r[c]) for c in columns[:2])))
