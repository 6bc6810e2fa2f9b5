"""[plan]: a problem of choice where not everything can be inside."""

from typing import Literal

from pydantic import Field

from tianren.project.sections.table import Layer, Table, Vector


class PlanTable(Table):
    """[plan]. units: polygons named by the column unit_name, or none for blocks of cells of
    unit_size (m). cost: a raster, or cost_column of the units, or none for area. features:
    "species", "ecosystems", "ecoregions", "functions", "key_areas", sources; none means all that
    the project has. targets, weights: feature or group -> share 0 to 1, or weight. locked_in:
    zones; locked_out: conflicts or zones, by default the conflicts that are deducted. budget: share
    of all cost. portfolio: how many other answers, nearly as good. ranking: also rank every cell,
    by the rule of that name.
    """

    objective: Literal[
        "minimum_set", "minimum_shortfall", "maximum_coverage", "maximum_utility"
    ] = "minimum_set"
    units: Vector = ""
    unit_name: str = "name"
    unit_size: float = Field(default=0, ge=0)
    cost: Layer = ""
    cost_column: str = ""
    features: tuple[str, ...] = ()
    targets: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    budget: float | None = Field(default=None, gt=0, le=1)
    locked_in: tuple[str, ...] = ()
    locked_out: tuple[str, ...] | None = None
    boundary_penalty: float = Field(default=0, ge=0)
    neighbours: int = Field(default=0, ge=0)
    contiguous: bool = False
    portfolio: int = Field(default=0, ge=0)
    ranking: Literal["", "core_area", "additive_benefit"] = ""
