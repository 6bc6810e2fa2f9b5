"""Protected area by year: a site counts from its year on, and unknown years as is stated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.overlay import NOBODY, Claim, pieces
from tianren.language import say, say_many
from tianren.parameters import Parameters

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Unknown = Literal["start", "left_out", "sampled"]
FROM_THE_START: Unknown = "start"
LEFT_OUT: Unknown = "left_out"
SAMPLED: Unknown = "sampled"
MAX_KEY = 2**62  # what geo.overlay can tell apart


@dataclass(frozen=True)
class Years:
    """How unknown years are treated: counted from the start, left out, or sampled.

    A sampled year is drawn from the known years of sites of the same kind (of all where none is
    known); draws, seed: how many times; low, high: quantiles of the draws that are told.
    """

    unknown: Unknown = FROM_THE_START
    draws: int = 100
    seed: int = 0
    low: float = 0.025
    high: float = 0.975


def years_from(parameters: Parameters, seed: int) -> Years:
    """The treatment of unknown years that the parameters ask for; seed: of the draws."""
    words: dict[str, Unknown] = {w: w for w in (FROM_THE_START, LEFT_OUT, SAMPLED)}
    word = parameters.word("account.unknown_years")
    if word not in words:
        raise UserError(
            f"unknown years cannot be treated as {word}",
            where="account.unknown_years",
            next_step=f"use one of {', '.join(words)}",
        )
    rest = (1 - float(parameters.share("account.year_range"))) / 2
    draws = int(parameters.number("account.year_draws"))
    return Years(words[word], draws, seed, rest, 1 - rest)


SERIES_COLUMNS = (
    "realm", "counted", "year", "added_m2", "area_m2", "low_m2", "high_m2", "total_m2",
    "percent",
)  # fmt: skip


def time_series(
    sites: "GeoDataFrame", region: "GeoDataFrame", last: int, years: Years, counted: str = ""
) -> "DataFrame":
    """The union of the sites there were by the end of each year, up to `last`, by realm.

    Realms as the region has them. Sites of later years are not counted. The first year is the first
    known; sites counted from the start are there in it. area_m2 is the median of the draws where
    years are sampled, with low_m2 and high_m2; else all three are the same. counted: a label.
    """
    import pandas as pd

    kept = _kept(sites, last, years)
    drawn = _drawn(kept, last, years)
    timeline = np.arange(drawn.min(initial=last), last + 1)
    realms, of = np.unique(np.asarray(region["realm"], dtype=object), return_inverse=True)
    land = region.geometry.to_numpy()
    areas = _by_realm(_areas(kept.geometry.to_numpy(), drawn, land, timeline), of, axis=1)
    totals = _by_realm(pieces([Claim(land)]).of(0, len(land)), of, axis=0)
    made = [
        pd.DataFrame({
            "realm": realm, "counted": counted, "year": timeline,
            **_told(areas[:, r], years), "total_m2": totals[r],
        })
        for r, realm in enumerate(realms)
    ]  # fmt: skip
    table = pd.concat(made, ignore_index=True)
    table["percent"] = 100 * table["area_m2"] / table["total_m2"]
    return table[list(SERIES_COLUMNS)]


def _told(areas: Floats, years: Years) -> dict[str, Floats]:
    """The median of the draws (draws x years) with its range, and what each year adds to it."""
    middle, low, high = np.quantile(areas, [0.5, years.low, years.high], axis=0)
    added = np.diff(middle, prepend=0.0)
    return {"added_m2": added, "area_m2": middle, "low_m2": low, "high_m2": high}


def _by_realm(areas: Floats, of: Ints, axis: int) -> Floats:
    """Areas of the region's polygons as areas of its realms."""
    groups = [np.flatnonzero(of == r) for r in range(int(of.max()) + 1)]
    return np.stack([np.take(areas, g, axis).sum(axis=axis) for g in groups], axis=axis)


def year_findings(sites: "GeoDataFrame", years: Years) -> list[Finding]:
    """How many sites of unknown year there are, and how they were treated."""
    unknown = int(sites["year"].isna().sum())
    if not unknown:
        return []
    treated = {
        FROM_THE_START: say("they count from the first known year on"),
        LEFT_OUT: say("they are left out of the time series"),
        SAMPLED: say("their years are drawn from the known ones, {n} times", n=years.draws),
    }
    message = say_many(
        "{n} of {all} sites has no year: {treated}", "{n} of {all} sites have no year: {treated}",
        unknown, all=len(sites), treated=treated[years.unknown],
    )  # fmt: skip
    return [Finding("account.series_years", "time series", Severity.WARNING, message)]


def _kept(sites: "GeoDataFrame", last: int, years: Years) -> "GeoDataFrame":
    known = sites["year"].notna()
    counted = known & (sites["year"].fillna(last) <= last)
    return sites[counted if years.unknown == LEFT_OUT else counted | ~known]


def _drawn(sites: "GeoDataFrame", last: int, years: Years) -> Ints:
    """The year of each site in each draw: (draws x sites); one row where nothing is drawn."""
    known = sites["year"].notna().to_numpy()
    year = sites["year"].fillna(last).to_numpy(dtype=np.int64)
    if years.unknown != SAMPLED or known.all() or not known.any():
        first = year[known].min(initial=last)
        return np.asarray(np.where(known, year, first)[None, :])
    rng = np.random.default_rng(years.seed)
    drawn = np.repeat(year[None, :], years.draws, axis=0)
    kinds = sites["kind"].to_numpy()
    for kind in sorted(set(kinds[~known])):
        lacking = np.flatnonzero(~known & (kinds == kind))
        like = year[known & (kinds == kind)]
        pool = np.sort(like if len(like) else year[known])
        drawn[:, lacking] = rng.choice(pool, (years.draws, len(lacking)))
    return drawn


def _areas(shapes: Any, drawn: Ints, realms: Any, timeline: Ints) -> Floats:
    """The union by the end of each year: (draws x realms x years), m2."""
    found = np.zeros((len(drawn), len(realms), len(timeline)))
    for batch in _batches(len(drawn), len(shapes), len(realms)):
        orders = [Claim(shapes, np.argsort(drawn[d], kind="stable")) for d in batch]
        made = pieces([Claim(realms), *orders])
        for n, d in enumerate(batch, start=1):
            realm, site = made.owner[:, 0], made.owner[:, n]
            both = (realm != NOBODY) & (site != NOBODY)
            place = realm[both] * len(timeline) + drawn[d][site[both]] - timeline[0]
            added = np.bincount(place, made.area[both], minlength=found[d].size)
            found[d] = added.reshape(found[d].shape).cumsum(axis=1)
    return found


def _batches(draws: int, sites: int, realms: int) -> Iterator[range]:
    """Draws that fit into one overlay."""
    fit, room = 1, MAX_KEY // ((realms + 1) * (sites + 1))
    while fit < draws and room > sites + 1:
        fit, room = fit + 1, room // (sites + 1)
    return (range(d, min(d + fit, draws)) for d in range(0, draws, fit))
