"""Gaps as people read them: what zones hold, what is missing and where it can still be found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tianren.io.previews import Preview, read_preview
from tianren.language import say
from tianren.reports import charts, numerals, palette, pictures, sheet
from tianren.reports.chapters import gap_tables
from tianren.reports.chapters.blocks import Block, Chapter, figure, paragraph
from tianren.reports.chapters.first_page import FirstPage, what_is_unverified
from tianren.reports.chapters.gap_tables import ANY, kind, of_kind, zone
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Bar, Caption

UNHELD = "unheld.tif"
STATUSES = ("met", "partial", "gap")
COLOURS = {"met": "#2f6f4f", "partial": "#d9b44a", "gap": "#b04a45"}


def topic() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def _subtitle() -> str:
    return say("What is held, and what is missing")


def _tables() -> Mapping[str, str]:
    return {
        "gaps.csv": say("Gaps"),
        "where.csv": say("Where"),
        "coverage.csv": say("Species covered"),
        "representativeness.csv": say("Representativeness"),
        "viability.csv": say("Viability"),
        "restoration.csv": say("Restoration"),
    }


def _met(contents: Contents) -> tuple[int, int]:
    """Targets that all zones together meet, and all targets."""
    rows = [row for row in contents.rows("gaps.csv") if row["zone"] == ANY]
    return sum(row["status"] == "met" for row in rows), len(rows)


def _statement(contents: Contents) -> str:
    met, total = _met(contents)
    return say("{met} of {total} targets are met by all zones together", met=met, total=total)


def _first(contents: Contents) -> FirstPage:
    sentences = [say("{statement}.", statement=_statement(contents))]
    if place := _best_place(contents):
        told = say("For {n} of the {all} that miss their target, most of what could still be held "
                   "lies in {unit}", n=place[1], all=place[2], unit=place[0])  # fmt: skip
        sentences.append(say("{statement}.", statement=told))
    if flagged := gap_tables.not_viable(contents):
        told = say("{n} species are covered but not viable", n=len(flagged))
        sentences.append(say("{statement}.", statement=told))
    unverified = tuple(what_is_unverified(contents))
    return FirstPage(tuple(sentences), tuple(_numbers(contents)), unverified)


def _numbers(contents: Contents) -> list[tuple[str, str, str]]:
    """Share of targets met by kind; the index of species; what is to be restored."""
    found = [
        (numerals.percent_number(m.value), "%", say("of targets met: {kind}", kind=of_kind(name)))
        for name in gap_tables.kinds(contents)
        if (m := contents.pick("gaps.met", zone=ANY, kind=name))
    ]
    if index := contents.pick("species.protection_index", zone=ANY):
        told = say("Species Protection Index, n = {n}", n=gap_tables.mapped(contents))
        found.insert(0, (numerals.number(index.value, 1), "", told))
    if need := contents.pick("restoration.need"):
        found.insert(2, (numerals.km2(need.value), "km²", say("to restore inside the line")))
    return found[:5]


def _best_place(contents: Contents) -> tuple[str, int, int] | None:
    """The unit of the first level that holds most of what the most missed features lack."""
    rows = contents.rows("where.csv")
    if not rows:
        return None
    first = [row for row in rows if row["level"] == rows[0]["level"]]
    best = Counter(row["label"] for row in first if row["rank"] == "1" and row["code"])
    if not best:
        return None
    name, n = min(best.items(), key=lambda pair: (-pair[1], pair[0]))
    return name, n, len({(row["kind"], row["feature"]) for row in first})


# -- pictures --------------------------------------------------------------------------------------


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    drawn = [_map(contents, folder)] if gap_tables.missed(contents) else []
    drawn.append(_status_bars(contents, folder))
    if contents.rows("coverage.csv"):
        drawn.append(_meanings(contents, folder))
    return drawn


CLASSES = ("#7c1d26", "#d57f66", "#f1d9bf", "#f6f3ec")  # from what closes most to least
CUTS = (0.9, 0.8, 0.5)  # middle ranks at which a class ends, the best class first


def _map(contents: Contents, folder: Path) -> Drawn:
    """Where cells would close most of what is missing, in at most four classes by rank."""
    place = _best_place(contents)
    title = say("Where missing targets can still be met")
    if place:
        title = say("Missing targets can still be met, most of all in {unit}", unit=place[0])
    read = read_preview(contents.folder / UNHELD)
    ground = Ground(contents, contents.folder / UNHELD)
    classes = classed(read)
    caption = Caption(
        title,
        say("Land outside the zones, by how much of the missed targets a cell would close"),
        say("Land that would close a gap, in classes; cells alike are in one"),
    )
    rest = sheet.swatch(say("Held already, or nothing missing there"), "", fill="#c9ccce")
    return pictures.classes(
        contents, ground, classes, folder / "gaps_where.png", caption, looks_of(classes),
        entries=[rest],
    )  # fmt: skip


def classed(read: Preview) -> Preview:
    """1 for the cells that close most, then 2, 3 and 4; missing where a cell closes nothing.

    Cells of one value are in one class, by the middle of their ranks: as near to the best tenth,
    the next, the next three tenths and the rest as ties allow. A class without cells is left out,
    so that the numbers have no gap.
    """
    import numpy as np

    some = np.isfinite(read.cells) & (read.cells > 0)
    _, own, counts = np.unique(read.cells[some], return_inverse=True, return_counts=True)
    middles = (np.cumsum(counts) - counts / 2) / max(1, counts.sum())
    number = sum((middles < cut).astype(int) for cut in CUTS)
    _, dense = np.unique(number, return_inverse=True)
    classes = np.full(read.cells.shape, np.nan, dtype=np.float32)
    classes[some] = 1 + dense.reshape(-1)[own.reshape(-1)]
    return Preview(classes, read.extent, read.crs)


def looks_of(classes: Preview) -> list[pictures.Look]:
    """The classes that there are, named by their order, each with the share of cells it holds."""
    import numpy as np

    names = (say("Closes most"), say("Closes less"), say("Closes still less"), say("Closes least"))
    known = classes.cells[np.isfinite(classes.cells)]
    found = []
    for code, (name, colour) in enumerate(zip(names, CLASSES, strict=True), start=1):
        if share := 100 * float(np.mean(known == code)) if known.size else 0.0:
            told = say("{share} of the cells", share=numerals.percent(share))
            found.append(pictures.Look(code, name, told, colour))
    return found


def _status_bars(contents: Contents, folder: Path) -> Drawn:
    """Share of the features of each kind that is met, partly met and missed, zone by zone."""
    title = _statement(contents)
    told = say("Share of targets met, partly met and missed, %")
    rows = [(k, z) for k in gap_tables.kinds(contents) for z in gap_tables.zones(contents)]
    frame, axes = charts.bar_frame(contents, title, told, len(rows), left=2.6)
    for number, (name, where) in enumerate(rows):
        counts = gap_tables.counts(contents, name, where)
        total, left = sum(counts[s] for s in STATUSES), 0.0
        for status in STATUSES:
            wide = 100 * counts[status] / total if total else 0.0
            axes.barh(number, wide, 0.62, left=left, color=COLOURS[status])
            if wide > 6:
                ink = palette.INK if status == "partial" else "#ffffff"
                sheet.write(axes, left + wide / 2, number, str(counts[status]), 8, color=ink,
                            ha="center", va="center")  # fmt: skip
            left += wide
    charts.name_rows(axes, [f"{kind(k)} · {zone(z)}" for k, z in rows], 2.5)
    axes.set_xlim(0, 100)
    charts.number_axis(axes)
    _key(axes, len(rows))
    file = folder / "gaps_status.png"
    sheet.save(frame, file)
    return Drawn(file, title, say("Chart: {finding}", finding=title))


def _key(axes: object, rows: int) -> None:
    """What the colours mean, above the first bar."""
    at = 0.0
    for status in STATUSES:
        name = gap_tables.status(status)
        sheet.write(axes, at, -0.62, f"■ {name}", 8, color=COLOURS[status], va="baseline")
        at += 22


def _meanings(contents: Contents, folder: Path) -> Drawn:
    """How the share of species covered depends on what covered means."""
    rows = gap_tables.all_species(contents)
    found = {row["meaning"]: row for row in rows if int(row["with_data"])}
    share = {name: numerals.percent(float(row["percent"])) for name, row in found.items()}
    title = say("What zones cover of the species")
    if {"any_record", "target_met"} <= set(share):
        title = say(
            "{some} of the species have a record in the zones; {met} have their target met",
            some=share["any_record"], met=share["target_met"],
        )  # fmt: skip
    bars = [
        Bar(gap_tables.meaning(contents, name), float(row["percent"]),
            f"{row['covered']} / {row['of']}")
        for name, row in found.items()
    ]  # fmt: skip
    few = say(
        "Species covered by all zones, %, n = {n}; {few} of them have fewer than {limit} records",
        n=rows[0]["of"],
        few=rows[0]["few_records"],
        limit=gap_tables.limit(contents, "gaps.few_records"),
    )
    return pictures.bars(contents, folder / "gaps_species.png", Caption(title, few), bars)


# -- chapter ---------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "A target says how much of a species' range, an ecosystem type, an ecoregion or a function "
        "should be inside; a gap is what is missing to it. All zones together count overlap once. "
        "Areas are measured on the equal-area grid, with the exact share of each cell."
    )
    names = ("gaps_status", "gaps_where", "gaps_species")
    blocks: list[Block] = [paragraph(text), gap_tables.by_kind(contents)]
    blocks += [figure(drawn[name]) for name in names if name in drawn]
    blocks += gap_tables.largest(contents)
    found = [Chapter(say("What is held, and what is missing"), tuple(blocks))]
    if contents.rows("coverage.csv"):
        found.append(Chapter(say("Species covered"), tuple(_species(contents))))
    if rest := gap_tables.restoration(contents):
        found.append(Chapter(say("Land to restore inside the line"), tuple(rest)))
    return found


def _species(contents: Contents) -> Sequence[Block]:
    mode = gap_tables.all_species(contents)[0]["percent_mode"]
    written = say("truncated") if mode == "trunc" else say("rounded")
    text = say(
        "A species with one record inside, a species with a share of its range inside, and one "
        "with its target met are three different things. Percentages are {written} to two decimals "
        "and have the species of the list as their denominator, known or not.",
        written=written,
    )
    return [paragraph(text), *gap_tables.appendix(contents), *gap_tables.represented(contents),
            *gap_tables.viable(contents)]  # fmt: skip
