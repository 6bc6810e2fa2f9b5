"""A unit's scorecard: how well it kept area, nature, function, activity and management.

Each indicator is a percent (quality: points of its index), turned into a score 0 to 100 along a
line between two dated parameters. What is not known is not zero: its weight goes to what is known,
first within its part, then among parts, and that is told; low and high say what the score would be
if all that is not known were worst or best. Where too little is known there is no grade.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import in_tongue, say
from tianren.management.supervision_figures import Conduct
from tianren.management.three_no import climate_neutral, kept_natural
from tianren.measures import Measure, in_order, indicators
from tianren.parameters import Parameters, Table
from tianren.science.ecological_quality import Index, ei, eqi

PARTS: Mapping[str, tuple[str, ...]] = {
    "area": ("area_kept",),
    "nature": ("nature_kept",),
    "function": ("function_kept",),
    "activity": ("disturbed", "approved"),
    "management": ("in_time", "markers", "assessed"),
}
INDEXES = ("EI", "EQI")
GRADES = ("excellent", "good", "fair", "poor")
GRADE_NAMES = {
    "excellent": "Excellent",
    "good": "Good",
    "fair": "Fair",
    "poor": "Poor",
}
SOURCE = "Tianren: How the line is supervised; HJ 1143-2020 was not read"
METHOD = "points along a line between two parameters; weights of what is not known go to the rest"


# -- what is known of a unit -----------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """So much of a whole, in one unit: square metres, cases, markers."""

    part: float
    whole: float


@dataclass(frozen=True)
class Area:
    """Area of the line in the unit, m2: on the day of the baseline, now, and what left it for
    causes that the law names."""

    before: float
    now: float
    exempt: float = 0.0


@dataclass(frozen=True)
class Change:
    """A function's total in the unit before and now, and in a reference region where there is one,
    all in the function's unit."""

    before: float
    now: float
    reference_before: float | None = None
    reference_now: float | None = None


@dataclass(frozen=True)
class Quality:
    """The parts of EI or EQI before and now (science.ecological_quality: EI_PARTS, EQI_PARTS).
    restricted: classes by which restrictions take the index down now."""

    index: str
    before: Mapping[str, float]
    now: Mapping[str, float]
    restricted: int = 0


@dataclass(frozen=True)
class UnitFacts:
    """What is known of a unit for its scorecard; what is None is not known.

    nature: of the land that was natural, that which still is, m2. functions: by name. quality: used
    where no function is known. disturbed: newly disturbed area that no list admits, of the line,
    m2. approved: occupations with approval, of all found. in_time: cases of supervision that ended
    in time, of those that ended or should have. markers: standing, of those set. assessed: areas or
    zones assessed, of those to be assessed. sources: of all of it.
    """

    unit: str
    area: Area | None = None
    nature: Share | None = None
    functions: Mapping[str, Change] = field(default_factory=dict)
    quality: Quality | None = None
    disturbed: Share | None = None
    approved: Share | None = None
    in_time: Share | None = None
    markers: Share | None = None
    assessed: Share | None = None
    sources: tuple[str, ...] = ()


def with_conduct(facts: UnitFacts, found: Conduct, approved: int, looked: bool) -> UnitFacts:
    """The facts with what supervision tells of the unit.

    approved: occupations with approval that stand in it. looked: whether the whole unit was looked
    at, by images, patrols or a sample: where nobody looked, nothing found is not known, not none.
    """
    occupations = approved + found.unapproved
    line = facts.area.now if facts.area else math.nan
    return replace(
        facts,
        disturbed=Share(found.disturbed_m2, line) if looked or found.disturbed_m2 else None,
        approved=Share(approved, occupations) if looked or found.unapproved else None,
        in_time=Share(found.in_time, found.ended + found.late_open),
    )


# -- how it is scored ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scoring:
    """The parameters of a day. weights: of parts; within: of indicators; full, zero: the values
    that have all points and none; grades: lower limits; known_share: needed for a grade."""

    weights: Table
    within: Table
    full: Table
    zero: Table
    grades: Table
    known_share: float
    parameters: Parameters

    def index(self, name: str) -> Index:
        """EI or EQI, asked for only where it is used: each is in force from its own day on."""
        return ei(self.parameters) if name == "EI" else eqi(self.parameters)

    def grade_of(self, score: float) -> str:
        """The grade of a score; a limit belongs to the better grade."""
        reached = [g for g in GRADES[:-1] if round(score, 9) >= self.grades[g]]
        return reached[0] if reached else GRADES[-1]


def scoring(parameters: Parameters) -> Scoring:
    """How units are scored by the parameters of the day; UserError where they cannot be used."""
    found = Scoring(
        parameters.table("scorecard.weights"),
        parameters.table("scorecard.weights_within"),
        parameters.table("scorecard.full"),
        parameters.table("scorecard.zero"),
        parameters.table("scorecard.grades"),
        float(parameters.share("scorecard.known_share")),
        parameters,
    )
    _require_weights("scorecard.weights", found.weights, set(PARTS))
    _require_weights(
        "scorecard.weights_within", found.within, {i for part in PARTS.values() for i in part}
    )
    _require_lines(found)
    return found


def _require_weights(name: str, table: Table, rows: set[str]) -> None:
    wrong = [key for key, w in table.items() if not (math.isfinite(w) and w >= 0)]
    if set(table) != rows or wrong or sum(table.values()) <= 0:
        raise UserError(
            f"the parameter {name} is no table of weights",
            where=", ".join(sorted(set(table) ^ rows) + wrong) or name,
            next_step=f"give numbers from 0 on, not all 0, for {', '.join(sorted(rows))}",
        )


def _require_lines(found: Scoring) -> None:
    """Every indicator has two ends that differ, and grades fall."""
    same = [key for key, value in found.full.items() if found.zero.get(key, value) == value]
    limits = [found.grades.get(g, math.nan) for g in GRADES[:-1]]
    if same or set(found.full) != set(found.zero) or sorted(limits, reverse=True) != limits:
        raise UserError(
            "the parameters of the scorecard contradict each other",
            where=", ".join(same) or "scorecard.full, scorecard.zero, scorecard.grades",
            next_step="give each indicator two different values, and grades from excellent down",
        )


def area_kept(now: float, before: float, exempt: float) -> float:
    """A1 / (A0 - A_exempt), 1: area now over what the law asks to be kept; whole where it asks
    nothing. Areas in one unit."""
    asked = before - exempt
    return 1.0 if asked <= 0.0 else now / asked


def linear_score(value: float, zero: float, full: float) -> float:
    """100 (value - zero) / (full - zero), held to 0..100: points along a line. Design choice."""
    return min(max(100.0 * (value - zero) / (full - zero), 0.0), 100.0)


def grade_name(grade: str | None) -> str:
    """What a grade is called."""
    return say(GRADE_NAMES[grade]) if grade else say("no grade")


# -- one unit --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One indicator of a scorecard. value: in percent, or points of an index; it and the score are
    None where it is not known. nominal: its weight if all were known; weight: as it counts; 0..1.
    """

    indicator: str
    part: str
    value: float | None
    score: float | None
    nominal: float
    weight: float


@dataclass(frozen=True)
class Scorecard:
    """A unit's scorecard. parts: the score of each part of which something is known. score: None
    where nothing is known; low, high: if what is not known were worst, best; known: share of the
    weights, 0..1; grade: None where too little is known."""

    unit: str
    lines: tuple[Line, ...]
    parts: Mapping[str, float]
    score: float | None
    low: float
    high: float
    known: float
    grade: str | None
    measures: tuple[Measure, ...] = ()
    findings: tuple[Finding, ...] = ()


def scorecards(units: Iterable[UnitFacts], rules: Scoring, period: str) -> list[Scorecard]:
    """The scorecard of each unit, by unit; UserError where one is given twice."""
    every = sorted(units, key=lambda u: u.unit)
    twice = [a.unit for a, b in pairwise(every) if a.unit == b.unit]
    if twice:
        raise UserError(
            "a unit has two sets of facts", where=", ".join(twice), next_step="give each one"
        )
    return [scorecard(unit, rules, period) for unit in every]


def scorecard(facts: UnitFacts, rules: Scoring, period: str) -> Scorecard:
    """The scorecard of one unit."""
    told = _Told(facts, rules, period)
    values = {
        "area_kept": _area(told),
        "nature_kept": _nature(told),
        "function_kept": _functions(told),
        "disturbed": _share("disturbed", facts.disturbed, told),
        "approved": _share("approved", facts.approved, told),
        "in_time": _share("in_time", facts.in_time, told),
        "markers": _share("markers", facts.markers, told),
        "assessed": _share("assessed", facts.assessed, told),
    }
    card = _card(facts.unit, _lines(values, rules), rules)
    _tell_unknown(card, told)
    _measure(card, told)
    return replace(card, measures=tuple(in_order(told.measures)), findings=tuple(told.findings))


def _card(unit: str, lines: tuple[Line, ...], rules: Scoring) -> Scorecard:
    by_part = {part: _mean([x for x in lines if x.part == part]) for part in PARTS}
    score = _mean(lines)
    known = math.fsum(x.nominal for x in lines if x.score is not None)
    low = math.fsum(x.nominal * x.score for x in lines if x.score is not None)
    enough = score is not None and round(known, 9) >= rules.known_share
    return Scorecard(
        unit,
        lines,
        {part: s for part, s in by_part.items() if s is not None},
        score,
        low,
        min(low + 100.0 * (1.0 - known), 100.0),
        known,
        rules.grade_of(score) if score is not None and enough else None,
    )


def _mean(lines: Iterable[Line]) -> float | None:
    """The mean score of the lines that are known, by weight; None where none counts."""
    own = [(x.weight, x.score) for x in lines if x.score is not None]
    total = math.fsum(w for w, _ in own)
    return math.fsum(w * s for w, s in own) / total if total > 0 else None


# What is known of an indicator: its value and score, or None.
_Known = tuple[float, float] | None


def _lines(values: Mapping[str, _Known], rules: Scoring) -> tuple[Line, ...]:
    """The indicators with their weights: nominal, and with those of unknown ones passed on."""
    nominal = _weights({part: list(own) for part, own in PARTS.items()}, rules)
    known = {part: [i for i in own if values[i] is not None] for part, own in PARTS.items()}
    weights = _weights(known, rules)
    lines = []
    for part, own in PARTS.items():
        for i in own:
            value, score = values[i] or (None, None)
            line = Line(i, part, value, score, nominal.get(i, 0.0), weights.get(i, 0.0))
            lines.append(line)
    return tuple(lines)


def _weights(parts: Mapping[str, list[str]], rules: Scoring) -> dict[str, float]:
    """The weight of each indicator, together 1: of its part among the parts with one, of it among
    those of its part; empty where none weighs anything."""
    inside = {part: math.fsum(rules.within[i] for i in own) for part, own in parts.items()}
    counted = {part: rules.weights[part] for part, total in inside.items() if total > 0}
    total = math.fsum(counted.values())
    if total <= 0:
        return {}
    return {
        i: (counted[part] / total) * (rules.within[i] / inside[part])
        for part in counted
        for i in parts[part]
    }


# -- the value of each indicator -------------------------------------------------------------------


@dataclass
class _Told:
    """What is being said of one unit: its measures and findings as they are made."""

    facts: UnitFacts
    rules: Scoring
    period: str
    measures: list[Measure] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def measure(
        self,
        name: str,
        value: float,
        unit: str,
        *by: tuple[str, str],
        low: float | None = None,
        high: float | None = None,
    ) -> None:
        indicator = f"scorecard.{name}"
        method = METHOD if name in ("score", "grade", "known") else indicators()[indicator].formula
        self.measures.append(
            Measure(indicator, self.facts.unit, self.period, value, unit, by, low, high, method,
                    self.facts.sources)
        )  # fmt: skip

    def find(self, rule: str, severity: Severity, message: str) -> None:
        self.findings.append(
            Finding(f"scorecard.{rule}", self.facts.unit, severity, message, SOURCE)
        )

    def points(self, name: str, value: float) -> float:
        return linear_score(value, self.rules.zero[name], self.rules.full[name])


def _amount(value: float, told: _Told, name: str) -> float | None:
    """The amount; None for NaN, which is not known; UserError for one that cannot be."""
    if math.isnan(value):
        return None
    if value < 0 or math.isinf(value):
        raise UserError(
            f"{name} cannot be {value:g}",
            where=f"scorecard of {told.facts.unit}",
            next_step="give a number from 0 on, or leave it out where it is not known",
        )
    return value


def _share(name: str, share: Share | None, told: _Told) -> _Known:
    """A share as percent; not known where there is nothing to take a share of."""
    if share is None:
        return None
    part, whole = _amount(share.part, told, name), _amount(share.whole, told, name)
    if part is None or whole is None or whole == 0:
        return None
    if part > whole * (1 + 1e-9):
        raise UserError(
            f"{name} is {part:g} of {whole:g}",
            where=f"scorecard of {told.facts.unit}",
            next_step="give a part that is no larger than its whole",
        )
    value = 100.0 * part / whole
    told.measure(name, value, "%")
    return value, told.points(name, value)


def _area(told: _Told) -> _Known:
    area = told.facts.area
    if area is None:
        return None
    parts = [_amount(x, told, "area") for x in (area.now, area.before, area.exempt)]
    if None in parts or area.before == 0:
        return None
    value = 100.0 * area_kept(area.now, area.before, area.exempt)
    told.measure("area_kept", value, "%")
    if value < told.rules.full["area_kept"]:
        lost = area.before - area.exempt - area.now
        message = say("{area} m2 left the line without a cause that the law names",
                      area=f"{lost:,.0f}")  # fmt: skip
        told.find("area_lost", Severity.WARNING, message)
    return value, told.points("area_kept", value)


def _nature(told: _Told) -> _Known:
    nature = told.facts.nature
    if nature is None:
        return None
    parts = [_amount(x, told, "nature") for x in (nature.part, nature.whole)]
    kept = None if None in parts else kept_natural(nature.whole, nature.part)
    if kept is None:
        return None
    if nature.part > nature.whole * (1 + 1e-9):
        raise UserError(
            f"more land is still natural ({nature.part:g} m2) than was ({nature.whole:g} m2)",
            where=f"scorecard of {told.facts.unit}",
            next_step="give of the land that was natural that which still is",
        )
    value = 100.0 * kept
    told.measure("nature_kept", value, "%")
    if value < told.rules.full["nature_kept"]:
        message = say("{area} m2 of natural land turned artificial",
                      area=f"{nature.whole - nature.part:,.0f}")  # fmt: skip
        told.find("nature_lost", Severity.WARNING, message)
    return value, told.points("nature_kept", value)


def _functions(told: _Told) -> _Known:
    """The mean score of the functions that are known; the quality index where none is."""
    found = [
        change
        for name in sorted(told.facts.functions)
        if (change := _function(name, told.facts.functions[name], told)) is not None
    ]
    if not found:
        return _quality(told)
    scores = [told.points("function_kept", change) for change in found]
    return math.fsum(found) / len(found), math.fsum(scores) / len(scores)


def _function(name: str, change: Change, told: _Told) -> float | None:
    """What changed of one function besides the climate, in percent; None where it is not known."""
    if math.isnan(change.before) or math.isnan(change.now) or change.before <= 0:
        message = say("of {function} there was nothing to be kept, or it is not known",
                      function=name)  # fmt: skip
        told.find("function_unknown", Severity.NOTE, message)
        return None
    before, now = change.reference_before, change.reference_now
    if before is None or now is None or not (before > 0 and now > 0):
        message = say("without a reference region the change of {function} has the climate in it",
                      function=name)  # fmt: skip
        told.find("no_reference", Severity.NOTE, message)
        before = now = 1.0
    value = 100.0 * (climate_neutral(change.now, before, now) / change.before - 1.0)
    told.measure("function_kept", value, "%", ("function", name))
    if value < told.rules.full["function_kept"]:
        message = say("{function} fell by {percent} %", function=name, percent=f"{-value:.1f}")
        told.find("function_lost", Severity.WARNING, message)
    return value


def _quality(told: _Told) -> _Known:
    """EI or EQI where no function is known: points by its change."""
    quality = told.facts.quality
    if quality is None:
        return None
    if quality.index not in INDEXES:
        raise UserError(
            f"there is no index of quality called {quality.index}",
            where=f"scorecard of {told.facts.unit}",
            next_step=f"name one of {', '.join(INDEXES)}",
        )
    index = told.rules.index(quality.index)
    before, now = index.value(quality.before), index.value(quality.now)
    grade = index.class_of(now, quality.restricted)
    told.measure("quality", now, "1", ("index", index.id), ("class", grade))
    told.measure("quality_change", now - before, "1", ("index", index.id),
                 ("change", index.change_of(before, now)))  # fmt: skip
    message = say("no function is known: the change of {index} stands in", index=index.id)
    told.find("quality_instead", Severity.NOTE, message)
    return now - before, told.points(f"quality_{index.id}", now - before)


# -- what is told ----------------------------------------------------------------------------------


def indicator_name(indicator: str) -> str:
    """What an indicator of the scorecard is called."""
    return in_tongue(indicators()[f"scorecard.{indicator}"].name)


def _tell_unknown(card: Scorecard, told: _Told) -> None:
    """Which weights were passed on, and where too little is known for a grade."""
    if card.score is None:
        told.find("nothing_known", Severity.WARNING, say("nothing is known of it: no score"))
        return
    for line in card.lines:
        if line.score is None and line.nominal > 0:
            message = say(
                "not known: {indicator}; its weight of {percent} % goes to what is known",
                indicator=indicator_name(line.indicator), percent=f"{100 * line.nominal:.1f}",
            )  # fmt: skip
            told.find("unknown", Severity.NOTE, message)
    if card.grade is None:
        message = say(
            "{known} % of the weights are known and {needed} % are needed: no grade",
            known=f"{100 * card.known:.0f}", needed=f"{100 * told.rules.known_share:.0f}",
        )  # fmt: skip
        told.find("no_grade", Severity.WARNING, message)


def _measure(card: Scorecard, told: _Told) -> None:
    if card.score is None:
        return
    told.measure("score", card.score, "1", low=card.low, high=card.high)
    told.measure("known", 100.0 * card.known, "%")
    for part, score in card.parts.items():
        told.measure("score", score, "1", ("part", part))
    if card.grade is not None:
        rank = float(len(GRADES) - GRADES.index(card.grade))
        told.measure("grade", rank, "1", ("grade", card.grade))


def grade_measures(cards: Iterable[Scorecard], place: str, period: str) -> list[Measure]:
    """How many units have each grade, and none."""
    grades = [card.grade or "none" for card in cards]
    return [
        Measure("scorecard.units", place, period, float(grades.count(grade)), "1",
                (("grade", grade),), method=METHOD)
        for grade in (*GRADES, "none")
    ]  # fmt: skip


def table(cards: Iterable[Scorecard]) -> list[dict[str, object]]:
    """One row a unit: grade, score, bounds, parts, and each indicator's value, score and weight;
    what is not known is None."""
    rows = []
    for card in cards:
        row: dict[str, object] = {
            "unit": card.unit, "grade": card.grade, "score": card.score, "low": card.low,
            "high": card.high, "known": card.known,
        }  # fmt: skip
        row |= {part: card.parts.get(part) for part in PARTS}
        for line in card.lines:
            row[line.indicator] = line.value
            row[f"{line.indicator}_score"] = line.score
            row[f"{line.indicator}_weight"] = line.weight
        rows.append(row)
    return rows
