"""What is wrong with routes and stopovers: steps too long, sites that no route stops at."""

import difflib
from collections.abc import Sequence

from tianren.delineation.flyways import Flyways, Route, Site, Step
from tianren.findings import Finding, Severity
from tianren.language import say

SHOWN = 5  # names in one finding; more are counted


def flyway_findings(found: Flyways, reach: float) -> list[Finding]:
    """Steps, then routes of fewer than two stops, then stopovers that no route stops at."""
    left = [site for site in found.sites if site.number not in found.used]
    if found.sites and not found.routes:
        return [_no_routes()]
    return [
        *_too_long(found.steps),
        *_no_limit(found.steps),
        *_short(found.routes),
        *_strange(left, found.routes),
        *_far(left, found.routes, reach),
    ]


def _warning(rule: str, subject: str, message: str) -> Finding:
    return Finding(f"corridors.{rule}", subject, Severity.WARNING, message)


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return "; ".join(names[:SHOWN]) + (say(" and {n} more", n=more) if more > 0 else "")


def _too_long(steps: Sequence[Step]) -> list[Finding]:
    return [
        _warning(
            "step_too_long",
            step.route,
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


def _no_limit(steps: Sequence[Step]) -> list[Finding]:
    message = say("the route has no longest_step_km, so its steps cannot be judged")
    routes = sorted({step.route for step in steps if step.too_long is None})
    return [_warning("no_longest_step", route, message) for route in routes]


def _no_routes() -> Finding:
    message = say(
        "the stopovers make no route: there are no routes, and no column order; name lines as "
        "routes, or number the stopovers in a column order"
    )
    return _warning("no_routes", "stopovers", message)


def _known(routes: Sequence[Route]) -> list[str]:
    """Species that have a route: a line, or two stops at least."""
    return sorted({route.species for route in routes if route.species and route.path is not None})


def _short(routes: Sequence[Route]) -> list[Finding]:
    """Routes without a step; a stop of a strange species beside a whole route is told as such."""
    whole, known = {r.name for r in routes if len(r.stops) > 1}, _known(routes)
    lone = [
        route
        for route in routes
        if len(route.stops) < 2 and (route.name not in whole or route.species in known)
    ]
    if not lone:
        return []
    message = say(
        "no step can be measured on {n} of the routes, with fewer than two stops: {names}",
        n=len(lone),
        names=_some([_route_name(route) for route in lone]),
    )
    return [_warning("short_route", "routes", message)]


def _route_name(route: Route) -> str:
    stop = route.stops[0].name if route.stops else ""
    return f"{route.name} ({stop})" if stop else route.name


def _strange(sites: Sequence[Site], routes: Sequence[Route]) -> list[Finding]:
    """Stopovers of a species that no route is of, with the species whose name is most like it."""
    known = _known(routes)
    strange = [site for site in sites if site.species and site.species not in known]
    if not strange:
        return []
    message = say(
        "no route is of the species of {n} of the stopovers, so none stops there: {names}",
        n=len(strange),
        names=_some([_with_species(site, known) for site in strange]),
    )
    return [_warning("stopover_species", "stopovers", message)]


def _with_species(site: Site, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(site.species, known, n=1, cutoff=0.0)
    if not near:
        return say("{site} ({species})", site=site.name, species=site.species)
    return say(
        "{site} ({species}; the nearest name of a route is {near})",
        site=site.name, species=site.species, near=near[0],
    )  # fmt: skip


def _far(sites: Sequence[Site], routes: Sequence[Route], reach: float) -> list[Finding]:
    """Stopovers beyond the reach of every route of their species, the nearest first."""
    metres = [(_distance(site, routes), site) for site in sites]
    away = [(m, site) for m, site in metres if m is not None and m > reach]
    if not away:
        return []
    away.sort(key=lambda pair: (pair[0], pair[1].number))
    message = say(
        "no route stops at {n} of the stopovers, farther than {reach} km from every route of their "
        "species: {names}",
        n=len(away),
        reach=f"{reach / 1000:g}",
        names=_some([f"{site.name} ({m / 1000:,.1f} km)" for m, site in away]),
    )
    return [_warning("stopover_unused", "stopovers", message)]


def _distance(site: Site, routes: Sequence[Route]) -> float | None:
    """m to the nearest route that the site could serve; None where there is none."""
    paths = [route.path for route in routes if site.serves(route.species)]
    return min((site.shape.distance(path) for path in paths if path is not None), default=None)
