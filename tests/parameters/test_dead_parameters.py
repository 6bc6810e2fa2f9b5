"""Every parameter is asked for by some code: a number that influences nothing misleads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tianren
from tianren.parameters import all_parameters

SOURCE = Path(tianren.__file__).parent


def asked_for(text: str, names: frozenset[str]) -> set[str]:
    """The parameters that a module names: whole, or as f"soil.cover_{group}" with a known group.

    What fills the gap must itself be written in the module; else f"sensitivity.{name}" would stand
    for every table of sensitivity.toml.
    """
    tree = ast.parse(text)
    words = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)
             and isinstance(n.value, str)}  # fmt: skip
    found = {name for name in names if name in words}
    for pattern in patterns(tree):
        for name in names - found:
            filled = pattern.fullmatch(name)
            if filled and all(part in words for part in filled.groups()):
                found.add(name)
    return found


def patterns(tree: ast.AST) -> Iterator[re.Pattern[str]]:
    """The f-strings that could be a parameter's id; each gap is a group."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(str(v.value)) if isinstance(v, ast.Constant) else "(.+)"
                for v in node.values
            ]
            if re.match(r"[a-z]+\\\.", parts[0]):
                yield re.compile("".join(parts))


def test_gaps_count_only_with_what_fills_them() -> None:
    names = frozenset({"soil.cover_forest", "soil.cover_grass", "wind.a"})
    text = 'groups = ("forest",)\nfor g in groups:\n    ask(f"soil.cover_{g}")\n'
    assert asked_for(text, names) == {"soil.cover_forest"}
    assert asked_for('ask("wind.a")', names) == {"wind.a"}


@pytest.fixture(scope="module")
def known_to_code() -> set[str]:
    names = frozenset(all_parameters())
    texts = [p.read_text(encoding="utf-8") for p in sorted(SOURCE.rglob("*.py"))]
    return set().union(*(asked_for(text, names) for text in texts))


@pytest.mark.parametrize("name", all_parameters())
def test_every_parameter_is_asked_for(name: str, known_to_code: set[str]) -> None:
    assert name in known_to_code, f"wire {name} or remove it"
