"""The divisions of a country as the register has them: paths of codes, "14/1403/2931"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.geo.shares import shares
from tianren.language import say
from tianren.management.register import divided, smallest_holding
from tianren.project.ground import require_column

if TYPE_CHECKING:
    from tianren.project.project import AdminLevel, Project

SLIVER = 1e-3  # the share of a zone that a division must hold for the zone to lie in it


@dataclass(frozen=True)
class Unit:
    """One division: its level, code and name, the path to it, and its shape."""

    level: str
    code: str
    name: str
    place: str
    shape: Any


def units_of(project: "Project") -> tuple[list[Unit], list[Finding]]:
    """Every division of every level, coarse before fine, by code; each lies in the division of the
    level above that holds most of it."""
    found: list[Unit] = []
    findings: list[Finding] = []
    above: list[Unit] = []
    for level in project.admin:
        layer, more = project.vector(level.source)
        findings += more
        above = _in_their_places(level.name, _units(level, layer), above)
        found += above
    return found, findings


def _units(level: "AdminLevel", layer: Any) -> list[tuple[str, str, Any]]:
    """Code, name and shape of each division of a level."""
    for column in (level.code, level.label):
        require_column(layer, column, level.source, "[admin] levels")
    shapes: dict[str, list[Any]] = {}
    names: dict[str, str] = {}
    for code, name, shape in zip(
        layer[level.code], layer[level.label], layer.geometry, strict=True
    ):
        shapes.setdefault(_plain(str(code), level), []).append(shape)
        names.setdefault(str(code), str(name))
    return [
        (code, names[code], parts[0] if len(parts) == 1 else shapely.union_all(parts))
        for code, parts in sorted(shapes.items())
    ]


def _plain(code: str, level: "AdminLevel") -> str:
    if "/" in code or not code:
        raise UserError(
            say("the code {code} of {level} cannot stand in a path", code=repr(code),
                level=level.name),
            where=level.source, next_step=say("give codes without a slash"),
        )  # fmt: skip
    return code


def _in_their_places(
    level: str, units: Sequence[tuple[str, str, Any]], above: Sequence[Unit]
) -> list[Unit]:
    paths = [""] * len(units)
    if above and units:
        pairs = shares(
            np.array([shape for *_, shape in units], dtype=object),
            np.array([unit.shape for unit in above], dtype=object),
        )
        most = np.zeros(len(units))
        for a, b, area in zip(*pairs, strict=True):
            if area > most[a]:
                most[a], paths[a] = area, above[b].place
    return [
        Unit(level, code, name, f"{path}/{code}" if path else code, shape)
        for (code, name, shape), path in zip(units, paths, strict=True)
    ]


@dataclass(frozen=True)
class Places:
    """The finest divisions, to say where things lie."""

    paths: Sequence[str]
    shapes: NDArray[Any]

    def parts(self, shapes: NDArray[Any], homes: Sequence[str]) -> list[dict[str, int]]:
        """For each shape: place -> whole m2 of it, which sum to its area as a whole number.

        homes: where what lies in no division is counted.
        """
        found = [dict[str, float]() for _ in shapes]
        if len(self.shapes) and len(shapes):
            for a, b, area in zip(*shares(shapes, self.shapes), strict=True):
                found[a][self.paths[b]] = found[a].get(self.paths[b], 0.0) + float(area)
        areas = shapely.area(shapes)
        return [
            _whole(parts, float(area), home)
            for parts, area, home in zip(found, areas, homes, strict=True)
        ]


def _whole(parts: Mapping[str, float], area: float, home: str) -> dict[str, int]:
    rest = area - sum(parts.values())
    every = dict(parts)
    if rest > 1e-9 * area or not every:
        every[home] = every.get(home, 0.0) + max(rest, 0.0)
    names = sorted(every)
    numbers = divided(np.array([every[name] for name in names]), round(area))
    return {name: number for name, number in zip(names, numbers, strict=True) if number}


def place_of(parts: Mapping[str, int]) -> str:
    """The smallest division that holds a zone, slivers apart."""
    total = sum(parts.values())
    return smallest_holding(p for p, area in parts.items() if area >= SLIVER * total)
