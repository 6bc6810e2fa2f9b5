"""A record as one line of JSON, and the chain: each line holds the SHA-256 of the line before.

Whoever has the lines can check them with sha256sum alone. What is about a person is not in the
line: only the SHA-256 of a random salt and the text, so that salt and text can be erased and the
chain still holds.
"""

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tianren.records import Plain, Record

FIRST = ""  # what the first line holds in place of a hash
_SALT_BYTES, _SALTS_AT_ONCE = 16, 64


class Sealed(NamedTuple):
    """A personal value as it is kept beside the chain, and the digest that the chain holds."""

    label: str
    salt: str
    value: str
    digest: str


def seal(label: str, value: str, salt: str) -> Sealed:
    """A personal value with a salt of its own: without it the digest says nothing about it."""
    return Sealed(label, salt, value, seal_digest(salt, value))


def new_salts() -> Iterator[str]:
    """Random salts, one after the other; the system is asked for many at once."""
    digits = 2 * _SALT_BYTES
    while True:
        many = secrets.token_hex(_SALT_BYTES * _SALTS_AT_ONCE)
        yield from (many[i : i + digits] for i in range(0, len(many), digits))


def seal_digest(salt: str, value: str) -> str:
    """SHA-256 of the salt's text followed by the value, both in UTF-8, as hexadecimal digits."""
    return hashlib.sha256((salt + value).encode("utf-8")).hexdigest()


def line_of(
    record: Record, number: int, recorded: str, digests: Mapping[str, str], previous: str
) -> str:
    """The line of a record. recorded: time_text of its moment; digests: label -> digest of what is
    sealed; previous: the hash of the line before.

    Raises ValueError for a body that is not plain values, or not finite numbers.
    """
    return _ENCODER.encode(
        {
            "number": number,
            "kind": record.kind,
            "subject": record.subject,
            "place": record.place,
            "effective": record.effective.isoformat(),
            "recorded": recorded,
            "role": record.role,
            "ground": record.ground,
            "reason": record.reason,
            "source": record.source,
            "corrects": record.corrects,
            "body": record.body,
            "personal": digests,
            "previous": previous,
        }
    )


def _mapping(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise ValueError(f"{value!r} is no plain value")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_mapping
)


def line_hash(line: str) -> str:
    """SHA-256 of a line in UTF-8 without its line end, as hexadecimal digits."""
    return hashlib.sha256(line.encode("utf-8")).hexdigest()


def record_of(line: str, personal: Mapping[str, str | None] | None = None) -> Record:
    """The record that a line holds. personal: what is known of the sealed values; the others are
    None: erased, or not asked for."""
    return record_from(json.loads(line), personal)


def record_from(table: Plain, personal: Mapping[str, str | None] | None = None) -> Record:
    """The record of a line that is already parsed."""
    known = personal or {}
    return Record(
        kind=table["kind"],
        subject=table["subject"],
        place=table["place"],
        effective=dt.date.fromisoformat(table["effective"]),
        role=table["role"],
        ground=table["ground"],
        reason=table["reason"],
        source=table["source"],
        corrects=table["corrects"],
        body=table["body"],
        personal={label: known.get(label) for label in table["personal"]},
        number=table["number"],
        recorded=dt.datetime.fromisoformat(table["recorded"]),
    )


def time_text(moment: dt.datetime) -> str:
    """A moment in UTC with microseconds: texts sort as their times do."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")
