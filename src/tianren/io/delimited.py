"""Delimited text of millions of rows, block by block; a row that does not fit is kept apart."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.io.encodings import text_encoding, undecodable
from tianren.io.sources import Entry
from tianren.io.tables import check_headings, delimiter_of, plain_text

_BLOCK = 16 * 1024**2
_HEAD = 256 * 1024


@dataclass(frozen=True)
class TextShape:
    """How a text is divided. quote "": none; skipped: rows of headings; width: cells of a row."""

    encoding: str
    delimiter: str
    quote: str
    skipped: int
    width: int


@dataclass
class TextBlock:
    """Some rows: a column of text for each name that was asked for, and each row's number."""

    columns: dict[str, pa.Array]
    rows: np.ndarray[Any, np.dtype[np.int64]]
    bad: list[tuple[int, str]] = field(default_factory=list)  # rows that do not fit, and their text


def read_blocks(
    entry: Entry, stream: IO[bytes], shape: TextShape, wanted: Mapping[str, int]
) -> Iterator[TextBlock]:
    """The wanted columns (name -> position from 0) of a text, some megabytes at a time.

    Row numbers count the headings, so the first record below one heading is row 2. Raises UserError
    for text that is not in the encoding.
    """
    bad: list[tuple[int, str]] = []

    def keep(row: Any) -> str:
        bad.append((int(row.number), str(row.text)))
        return "skip"

    names = [f"c{i}" for i in range(shape.width)]
    try:
        reader = pc.open_csv(
            stream,
            read_options=pc.ReadOptions(
                use_threads=False, block_size=_BLOCK, skip_rows=shape.skipped, column_names=names,
                encoding="utf8" if shape.encoding.startswith("utf-8") else shape.encoding,
            ),
            parse_options=pc.ParseOptions(
                delimiter=shape.delimiter, quote_char=shape.quote or False,
                newlines_in_values=bool(shape.quote), ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            convert_options=pc.ConvertOptions(
                include_columns=[f"c{i}" for i in wanted.values()],
                column_types={f"c{i}": pa.string() for i in wanted.values()},
                strings_can_be_null=False,
            ),
        )  # fmt: skip
    except pa.ArrowInvalid as fault:
        if "Empty CSV" in str(fault):
            return
        raise _unread(entry, fault) from fault
    yield from _numbered(entry, reader, wanted, bad, shape.skipped + 1)


def _numbered(
    entry: Entry, reader: Any, wanted: Mapping[str, int], bad: list[tuple[int, str]], first: int
) -> Iterator[TextBlock]:
    """Blocks with row numbers: those of the rows that were skipped as bad are left free."""
    taken = 0
    following = first
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            batch = None
        except pa.ArrowInvalid as fault:
            raise _unread(entry, fault) from fault
        mine, taken = bad[taken:], len(bad)
        count = batch.num_rows if batch is not None else 0
        rows = _free_numbers(following, count, [number for number, _ in mine])
        if count or mine:
            columns = {n: batch.column(f"c{i}") for n, i in wanted.items()} if batch else {}
            yield TextBlock(columns, rows, mine)
        following += count + len(mine)
        if batch is None:
            return


def _free_numbers(first: int, count: int, used: Sequence[int]) -> np.ndarray[Any, Any]:
    every = np.arange(first, first + count + len(used), dtype=np.int64)
    return every[~np.isin(every, used)][:count] if used else every


def _unread(entry: Entry, fault: Exception) -> UserError:
    return UserError(
        f"the text cannot be read: {fault}",
        where=entry.where,
        next_step="correct the row it names, or the encoding in catalog.toml",
    )


# --- what a text says of itself ------------------------------------------------------------------


def find_shape(
    entry: Entry, open_stream: Any, findings: list[Finding]
) -> tuple[TextShape, list[str]]:
    """Encoding, delimiter and headings of a text; open_stream() opens it from its beginning."""
    encoding = entry.encoding or _encoding(entry, open_stream, findings)
    with open_stream() as stream:
        head = stream.read(_HEAD)
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except (UnicodeDecodeError, LookupError) as fault:
        raise undecodable(entry, fault) from fault
    lines = list(io.StringIO(text, newline=""))
    delimiter = delimiter_of(lines)
    # Exports of GBIF are divided by tabs and quote nothing; a lone quote there is a letter.
    quote = "" if delimiter == "\t" else '"'
    cells = next(csv.reader(lines[:1], delimiter=delimiter), []) if lines else []
    headings = check_headings(entry, [plain_text(c.lstrip("\ufeff")) for c in cells], 1)
    return TextShape(encoding, delimiter, quote, 1, len(cells)), headings


def _encoding(entry: Entry, open_stream: Any, findings: list[Finding]) -> str:
    """UTF-8 when the whole text is; else what the first block that is not suggests."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with open_stream() as stream:
        first = block = stream.read(_BLOCK)
        if first.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        while block:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return text_encoding(entry, block, findings)
            block = stream.read(_BLOCK)
    return "utf-8"
