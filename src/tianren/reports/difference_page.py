"""The page on which the public sees what of the line changed: map, what, where and why."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from tianren.language import say
from tianren.reports import numerals, palette
from tianren.reports.zone_map import About, Shown, zone_map

OUT, IN = "#e08214", "#2166ac"


@dataclass(frozen=True)
class Changed:
    """A piece of land that left the line (removed) or came in (added). code, name: of the piece;
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
    def row(self) -> dict[str, Any]:
        return {
            "what": self.what, "where": self.where, "why": self.cause, "ground": self.ground,
            "proposal": self.proposal, "code": self.code, "name": self.name,
            "area_m2": round(self.area, 2),
        }  # fmt: skip


def write_page(
    title: str, crs: str, changed: Sequence[Changed], line: Sequence[Any],
    figures: Mapping[str, int], days: tuple[dt.date, dt.date], folder: Path,
) -> list[Path]:  # fmt: skip
    """map.png, difference.html and difference.pdf in a folder."""
    picture = _map(title, crs, changed, line, days, folder / "map.png")
    table = _table(title, changed, figures, days)
    return [picture, _html(table, picture, folder / "difference.html"),
            _pdf(table, picture, folder / "difference.pdf")]  # fmt: skip


def _statement(changed: Sequence[Changed]) -> str:
    out, into = (sum(c.area for c in changed if c.what == w) for w in ("removed", "added"))
    return say("{out} km² left the line and {in_} km² came in", out=numerals.km2(out),
               in_=numerals.km2(into))  # fmt: skip


def _map(
    title: str, crs: str, changed: Sequence[Changed], line: Sequence[Any],
    days: tuple[dt.date, dt.date], path: Path,
) -> Path:  # fmt: skip
    groups = [
        Shown(say("The line now"), line, fill="#b9aaa4", edge=palette.EDGE, width=0.7),
        Shown(say("Left the line"), [c.shape for c in changed if c.what == "removed"], fill=OUT,
              edge="#7f3b08", width=1.0, opacity=0.9),
        Shown(say("Came in"), [c.shape for c in changed if c.what == "added"], fill=IN,
              edge="#053061", width=1.0, opacity=0.9),
    ]  # fmt: skip
    about = About(
        _statement(changed),
        say("{project} · changes of the redline from {a} to {b}", project=title, a=days[0],
            b=days[1]),
        days[1], crs,
    )  # fmt: skip
    return zone_map(path, about, [c.shape for c in changed], groups)


def _table(
    title: str, changed: Sequence[Changed], figures: Mapping[str, int],
    days: tuple[dt.date, dt.date],
) -> dict[str, Any]:  # fmt: skip
    names = {"removed": say("left"), "added": say("came in")}
    rows = [
        [names[c.what], c.where, f"{c.area / 1e4:,.2f}", c.cause, c.ground, c.code,
         c.proposal.partition("/")[2]]
        for c in changed
    ]  # fmt: skip
    heads = [say("What"), say("Where"), say("Area (ha)"), say("Why"), say("Legal ground"),
             say("Piece"), say("Proposal")]  # fmt: skip
    change = figures["after"] - figures["before"]
    return {
        "title": say("What changed in the redline"),
        "subtitle": say("{project}, {a} to {b}", project=title, a=days[0], b=days[1]),
        "statement": say("{statement}.", statement=_statement(changed)),
        "figures": [
            [say("Area of the line before"), f"{figures['before'] / 1e6:,.3f} km²"],
            [say("Area of the line after"), f"{figures['after'] / 1e6:,.3f} km²"],
            [say("Change"), f"{change / 1e6:+,.4f} km²"],
        ],
        "heads": heads,
        "rows": rows,
        "note": say("Each change rests on a proposal that passed the three-no test: no less area, "
                    "no loss of function, no change of nature. The layer difference.gpkg has every "
                    "change; head.json is the head of the journal that holds them."),
    }  # fmt: skip


def _html(table: Mapping[str, Any], picture: Path, path: Path) -> Path:
    from tianren.reports.plain_page import page_html

    path.write_text(page_html(table, picture), encoding="utf-8")
    return path


def _pdf(table: Mapping[str, Any], picture: Path, path: Path) -> Path:
    from tianren.reports.plain_page import page_pdf

    path.write_bytes(page_pdf(table, picture))
    return path
