"""Protected areas and OECMs made ready to be counted: which sites count, in which shape, and why.

A site is one record: a polygon, or a point with a reported area. The rules are those of practice
with the World Database on Protected Areas, as dated parameters. Whatever a
rule does to a site is a row of the log; nothing is dropped in silence. Shapes lie in the project's
equal-area plane.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.findings import Finding
from tianren.geo.circles import circles
from tianren.parameters import Parameters

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

PA, OECM = "PA", "OECM"
LAND, SEA, BOTH = "land", "sea", "both"
UNREPORTED = "Not Reported"

# The columns of a layer of sites besides geometry: text, but for the last rows.
SITE_COLUMNS = (
    "site_id", "parcel_id", "name", "kind", "designation", "category", "status", "year",
    "governance", "management", "realm", "reported_km2", "reported_sea_km2", "verified", "source",
    "row", "approximate",
)  # fmt: skip
LOG_COLUMNS = (
    "site_id", "parcel_id", "name", "action", "rule", "reason", "before_km2", "after_km2",
    "source", "row",
)  # fmt: skip

# What the World Database writes of a site wholly on land (MARINE 0) or at sea (2), in its newer
# REALM, and what national lists write; the rest (coastal, 1) is both.
_REALMS = {
    "0": LAND, "terrestrial": LAND, "land": LAND, "陆地": LAND, "陆域": LAND, "terrestre": LAND,
    "2": SEA, "marine": SEA, "sea": SEA, "海洋": SEA, "海域": SEA, "marino": SEA,
}  # fmt: skip


@dataclass(frozen=True)
class SiteRules:
    """The rules by which sites are cleaned.

    day: on which they are counted; statuses: that count, refused: designations that do not, both
    in small letters; categories: in the order in which overlap is given; repair_tolerance: share of
    a site's area; area_ratio: times by which drawn and reported area may differ; sliver: m2;
    future_year: what becomes of a site whose year comes after the day, "refused" or "unknown".
    """

    day: dt.date
    statuses: frozenset[str]
    refused: frozenset[str]
    categories: tuple[str, ...]
    repair_tolerance: float
    area_ratio: float
    sliver: float
    future_year: str


@dataclass(frozen=True)
class Cleaned:
    """Sites that count, and what became of every record.

    sites: in the order in which overlap is given (the first has it), cut to the region. every: all
    records with their shapes repaired, before any cut, with `action` ("kept" or "refused"), `rule`
    and `reason`. log: LOG_COLUMNS, in order of records; each record ends with "kept" or "refused",
    and each row begins with the area that the row before it left.
    """

    sites: "GeoDataFrame"
    every: "GeoDataFrame"
    log: "DataFrame"
    findings: tuple[Finding, ...]

    @property
    def uncut(self) -> "GeoDataFrame":
        """The sites that count as their source has them: whole, points as points."""
        kept = self.every[(self.every["action"] == "kept").to_numpy()]
        return kept.drop(columns=["action", "rule", "reason"]).reset_index(drop=True)


def site_rules(parameters: Parameters) -> SiteRules:
    """The rules in force on the parameters' day."""
    return SiteRules(
        parameters.day,
        accepted_statuses(parameters),
        refused_designations(parameters),
        tuple(_words(parameters.word("sites.category_order"))),
        parameters.number("sites.repair_tolerance") / 100,
        parameters.number("sites.area_ratio"),
        parameters.number("sites.sliver"),
        parameters.word("sites.future_year"),
    )


def accepted_statuses(parameters: Parameters) -> frozenset[str]:
    """Statuses of sites that count, in small letters."""
    return _folded(parameters.word("sites.accepted_statuses"))


def refused_designations(parameters: Parameters) -> frozenset[str]:
    """Designations of sites that do not count, in small letters."""
    return _folded(parameters.word("sites.refused_designations"))


def plain(value: Any) -> str:
    """A value as rules compare it: text without spaces around it, in small letters."""
    return str(value).strip().casefold()


def declared_realm(value: Any) -> str:
    """The realm that a record says it is wholly in, LAND or SEA; BOTH for anything else."""
    return _REALMS.get(plain(value).removesuffix(".0"), BOTH)


def _folded(text: str) -> frozenset[str]:
    return frozenset(plain(word) for word in _words(text))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def clean_sites(sites: "GeoDataFrame", region: "GeoDataFrame", rules: SiteRules) -> Cleaned:
    """Sites that count in the region, cut to it, in the order in which they have what overlaps.

    sites: SITE_COLUMNS, `remark` (what the door has to say of a record) and geometry (polygons, or
    points with a reported area) in the region's equal-area plane; region: realm ("land", "sea"),
    geometry. The result does not depend on the order of the records.
    """
    from tianren.geo.cleaning import cleaned

    return cleaned(sites, region, rules)


# What decides which of two sites has the land that both cover.
ORDER_COLUMNS = ("kind", "category", "year", "site_id", "parcel_id", "source", "row")


def in_order(sites: "GeoDataFrame", categories: Sequence[str]) -> "GeoDataFrame":
    """The sites in the order in which they have what overlaps: protected areas before OECMs, then
    by category, by year (unknown last), by number."""
    rows = sites[list(ORDER_COLUMNS)].to_dict("records")
    keys = [order_key(row, categories) for row in rows]
    order = sorted(range(len(sites)), key=keys.__getitem__)
    return sites.iloc[order].reset_index(drop=True)


def order_key(site: Mapping[Any, Any], categories: Sequence[str]) -> tuple[Any, ...]:
    """What a site with ORDER_COLUMNS is ordered by; see in_order."""
    import pandas as pd

    category, year = site["category"], site["year"]
    return (
        site["kind"] != PA,
        categories.index(category) if category in categories else len(categories),
        _NEVER if pd.isna(year) else int(year),
        natural(site["site_id"]),
        natural(site["parcel_id"]),
        str(site["source"]),
        int(site["row"]),
    )


_NEVER = 9999


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which numbers in texts are ordered as numbers: 9_A before 10_A."""
    parts = re.findall(r"[0-9]+|[^0-9]+", str(text))
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts)


def drawn(sites: "GeoDataFrame") -> Any:
    """The polygons of records: points as circles of the area they report, nothing for one that
    reports none, and for lines."""
    shapes = sites.geometry.to_numpy().copy()
    reported = sites["reported_km2"].to_numpy(dtype=float)
    for i in np.flatnonzero((shapely.get_dimensions(shapes) == 0) & (reported > 0)):
        shapes[i] = circles(shapes[i], float(reported[i]))
    shapes[shapely.get_dimensions(shapes) < 2] = shapely.Polygon()
    return np.asarray(shapes, dtype=object)


def parts_in(sites: "GeoDataFrame", region: "GeoDataFrame", realm: str) -> "GeoDataFrame":
    """What cleaned sites have of one realm of their region: sites without any are left out."""
    from tianren.geo.repair import polygonal

    where = realm_shapes(region).get(realm, shapely.Polygon())
    mine = cut(sites.geometry.to_numpy(), where, shapely.intersection)
    shapes = np.array([polygonal(shape) for shape in mine], dtype=object)
    out = sites.set_geometry(shapes, crs=sites.crs)
    return out[shapely.area(shapes) > 0].reset_index(drop=True)


def realm_shapes(region: "GeoDataFrame") -> dict[str, Any]:
    """Realm -> its shape."""
    found = {r: region.geometry[(region["realm"] == r).to_numpy()] for r in set(region["realm"])}
    return {str(realm): joined(shapes.to_numpy()) for realm, shapes in found.items()}


def joined(shapes: Any) -> Any:
    """The union of shapes; of one, itself."""
    return shapes[0] if len(shapes) == 1 else shapely.union_all(np.asarray(shapes, dtype=object))


def cut(shapes: Any, by: Any, how: Any) -> Any:
    """The shapes' intersection with or difference to a large shape, with little work where that
    is plain: a shape inside it, or apart from it."""
    shapely.prepare(by)
    out = np.array(shapes, dtype=object)
    inside, apart = shapely.covers(by, out), shapely.disjoint(by, out)
    if how is shapely.intersection:
        out[apart] = shapely.Polygon()
    else:
        out[inside & ~apart] = shapely.Polygon()
    mixed = ~inside & ~apart
    if mixed.any():
        out[mixed] = how(out[mixed], by)
    return out


def beyond_realm(shapes: Any, declared: Iterable[str], realms: Mapping[str, Any]) -> Any:
    """The shapes without what they have of the other realm, where they say they are wholly in one.

    declared: LAND, SEA or BOTH of each; realms: LAND and SEA -> shape, as far as there are.
    """
    out, wanted = np.array(shapes, dtype=object), np.array(list(declared), dtype=object)
    for mine, other in ((LAND, SEA), (SEA, LAND)):
        rows = wanted == mine
        if other in realms and rows.any():
            out[rows] = cut(out[rows], realms[other], shapely.difference)
    return out
