"""The table of sources that Protected Planet delivers with its records, for who hands them on.

Records name their source by METADATAID; the table, a CSV beside the layers or a layer without
places, says of each who gave it, when, and how it is cited.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyogrio

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.deliveries import DATABASES, is_of_sources, unpack
from tianren.io.formats import FAULTS
from tianren.io.signatures import offline
from tianren.io.sources import Entry, source_files
from tianren.io.tables import read_table

NUMBER = "METADATAID"
Rows = Mapping[str, Mapping[str, str]]


def read_source_rows(entry: Entry) -> tuple[Rows, list[Finding]]:
    """METADATAID -> its row, heading -> text, of the tables that a source delivers; none where it
    delivers none. A table that cannot be read is a finding."""
    found: dict[str, Mapping[str, str]] = {}
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory() as folder:
        for n, path in enumerate(source_files(entry)):
            try:
                for table in _tables(entry, path, Path(folder) / str(n)):
                    found |= _rows(table)
            except UserError as fault:
                rule, text = "sites.sources_unread", str(fault)
                findings.append(Finding(rule, entry.name, Severity.WARNING, text, entry.uri))
    return found, findings


def _tables(entry: Entry, path: Path, room: Path) -> Iterator[pd.DataFrame]:
    """The tables of sources in a file, a folder or an archive, or beside a Shapefile."""
    if path.suffix.lower() == ".zip":
        unpack(entry, path, room)
        yield from _tables(entry, room, room)
    elif path.suffix.lower() in DATABASES:
        yield from _of_database(path)
    elif path.is_dir():
        for inner in sorted(path.iterdir()):
            yield from _inside(entry, inner, room)
    elif path.suffix.lower() == ".shp":
        yield from _csvs(sorted(path.parent.glob("*.[cC][sS][vV]")))


def _inside(entry: Entry, path: Path, room: Path) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() == ".csv":
        yield from _csvs([path])
    elif path.suffix.lower() == ".zip":
        yield from _tables(entry, path, room / path.stem)
    elif path.is_dir() or path.suffix.lower() in DATABASES:
        yield from _tables(entry, path, room)


def _csvs(paths: list[Path]) -> Iterator[pd.DataFrame]:
    for path in paths:
        if is_of_sources(path):
            yield read_table(Entry.brought(path, "table"))[0]


def _of_database(path: Path) -> Iterator[pd.DataFrame]:
    try:
        with offline():
            for name, kind in pyogrio.list_layers(path):
                if not kind and is_of_sources(path, str(name)):
                    yield pyogrio.read_dataframe(path, layer=str(name), read_geometry=False)
    except FAULTS:
        return  # the records of such a file are refused with more words


def _rows(table: pd.DataFrame) -> dict[str, Mapping[str, str]]:
    plain = table.rename(columns=lambda heading: str(heading).strip().upper())
    rows = plain.astype(object).where(plain.notna(), "").to_dict("records")
    return {_text(row[NUMBER]): {str(k): _text(v) for k, v in row.items()} for row in rows}


def _text(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).strip()  # type: ignore[call-overload]
