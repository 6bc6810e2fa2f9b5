"""Tables without places: status lists, checklists, demands. Cells come as trimmed text."""

import unicodedata

from pandas import DataFrame, read_csv, read_excel

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.io.sources import Entry, source_files


def read_table(entry: Entry) -> tuple[DataFrame, list[Finding]]:
    """The one file of a table source, headings and cells trimmed and in NFC; empty is ""."""
    path = source_files(entry)[0]
    try:
        if path.suffix.lower() == ".xlsx":
            found = read_excel(
                path, sheet_name=entry.sublayer or 0, dtype=str, keep_default_na=False
            )
        else:
            found = read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as fault:
        raise UserError(
            f"the table cannot be read: {fault}",
            where=entry.where,
            next_step="save it as CSV in UTF-8, or as XLSX",
        ) from fault
    found.columns = [_plain(str(name)) for name in found.columns]
    return found.map(_plain), []


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
