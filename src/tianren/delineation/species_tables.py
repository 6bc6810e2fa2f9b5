"""Tables of species covered, by group, family, protection class, red-list category and endemism.

The form of the report's Appendix 2, with what it leaves out: the denominator, what "covered" means,
how the percentage was written, and how well the species are known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tianren.science.percent import percent
from tianren.science.taxa import THREATENED, Taxon

ANY_RECORD, SHARE, TARGET = "any_record", "range_share", "target_met"
MEANINGS = (ANY_RECORD, SHARE, TARGET)


@dataclass(frozen=True)
class Held:
    """What is known of one species and what each zone holds of it.

    records: in the region; records_in: zone -> of them inside; share_in: zone -> share 0..1 of the
    range held, empty where the species has no range; met_in: zone -> whether its target is met.
    """

    records: int = 0
    records_in: Mapping[str, int] = field(default_factory=dict)
    share_in: Mapping[str, float] = field(default_factory=dict)
    met_in: Mapping[str, bool] = field(default_factory=dict)

    def known(self, meaning: str) -> bool:
        """Whether there is anything to judge by."""
        return self.records > 0 if meaning == ANY_RECORD else bool(self.share_in)

    def covered(self, meaning: str, zone: str, share: float) -> bool:
        """Whether a zone covers the species, in one of MEANINGS; unknown is not covered."""
        if meaning == ANY_RECORD:
            return self.records_in.get(zone, 0) > 0
        if meaning == SHARE:
            return self.share_in.get(zone, -1.0) >= share
        return self.met_in.get(zone, False)


COLUMNS = (
    "zone", "group", "dimension", "class", "meaning", "covered", "of", "percent", "percent_mode",
    "with_data", "median_records", "few_records",
)  # fmt: skip


def rows(
    taxa: Sequence[Taxon],
    known: Mapping[str, Held],
    zones: Sequence[str],
    *,
    share: float,
    few: float,
    mode: str,
) -> list[dict[str, Any]]:
    """The tables: one row a zone, class of species and meaning of "covered".

    taxa: every species of the list, the denominator, known or not; share: of a range that counts as
    covered, 0..1; few: fewer records than this are few; mode: "round" or "trunc", see percent.
    """
    nothing = Held()
    found = []
    for zone in zones:
        for (group, dimension, label), members in _classes(taxa):
            held = [known.get(taxon.species, nothing) for taxon in members]
            notes = detectability(held, few)
            for meaning in MEANINGS:
                covered = sum(h.covered(meaning, zone, share) for h in held)
                found.append({
                    "zone": zone,
                    "group": group,
                    "dimension": dimension,
                    "class": label,
                    "meaning": meaning,
                    "covered": covered,
                    "of": len(held),
                    "percent": percent(covered, len(held), mode),
                    "percent_mode": mode,
                    "with_data": sum(h.known(meaning) for h in held),
                    **notes,
                })  # fmt: skip
    return found


def detectability(held: Sequence[Held], few: float) -> dict[str, float | int]:
    """How well species are known: the median of their records, and how many have under `few`."""
    counts = [h.records for h in held]
    return {"median_records": median(counts), "few_records": sum(n < few for n in counts)}


Key = tuple[str, str, str]  # group or "" for all, dimension, class


def _classes(taxa: Sequence[Taxon]) -> Iterator[tuple[Key, list[Taxon]]]:
    """The classes that have a species: of all taxa, then of each group, each with its total."""
    groups = sorted({taxon.group for taxon in taxa if taxon.group})
    for group in ("", *groups):
        mine = [t for t in taxa if not group or t.group == group]
        for dimension, label, members in _within(mine):
            if members:
                yield (group, dimension, label), members


def _within(taxa: Sequence[Taxon]) -> Iterator[tuple[str, str, list[Taxon]]]:
    yield "all", "", list(taxa)
    for protection in ("I", "II"):
        yield "protection", protection, [t for t in taxa if t.protection == protection]
    for category in THREATENED:
        yield "category", category, [t for t in taxa if t.category == category]
    yield "category", "+".join(THREATENED), [t for t in taxa if t.threatened]
    yield "endemic", "endemic", [t for t in taxa if t.endemic]
    for family in sorted({t.family for t in taxa if t.family}):
        yield "family", family, [t for t in taxa if t.family == family]
