"""Numbers: grouped, aligned, honest about traces."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.reports import numerals

plain = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (15796.4, "15 796"),
        (296, "296"),
        (12.345, "12.3"),
        (0.4321, "0.432"),
        (0, "0"),
        (-3, "−3.00"),
    ],
)
def test_numbers_as_people_write_them(value: float, told: str) -> None:
    assert numerals.number(value) == told.replace(" ", numerals.GAP)


@given(plain)
def test_a_number_reads_back_within_its_last_digit(value: float) -> None:
    text = numerals.number(value)
    back = float(text.replace(numerals.GAP, "").replace("−", "-"))
    assert abs(back - value) <= 0.5 * 10 ** -numerals.decimals_of(value) * (1 + 1e-9)


@given(plain)
def test_at_most_three_significant_decimals(value: float) -> None:
    decimals = numerals.number(value).partition(".")[2]
    assert len(decimals.lstrip("0")) <= 3


def test_missing_is_a_dash_and_a_trace_is_not_zero() -> None:
    assert numerals.number(math.nan) == "–"
    assert numerals.percent_number(0.001) == "<0.01"
    assert numerals.percent_number(0) == "0.0"


def test_zero_has_no_sign() -> None:
    assert numerals.number(-0.0001, 1) == "0.0"


def test_parameters_keep_every_digit() -> None:
    assert numerals.written(0.1833) == "0.1833"
    assert numerals.written(1e6) == f"1{numerals.GAP}000{numerals.GAP}000"
