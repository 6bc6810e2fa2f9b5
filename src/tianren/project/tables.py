"""project.toml and catalog.toml as tables: what is wrong is said with its file, line and key."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from tianren.errors import UserError


def read_table(path: Path) -> tuple[dict[str, Any], str]:
    """A TOML file as a table, and its text (to find lines in)."""
    text = _text(path)
    try:
        return parsed(text), text
    except tomllib.TOMLDecodeError as fault:
        raise _malformed(path, text, str(fault)) from fault


def parsed(text: str) -> dict[str, Any]:
    """A TOML text as a table of the caller's own. The same text is parsed once: a project and the
    records of its runs are read again by every step."""
    return deepcopy(_parsed(text))


@lru_cache(maxsize=64)
def _parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = path.read_bytes()[: fault.start].count(b"\n") + 1
        raise UserError(
            "the file is not UTF-8 text",
            where=f"{path}, line {line}",
            next_step="save it as UTF-8 in a text editor",
        ) from fault
    except OSError as fault:
        raise UserError(
            f"{path.name} cannot be read: {fault.strerror}",
            where=str(path.parent),
            next_step="go into a project folder, or start one: tianren new my-country",
        ) from fault


def _malformed(path: Path, text: str, fault: str) -> UserError:
    found = re.search(r"\(at line (\d+), column \d+\)", fault)
    number = int(found[1]) if found else len(text.splitlines())
    lines = text.splitlines()
    # tomllib points behind a statement that ends with its line.
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    twice = "Cannot declare" in fault or "Cannot overwrite" in fault
    return UserError(
        f"{'a name is used twice' if twice else 'the file is malformed'}: {_short(fault)}",
        where=f"{path}, line {number}" + (f": {line}" if line else ""),
        next_step="give each a name of its own" if twice else "correct that line",
    )


def _short(fault: str) -> str:
    return re.sub(r" \(at .*\)$", "", fault)


_PART = r"""(?:"[^"]*"|'[^']*'|[^\s.\[\]=]+)"""
_HEADER = re.compile(rf"^\s*\[\[?\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]\]?")
_KEY = re.compile(rf"^\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")


def line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line on which a key of a TOML text stands, or the line of the table that lacks it."""
    wanted = [k for k in keys if isinstance(k, str)]
    best, longest, table = None, 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            path = table = _parts(header[1])
        elif key := _KEY.match(line):
            path = [*table, *_parts(key[1])]
        else:
            continue
        common = _common(path, wanted)
        if common == len(path) and common > longest:
            best, longest = number, common
    return best


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, dotted)]


def _common(path: Sequence[str], wanted: Sequence[str]) -> int:
    count = 0
    for a, b in zip(path, wanted, strict=False):
        if a != b:
            break
        count += 1
    return count


def place(path: Path, text: str, keys: Sequence[str | int]) -> str:
    """A key in a file as people look for it: "project.toml, line 12, grid.resolution"."""
    number = line_of(text, keys)
    line = f", line {number}" if number else ""
    return f"{path}{line}, {'.'.join(str(k) for k in keys)}"


def validated(
    model: Any, table: Mapping[str, Any], path: Path, text: str, head: Sequence[str] = ()
) -> Any:
    """A table as a pydantic model; the first fault becomes a UserError with line and key."""
    from pydantic import ValidationError

    try:
        return model.model_validate(table)
    except ValidationError as fault:
        raise _invalid(model, fault.errors(), path, text, head) from fault


def _invalid(
    model: Any, faults: list[Any], path: Path, text: str, head: Sequence[str]
) -> UserError:
    first = faults[0]
    keys = [*head, *first["loc"]]
    more = f"; {len(faults) - 1} more faults in this file" if len(faults) > 1 else ""
    what, step = _explained(model, first)
    return UserError(f"{what}{more}", where=place(path, text, keys), next_step=step)


def _explained(model: Any, fault: Mapping[str, Any]) -> tuple[str, str]:
    key = str(fault["loc"][-1]) if fault["loc"] else ""
    if fault["type"] == "missing":
        return f"the key {key} is missing", f"add {key} = ..."
    if fault["type"] == "extra_forbidden":
        return f"the key {key} is not known", _nearest(key, _all_keys(model))
    text = str(fault["msg"]).removeprefix("Value error, ")
    return f"{text[:1].lower()}{text[1:]}, not {fault['input']!r}", _written_right(key, fault)


def _written_right(key: str, fault: Mapping[str, Any]) -> str:
    """How a value is written in TOML, where its kind says it."""
    kind = str(fault["type"]).partition("_")[0]
    how = {
        "string": f'write it in quotes: {key} = "..."',
        "bool": f"write {key} = true or {key} = false",
        "int": f"write a whole number without quotes: {key} = 12",
        "float": f"write a number without quotes: {key} = 0.5",
        "date": f"write a day without quotes: {key} = 2026-03-31",
        "list": f"write a list: {key} = [..., ...]",
        "tuple": f"write a list: {key} = [..., ...]",
        "dict": f"write a table: {key} = {{...}}",
        "model": f"write a table: {key} = {{...}}",
    }
    return how.get(kind, f"correct {key}")


def _nearest(key: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}?" if near else f"remove it; known keys: {', '.join(known)}"


def _all_keys(model: Any) -> list[str]:
    """The keys of a model and of the models inside it, for "did you mean"."""
    keys: dict[str, None] = {}
    for name, field in model.model_fields.items():
        keys[field.alias or name] = None
        for inner in _models_in(field.annotation):
            keys.update(dict.fromkeys(_all_keys(inner)))
    return list(keys)


def _models_in(annotation: Any) -> list[Any]:
    if hasattr(annotation, "model_fields"):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _models_in(part)]


def plain_name(name: str) -> str:
    """A name as files and people confuse it: one Unicode form, no case, no outer spaces."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold().strip())


def refuse_twins(names: Iterable[str], path: Path, text: str, head: Sequence[str] = ()) -> None:
    """Refuse two names that differ only by case, spaces or Unicode form."""
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(plain_name(name), name)
        if twin != name:
            raise UserError(
                f"two entries have one name: {twin!r} and {name!r}",
                where=place(path, text, [*head, name]),
                next_step="rename one; names that differ only by case or accents' form are one",
            )
