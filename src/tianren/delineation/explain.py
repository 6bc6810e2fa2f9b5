"""Why is this red? The answer for a cell or a piece, from what a run has stored.

Nothing is computed anew: values, grades, cuts, must-include areas, conflicts and what the spatial
step did are read, put beside their thresholds, and told in words.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tianren.delineation.must_include import kind_name
from tianren.delineation.pieces import CRITERIA, FUNCTIONS
from tianren.delineation.redline import (
    CORE,
    CORRIDOR,
    DEDUCTED,
    DROPPED,
    FILLED,
    MUST,
    NO_DATA,
    OUTSIDE,
    PLAIN,
)
from tianren.language import say
from tianren.raster.cuts import Cuts, rank
from tianren.raster.raster import MISSING

DECISION_NAMES = {"keep": "keep", "retire": "retire", "deduct": "deduct"}
INSIDE = (CORE, MUST, FILLED, CORRIDOR)


@dataclass(frozen=True)
class Book:
    """What a run says of itself, read once.

    criteria: rows of criteria.json; cuts: criterion -> zone code -> Cuts; line: line.json;
    parameters: id -> row of run.toml; inputs: source -> row of run.toml; zones: zone code -> its
    name ("Yunnan, land").
    """

    run: str
    criteria: Sequence[Mapping[str, Any]]
    cuts: Mapping[str, Mapping[int, Cuts]]
    line: Mapping[str, Any]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    zones: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """What the stored rasters hold in one cell. must, conflicts: bits; sites: where known."""

    lon: float
    lat: float
    row: int
    column: int
    step: int
    piece: int
    zone: int
    must: int
    conflicts: int
    values: Mapping[str, float]
    grades: Mapping[str, int]
    sites: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Why:
    """One criterion at a place: its value beside its threshold, and what is behind it.

    rank: the share of the function's total that strictly better land holds, between two bounds.
    share_percent: of a piece, how much of it is graded 5; mean, highest: over a piece;
    zones: where grading is by zone, (zone, threshold) of each zone that a piece lies in, the one
    with most of it first; threshold is then None if they are several.
    """

    criterion: str
    name: str
    kind: str
    status: str
    reason: str = ""
    method: str = ""
    unit: str = ""
    value: float | None = None
    grade: int | None = None
    threshold: float | None = None
    rank: tuple[float, float] | None = None
    share_percent: float | None = None
    highest: float | None = None
    zones: tuple[tuple[str, float], ...] = ()
    layers: tuple[str, ...] = ()
    parameters: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Explanation:
    """The answer to `tianren explain`."""

    run: str
    place: str
    inside: bool
    statement: str
    step: str
    piece: Mapping[str, Any] | None
    criteria: tuple[Why, ...]
    must_include: tuple[Mapping[str, Any], ...]
    conflicts: tuple[Mapping[str, Any], ...]
    changes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def text(self) -> str:
        """The answer for a terminal: the statement, the table, what would change it."""
        parts = [self.statement, self.step]
        if self.piece:
            parts.append(_piece_text(self.piece))
        parts += ["", *(_why_text(why) for why in self.criteria if why.status == "computed")]
        parts += [_must_text(m) for m in self.must_include]
        parts += [_conflict_text(c) for c in self.conflicts]
        if self.changes:
            head = say("To fall out:") if self.inside else say("To come in:")
            parts += ["", head, *(f"  {change}" for change in self.changes)]
        return "\n".join([*parts, "", *_behind_text(self.criteria), say("Run {run}", run=self.run)])


def explain_cell(sample: Sample, book: Book, piece: Mapping[str, Any] | None) -> Explanation:
    """Why one cell is inside or outside. piece: the row of the polygon layer it lies in."""
    reasons = tuple(_why_cell(plan, sample, book) for plan in book.criteria)
    must, conflicts = _must_here(sample, book), _conflicts_here(sample, book)
    inside = sample.step in INSIDE
    place = f"{sample.lat:.5f}, {sample.lon:.5f}"
    changes = _to_fall_out(reasons, must, sample, book) if inside else _to_come_in(
        reasons, conflicts, sample, book
    )  # fmt: skip
    return Explanation(
        book.run,
        say("latitude {lat}, longitude {lon}", lat=f"{sample.lat:.5f}", lon=f"{sample.lon:.5f}"),
        inside,
        _statement(sample.step, place),
        _step_text(sample.step, book),
        piece,
        reasons,
        must,
        conflicts,
        tuple(changes),
    )


def explain_piece(
    piece: Mapping[str, Any],
    counts: Mapping[str, Mapping[str, Any]],
    book: Book,
    zones: Sequence[int] = (),
) -> Explanation:
    """Why one piece is inside. counts: criterion -> its row of pieces.csv for this piece;
    zones: where grading is by zone, the codes of those it lies in, the largest part first."""
    within = tuple(zones) or ({"land": 1, "sea": 2}[str(piece["realm"])],)
    reasons = tuple(_why_piece(plan, counts, within, book) for plan in book.criteria)
    kinds = [k.strip() for k in str(piece.get("must_include") or "").split(",") if k.strip()]
    must = tuple(m for m in book.line["must"] if m["kind"] in kinds)
    changes = [_piece_change(why) for why in reasons if why.share_percent]
    changes += [_delisting(m) for m in must]
    area = float(piece["area_m2"]) / 1e6
    statement = say(
        "{code} {name}: {area} km2, inside the line.",
        code=piece["code"], name=piece["name"], area=f"{area:,.1f}",
    )  # fmt: skip
    return Explanation(
        book.run, str(piece["code"]), True, statement, str(piece.get("reasons") or ""), piece,
        reasons, must, (), tuple(changes),
    )  # fmt: skip


def _why_cell(plan: Mapping[str, Any], sample: Sample, book: Book) -> Why:
    name = str(plan["criterion"])
    value = sample.values.get(name, math.nan)
    grade = sample.grades.get(name, MISSING)
    cuts = book.cuts.get(name, {}).get(sample.zone)
    ranked = None if cuts is None or not cuts.graded or math.isnan(value) else rank(cuts, value)
    return _why(
        plan,
        book,
        value=None if math.isnan(value) else value,
        grade=None if grade == MISSING else grade,
        threshold=_threshold(name, sample.zone, book),
        rank=ranked,
    )


def _why_piece(
    plan: Mapping[str, Any],
    counts: Mapping[str, Mapping[str, Any]],
    within: Sequence[int],
    book: Book,
) -> Why:
    name = str(plan["criterion"])
    found = counts.get(name)
    if found is None:
        return _why(plan, book)
    known = [(z, _threshold(name, z, book)) for z in within]
    limits = [(book.zones.get(z, ""), limit) for z, limit in known if limit is not None]
    alike = len({t for _, t in limits}) == 1
    return _why(
        plan,
        book,
        value=_number(found["mean"]),
        highest=_number(found["highest"]),
        share_percent=float(found["share_5_percent"]),
        threshold=limits[0][1] if alike else None,
        zones=() if alike else tuple(limits),
        grade=5 if float(found["share_5_percent"]) > 0 else None,
    )


def _number(text: Any) -> float | None:
    return None if text in (None, "") else float(text)


def _why(plan: Mapping[str, Any], book: Book, **found: Any) -> Why:
    name = str(plan["criterion"])
    ids = book.line.get("parameters", {}).get(name, [])
    return Why(
        name,
        say(CRITERIA[name]),
        str(plan.get("kind") or ("function" if name in FUNCTIONS else "sensitivity")),
        str(plan["status"]),
        str(plan.get("reason") or ""),
        say(str(plan.get("method") or "")),
        str(plan.get("unit") or ""),
        layers=tuple(plan.get("inputs") or ()),
        parameters=tuple(book.parameters[i] for i in ids if i in book.parameters),
        **found,
    )


def _threshold(name: str, zone: int, book: Book) -> float | None:
    """The value from which (or, of a score, above which) a cell is graded 5."""
    cuts = book.cuts.get(name, {})
    if zone in cuts and cuts[zone].graded:
        return cuts[zone].thresholds[0]
    limits = book.line.get("limits", {}).get(name)
    return float(limits[-1]) if limits else None


def _bits(value: int, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for i, row in enumerate(rows) if value != MISSING and value >> i & 1]


def _must_here(sample: Sample, book: Book) -> tuple[Mapping[str, Any], ...]:
    """The entries that hold here, each with the names of its sites where they are known."""
    found = []
    for row in _bits(sample.must, book.line["must"]):
        mine = (row["name"], row["level"])
        sites = sorted({str(s["site"]) for s in sample.sites if (s["entry"], s["level"]) == mine})
        found.append({**row, "sites": sites})
    return tuple(found)


def _conflicts_here(sample: Sample, book: Book) -> tuple[Mapping[str, Any], ...]:
    return tuple(_bits(sample.conflicts, book.line["conflicts"]))


def _statement(step: int, place: str) -> str:
    texts = {
        CORE: say("{place} is inside the line: a function or sensitivity is extreme here."),
        MUST: say("{place} is inside the line: it must be included."),
        FILLED: say("{place} is inside the line: it was a small hole, and was filled."),
        CORRIDOR: say("{place} is inside the line: it lies in a corridor."),
        DROPPED: say("{place} is outside the line: its patch was too small."),
        DEDUCTED: say("{place} is outside the line: a conflict was deducted."),
        NO_DATA: say("{place} is outside the line: no function or sensitivity has a value here."),
        PLAIN: say("{place} is outside the line: nothing is extreme here."),
        OUTSIDE: say("{place} is outside the region."),
    }
    return texts[step].format(place=place)


def _step_text(step: int, book: Book) -> str:
    """What the spatial step did here, with its limit."""
    minimum, hole = (f"{book.line[k] / 1e6:g}" for k in ("minimum_m2", "hole_m2"))
    if step == FILLED:
        return say("Holes of at most {limit} km2 are filled.", limit=hole)
    if step == DROPPED:
        return say(
            "Patches below {limit} km2 without must-include land are dropped.", limit=minimum
        )
    if step == DEDUCTED:
        return say("Deducted land stays outside, whatever surrounds it.")
    return say("The spatial step left it as it was.")


def _to_fall_out(
    reasons: Sequence[Why], must: Sequence[Mapping[str, Any]], sample: Sample, book: Book
) -> list[str]:
    """Everything that would have to change, all of it together."""
    changes = [_fall(why) for why in reasons if why.grade == 5]
    changes += [_delisting(m) for m in must]
    if sample.step == FILLED:
        return [
            *changes,
            say("the land around it would have to fall out, or the hole limit with it"),
        ]
    if sample.step == CORRIDOR:
        changes.append(say("the corridor would have to be given up"))
    if not must and book.line["cell_m2"] <= book.line["hole_m2"]:
        changes.append(
            say("and more than this cell: a hole of at most {limit} km2 would be filled again",
                limit=f"{book.line['hole_m2'] / 1e6:g}")
        )  # fmt: skip
    return changes


def _fall(why: Why) -> str:
    """How far a criterion would have to fall to leave grade 5."""
    if why.value is None or why.threshold is None:
        return say("{name} would have to end here", name=why.name)
    by = 100 * (why.value - why.threshold) / abs(why.value) if why.value else 0.0
    values = {
        "name": why.name, "value": _amount(why.value), "threshold": _amount(why.threshold),
        "unit": _unit(why.unit), "by": f"{by:.0f}" if by >= 1 else "<1",
    }  # fmt: skip
    if why.kind == "function":
        text = say("{name} would have to fall from {value} to below {threshold}{unit} ({by} %)")
    else:
        text = say("{name} would have to fall from {value} to {threshold}{unit} or less ({by} %)")
    return text.format(**values)


def _to_come_in(
    reasons: Sequence[Why],
    conflicts: Sequence[Mapping[str, Any]],
    sample: Sample,
    book: Book,
) -> list[str]:
    """Any one of these would do, but for what the spatial step asks besides."""
    if sample.step == OUTSIDE:
        return []
    if sample.step == DEDUCTED:
        names = ", ".join(str(c["name"]) for c in conflicts if c["decision"] == "deduct")
        return [say("the decision on {names} would have to be keep or retire", names=names)]
    if sample.step == DROPPED:
        limit = f"{book.line['minimum_m2'] / 1e6:g}"
        return [say("its patch would have to reach {limit} km2, or hold must-include land",
                    limit=limit)]  # fmt: skip
    return [_rise(w) for w in reasons if w.value is not None and w.threshold is not None]


def _rise(why: Why) -> str:
    text = (
        say("{name} would have to rise from {value} to {threshold}{unit}")
        if why.kind == "function"
        else say("{name} would have to rise from {value} to above {threshold}{unit}")
    )
    value, threshold = _amount(why.value or 0.0), _amount(why.threshold or 0.0)
    return text.format(name=why.name, value=value, threshold=threshold, unit=_unit(why.unit))


def _delisting(must: Mapping[str, Any]) -> str:
    names = ", ".join(must.get("sites") or [str(must["name"])])
    kind = kind_name(str(must["kind"]))
    return say("must-include as {kind} ({names}): it would have to be delisted",
               kind=kind, names=names)  # fmt: skip


def _piece_change(why: Why) -> str:
    if why.zones:
        return say("{name} would have to fall everywhere in it below {thresholds}",
                   name=why.name, thresholds=_by_zone(why))  # fmt: skip
    if why.threshold is None or why.highest is None:
        return say("{name} would have to end in all of it", name=why.name)
    by = 100 * (why.highest - why.threshold) / abs(why.highest) if why.highest else 0.0
    return say(
        "{name} would have to fall below {threshold}{unit} everywhere in it: "
        "by up to {by} % at its best cell",
        name=why.name, threshold=_amount(why.threshold), unit=_unit(why.unit), by=f"{by:.0f}",
    )  # fmt: skip


def _by_zone(why: Why) -> str:
    """The threshold of each zone: "12.0 mm/a in Bern, land; 15.0 mm/a in Vaud, land"."""
    unit = _unit(why.unit)
    told = [
        say("{threshold}{unit} in {zone}", threshold=_amount(limit), unit=unit, zone=zone)
        for zone, limit in why.zones
    ]
    return "; ".join(told)


def _amount(value: float) -> str:
    """Three significant digits, thousands grouped, no exponent for everyday numbers."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}" if digits <= 6 else f"{value:.3g}"


def _unit(unit: str) -> str:
    return "" if unit in ("", "1") else f" {unit}"


def _piece_text(piece: Mapping[str, Any]) -> str:
    return say(
        "Piece {code}: {name}, {area} km2, protection level {level}.",
        code=piece["code"], name=piece["name"], area=f"{float(piece['area_m2']) / 1e6:,.1f}",
        level=piece["level"],
    )  # fmt: skip


GRADE_NAMES = {
    "function": {5: "extremely important", 3: "important", 1: "ordinary", 0: "not applicable"},
    "sensitivity": {5: "extremely sensitive", 3: "sensitive", 1: "ordinary", 0: "not applicable"},
}


def _why_text(why: Why) -> str:
    """One criterion on one line."""
    if why.share_percent is not None:
        head = say("{share} % of the piece is {grade}", share=f"{why.share_percent:.1f}",
                   grade=say(GRADE_NAMES[why.kind][5]))  # fmt: skip
        middle = say("mean {value}{unit}", value=_optional(why.value), unit=_unit(why.unit))
    else:
        head = say(GRADE_NAMES[why.kind][why.grade]) if why.grade is not None else say("no data")
        middle = f"{_optional(why.value)}{_unit(why.unit)}"
    parts = [f"  {why.name}: {head}", middle]
    if why.threshold is not None:
        word = say("extreme from") if why.kind == "function" else say("extreme above")
        parts.append(f"{word} {_amount(why.threshold)}")
    if why.zones:
        parts.append(say("extreme from {thresholds}", thresholds=_by_zone(why)))
    if why.rank is not None:
        low, high = (f"{100 * r:.1f}" for r in why.rank)
        parts.append(say("better land holds {low} to {high} % of the total", low=low, high=high))
    return "; ".join(parts)


def _optional(value: float | None) -> str:
    return say("no value") if value is None else _amount(value)


def _must_text(must: Mapping[str, Any]) -> str:
    names = ", ".join(must.get("sites") or [str(must["name"])])
    kind = kind_name(str(must["kind"]))
    return "  " + say("must-include: {kind} ({names}), level {level}",
                      kind=kind, names=names, level=must["level"])  # fmt: skip


def _conflict_text(conflict: Mapping[str, Any]) -> str:
    decision = say(DECISION_NAMES[str(conflict["decision"])])
    name, reason = conflict["name"], conflict["reason"]
    return "  " + say(
        "conflict: {name}, {decision}: {reason}", name=name, decision=decision, reason=reason
    )


def _behind_text(criteria: Sequence[Why]) -> list[str]:
    """The layers and parameters behind the criteria that are extreme here."""
    mine = [why for why in criteria if why.grade == 5]
    layers = sorted({layer for why in mine for layer in why.layers})
    parameters = {str(p["id"]): p for why in mine for p in why.parameters}
    lines = []
    if layers:
        lines.append(say("Layers: {layers}", layers=", ".join(layers)))
    if parameters:
        unread = [name for name, p in parameters.items() if not p.get("verified")]
        names = ", ".join(sorted(parameters))
        lines.append(say("Parameters: {names} ({n} from memory, source not read)",
                         names=names, n=len(unread)))  # fmt: skip
    return lines
