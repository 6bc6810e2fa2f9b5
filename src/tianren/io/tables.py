"""Tables without places: status lists, checklists, demands. Cells come as trimmed text."""

import csv
import datetime as dt
import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pandas import DataFrame, Index

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.encodings import text_encoding, undecodable
from tianren.io.signatures import offline, require_modest
from tianren.io.sources import Entry, source_files
from tianren.language import say

Row = tuple[int, list[str]]  # number in the file, cells

LARGEST_FILE = 256 * 1024**2  # bytes; a longer list is not a table that a person wrote
WORKBOOKS = (".xlsx", ".xlsm")
_DELIMITERS = (",", "\t", ";", "|")
_LOOKED_AT = 50  # lines from which the delimiter is found
_DBF_VERSIONS = frozenset(b"\x02\x03\x30\x31\x32\x43\x63\x83\x8b\xcb\xf5\xfb")


def read_table(entry: Entry) -> tuple[DataFrame, list[Finding]]:
    """The one file of a table source, headings and cells trimmed and in NFC; empty is "".

    CSV, TSV or TXT (delimiter and encoding found), XLSX (values as last computed; no formula is
    run) or DBF. Blank rows are left out; the index, called "row", holds each row's number in the
    file. Raises UserError for duplicate or missing headings and for rows longer than the heading.
    """
    path = _one_file(entry)
    findings: list[Finding] = []
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        rows = _workbook(entry, path, findings)
    elif suffix == ".dbf":
        rows = _dbf(entry, path, findings)
    elif suffix in (".csv", ".tsv", ".txt", ".tab"):
        rows = _text(entry, path, findings)
    else:
        raise UserError(
            f"{path.name} is not of a table format that is read here",
            where=entry.where,
            next_step="save it as CSV in UTF-8, or as XLSX",
        )
    return _framed(entry, rows, findings), findings


def _one_file(entry: Entry) -> Path:
    found = source_files(entry)
    if len(found) > 1:
        raise UserError(
            f"{len(found)} files match, a table is one file",
            where=entry.where,
            next_step=f"name one of {', '.join(p.name for p in found[:5])}",
        )
    size = found[0].stat().st_size
    if size > LARGEST_FILE:
        raise UserError(
            "the table is too large",
            where=entry.where,
            by_how_much=f"{size:,} bytes, at most {LARGEST_FILE:,}",
            next_step='keep the rows that are needed; species records have kind = "records"',
        )
    return found[0]


# --- from rows to a table ----------------------------------------------------------------------


def _framed(entry: Entry, rows: Iterable[Row], findings: list[Finding]) -> DataFrame:
    filled = ((n, cells) for n, cells in rows if any(cells))
    first = next(filled, None)
    if first is None:
        raise UserError(
            "the table is empty", where=entry.where, next_step="check the file and its sheet"
        )
    headings = check_headings(entry, first[1], first[0])
    numbers, cells, short = [], [], []
    for number, row in filled:
        numbers.append(number)
        cells.append(_fitted(entry, row, len(headings), number))
        if len(row) < len(headings):
            short.append(number)
    if short:
        message = say(
            "{n} rows have fewer cells than the heading (the first is row {row}); "
            "the missing cells count as empty",
            n=len(short),
            row=short[0],
        )
        findings.append(_told("table.short_rows", entry, message, Severity.WARNING))
    index = Index(numbers, name="row", dtype="int64")
    return DataFrame(cells, columns=headings, index=index, dtype=str)


def check_headings(entry: Entry, cells: Sequence[str], row: int) -> list[str]:
    """The headings, without empty ones at the end; another empty one is called "column 3".

    Raises UserError for two columns of one name.
    """
    given = list(cells)
    while given and not given[-1]:
        given.pop()
    headings = [heading or f"column {n}" for n, heading in enumerate(given, start=1)]
    seen: dict[str, int] = {}
    for column, heading in enumerate(headings, start=1):
        if seen.setdefault(heading, column) != column:
            raise UserError(
                f"two columns are called {heading}",
                where=f"{entry.where}, row {row}, columns {seen[heading]} and {column}",
                next_step="rename or remove one of them",
            )
    return headings


def _fitted(entry: Entry, row: list[str], width: int, number: int) -> list[str]:
    if any(row[width:]):
        raise UserError(
            "a row has more cells than the heading",
            where=f"{entry.where}, row {number}",
            by_how_much=f"{len(row)} cells, {width} headings",
            next_step="put text that holds the delimiter in quotes",
        )
    return row[:width] + [""] * (width - len(row))


def plain_text(value: str) -> str:
    """A cell trimmed and in one Unicode form."""
    return unicodedata.normalize("NFC", value).strip()


def _told(rule: str, entry: Entry, message: str, severity: Severity) -> Finding:
    return Finding(rule, entry.name, severity, message, entry.uri)


# --- delimited text ----------------------------------------------------------------------------


def _text(entry: Entry, path: Path, findings: list[Finding]) -> Iterator[Row]:
    data = path.read_bytes()
    encoding = text_encoding(entry, data, findings)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as fault:
        raise undecodable(entry, fault) from fault
    if "\0" in text:
        raise UserError(
            "the file is not text",
            where=entry.where,
            next_step="save it as CSV in UTF-8, or name the file by its kind (.xlsx, .dbf)",
        )
    lines = list(io.StringIO(text, newline=""))  # a separator inside a cell ends no line
    return _parsed(entry, lines, delimiter_of(lines))


def delimiter_of(lines: Sequence[str]) -> str:
    """The delimiter that divides the first lines into the same number of cells, and into most."""
    looked_at = [line for line in lines[:_LOOKED_AT] if line.strip()]

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(looked_at, delimiter=delimiter) if row]
        if not widths or widths[0] < 2:
            return 0.0, 0
        return sum(w == widths[0] for w in widths) / len(widths), widths[0]

    try:
        return max(_DELIMITERS, key=fit)
    except csv.Error:
        return ","


def _parsed(entry: Entry, lines: Sequence[str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 1
    try:
        for row in reader:
            yield number, [plain_text(cell) for cell in row]
            number = reader.line_num + 1
    except csv.Error as fault:
        raise UserError(
            f"the table cannot be read: {fault}",
            where=f"{entry.where}, row {number}",
            next_step="correct the quotes on that line, or save the table as XLSX",
        ) from fault


# --- workbooks ---------------------------------------------------------------------------------

# What a workbook that is damaged, or none at all, raises as it is opened.
_WORKBOOK_FAULTS = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, NotImplementedError,
    SyntaxError,  # of XML
)  # fmt: skip


def _workbook(entry: Entry, path: Path, findings: list[Finding]) -> Iterator[Row]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(path) as archive:
            require_modest(entry, path, archive.infolist())
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        sheet = _sheet(entry, book, findings)
        rows = [[_cell(v) for v in row] for row in sheet.iter_rows(values_only=True)]
        book.close()
        _tell_formulas(entry, path, sheet.title, rows, findings)
    except (*_WORKBOOK_FAULTS, InvalidFileException) as fault:
        raise UserError(
            f"the workbook cannot be read: {fault}",
            where=entry.where,
            next_step="open it and save it anew as XLSX, or as CSV in UTF-8",
        ) from fault
    return enumerate(rows, start=1)


def _sheet(entry: Entry, book: Any, findings: list[Finding]) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if entry.sublayer:
        if entry.sublayer not in names:
            raise UserError(
                f"the workbook has no sheet called {entry.sublayer}",
                where=entry.where,
                next_step=f"use one of {', '.join(names)}",
            )
        return book[entry.sublayer]
    if len(names) > 1:
        message = say(
            "the workbook has {n} sheets; the first, {name}, was read", n=len(names), name=names[0]
        )
        findings.append(_told("table.first_sheet", entry, message, Severity.NOTE))
    return book.worksheets[0]


def _cell(value: Any) -> str:
    """A cell as a person reads it: 3.0 is 3, a date is 2024-05-01."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return plain_text(str(value))


def _tell_formulas(
    entry: Entry, path: Path, title: str, rows: Sequence[Sequence[str]], findings: list[Finding]
) -> None:
    """Formulas are not run: what they last gave was read, and where they gave nothing is told."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    formulas = empty = 0
    for i, row in enumerate(book[title].iter_rows()):
        for j, cell in enumerate(row):
            if cell.data_type == "f":
                formulas += 1
                empty += i >= len(rows) or j >= len(rows[i]) or not rows[i][j]
    book.close()
    if formulas:
        message = say(
            "{n} cells hold formulas; the values they last gave were read, {empty} gave none",
            n=formulas,
            empty=empty,
        )
        severity = Severity.WARNING if empty else Severity.NOTE
        findings.append(_told("table.formulas", entry, message, severity))


# --- dBASE -------------------------------------------------------------------------------------


def _dbf(entry: Entry, path: Path, findings: list[Finding]) -> Iterator[Row]:
    import pyogrio

    data = path.read_bytes()
    header = int.from_bytes(data[8:10], "little")
    if len(data) < 32 or data[0] not in _DBF_VERSIONS or not 32 < header <= len(data):
        raise UserError(
            "the file does not hold what its name says (.dbf)",
            where=entry.where,
            next_step="copy it again, or save the table as CSV in UTF-8",
        )
    has_cpg = any(path.with_suffix(s).exists() for s in (".cpg", ".CPG"))
    encoding = entry.encoding or ("" if has_cpg else text_encoding(entry, data[header:], findings))
    options = {"encoding": encoding} if encoding else {}
    try:
        with offline():
            table = pyogrio.read_dataframe(path, read_geometry=False, **options)
    except (*_OGR_FAULTS, LookupError, UnicodeDecodeError) as fault:
        raise UserError(
            f"the table cannot be read: {fault}",
            where=entry.where,
            next_step="open it in a spreadsheet and save it as CSV in UTF-8",
        ) from fault
    yield 0, [plain_text(str(name)) for name in table.columns]
    columns = [table[name].tolist() for name in table.columns]
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        yield number, ["" if _is_missing(v) else _cell(v) for v in row]


_OGR_FAULTS = (RuntimeError, OSError)  # pyogrio's faults are RuntimeErrors


def _is_missing(value: Any) -> bool:
    return value is None or bool(value != value)
