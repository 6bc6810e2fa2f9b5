"""Species distribution models, from thinned records to a tested map of suitability.

Where records come from decides what a model learns: records are thinned to one a cell, the
background is where the same group was looked for (Phillips et al. 2009, Ecological Applications
19:181), and a model is tested on blocks of land that it has not seen (Roberts et al. 2017,
Ecography 40:913). Cells are numbered row by row; every draw follows a seed.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tianren.science.maxent import Maxent, fit, predict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """How well a model tells presences from the background, on land that it has not seen.

    auc 0..1, tss -1..1 at its best threshold, boyce -1..1; folds: how many the land was cut into.
    """

    auc: float
    tss: float
    boyce: float
    folds: int


@dataclass(frozen=True)
class Fitted:
    """The model of one species with its tests and thresholds.

    scores None: all presences lie in one block, so that no part of the land can be left out.
    threshold_tss: suitability with the largest TSS in training; threshold_omission: the suitability
    that leaves out a given share of the presences.
    """

    model: Maxent
    scores: Scores | None
    threshold_tss: float
    threshold_omission: float


@dataclass(frozen=True)
class Design:
    """How models are made and tested. block: side of a block, m; folds: at most; omission: share of
    presences below the second threshold; knots, strength: see maxent.fit.
    """

    block: float
    folds: int
    omission: float
    strength: float
    seed: int
    knots: int = 20


def model_species(
    presence: Floats,
    background: Floats,
    presence_at: Floats,
    background_at: Floats,
    is_category: Sequence[bool],
    design: Design,
) -> Fitted:
    """Fit, test and set the thresholds of one species.

    presence, background: predictors, (cells, predictors), none missing; presence_at, background_at:
    x and y of the same cells, (cells, 2), m.
    """
    model = fit(presence, background, is_category, knots=design.knots, strength=design.strength)
    at_presence, elsewhere = predict(model, presence), predict(model, background)
    _, threshold = tss(at_presence, elsewhere)
    return Fitted(
        model,
        cross_validate(presence, background, presence_at, background_at, is_category, design),
        threshold,
        omission_threshold(at_presence, design.omission),
    )


def cross_validate(
    presence: Floats,
    background: Floats,
    presence_at: Floats,
    background_at: Floats,
    is_category: Sequence[bool],
    design: Design,
) -> Scores | None:
    """Each fold is predicted by a model of the others; scores of all such predictions together."""
    folds = spatial_folds(presence_at, background_at, design.block, design.folds, design.seed)
    if folds is None:
        return None
    of_presence, of_background = folds
    hits, others = np.empty(len(presence), np.float32), np.empty(len(background), np.float32)
    for fold in range(int(of_presence.max()) + 1):
        in_p, in_b = of_presence == fold, of_background == fold
        model = fit(
            presence[~in_p], background[~in_b], is_category,
            knots=design.knots, strength=design.strength,
        )  # fmt: skip
        hits[in_p], others[in_b] = predict(model, presence[in_p]), predict(model, background[in_b])
    best, _ = tss(hits, others)
    return Scores(auc(hits, others), best, boyce(hits, others), int(of_presence.max()) + 1)


# -- records, background, predictors ---------------------------------------------------------------


def thin(cells: Ints) -> Ints:
    """One record a cell: the cells that hold records, in order."""
    return np.unique(cells)


def ranks(cells: Ints, seed: int, name: str = "") -> NDArray[np.uint64]:
    """A random number for each cell that depends on the cell, the seed and a name only.

    The n cells of the lowest ranks are a random sample, the same however the grid is cut into
    blocks. Mixing function of Steele, Lea & Flood 2014 (splitmix64).
    """
    start = (seed * 0x9E3779B97F4A7C15 + zlib.crc32(name.encode())) % 2**64
    x = np.asarray(cells).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(start)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def sample(cells: Ints, most: int, seed: int, name: str = "") -> Ints:
    """At most so many of the cells, at random, in order."""
    if len(cells) <= most:
        return np.sort(cells)
    return np.sort(cells[np.argsort(ranks(cells, seed, name), kind="stable")[:most]])


@dataclass(frozen=True)
class DroppedPredictor:
    """A predictor left out: it says what another says (r with `like`), or nothing (like "")."""

    name: str
    like: str
    r: float


def independent(
    values: Floats, names: Sequence[str], is_category: Sequence[bool], limit: float
) -> tuple[list[str], list[DroppedPredictor]]:
    """The predictors to use, in the order given, and those left out.

    values: (cells, predictors). A predictor goes when |r| (Pearson) with one before it that stays
    is above the limit, or when it is the same everywhere; codes are not compared (Dormann et al.
    2013, Ecography 36:27).
    """
    kept: list[int] = []
    dropped: list[DroppedPredictor] = []
    for p, name in enumerate(names):
        if np.ptp(values[:, p]) == 0:
            dropped.append(DroppedPredictor(name, "", float("nan")))
            continue
        likes = [] if is_category[p] else [
            (q, _correlation(values[:, p], values[:, q])) for q in kept if not is_category[q]
        ]  # fmt: skip
        q, r = max(likes, key=lambda pair: abs(pair[1]), default=(0, 0.0))
        if abs(r) > limit:
            dropped.append(DroppedPredictor(name, names[q], r))
        else:
            kept.append(p)
    return [names[p] for p in kept], dropped


def _correlation(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def spatial_folds(
    presence_at: Floats, background_at: Floats, block: float, folds: int, seed: int
) -> tuple[Ints, Ints] | None:
    """The fold of each presence and background cell: whole blocks, presences spread evenly.

    presence_at, background_at: x, y in m; block: side in m. Every fold holds presences; there are
    fewer folds than asked when fewer blocks do, and None when only one does.
    """
    places = np.floor(np.vstack([presence_at, background_at]) / block).astype(np.int64)
    _, of_cell = np.unique(places, axis=0, return_inverse=True)
    of_cell = of_cell.reshape(-1)
    count = int(of_cell.max()) + 1
    held = np.bincount(of_cell[: len(presence_at)], minlength=count)
    folds = min(folds, int((held > 0).sum()))
    if folds < 2:
        return None
    weight = np.bincount(of_cell, minlength=count)
    fold_of_block = _dealt(held, weight, folds, ranks(np.arange(count), seed, "blocks"))
    fold = fold_of_block[of_cell]
    return fold[: len(presence_at)], fold[len(presence_at) :]


def _dealt(held: Ints, weight: Ints, folds: int, rank: NDArray[np.uint64]) -> Ints:
    """Blocks to folds: the fullest first, each to the fold that has the least so far."""
    load = np.zeros((folds, 2), np.int64)  # presences, then cells
    fold = np.empty(len(held), np.int64)
    for b in np.lexsort((rank, -weight, -held)):
        column = 0 if held[b] else 1
        fold[b] = int(np.argmin(load[:, column]))
        load[fold[b]] += (held[b], weight[b])
    return fold


# -- how good, and from which suitability on -------------------------------------------------------


def auc(presence: NDArray[np.floating], background: NDArray[np.floating]) -> float:
    """The chance that a presence is more suitable than a background cell, ties counting half.

    Area under the receiver operating characteristic, by ranks (Hanley & McNeil 1982).
    """
    order = np.sort(background)
    below = np.searchsorted(order, presence, "left")
    upto = np.searchsorted(order, presence, "right")
    return float((below + upto).sum() / (2.0 * len(presence) * len(background)))


def tss(presence: NDArray[np.floating], background: NDArray[np.floating]) -> tuple[float, float]:
    """The largest true skill statistic, sensitivity + specificity - 1, and its threshold.

    Suitable means at least the threshold; among equals the lowest. Allouche et al. 2006.
    """
    hits, others = np.sort(presence), np.sort(background)
    thresholds = np.unique(hits)  # elsewhere a threshold can only lose
    sensitivity = 1.0 - np.searchsorted(hits, thresholds, "left") / len(hits)
    specificity = np.searchsorted(others, thresholds, "left") / len(others)
    skill = sensitivity + specificity - 1.0
    best = int(np.argmax(skill))
    return float(skill[best]), float(thresholds[best])


def omission_threshold(presence: NDArray[np.floating], share: float) -> float:
    """The highest suitability of a presence that leaves out at most this share of them."""
    return float(np.sort(presence)[int(np.floor(share * len(presence) + 1e-9))])


def boyce(
    presence: NDArray[np.floating], background: NDArray[np.floating], windows: int = 101
) -> float:
    """Continuous Boyce index: Spearman's r of suitability and of presences over expectation.

    Hirzel et al. 2006, Ecological Modelling 199:142: windows a tenth of the range of suitability
    wide, moved evenly over it; in each the share of presences over the share of background cells.
    Windows without background say nothing. NaN when suitability is the same everywhere.
    """
    hits, others = np.sort(presence.astype(np.float64)), np.sort(background.astype(np.float64))
    low, high = min(hits[0], others[0]), max(hits[-1], others[-1])
    if high <= low:
        return float("nan")
    width = (high - low) / 10.0
    starts = np.linspace(low, high - width, windows)
    predicted, expected = _share(hits, starts, width), _share(others, starts, width)
    told = expected > 0
    ratio = predicted[told] / expected[told]
    if len(ratio) < 2 or np.ptp(ratio) == 0:
        return float("nan")
    return _correlation(_ranked(ratio), _ranked(starts[told]))


def _share(ordered: Floats, starts: Floats, width: float) -> Floats:
    """Share of the values in each window, both ends included."""
    first = np.searchsorted(ordered, starts, "left")
    last = np.searchsorted(ordered, starts + width, "right")
    return np.asarray((last - first) / len(ordered))


def _ranked(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs."""
    ordered = np.sort(values)
    low = np.searchsorted(ordered, values, "left")
    return np.asarray((low + np.searchsorted(ordered, values, "right") + 1) / 2.0)
