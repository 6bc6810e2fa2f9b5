"""What should be held: species, ecosystem types, ecoregions, functions and key areas."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation.gaps import Features
from tianren.delineation.pieces import FUNCTIONS
from tianren.delineation.restoration import NO_TYPE
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.rasters import open_raster
from tianren.language import say
from tianren.parameters import Parameters, crosswalks
from tianren.parameters.headings import needed_columns
from tianren.project.ground import require_column
from tianren.project.runs import RunResults
from tianren.raster.raster import MISSING, Raster, cell_area
from tianren.science.species import range_area
from tianren.science.targets import ecosystem_target, species_target
from tianren.science.taxa import Taxon
from tianren.steps.gap_species import Known
from tianren.steps.zones import raster_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from scipy.sparse import csr_array

    from tianren.project.project import Project

RED_LIST = ("CO", "CR", "EN", "VU", "NT", "LC", "DD", "NE")
Types = tuple[tuple[str, ...], "csr_array"]  # names, (types x cells) share of the cell


def ecosystems(project: "Project", parameters: Parameters) -> tuple[Features | None, list[Finding]]:
    """The ecosystem types of [gaps] ecosystems, with their targets; None where none are named."""
    table = project.gaps
    if not table.ecosystems:
        return None, [_lacking("ecosystems", say("ecosystem types"))]
    (names, shares), findings = _types(project, table.ecosystems, table.ecosystem_column)
    omitted = _omitted(project, names)
    keep = [i for i, name in enumerate(names) if name not in omitted]
    names, shares = tuple(names[i] for i in keep), shares[keep]
    findings += [_not_judged(table.ecosystems, omitted)] if omitted else []
    status, found = ecosystem_categories(project, names)
    amounts = shares * cell_area(project.grid)
    categories = [status.get(name, "") for name in names]
    targets = ecosystem_target(_total(amounts), categories, parameters)
    return Features("ecosystem", names, amounts, targets), [*findings, *found]


def _omitted(project: "Project", names: Sequence[str]) -> list[str]:
    """Types that are not judged: those that the project omits, and what people made."""
    table, entry = project.gaps, project.entry(project.gaps.ecosystems)
    if strangers := set(table.ecosystem_omit) - set(names):
        raise UserError(
            f"{entry.name} has no type {sorted(strangers)[0]}",
            where="project.toml [gaps] ecosystem_omit",
            next_step=f"use names of its types: {', '.join(names[:12])}",
        )
    made = crosswalks.made_by_people(entry.legend_name) if entry.legend_name else frozenset()
    artificial = {entry.legend[code] for code in made}
    return sorted((artificial | set(table.ecosystem_omit)) & set(names))


def _not_judged(source: str, names: Sequence[str]) -> Finding:
    message = say("types that are not judged as ecosystems: {names}", names=", ".join(names))
    return Finding("gaps.omitted_types", source, Severity.NOTE, message)


def ecoregions(project: "Project", parameters: Parameters) -> tuple[Features | None, list[Finding]]:
    """The ecoregions of [gaps] ecoregions; None where none are named."""
    table = project.gaps
    if not table.ecoregions:
        return None, [_lacking("ecoregions", say("ecoregions"))]
    share = float(parameters.share("gaps.ecoregion_share"))
    return _alike(project, "ecoregion", table.ecoregions, table.ecoregion_column, share)


def key_areas(project: "Project", parameters: Parameters) -> tuple[Features | None, list[Finding]]:
    """The key areas of [gaps] key_areas; None where none are named."""
    table = project.gaps
    if not table.key_areas:
        return None, [_lacking("key_areas", say("key areas"))]
    share = float(parameters.share("gaps.key_area_share"))
    return _alike(project, "key_area", table.key_areas, table.key_area_column, share)


def _alike(
    project: "Project", kind: str, source: str, column: str, target: float
) -> tuple[Features, list[Finding]]:
    """The types of a layer that all have one target."""
    (names, shares), findings = _types(project, source, column)
    return _areas(kind, names, shares, project, target), findings


def functions(
    project: "Project", line: RunResults | None, parameters: Parameters
) -> tuple[Features | None, list[Finding]]:
    """The functions that a run of `tianren delineate` valued: percent of each total in each cell.

    Negative values count as zero, and only graded land counts, as in the line's own numbers.
    """
    from scipy.sparse import csr_array, vstack

    if line is None:
        message = say("functions are not judged: draw the line first, tianren delineate")
        return None, [Finding("gaps.no_functions", "functions", Severity.NOTE, message)]
    names = [name for name in FUNCTIONS if line.has(f"values/{name}.tif")]
    rows = [csr_array(_function(project, line, name)[None]) for name in names]
    if not rows:
        return None, []
    targets = np.full(len(names), float(parameters.share("gaps.function_share")))
    amounts = csr_array(vstack(rows, format="csr"))
    return Features("function", tuple(names), amounts, targets, ("%",) * len(names)), []


def _function(project: "Project", line: RunResults, name: str) -> NDArray[np.float64]:
    value = open_raster(line.path(f"values/{name}.tif"), name=name, grid=project.grid).read()
    path = line.path(f"grades/{name}.tif")
    grade = open_raster(path, name=name, kind="category", grid=project.grid).read()
    graded = np.where(grade > 0, np.nan_to_num(np.maximum(value, 0.0)), 0.0)
    worth = graded.ravel().astype(np.float64)
    total = worth.sum()
    return 100.0 * worth / total if total else worth


def _areas(
    kind: str, names: tuple[str, ...], shares: "csr_array", project: "Project", target: float
) -> Features:
    return Features(kind, names, shares * cell_area(project.grid), np.full(len(names), target))


def _total(amounts: "csr_array") -> NDArray[np.float64]:
    return np.asarray(amounts.sum(axis=1, dtype=np.float64))


def _lacking(key: str, what: str) -> Finding:
    message = say(
        "{what} are not judged: name their layer, {key} = ... in [gaps]", what=what, key=key
    )
    return Finding(f"gaps.no_{key}", key, Severity.NOTE, message)


def _types(project: "Project", source: str, column: str) -> tuple[Types, list[Finding]]:
    """The types of a layer by name, inside the region."""
    if project.entry(source).is_vector:
        layer, findings = project.vector(source)
        return _of_polygons(project, source, layer, column, findings)
    raster, findings = raster_of(project, source)
    return types_of_raster(project, raster), findings


def types_of_raster(project: "Project", raster: Raster) -> Types:
    """The classes of a legend that occur in the region: whole cells."""
    from scipy.sparse import csr_array

    if not raster.is_category:
        raise UserError(
            f"{raster.name} holds quantities, not types",
            where="project.toml [gaps]",
            next_step='give a raster of kind = "category", or polygons',
        )
    codes = raster.read().ravel()
    known = np.isin(codes, list(raster.legend)) & (project.realm().read().ravel() != MISSING)
    cells = np.flatnonzero(known)
    names = tuple(sorted({raster.legend[code] for code in np.unique(codes[cells]).tolist()}))
    row = {code: names.index(name) for code, name in raster.legend.items() if name in names}
    found, place = np.unique(codes[cells], return_inverse=True)
    rows = np.array([row[code] for code in found.tolist()], dtype=np.int64)[place]
    size = (len(names), len(codes))
    return names, csr_array((np.ones(len(cells)), (rows, cells)), shape=size)


def _of_polygons(
    project: "Project", source: str, layer: "GeoDataFrame", column: str, findings: list[Finding]
) -> tuple[Types, list[Finding]]:
    """The dissolved polygons of each name, cut to the region: exact shares of cells."""
    import shapely

    from tianren.geo.fractions import cell_fractions

    require_column(layer, column, source, "[gaps]")
    names = np.array([_name(v) for v in layer[column]])
    region = project.outline
    shapely.prepare(region)
    shapes = layer.geometry.to_numpy()
    wanted = tuple(sorted(set(names.tolist()) - {""}))
    dissolved = [shapely.union_all(shapes[names == name]) for name in wanted]
    cut = shapely.intersection(np.array(dissolved, dtype=object), region)
    unnamed = [_unnamed(source, names)] if (names == "").any() else []
    return (wanted, cell_fractions(list(cut), project.grid)), [*findings, *unnamed]


def _name(value: Any) -> str:
    text = str(value).strip()
    return "" if text.casefold() in ("", "none", "nan") else text


def _unnamed(source: str, names: NDArray[np.str_]) -> Finding:
    message = say(
        "{n} of {all} features have no name and were left out",
        n=int((names == "").sum()),
        all=len(names),
    )
    return Finding("gaps.unnamed", source, Severity.WARNING, message)


def ecosystem_categories(
    project: "Project", names: Sequence[str]
) -> tuple[Mapping[str, str], list[Finding]]:
    """Type -> category of the Red List of Ecosystems; what the table says of others is told."""
    source = project.gaps.ecosystem_status
    if not source:
        return {}, []
    table, findings = project.table(source)
    roles = needed_columns(
        "ecosystem_status", table, ("category", "type"),
        what="the table of ecosystem status", where=project.entry(source).where,
    )  # fmt: skip
    found = {}
    pairs = zip(table[roles["type"]], table[roles["category"]], strict=True)
    for number, (name, category) in enumerate(pairs, start=2):
        word = str(category).strip().upper()
        if name not in names:
            findings.append(_row(number, source, say("the type is not in the layer"), str(name)))
        elif word and word not in RED_LIST:
            findings.append(_row(number, source, say("no category of the Red List"), word))
        else:
            found[str(name)] = word
    return found, findings


def _row(number: int, source: str, fault: str, value: str) -> Finding:
    message = say("row {row}: {fault}: {value}", row=number, fault=fault, value=repr(value))
    return Finding("gaps.ecosystem_status", source, Severity.ERROR, message)


def largest_type(shares: "csr_array") -> NDArray[np.int64]:
    """(cells,) index of the feature with the largest share of each cell, -1 where there is none."""
    best = np.zeros(shares.shape[1])
    found = np.full(shares.shape[1], NO_TYPE, dtype=np.int64)
    for i in range(shares.shape[0]):
        row = slice(shares.indptr[i], shares.indptr[i + 1])
        cells, share = shares.indices[row], shares.data[row]
        more = share > best[cells]
        best[cells[more]] = share[more]
        found[cells[more]] = i
    return found


@dataclass(frozen=True)
class Judged:
    """Everything whose coverage is judged: features by kind, those of each kind apart."""

    features: tuple[Features, ...]
    findings: tuple[Finding, ...] = ()
    stewardship: NDArray[np.float64] | None = None  # (species,) share of each whole range here

    def of(self, kind: str) -> Features | None:
        """The features of one kind, or None."""
        return next((f for f in self.features if f.kind == kind), None)


def judged(
    project: "Project", line: RunResults | None, known: Known, parameters: Parameters
) -> Judged:
    """The features that a project's files and runs allow, and what is lacking for the others."""
    species, weights, findings = species_features(project, known, parameters)
    found = [species] if species else []
    for make in (ecosystems, ecoregions):
        features, more = make(project, parameters)
        found += [features] if features else []
        findings += more
    features, more = functions(project, line, parameters)
    areas, others = key_areas(project, parameters)
    found += [f for f in (features, areas) if f]
    return Judged(tuple(found), (*findings, *more, *others), weights)


def species_features(
    project: "Project", known: Known, parameters: Parameters
) -> tuple[Features | None, NDArray[np.float64] | None, list[Finding]]:
    """The ranges with their targets and stewardship, the share of each whole range that is here.

    A target goes by the size of the whole range: of the status table, else as mapped here.
    """
    if known.ranges is None or not known.ranges.names:
        message = say("species are not judged: there is no range of any, see [species]")
        return None, None, [Finding("gaps.no_species", "species", Severity.NOTE, message)]
    ranges = known.ranges
    mapped = range_area(ranges)
    taxa = {taxon.species: taxon for taxon in known.taxa}
    given = np.array([_whole_range(taxa.get(name)) for name in ranges.names])
    whole = np.fmax(given, mapped)
    weights = np.divide(mapped, whole, out=np.zeros_like(mapped), where=whole > 0)
    targets = np.asarray(species_target(whole, project.gaps.target, parameters))
    amounts = ranges.cells.astype(np.float64) * ranges.cell_m2
    found = Features("species", ranges.names, amounts, targets, sources=known.sources)
    findings = _range_findings(ranges.names, taxa, given, mapped)
    return found, weights, [*findings, *_only_records(known)]


def _only_records(known: Known) -> list[Finding]:
    """That the range of some species is no more than the cells where they were recorded."""
    n = int(np.count_nonzero(~known.mapped))
    if not n:
        return []
    message = say(
        "{n} of {all} species are known by the cells with records alone: what is held of them says "
        "where people looked. They are left out of the protection index, of representativeness "
        "and of viability. Name predictors or ranges in [species]",
        n=n,
        all=len(known.sources),
    )
    return [Finding("gaps.only_records", "species", Severity.WARNING, message)]


def _whole_range(taxon: Taxon | None) -> float:
    known = taxon.global_range_km2 if taxon else None
    return math.nan if known is None else known * 1e6


def _range_findings(
    names: Sequence[str], taxa: Mapping[str, Taxon], given: NDArray[Any], mapped: NDArray[Any]
) -> list[Finding]:
    """Whose whole range is not known, and whose is said to be smaller than what is mapped here."""
    found = []
    elsewhere = [
        name
        for name, area in zip(names, given, strict=True)
        if math.isnan(area) and not (name in taxa and taxa[name].endemic)
    ]
    if elsewhere:
        message = say(
            "the whole range of {n} of {all} species is not known: their targets and weights go "
            "by the range here, as if they were endemic",
            n=len(elsewhere),
            all=len(names),
        )
        found.append(
            Finding(
                "gaps.whole_range",
                "species",
                Severity.WARNING,
                message,
                "Tianren: How species are known",
            )
        )
    for name, area, here in zip(names, given, mapped, strict=True):
        if area < 0.99 * here:
            message = say(
                "its whole range is said to be {given} km2, but {mapped} km2 are mapped here: the "
                "larger counts",
                given=f"{area / 1e6:,.0f}",
                mapped=f"{here / 1e6:,.0f}",
            )
            found.append(Finding("gaps.range_smaller", name, Severity.WARNING, message))
    return found
