"""What the report says, chapter by chapter, as plain blocks that the PDF and the page both draw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tianren.language import say
from tianren.measures import Measure
from tianren.reports import facts, numerals, palette, words
from tianren.reports.contents import Contents, Row
from tianren.reports.maps import Drawn
from tianren.reports.retelling import retold
from tianren.reports.sheet import MARGIN, WIDTH

Block = Mapping[str, Any]
MOST_PIECES = 60  # the report lists the largest; the workbook lists all
MOST_UNITS = 40  # administrative units in a table; the rest become one row, so that it adds up


@dataclass(frozen=True)
class Column:
    """One column of a table.

    kind: number (aligned right), text and wide (take the room), word (as wide as it is), hash.
    """

    head: str
    unit: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Chapter:
    """A chapter: its heading and its blocks in order."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class FirstPage:
    """What a minister reads."""

    sentences: tuple[str, ...]
    numbers: tuple[tuple[str, str, str], ...]  # value, unit, what it counts
    unverified: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The whole report in one language."""

    language: str
    title: str
    subtitle: str
    day: str
    labels: Mapping[str, str]
    first: FirstPage
    map: Drawn | None
    chapters: tuple[Chapter, ...] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """Plain values; a figure becomes its file's name."""
        plain = asdict(self)
        plain["map"] = _figure(self.map) if self.map else None
        return plain


def tell(contents: Contents, maps: Sequence[Drawn], charts: Sequence[Drawn]) -> Report:
    """Put a run's contents and figures in order, in the current language."""
    from tianren.reports.typeface import language_tag

    pictures = {d.path.stem: d for d in (*maps, *charts)}
    tellers: tuple[Callable[[Contents, Mapping[str, Drawn]], Chapter | None], ...] = (
        _how_drawn,
        _areas,
        _criteria,
        _functions,
        _maps_of_criteria,
        _decisions,
        _robustness,
        _pieces,
        _findings,
        _parameters,
        _inputs,
        _glossary,
        _how_to_check,
    )
    chapters = tuple(c for c in (teller(contents, pictures) for teller in tellers) if c)
    return Report(
        language=language_tag(),
        title=contents.title,
        subtitle=say("Ecological conservation redline: what it is, why, and how sure"),
        day=contents.day.isoformat(),
        labels=_labels(contents),
        first=first_page(contents),
        map=pictures.get("redline"),
        chapters=chapters,
    )


def _labels(contents: Contents) -> dict[str, str]:
    return {
        "unverified": say("What is unverified"),
        "contents": say("Contents"),
        "page": say("page"),
        "run": say("Run: {run}", run=contents.run_id),
        "day": say("Date: {day}", day=contents.day.isoformat()),
        "made_by": say("Made by Tianren {version}", version=contents.version),
        "total": say("Total"),
    }


# The first page ---------------------------------------------------------------------------------


def first_page(contents: Contents) -> FirstPage:
    return FirstPage(
        sentences=tuple(_sentences(contents)),
        numbers=tuple(_five_numbers(contents)),
        unverified=tuple(_unverified(contents)),
    )


def _sentences(contents: Contents) -> list[str]:
    return [
        _what_it_is(contents),
        _what_it_holds(contents),
        _what_it_rests_on(contents),
    ]


def _what_it_is(contents: Contents) -> str:
    areas = facts.areas_by_category(contents)
    total = sum(area for _, area in areas)
    if not total:
        return say("{statement}.", statement=facts.redline_statement(contents))
    told = [
        say(
            "{percent} in {category}",
            percent=numerals.percent(100 * area / total),
            category=words.in_sentence(words.category(name)),
        )
        for name, area in areas
    ]
    return say("Its area lies {parts}.", parts=words.listing(told))


def _what_it_holds(contents: Contents) -> str:
    told = [
        say("{percent} of {service}", percent=numerals.percent(share), service=words.service(n))
        for n in contents.computed
        if n in palette.FUNCTIONS and (share := facts.held(contents, n)) is not None
    ]
    if not told:
        return say("How much of each function it holds could not be computed.")
    return say("It holds {shares}.", shares=words.listing(told))


def _what_it_rests_on(contents: Contents) -> str:
    missing = [c for c in contents.criteria if c.get("status") == "missing"]
    if not missing:
        return say(
            "It rests on all {count} criteria that apply here.", count=len(contents.computed)
        )
    return say(
        "It rests on {count} criteria; not computed for want of layers: {names}.",
        count=len(contents.computed),
        names=words.listing([words.criterion(str(c["criterion"])) for c in missing]),
    )


def _five_numbers(contents: Contents) -> list[tuple[str, str, str]]:
    numbers = [(numerals.km2(facts.total_area(contents)), "km²", say("inside the redline"))]
    for realm in facts.realms(contents):
        share = facts.share_of(contents, realm)
        if share is not None:
            where = say("of the land") if realm == "land" else say("of the sea")
            numbers.append((numerals.percent_number(share), "%", where))
    if len(numbers) < 3:  # land and sea take two places
        numbers.append((numerals.number(facts.piece_count(contents), 0), "", say("pieces")))
    always = contents.always_inside
    if always is not None:
        certain = numerals.percent_number(always)
        numbers.append((certain, "%", say("of it inside in every draw")))
    else:
        numbers += _first_held(contents)
    unread, all_of_them = len(contents.unverified), len(contents.parameters)
    told = say("of {count} parameters unverified", count=all_of_them)
    return [*numbers, (str(unread), "", told)]


def _first_held(contents: Contents) -> list[tuple[str, str, str]]:
    """What the line holds of the first function that was computed."""
    for name in contents.computed:
        share = facts.held(contents, name)
        if share is not None:
            told = say("of {service}", service=words.service(name))
            return [(numerals.percent_number(share), "%", told)]
    return []


def _unverified(contents: Contents) -> list[str]:
    told = []
    names = sorted({words.parameter(str(p["id"])) for p in contents.unverified})
    if names:
        told.append(
            say(
                "{count} parameters are from memory, their source not read: {names}",
                count=len(contents.unverified),
                names=_some(names, 5),
            )
        )
    missing = sorted({words.layer(n["layer"]) for c in contents.criteria for n in _needs(c)})
    if missing:
        told.append(say("Layers missing: {names}", names=_some(missing, 8)))
    approximate = facts.approximate_layers(contents)
    if approximate:
        told.append(say("Layers that are only approximate: {names}", names=_some(approximate, 8)))
    serious = [f for f in contents.findings if f.severity != "note"]
    if serious:
        told.append(
            say(
                "Findings that weaken the result: {count}; all are listed below", count=len(serious)
            )
        )
    return told or [say("Nothing: every parameter's source was read and no layer is missing.")]


def _some(names: Sequence[str], most: int) -> str:
    if len(names) <= most:
        return words.listing(list(names))
    shown = say(", ").join(names[:most])
    return say("{shown} and {count} more", shown=shown, count=len(names) - most)


def _needs(criterion: Row) -> list[dict[str, str]]:
    """The layers that a criterion lacks: as tables, or as (layer, unit, where from) triples."""
    if criterion.get("status") != "missing":
        return []
    told = []
    for need in criterion.get("needs", []):
        if isinstance(need, Mapping):
            layer = str(need.get("layer") or need.get("name") or need.get("id", ""))
            told.append(
                {
                    "layer": layer,
                    "unit": str(need.get("unit", "")),
                    "where_from": str(need.get("where_from", "")),
                }
            )
        elif isinstance(need, str):
            told.append({"layer": need, "unit": "", "where_from": ""})
        else:
            told.append(dict(zip(("layer", "unit", "where_from"), map(str, need), strict=False)))
    return told


# Chapters ---------------------------------------------------------------------------------------


def _how_drawn(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    land = facts.region_area(contents)
    rows, areas = [], []
    for step, area in _steps(contents):
        rows.append([step, "", numerals.number(100 * area / land, 2) if land else "–"])
        areas.append(area)
    for row, text in zip(rows, _km2_column(areas), strict=True):
        row[1] = text
    columns = [
        Column(say("Step")),
        Column(say("Area"), "km²", "number"),
        Column(say("Of the region"), "%", "number"),
    ]
    intro = say(
        "The line is what is extremely important or extremely sensitive, with everything that must "
        "be included, less the conflicts that were deducted. Then holes up to the limit are filled "
        "and patches below the minimum are dropped. Areas of criteria and of must-include kinds "
        "overlap, so these rows do not add up."
    )
    return Chapter(say("How the line was drawn"), (_text(intro), _table("", columns, rows)))


def _steps(contents: Contents) -> list[tuple[str, float]]:
    found = []
    for name in contents.computed:
        area = facts.grade_areas(contents, name).get(5)
        if area is not None:
            best = words.grade(5, name in palette.SENSITIVITIES).lower()
            told = say("1. Core: {criterion}, {grade}", criterion=words.criterion(name), grade=best)
            found.append((told, area))
    for indicator, head in (
        ("must_include.area", say("2. Must-include")),
        ("conflict.area", say("3. Conflict")),
        ("spatial.change", say("4. Spatial step")),
    ):
        found += [(f"{head}: {_by(m)}", m.value) for m in _of(contents, indicator)]
    return [*found, (say("Result: the redline"), facts.total_area(contents))]


def _of(contents: Contents, indicator: str) -> list[Measure]:
    """Measures of an indicator that are broken down, by its coarsest breakdown."""
    found = [m for m in contents.measures if m.indicator == indicator and m.by]
    coarse = min((len(m.by) for m in found), default=0)
    return [m for m in found if len(m.by) == coarse]


def _by(measure: Measure) -> str:
    return say(", ").join(_change(words.label(d, c)) for d, c in measure.by) or measure.place


def _change(name: str) -> str:
    return {
        "filled": say("holes filled"),
        "dropped": say("small patches dropped"),
        "deducted": say("conflicts taken out of the line"),
    }.get(name, name)


def _areas(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    if contents.pieces is None:
        return None
    blocks: list[Block] = []
    if "areas" in pictures:
        blocks.append(_figure(pictures["areas"]))
    blocks += [
        _area_table(contents, "category"),
        _area_table(contents, "dominant", "function"),
        _area_table(contents, "level"),
    ]
    if contents.pieces["realm"].nunique() > 1:
        blocks.append(_area_table(contents, "realm"))
    blocks += [_area_table(contents, name) for name in contents.admin_levels[:2]]
    return Chapter(say("Area by category, function, level and place"), tuple(blocks))


def _area_table(contents: Contents, column: str, dimension: str = "") -> Block:
    """Areas of the pieces by one column, largest first, with a total that adds up."""
    dimension = dimension or column
    sums = _sums(contents, column, dimension)
    total = sum(area for _, _, area in sums)
    count = sum(pieces for _, pieces, _ in sums)
    texts = _km2_column([*(area for _, _, area in sums), total])
    rows = [
        [
            label,
            numerals.number(pieces, 0),
            text,
            numerals.number(100 * area / total if total else 0.0, 1),
        ]
        for (label, pieces, area), text in zip(sums, texts, strict=False)
    ]
    columns = [
        Column(words.dimension(dimension)),
        Column(say("Pieces"), "", "number"),
        Column(say("Area"), "km²", "number"),
        Column(say("Of the redline"), "%", "number"),
    ]
    last = [say("Total"), numerals.number(count, 0), texts[-1], numerals.number(100, 1)]
    return _table("", columns, rows, last)


def _sums(contents: Contents, column: str, dimension: str) -> list[tuple[str, int, float]]:
    """(class, pieces, area in m2), largest first; beyond MOST_UNITS the rest is one row."""
    if contents.pieces is None:
        return []
    found: dict[str, tuple[int, float]] = {}
    for name, area in zip(contents.pieces[column], contents.pieces["area_m2"], strict=True):
        label = words.label(dimension, str(name)) or say("(none)")
        count, sum_so_far = found.get(label, (0, 0.0))
        found[label] = count + 1, sum_so_far + float(area)
    rows = [(label, count, area) for label, (count, area) in found.items()]
    rows.sort(key=lambda row: (-row[2], row[0]))
    rest = rows[MOST_UNITS:]
    if len(rest) < 2:
        return rows
    told = say("{count} others, listed in the workbook", count=len(rest))
    return [*rows[:MOST_UNITS], (told, sum(r[1] for r in rest), sum(r[2] for r in rest))]


def _km2_column(areas_m2: Sequence[float]) -> list[str]:
    places = numerals.km2_decimals(list(areas_m2))
    return [numerals.number(a / 1e6, places) for a in areas_m2]


def _criteria(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    if not contents.criteria:
        return None
    columns = [
        Column(say("Criterion"), "", "word"),
        Column(say("Status"), "", "word"),
        Column(say("Method, or what is missing")),
    ]
    rows = [
        [words.criterion(str(c["criterion"])), words.status(str(c["status"])), _basis(c)]
        for c in contents.criteria
    ]
    blocks: list[Block] = [_table("", columns, rows)]
    needs = {n["layer"]: n for c in contents.criteria for n in _needs(c)}
    if needs:
        heads = [
            Column(say("Layer that is missing")),
            Column(say("Unit"), "", "word"),
            Column(say("Where one usually gets it")),
        ]
        lines = [
            [words.layer(n["layer"]), words.unit(n["unit"]) or "–", n["where_from"] or "–"]
            for _, n in sorted(needs.items())
        ]
        blocks.append(_table(say("What is missing"), heads, lines))
    return Chapter(say("Which criteria could be computed"), tuple(blocks))


def _basis(criterion: Row) -> str:
    parts = [retold(str(criterion.get("reason", "")))]
    lacking = [words.layer(need["layer"]) for need in _needs(criterion)]
    if lacking:
        return say("missing: {layers}", layers=words.listing(lacking))
    if criterion.get("status") == "computed":
        method = str(criterion.get("method", ""))
        layers = [words.layer(str(i)) for i in criterion.get("inputs", [])]
        parts = [words.plain(say(method)), *parts]
        if layers:
            parts.append(say("from {layers}", layers=words.listing(layers)))
    return "; ".join(p for p in parts if p) or "–"


def _functions(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    names = [n for n in contents.computed if facts.held(contents, n) is not None]
    if not names:
        return None
    columns = [
        Column(say("Function")),
        Column(say("Extremely important land"), "%", "number"),
        Column(say("What it holds"), "%", "number"),
        Column(say("Held inside the redline"), "%", "number"),
    ]
    rows = []
    for name in names:
        best = facts.grade_shares(contents, name).get(5, 0.0)
        by_best = facts.held_by_best(contents, name, best)
        rows.append(
            [
                words.criterion(name),
                numerals.number(best, 1),
                "–" if by_best is None else numerals.number(by_best, 1),
                numerals.number(facts.held(contents, name) or 0.0, 1),
            ]
        )
    blocks: list[Block] = [_table("", columns, rows)]
    if "lorenz" in pictures:
        blocks.append(_figure(pictures["lorenz"]))
    return Chapter(say("How much area holds how much service"), tuple(blocks))


def _maps_of_criteria(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    wanted = ["criteria"]
    for name in contents.computed:
        wanted += [f"grade_{name}", f"value_{name}"]
    blocks = tuple(_figure(pictures[n]) for n in wanted if n in pictures)
    return Chapter(say("Maps of the criteria"), blocks) if blocks else None


def _decisions(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    if not contents.decisions:
        return None
    must = [d for d in contents.decisions if d.get("kind") == "must_include"]
    conflicts = [d for d in contents.decisions if d.get("kind") != "must_include"]
    blocks: list[Block] = []
    if must:
        note = say(
            "Each site with its own area; sites overlap, so rows do not add up. "
            "Every site is listed in the workbook."
        )
        blocks += [_text(note), _table(say("Must-include"), *_grouped(must))]
    if conflicts:
        blocks.append(_table(say("Conflicts"), *_conflict_rows(conflicts)))
    return Chapter(say("What was decided"), tuple(blocks))


def _grouped(decisions: Sequence[Row]) -> tuple[list[Column], list[list[str]]]:
    """Sites by type, decision and reason, with their number and the sum of their own areas."""
    groups: dict[tuple[str, str, str], list[float]] = {}
    for row in decisions:
        what = str(row.get("type") or row.get("name", ""))
        key = (what, str(row.get("decision", "")), str(row.get("reason", "")))
        groups.setdefault(key, []).append(_number(row.get("area_m2")))
    texts = _km2_column([sum(areas) for areas in groups.values()])
    rows = [
        [words.kind(kind), words.decision(decision), retold(reason), str(len(areas)), text]
        for ((kind, decision, reason), areas), text in zip(groups.items(), texts, strict=True)
    ]
    columns = [
        Column(say("Kind"), "", "word"),
        Column(say("Decision"), "", "word"),
        Column(say("Reason")),
        Column(say("Sites"), "", "number"),
        Column(say("Sum of areas"), "km²", "number"),
    ]
    return columns, rows


def _conflict_rows(decisions: Sequence[Row]) -> tuple[list[Column], list[list[str]]]:
    areas = _km2_column([_number(d.get("area_m2")) for d in decisions])
    removed = _km2_column([_number(d.get("removed_m2")) for d in decisions])
    rows = [
        [
            words.plain(str(d.get("name", ""))),
            words.decision(str(d.get("decision", ""))),
            retold(str(d.get("reason", ""))),
            area,
            out,
        ]
        for d, area, out in zip(decisions, areas, removed, strict=True)
    ]
    columns = [
        Column(say("Conflict"), "", "word"),
        Column(say("Decision"), "", "word"),
        Column(say("Reason")),
        Column(say("Area"), "km²", "number"),
        Column(say("Taken out of the line"), "km²", "number"),
    ]
    return columns, rows


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return float("nan")


def _robustness(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    title = say("How sure is the line")
    if contents.frequency_path is None:
        told = say(
            "The parameters were held at one value each. To see how far the line depends on them, "
            "draw it over their ranges: tianren delineate --robustness 50"
        )
        return Chapter(title, (_text(told),))
    blocks: list[Block] = [_text(f"{facts.robust_statement(contents)}.")]
    spread = [m for m in contents.measures if m.indicator == "robustness.area"]
    for measure in spread[:1]:
        if measure.low is not None and measure.high is not None:
            told = say(
                "Over the draws the redline's area lies between {low} and {high} km², "
                "{mean} km² on average.",
                low=numerals.km2(measure.low),
                high=numerals.km2(measure.high),
                mean=numerals.km2(measure.value),
            )
            blocks.append(_text(told))
    blocks += [_figure(pictures[n]) for n in ("robustness", "effects") if n in pictures]
    return Chapter(title, tuple(blocks))


def _pieces(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    pieces = contents.pieces
    if pieces is None:
        return None
    largest = pieces.sort_values(["area_m2", "code"], ascending=[False, True]).head(MOST_PIECES)
    areas = _km2_column([float(a) for a in largest["area_m2"]])
    rows = [
        [
            str(p.code),
            str(p.name_),
            words.criterion(str(p.dominant)),
            str(p.level),
            area,
        ]
        for p, area in zip(
            largest.rename(columns={"name": "name_"}).itertuples(), areas, strict=True
        )
    ]
    columns = [
        Column(say("Code"), "", "word"),
        Column(say("Name")),
        Column(say("Dominant function")),
        Column(say("Level"), "", "number"),
        Column(say("Area"), "km²", "number"),
    ]
    told = say(
        "The {shown} largest of {count} pieces; the workbook and the layer list all.",
        shown=len(rows),
        count=len(pieces),
    )
    blocks = ([_text(told)] if len(pieces) > len(rows) else []) + [_table("", columns, rows)]
    return Chapter(say("The pieces"), tuple(blocks))


def _findings(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    title = say("Findings")
    if not contents.findings:
        return Chapter(title, (_text(say("No rule was broken.")),))
    columns = [
        Column(say("Severity"), "", "word"),
        Column(say("Subject"), "", "word"),
        Column(say("Finding")),
        Column(say("Source"), "", "word"),
    ]
    rows = [
        [words.severity(f.severity), _subject(f.subject), retold(f.message), retold(f.source)]
        for f in contents.findings
    ]
    return Chapter(title, (_table("", columns, rows),))


def _subject(name: str) -> str:
    criterion = words.criterion(name)
    return criterion if criterion != words.plain(name) else words.layer(name)


def _parameters(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    if not contents.parameters:
        return None
    columns = [
        Column(say("Parameter")),
        Column(say("Value")),
        Column(say("Unit"), "", "word"),
        Column(say("Source read"), "", "word"),
        Column(say("Source")),
    ]
    rows = [
        [
            _parameter_name(p),
            parameter_value(p.get("value", "")),
            words.unit(str(p.get("unit", ""))) or "–",
            say("yes") if p.get("verified") else say("no"),
            str(p.get("source", "")),
        ]
        for p in contents.parameters
    ]
    return Chapter(say("Parameters"), (_table("", columns, rows),))


def _parameter_name(row: Row) -> str:
    name, key = words.parameter(str(row["id"])), str(row["id"])
    told = key if name == key else f"{name} ({key})"
    return f"{told}, {row['set']}" if row.get("set") else told


def parameter_value(value: object) -> str:
    """A number, a word, or a table as "class number; class number"."""
    if isinstance(value, Mapping):
        return "; ".join(f"{k.replace('_', ' ')} {parameter_value(v)}" for k, v in value.items())
    return numerals.written(value) if isinstance(value, int | float) else str(value)


def _inputs(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    if not contents.inputs:
        return None
    columns = [
        Column(say("Layer")),
        Column(say("Period"), "", "word"),
        Column(say("Licence")),
        Column(say("Citation"), "", "wide"),
        Column("sha256", "", "hash"),
    ]
    rows = [
        [
            _input_name(i),
            str(i.get("period", "")) or "–",
            str(i.get("licence", "")) or "–",
            str(i.get("citation", "") or i.get("reason", "")) or "–",
            str(i.get("sha256", "")) or "–",
        ]
        for i in contents.inputs
    ]
    return Chapter(say("Inputs"), (_table("", columns, rows),))


def _input_name(row: Row) -> str:
    name = words.source(row)
    return f"{name} ({say('approximate')})" if row.get("approximate") else name


def _glossary(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    items = [
        (
            say("Ecological conservation redline"),
            say(
                "Land and sea with extremely important ecological functions or extreme "
                "sensitivity, and the areas that must be included, kept under strict protection."
            ),
        ),
        (
            say("Extremely important"),
            say(
                "The best land of a function: ranked from the highest value down, it holds the "
                "share of the function's total that the parameters set (commonly half)."
            ),
        ),
        (
            say("Extremely sensitive"),
            say("Land where a hazard's factors together score above the upper threshold."),
        ),
        (
            say("Must-include area"),
            say("A place that belongs inside whatever its grades, such as a protected area."),
        ),
        (
            say("Piece"),
            say(
                "A connected part of the redline within one administrative unit, realm and "
                "protection level."
            ),
        ),
        (
            say("Finding"),
            say("A rule that the data, a method or the project broke; the run tells every one."),
        ),
        (
            say("Verified"),
            say("The source of a parameter was opened and read; otherwise it is from memory."),
        ),
        (
            say("Draw"),
            say("One repetition of the line with parameters taken at random from their ranges."),
        ),
    ]
    return Chapter(say("Glossary"), ({"kind": "definitions", "items": items},))


def _how_to_check(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    codes = [] if contents.pieces is None else [str(c) for c in contents.pieces["code"][:1]]
    items = [
        say("Compare the sha256 of each input with the list above: {command}", command="sha256sum"),
        say("Make the run again with the same inputs: {command}", command="tianren delineate"),
        say(
            "Ask why a place is inside or outside: {command}",
            command="tianren explain --at LON,LAT",
        ),
        say("Open redline.gpkg in QGIS; the styles beside each layer load by themselves."),
        say("Add up area_m2 of the pieces: it equals the redline's area above."),
    ]
    if codes:
        items.insert(
            3,
            say("Ask why a piece is red: {command}", command=f"tianren explain --piece {codes[0]}"),
        )
    return Chapter(say("How to check this report"), ({"kind": "list", "items": items},))


# Blocks -----------------------------------------------------------------------------------------


def _text(text: str) -> Block:
    return {"kind": "text", "text": text}


def _figure(drawn: Drawn) -> Block:
    return {
        "kind": "figure",
        "file": drawn.path.name,
        "title": drawn.title,
        "alt": drawn.alt,
        "head": drawn.head,
        "margin": MARGIN / WIDTH,
    }


def _table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    total: Sequence[str] = (),
) -> Block:
    return {
        "kind": "table",
        "caption": caption,
        "columns": [asdict(c) for c in columns],
        "rows": [list(r) for r in rows],
        "total": list(total),
    }
