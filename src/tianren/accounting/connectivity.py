"""ProtConn: how much of the land is protected and connected, and which site carries it.

Saura et al. 2017, Ecological Indicators 76:144, and 2018, Biological Conservation 219:53.
a_i is the area of the i-th part of the dissolved union of sites inside a region. Nothing is
dissolved here: the polygons of the sites are the patches, each piece of land belongs to the first
site that covers it, and patches that touch have p = 1; the sum over them is the same. So a site can
be taken away. Distances are between edges, in the plane of the sites (geo.distances.stretch).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.geo.distances import Outlines, outlines
from tianren.geo.nearby import nearby_order
from tianren.geo.overlay import Claim, pieces
from tianren.parameters import Parameters
from tianren.science.marginal import Heirs, Total, removals, total
from tianren.science.near_links import Links, near_links
from tianren.science.newcomers import additions, newcomers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOUCHING = 1e-3  # m: parts nearer than this are one; clipping moves an edge by less


@dataclass(frozen=True)
class LinkRules:
    """half: m at which p = 0.5; least: the cut-off of p*; across: m beyond the region's border."""

    half: float
    least: float
    across: float


def link_rules(parameters: Parameters) -> LinkRules:
    """The rules of parameters/protconn.toml."""
    p, distance = parameters.number("protconn.p"), parameters.number("protconn.distance")
    return LinkRules(
        distance * math.log(0.5) / math.log(p),
        parameters.number("protconn.least"),
        parameters.number("protconn.across"),
    )


@dataclass(frozen=True)
class Patches:
    """The polygons of sites, first all inside the region, then those beyond its border.

    site: the number of the site of each; inside: how many lie inside; area: what belongs to each,
    m2, 0 beyond; heirs: who has the land of a site when it goes. sites: how many there are.
    """

    polygons: NDArray[Any]
    outlines: Outlines
    site: Ints
    inside: int
    area: Floats
    heirs: Heirs
    sites: int

    @property
    def first(self) -> Outlines:
        """The outlines of the patches inside."""
        return outlines(self.polygons[: self.inside])


def patches(sites: NDArray[Any], land: Any, *, beyond: Any = None, across: float = 0.0) -> Patches:
    """Cut sites into patches.

    sites: valid (multi)polygons in an equal-area plane, in m, first come first served where they
    overlap; land: that of the region; beyond: other land, where sites up to `across` away help to
    connect, without area of their own.
    """
    inner, owner = _clipped(sites, land)
    west, south, east, north = shapely.bounds(inner).reshape(-1, 4).T
    order = nearby_order(west + east, south + north)
    area, heirs = _attributed(inner, owner, order)
    outer, far = _clipped(sites, beyond) if beyond is not None else (inner[:0], owner[:0])
    near = shapely.dwithin(outer, land, across) if len(outer) else np.zeros(0, dtype=bool)
    polygons = np.concatenate([inner[order], outer[near]])
    site = np.concatenate([owner[order], far[near]])
    area = np.concatenate([area, np.zeros(int(near.sum()))])
    return Patches(polygons, outlines(polygons), site, len(inner), area, heirs, len(sites))


def _clipped(sites: NDArray[Any], land: Any) -> tuple[NDArray[Any], Ints]:
    """The single polygons of sites on a land, and whose each is."""
    sites = np.asarray(sites, dtype=object).copy()
    shapely.prepare(land)
    over = ~shapely.covers(land, sites)
    sites[over] = shapely.intersection(sites[over], land)
    parts, owner = shapely.get_parts(sites, return_index=True)
    parts, deeper = shapely.get_parts(parts, return_index=True)  # collections hold multipolygons
    kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)
    return parts[kept], owner[deeper][kept].astype(np.int64)


def _attributed(polygons: NDArray[Any], owner: Ints, order: Ints) -> tuple[Floats, Heirs]:
    """The area that each patch, in order, has; and who else covers it.

    Land with several covers is seen from both ends of the order: the first has it, the last, which
    touches every other cover, is its heir.
    """
    count = len(polygons)
    if count == 0:
        return np.zeros(0), Heirs(owner, owner, np.zeros(0))
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    found = pieces([Claim(polygons), Claim(polygons, np.arange(count)[::-1])])
    one, last = found.owner[:, 0], found.owner[:, 1]
    area = np.bincount(place[one], found.area, count)
    shared = owner[one] != owner[last]
    keys = owner[one[shared]] * count + place[last[shared]]
    rows, which = np.unique(keys, return_inverse=True)
    held = np.bincount(which, found.area[shared], len(rows)).astype(np.float64)
    return area.astype(np.float64), Heirs(rows // count, rows % count, held)


@dataclass(frozen=True)
class ProtConn:
    """Connected protected land of one region. Areas and ECA in m2, shares in percent.

    land: the region's; protected: of the union of sites; eca, eca_error: it is too small by at most
    the latter; eca_inside: without sites beyond the border; parts: root of the sum of squares of
    the parts of the union; within: the same of single polygons before dissolving, corrected for
    overlap; ceiling: ECA if all that is protected on one piece of the region's land were one part.
    """

    land: float
    protected: float
    eca: float
    eca_error: float
    eca_inside: float
    parts: float
    within: float
    ceiling: float

    def _share(self, area: float) -> float:
        return 100.0 * area / self.land if self.land > 0 else 0.0

    def _fraction(self, area: float) -> float:
        return 100.0 * area / self.eca if self.eca > 0 else 0.0

    @property
    def prot(self) -> float:
        return self._share(self.protected)

    @property
    def protconn(self) -> float:
        return self._share(self.eca)

    @property
    def unconnected(self) -> float:
        """ProtUnconn = Prot - ProtConn."""
        return self.prot - self.protconn

    @property
    def relative(self) -> float:
        """RelConn = 100 ProtConn / Prot."""
        return 100.0 * self.eca / self.protected if self.protected > 0 else 0.0

    @property
    def bound(self) -> float:
        """ProtConn Bound: what sea and the shape of the land make impossible is not counted."""
        return self.protconn + self._share(self.protected - self.ceiling)

    def fractions(self) -> dict[str, float]:
        """Of ProtConn, in percent: prot + unprot + trans = 100 and within + contig = prot."""
        prot = self._fraction(self.parts)
        trans = self._fraction(self.eca - self.eca_inside)
        within = self._fraction(self.within)
        return {
            "prot": prot,
            "within": within,
            "contig": prot - within,
            "unprot": 100.0 - prot - trans if self.eca > 0 else 0.0,
            "trans": trans,
        }

    def contig_makurhini(self) -> float:
        """100 - within, as the R package Makurhini writes it; for comparison only."""
        return 100.0 - self._fraction(self.within)


@dataclass(frozen=True)
class Network:
    """Patches with the links that decide between them, and between those inside alone."""

    patches: Patches
    links: Links
    inner: Links


def network(
    found: Patches, rules: LinkRules, *, spare: bool = False, workers: int | None = None
) -> Network:
    """Link patches; spare: also with what decides once a site is gone, for `contributions`."""

    def linked(shapes: Outlines, site: Ints, more: bool) -> Links:
        return near_links(shapes, site, rules.half, least=rules.least, spare=more, workers=workers)

    links = linked(found.outlines, found.site, spare)
    alone = found.inside == len(found.site)
    inner = links if alone else linked(found.first, found.site[: found.inside], False)
    return Network(found, links, inner)


def protconn(net: Network, land: Any, rules: LinkRules, *, workers: int | None = None) -> ProtConn:
    """ProtConn of a region with all its parts. land: the region's land, as for `patches`."""
    found = net.patches
    whole = _total(net.links, found.area, rules, workers)
    area = found.area[: found.inside]
    alone = net.inner is net.links
    inside = whole if alone else _total(net.inner, area, rules, workers)
    single = shapely.area(found.polygons[: found.inside])
    held, together = float(area.sum()), float(single.sum())
    overlap = math.sqrt(held / together) if together > 0 else 0.0
    return ProtConn(
        land=float(shapely.area(land)),
        protected=held,
        eca=whole.eca,
        eca_error=whole.eca_error,
        eca_inside=inside.eca,
        parts=_root_of_squares(_sums(net.inner, area)),
        within=_root_of_squares(single) * overlap,
        ceiling=_ceiling(found, land, rules, workers),
    )


def by_region(
    sites: NDArray[Any],
    lands: Mapping[str, Any],
    rules: LinkRules,
    *,
    beyond: Any = None,
    workers: int | None = None,
) -> dict[str, ProtConn]:
    """ProtConn of each of several regions (ecoregions, provinces), by name.

    Each is measured alone; sites in the others, or on the land beyond them all, and within
    `rules.across` of it help to connect.
    """
    others = [] if beyond is None else [beyond]
    everywhere = shapely.union_all(np.array([*lands.values(), *others], dtype=object))
    found = {}
    for name, land in lands.items():
        around = shapely.difference(everywhere, land)
        cut = patches(sites, land, beyond=around, across=rules.across)
        found[name] = protconn(network(cut, rules, workers=workers), land, rules, workers=workers)
    return found


def _total(links: Links, area: Floats, rules: LinkRules, workers: int | None) -> Total:
    return total(links.graph(len(area), rules.half), area, least=rules.least, workers=workers)


def _root_of_squares(areas: Floats) -> float:
    return math.sqrt(math.fsum(areas**2))


def _sums(links: Links, area: Floats) -> Floats:
    """The area of each part of the union: patches that touch, or that touching ones join."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    near, n = links.metres <= TOUCHING, len(area)
    if n == 0:
        return area
    pairs = csr_array((np.ones(int(near.sum())), (links.one[near], links.other[near])), (n, n))
    _, part = connected_components(pairs, directed=False)
    return np.bincount(part, area).astype(np.float64)


def _ceiling(found: Patches, land: Any, rules: LinkRules, workers: int | None) -> float:
    """ECA of the region's pieces of land, each with what is protected on it as one part."""
    lands = shapely.get_parts(land)
    lands = lands[np.argsort(shapely.bounds(lands)[:, 0], kind="stable")]
    places = shapely.point_on_surface(found.polygons[: found.inside])
    at, on = shapely.STRtree(lands).query_nearest(places, all_matches=False)
    held = np.bincount(on, found.area[at], len(lands))
    shapes = np.concatenate([lands, found.polygons[found.inside :]])
    area = np.concatenate([held, np.zeros(len(shapes) - len(lands))])
    links = near_links(
        outlines(shapes), np.arange(len(shapes)), rules.half, least=rules.least, workers=workers
    )
    return _total(links, area, rules, workers).eca


def contributions(net: Network, rules: LinkRules, *, workers: int | None = None) -> Floats:
    """What ECA loses without each site, m2, (sites,); 0 for one with no land in the region.

    The network must be made with spare=True. Land that another site also covers stays.
    """
    found = net.patches
    graph = net.links.graph(len(found.area), rules.half)
    left = removals(graph, found.area, found.site, found.heirs, least=rules.least, workers=workers)
    whole = _total(net.links, found.area, rules, workers).eca
    lost = np.zeros(found.sites)
    there = int(found.site.max(initial=-1)) + 1
    lost[:there] = whole - np.sqrt(np.maximum(left[:there], 0.0))
    lost[np.setdiff1d(np.arange(there), found.site)] = 0.0  # no land: not even a rounding
    return lost


def gains(
    net: Network,
    candidates: NDArray[Any],
    land: Any,
    rules: LinkRules,
    *,
    workers: int | None = None,
) -> Floats:
    """What ECA gains by each candidate alone, m2, (candidates,). Polygons as for `patches`."""
    found = net.patches
    graph = net.links.graph(len(found.area), rules.half)
    shapes, group = _clipped(candidates, land)
    gained = np.zeros(len(candidates))
    if len(shapes) == 0:
        return gained
    there, number = np.unique(group, return_inverse=True)
    all_outlines = outlines(np.concatenate([found.polygons, shapes]))
    new = newcomers(graph, all_outlines, number, rules.half, least=rules.least, workers=workers)
    fresh = _not_covered(found.polygons[: found.inside], shapes)
    more = additions(graph, found.area, new, fresh, least=rules.least, workers=workers)
    before = _total(net.links, found.area, rules, workers)
    gained[there] = np.sqrt(before.pc_sum + more) - before.eca
    return gained


def _not_covered(held: NDArray[Any], shapes: NDArray[Any]) -> Floats:
    """The area of each shape that nothing held covers, m2; shapes may lie on one another."""
    fresh = np.zeros(len(shapes))
    for layer in _layers(shapes):
        claim = Claim(np.concatenate([held, shapes[layer]]))
        fresh[layer] = pieces([claim]).of(0, len(held) + len(layer))[len(held) :]
    return fresh


def _layers(shapes: NDArray[Any]) -> list[Ints]:
    """The shapes in as few layers as come of themselves, those of one layer apart."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    layer = np.zeros(len(shapes), dtype=np.int64)
    for k in range(len(shapes)):
        taken = layer[other[(one == k) & (other < k)]]
        layer[k] = np.setdiff1d(np.arange(len(taken) + 1), taken)[0]
    return [np.flatnonzero(layer == n) for n in range(int(layer.max(initial=-1)) + 1)]
