"""Checks in the field by a random sample: the plan, and the table that goes out.

Strata are formed of zones by unit, protection level and kind. Either zones are drawn, or points in
them, each square metre equally likely. The plan says how likely it sees one violation, wherever
violations lie.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.random_points import points_in
from tianren.language import say
from tianren.measures import Measure, in_order
from tianren.parameters import Parameters
from tianren.science.sampling import (
    Share,
    allocate,
    choose,
    neyman_weight,
    power_in_strata,
    random_number,
    sample_size_in_strata,
    violations_at,
)
from tianren.science.sampling_points import missed_all_points, points_needed

SOURCE = "Cochran 1977, Sampling Techniques, chapters 3 and 5"
ZONES, POINTS = "zones", "points"
BY = ("unit", "level", "kind")  # what strata may be formed by
WEIGH = ("number", "area", "expected")
FIELD_COLUMNS = (
    "visit", "stratum", "drawn", "zone", "place", "level", "kind", "area_m2", "x", "y",
    "visited_on", "result", "note",
)  # fmt: skip


# -- the plan --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """A zone that can be visited. level: of protection; shape: its polygon in an equal-area plane,
    needed where points are drawn."""

    id: str
    place: str
    level: str
    kind: str
    area_m2: float
    shape: Any = None


@dataclass(frozen=True)
class Design:
    """How a sample is drawn.

    rate: the violation rate that is to be seen, of zones or of area; by: what strata are formed by;
    unit_level: how many levels down their units are. draw: ZONES or POINTS. weigh: how visits are
    spread over strata of zones: by their number, by their area, or by `expected` rates (stratum ->
    share; Neyman). visits: how many, where that is given; else the fewest that reach the
    confidence.
    """

    rate: Share
    confidence: Share
    seed: int
    by: tuple[str, ...] = ("unit",)
    unit_level: int = 2
    draw: str = ZONES
    weigh: str = "number"
    expected: Mapping[str, float] = field(default_factory=dict)
    visits: int | None = None


@dataclass(frozen=True)
class PlannedStratum:
    """A stratum: its zones, their area, and how many visits it gets."""

    id: str
    by: tuple[tuple[str, str], ...]
    sites: tuple[Site, ...]
    area_m2: float
    visits: int


@dataclass(frozen=True)
class Visit:
    """One visit. drawn: its rank in the draw of its stratum; x, y: where to stand, None where the
    zone has no shape."""

    number: int
    stratum: str
    drawn: int
    site: Site
    x: float | None
    y: float | None


@dataclass(frozen=True)
class Plan:
    """A sample. power: at least so likely it sees one violation where the rate is the design's."""

    design: Design
    strata: tuple[PlannedStratum, ...]
    visits: tuple[Visit, ...]
    power: float
    findings: tuple[Finding, ...] = ()


def usual_design(parameters: Parameters, seed: int) -> Design:
    """The design with the rate and confidence of the parameters."""
    return Design(parameters.share("sampling.rate"), parameters.share("sampling.confidence"), seed)


def plan(sites: Iterable[Site], design: Design) -> Plan:
    """The sample of a design: the same whatever the order of the sites; UserError where a site is
    listed twice, or the design cannot be used."""
    _require_design(design)
    every = sorted(sites, key=lambda site: site.id)
    if not every:
        raise UserError("there is no zone to visit", where="sample", next_step="choose zones")
    groups = _groups(every, design)
    choose([site.id for site in every], 0, design.seed)  # which refuses an id that is there twice
    strata = _with_visits(groups, design)
    counts = [s.visits for s in strata]
    seen = power_of(strata, counts, design)
    visits = tuple(_numbered([v for s in strata for v in _drawn(s, design)]))
    return Plan(design, tuple(strata), visits, seen, tuple(_weak(seen, len(visits), design)))


def _require_design(design: Design) -> None:
    wrong = [
        *(f"by {name}" for name in design.by if name not in BY),
        *([f"draw {design.draw}"] if design.draw not in (ZONES, POINTS) else []),
        *([f"weigh {design.weigh}"] if design.weigh not in WEIGH else []),
    ]
    if wrong:
        raise UserError(
            "the sample cannot be drawn like this",
            where="; ".join(wrong),
            next_step=f"by: {', '.join(BY)}; draw: {ZONES} or {POINTS}; weigh: {', '.join(WEIGH)}",
        )


def _groups(sites: Sequence[Site], design: Design) -> dict[tuple[tuple[str, str], ...], list[Site]]:
    """The sites of each stratum, strata in the order of their names."""
    found: dict[tuple[tuple[str, str], ...], list[Site]] = {}
    for site in sites:
        unit = "/".join(site.place.split("/")[: design.unit_level])
        own = {"unit": unit, "level": site.level, "kind": site.kind}
        found.setdefault(tuple((name, own[name]) for name in design.by), []).append(site)
    return {by: found[by] for by in sorted(found)}


def stratum_id(by: Iterable[tuple[str, str]]) -> str:
    """What a stratum is called: its classes, "all" where there is one stratum."""
    return " · ".join(label or "-" for _, label in by) or "all"


def _with_visits(
    groups: Mapping[tuple[tuple[str, str], ...], Sequence[Site]], design: Design
) -> list[PlannedStratum]:
    areas = [math.fsum(site.area_m2 for site in own) for own in groups.values()]
    sizes = [len(own) for own in groups.values()]
    if design.draw == POINTS:
        _require_shapes(site for own in groups.values() for site in own)
        total = design.visits
        if total is None:
            total = points_needed(areas, float(design.rate), design.confidence)
        visits = allocate(total, [total] * len(areas), areas)
    else:
        weights = _weights(groups, sizes, areas, design)
        D = violations_at(sum(sizes), design.rate)
        total = design.visits
        if total is None:
            total = sample_size_in_strata(sizes, weights, D, design.confidence)
        visits = allocate(total, sizes, weights)
    return [
        PlannedStratum(stratum_id(by), by, tuple(own), area, n)
        for (by, own), area, n in zip(groups.items(), areas, visits, strict=True)
    ]


def _weights(
    groups: Mapping[tuple[tuple[str, str], ...], Sequence[Site]],
    sizes: Sequence[int],
    areas: Sequence[float],
    design: Design,
) -> Sequence[float]:
    if design.weigh == "area":
        return areas
    if design.weigh == "number":
        return sizes
    names = [stratum_id(by) for by in groups]
    lacking = [name for name in names if name not in design.expected]
    if lacking:
        raise UserError(
            "not every stratum has an expected violation rate",
            where=", ".join(lacking),
            next_step="give a share from 0 to 1 for each, or weigh by number",
        )
    return [neyman_weight(N, design.expected[name]) for N, name in zip(sizes, names, strict=True)]


def _require_shapes(sites: Iterable[Site]) -> None:
    lacking = [site.id for site in sites if site.shape is None or not site.area_m2 > 0]
    if lacking:
        raise UserError(
            "points can only be drawn in zones with a shape and an area",
            where=", ".join(lacking[:3]),
            by_how_much=f"{len(lacking)} zones have none",
            next_step="give their polygons, or draw zones",
        )


def power_of(strata: Sequence[PlannedStratum], visits: Sequence[int], design: Design) -> float:
    """At least so likely one violation is seen where the rate is the design's."""
    if design.draw == POINTS:
        areas = [s.area_m2 for s in strata]
        return 1.0 - missed_all_points(areas, visits, float(design.rate))
    sizes = [len(s.sites) for s in strata]
    return power_in_strata(sizes, visits, violations_at(sum(sizes), design.rate))


def _weak(power: float, visits: int, design: Design) -> list[Finding]:
    """A given number of visits may see too little."""
    if power >= float(design.confidence) - 1e-12:
        return []
    message = say(
        "{visits} visits see a violation rate of {rate} % with a probability of {power} % only",
        visits=visits, rate=f"{100 * float(design.rate):g}", power=f"{100 * power:.1f}",
    )  # fmt: skip
    return [Finding("sampling.weak", "sample", Severity.WARNING, message, SOURCE)]


def _drawn(stratum: PlannedStratum, design: Design) -> list[tuple[str, int, Site, Any]]:
    """The draw of a stratum, in its order: stratum, rank, site, where to stand."""
    if design.draw == POINTS:
        sites = [_site_at(stratum, rank, design) for rank in range(1, stratum.visits + 1)]
    else:
        by_id = {site.id: site for site in stratum.sites}
        sites = [by_id[one] for one in choose(by_id, stratum.visits, design.seed)]
    return [
        (stratum.id, rank, site, _point(stratum, rank, site, design))
        for rank, site in enumerate(sites, start=1)
    ]


def _site_at(stratum: PlannedStratum, rank: int, design: Design) -> Site:
    """The zone in which the next point falls: by area, sites in the order of their ids."""
    u = random_number(design.seed, f"zone of point {rank} in {stratum.id}") / 2**256
    limits = accumulate(site.area_m2 for site in stratum.sites)
    reached = (s for s, limit in zip(stratum.sites, limits, strict=True)
               if limit > u * stratum.area_m2)  # fmt: skip
    return next(reached, stratum.sites[-1])


def _point(stratum: PlannedStratum, rank: int, site: Site, design: Design) -> Any:
    if site.shape is None:
        return None
    seed = random_number(design.seed, f"point {rank} in {stratum.id} in {site.id}")
    return points_in(site.shape, 1, seed)[0]


def _numbered(drawn: Sequence[tuple[str, int, Site, Any]]) -> Iterable[Visit]:
    """The visits in the order in which one travels: by place, then zone."""
    way = sorted(drawn, key=lambda d: (d[2].place, d[2].id, d[0], d[1]))
    for number, (stratum, rank, site, point) in enumerate(way, start=1):
        x, y = (None, None) if point is None else (float(point[0]), float(point[1]))
        yield Visit(number, stratum, rank, site, x, y)


def plan_measures(found: Plan, place: str, period: str) -> list[Measure]:
    """The visits of the plan by stratum, and its power."""
    by_stratum = [
        Measure("sampling.visits", place, period, float(s.visits), "1",
                (("state", "planned"), *s.by), method=METHOD[found.design.draw])
        for s in found.strata
    ]  # fmt: skip
    power = Measure("sampling.power", place, period, 100 * found.power, "%",
                    (("state", "planned"),), method=METHOD[found.design.draw])  # fmt: skip
    return in_order([*by_stratum, power])


METHOD = {
    ZONES: "stratified random sample of zones without replacement; hypergeometric law",
    POINTS: "stratified random points, each square metre equally likely; binomial law",
}


# -- the table that goes out -----------------------------------------------------------------------


def field_rows(found: Plan) -> list[dict[str, str]]:
    """The table that inspectors take along: FIELD_COLUMNS, the last three empty.

    Of a plan that cannot be finished, those drawn first are visited first: then what was visited is
    a random sample still.
    """
    return [
        {
            "visit": str(v.number), "stratum": v.stratum, "drawn": str(v.drawn), "zone": v.site.id,
            "place": v.site.place, "level": v.site.level, "kind": v.site.kind,
            "area_m2": repr(float(v.site.area_m2)), "x": _coordinate(v.x), "y": _coordinate(v.y),
            "visited_on": "", "result": "", "note": "",
        }
        for v in found.visits
    ]  # fmt: skip


def _coordinate(value: float | None) -> str:
    return "" if value is None else repr(value)
