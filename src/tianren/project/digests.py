"""sha256 of a project's inputs, taken once per version of a file (size and time of change)."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from tianren.io.sources import (
    Entry,
    check_sha256,
    combined_sha256,
    file_sha256,
    source_files,
    with_companions,
)


def entry_digest(entry: Entry, cache_folder: Path) -> str:
    """One sha256 for all that the entry's files say; of a constant, of its value.

    The sha256 in the catalog is checked first. Raises UserError for missing or other files.
    """
    if entry.is_constant:
        return combined_sha256([("constant", repr(entry.constant)), ("unit", entry.unit)])
    named = source_files(entry)
    digests = _digests(with_companions(named), cache_folder / "sha256.json")
    check_sha256(entry, {path: digests[path] for path in named if path in digests})
    return combined_sha256([(path.name, digest) for path, digest in digests.items()])


def _digests(paths: list[Path], memory: Path) -> Mapping[Path, str]:
    known = _recall(memory)
    found = {path: known.get(_version(path)) or file_sha256(path) for path in paths}
    new = {_version(path): digest for path, digest in found.items()}
    if not new.items() <= known.items():
        write_whole(memory, json.dumps({**known, **new}, indent=0, sort_keys=True))
    return found


def _version(path: Path) -> str:
    state = path.stat()
    return f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"


def _recall(memory: Path) -> dict[str, str]:
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # a memory that is gone or damaged only costs time
    return known if isinstance(known, dict) else {}


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it appears whole or not at all; text as UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def text_sha256(text: str) -> str:
    """sha256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
