"""How connected protected land is: ProtConn with its fractions, and what each site is worth."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely

from tianren.accounting.connectivity import (
    LinkRules,
    contributions,
    network,
    patches,
    protconn,
)
from tianren.accounting.coverage import KINDS, LAND, counted_names, one_after_another
from tianren.measures import Measure
from tianren.steps.account_ground import Ground
from tianren.steps.account_tables import Asked

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

COLUMNS = ("counted", "measure", "percent")
SITE_COLUMNS = ("site_id", "name", "kind", "eca_lost_m2", "percent_of_eca")
METHOD = "exact edge-to-edge distances; Saura et al. 2017, 2018; science 8"


@dataclass(frozen=True)
class Links:
    """The connectivity of sites: rows of connectivity.csv, of sites, and measures."""

    rows: tuple[dict[str, Any], ...]
    sites: tuple[dict[str, Any], ...]
    measures: tuple[Measure, ...]


def links(
    ground: Ground, sites: "GeoDataFrame", rules: LinkRules, asked: Asked, *, each: bool
) -> Links:
    """ProtConn on land of protected areas, and with OECMs. each: also what each site is worth."""
    land = shapely.union_all(
        ground.region.geometry[(ground.region["realm"] == LAND).to_numpy()].to_numpy()
    )
    rows: list[dict[str, Any]] = []
    measures: list[Measure] = []
    worth: list[dict[str, Any]] = []
    kinds = KINDS[:2]
    for n, counted in enumerate(counted_names(kinds), start=1):
        mine = one_after_another(sites, kinds[:n])
        net = network(patches(mine.geometry.to_numpy(), land), rules, spare=each and n == 2)
        found = protconn(net, land, rules)
        about = {
            "ProtConn": found.protconn, "Prot": found.prot, "ProtUnconn": found.unconnected,
            "RelConn": found.relative, "ProtConn bound": found.bound,
        }  # fmt: skip
        fractions = found.fractions()
        rows += [{"counted": counted, "measure": k, "percent": v}
                 for k, v in {**about, **fractions}.items()]  # fmt: skip
        measures += _measures("account.protconn", "part", about, counted, asked)
        measures += _measures("account.protconn_fraction", "fraction", fractions, counted, asked)
        if each and n == 2:
            worth = _worth(mine, contributions(net, rules), found.eca)
    return Links(tuple(rows), tuple(worth), tuple(measures))


def _measures(
    indicator: str, dimension: str, values: dict[str, float], counted: str, asked: Asked
) -> list[Measure]:
    return [
        Measure(indicator, asked.place, asked.period, float(value), "%",
                ((dimension, name), ("counted", counted)), method=METHOD)
        for name, value in values.items()
    ]  # fmt: skip


def _worth(sites: "GeoDataFrame", lost: Any, eca: float) -> list[dict[str, Any]]:
    rows = [
        {
            "site_id": sites["site_id"].iloc[n], "name": sites["name"].iloc[n],
            "kind": sites["kind"].iloc[n], "eca_lost_m2": float(value),
            "percent_of_eca": 100 * float(value) / eca if eca > 0 else 0.0,
        }
        for n, value in enumerate(lost.tolist())
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (-r["eca_lost_m2"], str(r["site_id"])))
