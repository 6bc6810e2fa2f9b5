"""The register read from the journal: zones as of any day, with their shapes."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.errors import UserError
from tianren.language import say
from tianren.management import register
from tianren.management.register import Zone
from tianren.project.journal.journal import JOURNAL, OPENED, Fold, Reader
from tianren.steps.journal import plane_of

if TYPE_CHECKING:
    from tianren.project.project import Project

ZONES: Fold[Zone] = Fold(register.NAME, register.apply, register.pack, register.unpack)


def require_plane(project: "Project", reader: Reader) -> None:
    """Refuse a project whose plane is not that in which the journal keeps its shapes."""
    from pyproj import CRS

    kept, own = (
        str(next(reader.records(kind=OPENED, subject=JOURNAL)).body["crs"]),
        plane_of(project),
    )
    if kept != own and not CRS.from_user_input(kept).equals(CRS.from_user_input(own)):
        raise UserError(
            say("the journal keeps its shapes in another plane than the project's grid"),
            where="project.toml, grid.crs",
            next_step=say("set crs = {crs}", crs=kept[:200]),
        )


def shapes_of(reader: Reader, zones: Iterable[Zone]) -> Mapping[str, Any]:
    """Subject -> shape of zones, in the journal's plane."""
    every = list(zones)
    known = reader.shapes(zone.boundary for zone in every)
    found = shapely.from_wkb(np.array([known[zone.boundary] for zone in every], dtype=object))
    return {zone.subject: shape for zone, shape in zip(every, found, strict=True)}
