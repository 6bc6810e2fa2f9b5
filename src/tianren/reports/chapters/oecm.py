"""OECMs as people read them: what the redline counts as, which sites qualify, what they add."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tianren.io.previews import read_preview
from tianren.language import say, say_many
from tianren.reports import numerals, palette, pictures
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
from tianren.reports.pictures import Bar, Caption, Look

CLASS_LOOKS = {
    "protected_area": ("protected area", palette.PROTECTED),
    "oecm": ("recorded OECM", "#5b8fb9"),
    "potential_oecm": ("potential OECM", "#e0a33c"),
    "neither": ("neither", "#b9b3a6"),
}
OUTSIDE_LOOKS = {
    "qualifies": ("qualifies as OECM", "#3b4f9b"),
    "assessed": ("candidate", "#a58fc4"),
}
CODES = ("", *CLASS_LOOKS, *OUTSIDE_LOOKS)  # as steps write standing.tif
OUTCOME_NAMES = {"OECM": "OECM", "candidate": "candidate", "not": "not"}
OUTCOMES = tuple(OUTCOME_NAMES)
CONSERVATION_NAMES = {"primary": "primary", "secondary": "secondary", "ancillary": "ancillary"}
MOST_ROWS, MOST_BARS = 30, 12


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("What counts as protected area, as OECM, or as neither")


def _tables() -> Mapping[str, str]:
    return {
        "oecm.csv": say("OECM assessment"),
        "answers.csv": say("Answers"),
        "queue.csv": say("Queue"),
        "classes.csv": say("Redline by class"),
        "types.csv": say("National types"),
    }


def _redline(contents: Contents) -> dict[str, float]:
    """m2 of the redline by class; empty without a line."""
    if not contents.rows("classes.csv"):
        return {}
    return {c: contents.value("account.redline_area", **{"class": c}) for c in CLASS_LOOKS}


def _sites(contents: Contents) -> dict[str, int]:
    return {o: int(contents.value("account.oecm_sites", outcome=o)) for o in OUTCOMES}


def _statement(contents: Contents) -> str:
    areas, sites = _redline(contents), _sites(contents)
    if not areas:
        return say("{n} of {all} assessed sites qualify as OECMs",
                   n=sites["OECM"], all=sum(sites.values()))  # fmt: skip
    total = sum(areas.values()) or 1.0
    return say(
        "{share} of the redline lies in protected areas; {potential} more may be OECMs",
        share=numerals.percent(100 * areas["protected_area"] / total),
        potential=numerals.percent(100 * areas["potential_oecm"] / total),
    )


def _first(contents: Contents) -> FirstPage:
    sites, areas = _sites(contents), _redline(contents)
    sentences = [say("{statement}.", statement=_statement(contents))]
    if sum(sites.values()):
        sentences.append(say(
            "Of {n} assessed sites {yes} qualify, {open} are candidates and {no} do not qualify.",
            n=sum(sites.values()), yes=sites["OECM"], open=sites["candidate"], no=sites["not"],
        ))  # fmt: skip
    sentences.append(say("A potential OECM counts for nothing until it is assessed and recorded."))
    numbers = [(numerals.km2(m2), "km²", say(CLASS_LOOKS[c][0])) for c, m2 in areas.items() if m2]
    gained = contents.value("account.oecm_area", outcome="OECM")
    numbers.append((numerals.km2(gained), "km²", say("gained by sites that qualify")))
    return FirstPage(tuple(sentences), tuple(numbers), tuple(what_is_unverified(contents)))


# -- pictures --------------------------------------------------------------------------------------


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    drawn = [_map(contents, Ground(contents, contents.folder / "standing.tif"), folder)]
    return [*drawn, _gains(contents, folder)] if _waiting(contents) else drawn


def _map(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    shown = read_preview(contents.folder / "standing.tif", category=True)
    there = {int(code) for code in set(shown.cells[shown.cells > 0].ravel())}
    areas = _redline(contents)
    looks = [
        Look(code, say(name), _detail(areas, key), colour)
        for code, (key, (name, colour)) in enumerate(
            {**CLASS_LOOKS, **OUTSIDE_LOOKS}.items(), start=1
        )
        if code in there
    ]
    caption = Caption(
        _statement(contents),
        say("What counts already, what the rest of the redline counts as, and assessed sites"),
        say("Area inside the redline") if areas else "",
    )
    return pictures.classes(contents, ground, shown, folder / "oecm_map.png", caption, looks)


def _detail(areas: Mapping[str, float], key: str) -> str:
    return f"{numerals.km2(areas[key])} km²" if key in areas else ""


def _waiting(contents: Contents) -> list[Mapping[str, str]]:
    """Sites of the queue that would add land."""
    return [row for row in contents.rows("queue.csv") if float(row["gain_m2"]) > 0]


def _gains(contents: Contents, folder: Path) -> Drawn:
    """What each site at the head of the queue would add."""
    every = _waiting(contents)
    rows, total = every[:MOST_BARS], float(every[-1]["total_m2"])
    title = say_many("{n} site would add {area} km², overlap counted once",
                     "{n} sites would add {area} km², overlap counted once", len(every),
                     area=numerals.km2(total))  # fmt: skip
    bars = [
        Bar(row["name"] or row["site"], float(row["gain_m2"]) / 1e6,
            f"{numerals.km2(float(row['gain_m2']))} km²", _colour(row["outcome"]))
        for row in rows
    ]  # fmt: skip
    subtitle = say("Land not yet counted, km², of the largest; dark where the site qualifies")
    return pictures.bars(contents, folder / "oecm_queue.png", Caption(title, subtitle), bars)


def _colour(outcome: str) -> str:
    return OUTSIDE_LOOKS["qualifies"][1] if outcome == "OECM" else CLASS_LOOKS["potential_oecm"][1]


# -- chapter ---------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "Every piece of the redline is classed by what counts already: it is a protected area or a "
        "recorded OECM where such sites hold most of it; else it may be an OECM where its category "
        "or its biodiversity makes that likely, or it is neither. Whether a site qualifies is "
        "decided by three steps and eight criteria (IUCN WCPA 2023): screening, free, prior and "
        "informed consent, and the full assessment. An answer counts only with its evidence."
    )
    blocks = opening(text, drawn, "oecm_map", "oecm_queue")
    if contents.rows("classes.csv"):
        blocks.append(_class_table(contents))
    if contents.rows("oecm.csv"):
        blocks.append(_site_table(contents))
    if _waiting(contents):
        blocks.append(_queue_table(contents))
    return [Chapter(say("Protected areas, OECMs and the redline"), tuple(blocks))]


def _class_table(contents: Contents) -> Block:
    areas = _redline(contents)
    pieces = Counter(row["class"] for row in contents.rows("classes.csv"))
    total = sum(areas.values())
    columns = [
        Column(say("Counts as")), Column(say("Pieces"), kind="number"),
        Column(say("Area"), "km²", "number"), Column(say("Share"), "%", "number"),
    ]  # fmt: skip
    lines = [
        [say(CLASS_LOOKS[c][0]), str(pieces[c]), area, numerals.percent_number(100 * m2 / total)]
        for (c, m2), area in zip(areas.items(), km2_column(list(areas.values())), strict=True)
    ]
    caption = say("The redline by what it counts as: pieces by most of their area, area by itself")
    return table_block(caption, columns, lines,
                       [say("Total"), str(pieces.total()), numerals.km2(total), ""])  # fmt: skip


def _site_table(contents: Contents) -> Block:
    rows = contents.rows("oecm.csv")[:MOST_ROWS]
    columns = [
        Column(say("Site")), Column(say("Conservation"), kind="word"),
        Column(say("Outcome"), kind="word"), Column(say("What is missing"), kind="wide"),
    ]  # fmt: skip
    lines = [
        [row["name"] or row["site"], say(row["conservation"]) if row["conservation"] else "–",
         say(OUTCOME_NAMES[row["outcome"]]), row["missing"] or "–"]
        for row in rows
    ]  # fmt: skip
    return table_block(say("Sites that were assessed"), columns, lines)


def _queue_table(contents: Contents) -> Block:
    rows = _waiting(contents)[:MOST_ROWS]
    gains = km2_column([float(row["gain_m2"]) for row in rows])
    totals = km2_column([float(row["total_m2"]) for row in rows])
    columns = [
        Column(say("No."), kind="number"), Column(say("Site")),
        Column(say("Outcome"), kind="word"), Column(say("Gain"), "km²", "number"),
        Column(say("Sum"), "km²", "number"), Column(say("Value"), kind="number"),
    ]  # fmt: skip
    lines = [
        [row["rank"], row["name"] or row["site"], say(OUTCOME_NAMES[row["outcome"]]), gain, total,
         numerals.number(float(row["value"]), 2) if row["value"] else "–"]
        for row, gain, total in zip(rows, gains, totals, strict=True)
    ]  # fmt: skip
    caption = say("Sites that could be added, by land gained; the sum counts overlap once")
    return table_block(caption, columns, lines)
