"""What the cleaning of sites tells: a finding for each rule that touched some."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tianren.findings import Finding, Severity
from tianren.language import say, say_many

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_TOLD = 5  # sites that a finding names; all are in the log

# Rule -> how much it matters, and the sentence over the sites.
TELLING: Mapping[str, tuple[Severity, str]] = {
    "read": (Severity.WARNING, "{n} records of sites could not be read as they stand"),
    "geometry": (Severity.WARNING, "{n} sites have no polygon and do not count"),
    "repair": (Severity.NOTE, "{n} outlines of sites were repaired"),
    "large_repair": (Severity.WARNING, "the repair of {n} sites changed their area"),
    "kind": (Severity.WARNING, "{n} sites are neither protected area nor OECM and do not count"),
    "status": (Severity.NOTE, "{n} sites do not count for their status"),
    "designation": (Severity.NOTE, "{n} sites do not count for their designation"),
    "year_unknown": (Severity.NOTE, "the year of {n} sites is not known"),
    "year": (Severity.WARNING, "{n} sites have a year after the day of the account"),
    "category": (Severity.WARNING, "{n} sites have a category that is not known"),
    "circle": (Severity.NOTE, "{n} sites are points, drawn as circles"),
    "point": (Severity.WARNING, "{n} points have no reported area and do not count"),
    "area": (Severity.WARNING, "{n} sites are not as large as reported"),
    "repeated": (Severity.WARNING, "{n} records repeat another and do not count"),
    "other_shape": (Severity.WARNING, "{n} records share their number with one of another shape"),
    "realm": (Severity.NOTE, "{n} sites were cut at the coast"),
    "no_sea": (Severity.WARNING, "{n} sites reach beyond the land, and the project names no sea"),
    "region": (Severity.WARNING, "{n} sites reach outside the country"),
}  # fmt: skip


# The same sentence over one site.
TELLING_ONE: Mapping[str, str] = {
    "read": "{n} record of a site could not be read as it stands",
    "geometry": "{n} site has no polygon and does not count",
    "repair": "{n} outline of a site was repaired",
    "large_repair": "the repair of {n} site changed its area",
    "kind": "{n} site is neither protected area nor OECM and does not count",
    "status": "{n} site does not count for its status",
    "designation": "{n} site does not count for its designation",
    "year_unknown": "the year of {n} site is not known",
    "year": "{n} site has a year after the day of the account",
    "category": "{n} site has a category that is not known",
    "circle": "{n} site is a point, drawn as a circle",
    "point": "{n} point has no reported area and does not count",
    "area": "{n} site is not as large as reported",
    "repeated": "{n} record repeats another and does not count",
    "other_shape": "{n} record shares its number with one of another shape",
    "realm": "{n} site was cut at the coast",
    "no_sea": "{n} site reaches beyond the land, and the project names no sea",
    "region": "{n} site reaches outside the country",
}


def cleaning_findings(
    log: "DataFrame", reported: Mapping[tuple[str, int], float]
) -> tuple[Finding, ...]:
    """One finding for each rule and source, with the sites most concerned and their areas; log: the
    rows of it that say what was done to a site; reported: km2 of points, by source and row."""
    pairs = zip(log["source"], log["row"], strict=True)
    log = log.assign(reported=[reported.get((str(s), int(r)), 0.0) for s, r in pairs])
    return tuple(
        _finding(str(source), str(rule), rows)
        for (source, rule), rows in log.groupby(["source", "rule"], sort=True)
    )


def _finding(source: str, rule: str, rows: "DataFrame") -> Finding:
    severity, sentence = TELLING[rule]
    drawn = _concerned(rows)
    rows = rows.assign(km2=drawn.where(drawn > 0, rows["reported"]), drawn=drawn)
    concerned = rows.sort_values("km2", ascending=False, kind="stable")
    columns = ["site_id", "name", "km2", "drawn", "reason"]
    fields = concerned[columns].head(_TOLD).to_dict("records")
    named = [f"{r['site_id']} {r['name']} ({_size(r)}): {r['reason']}" for r in fields]
    if len(rows) > _TOLD:
        named.append(say("and {n} more, see the log", n=len(rows) - _TOLD))
    message = say(
        "{what}, {area} km2: {sites}",
        what=say_many(TELLING_ONE[rule], sentence, len(rows)),
        area=f"{concerned['km2'].sum():,.1f}",
        sites="; ".join(named),
    )
    return Finding(f"sites.{rule}", source, severity, message, "Tianren: How the account is made")


def _size(row: Mapping[Any, Any]) -> str:
    """The area of a site, or what it reports where it is a point that is not drawn."""
    if row["km2"] > row["drawn"]:
        return say("{area} km2 reported", area=figure(row["km2"]))
    return f"{figure(row['km2'])} km2"


def _concerned(rows: "DataFrame") -> "Series[float]":
    """The area that each row is about, km2: what changed, or the whole site where nothing did."""
    changed = (rows["before_km2"] - rows["after_km2"]).abs()
    return changed.where(changed > 0, rows["before_km2"])


def figure(km2: float) -> str:
    """An area, km2, in four digits, or whole."""
    return f"{km2:,.4g}" if km2 < 1000 else f"{km2:,.0f}"
