"""Habitat quality as people read it: its map, what degrades it, by class and by province."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tianren.io.previews import read_preview
from tianren.language import say
from tianren.reports import numerals, pictures, sheet
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    km2_column,
    opening,
)
from tianren.reports.chapters.blocks import table as table_block
from tianren.reports.chapters.first_page import FirstPage, what_is_unverified
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Bar, Caption

QUALITY = "habitat.quality"
FILES = {"quality": "habitat_quality.tif", "degradation": "degradation.tif"}


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("Habitat quality")


def _tables() -> Mapping[str, str]:
    return {"threats.csv": say("Threats"), "rarity.csv": say("Rarity")}


def _mean(contents: Contents) -> float:
    found = contents.pick(QUALITY)
    return found.value if found else float("nan")


def _threats(contents: Contents) -> list[dict[str, str]]:
    """Threats, the one that degrades most first."""
    rows = contents.rows("threats.csv")
    return sorted(rows, key=lambda row: (-float(row["share_of_degradation"]), row["threat"]))


def _of(contents: Contents, dimension: str) -> list[tuple[str, float]]:
    """Class or unit -> mean quality, the best first."""
    found = [(m.by[0][1], m.value) for m in contents.broken_down(QUALITY, dimension)]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _levels(contents: Contents) -> list[str]:
    """What quality is broken down by besides the class, in the order of the measures."""
    seen = [m.by[0][0] for m in contents.measures if m.indicator == QUALITY and m.by]
    return [name for name in dict.fromkeys(seen) if name != "class"]


def _statement(contents: Contents) -> str:
    return say(
        "Habitat quality is {mean} of 1 on average", mean=numerals.number(_mean(contents), 2)
    )


def _first(contents: Contents) -> FirstPage:
    threats = _threats(contents)
    sentences = [say("{statement}.", statement=_statement(contents))]
    if threats:
        share = numerals.percent(100 * float(threats[0]["share_of_degradation"]))
        sentences.append(say("{share} of the degradation comes from {threat}.",
                             share=share, threat=threats[0]["threat"]))  # fmt: skip
    numbers = [(numerals.number(_mean(contents), 2), "", say("mean habitat quality"))]
    numbers += [(numerals.number(value, 2), "", name) for name, value in _of(contents, "class")[:2]]
    unverified = tuple(what_is_unverified(contents))
    return FirstPage(tuple(sentences), tuple(numbers), unverified)


# -- pictures --------------------------------------------------------------------------------------


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    ground = Ground(contents, contents.folder / FILES["quality"])
    return [_quality(contents, ground, folder), *_degradation(contents, ground, folder),
            *_by_class(contents, folder)]  # fmt: skip


def _quality(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    caption = Caption(_statement(contents), say("Habitat quality, 0 to 1"), say("Quality"))
    shown = read_preview(contents.folder / FILES["quality"])
    return pictures.surface(
        contents, ground, shown, folder / "habitat_quality.png", caption,
        ramp="water_and_vegetation", dark_is_more=True, ends=(0.0, 1.0),
        entries=[sheet.note(say("Dark green: good habitat; pale: poor"))],
    )  # fmt: skip


def _degradation(contents: Contents, ground: Ground, folder: Path) -> list[Drawn]:
    """Where threats are felt; no map where nothing is degraded."""
    half = float(contents.run.get("habitat", {}).get("half_saturation", 0.0))
    if not half:
        return []
    title = say("Where threats degrade habitats")
    caption = Caption(title, say("Degradation; quality is halved at {half}",
                                 half=numerals.number(half)), say("Degradation"))  # fmt: skip
    shown = read_preview(contents.folder / FILES["degradation"])
    return [
        pictures.surface(contents, ground, shown, folder / "habitat_degradation.png", caption,
                         ramp="sensitivity", ends=(0.0, half))
    ]  # fmt: skip


def _by_class(contents: Contents, folder: Path) -> list[Drawn]:
    found = _of(contents, "class")
    if not found:
        return []
    title = say("Best habitats: {best}; poorest: {worst}",
                best=found[0][0], worst=found[-1][0])  # fmt: skip
    rows = [Bar(name, value, numerals.number(value, 2)) for name, value in found]
    caption = Caption(title, say("Mean habitat quality by land cover, 0 to 1"))
    return [pictures.bars(contents, folder / "habitat_classes.png", caption, rows)]


# -- chapter ---------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "Quality is the suitability of the land cover, lessened by the threats within reach of it "
        "(InVEST). Suitability and sensitivity are the project's own table; values are relative to "
        "the most degraded cell here and are not comparable between countries."
    )
    blocks = opening(text, drawn, "habitat_quality", "habitat_degradation", "habitat_classes")
    if _threats(contents):
        blocks.append(_threat_table(contents))
    blocks += [_level_table(contents, level) for level in _levels(contents)[:1]]
    return [Chapter(say("Habitat quality"), tuple(blocks))]


def _threat_table(contents: Contents) -> Block:
    rows = _threats(contents)
    areas = km2_column([float(row["area_m2"]) for row in rows])
    columns = [
        Column(say("Threat")), Column(say("Weight"), kind="number"),
        Column(say("Reach"), "km", "number"), Column(say("Area"), "km²", "number"),
        Column(say("Part of the degradation"), "%", "number"),
    ]  # fmt: skip
    lines: Sequence[Sequence[str]] = [
        [row["threat"], numerals.written(float(row["weight"])),
         numerals.written(float(row["reach_m"]) / 1e3), area,
         numerals.percent_number(100 * float(row["share_of_degradation"]))]
        for row, area in zip(rows, areas, strict=True)
    ]  # fmt: skip
    return table_block(say("Threats to habitats"), columns, lines)


def _level_table(contents: Contents, level: str) -> Block:
    columns = [Column(level.capitalize()), Column(say("Mean quality"), kind="number")]
    rows = [[name, numerals.number(value, 3)] for name, value in _of(contents, level)]
    return table_block(say("Habitat quality by {level}", level=level), columns, rows)
