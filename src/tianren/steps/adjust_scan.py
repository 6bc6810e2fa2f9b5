"""Proposals that make themselves: protected areas created, changed, abolished; restored land."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.geo.sites import PA, clean_sites, drawn, site_rules
from tianren.io.sources import Entry
from tianren.io.wdpa import read_sites
from tianren.language import say, say_many
from tianren.management.adjustment import ADDITION, REMOVAL
from tianren.management.register import PROTECTED, REDLINE, UNIT, NewZone, Zone
from tianren.project.journal.home import project_journal
from tianren.project.journal.journal import Reader
from tianren.records import depth
from tianren.steps.adjust import Draft, Site, land_near, propose
from tianren.steps.adjust_land import LEAST_M2, polygons
from tianren.steps.adjust_test import shares_on, window_of
from tianren.steps.footprint import plane_wkt
from tianren.steps.places import Places, place_of
from tianren.steps.register_adopt import wkb_of
from tianren.steps.register_fold import ZONES, shapes_of
from tianren.steps.sites import account_sites
from tianren.steps.told import Told
from tianren.steps.touched import Land, Near, near

if TYPE_CHECKING:
    from tianren.project.project import Project

CREATED, CHANGED, ABOLISHED = (
    "protected_area_created", "protected_area_changed", "protected_area_abolished",
)  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A protected area as a list has it."""

    site: str
    name: str
    shape: Any
    management: Mapping[str, str]


@dataclass(frozen=True)
class Proposal:
    """What a scan finds to be proposed. about: the site or the restored land."""

    about: str
    drafts: tuple[Draft, ...]
    sites: tuple[Site, ...] = ()


def scan(
    project: "Project", *, actor: str, ground: str, document: str, sites: Path | None = None,
    day: dt.date | None = None, dry: bool = False,
) -> Told:  # fmt: skip
    """Compare the register with the list of protected areas as it is now (of the project, or a
    file), and with what was restored; propose what follows. dry: only say what."""
    on = day or dt.date.today()
    journal = project_journal(project)
    with journal.reading() as reader:
        found = _changes_of_sites(project, reader, _listed(project, sites), ground, on)
        found += _restored(project, reader, ground, on)
    journal.close()
    lines = [
        say_many("{n} proposal follows from what changed:",
                 "{n} proposals follow from what changed:", len(found)),
        "",
    ]  # fmt: skip
    lines += [f"  {p.about}: {_told(p)}" for p in found]
    table: dict[str, Any] = {"found": [p.about for p in found], "proposed": []}
    if not dry:
        for one in found:
            made = propose(project, one.drafts, actor=actor, ground=ground, document=document,
                           reason=one.about, day=on, sites=one.sites)  # fmt: skip
            table["proposed"].append(made.table["subject"])
        lines += ["", *(say("Proposed: {subject}", subject=s) for s in table["proposed"])]
    return Told(lines, table)


def _told(proposal: Proposal) -> str:
    parts = [
        f"{'-' if d.direction == REMOVAL else '+'}{float(shapely.area(d.shape)) / 1e6:,.4f} km²"
        for d in proposal.drafts
    ]
    return ", ".join(parts) or say("the line itself does not change")


# -- protected areas -------------------------------------------------------------------------------


def _listed(project: "Project", path: Path | None) -> list[Listed]:
    """The protected areas that count now."""
    if path is None:
        sites = account_sites(project).cleaned.sites
    else:
        entry = Entry.brought(path, "vector")
        records, _ = read_sites(entry, plane_wkt(project), {})
        sites = clean_sites(records, project.region, site_rules(project.parameters())).sites
    areas = sites[(sites["kind"] == PA).to_numpy()]
    rows = areas.drop(columns="geometry").to_dict("records")
    by_site: dict[str, list[Any]] = {}
    about: dict[str, Mapping[str, Any]] = {}
    for row, shape in zip(rows, drawn(areas), strict=True):
        by_site.setdefault(str(row["site_id"]), []).append(shape)
        about.setdefault(str(row["site_id"]), row)
    return [
        Listed(site, str(about[site]["name"]), polygons(_union(shapes)), _management(about[site]))
        for site, shapes in sorted(by_site.items())
    ]


def _management(row: Mapping[str, Any]) -> dict[str, str]:
    names = ("designation", "category", "governance", "year")
    return {n: str(row[n]) for n in names if str(row.get(n) or "") not in ("", "nan", "None")}


def _union(shapes: Sequence[Any]) -> Any:
    return shapely.union_all(np.array(list(shapes), dtype=object))


def _changes_of_sites(
    project: "Project", reader: Reader, listed: Sequence[Listed], ground: str, on: dt.date
) -> list[Proposal]:
    kept = _registered(reader, on)
    now = {one.site: one for one in listed}
    least = project.parameters().number("adjustment.site_change")
    found = []
    for site in sorted({*kept, *now}):
        before = kept.get(site)
        after = now.get(site)
        was = _shape_of(reader, before) if before else shapely.Polygon()
        will = after.shape if after else shapely.Polygon()
        moved = float(shapely.area(shapely.symmetric_difference(was, will)))
        if moved <= least * max(float(shapely.area(was)), float(shapely.area(will))):
            continue
        found.append(_proposal(project, reader, site, before or [], after, was, will, ground, on))
    return found


def _registered(reader: Reader, on: dt.date) -> dict[str, list[Zone]]:
    """Site -> its zones in the register (the core and the rest)."""
    found: dict[str, list[Zone]] = {}
    for zone in reader.states(ZONES, day=on).values():
        if zone.kind == PROTECTED and zone.stands:
            found.setdefault(str(zone.attributes.get("site", zone.code)), []).append(zone)
    return found


def _shape_of(reader: Reader, zones: Sequence[Zone]) -> Any:
    return _union(list(shapes_of(reader, zones).values()))


def _proposal(
    project: "Project", reader: Reader, site: str, before: Sequence[Zone], after: Listed | None,
    was: Any, will: Any, ground: str, on: dt.date,
) -> Proposal:  # fmt: skip
    """What follows for the line: what a new boundary brings comes in; what an old one leaves goes,
    but for land that stands on its own."""
    cause = CREATED if not before else ABOLISHED if after is None else CHANGED
    both = _union([s for s in (was, will) if not s.is_empty])
    around = near(reader, both.bounds, on)
    line = _union([around.shapes[z.subject] for z in around.of(REDLINE)])
    comes = polygons(shapely.difference(will, line))
    left = shapely.intersection(shapely.difference(was, will), line)
    goes = polygons(shapely.difference(left, _on_its_own(project, around, before, left)))
    name = after.name if after else before[0].name
    about = before[0].subject if before else ""
    drafts = [
        Draft(direction, shape, cause, ground, name, about)
        for direction, shape in ((ADDITION, comes), (REMOVAL, goes))
        if float(shapely.area(shape)) >= LEAST_M2
    ]
    enters, wkb = _entered(site, after, around) if after else ((), {})
    change = Site(name, both, tuple(z.subject for z in before), enters, wkb)
    return Proposal(f"{name} ({say(CAUSE_TEXTS[cause])})", tuple(drafts), (change,))


CAUSE_TEXTS = {CREATED: "created", CHANGED: "changed", ABOLISHED: "abolished"}


def _on_its_own(project: "Project", around: Near, before: Sequence[Zone], left: Any) -> Any:
    """Land that stays red without the protected area: graded 5, or in another protected area."""
    gone = {z.subject for z in before}
    others = [around.shapes[z.subject] for z in around.of(PROTECTED) if z.subject not in gone]
    return _union([*others, *_extreme_cells(land_near(project, around), left)])


def _extreme_cells(land: Land, shape: Any) -> list[Any]:
    """The cells under a shape that any criterion grades 5, as squares."""
    if land.run is None or shape.is_empty or not land.grades:
        return []
    grades = list(land.grades.values())
    grid = grades[0].grid
    rows, columns = window_of([shape], grid)
    extreme = np.max([g.read((rows, columns)) for g in grades], axis=0) == 5
    at_row, at_column = np.nonzero(extreme)
    affine = grid.affine
    x = affine.c + affine.a * (columns.start + at_column)
    y = affine.f + affine.e * (rows.start + at_row)
    return list(shapely.box(x, y + affine.e, x + affine.a, y))


def _entered(
    site: str, listed: Listed, around: Near
) -> tuple[tuple[NewZone, ...], dict[str, bytes]]:
    """A protected area as it is to be entered: whole, without a core zone until one is drawn."""
    units = around.of(UNIT)
    deepest = max((depth(z.place) for z in units), default=0)
    finest = [z for z in units if depth(z.place) == deepest]
    places = Places([z.place for z in finest],
                    np.array([around.shapes[z.subject] for z in finest], dtype=object))  # fmt: skip
    digest, wkb = wkb_of(listed.shape)
    (parts,) = places.parts(np.array([listed.shape], dtype=object), [""])
    zone = NewZone(PROTECTED, site, listed.name, place_of(parts), 2, digest,
                   round(float(shapely.area(listed.shape))), parts, {"site": site},
                   dict(listed.management))  # fmt: skip
    return (zone,), {digest: wkb}


# -- restored land ---------------------------------------------------------------------------------


def _restored(project: "Project", reader: Reader, ground: str, on: dt.date) -> list[Proposal]:
    """Restored land outside the line whose mean quality has reached the standard."""
    table = project.management
    if not table.restored or not table.restored_quality:
        return []
    layer, _ = project.vector(table.restored)
    rasters, _ = project.rasters([table.restored_quality])
    quality = next(iter(rasters.values()))
    standard = project.parameters().number("adjustment.restoration_standard")
    found = []
    for n, row in enumerate(layer.to_dict("records"), start=1):
        shape = row["geometry"]
        around = near(reader, shape.bounds, on, *(REDLINE, PROTECTED, UNIT))
        line = _union([around.shapes[z.subject] for z in around.of(REDLINE)])
        fresh = polygons(shapely.difference(shape, line))
        mean = _mean(fresh, quality)
        if float(shapely.area(fresh)) < LEAST_M2 or mean is None or mean < standard:
            continue
        name = str(row.get("name") or n)
        about = say("{name}: quality {mean}, standard {standard}", name=name, mean=f"{mean:.2f}",
                    standard=f"{standard:g}")  # fmt: skip
        found.append(Proposal(about, (Draft(ADDITION, fresh, "restored", ground, name),)))
    return found


def _mean(shape: Any, raster: Any) -> float | None:
    """The mean of a raster over a shape, by the share of each cell; None where nothing is known."""
    if shape.is_empty:
        return None
    window = window_of([shape], raster.grid)
    shares = shares_on([shape], raster.grid, *window)
    values = raster.read(window).ravel()
    known = ~np.isnan(values) & (shares > 0)
    weight = float(shares[known].sum())
    return float((shares[known] * values[known]).sum()) / weight if weight > 0 else None
