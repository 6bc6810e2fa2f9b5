"""What a project says of where species live: status, records, given ranges, habitats."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.fractions import cell_fractions
from tianren.geo.moves import move_between
from tianren.language import say
from tianren.parameters.headings import columns_by_role, needed_columns
from tianren.raster.raster import MISSING, Raster
from tianren.science.names import Checklist, match_name, read_checklist
from tianren.science.taxa import Taxon, read_taxa
from tianren.steps.zones import raster_of

if TYPE_CHECKING:
    from tianren.parameters import Parameters
    from tianren.project.project import Project
    from tianren.project.runs import RunResults

Cells = tuple[NDArray[np.int64], NDArray[np.float32]]  # numbers of cells, ascending, and shares


@dataclass(frozen=True)
class Records:
    """Cleaned records in the grid's plane: species, place, cell (row by row, -1 off the grid)."""

    species: NDArray[Any]
    groups: Mapping[str, str]  # species -> its group, as the records say
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    cell: NDArray[np.int64]

    def of(self, name: str) -> NDArray[np.bool_]:
        return np.asarray(self.species == name)


@dataclass(frozen=True)
class Habitat:
    """A row of the table of habitats: classes of land cover (none: all) and elevations, m."""

    classes: frozenset[int]
    low: float
    high: float


@dataclass
class Known:
    """Everything that a project says of where species live, read and matched by name."""

    project: "Project"
    checklist: Checklist | None
    taxa: Mapping[str, Taxon]
    tiny: frozenset[str]
    records: Records
    models: "RunResults | None"
    habitats: Mapping[str, Habitat]
    region: NDArray[np.bool_]
    parameters: "Parameters"
    ranges: Mapping[str, Cells] = field(default_factory=dict)
    landcover: NDArray[np.int32] | None = None
    elevation: NDArray[np.float64] | None = None
    findings: list[Finding] = field(default_factory=list)

    def taxon(self, name: str) -> Taxon:
        """Its row of the status table; a species without one has no more than its group."""
        return self.taxa.get(name) or Taxon(name, self.records.groups.get(name, ""))

    def matched(self, written: str, where: str) -> str:
        """The species that a name means; "" and a finding where it means none."""
        found = match_name(written, self.checklist)
        if not found.species:
            near = ", ".join(found.candidates)
            message = say("{name} names no species that is known", name=repr(written))
            message += say("; near it: {names}", names=near) if near else ""
            self.findings.append(Finding("species.name", where, Severity.ERROR, message, where))
        return found.species


def read_known(
    project: "Project", parameters: "Parameters", records: "RunResults | None",
    models: "RunResults | None",
) -> Known:  # fmt: skip
    """Read status, checklist, habitats, records and given ranges of a project with [species]."""
    table = _table(project)
    findings: list[Finding] = []
    checklist = _checklist(project, table.checklist, findings)
    taxa, tiny = read_status(project, table.status, checklist, findings)
    known = Known(
        project, checklist, taxa, tiny, _records(project, records), models, {},
        project.realm().read() != MISSING, parameters, findings=findings,
    )  # fmt: skip
    if table.habitats:
        known.habitats = _habitats(known, table.habitats)
    known.ranges = {**_polygons(known, parameters), **_rasters(known)}
    return known


def _table(project: "Project") -> Any:
    if project.species is None:
        raise UserError(
            "the project says nothing of species",
            where="project.toml",
            next_step="add [species] with records, ranges or status",
        )
    return project.species


def _checklist(project: "Project", name: str, findings: list[Finding]) -> Checklist | None:
    if not name:
        return None
    rows, found = project.table(name)
    checklist, more = read_checklist(rows, project.entry(name).where)
    findings += [*found, *more]
    return checklist


def read_status(
    project: "Project", name: str, checklist: Checklist | None, findings: list[Finding]
) -> tuple[dict[str, Taxon], frozenset[str]]:
    """Species -> its status, and the species that the table itself says are tiny populations."""
    if not name:
        return {}, frozenset()
    rows, found = project.table(name)
    taxa, more = read_taxa(rows, checklist, project.entry(name).where)
    findings += [*found, *more]
    return {taxon.species: taxon for taxon in taxa}, _said_tiny(rows, checklist)


def _said_tiny(rows: Any, checklist: Checklist | None) -> frozenset[str]:
    roles = columns_by_role("tiny", map(str, rows.columns))
    names = columns_by_role("taxa", map(str, rows.columns))
    if "tiny" not in roles:
        return frozenset()
    yes = {"yes", "y", "true", "1", "是", "sí", "si"}
    chosen = [str(v).strip().casefold() in yes for v in rows[roles["tiny"]]]
    written = rows[names["species"]][chosen]
    return frozenset(s for w in written if (s := match_name(str(w), checklist).species))


def _records(project: "Project", run: "RunResults | None") -> Records:
    if run is None:
        nothing = np.empty(0)
        return Records(np.empty(0, dtype=str), {}, nothing, nothing, np.empty(0, dtype=np.int64))

    from tianren.io.vectors import read_result

    rows = read_result(run.path("records.gpkg"), "records")
    move = move_between(4326, project.grid.crs.to_wkt())
    x, y = (np.asarray(v) for v in move.transform(rows["lon"].to_numpy(float),
                                                  rows["lat"].to_numpy(float)))  # fmt: skip
    species = rows["species"].astype(str)
    groups = dict(zip(species, rows["group"].fillna("").astype(str), strict=True))
    return Records(species.to_numpy(), groups, x, y, cells_at(project.grid, x, y))


def cells_at(grid: Any, x: Any, y: Any) -> NDArray[np.int64]:
    """The cell of the grid, row by row, in which each point lies; -1 off the grid."""
    rows, columns = grid.shape
    back = ~grid.affine
    across, down = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
    on = (across >= 0) & (across < columns) & (down >= 0) & (down < rows)
    number = np.floor(np.where(on, down, 0)) * columns + np.floor(np.where(on, across, 0))
    return np.where(on, number, -1).astype(np.int64)


# -- given ranges ----------------------------------------------------------------------------------


def _polygons(known: Known, parameters: "Parameters") -> dict[str, Cells]:
    """Species -> the share of each cell inside its polygons, features of one species dissolved."""
    import shapely

    table = _table(known.project)
    if not table.ranges:
        return {}
    layer, found = known.project.vector(table.ranges)
    known.findings += found
    where = known.project.entry(table.ranges).where
    shapes = layer.geometry.to_numpy()
    by_name: dict[str, list[Any]] = {}
    for written, shape in zip(_column(layer, table.range_column, where), shapes, strict=True):
        by_name.setdefault(written, []).append(shape)
    by_species: dict[str, list[Any]] = {}
    for written, parts in by_name.items():
        if species := known.matched(written, where):
            by_species.setdefault(species, []).extend(parts)
    names = sorted(by_species)
    whole = [shapely.union_all(np.array(by_species[name], dtype=object)) for name in names]
    shares = cell_fractions(whole, known.project.grid)
    least = parameters.number("species.fewest_in_region")
    return _on_land(known, names, shares, shapely.area(whole), least, where)


def _column(layer: Any, column: str, where: str) -> list[str]:
    if column not in layer.columns:
        raise UserError(
            f"the ranges have no column {column}",
            where=where,
            next_step="range_column = one of "
            + ", ".join(str(c) for c in layer.columns if c != "geometry"),
        )
    return [str(v).strip() for v in layer[column]]


def _on_land(
    known: Known, names: Sequence[str], shares: Any, areas: Any, least: float, where: str
) -> dict[str, Cells]:
    """The ranges within the region; one that lies elsewhere is told and left out."""
    cell = abs(known.project.grid.affine.determinant)
    found = {}
    for i, name in enumerate(names):
        row = slice(shares.indptr[i], shares.indptr[i + 1])
        cells = kept(known, shares.indices[row], shares.data[row])
        inside = float(cells[1].sum(dtype=np.float64)) * cell
        if inside > least * areas[i]:
            found[name] = cells
            continue
        message = say(
            "the range of {name} lies outside the region ({share:.2g} % of it inside): it is not "
            "used; are the signs of its coordinates right?",
            name=name,
            share=100 * inside / max(areas[i], 1e-300),
        )
        known.findings.append(
            Finding("species.range_elsewhere", name, Severity.ERROR, message, where)
        )
    return found


def kept(known: Known, cells: Any, shares: Any) -> Cells:
    """The cells of the region among these."""
    inside = known.region.ravel()[cells] & (shares > 0)
    return cells[inside].astype(np.int64), shares[inside].astype(np.float32)


def _rasters(known: Known) -> dict[str, Cells]:
    """Species -> the cells of its range raster: codes above 0, or shares from 0 to 1."""
    found = {}
    for written, source in sorted(_table(known.project).range_rasters.items()):
        where = "project.toml [species.range_rasters]"
        if species := known.matched(written, where):
            raster, more = raster_of(known.project, source)
            known.findings += more
            found[species] = _shares(known, raster, source)
    return found


def _shares(known: Known, raster: Raster, source: str) -> Cells:
    values = raster.read().ravel()
    shares = (values > 0).astype(np.float32) if raster.is_category else np.nan_to_num(values)
    most = float(shares.max(initial=0.0))
    if most > 1.0 + 1e-6 or float(shares.min(initial=0.0)) < 0:
        raise UserError(
            f"the range raster {source} is no share from 0 to 1",
            where=known.project.entry(source).where,
            by_how_much=f"its values go to {most:g}",
            next_step='give presence as kind = "category" with legend = {0 = "no", 1 = "yes"}, or '
            "shares, scale = 0.01 for percent",
        )
    cells = np.flatnonzero(shares > 0)
    return kept(known, cells, np.minimum(shares[cells], 1.0))


# -- habitat ---------------------------------------------------------------------------------------


def _habitats(known: Known, name: str) -> dict[str, Habitat]:
    """Species -> its habitat; land cover and elevation are read when a row asks for them."""
    rows, found = known.project.table(name)
    known.findings += found
    where = known.project.entry(name).where
    needed = ("species", "classes")
    roles = needed_columns("habitats", rows, needed, what="the table of habitats", where=where)
    cover = _cover(known, where)
    habitats = {}
    for i, row in enumerate(rows[list(roles.values())].to_dict("records"), start=2):
        said = {role: str(row[column]).strip() for role, column in roles.items()}
        if species := known.matched(said["species"], where):
            habitats[species] = _habitat(said, cover, f"{where}, row {i}")
    return habitats


def _habitat(said: Mapping[str, str], cover: Raster | None, where: str) -> Habitat:
    codes = frozenset(
        _class(word.strip(), cover, where)
        for word in re.split(r"[;,|、；，]", said["classes"])
        if word.strip()
    )
    low = _metres(said.get("low", ""), -math.inf, where)
    high = _metres(said.get("high", ""), math.inf, where)
    if low > high:
        raise UserError(
            "the lowest elevation is above the highest",
            where=where,
            by_how_much=f"{low:g} and {high:g} m",
            next_step="swap the two",
        )
    return Habitat(codes, low, high)


def _class(word: str, cover: Raster | None, where: str) -> int:
    legend = dict(cover.legend) if cover else {}
    by_name = {label.casefold(): code for code, label in legend.items()}
    if word.lstrip("-").isdigit() and int(word) in legend:
        return int(word)
    if word.casefold() in by_name:
        return by_name[word.casefold()]
    known = ", ".join(f"{code} {label}" for code, label in sorted(legend.items()))
    raise UserError(
        f"{word!r} is no class of the land cover",
        where=where,
        next_step=f"use one of {known}" if known else "add the layer landcover to catalog.toml",
    )


def _metres(text: str, otherwise: float, where: str) -> float:
    if not text:
        return otherwise
    try:
        return float(text)
    except ValueError as fault:
        raise UserError(
            f"the elevation {text!r} is not a number", where=where, next_step="write metres: 1200"
        ) from fault


def _cover(known: Known, where: str) -> Raster | None:
    """Land cover; its cells, and those of elevation, are kept where the catalog has them."""
    cover = _serving(known, "landcover")
    heights = _serving(known, "elevation")
    known.landcover = None if cover is None else cover.read().ravel()
    known.elevation = None if heights is None else heights.read().ravel().astype(np.float64)
    if heights is None:
        message = say("the catalog has no elevation: limits of elevation are not applied")
        known.findings.append(
            Finding("species.no_elevation", "habitats", Severity.WARNING, message, where)
        )
    return cover


def _serving(known: Known, layer: str) -> Raster | None:
    entry = known.project.serving(layer)
    if entry is None:
        return None
    raster, found = raster_of(known.project, entry.name)
    known.findings += found
    return raster
