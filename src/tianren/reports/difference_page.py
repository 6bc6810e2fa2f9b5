"""The page on which the public sees what of the line changed: map, what, where and why."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from tianren.language import say
from tianren.reports import numerals, palette
from tianren.reports.maps import Drawn
from tianren.reports.zone_map import About, Shown, zone_map

LEFT, CAME_IN = "left", "came in"  # what happened to land, as files and pages say it
OUT, IN = "#e08214", "#2166ac"


@dataclass(frozen=True)
class Changed:
    """A piece of land that left the line or came in. code, name: of the piece;
    where: names of divisions; proposal: the case behind it."""

    what: str
    shape: Any
    code: str
    name: str
    where: str
    cause: str
    ground: str
    proposal: str

    @property
    def area(self) -> float:
        return float(shapely.area(self.shape))

    @property
    def direction(self) -> str:
        """What happened to it, in the current language."""
        return {LEFT: say("left"), CAME_IN: say("came in")}[self.what]

    @property
    def row(self) -> dict[str, Any]:
        return {
            "what": self.what, "where": self.where, "why": self.cause, "ground": self.ground,
            "proposal": self.proposal, "code": self.code, "name": self.name,
            "area_m2": round(self.area, 2),
        }  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """What of a line changed from one day to another. title: of the project; line: the shapes of
    the line on the last day around what changed; before, after: area of the line, m2."""

    title: str
    crs: str
    start: dt.date
    end: dt.date
    changed: Sequence[Changed]
    line: Sequence[Any]
    before: int
    after: int

    def shapes(self, what: str) -> list[Any]:
        return [c.shape for c in self.changed if c.what == what]

    def area(self, what: str) -> float:
        return sum(c.area for c in self.changed if c.what == what)


def write_page(told: Difference, folder: Path) -> list[Path]:
    """map.png, difference.html and difference.pdf in a folder."""
    picture = draw(told, folder / "map.png").path
    page = _page(told)
    return [picture, _html(page, picture, folder / "difference.html"),
            _pdf(page, picture, folder / "difference.pdf")]  # fmt: skip


def statement(told: Difference) -> str:
    out, into = (numerals.km2(told.area(what)) for what in (LEFT, CAME_IN))
    return say("{out} km² left the line and {in_} km² came in", out=out, in_=into)


def draw(told: Difference, file: Path) -> Drawn:
    """The map of what left and what came in."""
    groups = [
        Shown(say("The line now"), told.line, fill="#b9aaa4", edge=palette.EDGE, width=0.7),
        Shown(say("Left the line"), told.shapes(LEFT), fill=OUT, edge="#7f3b08", width=1.0,
              opacity=0.9),
        Shown(say("Came in"), told.shapes(CAME_IN), fill=IN, edge="#053061", width=1.0,
              opacity=0.9),
    ]  # fmt: skip
    about = About(
        statement(told),
        say("{project} · changes of the redline from {a} to {b}", project=told.title, a=told.start,
            b=told.end),
        told.end, told.crs, place=told.title,
    )  # fmt: skip
    return zone_map(file, about, [c.shape for c in told.changed], groups)


def rows_of(told: Difference) -> list[list[str]]:
    """What, where, how much and why: a row a piece of land; see heads."""
    return [
        [c.direction, c.where, f"{c.area / 1e4:,.2f}", c.cause, c.ground, c.code,
         c.proposal.partition("/")[2]]
        for c in told.changed
    ]  # fmt: skip


def heads() -> list[str]:
    return [say("What"), say("Where"), say("Area (ha)"), say("Why"), say("Legal ground"),
            say("Piece"), say("Proposal")]  # fmt: skip


def _page(told: Difference) -> dict[str, Any]:
    return {
        "title": say("What changed in the redline"),
        "subtitle": say("{project}, {a} to {b}", project=told.title, a=told.start, b=told.end),
        "statement": say("{statement}.", statement=statement(told)),
        "figures": [
            [say("Area of the line before"), f"{told.before / 1e6:,.3f} km²"],
            [say("Area of the line after"), f"{told.after / 1e6:,.3f} km²"],
            [say("Change"), f"{(told.after - told.before) / 1e6:+,.4f} km²"],
        ],
        "heads": heads(),
        "rows": rows_of(told),
        "note": say("Each change rests on an approved proposal, of which the three-no test was "
                    "made: no less area, no loss of function, no change of nature. What it could "
                    "not know, and why it was approved all the same, is on the proposal's record. "
                    "The layer difference.gpkg has every change; head.json is the head of the "
                    "journal that holds them."),
    }  # fmt: skip


def _html(table: Mapping[str, Any], picture: Path, path: Path) -> Path:
    from tianren.reports.plain_page import page_html

    path.write_text(page_html(table, picture), encoding="utf-8")
    return path


def _pdf(table: Mapping[str, Any], picture: Path, path: Path) -> Path:
    from tianren.reports.plain_page import page_pdf

    path.write_bytes(page_pdf(table, picture))
    return path
