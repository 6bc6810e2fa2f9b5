"""Land beyond the border, whose sites help those inside to connect."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.sites import LAND
from tianren.language import say, say_many
from tianren.parameters import Parameters
from tianren.steps.sites import account_sites

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project


@dataclass(frozen=True)
class Neighbours:
    """land: beyond the region, in the project's plane; sites: those of it, cut to it."""

    land: Any
    sites: "GeoDataFrame"


def neighbours(
    project: "Project", parameters: Parameters
) -> tuple[Neighbours | None, list[Finding]]:
    """The land of [account] neighbours without the region, with the sites that the sources of the
    account have there, cleaned by the same rules; None, and a finding, where none is named.

    Raises UserError where the layer has no land beyond the region.
    """
    source = project.account.neighbours
    if not source:
        message = say("no neighbouring land is given: sites across the border connect nothing, "
                      "and F_trans is 0")  # fmt: skip
        return None, [Finding("account.no_neighbours", "connectivity", Severity.NOTE, message, _BY)]
    layer, findings = project.vector(source)
    land = beyond(project, layer.geometry.to_numpy())
    frame = project.region.iloc[:1].assign(realm=LAND).set_geometry([land], crs=layer.crs)
    sites = account_sites(project, parameters, region=frame).sites
    message = say_many(
        "{n} site on neighbouring land may help to connect",
        "{n} sites on neighbouring land may help to connect",
        len(sites),
    )
    told = Finding("account.neighbours", source, Severity.NOTE, message, _BY)
    return Neighbours(land, sites), [*findings, told]


_BY = "Saura et al. 2018, Biological Conservation 219:53"


def beyond(project: "Project", shapes: Any) -> Any:
    """The land of some polygons that lies outside the region; UserError where there is none."""
    from tianren.geo.repair import polygonal

    region = project.outline
    land = polygonal(shapely.difference(shapely.union_all(shapes), region))
    if land is None or shapely.area(land) == 0:
        raise UserError(
            "the layer of neighbours has no land beyond the region",
            where=project.entry(project.account.neighbours).where,
            next_step="give the polygons of neighbouring countries, or leave the key out",
        )
    return land
