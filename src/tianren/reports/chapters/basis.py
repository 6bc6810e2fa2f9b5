"""What every report ends with: findings, parameters, inputs, words, and how to check it."""

from collections.abc import Mapping

from tianren.language import say
from tianren.reports import numerals, words
from tianren.reports.chapters.blocks import Chapter, Column, paragraph, table
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents, Row
from tianren.reports.maps import Drawn
from tianren.reports.retelling import retold


def findings(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    title = say("Findings")
    if not contents.findings:
        return Chapter(title, (paragraph(say("No rule was broken.")),))
    columns = [
        Column(say("Severity"), "", "word"),
        Column(say("Subject"), "", "word"),
        Column(say("Finding")),
        Column(say("Source"), "", "word"),
    ]
    rows = [
        [words.severity(f.severity), _subject(f.subject), retold(f.message), retold(f.source)]
        for f in contents.findings
    ]
    return Chapter(title, (table("", columns, rows),))


def _subject(name: str) -> str:
    criterion = words.criterion(name)
    return criterion if criterion != words.plain(name) else words.layer(name)


def parameters(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    if not contents.parameters:
        return None
    columns = [
        Column(say("Parameter")),
        Column(say("Value")),
        Column(say("Unit"), "", "word"),
        Column(say("Source read"), "", "word"),
        Column(say("Source")),
    ]
    rows = [
        [
            _parameter_name(p),
            _value(p),
            words.unit(str(p.get("unit", ""))) or "–",
            say("yes") if p.get("verified") else say("no"),
            str(p.get("source", "")),
        ]
        for p in contents.parameters
    ]
    return Chapter(say("Parameters"), (table("", columns, rows),))


def _parameter_name(row: Row) -> str:
    name, key = words.parameter(str(row["id"])), str(row["id"])
    told = key if name == key else f"{name} ({key})"
    return f"{told}, {row['set']}" if row.get("set") else told


def _value(row: Row) -> str:
    """A year is written as one: 2030, never 2 030."""
    value = row.get("value", "")
    is_year = str(row["id"]).endswith("_year") and isinstance(value, int | float)
    return f"{value:.0f}" if is_year else parameter_value(value)


def parameter_value(value: object) -> str:
    """A number, a word, or a table as "class number; class number"."""
    if isinstance(value, Mapping):
        return "; ".join(f"{k.replace('_', ' ')} {parameter_value(v)}" for k, v in value.items())
    return numerals.written(value) if isinstance(value, int | float) else str(value)


def inputs(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    if not contents.inputs:
        return None
    columns = [
        Column(say("Layer")),
        Column(say("Period"), "", "word"),
        Column(say("Licence")),
        Column(say("Citation"), "", "wide"),
        Column("sha256", "", "hash"),
    ]
    rows = [
        [
            _input_name(i),
            str(i.get("period", "")) or "–",
            str(i.get("licence", "")) or "–",
            str(i.get("citation", "") or i.get("reason", "")) or "–",
            str(i.get("sha256", "")) or "–",
        ]
        for i in contents.inputs
    ]
    return Chapter(say("Inputs"), (table("", columns, rows),))


def _input_name(row: Row) -> str:
    name = words.source(row)
    return f"{name} ({say('approximate')})" if row.get("approximate") else name


def glossary(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    items = [
        (
            say("Ecological conservation redline"),
            say(
                "Land and sea with extremely important ecological functions or extreme "
                "sensitivity, and the areas that must be included, kept under strict protection."
            ),
        ),
        (
            say("Extremely important"),
            say(
                "The best land of a function: ranked from the highest value down, it holds the "
                "share of the function's total that the parameters set (commonly half)."
            ),
        ),
        (
            say("Extremely sensitive"),
            say("Land where a hazard's factors together score above the upper threshold."),
        ),
        (
            say("Must-include area"),
            say("A place that belongs inside whatever its grades, such as a protected area."),
        ),
        (
            say("Piece"),
            say(
                "A connected part of the redline within one administrative unit, realm and "
                "protection level."
            ),
        ),
        (
            say("Finding"),
            say("A rule that the data, a method or the project broke; the run tells every one."),
        ),
        (
            say("Verified"),
            say("The source of a parameter was opened and read; otherwise it is from memory."),
        ),
        (
            say("Draw"),
            say("One repetition of the line with parameters taken at random from their ranges."),
        ),
    ]
    return Chapter(say("Glossary"), ({"kind": "definitions", "items": items},))


def how_to_check(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    again = f"tianren {contents.step}"
    items = [
        say("Compare the sha256 of each input with the list above: {command}", command="sha256sum"),
        say("Make the run again with the same inputs: {command}", command=again),
        *(_of_figures() if contents.step in topics() else _of_line(contents)),
    ]
    return Chapter(say("How to check this report"), ({"kind": "list", "items": items},))


def _of_figures() -> list[str]:
    return [
        say(
            "Ask where a figure comes from, by its line in measures.csv: {command}",
            command="tianren explain --measure ID",
        ),
        say("Look for figures that contradict each other: {command}", command="tianren audit"),
    ]


def _of_line(contents: Contents) -> list[str]:
    codes = [] if contents.pieces is None else [str(c) for c in contents.pieces["code"][:1]]
    where = say(
        "Ask why a place is inside or outside: {command}", command="tianren explain --at LON,LAT"
    )
    why = [
        say("Ask why a piece is red: {command}", command=f"tianren explain --piece {code}")
        for code in codes
    ]
    return [
        where,
        *why,
        say("Open redline.gpkg in QGIS; the styles beside each layer load by themselves."),
        say("Add up area_m2 of the pieces: it equals the redline's area above."),
    ]
