"""Percentages of counts: worked example W9, the tables of the report's Appendix 2."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.science.percent import percent

# n and percent as printed in Tables 1 to 3; the only whole N that truncation allows (inferred).
APPENDIX_2 = {
    "animals": (586, 92.86, 631), "animals I": (183, 94.81, 193), "animals II": (403, 92.00, 438),
    "plants": (615, 80.60, 763), "plants I": (66, 74.15, 89), "plants II": (549, 81.45, 674),
    "plants CR": (54, 41.53, 130), "plants EN": (133, 55.64, 239), "plants VU": (173, 71.48, 242),
    "plants endemic": (207, 52.40, 395), "animals CR": (87, 96.66, 90),
    "animals EN": (84, 89.36, 94), "animals VU": (118, 95.16, 124),
    "animals endemic": (104, 94.54, 110),
}  # fmt: skip


def denominators(n: int, printed: float, mode: str) -> list[int]:
    return [of for of in range(n, 4 * n) if percent(n, of, mode) == printed]


@pytest.mark.parametrize("row", APPENDIX_2)
def test_worked_example_w9_one_denominator_fits_each_row_truncated(row: str) -> None:
    n, printed, of = APPENDIX_2[row]
    assert denominators(n, printed, "trunc") == [of]


def test_worked_example_w9_rounding_leaves_ten_rows_without_a_denominator() -> None:
    rounded = [denominators(n, printed, "round") for n, printed, _ in APPENDIX_2.values()]
    assert sum(not found for found in rounded) == 10


def test_worked_example_w9_classes_add_up_and_the_text_is_not_its_table() -> None:
    for group in ("animals", "plants"):
        both = [APPENDIX_2[f"{group} {c}"] for c in ("I", "II")]
        assert sum(n for n, _, _ in both) == APPENDIX_2[group][0]
        assert sum(of for _, _, of in both) == APPENDIX_2[group][2]
    assert percent(550, 586, "trunc") == 93.85  # vertebrates
    threatened = {g: [APPENDIX_2[f"{g} {c}"] for c in ("CR", "EN", "VU")] for g in
                  ("animals", "plants")}  # fmt: skip
    of = {g: (sum(r[0] for r in rows), sum(r[2] for r in rows)) for g, rows in threatened.items()}
    assert percent(*of["animals"], "trunc") == 93.83
    assert percent(*of["plants"]) == percent(*of["plants"], "round") == 58.92
    assert percent(*of["plants"], "trunc") == 58.91  # the text says 70.45


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.sampled_from(["round", "trunc"]))
def test_a_percentage_is_within_its_last_digit(n: int, of: int, mode: str) -> None:
    true = Fraction(100 * n, of)
    off = true - Fraction(percent(n, of, mode)).limit_denominator(100)
    assert (0 <= off < Fraction(1, 100)) if mode == "trunc" else abs(off) <= Fraction(1, 200)


def test_nothing_of_nothing_is_no_number() -> None:
    assert math.isnan(percent(0, 0))


def test_another_mode_is_refused() -> None:
    with pytest.raises(UserError, match="not up"):
        percent(1, 2, "up")
