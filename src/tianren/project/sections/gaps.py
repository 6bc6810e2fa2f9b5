"""[zones.NAME] and [gaps]: what is held by what, and how much should be."""

from typing import Any, Literal

from pydantic import Field

from tianren.project.sections.table import Layer, RasterName, Table, TableName, Vector


class ZoneTable(Table):
    """[zones.NAME]: polygons, or classes of a raster, that hold what lies in them."""

    source: Layer
    where: dict[str, Any] = Field(default_factory=dict)
    classes: tuple[int, ...] = ()


class GapsTable(Table):
    """[gaps]. zones: names of [zones.NAME], "protected", "redline"; none means all there are.

    target: how much of a species' range is asked for, by its size or the same share of each.
    ecosystems, ecoregions, key_areas: layers whose types, named by the column of that name, must be
    held; artificial types of a known legend, and those of ecosystem_omit, are not judged.
    ecosystem_status: type -> Red List category. viability: species -> minimum area or population.
    reference: condition 0 to 1 (default: the habitat run), or human pressure when reference_kind
    says so.
    """

    zones: tuple[str, ...] = ()
    target: Literal["loglinear", "spi", "flat"] = "loglinear"
    ecosystems: Layer = ""
    ecosystem_column: str = "name"
    ecosystem_omit: tuple[str, ...] = ()
    ecosystem_status: TableName = ""
    ecoregions: Layer = ""
    ecoregion_column: str = "name"
    key_areas: Vector = ""
    key_area_column: str = "name"
    viability: TableName = ""
    reference: RasterName = ""
    reference_kind: Literal["condition", "pressure"] = "condition"
