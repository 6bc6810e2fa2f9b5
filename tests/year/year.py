"""A year of keeping a line, on any project whose line was drawn: its people, its land, its rules.

30 applications, 5 adjustments, a list of protected areas that changes, 20 clues; a check of the
books at each month's end.
"""

import datetime as dt
import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from tests.year.adjustments import Adjustments
from tests.year.applications import Application, chosen
from tests.year.clues import Clue
from tests.year.land import Country
from tests.year.people import roles_toml
from tianren.geo.sites import drawn
from tianren.management.register import REDLINE, figures
from tianren.management.supervision import packaged_rules
from tianren.project.project import Project, open_project
from tianren.steps.delineate import delineate
from tianren.steps.journal import start
from tianren.steps.register import zones_on
from tianren.steps.register_adopt import adopt
from tianren.steps.rulebooks import project_rulebook
from tianren.steps.sites import account_sites
from tianren.steps.verify import verify

FIRST, LAST = dt.date(2026, 1, 5), dt.date(2026, 12, 31)  # a Monday, a Thursday
TROUBLES = {1: "returned", 2: "breach", 6: "breach"}
MANAGEMENT = """
[must_include.cores]
source = "cores"
kind = "protected_area"
columns = {{name = "name", zone = "zone"}}

[management]
rulebook = "{rulebook}"
holidays = {holidays}
letterhead = '''
Office of the Redline
1 Line Road
'''
signatory = "Head of office"
appeal_to = "the government of the province"
landcover = "landcover"
landcover_before = "landcover"
"""
CORES = """
[cores]
uri = "{path}"
kind = "vector"
"""


def prepare(folder: Path, rulebook: str) -> Project:
    """The project with core zones drawn in its three largest protected areas, and its line."""
    path = folder / "cores.gpkg"
    _cores(open_project(folder)).to_file(path)
    with (folder / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write(CORES.format(path=path))
    holidays = [f"{year}-{day}" for year in range(2026, 2030) for day in ("01-01", "10-01")]
    with (folder / "project.toml").open("a", encoding="utf-8") as stream:
        stream.write(MANAGEMENT.format(rulebook=rulebook, holidays=holidays))
    project = open_project(folder)
    delineate(project, report=False)
    start(project, "ann", "Ann Example", day=FIRST)
    (folder / "roles.toml").write_text(roles_toml(), "utf-8")
    adopt(project, actor="ann", ground="Decree 1", day=FIRST)
    return open_project(folder)


def _cores(project: Project) -> gpd.GeoDataFrame:
    """The middle of the three largest protected areas."""
    shapes = np.array(drawn(account_sites(project).cleaned.sites), dtype=object)
    largest = shapes[np.argsort(-shapely.area(shapes), kind="stable")[:3]]
    circles = [shapely.maximum_inscribed_circle(s, tolerance=100) for s in largest]
    cores = [shapely.buffer(shapely.get_point(c, 0), shapely.length(c) / 2) for c in circles]
    rows = {"name": [f"Core {n}" for n in range(len(cores))], "zone": ["core"] * len(cores)}
    return gpd.GeoDataFrame(rows, geometry=cores, crs=project.grid.crs.to_wkt())


@dataclass
class Year:
    """What happens, in the order of days."""

    project: Project
    folder: Path
    applications: list[Application] = field(default_factory=list)
    clues: list[Clue] = field(default_factory=list)
    months: list[dict[str, Any]] = field(default_factory=list)
    _queue: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.country = Country(self.project)
        self.adjustments = Adjustments(self.project, self.country, self.folder)
        self._apply()
        self._see()
        self._adjust()

    def _add(self, day: dt.date, life: Iterator[dt.date]) -> None:
        heapq.heappush(self._queue, (day, len(self._queue), life))

    def _apply(self) -> None:
        book = project_rulebook(self.project, FIRST)
        cases = chosen(book, 30, FIRST, LAST)
        refused = next(n for n, c in enumerate(cases) if c.expect.answer.value == "prohibited")
        for n, case in enumerate(cases):
            path = self.country.drawn(self.folder / f"a{n}.gpkg", self.country.spot(*case.zones))
            trouble = TROUBLES.get(n, "appealed" if n == refused else "")
            one = Application(self.project, path, case, trouble)
            self.applications.append(one)
            day = _worked(FIRST + dt.timedelta(days=1 + 8 * n))
            self._add(day, one.life(day))

    def _see(self) -> None:
        pieces = sorted(self.country.near.of(REDLINE), key=lambda z: (-z.area_m2, z.code))
        violations = list(packaged_rules().violations)
        for n in range(20):
            zone = pieces[7 * n % len(pieces)]
            inside = shapely.point_on_surface(self.country.near.shapes[zone.subject])
            path = self.country.drawn(self.folder / f"c{n}.gpkg", shapely.buffer(inside, 10))
            one = Clue(self.project, zone.code, path, n, violations[n % len(violations)])
            self.clues.append(one)
            day = _worked(FIRST + dt.timedelta(days=3 + 15 * n))
            self._add(day, one.life(day))

    def _adjust(self) -> None:
        made = self.adjustments
        for days, life in (
            (20, lambda d: made.removal(d, "mapping_error", 300, mend=False)),
            (60, lambda d: made.removal(d, "major_project", 400, mend=False)),
            (100, lambda d: made.removal(d, "new_knowledge", 1_200, mend=True)),
            (150, made.sites),
        ):
            day = _worked(FIRST + dt.timedelta(days=days))
            self._add(day, life(day))

    def run(self) -> None:
        """Every move on its day; at each month's end the books are looked at."""
        month = (FIRST.year, FIRST.month)
        while self._queue:
            day, number, life = heapq.heappop(self._queue)
            if (day.year, day.month) != month:
                self._close(day.replace(day=1) - dt.timedelta(days=1))
                month = (day.year, day.month)
            onward = next(life, None)
            if onward is not None:
                heapq.heappush(self._queue, (onward, number, life))
        self._close(day)

    def _close(self, day: dt.date) -> None:
        """The books at a month's end: whether each level sums to the one above, and the chain."""
        zones = zones_on(self.project, day=day)
        found = figures(zones.values(), REDLINE)
        below: dict[str, int] = {}
        for place, figure in found.items():
            if place:
                above = place.rpartition("/")[0]
                below[above] = below.get(above, 0) + figure.area_m2
        wrong = [p for p, f in found.items() if f.area_m2 != f.inside + below.get(p, 0)]
        pieces = [z for z in zones.values() if z.kind == REDLINE and z.stands]
        self.months.append({
            "day": day, "wrong": wrong, "area": found[""].area_m2,
            "pieces": sum(z.area_m2 for z in pieces), "clean": verify(self.project).faulty is False,
        })  # fmt: skip


def _worked(day: dt.date) -> dt.date:
    """The day itself, or the Monday after it."""
    return day + dt.timedelta(days=(7 - day.weekday()) % 7 if day.weekday() >= 5 else 0)
