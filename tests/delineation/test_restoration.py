"""Restoration need: by hand, and sums over functions and units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tianren.delineation.restoration import (
    Grouping,
    degraded_by_condition,
    degraded_by_pressure,
    need,
    reference_condition,
)

CELLS = 20
condition_values = st.sampled_from([np.nan, 0.0, 0.1, 0.3, 0.5, 0.69, 0.7, 0.9, 1.0])


def grouping(name: str, index: np.ndarray, count: int) -> Grouping:
    labels = [f"{name} {i}" for i in range(count)]
    return Grouping(name, index, [str(i) for i in range(count)], labels)


def test_each_type_is_measured_by_its_own_best_land() -> None:
    condition = np.array([1.0, 0.9, 0.2, 0.4, 0.4, 0.1, np.nan])
    types = np.array([1, 1, 1, 2, 2, 2, 2])
    reference = reference_condition(condition, types, 1.0)
    assert reference == {1: 1.0, 2: 0.4}
    found = degraded_by_condition(condition, types, reference, 0.7)
    assert found.degraded.tolist() == [False, False, True, False, False, True, False]
    assert found.lost[[2, 5]].tolist() == pytest.approx([0.8, 0.75])
    assert found.known.tolist() == [True] * 6 + [False]


def test_what_people_made_is_measured_by_the_land_of_all_types() -> None:
    condition, types = np.array([0.8, 0.8, 0.4, 0.0, 0.6]), np.array([1, 1, 2, -1, -1])
    reference = reference_condition(condition, types, 1.0)
    assert reference == {-1: 0.8, 1: 0.8, 2: 0.4}
    found = degraded_by_condition(condition, types, reference, 0.7)
    assert found.degraded.tolist() == [False, False, False, True, False]
    assert reference_condition(condition, np.full(5, -1), 1.0) == {-1: 0.8}


def test_pressure_says_where_but_not_how_much() -> None:
    found = degraded_by_pressure(np.array([0.0, 3.9, 4.0, np.nan]), 4.0)
    assert found.degraded.tolist() == [False, False, True, False]
    assert np.isnan(found.lost[2]) and found.lost[0] == 0


@given(
    hnp.arrays(np.float64, CELLS, elements=condition_values),
    hnp.arrays(np.bool_, CELLS),
    hnp.arrays(np.int64, CELLS, elements=st.integers(0, 1)),
    hnp.arrays(np.int64, CELLS, elements=st.integers(-1, 2)),
    hnp.arrays(np.int64, CELLS, elements=st.integers(-1, 3)),
)
def test_rows_by_unit_and_by_function_add_up(
    condition: np.ndarray,
    inside: np.ndarray,
    types: np.ndarray,
    functions: np.ndarray,
    units: np.ndarray,
) -> None:
    reference = reference_condition(condition, types, 0.9)
    found = degraded_by_condition(condition, types, reference, 0.7)
    table = need(
        inside, found, grouping("function", functions, 2), [grouping("county", units, 3)], 1e6, 0.3
    )
    for key in ("line_m2", "known_m2", "degraded_m2", "lost_m2", "restore_m2"):
        total = sum(r[key] for r in table if r["level"] == "all" and r["function"] == "all")
        by_unit = sum(r[key] for r in table if r["level"] != "all" and r["function"] == "all")
        assert by_unit == pytest.approx(total)
    line = sum(r["line_m2"] for r in table if r["level"] == "all" and r["function"] == "all")
    assert line == pytest.approx(1e6 * inside.sum())
    for row in table:
        assert 0 <= row["degraded_m2"] <= row["known_m2"] <= row["line_m2"]
        assert row["restore_m2"] == pytest.approx(0.3 * row["degraded_m2"])
        assert row["lost_m2"] <= row["degraded_m2"]
    for i in (0, 1):
        (mine,) = [
            r for r in table if r["function"] == f"function {i}" and r["level"] == "all"
        ] or [{"degraded_m2": 0.0}]  # fmt: skip
        cells = found.degraded & inside & (functions == i)
        assert mine["degraded_m2"] == pytest.approx(1e6 * cells.sum())


@given(hnp.arrays(np.float64, CELLS, elements=st.floats(0, 1)), st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_limit_never_finds_less(values: np.ndarray, one: float, other: float) -> None:
    types = np.zeros(CELLS, dtype=np.int64)
    reference = reference_condition(values, types, 0.9)
    low, high = sorted((one, other))
    less, more = (degraded_by_condition(values, types, reference, b) for b in (low, high))
    assert (more.degraded | ~less.degraded).all()
