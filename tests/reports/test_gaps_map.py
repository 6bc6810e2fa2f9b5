"""The classes of the map of where gaps can be closed, with ties and without."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tianren.io.previews import Preview
from tianren.reports.chapters.gaps import classed, looks_of


def shown(values: list[float]) -> Preview:
    return Preview(np.array([values], dtype=np.float32), (0.0, 1.0, 0.0, 1.0), "")


def shares(values: list[float]) -> list[tuple[str, str]]:
    return [(look.name, look.detail) for look in looks_of(classed(shown(values)))]


def test_without_ties_the_classes_are_tenths() -> None:
    classes = classed(shown([float(n) for n in range(1, 101)])).cells
    assert [int((classes == n).sum()) for n in (1, 2, 3, 4)] == [10, 10, 30, 50]


def test_what_ties_is_one_class_and_the_legend_says_what_it_holds() -> None:
    many = [0.5] * 98 + [0.9] * 2
    assert shares(many) == [
        ("Closes most", "2.0\xa0% of the cells"), ("Closes less", "98.0\xa0% of the cells"),
    ]  # fmt: skip
    assert [name for name, _ in shares([0.5] * 7)] == ["Closes most"]
    assert shares([0.0, float("nan")]) == []


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60))
def test_more_is_never_in_a_lower_class_and_alike_is_alike(values: list[int]) -> None:
    classes = classed(shown([float(v) for v in values])).cells[0]
    worth = np.array(values)
    assert (np.isnan(classes) == (worth == 0)).all()
    known, own = worth[worth > 0], classes[worth > 0]
    for value, code in zip(known, own, strict=True):
        assert (own[known == value] == code).all()
        assert (own[known > value] <= code).all()
    assert set(own.tolist()) == set(range(1, 1 + len(set(own.tolist()))))
