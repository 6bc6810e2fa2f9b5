"""Seams at administrative borders and the line on parcels, as people read them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.geo.seams import place_beyond
from tianren.io.previews import read_preview
from tianren.language import say
from tianren.reports import maps, numerals, palette, pictures, sheet
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    opening,
    table,
)
from tianren.reports.chapters.first_page import FirstPage
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents, Row
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Caption

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

SEAM, CANDIDATE, LINE = "#b2182b", "#e8a33d", "#c7b4b0"


def seams() -> Topic:
    return Topic(_seam_subtitle, _seam_first, _seam_draw, _seam_chapters, _seam_tables)


def parcels() -> Topic:
    return Topic(_plot_subtitle, _plot_first, _plot_draw, _plot_chapters, _plot_tables)


def _line_of(contents: Contents, run: str) -> Path:
    """What became of each cell in the line behind a run; it may lie in another project."""
    return contents.folder.parent / run / "spatial_step.tif"


def _unverified(contents: Contents) -> tuple[str, ...]:
    return tuple(str(row["id"]) for row in contents.unverified)


# -- seams -----------------------------------------------------------------------------------------


def _seam_subtitle() -> str:
    return say("Where the line stops at borders")


def _seam_tables() -> Mapping[str, str]:
    return {
        "seams.csv": say("Seams"), "borders.csv": say("Borders"),
        "candidates.csv": say("Seam candidates"),
    }  # fmt: skip


def _seam_statement(contents: Contents) -> str:
    share, open_ = contents.pick("seams.continuity"), contents.pick("seams.open")
    if share is None or open_ is None:
        return say("The line touches no administrative border")
    return say(
        "The line goes on across {share} of {level} borders; {km} km are open",
        share=numerals.percent(share.value), level=str(contents.run["seams"]["level"]),
        km=numerals.number(open_.value / 1000, 0),
    )  # fmt: skip


def _seam_first(contents: Contents) -> FirstPage:
    rows = contents.rows("seams.csv")
    candidates = sum(float(r["candidate_m2"]) for r in rows)
    numbers = [
        (numerals.number(len(rows), 0), "", say("open seams")),
        (numerals.km2(candidates), "km²", say("would close them")),
    ]
    sentences = (say("{statement}.", statement=_seam_statement(contents)),)
    return FirstPage(sentences, tuple(numbers), _unverified(contents))


def _seam_draw(contents: Contents, folder: Path) -> list[Drawn]:
    """The line, its open seams, and the land that would close them."""
    steps = _line_of(contents, str(contents.run["seams"]["line"]))
    line, candidates = steps.with_name("redline_cells.tif"), contents.folder / "candidates.tif"
    ground = Ground(contents, steps if steps.exists() else None)
    caption = Caption(_seam_statement(contents), say("Seams of the line"), say("Seams"))
    entries = [
        sheet.line(say("Open seam: red on one side, important on the other"), SEAM, 2.4),
        sheet.swatch(say("Land that would close it"), "", fill=CANDIDATE),
    ]
    if line.exists():
        entries.append(sheet.swatch(say("Redline"), "", fill=LINE))

    def overlay(axes: "Axes") -> None:
        if line.exists():
            _paint(axes, read_preview(line, category=True), LINE, 0.8)
        _paint(axes, read_preview(candidates, category=True), CANDIDATE, 0.95)
        _stroke_lines(axes, _layer(contents, "seams.gpkg"))

    file = folder / "seams.png"
    return [pictures.outlines(contents, ground, file, caption, overlay, entries)]


def _paint(axes: "Axes", shown: Any, colour: str, opacity: float) -> None:
    import numpy as np

    picture = np.zeros((*shown.cells.shape, 4))
    picture[shown.cells > 0] = (*palette.rgb(colour), opacity)
    maps.show(axes, picture, shown.extent)


def _layer(contents: Contents, name: str) -> "GeoDataFrame | None":
    from tianren.io.vectors import read_result

    path = contents.folder / name
    return read_result(path) if path.exists() else None


def _stroke_lines(axes: "Axes", layer: "GeoDataFrame | None") -> None:
    from matplotlib.collections import LineCollection

    if layer is not None:
        lines = [list(shape.coords) for shape in layer.geometry]
        axes.add_collection(LineCollection(lines, colors=SEAM, linewidths=1.6), autolim=False)


def _seam_chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "A seam is a stretch of an administrative border with the line on one side and, on the "
        "other, land that is important but not red. Lengths are along the edges of cells. The "
        "candidates are important land within reach of the seam that no conflict has deducted."
    )
    blocks = opening(text, drawn, "seams")
    blocks += [_seam_table(contents), _border_table(contents)]
    return [Chapter(say("Seams at administrative borders"), tuple(blocks))]


def _seam_table(contents: Contents) -> Block:
    columns = [
        Column(say("Red")), Column(say("Not red")), Column(say("Length"), "km", "number"),
        Column(say("Longitude"), "°", "number"), Column(say("Latitude"), "°", "number"),
        Column(say("To close it"), "km²", "number"),
    ]  # fmt: skip
    rows = [
        [r["red"], r["other"], numerals.number(float(r["length_m"]) / 1000, 1),
         *(f"{float(degrees):.4f}" for degrees in place_beyond(r)),
         numerals.km2(float(r["candidate_m2"]))]
        for r in contents.rows("seams.csv")[:20]
    ]  # fmt: skip
    return table(say("The longest seams; the place is in the important land beyond"), columns, rows)


def _border_table(contents: Contents) -> Block:
    """The borders that the line touches, the least continuous first."""
    rows = [r for r in contents.rows("borders.csv") if r["continuity_percent"]]
    rows.sort(key=lambda r: (float(r["continuity_percent"]), -float(r["touching_m"]), r["first"]))
    columns = [
        Column(say("Border"), kind="wide"), Column(say("Touched by the line"), "km", "number"),
        Column(say("Continuity"), "%", "number"),
    ]  # fmt: skip
    lines = [
        [f"{r['first']} | {r['second']}", numerals.number(float(r["touching_m"]) / 1000, 1),
         numerals.percent_number(float(r["continuity_percent"]))]
        for r in rows[:20]
    ]  # fmt: skip
    return table(say("Where the line goes on least"), columns, lines)


# -- parcels ---------------------------------------------------------------------------------------

PLOTS = (("full", "#8f2f2f"), ("partly", "#cf8f86"), ("missed", "#e3c987"))


def _plot_subtitle() -> str:
    return say("The line on parcels, with control figures")


def _plot_tables() -> Mapping[str, str]:
    return {"control_figures.csv": say("Control figures"), "faults.csv": say("Gaps and overlaps")}


def _plot_statement(contents: Contents) -> str:
    whole = contents.rows("control_figures.csv")[0]
    return say(
        "{red} of {all} parcels are red: {area} km², {drift} % against the line above",
        red=numerals.number(int(whole["red_parcels"]), 0),
        all=numerals.number(int(whole["parcels"]), 0),
        area=numerals.km2(float(whole["red_m2"])),
        drift=f"{float(contents.run['parcels']['drift_percent']):+.2f}".replace("-", "−"),
    )


def _plot_first(contents: Contents) -> FirstPage:
    whole = contents.rows("control_figures.csv")[0]
    numbers = [
        (numerals.km2(float(whole["red_m2"])), "km²", say("red parcels")),
        (numerals.km2(float(whole["commission_m2"])), "km²", say("red by parcel only")),
        (numerals.km2(float(whole["omission_m2"])), "km²", say("red by the line above only")),
    ]
    sentences = (say("{statement}.", statement=_plot_statement(contents)),)
    return FirstPage(sentences, tuple(numbers), _unverified(contents))


def _plot_draw(contents: Contents, folder: Path) -> list[Drawn]:
    """Parcels by how well they follow the line above."""
    layer = _layer(contents, "parcels.gpkg")
    if layer is None:
        return []
    layer = layer.to_crs(contents.crs)
    steps = _line_of(contents, str(contents.run["parcels"]["parent"]))
    ground = Ground(contents, steps if steps.exists() else None)
    groups = {
        "full": layer[(layer["red"] == 1) & (layer["red_share"] >= 0.9)],
        "partly": layer[(layer["red"] == 1) & (layer["red_share"] < 0.9)],
        "missed": layer[(layer["red"] == 0) & (layer["red_share"] >= 0.1)],
    }
    names = {
        "full": say("Red; nine tenths or more inside the line above"),
        "partly": say("Red; less inside the line above"),
        "missed": say("Not red; a tenth or more inside the line above"),
    }
    caption = Caption(_plot_statement(contents), say("The line on parcels"), say("Parcels"))
    entries = [
        sheet.swatch(names[key], f"{numerals.km2(float(groups[key]['area_m2'].sum()))} km²",
                     fill=colour)
        for key, colour in PLOTS
    ]  # fmt: skip

    def overlay(axes: "Axes") -> None:
        for key, colour in PLOTS:
            _fill(axes, groups[key].geometry.to_numpy(), colour)

    return [
        pictures.outlines(contents, ground, folder / "parcels.png", caption, overlay, entries)
    ]  # fmt: skip


def _fill(axes: "Axes", shapes: Any, colour: str) -> None:
    """Many polygons as one patch."""
    import shapely
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    rings = [ring for part in shapely.get_parts(shapes) for ring in shapely.get_rings(part)]
    if rings:
        outlines = [Outline(shapely.get_coordinates(ring), closed=True) for ring in rings]
        path = Outline.make_compound_path(*outlines)
        look = {"facecolor": (*palette.rgb(colour), 0.86), "edgecolor": "white", "linewidth": 0.15}
        axes.add_artist(PathPatch(path, **look))


def _plot_chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "A parcel is red when enough of it lies inside the line of the level above; its edges stay "
        "its own. Areas are whole square metres of each parcel, so that the figures of townships "
        "sum to their county, and those of provinces to the whole, exactly."
    )
    blocks = opening(text, drawn, "parcels")
    levels = list(dict.fromkeys(r["level"] for r in contents.rows("control_figures.csv")))
    blocks += [_figure_table(contents, level) for level in levels[1:3]]
    return [Chapter(say("From nation to township"), tuple(blocks))]


def _figure_table(contents: Contents, level: str) -> Block:
    rows = [r for r in contents.rows("control_figures.csv") if r["level"] == level]
    columns = [
        Column(level.capitalize()), Column(say("Parcels"), "", "number"),
        Column(say("Red"), "", "number"), Column(say("Red area"), "m²", "number"),
        Column(say("Share"), "%", "number"), Column(say("Against the line above"), "%", "number"),
    ]  # fmt: skip
    lines: Sequence[Sequence[str]] = [_figure_row(r, r["label"] or say("in none")) for r in rows]
    whole = contents.rows("control_figures.csv")[0]
    caption = say("Control figures by {level}", level=level)
    return table(caption, columns, lines, _figure_row(whole, say("Total")))


def _figure_row(row: Row, name: str) -> list[str]:
    return [
        name, numerals.number(int(row["parcels"]), 0), numerals.number(int(row["red_parcels"]), 0),
        numerals.number(int(row["red_m2"]), 0),
        numerals.percent_number(float(row["red_percent"] or 0)),
        numerals.number(float(row["drift_percent"]), 1),
    ]  # fmt: skip
