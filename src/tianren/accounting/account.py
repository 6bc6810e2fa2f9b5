"""The account itself: what there was, what came and went, what there is, and how far 30 % is.

Opening and closing are two lists of sites. Each piece of land belongs, on either day, to the first
of the sites that cover it (coverage.balance), so a piece is in one class of the opening balance and
in one of the closing balance, and every difference has one site as its cause. Pieces that change
hands between classes are moved: they sum to nothing over the classes.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.accounting.coverage import KINDS, LAND, SEA, TERRESTRIAL, one_after_another
from tianren.findings import Finding, Severity
from tianren.geo.overlay import NOBODY, Claim, pieces
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

Ints = NDArray[np.int64]

ADDITION, REMOVAL, BOUNDARY, CORRECTION, MOVED = (
    "additions", "removals", "boundary_changes", "corrections", "moved",
)  # fmt: skip
FLOWS = (ADDITION, REMOVAL, BOUNDARY, CORRECTION, MOVED)
STATEMENT_COLUMNS = ("realm", "kind", "opening_m2", *(f"{f}_m2" for f in FLOWS), "closing_m2")
FLOW_COLUMNS = ("site_id", "name", "realm", "kind", "flow", "area_m2")
_REALMS = {LAND: TERRESTRIAL, SEA: SEA}


@dataclass(frozen=True)
class Statement:
    """Two balances and what lies between them, m2; losses are negative.

    table: STATEMENT_COLUMNS, a row a realm and kind; flows: FLOW_COLUMNS, what each site caused;
    findings: sites whose change cannot be told for certain.
    """

    table: "DataFrame"
    flows: "DataFrame"
    findings: tuple[Finding, ...]


def there_by(sites: "GeoDataFrame", day: dt.date) -> "GeoDataFrame":
    """The sites there were on a day: those whose year is over by then; unknown years count as
    before any day."""
    known = sites["year"].notna()
    over = day.year if (day.month, day.day) == (12, 31) else day.year - 1
    return sites[~known | (sites["year"].fillna(over) <= over)].reset_index(drop=True)


def statement(
    opening: "GeoDataFrame",
    closing: "GeoDataFrame",
    region: "GeoDataFrame",
    opened: dt.date,
    *,
    kinds: Sequence[str] = KINDS,
) -> Statement:
    """Opening balance, additions, removals, boundary changes, corrections, closing balance.

    opening, closing: cleaned sites of the two days (columns as coverage.balance wants them, and
    name), region: realm and geometry; all in one equal-area CRS. A site is the same when its id is.
    opened: the day of the opening balance: what is new but has an earlier year, or none, corrects
    it; what is new and later is an addition.
    """
    old, new = one_after_another(opening, kinds), one_after_another(closing, kinds)
    found = pieces([_claim(old), _claim(new), Claim(region.geometry.to_numpy())])
    inside = found.owner[:, 2] != NOBODY
    before, after, realm = found.owner[inside].T
    names = np.array([_REALMS.get(str(r), str(r)) for r in region["realm"]], dtype=object)
    rows = _rows(old, new, before, after, names[realm], found.area[inside])
    cause = _Causes(old, new, opened)
    flows = _flows(rows, cause, old, new)
    return Statement(_statement(rows, flows, names, kinds), flows, tuple(cause.doubtful()))


def _claim(sites: "GeoDataFrame") -> Claim:
    return Claim(sites.geometry.to_numpy())


def _rows(
    old: "GeoDataFrame", new: "GeoDataFrame", before: Ints, after: Ints, realm: Any, area: Any
) -> "DataFrame":
    import pandas as pd

    return pd.DataFrame({
        "before": before, "after": after, "realm": realm, "area_m2": area,
        "was": np.append(old["kind"].to_numpy(object), "")[before],
        "now": np.append(new["kind"].to_numpy(object), "")[after],
    })  # fmt: skip


class _Causes:
    """Why a piece came or went: by what became of the site that has, or had, it."""

    def __init__(self, old: "GeoDataFrame", new: "GeoDataFrame", opened: dt.date) -> None:
        self.old, self.new, self.opened = _by_id(old), _by_id(new), opened

    def of_gain(self, site: str) -> str:
        """Of land that nobody had before."""
        if site in self.old:
            return BOUNDARY
        years = [y for y in self.new[site]["year"] if y is not None]
        late = bool(years) and min(years) > _last_year(self.opened)
        return ADDITION if late else CORRECTION

    def of_loss(self, site: str) -> str:
        return BOUNDARY if site in self.new else REMOVAL

    def doubtful(self) -> list[Finding]:
        """Sites in both lists that are another site by name and place; they may be two."""
        found = []
        for site in sorted(set(self.old) & set(self.new)):
            a, b = self.old[site], self.new[site]
            if a["name"] != b["name"] and not shapely.intersects(a["shape"], b["shape"]):
                message = say(
                    "the id is of {old} in the opening list and of {new}, elsewhere, in the "
                    "closing list: one went and another came, or a number was used twice",
                    old=a["name"], new=b["name"],
                )  # fmt: skip
                found.append(
                    Finding(
                        "account.site_changed",
                        site,
                        Severity.WARNING,
                        message,
                        "Tianren: How the account is made",
                    )
                )
        return found


def _by_id(sites: "GeoDataFrame") -> dict[str, dict[str, Any]]:
    """Site id -> the name, the years and the shape of its parcels together."""
    found: dict[str, dict[str, Any]] = {}
    for site, name, year, shape in zip(
        sites["site_id"].astype(str), sites["name"].astype(str), sites["year"],
        sites.geometry.to_numpy(), strict=True,
    ):  # fmt: skip
        known = found.setdefault(site, {"name": name, "year": [], "shapes": []})
        known["year"].append(None if _missing(year) else int(year))
        known["shapes"].append(shape)
    for known in found.values():
        known["shape"] = shapely.geometrycollections(known.pop("shapes"))
    return found


def _missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _last_year(day: dt.date) -> int:
    """The last year that is over on a day."""
    return day.year if (day.month, day.day) == (12, 31) else day.year - 1


def _flows(
    rows: "DataFrame", cause: _Causes, old: "GeoDataFrame", new: "GeoDataFrame"
) -> "DataFrame":
    """What each site caused, by realm and kind."""
    import pandas as pd

    changed = rows[rows["was"] != rows["now"]]
    found = [f for row in changed.itertuples() for f in _two_sides(row, cause, old, new)]
    table = pd.DataFrame(found, columns=list(FLOW_COLUMNS))
    keys = [c for c in FLOW_COLUMNS if c != "area_m2"]
    return table.groupby(keys, sort=True)["area_m2"].sum().reset_index()


def _two_sides(
    row: Any, cause: _Causes, old: "GeoDataFrame", new: "GeoDataFrame"
) -> Iterable[tuple[Any, ...]]:
    """The entries of one piece: of the kind that lost it, and of the kind that has it."""
    was, now = row.was, row.now
    if was:
        site = str(old["site_id"].iloc[row.before])
        flow = MOVED if now else cause.of_loss(site)
        yield site, str(old["name"].iloc[row.before]), row.realm, was, flow, -row.area_m2
    if now:
        site = str(new["site_id"].iloc[row.after])
        flow = MOVED if was else cause.of_gain(site)
        yield site, str(new["name"].iloc[row.after]), row.realm, now, flow, row.area_m2


def _statement(
    rows: "DataFrame", flows: "DataFrame", realms: Any, kinds: Sequence[str]
) -> "DataFrame":
    import pandas as pd

    opening = rows.groupby(["realm", "was"])["area_m2"].sum()
    closing = rows.groupby(["realm", "now"])["area_m2"].sum()
    moves = flows.groupby(["realm", "kind", "flow"])["area_m2"].sum()
    made = []
    for realm in sorted(set(realms)):
        for kind in kinds:
            entry = {f"{f}_m2": float(moves.get((realm, kind, f), 0.0)) for f in FLOWS}
            first = float(opening.get((realm, kind), 0.0))
            last = float(closing.get((realm, kind), 0.0))
            made.append(
                {"realm": realm, "kind": kind, "opening_m2": first, **entry, "closing_m2": last}
            )
    return pd.DataFrame(made, columns=list(STATEMENT_COLUMNS))


UNBALANCED_COLUMNS = ("realm", "kind", "site_id", "opening_m2", "flows_m2", "closing_m2", "off_m2")


def unbalanced(
    told: Statement, opening: "DataFrame", closing: "DataFrame", relative: float = 1e-9
) -> "DataFrame":
    """Where opening balance and flows do not make the closing balance, with the sites to look at.

    opening, closing: what counts for each site on either day, computed on its own
    (coverage.attributed with kind), columns site_id, realm, kind, area_m2. A row without a site is
    a total that is off; rows with one are sites whose own change is not what its flows say. Sites
    that lie under others change hands without a flow of their own; they are told only where a total
    is off.
    """
    import pandas as pd

    was, now = _held(opening), _held(closing)
    found: list[dict[str, Any]] = []
    for row in told.table.to_dict("records"):
        realm, kind = str(row["realm"]), str(row["kind"])
        size = max(abs(row["opening_m2"]), abs(row["closing_m2"]), 1.0)
        moves = sum(row[f"{f}_m2"] for f in FLOWS)
        first, last = was.get((realm, kind), {}), now.get((realm, kind), {})
        total = _line(realm, kind, "", sum(first.values()), moves, sum(last.values()))
        if abs(total["off_m2"]) > relative * size:
            found += [total, *_sites_off(told, realm, kind, first, last, relative * size)]
    return pd.DataFrame(found, columns=list(UNBALANCED_COLUMNS))


def _sites_off(
    told: Statement, realm: str, kind: str, first: Mapping[str, float],
    last: Mapping[str, float], tolerance: float,
) -> list[dict[str, Any]]:  # fmt: skip
    mine = told.flows[(told.flows["realm"] == realm) & (told.flows["kind"] == kind)]
    sums = mine.groupby("site_id")["area_m2"].sum()
    caused = {str(site): float(area) for site, area in sums.items()}
    lines = [
        _line(realm, kind, site, first.get(site, 0.0), caused.get(site, 0.0), last.get(site, 0.0))
        for site in sorted({*first, *last, *caused})
    ]
    wrong = [line for line in lines if abs(line["off_m2"]) > tolerance]
    return sorted(wrong, key=lambda line: (-abs(line["off_m2"]), line["site_id"]))


def _line(
    realm: str, kind: str, site: str, opening: float, flows: float, closing: float
) -> dict[str, Any]:
    off = closing - opening - flows
    return dict(
        zip(UNBALANCED_COLUMNS, (realm, kind, site, opening, flows, closing, off), strict=True)
    )


def _held(rows: "DataFrame") -> dict[tuple[str, str], dict[str, float]]:
    """(realm, kind) -> site -> m2."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows.to_dict("records"):
        sites = found.setdefault((str(row["realm"]), str(row["kind"])), {})
        sites[str(row["site_id"])] = sites.get(str(row["site_id"]), 0.0) + float(row["area_m2"])
    return found


DISTANCE_COLUMNS = (
    "realm", "counted", "area_m2", "total_m2", "percent", "target_percent", "gap_m2", "years_left",
    "pace_m2", "past_pace_m2", "years_at_past_pace",
)  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """What is asked for, and by when.

    share: of each realm; deadline: a day; today: of the account; past_years: over which the past
    pace is taken.
    """

    share: float
    deadline: dt.date
    today: dt.date
    past_years: int

    @property
    def years_left(self) -> float:
        return max(0.0, (self.deadline - self.today).days / 365.25)


def distance(covered: "DataFrame", series: "DataFrame", goal: Goal) -> "DataFrame":
    """How far each realm is from its target: m2 missing, m2 a year needed, m2 a year so far.

    covered: coverage.coverage of the region (dimension ""); series: series.time_series with the
    same labels in `counted`, from which the past pace is taken. pace_m2 is infinite after the
    deadline; years_at_past_pace is infinite where nothing was added.
    """
    import pandas as pd

    made = []
    for row in covered[covered["dimension"] == ""].to_dict("records"):
        gap = max(0.0, goal.share * row["total_m2"] - row["area_m2"])
        past = past_pace(series, str(row["realm"]), str(row["counted"]), goal)
        made.append({
            **{c: row[c] for c in ("realm", "counted", "area_m2", "total_m2", "percent")},
            "target_percent": 100 * goal.share,
            "gap_m2": gap,
            "years_left": goal.years_left,
            "pace_m2": _ratio(gap, goal.years_left),
            "past_pace_m2": past,
            "years_at_past_pace": _ratio(gap, past),
        })  # fmt: skip
    return pd.DataFrame(made, columns=list(DISTANCE_COLUMNS))


def _ratio(gap: float, by: float) -> float:
    """0 where nothing is missing, whatever it is divided by; infinite where by is nothing."""
    if gap <= 0:
        return 0.0
    return gap / by if by > 0 else float("inf")


def past_pace(series: "DataFrame", realm: str, counted: str, goal: Goal) -> float:
    """m2 a year over the last full years of a time series, or NaN where it has no such rows."""
    land = {TERRESTRIAL: LAND}
    mine = series[(series["realm"] == land.get(realm, realm)) & (series["counted"] == counted)]
    areas = dict(zip(mine["year"].astype(int), mine["area_m2"].astype(float), strict=True))
    if not areas:
        return float("nan")
    last = _last_year(goal.today)
    now = areas[max(y for y in areas if y <= last)] if min(areas) <= last else 0.0
    first = [y for y in areas if y <= last - goal.past_years]
    return (now - (areas[max(first)] if first else 0.0)) / goal.past_years


MOVE_COLUMNS = ("what_if", "indicator", "by", "unit", "before", "after", "change")


def moves(
    name: str, before: Mapping[tuple[str, str, str], float],
    after: Mapping[tuple[str, str, str], float],
) -> list[dict[str, Any]]:  # fmt: skip
    """How every indicator moves: (indicator, by, unit) -> value, before and after."""
    keys = sorted({*before, *after})
    return [
        {
            "what_if": name, "indicator": key[0], "by": key[1], "unit": key[2],
            "before": before.get(key), "after": after.get(key),
            "change": after[key] - before[key] if key in before and key in after else None,
        }
        for key in keys
    ]  # fmt: skip
