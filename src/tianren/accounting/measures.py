"""The account's tables as Measures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tianren.accounting.coverage import BORDERS
from tianren.accounting.representation import Evenness
from tianren.measures import Measure

if TYPE_CHECKING:
    from pandas import DataFrame

Sources = tuple[str, ...]


def coverage_measures(
    table: "DataFrame", place: str, period: str, sources: Sources = ()
) -> list[Measure]:
    """Area and percent of each row of coverage.coverage, or of cells.held_of_types."""
    found = []
    for row in table.to_dict("records"):
        by = _by(row, "counted")
        about = (place, period, by, _union(str(row.get("measured_by", BORDERS))), sources)
        found.append(_measure("account.area", row["area_m2"], "m2", *about))
        if row["total_m2"] > 0:
            found.append(_measure("account.coverage", row["percent"], "%", *about))
    return found


def _union(measured_by: str) -> str:
    told = "union, in the order of attribution"
    return told if measured_by == BORDERS else f"{told}; total of {measured_by}"


def breakdown_measures(
    table: "DataFrame", place: str, period: str, sources: Sources = ()
) -> list[Measure]:
    """The attributed area of each row of coverage.breakdown."""
    return [
        _measure(
            "account.attributed", row["area_m2"], "m2", place, period, _by(row, "kind"),
            "each piece of land counts for one site", sources,
        )
        for row in table.to_dict("records")
    ]  # fmt: skip


def waterfall_measures(
    table: "DataFrame", place: str, period: str, sources: Sources = ()
) -> list[Measure]:
    """What each step of coverage.waterfall adds."""
    return [
        _measure(
            "account.adds", row["adds_m2"], "m2", place, period,
            (("realm", row["realm"]), ("kind", row["step"])), "less what kinds before it have",
            sources,
        )
        for row in table.to_dict("records")
    ]  # fmt: skip


def series_measures(table: "DataFrame", place: str, sources: Sources = ()) -> list[Measure]:
    """The area of each year of series.time_series; low and high where years were drawn."""
    return [
        Measure(
            "account.series", place, str(row["year"]), float(row["area_m2"]), "m2",
            by=(("realm", row["realm"]), ("counted", row["counted"])),
            low=float(row["low_m2"]), high=float(row["high_m2"]),
            method="union of the sites there were by the end of the year", sources=sources,
        )
        for row in table.to_dict("records")
    ]  # fmt: skip


def from_records_measures(
    table: "DataFrame", place: str, period: str, sources: Sources = ()
) -> list[Measure]:
    """The share of its realm in each row of from_records.from_records."""
    return [
        _measure(
            "account.from_records", row["percent"], "%", place, period,
            (("realm", row["realm"]), ("step", row["step"])), f"union of {row['records']} records",
            sources,
        )
        for row in table.to_dict("records")
    ]  # fmt: skip


def each_measures(
    indicator: str, values: Mapping[str, float], place: str, period: str, by: Any = (),
    sources: Sources = (),
) -> list[Measure]:  # fmt: skip
    """One measure for each thing counted: account.key_areas (key_areas.mean_share) or
    account.freshwater (key_areas.share_reaching), both in percent."""
    return [
        _measure(
            indicator, value, "%", place, period, (*by, ("counted", counted)),
            "by area, each counting the same", sources,
        )
        for counted, value in values.items()
    ]  # fmt: skip


def function_measures(
    table: "DataFrame", place: str, period: str, sources: Sources = ()
) -> list[Measure]:
    """The percent of each function's total that is held: cells.held_of_function."""
    return [
        _measure(
            "account.function", row["percent"], "%", place, period,
            (("function", row["function"]), ("counted", row["counted"])), "weighted by value",
            sources,
        )
        for row in table.to_dict("records")
        if row["total"] > 0
    ]  # fmt: skip


def evenness_measures(
    found: Sequence[Evenness], dimension: str, place: str, period: str, sources: Sources = ()
) -> list[Measure]:
    """Capped mean, percent of classes at the target, and the gap of representation.evenness."""
    made = []
    for one in found:
        by = (("dimension", dimension), ("realm", one.realm), ("counted", one.counted))
        about = (place, period, by, f"{one.classes} classes", sources)
        made.append(_measure("account.capped", one.capped_mean, "%", *about))
        made.append(_measure("account.at_target", one.at_target, "%", *about))
        made.append(_measure("account.gap", one.gap_m2, "m2", *about))
    return made


def _by(row: Mapping[Any, Any], last: str) -> tuple[tuple[str, str], ...]:
    by = [(row["dimension"], str(row["class"]) or "none")] if row.get("dimension") else []
    by += [("realm", row["realm"])] if row.get("realm") else []
    return (*by, (last, row[last]))


def _measure(
    indicator: str, value: Any, unit: str, place: str, period: str, by: Any, method: str,
    sources: Sources,
) -> Measure:  # fmt: skip
    return Measure(
        indicator, place, period, float(value), unit, by=by, method=method, sources=sources
    )
