"""Species models as people read them: how many, how good, where, and in which climate."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median

from tianren.io.previews import read_preview
from tianren.language import say
from tianren.reports import numerals, pictures
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    km2_column,
    opening,
    paragraph,
)
from tianren.reports.chapters.blocks import table as table_block
from tianren.reports.chapters.first_page import FirstPage, what_is_unverified
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Bar, Caption

COUNT = "suitable_species.tif"
_MOST_ROWS = 40
_BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
TARGET_GROUP, REGION = "target group", "region"  # column background of models.csv
_FAIR = 0.7  # Swets 1988, Science 240:1285: useful from here on


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("Species distribution models")


def _tables() -> Mapping[str, str]:
    return {"models.csv": say("Models"), "predictors.csv": say("Predictors")}


def _rows(contents: Contents, status: str) -> list[dict[str, str]]:
    return [row for row in contents.rows("models.csv") if row["status"] == status]


def _aucs(contents: Contents) -> list[float]:
    return [float(row["auc"]) for row in _rows(contents, "modelled") if row["auc"]]


def _statement(contents: Contents) -> str:
    made, refused = _rows(contents, "modelled"), _rows(contents, "refused")
    if len(made) == 1:
        return say("1 of {all} species has records enough for a model", all=1 + len(refused))
    return say("{n} of {all} species have records enough for a model",
               n=len(made), all=len(made) + len(refused))  # fmt: skip


def _fair(contents: Contents) -> str:
    aucs = _aucs(contents)
    if len(aucs) == 1:
        return say("On land not seen the model has an AUC of {auc}; from {limit} on it is useful",
                   auc=numerals.number(aucs[0], 2), limit=numerals.number(_FAIR, 1))  # fmt: skip
    return say("On land not seen {n} of {all} models are useful or better (AUC ≥ {limit})",
               n=sum(a >= _FAIR for a in aucs), all=len(aucs),
               limit=numerals.number(_FAIR, 1))  # fmt: skip


def _first(contents: Contents) -> FirstPage:
    statement = _statement(contents)
    sentences = [say("{statement}.", statement=statement)]
    numbers = [(str(len(_rows(contents, "modelled"))), "", say("species modelled")),
               (str(len(_rows(contents, "refused"))), "", say("species refused"))]  # fmt: skip
    aucs = _aucs(contents)
    if aucs:
        sentences.append(say("{statement}.", statement=_fair(contents)))
        numbers.append((numerals.number(median(aucs), 2), "", say("median AUC on land not seen")))
    for climate, kept in _kept(contents).items():
        told = say("of the suitable area kept in {climate}, median", climate=climate)
        numbers.append((numerals.percent_number(kept), "%", told))
    unverified = tuple(what_is_unverified(contents))
    return FirstPage(tuple(sentences), tuple(numbers[:5]), unverified)


def _kept(contents: Contents) -> dict[str, float]:
    """Climate -> median share of the suitable area that it keeps, %."""
    found: dict[str, list[float]] = {}
    for measure in contents.broken_down("models.kept", "climate", "species"):
        found.setdefault(dict(measure.by)["climate"], []).append(measure.value)
    return {climate: median(values) for climate, values in sorted(found.items())}


# -- pictures --------------------------------------------------------------------------------------


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    drawn = []
    if (contents.folder / COUNT).exists():
        drawn.append(_count_map(contents, folder))
    if _aucs(contents):
        drawn.append(_tests(contents, folder))
    if _kept(contents):
        drawn.append(_climates(contents, folder))
    return drawn


def _count_map(contents: Contents, folder: Path) -> Drawn:
    shown = read_preview(contents.folder / COUNT, category=True)
    ground = Ground(contents, contents.folder / COUNT)
    most = int(contents.run["models"]["most_together"])
    what = say("How many modelled species find the land suitable")
    caption = Caption(_together(contents, most), what, say("Species"))
    return pictures.counts(
        contents, ground, shown, most, folder / "models_suitable.png", caption
    )  # fmt: skip


def _together(contents: Contents, most: int) -> str:
    made = _rows(contents, "modelled")
    if len(made) == 1:
        return say("{area} km² suit {species}, the only species with a model",
                   area=numerals.km2(float(made[0]["predicted_m2"])),
                   species=made[0]["species"])  # fmt: skip
    if most == 1:
        return say("No land suits more than one of {n} modelled species", n=len(made))
    return say("At most {most} of {n} modelled species find the same land suitable",
               most=most, n=len(made))  # fmt: skip


def _tests(contents: Contents, folder: Path) -> Drawn:
    aucs = _aucs(contents)
    rows = []
    for low, high in pairwise(_BINS):
        n = sum(low <= a < high or (high == 1.0 and a == 1.0) for a in aucs)
        name = say("AUC {low} to {high}", low=f"{low:.1f}", high=f"{high:.1f}")
        rows.append(Bar(name, n, str(n)))
    what = say("Models by AUC in spatial-block cross-validation, n = {n}", n=len(aucs))
    caption = Caption(_fair(contents), what)
    return pictures.bars(contents, folder / "models_tests.png", caption, rows)


def _climates(contents: Contents, folder: Path) -> Drawn:
    kept = _kept(contents)
    worst = min(kept, key=lambda climate: kept[climate])
    title = say("In {climate} half of the species keep at most {share} of their suitable area",
                climate=worst, share=numerals.percent(kept[worst]))  # fmt: skip
    rows = [Bar(name, value, numerals.percent(value)) for name, value in kept.items()]
    caption = Caption(title, say("Suitable area that stays suitable, %, median of species"))
    return pictures.bars(contents, folder / "models_climates.png", caption, rows)


# -- chapter ---------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "Each model learns from records thinned to one a cell, against a background of other "
        "cells, and is tested on blocks of land left out of its fit. A map of suitability is no "
        "proof that the species is there, nor that it is absent elsewhere."
    )
    names = ("models_suitable", "models_tests", "models_climates")
    first, *figures = opening(text, drawn, *names)
    blocks = [first, *map(paragraph, _backgrounds(contents)), *figures]
    if _rows(contents, "modelled"):
        blocks.append(_species_table(contents))
    return [Chapter(say("Where species can live"), tuple(blocks))]


def _backgrounds(contents: Contents) -> list[str]:
    """What the models were held against: cells where the group was recorded, or all the region."""
    kinds = Counter(row.get("background", "") for row in _rows(contents, "modelled"))
    grouped, whole = kinds[TARGET_GROUP], kinds[REGION]
    if not grouped and not whole:
        return []
    if not whole:
        return [say("The background is cells where the same group was recorded.")]
    if not grouped:
        return [say("The background is cells of the whole region: too few cells have records of "
                    "the same groups, so where people looked shows in the models.")]  # fmt: skip
    return [say("The background is cells where the same group was recorded for {n} of {all} "
                "models, and cells of the whole region for the others, where the group has too "
                "few records: in those, where people looked shows.",
                n=grouped, all=grouped + whole)]  # fmt: skip


def _species_table(contents: Contents) -> Block:
    """The models with the most records first; the rest are in models.csv."""
    rows = sorted(
        _rows(contents, "modelled"), key=lambda row: (-int(row["thinned"]), row["species"])
    )[:_MOST_ROWS]
    areas = km2_column([float(row["predicted_m2"]) for row in rows])
    number = "number"
    columns = [
        Column(say("Species")), Column(say("Thinned records"), kind=number),
        Column("AUC", kind=number), Column("TSS", kind=number), Column("Boyce", kind=number),
        Column(say("Suitable area"), "km²", number),
    ]  # fmt: skip
    lines = [
        [row["species"], row["thinned"], *(_two(row[t]) for t in ("auc", "tss", "boyce")), area]
        for row, area in zip(rows, areas, strict=True)
    ]
    caption = say("Models with the most records; all are in models.csv")
    return table_block(caption, columns, lines)


def _two(text: str) -> str:
    return numerals.number(float(text), 2) if text else "–"
