"""The tables of a report on gaps, and the names of what is in them."""

from collections import Counter
from collections.abc import Sequence

from tianren.language import say
from tianren.reports import numerals, words
from tianren.reports.chapters.blocks import Block, Column, km2_column, table
from tianren.reports.contents import Contents

ANY = "any"
_MOST, _SOME = 25, 12  # rows of tables that people read; the rest is in the workbook
Row = dict[str, str]


# -- names -----------------------------------------------------------------------------------------


def kind(name: str) -> str:
    """A kind of features, as a heading."""
    return {
        "species": say("Species"),
        "ecosystem": say("Ecosystem types"),
        "ecoregion": say("Ecoregions"),
        "function": say("Functions"),
        "key_area": say("Key areas"),
    }.get(name, words.plain(name))


def of_kind(name: str) -> str:
    """A kind of features, inside a sentence."""
    return words.in_sentence(kind(name))


def zone(name: str) -> str:
    """A zone: the two that every project can have, all together, or one of its own."""
    return {
        "protected": say("protected areas"),
        "redline": say("redline"),
        ANY: say("all zones"),
    }.get(name, name)


def status(name: str) -> str:
    """What became of a target."""
    return {
        "met": say("met"),
        "partial": say("partial gap"),
        "gap": say("gap"),
        "absent": say("nowhere here"),
    }.get(name, name)


def meaning(contents: Contents, name: str) -> str:
    """What "covered" means."""
    share = limit(contents, "gaps.covered_share")
    return {
        "any_record": say("A record inside"),
        "range_share": say("{share} of the range inside", share=share),
        "target_met": say("Target met"),
    }.get(name, name)


def limit(contents: Contents, parameter: str) -> str:
    """A parameter of the run as people read it; a share as percent."""
    value = next((str(p["value"]) for p in contents.parameters if p["id"] == parameter), "")
    if "/" in value:
        part, whole = value.split("/")
        return numerals.percent(100 * float(part) / float(whole))
    return numerals.written(float(value)) if value else "–"


def feature(row: Row) -> str:
    """A feature's name; functions have names of their own."""
    return words.criterion(row["feature"]) if row["kind"] == "function" else row["feature"]


# -- what is there ---------------------------------------------------------------------------------


def kinds(contents: Contents) -> list[str]:
    return list(dict.fromkeys(row["kind"] for row in contents.rows("gaps.csv")))


def zones(contents: Contents) -> list[str]:
    """The zones, all together last; one zone alone needs no other name."""
    found = list(dict.fromkeys(row["zone"] for row in contents.rows("gaps.csv")))
    return found[:-1] if len(found) == 2 else found


def counts(contents: Contents, of: str, where: str) -> Counter[str]:
    rows = contents.rows("gaps.csv")
    return Counter(row["status"] for row in rows if row["kind"] == of and row["zone"] == where)


def missed(contents: Contents) -> list[Row]:
    """What all zones together miss, the largest part of its target first."""
    rows = [
        row for row in contents.rows("gaps.csv") if row["zone"] == ANY and float(row["missing"]) > 0
    ]
    return sorted(
        rows,
        key=lambda r: (
            -float(r["missing"]) / float(r["target"]), -float(r["missing"]), r["feature"],
        ),
    )  # fmt: skip


def all_species(contents: Contents, where: str = ANY) -> list[Row]:
    """The rows of all species, one a meaning of covered."""
    return [
        row
        for row in contents.rows("coverage.csv")
        if row["zone"] == where and not row["group"] and row["dimension"] == "all"
    ]


def mapped(contents: Contents) -> int:
    """Species whose range is more than the cells with records."""
    rows = contents.rows("gaps.csv")
    mine = [r for r in rows if r["kind"] == "species" and r["zone"] == ANY]
    return sum(row["source"] != "records" for row in mine)


def not_viable(contents: Contents) -> list[Row]:
    rows = contents.rows("viability.csv")
    return [r for r in rows if r["zone"] == ANY and r["covered_not_viable"] == "yes"]


# -- tables ----------------------------------------------------------------------------------------


def by_kind(contents: Contents) -> Block:
    """Targets met, partly met and missed, by kind and zone."""
    columns = [
        Column(say("Kind")), Column(say("Zone")), Column(say("Targets"), kind="number"),
        Column(say("Met"), kind="number"), Column(say("Partial gap"), kind="number"),
        Column(say("Gap"), kind="number"),
        Column(say("Mean of targets reached"), "%", "number"),
    ]  # fmt: skip
    rows = []
    for name in kinds(contents):
        for where in zones(contents):
            found = counts(contents, name, where)
            mean = contents.pick("gaps.capped", zone=where, kind=name)
            reached = numerals.percent_number(mean.value) if mean else "–"
            judged = [found[s] for s in ("met", "partial", "gap")]
            rows.append([kind(name), zone(where), str(sum(judged)), *map(str, judged), reached])
    return table(say("Targets by kind and zone"), columns, rows)


def largest(contents: Contents) -> list[Block]:
    """What is missing most of its target, and where it can still be found; one table a kind."""
    rows = missed(contents)
    by = {name: [r for r in rows if r["kind"] == name][:_SOME] for name in kinds(contents)}
    where = _places(contents)
    return [_largest(name, found, where) for name, found in by.items() if found]


def _largest(name: str, rows: Sequence[Row], where: dict[tuple[str, str], str]) -> Block:
    columns = [
        Column(say("Feature"), kind="wide"), Column(say("Target"), "%", "number"),
        Column(say("Held"), "%", "number"), Column(say("Missing"), "km²", "number"),
        Column(say("Where it still is"), kind="wide"),
    ]  # fmt: skip
    areas = iter(km2_column([float(r["missing"]) for r in rows if r["unit"] == "m2"]))
    lines = [
        [
            feature(row), numerals.percent_number(float(row["target_percent"])),
            numerals.percent_number(float(row["held_percent"])),
            next(areas) if row["unit"] == "m2" else "–",
            where.get((row["kind"], row["feature"]), ""),
        ]
        for row in rows
    ]  # fmt: skip
    caption = say("The largest gaps of all zones together: {kind}", kind=of_kind(name))
    return table(caption, columns, lines)


def _places(contents: Contents) -> dict[tuple[str, str], str]:
    """Feature -> the three units of the first level with most of what is not held."""
    rows = contents.rows("where.csv")
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["level"] == rows[0]["level"] and int(row["rank"]) <= 3:
            label = row["label"] if row["code"] else say("outside any division")
            found.setdefault((row["kind"], row["feature"]), []).append(label)
    return {key: say(", ").join(labels) for key, labels in found.items()}


def appendix(contents: Contents) -> list[Block]:
    """Species covered by class and by what covered means: one table a zone."""
    return [_appendix(contents, where) for where in zones(contents)]


def _appendix(contents: Contents, where: str) -> Block:
    rows = [
        r
        for r in contents.rows("coverage.csv")
        if r["zone"] == where and r["dimension"] != "family"
    ]
    classes: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in rows:
        key = (row["group"], row["dimension"], row["class"])
        classes.setdefault(key, {})[row["meaning"]] = row
    meanings = ("any_record", "range_share", "target_met")
    columns = [
        Column(say("Class"), kind="word"), Column(say("Species"), kind="number"),
        *(c for m in meanings for c in (Column(meaning(contents, m), kind="number"),
                                        Column("", "%", "number"))),
        Column(say("Records, median"), kind="number"),
    ]  # fmt: skip
    lines = []
    for key, by_meaning in list(classes.items())[:_MOST]:
        first = by_meaning[meanings[0]]
        told = [t for m in meanings for t in (by_meaning[m]["covered"], _two(by_meaning[m]))]
        median = numerals.written(float(first["median_records"]))
        lines.append([_class(*key), first["of"], *told, median])
    return table(say("Species covered by {zone}", zone=zone(where)), columns, lines)


def _two(row: Row) -> str:
    return numerals.number(float(row["percent"]), 2)


def _class(group: str, dimension: str, label: str) -> str:
    """A class of species: of all, or of a group."""
    name = {
        "all": group or say("All species"),
        "protection": say("Protection class {label}", label=label),
        "endemic": say("Endemic"),
    }.get(dimension, label)
    return f"{group} · {name}" if group and dimension != "all" else name


def represented(contents: Contents) -> list[Block]:
    """How many species are in each class of priority, and the mean score, by zone."""
    rows = contents.rows("representativeness.csv")
    if not rows:
        return []
    names = {
        "urgent": say("Urgent"), "high": say("High"), "medium": say("Medium"), "low": say("Low"),
    }  # fmt: skip
    number = "number"
    columns = [Column(say("Zone")), *(Column(n, kind=number) for n in names.values()),
               Column(say("Mean score"), kind=number)]  # fmt: skip
    lines = []
    for where in zones(contents):
        found = Counter(r["priority"] for r in rows if r["zone"] == where)
        mean = contents.pick("species.representativeness", zone=where)
        score = numerals.number(mean.value, 1) if mean else "–"
        lines.append([zone(where), *(str(found[n]) for n in names), score])
    caption = say("Species by priority for protection in place (Khoury et al. 2019)")
    return [table(caption, columns, lines)]


def viable(contents: Contents) -> list[Block]:
    """Species whose need is known: what is held against it, those not viable first."""
    rows = [r for r in contents.rows("viability.csv") if r["zone"] == ANY and r["minimum_m2"]]
    if not rows:
        return []
    rows = sorted(rows, key=lambda r: (r["covered_not_viable"] != "yes", r["species"]))[:_MOST]
    number = "number"
    columns = [
        Column(say("Species"), kind="wide"), Column(say("Needed in one patch"), "km²", number),
        Column(say("Held"), "km²", number), Column(say("Largest patch"), "km²", number),
        Column(say("Patches"), kind=number), Column(say("Effective mesh"), "km²", number),
        Column(say("Result"), kind="wide"),
    ]  # fmt: skip
    keys = ("minimum_m2", "held_m2", "largest_m2", "mesh_m2")
    need, held, largest_one, mesh = (km2_column([float(r[k]) for r in rows]) for k in keys)
    lines: Sequence[Sequence[str]] = [
        [r["species"], need[i], held[i], largest_one[i], r["patches"], mesh[i], _verdict(r)]
        for i, r in enumerate(rows)
    ]
    enough = table(say("Is what is held enough to live on"), columns, lines)
    return [enough, _needs(rows)]


def _needs(rows: Sequence[Row]) -> Block:
    """Where the needs come from: a number without its source is no ground for a decision."""
    ways = {
        "minimum area given": say("given area"),
        "density given": say("given density"),
        "body mass": say("body mass (Damuth 1981)"),
    }
    columns = [
        Column(say("Species"), kind="word"), Column(say("From"), kind="word"),
        Column(say("Source"), kind="wide"),
    ]  # fmt: skip
    lines = [[r["species"], ways.get(r["method"], r["method"]), r["source"]] for r in rows]
    return table(say("Where these needs come from"), columns, lines)


def _verdict(row: Row) -> str:
    told = {
        "viable": say("viable"),
        "viable_in_sum": say("no patch is large enough"),
        "too_small": say("too small in all"),
    }.get(row["status"], row["status"])
    return say("covered, but {told}", told=told) if row["covered_not_viable"] == "yes" else told


def restoration(contents: Contents) -> list[Block]:
    """Degraded land inside the line, by function and by unit of the first level."""
    rows = contents.rows("restoration.csv")
    if not rows:
        return []
    levels = list(dict.fromkeys(r["level"] for r in rows))
    by_function = [r for r in rows if r["level"] == "all"]
    found = [_restore(say("Degraded land inside the line, by function"), by_function)]
    if len(levels) > 1:
        units = [r for r in rows if r["level"] == levels[1] and r["function"] == "all"]
        units = sorted(units, key=lambda r: (-float(r["degraded_m2"]), r["label"]))[:_MOST]
        caption = say("Degraded land inside the line, by {level}", level=levels[1])
        found.append(_restore(caption, units))
    return found


def _restore(caption: str, rows: Sequence[Row]) -> Block:
    number = "number"
    columns = [
        Column(say("Where"), kind="wide"), Column(say("Inside the line"), "km²", number),
        Column(say("Degraded"), "km²", number), Column(say("Share of what is known"), "%", number),
        Column(say("To restore"), "km²", number),
    ]  # fmt: skip
    keys = ("line_m2", "degraded_m2", "restore_m2")
    line, degraded, need = (km2_column([float(r[k]) for r in rows]) for k in keys)
    lines = [
        [_place(r), line[i], degraded[i],
         numerals.percent_number(float(r["degraded_percent"])) if r["degraded_percent"] else "–",
         need[i]]
        for i, r in enumerate(rows)
    ]  # fmt: skip
    return table(caption, columns, lines)


def _place(row: Row) -> str:
    if row["level"] != "all":
        return row["label"] if row["code"] else say("outside any division")
    return say("All of the line") if row["function"] == "all" else words.criterion(row["function"])
