"""Maximum entropy models of where a species can live: features, penalties, fit, prediction.

Phillips, Anderson & Schapire 2006, Ecological Modelling 190:231; Phillips & Dudik 2008, Ecography
31:161; Elith et al. 2011, Diversity and Distributions 17:43; Phillips et al. 2017, Ecography 40:887
(features, penalties and the cloglog output as there). The fit is the lasso on the Gibbs density
itself, which the infinitely weighted logistic regression of Fithian & Hastie 2013 approaches. All
sums run in one order, so that the same data give the same bits on any number of processors.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LINEAR, QUADRATIC, PRODUCT, HINGE, REVERSE_HINGE, CATEGORY = range(6)

# Feature class -> (number of presences, penalty factor): between the rows by a straight line.
# Phillips et al. 2017, the defaults tuned by Phillips & Dudik 2008, table 2.
_PENALTIES = {
    "linear": ((10, 30, 100), (1.0, 0.2, 0.05)),
    "quadratic": ((0, 10, 17, 30, 100), (1.3, 0.8, 0.5, 0.25, 0.05)),
    "product": ((0, 10, 17, 30, 100), (2.6, 1.6, 0.9, 0.55, 0.05)),
    "hinge": ((0, 1), (0.5, 0.5)),
    "category": ((0, 10, 17), (0.65, 0.5, 0.25)),
}
_QUADRATIC_FROM, _HINGE_FROM, _PRODUCT_FROM = 10, 15, 80  # presences
_TOLERANCE = 1e-5  # of the conditions for an optimum, on features of 0..1
_NONE = np.empty(0)
_LEAST_RIDGE = 1e-9  # keeps the step finite where features are equal


@dataclass(frozen=True)
class Features:
    """What is made of the predictors, one entry a feature; predictors are first put on 0..1.

    kind; first, second: numbers of predictors; knot: where a hinge bends, or a category's code.
    """

    kind: Ints
    first: Ints
    second: Ints
    knot: Floats

    def chosen(self, which: NDArray[np.bool_]) -> "Features":
        return Features(self.kind[which], self.first[which], self.second[which], self.knot[which])


@dataclass(frozen=True)
class Maxent:
    """A fitted model. low, high: range of each predictor in the training cells; is_category: which
    predictors are codes; codes: those of each predictor in the training cells (none of a number);
    features with their coefficients, none of them zero; log_sum: logarithm of the sum of exp(eta)
    over the training cells; entropy H of the fitted density over them.
    """

    low: Floats
    high: Floats
    is_category: NDArray[np.bool_]
    codes: tuple[Floats, ...]
    features: Features
    coefficients: Floats
    log_sum: float
    entropy: float


def fit(
    presence: Floats,
    background: Floats,
    is_category: Sequence[bool] | None = None,
    *,
    knots: int = 20,
    strength: float = 1.0,
) -> Maxent:
    """Fit a model to the predictors at presences and in the background, (cells, predictors) each.

    The density over the training cells (background and presences) of least relative entropy whose
    feature means lie within their penalties of those at the presences. knots: of hinges, a
    predictor; strength: factor on all penalties (beta multiplier). No value may be missing.
    """
    codes = np.zeros(presence.shape[1], bool) if is_category is None else np.asarray(is_category)
    cells = np.ascontiguousarray(np.vstack([background, presence]), dtype=np.float64)
    low, high = cells.min(axis=0), cells.max(axis=0)
    features = _features(cells, codes, len(presence), knots)
    scaled = scale(cells, low, high, codes)
    design = np.empty((len(cells), len(features.kind)))
    _design(scaled, features.kind, features.first, features.second, features.knot, design)
    at_presence = design[len(background) :]
    penalty = strength * _penalties(features, design, at_presence)
    coefficients = lasso(design, at_presence.mean(axis=0), penalty)
    eta = np.zeros(len(cells))
    _add_up(design, coefficients, eta)
    density, log_sum = softmax(eta)
    entropy = -math.fsum(q * math.log(q) for q in density.tolist() if q > 0.0)
    kept = coefficients != 0.0
    seen = tuple(np.unique(cells[:, p]) if code else _NONE for p, code in enumerate(codes))
    return Maxent(
        low, high, codes, seen, features.chosen(kept), coefficients[kept], log_sum, entropy
    )


def predict(model: Maxent, cells: NDArray[np.floating]) -> NDArray[np.float32]:
    """Suitability 0..1 of cells (cells, predictors), NaN where a predictor is missing.

    cloglog 1 - exp(-exp(eta - log_sum + H)), Phillips et al. 2017 eq. 3. Predictors are clamped to
    the range of the training cells; each cell is computed by itself.
    """
    features = model.features
    suitability = np.empty(len(cells), np.float32)
    _cloglog(
        np.ascontiguousarray(cells, dtype=np.float64), model.low, model.high, model.is_category,
        features.kind, features.first, features.second, features.knot, model.coefficients,
        model.entropy - model.log_sum, suitability,
    )  # fmt: skip
    return suitability


def novel(model: Maxent, cells: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Cells with a predictor outside the range, or a code not among those, of the training cells.

    Where the multivariate environmental similarity of Elith, Kearney & Phillips 2010 is negative.
    A code that was never seen adds nothing to suitability.
    """
    values = np.asarray(cells, dtype=np.float64)
    numbers = ~model.is_category
    outside = (values < model.low) | (values > model.high)
    strange = np.asarray(outside[:, numbers].any(axis=1))
    for p in np.flatnonzero(model.is_category):
        strange |= ~np.isin(values[:, p], model.codes[p])
    return strange


# -- features and penalties ------------------------------------------------------------------------


def _features(
    cells: Floats, is_category: NDArray[np.bool_], presences: int, knots: int
) -> Features:
    """The feature classes that so many presences can carry."""
    numbers = [p for p in range(cells.shape[1]) if not is_category[p] and np.ptp(cells[:, p]) > 0]
    rows = [(LINEAR, p, p, 0.0) for p in numbers]
    if presences >= _QUADRATIC_FROM:
        rows += [(QUADRATIC, p, p, 0.0) for p in numbers]
    if presences >= _PRODUCT_FROM:
        rows += [(PRODUCT, p, q, 0.0) for i, p in enumerate(numbers) for q in numbers[i + 1 :]]
    if presences >= _HINGE_FROM:
        bends = np.linspace(0.0, 1.0, knots + 1)
        rows += [(HINGE, p, p, float(k)) for p in numbers for k in bends[:-1]]
        rows += [(REVERSE_HINGE, p, p, float(k)) for p in numbers for k in bends[1:]]
    for p in np.flatnonzero(is_category):
        rows += [(CATEGORY, int(p), int(p), float(c)) for c in np.unique(cells[:, p])]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4)
    kind, first, second = (columns[:, n].astype(np.int64) for n in range(3))
    return Features(kind, first, second, np.ascontiguousarray(columns[:, 3]))


def _penalties(features: Features, design: Floats, at_presence: Floats) -> Floats:
    """Penalty of each feature, from its spread at the presences and their number n.

    max(0.001 range, s c / sqrt(n)), s standard deviation at the presences, c by class and n.
    """
    n = len(at_presence)
    spread = at_presence.std(axis=0, ddof=1) if n > 1 else np.zeros(design.shape[1])
    straight = _straight_class(features.kind)
    factor = np.full(len(features.kind), _factor(straight, n))
    hinge = (features.kind == HINGE) | (features.kind == REVERSE_HINGE)
    factor[hinge] = _factor("hinge", n)
    spread = np.where(hinge, np.maximum(spread, 1.0 / math.sqrt(n)), spread)
    factor[features.kind == CATEGORY] = _factor("category", n)
    found: Floats = np.maximum(0.001 * np.ptp(design, axis=0), spread * factor / math.sqrt(n))
    return found


def _straight_class(kind: Ints) -> str:
    """Linear, quadratic and product features share the factor of the richest class in use."""
    if (kind == PRODUCT).any():
        return "product"
    return "quadratic" if (kind == QUADRATIC).any() else "linear"


def _factor(name: str, n: int) -> float:
    at, value = _PENALTIES[name]
    return float(np.interp(n, at, value))


def scale(cells: Floats, low: Floats, high: Floats, is_category: NDArray[np.bool_]) -> Floats:
    """Predictors on 0..1 of their training range; codes as they are."""
    width = np.where(high > low, high - low, 1.0)
    scaled = np.clip((cells - low) / width, 0.0, 1.0)
    return np.where(is_category, cells, scaled)


@kernel
def _value(kind: int, a: float, b: float, knot: float) -> float:
    """One feature of one cell."""
    if kind == LINEAR:
        return a
    if kind == QUADRATIC:
        return a * a
    if kind == PRODUCT:
        return a * b
    if kind == HINGE:
        return max(0.0, (a - knot) / (1.0 - knot))
    if kind == REVERSE_HINGE:
        return max(0.0, (knot - a) / knot)
    return 1.0 if a == knot else 0.0


@kernel
def _design(
    scaled: Floats, kind: Ints, first: Ints, second: Ints, knot: Floats, out: Floats
) -> None:
    """All features of all training cells."""
    for cell in range(scaled.shape[0]):
        for f in range(kind.size):
            a, b = scaled[cell, first[f]], scaled[cell, second[f]]
            out[cell, f] = _value(kind[f], a, b, knot[f])


@kernel
def _cloglog(
    cells: Floats, low: Floats, high: Floats, is_category: NDArray[np.bool_],
    kind: Ints, first: Ints, second: Ints, knot: Floats, coefficients: Floats,
    constant: float, out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Suitability, cell by cell."""
    count = cells.shape[1]
    scaled = np.empty(count)
    for cell in range(cells.shape[0]):
        known = True
        for p in range(count):
            value = cells[cell, p]
            known = known and not math.isnan(value)
            if not is_category[p]:
                width = high[p] - low[p]
                value = (value - low[p]) / (width if width > 0.0 else 1.0)
                value = min(max(value, 0.0), 1.0)
            scaled[p] = value
        if not known:
            out[cell] = math.nan
            continue
        eta = constant
        for f in range(kind.size):
            a, b = scaled[first[f]], scaled[second[f]]
            eta += coefficients[f] * _value(kind[f], a, b, knot[f])
        out[cell] = 1.0 - math.exp(-math.exp(min(eta, 50.0)))


# -- the lasso -------------------------------------------------------------------------------------


def lasso(design: Floats, means: Floats, penalty: Floats, most_steps: int = 200) -> Floats:
    """Coefficients b that minimise log sum exp(F b) - means . b + sum penalty |b|.

    design F (cells, features); means at the presences. Proximal Newton steps on the features that
    are in use or want to be, each solved by coordinate descent, with a line search.
    """
    coefficients = np.zeros(design.shape[1])
    eta = np.zeros(len(design))
    density, log_sum = softmax(eta)
    for _ in range(most_steps):
        gradient = np.zeros(design.shape[1])
        _expect(design, density, gradient)
        gradient -= means
        unmet = unmet_conditions(coefficients, gradient, penalty)
        if unmet.max(initial=0.0) <= _TOLERANCE:
            break
        active = np.flatnonzero((coefficients != 0.0) | (unmet > 0.1 * unmet.max()))
        step = _newton_step(design, density, gradient, coefficients, penalty, active)
        state = _searched(design, means, penalty, coefficients, step, eta, log_sum)
        if state is None:
            break
        coefficients, eta, density, log_sum = state
    return coefficients


def unmet_conditions(coefficients: Floats, gradient: Floats, penalty: Floats) -> Floats:
    """By how much each coefficient misses the condition of an optimum (Karush-Kuhn-Tucker)."""
    at_zero = np.maximum(np.abs(gradient) - penalty, 0.0)
    elsewhere = np.abs(gradient + penalty * np.sign(coefficients))
    return np.where(coefficients == 0.0, at_zero, elsewhere)


def _newton_step(
    design: Floats, density: Floats, gradient: Floats, coefficients: Floats, penalty: Floats,
    active: NDArray[np.intp],
) -> Floats:  # fmt: skip
    """The minimum of the quadratic model with its penalties, as a step from here."""
    part = np.ascontiguousarray(design[:, active])
    curvature = np.zeros((active.size, active.size))
    _covariance(part, density, curvature)
    curvature[np.diag_indices(active.size)] += _LEAST_RIDGE
    step = np.zeros_like(coefficients)
    inner = np.zeros(active.size)
    _descend(curvature, gradient[active], coefficients[active], penalty[active], inner)
    step[active] = inner
    return step


def _searched(
    design: Floats, means: Floats, penalty: Floats, coefficients: Floats, step: Floats,
    eta: Floats, log_sum: float,
) -> tuple[Floats, Floats, Floats, float] | None:  # fmt: skip
    """The first of 1, 1/2, 1/4 ... of the step that lowers the objective; None if none does."""

    def rest(b: Floats) -> float:
        return float((penalty * np.abs(b)).sum() - (means * b).sum())

    along = np.zeros(len(design))
    _add_up(design, step, along)
    here = log_sum + rest(coefficients)
    for halvings in range(30):
        part = 0.5**halvings
        there = coefficients + part * step
        density, log_sum = softmax(eta + part * along)
        if log_sum + rest(there) < here:
            return there, eta + part * along, density, log_sum
    return None


def softmax(eta: Floats) -> tuple[Floats, float]:
    """exp(eta) as shares of their sum, and the logarithm of that sum."""
    top = float(eta.max())
    weights = np.exp(eta - top)
    total = math.fsum(weights.tolist())
    return weights / total, top + math.log(total)


@kernel
def _add_up(design: Floats, coefficients: Floats, eta: Floats) -> None:
    """eta += F b."""
    used = np.flatnonzero(coefficients)
    for cell in range(design.shape[0]):
        total = 0.0
        for f in used:
            total += coefficients[f] * design[cell, f]
        eta[cell] += total


@kernel
def _expect(design: Floats, density: Floats, out: Floats) -> None:
    """out += the mean of each feature under the density."""
    for cell in range(design.shape[0]):
        share = density[cell]
        for f in range(design.shape[1]):
            out[f] += share * design[cell, f]


@kernel
def _covariance(part: Floats, density: Floats, out: Floats) -> None:
    """The covariance of the features under the density: the curvature of log sum exp."""
    count = part.shape[1]
    mean = np.zeros(count)
    for cell in range(part.shape[0]):
        for f in range(count):
            mean[f] += density[cell] * part[cell, f]
    row = np.empty(count)
    for cell in range(part.shape[0]):
        for f in range(count):
            row[f] = part[cell, f] - mean[f]
        for f in range(count):
            weight = density[cell] * row[f]
            if weight != 0.0:
                for g in range(f + 1):
                    out[f, g] += weight * row[g]
    for f in range(count):
        for g in range(f):
            out[g, f] = out[f, g]


@kernel
def _descend(
    curvature: Floats, gradient: Floats, start: Floats, penalty: Floats, step: Floats
) -> None:
    """Coordinate descent on g . d + d' C d / 2 + sum penalty |start + d|."""
    count = gradient.size
    slope = gradient.copy()  # g + C d
    for _ in range(500):
        largest = 0.0
        for f in range(count):
            here = start[f] + step[f]
            wanted = curvature[f, f] * here - slope[f]
            size = max(abs(wanted) - penalty[f], 0.0)
            there = math.copysign(size, wanted) / curvature[f, f]
            move = there - here
            if move != 0.0:
                for g in range(count):
                    slope[g] += move * curvature[f, g]
                step[f] = there - start[f]
                largest = max(largest, abs(move) * curvature[f, f])
        if largest < 1e-8:
            break
