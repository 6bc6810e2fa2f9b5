"""[plan]: a problem of choice where not everything can be inside."""

from typing import Literal

from pydantic import Field

from tianren.project.sections.table import Layer, Table, Vector


class PlanTable(Table):
    """[plan]. units: polygons, or none for blocks of cells of unit_size (m). cost: a raster, a
    column of the units, or none for area. features: "species", "ecosystems", "functions", sources.
    targets: feature or group -> share 0 to 1, where the parameters' targets are not meant.
    locked_in: names of zones; locked_out: names of conflicts or zones. budget: share of all cost.
    """

    objective: Literal[
        "minimum_set", "minimum_shortfall", "maximum_coverage", "maximum_utility"
    ] = "minimum_set"
    units: Vector = ""
    unit_size: float = Field(default=0, ge=0)
    cost: Layer = ""
    cost_column: str = ""
    features: tuple[str, ...] = ()
    targets: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    budget: float | None = Field(default=None, gt=0, le=1)
    locked_in: tuple[str, ...] = ()
    locked_out: tuple[str, ...] = ()
    boundary_penalty: float = Field(default=0, ge=0)
    neighbours: int = Field(default=0, ge=0)
    contiguous: bool = False
    portfolio: int = Field(default=0, ge=0)
