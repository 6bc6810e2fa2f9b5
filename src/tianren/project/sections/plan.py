"""[plan]: a problem of choice where not everything can be inside."""

from typing import Annotated, Literal

from pydantic import Field

from tianren.project.sections.table import Layer, Table, Vector

MOST_ZONES = 6  # as many as a map can tell apart

Share = Annotated[float, Field(ge=0, le=1)]


class PlanZone(Table):
    """[plan.zones.NAME]: a way to keep land. cost_factor: times the unit's cost; contributions:
    feature or kind -> share 0 to 1 of its amount that counts here, 1 for what is not named.
    """

    cost_factor: float = Field(default=1, ge=0)
    contributions: dict[str, Share] = Field(default_factory=dict)


class PlanTable(Table):
    """[plan]. units: polygons named by the column unit_name, or none for blocks of cells of
    unit_size (m). cost: a raster, or cost_column of the units, or none for area. features:
    "species", "ecosystems", "ecoregions", "functions", "key_areas", sources; none means all that
    the project has. targets, weights: feature or group -> share 0 to 1, or weight. locked_in:
    zones; locked_out: conflicts or zones, by default the conflicts that are deducted. budget: share
    of all cost. zones: a chosen unit goes into one of them, what is locked in into the first.
    portfolio: how many other answers, nearly as good. ranking: also rank every cell,
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
    zones: dict[str, PlanZone] = Field(default_factory=dict, max_length=MOST_ZONES)
    budget: float | None = Field(default=None, gt=0, le=1)
    locked_in: tuple[str, ...] = ()
    locked_out: tuple[str, ...] | None = None
    boundary_penalty: float = Field(default=0, ge=0)
    neighbours: int = Field(default=0, ge=0)
    contiguous: bool = False
    portfolio: int = Field(default=0, ge=0)
    ranking: Literal["", "core_area", "additive_benefit"] = ""
