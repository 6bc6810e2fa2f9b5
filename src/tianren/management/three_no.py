"""The three no's: no less area, no loss of function, no change of nature.

With them the two things that a line is also for: connection and species. Each check gives what was
before and after, by how much it differs, and whether that passes; None where it is not known.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from tianren.language import say
from tianren.parameters import Parameters
from tianren.records import Plain

SOURCE = "the three no's; tolerances are parameters, adjustment.*"
IMPROVED, STABLE, DECLINED = "improved", "stable", "declined"


@dataclass(frozen=True)
class Check:
    """One check. kind: area, function, nature, connectivity, species, seams; subject: of which
    function or species; before, after: in the unit; short: by how much it fails, in that unit, 0
    where it passes; passed: None where it is not known."""

    kind: str
    subject: str
    before: float | None
    after: float | None
    unit: str
    short: float
    passed: bool | None
    message: str

    @property
    def change(self) -> float | None:
        """(after - before) / before; None where before is nothing or not known."""
        if self.before is None or self.after is None or self.before == 0:
            return None
        return (self.after - self.before) / self.before


@dataclass(frozen=True)
class ThreeNo:
    """All checks of a proposal. place: within which they were made."""

    place: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return not self.failed

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if check.passed is False]

    @property
    def unknown(self) -> list[Check]:
        return [check for check in self.checks if check.passed is None]

    def plain(self) -> Plain:
        """As the journal keeps it."""
        return {
            "place": self.place, "passed": self.passed,
            "failed": [f"{c.kind} {c.subject}".strip() for c in self.failed],
            "unknown": [f"{c.kind} {c.subject}".strip() for c in self.unknown],
            "checks": [asdict(check) for check in self.checks],
        }  # fmt: skip


def three_no_from(plain: Plain) -> ThreeNo:
    return ThreeNo(str(plain["place"]), tuple(Check(**check) for check in plain["checks"]))


def signed(value: float, decimals: int) -> str:
    """A change with its sign; what is shown as nothing has none."""
    text = f"{value:+,.{decimals}f}"
    return text if any(digit in "123456789" for digit in text) else text[1:]


# -- area ------------------------------------------------------------------------------------------


def area_check(before: int, after: int, exempt: int, parameters: Parameters) -> Check:
    """A1 >= A0 - A_exempt, less what mapping may lose. Areas in whole m2; exempt: what is lost by
    causes that the law exempts."""
    tolerance = parameters.share("adjustment.area_tolerance")
    unexplained = before - after - exempt
    allowed = Fraction(before) * tolerance
    passed = unexplained <= allowed
    message = say(
        "area {change} km2, of which {exempt} km2 lost by exempt causes; unexplained loss {loss} "
        "km2, {allowed} km2 accepted",
        change=signed((after - before) / 1e6, 4), exempt=f"{exempt / 1e6:,.4f}",
        loss=f"{max(unexplained, 0) / 1e6:,.4f}", allowed=f"{float(allowed) / 1e6:,.4f}",
    )  # fmt: skip
    short = 0.0 if passed else float(math.ceil(unexplained - allowed))  # whole m2, enough
    return Check("area", "", float(before), float(after), "m2", short, passed, message)


# -- function --------------------------------------------------------------------------------------


def climate_neutral(after: float, reference_before: float, reference_after: float) -> float:
    """The later total as it would be in the earlier climate: F1 R0 / R1, by the ratio of the same
    function over a reference region that did not change."""
    return after * reference_before / reference_after if reference_after else after


def graded_change(before: float, after: float, tolerance: float) -> str:
    """improved at +tolerance or more, stable within it, else declined."""
    if before == 0:
        return IMPROVED if after > 0 else STABLE
    change = (after - before) / before
    if change >= tolerance:
        return IMPROVED
    return STABLE if abs(change) < tolerance else DECLINED


def function_check(
    name: str, before: float, after: float, unit: str, parameters: Parameters
) -> Check:
    """The total of a function on the old and the new line, climate already taken out."""
    tolerance = parameters.number("adjustment.function_tolerance")
    grade = graded_change(before, after, tolerance)
    change = 100 * (after - before) / before if before else 0.0
    grades = {IMPROVED: say("improved"), STABLE: say("stable"), DECLINED: say("declined")}
    message = say("{function} {change} %: {grade}", function=name, change=signed(change, 3),
                  grade=grades[grade])  # fmt: skip
    passed = grade != DECLINED
    short = 0.0 if passed else before * (1 - tolerance) - after
    return Check("function", name, before, after, unit, short, passed, message)


# -- nature ----------------------------------------------------------------------------------------


def kept_natural(natural_before: float, natural_both: float) -> float | None:
    """N = A_nat(t1) n A_nat(t0) / A_nat(t0): the share of natural land that stayed natural; None
    where there was none."""
    return natural_both / natural_before if natural_before > 0 else None


def conversion_check(
    natural_before: float | None, natural_both: float | None, where: str = ""
) -> Check:
    """No natural land of the line was made artificial. m2; None: no two land covers are known."""
    subject = where or "conversion"
    if natural_before is None or natural_both is None:
        message = say("conversion of natural land is not known: no two land covers")
        return Check("nature", subject, None, None, "m2", 0.0, None, message)
    kept = kept_natural(natural_before, natural_both)
    lost = natural_before - natural_both
    share = 100.0 if kept is None else 100 * kept
    message = say("{share} % of natural land stayed natural; {lost} km2 were converted",
                  share=f"{share:.3f}", lost=f"{lost / 1e6:,.4f}")  # fmt: skip
    return Check("nature", subject, natural_before, natural_both, "m2", lost, lost <= 0, message)


def additions_check(area: float, artificial: float | None, parameters: Parameters) -> Check | None:
    """What comes in is natural, but for a share that coarse land cover mixes in; None where nothing
    comes in."""
    if area <= 0:
        return None
    if artificial is None:
        message = say("whether additions are natural is not known: no land cover")
        return Check("nature", "additions", None, None, "m2", 0.0, None, message)
    limit = parameters.number("adjustment.artificial_limit") * area
    passed = artificial <= limit
    message = say("{share} % of what comes in was made by people, {limit} % accepted",
                  share=f"{100 * artificial / area:.2f}",
                  limit=f"{100 * limit / area:.2f}")  # fmt: skip
    short = 0.0 if passed else artificial - limit
    return Check("nature", "additions", 0.0, artificial, "m2", short, passed, message)


# -- connection and species ------------------------------------------------------------------------


def connectivity_check(before: float, after: float, parameters: Parameters) -> Check:
    """Equivalent connected area (ECA, Saura et al. 2011) of the line before and after, m2."""
    tolerance = parameters.number("adjustment.connectivity_tolerance")
    passed = after >= before * (1 - tolerance)
    change = 100 * (after - before) / before if before else 0.0
    message = say("connected area {change} %", change=signed(change, 3))
    short = 0.0 if passed else before * (1 - tolerance) - after
    return Check("connectivity", "", before, after, "m2", short, passed, message)


def species_checks(held: Mapping[str, tuple[float, float]], parameters: Parameters) -> list[Check]:
    """Species -> m2 of its range that the line holds before and after; only what changes is told,
    what fails first."""
    tolerance = parameters.number("adjustment.species_tolerance")
    found = []
    for name, (before, after) in sorted(held.items()):
        if before == after:
            continue
        passed = after >= before * (1 - tolerance)
        change = 100 * (after - before) / before if before else 100.0
        message = say("{species}: held range {change} %", species=name, change=signed(change, 2))
        short = 0.0 if passed else before * (1 - tolerance) - after
        found.append(Check("species", name, before, after, "m2", short, passed, message))
    return sorted(found, key=lambda c: (bool(c.passed), c.change or 0.0, c.subject))


def seams_check(before: float | None, after: float | None) -> Check | None:
    """The share of the administrative borders that the line touches across which it goes on; None
    where it touches none. A loss is told and does not fail: the other side answers for its own."""
    if before is None and after is None:
        return None
    was, now = before or 0.0, after or 0.0
    message = say("the line goes on across {after} % of the borders that it touches here, {before} "
                  "% before", after=f"{100 * now:.1f}", before=f"{100 * was:.1f}")  # fmt: skip
    return Check("seams", "", was, now, "1", 0.0, True, message)


@dataclass(frozen=True)
class Deficit:
    """What a proposal lacks, so that candidates can be looked for. area: m2; functions: name -> in
    its unit."""

    area: float = 0.0
    functions: Mapping[str, float] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        return self.area <= 0 and not self.functions


def deficit(test: ThreeNo) -> Deficit:
    """What more land would have to bring for a proposal to pass."""
    area = sum(c.short for c in test.failed if c.kind == "area")
    functions = {c.subject: c.short for c in test.failed if c.kind == "function"}
    return Deficit(area, functions)


def lines_of(checks: Sequence[Check]) -> list[str]:
    """Each check as a line of a terminal."""
    marks: dict[Any, str] = {True: say("pass"), False: say("FAIL"), None: say("unknown")}
    return [f"  {marks[check.passed]:<8} {check.message}" for check in checks]
