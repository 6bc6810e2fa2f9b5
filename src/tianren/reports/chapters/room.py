"""Room to live as people read it: what land is fit for, seams at borders, parcels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.io.previews import read_preview
from tianren.language import say
from tianren.reports import maps, numerals, palette, pictures, sheet, words
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    figure,
    km2_column,
    paragraph,
    table,
)
from tianren.reports.chapters.first_page import FirstPage
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents, Row
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Caption, Look

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

NATION = "nation"
# Fit for conservation, farming, towns, both, neither.
BEST = {1: "#4f7f5a", 2: "#d6b656", 3: "#8c6bb1", 4: "#d9a9a0", 5: "#e3e2dc"}
BEST_NAMES = {
    1: "conserve", 2: "farm", 3: "build", 4: "farm or build", 5: "residual",
}  # fmt: skip
CONFLICT = {1: "#e08214", 2: "#b2182b", 3: "#8c6d31", 4: "#542788"}
CONFLICT_NAMES = {
    1: "farmland on land to conserve",
    2: "built-up land on land to conserve",
    3: "farmland on land unsuitable for farming",
    4: "built-up land on land unsuitable for towns",
}
LEVEL = {5: "#1f5a41", 4: "#5d9b6b", 3: "#a9cf9a", 2: "#e5e3b8", 1: "#e3b7a0"}
PURPOSES = {"farm": "farming", "town": "towns"}
SEAM, CANDIDATE, LINE = "#b2182b", "#e8a33d", "#c7b4b0"


def suitability() -> Topic:
    return Topic(_fit_subtitle, _fit_first, _fit_draw, _fit_chapters, _fit_tables)


def seams() -> Topic:
    return Topic(_seam_subtitle, _seam_first, _seam_draw, _seam_chapters, _seam_tables)


def parcels() -> Topic:
    return Topic(_plot_subtitle, _plot_first, _plot_draw, _plot_chapters, _plot_tables)


def _line_of(contents: Contents, run: str) -> Path:
    """What became of each cell in the line behind a run; it may lie in another project."""
    return contents.folder.parent / run / "spatial_step.tif"


def _as_head(text: str) -> str:
    return text[:1].upper() + text[1:]


def _unverified(contents: Contents) -> tuple[str, ...]:
    return tuple(str(row["id"]) for row in contents.unverified)


# -- what land is fit for --------------------------------------------------------------------------


def _fit_subtitle() -> str:
    return say("What land is fit for, and how it is used")


def _fit_tables() -> Mapping[str, str]:
    return {
        "areas.csv": say("Fitness of land"),
        "capacity.csv": say("Carrying capacity"),
        "factors.csv": say("Factors of suitability"),
    }


def _areas(contents: Contents, kind: str, level: str = NATION) -> list[Row]:
    rows = contents.rows("areas.csv")
    return [r for r in rows if r["table"] == kind and r["level"] == level]


def _by_code(contents: Contents, kind: str) -> dict[int, float]:
    return {int(r["class"]): float(r["area_m2"]) for r in _areas(contents, kind)}


def _fit_statement(contents: Contents) -> str:
    areas = _by_code(contents, "matrix")
    total = sum(areas.values()) or 1.0
    open_ = sum(areas.get(code, 0.0) for code in (2, 3, 4))
    return say(
        "{keep} of the land is for conservation, {open} is open to farming or towns",
        keep=numerals.percent(100 * areas.get(1, 0.0) / total),
        open=numerals.percent(100 * open_ / total),
    )


def _collision(contents: Contents) -> float:
    return sum(a for code, a in _by_code(contents, "conflict").items() if code in CONFLICT)


def _fit_first(contents: Contents) -> FirstPage:
    areas = _by_code(contents, "matrix")
    over = _overloaded(contents)
    sentences = [
        say("{statement}.", statement=_fit_statement(contents)),
        say("On {area} km² present use collides with what land is fit for.",
            area=numerals.km2(_collision(contents))),
        say("{n} units use more than their land and water allow.",
            n=len({row["code"] for row in over})),
    ]  # fmt: skip
    numbers = [(numerals.km2(areas.get(code, 0.0)), "km²", say(BEST_NAMES[code])) for code in BEST]
    return FirstPage(tuple(sentences), tuple(numbers), _unverified(contents))


def _overloaded(contents: Contents) -> list[Row]:
    """Rows of capacity above 1, the most overloaded first."""
    rows = [r for r in contents.rows("capacity.csv") if r["overload"]]
    over = [r for r in rows if float(r["overload"]) > 1]
    return sorted(over, key=lambda r: (-float(r["overload"]), r["code"], r["purpose"]))


def _fit_draw(contents: Contents, folder: Path) -> list[Drawn]:
    ground = Ground(contents, contents.folder / "suitability/matrix.tif")
    drawn = [_best_map(contents, ground, folder)]
    if (contents.folder / "conflict_matrix.tif").exists():
        drawn.append(_conflict_map(contents, ground, folder))
    return [*drawn, *(_level_map(contents, ground, folder, name) for name in PURPOSES)]


def _looks(areas: Mapping[int, float], names: Mapping[int, str], colours: Mapping[int, str]
           ) -> list[Look]:  # fmt: skip
    total = sum(areas.values()) or 1.0
    return [
        Look(code, _as_head(say(names[code])), f"{numerals.km2(areas.get(code, 0.0))} km² · "
             f"{numerals.percent(100 * areas.get(code, 0.0) / total)}", colour)
        for code, colour in colours.items()
    ]  # fmt: skip


def _best_map(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    caption = Caption(
        _fit_statement(contents), say("What land is best for"), say("Development and conservation")
    )
    shown = read_preview(contents.folder / "suitability/matrix.tif", category=True)
    looks = _looks(_by_code(contents, "matrix"), BEST_NAMES, BEST)
    return pictures.classes(
        contents, ground, shown, folder / "suitability_matrix.png", caption, looks,
        entries=_without(contents),
    )  # fmt: skip


def _without(contents: Contents) -> list[sheet.Entry]:
    """What the map was judged without: it is not the whole evaluation."""
    names = [
        str(r["name"]) for r in contents.rows("factors.csv")
        if r["status"] != "computed" and r["factor"] != "water_yield"
    ]  # fmt: skip
    if not names:
        return []
    told = words.listing([say(name) for name in names])
    return [sheet.space(0.05), sheet.note(say("Judged without: {factors}", factors=told))]


def _conflict_map(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    title = say(
        "On {area} km² present use collides with what land is fit for",
        area=numerals.km2(_collision(contents)),
    )
    caption = Caption(title, say("Conflicts of land use"), say("Conflict"))
    shown = read_preview(contents.folder / "conflict_matrix.tif", category=True)
    looks = _looks(_by_code(contents, "conflict"), CONFLICT_NAMES, CONFLICT)
    file = folder / "suitability_conflicts.png"
    return pictures.classes(contents, ground, shown, file, caption, looks)


def _level_map(contents: Contents, ground: Ground, folder: Path, purpose: str) -> Drawn:
    areas = _by_code(contents, purpose)
    total = sum(areas.values()) or 1.0
    title = say(
        "{share} of the land is unsuitable for {purpose}",
        share=numerals.percent(100 * areas.get(1, 0.0) / total),
        purpose=say(PURPOSES[purpose]),
    )
    caption = Caption(
        title, say("Suitability for {purpose}", purpose=say(PURPOSES[purpose])), say("Level")
    )
    shown = read_preview(contents.folder / f"suitability/{purpose}.tif", category=True)
    names = {5: "5, best", 4: "4", 3: "3", 2: "2", 1: "1, unsuitable"}
    looks = _looks(areas, names, LEVEL)
    file = folder / f"suitability_{purpose}.png"
    return pictures.classes(contents, ground, shown, file, caption, looks)


def _fit_chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "Each factor has a level from 5 (best) to 1. By the minimum rule the lowest decides; by "
        "the matrices, where the project chooses them, water and land are read together. The line "
        "and extremely important land are for conservation; elsewhere suitability is weighed "
        "against ecological importance. Thresholds and matrices are unverified: a first sketch."
    )
    blocks: list[Block] = [paragraph(text), _factor_table(contents)]
    names = ("matrix", "conflicts", "farm", "town")
    blocks += [
        figure(drawn[f"suitability_{n}"]) for n in names if f"suitability_{n}" in drawn
    ]  # fmt: skip
    blocks += [_unit_table(contents, kind) for kind in ("matrix", "conflict")
               if _areas(contents, kind)]  # fmt: skip
    blocks += [_capacity_table(contents)] if contents.rows("capacity.csv") else []
    return [Chapter(say("Room to live"), tuple(blocks))]


def _factor_table(contents: Contents) -> Block:
    columns = [Column(say("Factor")), Column(say("From"), kind="wide"), Column(say("Missing"))]
    rows = [
        [say(str(r["name"])), words.listing([words.layer(n) for n in str(r["layers"]).split()]),
         words.listing([words.layer(n) for n in str(r["missing"]).split()])]
        for r in contents.rows("factors.csv")
    ]  # fmt: skip
    return table(say("Factors of suitability"), columns, rows)


def _unit_table(contents: Contents, kind: str) -> Block:
    """Area by class for each unit of the coarsest level, with a total that adds up."""
    names = BEST_NAMES if kind == "matrix" else CONFLICT_NAMES
    levels = list(dict.fromkeys(str(r["level"]) for r in contents.rows("areas.csv")))
    level = next((name for name in levels if name != NATION), NATION)
    units: dict[tuple[str, str], list[float]] = {}
    for row in _areas(contents, kind, level):
        if int(row["class"]) in names:
            units.setdefault((row["code"], row["label"]), []).append(float(row["area_m2"]))
    kept = {key: areas for key, areas in units.items() if sum(areas)}
    sums = [sum(areas[i] for areas in kept.values()) for i in range(len(names))]
    cells = [km2_column([*(areas[i] for areas in kept.values()), sums[i]])
             for i in range(len(names))]  # fmt: skip
    lines = list(zip(*cells, strict=True))
    rows = [[label or say("in none"), *line]
            for (_, label), line in zip(kept, lines, strict=False)]  # fmt: skip
    columns = [Column(level.capitalize()),
               *(Column(say(name), "km²", "number") for name in names.values())]  # fmt: skip
    total = [say("Total"), *lines[-1]] if len(rows) > 1 else []
    caption = say("What land is best for") if kind == "matrix" else say("Conflicts of land use")
    return table(caption, columns, rows, total)


def _capacity_table(contents: Contents) -> Block:
    rows = _overloaded(contents)[:20]
    columns = [
        Column(say("Unit")), Column(say("Use")), Column(say("Now"), "km²", "number"),
        Column(say("Capacity"), "km²", "number"), Column(say("Now over capacity"), "", "number"),
        Column(say("Limited by")),
    ]  # fmt: skip
    now, can = (km2_column([float(r[c]) for r in rows]) for c in ("current_m2", "capacity_m2"))
    lines = [
        [r["label"], say(PURPOSES[r["purpose"]]), a, b, numerals.number(float(r["overload"]), 2),
         say(r["limited_by"])]
        for r, a, b in zip(rows, now, can, strict=True)
    ]  # fmt: skip
    return table(say("Units that use more than their land and water allow"), columns, lines)


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
    blocks: list[Block] = [paragraph(text)]
    blocks += [figure(drawn["seams"])] if "seams" in drawn else []
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
         f"{float(r['lon']):.3f}", f"{float(r['lat']):.3f}", numerals.km2(float(r["candidate_m2"]))]
        for r in contents.rows("seams.csv")[:20]
    ]  # fmt: skip
    return table(say("The longest seams"), columns, rows)


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
    blocks: list[Block] = [paragraph(text)]
    blocks += [figure(drawn["parcels"])] if "parcels" in drawn else []
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
