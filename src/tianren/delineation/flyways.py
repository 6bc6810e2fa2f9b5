"""Flyways and migratory routes: from stopover to stopover, no step longer than a species can go."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Place = tuple[float, float]  # longitude, latitude

NAMES = ("name", "site", "label", "id")


@dataclass(frozen=True)
class Step:
    """One step of a route, between two stops. longest_km NaN where the route does not say.

    start, end: names of the stops; at, to: where they are; site: whether the end is a stopover
    site (else the end, or a corner, of the line as drawn).
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

    @property
    def too_long(self) -> bool:
        return self.length_km > self.longest_km


def route_steps(
    routes: "GeoDataFrame | None", stopovers: "GeoDataFrame | None", reach: float
) -> tuple[list[Step], list[Finding]]:
    """Every step of the routes, and what is wrong with them. Lengths are geodesic.

    routes: lines with a column longest_step_km, and species and name where known; stops are the
    stopovers of that species at most `reach` m from the line, in its order, and its two ends;
    a line without any stops at its corners. Without lines, stopovers with a column `order`
    (and route or species) make the routes themselves. Both in one projected CRS.
    """
    found: list[Step] = []
    for number, row in enumerate(_rows(routes), start=1):
        found += _along(row, number, stopovers, reach)
    if routes is None and stopovers is not None:
        found += _from_sites(stopovers)
    return found, _findings(found)


def _rows(layer: "GeoDataFrame | None") -> Iterator[Any]:
    if layer is None:
        return
    for geometry, (_, row) in zip(layer.geometry, layer.iterrows(), strict=True):
        for part in getattr(geometry, "geoms", [geometry]):
            if part.geom_type != "LineString":
                raise UserError(
                    f"a route is a {part.geom_type}, not a line",
                    where="project.toml [corridors] routes",
                    next_step="give lines, or give ordered sites as stopovers",
                )
            yield row, part, layer.crs


def _along(row: Any, number: int, stopovers: "GeoDataFrame | None", reach: float) -> list[Step]:
    values, line, crs = row
    species, name = _text(values, "species"), _named(values, f"{number}")
    stops = _sites_on(line, stopovers, species, reach)
    if not stops:
        corners = [(line.project(_point(c)), "", c, False) for c in line.coords]
        stops = [(d, say("corner {n}", n=i), c, s) for i, (d, _, c, s) in enumerate(corners, 1)]
    else:
        first, last = line.coords[0], line.coords[-1]
        stops = _with_ends(stops, first, last, line.length, reach)
    places = _lon_lat([c for _, _, c, _ in stops], crs)
    longest = _number(values, "longest_step_km")
    ends = [(label, place, site) for (_, label, _, site), place in zip(stops, places, strict=True)]
    return _steps(name, species, ends, longest)


Stop = tuple[float, str, Any, bool]  # along the line, name, coordinates, whether a stopover site


def _with_ends(stops: list[Stop], first: Any, last: Any, length: float, reach: float) -> list[Stop]:
    """The ends of the line are stops too, unless a site lies there."""
    if stops[0][0] > reach:
        stops = [(0.0, say("start"), first, False), *stops]
    if stops[-1][0] < length - reach:
        stops = [*stops, (length, say("end"), last, False)]
    return stops


def _sites_on(
    line: Any, stopovers: "GeoDataFrame | None", species: str, reach: float
) -> list[Stop]:
    if stopovers is None:
        return []
    found = []
    for i, (geometry, (_, row)) in enumerate(
        zip(stopovers.geometry, stopovers.iterrows(), strict=True), start=1
    ):
        if _text(row, "species") in ("", species) and geometry.distance(line) <= reach:
            middle = geometry.representative_point()
            label = _named(row, say("site {n}", n=i))
            found.append((float(line.project(middle)), label, middle.coords[0], True))
    return sorted(found, key=lambda stop: (stop[0], stop[1]))


def _from_sites(stopovers: "GeoDataFrame") -> list[Step]:
    """Ordered sites as routes: one for each value of route, else of species."""
    if "order" not in stopovers.columns:
        return []
    key = "route" if "route" in stopovers.columns else "species"
    groups: dict[str, list[Any]] = {}
    for i, (geometry, (_, row)) in enumerate(
        zip(stopovers.geometry, stopovers.iterrows(), strict=True), start=1
    ):
        stop = (_number(row, "order"), _named(row, say("site {n}", n=i)), geometry, row)
        groups.setdefault(_text(row, key), []).append(stop)
    found: list[Step] = []
    for route, stops in sorted(groups.items()):
        stops.sort(key=lambda stop: (stop[0], stop[1]))
        middles = [stop[2].representative_point().coords[0] for stop in stops]
        places = _lon_lat(middles, stopovers.crs)
        ends = [(stop[1], place, True) for stop, place in zip(stops, places, strict=True)]
        longest = np.fmin.reduce([_number(stop[3], "longest_step_km") for stop in stops])
        found += _steps(route, _text(stops[0][3], "species"), ends, float(longest))
    return found


def _steps(
    route: str, species: str, ends: Sequence[tuple[str, Place, bool]], longest: float
) -> list[Step]:
    from pyproj import Geod

    earth = Geod(ellps="WGS84")
    found = []
    for n, ((start, at, _), (end, to, site)) in enumerate(pairwise(ends), start=1):
        metres = earth.inv(*at, *to)[2]
        found.append(Step(route, species, n, start, end, at, to, site, metres / 1000.0, longest))
    return found


def _findings(steps: Sequence[Step]) -> list[Finding]:
    found = [
        Finding(
            "corridors.step_too_long",
            step.route,
            Severity.WARNING,
            say(
                "from {start} to {end} are {length} km, farther than the {longest} km that "
                "{species} goes at most",
                start=step.start,
                end=step.end,
                length=f"{step.length_km:,.0f}",
                longest=f"{step.longest_km:,.0f}",
                species=step.species or say("the species"),
            ),
        )
        for step in steps
        if step.too_long
    ]
    unknown = sorted({step.route for step in steps if np.isnan(step.longest_km)})
    return found + [
        Finding(
            "corridors.no_longest_step",
            route,
            Severity.WARNING,
            say("the route has no longest_step_km, so its steps cannot be judged"),
        )
        for route in unknown
    ]


def _point(coordinates: Any) -> Any:
    from shapely import Point

    return Point(coordinates)


def _lon_lat(places: Sequence[Any], crs: Any) -> list[Place]:
    from tianren.geo.moves import move_between

    to = move_between(crs, "EPSG:4326")
    return [to.transform(place[0], place[1]) for place in places]


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
