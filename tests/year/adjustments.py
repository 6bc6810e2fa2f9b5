"""Adjustments of the year: exempt ones, ones that fail, one that is made good, and what follows
from a protected area that is abolished and one that is created."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from tests.year.land import Country
from tianren.errors import UserError
from tianren.management.register import PROTECTED, REDLINE
from tianren.project.project import Project
from tianren.steps.adjust import approve, end, propose, read_drafts, test
from tianren.steps.adjust_candidates import candidates
from tianren.steps.adjust_scan import scan
from tianren.steps.cases import calendar_of

DECREE = {"ground": "Decree 7", "document": "P-7"}


class Adjustments:
    """What happened to the line. passed, failed: proposals by how their test came out."""

    def __init__(self, project: Project, country: Country, folder: Path) -> None:
        self.project, self.country, self.folder = project, country, folder
        self.passed: list[str] = []
        self.failed: list[str] = []
        self.approved: list[str] = []
        self.abolished = self.created = ""

    def after(self, day: dt.date) -> dt.date:
        return calendar_of(self.project).after(day, 1)

    # -- land -------------------------------------------------------------------------------------

    def removal(self, day: dt.date, cause: str, size: float, mend: bool) -> Iterator[dt.date]:
        """A square in the heart of a piece leaves the line. mend: what the test finds lacking is
        made good with candidates, in a proposal of its own."""
        path = self.country.drawn(self.folder / f"{cause}.gpkg", self._square(size))
        name = self._proposed(day, read_drafts(self.project, path, "removal", cause, "Decree 7"))
        day = self.after(day)
        yield day
        passed = self._tested(name, day)
        day = self.after(day)
        yield day
        if passed:
            self._approve(name, day)
            return
        more = self.folder / f"{cause}-more.gpkg"
        if mend:
            candidates(self.project, name, more, day=day)
        end(self.project, name, "refuse", actor="dan", ground="No. 36", reason="it fails", day=day)
        if mend:
            day = self.after(day)
            yield day
            yield from self._mended(day, path, more, cause)

    def _mended(self, day: dt.date, path: Path, more: Path, cause: str) -> Iterator[dt.date]:
        drafts = read_drafts(self.project, path, "removal", cause, "Decree 7")
        drafts += read_drafts(self.project, more, "addition", "compensation", "Decree 7")
        name = self._proposed(day, drafts)
        day = self.after(day)
        yield day
        assert self._tested(name, day), name
        day = self.after(day)
        yield day
        self._approve(name, day)

    def _square(self, size: float) -> Any:
        middle = self.country.spot("redline").centroid
        half = size / 2
        return shapely.box(middle.x - half, middle.y - half, middle.x + half, middle.y + half)

    def _proposed(self, day: dt.date, drafts: Any) -> str:
        told = propose(self.project, drafts, actor="otto", day=day, **DECREE)
        return str(told.table["subject"]).partition("/")[2]

    def _tested(self, name: str, day: dt.date) -> bool:
        """Whether a proposal passes; what nobody could know is accepted at its approval."""
        table = test(self.project, name, actor="olga", day=day).table
        passed = table["passed"] is not False
        (self.passed if passed else self.failed).append(name)
        return passed

    def _approve(self, name: str, day: dt.date) -> None:
        """What no layer says is accepted with a reason."""
        try:
            approve(self.project, name, actor="dan", day=day, **DECREE)
        except UserError as fault:
            assert "not known" in str(fault), fault
            approve(self.project, name, actor="dan", day=day,
                    accept_unknown="no layer says so", **DECREE)  # fmt: skip
        self.approved.append(name)

    # -- protected areas --------------------------------------------------------------------------

    def sites(self, day: dt.date) -> Iterator[dt.date]:
        """The list of next year: one protected area is gone, one is new."""
        names, path = self._next_list()
        self.abolished, self.created = names
        told = scan(self.project, actor="otto", sites=path, day=day, **DECREE)
        assert len(told.table["proposed"]) == 2, told.text()
        for subject in told.table["proposed"]:
            name = str(subject).partition("/")[2]
            day = self.after(day)
            yield day
            passed = self._tested(name, day)
            day = self.after(day)
            yield day
            if passed:
                self._approve(name, day)
            else:
                end(self.project, name, "refuse", actor="dan", ground="No. 36",
                    reason="it fails", day=day)  # fmt: skip

    def _next_list(self) -> tuple[tuple[str, str], Path]:
        """The protected areas of the register as a list, without the smallest, with a new one."""
        near = self.country.near
        sites: dict[str, list[Any]] = {}
        names: dict[str, str] = {}
        for zone in near.of(PROTECTED):
            site = str(zone.attributes["site"])
            sites.setdefault(site, []).append(near.shapes[zone.subject])
            names[site] = zone.name
        whole = {site: shapely.union_all(shapes) for site, shapes in sites.items()}
        gone = min(whole, key=lambda s: (whole[s].area, s))
        rows = [{"SITE_ID": s, "NAME": names[s], "STATUS": "Designated"}
                for s in whole if s != gone]  # fmt: skip
        shapes = [whole[s] for s in whole if s != gone]
        rows.append({"SITE_ID": "900001", "NAME": "New Reserve", "STATUS": "Designated"})
        shapes.append(self._new_reserve())
        path = self.folder / "next-list.gpkg"
        gpd.GeoDataFrame(rows, geometry=shapes, crs=self.country.wkt).to_file(path)
        return (names[gone], "New Reserve"), path

    def _new_reserve(self) -> Any:
        """Half in the line, half beside it, where nothing else is protected."""
        piece = max(self.country.near.of(REDLINE), key=lambda z: z.area_m2)
        edge = shapely.boundary(self.country.near.shapes[piece.subject])
        kept = self.country.near.classes
        free = shapely.difference(
            edge, shapely.buffer(shapely.union(kept["core"], kept["protected"]), 2_000)
        )
        return shapely.buffer(shapely.line_interpolate_point(free.geoms[0], 0), 1_500)
