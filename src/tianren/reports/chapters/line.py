"""The chapters about the line: how it was drawn, areas, criteria, decisions, pieces."""

from collections.abc import Mapping, Sequence

from tianren.language import say
from tianren.measures import Measure
from tianren.reports import facts, numerals, palette, words
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    figure,
    km2_column,
    paragraph,
    table,
)
from tianren.reports.contents import Contents, Row
from tianren.reports.maps import Drawn
from tianren.reports.retelling import retold

MOST_PIECES = 60  # the report lists the largest; the workbook lists all
MOST_UNITS = 40  # administrative units in a table; the rest become one row, so that it adds up


def subtitle() -> str:
    return say("Ecological conservation redline: what it is, why, and how sure")


def _how_drawn(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter:
    land = facts.region_area(contents)
    rows, areas = [], []
    for step, area in _steps(contents):
        rows.append([step, "", numerals.number(100 * area / land, 2) if land else "–"])
        areas.append(area)
    for row, text in zip(rows, km2_column(areas), strict=True):
        row[1] = text
    columns = [
        Column(say("Step")),
        Column(say("Area"), "km²", "number"),
        Column(say("Of the region"), "%", "number"),
    ]
    told = [_how_told()]
    if _of(contents, "conflict.area"):
        told.append(_how_conflicts_count())
    blocks = [*(paragraph(text) for text in told), table("", columns, rows)]
    return Chapter(say("How the line was drawn"), tuple(blocks))


def _how_told() -> str:
    return say(
        "The line is what is extremely important or extremely sensitive, with everything that must "
        "be included, less the conflicts that were deducted. Then holes up to the limit are filled "
        "and patches below the minimum are dropped. Areas of criteria and of must-include kinds "
        "overlap, so these rows do not add up."
    )


def _how_conflicts_count() -> str:
    return say(
        "A conflict is told with all its land in the region. Only that part of it is taken out "
        "which would have been in the line and lies outside must-include areas: it is told in "
        "step 4, and may be none."
    )


def _steps(contents: Contents) -> list[tuple[str, float]]:
    found = []
    for name in contents.computed:
        area = facts.grade_areas(contents, name).get(5)
        if area is not None:
            best = words.grade(5, name in palette.SENSITIVITIES).lower()
            told = say("1. Core: {criterion}, {grade}", criterion=words.criterion(name), grade=best)
            found.append((told, area))
    for indicator, head, by in (
        ("must_include.area", say("2. Must-include"), _by),
        ("conflict.area", say("3. Conflict, all of it in the region"), _conflict),
        ("spatial.change", say("4. Spatial step"), _by),
    ):
        found += [(f"{head}: {by(m)}", m.value) for m in _of(contents, indicator)]
    return [*found, (say("Result: the redline"), facts.total_area(contents))]


def _of(contents: Contents, indicator: str) -> list[Measure]:
    """Measures of an indicator that are broken down, by its coarsest breakdown."""
    found = [m for m in contents.measures if m.indicator == indicator and m.by]
    coarse = min((len(m.by) for m in found), default=0)
    return [m for m in found if len(m.by) == coarse]


def _conflict(measure: Measure) -> str:
    """What is in conflict and what was decided; what it took out of the line is another row."""
    by = dict(measure.by)
    kind, decision = words.kind(by.get("kind", "")), by.get("decision", "")
    if decision == "deduct":
        return say("{kind}, to be taken out where it would be in the line", kind=kind)
    return say(", ").join([kind, words.decision(decision)])


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
        blocks.append(figure(pictures["areas"]))
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
    texts = km2_column([*(area for _, _, area in sums), total])
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
    return table("", columns, rows, last)


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
    blocks: list[Block] = [table("", columns, rows)]
    needs = {n["layer"]: n for c in contents.criteria for n in facts.needs(c)}
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
        blocks.append(table(say("What is missing"), heads, lines))
    return Chapter(say("Which criteria could be computed"), tuple(blocks))


def _basis(criterion: Row) -> str:
    parts = [retold(str(criterion.get("reason", "")))]
    lacking = [words.layer(need["layer"]) for need in facts.needs(criterion)]
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
    blocks: list[Block] = [table("", columns, rows)]
    if "lorenz" in pictures:
        blocks.append(figure(pictures["lorenz"]))
    return Chapter(say("How much area holds how much service"), tuple(blocks))


def _maps_of_criteria(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    wanted = ["criteria"]
    for name in contents.computed:
        wanted += [f"grade_{name}", f"value_{name}"]
    blocks = tuple(figure(pictures[n]) for n in wanted if n in pictures)
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
        blocks += [paragraph(note), table(say("Must-include"), *_grouped(must))]
    if conflicts:
        blocks.append(table(say("Conflicts"), *_conflict_rows(conflicts)))
    return Chapter(say("What was decided"), tuple(blocks))


def _grouped(decisions: Sequence[Row]) -> tuple[list[Column], list[list[str]]]:
    """Sites by type, decision and reason, with their number and the sum of their own areas."""
    groups: dict[tuple[str, str, str], list[float]] = {}
    for row in decisions:
        what = str(row.get("type") or row.get("name", ""))
        key = (what, str(row.get("decision", "")), str(row.get("reason", "")))
        groups.setdefault(key, []).append(_number(row.get("area_m2")))
    texts = km2_column([sum(areas) for areas in groups.values()])
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
    areas = km2_column([_number(d.get("area_m2")) for d in decisions])
    must = km2_column([_number(d.get("in_must_include_m2")) for d in decisions])
    removed = km2_column([_number(d.get("removed_m2")) for d in decisions])
    rows = [
        [
            words.plain(str(d.get("name", ""))),
            words.decision(str(d.get("decision", ""))),
            retold(str(d.get("reason", ""))),
            area,
            kept,
            out,
        ]
        for d, area, kept, out in zip(decisions, areas, must, removed, strict=True)
    ]
    columns = [
        Column(say("Conflict"), "", "word"),
        Column(say("Decision"), "", "word"),
        Column(say("Reason")),
        Column(say("Area in the region"), "km²", "number"),
        Column(say("In must-include areas"), "km²", "number"),
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
        return Chapter(title, (paragraph(told),))
    blocks: list[Block] = [paragraph(f"{facts.robust_statement(contents)}.")]
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
            blocks.append(paragraph(told))
    blocks += [figure(pictures[n]) for n in ("robustness", "effects") if n in pictures]
    return Chapter(title, tuple(blocks))


def _pieces(contents: Contents, pictures: Mapping[str, Drawn]) -> Chapter | None:
    pieces = contents.pieces
    if pieces is None:
        return None
    largest = pieces.sort_values(["area_m2", "code"], ascending=[False, True]).head(MOST_PIECES)
    areas = km2_column([float(a) for a in largest["area_m2"]])
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
    blocks = ([paragraph(told)] if len(pieces) > len(rows) else []) + [table("", columns, rows)]
    return Chapter(say("The pieces"), tuple(blocks))


TELLERS = (
    _how_drawn,
    _areas,
    _criteria,
    _functions,
    _maps_of_criteria,
    _decisions,
    _robustness,
    _pieces,
)
