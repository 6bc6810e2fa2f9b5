"""In which encoding a text was saved, where it does not say: UTF-8, GB 18030, Western European."""

import re
from collections.abc import Callable, Mapping

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.sources import Entry
from tianren.language import say


def text_encoding(entry: Entry, data: bytes, findings: list[Finding]) -> str:
    """The encoding of a text: the catalog's, else found; one other than UTF-8 is a finding."""
    if entry.encoding:
        return entry.encoding
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"  # what Excel calls Unicode text
    for encoding, fits in _GUESSES.items():
        if fits(data):
            if encoding != "utf-8":
                message = say(
                    "the file does not say its encoding; its text was read as {encoding}",
                    encoding=encoding,
                )
                findings.append(
                    Finding("vector.encoding", entry.name, Severity.WARNING, message, entry.uri)
                )
            return encoding
    raise undecodable(entry, ValueError("neither UTF-8, GB 18030 nor Western European"))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as fault:
        # A field of fixed width may cut a character: UTF-8 when nearly all of it is.
        return _share_utf8(data) > 0.95 and fault.start >= 0
    return True


def _share_utf8(data: bytes) -> float:
    beyond = sum(len(m) for m in _BEYOND.findall(data))
    good = sum(len(m) for m in _UTF8.findall(data))
    return good / max(beyond, 1)


_BEYOND = re.compile(rb"[\x80-\xff]+")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_GB2312 = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")


def _is_chinese(data: bytes) -> bool:
    """GB 18030: bytes beyond ASCII come in pairs of common Chinese characters.

    Western European text has single bytes beyond ASCII between letters.
    """
    beyond = sum(len(m) for m in _BEYOND.findall(data))
    paired = sum(2 * len(_GB2312.findall(m)) for m in _BEYOND.findall(data))
    return paired > 0.9 * beyond and _decodes(data, "gb18030")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


_GUESSES: Mapping[str, Callable[[bytes], bool]] = {
    "utf-8": _is_utf8,
    "gb18030": _is_chinese,
    "cp1252": lambda data: _decodes(data, "cp1252"),
    "latin-1": lambda data: True,
}


def undecodable(entry: Entry, fault: Exception) -> UserError:
    """What is said of text in an encoding that is not known."""
    return UserError(
        f"the text of the layer cannot be decoded: {fault}",
        where=entry.where,
        next_step=f'name its encoding: encoding = "gb18030" in [{entry.name}] of catalog.toml',
    )
