"""The typeface: from its package, with Chinese; lines fit the width that they were broken for."""

import io

from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from tianren.reports.typeface import font_path, subset, text_width, wrap


def test_the_font_comes_from_its_package_and_has_chinese() -> None:
    assert font_path().exists()
    with TTFont(font_path(), lazy=True) as opened:
        known = opened.getBestCmap()
    assert all(ord(c) in known for c in "生态保护红线极敏感ñáé²°·−–≥\u00a0")


words = st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=30)


@given(words)
def test_wrapped_lines_fit_and_lose_nothing(parts: list[str]) -> None:
    lines = wrap(" ".join(parts), 9, 1.5)
    assert " ".join(lines).split() == parts
    assert all(text_width(line, 9) <= 1.5 for line in lines)


@given(st.text("生态保护红线，。极重要", min_size=1, max_size=60))
def test_chinese_breaks_between_characters_but_not_before_a_comma(text: str) -> None:
    lines = wrap(text, 9, 1.0)
    assert "".join(lines) == text
    assert all(line[0] not in "，。" for line in lines[1:])


def test_a_subset_holds_what_was_asked_for_and_is_small() -> None:
    made = subset("生态红线")
    assert len(made) < 60_000
    assert {ord(c) for c in "生态红线"} <= set(TTFont(io.BytesIO(made)).getBestCmap())
    assert made == subset("生态红线")
