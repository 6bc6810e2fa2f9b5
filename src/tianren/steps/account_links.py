"""How connected protected land is: ProtConn with its fractions, of the whole and by region."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.accounting.connectivity import (
    LinkRules,
    Network,
    ProtConn,
    by_region,
    link_rules,
    network,
    patches,
    protconn,
)
from tianren.accounting.coverage import KINDS, LAND, counted_names, one_after_another
from tianren.findings import Finding
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.steps.account_ground import UNIT, Ground
from tianren.steps.account_tables import Asked
from tianren.steps.neighbours import Neighbours, neighbours

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project

COLUMNS = ("counted", "measure", "percent", "low", "high")
REGION_COLUMNS = (
    "dimension", "class", "counted", "land_m2", "protected_m2", "eca_m2", "eca_error_m2",
    "prot_percent", "protconn_percent", "protunconn_percent", "relconn_percent", "bound_percent",
    "f_prot_percent", "f_within_percent", "f_contig_percent", "f_unprot_percent",
    "f_trans_percent",
)  # fmt: skip
METHOD = "exact edge-to-edge distances; Saura et al. 2017, 2018"
REGIONS = (UNIT, "ecoregion")


@dataclass(frozen=True)
class Field:
    """What sites connect on: land of the region, and beyond its border where that is given."""

    land: Any
    beyond: Neighbours | None
    rules: LinkRules
    asked: Asked
    sources: tuple[str, ...]

    def whole(self) -> Any:
        """All the land there is, on both sides of the border."""
        return self.land if self.beyond is None else shapely.union(self.land, self.beyond.land)

    def with_outer(self, sites: "GeoDataFrame", kinds: tuple[str, ...]) -> Any:
        """The polygons of sites, and after them those of the sites of these kinds beyond."""
        mine = sites.geometry.to_numpy()
        if self.beyond is None:
            return mine
        return np.concatenate(
            [mine, one_after_another(self.beyond.sites, kinds).geometry.to_numpy()]
        )


@dataclass(frozen=True)
class Linked:
    """ProtConn of what is counted. sites: those inside, numbered as the patches of `net` are."""

    counted: str
    sites: "GeoDataFrame"
    net: Network
    found: ProtConn


def link_field(
    project: "Project", parameters: Parameters, ground: Ground, asked: Asked
) -> tuple[Field, list[Finding]]:
    """Land on both sides of the border, with the rules."""
    inside = ground.region.geometry[(ground.region["realm"] == LAND).to_numpy()]
    beyond, findings = neighbours(project, parameters)
    named = (project.account.neighbours,) if beyond else ()
    land = shapely.union_all(inside.to_numpy())
    sources = (*ground.found.sources, *named)
    return Field(land, beyond, link_rules(parameters), asked, sources), findings


def links(field: Field, sites: "GeoDataFrame", *, spare: bool = False) -> list[Linked]:
    """ProtConn of protected areas, and with OECMs. spare: the last also for `contributions`."""
    made, kinds = [], KINDS[:2]
    for n, counted in enumerate(counted_names(kinds), start=1):
        mine = one_after_another(sites, kinds[:n])
        shapes = field.with_outer(mine, kinds[:n])
        beyond = field.beyond.land if field.beyond else None
        cut = patches(shapes, field.land, beyond=beyond, across=field.rules.across)
        net = network(cut, field.rules, spare=spare and n == len(kinds))
        made.append(Linked(counted, mine, net, protconn(net, field.land, field.rules)))
    return made


# -- what is written -------------------------------------------------------------------------------

Range = tuple[float, float | None, float | None]  # value, low, high


def _parts(found: ProtConn) -> dict[str, Range]:
    """Percent of the land; what paths below the cut-off may change is between low and high."""
    more = 100 * found.eca_error / found.land if found.land > 0 else 0.0
    relative = 100 * found.eca_error / found.protected if found.protected > 0 else 0.0
    return {
        "ProtConn": (found.protconn, found.protconn, found.protconn + more),
        "Prot": (found.prot, None, None),
        "ProtUnconn": (found.unconnected, found.unconnected - more, found.unconnected),
        "RelConn": (found.relative, found.relative, found.relative + relative),
        "ProtConn bound": (found.bound, None, None),
    }


def rows(made: list[Linked]) -> list[dict[str, Any]]:
    """Rows of connectivity.csv."""
    found = []
    for one in made:
        fractions: dict[str, Range] = {k: (v, None, None) for k, v in one.found.fractions().items()}
        for name, values in {**_parts(one.found), **fractions}.items():
            of = dict(zip(COLUMNS[2:], ("" if v is None else v for v in values), strict=True))
            found.append({"counted": one.counted, "measure": name, **of})
    return found


def measures(field: Field, made: list[Linked]) -> list[Measure]:
    """ProtConn and its fractions, of all the land."""
    found = []
    for one in made:
        found += _measures(field, one.found, one.counted, ())
        fractions = one.found.fractions().items()
        by = (("counted", one.counted),)
        found += [_measure(field, "account.protconn_fraction", (value, None, None),
                           (("fraction", name), *by)) for name, value in fractions]  # fmt: skip
    return found


def _measures(
    field: Field, found: ProtConn, counted: str, where: tuple[tuple[str, str], ...]
) -> list[Measure]:
    return [
        _measure(field, "account.protconn", values,
                 (("part", name), *where, ("counted", counted)))
        for name, values in _parts(found).items()
    ]  # fmt: skip


def _measure(
    field: Field, indicator: str, values: Range, by: tuple[tuple[str, str], ...]
) -> Measure:
    value, low, high = (None if v is None else float(v) for v in values)
    place, period = field.asked.place, field.asked.period
    return Measure(indicator, place, period, value or 0.0, "%", by, low, high, METHOD,
                   field.sources)  # fmt: skip


# -- by region -------------------------------------------------------------------------------------


def regions(field: Field, ground: Ground) -> dict[str, dict[str, ProtConn]]:
    """ProtConn of all that is counted, by unit of the first level and ecoregion: dimension, class.

    Each region is measured alone; sites around it, on either side of the border, help to connect.
    """
    kinds = KINDS[:2]
    shapes = field.with_outer(one_after_another(ground.sites, kinds), kinds)
    found = {}
    for zoning in ground.zonings:
        if zoning.dimension in REGIONS:
            lands = _lands(zoning.names, zoning.polygons, field.land)
            found[zoning.dimension] = by_region(shapes, lands, field.rules, beyond=field.whole())
    return found


def _lands(names: tuple[str, ...], polygons: Any, land: Any) -> dict[str, Any]:
    """The land of each name, one shape each; those without land are left out."""
    from tianren.geo.repair import polygonal

    of = np.array(names, dtype=object)
    found = {}
    for name in sorted(set(names) - {""}):
        shape = polygonal(shapely.intersection(shapely.union_all(polygons[of == name]), land))
        if shape is not None and shapely.area(shape) > 0:
            found[name] = shape
    return found


def region_rows(found: dict[str, dict[str, ProtConn]]) -> list[dict[str, Any]]:
    """Rows of region_links.csv."""
    counted = counted_names(KINDS[:2])[-1]
    return [
        dict(zip(REGION_COLUMNS, (dimension, name, counted, *_numbers(one)), strict=True))
        for dimension, classes in found.items()
        for name, one in classes.items()
    ]


def _numbers(one: ProtConn) -> tuple[float, ...]:
    share = one.fractions()
    return (
        one.land, one.protected, one.eca, one.eca_error, one.prot, one.protconn, one.unconnected,
        one.relative, one.bound, share["prot"], share["within"], share["contig"], share["unprot"],
        share["trans"],
    )  # fmt: skip


def region_measures(field: Field, found: dict[str, dict[str, ProtConn]]) -> list[Measure]:
    counted = counted_names(KINDS[:2])[-1]
    return [
        m
        for dimension, classes in found.items()
        for name, one in classes.items()
        for m in _measures(field, one, counted, ((dimension, name),))
    ]
