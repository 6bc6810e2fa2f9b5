"""Coordinates as people write them come to the same degrees, and doubtful ones to none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.geo.degrees import read_angle, read_axis, read_position


@pytest.mark.parametrize(
    ("text", "degrees", "axis"),
    [
        ("-12.5", -12.5, ""),
        ("12,5", 12.5, ""),
        ("12°30'S", -12.5, "latitude"),
        ("S12 30.0", -12.5, "latitude"),
        ("12º 30′ 36″ E", 12.51, "longitude"),
        ("12:30:36W", -12.51, "longitude"),
        ("73°30' O", -73.5, "longitude"),
        ("北纬39°54′", 39.9, "latitude"),
        ("东经116度24分", 116.4, "longitude"),
        ("12 30 norte", 12.5, "latitude"),
        ("−45.25", -45.25, ""),
    ],
)
def test_one_coordinate(text: str, degrees: float, axis: str) -> None:
    found = read_angle(text)
    assert found is not None
    assert found.degrees == pytest.approx(degrees, abs=1e-12)
    assert found.axis == axis


@pytest.mark.parametrize(
    "text",
    ["", "north", "12 60", "12 30 75", "12.5 30", "-12 S", "S12N", "1 2 3 4", "ABET04", "12a"],
)
def test_what_is_doubtful_is_not_read(text: str) -> None:
    assert read_angle(text) is None


@pytest.mark.parametrize(
    ("text", "longitude", "latitude"),
    [
        ("S23 56.565 E44 19.787", 44 + 19.787 / 60, -(23 + 56.565 / 60)),
        ("39°54′N, 116°24′E", 116.4, 39.9),
        ("东经116°24′ 北纬39°54′", 116.4, 39.9),
        ("12.5 S; 45.25 W", -45.25, -12.5),
    ],
)
def test_a_position(text: str, longitude: float, latitude: float) -> None:
    assert read_position(text) == pytest.approx((longitude, latitude), abs=1e-12)


@pytest.mark.parametrize("text", ["39.9, 116.4", "", "N12 N13", "S23 56.565", "E44 99 S12 10"])
def test_a_pair_that_does_not_say_which_is_which_is_not_read(text: str) -> None:
    assert read_position(text) is None


def test_a_cell_of_the_other_axis_is_not_read() -> None:
    assert math.isnan(read_axis("12 S", "longitude"))
    assert read_axis("12 S", "latitude") == -12


@given(st.integers(0, 89), st.integers(0, 59), st.integers(0, 59), st.sampled_from("NS"))
def test_three_ways_to_write_one_place_agree(d: int, m: int, s: int, letter: str) -> None:
    ways = [f"{d}°{m}'{s}\"{letter}", f"{letter}{d} {m} {s}", f"{d}:{m}:{s} {letter}"]
    wanted = (d + m / 60 + s / 3600) * (1 if letter == "N" else -1)
    for way in ways:
        assert read_axis(way, "latitude") == pytest.approx(wanted, abs=1e-12)
