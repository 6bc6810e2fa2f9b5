"""Where records may lie: the region with its centres, institutions and ranges, and the limits."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.moves import move_between
from tianren.geo.records import CODES, Cleaned, Limits, Region
from tianren.io.sources import Entry
from tianren.language import say
from tianren.parameters import Parameters
from tianren.parameters.headings import columns_by_role, usual_headings
from tianren.science.names import Checklist, Match, match_names
from tianren.science.taxa import Taxon

if TYPE_CHECKING:
    from pandas import DataFrame

    from tianren.project.project import AdminLevel, Project
    from tianren.project.sections.species import SpeciesTable


def limits_of(parameters: Parameters) -> Limits:
    """The limits of cleaning in force."""
    basis = parameters.word("records.refused_basis")
    return Limits(
        largest_uncertainty=parameters.number("records.largest_uncertainty"),
        earliest_year=parameters.number("records.earliest_year"),
        coast_tolerance=parameters.number("records.coast_tolerance"),
        centroid_distance=parameters.number("records.centroid_distance"),
        institution_distance=parameters.number("records.institution_distance"),
        range_tolerance=parameters.number("records.range_tolerance"),
        duplicate_decimals=int(parameters.number("records.duplicate_decimals")),
        refused_basis=frozenset(word.strip().casefold() for word in basis.split(",")),
    )


def region_of(
    project: "Project", table: "SpeciesTable", checklist: Checklist | None, taxa: Sequence[Taxon],
    findings: list[Finding], strangers: list[Match],
) -> Region:  # fmt: skip
    """The project's region as records are judged by it; what was found is added to findings.

    strangers: the names of ranges that name no species are added to it.
    """
    shapes = dict(zip(project.region["realm"], project.region.geometry, strict=True))
    land = shapes["land"]
    centres = [land.centroid.coords[0]]
    for level in project.admin:
        centres += _centres(project, level)
    return Region(
        crs=project.grid.crs.to_wkt(),
        land=land,
        sea=shapes.get("sea"),
        centroids=np.array(centres, dtype=np.float64),
        institutions=_institutions(project, table, findings),
        ranges=_ranges(project, table, checklist, findings, strangers),
        marine=frozenset(taxon.species for taxon in taxa if taxon.marine),
    )


def _centres(project: "Project", level: "AdminLevel") -> list[tuple[float, float]]:
    """The centroid of each division of a level: of all its features, by their areas."""
    layer, _ = project.vector(level.source)
    sums: dict[str, NDArray[np.float64]] = {}
    for code, shape in zip(layer[level.code].astype(str), layer.geometry, strict=True):
        part = np.array([shape.area, shape.area * shape.centroid.x, shape.area * shape.centroid.y])
        sums[code] = sums.get(code, np.zeros(3)) + part
    return [(s[1] / s[0], s[2] / s[0]) for _, s in sorted(sums.items()) if s[0] > 0]


def _institutions(
    project: "Project", table: "SpeciesTable", findings: list[Finding]
) -> NDArray[np.float64]:
    """x, y of the institutions; a row without a usable place is told and left out."""
    if not table.institutions:
        return np.empty((0, 2))

    entry = project.entry(table.institutions)
    rows, found = project.table(table.institutions)
    findings += found
    roles = columns_by_role("places", map(str, rows.columns))
    for role in ("longitude", "latitude"):
        if role not in roles:
            raise UserError(
                f"the institutions have no column of {role}",
                where=entry.where,
                by_how_much=f"their columns are {', '.join(map(str, rows.columns[:12]))}",
                next_step=f"rename the column to {usual_headings('places', role)[0]}",
            )
    places = []
    for number, *cells in zip(rows.index, rows[roles["longitude"]], rows[roles["latitude"]],
                              strict=True):  # fmt: skip
        place = _degrees(*map(str, cells))
        if place:
            places.append(place)
            continue
        message = say("row {row} has no usable place: {value}", row=number, value=", ".join(cells))
        findings.append(
            Finding("records.institution", entry.name, Severity.WARNING, message, entry.uri)
        )
    move = move_between(4326, project.grid.crs.to_wkt())
    lon, lat = np.array(places, dtype=np.float64).reshape(-1, 2).T
    xy = np.column_stack(move.transform(lon, lat))
    return np.asarray(xy[np.isfinite(xy).all(axis=1)])


def _degrees(longitude: str, latitude: str) -> tuple[float, float] | None:
    try:
        lon, lat = float(longitude), float(latitude)
    except ValueError:
        return None
    return (lon, lat) if math.fabs(lon) <= 180 and math.fabs(lat) <= 90 else None


def _ranges(
    project: "Project", table: "SpeciesTable", checklist: Checklist | None,
    findings: list[Finding], strangers: list[Match],
) -> Mapping[str, Any]:  # fmt: skip
    """Species -> the union of its range polygons in the plane."""
    if not table.ranges:
        return {}
    entry = project.entry(table.ranges)
    layer, found = project.vector(table.ranges)
    findings += found
    if table.range_column not in layer.columns:
        columns = ", ".join(str(c) for c in layer.columns if c != "geometry")
        raise UserError(
            f"the ranges have no column {table.range_column}",
            where=entry.where,
            next_step=f"write range_column = one of {columns}, in [species] of project.toml",
        )
    written = list(layer[table.range_column].astype(str))
    matches = match_names(written, checklist)
    shapes: dict[str, list[Any]] = {}
    for name, shape in zip(written, layer.geometry, strict=True):
        if species := matches[name].species:
            shapes.setdefault(species, []).append(shape)
    unknown = [matches[name] for name in sorted(matches) if not matches[name].species]
    strangers += unknown
    findings += _strange_ranges(entry, unknown, checklist)
    return {species: shapely.union_all(parts) for species, parts in sorted(shapes.items())}


def _strange_ranges(
    entry: Entry, strangers: Sequence[Match], checklist: Checklist | None
) -> list[Finding]:
    """Ranges whose name the checklist lacks, right or not, and those that name no species."""
    unlisted = [match for match in strangers if match.how == "unmatched"]
    others = [match.written for match in strangers if match.how != "unmatched"]
    messages = []
    if checklist is not None and unlisted:
        messages.append(say(
            "{n} ranges bear a name that is not in the checklist {checklist}: {names}; they are "
            "not used: add the names to the checklist if they are right, or correct them; "
            "unmatched.csv lists all",
            n=len(unlisted), checklist=checklist.where,
            names="; ".join(_with_near(match) for match in unlisted[:5]),
        ))  # fmt: skip
    if others:
        names = ", ".join(others[:5])
        messages.append(say("{n} ranges bear a name without a species: {names}", n=len(others),
                            names=names))  # fmt: skip
    return [
        Finding("records.range_name", entry.name, Severity.WARNING, message, entry.uri)
        for message in messages
    ]


def _with_near(match: Match) -> str:
    if not match.candidates:
        return match.written
    return say("{name} (near it: {names})", name=match.written, names=", ".join(match.candidates))


def range_findings(
    rows: "DataFrame", names: Mapping[str, tuple[str, str]], cleaned: Cleaned, region: Region
) -> list[Finding]:
    """Species none of whose records is kept because their range lies on the other hemisphere."""
    if not region.ranges:
        return []
    species = np.array([names[str(n)][0] for n in rows["species"].cat.categories] or [""])
    each = species[rows["species"].cat.codes.to_numpy()]
    wrong = set(each[cleaned.reason == CODES["other_hemisphere"]]) - set(each[cleaned.kept])
    return [
        Finding(
            "records.range_hemisphere",
            name,
            Severity.ERROR,
            say(
                "the range of {species} lies on the other hemisphere than all its records; "
                "check the sign of its coordinates",
                species=name,
            ),
            "ranges",
        )
        for name in sorted(wrong)
    ]
