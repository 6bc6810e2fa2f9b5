"""Keep the message files with the code: extract every say("...") and update the two .po files.

Run from the repository's root; --check changes nothing and only says what is missing:
    .venv/bin/python tools/messages.py [--check]

A translation that exists is kept; a new message comes in empty; one that the code no longer says
goes out. The files are the same bytes whatever the order of the code.
"""

import argparse
import ast
import string
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "tianren"
LANGUAGES = ("zh_Hans", "es")

# Messages that are written down in one place and said in another, by say(variable):
# constants of a module whose texts are messages, and calls that carry one (position, keywords).
TABLES = (
    "FUNCTIONS", "SENSITIVITIES", "GRADE_NAMES", "CATEGORY_NAMES", "REALMS", "SEVERITY_NAMES",
    "KIND_NAMES", "DECISION_NAMES", "FACTOR_NAMES", "BEST_NAMES", "CONFLICT_NAMES", "PURPOSE_NAMES",
    "LEVEL_NAMES", "LIMIT_NAMES", "FAULT_NAMES", "CLASS_NAMES", "OUTCOME_NAMES",
    "CONSERVATION_NAMES", "SOURCE_NAMES", "VERDICT_NAMES", "MAP_NAMES", "SURFACE_NAMES",
    "PLAN_LOOKS", "BESIDE_LOOKS", "CLASS_LOOKS", "OUTSIDE_LOOKS", "BUDGET_TEXTS", "TELLING",
    "TELLING_ONE",
    "_LACKS", "_REALMS", "_COUNTED", "_OVERLOADED", "_ANOTHER", "FAULT_TEXTS", "STEP_TEXTS",
    "MEASURE_TEXTS", "CAUSE_TEXTS", "DIRECTION_NAMES", "MANAGEMENT_NAMES", "REASONS",
    "UNIT_NAMES", "ATTRIBUTE_NAMES",
)  # fmt: skip
CARRIERS: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "Flag": ((1,), ("message",)),
    "finding": ((1,), ("message",)),
    "say_many": ((0, 1), ()),
    "Applicability": ((1, 2), ("reason", "assumed")),
    "Recipe": ((1,), ("method",)),
}


@cache
def messages(source: Path = SOURCE) -> dict[str, list[str]]:
    """Message -> the files that say it, in order of name."""
    found: dict[str, list[str]] = {}
    for path in sorted(source.rglob("*.py")):
        where = path.relative_to(source).as_posix()
        for message in _said(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            places = found.setdefault(message, [])
            if where not in places:
                places.append(where)
    return dict(sorted(found.items()))


def _said(tree: ast.AST) -> Iterator[str]:
    """The literal first argument of every call of say(), and what TABLES and CARRIERS hold."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from filter(None, map(_text, _messages_of(node)))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(t, ast.Name) and t.id in TABLES for t in targets):
                yield from _texts(node.value)


def _messages_of(call: ast.Call) -> Iterator[ast.expr]:
    name = _name(call.func)
    places, keywords = ((0,), ()) if name == "say" else CARRIERS.get(name, ((), ()))
    yield from (call.args[place] for place in places if place < len(call.args))
    yield from (k.value for k in call.keywords if k.arg in keywords)


def _text(node: ast.expr) -> str:
    found = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if found else ""  # type: ignore[attr-defined]


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts of a table of {id: message}, however deep; keys and bare tuples hold ids.

    Of a tuple inside a table the first text is a message; what follows are colours and ids.
    """
    if isinstance(node, ast.Dict):
        for value in node.values:
            tuples = value.elts if isinstance(value, ast.Tuple) else [value]
            yield from next((found for v in tuples if (found := list(_texts(v)))), [])
    elif _text(node):
        yield _text(node)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def translations(language: str, source: Path = SOURCE) -> dict[str, str]:
    """Message -> translation, as the .po file has them."""
    path = source / "language" / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as stream:
        return {str(m.id): str(m.string or "") for m in read_po(stream, locale=language) if m.id}


def gaps(text: str) -> set[str]:
    """The names of a message's {gaps}."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def missing(language: str) -> list[str]:
    """The messages without a translation, or with one whose gaps differ."""
    known = translations(language)
    return [m for m in messages() if not known.get(m) or gaps(known[m]) != gaps(m)]


def update(language: str) -> None:
    known = translations(language)
    catalogue = Catalog(locale=language, project="Tianren", version="", fuzzy=False)
    for message, places in messages().items():
        catalogue.add(message, known.get(message, ""), locations=[(p, None) for p in places])
    path = SOURCE / "language" / f"{language}.po"
    with path.open("wb") as stream:
        write_po(stream, catalogue, width=100, omit_header=True, sort_output=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail when one misses")
    check = parser.parse_args().check
    lacking = 0
    for language in LANGUAGES:
        if not check:
            update(language)
        for message in missing(language):
            lacking += 1
            print(f"{language}: {message}")
    return 1 if lacking and check else 0


if __name__ == "__main__":
    sys.exit(main())
