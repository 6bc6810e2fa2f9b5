"""The 30x30 account as people read it: what counts, what is missing, how good it is."""

from collections.abc import Mapping, Sequence

from tianren.accounting.from_records import STEPS, step_words
from tianren.language import say, say_many
from tianren.reports import numerals, words
from tianren.reports.chapters import account_pictures as shown
from tianren.reports.chapters.account_words import (
    COUNTED,
    REALMS,
    class_name,
    counted_name,
    entry_name,
    kind_name,
    realm_name,
)
from tianren.reports.chapters.blocks import (
    Block,
    Chapter,
    Column,
    figure,
    km2_column,
    paragraph,
    table,
)
from tianren.reports.chapters.first_page import FirstPage, what_is_unverified
from tianren.reports.chapters.topics import Topic
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn

ENTRIES = ("opening", "additions", "removals", "boundary_changes", "corrections", "moved",
           "closing")  # fmt: skip
MOST_ROWS = 20
LEAST_FLOW = 1.0  # m2: less is where two outlines of one site were rounded


def topic() -> Topic:
    return Topic(_subtitle, _first, shown.draw, _chapters, _tables)


def _subtitle() -> str:
    return say("The 30x30 account")


def _tables() -> Mapping[str, str]:
    return {
        "distance.csv": say("Distance"),
        "from_records.csv": say("From the records"),
        "waterfall.csv": say("Waterfall"),
        "coverage.csv": say("Coverage"),
        "breakdown.csv": say("Classes of sites"),
        "representation.csv": say("Representation"),
        "connectivity.csv": say("Connectivity"),
        "statement.csv": say("Statement"),
        "flows.csv": say("Flows"),
        "time_series.csv": say("Years"),
        "whatif.csv": say("What if"),
        "sites.csv": say("Sites"),
        "cleaning.csv": say("Cleaning"),
        "overlaps.csv": say("Overlaps"),
        "effectiveness.csv": say("Effectiveness"),
        "equity.csv": say("Equity"),
        "queue.csv": say("OECM queue"),
    }


# -- page one --------------------------------------------------------------------------------------


def _first(contents: Contents) -> FirstPage:
    sentences = [say("{statement}.", statement=shown.headline(contents))]
    sentences += [_missing(contents, realm) for realm in REALMS
                  if shown.distance(contents, realm, COUNTED[1])]  # fmt: skip
    if redline := _redline(contents):
        sentences.append(redline)
    unverified = tuple(what_is_unverified(contents))
    return FirstPage(tuple(sentences[:4]), tuple(_numbers(contents)), unverified)


def _missing(contents: Contents, realm: str) -> str:
    row = shown.distance(contents, realm, COUNTED[1]) or {}
    gap, where = float(row["gap_m2"]), realm_name(realm)
    if gap <= 0:
        return say("The target is reached in the realm {realm}.", realm=where)
    return say(
        "To the target, {gap} km² are missing of {realm}: {pace} km² a year, against {past} a year "
        "so far.", gap=numerals.km2(gap), realm=where, pace=_pace(row["pace_m2"]),
        past=_pace(row["past_pace_m2"]),
    )  # fmt: skip


def _pace(text: str) -> str:
    value = float(text) if text else 0.0
    return numerals.km2(value) if value < float("inf") else "∞"


def _redline(contents: Contents) -> str:
    rows = [r for r in contents.rows("waterfall.csv")
            if r["step"] == "redline" and r["realm"] == REALMS[0]]  # fmt: skip
    if not rows or float(rows[0]["adds_m2"]) <= 0:
        return ""
    return say(
        "The redline holds {area} km² more of land and inland water; it counts only as far as it "
        "is recognised.", area=numerals.km2(float(rows[0]["adds_m2"])),
    )  # fmt: skip


def _numbers(contents: Contents) -> list[tuple[str, str, str]]:
    found = []
    for realm in REALMS:
        if row := shown.distance(contents, realm, COUNTED[1]):
            where = realm_name(realm)
            found.append((numerals.percent_number(float(row["percent"])), "%",
                          say("of {realm}", realm=where)))  # fmt: skip
            gap = numerals.km2(float(row["gap_m2"]))
            found.append((gap, "km²", say("missing of {realm}", realm=where)))
    links = [r for r in contents.rows("connectivity.csv")
             if r["measure"] == "ProtConn" and r["counted"] == COUNTED[1]]  # fmt: skip
    if links:
        value = numerals.percent_number(float(links[0]["percent"]))
        found.append((value, "%", say("of land protected and connected")))
    if share := contents.pick("account.assessed_share"):
        found.append((numerals.percent_number(share.value), "%",
                      say("of the counted area assessed for effectiveness")))  # fmt: skip
    return found[:5]


# -- chapters --------------------------------------------------------------------------------------


def _chapters(contents: Contents, drawn: Mapping[str, Drawn]) -> list[Chapter]:
    made = [
        Chapter(say("What counts towards 30 percent"), tuple(_what_counts(contents, drawn))),
        Chapter(say("The statement"), tuple(_statement(contents, drawn))),
        Chapter(say("How good it is"), tuple(_quality(contents, drawn))),
    ]
    moves = _what_if(contents)
    return [*made, Chapter(say("What would move it"), (moves,))] if moves else made


def _figures(drawn: Mapping[str, Drawn], *names: str) -> list[Block]:
    return [figure(drawn[name]) for name in names if name in drawn]


def _what_counts(contents: Contents, drawn: Mapping[str, Drawn]) -> Sequence[Block]:
    text = say(
        "Each piece of land counts for one site: protected areas before OECMs before what only the "
        "redline holds. Everything is measured in one equal-area plane. The redline is told apart, "
        "since not all of it is a protected area or an OECM."
    )
    pictures = _figures(
        drawn, "account_map", "account_waterfall_land", "account_waterfall_sea", "account_years"
    )
    return [paragraph(text), _distances(contents), *pictures, *_from_records(contents),
            *_classes(contents)]  # fmt: skip


def _from_records(contents: Contents) -> list[Block]:
    """Each figure that the records can give, and what makes it another."""
    rows = contents.rows("from_records.csv")
    realms = [r for r in REALMS if any(row["realm"] == r for row in rows)]
    found = {(r["step"], r["realm"]): r for r in rows}
    areas = {realm: km2_column([float(found[s, realm]["area_m2"]) for s in STEPS])
             for realm in realms}  # fmt: skip
    what = step_words()
    cells = []
    for n, step in enumerate(STEPS if rows else ()):
        mine = [found[step, realm] for realm in realms]
        # Two places always: published figures of one list may lie as near as 7.45 and 7.40.
        shown = [(areas[r["realm"]][n], numerals.number(float(r["percent"]), 2)) for r in mine]
        cells.append([what[step], mine[0]["records"], *(cell for pair in shown for cell in pair)])
    heads = [Column(say("Step"), kind="wide"), Column(say("Records"), kind="number")]
    for realm in realms:
        heads.append(Column(realm_name(realm), "km²", "number"))
        heads.append(Column(say("Share"), "%", "number"))
    text = say(
        "One list gives several figures. Each step is the union of its records inside the realm, "
        "overlap counted once; the last is the one that counts."
    )
    caption = say("From the records to what counts")
    return [paragraph(text), table(caption, heads, cells)] if cells else []


def _distances(contents: Contents) -> Block:
    rows = contents.rows("distance.csv")
    areas = km2_column([float(r["area_m2"]) for r in rows])
    gaps = km2_column([float(r["gap_m2"]) for r in rows])
    cells = [
        [realm_name(r["realm"]), counted_name(r["counted"]), area,
         numerals.percent_number(float(r["percent"])), gap, _pace(r["pace_m2"]),
         _pace(r["past_pace_m2"]) if r["past_pace_m2"] else "–"]
        for r, area, gap in zip(rows, areas, gaps, strict=True)
    ]  # fmt: skip
    heads = [
        Column(say("Realm"), kind="wide"), Column(say("Counted"), kind="wide"),
        Column(say("Area"), "km²", "number"), Column(say("Share"), "%", "number"),
        Column(say("Missing"), "km²", "number"), Column(say("Pace needed"), "km²/a", "number"),
        Column(say("So far"), "km²/a", "number"),
    ]  # fmt: skip
    return table(say("How far the target is"), heads, cells)


def _classes(contents: Contents) -> list[Block]:
    """By IUCN category and by governance: the area that counts for each."""
    made = []
    for dimension, caption in (
        ("iucn", say("By IUCN category")), ("governance_type", say("By governance")),
    ):  # fmt: skip
        rows = [r for r in contents.rows("breakdown.csv")
                if r["dimension"] == dimension and r["realm"] in REALMS]  # fmt: skip
        rows = sorted((r for r in rows if r["kind"] != "redline"), key=_class_order)
        areas = km2_column([float(r["area_m2"]) for r in rows])
        cells = [
            [class_name(r["class"]), realm_name(r["realm"]), kind_name(r["kind"]), r["sites"], area,
             numerals.percent_number(float(r["percent"]))]
            for r, area in zip(rows, areas, strict=True)
        ]  # fmt: skip
        heads = [
            Column(say("Class"), kind="wide"), Column(say("Realm"), kind="wide"),
            Column(say("Kind"), kind="wide"), Column(say("Sites"), kind="number"),
            Column(say("Area"), "km²", "number"), Column(say("Share of the realm"), "%", "number"),
        ]  # fmt: skip
        if cells:
            made.append(table(caption, heads, cells))
    return made


# Strict categories first, then who governs; what is not stated comes last.
_CLASSES = ("Ia", "Ib", "II", "III", "IV", "V", "VI", "government", "shared", "private",
            "community")  # fmt: skip


def _class_order(row: Mapping[str, str]) -> int:
    name = row["class"]
    return _CLASSES.index(name) if name in _CLASSES else len(_CLASSES)


def _statement(contents: Contents, drawn: Mapping[str, Drawn]) -> Sequence[Block]:
    rows = contents.rows("statement.csv")
    off = contents.rows("unbalanced.csv")
    adds_up = (
        say("It adds up: opening balance and flows make the closing balance.")
        if not off
        else say_many(
            "It does not add up: {n} row of unbalanced.csv says where.",
            "It does not add up: {n} rows of unbalanced.csv say where.",
            len(off),
        )
    )
    text = say(
        "Losses are negative. Land that a site of another class takes over is moved, neither added "
        "nor lost. What is new in the list but older than the opening balance corrects it."
    )
    heads = [Column(say("Entry"), kind="wide")]
    heads += [Column(f"{realm_name(r['realm'])}, {kind_name(r['kind'])}", "km²", "number")
              for r in rows]  # fmt: skip
    cells = [
        [entry_name(e), *(numerals.km2(float(r[f"{e}_m2"])) for r in rows)] for e in ENTRIES[:-1]
    ]
    total = [entry_name("closing"), *(numerals.km2(float(r["closing_m2"])) for r in rows)]
    return [paragraph(f"{text} {adds_up}"), table(say("The statement"), heads, cells, total),
            *_flows(contents)]  # fmt: skip


def _flows(contents: Contents) -> list[Block]:
    told = [r for r in contents.rows("flows.csv") if abs(float(r["area_m2"])) >= LEAST_FLOW]
    rows = sorted(told, key=lambda r: -abs(float(r["area_m2"])))[:MOST_ROWS]
    areas = km2_column([float(r["area_m2"]) for r in rows])
    cells = [
        [r["name"] or r["site_id"], realm_name(r["realm"]), kind_name(r["kind"]),
         entry_name(r["flow"]), area]
        for r, area in zip(rows, areas, strict=True)
    ]  # fmt: skip
    heads = [
        Column(say("Site"), kind="wide"), Column(say("Realm"), kind="wide"),
        Column(say("Kind"), kind="wide"), Column(say("Entry"), kind="wide"),
        Column(say("Area"), "km²", "number"),
    ]  # fmt: skip
    return [table(say("The largest flows"), heads, cells)] if cells else []


def _quality(contents: Contents, drawn: Mapping[str, Drawn]) -> Sequence[Block]:
    blocks = [*_figures(drawn, "account_representation"), *_connected(contents),
              *_managed(contents), *_species(contents)]  # fmt: skip
    text = say(
        "Coverage alone is not the target: it asks for areas that are representative, connected, "
        "effective and equitably governed."
    )
    return [paragraph(text), *blocks]


def _connected(contents: Contents) -> list[Block]:
    rows = contents.rows("connectivity.csv")
    names = list(dict.fromkeys(r["measure"] for r in rows))
    found = {(r["counted"], r["measure"]): r["percent"] for r in rows}
    counted = list(dict.fromkeys(r["counted"] for r in rows))
    told = {
        "prot": say("of ProtConn: within protected land"), "within": say("  single areas"),
        "contig": say("  areas that touch"), "unprot": say("of ProtConn: across other land"),
        "trans": say("of ProtConn: across the border"),
    }  # fmt: skip
    cells = [
        [told.get(name, name),
         *(numerals.percent_number(float(found[c, name])) for c in counted)]
        for name in names
    ]  # fmt: skip
    heads = [Column(say("Connectivity of land"), kind="wide")]
    heads += [Column(counted_name(c), "%", "number") for c in counted]
    return [table(say("How connected it is"), heads, cells)] if cells else []


def _managed(contents: Contents) -> list[Block]:
    """Effectiveness and equity in the few numbers that there are."""
    wanted = {
        "account.assessed_share": say("Counted area with an assessment of effectiveness"),
        "account.effectiveness": say("Mean score of management effectiveness"),
        "account.green_list_share": say("Counted area on the Green List"),
        "account.equity_share": say("Counted area with a governance assessment"),
        "account.equity": say("Mean score of governance and equity"),
        "account.consent_share": say("OECM area with consent on record"),
    }
    cells = [[name, numerals.percent_number(m.value)] for indicator, name in wanted.items()
             if (m := contents.pick(indicator))]  # fmt: skip
    heads = [Column(say("Quality"), kind="wide"), Column(say("Share"), "%", "number")]
    return [table(say("How well it is managed"), heads, cells)] if cells else []


def _species(contents: Contents) -> list[Block]:
    """What zones hold of the species, in the numbers that compare them."""
    names = {
        "species.protection_index": say("Species Protection Index"),
        "species.representativeness": say("Representativeness"),
        "species.not_viable": say("Species covered but not viable"),
    }
    wanted = [m for m in contents.measures if m.indicator in names and len(m.by) == 1]
    zones = list(dict.fromkeys(dict(m.by).get("zone", "") for m in wanted))
    found = {(m.indicator, dict(m.by).get("zone", "")): numerals.number(m.value, 1)
             for m in wanted}  # fmt: skip
    cells = [[name, *(found.get((indicator, z), "–") for z in zones)]
             for indicator, name in names.items()
             if any((indicator, z) in found for z in zones)]  # fmt: skip
    both = {"protected": say("protected areas"), "redline": say("the redline"),
             "any": say("both together")}  # fmt: skip
    heads = [Column(say("Species"), kind="wide")]
    heads += [Column(both.get(z, z), kind="number") for z in zones]
    return [table(say("The species that they hold"), heads, cells)] if cells else []


def _what_if(contents: Contents) -> Block | None:
    """What each addition does to the numbers that are of the whole."""
    keep = ("account.coverage", "account.capped", "account.at_target", "account.protconn",
            "account.key_areas", "account.freshwater", "account.function")  # fmt: skip
    rows = [r for r in contents.rows("whatif.csv") if r["indicator"] in keep and r["change"]
            and "unit=" not in r["by"] and not _class_of(r["by"])]  # fmt: skip
    names = list(dict.fromkeys(r["what_if"] for r in rows))
    if not rows:
        return None
    found = {(r["what_if"], r["indicator"], r["by"]): r for r in rows}
    keys = list(dict.fromkeys((r["indicator"], r["by"]) for r in rows))
    cells = []
    for indicator, by in keys:
        now = next(r["before"] for r in rows if (r["indicator"], r["by"]) == (indicator, by))
        after = [found.get((name, indicator, by)) for name in names]
        cells.append([_name(indicator, by), numerals.percent_number(float(now)),
                      *(numerals.percent_number(float(r["after"])) if r else "–"
                        for r in after)])  # fmt: skip
    heads = [Column(say("Indicator"), kind="wide"), Column(say("Now"), "%", "number")]
    heads += [Column(_addition(name), "%", "number") for name in names]
    return table(say("What if it counted as an OECM"), heads, cells)


def _addition(name: str) -> str:
    return {
        "redline": say("the whole redline"), "oecm_queue": say("the OECM queue"),
        "corridors": say("the corridors"),
    }.get(name, name)  # fmt: skip


def _class_of(by: str) -> bool:
    return by.startswith(("ecoregion=", "ecosystem="))


def _name(indicator: str, by: str) -> str:
    from tianren.measures import by_pairs

    about = [
        words.criterion(label) if key == "function" else realm_name(label)
        for key, label in by_pairs(by)
    ]
    told = words.indicator(indicator)
    return f"{told}: {', '.join(about)}" if about else told
