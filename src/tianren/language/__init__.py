"""The one catalogue of messages: English is the source, zh_Hans and es are gettext files."""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh_Hans", "es")
_SERVED = {"en": "en", "zh": "zh_Hans", "es": "es"}  # the first part of a tag -> its catalogue
_current: ContextVar[str] = ContextVar("language", default="en")


def set_language(tag: str) -> str:
    """Choose the language of this context by a BCP 47 tag; returns the one that is used."""
    chosen = negotiate(tag)
    _current.set(chosen)
    return chosen


def current_language() -> str:
    return _current.get()


def negotiate(tag: str) -> str:
    """The catalogue that serves a tag: zh, zh-CN, zh-SG are zh_Hans; unknown tags get English."""
    return _SERVED.get(_primary(tag), "en")


def speaks(tag: str) -> bool:
    """Whether there is a catalogue for a tag."""
    return _primary(tag) in _SERVED


def _primary(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].lower()


def say(message: str, /, **values: object) -> str:
    """The message in the current language, with its {named} values filled in."""
    text = message if _current.get() == "en" else _catalogue(_current.get()).get(message, message)
    return text.format(**values) if values else text


def say_many(one: str, many: str, n: int, /, **values: object) -> str:
    """One of two messages, as {n} is one or not; both are in the catalogue."""
    return say(one if n == 1 else many, n=n, **values)


@cache
def _catalogue(language: str) -> dict[str, str]:
    from babel.messages.pofile import read_po  # only needed for other languages

    with files("tianren.language").joinpath(f"{language}.po").open("rb") as stream:
        return {str(m.id): str(m.string) for m in read_po(stream) if m.id and m.string}


def in_tongue(names: Mapping[str, str]) -> str:
    """Of a text in several languages, the one in the current language, else in English."""
    return names.get(_current.get()) or names["en"]
