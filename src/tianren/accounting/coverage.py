"""What is protected, overlap counted once: each piece of land counts for one site.

Of the sites on one place the first has it: protected areas before OECMs before what only the
redline holds; of one kind the first in the layer, which cleaning has put in order (geo.sites,
in_order: by IUCN category, year, number). Everything is overlaid and measured in one equal-area
plane (geo.overlay), so that parts sum to the union.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.geo.overlay import NOBODY, Claim, Pieces, pieces

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

Ints = NDArray[np.int64]

PA, OECM, REDLINE = "PA", "OECM", "redline"
KINDS = (PA, OECM, REDLINE)
LAND, INLAND_WATER, SEA, OUTSIDE = "land", "inland_water", "sea", ""
TERRESTRIAL = "land_and_inland_water"  # what target 3 asks for together
NOT_STATED = "Not Reported"
BORDERS = "borders"  # how a total is measured, unless by cells (cells.measured_by_cells)


@dataclass(frozen=True)
class Zoning:
    """Polygons that divide land or sea: units, ecoregions, ecosystem types.

    names: of each polygon; polygons of one name are one class. Where polygons overlap the first has
    the land. polygons: valid, in the CRS of the sites.
    """

    dimension: str
    names: tuple[str, ...]
    polygons: NDArray[Any]


@dataclass(frozen=True)
class Balance:
    """Who has what. sites: as given, numbered from 0; kinds: in the order of attribution.

    table: one row for each combination that occurs, with
      one column for each kind, "PA" ...: the site of that kind that has it, or NOBODY
      site: the one of them that it counts for, or NOBODY; kind: its kind, or ""
      realm: "land", "inland_water", "sea", or "" outside the region
      one column for each zoning: the name of its polygon, or ""
      area_m2
    Rows that no site has are there too, so that totals can be formed.
    """

    sites: "GeoDataFrame"
    kinds: tuple[str, ...]
    table: "DataFrame"

    @property
    def inside(self) -> "DataFrame":
        """The rows inside the region: what an account counts."""
        return self.table[self.table["realm"] != OUTSIDE]


def balance(
    sites: "GeoDataFrame",
    region: "GeoDataFrame",
    zonings: Sequence[Zoning] = (),
    *,
    inland_water: NDArray[Any] | None = None,
    kinds: Sequence[str] = KINDS,
) -> Balance:
    """Overlay sites, realms and zonings.

    sites: valid polygons, column kind, those of one kind in the order in which they have their land
    (geo.sites.in_order); kinds: those counted, the first to have its land first. region: columns
    realm ("land", "sea") and geometry; inland_water: polygons, counted where they lie on land. One
    equal-area CRS for all.
    Raises ValueError when there are more combinations than geo.overlay can tell apart.
    """
    mine = sites.reset_index(drop=True)
    members = [np.flatnonzero(mine["kind"] == kind) for kind in kinds]
    water = _shapes([] if inland_water is None else inland_water)
    claims = [
        *(Claim(_shapes(mine.geometry.iloc[m])) for m in members),
        Claim(_shapes(region.geometry)),
        Claim(water),
        *(Claim(_shapes(z.polygons)) for z in zonings),
    ]
    found = pieces(claims)
    names = np.asarray(region["realm"], dtype=object)
    return Balance(mine, tuple(kinds), _table(found, members, kinds, names, zonings))


def _shapes(polygons: Any) -> NDArray[Any]:
    made = np.empty(len(polygons), dtype=object)
    made[:] = list(polygons)
    return made


def one_after_another(sites: "GeoDataFrame", kinds: Sequence[str] = KINDS) -> "GeoDataFrame":
    """The sites of some kinds, kind after kind, the first to have its land first."""
    mine = sites[sites["kind"].isin(kinds)]
    rank = {kind: n for n, kind in enumerate(kinds)}
    return mine.sort_values("kind", key=lambda k: k.map(rank), kind="stable", ignore_index=True)


def _table(
    found: Pieces, members: list[Ints], kinds: Sequence[str], realms: Any, zonings: Sequence[Zoning]
) -> "DataFrame":
    import pandas as pd

    n = len(kinds)
    owners = [_at(m, found.owner[:, k], NOBODY) for k, m in enumerate(members)]
    columns: dict[str, Any] = dict(zip(kinds, owners, strict=True))
    columns["site"], columns["kind"] = _first(owners, kinds)
    columns["realm"] = _realm(_at(realms, found.owner[:, n], OUTSIDE), found.owner[:, n + 1])
    for z, zoning in enumerate(zonings, start=n + 2):
        columns[zoning.dimension] = _at(np.array(zoning.names, object), found.owner[:, z], "")
    columns["area_m2"] = found.area
    table = pd.DataFrame(columns)
    keys = [c for c in table.columns if c != "area_m2"]
    return table.groupby(keys, sort=True)["area_m2"].sum().reset_index()


def _at(names: Any, owner: Ints, nobody: Any) -> Any:
    """The name of each owner; what nobody has gets a name of its own."""
    return np.append(names, nobody)[owner]  # NOBODY is -1, the last


def _first(owners: Sequence[Ints], kinds: Sequence[str]) -> tuple[Ints, Any]:
    """The site that has the land, and its kind: of the first kind that claims it."""
    site = np.full(len(owners[0]), NOBODY, dtype=np.int64)
    kind = np.full(len(site), "", dtype=object)
    for own, name in zip(reversed(owners), reversed(kinds), strict=True):
        site = np.where(own != NOBODY, own, site)
        kind = np.where(own != NOBODY, name, kind)
    return site, kind


def _realm(realm: Any, water: Ints) -> Any:
    return np.where((realm == LAND) & (water != NOBODY), INLAND_WATER, realm)


COVERAGE_COLUMNS = (
    "dimension", "class", "realm", "counted", "area_m2", "total_m2", "percent", "measured_by",
)  # fmt: skip


def coverage(found: Balance, dimension: str = "") -> "DataFrame":
    """How much of each class of a zoning the kinds hold, by realm; "" is the region as a whole.

    counted: "PA", "PA+OECM", "PA+OECM+redline", each with those before it. Realms: land and inland
    water together and the sea; their parts too where inland water is known. Classes in their order.
    """
    import pandas as pd

    rows = by_realm(found.inside)
    rows = rows.assign(**{"class": rows[dimension] if dimension else ""})
    total = rows.groupby(["class", "realm"])["area_m2"].sum()
    made = []
    for n, counted in enumerate(counted_names(found.kinds), start=1):
        held = rows[rows["kind"].isin(found.kinds[:n])].groupby(["class", "realm"])["area_m2"].sum()
        area = held.reindex(total.index, fill_value=0.0)
        made.append(pd.DataFrame({"counted": counted, "area_m2": area, "total_m2": total}))
    table = pd.concat(made).reset_index()
    table["dimension"], table["measured_by"] = dimension, BORDERS
    table["percent"] = 100 * table["area_m2"] / table["total_m2"]
    table = table.sort_values(["class", "realm"], kind="stable", ignore_index=True)
    return table[list(COVERAGE_COLUMNS)]


def counted_names(kinds: Sequence[str]) -> list[str]:
    """What is counted step by step: "PA", "PA+OECM", "PA+OECM+redline"."""
    return ["+".join(kinds[:n]) for n in range(1, len(kinds) + 1)]


def by_realm(rows: "DataFrame") -> "DataFrame":
    """The rows once as land and inland water or sea, and once as they are where water is known."""
    import pandas as pd

    groups = {LAND: TERRESTRIAL, INLAND_WATER: TERRESTRIAL}
    together = rows.assign(realm=rows["realm"].replace(groups))
    if not (rows["realm"] == INLAND_WATER).any():
        return together
    return pd.concat([together, rows[rows["realm"].isin(groups)]])


BREAKDOWN_COLUMNS = ("dimension", "class", "realm", "kind", "sites", "area_m2", "percent")


def breakdown(found: Balance, column: str) -> "DataFrame":
    """The area attributed to the sites of each class of a column: category, governance ...

    sites: how many have some of it; percent: of the realm. Rows of a realm and kind sum to what the
    kind has there. What is not stated is a class of its own.
    """
    rows = by_realm(found.inside)
    total = rows.groupby("realm")["area_m2"].sum()
    mine = rows[rows["site"] != NOBODY]
    labels = (
        found.sites[column].astype(object).fillna(NOT_STATED).astype(str).replace("", NOT_STATED)
    )
    mine = mine.assign(**{"class": labels.to_numpy(dtype=object)[mine["site"]]})
    groups = mine.groupby(["class", "realm", "kind"])
    table = groups.agg(sites=("site", "nunique"), area_m2=("area_m2", "sum")).reset_index()
    table["dimension"] = column
    table["percent"] = 100 * table["area_m2"] / table["realm"].map(total).astype(float)
    return table[list(BREAKDOWN_COLUMNS)]


WATERFALL_COLUMNS = (
    "realm", "step", "sites", "once_m2", "shared_m2", "adds_m2", "after_m2", "percent_after",
)  # fmt: skip


def waterfall(found: Balance) -> "DataFrame":
    """What each kind adds to those before it, by realm.

    once_m2: the union of its own sites; shared_m2: what of that kinds before it have; adds_m2: the
    rest; after_m2: the union so far, the sum of adds_m2; sites: those with land in the realm.
    """
    import pandas as pd

    rows = by_realm(found.inside)
    made = []
    for realm, here in rows.groupby("realm"):
        total, after = float(here["area_m2"].sum()), 0.0
        for kind in found.kinds:
            own, first = here[here[kind] != NOBODY], here[here["kind"] == kind]
            once, adds = float(own["area_m2"].sum()), float(first["area_m2"].sum())
            after += adds
            made.append({
                "realm": realm,
                "step": kind,
                "sites": int(own[kind].nunique()),
                "once_m2": once,
                "shared_m2": once - adds,
                "adds_m2": adds,
                "after_m2": after,
                "percent_after": 100 * after / total,
            })  # fmt: skip
    return pd.DataFrame(made, columns=list(WATERFALL_COLUMNS))


def attributed(found: Balance) -> "DataFrame":
    """The area that counts for each site, by realm: site (row), site_id, realm, area_m2.

    Sites that have nothing, since others come before them or they lie outside, have no row.
    """
    mine = found.inside[found.inside["site"] != NOBODY]
    table = mine.groupby(["site", "realm"])["area_m2"].sum().reset_index()
    table["site_id"] = found.sites["site_id"].to_numpy()[table["site"]]
    return table[["site", "site_id", "realm", "area_m2"]]


def outside_m2(found: Balance) -> float:
    """The area of the union of sites that lies outside the region, m2: it is not counted."""
    rows = found.table
    return float(rows.loc[(rows["realm"] == OUTSIDE) & (rows["site"] != NOBODY), "area_m2"].sum())
