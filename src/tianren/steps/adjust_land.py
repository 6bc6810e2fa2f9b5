"""From what a proposal takes out and brings in to the zones as they would be."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.delineation.pieces import CRITERIA, FUNCTIONS, NO_CRITERION, category_of
from tianren.language import say
from tianren.management.adjustment import ADDITION, REMOVAL, Changes, Item, Moved
from tianren.management.register import (
    CORE,
    GENERAL,
    LINE_ONLY,
    PROTECTED,
    REDLINE,
    UNIT,
    NewZone,
    Zone,
)
from tianren.records import depth, within
from tianren.steps.places import Places
from tianren.steps.register_adopt import wkb_of
from tianren.steps.touched import CORE_ZONE, PROTECTED_ZONE, Land, Near

if TYPE_CHECKING:
    from tianren.project.project import Project

OF_AREAS = ("protected_area_created", "protected_area_changed")
LEAST_M2 = 1.0  # less is the drawing's own error


@dataclass(frozen=True)
class Planned:
    """What a proposal does to the land: what leaves the line, what comes in (each once), and the
    zones as they would be, with the shapes of the new boundaries."""

    removed: Any
    added: Any
    changes: Changes
    shapes: Mapping[str, bytes]

    @property
    def moved_area(self) -> float:
        return float(shapely.area(self.removed) + shapely.area(self.added))


def polygons(shape: Any) -> Any:
    """The polygons of a shape alone, as one."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    flat = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) >= LEAST_M2)]
    return shapely.union_all(flat)


def planned(
    project: "Project", items: Sequence[Item], shapes: Mapping[str, Any], around: Near, land: Land,
    standing: Mapping[str, Zone],
) -> Planned:  # fmt: skip
    """What the items of a proposal do. shapes: digest -> shape of each item; around: the zones near
    them; standing: every redline piece that there is or was, for the codes of new ones."""
    line = around.of(REDLINE)
    whole = _union([around.shapes[z.subject] for z in line])
    country = _union([around.shapes[z.subject] for z in around.of(UNIT) if depth(z.place) == 1])
    out = _union([shapes[i.boundary] for i in items if i.direction == REMOVAL])
    in_ = _union([shapes[i.boundary] for i in items if i.direction == ADDITION])
    removed = polygons(shapely.intersection(out, whole))
    fresh = shapely.difference(shapely.difference(in_, whole), out)
    added = polygons(fresh if country.is_empty else shapely.intersection(fresh, country))
    kept: dict[str, bytes] = {}
    places = _finest(around)
    moved, ended = _cut(line, around, removed, places, kept)
    areas = _union([shapes[i.boundary] for i in items
                    if i.direction == ADDITION and i.cause in OF_AREAS])  # fmt: skip
    new = _new_pieces(project, added, _with_areas(around, areas), land, places, standing, kept)
    return Planned(removed, added, Changes(tuple(moved), tuple(ended), tuple(new)), kept)


def _with_areas(around: Near, areas: Any) -> Near:
    """The zones around, as they will be once these protected areas are there."""
    if areas.is_empty:
        return around
    area = round(float(shapely.area(areas)))
    zone = Zone("zone/protected_area/new", PROTECTED, "new", "", "", GENERAL, "", area, {},
                dt.date.min)  # fmt: skip
    return Near((*around.zones, zone), {**around.shapes, zone.subject: areas})


def _union(shapes: Sequence[Any]) -> Any:
    return shapely.union_all(np.array(list(shapes), dtype=object))


def _finest(around: Near) -> Places:
    """The finest divisions near."""
    units = around.of(UNIT)
    deepest = max((depth(z.place) for z in units), default=0)
    finest = [z for z in units if depth(z.place) == deepest]
    shapes = np.array([around.shapes[z.subject] for z in finest], dtype=object)
    return Places([z.place for z in finest], shapes)


def _cut(
    line: Sequence[Zone], around: Near, removed: Any, places: Places, kept: dict[str, bytes]
) -> tuple[list[Moved], list[Zone]]:
    """The pieces without what leaves; a piece of which nothing is left ends."""
    moved, ended = [], []
    for zone in line:
        shape = around.shapes[zone.subject]
        if shapely.area(shapely.intersection(shape, removed)) < LEAST_M2:
            continue
        left = polygons(shapely.difference(shape, removed))
        if left.is_empty:
            ended.append(zone)
            continue
        digest, kept_wkb = wkb_of(left)
        kept[digest] = kept_wkb
        gone = polygons(shapely.intersection(shape, removed))
        (taken,) = places.parts(np.array([gone], dtype=object), [zone.place])
        parts = parts_left(zone.parts, taken, round(left.area))
        moved.append(Moved(zone, digest, round(left.area), parts))
    return moved, ended


def parts_left(parts: Mapping[str, int], taken: Mapping[str, int], area: int) -> dict[str, int]:
    """Place -> m2 of a piece after m2 were taken from some places; they sum to its new area.

    Only divisions near what leaves are looked at: the others keep what they have to the square
    metre. What rounding leaves over or short falls to the places from which most was taken.
    """
    left = dict(parts)
    for place, amount in taken.items():
        left[place] = left.get(place, 0) - amount
    over = sum(max(n, 0) for n in left.values()) - area
    order = sorted(left, key=lambda p: (p not in taken, -left[p], p))
    for place in order:
        step = min(over, max(left[place], 0))  # a negative step gives back
        left[place] = max(left[place], 0) - step
        over -= step
    return {place: amount for place, amount in sorted(left.items()) if amount > 0}


def _new_pieces(
    project: "Project", added: Any, around: Near, land: Land, places: Places,
    standing: Mapping[str, Zone], kept: dict[str, bytes],
) -> list[NewZone]:  # fmt: skip
    """What comes in, as pieces of their own: one for each division and connected part."""
    numbers = _Numbers(standing)
    found = []
    for place, name, part in _by_division(project, added, around):
        about = _about(land, part)
        level = _level(part, around)
        digest, kept_wkb = wkb_of(part)
        kept[digest] = kept_wkb
        (parts,) = places.parts(np.array([part], dtype=object), [place])
        code_of_type = _type_code(project, str(about["dominant"]))
        code = numbers.next(place, code_of_type)
        found.append(
            NewZone(REDLINE, code, _name(name, str(about["dominant"])), place, level, digest,
                    round(part.area), parts, {**about, "type_code": code_of_type})
        )  # fmt: skip
    return found


def _by_division(project: "Project", added: Any, around: Near) -> list[tuple[str, str, Any]]:
    """Place, name and shape of each connected part of what comes in, cut at the borders of the
    level that names pieces."""
    levels = [level.name for level in project.admin]
    wanted = levels.index(project.piece_level) + 1 if project.piece_level in levels else 0
    units = [z for z in around.of(UNIT) if depth(z.place) == wanted]
    if not units:
        return [("", project.name, part) for part in shapely.get_parts(added)]
    found = []
    for unit in units:
        inside = polygons(shapely.intersection(added, around.shapes[unit.subject]))
        found += [(unit.place, unit.name, part) for part in shapely.get_parts(inside)]
    return found


class _Numbers:
    """Codes for new pieces: numbers go on in each division where they stand."""

    def __init__(self, standing: Mapping[str, Zone]) -> None:
        self.last: dict[str, int] = {}
        for zone in standing.values():
            number = zone.code[-4:]
            if zone.kind == REDLINE and number.isdigit():
                self.last[zone.place] = max(self.last.get(zone.place, 0), int(number))

    def next(self, place: str, type_code: str) -> str:
        self.last[place] = self.last.get(place, 0) + 1
        return f"{place.rpartition('/')[2] or '0'}{type_code}{self.last[place]:04d}"


def _about(land: Land, part: Any) -> dict[str, Any]:
    """What a new piece is for: the criterion with most class-5 area in it."""
    losses = {loss.function: loss for loss in land.losses(part)}
    extreme = {name: losses[name].extreme_m2 for name in CRITERIA if name in losses}
    best = max(extreme, key=lambda name: extreme[name], default=NO_CRITERION)
    dominant = best if extreme.get(best, 0.0) >= LEAST_M2 else NO_CRITERION
    area = float(shapely.area(part))
    shares = sorted(((n, 100 * e / area) for n, e in extreme.items() if e >= LEAST_M2),
                    key=lambda pair: -pair[1])  # fmt: skip
    return {
        "category": category_of(dominant),
        "dominant": dominant,
        "functions": "; ".join(f"{name} {min(share, 100):.1f} %" for name, share in shares),
        "realm": "land",
        "run": land.run.id if land.run else "",
    }


def _type_code(project: "Project", dominant: str) -> str:
    return f"{int(project.parameters().table('redline.type_codes')[dominant]):02d}"


def _name(place: str, dominant: str) -> str:
    if dominant == NO_CRITERION:
        return say("{place} natural landscape ecological conservation redline", place=place)
    function = say({**FUNCTIONS, **CRITERIA}[dominant])
    return say("{place} {function} ecological conservation redline", place=place, function=function)


def _level(part: Any, around: Near) -> int:
    """Core where most of it lies in a core zone, protected where most lies in a protected area."""
    area = float(shapely.area(part))
    core = float(shapely.area(shapely.intersection(part, around.classes[CORE_ZONE])))
    general = float(shapely.area(shapely.intersection(part, around.classes[PROTECTED_ZONE])))
    if core > area / 2:
        return CORE
    return GENERAL if core + general > area / 2 else LINE_ONLY


def neighbours(place: str, changed: Any, around: Near, wanted: int, reach: float) -> list[str]:
    """The divisions of a level, not in the place itself, that come within reach of what changes."""
    units = [z for z in around.of(UNIT) if depth(z.place) == wanted and not within(z.place, place)]
    return sorted(
        z.place
        for z in units
        if not within(place, z.place) and shapely.dwithin(around.shapes[z.subject], changed, reach)
    )
