"""The step behind `tianren species`: where every species lives, and what that says of places."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from tianren.delineation import tiny_populations
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.ranges import write_ranges
from tianren.io.vectors import write_vector
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.raster import cell_area
from tianren.science.species import Ranges, ranges_of, species_weight
from tianren.science.taxa import Taxon, without_status
from tianren.steps import species_sites
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.progress import Progress, silent
from tianren.steps.species_homes import HABITAT, MODEL, NONE, RANGE, RECORDS, Home, homes
from tianren.steps.species_sources import Known, read_known
from tianren.steps.species_surfaces import COMPLEMENT_COLUMNS, complements, surfaces, write_surfaces

if TYPE_CHECKING:
    from tianren.parameters import Parameters
    from tianren.project.project import Project
    from tianren.project.sections.species import SpeciesTable

COLUMNS = (
    "species", "group", "family", "category", "protection", "endemic", "weight", "source",
    "range_m2", "out_of_reach_m2", "global_range_m2", "records", "tiny_population",
)  # fmt: skip
SOURCES = {
    HABITAT: "area of habitat",
    RANGE: "given range",
    MODEL: "model",
    RECORDS: "cells with records",
    NONE: "no range",
}


@dataclass(frozen=True)
class Species:
    """The answer of `tianren species`: how many species have a range, from what, and key areas."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the run, its folder, species by source, sites that meet criteria."""
        rows = self.run.rows("species.csv")
        kba = self.run.rows("kba.csv")
        met = sorted({row["site"] for row in kba if row["verdict"] == "met"})
        open_ones = {
            row["site"] for row in kba if row["verdict"] == "cannot decide" and row["species"]
        }
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "species": len(rows),
            "sources": {s: sum(row["source"] == s for row in rows) for s in SOURCES},
            "weighted": sum(float(row["weight"]) > 0 for row in rows),
            "tiny_populations": sum(row["tiny_population"] != "" for row in rows),
            "sites": len({row["site"] for row in kba}),
            "sites_met": met,
            "sites_open": len(open_ones - set(met)),
            "findings": count_findings(self.run.findings),
        }

    def text(self) -> str:
        """The statement, the table, the next command."""
        found = self.as_dict()
        with_range = found["species"] - found["sources"][NONE]
        lines = [_statement(with_range, found["species"])]
        lines += [f"  {say(SOURCES[s]):<42}{n:>6}" for s, n in found["sources"].items() if n]
        if found["sites"]:
            lines.append(_key_areas(len(found["sites_met"]), found["sites"], found["sites_open"]))
        if found["tiny_populations"]:
            lines.append(say("Tiny populations: {n} species", n=found["tiny_populations"]))
        lines.append(findings_line(self.run.findings))
        lines += [f"{say('Results')}: {self.run.folder}", ""]
        return "\n".join([*lines, say("What do zones hold of them? tianren gaps")])


def _statement(n: int, every: int) -> str:
    if n == 1:
        return say("1 of {all} species has a range.", all=every)
    return say("{n} of {all} species have a range.", n=n, all=every)


def _key_areas(met: int, every: int, undecided: int) -> str:
    if met == 1:
        return say(
            "Key biodiversity areas: 1 of {all} sites meets a criterion, {open} cannot be decided "
            "yet",
            all=every, open=undecided,
        )  # fmt: skip
    return say(
        "Key biodiversity areas: {met} of {all} sites meet a criterion, {open} cannot "
        "be decided yet",
        met=met, all=every, open=undecided,
    )  # fmt: skip


def species(project: "Project", *, progress: Progress = None) -> Species:
    """Range, surfaces, key areas and tiny habitats of a project's species.

    Records are cleaned and models made first where the project asks for them. Raises UserError
    when the project has no [species], or one that names neither records nor ranges.
    """
    table = _table(project)
    before = _earlier(project, table, progress)
    parameters = project.parameters()
    run = start_run(
        project, "species", inputs=_inputs(project, table), parameters=parameters,
        settings=_settings(project, table, before),
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            _make(project, run, parameters, before, progress or silent)
    return Species(run.results())


def _table(project: "Project") -> "SpeciesTable":
    table = project.species
    if table is None or not (table.records or table.ranges or table.range_rasters):
        raise UserError(
            "the project names no records and no ranges of species",
            where="project.toml [species]",
            next_step="add records = [...], ranges = ... or range_rasters = {...}",
        )
    return table


@dataclass(frozen=True)
class _Earlier:
    """The runs that this one stands on; None where the project does not ask for them."""

    records: RunResults | None
    models: RunResults | None

    def ids(self) -> dict[str, str]:
        found = {"records": self.records, "models": self.models}
        return {name: run.id for name, run in found.items() if run is not None}


def _earlier(project: "Project", table: "SpeciesTable", progress: Progress) -> _Earlier:
    if not table.records:
        return _Earlier(None, None)
    from tianren.steps.records import records

    cleaned = records(project, progress=progress).run
    if not table.predictors:
        return _Earlier(cleaned, None)
    from tianren.steps.models import models

    return _Earlier(cleaned, models(project, progress=progress).run)


def _inputs(project: "Project", table: "SpeciesTable") -> dict[str, str]:
    """Every source that is read, the records' among them, with its hash."""
    layers = [project.serving(n) for n in ("landcover", "elevation")] if table.habitats else []
    names = {
        project.region_source, project.sea_source, *table.records, table.status, table.checklist,
        table.ranges, *table.range_rasters.values(), table.habitats, table.evidence,
        *(entry.name for entry in layers if entry is not None),
        *(level.source for level in project.admin), *species_sites.sources(project),
    }  # fmt: skip
    return dict(project.digests(name for name in names if name))


def _settings(project: "Project", table: "SpeciesTable", before: _Earlier) -> dict[str, Any]:
    """Everything in project.toml that decides, and the runs below this one."""
    return {
        "species": table.model_dump(mode="json"),
        "sites": species_sites.settings(project),
        "admin": [level.name for level in project.admin],
        "language": project.language,
        **before.ids(),
    }


def _make(
    project: "Project", run: Run, parameters: "Parameters", before: _Earlier,
    progress: Callable[[str], None],
) -> None:  # fmt: skip
    progress(say("ranges of species"))
    known = read_known(project, parameters, before.records, before.models)
    living = homes(known)
    ranges, suitable = as_ranges(project, living)
    write_ranges(run.path("ranges.npz"), ranges)
    progress(say("richness and endemism"))
    weights = _weights(known, living, parameters)
    mapped = np.array([h.source != RECORDS for h in living if h.source != NONE], dtype=bool)
    made = surfaces(ranges, suitable, _of(ranges, weights), mapped, known.region)
    hot = write_surfaces(project, run, made, parameters)
    run.write_rows("complementarity.csv", COMPLEMENT_COLUMNS, complements(project, ranges))
    tiny, findings = _tiny(project, run, known, living, parameters)
    progress(say("key biodiversity areas"))
    kba, more = species_sites.screen_sites(project, run, known, living, ranges, parameters)
    rows = _rows(known, living, weights, tiny, cell_area(project.grid))
    run.write_rows("species.csv", COLUMNS, rows)
    measures = [*_measures(project, run, rows, hot), *kba]
    findings = [*findings, *more, *known.findings, *_findings(known, living, weights)]
    run.finish(measures, findings, parameters, earlier=before.ids())
    shutil.rmtree(run.folder / "work", ignore_errors=True)


def as_ranges(project: "Project", living: Sequence[Home]) -> tuple[Ranges, Ranges]:
    """The ranges of the species that have one, and the same shares times suitability."""
    there = [home for home in living if home.source != NONE]
    counts = [len(home.cells[0]) for home in there]
    indptr = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    indices = np.concatenate([np.empty(0, np.int64), *(h.cells[0] for h in there)])
    shares = np.concatenate([np.empty(0, np.float32), *(h.cells[1] for h in there)])
    suited = np.concatenate([np.empty(0, np.float32), *(h.suitability for h in there)])
    rows, columns = project.grid.shape
    names, size = [h.species for h in there], (len(there), rows * columns)
    cell = cell_area(project.grid)
    ranges, suitable = (
        ranges_of(names, scipy.sparse.csr_array((values, indices, indptr), shape=size),
                  (rows, columns), cell)
        for values in (shares, shares * suited)
    )  # fmt: skip
    return ranges, suitable


def _weights(known: Known, living: Sequence[Home], parameters: "Parameters") -> dict[str, float]:
    table = parameters.table("species.weights")
    found = {}
    for home in living:
        taxon = known.taxon(home.species)
        found[home.species] = species_weight(
            table, taxon.category, protected=taxon.protection == "I", endemic=bool(taxon.endemic)
        )
    return found


def _of(ranges: Ranges, weights: Mapping[str, float]) -> Any:
    return np.array([weights[name] for name in ranges.names], dtype=np.float64)


# -- tiny populations ------------------------------------------------------------------------------


def _tiny(
    project: "Project", run: Run, known: Known, living: Sequence[Home], parameters: "Parameters"
) -> tuple[dict[str, str], list[Finding]]:
    """Write tiny_habitats.gpkg; answers why each species qualifies, and what was found."""
    import shapely
    from geopandas import GeoDataFrame

    limit = parameters.number("species.tiny_population")
    reasons = tiny_populations.qualifying(known.taxa, known.tiny, limit)
    records, by_name = known.records, {home.species: home for home in living}
    patches, points = {}, {}
    for name in reasons:
        mine = records.of(name)
        points[name] = records.x[mine], records.y[mine]
        home = by_name.get(name)
        if home is not None and home.source == HABITAT:
            patches[name] = tiny_populations.patches_with(
                home.cells[0], records.cell[mine], project.grid
            )
    # A square narrower than a cell could hold no cell's centre, and the line would lose it.
    side = max(parameters.number("records.occupancy_cell"), project.resolution)
    places, findings = tiny_populations.habitats(reasons, patches, points, side)
    land = project.outline
    shapes = [shapely.intersection(place.geometry, land) for place in places]
    rows = {
        "name": [place.species for place in places],
        "method": [place.method for place in places],
        "reason": [place.reason for place in places],
        "area_m2": [float(shape.area) for shape in shapes],
    }
    layer = GeoDataFrame(rows, geometry=shapes, crs=project.grid.crs.to_wkt())
    write_vector(run.path("tiny_habitats.gpkg"), layer, "tiny_habitats")
    return reasons, findings


# -- tables ----------------------------------------------------------------------------------------


def _rows(
    known: Known, living: Sequence[Home], weights: Mapping[str, float], tiny: Mapping[str, str],
    cell: float,
) -> list[dict[str, str]]:  # fmt: skip
    names, counts = np.unique(known.records.species.astype(str), return_counts=True)
    records = dict(zip(names.tolist(), counts.tolist(), strict=True))
    return [_row(known.taxon(h.species), h, weights, records, tiny, cell) for h in living]


def _row(
    taxon: Taxon, home: Home, weights: Mapping[str, float], records: Mapping[str, int],
    tiny: Mapping[str, str], cell: float,
) -> dict[str, str]:  # fmt: skip
    wide = taxon.global_range_km2
    return {
        "species": home.species,
        "group": taxon.group,
        "family": taxon.family,
        "category": taxon.category,
        "protection": taxon.protection,
        "endemic": {None: "", True: "yes", False: "no"}[taxon.endemic],
        "weight": repr(weights[home.species]),
        "source": home.source,
        "range_m2": repr(float(home.cells[1].sum(dtype=np.float64)) * cell),
        "out_of_reach_m2": repr(home.beyond * cell) if home.source == MODEL else "",
        "global_range_m2": "" if wide is None else repr(wide * 1e6),
        "records": str(records.get(home.species, 0)),
        "tiny_population": tiny.get(home.species, ""),
    }


def _measures(
    project: "Project",
    run: Run,
    rows: Sequence[Mapping[str, str]],
    hot: Mapping[str, tuple[float, float]],
) -> list[Measure]:
    def measure(indicator: str, value: float, unit: str, *by: tuple[str, str]) -> Measure:
        return Measure(indicator, project.name, str(project.day.year), value, unit, by,
                       method="species", sources=(run.id,))  # fmt: skip

    counts = [
        measure("species.ranges", float(sum(r["source"] == s for r in rows)), "1", ("source", s))
        for s in SOURCES
    ]
    areas = [
        measure("species.range", float(row["range_m2"]), "m2",
                ("source", row["source"]), ("species", row["species"]))
        for row in rows if row["source"] != NONE
    ]  # fmt: skip
    spots = [
        measure("species.hotspots", m2, "m2", ("of", name)) for name, (m2, _) in hot.items()
    ] + [
        measure("species.concentration", percent, "%", ("of", name))
        for name, (_, percent) in hot.items()
    ]
    return [*counts, *areas, *spots]


def _findings(known: Known, living: Sequence[Home], weights: Mapping[str, float]) -> list[Finding]:
    """What the ranges cannot say."""
    found = _out_of_reach(known, living)
    few = [h.species for h in living if h.source == RECORDS]
    if few:
        message = say(
            "{n} species have neither range nor model: the cells with records stand for them, "
            "which is less than where they live; they count in endemism only where no species has "
            "more",
            n=len(few),
        )
        found.append(Finding("species.records_only", "ranges", Severity.WARNING, message))
    none = [h.species for h in living if h.source == NONE]
    if none:
        message = say(
            "{n} species have no range, model or record in the region: {names}",
            n=len(none),
            names=", ".join(none[:5]) + (" ..." if len(none) > 5 else ""),
        )
        found.append(Finding("species.no_range", "ranges", Severity.WARNING, message))
    if not any(weights[h.species] > 0 for h in living if h.source != NONE):
        message = say(
            "no species has a weight, so weighted richness is 0 everywhere: give red-list "
            "categories, protection or endemism in [species] status"
        )
        found.append(
            Finding("species.no_weight", "weighted_richness", Severity.ERROR, message, "G17")
        )
    status = known.project.species.status if known.project.species else ""
    there = [h.species for h in living if h.source != NONE]
    return [*found, *(without_status(there, list(known.taxa.values()), status) if status else [])]


def _out_of_reach(known: Known, living: Sequence[Home]) -> list[Finding]:
    """That models found more land suitable than their ranges have, and how much more."""
    ended = [home for home in living if home.beyond]
    if not ended:
        return []
    beyond, inside = sum(h.beyond for h in ended), sum(len(h.cells[0]) for h in ended)
    message = say(
        "{n} ranges from models end {reach} km from the nearest record: {percent} % of the land "
        "that the models find suitable lies beyond and is left out",
        n=len(ended), reach=f"{known.parameters.number('species.model_reach') / 1e3:g}",
        percent=f"{100 * beyond / (beyond + inside):.0f}",
    )  # fmt: skip
    return [Finding("species.out_of_reach", "ranges", Severity.NOTE, message)]


def tiny_layer(run: RunResults) -> Any:
    """tiny_habitats.gpkg of a finished run: name, method, reason, area_m2, geometry."""
    from tianren.io.vectors import read_result

    return read_result(run.path("tiny_habitats.gpkg"), "tiny_habitats")
