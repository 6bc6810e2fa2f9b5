"""The line as it is kept, for others: the boundary attribute table, and other formats."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.language import in_tongue, say, say_many
from tianren.management.register import PROTECTED, REDLINE, Zone
from tianren.parameters.crosswalks import ecosystems
from tianren.project.journal.exchange import write_head
from tianren.project.journal.home import anchor_now, project_journal
from tianren.reports import palette, words
from tianren.steps.export import format_of
from tianren.steps.register import zones_on
from tianren.steps.register_fold import shapes_of
from tianren.steps.told import Told

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project

# What protection asks for, by level: the control measures of the attribute table.
MEASURE_TEXTS = {
    1: "Core of a protected area: no human activity in principle",
    2: "Protected area: by its law, with the opinion of its authority",
    3: "Redline: limited human activities of the list only, no development",
}


def export(
    project: "Project", format: str, to: Path | None, *, day: dt.date | None = None, known: str = ""
) -> Told:
    """The pieces of the line that is kept, as of a day, with an anchor of the journal beside them.

    The shapefile has the fields of the boundary attribute table of Ecological Conservation
    Redlines.
    """
    on = day or dt.date.today()
    name = format_of(format)
    zones = zones_on(project, day=on, known=known)
    line = [z for z in zones.values() if z.kind == REDLINE and z.stands]
    if not line:
        raise UserError(
            say("no line is kept"), where="register",
            next_step=say("enter one: tianren register adopt --as YOU --ground DECREE"),
        )  # fmt: skip
    folder = to or project.folder / "exports" / f"register-{on.isoformat()}"
    files = _write(project, line, list(zones.values()), name, folder, on)
    lines = [say_many("{n} piece of the line, as of {day}:", "{n} pieces of the line, as of {day}:",
                      len(line), day=on),
             *(f"  {path}" for path in files)]  # fmt: skip
    return Told(lines, {"pieces": len(line), "files": [str(path) for path in files]})


def _write(
    project: "Project", line: Sequence[Zone], zones: Sequence[Zone], name: str, folder: Path,
    day: dt.date,
) -> list[Path]:  # fmt: skip
    from tianren.io.exchange import write_exchange

    journal = project_journal(project)
    with journal.reading() as reader:
        areas = [z for z in zones if z.kind == PROTECTED and z.stands]
        shapes = shapes_of(reader, [*line, *areas])
    anchor = anchor_now(project.folder, journal, project.management.signing_key)
    journal.close()
    if name == "shapefile":
        layer = attribute_table(project, line, areas, shapes)
        files = write_exchange(layer, name, folder, "redline", day=day.isoformat())
    elif name == "kml":
        colours = {key: look.fill for key, look in palette.CATEGORY_LOOKS.items()}
        files = write_exchange(
            _layer(project, line, shapes), name, folder, "redline",
            title=say("Ecological conservation redline"), colours=colours, colour_column="category",
        )  # fmt: skip
    else:
        files = write_exchange(_layer(project, line, shapes), name, folder, "redline")
    return [*files, *([write_head(folder, anchor.as_dict())] if anchor else [])]


def _layer(project: "Project", line: Sequence[Zone], shapes: Mapping[str, Any]) -> "GeoDataFrame":
    from geopandas import GeoDataFrame

    rows = [_row(zone) for zone in line]
    geometry = [shapes[zone.subject] for zone in line]
    return GeoDataFrame(rows, geometry=geometry, crs=project.grid.crs.to_wkt())


_TEXTS = ("category", "type_code", "dominant", "functions", "realm", "reasons", "must_include",
          "run")  # fmt: skip


def _row(zone: Zone) -> dict[str, Any]:
    return {
        "code": zone.code, "name": zone.name,
        **{name: str(zone.attributes.get(name, "")) for name in _TEXTS},
        "level": zone.level, "area_m2": float(zone.area_m2), "place": zone.place,
        "version": zone.version, "since": zone.since.isoformat(),
        "body": str(zone.management.get("body", "")),
    }  # fmt: skip


def attribute_table(
    project: "Project", line: Sequence[Zone], areas: Sequence[Zone], shapes: Mapping[str, Any]
) -> "GeoDataFrame":
    """The pieces with the fields of the boundary attribute table, whose names fit a shapefile.

    XZQHDM division, YSDM feature code (left empty: its code list is not public), ZDSTXTFWGN
    dominant function, HXLX category, LXBM two-digit type code, BHDMC and BHDJB name and level of
    the protected areas in it, HXMM name, HXBM code, STXTYZBLX ecosystem types, ZYRWHDLX kinds of
    human activity, STHJWT problems, GKCS control measures, TBBM number, TBMJ area in m2; and,
    beyond the table, BHJB protection level, HXQY realm, BB version, QYRQ in force since.
    """
    import geopandas

    inside = _areas_in(line, areas, shapes)
    rows = [_attributes(n, zone, inside[zone.subject]) for n, zone in enumerate(line, start=1)]
    geometry = [shapes[zone.subject] for zone in line]
    return geopandas.GeoDataFrame(rows, geometry=geometry, crs=project.grid.crs.to_wkt())


def _areas_in(
    line: Sequence[Zone], areas: Sequence[Zone], shapes: Mapping[str, Any]
) -> dict[str, list[Zone]]:
    """Subject of a piece -> the protected areas in it, the largest part first."""
    import numpy as np

    from tianren.geo.shares import shares

    found: dict[str, list[tuple[float, Zone]]] = {zone.subject: [] for zone in line}
    if areas:
        first, second = (
            np.array([shapes[z.subject] for z in zones], dtype=object) for zones in (line, areas)
        )
        for a, b, area in zip(*shares(first, second), strict=True):
            found[line[a].subject].append((float(area), areas[b]))
    return {
        subject: [zone for _, zone in sorted(held, key=lambda h: (-h[0], h[1].code))]
        for subject, held in found.items()
    }


def _attributes(number: int, zone: Zone, areas: Sequence[Zone]) -> dict[str, Any]:
    about = zone.attributes
    kinds = ecosystems()
    cover = [in_tongue(kinds[k].names) for k in about.get("ecosystems", {}) if k in kinds]
    problems = [str(n["text"]) for n in zone.notes if n["class"] == "activity"]
    return {
        "XZQHDM": zone.place.rpartition("/")[2],
        "YSDM": "",
        "ZDSTXTFWGN": words.criterion(str(about.get("dominant", ""))),
        "HXLX": words.category(str(about.get("category", ""))),
        "LXBM": str(about.get("type_code", "")),
        "BHDMC": ", ".join(dict.fromkeys(z.name for z in areas)),
        "BHDJB": ", ".join(dict.fromkeys(str(z.management.get("category", "")) for z in areas)),
        "HXMM": zone.name,
        "HXBM": zone.code,
        "STXTYZBLX": ", ".join(cover[:3]),
        "ZYRWHDLX": ", ".join(str(k) for k in about.get("activity", {})),
        "STHJWT": "; ".join(problems),
        "GKCS": say(MEASURE_TEXTS[zone.level]),
        "TBBM": str(number),
        "TBMJ": float(zone.area_m2),
        "BHJB": zone.level,
        "HXQY": words.realm(str(about.get("realm", ""))),
        "BB": zone.version,
        "QYRQ": zone.since.isoformat(),
    }
