"""A project: what project.toml and catalog.toml say, with the region on its grid when asked for."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.geo.rules import Rule
from tianren.io.sources import Entry
from tianren.parameters import Parameters, Setting, override
from tianren.project.catalog import read_catalog
from tianren.project.digests import entry_digest
from tianren.project.scenarios import Scenario, laid_over, read_scenario
from tianren.project.tables import place, read_table, refuse_twins, validated

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

    from tianren.project.sections.account import AccountTable
    from tianren.project.sections.corridors import CorridorsTable
    from tianren.project.sections.gaps import GapsTable, ZoneTable
    from tianren.project.sections.habitat import HabitatTable
    from tianren.project.sections.management import ManagementTable
    from tianren.project.sections.plan import PlanTable
    from tianren.project.sections.room import ParcelsTable, SuitabilityTable
    from tianren.project.sections.species import SpeciesTable
    from tianren.raster.raster import Grid, Raster

Words = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class AdminLevel:
    """One level of administration: its name, its polygon source, columns of code and label."""

    name: str
    source: str
    code: str
    label: str


@dataclass(frozen=True)
class MustInclude(Rule):
    """One [must_include.NAME]: a source whose features must be inside the line, by its rule."""

    source: str = ""


@dataclass(frozen=True)
class Conflict:
    """One [conflicts.NAME]: land in conflict with the line, and what is decided about it."""

    name: str
    source: str
    kind: str
    decision: str
    reason: str
    classes: tuple[int, ...] = ()
    where: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """A project as its files say it; grid, region and rasters are read when first asked for.

    scope: "nation", the name of an admin level, or a source of zones. delineation: the table of
    that name, for the step that draws the line. resolution: side of a cell, m.
    """

    folder: Path
    name: str
    title: Mapping[str, str]
    language: str
    day: dt.date
    jurisdiction: str
    scope: str
    catalog: Mapping[str, Entry]
    region_source: str
    region_where: Words
    name_column: str
    sea_source: str
    crs: str
    resolution: float
    admin: tuple[AdminLevel, ...]
    piece_level: str
    must_include: Mapping[str, MustInclude]
    conflicts: tuple[Conflict, ...]
    choices: Mapping[str, str]
    overrides: Mapping[str, Setting]
    delineation: Mapping[str, Any]
    species: "SpeciesTable | None"
    habitat: "HabitatTable | None"
    zones: "Mapping[str, ZoneTable]"
    gaps: "GapsTable"
    plan: "PlanTable | None"
    corridors: "CorridorsTable | None"
    suitability: "SuitabilityTable"
    parcels: "ParcelsTable | None"
    account: "AccountTable"
    management: "ManagementTable"
    store: str = ""
    scenario: Scenario | None = None

    @property
    def cache_folder(self) -> Path:
        """What can be made again: aligned layers, hashes."""
        return self.folder / ".cache"

    @property
    def results_folder(self) -> Path:
        return self.folder / "results"

    def parameters(self) -> Parameters:
        """The parameters in force here, with the project's choices and overrides; none used yet."""
        return Parameters(self.day, self.jurisdiction, self.choices, self.overrides)

    def entry(self, name: str) -> Entry:
        """A source of the catalog by its name."""
        return self.catalog[name]

    def serving(self, layer: str) -> Entry | None:
        """The source that serves a layer of the vocabulary, or None."""
        return next((e for e in self.catalog.values() if e.layer == layer), None)

    def digest(self, name: str) -> str:
        """sha256 of everything that a source's files say; checked against the catalog."""
        return entry_digest(self.catalog[name], self.cache_folder)

    def digests(self, names: Iterable[str] | None = None) -> Mapping[str, str]:
        """sha256 of each source, by name in alphabetical order; of all when none are named."""
        wanted = self.catalog if names is None else names
        return {name: self.digest(name) for name in sorted(wanted)}

    @cached_property
    def ground(self) -> "Ground":
        """Grid and region, read once: see Ground."""
        from tianren.project.ground import read_ground

        return read_ground(self)

    @property
    def grid(self) -> "Grid":
        """The project's equal-area grid over the region, edges on multiples of the resolution."""
        return self.ground.grid

    @property
    def region(self) -> "GeoDataFrame":
        """The region in the grid's CRS: columns realm ("land", "sea"), name, geometry."""
        return self.ground.region

    @cached_property
    def outline(self) -> Any:
        """The region, land and sea, as one shape in the grid's CRS."""
        import shapely

        return shapely.union_all(self.region.geometry.to_numpy())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found while reading the region."""
        return self.ground.findings

    def vector(self, name: str) -> "tuple[GeoDataFrame, list[Finding]]":
        """A vector source, repaired and in the grid's CRS, with what was found."""
        from tianren.project.ground import read_layer

        return read_layer(self, name)

    def table(self, name: str) -> "tuple[DataFrame, list[Finding]]":
        """A table source as text, headings and cells trimmed; empty cells are empty text."""
        from tianren.project.ground import read_rows

        return read_rows(self, name)

    def records(self, name: str) -> "tuple[DataFrame, list[Finding]]":
        """Every row of a source of species records; see io.records.read_records."""
        from tianren.project.ground import read_species_records

        return read_species_records(self, name)

    def rasters(
        self, names: Iterable[str] | None = None
    ) -> "tuple[dict[str, Raster], list[Finding]]":
        """Raster sources on the project's grid, by raster name, with what was found.

        names: of sources; all raster sources when None. Twelve bands come as `temperature_01` ...;
        elevation also brings slope and relief where the catalog has none.
        """
        from tianren.project.ground import aligned_rasters

        return aligned_rasters(self, names)

    def realm(self) -> "Raster":
        """1 land, 2 sea, missing outside the region."""
        from tianren.project.ground import realm_raster

        return realm_raster(self)

    def admin_codes(self, level: str) -> "tuple[Raster, dict[int, tuple[str, str]]]":
        """A level as a raster of whole numbers, and number -> (division code, label)."""
        from tianren.project.ground import admin_raster

        return admin_raster(self, level)


if TYPE_CHECKING:
    from tianren.project.ground import Ground


def open_project(folder: Path | str, scenario: str = "") -> Project:
    """Read project.toml and catalog.toml of a folder. No layer is opened yet.

    scenario: the name of a file in scenarios/ whose keys are laid over project.toml.
    Raises UserError naming file, line and key of the first fault.
    """
    root = Path(folder)
    path = root / "project.toml"
    table, text = read_table(path)
    catalog = read_catalog(root)
    project = _read(root, table, catalog, path, text)
    if not scenario:
        return project
    # The project alone is sound, so whatever is wrong now stands in the scenario's file.
    other = read_scenario(root, scenario)
    changed = laid_over(table, other.changes)
    return replace(_read(root, changed, catalog, other.path, other.text), scenario=other)


def _read(
    root: Path, table: Mapping[str, Any], catalog: Mapping[str, Entry], path: Path, text: str
) -> Project:
    from tianren.project.schema import ProjectTable

    _refuse_twin_names(table, path, text)
    read = validated(ProjectTable, table, path, text)
    project = _project(root, read, catalog, path, text)
    _check_references(project, path, text)
    return project


def _refuse_twin_names(table: Mapping[str, Any], path: Path, text: str) -> None:
    for group in ("must_include", "conflicts"):
        entries = table.get(group)
        if isinstance(entries, dict):
            refuse_twins(entries, path, text, [group])


def _project(root: Path, read: Any, catalog: Mapping[str, Entry], path: Path, text: str) -> Project:
    return Project(
        folder=root,
        name=read.name,
        title=_titles(read),
        language=read.language,
        day=read.day,
        jurisdiction=read.jurisdiction,
        scope=read.scope,
        catalog=catalog,
        region_source=read.region.source,
        region_where=_words(read.region.where),
        name_column=read.region.name_column,
        sea_source=read.region.sea_source,
        crs=read.grid.crs,
        resolution=read.grid.resolution,
        admin=tuple(AdminLevel(**level.model_dump()) for level in read.admin.levels),
        piece_level=read.admin.piece_level or _finest(read),
        must_include=MappingProxyType({n: _must(n, t) for n, t in read.must_include.items()}),
        conflicts=tuple(_conflict(n, t) for n, t in read.conflicts.items()),
        choices=MappingProxyType(dict(read.parameters.choose)),
        overrides=MappingProxyType(_overrides(read, path, text)),
        delineation=MappingProxyType(read.delineation.model_dump(exclude_defaults=True)),
        species=read.species,
        habitat=read.habitat,
        zones=MappingProxyType(read.zones),
        gaps=read.gaps,
        plan=read.plan,
        corridors=read.corridors,
        suitability=read.suitability,
        parcels=read.parcels,
        account=read.account,
        management=read.management,
        store=read.store,
    )


def _titles(read: Any) -> Mapping[str, str]:
    titles = {"en": read.title} if isinstance(read.title, str) else dict(read.title)
    return MappingProxyType(titles or {"en": read.name})


def _finest(read: Any) -> str:
    return read.admin.levels[-1].name if read.admin.levels else ""


def _must(name: str, table: Any) -> MustInclude:
    values = table.model_dump()
    return MustInclude(name=name, **{**values, "where": _words(table.where)})


def _conflict(name: str, table: Any) -> Conflict:
    values = table.model_dump()
    return Conflict(name=name, **{**values, "where": _words(table.where)})


def _words(where: Mapping[str, Any]) -> Words:
    """Accepted values as text: one value or a list."""
    return {
        column: tuple(str(v) for v in (values if isinstance(values, list) else [values]))
        for column, values in where.items()
    }


def _overrides(read: Any, path: Path, text: str) -> dict[str, Setting]:
    found = {}
    for name, table in read.parameters.override.items():
        entry = {k: v for k, v in table.model_dump().items() if v is not None and k != "reason"}
        try:
            found[name] = override(name, entry, table.reason)
        except (TypeError, ValueError) as fault:
            raise UserError(
                f"the value of {name} cannot be used: {fault}",
                where=place(path, text, ["parameters", "override", name, "value"]),
                next_step='write a number, a share "1/2", a word or a table of numbers',
            ) from fault
    return found


def _check_references(project: Project, path: Path, text: str) -> None:
    """Every source that project.toml names is in the catalog, of the right kind; levels exist."""
    vector, anything = {"vector"}, {"vector", "category", "continuous", "flux", "count"}
    wanted: list[tuple[str, list[str | int], set[str]]] = [
        (project.region_source, ["region", "source"], vector)
    ]
    if project.sea_source:
        wanted.append((project.sea_source, ["region", "sea_source"], vector))
    wanted += [(level.source, ["admin", "levels"], vector) for level in project.admin]
    for must in project.must_include.values():
        wanted.append((must.source, ["must_include", must.name, "source"], anything))
    for conflict in project.conflicts:
        wanted.append((conflict.source, ["conflicts", conflict.name, "source"], anything))
    wanted += _named_in_sections(project)
    for source, keys, kinds in wanted:
        _check_source(project, source, kinds, place(path, text, keys))
    _check_levels(project, path, text)
    _check_methods(project, path, text)
    project.parameters()  # a parameter that does not exist is refused before anything runs


SECTIONS = (
    "species", "habitat", "gaps", "plan", "corridors", "suitability", "parcels", "account",
    "management",
)  # fmt: skip


def _named_in_sections(project: Project) -> list[tuple[str, list[str | int], set[str]]]:
    """The sources that the sections beyond the line name."""
    from tianren.project.sections.table import sources_named

    tables = [([name], getattr(project, name)) for name in SECTIONS]
    tables += [(["zones", name], zone) for name, zone in project.zones.items()]
    return [
        (source, keys, set(kinds))
        for start, table in tables
        if table is not None
        for keys, source, kinds in sources_named(table, list(start))
    ]


def _check_source(project: Project, source: str, kinds: set[str], where: str) -> None:
    entry = project.catalog.get(source)
    if entry is None:
        import difflib

        near = difflib.get_close_matches(source, project.catalog, n=1)
        raise UserError(
            f"there is no source called {source} in catalog.toml",
            where=where,
            next_step=f"did you mean {near[0]}?" if near else f"add [{source}] to catalog.toml",
        )
    if entry.kind not in kinds:
        wanted = " or ".join(f'"{kind}"' for kind in sorted(kinds))
        raise UserError(
            f"{source} is of kind {entry.kind}, which does not serve here",
            where=where,
            next_step=f"name a source of kind {wanted}",
        )


def _check_methods(project: Project, path: Path, text: str) -> None:
    """Every method that is chosen exists; the rules of planning are read only where one is."""
    methods = project.delineation.get("methods", {})
    if not methods:
        return
    from tianren.delineation.plan import check_methods

    check_methods(methods, lambda name: place(path, text, ["delineation", "methods", name]))


def _check_levels(project: Project, path: Path, text: str) -> None:
    names = [level.name for level in project.admin]
    refuse_twins(names, path, text, ["admin", "levels"])
    if names and project.piece_level not in names:
        raise UserError(
            f"there is no level called {project.piece_level}",
            where=place(path, text, ["admin", "piece_level"]),
            next_step=f"use one of {', '.join(names)}",
        )
    if project.scope not in ("nation", *names, *project.catalog):
        raise UserError(
            f"the scope {project.scope} is neither nation, nor a level, nor a source",
            where=place(path, text, ["scope"]),
            next_step=f"use one of {', '.join(['nation', *names])}, or a source of the catalog",
        )
