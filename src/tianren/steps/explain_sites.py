"""The sites that make a number of an account, each with the area that counts for it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tianren.accounting.coverage import INLAND_WATER, LAND, NOT_STATED, OECM, PA, SEA, TERRESTRIAL
from tianren.accounting.equity import UNTOLD
from tianren.language import say
from tianren.measures import by_pairs
from tianren.project.runs import RunResults

SiteArea = tuple[str, str, str, float]  # id, name, kind, m2
OF_SITES = (
    "account.area", "account.coverage", "account.attributed", "account.adds",
    "account.from_records", "account.balance", "account.series", "account.governance_share",
)  # fmt: skip
BOTH = "land_and_sea"
ATTRIBUTION = "attribution.csv"
CLASSES = "attribution_classes.csv"
# The realms of a table whose areas make those of a measure.
PARTS = {
    BOTH: (TERRESTRIAL, LAND, INLAND_WATER, SEA),
    TERRESTRIAL: (TERRESTRIAL, LAND, INLAND_WATER),
}
COLUMNS_OF_SITES = ("iucn", "governance_type", "designation", "management")  # of sites.csv
OTHER = ("realm", "counted", "kind", "step", "entry")  # what a breakdown has besides its class


def sites_behind(run: RunResults, row: Mapping[str, str]) -> tuple[list[SiteArea], str]:
    """The sites whose areas sum to a number, the largest first; or none, and why."""
    if run.step != "account" or not run.has(ATTRIBUTION):
        return [], ""
    if row["indicator"] not in OF_SITES:
        return [], say("It is not made from areas of sites: none is listed")
    sites = _largest_first(_rows(run, row))
    if _same(sum(area for *_, area in sites), _area(run, row)):
        return sites, "" if sites else say("No site has any of it")
    if _lacks_classes(run, row):
        return [], say(
            "The run is older than its table {table}, and does not keep which sites make this "
            "number. Next: tianren account", table=CLASSES,
        )  # fmt: skip
    if _lacks_waters(run, row):
        return [], say(
            "The run is older, and its {table} keeps land and inland water together, not which "
            "sites make this number. Next: tianren account", table=ATTRIBUTION,
        )  # fmt: skip
    return [], say("The run does not keep which sites make this number: none is listed")


def _breakdown(row: Mapping[str, str]) -> dict[str, str]:
    """The breakdown of a measure; the land of the series is land and inland water together."""
    by = dict(by_pairs(row["by"]))
    whole = row["indicator"] == "account.series" and by.get("realm") == LAND
    return by | {"realm": TERRESTRIAL} if whole else by


def _lacks_classes(run: RunResults, row: Mapping[str, str]) -> bool:
    """Whether the run was made before there was a table that has the class of a number."""
    classes = {dimension for dimension, _ in by_pairs(row["by"])} & {"ecoregion", "ecosystem"}
    return bool(classes) and not run.has(CLASSES)


def _lacks_waters(run: RunResults, row: Mapping[str, str]) -> bool:
    """Whether the run was made before inland water was kept apart from land."""
    apart = (LAND, INLAND_WATER)
    if _breakdown(row).get("realm") not in apart:
        return False
    return not any(r["realm"] in apart for r in run.rows(ATTRIBUTION))


def _largest_first(rows: Iterable[SiteArea]) -> list[SiteArea]:
    areas: dict[tuple[str, str, str], float] = {}
    for site, name, kind, area in rows:
        areas[site, name, kind] = areas.get((site, name, kind), 0.0) + area
    order = sorted(areas.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(*key, area) for key, area in order if area > 0]


def _same(one: float, two: float | None) -> bool:
    return two is not None and math.isclose(one, two, rel_tol=1e-6, abs_tol=1e-3)


def _rows(run: RunResults, row: Mapping[str, str]) -> Iterator[SiteArea]:
    """What counts for the sites of a breakdown, from the table that has its classes."""
    by = _breakdown(row)
    if row["indicator"] == "account.governance_share":
        yield from _governed(run, by.get("governance", ""))
        return
    if by.get("step", "counted") != "counted" or by.get("entry", "closing") != "closing":
        return  # the step before has records that do not count; the flows are no sites of today
    classes = {k: v for k, v in by.items() if k not in OTHER}
    kinds = by.get("counted", by.get("kind", f"{PA}+{OECM}")).split("+")
    realm = by.get("realm", BOTH)
    realms = PARTS.get(realm, (realm,))
    for site in _classed(run, classes, realm):
        if site["kind"] in kinds and site["realm"] in realms:
            yield site["site_id"], site["name"], site["kind"], float(site["area_m2"])


def _classed(
    run: RunResults, classes: Mapping[str, str], realm: str
) -> Iterator[Mapping[str, str]]:
    """Rows of site_id, name, kind, realm, area_m2 in one class of one dimension, or in all."""
    if not classes or set(classes) == {"unit"}:
        wanted = _unnamed(classes.get("unit"))
        yield from (r for r in run.rows(ATTRIBUTION) if wanted in (None, r["unit"]))
    elif len(classes) == 1:
        (dimension, label), *_ = classes.items()
        if dimension in COLUMNS_OF_SITES:
            apart = realm in (LAND, INLAND_WATER)
            yield from (_by_column_apart if apart else _by_column)(run, dimension, label)
        elif run.has(CLASSES):
            yield from (
                r for r in run.rows(CLASSES)
                if r["dimension"] == dimension and r["class"] == _unnamed(label)
            )  # fmt: skip


def _unnamed(label: str | None) -> str | None:
    """Land outside every class is "none" in a measure and empty in a table."""
    return "" if label == "none" else label


def _by_column(run: RunResults, column: str, label: str) -> Iterator[Mapping[str, str]]:
    for site in run.rows("sites.csv"):
        if (site[column] or NOT_STATED).strip() == label:
            yield {**site, "realm": TERRESTRIAL, "area_m2": site["land_m2"]}
            yield {**site, "realm": SEA, "area_m2": site["sea_m2"]}


def _by_column_apart(run: RunResults, column: str, label: str) -> Iterator[Mapping[str, str]]:
    """As _by_column, land and inland water apart, which sites.csv has not."""
    mine = {(r["site_id"], r["kind"]) for r in _by_column(run, column, label)}
    yield from (r for r in run.rows(ATTRIBUTION) if (r["site_id"], r["kind"]) in mine)


def _governed(run: RunResults, governance: str) -> Iterator[SiteArea]:
    names = {r["site_id"]: r["name"] for r in run.rows("sites.csv")}
    for r in _equity(run):
        if (r["governance_type"] or UNTOLD) == governance:
            yield r["site_id"], names.get(r["site_id"], ""), r["kind"], float(r["area_m2"])


def _equity(run: RunResults) -> Sequence[Mapping[str, str]]:
    return run.rows("equity.csv") if run.has("equity.csv") else []


def _area(run: RunResults, row: Mapping[str, str]) -> float | None:
    """The area, m2, that the sites of a number sum to; None where the run does not tell it."""
    value = float(row["value"])
    if row["unit"] == "m2":
        return value
    if row["indicator"] == "account.governance_share":
        return value / 100 * sum(float(r["area_m2"]) for r in _equity(run))
    by = dict(by_pairs(row["by"]))
    if row["indicator"] == "account.from_records":
        by = {"realm": by["realm"], "counted": f"{PA}+{OECM}"}
        share = _value(run, "account.coverage", by)
        if share is None or not _same(share, value):
            return None
    if by.get("realm") != BOTH:
        return _value(run, "account.area", by)
    parts = [_value(run, "account.area", {**by, "realm": r}) for r in (TERRESTRIAL, SEA)]
    return sum(part for part in parts if part is not None)


def _value(run: RunResults, indicator: str, by: Mapping[str, str]) -> float | None:
    """The value of another measure of the run."""
    wanted = sorted(by.items())
    for row in run.measures:
        if row["indicator"] == indicator and sorted(by_pairs(row["by"])) == wanted:
            return float(row["value"])
    return None
