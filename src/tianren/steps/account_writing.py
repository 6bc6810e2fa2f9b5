"""What an account writes: tables, the sites with what counts for each, layers."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tianren.accounting.coverage import SEA, Balance, attributed
from tianren.io.vectors import write_vector
from tianren.io.wdpa_export import write_wdpa
from tianren.measures import Measure, in_order
from tianren.project.digests import write_whole
from tianren.project.runs import Run
from tianren.reports.cbd import cbd_bytes, entries
from tianren.steps.account_ground import Ground

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

    from tianren.project.project import Project

SITE_COLUMNS = (
    "site_id", "parcel_id", "name", "kind", "designation", "type", "counts_as", "iucn", "status",
    "year", "governance", "governance_type", "management", "realm", "reported_km2",
    "reported_sea_km2", "approximate", "source", "row", "land_m2", "sea_m2",
)  # fmt: skip


def write_table(
    run: Run, name: str, table: "DataFrame", columns: Sequence[str] | None = None
) -> None:
    """A table as CSV; what is not known is empty."""
    heads = [str(c) for c in (columns or table.columns)] or ["none"]
    run.write_rows(name, heads, (_plain(row, heads) for row in table.to_dict("records")))


def _plain(row: dict[Any, Any], heads: Sequence[str]) -> dict[str, Any]:
    import pandas as pd

    return {h: "" if pd.isna(row.get(h)) else row[h] for h in heads}


def write_sites(run: Run, ground: Ground, main: Balance) -> None:
    """sites.csv: each site with what counts for it; cleaning.csv: what became of every record."""
    write_table(run, "sites.csv", _with_areas(ground, main), SITE_COLUMNS)
    write_table(run, "cleaning.csv", ground.found.cleaned.log)


def _with_areas(ground: Ground, main: Balance) -> "GeoDataFrame":
    """The sites with land_m2 and sea_m2: what is attributed to each."""
    import numpy as np

    rows = attributed(main)
    made = ground.sites.copy()
    at_sea = (rows["realm"] == SEA).to_numpy()
    for column, mine in (("land_m2", rows[~at_sea]), ("sea_m2", rows[at_sea])):
        areas = np.bincount(
            mine["site"].to_numpy(dtype=int), mine["area_m2"], minlength=len(main.sites)
        )
        made[column] = areas[: len(made)]  # the sites come before the pieces of the redline
    return made


def write_layers(run: Run, ground: Ground, main: Balance) -> None:
    """account.gpkg: sites as they count; redline.gpkg: pieces of the line, where there is one."""
    layer = _with_areas(ground, main)
    kept = [c for c in SITE_COLUMNS if c in layer.columns]
    write_vector(run.path("account.gpkg"), layer[[*kept, "geometry"]], "sites")
    if ground.pieces is not None:
        columns = [c for c in ("code", "name", "category") if c in ground.pieces.columns]
        write_vector(run.path("redline.gpkg"), ground.pieces[[*columns, "geometry"]], "redline")


def write_records(project: "Project", run: Run, ground: Ground) -> None:
    """wdpa.gpkg: the sites that count, as their sources have them, in the schema of the World
    Database; `tianren sites --format shapefile` gives the same as shapefiles."""
    sites = ground.found.cleaned.uncut
    write_wdpa(run.folder, "wdpa", sites, project.catalog, region=project.region)


def write_cbd(run: Run, measures: Sequence[Measure], title: str, day: dt.date) -> None:
    """cbd_3_1.xlsx: what the reporting tool of the Convention reads, whole or not at all."""
    rows = entries((m.row() for m in in_order(measures)), run.id)
    write_whole(run.path("cbd_3_1.xlsx"), cbd_bytes(rows, title, day))
