"""Parcels: red by share, exactly; figures that sum; drift told and refused with advice that
holds."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.delineation import parcels
from tianren.delineation.parcels import Level
from tianren.errors import UserError
from tianren.geo.coverage import Fault
from tianren.language import set_language

HALF = Fraction(1, 2)
plots = st.lists(
    st.tuples(st.floats(1, 1e7), st.floats(0, 1), st.integers(0, 3), st.integers(0, 1)),
    min_size=1, max_size=25,
)  # fmt: skip


@pytest.fixture(autouse=True)
def english() -> None:
    set_language("en")


def judged(areas: list[float], inside: list[float], share: Fraction = HALF) -> parcels.Plots:
    return parcels.judge([str(n) for n in range(len(areas))], areas, inside, share)


def test_a_parcel_is_red_from_the_share_on() -> None:
    found = judged([100, 100, 100, 0.4], [50, 49.4, 100.4, 0.4])
    assert found.red.tolist() == [True, False, True, False]
    assert found.line.tolist() == [50, 49, 100, 0]
    assert found.commission.tolist() == [50, 0, 0, 0]
    assert found.omission.tolist() == [0, 49, 0, 0]


@given(plots)
def test_figures_sum_to_their_parent_in_whole_square_metres(
    rows: list[tuple[float, float, int, int]],
) -> None:
    areas = [a for a, *_ in rows]
    found = judged(areas, [a * s for a, s, *_ in rows])
    town = np.array([t - 1 for *_, t, _ in rows])  # -1: in no town
    above = {0: 0, 1: 0, 2: 1}
    county = np.array([above.get(int(t), -1) for t in town])
    levels = [
        Level("county", ["A", "B"], ["Ah", "Beh"], county, np.array([-1, -1])),
        Level("town", ["a", "b", "c"], ["x", "y", "z"], town, np.array([0, 0, 1])),
    ]
    figures = parcels.figures(found, levels, "Land", [("0", "0")] * len(rows))
    whole = figures[0]
    for column in ("area_m2", "red_m2", "line_m2", "commission_m2", "omission_m2", "parcels",
                   "red_parcels"):  # fmt: skip
        for level in ("county", "town"):
            mine = [r for r in figures if r["level"] == level]
            assert sum(r[column] for r in mine) == whole[column]
        for code in ("A", "B", ""):
            own = [r[column] for r in figures if (r["level"], r["code"]) == ("county", code)]
            below = [r[column] for r in figures
                     if r["level"] == "town" and r["parent_code"] == code]  # fmt: skip
            assert sum(own) == sum(below)
    for row in figures:
        assert row["red_m2"] - row["line_m2"] == row["commission_m2"] - row["omission_m2"]
        assert isinstance(row["area_m2"], int)


@given(plots)
def test_the_advised_share_keeps_its_promise(rows: list[tuple[float, float, int, int]]) -> None:
    areas, inside = [a for a, *_ in rows], [a * s for a, s, *_ in rows]
    found = judged(areas, inside)
    line = int(found.line.sum())
    share, promised = parcels.closest_share(found, line)
    again = judged(areas, inside, share)
    assert parcels.drift(int(again.red_area.sum()), line) == promised
    for thousandth in range(1, 1001, 37):
        other = judged(areas, inside, Fraction(thousandth, 1000))
        assert abs(int(other.red_area.sum()) - line) >= abs(int(again.red_area.sum()) - line)


def test_drift_beyond_tolerance_is_refused_with_its_amount_and_advice() -> None:
    found = judged([100, 100, 100], [60, 60, 0])
    parcels.require_little_drift(found, 200, 1)
    with pytest.raises(UserError) as fault:
        parcels.require_little_drift(found, 120, 1)
    assert "+66.67 %, at most 1 %" in fault.value.by_how_much
    assert "0, 1, 2 differ most" in fault.value.next_step
    assert "parcels.red_share" in fault.value.next_step


def test_gaps_and_overlaps_are_told_or_refused_with_place_and_amount() -> None:
    faults = [Fault("gap", -1, -1, 40.0, (1, 2)), Fault("overlap", 0, 1, 5.0, (3, 4))]
    limits = {"gap": 1.0, "overlap": 1.0}
    places = ["8.1,46.2", "8.3,46.4"]
    told = parcels.require_coverage(faults, ["P1", "P2"], places, 10_000, limits)
    assert [f.rule for f in told] == ["parcels.gap", "parcels.overlap"]
    assert "40 m2" in told[0].message
    assert "8.1,46.2" in told[0].message
    assert "(P1 and P2)" in told[1].message
    for kind, place, amount in (("gap", "8.1,46.2", "0.4 %"), ("overlap", "P1 and P2", "0.05 %")):
        with pytest.raises(UserError) as fault:
            parcels.require_coverage(faults, ["P1", "P2"], places, 10_000, {**limits, kind: 0.001})
        assert place in fault.value.where
        assert amount in fault.value.by_how_much


def test_units_that_drift_are_told_though_the_whole_does_not() -> None:
    found = judged([100, 100], [60, 40])
    level = Level("county", ["A", "B"], ["Ah", "Beh"], np.array([0, 1]), np.array([-1, -1]))
    rows = parcels.figures(found, [level], "Land", [("1", "2"), ("3", "4")])
    assert rows[0]["drift_percent"] == "0.0"
    (finding,) = parcels.about_units(rows, 1)
    assert "2 of 2 units" in finding.message
    assert rows[1]["largest_plot"] == "0"
    assert rows[2]["largest_plot"] == ""
