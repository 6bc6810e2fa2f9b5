"""Coverage of features by zones: against plain loops, and what must be true of any zones."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tianren.delineation.gaps import (
    ABSENT,
    GAP,
    MET,
    NO_UNIT,
    PARTIAL,
    Coverage,
    Features,
    absent,
    closes,
    cover,
    rows,
    unheld_by_unit,
    where_rows,
)

CELLS = 12
shares = hnp.arrays(np.float64, (3, CELLS), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
amounts = hnp.arrays(np.float64, (4, CELLS), elements=st.sampled_from([0.0, 0.0, 1e5, 3.3e5, 1e6]))
targets = hnp.arrays(np.float64, 4, elements=st.sampled_from([0.0, 0.1, 0.5, 1.0]))


def features(amount: np.ndarray, target: np.ndarray) -> Features:
    names = tuple(f"f{i}" for i in range(len(amount)))
    return Features("species", names, scipy.sparse.csr_array(amount), np.asarray(target))


def covered(amount: np.ndarray, zone: np.ndarray, target: np.ndarray) -> Coverage:
    names = [f"z{i}" for i in range(len(zone))]
    return cover(features(amount, target), scipy.sparse.csr_array(zone), zone.max(axis=0), names)


@given(amounts, shares, targets)
def test_held_missing_and_status_are_those_of_plain_loops(
    amount: np.ndarray, zone: np.ndarray, target: np.ndarray
) -> None:
    found = covered(amount, zone, target)
    every = [*zone, zone.max(axis=0)]
    status = found.status(0.02)
    for f in range(len(amount)):
        total = sum(amount[f].tolist())
        for z, share in enumerate(every):
            held = sum(a * s for a, s in zip(amount[f].tolist(), share.tolist(), strict=True))
            assert found.held[f, z] == pytest.approx(held)
            wanted = target[f] * total
            assert found.missing[f, z] == pytest.approx(max(0.0, wanted - held), abs=1e-3)
            expected = (
                ABSENT if total == 0
                else MET if held >= wanted * (1 - 1e-9)
                else GAP if held < 0.02 * total
                else PARTIAL
            )  # fmt: skip
            assert status[f, z] == expected


@given(amounts, shares, targets)
def test_one_more_zone_never_lowers_what_all_hold(
    amount: np.ndarray, zone: np.ndarray, target: np.ndarray
) -> None:
    fewer, more = covered(amount, zone[:2], target), covered(amount, zone, target)
    assert (more.held[:, -1] >= fewer.held[:, -1] - 1e-6).all()
    assert (more.missing[:, -1] <= fewer.missing[:, -1] + 1e-6).all()


@given(amounts, shares, hnp.arrays(np.int64, CELLS, elements=st.integers(-1, 3)))
def test_what_is_not_held_adds_up_over_units(
    amount: np.ndarray, zone: np.ndarray, units: np.ndarray
) -> None:
    found = covered(amount, zone, np.ones(4))
    left = unheld_by_unit(found.features, zone.max(axis=0), units, 3)
    np.testing.assert_allclose(left.sum(axis=1), found.total - found.held[:, -1], atol=1e-3)
    for f in range(4):
        for unit in range(3):
            mine = (amount[f] * (1 - zone.max(axis=0)))[units == unit].sum()
            assert left[f, unit] == pytest.approx(mine, abs=1e-3)


@given(amounts, shares, targets)
@settings(max_examples=50)
def test_a_cell_closes_what_holding_it_would_close(
    amount: np.ndarray, zone: np.ndarray, target: np.ndarray
) -> None:
    found, held = covered(amount, zone, target), zone.max(axis=0)
    gain = closes([found], held)
    for cell in range(CELLS):
        after = held.copy()
        after[cell] = 1.0
        then = cover(found.features, scipy.sparse.csr_array(after[None]), after, ["all"])
        wanted = np.where(found.target > 0, found.target, np.inf)
        closed = (found.missing[:, -1] - then.missing[:, -1]) / wanted
        assert gain[cell] == pytest.approx(100 * closed.sum(), abs=1e-5)


def test_rows_say_each_feature_and_zone_and_where_the_rest_is() -> None:
    amount = np.array([[1e6, 1e6, 1e6, 1e6], [0, 0, 0, 0]], dtype=float)
    zone = np.array([[1.0, 0, 0, 0]])
    found = covered(amount, zone, np.array([0.5, 1.0]))
    table = rows(found, 0.02)
    assert [(r["feature"], r["zone"], r["status"]) for r in table] == [
        ("f0", "z0", "partial"), ("f0", "any", "partial"),
        ("f1", "z0", "absent"), ("f1", "any", "absent"),
    ]  # fmt: skip
    assert table[0]["held_percent"] == 25 and table[0]["missing"] == 1e6
    assert table[2]["held_percent"] == ""
    units = np.array([0, 1, 1, -1])
    left = unheld_by_unit(found.features, zone[0], units, 2)
    where = where_rows(found, left, "county", ["c1", "c2"], ["West", "East"])
    assert [(r["label"], r["unheld"], r["rank"]) for r in where] == [
        ("East", 2e6, 1), (NO_UNIT, 1e6, 2),
    ]  # fmt: skip
    assert [f.rule for f in absent(found)] == ["gaps.absent"]


def test_a_target_below_the_share_of_a_gap_is_met_when_it_is_met() -> None:
    found = covered(np.full((1, 100), 1e6), np.eye(1, 100), np.array([0.01]))
    assert found.status(0.02)[0, 0] == MET


def test_a_sliver_is_no_gap_when_slack_is_given() -> None:
    amount, zone = np.full((1, 4), 1e6), np.array([[1.0, 1, 1, 0.998]])
    few = features(amount, np.array([1.0]))
    strict, loose = (
        cover(few, scipy.sparse.csr_array(zone), zone[0], ["z"], slack) for slack in (1e-9, 1e-3)
    )
    assert strict.status(0.02)[0, 0] == PARTIAL
    assert loose.status(0.02)[0, 0] == MET and loose.missing[0, 0] == 0
