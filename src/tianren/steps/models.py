"""The step behind `tianren models`: a tested map of where each species can live."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.delineation.species_maps import Predictors, count_suitable, gather, most_together
from tianren.errors import UserError
from tianren.findings import Finding
from tianren.geo.moves import move_between
from tianren.geo.threads import processors
from tianren.io.rasters import open_raster, raster_sink
from tianren.io.vectors import read_result
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.raster import Raster
from tianren.science import species_models as science
from tianren.steps import model_findings as findings_of
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.model_one import NUMBERS, Ground, Species, climate_columns, model_one
from tianren.steps.progress import Progress, silent
from tianren.steps.zones import raster_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from tianren.parameters import Parameters
    from tianren.project.project import Project
    from tianren.project.sections.species import SpeciesTable

COUNT = "suitable_species.tif"
PREDICTOR_COLUMNS = ("predictor", "used", "like", "r")


@dataclass(frozen=True)
class Models:
    """The answer of `tianren models`: how many species have a model, how good, and why not."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the run, its folder, counts by status, ranges of the tests."""
        rows = self.run.rows("models.csv")
        made = [row for row in rows if row["status"] == "modelled"]
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "species": len(rows),
            "modelled": len(made),
            "refused": len(rows) - len(made),
            "tests": {name: _spread(made, name) for name in ("auc", "tss", "boyce")},
            "findings": count_findings(self.run.findings),
        }

    def text(self) -> str:
        """The statement, the table, the next command."""
        found = self.as_dict()
        n, every = found["modelled"], found["species"]
        lines = [
            say("1 of {all} species has a model.", all=every) if n == 1
            else say("{n} of {all} species have a model.", n=n, all=every)
        ]  # fmt: skip
        lines += [_tested(name, *s) for name, s in found["tests"].items() if s]
        lines.append(findings_line(self.run.findings))
        return "\n".join([*lines, f"{say('Results')}: {self.run.path('models.csv')}"])


TEST_NAMES = {"auc": "AUC", "tss": "TSS", "boyce": "Boyce"}


def _tested(name: str, low: float, middle: float, high: float) -> str:
    """One test over all models; one number where they do not differ."""
    told, least, most = (f"{value:.2f}" for value in (middle, low, high))
    if least == most:
        return f"  {TEST_NAMES[name]}: {told}"
    return "  " + say("{test}: {middle} in the middle, {low} to {high}",
                      test=TEST_NAMES[name], middle=told, low=least, high=most)  # fmt: skip


def _spread(rows: Sequence[Mapping[str, str]], name: str) -> tuple[float, float, float] | None:
    """Lowest, median and highest of a column, blanks left out."""
    values = sorted(float(row[name]) for row in rows if row[name] not in ("", "nan"))
    return (values[0], float(np.median(values)), values[-1]) if values else None


def models(project: "Project", *, workers: int | None = None, progress: Progress = None) -> Models:
    """Model every species of the cleaned records that has enough of them; a killed run goes on.

    workers: species at a time (default: the processors); the files are the same for any number.
    Raises UserError when the project has no [species] or no predictors.
    """
    table = _table(project)
    records, records_run = cleaned(project, progress)
    parameters = project.parameters()
    run = start_run(
        project, "models", inputs=_inputs(project, table), parameters=parameters,
        settings={"records": records_run, "predictors": list(table.predictors),
                  "climates": table.climates, "seed": table.seed, "language": project.language},
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            say_on = progress or silent
            _make(project, table, run, records, parameters, workers or processors(), say_on)
    return Models(run.results())


def _table(project: "Project") -> "SpeciesTable":
    table = project.species
    if table is None or not table.predictors:
        raise UserError(
            "the project names no predictors of species", where="project.toml [species]",
            next_step="add predictors = [...], names of climate, terrain or land cover rasters",
        )  # fmt: skip
    for climate, rasters in table.climates.items():
        _require_plain(climate)
        unknown = sorted(set(rasters) - set(table.predictors))
        if unknown:
            raise UserError(
                f"the climate {climate} has a raster for {', '.join(unknown)}, no predictor",
                where=f"project.toml [species.climates.{climate}]",
                next_step=f"use names of predictors: {', '.join(table.predictors)}",
            )
    return table


def _require_plain(climate: str) -> None:
    """A climate names a folder and columns."""
    if not re.fullmatch(r"\w[\w.-]*", climate):
        raise UserError(
            f"{climate!r} cannot be the name of a climate", where="project.toml [species.climates]",
            next_step="use letters, digits, _ and -, such as ssp245_2050",
        )  # fmt: skip


def cleaned(project: "Project", progress: Progress = None) -> tuple["DataFrame", str]:
    """The cleaned records (species, group, lon, lat), and the run that cleaned them."""
    from tianren.steps.records import records

    run = records(project, progress=progress).run
    return read_result(run.path("records.gpkg"), "records"), run.id


def _inputs(project: "Project", table: "SpeciesTable") -> Mapping[str, str]:
    names = {project.region_source, project.sea_source, *table.predictors}
    names |= {raster for climate in table.climates.values() for raster in climate.values()}
    return project.digests(name for name in names if name)


def _make(
    project: "Project", table: "SpeciesTable", run: Run, records: "DataFrame",
    parameters: "Parameters", workers: int, progress: Callable[[str], None],
) -> None:  # fmt: skip
    progress(say("predictors"))
    ground, species, findings = _prepare(project, table, run, records, parameters)
    enough = int(parameters.number("models.minimum_records"))
    ready = [s for s in species if len(s.cells) >= enough]
    # A group of one length after the other would leave a processor idle at the end.
    order = sorted(ready, key=lambda s: (-len(s.cells), s.name))

    def one(each: Species) -> dict[str, Any]:
        row = model_one(project, run, ground, each)
        progress(each.name)
        return row

    with ThreadPoolExecutor(
        workers, "species", initializer=set_language, initargs=(project.language,)
    ) as executor:
        made = {row["species"]: row for row in executor.map(one, order)}
    rows = [made.get(s.name) or _refused(s, enough) for s in species]
    columns = (*NUMBERS, *(c for name in ground.climates for c in climate_columns(name)))
    run.write_rows("models.csv", columns, ({k: _cell(v) for k, v in r.items()} for r in rows))
    together = _count(project, run, rows)
    findings += findings_of.outcomes(rows, enough, list(ground.climates), parameters)
    measures = _measures(project, run, rows, list(ground.climates))
    run.finish(measures, findings, parameters, models={"most_together": together})
    shutil.rmtree(run.folder / "work", ignore_errors=True)


def _count(project: "Project", run: Run, rows: Sequence[Mapping[str, Any]]) -> int:
    """suitable_species.tif: how many species with a model find each cell suitable; its maximum."""
    made = [row for row in rows if row["status"] == "modelled"]
    if not made:
        return 0
    if not run.done(COUNT):
        files = {row["slug"]: run.path(f"models/{row['slug']}.tif") for row in made}
        maps = [open_raster(file, name=slug, grid=project.grid) for slug, file in files.items()]
        tags = {"name": "suitable_species", "run": run.id}
        sink = raster_sink(run.path(COUNT), project.grid, dtype="int32", tags=tags, delivered=True)
        count_suitable(maps, [row["threshold_tss"] for row in made], project.realm(), sink)
    return most_together(open_raster(run.path(COUNT), kind="category", grid=project.grid))


def _cell(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _refused(species: Species, enough: int) -> dict[str, Any]:
    reason = say("{n} records on different cells with known predictors, {enough} are needed",
                 n=len(species.cells), enough=enough)  # fmt: skip
    return {
        "species": species.name, "group": species.group, "slug": species.slug,
        "status": "refused", "reason": reason, "records": species.records,
        "thinned": len(species.cells),
    }  # fmt: skip


# -- what every model shares -----------------------------------------------------------------------


def _prepare(
    project: "Project", table: "SpeciesTable", run: Run, records: "DataFrame",
    parameters: "Parameters",
) -> tuple[Ground, list[Species], list[Finding]]:  # fmt: skip
    rasters, findings = _rasters(project, {name: name for name in table.predictors})
    every = Predictors(tuple(rasters), tuple(rasters.values()), project.realm())
    most = int(parameters.number("models.background"))
    cells = _cells(project, records)
    inside, drawn = gather(every, cells[cells >= 0], most, table.seed)
    if not len(drawn.number):
        raise UserError(
            "no cell of the region has all predictors", where="project.toml [species]",
            next_step="check the predictors' extents: tianren check",
        )  # fmt: skip
    limit = parameters.number("models.correlation")
    names, dropped = science.independent(drawn.values, every.names, every.is_category, limit)
    _write_predictors(run, every.names, dropped)
    which = [every.names.index(name) for name in names]
    if not names:
        raise UserError(
            "no predictor varies in the region", where="project.toml [species] predictors",
            next_step="add predictors that differ from place to place",
        )  # fmt: skip
    climates = {}
    for climate, replaced in table.climates.items():
        then, found = _rasters(project, {n: replaced.get(n, n) for n in names})
        climates[climate] = Predictors(tuple(names), tuple(then.values()), every.region)
        findings += found
    known = inside.holds(cells)
    species = _species(records, cells, known)
    ground = Ground(
        every.chosen(names), climates, inside.columns(which), drawn.columns(which),
        _backgrounds(records, cells, known), most,
        int(parameters.number("models.background_minimum")), _design(parameters, table.seed),
    )  # fmt: skip
    findings += findings_of.preparation(dropped, limit, int((~known).sum()), ground)
    return ground, species, findings


def _design(parameters: "Parameters", seed: int) -> science.Design:
    return science.Design(
        block=parameters.number("models.block_size"),
        folds=int(parameters.number("models.folds")),
        omission=parameters.number("models.omission"),
        strength=parameters.number("models.penalty"),
        seed=seed,
    )


def _rasters(
    project: "Project", sources: Mapping[str, str]
) -> tuple[dict[str, Raster], list[Finding]]:
    """Predictor -> its raster on the grid."""
    rasters, findings = {}, []
    for name, source in sources.items():
        rasters[name], found = raster_of(project, source)
        findings += found
    return rasters, findings


def _cells(project: "Project", records: "DataFrame") -> np.ndarray[Any, np.dtype[np.int64]]:
    """The number of each record's cell, -1 off the grid."""

    grid = project.grid
    move = move_between(4326, grid.crs.to_wkt())
    x, y = move.transform(records["lon"].to_numpy(float), records["lat"].to_numpy(float))
    columns, rows = ~grid.affine @ (np.asarray(x), np.asarray(y))
    height, width = grid.shape
    on = np.isfinite(columns) & np.isfinite(rows)
    on &= (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    found = np.full(len(records), -1, np.int64)
    found[on] = np.floor(rows[on]).astype(np.int64) * width + np.floor(columns[on]).astype(np.int64)
    return found


def _species(records: "DataFrame", cells: Any, known: Any) -> list[Species]:
    """Species in alphabetical order, each with its thinned cells and a file name of its own."""
    taken: set[str] = set()
    found = []
    groups = records["group"].fillna("").astype(str).to_numpy()
    rows_of = records.groupby(records["species"].astype(str).to_numpy(), sort=True).indices
    for name, rows in rows_of.items():
        thinned = science.thin(cells[rows][known[rows]])
        slug = slug_of(str(name), taken)
        found.append(Species(str(name), groups[rows[0]], slug, len(rows), thinned))
    return found


def slug_of(name: str, taken: set[str]) -> str:
    """A file name of letters, digits and _ that no other species has; `taken` grows by it."""
    plain = re.sub(r"\W+", "_", name.casefold()).strip("_")[:80] or "species"
    slug, number = plain, 1
    while slug in taken:
        number += 1
        slug = f"{plain}_{number}"
    taken.add(slug)
    return slug


def _backgrounds(records: "DataFrame", cells: Any, known: Any) -> dict[str, Any]:
    """Group -> the cells where any species of it was recorded."""
    groups = records["group"].fillna("").astype(str).to_numpy()
    return {g: science.thin(cells[(groups == g) & known]) for g in sorted(set(groups.tolist()))}


def _write_predictors(
    run: Run, names: Sequence[str], dropped: Sequence[science.DroppedPredictor]
) -> None:
    gone = {d.name: d for d in dropped}
    rows = [
        {"predictor": name, "used": "no" if name in gone else "yes",
         "like": gone[name].like if name in gone else "",
         "r": repr(gone[name].r) if name in gone and gone[name].like else ""}
        for name in names
    ]  # fmt: skip
    run.write_rows("predictors.csv", PREDICTOR_COLUMNS, rows)


def _measures(
    project: "Project", run: Run, rows: Sequence[Mapping[str, Any]], climates: Sequence[str]
) -> list[Measure]:
    """Species by group and outcome; the share of each one's suitable area that a climate keeps."""
    period = str(project.day.year)

    def measure(indicator: str, value: float, unit: str, *by: tuple[str, str]) -> Measure:
        return Measure(indicator, project.name, period, value, unit, by, method="models",
                       sources=(run.id,))  # fmt: skip

    outcomes = sorted({(r["group"], r["status"]) for r in rows})
    found = [
        measure("models.species", float(sum((r["group"], r["status"]) == pair for r in rows)), "1",
                ("group", pair[0]), ("status", pair[1]))
        for pair in outcomes
    ]  # fmt: skip
    for climate in climates:
        for row in rows:
            kept, lost = row.get(f"{climate}_kept_m2"), row.get(f"{climate}_lost_m2")
            if kept is not None and kept + lost > 0:
                found.append(
                    measure("models.kept", 100.0 * kept / (kept + lost), "%",
                            ("climate", climate), ("species", row["species"]))
                )  # fmt: skip
    return found
