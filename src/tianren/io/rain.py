"""Series of rain, day by day or month by month: erosivity and monthly normals on their own grid.

A series is one file, or several read in the order of their names; its bands follow each other
without a gap from the catalog's `start`. It is read by piece and by year, so that memory is bounded
whatever its length; only what is made of it is put on the project's grid.
"""

import bisect
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.alignment import Aligned, WarpedSource, coverage, require_overlap, tile_size
from tianren.io.kept import VERSION, Kept, content_key, grid_words
from tianren.io.native import NativeRaster, open_native
from tianren.io.sources import Entry, content_sha256, source_files
from tianren.io.survey import judge, plausible, survey, unit_findings
from tianren.language import say
from tianren.parameters.layers import layers, raster_names
from tianren.raster.align import plan_alignment
from tianren.raster.raster import Array, Grid, Raster
from tianren.science.soil_erosion import erosivity_daily, erosivity_from_fournier, fournier_index

DAILY, MONTHLY = "daily_precipitation", "monthly_precipitation_series"
NORMALS = raster_names("precipitation", 12)
_SIDE = 128  # cells of the series on a side for one tile: a year of days is in memory
_LEAST = -0.05  # mm: packed values may fall a little below zero
_LOOKS = 6  # bands that are looked at for nodata and unit before use


@dataclass(frozen=True)
class Series:
    """The bands of one or several files, as one list in time. years: the whole years in it."""

    entry: Entry
    parts: tuple[NativeRaster, ...]
    days: tuple[dt.date, ...]  # the day, or the first of the month, of each band
    years: int

    @property
    def grid(self) -> Grid:
        return self.parts[0].grid

    @property
    def is_daily(self) -> bool:
        return self.entry.layer == DAILY

    def year(self, number: int) -> range:
        """The bands of a year, counted from 0 at the first band."""
        ends = (_plus_years(self.days[0], n) for n in (number, number + 1))
        return range(*(bisect.bisect_left(self.days, day) for day in ends))

    def read(self, bands: Sequence[int], rows: slice, columns: slice) -> Array:
        """Rain of some bands, mm, float32 (bands, rows, columns); NaN is missing."""
        found = [
            part.read_stack(range(first, last), rows, columns)
            for part, first, last in _shares(self.parts, bands)
        ]
        cells = np.concatenate(found)
        self._require_plausible(cells, bands)
        return cells

    def _require_plausible(self, cells: Array, bands: Sequence[int]) -> None:
        """Every band is looked at: one -9999 among thousands of days would go unseen."""
        most = plausible(self.parts[0])[1]
        with np.errstate(invalid="ignore"):
            bad = (cells < _LEAST) | (cells > most)
        if not bad.any():
            return
        band, *_ = (int(i) for i in np.argwhere(bad)[0])
        raise UserError(
            f"{self.entry.layer} holds {float(cells[bad][0]):g} on {self.days[bands[band]]}",
            where=self.entry.where,
            by_how_much=f"{int(bad.sum()):,} cells of that year; plausible are 0 to {most:g}",
            next_step="if it means no data, write missing = [..] with the number as the file holds "
            f"it in [{self.entry.name}] of catalog.toml; else check the unit",
        )


def open_series(entry: Entry) -> Series:
    """The files of a series as one; UserError where they differ, or hold less than a year."""
    parts = tuple(open_native(replace(entry, uri=str(p.resolve()))) for p in source_files(entry))
    for part in parts[1:]:
        if part.grid != parts[0].grid:
            raise UserError(
                "the files of the series are not on one grid",
                where=entry.where,
                by_how_much=f"{Path(part.address).name} differs from {Path(parts[0].address).name}",
                next_step="put them on one grid first, or name only files that share one",
            )
    days = _days(entry, sum(len(part.bands) for part in parts))
    years = _whole_years(days[0], _after(entry, days[-1]))
    if not years:
        raise UserError(
            "the series is shorter than a year",
            where=entry.where,
            by_how_much=f"{len(days)} bands from {days[0]}",
            next_step="deliver whole years, or monthly normals as the layer precipitation",
        )
    return Series(entry, parts, days, years)


def _days(entry: Entry, count: int) -> tuple[dt.date, ...]:
    first = entry.start or dt.date(2000, 1, 1)  # the catalog refuses a series without a start
    if entry.layer == DAILY:
        return tuple(first + dt.timedelta(days=n) for n in range(count))
    months = (first.year * 12 + first.month - 1 + n for n in range(count))
    return tuple(dt.date(m // 12, m % 12 + 1, 1) for m in months)


def _after(entry: Entry, day: dt.date) -> dt.date:
    """The first day after a band."""
    if entry.layer == DAILY:
        return day + dt.timedelta(days=1)
    return dt.date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _plus_years(day: dt.date, years: int) -> dt.date:
    """The same day some years later; 1 March where there is no 29 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)


def _whole_years(first: dt.date, after: dt.date) -> int:
    """How many years pass between two days."""
    years = after.year - first.year
    return years if _plus_years(first, years) <= after else years - 1


def _shares(
    parts: Sequence[NativeRaster], bands: Sequence[int]
) -> Iterator[tuple[NativeRaster, int, int]]:
    """Which bands of which file some consecutive bands of the series are."""
    before = 0
    for part in parts:
        inside = [b - before for b in bands if 0 <= b - before < len(part.bands)]
        if inside:
            yield part, inside[0], inside[-1] + 1
        before += len(part.bands)


@dataclass(frozen=True)
class DerivedRain:
    """Erosivity (band 0) and the twelve normals of a series, computed for whatever piece is read.

    erosive: the rain of a day from which it erodes, mm. It stands in for a delivered raster.
    """

    series: Series
    erosive: float

    @property
    def entry(self) -> Entry:
        return self.series.entry

    @property
    def grid(self) -> Grid:
        return self.series.grid

    @property
    def is_category(self) -> bool:
        return False

    def read(self, band: int, rows: slice, columns: slice) -> Array:
        """Erosivity, MJ mm/(hm2 h a), or the mean rain of month `band`, mm; float32 with NaN."""
        if band:
            return self._normal(band, rows, columns).astype(np.float32)
        years = (self._year(n, rows, columns) for n in range(self.series.years))
        mean = sum(years) / self.series.years
        if self.series.is_daily:
            return np.asarray(mean, dtype=np.float32)
        return np.asarray(erosivity_from_fournier(np.asarray(mean)), dtype=np.float32)

    def _year(self, number: int, rows: slice, columns: slice) -> Array:
        """R of one year of days; of one year of months its Fournier index."""
        bands = self.series.year(number)
        rain = np.maximum(self.series.read(bands, rows, columns), 0.0)
        if not self.series.is_daily:
            return fournier_index(rain)
        months = [self.series.days[b].month for b in bands]
        return erosivity_daily(rain, months, years=1, threshold=self.erosive)

    def _normal(self, month: int, rows: slice, columns: slice) -> Array:
        """Rain of a month, the mean over the years."""
        total = np.zeros((rows.stop - rows.start, columns.stop - columns.start))
        for number in range(self.series.years):
            mine = [b for b in self.series.year(number) if self.series.days[b].month == month]
            for bands in _stretches(mine):
                read = np.maximum(self.series.read(bands, rows, columns), 0.0)
                total += read.astype(np.float64).sum(axis=0)
        return total / self.series.years


def _stretches(bands: Sequence[int]) -> Iterator[range]:
    """Consecutive bands together: a year that begins within a month has that month in two parts."""
    start = 0
    for i in range(1, len(bands) + 1):
        if i == len(bands) or bands[i] != bands[i - 1] + 1:
            yield range(bands[start], bands[i - 1] + 1)
            start = i


def derive_rain(
    entry: Entry,
    grid: Grid,
    cache_folder: Path,
    *,
    digest: str = "",
    inside: Raster | None = None,
    erosivity: bool = True,
    normals: bool = True,
    erosive: float,
) -> Aligned:
    """Rainfall erosivity and monthly normals from a series, on the project's grid.

    R of days: Xie et al. (2016), with days of at least `erosive` mm; of months: Zhang & Fu (2003)
    by the Fournier index of every year. Both are computed where the rain was measured.
    inside: the realm; see alignment.align.
    """
    numbers = [n for n in range(13) if (erosivity if n == 0 else normals)]
    if not numbers:
        return Aligned((), ())
    series = open_series(entry)
    rain, plan = DerivedRain(series, erosive), plan_alignment("flux", series.grid, grid)
    names = ["rainfall_erosivity", *NORMALS]
    units = [layers()["rainfall_erosivity"].unit, *[layers()["precipitation"].unit] * 12]
    lazy = [
        Raster(names[n], grid, WarpedSource(rain, n, grid, plan), units[n], "flux") for n in numbers
    ]
    key = content_key(
        [VERSION, digest or content_sha256(entry), "rain", entry.layer, numbers, erosive,
         plan.method, entry.missing, entry.crs, entry.unit, str(entry.start),
         [repr(b) for part in series.parts for b in part.bands],
         grid_words(series.grid), grid_words(grid), _name(inside)]
    )  # fmt: skip
    kept = Kept(cache_folder, key, [names[n] for n in numbers])
    if not kept.there:
        require_overlap(series.parts[0], grid)
        findings = [*judged(series, grid), *_said(series, erosive)]
        kept.write(lazy, tile_size(plan.ratio, _SIDE))
        findings += coverage(entry, kept.read(lazy), inside)
        kept.finish(findings)
    return Aligned(tuple(kept.read(lazy)), tuple(kept.findings()))


def _name(raster: Raster | None) -> str:
    """Working copies are named by what they hold."""
    return Path(getattr(raster.source, "path", "")).name if raster else ""


def judged(series: Series, grid: Grid, *, sample: bool = False) -> list[Finding]:
    """The unit and nodata of a few bands, as of any layer; every band is looked at when read."""
    first = series.parts[0]
    found = list(unit_findings(first))
    for band in sorted({int(b) for b in np.linspace(0, len(first.bands) - 1, _LOOKS)}):
        judge(first, band, survey(first, band, grid, sample=sample))
    return found


def _said(series: Series, erosive: float) -> list[Finding]:
    """How much of the series was used, and for what."""
    entry, last = series.entry, series.year(series.years - 1).stop - 1
    message = say(
        "rainfall erosivity and monthly rain were derived from {n} years of {name}, {first} to "
        "{last}, on its own grid",
        n=series.years, name=entry.layer, first=str(series.days[0]), last=str(series.days[last]),
    )  # fmt: skip
    if series.is_daily:
        message += say(", with days of at least {rain:g} mm as erosive", rain=erosive)
    rest = len(series.days) - last - 1
    if rest:
        message += say("; {rest} bands after the last whole year were left out", rest=rest)
    return [Finding("rain.derived", entry.layer, Severity.NOTE, message, "G17")]
