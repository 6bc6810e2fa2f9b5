"""Species as people read them: how rich the land is, where it is unlike any other, key areas."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tianren.io.previews import read_preview
from tianren.language import say
from tianren.reports import numerals, pictures, sheet
from tianren.reports.chapters.blocks import Block, Chapter, Column, opening, paragraph
from tianren.reports.chapters.blocks import table as table_block
from tianren.reports.chapters.first_page import FirstPage
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Bar, Caption

# Surface -> what it is called, what its hotspots hold, and its ramp.
MAP_NAMES = {
    "richness": ("Species in a cell", "water_and_vegetation"),
    "weighted_richness": ("Weighted richness", "water_and_vegetation"),
    "weighted_endemism": ("Weighted endemism", "sensitivity"),
}
SURFACE_NAMES = {
    "richness": "richness of species",
    "weighted_richness": "weighted richness",
    "weighted_endemism": "endemism",
}
SOURCE_NAMES = {
    "habitat": "area of habitat",
    "range": "given range",
    "model": "model",
    "records": "cells with records",
    "none": "no range",
}
VERDICT_NAMES = {"met": "met", "cannot decide": "cannot decide"}
_VERDICTS = tuple(VERDICT_NAMES)
_MOST_ROWS = 30


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("Species and key biodiversity areas")


def _tables() -> Mapping[str, str]:
    return {
        "species.csv": say("Species"),
        "kba.csv": say("Key biodiversity areas"),
        "complementarity.csv": say("Complementarity"),
    }


def _count(contents: Contents, source: str) -> int:
    found = contents.pick("species.ranges", source=source)
    return int(found.value) if found else 0


def _sources(contents: Contents) -> list[tuple[str, int]]:
    return [(name, n) for name in SOURCE_NAMES if (n := _count(contents, name))]


def _statement(contents: Contents) -> str:
    every = sum(n for _, n in _sources(contents))
    known = every - _count(contents, "none")
    if known == 1:
        return say("1 of {all} species has a range here", all=every)
    return say("{n} of {all} species have a range here", n=known, all=every)


def _concentrated(contents: Contents, name: str) -> str:
    """What the hotspots of a surface hold; "" where nothing lives."""
    area, share = (contents.pick(i, of=name) for i in ("species.hotspots", "species.concentration"))
    if area is None or share is None or not area.value:
        return ""
    return say(
        "{area} km² of hotspots hold {share} of the {what}",
        area=numerals.number(area.value / 1e6, 0),
        share=numerals.percent(share.value),
        what=say(SURFACE_NAMES[name]),
    )


def _sites(contents: Contents, verdict: str) -> set[str]:
    rows = contents.rows("kba.csv")
    return {row["site"] for row in rows if row["verdict"] == verdict and row["species"]}


def _key_areas(contents: Contents) -> str:
    met, open_ones = (_sites(contents, verdict) for verdict in _VERDICTS)
    if len(met) == 1:
        return say(
            "1 site meets a criterion of key biodiversity areas; for {open} more something is "
            "missing that would decide",
            open=len(open_ones - met),
        )
    return say(
        "{met} sites meet a criterion of key biodiversity areas; for {open} more something is "
        "missing that would decide",
        met=len(met),
        open=len(open_ones - met),
    )


def _first(contents: Contents) -> FirstPage:
    told = [_statement(contents), *(_concentrated(contents, name) for name in MAP_NAMES)]
    if contents.rows("kba.csv"):
        told.append(_key_areas(contents))
    numbers = [
        (str(n), "", say("species: {source}", source=say(SOURCE_NAMES[name])))
        for name, n in _sources(contents)[:4]
    ]
    numbers.append((str(len(_sites(contents, "met"))), "", say("sites that meet a criterion")))
    unverified = tuple(str(row["id"]) for row in contents.unverified)
    sentences = tuple(say("{statement}.", statement=text) for text in told if text)
    return FirstPage(sentences[:4], tuple(numbers[:5]), unverified)


# -- pictures --------------------------------------------------------------------------------------


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    drawn = [d for name in MAP_NAMES if (d := _map(contents, folder, name))]
    return [*drawn, _source_bars(contents, folder)]


def _map(contents: Contents, folder: Path, name: str) -> Drawn | None:
    """A surface in its ramp; none of one that is zero everywhere."""
    path = contents.folder / f"surfaces/{name}.tif"
    title = _concentrated(contents, name)
    if not path.exists() or not title:
        return None
    if name == "richness":
        return _richness(contents, folder, path, title)
    shown = read_preview(path)
    known = shown.cells[np.isfinite(shown.cells) & (shown.cells > 0)]
    heading, ramp = MAP_NAMES[name]
    caption = Caption(title, say("From ranges, models and cells with records"), say(heading))
    most = float(np.quantile(known, 0.99)) if len(known) else 1.0
    return pictures.surface(
        contents, Ground(contents, path), shown, folder / f"species_{name}.png", caption,
        ramp=ramp, dark_is_more=True, ends=(0.0, most), entries=[sheet.note(say("Darker: more"))],
    )  # fmt: skip


def _richness(contents: Contents, folder: Path, path: Path, title: str) -> Drawn:
    """How many species each cell has, as whole numbers."""
    shown = read_preview(path, category=True)
    heading, ramp = MAP_NAMES["richness"]
    caption = Caption(title, say("From ranges, models and cells with records"), say(heading))
    most = int(np.ceil(np.nanmax(shown.cells, initial=0) - 1e-6))
    file = folder / "species_richness.png"
    return pictures.counts(contents, Ground(contents, path), shown, most, file, caption, ramp)


def _source_bars(contents: Contents, folder: Path) -> Drawn:
    rows = [Bar(say(SOURCE_NAMES[name]), n, str(n)) for name, n in _sources(contents)]
    caption = Caption(_statement(contents), say("Species by the best source of their range"))
    return pictures.bars(contents, folder / "species_sources.png", caption, rows)


# -- chapter ---------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    return [_where(contents, drawn), *_key_area_chapter(contents), *_tiny_chapter(contents)]


def _where(contents: Contents, drawn: Mapping[str, Drawn]) -> Chapter:
    text = say(
        "Each species' range is the best that there is: its habitat within a given range, the "
        "given range, a model above its threshold, or only the cells where it was recorded. A cell "
        "that lies half inside a range counts half. Weighted endemism divides each species by the "
        "size of its range, so that it is high where species live that live nowhere else; species "
        "known from records alone have no size of range, and are left out of it."
    )
    names = [*(f"species_{name}" for name in MAP_NAMES), "species_sources"]
    blocks = opening(text, drawn, *names)
    return Chapter(say("Where species live"), (*blocks, *_complement(contents)))


def _complement(contents: Contents) -> list[Block]:
    """The units of the coarsest level that hold all species between them."""
    rows = [row for row in contents.rows("complementarity.csv") if row["of"] != "cells"]
    rows = [row for row in rows if row["of"] == rows[0]["of"]][:_MOST_ROWS]
    if not rows:
        return []
    columns = [
        Column(say("Unit")), Column(say("Species added"), kind="number"),
        Column(say("Species held"), kind="number"), Column(say("Share"), "%", "number"),
    ]  # fmt: skip
    lines = [
        [row["label"] or row["unit"], row["added"], row["held"],
         numerals.percent_number(float(row["share_percent"]))]
        for row in rows
    ]  # fmt: skip
    caption = say("The fewest units that hold every species between them, the greatest gain first")
    return [table_block(caption, columns, lines)]


def _key_area_chapter(contents: Contents) -> list[Chapter]:
    rows = [r for r in contents.rows("kba.csv") if r["species"] and r["verdict"] in _VERDICTS]
    if not rows:
        return []
    text = say(
        "This is a screening, not a proposal: a share of what lies in the country can rule a "
        "species out, and rules it in only where the species lives nowhere else. Criteria C, D and "
        "E rest on declared evidence alone."
    )
    ordered = sorted(rows, key=_most_telling)[:_MOST_ROWS]
    return [
        Chapter(
            say("Key biodiversity areas"),
            (
                paragraph(say("{statement}.", statement=_key_areas(contents))),
                paragraph(text),
                _site_table(ordered),
            ),
        )
    ]


def _most_telling(row: Mapping[str, str]) -> tuple[int, int, float, str, str, str]:
    """Met first; then what only the site's own count would decide, by share."""
    far = int("global" in row["basis"] or "endemic" in row["basis"])
    share = float(row["share_percent"] or 0)
    place = row["site"], row["criterion"], row["species"]
    return _VERDICTS.index(row["verdict"]), 1 - far, -share, *place


def _site_table(rows: Sequence[Mapping[str, str]]) -> Block:
    columns = [
        Column(say("Site")), Column(say("Criterion"), kind="word"), Column(say("Verdict")),
        Column(say("Species")), Column(say("Share"), "%", "number"), Column(say("Missing")),
    ]  # fmt: skip
    lines = [
        [row["site"], row["criterion"], say(VERDICT_NAMES[row["verdict"]]), _short(row["species"]),
         numerals.percent_number(float(row["share_percent"])) if row["share_percent"] else "–",
         row["missing"]]
        for row in rows
    ]  # fmt: skip
    return table_block(say("Sites and criteria; all are in kba.csv"), columns, lines)


def _short(names: str, most: int = 2) -> str:
    listed = names.split("; ")
    more = say(" and {n} more", n=len(listed) - most) if len(listed) > most else ""
    return "; ".join(listed[:most]) + more


def _tiny_chapter(contents: Contents) -> list[Chapter]:
    rows = [row for row in contents.rows("species.csv") if row["tiny_population"]]
    if not rows:
        return []
    text = say(
        "Their habitats must be inside the line, however small: the patches of habitat that hold "
        "records, else the squares of occupancy round them."
    )
    columns = [Column(say("Species")), Column(say("Records"), kind="number"), Column(say("Why"))]
    lines = [[row["species"], row["records"], row["tiny_population"]] for row in rows[:_MOST_ROWS]]
    table = table_block(say("Species with tiny populations"), columns, lines)
    return [Chapter(say("Tiny populations"), (paragraph(text), table))]
