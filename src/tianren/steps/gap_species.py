"""What is known of a project's species when gaps are looked for: ranges, records, status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.project.runs import RunResults
from tianren.science.names import read_checklist
from tianren.science.species import Ranges
from tianren.science.taxa import Taxon
from tianren.steps.species_homes import RECORDS
from tianren.steps.species_sources import cells_at, read_status

if TYPE_CHECKING:
    from tianren.project.project import Project
    from tianren.steps.zones import Zones

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Records:
    """Cleaned records: species, place in the grid's plane, cell (row by row, -1 off the grid).

    groups: species -> its group, as the records say.
    """

    species: NDArray[Any]
    x: Floats
    y: Floats
    cell: Ints
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """ranges: None where none could be made; taxa: every species of the list.

    sources: where each range comes from: habitat, range, model, or records (their cells alone).
    """

    ranges: Ranges | None
    records: Records
    taxa: tuple[Taxon, ...]
    sources: tuple[str, ...] = ()

    @property
    def mapped(self) -> NDArray[np.bool_]:
        """(ranges,) whether each is a range and not the cells where a species was recorded."""
        return np.array([source != RECORDS for source in self.sources], dtype=np.bool_)


@dataclass(frozen=True)
class Earlier:
    """The runs that gaps are found from, None where the project asks for none."""

    records: RunResults | None = None
    species: RunResults | None = None
    habitat: RunResults | None = None

    def ids(self) -> dict[str, str]:
        """Step -> run id, "" where there is none."""
        return {name: run.id if run else "" for name, run in vars(self).items()}


def earlier_runs(project: "Project", progress: Any = None) -> Earlier:
    """Make, or find made, the runs of records, species and habitat that the project asks for."""
    own, quality = project.species, project.habitat and not project.gaps.reference
    located = own and (own.records or own.ranges or own.range_rasters)
    return Earlier(
        _made_records(project, progress) if own and own.records else None,
        _made_species(project, progress) if located else None,
        _made_habitat(project, progress) if quality else None,
    )


def _made_records(project: "Project", progress: Any) -> RunResults:
    from tianren.steps.records import records

    return records(project, progress=progress).run


def _made_species(project: "Project", progress: Any) -> RunResults:
    from tianren.steps.species import species

    return species(project, progress=progress).run


def _made_habitat(project: "Project", progress: Any) -> RunResults:
    from tianren.steps.habitat import habitat

    return habitat(project, progress=progress).run


def known_species(project: "Project", earlier: Earlier) -> Known:
    """Ranges, cleaned records and status of the project's species.

    The list is the status table's, with the species that have a range or records and no status;
    what is wrong with the table is told by the species run.
    """
    if project.species is None:
        return Known(None, _no_records(), ())
    ranges = _ranges(earlier.species)
    found = _records(project, earlier.records)
    taxa = _taxa(project)
    present = {*(ranges.names if ranges else ()), *np.unique(found.species).tolist()}
    bare = {name: Taxon(name, group=found.groups.get(name, "")) for name in present}
    every = {**bare, **taxa}
    return Known(
        ranges,
        found,
        tuple(every[name] for name in sorted(every)),
        _sources(earlier.species, ranges),
    )


def _sources(run: RunResults | None, ranges: Ranges | None) -> tuple[str, ...]:
    """Where each range comes from, in the order of the ranges."""
    if run is None or ranges is None:
        return ()
    source = {row["species"]: row["source"] for row in run.rows("species.csv")}
    return tuple(source[name] for name in ranges.names)


def _no_records() -> Records:
    nothing = np.empty(0)
    return Records(np.empty(0, dtype=str), nothing, nothing, np.empty(0, dtype=np.int64))


def _ranges(run: RunResults | None) -> Ranges | None:
    from tianren.io.ranges import read_ranges

    if run is None or not run.has("ranges.npz"):
        return None
    return read_ranges(run.path("ranges.npz"))


def _records(project: "Project", run: RunResults | None) -> Records:
    """The cleaned records, in the grid's plane."""
    import shapely

    from tianren.io.vectors import read_result

    if run is None:
        return _no_records()
    layer = read_result(run.path("records.gpkg"), "records").to_crs(project.grid.crs.to_wkt())
    x, y = shapely.get_coordinates(layer.geometry.to_numpy()).T
    species = layer["species"].astype(str)
    groups = dict(zip(species, layer["group"].fillna("").astype(str), strict=True))
    return Records(species.to_numpy(), x, y, cells_at(project.grid, x, y), groups)


def _taxa(project: "Project") -> Mapping[str, Taxon]:
    """Species -> its row of the status table, under the name of the checklist."""
    table = project.species
    if table is None or not table.status:
        return {}
    checklist = None
    if table.checklist:
        rows, _ = project.table(table.checklist)
        checklist, _ = read_checklist(rows, project.entry(table.checklist).where)
    taxa, _ = read_status(project, table.status, checklist, [])
    return taxa


def records_in(records: Records, zones: "Zones") -> NDArray[np.bool_]:
    """(zones + 1, records) whether each record lies in each zone, and in any of them.

    By polygons exactly, their boundary included; by its cell where a zone is a raster.
    """
    from tianren.geo.points import inside

    found = np.zeros((len(zones.names) + 1, len(records.x)), dtype=np.bool_)
    for z, shape in enumerate(zones.shapes):
        if shape is not None:
            found[z] = inside(records.x, records.y, [shape])
            continue
        held = zones.cells[[z]].toarray().ravel() > 0
        found[z] = (records.cell >= 0) & held[records.cell]
    found[-1] = found[:-1].any(axis=0)
    return found


@dataclass(frozen=True)
class Counts:
    """Records of species, in the order of `names`: in the region, and inside the modelled range.

    every, in_range: (species,); held, in_range_held: (species, zones + 1), the last for any zone.
    """

    names: tuple[str, ...]
    every: Ints
    held: Ints
    in_range: Ints
    in_range_held: Ints


def count_records(known: Known, zones: "Zones", names: Sequence[str]) -> Counts:
    """How many records of each species there are, in zones, and inside its range."""
    number = {name: i for i, name in enumerate(names)}
    species, place = np.unique(known.records.species.astype(str), return_inverse=True)
    index = np.array([number.get(s, -1) for s in species.tolist()], dtype=np.int64)[place]
    held = records_in(known.records, zones)
    inside = within_range(known.ranges, known.records.species, known.records.cell)
    every, mine = (_tally(index, held, len(names), keep & (index >= 0)) for keep in
                   (np.ones(len(index), dtype=np.bool_), inside))  # fmt: skip
    return Counts(tuple(names), *every, *mine)


def _tally(
    index: Ints, held: NDArray[np.bool_], count: int, keep: NDArray[np.bool_]
) -> tuple[Ints, Ints]:
    """(species,) records kept, and (species, zones + 1) of them in each zone."""
    every = np.bincount(index[keep], minlength=count)
    each = [np.bincount(index[keep & row], minlength=count) for row in held]
    return every.astype(np.int64), np.stack(each, axis=1).astype(np.int64)


def within_range(ranges: Ranges | None, species: NDArray[Any], cell: Ints) -> NDArray[np.bool_]:
    """Whether each record lies in a cell of its own species' range."""
    if ranges is None or not len(species):
        return np.zeros(len(species), dtype=np.bool_)
    number = {name: i for i, name in enumerate(ranges.names)}
    known, place = np.unique(species.astype(str), return_inverse=True)
    row = np.array([number.get(s, -1) for s in known.tolist()], dtype=np.int64)[place]
    size = ranges.cells.shape[1]
    rows = np.repeat(np.arange(len(ranges.names)), np.diff(ranges.cells.indptr))
    stored = np.sort(rows * size + ranges.cells.indices.astype(np.int64))
    wanted = row * size + cell
    at = np.minimum(np.searchsorted(stored, wanted), max(len(stored) - 1, 0))
    hit = stored[at] == wanted if len(stored) else np.zeros(len(wanted), dtype=np.bool_)
    return np.asarray((row >= 0) & (cell >= 0) & hit)
