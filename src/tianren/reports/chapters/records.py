"""Species records as people read them: how many, from where, and what was left out for what."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tianren.geo.moves import move_between
from tianren.geo.records import REASONS
from tianren.io.previews import Preview
from tianren.io.vectors import read_result
from tianren.language import say
from tianren.reports import numerals, palette, pictures
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

Floats = NDArray[np.float64]

_MOST_ROWS = 30
_MOST_NAMES = 12
_SQUARES = 150  # along the longer side of the map
_SIDES = (1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5)  # m
_STEPS = (1, 2, 6, 21, 101)  # records from which a square has its colour
_PALEST = 0.75  # of the ramp: beyond it a colour is lost on the grey relief


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("Species records")


def _tables() -> Mapping[str, str]:
    return {"taxa.csv": say("Species"), "unmatched.csv": say("Unmatched names")}


def _number(contents: Contents, indicator: str) -> float:
    found = contents.pick(indicator)
    return found.value if found else 0.0


def _reasons(contents: Contents) -> list[tuple[str, float]]:
    """Reason -> rows dropped, the most first."""
    found = [(dict(m.by)["reason"], m.value)
             for m in contents.broken_down("records.dropped", "reason")]  # fmt: skip
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _statement(contents: Contents) -> str:
    if _number(contents, "records.kept") == 1:
        read = numerals.number(_number(contents, "records.read"), 0)
        return say("1 of {read} records is fit for use", read=read)
    return say(
        "{kept} of {read} records of {species} species are fit for use",
        kept=numerals.number(_number(contents, "records.kept"), 0),
        read=numerals.number(_number(contents, "records.read"), 0),
        species=numerals.number(_number(contents, "records.species"), 0),
    )


def _first(contents: Contents) -> FirstPage:
    sentences = [say("{statement}.", statement=_statement(contents))]
    numbers = [
        (numerals.number(_number(contents, "records.kept"), 0), "", say("records kept")),
        (numerals.number(_number(contents, "records.species"), 0), "", say("species with records")),
    ]
    for reason, count in _reasons(contents)[:1]:
        sentences.append(say("Most often left out: {reason}.", reason=say(REASONS[reason])))
        numbers.append((numerals.number(count, 0), "", say(REASONS[reason])))
    unverified = tuple(str(row["id"]) for row in contents.unverified)
    return FirstPage(tuple(sentences), tuple(numbers), unverified)


# -- pictures --------------------------------------------------------------------------------------


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    drawn = []
    region = contents.surroundings.region
    if region is not None and _number(contents, "records.kept"):
        drawn.append(_map(contents, folder, region.total_bounds))
    if _reasons(contents):
        drawn.append(_left_out(contents, folder))
    return drawn


def _places(folder: Path, crs: str) -> tuple[Floats, Floats]:
    """x, y of the kept records in the project's plane."""
    rows = read_result(folder / "records.gpkg", "records")
    move = move_between(4326, crs)
    x, y = move.transform(rows["lon"].to_numpy(float), rows["lat"].to_numpy(float))
    return np.asarray(x), np.asarray(y)


def _squares(contents: Contents, bounds: Floats) -> tuple[Preview, float]:
    """Records in each square of the region's box, and the side of a square, m."""
    x, y = _places(contents.folder, contents.crs)
    west, south, east, north = (float(v) for v in bounds)
    span = max(east - west, north - south)
    side = next((s for s in _SIDES if span / s <= _SQUARES), _SIDES[-1])
    left, bottom = np.floor(west / side) * side, np.floor(south / side) * side
    columns, rows = int(np.ceil((east - left) / side)), int(np.ceil((north - bottom) / side))
    top, right = bottom + rows * side, left + columns * side
    edges = np.linspace(bottom, top, rows + 1), np.linspace(left, right, columns + 1)
    counts, _, _ = np.histogram2d(y, x, bins=edges)
    return Preview(counts[::-1].astype(np.float32), (left, right, bottom, top), contents.crs), side


def _map(contents: Contents, folder: Path, bounds: Floats) -> Drawn:
    shown, side = _squares(contents, bounds)
    codes = np.digitize(shown.cells, _STEPS).astype(np.float32)
    colours = palette.ramp("magnitude")
    looks = []
    for code, low in enumerate(_STEPS, start=1):
        high = _STEPS[code] - 1 if code < len(_STEPS) else 0
        name = str(low) if high == low else f"{low}–{high}" if high else f"≥ {low}"
        number = int((codes == code).sum())
        place = _PALEST * (1 - (code - 1) / (len(_STEPS) - 1))
        shade = palette.hex_of(colours[int(place * (len(colours) - 1))])
        if number:
            looks.append(Look(code, name, _how_many_squares(number), shade))
    caption = Caption(
        _unevenness(shown),
        say("Kept records in squares of {side} km", side=numerals.number(side / 1000, 0)),
        say("Records"),
    )
    coded = Preview(codes, shown.extent, shown.crs)
    return pictures.classes(
        contents, Ground(contents), coded, folder / "records_places.png", caption, looks,
    )  # fmt: skip


def _how_many_squares(n: int) -> str:
    if n == 1:
        return say("1 square")
    return say("{n} squares", n=numerals.number(n, 0))


def _unevenness(shown: Preview) -> str:
    """How few of the squares hold half of the records: what a reader must know of a sample."""
    counts = np.sort(shown.cells[shown.cells > 0])[::-1]
    if len(counts) == 1:
        return say("All records come from one square")
    half = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
    return say(
        "Half of the records come from {n} of the {all} squares with any",
        n=numerals.number(half, 0),
        all=numerals.number(len(counts), 0),
    )


def _left_out(contents: Contents, folder: Path) -> Drawn:
    found = _reasons(contents)
    total = sum(count for _, count in found)
    title = say(
        "{share} of what was read is left out",
        share=numerals.percent(100 * total / max(_number(contents, "records.read"), 1)),
    )
    rows = [Bar(say(REASONS[r]), count, numerals.number(count, 0)) for r, count in found]
    caption = Caption(title, say("Records left out, by the first reason that applied"))
    return pictures.bars(contents, folder / "records_left_out.png", caption, rows)


# -- chapter ---------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "Every row that was read is kept, or listed in dropped.csv with one reason. Names are "
        "matched through the checklist and never guessed; coordinates are never corrected. Where "
        "nobody looked there is no record: a place without one is not a place without the species."
    )
    blocks = opening(text, drawn, "records_places", "records_left_out")
    if any(int(row["records"]) for row in contents.rows("taxa.csv")):
        blocks.append(_species_table(contents))
    if _unmatched(contents):
        blocks.append(_names_table(contents))
    return [Chapter(say("What was recorded"), tuple(blocks))]


def _species_table(contents: Contents) -> Block:
    """The species with the most records; the rest are in taxa.csv."""
    known = [row for row in contents.rows("taxa.csv") if int(row["records"])]
    rows = sorted(known, key=lambda row: (-int(row["records"]), row["species"]))[:_MOST_ROWS]
    extents = km2_column([float(row["eoo_m2"]) for row in rows])
    occupied = km2_column([float(row["aoo_m2"]) for row in rows])
    columns = [
        Column(say("Species")), Column(say("Red list"), kind="word"),
        Column(say("Records"), kind="number"), Column(say("Places"), kind="number"),
        Column(say("Extent of occurrence"), "km²", "number"),
        Column(say("Area of occupancy"), "km²", "number"),
    ]  # fmt: skip
    lines = [
        [row["species"], row["category"] or "–", _count(row["records"]),
         _count(row["unique_places"]), extent, area]
        for row, extent, area in zip(rows, extents, occupied, strict=True)
    ]  # fmt: skip
    return table_block(say("Species with the most records; all are in taxa.csv"), columns, lines)


def _unmatched(contents: Contents) -> list[Mapping[str, str]]:
    """The unmatched names that records bear; those of lists alone are in unmatched.csv."""
    return [row for row in contents.rows("unmatched.csv") if int(row["records"])]


def _names_table(contents: Contents) -> Block:
    """The unmatched names that most records bear, with what is near: for a person to decide."""
    found = _unmatched(contents)
    rows = sorted(found, key=lambda row: (-int(row["records"]), row["name"]))[:_MOST_NAMES]
    columns = [Column(say("Name as written")), Column(say("Records"), kind="number"),
               Column(say("Why not matched")), Column(say("Near it, as advice"))]  # fmt: skip
    lines = [
        [row["name"], _count(row["records"]), say(REASONS[row["reason"]]), row["nearest"] or "–"]
        for row in rows
    ]
    caption = say(
        "Names without a species that most records bear, of {n}", n=numerals.number(len(found), 0)
    )
    return table_block(caption, columns, lines)


def _count(text: str) -> str:
    return numerals.number(int(text), 0)
