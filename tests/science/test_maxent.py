"""Maximum entropy: the optimum by another route, the bits by blocks, and a peer."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from tianren.science import maxent


def landscape(seed: int, cells: int = 400, predictors: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(cells, predictors))


def presences(cells: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Cells drawn by a known preference: a little above the middle of the first predictor."""
    weight = np.exp(-((cells[:, 0] - 0.7) ** 2) / 0.5)
    drawn = np.random.default_rng(seed).choice(len(cells), n, p=weight / weight.sum())
    return cells[drawn]


def objective(design: np.ndarray, means: np.ndarray, penalty: np.ndarray, b: np.ndarray) -> float:
    """The lasso on the Gibbs density as it is written in the paper."""
    return float(np.log(np.exp(design @ b).sum()) - means @ b + (penalty * np.abs(b)).sum())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.001, 0.2))
def test_lasso_finds_the_optimum_that_a_general_minimiser_finds(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    design = rng.random((80, 4))
    means = design[rng.choice(80, 12)].mean(axis=0)
    penalty = np.full(4, size)
    found = maxent.lasso(design, means, penalty)

    def split(both: np.ndarray) -> float:  # b = plus - minus, smooth where both are >= 0
        plus, minus = both[:4], both[4:]
        smooth = np.log(np.exp(design @ (plus - minus)).sum()) - means @ (plus - minus)
        return float(smooth + penalty @ (plus + minus))

    peer = minimize(split, np.zeros(8), bounds=[(0, None)] * 8, options={"ftol": 1e-14})
    ours = objective(design, means, penalty, found)
    assert ours == pytest.approx(peer.fun, abs=1e-6)
    assert ours <= peer.fun + 1e-7


def test_feature_means_lie_within_their_penalties() -> None:
    """What the density promises: each mean is met up to its penalty, exactly where it is used."""
    rng = np.random.default_rng(3)
    design = rng.random((300, 6))
    means = design[:20].mean(axis=0)
    penalty = np.full(6, 0.01)
    found = maxent.lasso(design, means, penalty)
    density, _ = maxent.softmax(design @ found)
    gap = density @ design - means
    assert (np.abs(gap) <= penalty + 2e-5).all()
    used = found != 0
    assert used.any()
    np.testing.assert_allclose(gap[used], -penalty[used] * np.sign(found[used]), atol=2e-5)


def test_a_penalty_large_enough_leaves_the_uniform_density() -> None:
    design = np.random.default_rng(1).random((50, 3))
    assert (maxent.lasso(design, design[:5].mean(axis=0), np.full(3, 1.0)) == 0).all()


def test_every_feature_by_hand() -> None:
    """Low 0, high 10: 5 is 0.5 on the scale; a hinge from 0.2 rises to 1, one to 0.8 falls to 0."""
    kind = np.array([maxent.LINEAR, maxent.QUADRATIC, maxent.PRODUCT, maxent.HINGE,
                     maxent.REVERSE_HINGE, maxent.CATEGORY, maxent.CATEGORY])  # fmt: skip
    first = np.array([0, 0, 0, 0, 0, 2, 2])
    second = np.array([0, 0, 1, 0, 0, 2, 2])
    knot = np.array([0.0, 0.0, 0.0, 0.2, 0.8, 7.0, 8.0])
    low, high = np.array([0.0, 0.0, 7.0]), np.array([10.0, 4.0, 8.0])
    codes = np.array([False, False, True])
    scaled = maxent.scale(np.array([[5.0, 1.0, 7.0]]), low, high, codes)
    out = np.empty((1, 7))
    maxent._design(scaled, kind, first, second, knot, out)
    np.testing.assert_allclose(out[0], [0.5, 0.25, 0.125, 0.375, 0.375, 1.0, 0.0])


def test_suitability_is_the_cloglog_of_the_density() -> None:
    """1 - exp(-exp(H) q) with q the fitted density, computed here from features made by hand."""
    background = landscape(5)[:, :1]
    hits = presences(landscape(5), 12, 6)[:, :1]
    model = maxent.fit(hits, background)  # 12 presences: linear and quadratic
    cells = np.vstack([background, hits])
    x = (cells[:, 0] - cells[:, 0].min()) / np.ptp(cells[:, 0])
    columns = {maxent.LINEAR: x, maxent.QUADRATIC: x * x}
    eta = sum(
        b * columns[int(k)] for k, b in zip(model.features.kind, model.coefficients, strict=True)
    )
    assert set(model.features.kind.tolist()) <= set(columns)
    q = np.exp(eta) / np.exp(eta).sum()
    entropy = -(q * np.log(q)).sum()
    wanted = 1 - np.exp(-math.exp(entropy) * q)
    np.testing.assert_allclose(maxent.predict(model, cells), wanted, rtol=1e-5)


def test_richer_features_with_more_presences() -> None:
    background = landscape(1)
    kinds = {}
    for n in (8, 12, 20, 90):
        hits = presences(background, n, n)
        cells = np.vstack([background, hits])
        features = maxent._features(cells, np.zeros(3, bool), n, 5)
        kinds[n] = set(features.kind.tolist())
    assert kinds[8] == {maxent.LINEAR}
    assert kinds[12] == {maxent.LINEAR, maxent.QUADRATIC}
    assert kinds[20] == kinds[12] | {maxent.HINGE, maxent.REVERSE_HINGE}
    assert kinds[90] == kinds[20] | {maxent.PRODUCT}


def test_penalties_of_the_published_table() -> None:
    """20 presences, quadratic class: between 17 (0.5) and 30 (0.25), over the root of 20."""
    cells = np.column_stack([np.linspace(0, 1, 120)])
    hits = np.linspace(0.2, 0.8, 20)[:, None]
    both = np.vstack([cells, hits])
    features = maxent._features(both, np.zeros(1, bool), 20, 4)
    design = np.empty((140, len(features.kind)))
    maxent._design(both, features.kind, features.first, features.second, features.knot, design)
    found = maxent._penalties(features, design, design[120:])
    factor = 0.5 + (20 - 17) / (30 - 17) * (0.25 - 0.5)
    assert found[0] == pytest.approx(hits[:, 0].std(ddof=1) * factor / math.sqrt(20))
    hinge = int(np.flatnonzero(features.kind == maxent.HINGE)[-1])  # rises from 0.75
    spread = max(design[120:, hinge].std(ddof=1), 1 / math.sqrt(20))
    assert found[hinge] == pytest.approx(spread * 0.5 / math.sqrt(20))


def test_prediction_by_blocks_gives_the_same_bits() -> None:
    background = landscape(2)
    model = maxent.fit(presences(background, 40, 1), background)
    whole = maxent.predict(model, background)
    parts = np.concatenate(
        [maxent.predict(model, background[i : i + 37]) for i in range(0, 400, 37)]
    )
    assert whole.tobytes() == parts.tobytes()
    assert ((whole >= 0) & (whole <= 1)).all()


def test_a_missing_predictor_is_missing_and_others_are_clamped() -> None:
    background = landscape(4)
    model = maxent.fit(presences(background, 30, 2), background)
    beyond = background[:1].copy()
    beyond[0, 0] = 99.0
    at_edge = beyond.copy()
    at_edge[0, 0] = background[:, 0].max()
    assert maxent.predict(model, beyond) == maxent.predict(model, at_edge)
    assert maxent.novel(model, beyond)[0]
    assert not maxent.novel(model, at_edge)[0]
    beyond[0, 1] = np.nan
    assert np.isnan(maxent.predict(model, beyond))[0]


def test_a_category_is_learnt() -> None:
    """All presences on soil 3: soil 3 is suitable, the others are not."""
    rng = np.random.default_rng(0)
    background = np.column_stack([rng.normal(size=300), rng.integers(1, 5, 300)])
    hits = np.column_stack([rng.normal(size=25), np.full(25, 3)])
    model = maxent.fit(hits, background, [False, True])
    at = maxent.predict(model, np.array([[0.0, s] for s in (1, 2, 3, 4)], dtype=float))
    assert at[2] > 0.5
    assert max(at[0], at[1], at[3]) < 0.5 * at[2]
    assert maxent.novel(model, np.array([[0.0, 3.0], [0.0, 2.5], [0.0, 9.0]])).tolist() == [
        False, True, True,
    ]  # fmt: skip


def test_agrees_with_elapid_about_what_is_suitable() -> None:
    elapid = pytest.importorskip("elapid", reason="PEER ABSENT: pip install elapid")
    background = landscape(8, 2000, 4)
    truth = np.exp(-((background[:, 0] - 0.7) ** 2) / 0.5)
    hits = presences(background, 60, 3)
    ours = maxent.predict(maxent.fit(hits, background), background)
    peer = elapid.MaxentModel(random_state=1, n_cpus=1)
    peer.fit(np.vstack([hits, background]), np.r_[np.ones(60), np.zeros(2000)])
    theirs = peer.predict(background)
    from scipy.stats import spearmanr

    assert spearmanr(ours, theirs).statistic > 0.85
    assert spearmanr(ours, truth).statistic >= spearmanr(theirs, truth).statistic - 0.01
