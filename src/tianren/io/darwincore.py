"""Darwin Core Archives: a zip whose meta.xml says which text holds what.

TDWG, Darwin Core text guide (2009, http://rs.tdwg.org/dwc/terms/guides/text/). The core is a list
of occurrences, or of events with occurrences beside it; nothing else of an archive is opened.
"""

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import numpy as np
import pyarrow as pa

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.delimited import TextBlock, TextShape, find_shape, read_blocks
from tianren.io.roles import find_roles, require_roles, told_roles
from tianren.io.signatures import require_modest, unreadable
from tianren.io.sources import Entry
from tianren.language import say

_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_MOST_META = 4 * 1024**2
_HEAD = 256 * 1024


@dataclass(frozen=True)
class _Part:
    """One <core> or <extension>: its texts, their shape, terms by position, defaults, the id."""

    kind: str
    files: tuple[str, ...]
    shape: TextShape
    terms: Mapping[str, int]
    defaults: Mapping[str, str]
    key: int | None


def archive_blocks(entry: Entry, path: Path, findings: list[Finding]) -> Iterator[TextBlock]:
    """The occurrences of an archive in blocks of text, a column for each role that it can fill.

    A zip without meta.xml that holds one text is read as that text. Raises UserError for members
    that are missing, lead out of the archive or unpack to far too much, and for an unknown core.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            require_modest(entry, path, archive.infolist())
            if "meta.xml" not in _members(archive):
                yield from _only_text(entry, archive, findings)
            else:
                yield from _described(entry, archive, findings)
    except _FAULTS as fault:
        raise unreadable(entry, path, fault) from fault


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Plain name -> member, of the files of an archive (one folder around them is allowed)."""
    names = [m.filename for m in archive.infolist() if not m.is_dir()]
    names = [n for n in names if "__MACOSX" not in n]
    tops = {PurePosixPath(n).parts[0] for n in names if len(PurePosixPath(n).parts) > 1}
    inside = f"{next(iter(tops))}/" if len(tops) == 1 and "meta.xml" not in names else ""
    return {n.removeprefix(inside): n for n in names}


def _only_text(
    entry: Entry, archive: zipfile.ZipFile, findings: list[Finding]
) -> Iterator[TextBlock]:
    texts = [n for n in _members(archive) if n.lower().endswith((".csv", ".tsv", ".txt"))]
    if len(texts) != 1:
        raise UserError(
            f"the archive has no meta.xml, and holds {len(texts)} texts",
            where=entry.where,
            next_step="use a Darwin Core Archive, or a zip with one CSV or TSV",
        )
    member = _members(archive)[texts[0]]
    yield from plain_blocks(entry, lambda: archive.open(member), findings)


def plain_blocks(
    entry: Entry, open_stream: Callable[[], IO[bytes]], findings: list[Finding]
) -> Iterator[TextBlock]:
    """The records of a text with headings, in blocks of text by role."""
    shape, headings = find_shape(entry, open_stream, findings)
    roles = require_roles(entry, find_roles(entry, headings), headings)
    findings += told_roles(entry, roles, headings)
    wanted = {role: headings.index(heading) for role, heading in roles.items()}
    with open_stream() as stream:
        yield from read_blocks(entry, stream, shape, wanted)


# --- archives that describe themselves -----------------------------------------------------------


def _described(
    entry: Entry, archive: zipfile.ZipFile, findings: list[Finding]
) -> Iterator[TextBlock]:
    core, extensions = _meta(entry, archive)
    if core.kind == "Occurrence":
        roles = require_roles(entry, find_roles(entry, _terms(core)), _terms(core))
        findings += told_roles(entry, roles, _terms(core))
        yield from _part_blocks(entry, archive, core, roles)
        return
    occurrences = [part for part in extensions if part.kind == "Occurrence"]
    if core.kind != "Event" or len(occurrences) != 1:
        raise UserError(
            f"the archive's core is {core.kind or 'not named'}, with {len(occurrences)} lists of "
            "occurrences",
            where=f"{entry.where}, meta.xml",
            next_step="ask for an archive of occurrences, or of events with occurrences",
        )
    yield from _joined(entry, archive, core, occurrences[0], findings)


def _terms(part: _Part) -> list[str]:
    return [*part.terms, *(t for t in part.defaults if t not in part.terms)]


def _part_blocks(
    entry: Entry, archive: zipfile.ZipFile, part: _Part, roles: Mapping[str, str]
) -> Iterator[TextBlock]:
    """Blocks by role; a term without a column has its default in every row, an empty cell too."""
    wanted = {role: part.terms[t] for role, t in roles.items() if t in part.terms}
    constants = {role: part.defaults[t] for role, t in roles.items() if t in part.defaults}
    if part.key is not None:
        wanted["__key"] = part.key
    for name in part.files:
        member = _member(entry, archive, name)
        shape = _true_width(archive, member, part.shape)
        with archive.open(member) as stream:
            for block in read_blocks(entry, stream, shape, wanted):
                for role, value in constants.items() if block.columns else ():
                    block.columns[role] = _filled(block.columns.get(role), value, len(block.rows))
                yield block


def _true_width(archive: zipfile.ZipFile, member: str, shape: TextShape) -> TextShape:
    """The shape with as many cells as the first row has: meta.xml need not name every column."""
    with archive.open(member) as stream:
        head = stream.read(_HEAD).decode(shape.encoding, errors="replace")
    quoting: Any = {"quotechar": shape.quote} if shape.quote else {"quoting": csv.QUOTE_NONE}
    rows = csv.reader(io.StringIO(head, newline=""), delimiter=shape.delimiter, **quoting)
    return replace(shape, width=max(shape.width, len(next(rows, []))))


def _filled(column: pa.Array | None, value: str, count: int) -> pa.Array:
    import pyarrow.compute as compute

    if column is None:
        return pa.array([value] * count, pa.string())
    return compute.if_else(compute.equal(column, ""), value, column)


def _joined(
    entry: Entry,
    archive: zipfile.ZipFile,
    events: _Part,
    occurrences: _Part,
    findings: list[Finding],
) -> Iterator[TextBlock]:
    """Occurrences with what their event says where they themselves say nothing."""
    import pandas as pd

    own = find_roles(entry, _terms(occurrences))
    shared = find_roles(entry, _terms(events))
    terms = list(dict.fromkeys([*_terms(occurrences), *_terms(events)]))
    require_roles(entry, {**shared, **own}, terms)
    unread = [t for t in terms if t not in shared.values()]
    findings += told_roles(entry, {**shared, **own}, unread)
    table = _events(entry, archive, events, shared)
    strangers = 0
    for block in _part_blocks(entry, archive, occurrences, own):
        if not block.columns:  # only rows that do not fit
            yield block
            continue
        keys = pd.Index(block.columns.pop("__key").to_pylist())
        place = table.index.get_indexer(keys)
        strangers += int((place < 0).sum())
        for role in shared:
            theirs = np.where(place < 0, "", table[role].to_numpy(dtype=object)[place])
            given = pa.array(theirs, pa.string())
            block.columns[role] = _first_said(block.columns.get(role), given)
        yield block
    if strangers:
        message = say("{n} occurrences name an event that the archive does not hold", n=strangers)
        findings.append(
            Finding("records.no_event", entry.name, Severity.WARNING, message, entry.uri)
        )


def _first_said(own: pa.Array | None, given: pa.Array) -> pa.Array:
    import pyarrow.compute as compute

    return given if own is None else compute.if_else(compute.equal(own, ""), given, own)


def _events(entry: Entry, archive: zipfile.ZipFile, part: _Part, roles: Mapping[str, str]) -> Any:
    import pandas as pd

    frames = [
        pd.DataFrame({role: column.to_pylist() for role, column in block.columns.items()})
        for block in _part_blocks(entry, archive, part, roles)
        if block.columns
    ]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["__key"])
    twice = table["__key"].duplicated()
    if twice.any():
        raise UserError(
            f"two events have the id {table['__key'][twice].iloc[0]}",
            where=f"{entry.where}, {', '.join(part.files)}",
            by_how_much=f"{int(twice.sum())} ids are repeated",
            next_step="ask the publisher for an archive whose events have ids of their own",
        )
    return table.set_index("__key").reindex(columns=list(roles), fill_value="")


def _member(entry: Entry, archive: zipfile.ZipFile, name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise UserError(
            f"meta.xml names a file outside the archive: {name!r}",
            where=entry.where,
            next_step="use an archive from a publisher that you trust",
        )
    found = _members(archive).get(str(path))
    if found is None:
        raise UserError(
            f"the archive does not hold {name}, which its meta.xml names",
            where=entry.where,
            next_step="download the archive again",
        )
    return found


# --- meta.xml ------------------------------------------------------------------------------------


def _meta(entry: Entry, archive: zipfile.ZipFile) -> tuple[_Part, list[_Part]]:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    member = archive.getinfo(_members(archive)["meta.xml"])
    try:
        if member.file_size > _MOST_META:
            raise ParseError(f"{member.file_size:,} bytes are no description of an archive")
        root = fromstring(archive.read(member), forbid_dtd=True)
        parts = {tag: [_part(entry, e) for e in _named(root, tag)] for tag in ("core", "extension")}
    except (ParseError, DefusedXmlException, ValueError, LookupError) as fault:
        raise UserError(
            f"meta.xml cannot be used: {fault}",
            where=entry.where,
            next_step="download the archive again, or ask its publisher",
        ) from fault
    if len(parts["core"]) != 1:
        raise UserError(
            f"meta.xml names {len(parts['core'])} cores, one is needed",
            where=entry.where,
            next_step="download the archive again, or ask its publisher",
        )
    return parts["core"][0], parts["extension"]


def _named(element: Any, tag: str) -> list[Any]:
    return [child for child in element if str(child.tag).rpartition("}")[2] == tag]


def _part(entry: Entry, element: Any) -> _Part:
    terms: dict[str, int] = {}
    defaults: dict[str, str] = {}
    for spot in _named(element, "field"):
        term = str(spot.get("term", "")).rstrip("/").rpartition("/")[2].rpartition("#")[2]
        if (at := spot.get("index")) is not None:
            terms[term] = int(at)
        if spot.get("default"):
            defaults[term] = str(spot.get("default"))
    keys = [int(k.get("index", 0)) for tag in ("id", "coreid") for k in _named(element, tag)]
    files = [str(loc.text or "").strip() for f in _named(element, "files") for loc in f]
    key = keys[0] if keys else None
    width = max([*terms.values(), *keys], default=0) + 1
    if not files or min([*terms.values(), *keys], default=0) < 0:
        raise ValueError("a part without a file, or with a column before the first")
    kind = str(element.get("rowType", "")).rstrip("/").rpartition("/")[2]
    return _Part(kind, tuple(files), _shape(element, width), terms, defaults, key)


_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\r\\n": "\r\n"}


def _shape(element: Any, width: int) -> TextShape:
    """The defaults are those of the text guide."""
    delimiter = _unescaped(element.get("fieldsTerminatedBy", ","))
    quote = _unescaped(element.get("fieldsEnclosedBy", '"'))
    if len(delimiter) != 1 or len(quote) > 1:
        raise ValueError(f"fields are divided by {delimiter!r} and enclosed by {quote!r}")
    encoding = codecs.lookup(element.get("encoding") or "utf-8").name
    return TextShape(encoding, delimiter, quote, int(element.get("ignoreHeaderLines", 0)), width)


def _unescaped(text: str) -> str:
    return _ESCAPES.get(text, text)
