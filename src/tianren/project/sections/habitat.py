"""[habitat]: what makes land habitat, and what threatens it."""

from typing import Any, Literal

from pydantic import Field

from tianren.project.sections.table import Layer, RasterName, Table, TableName


class ThreatTable(Table):
    """[habitat.threats.NAME]: where it comes from, its weight, how far it reaches (m), and how."""

    source: Layer
    classes: tuple[int, ...] = ()
    where: dict[str, Any] = Field(default_factory=dict)
    weight: float = Field(gt=0)
    reach: float = Field(gt=0)
    decay: Literal["linear", "exponential"] = "linear"


class HabitatTable(Table):
    """[habitat]. suitability: a table with class, suitability and one column a threat, 0 to 1.

    landcover: the category raster of the classes (default: the layer landcover); access: a raster,
    1 where anyone may go, 0 where nobody. baseline: land cover of a former time, with the same
    legend: then each class's rarity is computed too.
    """

    suitability: TableName
    landcover: RasterName = ""
    access: RasterName = ""
    baseline: RasterName = ""
    threats: dict[str, ThreatTable] = Field(default_factory=dict)
