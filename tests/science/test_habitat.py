"""Habitat quality: the worked example, sums by brute force, blocks = whole to the bit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.science import habitat


def test_worked_example() -> None:
    # W6: A weighs 1, at a quarter of its linear reach, S 0.7; B weighs 0.5, 3/8, exponential, S 0.4
    near = np.array([[habitat.linear_decay(1000.0, 4000.0)]])
    far = np.array([[habitat.exponential_decay(3000.0, 8000.0)]])
    d = habitat.degradation([near, far], [np.array([[0.7]]), np.array([[0.4]])], [1.0, 0.5])
    assert d[0, 0] == pytest.approx(0.393450, abs=1e-6)
    assert habitat.habitat_quality(0.8, float(d[0, 0]), 0.5, 2.5) == pytest.approx(
        0.516367, abs=1e-6
    )


def pressure_by_loop(
    threat: np.ndarray, decay: habitat.Decay, reach: float, size: float
) -> np.ndarray:
    """Every source to every cell, from the definition."""
    out = np.zeros(threat.shape)
    for r in range(threat.shape[0]):
        for c in range(threat.shape[1]):
            for y in range(threat.shape[0]):
                for x in range(threat.shape[1]):
                    distance = math.hypot(y - r, x - c) * size
                    if distance <= reach and not math.isnan(threat[y, x]):
                        out[r, c] += threat[y, x] * decay(distance, reach)
    return out


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(50.0, 900.0), st.booleans())
def test_pressure_equals_the_plain_loop(seed: int, reach: float, linear: bool) -> None:
    rng = np.random.default_rng(seed)
    threat = np.where(rng.random((6, 7)) < 0.3, rng.random((6, 7)), 0.0)
    threat[rng.random((6, 7)) < 0.1] = np.nan
    decay = habitat.linear_decay if linear else habitat.exponential_decay
    influence = habitat.decay_kernel(decay, reach, 100.0, 100.0)
    found = habitat.pressure(threat, influence)
    np.testing.assert_allclose(found, pressure_by_loop(threat, decay, reach, 100.0), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 40))
def test_blocks_with_a_halo_equal_the_whole_to_the_bit(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    threat = np.where(rng.random((50, 41)) < 0.2, rng.random((50, 41)), 0.0)
    reach = 450.0
    influence = habitat.decay_kernel(habitat.exponential_decay, reach, 100.0, 100.0)
    whole = habitat.pressure(threat, influence)
    edge = habitat.halo(reach, 100.0)
    for r in range(0, 50, size):
        for c in range(0, 41, size):
            top, left = max(0, r - edge), max(0, c - edge)
            block = threat[top : r + size + edge, left : c + size + edge]
            inner = habitat.pressure(block, influence)[r - top :, c - left :][:size, :size]
            assert np.array_equal(inner, whole[r : r + size, c : c + size])


unit = st.floats(0.0, 1.0)


@given(unit, unit, unit)
def test_more_threat_never_improves_habitat(suitability: float, a: float, b: float) -> None:
    spared = habitat.habitat_quality(suitability, min(a, b), 0.05, 2.5)
    pressed = habitat.habitat_quality(suitability, max(a, b), 0.05, 2.5)
    assert 0.0 <= pressed <= spared <= suitability


def test_half_saturation_halves() -> None:
    assert habitat.habitat_quality(1.0, 0.05, 0.05, 2.5) == pytest.approx(0.5)
    assert habitat.habitat_quality(0.9, 0.0, 0.05, 2.5) == 0.9


def test_rarity() -> None:
    assert habitat.habitat_rarity(25.0, 100.0) == 0.75
    assert math.isnan(habitat.habitat_rarity(25.0, 0.0))
