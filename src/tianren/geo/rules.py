"""What counts of a declared source: the value that a project holds and rooms work by."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    """Which features or classes of a source count, and as what kind.

    where: column -> accepted values; classes: codes of a category raster; buffer: metres around
    points and lines; columns: role (name, status, designation, zone, order, area, realm) -> column;
    core: values of the zone column that are core zones (level 1).
    """

    name: str
    kind: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    classes: tuple[int, ...] = ()
    buffer: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    core: tuple[str, ...] = ("core",)
