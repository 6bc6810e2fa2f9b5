"""Where things can happen in a country: places in the core, in protected areas, in the line, and
outside of all."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from tianren.io.vectors import write_vector
from tianren.management.register import UNIT
from tianren.project.journal.home import project_journal
from tianren.project.project import Project
from tianren.records import depth
from tianren.steps.footprint import plane_wkt
from tianren.steps.register_fold import ZONES, shapes_of
from tianren.steps.touched import Near

WIDE, HIGH = 120.0, 80.0  # m, of a footprint


class Country:
    """The land of a register, by the classes of the rulebooks."""

    def __init__(self, project: Project) -> None:
        self.wkt = plane_wkt(project)
        journal = project_journal(project)
        with journal.reading() as reader:
            zones = tuple(z for z in reader.states(ZONES).values() if z.stands)
            self.near = Near(zones, shapes_of(reader, zones))
        journal.close()
        self._spots = {name: self._places(name) for name in ("core", "protected", "redline",
                                                             "outside")}  # fmt: skip

    def _places(self, name: str) -> Iterator[Any]:
        """Footprints well inside a class, the largest parts first, several to a part."""
        parts = shapely.get_parts(self._land(name))
        parts = parts[np.argsort(-shapely.area(parts), kind="stable")][:12]
        circles = [shapely.maximum_inscribed_circle(p, tolerance=50) for p in parts]
        for north, east in product(range(-2, 3), range(-2, 3)):
            for circle in circles:
                reach = float(shapely.length(circle)) / 4
                middle = shapely.get_point(circle, 0)
                x, y = middle.x + east * reach, middle.y + north * reach
                if np.hypot(east, north) * reach + WIDE < shapely.length(circle):
                    yield shapely.box(x - WIDE / 2, y - HIGH / 2, x + WIDE / 2, y + HIGH / 2)

    def _land(self, name: str) -> Any:
        if name != "outside":
            return self.near.classes[name]
        units = [z for z in self.near.of(UNIT) if depth(z.place) == 1]
        largest = max(units, key=lambda z: z.area_m2)
        kept = shapely.union_all(np.array(list(self.near.classes.values()), dtype=object))
        return shapely.difference(self.near.shapes[largest.subject], kept)

    def spot(self, *classes: str) -> Any:
        """Land that nobody asked for yet, in each of these classes."""
        return shapely.union_all(np.array([next(self._spots[c]) for c in classes], dtype=object))

    def drawn(self, path: Path, *shapes: Any, **columns: Any) -> Path:
        """Shapes as a file, in the plane of the project."""
        rows = {"n": list(range(len(shapes))), **columns}
        path.unlink(missing_ok=True)
        write_vector(path, gpd.GeoDataFrame(rows, geometry=list(shapes), crs=self.wkt), path.stem)
        return path
