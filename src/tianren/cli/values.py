"""Values typed on the command line as NAME=VALUE."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from tianren.errors import UserError
from tianren.language import say


def pairs(given: Sequence[str], option: str) -> dict[str, Any]:
    """NAME=VALUE pairs; a value that is a number, true, false or JSON is that, else text."""
    return {name: _value(value) for name, value in texts(given, option).items()}


def texts(given: Sequence[str], option: str) -> dict[str, str]:
    """NAME=VALUE pairs as text."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UserError(
                f"{text} is not a name with a value",
                where=option,
                next_step=f"type {option} NAME=VALUE",
            )
        if name.strip() in found:
            raise UserError(
                say("{name} is given twice", name=name.strip()), where=option,
                by_how_much=say("{one} and {other}", one=found[name.strip()], other=value.strip()),
                next_step=say("give one value for it"),
            )  # fmt: skip
        found[name.strip()] = value.strip()
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def day_of(text: str) -> dt.date | None:
    """A day as 2026-03-31; None for nothing."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{text} is not a day", where="--day", next_step="type it as 2026-03-31"
        ) from None
