"""What a report is set from: chapters of plain blocks that the PDF and the page both draw."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tianren.language import say
from tianren.reports import numerals
from tianren.reports.maps import Drawn
from tianren.reports.sheet import MARGIN, WIDTH

Block = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    kind: number (aligned right), text and wide (take the room), word (as wide as it is), hash.
    """

    head: str
    unit: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Chapter:
    """A chapter: its heading and its blocks in order."""

    title: str
    blocks: tuple[Block, ...]


def km2_column(areas_m2: Sequence[float]) -> list[str]:
    places = numerals.km2_decimals(list(areas_m2))
    return [numerals.number(a / 1e6, places) for a in areas_m2]


def paragraph(text: str) -> Block:
    return {"kind": "text", "text": text}


def figure(drawn: Drawn) -> Block:
    return {
        "kind": "figure",
        "file": drawn.path.name,
        "title": drawn.title,
        "alt": drawn.alt,
        "head": drawn.head,
        "margin": MARGIN / WIDTH,
    }


def opening(text: str, drawn: Mapping[str, Drawn], *names: str) -> list[Block]:
    """How a chapter begins: what it is about, and those of its pictures that were drawn."""
    return [paragraph(text), *(figure(drawn[name]) for name in names if name in drawn)]


def with_sources_told(chapter: Chapter) -> Chapter:
    """The chapter with a note below each table that names a source by its short form."""
    blocks = [b for block in chapter.blocks for b in (block, *_sources_told(block))]
    return Chapter(chapter.title, tuple(blocks))


def _sources_told(block: Block) -> list[Block]:
    """What the short forms in a table stand for; nothing where it has none."""
    if block["kind"] != "table":
        return []
    words = {word for row in block["rows"] for cell in row for word in re.findall(r"\w+", cell)}
    told = [source for short, source in _sources().items() if short in words]
    return [paragraph(say("{statement}.", statement=say("; ").join(told)))] if told else []


def _sources() -> dict[str, str]:
    return {
        "G17": say(
            "G17: Guidelines for delineating Ecological Conservation Redlines, 2017, No. 48"
        ),
        "DE20": say("DE20: guide to the dual evaluation, Ministry of Natural Resources, 2020"),
    }


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    total: Sequence[str] = (),
) -> Block:
    return {
        "kind": "table",
        "caption": caption,
        "columns": [asdict(c) for c in columns],
        "rows": [list(r) for r in rows],
        "total": list(total),
    }
