"""Two lines side by side as people read them: gained, lost, kept; one level against another."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tianren.io.previews import read_preview
from tianren.language import say
from tianren.reports import numerals, pictures, words
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    km2_column,
    opening,
    table,
)
from tianren.reports.chapters.first_page import FirstPage
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents, Row
from tianren.reports.maps import Drawn, Ground
from tianren.reports.pictures import Caption, Look

KEPT, GAINED, LOST = 1, 2, 3
COLOURS = {KEPT: "#b9aaa4", GAINED: "#2166ac", LOST: "#e08214"}


def compare() -> Topic:
    return Topic(_subtitle, _first, _draw, _chapters, _tables)


def nested() -> Topic:
    return Topic(_nested_subtitle, _nested_first, _nested_draw, _nested_chapters, _nested_tables)


# -- two lines -------------------------------------------------------------------------------------


def _subtitle() -> str:
    return say("What one line gains and loses against another")


def _tables() -> Mapping[str, str]:
    return {
        "compare.csv": say("Gained and lost"), "held.csv": say("Functions gained and lost"),
        "species.csv": say("Species gained and lost"),
    }  # fmt: skip


def _total(contents: Contents) -> Row:
    return next(row for row in contents.rows("compare.csv") if row["table"] == "total")


def _names(contents: Contents) -> dict[str, str]:
    about = contents.run["compare"]
    return {"first": str(about["first_name"]), "second": str(about["second_name"])}


def _statement(contents: Contents) -> str:
    total = _total(contents)
    return say(
        "From {first} to {second}: {gained} km² gained, {lost} km² lost",
        gained=numerals.km2(float(total["gained_m2"])), lost=numerals.km2(float(total["lost_m2"])),
        **_names(contents),
    )  # fmt: skip


def _first(contents: Contents) -> FirstPage:
    total = _total(contents)
    numbers = [
        (numerals.km2(float(total[f"{change}_m2"])), "km²", name)
        for change, name in (
            ("kept", say("kept")), ("gained", say("gained")), ("lost", say("lost"))
        )
    ]  # fmt: skip
    sentences = (say("{statement}.", statement=_statement(contents)),)
    return FirstPage(sentences, tuple(numbers), tuple(str(r["id"]) for r in contents.unverified))


def _draw(contents: Contents, folder: Path) -> list[Drawn]:
    total = _total(contents)
    areas = {
        code: float(total[f"{name}_m2"])
        for code, name in ((KEPT, "kept"), (GAINED, "gained"), (LOST, "lost"))
    }
    names = {KEPT: say("Kept"), GAINED: say("Gained"), LOST: say("Lost")}
    caption = Caption(_statement(contents), say("Two lines compared"), say("Change"))
    return [_change_map(contents, folder / "compare.png", caption, names, areas)]


def _change_map(
    contents: Contents, file: Path, caption: Caption, names: Mapping[int, str],
    areas: Mapping[int, float],
) -> Drawn:  # fmt: skip
    path = contents.folder / "difference.tif"
    shown = read_preview(path, category=True)
    looks = [
        Look(code, names[code], f"{numerals.km2(areas[code])} km²", COLOURS[code])
        for code in COLOURS
    ]
    return pictures.classes(contents, Ground(contents, path), shown, file, caption, looks)


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    names = _names(contents)
    text = say(
        "{second} against {first}, cell by cell. What changed its category or function stays "
        "inside the line; gained and lost are counted once.", **names,
    )  # fmt: skip
    blocks = opening(text, drawn, "compare")
    rows = contents.rows("compare.csv")
    tables = list(dict.fromkeys(row["table"] for row in rows))
    wanted = [name for name in tables if name in ("category", "function", "must_include")]
    wanted += [name for name in tables if name.startswith("unit ")][:1]
    blocks += [_change_table(name, [r for r in rows if r["table"] == name]) for name in wanted]
    if held := contents.rows("held.csv"):
        blocks.append(_held_table(held))
    if species := contents.rows("species.csv"):
        blocks.append(_species_table(species))
    return [Chapter(say("Two lines compared"), tuple(blocks))]


CHANGES = ("first", "second", "gained", "lost", "changed_in")


def _change_table(name: str, rows: Sequence[Row]) -> Block:
    heads = (say("First"), say("Second"), say("Gained"), say("Lost"), say("Changed"))
    columns = [Column(_head(name)), *(Column(head, "km²", "number") for head in heads)]
    cells = [km2_column([float(r[f"{change}_m2"]) for r in rows]) for change in CHANGES]
    lines = [[_label(name, r), *line]
             for r, line in zip(rows, zip(*cells, strict=True), strict=True)]  # fmt: skip
    return table(say("Gained and lost by {what}", what=words.in_sentence(_head(name))), columns,
                 lines)  # fmt: skip


def _head(name: str) -> str:
    if name.startswith("unit "):
        return name.removeprefix("unit ").capitalize()
    return say("Must-include") if name == "must_include" else words.dimension(name)


def _label(name: str, row: Row) -> str:
    if name == "category":
        return words.category(str(row["label"]))
    if name == "function" and row["label"] != "none":
        return words.criterion(str(row["label"]))
    return str(row["label"])


def _held_table(rows: Sequence[Row]) -> Block:
    columns = [
        Column(say("Function")), Column(say("Kept"), "%", "number"),
        Column(say("Gained"), "%", "number"), Column(say("Lost"), "%", "number"),
    ]  # fmt: skip
    lines = [
        [words.criterion(str(r["function"])),
         *(numerals.percent_number(float(r[f"{c}_percent"])) for c in ("kept", "gained", "lost"))]
        for r in rows
    ]  # fmt: skip
    return table(say("Share of each function's total that changes"), columns, lines)


def _species_table(rows: Sequence[Row]) -> Block:
    """The species whose held range changes most."""

    def change(row: Row) -> float:
        whole = float(row["range_m2"]) or 1.0
        return (float(row["gained_m2"]) - float(row["lost_m2"])) / whole

    most = sorted(rows, key=lambda r: (-abs(change(r)), r["species"]))[:15]
    columns = [
        Column(say("Species")), Column(say("Range"), "km²", "number"),
        Column(say("Gained"), "km²", "number"), Column(say("Lost"), "km²", "number"),
    ]  # fmt: skip
    wanted = ("range_m2", "gained_m2", "lost_m2")
    cells = [km2_column([float(r[c]) for r in most]) for c in wanted]
    lines = [[str(r["species"]), *line]
             for r, line in zip(most, zip(*cells, strict=True), strict=True)]  # fmt: skip
    return table(say("Species whose held range changes most"), columns, lines)


# -- one level against another ---------------------------------------------------------------------


def _nested_subtitle() -> str:
    return say("The line against the line above")


def _nested_tables() -> Mapping[str, str]:
    return {"nested.csv": say("Against the line above"), "grades.csv": say("Grades of both levels")}


def _nested_statement(contents: Contents) -> str:
    whole = contents.rows("nested.csv")[0]
    return say(
        "{line} km² are inside the line, {parent} km² inside the one above",
        line=numerals.km2(float(whole["line_m2"])), parent=numerals.km2(float(whole["parent_m2"])),
    )  # fmt: skip


def _nested_first(contents: Contents) -> FirstPage:
    whole = contents.rows("nested.csv")[0]
    numbers = [
        (numerals.km2(float(whole[column])), "km²", name)
        for column, name in (
            ("both_m2", say("in both lines")),
            ("commission_m2", say("in this line only")),
            ("omission_m2", say("in the line above only")),
        )
    ]
    sentences = (say("{statement}.", statement=_nested_statement(contents)),)
    return FirstPage(sentences, tuple(numbers), tuple(str(r["id"]) for r in contents.unverified))


def _nested_draw(contents: Contents, folder: Path) -> list[Drawn]:
    whole = contents.rows("nested.csv")[0]
    columns = {KEPT: "both_m2", GAINED: "commission_m2", LOST: "omission_m2"}
    areas = {code: float(whole[column]) for code, column in columns.items()}
    names = {
        KEPT: say("In both lines"),
        GAINED: say("In this line only"),
        LOST: say("In the line above only"),
    }
    caption = Caption(_nested_statement(contents), say("The line against the line above"))
    return [_change_map(contents, folder / "nested.png", caption, names, areas)]


def _nested_chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    text = say(
        "The line above is drawn on its own grid, from its own layers and totals. It is brought to "
        "this grid by its cells; what differs is commission (here only) or omission (above only)."
    )
    blocks = opening(text, drawn, "nested")
    blocks += [_nested_table(contents), _grade_table(contents)]
    return [Chapter(say("Against the line above"), tuple(blocks))]


def _nested_table(contents: Contents) -> Block:
    rows = contents.rows("nested.csv")[:40]
    heads = {
        "line_m2": say("This line"), "parent_m2": say("Line above"), "both_m2": say("Both"),
        "commission_m2": say("Here only"), "omission_m2": say("Above only"),
    }  # fmt: skip
    columns = [Column(say("Unit")), *(Column(h, "km²", "number") for h in heads.values())]
    cells = [km2_column([float(r[column]) for r in rows]) for column in heads]
    lines = [[str(r["label"]) or say("in none"), *line]
             for r, line in zip(rows, zip(*cells, strict=True), strict=True)]  # fmt: skip
    return table(say("Area by unit"), columns, lines)


def _grade_table(contents: Contents) -> Block:
    """Area of each pair of highest grades: above in rows, here in columns."""
    rows = contents.rows("grades.csv")
    grades = list(dict.fromkeys(r["parent_grade"] for r in rows))
    heads = (Column(say("here {grade}", grade=g), "km²", "number") for g in grades)
    columns = [Column(say("Grade above")), *heads]
    lines = [
        [g, *km2_column([float(r["area_m2"]) for r in rows if r["parent_grade"] == g])]
        for g in grades
    ]
    return table(say("Highest grade above and here"), columns, lines)
