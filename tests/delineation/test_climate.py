"""From warm to cool cores."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tianren.delineation.climate import Escape, core_temperatures, escapes, rise


def test_the_rise_is_how_far_a_way_leads_back_up() -> None:
    assert rise([20.0, 18.0, 15.0]) == 0.0
    assert rise([20.0, 16.0, 18.5, 12.0, 13.0]) == 2.5
    assert rise([10.0, 12.0]) == 2.0
    assert rise([20.0, np.nan, 21.0]) == 1.0
    assert np.isnan(rise([np.nan]))


def test_the_temperature_of_a_core_is_the_mean_of_its_cells() -> None:
    cores = np.array([[1, 1, 0], [2, 2, 3]], dtype=np.int32)
    temperature = np.array([[10.0, 20.0, 99.0], [5.0, np.nan, np.nan]])
    found = core_temperatures(temperature, cores)
    assert found[:2].tolist() == [15.0, 5.0] and np.isnan(found[2])


def test_a_chain_leads_to_the_coolest_and_a_warm_barrier_stops_it() -> None:
    """1 (22) - 2 (20) - 3 (17); 4 (15) lies behind 5 (23), which is warmer than all."""
    warm = np.array([22.0, 20.0, 17.0, 15.0, 23.0])
    found = escapes(warm, [(1, 2), (2, 3), (1, 5), (4, 5)])
    assert found[0] == Escape(17.0, 3, 5.0)
    assert found[4] == Escape(15.0, 4, 8.0)
    assert found[3] == Escape(15.0, 4, 0.0)


@given(st.integers(0, 10_000), st.integers(1, 7))
def test_escapes_by_walking_every_chain(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    warm = rng.integers(0, 6, n).astype(float)
    ways = [w for w in itertools.combinations(range(1, n + 1), 2) if rng.random() < 0.4]

    def coolest(core: int) -> float:
        nexts = [b if a == core else a for a, b in ways if core in (a, b)]
        cooler = [o for o in nexts if warm[o - 1] < warm[core - 1]]
        return min([warm[core - 1], *(coolest(o) for o in cooler)])

    for core, found in enumerate(escapes(warm, ways), start=1):
        assert found is not None and found.coolest == coolest(core)
        assert warm[found.through - 1] == found.coolest
        assert np.isclose(found.gain, warm[core - 1] - found.coolest)
