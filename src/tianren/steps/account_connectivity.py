"""Connectivity in the account: its tables, measures and findings."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults
from tianren.steps import account_link_findings as told
from tianren.steps import account_link_worth as worth
from tianren.steps import account_links as linking
from tianren.steps.account_ground import Ground
from tianren.steps.account_links import Field, Linked
from tianren.steps.account_tables import Asked

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project


@dataclass
class Connectivity:
    """whole: measures of all the land, which `again` makes for other sites; regional: the rest."""

    on: Field
    whole: list[Measure]
    regional: list[Measure]
    findings: list[Finding] = field(default_factory=list)

    def again(self, sites: "GeoDataFrame") -> list[Measure]:
        return linking.measures(self.on, linking.links(self.on, sites))


def connectivity(
    project: "Project", run: Run, parameters: Parameters, ground: Ground,
    assessed: RunResults | None, asked: Asked,
) -> Connectivity:  # fmt: skip
    """connectivity.csv, region_links.csv, site_links.csv and candidate_links.csv."""
    on, findings = linking.link_field(project, parameters, ground, asked)
    waiting = worth.candidates(assessed)
    most = int(parameters.number("protconn.most"))
    count = len(ground.sites) + (0 if waiting is None else len(waiting))
    made = linking.links(on, ground.sites, spare=count <= most)
    regions = linking.regions(on, ground)
    run.write_rows("connectivity.csv", linking.COLUMNS, linking.rows(made))
    run.write_rows("region_links.csv", linking.REGION_COLUMNS, linking.region_rows(regions))
    if count <= most:
        _write_each(run, on, made[-1], waiting)
    else:
        findings.append(told.too_many(count, most))
    limit = parameters.number("protconn.distortion") / 100
    findings += [told.cut_off(on, made[-1]), told.distortion(on, ground.sites.crs, limit)]
    findings += [f for one in made for f in told.negative(one.counted, one.found)]
    findings += [
        f
        for dimension, classes in regions.items()
        for name, one in classes.items()
        for f in told.negative(f"{dimension} {name}", one)
    ]
    findings += _rasters(ground)
    regional = linking.region_measures(on, regions)
    return Connectivity(on, linking.measures(on, made), regional, findings)


def _write_each(run: Run, on: Field, one: Linked, waiting: Any) -> None:
    run.write_rows("site_links.csv", worth.SITE_COLUMNS, worth.site_rows(on, one))
    if waiting is not None:
        rows = worth.candidate_rows(on, one, waiting)
        run.write_rows("candidate_links.csv", worth.CANDIDATE_COLUMNS, rows)


def _rasters(ground: Ground) -> list[Finding]:
    """Ecoregions that are a raster have no edges to measure between."""
    message = say("connectivity is by ecoregion only where these are polygons, not a raster")
    return [
        Finding("account.link_raster", features.kind, Severity.NOTE, message)
        for features in ground.types
        if features.kind in linking.REGIONS
    ]
