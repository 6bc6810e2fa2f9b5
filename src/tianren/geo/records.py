"""Cleaning of species records: each dropped row keeps the one reason that came first.

After the tests of Zizka et al. 2019 (CoordinateCleaner, Methods in Ecology and Evolution 10:744),
with the region and the ranges in the project's plane. A coordinate is never corrected: where
swapping, or another sign, would put a record inside the region, the reason says so.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from tianren.geo.moves import move_between
from tianren.geo.within import Within

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Reason -> what it says, in the order in which they are asked.
REASONS: Mapping[str, str] = {
    "malformed_row": "the row does not fit its headings",
    "absence": "the record says that the species was not found",
    "not_wild": "a fossil, or a living thing in a collection",
    "no_species": "no species is named",
    "genus_only": "only the genus is named",
    "uncertain_name": "the identification is uncertain (sp., cf., aff.)",
    "ambiguous_name": "the name has several meanings in the checklist",
    "unmatched_name": "the name is not in the checklist",
    "no_coordinates": "there are no coordinates",
    "unreadable_coordinates": "the coordinates are not numbers of degrees",
    "zero_coordinates": "longitude and latitude are both 0",
    "swapped_coordinates": "outside, but inside when longitude and latitude change places",
    "wrong_sign": "outside, but inside on the other side of the equator or of Greenwich",
    "out_of_range": "beyond 180 degrees of longitude or 90 of latitude",
    "sea": "in the sea, and its species is not said to be marine",
    "outside_region": "outside the region",
    "centroid": "at the centre of the country or of a division",
    "institution": "at a museum, garden or other institution",
    "uncertainty": "the stated uncertainty of the place is above the limit",
    "impossible_date": "the date is impossible, in the future or too early",
    "other_hemisphere": "on the other hemisphere than the whole range of its species",
    "outside_range": "outside the range of its species",
    "duplicate": "the same species at the same place in the same year was there before",
    "duplicate_undated": "the same species at the same place was there before, both without a year",
}
CODES = {reason: code for code, reason in enumerate(REASONS, start=1)}
KEPT = 0
# What a matched name says of why it has no species (science.names.How).
NAME_REASONS: Mapping[str, str] = {
    "no name": "no_species", "genus only": "genus_only", "uncertain": "uncertain_name",
    "ambiguous": "ambiguous_name", "unmatched": "unmatched_name",
}  # fmt: skip
_BESIDE = 1.0  # degrees: more than a tolerance, and than the bulge of an edge between two vertices


@dataclass(frozen=True)
class Limits:
    """largest_uncertainty, tolerances and distances in m; see parameters/records.toml."""

    largest_uncertainty: float
    earliest_year: float
    coast_tolerance: float
    centroid_distance: float
    institution_distance: float
    range_tolerance: float
    duplicate_decimals: int
    refused_basis: frozenset[str]


@dataclass(frozen=True)
class Region:
    """Where records may lie, in one plane in m. crs: of the plane; sea: None when there is none.

    centroids, institutions: x, y rows. ranges: species -> its polygon; marine: species whose
    records may lie in the sea.
    """

    crs: Any
    land: Any
    sea: Any | None = None
    centroids: Floats = field(default_factory=lambda: np.empty((0, 2)))
    institutions: Floats = field(default_factory=lambda: np.empty((0, 2)))
    ranges: Mapping[str, Any] = field(default_factory=dict)
    marine: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cleaned:
    """reason: code of each row, KEPT or of CODES; x, y in the plane, NaN where there is none.

    first: for a duplicate the position of the row it repeats, else -1.
    """

    reason: NDArray[np.int8]
    x: Floats
    y: Floats
    first: NDArray[np.int64]

    @property
    def kept(self) -> Bools:
        return np.asarray(self.reason == KEPT)

    def counts(self) -> dict[str, int]:
        """Rows dropped for each reason, those with none left out."""
        found = np.bincount(self.reason, minlength=len(REASONS) + 1)
        return {reason: int(found[code]) for reason, code in CODES.items() if found[code]}


def clean(
    records: pd.DataFrame, names: Mapping[str, tuple[str, str]], region: Region, limits: Limits,
    day: dt.date,
) -> Cleaned:  # fmt: skip
    """Why each record is dropped, if it is: kept plus dropped are all rows.

    records: as io.records gives them (longitude, latitude in degrees; uncertainty_m; species, date,
    basis, status, written as categories; year). names: name as written -> (species, how it was
    matched). day: no record is later. The first row of duplicates stays.
    """
    marks = _Marks(np.zeros(len(records), dtype=np.int8))
    species = _species(records, names)
    _mark_rows(marks, records, limits)
    _mark_names(marks, records, names)
    x, y = _place(marks, records, region)
    _mark_outside(marks, records, region, limits, species, x, y)
    _mark_points(marks, records, region, limits, x, y)
    _mark_dates(marks, records, limits, day)
    _mark_ranges(marks, records, region, limits, species, x, y)
    first = _mark_duplicates(marks, records, limits, species)
    return Cleaned(marks.reason, x, y, first)


@dataclass(frozen=True)
class _Marks:
    reason: NDArray[np.int8]

    def drop(self, reason: str, where: Bools) -> None:
        """Give a reason to the rows that have none yet."""
        self.reason[where & (self.reason == KEPT)] = CODES[reason]

    @property
    def left(self) -> Bools:
        return np.asarray(self.reason == KEPT)


@dataclass(frozen=True)
class _Species:
    """The matched species of every row: names[code], -1 where there is none."""

    names: list[str]
    codes: NDArray[np.int32]


def _species(records: pd.DataFrame, names: Mapping[str, tuple[str, str]]) -> _Species:
    written = records["species"].cat
    matched = [names[str(name)][0] for name in written.categories]
    known = sorted({m for m in matched if m})
    code = {name: i for i, name in enumerate(known)}
    codes = np.array([code.get(m, -1) for m in matched] + [-1], dtype=np.int32)
    return _Species(known, codes[written.codes.to_numpy()])


def _by_category(column: "pd.Series[Any]", test: Callable[[str], bool]) -> Bools:
    """A test of each row's text, made once for each different text."""
    found = np.array([test(str(text)) for text in column.cat.categories] + [False], dtype=bool)
    return np.asarray(found[column.cat.codes.to_numpy()])


def _plain(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum())


def _mark_rows(marks: _Marks, records: pd.DataFrame, limits: Limits) -> None:
    marks.drop("malformed_row", _by_category(records["status"], lambda t: t == "malformed"))
    marks.drop("absence", _by_category(records["status"], lambda t: _plain(t) == "absent"))
    marks.drop(
        "not_wild", _by_category(records["basis"], lambda t: _plain(t) in limits.refused_basis)
    )


def _mark_names(marks: _Marks, records: pd.DataFrame, names: Mapping[str, tuple[str, str]]) -> None:
    for how, reason in NAME_REASONS.items():
        mine = {name for name, match in names.items() if match == ("", how)}
        marks.drop(reason, _by_category(records["species"], mine.__contains__))


# --- places ------------------------------------------------------------------------------------


def _place(marks: _Marks, records: pd.DataFrame, region: Region) -> tuple[Floats, Floats]:
    """x, y in the plane of the rows that are somewhere on Earth."""
    lon, lat = records["longitude"].to_numpy(), records["latitude"].to_numpy()
    missing = np.isnan(lon) | np.isnan(lat)
    unread = _by_category(records["written"], lambda t: t != "")
    marks.drop("unreadable_coordinates", missing & unread)
    marks.drop("no_coordinates", missing)
    marks.drop("zero_coordinates", (lon == 0) & (lat == 0))
    return _project(lon, lat, region.crs)


def _project(lon: Floats, lat: Floats, crs: Any) -> tuple[Floats, Floats]:
    x, y = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    good = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    move = move_between("EPSG:4326", crs)
    px, py = move.transform(lon[good], lat[good])
    finite = np.isfinite(px) & np.isfinite(py)
    x[good], y[good] = np.where(finite, px, np.nan), np.where(finite, py, np.nan)
    return x, y


def _mark_outside(
    marks: _Marks, records: pd.DataFrame, region: Region, limits: Limits, species: _Species,
    x: Floats, y: Floats,
) -> None:  # fmt: skip
    land = Within(region.land, limits.coast_tolerance)
    out = marks.left & ~_there(marks.left, land, x, y)
    if region.sea is not None:
        wet = out & _there(out, Within(region.sea, limits.coast_tolerance), x, y)
        marine = np.array([name in region.marine for name in species.names] + [False], dtype=bool)
        swims = marine[species.codes]
        marks.drop("sea", wet & ~swims)
        out &= ~wet
    box = range_in_degrees(region.land, region.crs)
    for reason, places in _mistakes(records).items():
        mistaken = np.zeros(len(out), dtype=bool)
        for lon, lat in places:
            at = np.flatnonzero(out & ~mistaken & _in_box(lon, lat, box))
            px, py = _project(lon[at], lat[at], region.crs)
            mistaken[at] = land.holds(px, py)
        marks.drop(reason, mistaken)
        out &= ~mistaken
    lon, lat = records["longitude"].to_numpy(), records["latitude"].to_numpy()
    marks.drop("out_of_range", out & ((np.abs(lon) > 180) | (np.abs(lat) > 90)))
    marks.drop("outside_region", out)


def _mistakes(records: pd.DataFrame) -> dict[str, list[tuple[Floats, Floats]]]:
    """The coordinates that a common slip would have been meant to be."""
    lon, lat = records["longitude"].to_numpy(), records["latitude"].to_numpy()
    return {
        "swapped_coordinates": [(lat, lon)],
        "wrong_sign": [(lon, -lat), (-lon, lat), (-lon, -lat)],
    }


def _in_box(lon: Floats, lat: Floats, box: tuple[float, float, float, float]) -> Bools:
    """Which places lie in a box of degrees, or near it: what need not be projected is not."""
    west, south, east, north = box
    close = (lon >= west - _BESIDE) & (lon <= east + _BESIDE)
    close &= (lat >= south - _BESIDE) & (lat <= north + _BESIDE)
    return close


def _there(rows: Bools, area: Within, x: Floats, y: Floats) -> Bools:
    """Which of the rows lie in an area; the others are not asked."""
    found = np.zeros(len(rows), dtype=bool)
    at = np.flatnonzero(rows)
    found[at] = area.holds(x[at], y[at])
    return found


def _mark_points(
    marks: _Marks, records: pd.DataFrame, region: Region, limits: Limits, x: Floats, y: Floats
) -> None:
    stated = records["uncertainty_m"].to_numpy()
    with np.errstate(invalid="ignore"):
        vague = ~(stated < limits.centroid_distance)
        too_vague = stated > limits.largest_uncertainty
    at_centre = _near(marks.left & vague, region.centroids, limits.centroid_distance, x, y)
    marks.drop("centroid", at_centre)
    marks.drop(
        "institution", _near(marks.left, region.institutions, limits.institution_distance, x, y)
    )
    marks.drop("uncertainty", too_vague)


def _near(rows: Bools, places: Floats, distance: float, x: Floats, y: Floats) -> Bools:
    from scipy.spatial import KDTree

    found = np.zeros(len(rows), dtype=bool)
    at = np.flatnonzero(rows)
    if len(places) and len(at):
        points = np.column_stack([x[at], y[at]])
        away, _ = KDTree(places).query(points, distance_upper_bound=np.nextafter(distance, np.inf))
        found[at] = away <= distance
    return found


# --- dates, ranges, duplicates -----------------------------------------------------------------


def _mark_dates(marks: _Marks, records: pd.DataFrame, limits: Limits, day: dt.date) -> None:
    year = records["year"].to_numpy()
    with np.errstate(invalid="ignore"):
        marks.drop("impossible_date", (year > day.year) | (year < limits.earliest_year))
    marks.drop("impossible_date", _by_category(records["date"], lambda t: not _is_possible(t, day)))


def _is_possible(iso: str, day: dt.date) -> bool:
    """Whether an ISO date, as far as it is said, is a day of the calendar that has been."""
    parts = [int(part) for part in iso.split("-")] if iso else []
    try:
        return not parts or dt.date(*[*parts, 1, 1][:3]) <= day
    except ValueError:
        return False


def _mark_ranges(
    marks: _Marks, records: pd.DataFrame, region: Region, limits: Limits, species: _Species,
    x: Floats, y: Floats,
) -> None:  # fmt: skip
    lon, lat = records["longitude"].to_numpy(), records["latitude"].to_numpy()
    for name, mine in _by_species(marks.left, species):
        polygon = region.ranges.get(name)
        if polygon is None:
            continue
        out = mine[~Within(polygon, limits.range_tolerance).holds(x[mine], y[mine])]
        if len(out):
            west, south, east, north = range_in_degrees(polygon, region.crs)
            opposite = ((lat[out] > 0) & (north < 0)) | ((lat[out] < 0) & (south > 0))
            opposite |= ((lon[out] > 0) & (east < 0)) | ((lon[out] < 0) & (west > 0))
            marks.reason[out] = np.where(
                opposite, CODES["other_hemisphere"], CODES["outside_range"]
            )


def _by_species(rows: Bools, species: _Species) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Each species with the positions of its rows, among those asked for."""
    at = np.flatnonzero(rows & (species.codes >= 0))
    order = at[np.argsort(species.codes[at], kind="stable")]
    starts = np.searchsorted(species.codes[order], np.arange(len(species.names) + 1))
    for code, name in enumerate(species.names):
        if starts[code + 1] > starts[code]:
            yield name, order[starts[code] : starts[code + 1]]


def range_in_degrees(polygon: Any, crs: Any) -> tuple[float, float, float, float]:
    """West, south, east and north of a polygon of a plane, in degrees."""
    points = shapely.get_coordinates(polygon)
    back = move_between(crs, "EPSG:4326")
    lon, lat = back.transform(points[:, 0], points[:, 1])
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _mark_duplicates(
    marks: _Marks, records: pd.DataFrame, limits: Limits, species: _Species
) -> NDArray[np.int64]:
    """Mark all but the first of one species, place and year; the position of that first row.

    Rows without a year repeat only each other, and their reason says so.
    """
    first = np.full(len(records), -1, dtype=np.int64)
    at = np.flatnonzero(marks.left)
    scale = 10.0**limits.duplicate_decimals
    keys = pd.DataFrame(
        {
            "species": species.codes[at],
            "lon": np.rint(records["longitude"].to_numpy()[at] * scale),
            "lat": np.rint(records["latitude"].to_numpy()[at] * scale),
            "year": np.nan_to_num(records["year"].to_numpy()[at], nan=-1.0),
        }
    )
    again = keys.duplicated().to_numpy()
    if again.any():
        group = keys.groupby(list(keys.columns), sort=False).ngroup().to_numpy()
        leader = np.full(int(group.max()) + 1, -1, dtype=np.int64)
        leader[group[~again]] = at[~again]
        first[at[again]] = leader[group[again]]
        repeated = np.zeros(len(records), dtype=bool)
        repeated[at[again]] = True
        undated = np.isnan(records["year"].to_numpy())
        marks.drop("duplicate", repeated & ~undated)
        marks.drop("duplicate_undated", repeated & undated)
    return first
