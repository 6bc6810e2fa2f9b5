"""How well what is counted is managed: each square kilometre once, with its site's score.

Areas are those that count for a site (attribution, accounting.coverage), so that land under two
sites is judged by the one it counts for.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianren.accounting.assessments import MANAGEMENT, STATUS, Score, latest, tools
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Parameters

if TYPE_CHECKING:
    from pandas import DataFrame

LEVELS = ("sound", "basic", "inadequate")
COLUMNS = (
    "site_id", "tool", "date", "percent", "level", "answered", "not_applicable", "open", "area_m2",
    "first_date", "first_percent", "change_per_year", "green_list", "source",
)  # fmt: skip
SOURCE = "WWF 2021 (METT-4): 100 * sum / (3 n), items that do not apply removed"


@dataclass(frozen=True)
class Levels:
    """Scores in percent from which management is sound, and basic (Leverington et al. 2010)."""

    sound: float
    basic: float

    def of(self, percent: float) -> str:
        return "sound" if percent >= self.sound else "basic" if percent >= self.basic else LEVELS[2]


def levels(parameters: Parameters) -> Levels:
    return Levels(
        parameters.number("effectiveness.sound"), parameters.number("effectiveness.basic")
    )


@dataclass(frozen=True)
class Trend:
    """First and last score of one site by one tool, and the change in percentage points a year."""

    first: Score
    last: Score
    change: float


def trends(scores: Iterable[Score]) -> dict[str, Trend]:
    """Of each site assessed on two days or more with one tool: first to last. A site with several
    tools gets the trend of the one with the latest assessment."""
    series: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        if score.what == MANAGEMENT and score.percent is not None:
            series.setdefault((score.site, score.tool), []).append(score)
    found: dict[str, Trend] = {}
    for (site, _), own in sorted(series.items()):
        own.sort(key=lambda s: s.day)
        if own[-1].day > own[0].day and (site not in found or own[-1].day > found[site].last.day):
            found[site] = Trend(own[0], own[-1], _per_year(own[0], own[-1]))
    return found


def _per_year(first: Score, last: Score) -> float:
    years = (last.day - first.day).days / 365.25
    return ((last.percent or 0.0) - (first.percent or 0.0)) / years


def green_listed(scores: Iterable[Score], day: dt.date) -> frozenset[str]:
    """Sites whose latest status is listed, and not run out on the day."""
    found = latest(scores, STATUS)
    return frozenset(
        site for site, s in found.items()
        if s.status == "listed" and (s.until is None or s.until >= day)
    )  # fmt: skip


def site_rows(
    scores: Iterable[Score], areas: Mapping[str, float], rules: Levels, day: dt.date
) -> "DataFrame":
    """One row for each site with an assessment or a status: COLUMNS. area_m2: what counts."""
    import pandas as pd

    every = list(scores)
    last, changes = latest(every, MANAGEMENT), trends(every)
    status = latest(every, STATUS)
    listed = green_listed(every, day)
    rows = []
    for site in sorted({*last, *status}):
        s, t = last.get(site), changes.get(site)
        row: dict[str, object] = {"site_id": site, "area_m2": areas.get(site, 0.0)}
        if s is not None and s.percent is not None:
            row |= {"tool": s.tool, "date": s.day.isoformat(), "percent": s.percent,
                    "level": rules.of(s.percent), "answered": s.answered, "open": s.open,
                    "not_applicable": s.not_applicable, "source": s.source}  # fmt: skip
        if t is not None:
            row |= {"first_date": t.first.day.isoformat(), "first_percent": t.first.percent,
                    "change_per_year": t.change}  # fmt: skip
        if site in status:
            row["green_list"] = "listed" if site in listed else _lapsed(status[site])
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _lapsed(score: Score) -> str:
    return "lapsed" if score.status == "listed" else score.status


def effectiveness_measures(
    scores: Iterable[Score], areas: Mapping[str, float], rules: Levels, day: dt.date, place: str
) -> list[Measure]:
    """Share of the counted area assessed, its mean score, by level and tool, change, Green List.

    areas: m2 that count for each site, each square metre once; all counted sites are in it.
    """
    every, total = list(scores), sum(areas.values())
    last = {s: x for s, x in latest(every, MANAGEMENT).items() if areas.get(s, 0.0) > 0}
    made = _Made(place, str(day.year))
    assessed = sum(areas[s] for s in last)
    if total > 0:
        made.add("account.assessed_share", 100 * assessed / total, "%")
        for tool in sorted({s.tool for s in last.values()}):
            area = sum(areas[s] for s, x in last.items() if x.tool == tool)
            made.add("account.assessed_share", 100 * area / total, "%", ("tool", tool))
        listed = sum(areas.get(s, 0.0) for s in green_listed(every, day))
        made.add("account.green_list_share", 100 * listed / total, "%")
    if assessed > 0:
        made.add("account.effectiveness", weighted(last, areas), "%")
        for level in LEVELS:
            area = sum(areas[s] for s, x in last.items() if rules.of(x.percent or 0.0) == level)
            made.add("account.sound_share", 100 * area / assessed, "%", ("level", level))
    changes = {s: t for s, t in trends(every).items() if areas.get(s, 0.0) > 0}
    if changes:
        under = sum(areas[s] for s in changes)
        mean = sum(areas[s] * t.change for s, t in changes.items()) / under
        made.add("account.effectiveness_change", mean, "%")
    return made.measures


class _Made:
    """The measures of one place and year."""

    def __init__(self, place: str, period: str) -> None:
        self.place, self.period = place, period
        self.measures: list[Measure] = []

    def add(self, indicator: str, value: float, unit: str, *by: tuple[str, str]) -> None:
        self.measures.append(
            Measure(indicator, self.place, self.period, value, unit, by, method=SOURCE)
        )


def weighted(scores: Mapping[str, Score], areas: Mapping[str, float]) -> float:
    """The mean score in percent by area; the sites have some."""
    total = sum(areas[s] for s in scores)
    return sum(areas[s] * (x.percent or 0.0) for s, x in scores.items()) / total


def effectiveness_findings(scores: Iterable[Score], areas: Mapping[str, float]) -> list[Finding]:
    """Assessments of sites for which nothing counts, and scores of several tools in one mean."""
    last = latest(scores, MANAGEMENT)
    idle = sorted(s for s in last if areas.get(s, 0.0) <= 0)
    used = sorted({x.tool for s, x in last.items() if s not in idle})
    found = [
        Finding(
            "effectiveness.no_area",
            site,
            Severity.NOTE,
            say("it is assessed, but no area counts for it: others before it have its land"),
            SOURCE,
        )
        for site in idle
    ]
    if len(used) > 1:
        message = say(
            "scores of {tools} are in one mean, though they do not ask the same questions",
            tools=", ".join(tools()[t].name for t in used),
        )
        found.append(
            Finding("effectiveness.several_tools", "account.effectiveness", Severity.WARNING,
                    message, SOURCE)
        )  # fmt: skip
    return found
