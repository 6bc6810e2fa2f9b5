"""ledger.xlsx: what the run decided and counted, one sheet a subject, for people with Excel."""

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tianren.language import say
from tianren.reports import palette, words
from tianren.reports.archives import dated, without_controls
from tianren.reports.chapters.basis import parameter_value
from tianren.reports.chapters.first_page import first_page
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents, Row

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

Cell = str | float | int | None
MOST_CHARACTERS = 32_767  # what one cell of a workbook holds


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, the heads of its columns, and rows of text and numbers.

    choices: column (from 0) -> the words that a cell of it may hold, offered as a list.
    """

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    choices: Mapping[int, Sequence[str]] = field(default_factory=dict)


def workbook_bytes(contents: Contents, others: Sequence[Contents] = ()) -> bytes:
    """The workbook as bytes, the same each time: its times are the project's day.

    others: runs of other steps whose tables it holds too.
    """
    return book_bytes(sheets(contents, others), contents.title, contents.day)


def book_bytes(sheets: Sequence[Sheet], title: str, day: dt.date) -> bytes:
    """Sheets as a workbook, the same bytes each time: its times are the day.

    A text that begins with = + - or @ stays text: a name from a catalog never becomes a formula.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    moment = dt.datetime.combine(max(day, dt.date(1980, 1, 1)), dt.time(12))
    book.properties.creator = "Tianren"
    book.properties.title = title
    book.properties.created = moment
    book.properties.modified = moment
    for sheet in sheets:
        _fill(book.create_sheet(sheet.name[:31]), sheet)
    target = io.BytesIO()
    book.save(target)
    return dated(target.getvalue(), moment)


def sheets(contents: Contents, others: Sequence[Contents] = ()) -> list[Sheet]:
    """The sheets in the order in which an auditor opens them."""
    own = _of_topic(contents) if contents.step in topics() else _of_line(contents)
    return [
        _summary(contents),
        *own,
        *(sheet for other in others for sheet in _of_topic(other)),
        _measures(contents, *others),
        _parameters(contents),
        _rows(say("Inputs"), contents.inputs),
        _findings(contents, *others),
    ]


def _of_line(contents: Contents) -> list[Sheet]:
    return [
        _pieces(contents),
        _rows(say("Decisions"), contents.decisions, _decision_cell),
        _criteria(contents),
    ]


def _of_topic(contents: Contents) -> list[Sheet]:
    """The tables of a step's run; one that the run does not have is left out."""
    named = topics()[contents.step].tables().items()
    return [_rows(name, rows, _cell) for file, name in named if (rows := contents.rows(file))]


def _cell(head: str, value: object) -> Cell:
    """Text that is a number becomes one, so that a sheet can be summed; codes stay as they are."""
    text = str(value)
    is_code = head.endswith(("code", "slug", "id"))
    return float(text) if not is_code and _NUMBER.fullmatch(text) else text


_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")


def _findings(*runs: Contents) -> Sheet:
    heads = ["severity", "rule", "subject", "message", "source"]
    found = dict.fromkeys(f for run in runs for f in run.findings)
    rows = [[f.severity.value, f.rule, f.subject, f.message, f.source] for f in found]
    return Sheet(say("Findings"), heads, rows)


def _summary(contents: Contents) -> Sheet:
    topic = topics().get(contents.step)
    first = topic.first(contents) if topic else first_page(contents)
    rows: list[list[Cell]] = [
        [say("Title"), contents.title, ""],
        [say("Run"), contents.run_id, ""],
        [say("Date"), contents.day.isoformat(), ""],
        [say("Equal-area CRS"), contents.crs, ""],
        [say("Made by"), f"Tianren {contents.version}".strip(), ""],
    ]
    rows += [[told, value, unit] for value, unit, told in first.numbers]
    rows += [[say("Statement"), sentence, ""] for sentence in first.sentences]
    rows += [[say("Unverified"), text, ""] for text in first.unverified]
    return Sheet(say("Summary"), [say("What"), say("Value"), say("Unit")], rows)


def _pieces(contents: Contents) -> Sheet:
    if contents.pieces is None:
        return Sheet(say("Pieces"), ["code"], [])
    table = contents.pieces.drop(columns=contents.pieces.geometry.name)
    rows = [[_plain(v) for v in row] for row in table.itertuples(index=False)]
    return Sheet(say("Pieces"), [str(c) for c in table.columns], rows)


def _measures(*runs: Contents) -> Sheet:
    heads = ["indicator", "name", "place", "period", "by", "value", "unit", "low", "high",
             "method", "sources"]  # fmt: skip
    rows: list[list[Cell]] = [
        [m.indicator, words.indicator(m.indicator), m.place, m.period, m.by_text, m.value, m.unit,
         m.low, m.high, m.method, " | ".join(m.sources)]
        for run in runs
        for m in run.measures
    ]  # fmt: skip
    return Sheet(say("Measures"), heads, rows)


def _criteria(contents: Contents) -> Sheet:
    heads = ["criterion", "name", "status", "method", "reason", "unit", "needs", "inputs"]
    rows: list[list[Cell]] = []
    for row in contents.criteria:
        name = str(row["criterion"])
        told: list[Cell] = [name, words.criterion(name)]
        told += [str(row.get(h, "")) for h in heads[2:6]]
        rows.append([*told, _joined(row.get("needs")), _joined(row.get("inputs"))])
    return Sheet(say("Criteria"), heads, rows)


def _parameters(contents: Contents) -> Sheet:
    heads = ["id", "name", "value", "unit", "since", "jurisdiction", "set", "source", "verified"]
    rows: list[list[Cell]] = [
        [
            str(p["id"]),
            words.parameter(str(p["id"])),
            _value(p.get("value", "")),
            *(str(p.get(h, "")) for h in heads[3:8]),
            say("yes") if p.get("verified") else say("no"),
        ]
        for p in contents.parameters
    ]
    return Sheet(say("Parameters"), heads, rows)


def _value(value: object) -> Cell:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return parameter_value(value)
    return value


def _rows(name: str, rows: Sequence[Row], cell: Any = None) -> Sheet:
    """A sheet of rows as they are: every key that any row has becomes a column."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    make = cell or (lambda head, value: _plain(value))
    return Sheet(
        name, heads or ["name"], [[make(h, row.get(h, "")) for h in heads] for row in rows]
    )


def _decision_cell(head: str, value: object) -> Cell:
    if head.endswith("_m2") and value not in ("", None):
        return float(str(value))
    return _plain(value)


def _joined(value: object) -> str:
    """A list of names, or of tables, as one text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_joined(v) for v in value)
    return "" if value is None else str(value)


def _plain(value: object) -> Cell:
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if value == value else None
    if isinstance(value, int):
        return value
    return _joined(value)


# Writing ----------------------------------------------------------------------------------------


def _fill(target: "Worksheet", sheet: Sheet) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    target.append([])
    for column, head in enumerate(sheet.heads, start=1):
        cell = target.cell(row=1, column=column)
        _write(cell, head)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=palette.INK.lstrip("#"))
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        target.column_dimensions[get_column_letter(column)].width = _width(sheet, column - 1)
    is_year = [head.casefold().endswith("year") for head in sheet.heads]
    for number, row in enumerate(sheet.rows, start=2):
        for column, value in enumerate(row, start=1):
            _write(target.cell(row=number, column=column), value, is_year[column - 1])
    target.freeze_panes = "A2"
    if sheet.rows:
        target.auto_filter.ref = target.dimensions
    for column, allowed in sheet.choices.items():
        _offer(target, get_column_letter(column + 1), len(sheet.rows) + 1, allowed)


def _offer(target: "Worksheet", letter: str, last: int, allowed: Sequence[str]) -> None:
    """A list of words to choose from in the cells of a column below its head."""
    from openpyxl.worksheet.datavalidation import DataValidation

    listed = DataValidation(type="list", formula1=f'"{",".join(allowed)}"', allow_blank=True)
    listed.add(f"{letter}2:{letter}{max(last, 2)}")
    target.add_data_validation(listed)


def _write(cell: Any, value: Cell, is_year: bool = False) -> None:
    """A number with its format (a year is 2026, never 2,026), or a text, never a formula."""
    if value is None:
        return
    if isinstance(value, str):
        cell.value = without_controls(value)[:MOST_CHARACTERS]
        cell.data_type = "s"
        if value[:1] in ("=", "+", "-", "@"):
            cell.quotePrefix = True
        return
    cell.value = value
    cell.number_format = "0" if is_year else _format(value)


def _format(value: float) -> str:
    if float(value).is_integer():
        return "#,##0" if abs(value) >= 1000 else "0"
    return "#,##0.000" if abs(value) >= 0.001 else "0.00E+00"


def _width(sheet: Sheet, column: int) -> float:
    """Wide enough for most of what stands in the column; Chinese characters count twice."""
    texts = [sheet.heads[column], *(_shown(row[column]) for row in sheet.rows[:200])]
    longest = max(sum(2 if ord(c) >= 0x2E80 else 1 for c in text) for text in texts)
    return float(min(60, max(8, longest + 2)))


def _shown(value: Cell) -> str:
    if isinstance(value, int | float):
        return f"{value:,.3f}" if not float(value).is_integer() else f"{value:,.0f}"
    return value or ""
