"""Screening of sites by the criteria of the Key Biodiversity Area standard (IUCN 2016).

A criterion is met, not met, or cannot be decided, and then the row says what is missing. A share of
what lies in the country is at least the share of the world, so it can rule a species out; it rules
one in only where the species lives nowhere else.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tianren.language import say
from tianren.parameters import Parameters, Table
from tianren.science.taxa import Taxon

MET, NOT_MET, OPEN = "met", "not met", "cannot decide"
GLOBAL, ENDEMIC, AT_MOST = "global", "endemic: national", "national: at most"
# What can be said of a species, an ecosystem or a whole site on the ground, and for what it counts.
ITEMS = {
    "mature_individuals": "mature individuals of the species on the site",
    "reproductive_units": "reproductive units of the species on the site",
    "bioregion_restricted": "yes where the species lives in one bioregion only (B3b)",
    "bioregion_species": "species restricted to the bioregion that the country has (B3b)",
    "most_important_habitat": "yes where the site is among the species' most important 5 % (B3c)",
    "intact": "yes where the ecological community is wholly intact (C)",
    "intact_sites": "sites of such communities in the ecoregion (C)",
    "aggregation_share": "percent of the species that gathers here in a stage of life (D1a)",
    "aggregation_rank": "rank among the largest aggregations of the species (D1b)",
    "refuge_share": "percent of the species that takes refuge here under stress (D2)",
    "recruitment_share": "percent of the species that is produced here (D3)",
    "irreplaceability": "irreplaceability of the site, 0 to 1 (E)",
    "global_extent_km2": "extent of the ecosystem type in the world (A2, B4)",
}


@dataclass(frozen=True)
class Rules:
    """The numbers of the standard; shares in percent, ranges in m2."""

    shares: Table
    units: Table
    species: Table
    group_share: Table
    group_species: Table
    restricted_m2: float
    restricted_most_m2: float
    ecoregion_percent: float
    intact_sites: float
    rank: float
    irreplaceability: float
    estimators: tuple[str, ...]


def rules(parameters: Parameters) -> Rules:
    """The numbers in force."""
    return Rules(
        parameters.table("kba.shares"),
        parameters.table("kba.units"),
        parameters.table("kba.species_needed"),
        parameters.table("kba.group_share"),
        parameters.table("kba.group_species"),
        parameters.number("kba.restricted_range") * 1e6,
        parameters.number("kba.restricted_most") * 1e6,
        parameters.number("kba.ecoregion_restricted"),
        parameters.number("kba.intact_sites"),
        parameters.number("kba.aggregation_rank"),
        parameters.number("kba.irreplaceability"),
        tuple(word.strip() for word in parameters.word("kba.estimators").split(",")),
    )


@dataclass(frozen=True)
class Share:
    """What share of a species, or a type, a site holds: percent of the world, or an upper bound."""

    estimator: str
    percent: float
    basis: str = GLOBAL

    @property
    def exact(self) -> bool:
        return self.basis != AT_MOST


@dataclass(frozen=True)
class Occurrence:
    """A species at a site. units: reproductive units known there; facts: item -> value.

    range_m2: its range in the world, None when not known; ecoregion: the one that it is tied to.
    """

    taxon: Taxon
    shares: tuple[Share, ...] = ()
    units: float | None = None
    range_m2: float | None = None
    ecoregion: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """One row: a criterion at a site, by which species, estimator and numbers; what is missing."""

    criterion: str
    verdict: str
    species: str = ""
    share: Share | None = None
    needed_percent: float | None = None
    units: float | None = None
    units_needed: float | None = None
    missing: str = ""

    def row(self, site: str) -> dict[str, str]:
        share = self.share
        return {
            "site": site,
            "criterion": self.criterion,
            "verdict": self.verdict,
            "species": self.species,
            "estimator": share.estimator if share else "",
            "share_percent": repr(float(share.percent)) if share else "",
            "basis": share.basis if share else "",
            "needed_percent": _text(self.needed_percent),
            "units_known": _text(self.units),
            "units_needed": _text(self.units_needed),
            "missing": self.missing,
        }


COLUMNS = (
    "site", "criterion", "verdict", "species", "estimator", "share_percent", "basis",
    "needed_percent", "units_known", "units_needed", "missing",
)  # fmt: skip


def _text(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def best(shares: Iterable[Share], order: Sequence[str]) -> Share | None:
    """The first share by the order of estimators; one that is exact goes before upper bounds."""
    known = [s for s in shares if s.estimator in order]
    return min(known, key=lambda s: (not s.exact, order.index(s.estimator)), default=None)


# -- one species -----------------------------------------------------------------------------------


def of_species(here: Occurrence, rule: Rules) -> list[Verdict]:
    """A1a to A1e and B1 for one species at a site, those that apply to its category."""
    high, low = here.taxon.category in ("CR", "EN"), here.taxon.category == "VU"
    found = []
    if high or low:
        found.append(_population("A1a" if high else "A1b", here, rule))
        if here.taxon.decline_only is not False:
            verdict = _population("A1c" if high else "A1d", here, rule)
            found.append(_if_decline_only(verdict, here.taxon.decline_only))
    if high:
        found.append(_population("A1e", here, rule))
    return [*found, _population("B1", here, rule)]


def _population(criterion: str, here: Occurrence, rule: Rules) -> Verdict:
    share = best(here.shares, rule.estimators)
    needed, units = rule.shares[criterion], rule.units[criterion]
    row = Verdict(criterion, OPEN, here.taxon.species, share, needed, here.units, units)
    if share is None:
        return replace(row, missing=say("a share of the global population or range"))
    if share.percent < needed or (here.units is not None and here.units < units):
        return replace(row, verdict=NOT_MET)
    missing = _lacking(share, here.units, units)
    return replace(row, verdict=OPEN if missing else MET, missing=missing)


def _lacking(share: Share, known: float | None, needed: float) -> str:
    lacking = []
    if not share.exact:
        lacking.append(say("the global population or range: it lives beyond the country, or that "
                           "is not said"))  # fmt: skip
    if needed and known is None:
        lacking.append(say("at least {n} reproductive units known on the site", n=f"{needed:g}"))
    return "; ".join(lacking)


def _if_decline_only(verdict: Verdict, said: bool | None) -> Verdict:
    if said or verdict.verdict == NOT_MET:
        return verdict
    more = say("whether it is listed for past or current decline alone")
    missing = "; ".join(t for t in (verdict.missing, more) if t)
    return replace(verdict, verdict=OPEN, missing=missing)


# -- several species -------------------------------------------------------------------------------


def of_species_together(
    here: Sequence[Occurrence], rule: Rules, tied: Mapping[tuple[str, str], int], ecoregions: bool
) -> list[Verdict]:
    """B2, B3a, B3b and B3c at a site, by taxonomic group.

    tied: (group, ecoregion) -> species of the group that are tied to it; ecoregions: whether they
    are known at all.
    """
    found = [_b2(group, mine, rule) for group, mine in _by_group(here).items()]
    if ecoregions:
        found += [v for g, mine in _by_group(here).items() for v in _b3a(g, mine, rule, tied)]
    else:
        missing = say("a layer of ecoregions: [gaps] ecoregions")
        found.append(Verdict("B3a", OPEN, missing=missing))
    return [*found, _b3b(here, rule), _b3c(here, rule)]


def _by_group(here: Sequence[Occurrence]) -> dict[str, list[Occurrence]]:
    groups: dict[str, list[Occurrence]] = {}
    for one in here:
        groups.setdefault(one.taxon.group, []).append(one)
    return {name: groups[name] for name in sorted(groups)}


def _b2(group: str, here: Sequence[Occurrence], rule: Rules) -> Verdict:
    """Restricted-range species together: how many are sure, and how many might be."""
    sure: list[str] = []
    maybe: list[str] = []
    for one in here:
        restricted = _restricted(one, rule)
        share = best(one.shares, rule.estimators)
        if restricted is False or share is None or share.percent < rule.shares["B2"]:
            continue
        (sure if restricted and share.exact else maybe).append(one.taxon.species)
    needed, known = _needed("B2", rule.group_species.get(group.casefold()), rule)
    missing = (
        []
        if known
        else [
            say("the number of species of {group} in the world", group=group or say("their group"))
        ]
    )
    if maybe and len(sure) < needed:
        missing.append(
            say("the global range of {names}, or the ranges of the group", names=_some(maybe))
        )
    return _count("B2", sure, maybe, needed, known, missing, rule.shares["B2"])


def _some(names: Sequence[str], most: int = 3) -> str:
    more = say(" and {n} more", n=len(names) - most) if len(names) > most else ""
    return "; ".join(names[:most]) + more


def _restricted(one: Occurrence, rule: Rules) -> bool | None:
    """Whether a species has a restricted range; None where that is not known."""
    if one.range_m2 is None:
        return None
    if one.range_m2 <= rule.restricted_m2:
        return True
    return None if one.range_m2 <= rule.restricted_most_m2 else False


def _needed(criterion: str, of: float | None, rule: Rules) -> tuple[int, bool]:
    """How many species must occur together, and whether the size of the group is known."""
    least = int(rule.species[criterion])
    share = rule.group_share[criterion] / 100 * (of or 0)
    return max(least, math.ceil(share - 1e-9)), of is not None


def _count(
    criterion: str, sure: Sequence[str], maybe: Sequence[str], needed: int, known: bool,
    missing: Sequence[str], percent: float | None,
) -> Verdict:  # fmt: skip
    species = "; ".join([*sure, *maybe])
    row = Verdict(criterion, NOT_MET, species, needed_percent=percent)
    if len(sure) >= needed and known:
        return replace(row, verdict=MET, species="; ".join(sure))
    if len(sure) + len(maybe) >= needed:
        return replace(row, verdict=OPEN, missing="; ".join(missing))
    return row


def _b3a(
    group: str, here: Sequence[Occurrence], rule: Rules, tied: Mapping[tuple[str, str], int]
) -> list[Verdict]:
    """Species tied to one ecoregion, each with its share here."""
    found = []
    for region in sorted({one.ecoregion for one in here if one.ecoregion}):
        sure: list[str] = []
        maybe: list[str] = []
        for one in (o for o in here if o.ecoregion == region):
            share = best(one.shares, rule.estimators)
            if share is not None and share.percent >= rule.shares["B3a"]:
                (sure if share.exact else maybe).append(one.taxon.species)
        needed, _ = _needed("B3a", float(tied[group, region]), rule)
        missing = [say("the global range of {names}", names=_some(maybe))] if maybe else []
        found.append(_count("B3a", sure, maybe, needed, True, missing, rule.shares["B3a"]))
    return found


def _b3b(here: Sequence[Occurrence], rule: Rules) -> Verdict:
    """Species of one bioregion with enough reproductive units: only what was declared."""
    tied = [one for one in here if _yes(one.facts.get("bioregion_restricted"))]
    if not tied:
        return Verdict("B3b", OPEN, missing=_evidence("bioregion_restricted", "reproductive_units"))
    enough = rule.units["B3b"]
    sure = [o.taxon.species for o in tied if o.units is not None and o.units >= enough]
    maybe = [o.taxon.species for o in tied if o.units is None]
    of = next((float(o.facts["bioregion_species"]) for o in tied if "bioregion_species" in o.facts),
              None)  # fmt: skip
    needed, known = _needed("B3b", of, rule)
    lacking = ["reproductive_units"] * bool(maybe) + ["bioregion_species"] * (not known)
    return _count("B3b", sure, maybe, needed, known, [_evidence(*lacking)], None)


def _b3c(here: Sequence[Occurrence], rule: Rules) -> Verdict:
    sure = [o.taxon.species for o in here if _yes(o.facts.get("most_important_habitat"))]
    said = any("most_important_habitat" in o.facts for o in here)
    if not said:
        return Verdict("B3c", OPEN, missing=_evidence("most_important_habitat"))
    return _count("B3c", sure, (), int(rule.species["B3c"]), True, (), None)


def _yes(text: str | None) -> bool:
    return (text or "").casefold() in ("yes", "y", "1", "true", "是", "sí", "si")


def _evidence(*items: str) -> str:
    said = "; ".join(f"{item} ({ITEMS[item]})" for item in items)
    return say("evidence in [species] evidence: {items}", items=said)


# -- ecosystems ------------------------------------------------------------------------------------


def of_ecosystem(name: str, category: str, share: Share, rule: Rules) -> list[Verdict]:
    """A2a or A2b for a threatened type, and B4 for any."""
    wanted = {"CR": ["A2a"], "EN": ["A2a"], "VU": ["A2b"]}.get(category, [])
    found = []
    for criterion in [*wanted, "B4"]:
        needed = rule.shares[criterion]
        row = Verdict(criterion, NOT_MET, name, share, needed)
        if share.percent >= needed:
            missing = "" if share.exact else _evidence("global_extent_km2")
            row = replace(row, verdict=OPEN if missing else MET, missing=missing)
        found.append(row)
    return found


# -- what only people know -------------------------------------------------------------------------


def of_evidence(here: Sequence[Occurrence], site: Mapping[str, str], rule: Rules) -> list[Verdict]:
    """C, D1 to D3 and E: by declared evidence alone. site: what was said of the site itself."""
    return [
        _c(site, rule),
        *_declared("D1a", "aggregation_share", here, rule.shares["D1a"]),
        *_declared("D1b", "aggregation_rank", here, rule.rank, at_most=True),
        *_declared("D2", "refuge_share", here, rule.shares["D2"]),
        *_declared("D3", "recruitment_share", here, rule.shares["D3"]),
        *_e(here, site, rule),
    ]


def _c(site: Mapping[str, str], rule: Rules) -> Verdict:
    if "intact" in site and not _yes(site["intact"]):
        return Verdict("C", NOT_MET)
    lacking = [item for item in ("intact", "intact_sites") if item not in site]
    if lacking:
        return Verdict("C", OPEN, missing=_evidence(*lacking))
    return Verdict("C", MET if float(site["intact_sites"]) <= rule.intact_sites else NOT_MET)


def _declared(
    criterion: str, item: str, here: Sequence[Occurrence], limit: float, *, at_most: bool = False
) -> list[Verdict]:
    percent = None if at_most else limit
    said = [one for one in here if item in one.facts]
    if not said:
        return [Verdict(criterion, OPEN, needed_percent=percent, missing=_evidence(item))]
    rows = []
    for one in said:
        value = float(one.facts[item])
        met = value <= limit if at_most else value >= limit
        share = None if at_most else Share("declared", value)
        verdict = MET if met else NOT_MET
        rows.append(Verdict(criterion, verdict, one.taxon.species, share, percent))
    return rows


def _e(here: Sequence[Occurrence], site: Mapping[str, str], rule: Rules) -> list[Verdict]:
    """Irreplaceability, with reproductive units of a species that makes the site so."""
    if "irreplaceability" not in site:
        return [Verdict("E", OPEN, missing=_evidence("irreplaceability", "reproductive_units"))]
    if float(site["irreplaceability"]) < rule.irreplaceability:
        return [Verdict("E", NOT_MET)]
    known = [one for one in here if one.units is not None]
    if not known:
        return [Verdict("E", OPEN, missing=_evidence("reproductive_units"))]
    return [_enough_units(one, rule) for one in known]


def _enough_units(one: Occurrence, rule: Rules) -> Verdict:
    threatened = one.taxon.category in ("CR", "EN")
    needed = rule.units["E_threatened" if threatened else "E"]
    met = one.units is not None and one.units >= needed
    return Verdict("E", MET if met else NOT_MET, one.taxon.species, units=one.units,
                   units_needed=needed)  # fmt: skip
