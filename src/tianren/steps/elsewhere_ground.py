"""What lies around a footprint, as images and shapes, so that other places for it can be sought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from tianren.management import placement
from tianren.management.register import PROTECTED, REDLINE, UNIT
from tianren.records import depth
from tianren.steps.touched import Near, classes_of


@dataclass(frozen=True)
class Window:
    """A local grid around a footprint: `half` cells each way, and room for the footprint itself."""

    x: float
    y: float
    cell: float
    half: int
    reach: int  # cells from the middle of a print to its edge

    @classmethod
    def of(cls, shape: Any, search: placement.Search) -> "Window":
        middle = shape.centroid
        corners = shapely.get_coordinates(shape) - [middle.x, middle.y]
        far = float(np.hypot(*corners.T).max())
        return cls(
            middle.x, middle.y, search.cell, search.half, int(np.ceil(far / search.cell)) + 1
        )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        far = (self.half + self.reach + 0.5) * self.cell
        return self.x - far, self.y - far, self.x + far, self.y + far

    def grid(self, cells: int) -> Any:
        """A square grid of 2 cells + 1 a side about the middle."""
        from affine import Affine
        from odc.geo.geobox import GeoBox

        far = (cells + 0.5) * self.cell
        affine = Affine(self.cell, 0, self.x - far, 0, -self.cell, self.y + far)
        return GeoBox((2 * cells + 1, 2 * cells + 1), affine, None)

    def shares(self, shapes: Sequence[Any], cells: int) -> list[Any]:
        from tianren.geo.fractions import cell_fractions

        side = 2 * cells + 1
        found = cell_fractions(list(shapes), self.grid(cells))
        return [found[[n]].toarray().reshape(side, side) for n in range(len(shapes))]

    def prints(self, shape: Any) -> dict[int, Any]:
        shapes = placement.turned(shape)
        return dict(zip(shapes, self.shares(list(shapes.values()), self.reach), strict=True))


@dataclass(frozen=True)
class Ground:
    """What lies around: masks for the search, and shapes for the exact measure."""

    masks: Mapping[str, Any]
    around: Near
    country: Any

    @classmethod
    def of(cls, around: Near, window: Window) -> "Ground":
        box = shapely.box(*window.bounds)
        near_by = _clipped(around, box)
        coarse = [z for z in around.zones if z.kind == UNIT and depth(z.place) == 1]
        land = shapely.union_all(
            np.array([shapely.intersection(around.shapes[z.subject], box) for z in coarse],
                     dtype=object)
        )  # fmt: skip
        country = land if coarse else box
        shapes = [*near_by.classes.values(), country]
        *touched, inside = window.shares(shapes, window.half + window.reach)
        masks = dict(zip(near_by.classes, touched, strict=True))
        return cls({**masks, "beyond": 1.0 - inside}, near_by, country)

    def measure(self, shape: Any) -> tuple[dict[str, float], float]:
        """Class -> m2 of a shape in it, and m2 beyond the country."""
        beyond = float(
            shapely.area(shape) - shapely.area(shapely.intersection(shape, self.country))
        )
        found = classes_of(shape, self.around)
        # What the drawing alone makes a shape touch is not touched.
        return {n: a if a >= 1.0 else 0.0 for n, a in found.items()}, beyond


def _clipped(around: Near, box: Any) -> Near:
    """The zones around within a box: large ones are many times larger than the search."""
    zones = tuple(z for z in around.zones if z.kind in (REDLINE, PROTECTED))
    shapes = {z.subject: shapely.intersection(around.shapes[z.subject], box) for z in zones}
    return Near(zones, shapes)
