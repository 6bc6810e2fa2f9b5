"""The keys of project.toml and catalog.toml, checked by pydantic (imported when one is read)."""

import datetime as dt
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from tianren.project.sections.account import AccountTable
from tianren.project.sections.corridors import CorridorsTable
from tianren.project.sections.gaps import GapsTable, ZoneTable
from tianren.project.sections.habitat import HabitatTable
from tianren.project.sections.management import ManagementTable
from tianren.project.sections.plan import PlanTable
from tianren.project.sections.room import ParcelsTable, SuitabilityTable
from tianren.project.sections.species import SpeciesTable
from tianren.project.sections.table import Table


class RegionTable(Table):
    """[region]: the country's land and, optionally, its sea."""

    source: str
    name_column: str = ""
    where: dict[str, Any] = Field(default_factory=dict)
    sea_source: str = ""


class GridTable(Table):
    """[grid]: crs is proposed from the region when not given."""

    crs: str = ""
    resolution: float = Field(gt=0)


class LevelTable(Table):
    """One level of [admin]: a polygon source with the columns of code and label."""

    name: str
    source: str
    code: str
    label: str


class AdminTable(Table):
    """[admin]: levels from coarse to fine; pieces are named and numbered by piece_level."""

    levels: tuple[LevelTable, ...] = ()
    piece_level: str = ""


class MustIncludeTable(Table):
    """[must_include.NAME]."""

    source: str
    kind: str
    where: dict[str, Any] = Field(default_factory=dict)
    classes: tuple[int, ...] = ()
    buffer: float | None = Field(default=None, ge=0)
    columns: dict[str, str] = Field(default_factory=dict)
    core: tuple[str, ...] = ("core",)


class ConflictTable(Table):
    """[conflicts.NAME]."""

    source: str
    kind: str
    classes: tuple[int, ...] = ()
    where: dict[str, Any] = Field(default_factory=dict)
    decision: Literal["keep", "retire", "deduct"]
    reason: str = Field(min_length=1)


class DelineationTable(Table):
    """[delineation]: methods by criterion, and sources that shape the line and name its pieces."""

    methods: dict[str, str] = Field(default_factory=dict)
    corridors: str = ""
    landscapes: str = ""
    landscape_name: str = "name"


class OverrideTable(Table):
    """[parameters.override."file.key"]: the user's own value, with its source and reason."""

    value: Any
    source: str
    reason: str
    low: Any = None
    high: Any = None
    note: str = ""


class ParametersTable(Table):
    """[parameters]: named sets that are chosen, and values that are replaced."""

    choose: dict[str, str] = Field(default_factory=dict)
    override: dict[str, OverrideTable] = Field(default_factory=dict)


class ProjectTable(Table):
    """project.toml."""

    name: str = Field(min_length=1)
    title: dict[str, str] | str = Field(default_factory=dict)
    language: str = "en"
    day: dt.date
    jurisdiction: str = ""
    scope: str = "nation"
    store: str = ""
    region: RegionTable
    grid: GridTable
    admin: AdminTable = AdminTable()
    must_include: dict[str, MustIncludeTable] = Field(default_factory=dict)
    conflicts: dict[str, ConflictTable] = Field(default_factory=dict)
    parameters: ParametersTable = ParametersTable()
    delineation: DelineationTable = DelineationTable()
    species: SpeciesTable | None = None
    habitat: HabitatTable | None = None
    zones: dict[str, ZoneTable] = Field(default_factory=dict)
    gaps: GapsTable = GapsTable()
    plan: PlanTable | None = None
    corridors: CorridorsTable | None = None
    suitability: SuitabilityTable = SuitabilityTable()
    parcels: ParcelsTable | None = None
    account: AccountTable = AccountTable()
    management: ManagementTable = ManagementTable()


class SourceTable(Table):
    """One table of catalog.toml: a file, or a constant with its unit and reason."""

    layer: str = ""
    uri: str = ""
    sublayer: str = ""
    unit: str = ""
    kind: (
        Literal["continuous", "flux", "count", "category", "vector", "table", "records"] | None
    ) = None
    period: str = ""
    licence: str = ""
    citation: str = ""
    sha256: str = Field(default="", pattern=r"^([0-9a-fA-F]{64})?$")
    legend: str | dict[int, str] = ""
    missing: float | tuple[float, ...] = ()
    bands: tuple[int, ...] = ()
    crs: str = ""
    scale: float | None = None
    offset: float | None = None
    encoding: str = ""
    approximate: bool = False
    note: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    species: str = ""
    group: str = ""
    start: dt.date | None = None
    constant: float | None = None
    reason: str = ""

    @field_validator("bands")
    @classmethod
    def _count_from_one(cls, bands: tuple[int, ...]) -> tuple[int, ...]:
        if any(b < 1 for b in bands):
            raise ValueError("bands are counted from 1")
        return bands

    @model_validator(mode="after")
    def _one_origin(self) -> "SourceTable":
        if bool(self.uri) == (self.constant is not None):
            raise ValueError("a source has either uri = a file or constant = a number")
        if self.constant is not None and not self.reason.strip():
            raise ValueError("a constant needs its reason")
        return self
