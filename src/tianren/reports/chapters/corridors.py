"""Corridors as people read them: their map, where movement squeezes through, what each is worth."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tianren.io.previews import Preview, read_preview
from tianren.io.vectors import read_result
from tianren.language import say
from tianren.reports import maps, numerals, palette, pictures, sheet
from tianren.reports.chapters import flyway_map
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    km2_column,
    opening,
)
from tianren.reports.chapters.blocks import table as table_block
from tianren.reports.chapters.first_page import FirstPage
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Bar, Caption, Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CORE, ACCEPTED = 1, 2
CORE_COLOUR, ACCEPTED_COLOUR, REFUSED_COLOUR = "#7fa88a", "#d9722e", "#5b5b5b"
PALE_CORE = "#c6dccb"  # where cores only frame what is shown
MOST_ROWS, MOST_BARS = 30, 12
Rows = list[dict[str, str]]


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("Corridors between the parts of the line")


def _tables() -> Mapping[str, str]:
    return {
        "links.csv": say("Corridors"),
        "patches.csv": say("Cores"),
        "routes.csv": say("Routes"),
    }


def _links(contents: Contents) -> Rows:
    """Corridors, the one that matters most first."""
    rows = contents.rows("links.csv")
    return sorted(rows, key=lambda row: (-float(row["dpc_percent"]), int(row["id"])))


def _core_names(contents: Contents) -> dict[str, str]:
    """Each core by number and area: one unit of many that a large core reaches would mislead."""
    rows = contents.rows("patches.csv")
    areas = [f"{numerals.number(float(row['area_m2']) / 1e6, 0)}{numerals.GAP}km²" for row in rows]
    return {
        row["core"]: say("core {n} ({unit})", n=row["core"], unit=area)
        for row, area in zip(rows, areas, strict=True)
    }


def _accepted(contents: Contents) -> Rows:
    return [row for row in _links(contents) if row["accepted"] == "yes"]


def _linked(contents: Contents) -> list[set[str]]:
    """The cores that accepted corridors link, in the groups that they make."""
    made: list[set[str]] = []
    for row in _accepted(contents):
        ends = {row["from"], row["to"]}
        met = [group for group in made if group & ends]
        made = [*(group for group in made if not group & ends), ends.union(*met)]
    return made


def _statement(contents: Contents) -> str:
    """How many corridors link how many cores, and in how many groups those stay."""
    linked = _linked(contents)
    counts = {
        "n": len(_accepted(contents)), "all": len(_links(contents)),
        "cores": len(contents.rows("patches.csv")), "linked": sum(map(len, linked)),
    }  # fmt: skip
    if len(linked) > 1:
        return say("{n} of {all} corridors link {linked} of the {cores} cores of the line, in "
                   "{groups} groups that stay apart", groups=len(linked), **counts)  # fmt: skip
    if counts["linked"] < counts["cores"]:
        return say("{n} of {all} corridors link {linked} of the {cores} cores of the line",
                   **counts)  # fmt: skip
    return say("{n} of {all} corridors link the {cores} cores of the line", **counts)


def _gain(contents: Contents) -> float:
    """How much larger the equivalent connected area is with the accepted corridors, percent."""
    without = contents.value("corridors.eca", open="none")
    with_them = contents.value("corridors.eca", open="accepted")
    return 100 * (with_them / without - 1) if without else 0.0


def _first(contents: Contents) -> FirstPage:
    area = contents.value("corridors.area")
    stranded = round(contents.value("corridors.stranded"))
    sentences = [
        say("{statement}.", statement=_statement(contents)),
        say("They add {area} km² of land and make the line as connected as one {gain} larger.",
            area=numerals.km2(area), gain=numerals.percent(_gain(contents))),
    ]  # fmt: skip
    if stranded == 1:
        sentences.append(say("1 core cannot be reached by any way."))
    elif stranded:
        sentences.append(say("{n} cores cannot be reached by any way.", n=stranded))
    numbers = (
        (str(len(_accepted(contents))), "", say("accepted corridors")),
        (str(len(_links(contents)) - len(_accepted(contents))), "", say("refused corridors")),
        (numerals.km2(area), "km²", say("area of the accepted corridors")),
        (numerals.percent(_gain(contents)), "", say("gain of equivalent connected area")),
        (str(stranded), "", say("cores that no way reaches")),
    )
    return FirstPage(tuple(sentences), numbers, tuple(str(r["id"]) for r in contents.unverified))


# -- pictures --------------------------------------------------------------------------------------


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    ground = Ground(contents, contents.folder / "cost.tif")
    drawn = [_web(contents, ground, folder)]
    if _links(contents):
        drawn += [_current(contents, ground, folder), _importance(contents, folder)]
    return drawn


def _web(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    """Cores, accepted corridors as land, refused ones as lines."""
    shown = _cells(contents)
    area = f"{numerals.km2(contents.value('corridors.area'))} km²"
    cores = f"{numerals.km2(contents.value('corridors.cores'))} km²"
    looks = [
        Look(CORE, say("core of the line"), cores, CORE_COLOUR),
        Look(ACCEPTED, say("accepted corridor"), area, ACCEPTED_COLOUR),
    ]
    caption = Caption(_statement(contents), say("Corridors of least accumulated resistance"))

    def overlay(axes: "Axes") -> None:
        _paths(axes, contents)
        flyway_map.draw(axes, contents)

    return pictures.classes(
        contents, ground, shown, folder / "corridors_map.png", caption, looks,
        entries=[*_path_entries(contents), *flyway_map.entries(contents)], overlay=overlay,
    )  # fmt: skip


def _path_entries(contents: Contents) -> list[sheet.Entry]:
    """The legend of the least-cost paths that the map has."""
    accepted = len(_accepted(contents))
    found = []
    if accepted:
        found.append(sheet.line(say("path of an accepted corridor"), palette.EDGE, 0.9))
    if len(_links(contents)) > accepted:
        found.append(sheet.line(say("path of a refused corridor"), REFUSED_COLOUR, 0.9, "--"))
    return found


def _cells(contents: Contents) -> Preview:
    """Cores and accepted corridors as codes."""
    cost = read_preview(contents.folder / "cost.tif", category=True)
    numbers = read_preview(contents.folder / "corridors.tif", category=True)
    codes = np.where(numbers.cells > 0, ACCEPTED, np.where(cost.cells == 0, CORE, 0))
    return Preview(codes.astype(np.float32), cost.extent, cost.crs)


def _paths(axes: "Axes", contents: Contents) -> None:
    """Least-cost paths: accepted firm, refused broken."""
    from matplotlib.collections import LineCollection

    path = contents.folder / "paths.gpkg"
    if not path.exists():
        return
    layer = read_result(path)
    for verdict, colour, width, style in (
        ("no", REFUSED_COLOUR, 0.6, (0, (3, 2))),
        ("yes", palette.EDGE, 0.9, "-"),
    ):
        lines = [np.asarray(g.coords) for g in layer.geometry[layer["accepted"] == verdict]]
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=width, linestyles=[style]),
            autolim=False,
        )


def _current(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    """Where one ampere for every corridor flows, cores left plain."""
    shown = read_preview(contents.folder / "current.tif")
    cost = read_preview(contents.folder / "cost.tif", category=True)
    between = np.where((shown.cells > 0) & (cost.cells > 0), shown.cells, np.nan)
    high = float(np.nanpercentile(between, 98)) if np.isfinite(between).any() else 1.0
    flowing = np.log10(np.where(between >= high / 100, between, np.nan))
    best = _links(contents)[0]
    title = say(
        "At its narrowest, {share} of the movement in corridor {id}, the most important, passes "
        "one cell",
        id=best["id"], share=numerals.percent(100 * float(best["pinch"])),
    )  # fmt: skip
    caption = Caption(title, say("Current of one ampere for each corridor, refused ones too"),
                      say("Current, A"))  # fmt: skip
    picture = Preview(flowing.astype(np.float32), shown.extent, shown.crs)
    cores = np.zeros((*cost.cells.shape, 4))
    cores[cost.cells == 0] = (*palette.rgb(PALE_CORE), 0.86)
    return pictures.surface(
        contents, ground, picture, folder / "corridors_current.png", caption,
        ramp="sensitivity", logarithms=True, ends=(float(np.log10(high / 100)),
                                                   float(np.log10(high))),
        entries=[sheet.space(), sheet.swatch(say("core of the line"), fill=PALE_CORE)],
        overlay=lambda axes: maps.show(axes, cores, cost.extent),
    )  # fmt: skip


def _importance(contents: Contents, folder: Path) -> Drawn:
    """What goes with each corridor."""
    rows = _links(contents)[:MOST_BARS]
    best, cores = rows[0], _core_names(contents)
    title = say(
        "Corridor {id} matters most: {share} of the connectivity goes with it",
        id=best["id"], share=numerals.percent(float(best["dpc_percent"])),
    )  # fmt: skip
    bars = [
        Bar(
            say("{id}: {start} to {end}", id=row["id"], **_ends(row, cores)),
            float(row["dpc_percent"]),
            numerals.percent(float(row["dpc_percent"])),
            ACCEPTED_COLOUR if row["accepted"] == "yes" else REFUSED_COLOUR,
        )
        for row in rows
    ]
    subtitle = say("Share of the probability of connectivity lost with a corridor; orange accepted")
    return pictures.bars(
        contents, folder / "corridors_importance.png", Caption(title, subtitle), bars
    )


# -- chapter ---------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "Corridors link the parts of the line that are drawn without them, along the ways of least "
        "accumulated resistance. A corridor is accepted when it costs no more than a set number of "
        "times the median and is wide enough; the rest is listed with its reason. Its importance "
        "is the share of the probability of connectivity that goes with it (Saura and Rubio 2010)."
    )
    blocks = opening(text, drawn, "corridors_map", "corridors_current", "corridors_importance")
    if _links(contents):
        blocks.append(_link_table(contents))
    if contents.rows("patches.csv"):
        blocks.append(_core_table(contents))
    if contents.rows("routes.csv"):
        blocks.append(_route_table(contents))
    return [Chapter(say("Corridors"), tuple(blocks))]


def _link_table(contents: Contents) -> Block:
    rows, cores = _links(contents)[:MOST_ROWS], _core_names(contents)
    columns = [
        Column(say("No."), kind="number"), Column(say("From and to")),
        Column(say("Length"), "km", "number"), Column(say("Width"), "km", "number"),
        Column(say("Resistance"), kind="number"), Column(say("Pinch"), "%", "number"),
        Column(say("Importance"), "%", "number"), Column(say("Verdict"), kind="word"),
    ]  # fmt: skip
    lines = [
        [
            row["id"],
            say("{start} to {end}", **_ends(row, cores)),
            numerals.number(float(row["length_m"]) / 1e3, 1),
            numerals.number(float(row["width_m"]) / 1e3, 1),
            numerals.number(float(row["mean_resistance"]), 1),
            numerals.number(100 * float(row["pinch"]), 0),
            numerals.number(float(row["dpc_percent"]), 2),
            say("accepted") if row["accepted"] == "yes" else say("refused"),
        ]
        for row in rows
    ]
    caption = say("The {n} corridors that matter most; links.csv has all with their reasons",
                  n=len(rows))  # fmt: skip
    return table_block(caption, columns, lines)


def _ends(link: Mapping[str, str], cores: Mapping[str, str]) -> dict[str, str]:
    return {"start": cores[link["from"]], "end": cores[link["to"]]}


def _core_name(written: str) -> str:
    """The name that a run in English gave a core, in the language of the report."""
    found = re.fullmatch(r"core (\d+)(?: \((.*)\))?", written)
    if not found:
        return written
    if found[2] is None:
        return say("core {n}", n=found[1])
    return say("core {n} ({unit})", n=found[1], unit=found[2])


def _core_table(contents: Contents) -> Block:
    rows = contents.rows("patches.csv")[:MOST_ROWS]
    areas = km2_column([float(row["area_m2"]) for row in rows])
    columns = [
        Column(say("Core")), Column(say("Area"), "km²", "number"),
        Column(say("Importance"), "%", "number"), Column(say("Intra"), "%", "number"),
        Column(say("Flux"), "%", "number"), Column(say("Connector"), "%", "number"),
        Column(say("Group"), kind="number"),
    ]  # fmt: skip
    shares = ("dpc_percent", "intra_percent", "flux_percent", "connector_percent")
    lines = [
        [
            _core_name(row["name"]),
            area,
            *(numerals.number(float(row[s]), 2) for s in shares),
            row["group"],
        ]
        for row, area in zip(rows, areas, strict=True)
    ]
    caption = say("The largest cores; those of one group can reach each other")
    return table_block(caption, columns, lines)


def _route_table(contents: Contents) -> Block:
    columns = [
        Column(say("Route")), Column(say("Species")), Column(say("From and to")),
        Column(say("Step"), "km", "number"), Column(say("Longest"), "km", "number"),
        Column(say("Verdict"), kind="word"),
    ]  # fmt: skip
    lines = [
        [
            row["route"], row["species"],
            say("{start} to {end}", start=row["from"], end=row["to"]),
            numerals.number(float(row["length_km"]), 0),
            numerals.number(float(row["longest_step_km"]), 0) if row["longest_step_km"] else "–",
            _verdict(row["too_long"]),
        ]
        for row in contents.rows("routes.csv")
    ]  # fmt: skip
    return table_block(say("Steps of migratory routes"), columns, lines)


def _verdict(too_long: str) -> str:
    """What a step is; a dash where nobody knows how far the species goes."""
    return {"yes": say("too long"), "no": say("within reach")}.get(too_long, "–")
