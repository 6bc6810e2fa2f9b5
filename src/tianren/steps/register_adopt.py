"""The step behind `tianren register adopt`: a drawn line becomes the line that is kept."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.sites import OECM as OECM_SITE
from tianren.geo.sites import drawn
from tianren.io.vectors import read_result
from tianren.language import say, say_many
from tianren.management.register import (
    CORE,
    GENERAL,
    OECM,
    PROTECTED,
    REDLINE,
    UNIT,
    NewZone,
    Warrant,
    Zone,
    enter,
)
from tianren.project.roles import person_of
from tianren.project.runs import RunResults, open_run
from tianren.steps.finding_counts import findings_line
from tianren.steps.journal_writing import clock_finding, writing
from tianren.steps.places import Places, Unit, place_of, units_of
from tianren.steps.progress import Progress, silent
from tianren.steps.register_fold import ZONES, require_plane
from tianren.steps.sites import account_sites
from tianren.steps.told import Told
from tianren.steps.zone_nature import (
    conflict_shares,
    cover_shares,
    natural_means,
    natural_percent,
    rounded,
)

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project

Shapes = NDArray[Any]
LEAST_M2 = 1.0  # less beyond the border, or within it, is the drawing's own error
MARGIN = 0.01  # the percent by which polygons and cells of a line may differ without a word


def adopt(
    project: "Project",
    *,
    actor: str,
    ground: str,
    run: str | None = None,
    day: dt.date | None = None,
    reason: str = "",
    progress: Progress = None,
) -> Told:
    """Enter a drawn line into the register: its pieces, the protected areas and OECMs that count,
    and the divisions. All or nothing; a line that is there already changes by adjustment."""
    tell = progress or silent
    line = open_run(project, run, step="delineate")
    person = person_of(project, actor)
    post = person.require("register.adopt", "")
    warrant = Warrant(person.id, post, day or dt.date.today(), ground, reason, line.id)
    tell(say("divisions"))
    units, findings = units_of(project)
    places = _finest(units)
    tell(say("pieces of the line"))
    pieces, shapes, more = _pieces(project, line, places)
    findings += [*more, *_drift(pieces, line)]
    tell(say("protected areas and OECMs"))
    sites, site_shapes, more = _sites(project, line, places)
    findings += more
    new = [*_units(units, shapes), *pieces, *sites]
    shapes.update(site_shapes)
    tell(say("the journal"))
    with writing(project, person) as book:
        require_plane(project, book)
        standing = book.states(ZONES)
        _require_first(standing)
        outcome = enter(standing, new, warrant).or_refuse("register", _ANOTHER)
        numbers = book.append(outcome.records, shapes)
        findings += clock_finding(book)
    return _told(line, pieces, sites, units, numbers, findings)


_ANOTHER = "the line changes by adjustment: tianren adjust propose"


def _require_first(standing: Mapping[str, Zone]) -> None:
    line = [z for z in standing.values() if z.kind == REDLINE and z.stands]
    if line:
        raise UserError(
            say_many("a line is kept already: {n} piece since {day}",
                     "a line is kept already: {n} pieces since {day}", len(line),
                     day=min(z.since for z in line)),
            where="register", next_step=say(_ANOTHER),
        )  # fmt: skip


def _told(
    line: RunResults, pieces: Sequence[NewZone], sites: Sequence[NewZone], units: Sequence[Unit],
    numbers: range, findings: Sequence[Finding],
) -> Told:  # fmt: skip
    area = sum(zone.area_m2 for zone in pieces)
    core = sum(zone.level == CORE for zone in sites)
    rows = [f.as_dict() for f in findings]
    lines = [
        say_many("The line of {run} is kept from now on: {n} piece, {area} km2.",
                 "The line of {run} is kept from now on: {n} pieces, {area} km2.", len(pieces),
                 run=line.id, area=f"{area / 1e6:,.1f}"),
        say("{n} protected areas and OECMs ({core} core zones), {m} divisions.", n=len(sites),
            core=core, m=len(units)),
        say("Records {first} to {last}.", first=numbers.start, last=numbers.stop - 1),
        findings_line(rows),
        *(f"  {f.message}" for f in findings if f.severity is not Severity.NOTE),
        "",
        say("Next: tianren register show, or tianren check-project FOOTPRINT --activity CODE"),
    ]  # fmt: skip
    table = {
        "run": line.id, "pieces": len(pieces), "area_m2": area, "sites": len(sites),
        "units": len(units), "first_record": numbers.start, "last_record": numbers.stop - 1,
        "findings": rows,
    }  # fmt: skip
    return Told(lines, table)


# -- shapes ----------------------------------------------------------------------------------------


def wkb_of(shape: Any) -> tuple[str, bytes]:
    """The SHA-256 of a shape's WKB, and the WKB: little endian, two dimensions."""
    wkb = shapely.to_wkb(shape, byte_order=1, output_dimension=2)
    return hashlib.sha256(wkb).hexdigest(), wkb


def _finest(units: Sequence[Unit]) -> Places:
    """The divisions that have none within them."""
    above = {unit.place.rpartition("/")[0] for unit in units}
    finest = [unit for unit in units if unit.place not in above]
    shapes = np.array([unit.shape for unit in finest], dtype=object)
    return Places([unit.place for unit in finest], shapes)


def _units(units: Sequence[Unit], shapes: dict[str, bytes]) -> list[NewZone]:
    found = []
    for unit in units:
        digest, wkb = wkb_of(unit.shape)
        shapes[digest] = wkb
        area = round(unit.shape.area)
        found.append(
            NewZone(UNIT, f"{unit.level}/{unit.code}", unit.name, unit.place, 0, digest, area,
                    {unit.place: area}, {"level": unit.level})
        )  # fmt: skip
    return found


# -- pieces ----------------------------------------------------------------------------------------

KEPT_COLUMNS = ("category", "type_code", "dominant", "functions", "realm", "reasons",
                "must_include", "run")  # fmt: skip


def _pieces(
    project: "Project", line: RunResults, places: Places
) -> tuple[list[NewZone], dict[str, bytes], list[Finding]]:
    layer = read_result(line.path("redline.gpkg"), "redline").sort_values("code", kind="stable")
    layer, cut = _inside(project, layer, line)
    outlines = layer.geometry.to_numpy()
    known, column = _homes(project, places), f"{project.piece_level}_code"
    homes = [known.get(str(row.get(column) or ""), "") for row in layer.to_dict("records")]
    parts = places.parts(outlines, homes)
    about = _nature(project, line, int(layer["piece"].max()) if len(layer) else 0)
    new, shapes = [], {}
    rows = layer.drop(columns="geometry").to_dict("records")
    for row, shape, home, mine in zip(rows, outlines, homes, parts, strict=True):
        digest, wkb = wkb_of(shape)
        shapes[digest] = wkb
        attributes = {key: str(row[key]) for key in KEPT_COLUMNS}
        new.append(
            NewZone(REDLINE, str(row["code"]), str(row["name"]), home, int(row["level"]), digest,
                    round(shape.area), mine, {**attributes, **about[int(row["piece"])]})
        )  # fmt: skip
    return new, shapes, cut


def _inside(
    project: "Project", layer: "GeoDataFrame", line: RunResults
) -> "tuple[GeoDataFrame, list[Finding]]":
    """The pieces cut at the border, as protected areas are: cells and smoothing reach beyond it,
    and no division has that land."""
    country = project.outline
    shapely.prepare(country)
    outlines = layer.geometry.to_numpy()
    beyond = ~shapely.covers(country, outlines)
    held = outlines.copy()
    held[beyond] = [_areal(part) for part in shapely.intersection(outlines[beyond], country)]
    lost = shapely.area(outlines) - shapely.area(held)
    cut = layer.set_geometry(held, crs=layer.crs)[shapely.area(held) >= LEAST_M2]
    return cut, _cut_off(line, float(lost.sum()), int((lost >= LEAST_M2).sum()))


def _cut_off(line: RunResults, area: float, pieces: int) -> list[Finding]:
    if not pieces:
        return []
    message = say_many(
        "{area} km2 of {n} piece lay outside the country and were cut off",
        "{area} km2 of {n} pieces lay outside the country and were cut off", pieces,
        area=f"{area / 1e6:,.3f}",
    )  # fmt: skip
    return [Finding("register.border", line.id, Severity.WARNING, message)]


def _homes(project: "Project", places: Places) -> dict[str, str]:
    """Code of each division that names pieces -> its path."""
    levels = [level.name for level in project.admin]
    if project.piece_level not in levels:
        return {}
    at = levels.index(project.piece_level)
    paths = (path.split("/") for path in places.paths)
    return {parts[at]: "/".join(parts[: at + 1]) for parts in paths if len(parts) > at}


def _nature(project: "Project", line: RunResults, pieces: int) -> list[dict[str, Any]]:
    """For each piece: natural attributes, ecosystem types, conflicts that were kept inside."""
    means = {name: rounded(v) for name, v in natural_means(line, pieces).items()}
    conflicts = conflict_shares(line, pieces)
    cover = cover_shares(project, line, pieces)
    found = []
    for n in range(pieces + 1):
        natural = natural_percent(cover[n])
        found.append({
            "natural": {name: values[n] for name, values in means.items()},
            "ecosystems": {kind: round(share, 2) for kind, share in cover[n].items()},
            "natural_percent": None if natural is None else round(natural, 2),
            "activity": {kind: round(share, 2) for kind, share in conflicts[n].items()},
        })  # fmt: skip
    return found


def _drift(pieces: Sequence[NewZone], line: RunResults) -> list[Finding]:
    """Where the polygons, which count from now on, differ from the cells that were counted."""
    cells = sum(float(row["area_m2"]) for row in line.rows("redline.csv"))
    area = sum(zone.area_m2 for zone in pieces)
    off = 100 * (area - cells) / cells if cells else 0.0
    if abs(off) < MARGIN:
        return []
    message = say(
        "the boundaries hold {area} km2, the cells of the run {cells} km2 ({off} %): boundaries "
        "count from now on",
        area=f"{area / 1e6:,.2f}", cells=f"{cells / 1e6:,.2f}", off=f"{off:+.3f}",
    )  # fmt: skip
    return [Finding("register.drift", line.id, Severity.NOTE, message)]


# -- protected areas -------------------------------------------------------------------------------


def _sites(
    project: "Project", line: RunResults, places: Places
) -> tuple[list[NewZone], dict[str, bytes], list[Finding]]:
    """Protected areas, their core zones and OECMs that count."""
    try:
        found = account_sites(project)
    except UserError as fault:
        message = say("no protected areas were entered: {why}", why=fault.what)
        return [], {}, [Finding("register.no_sites", "sites", Severity.WARNING, message)]
    cores = _cores(line)
    new, shapes = [], {}
    sites = found.cleaned.sites
    outlines = drawn(sites)
    for row, shape in zip(sites.drop(columns="geometry").to_dict("records"), outlines, strict=True):
        for level, part in _by_level(row, shape, cores):
            zone = _site(row, level, part, places)
            digest, wkb = wkb_of(part)
            shapes[digest] = wkb
            new.append(replace(zone, boundary=digest))
    return _numbered(new), shapes, list(found.findings)


def _cores(line: RunResults) -> Any:
    """The core zones that the line knows: must-include polygons of level 1."""
    if not line.has("must_include.gpkg"):
        return shapely.Polygon()
    layer = read_result(line.path("must_include.gpkg"))
    chosen = layer[layer["level"] == CORE]
    return shapely.union_all(chosen.geometry.to_numpy())


def _by_level(row: Mapping[str, Any], shape: Any, cores: Any) -> list[tuple[int, Any]]:
    """The parts of a site by protection level; an OECM has none."""
    if row["kind"] == OECM_SITE:
        return [(0, shape)]
    if cores.is_empty or not shapely.intersects(shape, cores):
        return [(GENERAL, shape)]
    parts = (
        (CORE, shapely.intersection(shape, cores)),
        (GENERAL, shapely.difference(shape, cores)),
    )
    return [(level, _areal(part)) for level, part in parts if _areal(part).area > 1]


def _areal(shape: Any) -> Any:
    """The polygons of a shape alone."""
    parts = shapely.get_parts(shape)
    flat = parts[shapely.get_dimensions(parts) == 2]
    return shapely.multipolygons(flat) if len(flat) != 1 else flat[0]


def _site(row: Mapping[str, Any], level: int, shape: Any, places: Places) -> NewZone:
    (parts,) = places.parts(np.array([shape], dtype=object), [""])
    kind = OECM if row["kind"] == OECM_SITE else PROTECTED
    suffix = "-core" if level == CORE else ""
    management = {
        key: str(row[column])
        for key, column in _SITE_COLUMNS.items()
        if str(row.get(column) or "") not in ("", "nan", "None")
    }
    return NewZone(
        kind, f"{row['site_id']}{suffix}", str(row["name"]), place_of(parts), level, "",
        round(shape.area), parts, {"site": str(row["site_id"])}, management,
    )  # fmt: skip


_SITE_COLUMNS = {"designation": "designation", "category": "category", "governance": "governance",
                 "year": "year", "body": "management", "plan": "management_plan"}  # fmt: skip


def _numbered(zones: Sequence[NewZone]) -> list[NewZone]:
    """Several parcels of one site number get numbers of their own, in their order."""
    seen: dict[str, int] = {}
    found = []
    for zone in zones:
        seen[zone.subject] = seen.get(zone.subject, 0) + 1
        n = seen[zone.subject]
        found.append(zone if n == 1 else replace(zone, code=f"{zone.code}-{n}"))
    return found
