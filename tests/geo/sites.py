"""Records of sites on a plane of kilometres, for tests: what is not said is ordinary."""

import datetime as dt
from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from tianren.geo.sites import SiteRules, site_rules
from tianren.parameters import Parameters

CRS = "EPSG:6933"
RULES: SiteRules = site_rules(Parameters(dt.date(2026, 1, 1)))
LATER_UNKNOWN = replace(RULES, future_year="unknown")


def box(west: float, south: float, east: float, north: float) -> Any:
    """A rectangle in km."""
    return shapely.box(west * 1000, south * 1000, east * 1000, north * 1000)


def site(shape: Any, number: str = "1", **values: Any) -> dict[str, Any]:
    ordinary = {
        "site_id": number, "parcel_id": number, "name": f"Site {number}", "kind": "PA",
        "designation": "National Park", "category": "II", "status": "Designated", "year": 2000,
        "governance": "Not Reported", "management": "Not Reported", "realm": "both",
        "reported_km2": 0.0, "reported_sea_km2": 0.0, "verified": "Not Reported", "source": "wdpa",
        "row": 0, "approximate": False, "remark": "", "geometry": shape,
    }  # fmt: skip
    return {**ordinary, **values}


def layer(*sites: dict[str, Any]) -> gpd.GeoDataFrame:
    """Sites as a layer; rows are numbered where they have no number of their own."""
    rows = [{**s, "row": s["row"] or n} for n, s in enumerate(sites, start=1)]
    found = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    found["year"] = pd.array(found["year"], dtype="Int64")
    return found


# Land to the west of a straight coast at 100 km, sea to the east of it as far as 200 km.
LAND, SEA = box(0, 0, 100, 100), box(100, 0, 200, 100)


def region(*, sea: bool = True) -> gpd.GeoDataFrame:
    realms = {"land": LAND, "sea": SEA} if sea else {"land": LAND}
    return gpd.GeoDataFrame({"realm": list(realms)}, geometry=list(realms.values()), crs=CRS)
