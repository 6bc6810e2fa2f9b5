"""What is told of a footprint agrees with what was drawn, or is refused with both numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.management.told_and_drawn import AGREES, PARTS, held_together

DRAWN = {"area_m2": 10_000.0, "width_m": 50.0, "at_sea": False}


@given(st.sampled_from(PARTS), st.floats(0, 1e9))
def test_a_part_is_refused_exactly_where_it_is_larger_than_the_whole(name: str, m2: float) -> None:
    fits = m2 <= 10_000 * (1 + AGREES)
    try:
        held_together({name: m2}, DRAWN)
    except UserError:
        assert not fits
    else:
        assert fits


def test_a_footprint_that_touches_the_sea_lies_there() -> None:
    """On land a person may know of a shore that no piece shows; the other way round nobody can."""
    at_sea = {**DRAWN, "at_sea": True}
    assert held_together({"at_sea": True}, at_sea) == []
    with pytest.raises(UserError, match="at_sea contradicts"):
        held_together({"at_sea": False}, at_sea)
    (told,) = held_together({"at_sea": True}, DRAWN)
    assert told.rule == "check.at_sea_told"


def test_what_was_not_told_is_not_asked() -> None:
    assert held_together({}, DRAWN) == []
    assert held_together({"livestock_after": 1e6, "mineral": "coal"}, DRAWN) == []
