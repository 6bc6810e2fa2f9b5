"""Plain values as TOML text: what run.toml is written with."""

import datetime as dt
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any


def as_toml(table: Mapping[str, Any]) -> str:
    """A table of plain values (text, numbers, dates, lists, tables) as TOML; None is left out."""
    return "\n".join(_lines(table, ())).strip() + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterable[str]:
    given = {str(k): v for k, v in table.items() if v is not None}
    yield from (f"{_key(k)} = {_value(v)}" for k, v in given.items() if not _is_table(v))
    for key, value in given.items():
        here = (*path, key)
        name = ".".join(map(_key, here))
        if isinstance(value, Mapping):
            yield from ("", f"[{name}]", *_lines(value, here))
        elif _is_table(value):
            for row in value:
                yield from ("", f"[[{name}]]", *_lines(row, here))


def _is_table(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list | tuple) and bool(value) and _are_tables(value)


def _are_tables(values: Iterable[Any]) -> bool:
    return all(isinstance(v, Mapping) for v in values)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(k))} = {_value(v)}" for k, v in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(v) for v in value if v is not None)}]"
    return _text(str(value))


def _text(text: str) -> str:
    # JSON escapes what TOML escapes, except DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
