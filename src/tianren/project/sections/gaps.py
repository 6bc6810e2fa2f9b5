"""[zones.NAME] and [gaps]: what is held by what, and how much should be."""

from typing import Any

from pydantic import Field

from tianren.project.sections.table import Layer, RasterName, Table, TableName, Vector


class ZoneTable(Table):
    """[zones.NAME]: polygons, or classes of a raster, that hold what lies in them."""

    source: Layer
    where: dict[str, Any] = Field(default_factory=dict)
    classes: tuple[int, ...] = ()


class GapsTable(Table):
    """[gaps]. zones: names of [zones.NAME], "protected", "redline"; none means all there are.

    ecosystems, ecoregions, key_areas: layers whose types, named by the column of that name, must be
    held. ecosystem_status: type -> Red List category. viability: species -> minimum area or
    population. reference: condition 0 to 1 (default: the habitat run).
    """

    zones: tuple[str, ...] = ()
    ecosystems: Layer = ""
    ecosystem_column: str = "name"
    ecosystem_status: TableName = ""
    ecoregions: Layer = ""
    ecoregion_column: str = "name"
    key_areas: Vector = ""
    key_area_column: str = "name"
    viability: TableName = ""
    reference: RasterName = ""
