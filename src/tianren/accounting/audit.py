"""An auditor's eye: figures that cannot all be true, whatever stands behind them.

Each printed number is taken as the range of values that rounding or cutting off allows; a
contradiction is a set of ranges that have nothing in common. Nothing is guessed: a finding names
every number it rests on and where each stands.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

from tianren.accounting.figures import (
    AREA,
    LENGTH,
    PERCENT,
    By,
    Figure,
    subject_of,
)
from tianren.findings import Finding, Severity, worst_first
from tianren.language import say
from tianren.science.percent import percent

Key = tuple[str, str, str, By]
Range = tuple[float, float]
MODES = ("round", "trunc")


def audit(figures: Sequence[Figure]) -> list[Finding]:
    """Every contradiction among figures (errors) and what is worth knowing of them (notes)."""
    found = [f for figure in figures for f in _one_percentage(figure)]
    found += _same_quantity(figures)
    found += _sums(figures)
    found += _wholes(figures)
    found += _ways_of_writing(figures)
    return worst_first(found)


def contradictions(findings: Iterable[Finding]) -> list[Finding]:
    return [f for f in findings if f.severity is Severity.ERROR]


def _told(rule: str, subject: str, message: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(f"audit.{rule}", subject, severity, message, "an identity of arithmetic")


# -- one percentage ------------------------------------------------------------------------------


def totals_that_fit(figure: Figure, mode: str) -> Range | None:
    """The smallest and the largest whole number of which the count is that percentage, or None."""
    if figure.count is None or not figure.exactly:
        return None
    if figure.total is not None:
        return (figure.total, figure.total) if _gives(figure, figure.total, mode) else None
    shown = round(Fraction(figure.printed.replace(",", "")) * 10**figure.places)  # in last digits
    # doubled, so that half a digit is whole: low / 2 <= 100 n / N < high / 2, in last digits
    low, high = (2 * shown, 2 * shown + 2) if mode == "trunc" else (2 * shown - 1, 2 * shown + 1)
    doubled = 200 * figure.count * 10**figure.places
    least = max(figure.count, 1, doubled // high + 1)
    most = doubled // low if low > 0 else math.inf
    return (least, most) if least <= most else None


def _gives(figure: Figure, total: int, mode: str) -> bool:
    wanted = float(figure.printed.replace(",", ""))
    count = figure.count or 0
    return count <= total and percent(count, total, mode, figure.places) == wanted


def _one_percentage(figure: Figure) -> list[Finding]:
    if figure.kind != PERCENT:
        return []
    if figure.exactly and (figure.low > 100 or figure.high < 0):
        message = say("{figure} is no share of anything", figure=figure.told)
        return [_told("percent", subject_of(figure.key), message)]
    if figure.count is None or not figure.exactly:
        return []
    if any(totals_that_fit(figure, mode) for mode in MODES):
        return []
    of = say("{n} things", n=f"{figure.total:,}") if figure.total else say("any number of things")
    message = say(
        "{count} of {of} is never {percent} %, rounded or cut off [{source}]",
        count=f"{figure.count:,}", of=of, percent=figure.printed, source=figure.source,
    )  # fmt: skip
    return [_told("percent", subject_of(figure.key), message)]


def _ways_of_writing(figures: Sequence[Figure]) -> list[Finding]:
    """How many percentages can only be rounded, and how many can only be cut off."""
    counted = [f for f in figures if f.kind == PERCENT and f.count is not None and f.exactly]
    fits = [tuple(bool(totals_that_fit(f, mode)) for mode in MODES) for f in counted]
    rounded = sum(fit == (True, False) for fit in fits)
    cut = sum(fit == (False, True) for fit in fits)
    if not cut:
        return []
    message = say(
        "of {n} percentages with their count, {cut} can only be cut off after the last digit, "
        "{rounded} can only be rounded", n=len(counted), cut=cut, rounded=rounded,
    )  # fmt: skip
    return [_told("cut_off", "%", message, Severity.NOTE)]


# -- the same quantity twice -----------------------------------------------------------------------


def _same_quantity(figures: Sequence[Figure]) -> list[Finding]:
    found = []
    for key, mine in _grouped(figures).items():
        kinds: dict[str, list[Figure]] = defaultdict(list)
        for figure in mine:
            kinds[figure.kind].append(figure)
        if AREA in kinds and LENGTH in kinds:
            message = say("an area and a length: {figures}", figures=_listed(mine))
            found.append(_told("units", subject_of(key), message))
        found += [f for same in kinds.values() for f in _disagree(key, same)]
    return found


def _grouped(figures: Sequence[Figure]) -> dict[Key, list[Figure]]:
    groups: dict[Key, list[Figure]] = defaultdict(list)
    for figure in figures:
        groups[figure.key].append(figure)
    return groups


def _listed(figures: Iterable[Figure]) -> str:
    return "; ".join(dict.fromkeys(f.told for f in figures))


def _disagree(key: Key, same: Sequence[Figure]) -> list[Finding]:
    """A finding when the values of one quantity have no true value in common."""
    if not _apart([(f.low, f.high) for f in same]):
        return []
    if len({f.unit for f in same}) > 1:
        message = say("no conversion makes these one amount: {figures}", figures=_listed(same))
        if times := _power_of_ten(same):
            message = say("{message}; they are {times} times apart", message=message, times=times)
        return [_told("units", subject_of(key), message)]
    message = say("one quantity, different values: {figures}", figures=_listed(same))
    return [_told("same_quantity", subject_of(key), message)]


def _apart(ranges: Sequence[Range]) -> bool:
    """Whether some two ranges have no value in common."""
    return max(low for low, _ in ranges) > min(high for _, high in ranges)


def _power_of_ten(same: Sequence[Figure]) -> str:
    """The power of ten, if any, by which the largest and the smallest are about apart."""
    middle = [(f.low + f.high) / 2 for f in same if math.isfinite(f.low + f.high)]
    middle += [f.low if math.isfinite(f.low) else f.high
               for f in same if not math.isfinite(f.low + f.high)]  # fmt: skip
    if min(middle) <= 0:
        return ""
    size = math.log10(max(middle) / min(middle))
    return f"{10 ** round(size):,}" if round(size) >= 1 and abs(size - round(size)) < 0.02 else ""


# -- parts and their total -------------------------------------------------------------------------


def _sums(figures: Sequence[Figure]) -> list[Finding]:
    found = []
    groups = _grouped(figures)
    for key, mine in groups.items():
        for dimension in sorted({d for f in mine for d in f.adds}):
            parts = _parts(groups, key, dimension)
            for kind in sorted({f.kind for f in mine}):
                same = [f for f in mine if f.kind == kind]
                found += _against(key, same, _of_kind(parts, kind))
    return found


def _parts(groups: dict[Key, list[Figure]], key: Key, dimension: str) -> list[list[Figure]]:
    """The figures of each class of a dimension below a quantity."""
    indicator, place, period, by = key
    return [
        mine
        for (i, p, t, b), mine in groups.items()
        if (i, p, t) == (indicator, place, period)
        and dimension in dict(b)
        and tuple(pair for pair in b if pair[0] != dimension) == by
    ]


def _of_kind(parts: Iterable[Sequence[Figure]], kind: str) -> list[list[Figure]]:
    same = [[f for f in part if f.kind == kind] for part in parts]
    return [part for part in same if part]


def _against(
    key: Key, totals: Sequence[Figure], parts: Sequence[Sequence[Figure]]
) -> list[Finding]:
    """A finding when a total is not what its parts make."""
    if len(parts) < 2:
        return []
    wholes = {f.whole for f in totals} | {f.whole for part in parts for f in part}
    pooled = totals[0].kind == PERCENT and wholes in ({""}, set())
    low, high = _pooled(parts) if pooled else _added(parts)
    wrong = [f for f in totals if f.low > high or f.high < low]
    if not wrong:
        return []
    made = f"{low:,.2f} to {high:,.2f} %" if totals[0].kind == PERCENT else _amount(low, high)
    message = say(
        "{totals} is not what its parts make, {made}: {parts}",
        totals=_listed(wrong), made=made, parts=_listed(f for part in parts for f in part),
    )  # fmt: skip
    return [_told("parts", subject_of(key), message)]


def _amount(low: float, high: float) -> str:
    middle = (low + high) / 2
    return f"{middle:,.0f}" if abs(middle) >= 1000 else f"{middle:,.6g}"


def _hull(part: Sequence[Figure]) -> Range:
    return min(f.low for f in part), max(f.high for f in part)


def _added(parts: Sequence[Sequence[Figure]]) -> Range:
    ranges = [_hull(part) for part in parts]
    return math.fsum(low for low, _ in ranges), math.fsum(high for _, high in ranges)


def _pooled(parts: Sequence[Sequence[Figure]]) -> Range:
    """The percentage of all parts together: from their counts, else between the least and the
    greatest of them."""
    counts = [_counted(part) for part in parts]
    known = [c for c in counts if c is not None]
    if len(known) < len(parts):
        ranges = [_hull(part) for part in parts]
        return min(low for low, _ in ranges), max(high for _, high in ranges)
    held = sum(n for n, _, _ in known)
    return 100 * held / sum(most for *_, most in known), 100 * held / sum(o for _, o, _ in known)


def _counted(part: Sequence[Figure]) -> tuple[int, float, float] | None:
    """The count of a part, and the smallest and the largest total that it can be of."""
    for figure in part:
        fits = [fit for mode in MODES if (fit := totals_that_fit(figure, mode))]
        if figure.count is not None and fits:
            return figure.count, min(low for low, _ in fits), max(high for _, high in fits)
    return None


# -- shares of one whole ---------------------------------------------------------------------------


def _wholes(figures: Sequence[Figure]) -> list[Finding]:
    """Amounts with their share of one whole: each says how large the whole is."""
    names = sorted({f.whole for f in figures if f.whole})
    return [f for name in names for f in _whole(name, figures)]


def _whole(name: str, figures: Sequence[Figure]) -> list[Finding]:
    said: list[tuple[Range, str]] = [
        ((f.low, f.high), f.told) for f in figures
        if f.indicator == name and not f.by and f.kind == AREA
    ]  # fmt: skip
    for key, mine in _grouped([f for f in figures if f.whole == name]).items():
        shares = _each([f for f in mine if f.kind == PERCENT and f.low > 0 and f.high < math.inf])
        amounts = _each([f for f in mine if f.kind == AREA and math.isfinite(f.low + f.high)])
        said += [_implied(key, share, amount) for share in shares for amount in amounts]
    if len(said) < 2 or not _apart([r for r, _ in said]):
        return []
    message = say("shares of one whole: {all}", all="; ".join(dict.fromkeys(t for _, t in said)))
    return [_told("whole", name, message)]


def _each(figures: Sequence[Figure]) -> list[Figure]:
    """One figure a printed number."""
    return list({(f.printed, f.unit): f for f in figures}.values())


def _implied(key: Key, share: Figure, amount: Figure) -> tuple[Range, str]:
    """What an amount and its share say of the whole, and that in words."""
    size = (100 * amount.low / share.high, 100 * amount.high / share.low)
    told = say(
        "{what}: {amount} = {share}, so the whole is {low} to {high} km2",
        what=subject_of(key), amount=amount.told, share=share.told,
        low=f"{size[0] / 1e6:,.0f}", high=f"{size[1] / 1e6:,.0f}",
    )  # fmt: skip
    return size, told
