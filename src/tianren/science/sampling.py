"""Random samples for checks in the field: how many visits, which ones, and what they can see.

N units of which D are in violation; n are visited, and a violation that is visited is seen. Units
are drawn without replacement from a finite population. Probabilities are computed in whole numbers
and rounded once, when they are given back.
"""

import hashlib
import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from tianren.errors import UserError

Share = float | Fraction


# -- one population --------------------------------------------------------------------------------


def missed_all(N: int, D: int, n: int) -> Fraction:
    """P(k = 0) = C(N - D, n) / C(N, n) = C(N - n, D) / C(N, D): none of D violations is among n
    visits. The hypergeometric law; Cochran 1977, Sampling Techniques, section 3.5."""
    require_within("visits", n, N)
    require_within("violations", D, N)
    few, many = sorted((n, D))
    return Fraction(math.comb(N - many, few), math.comb(N, few))


def power(N: int, D: int, n: int) -> float:
    """P(k >= 1) = 1 - C(N - D, n) / C(N, n): at least one of D violations is seen. Cannon & Roe
    1982, Livestock Disease Surveys."""
    return float(1 - missed_all(N, D, n))


def violations_at(N: int, rate: Share) -> int:
    """ceil(rate N): the fewest violations with which the rate is at least `rate`, 0..1.

    A decimal is taken as it is written: 0.07 of 100 are 7, not 8.
    """
    wanted = exact(rate)
    if not 0 < wanted <= 1:
        raise UserError(
            f"a violation rate of {rate} cannot be looked for",
            where="rate",
            next_step="give a share above 0 and at most 1, for instance 0.05",
        )
    return math.ceil(wanted * N)


def sample_size(N: int, D: int, confidence: Share) -> int:
    """min n with 1 - C(N - D, n) / C(N, n) >= confidence: the fewest visits that see at least one
    of D >= 1 violations. Cannon 2001, Preventive Veterinary Medicine 49:141, without its
    approximation."""
    wanted = 1 - require_confidence(confidence)
    require_within("violations", D, N)
    if D == 0:
        raise UserError(
            f"no sample of {N} units shows that there is no violation at all",
            where="violations",
            next_step="say from how many violations, or from which rate, one is to be seen",
        )
    return first_that(lambda n: missed_all(N, D, n) <= wanted, 0, N - D + 1)


def most_missed(N: int, n: int, confidence: Share) -> int:
    """max D with C(N - D, n) / C(N, n) > 1 - confidence: the most violations that there can be
    where n visits found none. One-sided; Wright 1991, Exact Confidence Bounds when Sampling from
    Small Finite Universes."""
    rest = 1 - require_confidence(confidence)
    require_within("visits", n, N)
    if n == 0:
        return N
    return first_that(lambda D: missed_all(N, D, n) <= rest, 0, N - n + 1) - 1


def excluded_rate(N: int, n: int, confidence: Share) -> float:
    """(most_missed + 1) / N: the violation rate, as a share, that is excluded with all above it
    where n visits found none; above 1 none is."""
    return (most_missed(N, n, confidence) + 1) / N


# -- strata ----------------------------------------------------------------------------------------


def worst_spread(sizes: Sequence[int], visits: Sequence[int], D: int) -> list[int]:
    """Of all ways in which D violations can lie in strata, the one that is missed most likely.

    The next violation goes to where it is least likely to be seen, n_h / (N_h - D_h). Since
    C(N_h - D_h, n_h) is log-concave in D_h, no other spread is missed more likely. Design choice;
    the greedy rule is that of Fox 1966, Management Science 13:210.
    """
    _require_strata(sizes, visits)
    require_within("violations", D, sum(sizes))
    spread = [0] * len(sizes)
    queue = [(_seen_next(sizes[h], visits[h], 0), h) for h in range(len(sizes)) if sizes[h]]
    heapq.heapify(queue)
    for _ in range(D):
        _, h = queue[0]
        spread[h] += 1
        if spread[h] < sizes[h]:
            heapq.heapreplace(queue, (_seen_next(sizes[h], visits[h], spread[h]), h))
        else:
            heapq.heappop(queue)
    return spread


def _seen_next(N: int, n: int, D: int) -> Fraction:
    """How likely a violation more is seen where the D before it are not; 1 or more: for certain."""
    return Fraction(n, N - D)


def missed_all_in_strata(sizes: Sequence[int], visits: Sequence[int], D: int) -> Fraction:
    """The product over strata of C(N_h - D_h, n_h) / C(N_h, n_h) at the worst spread of D
    violations: at most so likely are all missed. Strata are drawn independently; Cochran 1977,
    chapter 5."""
    spread = worst_spread(sizes, visits, D)
    parts = (missed_all(*one) for one in zip(sizes, spread, visits, strict=True))
    return math.prod(parts, start=Fraction(1))


def power_in_strata(sizes: Sequence[int], visits: Sequence[int], D: int) -> float:
    """At least so likely is one of D violations seen, wherever they lie."""
    return float(1 - missed_all_in_strata(sizes, visits, D))


def most_missed_in_strata(sizes: Sequence[int], visits: Sequence[int], confidence: Share) -> int:
    """The most violations that there can be in all strata where no visit found any: max D that the
    worst spread hides with more than 1 - confidence. One-sided."""
    rest = 1 - require_confidence(confidence)
    most = sum(sizes)
    return first_that(lambda D: missed_all_in_strata(sizes, visits, D) <= rest, 0, most + 1) - 1


def sample_size_in_strata(
    sizes: Sequence[int], weights: Sequence[float], D: int, confidence: Share
) -> int:
    """The fewest visits, allocated by weight, that see one of D violations wherever they lie."""
    wanted = 1 - require_confidence(confidence)
    least, most = sum(size > 0 for size in sizes), sum(sizes)
    if D == 0:
        return sample_size(most, D, confidence)  # which says why there is none

    def enough(total: int) -> bool:
        visits = allocate(total, sizes, weights)
        return missed_all_in_strata(sizes, visits, D) <= wanted

    return first_that(enough, least, most)


def allocate(total: int, sizes: Sequence[int], weights: Sequence[float]) -> list[int]:
    """Visits by stratum, together `total`, at least one and at most all of each: each next visit
    goes to the stratum with the largest w_h / sqrt(n_h (n_h + 1)).

    With w_h = N_h it is proportional, with w_h = N_h S_h the optimum of Neyman 1934 in whole
    numbers; Wright 2012, The American Statistician 66:217. Ties go to the stratum that comes first.
    """
    least, most = sum(size > 0 for size in sizes), sum(sizes)
    if not least <= total <= most:
        raise UserError(
            f"{total} visits cannot be spread over {least} strata of {most} units",
            where="visits",
            next_step=f"plan {least} to {most} visits, or merge strata",
        )
    visits = [min(size, 1) for size in sizes]
    queue = [(-_priority(w, 1), h) for h, w in enumerate(weights) if sizes[h] > 1]
    heapq.heapify(queue)
    for _ in range(total - least):
        _, h = queue[0]
        visits[h] += 1
        if visits[h] < sizes[h]:
            heapq.heapreplace(queue, (-_priority(weights[h], visits[h]), h))
        else:
            heapq.heappop(queue)
    return visits


def _priority(weight: float, n: int) -> float:
    if not (math.isfinite(weight) and weight >= 0):
        raise UserError(
            f"a stratum cannot weigh {weight}",
            where="weights",
            next_step="give numbers that are 0 or more",
        )
    return weight / math.sqrt(n * (n + 1))


def neyman_weight(N: int, rate: float) -> float:
    """N_h S_h with S_h = sqrt(p (1 - p)): the weight of a stratum in which a share p of the units
    is expected in violation. Neyman 1934; Cochran 1977, section 5.5."""
    if not 0.0 <= rate <= 1.0:
        raise UserError(
            f"a stratum cannot have a violation rate of {rate}",
            where="expected rate",
            next_step="give a share from 0 to 1",
        )
    return N * math.sqrt(rate * (1.0 - rate))


# -- drawing ---------------------------------------------------------------------------------------


def choose(ids: Iterable[str], n: int, seed: int) -> list[str]:
    """n of the units, each set of n equally likely over seeds: those with the smallest random
    numbers, sha256(seed, id). Permanent random numbers; Ohlsson 1995, Business Survey Methods,
    chapter 9.

    The order of the units does not matter, more visits keep the earlier ones, and a unit that comes
    or goes changes one visit at most.
    """
    units = list(ids)
    if len(set(units)) < len(units):
        twice = sorted({unit for unit in units if units.count(unit) > 1})
        raise UserError(
            f"{len(twice)} units are listed more than once",
            where=", ".join(twice[:3]),
            next_step="give each unit its own name",
        )
    require_within("visits", n, len(units))
    return heapq.nsmallest(n, units, key=lambda unit: (random_number(seed, unit), unit))


def random_number(seed: int, name: str) -> int:
    """A number from 0 to 2^256 - 1 that belongs to a name under a seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}\n{name}".encode()).digest())


# -- what is asked ---------------------------------------------------------------------------------


def exact(share: Share) -> Fraction:
    """The share as it is written: 0.05 is 1/20."""
    return share if isinstance(share, Fraction) else Fraction(str(share))


def require_confidence(confidence: Share) -> Fraction:
    found = exact(confidence)
    if 0 < found < 1:
        return found
    raise UserError(
        f"a confidence of {confidence} cannot be reached by a sample",
        where="confidence",
        next_step="give a share between 0 and 1, for instance 0.95",
    )


def require_within(what: str, count: int, of: int) -> None:
    if not 0 <= count <= of:
        raise UserError(
            f"there cannot be {count} {what} among {of}",
            where=what,
            next_step=f"give 0 to {of}",
        )


def _require_strata(sizes: Sequence[int], visits: Sequence[int]) -> None:
    for size, n in zip(sizes, visits, strict=True):
        require_within("visits", n, size)


def first_that(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first whole number from low on for which it holds; from there on it holds, at high too.

    high itself is not asked.
    """
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
