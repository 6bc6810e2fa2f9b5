"""Flyways and migratory routes: from stopover to stopover, no step longer than a species can go."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely import LineString, Point
from shapely.ops import substring

from tianren.errors import UserError
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Place = tuple[float, float]  # longitude, latitude

NAMES = ("name", "site", "label", "id")
ROLES = (*NAMES, "species", "longest_step_km", "order", "route")
DBF = 10  # characters of a heading that a Shapefile keeps


@dataclass(frozen=True)
class Step:
    """One step of a route, between two stops. longest_km NaN where the route does not say.

    start, end: names of the stops; at, to: where they are; site: whether the end is a stopover
    site (else the end, or a corner, of the line as drawn); shape: the step on the plane, as drawn.
    """

    route: str
    species: str
    number: int
    start: str
    end: str
    at: Place
    to: Place
    site: bool
    length_km: float
    longest_km: float
    shape: Any = field(default=None, compare=False)

    @property
    def too_long(self) -> bool | None:
        """Whether the species cannot go so far; None where the route does not say how far."""
        return None if np.isnan(self.longest_km) else self.length_km > self.longest_km


@dataclass(frozen=True)
class Site:
    """A stopover: its place in the layer (the first is 1), name, species, shape on the plane."""

    number: int
    name: str
    species: str
    shape: Any
    row: Any

    @property
    def middle(self) -> Any:
        return self.shape.representative_point()

    def serves(self, species: str) -> bool:
        """A site without a species serves any; else the names are the same, letter by letter."""
        return self.species in ("", species)


@dataclass(frozen=True)
class Stop:
    """Where a route stops: m along its line, name, point on the plane; site: None at a corner."""

    along: float
    name: str
    point: Any
    site: Site | None = None


@dataclass(frozen=True)
class Route:
    """A route with its stops in order. line: as drawn, None where sites alone make the route."""

    name: str
    species: str
    stops: tuple[Stop, ...]
    longest_km: float
    line: Any = None

    @property
    def path(self) -> Any:
        """The line; without one, straight from stop to stop; None with fewer than two stops."""
        if self.line is not None or len(self.stops) < 2:
            return self.line
        return LineString([stop.point for stop in self.stops])


@dataclass(frozen=True)
class Flyways:
    """What a project's routes and stopovers make: routes, every step, the sites as read."""

    routes: tuple[Route, ...] = ()
    steps: tuple[Step, ...] = ()
    sites: tuple[Site, ...] = ()

    @property
    def used(self) -> frozenset[int]:
        """Numbers of the sites that steps start or end at."""
        kept = (route for route in self.routes if len(route.stops) > 1)
        return frozenset(stop.site.number for r in kept for stop in r.stops if stop.site)


def flyways(
    routes: "GeoDataFrame | None", stopovers: "GeoDataFrame | None", reach: float
) -> Flyways:
    """The routes with their stops and steps.

    routes: lines with a column longest_step_km, and species and name where known; stops are the
    stopovers of that species at most `reach` m from the line, in its order, and its two ends;
    a line without any stops at its corners. Without lines, stopovers with a column `order`
    (and route or species) make the routes themselves. Both in one projected CRS.
    """
    sites = _read_sites(stopovers)
    if routes is not None:
        rows = enumerate(_rows(routes), start=1)
        made, crs = [_along(row, n, sites, reach) for n, row in rows], routes.crs
    elif stopovers is not None and "order" in stopovers.columns:
        made, crs = _from_sites(sites), stopovers.crs
    else:
        return Flyways(sites=tuple(sites))
    return Flyways(tuple(made), tuple(s for r in made for s in _steps(r, crs)), tuple(sites))


def named_columns(layer: "GeoDataFrame", columns: Mapping[str, str], where: str) -> "GeoDataFrame":
    """A layer of routes or stopovers whose columns bear the names that are looked for.

    columns: role -> heading, of the catalog entry. A Shapefile keeps ten characters of a heading:
    longest_st is longest_step_km, where there is none of the full name.
    """
    for role, heading in columns.items():
        _refuse_column(role, heading, layer, where)
    cut = {role[:DBF]: role for role in ROLES if len(role) > DBF and role not in columns}
    found = {h: role for h, role in cut.items() if h in layer.columns}
    found = {h: role for h, role in found.items() if role not in layer.columns}
    found |= {heading: role for role, heading in columns.items()}
    clash = [role for h, role in found.items() if role in layer.columns and role != h]
    return layer.drop(columns=[c for c in clash if c not in found]).rename(columns=found)


def _refuse_column(role: str, heading: str, layer: "GeoDataFrame", where: str) -> None:
    headings = [str(c) for c in layer.columns if c != layer.geometry.name]
    if role not in ROLES:
        raise UserError(
            f"{role} is no column of routes or stopovers",
            where=where,
            next_step=f"use one of {', '.join(ROLES)}",
        )
    if heading not in headings:
        raise UserError(
            f"there is no column called {heading}",
            where=where,
            by_how_much=f"its columns are {', '.join(headings[:15])}",
            next_step=f"correct columns.{role} in catalog.toml",
        )


def _rows(layer: "GeoDataFrame") -> Iterator[Any]:
    for geometry, (_, row) in zip(layer.geometry, layer.iterrows(), strict=True):
        for part in getattr(geometry, "geoms", [geometry]):
            if part.geom_type != "LineString":
                raise UserError(
                    f"a route is a {part.geom_type}, not a line",
                    where="project.toml [corridors] routes",
                    next_step="give lines, or give ordered sites as stopovers",
                )
            yield row, part


def _read_sites(layer: "GeoDataFrame | None") -> list[Site]:
    if layer is None:
        return []
    rows = zip(layer.geometry, layer.iterrows(), strict=True)
    return [
        Site(n, _named(row, say("site {n}", n=n)), _text(row, "species"), shape, row)
        for n, (shape, (_, row)) in enumerate(rows, start=1)
    ]


def _along(row: Any, number: int, sites: Sequence[Site], reach: float) -> Route:
    values, line = row
    species = _text(values, "species")
    stops = _sites_on(line, sites, species, reach)
    stops = _with_ends(stops, line, reach) if stops else _corners(line)
    longest = _number(values, "longest_step_km")
    return Route(_named(values, f"{number}"), species, tuple(stops), longest, line)


def _corners(line: Any) -> list[Stop]:
    """Every corner, m along the line: a line that crosses itself has two at one place."""
    points = [Point(c) for c in line.coords]
    along = accumulate((a.distance(b) for a, b in pairwise(points)), initial=0.0)
    return [
        Stop(metres, say("corner {n}", n=n), point)
        for n, (metres, point) in enumerate(zip(along, points, strict=True), start=1)
    ]


def _with_ends(stops: list[Stop], line: Any, reach: float) -> list[Stop]:
    """The ends of the line are stops too, unless a site lies there."""
    if stops[0].along > reach:
        stops = [Stop(0.0, say("start"), Point(line.coords[0])), *stops]
    if stops[-1].along < line.length - reach:
        stops = [*stops, Stop(line.length, say("end"), Point(line.coords[-1]))]
    return stops


def _sites_on(line: Any, sites: Sequence[Site], species: str, reach: float) -> list[Stop]:
    found = [
        Stop(float(line.project(site.middle)), site.name, site.middle, site)
        for site in sites
        if site.serves(species) and site.shape.distance(line) <= reach
    ]
    return sorted(found, key=lambda stop: (stop.along, stop.name))


def _from_sites(sites: Sequence[Site]) -> list[Route]:
    """Ordered sites as routes: one for each route and species; one without a species serves all."""
    named: dict[str, list[Site]] = {}
    for site in sites:
        named.setdefault(_text(site.row, "route") or site.species, []).append(site)
    found = []
    for route, members in sorted(named.items()):
        for species in sorted({s.species for s in members if s.species}) or [""]:
            found.append(_ordered(route, species, [s for s in members if s.serves(species)]))
    return found


def _ordered(route: str, species: str, sites: Sequence[Site]) -> Route:
    order = sorted(sites, key=lambda site: (_number(site.row, "order"), site.name))
    longest = np.fmin.reduce([_number(site.row, "longest_step_km") for site in sites])
    stops = tuple(Stop(0.0, site.name, site.middle, site) for site in order)
    return Route(route, species, stops, float(longest))


def _steps(route: Route, crs: Any) -> list[Step]:
    from pyproj import Geod

    earth = Geod(ellps="WGS84")
    places = _lon_lat([stop.point for stop in route.stops], crs)
    found = []
    ends = pairwise(zip(route.stops, places, strict=True))
    for n, ((a, at), (b, to)) in enumerate(ends, start=1):
        km = earth.inv(*at, *to)[2] / 1000.0
        found.append(
            Step(route.name, route.species, n, a.name, b.name, at, to, b.site is not None, km,
                 route.longest_km, _shape(route, a, b))
        )  # fmt: skip
    return found


def _shape(route: Route, start: Stop, end: Stop) -> Any:
    """The line between two stops; straight where there is no line."""
    if route.line is None:
        return LineString([start.point, end.point])
    part = substring(route.line, start.along, end.along)
    return part if part.length else LineString([start.point, end.point])


def _lon_lat(points: Sequence[Any], crs: Any) -> list[Place]:
    from tianren.geo.moves import move_between

    to = move_between(crs, "EPSG:4326")
    return [to.transform(point.x, point.y) for point in points]


def _text(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return "" if value is None or value != value else str(value).strip()


def _named(row: Mapping[str, Any], otherwise: str) -> str:
    return next((text for name in NAMES if (text := _text(row, name))), otherwise)


def _number(row: Mapping[str, Any], column: str) -> float:
    text = _text(row, column)
    if not text:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise UserError(
            f"{column} is {text!r}, not a number",
            where="project.toml [corridors]",
            next_step=f"write {column} as a number",
        ) from None
