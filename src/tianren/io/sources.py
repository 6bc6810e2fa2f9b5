"""What a catalog says about a source, and which local files stand behind it."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tianren.errors import UserError
from tianren.language import say

SourceKind = Literal["continuous", "flux", "count", "category", "vector", "table", "records"]
NOT_RASTERS = ("vector", "table", "records")


@dataclass(frozen=True)
class Entry:
    """One source of the catalog: where it is, what it holds, where it comes from.

    name: its table in catalog.toml; layer: the layer of the vocabulary it serves (its own name
    when it serves none). A source is a file (`uri`, relative to `folder`) or a `constant` with a
    reason. legend: code -> class of a category, legend_name: of a known product. missing: values
    that mean "no data" beside the declared one. bands: which bands, in order; none means all.
    start: of a series, the day (or a day in the month) of its first band.
    crs, scale, offset: for files that do not say. period, licence, citation, note: for people.
    Of species records: columns: role -> heading, where a heading is unusual; species, group: of
    them all, the group where a row says none.
    """

    name: str
    layer: str
    kind: SourceKind
    folder: Path = Path()
    uri: str = ""
    sublayer: str = ""
    unit: str = ""
    legend: Mapping[int, str] = field(default_factory=dict)
    legend_name: str = ""
    missing: tuple[float, ...] = ()
    bands: tuple[int, ...] = ()
    crs: str = ""
    scale: float | None = None
    offset: float | None = None
    encoding: str = ""
    constant: float | None = None
    reason: str = ""
    period: str = ""
    licence: str = ""
    citation: str = ""
    sha256: str = ""
    approximate: bool = False
    note: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    species: str = ""
    group: str = ""
    start: dt.date | None = None
    beside_catalog: bool = False  # a file named on the command line
    every_layer: bool = False  # all layers of the file as one, not the first alone

    @classmethod
    def brought(cls, path: Path, kind: SourceKind) -> "Entry":
        """A file that somebody brings, beside the catalog."""
        folder = path.resolve().parent
        return cls(path.stem, path.stem, kind, folder, path.name, beside_catalog=True)

    @property
    def is_vector(self) -> bool:
        return self.kind == "vector"

    @property
    def is_raster(self) -> bool:
        return self.kind not in NOT_RASTERS

    @property
    def is_constant(self) -> bool:
        return self.constant is not None

    @property
    def where(self) -> str:
        """How messages name the source."""
        if self.beside_catalog:
            return self.uri
        return f"{self.uri or 'constant'} ([{self.name}] in catalog.toml)"

    @property
    def how_to_say_crs(self) -> str:
        """What to do where a file does not say its CRS."""
        if self.beside_catalog:
            return say("bring its .prj, or save it as GeoPackage in the CRS that it was made in")
        return say('write the one it was made in: crs = "EPSG:4326" in [{name}]', name=self.name)


def source_files(entry: Entry) -> list[Path]:
    """The local files that the entry's uri names, in name order; a pattern may name several parts.

    Raises UserError for addresses and virtual file systems (nothing is fetched because a file or a
    catalog says so) and for files that are not there.
    """
    _require_local(entry)
    pattern = Path(entry.uri)
    base = pattern if pattern.is_absolute() else entry.folder / pattern
    found = [base] if base.exists() else sorted(base.parent.glob(base.name))
    if not found:
        raise UserError(
            "the file is not there",
            where=entry.where,
            by_how_much=f"looked for {base}",
            next_step=f"put it there, or correct uri in [{entry.name}] of catalog.toml",
        )
    return found


def _require_local(entry: Entry) -> None:
    uri = entry.uri.strip()
    if "://" in uri or uri.lower().startswith(("/vsi", "\\\\", "http:", "https:", "ftp:")):
        raise UserError(
            "only local files are read, never an address",
            where=entry.where,
            next_step="download the layer into the project's data/ folder and name that file",
        )


def file_sha256(path: Path) -> str:
    """The sha256 of a file in hexadecimal."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as fault:
        raise UserError(
            f"the file cannot be read: {fault.strerror}",
            where=str(path),
            next_step="check the file and its permissions",
        ) from fault


# What belongs to a file beside it and changes what it says.
_COMPANIONS = (".dbf", ".shx", ".prj", ".cpg", ".aux.xml", ".msk", ".hdr", ".tfw", ".wld")


def with_companions(paths: Iterable[Path]) -> list[Path]:
    """The files and those beside them that GDAL reads along: .dbf, .prj, .cpg, .aux.xml ..."""
    found: set[Path] = set()
    for path in paths:
        found |= set(path.rglob("*")) if path.is_dir() else {path}
        beside = (path.with_suffix(s) for s in _COMPANIONS)
        after = (path.with_name(path.name + s) for s in _COMPANIONS)
        found |= {p for p in (*beside, *after) if p.is_file()}
    return sorted(p for p in found if p.is_file())


def combined_sha256(digests: Sequence[tuple[str, str]]) -> str:
    """One hash for several files: of one its own, else of the lines "hash  name" in name order."""
    if len(digests) == 1:
        return digests[0][1]
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def content_sha256(entry: Entry) -> str:
    """One hash for all that the entry's files, and those beside them, say."""
    paths = with_companions(source_files(entry))
    return combined_sha256([(path.name, file_sha256(path)) for path in paths])


def check_sha256(entry: Entry, digests: Mapping[Path, str]) -> None:
    """Refuse a file that is not the one the catalog was written for.

    digests: the sha256 of each file that the uri names (companions left out).
    """
    if not entry.sha256:
        return
    found = combined_sha256([(path.name, digest) for path, digest in digests.items()])
    if found != entry.sha256.lower():
        raise UserError(
            "the file is not the one the catalog describes",
            where=entry.where,
            by_how_much=f"sha256 {found[:12]}..., expected {entry.sha256[:12]}...",
            next_step="put the right file back, or, if the change is meant, write "
            f'sha256 = "{found}" in [{entry.name}] of catalog.toml',
        )
