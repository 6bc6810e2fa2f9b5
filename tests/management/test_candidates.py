"""Candidates: enough and no more, in one piece each, least conflict first."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from tianren.management.candidates import Cells, chosen
from tianren.management.three_no import Deficit


def cells(seed: int, side: int = 12) -> Cells:
    draw = np.random.default_rng(seed)
    line = np.zeros((side, side), dtype=bool)
    line[:, :3] = True
    free = (draw.random((side, side)) < 0.6) & ~line
    return Cells(
        free, line, draw.integers(0, 2, (side, side)).astype(float),
        draw.choice([3, 5], (side, side)), {"water": draw.random((side, side))},
        draw.uniform(50, 100, (side, side)),
    )  # fmt: skip


@given(st.integers(0, 10_000), st.integers(0, 3000), st.floats(0, 20))
@settings(max_examples=80)
def test_what_is_chosen_covers_the_need_and_hangs_together(
    seed: int, area: int, water: float
) -> None:
    land = cells(seed)
    patches, brought, left = chosen(land, Deficit(float(area), {"water": water}))
    assert not (patches[~land.free]).any()
    for n, row in enumerate(brought, start=1):
        mine = patches == n
        assert label(mine)[1] == 1  # one piece
        assert np.isclose(row["area_m2"], land.area[mine].sum())
        assert np.isclose(row["water"], land.values["water"][mine].sum())
    total = land.area[patches > 0].sum()
    got = land.values["water"][patches > 0].sum()
    assert np.isclose(left.area, max(area - total, 0.0))
    assert np.isclose(left.functions.get("water", 0.0), max(water - got, 0.0), atol=1e-9)
    if not left.nothing:  # then nothing that was free is left
        assert (patches[land.free] > 0).all() or len(brought) == 50
    if brought and area > 0 and water == 0:
        assert total - 100.0 < area  # no cell more than is needed


def test_least_conflict_first_then_beside_the_line() -> None:
    line = np.zeros((3, 9), dtype=bool)
    line[:, 0] = True
    free = np.zeros((3, 9), dtype=bool)
    free[:, 1] = free[:, 4] = free[:, 7] = True
    conflict = np.zeros((3, 9))
    conflict[:, 1] = 1.0  # beside the line, but farmland
    land = Cells(free, line, conflict, np.full((3, 9), 3), {}, np.ones((3, 9)))
    patches, brought, left = chosen(land, Deficit(7.0))
    assert [int(patches[0, c]) for c in (4, 7, 1)] == [1, 2, 3]
    assert [b["conflict"] for b in brought] == [0.0, 0.0, 1.0]
    assert left.nothing and (patches[:, 1] > 0).sum() == 1


def test_no_need_no_candidate() -> None:
    patches, brought, left = chosen(cells(1), Deficit())
    assert not patches.any() and brought == [] and left.nothing
