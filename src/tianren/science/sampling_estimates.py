"""What a random sample of checks says afterwards: violation rates with exact intervals.

N units, n visited, k of them in violation. Intervals are two-sided with equal tails and hold at
least with the stated confidence.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tianren.science.sampling import Share, exact, first_that, require_confidence, require_within


class Stratum(NamedTuple):
    """Units, visits, and violations among the visits."""

    N: int
    n: int
    k: int


def at_most(N: int, D: int, n: int, k: int) -> Fraction:
    """P(X <= k) = sum of C(D, i) C(N - D, n - i) / C(N, n) over i <= k: at most k of D violations
    are among n visits. The hypergeometric law; Cochran 1977, Sampling Techniques, section 3.5."""
    return Fraction(_ways(N, D, n, k), math.comb(N, n))


def _ways(N: int, D: int, n: int, k: int) -> int:
    """In how many samples of n at most k of D violations are."""
    first = max(0, n - (N - D))
    if k < first:
        return 0
    if k >= min(n, D):
        return math.comb(N, n)
    ways = total = math.comb(D, first) * math.comb(N - D, n - first)
    for i in range(first, k):
        ways = ways * ((D - i) * (n - i)) // ((i + 1) * (N - D - n + i + 1))
        total += ways
    return total


def bounds(N: int, n: int, k: int, confidence: Share) -> tuple[int, int]:
    """The fewest and the most violations D among N units: all D with P(X >= k) > a and
    P(X <= k) > a, a = (1 - confidence) / 2. Buonaccorsi 1987, The American Statistician 41:215."""
    require_within("visits", n, N)
    require_within("violations found", k, n)
    a = (1 - require_confidence(confidence)) / 2
    samples = math.comb(N, n)
    few = math.floor(a * samples)  # a tail is above a when more samples than these are in it
    low, high = k, N - (n - k)  # what was seen is certain
    fewest = first_that(lambda D: samples - _ways(N, D, n, k - 1) > few, low, high)
    return fewest, first_that(lambda D: _ways(N, D, n, k) <= few, low, high + 1) - 1


def clopper_pearson(n: int, k: int, confidence: Share) -> tuple[float, float]:
    """The interval of a rate where k of n independent checks were in violation: the quantiles a of
    Beta(k, n - k + 1) and 1 - a of Beta(k + 1, n - k). Clopper & Pearson 1934, Biometrika 26:404.

    For points drawn in an area, whose number has no end; of no check nothing is known.
    """
    from scipy.special import betainccinv, betaincinv

    require_within("violations found", k, n)
    a = float(1 - require_confidence(confidence)) / 2
    low = float(betaincinv(k, n - k + 1, a)) if k > 0 else 0.0
    high = float(betainccinv(k + 1, n - k, a)) if k < n else 1.0
    return low, high


def stratified_rate(strata: Sequence[Stratum]) -> float:
    """p = sum(N_h k_h / n_h) / sum(N_h), 0..1. Cochran 1977, section 5.3.

    NaN where a stratum with units has no visit: nothing is known of it.
    """
    own = [s for s in strata if s.N > 0]
    if not own or any(s.n == 0 for s in own):
        return math.nan
    return float(sum(Fraction(s.N * s.k, s.n) for s in own) / sum(s.N for s in own))


def stratified_bounds(strata: Sequence[Stratum], confidence: Share) -> tuple[int, int]:
    """The fewest and the most violations in all strata: the sums of each stratum's bounds at
    confidence^(1 / number of strata), for strata are drawn independently. Sidak 1967, Journal of
    the American Statistical Association 62:626. They hold at least with the confidence, and are
    wide."""
    own = [s for s in strata if s.N > 0]
    if not own:
        return 0, 0
    each = root(require_confidence(confidence), len(own))
    found = [bounds(s.N, s.n, s.k, each) for s in own]
    return sum(low for low, _ in found), sum(high for _, high in found)


def root(share: Fraction, count: int) -> Fraction:
    """The count-th root, rounded up in the twelfth decimal, so that its power is not less."""
    if count == 1:
        return share
    return exact(math.ceil(float(share) ** (1 / count) * 10**12)) / 10**12
