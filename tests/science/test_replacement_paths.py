"""Best paths after patches are taken away, against a new search in the graph without them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.science.connectivity import graph
from tianren.science.replacement_paths import as_net, group_lists, grow, room, without

P = np.array([0.1, 0.25, 0.5, 0.5, 0.9, 1.0])


def products(count: int, links: list[tuple[int, int, float]], away: np.ndarray) -> np.ndarray:
    """p* of all pairs by Floyd and Warshall, with the patches away cut off."""
    p = np.eye(count)
    for one, other, value in links:
        if not (away[one] or away[other]):
            p[one, other] = p[other, one] = max(p[one, other], value)
    for k in range(count):
        p = np.maximum(p, p[:, k : k + 1] * p[k : k + 1, :])
    return p


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, float]], np.ndarray]:
    count = draw(st.integers(2, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pairs = {tuple(sorted(pair)) for pair in rng.integers(0, count, (draw(st.integers(0, 60)), 2))}
    links = [(int(a), int(b), float(rng.choice(P))) for a, b in sorted(pairs) if a != b]
    sites = rng.integers(0, draw(st.integers(1, count)), count)
    return count, links, np.unique(sites, return_inverse=True)[1]


@given(graphs(), st.sampled_from([1e-200, 0.0101, 0.31]))
@settings(max_examples=200, deadline=None)
def test_every_group_taken_away_from_every_source(drawn, least: float) -> None:
    count, links, group = drawn
    one, other, p = (np.array(column) for column in zip(*links, strict=True)) if links else (
        np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    )  # fmt: skip
    net, groups = as_net(graph(count, one, other, p)), group_lists(group)
    tree, ones = room(net), np.ones(count)
    left = {g: products(count, links, group == g) for g in set(group.tolist())}
    for source in range(count):
        grow(net, tree, source, least, ones)
        for gone in left.keys() - {group[source]}:
            hits = tree.hit[: without(groups, tree, gone, least)]
            found = tree.best.copy()
            found[group == gone] = 0.0
            found[hits] = tree.again[hits]
            wanted = np.where(left[gone][source] < least, 0.0, left[gone][source])
            wanted[group == gone] = 0.0
            assert found == pytest.approx(wanted, rel=1e-12)
            assert len(set(hits.tolist())) == len(hits)
            assert not (group[hits] == gone).any()
