"""What `tianren check-project --to` leaves: map, layers for a GIS, the answer as text and JSON."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from tianren.io.vectors import write_vector
from tianren.language import say
from tianren.management.register import PROTECTED, REDLINE
from tianren.management.verdict_text import statement
from tianren.project.digests import write_whole
from tianren.project.journal.home import project_journal
from tianren.reports import palette, words
from tianren.reports.zone_map import About, Shown, zone_map
from tianren.steps.check_project import Checked
from tianren.steps.footprint import plane_wkt
from tianren.steps.touched import Near, near

if TYPE_CHECKING:
    from tianren.project.project import Project

MARGIN = 1.5  # times the size of the footprint that is shown around it
WIDEST = 25_000.0  # m: places further away are told, not shown


def write_files(project: "Project", checked: Checked, folder: Path) -> list[Path]:
    """Write everything into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    around = [checked.footprint.shape]
    around += [e.place.shape for e in checked.elsewhere if e.place.distance <= WIDEST]
    wide = shapely.buffer(shapely.union_all(around), MARGIN * checked.footprint.area**0.5)
    journal = project_journal(project)
    with journal.reading() as reader:
        close = near(reader, wide.bounds, checked.verdict.day, REDLINE, PROTECTED)
    journal.close()
    write_whole(folder / "answer.txt", checked.text() + "\n")
    write_whole(
        folder / "answer.json", json.dumps(checked.as_dict(), ensure_ascii=False, indent=1) + "\n"
    )
    layers = _layers(project, checked, close, folder / "answer.gpkg")
    return [folder / "answer.txt", folder / "answer.json", layers,
            _map(project, checked, close, wide, folder / "map.png")]  # fmt: skip


def _layers(project: "Project", checked: Checked, close: Near, path: Path) -> Path:
    """The footprint, the zones it touches and the other places, in one layer with a column that
    says which is which."""
    from geopandas import GeoDataFrame

    touched = {h.zone.subject for h in checked.touched.held}
    rows: list[dict[str, Any]] = [{"what": "footprint", "code": "", "name": "", "answer":
                                   checked.verdict.answer.value}]  # fmt: skip
    shapes = [checked.footprint.shape]
    for zone in close.zones:
        if zone.subject in touched:
            rows.append({"what": zone.kind, "code": zone.code, "name": zone.name, "answer": ""})
            shapes.append(close.shapes[zone.subject])
    for n, other in enumerate(checked.elsewhere, start=1):
        rows.append({"what": "elsewhere", "code": str(n), "name": "",
                     "answer": other.verdict.answer.value})  # fmt: skip
        shapes.append(other.place.shape)
    layer = GeoDataFrame(rows, geometry=shapes, crs=plane_wkt(project))
    path.unlink(missing_ok=True)
    write_vector(path, layer, "answer")
    return path


def _map(project: "Project", checked: Checked, close: Near, wide: Any, path: Path) -> Path:
    line = [z for z in close.zones if z.kind == REDLINE]
    shown = [
        Shown(words.category(name), [close.shapes[z.subject] for z in line
                                     if z.attributes.get("category") == name],
              fill=look.fill, edge=palette.EDGE, width=0.7)
        for name, look in palette.CATEGORY_LOOKS.items()
    ]  # fmt: skip
    areas = [close.shapes[z.subject] for z in close.zones if z.kind == PROTECTED]
    shown.append(Shown(say("Protected areas"), areas, edge=palette.PROTECTED, width=1.4))
    shown.append(
        Shown(say("Footprint"), [checked.footprint.shape], fill=palette.INK, edge=palette.INK,
              width=1.2, opacity=0.85, detail=f"{checked.footprint.area / 1e4:,.1f} {say('ha')}")
    )  # fmt: skip
    places = [e.place.shape for e in checked.elsewhere if e.place.distance <= WIDEST]
    shown.append(
        Shown(say("Where it would touch less"), places, fill="#ffffff", edge=palette.INK,
              width=1.2, opacity=0.9)
    )  # fmt: skip
    about = About(
        statement(checked.verdict),
        say("{project} · the footprint and what is protected near it", project=project.name),
        checked.verdict.day, plane_wkt(project),
        say("Rulebook: {name}", name=checked.verdict.rulebook.name),
    )  # fmt: skip
    return zone_map(path, about, [wide], shown).path
