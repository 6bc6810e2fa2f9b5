"""Page one: three sentences, five numbers, and what is unverified."""

from collections.abc import Sequence
from dataclasses import dataclass

from tianren.language import say
from tianren.reports import facts, numerals, palette, words
from tianren.reports.contents import Contents


@dataclass(frozen=True)
class FirstPage:
    """What a minister reads."""

    sentences: tuple[str, ...]
    numbers: tuple[tuple[str, str, str], ...]  # value, unit, what it counts
    unverified: tuple[str, ...]


def first_page(contents: Contents) -> FirstPage:
    return FirstPage(
        sentences=tuple(_sentences(contents)),
        numbers=tuple(_five_numbers(contents)),
        unverified=tuple(what_is_unverified(contents)),
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


def what_is_unverified(contents: Contents) -> list[str]:
    """Parameters from memory, layers missing or approximate, findings that weaken the run."""
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
    missing = sorted({words.layer(n["layer"]) for c in contents.criteria for n in facts.needs(c)})
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
