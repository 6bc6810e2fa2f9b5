"""Seams: symmetric, between 0 and 1, equal to looking at every pair of neighbours by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tianren.geo import seams
from tianren.geo.seams import IMPORTANT, RED, Edges

W, H = 30.0, 20.0
shapes = st.tuples(st.integers(1, 7), st.integers(1, 7))
grids = shapes.flatmap(
    lambda shape: st.tuples(
        arrays(np.int32, shape, elements=st.integers(0, 3)),
        arrays(np.int32, shape, elements=st.integers(0, 2)),
    )
)


def by_hand(units: np.ndarray, states: np.ndarray) -> dict[tuple[int, int], list[float]]:
    """(low, high) -> length, touching, matched, open where low is not red, open where high is
    not."""
    found: dict[tuple[int, int], list[float]] = {}
    rows, columns = units.shape
    for r in range(rows):
        for c in range(columns):
            for dr, dc, long in ((0, 1, H), (1, 0, W)):
                if r + dr >= rows or c + dc >= columns:
                    continue
                a, b = int(units[r, c]), int(units[r + dr, c + dc])
                if a == b or a <= 0 or b <= 0:
                    continue
                x, y = int(states[r, c]), int(states[r + dr, c + dc])
                if a > b:
                    a, b, x, y = b, a, y, x
                row = found.setdefault((a, b), [0.0] * 5)
                row[0] += long
                row[1] += long * (RED in (x, y))
                row[2] += long * (x == y == RED)
                row[3] += long * (x == IMPORTANT and y == RED)
                row[4] += long * (y == IMPORTANT and x == RED)
    return found


@given(grids)
def test_borders_are_what_counting_by_hand_gives(grid: tuple[np.ndarray, np.ndarray]) -> None:
    found = seams.borders(seams.border_edges(*grid), W, H)
    told = {
        (b.first, b.second): [b.length, b.touching, b.matched, b.open_first, b.open_second]
        for b in found
    }
    assert told == by_hand(*grid)


@given(grids)
def test_continuity_is_a_share_and_does_not_know_left_from_right(
    grid: tuple[np.ndarray, np.ndarray],
) -> None:
    units, states = grid
    plain = seams.borders(seams.border_edges(units, states), W, H)
    turned = seams.borders(seams.border_edges(units[::-1, ::-1], states[::-1, ::-1]), W, H)
    renamed = seams.borders(seams.border_edges(np.where(units > 0, 4 - units, 0), states), W, H)
    assert turned == plain
    for border in plain:
        share = border.continuity
        assert share is None or 0 <= share <= 1
        assert border.matched + border.open <= border.touching <= border.length
        other = next(
            b for b in renamed if (b.second, b.first) == (4 - border.first, 4 - border.second)
        )
        assert other.continuity == share
        assert (other.open_first, other.open_second) == (border.open_second, border.open_first)


@given(grids)
def test_every_open_edge_is_in_exactly_one_seam(grid: tuple[np.ndarray, np.ndarray]) -> None:
    edges = seams.border_edges(*grid)
    found = seams.seams(edges, W, H)
    borders = seams.borders(edges, W, H)
    assert sum(s.length for s in found) == pytest.approx(sum(b.open for b in borders))
    assert [s.number for s in found] == list(range(1, len(found) + 1))
    units, states = grid
    for seam in found:
        assert all(units[cell] == seam.other and states[cell] == IMPORTANT for cell in seam.cells)


@given(grids, st.integers(0, 2))
@settings(max_examples=60)
def test_windows_give_the_edges_of_the_whole(
    grid: tuple[np.ndarray, np.ndarray], depth: int
) -> None:
    units, states = grid
    whole = seams.border_edges(units, states, depth)
    halo, parts = depth + 1, []
    padded = [np.pad(cells, halo) for cells in grid]
    for r in range(0, units.shape[0], 2):
        for c in range(0, units.shape[1], 3):
            box = slice(r, r + 2 + 2 * halo), slice(c, c + 3 + 2 * halo)
            rows = seams.border_edges(padded[0][box], padded[1][box], depth).rows.copy()
            rows[:, :2] += (r - halo, c - halo)
            mine = (rows[:, 0] >= r) & (rows[:, 0] < r + 2) & (rows[:, 1] >= c)
            parts.append(Edges(rows[mine & (rows[:, 1] < c + 3)]))
    assert np.array_equal(seams.joined(parts).rows, whole.rows)


def test_a_tolerance_lets_the_line_stand_a_little_off_the_border() -> None:
    units = np.array([[1, 1, 2, 2]])
    states = np.array([[RED, RED, IMPORTANT, RED]])
    assert seams.borders(seams.border_edges(units, states, 0), W, H)[0].continuity == 0
    assert seams.borders(seams.border_edges(units, states, 1), W, H)[0].continuity == 1
    # Behind the border of a third unit nothing counts.
    units = np.array([[1, 1, 2, 3]])
    assert seams.borders(seams.border_edges(units, states, 1), W, H)[0].continuity == 0


def test_a_seam_knows_its_ends_and_its_middle() -> None:
    units = np.array([[1, 2], [1, 2], [1, 2], [1, 2]])
    states = np.array([[RED, RED], [RED, IMPORTANT], [RED, IMPORTANT], [RED, 0]])
    (seam,) = seams.seams(seams.border_edges(units, states), W, H)
    assert (seam.red, seam.other, seam.length) == (1, 2, 2 * H)
    assert {seam.vertices[0], seam.vertices[-1]} == {(1, 1), (3, 1)}
    assert seam.middle == (2, 1)
    assert seam.cells == ((1, 1), (2, 1))
    (border,) = seams.borders(seams.border_edges(units, states), W, H)
    assert border.continuity == 0.25
    assert seams.continuity([border]) == 0.25
    assert seams.continuity([]) is None


def reached_by_hand(starts: np.ndarray, free: np.ndarray, units: np.ndarray, reach: int):
    """Numbers by breadth: each cell takes the lowest number that arrives first."""
    found = np.where(free, starts, 0)
    for _ in range(reach - 1):
        before = found.copy()
        for r, c in np.ndindex(*found.shape):
            near = [
                int(before[a, b])
                for a, b in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1))
                if 0 <= a < found.shape[0] and 0 <= b < found.shape[1]
                and before[a, b] > 0 and units[a, b] == units[r, c]
            ]  # fmt: skip
            if free[r, c] and not before[r, c] and near:
                found[r, c] = min(near)
    return found


@given(
    shapes.flatmap(
        lambda shape: st.tuples(
            arrays(np.int64, shape, elements=st.sampled_from([0, 0, 0, 1, 2])),
            arrays(np.bool_, shape),
            arrays(np.int32, shape, elements=st.integers(1, 2)),
        )
    ),
    st.integers(1, 5),
)
def test_candidates_grow_as_by_hand(
    grid: tuple[np.ndarray, np.ndarray, np.ndarray], reach: int
) -> None:
    assert np.array_equal(seams.grow(*grid, reach), reached_by_hand(*grid, reach))
