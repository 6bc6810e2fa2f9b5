"""The cleaning of a layer of sites, rule by rule, with its log: see geo.sites."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.geo.circles import circles
from tianren.geo.cleaning_findings import cleaning_findings, figure
from tianren.geo.repair import polygonal, repaired
from tianren.geo.sites import (
    LAND,
    LOG_COLUMNS,
    OECM,
    ORDER_COLUMNS,
    PA,
    SEA,
    SITE_COLUMNS,
    UNREPORTED,
    Cleaned,
    SiteRules,
    beyond_realm,
    cut,
    in_order,
    joined,
    order_key,
    plain,
    realm_shapes,
)
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

KEPT, REFUSED, CHANGED, NOTED = "kept", "refused", "changed", "noted"


@dataclass
class _Bench:
    """Records on the bench: their columns, their shapes as they are by now, and the log."""

    columns: dict[str, list[Any]]
    shapes: NDArray[Any]
    points: NDArray[np.bool_]  # which came as points
    refused: dict[int, tuple[str, str]] = field(default_factory=dict)  # rule, reason
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def alive(self) -> list[int]:
        return [i for i in range(len(self.shapes)) if i not in self.refused]

    def km2(self, i: int) -> float:
        shape = self.shapes[i]
        return 0.0 if shape is None else float(shapely.area(shape)) / 1e6

    def value(self, i: int, column: str) -> Any:
        return self.columns[column][i]

    def note(self, i: int, rule: str, reason: str) -> None:
        self._write(i, NOTED, rule, reason, self.km2(i), self.km2(i))

    def change(self, i: int, rule: str, reason: str, shape: Any) -> None:
        before, self.shapes[i] = self.km2(i), shape
        self._write(i, CHANGED, rule, reason, before, self.km2(i))

    def refuse(self, i: int, rule: str, reason: str) -> None:
        self.refused[i] = rule, reason
        self._write(i, REFUSED, rule, reason, self.km2(i), 0.0)

    def keep(self, i: int) -> None:
        self._write(i, KEPT, "", "", self.km2(i), self.km2(i))

    def _write(self, i: int, action: str, rule: str, reason: str, a: float, b: float) -> None:
        known = [self.value(i, c) for c in ("site_id", "parcel_id", "name")]
        where = [self.value(i, c) for c in ("source", "row")]
        self.rows.append((*known, action, rule, reason, a, b, *where))


def cleaned(sites: "GeoDataFrame", region: "GeoDataFrame", rules: SiteRules) -> Cleaned:
    """See geo.sites.clean_sites."""
    table = sites.sort_values(["source", "row"], kind="stable").reset_index(drop=True)
    shapes = table.geometry.to_numpy().copy()
    columns = {c: table[c].tolist() for c in (*SITE_COLUMNS, "remark")}
    bench = _Bench(columns, shapes, shapely.get_dimensions(shapes) == 0)
    for rule in (_remarks, _geometry, _repair):
        rule(bench, rules)
    drawn = bench.shapes.copy()
    for rule in (_counts, _years, _categories, _points, _areas, _twins):
        rule(bench, rules)
    _realm_and_region(bench, realm_shapes(region), rules)
    for i in bench.alive():
        bench.keep(i)
    return _result(bench, table, drawn, rules)


# --- rules: each looks at the records that are left --------------------------------------------


def _remarks(bench: _Bench, rules: SiteRules) -> None:
    for i in bench.alive():
        if remark := str(bench.value(i, "remark")):
            bench.note(i, "read", remark)


def _geometry(bench: _Bench, rules: SiteRules) -> None:
    """Records without a place in the plane, or with a line, which covers nothing."""
    for i in bench.alive():
        shape = bench.shapes[i]
        if shape is None or shapely.is_empty(shape):
            bench.shapes[i] = None
            bench.refuse(i, "geometry", _reported(bench, i, say("it has no geometry")))
        elif not np.isfinite(shapely.bounds(shape)).all():
            bench.shapes[i] = None
            reason = say("its coordinates do not fit into the plane of the project")
            bench.refuse(i, "geometry", _reported(bench, i, reason))
        elif shapely.get_dimensions(shape) == 1:
            bench.refuse(i, "geometry", _reported(bench, i, say("a line covers no area")))
        elif shape.geom_type == "GeometryCollection":
            bench.shapes[i] = polygonal(shape)


def _reported(bench: _Bench, i: int, reason: str) -> str:
    reported = float(bench.value(i, "reported_km2"))
    if not reported > 0:
        return reason
    return say("{reason}; {area} km2 are reported", reason=reason, area=figure(reported))


def _repair(bench: _Bench, rules: SiteRules) -> None:
    for i in bench.alive():
        shape = bench.shapes[i]
        if shapely.get_dimensions(shape) < 2 or shapely.is_valid(shape):
            continue
        why, before, shape = shapely.is_valid_reason(shape), bench.km2(i), repaired(shape)
        after = float(shapely.area(shape)) / 1e6
        small = abs(after - before) <= rules.repair_tolerance * max(after, before)
        reason = say(
            "its outline crosses or touches itself ({why}): put right without filling anything, "
            "{change} km2",
            why=why,
            change=f"{after - before:+,.4g}",
        )
        bench.change(i, "repair" if small else "large_repair", reason, shape)


def _counts(bench: _Bench, rules: SiteRules) -> None:
    """Kind, status and designation."""
    for i in bench.alive():
        kind, status = bench.value(i, "kind"), bench.value(i, "status")
        designation = bench.value(i, "designation")
        does_not = "{what} is {value}, which does not count"
        if kind not in (PA, OECM):
            bench.refuse(i, "kind", say(does_not, what=say("kind"), value=kind))
        elif plain(status) not in rules.statuses:
            bench.refuse(i, "status", say(does_not, what=say("status"), value=status))
        elif plain(designation) in rules.refused:
            what = say("designation")
            bench.refuse(i, "designation", say(does_not, what=what, value=designation))


def _years(bench: _Bench, rules: SiteRules) -> None:
    import pandas as pd

    for i in bench.alive():
        year = bench.value(i, "year")
        if pd.isna(year):
            bench.note(i, "year_unknown", say("the year in which it was designated is not known"))
        elif year > rules.day.year:
            late = {"year": int(year), "day": rules.day, "n": int(year) - rules.day.year}
            reason = say("its year is {year}, after {day} by {n}", **late)
            if rules.future_year == "refused":
                bench.refuse(i, "year", reason)
            else:
                bench.columns["year"][i] = pd.NA
                bench.note(i, "year", reason)


def _categories(bench: _Bench, rules: SiteRules) -> None:
    known = {plain(category): category for category in rules.categories}
    for i in bench.alive():
        written = bench.value(i, "category")
        bench.columns["category"][i] = known.get(plain(written), UNREPORTED)
        if written and plain(written) not in known:
            reason = say("{value} is no IUCN category: it counts as not reported", value=written)
            bench.note(i, "category", reason)


def _points(bench: _Bench, rules: SiteRules) -> None:
    """Points become circles of the area reported; without one they cannot count."""
    for i in bench.alive():
        if shapely.get_dimensions(bench.shapes[i]) > 0:
            continue
        area = float(bench.value(i, "reported_km2"))
        if area > 0:
            reason = say("a point drawn as a circle of {area} km2", area=figure(area))
            bench.change(i, "circle", reason, circles(bench.shapes[i], area))
            bench.columns["approximate"][i] = True
        else:
            bench.refuse(i, "point", say("a point without a reported area"))


def _areas(bench: _Bench, rules: SiteRules) -> None:
    """Polygons of no area, and those far from what is reported."""
    for i in bench.alive():
        area, reported = bench.km2(i), float(bench.value(i, "reported_km2"))
        if area <= rules.sliver / 1e6:
            bench.refuse(i, "area", _reported(bench, i, say("its polygon has no area")))
        elif reported > 0 and not 1 / rules.area_ratio < area / reported < rules.area_ratio:
            reason = say(
                "its polygon has {area} km2, {times} times the {reported} km2 that are reported",
                area=figure(area),
                times=figure(area / reported),
                reported=figure(reported),
            )
            bench.note(i, "area", reason)


def _twins(bench: _Bench, rules: SiteRules) -> None:
    """Records that share all their numbers."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for i in bench.alive():
        key = tuple(str(bench.value(i, c)) for c in ("kind", "site_id", "parcel_id"))
        groups.setdefault(key, []).append(i)
    for group in groups.values():
        if len(group) > 1:
            _one_group(bench, group, rules)


def _one_group(bench: _Bench, group: list[int], rules: SiteRules) -> None:
    """A repeated record counts once, a point gives way to a polygon, other shapes are parcels."""
    group = sorted(group, key=lambda i: (bool(bench.points[i]), _key(bench, i, rules)))
    first, kept = group[0], [group[0]]
    for i in group[1:]:
        same = next((k for k in kept if shapely.equals(bench.shapes[k], bench.shapes[i])), None)
        if same is not None:
            where = f"{bench.value(same, 'source')} {bench.value(same, 'row')}"
            bench.refuse(i, "repeated", say("the same record as {where}", where=where))
        elif bench.points[i] and not bench.points[first]:
            bench.refuse(i, "repeated", say("a point of a site that has a polygon"))
        else:
            kept.append(i)
            bench.note(i, "other_shape", _other_shape(bench, first, i))
            bench.columns["parcel_id"][i] = f"{bench.value(i, 'parcel_id')}~{len(kept)}"


def _key(bench: _Bench, i: int, rules: SiteRules) -> tuple[Any, ...]:
    return order_key({c: bench.value(i, c) for c in ORDER_COLUMNS}, rules.categories)


def _other_shape(bench: _Bench, first: int, i: int) -> str:
    common = float(shapely.area(shapely.intersection(bench.shapes[first], bench.shapes[i]))) / 1e6
    return say(
        "its number stands on another record too, of another shape ({first} km2, {common} km2 of "
        "them in common with the {area} km2 here): both are kept, as parcels",
        first=figure(bench.km2(first)),
        common=figure(common),
        area=figure(bench.km2(i)),
    )


def _realm_and_region(bench: _Bench, realms: dict[str, Any], rules: SiteRules) -> None:
    """Wholly land has no sea, wholly sea no land, and nothing lies outside the region."""
    rows = np.array(bench.alive(), dtype=np.int64)
    if len(rows) == 0:
        return
    declared = [str(bench.value(i, "realm")) for i in rows]
    mine = beyond_realm(bench.shapes[rows], declared, realms)
    for i, realm, shape in zip(rows, declared, mine, strict=True):
        _smaller(bench, int(i), "realm", shape, rules, partial(_realm_words, say(realm)))
    rows = np.array(bench.alive(), dtype=np.int64)
    region = joined(list(realms.values()))
    mine = cut(bench.shapes[rows], region, shapely.intersection)
    for i, shape in zip(rows, mine, strict=True):
        sea = SEA not in realms and bench.value(int(i), "realm") != LAND
        words = _no_sea_words if sea else partial(_outside_words, bench.shapes[i], region)
        _smaller(bench, int(i), "no_sea" if sea else "region", shape, rules, words)


Words = Callable[[str, bool], str]  # of the area lost (km2), and whether anything is left


def _smaller(bench: _Bench, i: int, rule: str, shape: Any, rules: SiteRules, words: Words) -> None:
    """Give a record what a cut leaves of it, without slivers; refuse it when nothing is left."""
    if shape is bench.shapes[i]:
        return
    before = bench.km2(i)
    parts = shapely.get_parts(polygonal(shape))
    large = parts[shapely.area(parts) > rules.sliver]
    left = polygonal(shape) if len(large) == len(parts) else shapely.multipolygons(large)
    lost = f"{before - float(shapely.area(left)) / 1e6:,.4g}"
    if len(large) == 0:
        bench.refuse(i, rule, words(lost, False))
    else:
        bench.change(i, rule, words(lost, True), left)


def _realm_words(realm: str, lost: str, left: bool) -> str:
    if left:
        return say(
            "recorded as wholly {realm}: {area} km2 beyond were cut off", realm=realm, area=lost
        )
    return say("recorded as wholly {realm}, but all of it lies beyond", realm=realm)


def _no_sea_words(lost: str, left: bool) -> str:
    return say("{area} km2 lie beyond the land, and the project names no sea", area=lost)


def _outside_words(shape: Any, region: Any, lost: str, left: bool) -> str:
    if left:
        return say("{area} km2 lie outside the country and were cut off", area=lost)
    distance = float(shapely.distance(shape, region)) / 1000
    return say(
        "it lies outside the country: {area} km2, {distance} km away",
        area=lost,
        distance=f"{distance:,.4g}",
    )


# --- the result ----------------------------------------------------------------------------------


def _result(bench: _Bench, table: "GeoDataFrame", drawn: NDArray[Any], rules: SiteRules) -> Cleaned:
    import pandas as pd

    log = pd.DataFrame(bench.rows, columns=list(LOG_COLUMNS))
    log = log.sort_values(["source", "row"], kind="stable").reset_index(drop=True)
    columns = {c: bench.columns[c] for c in SITE_COLUMNS}
    years = pd.array(columns.pop("year"), dtype="Int64")
    table = table.drop(columns="remark").assign(**columns, year=years)
    every = table.set_geometry(drawn, crs=table.crs).assign(
        action=[REFUSED if i in bench.refused else KEPT for i in range(len(table))],
        rule=[bench.refused.get(i, ("", ""))[0] for i in range(len(table))],
        reason=[bench.refused.get(i, ("", ""))[1] for i in range(len(table))],
    )
    sites = table.set_geometry(bench.shapes, crs=table.crs).iloc[bench.alive()]
    findings = cleaning_findings(log[log["action"] != KEPT], _of_points(bench))
    return Cleaned(in_order(sites, rules.categories), every, log, findings)


def _of_points(bench: _Bench) -> dict[tuple[str, int], float]:
    """What the records that came as points report, km2, by source and row: until they are drawn as
    circles they have no other area."""
    return {
        (str(bench.value(i, "source")), int(bench.value(i, "row"))): float(
            bench.value(i, "reported_km2")
        )
        for i in map(int, np.flatnonzero(bench.points))
    }
