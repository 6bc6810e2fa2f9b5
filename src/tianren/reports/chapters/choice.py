"""The plan as people read it: what was chosen, how near to the best, and beside the line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tianren.io.previews import read_preview
from tianren.language import say
from tianren.reports import numerals, pictures
from tianren.reports.chapters.blocks import Block, Chapter, Column, figure, paragraph
from tianren.reports.chapters.blocks import table as table_block
from tianren.reports.chapters.first_page import FirstPage
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Caption, Look
from tianren.reports.retelling import retold
from tianren.science.choice import rounded_up

MISSED = 15  # rows of the table of targets that the line misses
PLAN_LOOKS = {2: ("Locked in", "#1f5b3f"), 1: ("Chosen", "#7fb58a")}
ZONE_COLOURS = ("#1f5b3f", "#7fb58a", "#d9b44a", "#d08770", "#4a90b8", "#6b4c7a")
BESIDE_LOOKS = {
    3: ("In both", "#6b4c7a"),
    1: ("In the plan only", "#4a90b8"),
    2: ("In the line only", "#d08770"),
}
KIND_NAMES = {
    "species": "species",
    "ecosystem": "ecosystem types",
    "ecoregion": "ecoregions",
    "function": "functions",
    "key_area": "key areas",
}


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("What to keep where not everything can be inside")


def _tables() -> Mapping[str, str]:
    return {
        "features.csv": say("Plan features"),
        "portfolio.csv": say("Plan portfolio"),
        "comparison.csv": say("Plan and line"),
    }


def _plan(contents: Contents) -> Mapping[str, Any]:
    found: Mapping[str, Any] = contents.run.get("plan", {})
    return found


def _beside(contents: Contents) -> Mapping[str, Any]:
    found: Mapping[str, Any] = contents.run.get("comparison", {})
    return found


def _statement(contents: Contents) -> str:
    plan = _plan(contents)
    return say(
        "{area} km² of planning units meet {met} of {all} targets",
        area=numerals.km2(plan["area_m2"]), met=plan["targets_met"], all=plan["targets"],
    )  # fmt: skip


def _proof(contents: Contents) -> str:
    gap = _at_most(_plan(contents)["gap_percent"])
    return say("No other choice is better by more than {gap} %: that is proven.", gap=gap)


def _at_most(percent: float) -> str:
    return numerals.number(rounded_up(percent), 2)


def _against(contents: Contents) -> list[str]:
    beside = _beside(contents)
    if not beside:
        return []
    met = beside["targets_met"]
    return [
        say("The line meets {line} of {all} targets, a plan of the same area {same}.",
            line=met["line"], same=met["same_area"], all=_plan(contents)["targets"])
    ]  # fmt: skip


def _first(contents: Contents) -> FirstPage:
    plan = _plan(contents)
    sentences = (f"{_statement(contents)}.", _proof(contents), *_against(contents))
    numbers = [
        (numerals.km2(plan["area_m2"]), "km²", say("chosen")),
        (str(plan["targets_met"]), "", say("targets met, of {all}", all=plan["targets"])),
        (_at_most(plan["gap_percent"]), "%", say("from the best at most")),
    ]
    if _beside(contents):
        share = numerals.number(_beside(contents)["agreement_percent"], 1)
        numbers.append((share, "%", say("agreement of plan and line")))
    unverified = tuple(str(row["id"]) for row in contents.unverified)
    return FirstPage(sentences, tuple(numbers), unverified)


# -- pictures --------------------------------------------------------------------------------------


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    ground = Ground(contents, contents.folder / "plan.tif")
    caption = Caption(_statement(contents), say("What the plan chooses"), say("Planning units"))
    drawn = [_chosen_map(contents, ground, folder / "plan_chosen.png", caption)]
    if _beside(contents):
        share = numerals.number(_beside(contents)["agreement_percent"], 0)
        title = say("Plan and line share {share} % of what either holds", share=share)
        beside = Caption(title, say("The plan beside the line"), say("Plan and line"))
        file = folder / "plan_beside_line.png"
        drawn.append(_codes(contents, ground, file, "agreement.tif", BESIDE_LOOKS, beside))
    return drawn


def _chosen_map(contents: Contents, ground: Ground, file: Path, caption: Caption) -> Drawn:
    """What is chosen; where the project names zones, which zone each part is in."""
    zones = _plan(contents).get("zones", [])
    if not zones:
        return _codes(contents, ground, file, "plan.tif", PLAN_LOOKS, caption)
    shown = read_preview(contents.folder / "plan.tif", category=True)
    looks = [
        Look(code, zone["name"], f"{numerals.km2(zone['area_m2'])} km²", ZONE_COLOURS[code - 1])
        for code, zone in enumerate(zones, start=1)
    ]
    return pictures.classes(contents, ground, shown, file, caption, looks)


def _codes(
    contents: Contents, ground: Ground, file: Path, raster: str,
    looks: Mapping[int, tuple[str, str]], caption: Caption,
) -> Drawn:  # fmt: skip
    areas = _areas(contents, raster)
    shown = read_preview(contents.folder / raster, category=True)
    found = [
        Look(code, say(name), f"{numerals.km2(areas.get(code, 0.0))} km²", colour)
        for code, (name, colour) in looks.items()
    ]
    return pictures.classes(contents, ground, shown, file, caption, found)


def _areas(contents: Contents, raster: str) -> dict[int, float]:
    """Code -> area, m2: what the measures say of it."""
    indicator = {"plan.tif": "plan.area", "agreement.tif": "plan.beside_line"}[raster]
    dimension = {"plan.tif": "status", "agreement.tif": "in"}[raster]
    codes = {"chosen": 1, "locked_in": 2, "plan_only": 1, "line_only": 2, "both": 3}
    found = contents.broken_down(indicator, dimension)
    return {codes[m.by[0][1]]: m.value for m in found}


# -- chapter ---------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    problem = (contents.folder / "problem.txt").read_text(encoding="utf-8")
    sentences = [retold(line) for line in problem.splitlines() if not line.startswith("- ")]
    blocks: list[Block] = [paragraph(" ".join(sentences)), paragraph(_proof(contents))]
    blocks += [figure(drawn[name]) for name in ("plan_chosen",) if name in drawn]
    blocks.append(_kinds(contents))
    if _beside(contents):
        blocks += _comparison(contents, drawn)
    if len(contents.rows("portfolio.csv")) > 1:
        blocks.append(_portfolio(contents))
    return [Chapter(say("What to keep where not everything can be inside"), tuple(blocks))]


def _kinds(contents: Contents) -> Block:
    """Targets met by kind: by the plan, and where there is one by the line."""
    beside = contents.rows("comparison.csv")
    rows = contents.rows("features.csv")
    line = {r["feature"]: r["line_meets"] for r in beside}
    lines = []
    for kind in dict.fromkeys(r["kind"] for r in rows):
        mine = [r for r in rows if r["kind"] == kind]
        met = sum(r["met"] == "yes" for r in mine)
        by_line = sum(line.get(r["feature"]) == "yes" for r in mine)
        name = say(KIND_NAMES[kind]) if kind in KIND_NAMES else kind
        lines.append([name, str(len(mine)), str(met), *([str(by_line)] if beside else [])])
    columns = [Column(say("Kind")), Column(say("Targets"), kind="number"),
               Column(say("Met by the plan"), kind="number")]  # fmt: skip
    columns += [Column(say("Met by the line"), kind="number")] if beside else []
    return table_block(say("Targets met, by kind"), columns, lines)


def _comparison(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Block]:
    found = _beside(contents)
    text = say(
        "{statement} What the line holds on {line} km² would take {plan} km² of planning units at "
        "least; units are coarser than the line's cells.",
        statement=_against(contents)[0], line=numerals.km2(found["line_m2"]),
        plan=numerals.km2(found["line_content_m2"]),
    )  # fmt: skip
    pictures_of = [figure(drawn[n]) for n in ("plan_beside_line",) if n in drawn]
    missed = _missed(contents)
    return [paragraph(text), *pictures_of, *([missed] if missed else [])]


def _missed(contents: Contents) -> Block | None:
    """The targets that the line misses by most, with what plan and line hold of them."""
    rows = [r for r in contents.rows("comparison.csv") if r["line_meets"] == "no"]
    if not rows:
        return None
    rows.sort(key=lambda r: float(r["line"]) / float(r["target"]))
    columns = [Column(say("Feature")), Column(say("Target"), kind="number"),
               Column(say("Line"), "%", "number"), Column(say("Plan"), "%", "number"),
               Column(say("Unit"), kind="word")]  # fmt: skip
    lines = [
        [r["feature"], numerals.number(float(r["target"])), _share(r, "line"), _share(r, "plan"),
         r["unit"].replace("km2", "km²")]
        for r in rows[:MISSED]
    ]  # fmt: skip
    caption = say("Targets that the line misses: {n} of {all} shown, in percent of the target",
                  n=len(lines), all=len(rows))  # fmt: skip
    return table_block(caption, columns, lines)


def _share(row: Mapping[str, str], of: str) -> str:
    return numerals.percent_number(100 * float(row[of]) / float(row["target"]))


def _portfolio(contents: Contents) -> Block:
    columns = [Column(say("Answer")), Column(say("Area"), "km²", "number"),
               Column(say("Cost"), kind="number"), Column(say("Targets met"), kind="number"),
               Column(say("Units that differ"), kind="number"),
               Column(say("From the best at most"), "%", "number")]  # fmt: skip
    lines = [
        [say("the plan") if r["answer"] == "0" else r["answer"],
         numerals.km2(float(r["area_m2"])), numerals.number(float(r["cost"])), r["targets_met"],
         r["differs_in_units"], _at_most(float(r["gap_percent"]))]
        for r in contents.rows("portfolio.csv")
    ]  # fmt: skip
    return table_block(say("Other answers nearly as good"), columns, lines)
