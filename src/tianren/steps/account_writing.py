"""What an account writes: tables, the sites with what counts for each, layers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tianren.accounting.coverage import BORDERS, PA, SEA, TERRESTRIAL, Balance, attributed
from tianren.findings import Finding, Severity
from tianren.io.vectors import write_vector
from tianren.io.wdpa_export import write_wdpa
from tianren.language import say
from tianren.measures import Measure, in_order
from tianren.project.digests import write_whole
from tianren.project.runs import Run
from tianren.reports.cbd import CIRCLES, EXTENT, IN_CELLS, MIXED_WATER, cbd_bytes, entries
from tianren.steps.account_ground import UNIT, Ground
from tianren.steps.account_tables import extent_of
from tianren.steps.account_types import BIOME
from tianren.steps.sites import delivered_sources

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

    from tianren.project.project import Project

CBD = "cbd_3_1.xlsx"
LEAST_TOLD = 5000.0  # m2; less is told as 0.00 km2
_HOW = "Tianren: How the account is made"
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


def write_records(project: "Project", run: Run, ground: Ground) -> list[Finding]:
    """wdpa.gpkg: the sites that count, as their sources have them, in the schema of the World
    Database; `tianren sites --format shapefile` gives the same as shapefiles."""
    sites = ground.found.cleaned.uncut
    delivered, told = delivered_sources(project, sites)
    _, findings = write_wdpa(
        run.folder, "wdpa", sites, project.catalog, region=project.region, delivered=delivered
    )
    return [*told, *findings]


def write_cbd(
    project: "Project", run: Run, ground: Ground, covered: "DataFrame", measures: Sequence[Measure]
) -> list[Finding]:
    """cbd_3_1.xlsx: what the reporting tool of the Convention reads, whole or not at all; what the
    reader must know of it."""
    sea = SEA in set(ground.region["realm"])
    assessed = bool(project.account.assessments)
    told, notes = (m.row() for m in in_order(measures)), footnotes(covered, ground)
    rows = entries(told, run.id, sea=sea, assessed=assessed, notes=notes)
    write_whole(run.path(CBD), cbd_bytes(rows, project.name, project.day))
    alone = [] if sea else [_land_alone()]
    return [*alone, *_by_cells(covered, ground, project.grid.resolution.x),
            *_not_covered(project, covered)]  # fmt: skip


def footnotes(covered: "DataFrame", ground: Ground) -> dict[str, str]:
    """What a dimension, a class of it or the whole of A.2 needs said in the workbook."""
    by_cells = covered[covered["measured_by"] != BORDERS]
    found = {
        str(d): IN_CELLS.format(cells=how)
        for d, how in zip(by_cells["dimension"], by_cells["measured_by"], strict=True)
    }
    found |= {f"{BIOME}={name}": MIXED_WATER for name in sorted(ground.mixed)}
    circles = int(ground.sites["approximate"].astype(bool).sum())
    if circles:
        found["counted"] = CIRCLES.format(n=circles, all=len(ground.sites))
    extent = extent_of(covered[~covered["class"].isin(["", *ground.made])])
    whole = [found.get(extent, ""), MIXED_WATER if extent == BIOME and ground.mixed else ""]
    return found | {EXTENT[0]: " ".join(filter(None, whole))}


def _by_cells(covered: "DataFrame", ground: Ground, size: float) -> list[Finding]:
    """That some totals are of cells, and by how much these miss the region within its borders."""
    area = float(ground.region.area.sum())
    rows = covered[(covered["measured_by"] != BORDERS) & (covered["counted"] == PA)]
    return [
        Finding("account.cells", str(dimension), Severity.NOTE,
                _cells_told(size, float(mine["total_m2"].sum()), area), _HOW)
        for dimension, mine in rows.groupby("dimension", sort=True)
    ]  # fmt: skip


def _cells_told(size: float, total: float, area: float) -> str:
    return say(
        "totals are of whole cells of {size} m by their centre, so another grid gives others: all "
        "classes sum to {total} km2, the region within its borders is {area} km2",
        size=f"{size:g}", total=f"{total / 1e6:,.2f}", area=f"{area / 1e6:,.2f}",
    )  # fmt: skip


def _land_alone() -> Finding:
    message = say(
        "no sea source was given: the total of indicator 3.1 is land alone; name one in [region] "
        "sea_source if the country has a sea"
    )
    return Finding("account.land_alone", CBD, Severity.WARNING, message, _HOW)


def _not_covered(project: "Project", covered: "DataFrame") -> list[Finding]:
    """What the layers that divide the region leave over, which the workbook leaves out."""
    layers = {"ecoregion": project.gaps.ecoregions, "ecosystem": project.gaps.ecosystems}
    layers |= {UNIT: project.admin[0].source} if project.admin else {}
    left = covered[(covered["class"] == "") & (covered["counted"] == PA)]
    left = left[left["realm"].isin((TERRESTRIAL, SEA)) & (left["total_m2"] >= LEAST_TOLD)]
    return [
        _left_over(layers[row["dimension"]], row["realm"], row["total_m2"])
        for row in left.to_dict("records")
        if row["dimension"] in layers
    ]


def _left_over(layer: str, realm: str, area: float) -> Finding:
    where = say("sea") if realm == SEA else say("land and inland water")
    message = say(
        "{layer} does not cover {area} km2 of the region ({where}): left out of {book}",
        layer=layer, area=f"{area / 1e6:,.2f}", where=where, book=CBD,
    )  # fmt: skip
    return Finding("account.not_covered", layer, Severity.NOTE, message, _HOW)
