"""What land is fit for as people read it: best use, conflicts, levels, carrying capacity."""

from collections.abc import Mapping
from pathlib import Path

from tianren.io.previews import read_preview
from tianren.language import say
from tianren.reports import numerals, pictures, sheet, words
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    figure,
    km2_column,
    paragraph,
    table,
)
from tianren.reports.chapters.first_page import FirstPage
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents, Row
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Caption, Look

NATION = "nation"
# Fit for conservation, farming, towns, both, neither.
BEST = {1: "#4f7f5a", 2: "#d6b656", 3: "#8c6bb1", 4: "#d9a9a0", 5: "#e3e2dc"}
BEST_NAMES = {
    1: "conserve", 2: "farm", 3: "build", 4: "farm or build", 5: "residual",
}  # fmt: skip
CONFLICT = {1: "#e08214", 2: "#b2182b", 3: "#8c6d31", 4: "#542788"}
CONFLICT_NAMES = {
    1: "farmland on land to conserve",
    2: "built-up land on land to conserve",
    3: "farmland on land unsuitable for farming",
    4: "built-up land on land unsuitable for towns",
}
LEVEL = {5: "#1f5a41", 4: "#5d9b6b", 3: "#a9cf9a", 2: "#e5e3b8", 1: "#e3b7a0"}
LEVEL_NAMES = {5: "5, best", 1: "1, unsuitable"}
LIMIT_NAMES = {"land": "land", "water": "water"}
PURPOSE_NAMES = {"farm": "farming", "town": "towns"}


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("What land is fit for, and how it is used")


def _tables() -> Mapping[str, str]:
    return {
        "areas.csv": say("Fitness of land"),
        "capacity.csv": say("Carrying capacity"),
        "factors.csv": say("Factors of suitability"),
    }


def _areas(contents: Contents, kind: str, level: str = NATION) -> list[Row]:
    rows = contents.rows("areas.csv")
    return [r for r in rows if r["table"] == kind and r["level"] == level]


def _by_code(contents: Contents, kind: str) -> dict[int, float]:
    return {int(r["class"]): float(r["area_m2"]) for r in _areas(contents, kind)}


def _statement(contents: Contents) -> str:
    areas = _by_code(contents, "matrix")
    total = sum(areas.values()) or 1.0
    open_ = sum(areas.get(code, 0.0) for code in (2, 3, 4))
    return say(
        "{keep} of the land is for conservation, {open} is open to farming or towns",
        keep=numerals.percent(100 * areas.get(1, 0.0) / total),
        open=numerals.percent(100 * open_ / total),
    )


def _collision(contents: Contents) -> float:
    return sum(a for code, a in _by_code(contents, "conflict").items() if code in CONFLICT)


def _first(contents: Contents) -> FirstPage:
    areas = _by_code(contents, "matrix")
    over = _overloaded(contents)
    sentences = [
        say("{statement}.", statement=_statement(contents)),
        say("On {area} km² present use collides with what land is fit for.",
            area=numerals.km2(_collision(contents))),
        say("{n} units use more than their land and water allow.",
            n=len({row["code"] for row in over})),
    ]  # fmt: skip
    numbers = [(numerals.km2(areas.get(code, 0.0)), "km²", say(BEST_NAMES[code])) for code in BEST]
    return FirstPage(
        tuple(sentences), tuple(numbers), tuple(str(r["id"]) for r in contents.unverified)
    )


def _overloaded(contents: Contents) -> list[Row]:
    """Rows of capacity above 1, the most overloaded first."""
    rows = [r for r in contents.rows("capacity.csv") if r["overload"]]
    over = [r for r in rows if float(r["overload"]) > 1]
    return sorted(over, key=lambda r: (-float(r["overload"]), r["code"], r["purpose"]))


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    ground = Ground(contents, contents.folder / "suitability/matrix.tif")
    drawn = [_best_map(contents, ground, folder)]
    if (contents.folder / "conflict_matrix.tif").exists():
        drawn.append(_conflict_map(contents, ground, folder))
    return [*drawn, *(_level_map(contents, ground, folder, name) for name in PURPOSE_NAMES)]


def _looks(areas: Mapping[int, float], names: Mapping[int, str], colours: Mapping[int, str]
           ) -> list[Look]:  # fmt: skip
    total = sum(areas.values()) or 1.0
    found = []
    for code, colour in colours.items():
        name, area = words.capital(say(names.get(code, str(code)))), areas.get(code, 0.0)
        detail = f"{numerals.km2(area)} km² · {numerals.percent(100 * area / total)}"
        found.append(Look(code, name, detail, colour))
    return found


def _best_map(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    caption = Caption(
        _statement(contents), say("What land is best for"), say("Development and conservation")
    )
    shown = read_preview(contents.folder / "suitability/matrix.tif", category=True)
    looks = _looks(_by_code(contents, "matrix"), BEST_NAMES, BEST)
    return pictures.classes(
        contents, ground, shown, folder / "suitability_matrix.png", caption, looks,
        entries=_without(contents),
    )  # fmt: skip


def _without(contents: Contents) -> list[sheet.Entry]:
    """What the map was judged without: it is not the whole evaluation."""
    names = [
        str(r["name"]) for r in contents.rows("factors.csv")
        if r["status"] != "computed" and r["factor"] != "water_yield"
    ]  # fmt: skip
    if not names:
        return []
    told = words.listing([say(name) for name in names])
    return [sheet.space(0.05), sheet.note(say("Judged without: {factors}", factors=told))]


def _conflict_map(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    title = say(
        "On {area} km² present use collides with what land is fit for",
        area=numerals.km2(_collision(contents)),
    )
    caption = Caption(title, say("Conflicts of land use"), say("Conflict"))
    shown = read_preview(contents.folder / "conflict_matrix.tif", category=True)
    looks = _looks(_by_code(contents, "conflict"), CONFLICT_NAMES, CONFLICT)
    file = folder / "suitability_conflicts.png"
    return pictures.classes(contents, ground, shown, file, caption, looks, enlarged=True)


def _level_map(contents: Contents, ground: Ground, folder: Path, purpose: str) -> Drawn:
    areas = _by_code(contents, purpose)
    total = sum(areas.values()) or 1.0
    title = say(
        "{share} of the land is unsuitable for {purpose}",
        share=numerals.percent(100 * areas.get(1, 0.0) / total),
        purpose=say(PURPOSE_NAMES[purpose]),
    )
    caption = Caption(
        title, say("Suitability for {purpose}", purpose=say(PURPOSE_NAMES[purpose])), say("Level")
    )
    shown = read_preview(contents.folder / f"suitability/{purpose}.tif", category=True)
    looks = _looks(areas, LEVEL_NAMES, LEVEL)
    file = folder / f"suitability_{purpose}.png"
    return pictures.classes(contents, ground, shown, file, caption, looks)


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "Each factor has a level from 5 (best) to 1. By the minimum rule the lowest decides; by "
        "the matrices, where the project chooses them, water and land are read together. The line "
        "and extremely important land are for conservation; elsewhere suitability is weighed "
        "against ecological importance. Thresholds and matrices are unverified: a first sketch."
    )
    blocks: list[Block] = [paragraph(text), _factor_table(contents)]
    names = ("matrix", "conflicts", "farm", "town")
    blocks += [
        figure(drawn[f"suitability_{n}"]) for n in names if f"suitability_{n}" in drawn
    ]  # fmt: skip
    blocks += [_unit_table(contents, kind) for kind in ("matrix", "conflict")
               if _areas(contents, kind)]  # fmt: skip
    blocks += [_capacity_table(contents)] if _overloaded(contents) else []
    return [Chapter(say("Room to live"), tuple(blocks))]


def _factor_table(contents: Contents) -> Block:
    columns = [Column(say("Factor")), Column(say("From"), kind="wide"), Column(say("Missing"))]
    rows = [
        [say(str(r["name"])), words.listing([words.layer(n) for n in str(r["layers"]).split()]),
         words.listing([words.layer(n) for n in str(r["missing"]).split()])]
        for r in contents.rows("factors.csv")
    ]  # fmt: skip
    return table(say("Factors of suitability"), columns, rows)


def _unit_table(contents: Contents, kind: str) -> Block:
    """Area by class for each unit of the coarsest level, with a total that adds up."""
    names = BEST_NAMES if kind == "matrix" else CONFLICT_NAMES
    levels = list(dict.fromkeys(str(r["level"]) for r in contents.rows("areas.csv")))
    level = next((name for name in levels if name != NATION), NATION)
    units: dict[tuple[str, str], list[float]] = {}
    for row in _areas(contents, kind, level):
        if int(row["class"]) in names:
            units.setdefault((row["code"], row["label"]), []).append(float(row["area_m2"]))
    kept = {key: areas for key, areas in units.items() if sum(areas)}
    sums = [sum(areas[i] for areas in kept.values()) for i in range(len(names))]
    cells = [km2_column([*(areas[i] for areas in kept.values()), sums[i]])
             for i in range(len(names))]  # fmt: skip
    lines = list(zip(*cells, strict=True))
    rows = [[label or say("in none"), *line]
            for (_, label), line in zip(kept, lines, strict=False)]  # fmt: skip
    columns = [Column(level.capitalize()),
               *(Column(say(name), "km²", "number") for name in names.values())]  # fmt: skip
    total = [say("Total"), *lines[-1]] if len(rows) > 1 else []
    caption = say("What land is best for") if kind == "matrix" else say("Conflicts of land use")
    return table(caption, columns, rows, total)


def _capacity_table(contents: Contents) -> Block:
    rows = _overloaded(contents)[:20]
    columns = [
        Column(say("Unit")), Column(say("Use")), Column(say("Now"), "km²", "number"),
        Column(say("Capacity"), "km²", "number"), Column(say("Now over capacity"), "", "number"),
        Column(say("Limited by")),
    ]  # fmt: skip
    now, can = (km2_column([float(r[c]) for r in rows]) for c in ("current_m2", "capacity_m2"))
    lines = [
        [r["label"], say(PURPOSE_NAMES[r["purpose"]]), a, b,
         numerals.number(float(r["overload"]), 2), say(LIMIT_NAMES[r["limited_by"]])]
        for r, a, b in zip(rows, now, can, strict=True)
    ]  # fmt: skip
    return table(say("Units that use more than their land and water allow"), columns, lines)
