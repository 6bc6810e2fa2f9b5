"""Tables of `tianren gaps` beside gaps.csv: species covered, represented, viable; restoration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation import representativeness as scores
from tianren.delineation import restoration as land
from tianren.delineation import species_tables, viability
from tianren.delineation.gaps import MET, Coverage
from tianren.delineation.restoration import Degraded, Grouping
from tianren.delineation.species_tables import Held
from tianren.findings import Finding, Severity
from tianren.io.rasters import open_raster
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults
from tianren.raster.raster import MISSING, cell_area
from tianren.science.targets import loglinear_target, species_protection_score, spi, spi_rule
from tianren.steps.gap_features import Judged, largest_type
from tianren.steps.gap_species import Counts, Earlier, Known, count_records
from tianren.steps.zones import ANY, Zones, raster_of

if TYPE_CHECKING:
    from tianren.project.project import Project


@dataclass(frozen=True)
class Told:
    """What a table adds to the run."""

    measures: tuple[Measure, ...] = ()
    findings: tuple[Finding, ...] = ()


def _measure(
    project: "Project", run: Run, indicator: str, value: float, unit: str, **by: str
) -> Measure:
    pairs = tuple(by.items())
    return Measure(
        indicator, project.name, str(project.day.year), value, unit, pairs, method="gaps",
        sources=(run.id,),
    )  # fmt: skip


# -- features --------------------------------------------------------------------------------------


def coverage_measures(
    project: "Project", run: Run, coverages: Sequence[Coverage], gap_share: float
) -> list[Measure]:
    """By zone and kind: features by status, targets met, mean of what is reached of each target.

    And what each zone holds of each ecosystem type, ecoregion and function.
    """
    make = partial(_measure, project, run)
    found = []
    for coverage in coverages:
        kind = coverage.features.kind
        status, there = coverage.status(gap_share), coverage.total > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            reached = np.minimum(coverage.held / coverage.target[:, None], 1.0)
        for z, zone in enumerate(coverage.zones):
            by = {"zone": zone, "kind": kind}
            for word, n in zip(*np.unique(status[:, z], return_counts=True), strict=True):
                found.append(make("gaps.features", float(n), "1", **by, status=str(word)))
            if there.any():
                met = np.count_nonzero(status[there, z] == MET)
                found.append(make("gaps.met", 100.0 * met / there.sum(), "%", **by))
                mean = 100.0 * float(np.mean(reached[there, z]))
                found.append(make("gaps.capped", mean, "%", **by))
            if kind in ("ecosystem", "ecoregion", "function"):
                found += [
                    make("gaps.held", 100.0 * float(coverage.share[i, z]), "%", **by,
                         feature=coverage.features.names[i])
                    for i in np.flatnonzero(there).tolist()
                ]  # fmt: skip
    return found


# -- species ---------------------------------------------------------------------------------------


def species(
    project: "Project", run: Run, parameters: Parameters, held: Zones, known: Known,
    what: Judged, coverages: Sequence[Coverage],
) -> Told:  # fmt: skip
    """coverage.csv, representativeness.csv and viability.csv with their measures."""
    coverage = next((c for c in coverages if c.features.kind == "species"), None)
    if not known.taxa:
        return Told()
    names = tuple(taxon.species for taxon in known.taxa)
    counts = count_records(known, held, names)
    zones = (*held.names, ANY)
    measures = _covered(project, run, parameters, known, counts, zones, coverage)
    if coverage is None or known.ranges is None:
        return Told(tuple(measures))
    measures += _index(project, run, parameters, coverage, what, known.mapped)
    measures += _represented(project, run, parameters, held, known, counts, what)
    more, findings = _viable(project, run, parameters, held, known, coverage)
    return Told((*measures, *more), tuple(findings))


def _covered(
    project: "Project", run: Run, parameters: Parameters, known: Known, counts: Counts,
    zones: Sequence[str], coverage: Coverage | None,
) -> list[Measure]:  # fmt: skip
    """coverage.csv: the tables in the form of the report's Appendix 2."""
    table = species_tables.rows(
        known.taxa,
        _held(counts, zones, coverage, float(parameters.share("gaps.gap_share"))),
        zones,
        share=float(parameters.share("gaps.covered_share")),
        few=parameters.number("gaps.few_records"),
        mode=parameters.word("gaps.percent_mode"),
    )
    run.write_rows("coverage.csv", species_tables.COLUMNS, table)
    return [
        _measure(
            project, run, "species.covered", row["percent"], "%", zone=row["zone"],
            meaning=row["meaning"], group=row["group"] or "all",
            **({row["dimension"]: row["class"]} if row["class"] else {}),
        )
        for row in table
        if row["dimension"] != "family"
    ]  # fmt: skip


def _held(
    counts: Counts, zones: Sequence[str], coverage: Coverage | None, gap_share: float
) -> dict[str, Held]:
    """What is known of each species by name."""
    ranged = _ranged(zones, coverage, gap_share) if coverage else {}
    found = {}
    for i, name in enumerate(counts.names):
        shares, met = ranged.get(name, ({}, {}))
        each = dict(zip(zones, counts.held[i].tolist(), strict=True))
        found[name] = Held(int(counts.every[i]), each, shares, met)
    return found


def _ranged(
    zones: Sequence[str], coverage: Coverage, gap_share: float
) -> dict[str, tuple[dict[str, float], dict[str, bool]]]:
    """Species with a range -> zone -> the share held, and whether the target is met."""
    met = coverage.status(gap_share) == MET
    return {
        name: (
            dict(zip(zones, coverage.share[i].tolist(), strict=True)),
            dict(zip(zones, met[i].tolist(), strict=True)),
        )
        for i, name in enumerate(coverage.features.names)
        if coverage.total[i] > 0
    }


def _index(
    project: "Project",
    run: Run,
    parameters: Parameters,
    coverage: Coverage,
    what: Judged,
    mapped: NDArray[np.bool_],
) -> list[Measure]:
    """The Species Protection Index of each zone, of mapped ranges, by the targets of its rule."""
    there = (coverage.total > 0) & mapped
    if what.stewardship is None or not there.any():
        return []
    weights = what.stewardship[there]
    whole = coverage.total[there] / weights
    targets = np.asarray(loglinear_target(whole, spi_rule(parameters)))
    found = []
    for z, zone in enumerate(coverage.zones):
        each = species_protection_score(coverage.share[there, z], targets)
        found.append(
            _measure(project, run, "species.protection_index", spi(each, weights), "1", zone=zone)
        )
    return found


def _represented(
    project: "Project", run: Run, parameters: Parameters, held: Zones, known: Known,
    counts: Counts, what: Judged,
) -> list[Measure]:  # fmt: skip
    """representativeness.csv, and the mean score of each zone."""
    if known.ranges is None:
        return []
    cuts = parameters.table("gaps.priority_cuts")
    regions = what.of("ecoregion")
    mine = np.flatnonzero(known.mapped)
    names = [known.ranges.names[i] for i in mine.tolist()]
    order = [counts.names.index(name) for name in names]
    table, measures = [], []
    for z, zone in enumerate((*held.names, ANY)):
        share = held.any if zone == ANY else held.cells[[z]].toarray().ravel()
        found = scores.representativeness(
            known.ranges.cells[mine], share, counts.in_range[order], counts.in_range_held[order, z],
            regions.amounts if regions else None,
        )  # fmt: skip
        table += scores.rows(names, zone, found, cuts)
        if not np.isnan(found.fcs).all():
            mean = float(np.nanmean(found.fcs))
            measures.append(
                _measure(project, run, "species.representativeness", mean, "1", zone=zone)
            )
    run.write_rows("representativeness.csv", scores.COLUMNS, table)
    return measures


def _viable(
    project: "Project", run: Run, parameters: Parameters, held: Zones, known: Known,
    coverage: Coverage,
) -> tuple[list[Measure], list[Finding]]:  # fmt: skip
    """viability.csv, how many species are covered but not viable, and which."""
    ranges = known.ranges
    if ranges is None:
        return [], []
    needs, findings = _needs(project, parameters, ranges.names)
    mapped = known.mapped
    met = coverage.status(float(parameters.share("gaps.gap_share"))) == MET
    table, measures = [], []
    for z, zone in enumerate((*held.names, ANY)):
        share = held.any if zone == ANY else held.cells[[z]].toarray().ravel()
        patches = viability.patches_held(ranges.cells, share, ranges.shape, ranges.cell_m2)
        mine = [
            viability.row(
                name, zone, patches[i], needs.get(name) if mapped[i] else None, bool(met[i, z])
            )
            for i, name in enumerate(ranges.names)
        ]
        table += mine
        if needs:
            flagged = [row["species"] for row in mine if row["covered_not_viable"] == "yes"]
            measures.append(
                _measure(project, run, "species.not_viable", float(len(flagged)), "1", zone=zone)
            )
            findings += _not_viable(zone, flagged)
    run.write_rows("viability.csv", viability.COLUMNS, table)
    return measures, findings


def _needs(
    project: "Project", parameters: Parameters, names: Sequence[str]
) -> tuple[Mapping[str, viability.Need], list[Finding]]:
    source = project.gaps.viability
    if not source:
        message = say(
            "viability is not judged: name a table of minimum area, population or body mass, "
            "viability = ... in [gaps]"
        )
        return {}, [Finding("gaps.no_viability", "viability", Severity.NOTE, message)]
    table, findings = project.table(source)
    needs, found = viability.read_needs(table, parameters, project.entry(source).where)
    strangers = viability.unknown_needs(needs, names, source)
    masses = [n for n, need in needs.items() if need.method == viability.BODY_MASS]
    return needs, [*findings, *found, *strangers, *_by_mass(masses)]


def _by_mass(names: Sequence[str]) -> list[Finding]:
    if not names:
        return []
    message = say(
        "the area that {n} species need is derived from their body mass, by a line through "
        "mammals: it can be off ten times",
        n=len(names),
    )
    return [Finding("viability.by_mass", "viability", Severity.WARNING, message, "Damuth 1981")]


def _not_viable(zone: str, names: Sequence[str]) -> list[Finding]:
    if not names:
        return []
    message = say(
        "{n} species meet their target in {zone}, but no patch there is large enough: {names}",
        n=len(names),
        zone=say("all zones") if zone == ANY else zone,
        names=", ".join(names[:5]),
    )
    return [
        Finding(
            "viability.covered_not_viable",
            zone,
            Severity.WARNING,
            message,
            "Tianren: How species are known",
        )
    ]


# -- restoration -----------------------------------------------------------------------------------


def restoration(
    project: "Project", run: Run, parameters: Parameters, what: Judged,
    line: RunResults | None, earlier: Earlier,
) -> Told:  # fmt: skip
    """restoration.csv: degraded land inside the line, by function and administrative unit."""
    if line is None:
        message = say("restoration is not judged: draw the line first, tianren delineate")
        return Told(findings=(Finding("gaps.no_line", "restoration", Severity.NOTE, message),))
    condition, findings = _condition(project, earlier)
    if condition is None:
        return Told(findings=tuple(findings))
    found, more = _degraded(project, parameters, condition, what)
    pieces = _cells(project, line, "redline_cells.tif")
    share = float(parameters.share("gaps.restoration_share"))
    inside, cell = pieces > 0, cell_area(project.grid)
    of = _functions(line, pieces)
    levels = [_units(project, level.name) for level in project.admin]
    table = land.need(inside, found, of, levels, cell, share)
    run.write_rows("restoration.csv", land.COLUMNS, table)
    measures = []
    for row in table:
        by = {} if row["function"] == land.ALL else {"function": row["function"]}
        if row["level"] != land.ALL:
            by[row["level"]] = row["label"]
        degraded, need = row["degraded_m2"], row["restore_m2"]
        measures.append(_measure(project, run, "restoration.degraded", degraded, "m2", **by))
        measures.append(_measure(project, run, "restoration.need", need, "m2", **by))
    return Told(tuple(measures), (*findings, *more))


def _condition(
    project: "Project", earlier: Earlier
) -> tuple[NDArray[np.float64] | None, list[Finding]]:
    """The condition, or pressure, of each cell of the region; NaN where unknown."""
    source = project.gaps.reference
    if source:
        raster, findings = raster_of(project, source)
    elif earlier.habitat is not None:
        path = earlier.habitat.path("habitat_quality.tif")
        raster, findings = open_raster(path, name="habitat_quality", grid=project.grid), []
    else:
        message = say(
            "restoration is not judged: add [habitat], or name a raster of condition or pressure, "
            "reference = ... in [gaps]"
        )
        return None, [Finding("gaps.no_reference", "restoration", Severity.NOTE, message)]
    values = raster.read().astype(np.float64)
    return np.where(project.realm().read() == MISSING, np.nan, values).ravel(), findings


def _degraded(
    project: "Project", parameters: Parameters, condition: NDArray[np.float64], what: Judged
) -> tuple[Degraded, list[Finding]]:
    if project.gaps.reference_kind == "pressure":
        return land.degraded_by_pressure(condition, parameters.number("gaps.pressure_limit")), []
    types = what.of("ecosystem")
    codes = largest_type(types.amounts) if types else np.zeros(len(condition), dtype=np.int64)
    best = land.reference_condition(
        condition, codes, float(parameters.share("gaps.reference_quantile"))
    )
    below = float(parameters.share("gaps.degraded_below"))
    return land.degraded_by_condition(condition, codes, best, below), (
        [] if types else [_one_reference()]
    )


def _one_reference() -> Finding:
    message = say(
        "without ecosystem types all land is measured by one reference: what is naturally poor "
        "looks degraded"
    )
    return Finding("gaps.one_reference", "restoration", Severity.WARNING, message)


def _cells(project: "Project", line: RunResults, name: str) -> NDArray[Any]:
    path = line.path(name)
    return open_raster(path, name=name, kind="category", grid=project.grid).read().ravel()


def _functions(line: RunResults, pieces: NDArray[Any]) -> Grouping:
    """The dominant function of the piece that each cell belongs to."""
    rows = line.rows("redline.csv")
    names = sorted({row["dominant"] for row in rows})
    number = np.full(max((int(row["piece"]) for row in rows), default=0) + 1, -1)
    for row in rows:
        number[int(row["piece"])] = names.index(row["dominant"])
    index = np.where((pieces > 0) & (pieces < len(number)), pieces, 0)
    return Grouping("function", number[index], names, names)


def _units(project: "Project", level: str) -> Grouping:
    raster, table = project.admin_codes(level)
    numbers = sorted(table)
    codes, labels = [table[n][0] for n in numbers], [table[n][1] for n in numbers]
    return Grouping(level, raster.read().ravel().astype(np.int64) - 1, codes, labels)
