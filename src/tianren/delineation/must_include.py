"""Areas that must be inside the line, by kind.

A declared entry (a Rule) with its layer becomes MustAreas: polygons or a 0/1 raster with a kind,
a name and a protection level. Overlap counts once; a site that does not count is a Decision with
its reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tianren.delineation.decisions import Decision
from tianren.delineation.footprints import column_of, footprints
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.rules import Rule
from tianren.geo.sites import (
    BOTH,
    LAND,
    SEA,
    accepted_statuses,
    beyond_realm,
    declared_realm,
    plain,
    refused_designations,
)
from tianren.language import say
from tianren.parameters import Parameters
from tianren.raster.raster import Array, Raster, Source, Window, cell_area

# The kinds that have rules or names of their own; a project may declare any other.
KIND_NAMES = {
    "protected_area": "protected area",
    "drinking_water": "drinking-water source",
    "riparian": "riparian strip",
    "headwaters": "headwaters",
    "wetland": "wetland",
    "glacier": "glacier",
    "mangrove": "mangrove",
    "coral": "coral",
    "seagrass": "seagrass",
    "natural_shoreline": "natural shoreline",
    "tiny_population": "tiny population",
}
CORE, PROTECTED, REDLINE_ONLY = 1, 2, 3  # protection levels


def kind_name(kind: str) -> str:
    """A kind in the current language; one of a project's own as it is written."""
    return say(KIND_NAMES.get(kind, kind.replace("_", " ")))


@dataclass(frozen=True)
class MustArea:
    """Where one entry applies, at one level: a polygon layer to burn, or a 0/1 raster."""

    name: str
    kind: str
    level: int
    layer: Any = None  # GeoDataFrame: name, geometry
    raster: Raster | None = None


@dataclass(frozen=True)
class Prepared:
    """What a declared entry became."""

    areas: tuple[MustArea, ...]
    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...] = ()


def from_raster(rule: Rule, raster: Raster) -> Prepared:
    """An entry on a raster: its classes where it is a category, else every cell above zero."""
    return Prepared((MustArea(rule.name, rule.kind, _level(rule), raster=flag(rule, raster)),), ())


def flag(rule: Any, raster: Raster) -> Raster:
    """0/1 raster of a rule's classes (category) or of values above zero (anything else).

    rule: anything with name and classes. A class that the legend lacks is a UserError.
    """
    unknown = sorted(set(rule.classes) - set(raster.legend)) if raster.legend else []
    if raster.is_category and not rule.classes:
        raise UserError(
            f"{rule.name} names no classes of {raster.name}",
            where=f"project.toml [{rule.name}]",
            next_step="add classes = [..], codes of the layer's legend",
        )
    if unknown:
        raise UserError(
            f"{rule.name} names classes that {raster.name} does not have: {unknown}",
            where=f"project.toml [{rule.name}]",
            next_step=f"choose from {sorted(raster.legend)}",
        )
    source = _Flag(raster.source, tuple(rule.classes) if raster.is_category else ())
    return Raster(rule.name, raster.grid, source, kind="category", legend={0: "no", 1: "yes"})


@dataclass(frozen=True)
class _Flag:
    source: Source
    classes: tuple[int, ...]

    def read(self, window: Window) -> Array:
        cells = self.source.read(window)
        inside = np.isin(cells, self.classes) if self.classes else cells > 0
        return inside.astype(np.int32)


def from_layer(
    rule: Rule, layer: Any, parameters: Parameters, realms: Mapping[str, Any] | None = None
) -> Prepared:
    """An entry on a vector layer in the grid's equal-area CRS.

    layer: GeoDataFrame of polygons, lines (need a width) or points (need a reported area or a
    buffer). realms: the region's "land" and "sea"; a protected area that is recorded as wholly one
    loses what it has of the other. Returns areas by level and one Decision for each feature,
    whether it counts or not.
    """
    sites = _named(rule, layer)
    reasons = _refusals(rule, sites, parameters)
    sites = sites.assign(geometry=footprints(rule, sites, parameters, reasons))
    empty = sites.geometry.is_empty | sites.geometry.isna()
    for i in np.flatnonzero(empty.to_numpy()):
        reasons.setdefault(int(i), say("it has no geometry"))
    sites, cut = _in_their_realm(rule, sites, realms or {}, reasons)
    kept = [i for i in range(len(sites)) if i not in reasons]
    levels = _levels(rule, sites)
    areas = tuple(
        MustArea(rule.name, rule.kind, level, layer=chosen)
        for level in sorted(set(levels))
        if len(chosen := sites.iloc[[i for i in kept if levels[i] == level]])
    )
    findings = (*_nothing_left(rule, sites, kept), *_circles(rule, layer, kept))
    return Prepared(areas, _decisions(rule, sites, cut, reasons), findings)


def _in_their_realm(
    rule: Rule, sites: Any, realms: Mapping[str, Any], reasons: dict[int, str]
) -> tuple[Any, dict[int, str]]:
    """The sites without what their recorded realm excludes, and what to say of those cut."""
    column = column_of(rule, sites, "realm") if rule.kind == "protected_area" else None
    if column is None or not {LAND, SEA} <= set(realms):
        return sites, {}
    declared = [BOTH if i in reasons else declared_realm(v) for i, v in enumerate(sites[column])]
    before = sites.geometry.area.to_numpy()
    sites = sites.assign(geometry=beyond_realm(sites.geometry.to_numpy(), declared, realms))
    cut: dict[int, str] = {}
    for i in np.flatnonzero(sites.geometry.area.to_numpy() < before):
        left = sites.geometry.iloc[i].area
        words = {"realm": say(declared[i]), "area": f"{(before[i] - left) / 1e6:,.2f}"}
        if left <= 0:
            reasons[int(i)] = say("recorded as wholly {realm}, but all of it lies beyond", **words)
        else:
            cut[int(i)] = say("recorded as wholly {realm}: {area} km2 beyond were cut off", **words)
    return sites, cut


def from_streams(rule: Rule, strips: Raster, widths: Mapping[int, float]) -> Prepared:
    """Headwaters or riparian strips from elevation: cells along its streams (0/1 raster)."""
    message = say(
        "{kind}: derived from elevation, so they follow the grid, not surveyed rivers",
        kind=kind_name(rule.kind),
    )
    rule_id = f"must_include.{rule.kind}_from_elevation"
    derived = Finding(rule_id, rule.name, Severity.NOTE, message, "G17")
    area = MustArea(rule.name, rule.kind, _level(rule), raster=strips)
    return Prepared((area,), (), (derived, *_narrow(rule, strips, widths)))


def _narrow(rule: Rule, strips: Raster, widths: Mapping[int, float]) -> tuple[Finding, ...]:
    """A strip is never narrower than the cells of its stream: said where it should be."""
    side, least = cell_area(strips.grid) ** 0.5, 2 * min(widths.values())
    if least >= side:
        return ()
    message = say(
        "the narrowest strips of {name} are {width:,.0f} m wide, its cells {cell:,.0f} m: they are "
        "drawn one cell wide, and their area is too large",
        name=rule.name,
        width=least,
        cell=side,
    )
    return (Finding("must_include.strip_below_cell", rule.name, Severity.WARNING, message),)


def _level(rule: Rule) -> int:
    return PROTECTED if rule.kind == "protected_area" else REDLINE_ONLY


def _levels(rule: Rule, sites: Any) -> list[int]:
    """The protection level of each site: core only where a zone column says so."""
    if rule.kind != "protected_area" or "zone" not in rule.columns:
        return [_level(rule)] * len(sites)
    core = {value.casefold() for value in rule.core}
    zones = sites[column_of(rule, sites, "zone")]
    return [CORE if str(z).strip().casefold() in core else PROTECTED for z in zones]


def _named(rule: Rule, layer: Any) -> Any:
    """The layer with rows from zero and a text column `site`: its names, else the rule's."""
    sites = layer.reset_index(drop=True)
    column = column_of(rule, sites, "name")
    names = [str(n) for n in sites[column]] if column else [rule.name] * len(sites)
    return sites.assign(site=names)


def _refusals(rule: Rule, sites: Any, parameters: Parameters) -> dict[int, str]:
    """Row number -> why the site does not count."""
    reasons: dict[int, str] = {}
    for column, values in rule.where.items():
        name = column_of(Rule(rule.name, rule.kind, columns={"name": column}), sites, "name")
        _refuse(reasons, sites[name], [str(v) for v in values], column, wanted=True)
    if rule.kind == "protected_area":
        if status := column_of(rule, sites, "status"):
            _refuse(
                reasons, sites[status], accepted_statuses(parameters), say("status"), wanted=True
            )
        if designation := column_of(rule, sites, "designation"):
            refused = refused_designations(parameters)
            _refuse(reasons, sites[designation], refused, say("designation"), wanted=False)
    return reasons


def _refuse(
    reasons: dict[int, str], values: Iterable[Any], known: Iterable[str], what: str, *, wanted: bool
) -> None:
    words = {str(word).casefold() for word in known}
    for i, value in enumerate(values):
        if (plain(value) in words) != wanted:
            reasons.setdefault(
                i, say("{what} is {value}, which does not count", what=what, value=value)
            )


def _decisions(
    rule: Rule, sites: Any, cut: Mapping[int, str], reasons: Mapping[int, str]
) -> tuple[Decision, ...]:
    areas = sites.geometry.area.to_numpy()
    return tuple(
        Decision(
            "must_include",
            str(name),
            rule.kind,
            "exclude" if i in reasons else "include",
            reasons.get(i, cut.get(i, "")),
            round(float(areas[i]), 2) if areas[i] > 0 else 0.0,
        )
        for i, name in enumerate(sites["site"])
    )


def _nothing_left(rule: Rule, sites: Any, kept: list[int]) -> tuple[Finding, ...]:
    if kept:
        return ()
    message = say(
        "none of the {n} features of {name} counts, so nothing must be included for it",
        n=len(sites),
        name=rule.name,
    )
    return (Finding("must_include.none_counts", rule.name, Severity.WARNING, message, "G17"),)


def _circles(rule: Rule, layer: Any, kept: list[int]) -> tuple[Finding, ...]:
    """Points are drawn as circles, and that is said."""
    import shapely

    points = int((shapely.get_dimensions(layer.geometry.to_numpy()[kept]) == 0).sum())
    if not points:
        return ()
    message = say(
        "{n} of {all} sites of {name} are points, drawn as circles: shape and place are not exact",
        n=points,
        all=len(kept),
        name=rule.name,
    )
    source = "practice of the World Database on Protected Areas"
    return (Finding("must_include.circles", rule.name, Severity.NOTE, message, source),)


def area_on_grid(name: str, polygons_m2: float, cells_m2: float) -> Finding | None:
    """A Finding where the cell-centre rule changes an entry's area by more than a tenth.

    polygons_m2: area of the dissolved polygons inside the region; cells_m2: of their cells.
    """
    if polygons_m2 == 0 or abs(cells_m2 - polygons_m2) <= 0.1 * polygons_m2:
        return None
    message = say(
        "{name} covers {cells:,.1f} km2 on the grid and {polygons:,.1f} km2 as polygons: "
        "its shapes are narrow for the cell, or part of them lies outside the region",
        name=name,
        cells=cells_m2 / 1e6,
        polygons=polygons_m2 / 1e6,
    )
    return Finding(
        "must_include.area_on_grid",
        name,
        Severity.WARNING,
        message,
        "Tianren: How the line is drawn",
    )
