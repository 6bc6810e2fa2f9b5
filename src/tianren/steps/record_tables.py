"""What a run of species records writes: the kept, the dropped with their reasons, the taxa."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.findings import Finding, Severity
from tianren.geo.occurrence import occurrence
from tianren.geo.records import NAME_REASONS, REASONS, Cleaned
from tianren.io.vectors import write_vector
from tianren.language import say
from tianren.parameters import Parameters
from tianren.project.runs import Run
from tianren.science.names import Checklist, Match
from tianren.science.taxa import Taxon

if TYPE_CHECKING:
    from pandas import DataFrame

UNMATCHED_COLUMNS = ("name", "records", "reason", "nearest", "found_in")
TAXA_COLUMNS = (
    "species", "group", "family", "protection", "category", "endemic", "records", "unique_places",
    "eoo_m2", "aoo_m2",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What is known before cleaning: every row, what the names mean, and the taxa.

    strangers: "status" or "ranges" -> the names there that name no species.
    """

    rows: "DataFrame"
    matches: Mapping[str, Match]
    taxa: Sequence[Taxon]
    checklist: Checklist | None
    findings: list[Finding]
    strangers: Mapping[str, list[Match]] = field(default_factory=dict)


def other_groups(known: Known) -> list[Finding]:
    """Records and status table that call one group by two names: it would be two groups."""
    groups = {taxon.species: taxon.group for taxon in known.taxa if taxon.group}
    matches = {name: match.species for name, match in known.matches.items()}
    pairs = known.rows[["species", "group"]].drop_duplicates().astype(str)
    said = Counter(
        (own, groups[matches[name]])
        for name, own in zip(pairs["species"], pairs["group"], strict=True)
        if own
        and matches.get(name) in groups
        and own.casefold() != groups[matches[name]].casefold()
    )
    return [
        Finding(
            "records.two_groups", own, Severity.WARNING,
            say("records call the group of {n} species {own}, the status table calls it {group}: "
                "species without status stay in {own}, and the two count as two groups",
                n=n, own=own, group=group),
            "taxa.csv",
        )
        for (own, group), n in sorted(said.items())
    ]  # fmt: skip


def kept_rows(known: Known, cleaned: Cleaned) -> "DataFrame":
    """The kept rows with their matched species and the group that status or record says."""
    rows = known.rows[cleaned.kept]
    species = rows["species"].cat.categories.map(lambda name: known.matches[str(name)].species)
    groups = {taxon.species: taxon.group for taxon in known.taxa if taxon.group}
    matched = np.asarray(species, dtype=object)[rows["species"].cat.codes.to_numpy()]
    said = rows["group"].astype(object).to_numpy()
    group = [groups.get(name, own) for name, own in zip(matched, said, strict=True)]
    return rows.assign(species=matched, group=group, x=cleaned.x[cleaned.kept],
                       y=cleaned.y[cleaned.kept])  # fmt: skip


def write_kept(run: Run, kept: "DataFrame") -> None:
    import geopandas as gpd

    if run.done("records.gpkg"):
        return
    columns = {
        "species": kept["species"].astype(str).to_numpy(),
        "group": kept["group"].astype(str).to_numpy(),
        "lon": kept["longitude"].to_numpy(),
        "lat": kept["latitude"].to_numpy(),
        "year": kept["year"].astype("Int32"),
        "uncertainty_m": kept["uncertainty_m"].to_numpy(),
        "source": kept["source"].astype(str).to_numpy(),
        "row": kept["row"].to_numpy(),
    }
    points = gpd.points_from_xy(columns["lon"], columns["lat"])
    frame = gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")
    write_vector(run.path("records.gpkg"), frame, "records")


# --- what was dropped ----------------------------------------------------------------------------


def write_dropped(run: Run, known: Known, cleaned: Cleaned) -> None:
    import pandas as pd

    from tianren.io.records import write_rows

    dropped = np.flatnonzero(~cleaned.kept)
    rows = known.rows.iloc[dropped]
    reasons = np.array(["", *REASONS])[cleaned.reason[dropped]]
    details = _details(known.rows, rows, reasons, cleaned.first[dropped])
    frame = pd.DataFrame(
        {
            "source": rows["source"].astype(str).to_numpy(),
            "row": rows["row"].to_numpy(),
            "species": rows["species"].astype(str).to_numpy(),
            "reason": reasons,
            "detail": details,
        }
    )
    write_rows(run.path("dropped.csv"), frame)


def _details(every: "DataFrame", rows: "DataFrame", reasons: Any, first: Any) -> list[str]:
    """What in each dropped row is meant: its words, its place, its date, or the row it repeats."""
    made = np.empty(len(rows), dtype=object)
    for reason in np.unique(reasons):
        at = np.flatnonzero(reasons == reason)
        mine = rows.iloc[at]
        if reason in ("duplicate", "duplicate_undated"):
            twins = every.iloc[first[at]]
            pairs = zip(twins["row"], twins["source"].astype(str), strict=True)
            made[at] = [f"row {row} of {source}" for row, source in pairs]
        else:
            made[at] = _detail_of(reason, mine)
    return list(made)


_WORDS = {"malformed_row": "written", "unreadable_coordinates": "written", "absence": "status",
          "not_wild": "basis"}  # fmt: skip


def _detail_of(reason: str, rows: "DataFrame") -> list[str]:
    if reason in _WORDS:
        return [str(word) for word in rows[_WORDS[reason]]]
    if reason == "uncertainty":
        return [f"{metres:g} m" for metres in rows["uncertainty_m"]]
    if reason == "impossible_date":
        pairs = zip(rows["date"].astype(str), rows["year"], strict=True)
        return [date or f"{year:g}" for date, year in pairs]
    if reason in NAME_REASONS.values() or reason == "no_coordinates":
        return [""] * len(rows)
    pairs = zip(rows["longitude"], rows["latitude"], strict=True)
    return [f"{lon!r}, {lat!r}" for lon, lat in pairs]


def unmatched_rows(known: Known) -> list[dict[str, Any]]:
    """Names that have no species, with how many records bear them and what is near: advice only.

    found_in: "records", "status", "ranges", whichever bear the name.
    """
    counts = known.rows["species"].value_counts()
    lists = {"records": [m for m in known.matches.values() if not m.species], **known.strangers}
    matches = {match.written: match for found in lists.values() for match in found}
    bearers = {kind: {match.written for match in found} for kind, found in lists.items()}
    return [
        {
            "name": name,
            "records": int(counts.get(name, 0)),
            "reason": NAME_REASONS[match.how],
            "nearest": "; ".join(match.candidates),
            "found_in": "; ".join(kind for kind, names in bearers.items() if name in names),
        }
        for name, match in sorted(matches.items())
        if name
    ]


def taxa_rows(known: Known, kept: "DataFrame", parameters: Parameters) -> list[dict[str, Any]]:
    """One row a species that has a status or a kept record."""
    cell = parameters.number("records.occupancy_cell")
    shifts = int(parameters.number("records.occupancy_shifts"))
    decimals = int(parameters.number("records.duplicate_decimals"))
    found = {str(name): rows for name, rows in kept.groupby("species", sort=True)}
    status = {taxon.species: taxon for taxon in known.taxa}
    made = []
    for name in sorted({*found, *status}):
        taxon = status.get(name, Taxon(name))
        row = {**_status_row(taxon), "records": 0, "unique_places": 0, "eoo_m2": "", "aoo_m2": ""}
        if name in found:
            mine = found[name]
            eoo, aoo = occurrence(mine["x"].to_numpy(), mine["y"].to_numpy(), cell, shifts)
            places = mine[["longitude", "latitude"]].round(decimals).drop_duplicates()
            row |= {"records": len(mine), "unique_places": len(places), "eoo_m2": repr(eoo),
                    "aoo_m2": repr(aoo)}  # fmt: skip
            row["group"] = taxon.group or next((g for g in sorted(set(mine["group"])) if g), "")
        made.append(row)
    return made


def _status_row(taxon: Taxon) -> dict[str, Any]:
    endemic = "" if taxon.endemic is None else "yes" if taxon.endemic else "no"
    return {
        "species": taxon.species, "group": taxon.group, "family": taxon.family,
        "protection": taxon.protection, "category": taxon.category, "endemic": endemic,
    }  # fmt: skip
