"""Anchors: the head of a journal kept outside it, so that a cut or rewritten history is found.

An anchor goes into every run and every published package, and to anyone who will keep it. Where
there is a key it is signed (Ed25519, RFC 8032), so that the witness need not be trusted either.
"""

import datetime as dt
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianren.errors import UserError
from tianren.language import say

KEY_FILE, PUBLIC_FILE = "journal.key.pem", "journal.public.pem"
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Anchor:
    """The head of a journal at a moment. hash: of the line with this number; signature: of
    `signed_text`, hexadecimal digits, empty where nobody signed."""

    journal: str
    number: int
    hash: str
    made: str
    signature: str = ""

    @property
    def signed_text(self) -> bytes:
        return f"{self.journal}\n{self.number}\n{self.hash}\n{self.made}\n".encode()

    def as_dict(self) -> dict[str, Any]:
        return {
            "journal": self.journal, "number": self.number, "hash": self.hash, "made": self.made,
            "signature": self.signature,
        }  # fmt: skip


def anchor_of(journal: str, number: int, digest: str, made: dt.datetime, key: Any = None) -> Anchor:
    """An anchor of a head; signed with a private key where one is given.

    journal: the hash of the journal's first line, which tells journals apart.
    """
    moment = made.astimezone(dt.UTC).isoformat(timespec="seconds")
    plain = Anchor(journal, number, digest, moment)
    if key is None:
        return plain
    return Anchor(journal, number, digest, moment, key.sign(plain.signed_text).hex())


def anchor_from(table: Mapping[str, Any], where: str) -> Anchor:
    """An anchor from plain values; UserError for anything else."""
    number, digest = table.get("number"), str(table.get("hash", ""))
    if not isinstance(number, int) or number < 1 or not _HASH.fullmatch(digest):
        raise UserError(
            say("this is no anchor of a journal"),
            where=where,
            next_step=say("an anchor has journal, number, hash and made: tianren journal anchor"),
        )
    texts = (str(table.get(name, "")) for name in ("made", "signature"))
    return Anchor(str(table.get("journal", "")), number, digest, *texts)


def read_anchor(path: Path) -> Anchor:
    """An anchor from a JSON file that somebody kept."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise UserError(
            say("the anchor cannot be read: {why}", why=fault), where=str(path),
            next_step=say("name the file that tianren journal anchor wrote"),
        ) from fault  # fmt: skip
    return anchor_from(table if isinstance(table, Mapping) else {}, str(path))


# -- keys ------------------------------------------------------------------------------------------


def make_key(folder: Path) -> tuple[Path, Path]:
    """A new key pair: the private file for its owner alone, the public one for everybody."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    secret, public = folder / KEY_FILE, folder / PUBLIC_FILE
    if secret.exists():
        raise UserError(
            say("there is a key already"), where=str(secret),
            next_step=say("keep it: a new key could not check what the old one signed"),
        )  # fmt: skip
    key = Ed25519PrivateKey.generate()
    folder.mkdir(parents=True, exist_ok=True)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(text)
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return secret, public


def read_key(path: Path) -> Any:
    """A private key to sign with."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return _ed25519(path, lambda text: load_pem_private_key(text, None), "sign")


def read_public_key(path: Path) -> Any:
    """A public key to check signatures with."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return _ed25519(path, load_pem_public_key, "verify")


def _ed25519(path: Path, load: Any, able: str) -> Any:
    try:
        key = load(path.read_bytes())
        if "Ed25519" not in type(key).__name__ or not hasattr(key, able):
            raise ValueError("not an Ed25519 key")
    except (OSError, ValueError, TypeError) as fault:
        raise UserError(
            say("the key cannot be used: {why}", why=fault), where=str(path),
            next_step=say("name an Ed25519 key in PEM form, as tianren journal key makes"),
        ) from fault  # fmt: skip
    return key


def is_signed(anchor: Anchor, public: Any) -> bool:
    """Whether the owner of a public key signed an anchor."""
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(bytes.fromhex(anchor.signature), anchor.signed_text)
    except (InvalidSignature, ValueError):
        return False
    return bool(anchor.signature)
