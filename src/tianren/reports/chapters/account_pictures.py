"""The account's pictures: what is protected where, what each layer adds, when, and how evenly."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.io.vectors import read_result
from tianren.language import say, say_many
from tianren.reports import charts, numerals, palette, pictures, sheet, words
from tianren.reports.chapters.account_words import (
    COUNTED,
    REALMS,
    counted_name,
    kind_name,
    realm_name,
    target,
)
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Bar, Caption
from tianren.reports.typeface import font, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"PA": "#2f6f4f", "OECM": "#d9722e", "redline": "#9db8d6"}
LINES = {"land": "#2f6f4f", "sea": "#2f5f8f"}
GOAL = "#b04a45"
BESIDE = 1.75  # inches right of a chart of lines for what they are
MOST_BARS = 16
Rows = Sequence[dict[str, str]]


def draw(contents: Contents, folder: Path) -> list[Drawn]:
    drawn = [_map(contents, folder), *_waterfalls(contents, folder)]
    if contents.rows("time_series.csv"):
        drawn.append(_series(contents, folder))
    if contents.rows("representation.csv"):
        drawn.append(_evenness(contents, folder))
    return drawn


# -- the map ---------------------------------------------------------------------------------------


def _map(contents: Contents, folder: Path) -> Drawn:
    """Protected areas over OECMs over what only the redline holds."""
    areas = _areas(contents)
    entries = [
        sheet.swatch(kind_name(kind), f"{numerals.km2(areas[kind])} km²", fill=COLOURS[kind])
        for kind in COLOURS
        if areas.get(kind)
    ]
    circles = sum(row["approximate"] == "True" for row in contents.rows("sites.csv"))
    if circles:
        told = say_many(
            "{n} site is only approximate, its place and outline too",
            "{n} sites are only approximate, their places and outlines too",
            circles,
        )
        entries += [sheet.space(), sheet.note(told)]
    caption = Caption(headline(contents), say("Overlap counted once: protected areas come first"))
    return pictures.outlines(
        contents, Ground(contents), folder / "account_map.png", caption,
        lambda axes: _sites(axes, contents), entries,
    )  # fmt: skip


def _areas(contents: Contents) -> dict[str, float]:
    """What each kind adds in all realms, m2."""
    found: dict[str, float] = {}
    for row in contents.rows("waterfall.csv"):
        if row["realm"] in REALMS:
            found[row["step"]] = found.get(row["step"], 0.0) + float(row["adds_m2"])
    return found


def _sites(axes: "Axes", contents: Contents) -> None:
    from matplotlib.collections import PathCollection

    layer = read_result(contents.folder / "account.gpkg", "sites")
    redline = contents.folder / "redline.gpkg"
    order: list[tuple[str, Any]] = []
    if redline.exists():
        order.append(("redline", read_result(redline, "redline").geometry))
    order += [(kind, layer.geometry[layer["kind"] == kind]) for kind in ("OECM", "PA")]
    for kind, shapes in order:
        paths = [path for shape in shapes for path in _paths(shape)]
        axes.add_collection(
            PathCollection(paths, facecolors=COLOURS[kind], edgecolors="none", alpha=0.9),
            autolim=False,
        )


def _paths(shape: Any) -> list[Any]:
    """One path a part, holes and all."""
    import numpy as np
    import shapely
    from matplotlib.path import Path as Line

    found = []
    for part in shapely.get_parts(shape):
        rings = [np.asarray(r.coords)[:, :2] for r in (part.exterior, *part.interiors)]
        found.append(Line.make_compound_path(*(Line(r, closed=True) for r in rings)))
    return found


def headline(contents: Contents) -> str:
    """What counts, realm by realm, in one sentence."""
    told = []
    for realm in REALMS:
        row = distance(contents, realm, COUNTED[1])
        if row:
            percent = numerals.percent(float(row["percent"]))
            told.append(say("{percent} of {realm}", percent=percent, realm=realm_name(realm)))
    shares = say(" and ").join(told)
    return say("Protected areas and OECMs hold {shares}", shares=shares)


def distance(contents: Contents, realm: str, counted: str) -> dict[str, str] | None:
    """The row of distance.csv, or None."""
    rows = contents.rows("distance.csv")
    return next((r for r in rows if r["realm"] == realm and r["counted"] == counted), None)


# -- what each layer adds --------------------------------------------------------------------------


def _waterfalls(contents: Contents, folder: Path) -> list[Drawn]:
    rows = contents.rows("waterfall.csv")
    return [
        _waterfall(contents, folder, realm, mine)
        for realm in REALMS
        if (mine := [r for r in rows if r["realm"] == realm]) and float(mine[-1]["after_m2"]) > 0
    ]


def _waterfall(contents: Contents, folder: Path, realm: str, rows: Rows) -> Drawn:
    """Each bar begins where the one above ends; what overlaps earlier layers is hatched."""
    total = numerals.percent(float(rows[-1]["percent_after"]))
    title = _waterfall_title(realm, rows)
    told = say("What each layer adds to those above, km²; hatched: in those above already")
    frame, axes = charts.bar_frame(contents, title, told, len(rows) + 1, left=2.1)
    share = float(rows[-1]["percent_after"])
    whole = 100 * float(rows[-1]["after_m2"]) / share if share else 0.0
    goal = target(contents) * whole
    for n, row in enumerate(rows):
        _step(axes, n, row)
    last = float(rows[-1]["after_m2"]) / 1e6
    axes.barh(len(rows), last, 0.62, color="#5b6770")
    charts.write_after(axes, last, len(rows), f"{numerals.km2(last * 1e6)} · {total}")
    axes.axvline(goal / 1e6, color=GOAL, lw=1.2, ls=(0, (4, 2)))
    sheet.write(axes, goal / 1e6, -0.52, say("  the target"), 8, color=GOAL, va="bottom")
    names = [kind_name(r["step"]) for r in rows]
    charts.name_rows(axes, [*names, words.capital(counted_name(COUNTED[len(rows) - 1]))])
    axes.set_xlim(0, max(goal / 1e6, last) * 1.3 or 1)
    charts.number_axis(axes)
    name = "land" if realm == REALMS[0] else "sea"
    file = folder / f"account_waterfall_{name}.png"
    sheet.save(frame, file)
    return Drawn(file, title, say("Chart: {finding}", finding=title))


def _waterfall_title(realm: str, rows: Rows) -> str:
    """What counts, and apart from it what the redline would make of it."""
    where = words.capital(realm_name(realm))
    found = {r["step"]: numerals.percent(float(r["percent_after"])) for r in rows}
    if "redline" not in found:
        return say("{realm}: {percent} counts, overlap once", realm=where, percent=found["OECM"])
    return say(
        "{realm}: {percent} counts, {all} with the whole redline",
        realm=where, percent=found["OECM"], all=found["redline"],
    )  # fmt: skip


def _step(axes: "Axes", n: int, row: dict[str, str]) -> None:
    adds, after, shared = (float(row[c]) / 1e6 for c in ("adds_m2", "after_m2", "shared_m2"))
    before = after - adds
    axes.barh(n, adds, 0.62, left=before, color=COLOURS[row["step"]])
    if shared > 0:
        axes.barh(n, shared, 0.62, left=before - shared, color="none", lw=0.6,
                  edgecolor=COLOURS[row["step"]], hatch="////")  # fmt: skip
    charts.write_after(axes, after, n, f"+ {numerals.km2(adds * 1e6)}")


# -- years -----------------------------------------------------------------------------------------


def _series(contents: Contents, folder: Path) -> Drawn:
    """Share of each realm by year from the first site on: the line of the last thing counted."""
    rows = [r for r in contents.rows("time_series.csv") if r["counted"] == COUNTED[1]]
    years = [int(r["year"]) for r in rows]
    title = say("{share} by {year}", share=headline(contents), year=max(years))
    told = say("Share of the realm by the end of each year, %; sites of unknown year: {how}",
               how=_unknown(contents))  # fmt: skip
    frame, axes = charts.bar_frame(contents, title, told, 8, left=0.3, right=BESIDE + 0.15)
    goal = 100 * target(contents)
    ends = [(goal, say("target"), GOAL)]
    for realm, colour in LINES.items():
        if mine := [r for r in rows if r["realm"] == realm]:
            ends.append((*_line(axes, mine, realm, colour), colour))
    axes.axhline(goal, color=GOAL, lw=1.1, ls=(0, (4, 2)))
    axes.set_xlim(min(years), max(max(years), 2030))
    axes.set_ylim(0, 1.15 * max([goal, *(float(r["percent"]) for r in rows)]))
    _year_axis(axes, min(years), max(years))
    _beside(axes, ends)
    file = folder / "account_years.png"
    sheet.save(frame, file)
    return Drawn(file, title, say("Chart: {finding}", finding=title))


def _line(axes: "Axes", rows: Rows, realm: str, colour: str) -> tuple[float, str]:
    """Draws one realm; returns where its line ends and what is written there."""
    years = [int(r["year"]) for r in rows]
    share = [float(r["percent"]) for r in rows]
    total = [float(r["total_m2"]) for r in rows]
    low = [100 * float(r["low_m2"]) / t for r, t in zip(rows, total, strict=True)]
    high = [100 * float(r["high_m2"]) / t for r, t in zip(rows, total, strict=True)]
    axes.fill_between(years, low, high, step="post", color=colour, alpha=0.18, lw=0)
    axes.step(years, share, where="post", color=colour, lw=1.8)
    name = realm_name({"land": REALMS[0]}.get(realm, realm))
    return share[-1], f"{name}, {numerals.percent(share[-1])}"


def _beside(axes: "Axes", ends: Sequence[tuple[float, str, str]]) -> None:
    """What each line is, right of the axes at its height; those that would touch stand apart."""
    size = axes.figure.get_size_inches()[1] * axes.get_position().height  # type: ignore[union-attr]
    inch = (axes.get_ylim()[1] - axes.get_ylim()[0]) / size
    below = float("-inf")
    for height, told, colour in sorted(ends):
        lines = wrap(told, 8, BESIDE - 0.1)
        half = len(lines) * 8 * sheet.LINE / 72 * inch / 2
        at = max(height, below + half)
        sheet.write(axes, 1.015, at, "\n".join(lines), 8, color=colour, va="center",
                    transform=axes.get_yaxis_transform())  # fmt: skip
        below = at + half


def year_ticks(first: int, last: int) -> list[int]:
    """Whole decades or so between two years, few enough that their labels stand apart."""
    step = next(s for s in (5, 10, 20, 50, 100) if last - first <= 8 * s or s == 100)
    return list(range(-(-first // step) * step, last + 1, step))


def _year_axis(axes: "Axes", first: int, last: int) -> None:
    ticks = year_ticks(first, max(last, 2030))
    axes.set_xticks(ticks, [str(t) for t in ticks])
    high = axes.get_ylim()[1]
    every = 10 if high > 25 else 5
    marks = list(range(0, int(high) + 1, every))
    axes.set_yticks(marks, [str(m) for m in marks])
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_color("#9aa2a7")
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font(8))
        label.set_color(palette.INK)


def _unknown(contents: Contents) -> str:
    found = [p for p in contents.parameters if p.get("id") == "account.unknown_years"]
    word = str(found[0].get("value", "")) if found else ""
    return {
        "left_out": say("left out"), "sampled": say("drawn from the known years"),
    }.get(word, say("counted from the start"))  # fmt: skip


# -- representation --------------------------------------------------------------------------------


def _evenness(contents: Contents, folder: Path) -> Drawn:
    """The classes with the largest gaps, as the share of each that is held."""
    rows = [r for r in contents.rows("representation.csv") if r["counted"] == COUNTED[1]]
    reached = sum(float(r["reached"]) >= 1 for r in rows)
    title = say(
        "{n} of {all} ecoregions and ecosystem types reach the target", n=reached, all=len(rows)
    )
    most = sorted(rows, key=lambda r: -float(r["gap_m2"]))[:MOST_BARS]
    bars = [
        Bar(r["class"], float(r["percent"]),
            say("{percent}, {gap} km² missing", percent=numerals.percent(float(r["percent"])),
                gap=numerals.km2(float(r["gap_m2"]))),
            COLOURS["PA"] if float(r["reached"]) >= 1 else GOAL)
        for r in most
    ]  # fmt: skip
    told = say("Share held of each, %, {counted}; the largest gaps first",
               counted=counted_name(COUNTED[1]))  # fmt: skip
    file = folder / "account_representation.png"
    return pictures.bars(contents, file, Caption(title, told), bars)
