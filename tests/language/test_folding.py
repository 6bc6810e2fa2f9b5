"""Folding: no line is wider than asked, nothing is lost, Chinese counts two columns."""

from hypothesis import given
from hypothesis import strategies as st

from tianren.language.folding import columns, fold

TEXTS = st.text(st.sampled_from("ab ，。红线 .,(）"), max_size=80)


@given(TEXTS, st.integers(20, 80))
def test_nothing_is_lost(text: str, width: int) -> None:
    assert "".join(fold(text, width).split()) == "".join(text.split())


@given(st.lists(st.text(st.sampled_from("ab红线"), min_size=1, max_size=6)), st.integers(24, 80))
def test_no_line_is_wider_than_asked(words: list[str], width: int) -> None:
    lines = fold(" ".join(words), width, first="  - ", rest="    ").split("\n")
    assert all(columns(line) <= width for line in lines)
    assert lines[0].startswith("  -")
    assert all(line.startswith("    ") and line[4] != " " for line in lines[1:])


def test_by_hand() -> None:
    assert columns("红线 ab") == 7
    assert fold("生态保护红线，内", 12) == "生态保护红\n线，内"
    assert fold("one two three", 8) == "one two\nthree"
    assert fold("a" * 30, 10) == "a" * 30
    assert fold("", 10) == "" and fold("", 10, first="  x: ") == "  x:"


def test_no_line_begins_with_closing_punctuation() -> None:
    for width in range(6, 30):
        lines = fold("保护地，核心区；不得进入。core (inner), then", width).split("\n")
        assert not any(line[0] in "，；。,)" for line in lines)
