"""What each candidate key biodiversity area holds of each species, for the criteria to judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tianren.delineation.key_areas import (
    AT_MOST,
    COLUMNS,
    ENDEMIC,
    ITEMS,
    MET,
    NOT_MET,
    OPEN,
    Occurrence,
    Rules,
    Share,
    Verdict,
    of_ecosystem,
    of_evidence,
    of_species,
    of_species_together,
    rules,
)
from tianren.delineation.must_include import from_layer
from tianren.errors import UserError
from tianren.geo.fractions import cell_fractions
from tianren.geo.points import pairs
from tianren.geo.rules import Rule
from tianren.measures import Measure
from tianren.parameters.headings import needed_columns
from tianren.project.ground import require_column
from tianren.science.species import Ranges, held, range_area
from tianren.science.taxa import Taxon
from tianren.steps.gap_features import ecoregions, ecosystem_categories, ecosystems
from tianren.steps.species_homes import HABITAT, MODEL, RANGE, RECORDS, Home
from tianren.steps.species_sources import Known

if TYPE_CHECKING:
    from tianren.findings import Finding
    from tianren.parameters import Parameters
    from tianren.project.project import MustInclude, Project
    from tianren.project.runs import Run

Facts = Mapping[tuple[str, str], Mapping[str, str]]  # (site, species or "") -> item -> value
_NUMBERS = frozenset(ITEMS) - {"bioregion_restricted", "most_important_habitat", "intact"}


@dataclass(frozen=True)
class Sites:
    """Candidate sites: names and dissolved polygons in the grid's CRS."""

    names: tuple[str, ...]
    shapes: NDArray[Any]


def sources(project: "Project") -> list[str]:
    """The sources that the screening reads."""
    table, gaps = project.species, project.gaps
    own = table.sites if table is not None else ""
    areas = [own] if own else [entry.source for entry in _protected(project)]
    return [*areas, gaps.ecosystems, gaps.ecosystem_status, gaps.ecoregions]


def settings(project: "Project") -> dict[str, Any]:
    """What else of project.toml decides about the screening."""
    gaps = project.gaps
    return {
        "protected": [{k: str(v) for k, v in vars(e).items()} for e in _protected(project)],
        "ecosystems": [gaps.ecosystems, gaps.ecosystem_column, gaps.ecosystem_status],
        "ecoregions": [gaps.ecoregions, gaps.ecoregion_column],
    }


def _protected(project: "Project") -> "list[MustInclude]":
    return [
        m for m in project.must_include.values()
        if m.kind == "protected_area" and project.entry(m.source).is_vector
    ]  # fmt: skip


def screen_sites(
    project: "Project", run: "Run", known: Known, living: Sequence[Home], ranges: Ranges,
    parameters: "Parameters",
) -> tuple[list[Measure], "list[Finding]"]:  # fmt: skip
    """Write kba.csv; answers how many sites meet each criterion, and what was found."""
    findings: list[Finding] = []
    sites = _sites(project, parameters, findings)
    facts = _evidence(known, sites, findings)
    rule = rules(parameters)
    tied, layer = _ecoregions(project, ranges, known, parameters, rule, findings)
    present = _occurrences(known, living, ranges, sites, facts, tied, parameters)
    sizes = _tied_sizes(known, tied)
    types = _ecosystems(project, sites, facts, parameters, findings)
    rows, verdicts = [], []
    for i, site in enumerate(sites.names):
        mine = [
            *(v for one in present[i] for v in of_species(one, rule)),
            *of_species_together(present[i], rule, sizes, layer),
            *(v for name, category, share in types[i]
              for v in of_ecosystem(name, category, share, rule)),
            *of_evidence(present[i], facts.get((site, ""), {}), rule),
        ]  # fmt: skip
        verdicts.append(mine)
        rows += [verdict.row(site) for verdict in mine]
    run.write_rows("kba.csv", COLUMNS, rows)
    return _measures(project, run, verdicts), findings


# -- sites and evidence ----------------------------------------------------------------------------


def _sites(project: "Project", parameters: "Parameters", findings: "list[Finding]") -> Sites:
    """[species] sites by name, else the protected areas that count; parts of one name are one."""
    import shapely

    parts: dict[str, list[Any]] = {}
    for name, shape in _named_shapes(project, parameters, findings):
        parts.setdefault(name, []).append(shape)
    names = sorted(parts)
    shapes = [shapely.union_all(np.array(parts[name], dtype=object)) for name in names]
    return Sites(tuple(names), np.array(shapes, dtype=object))


def _named_shapes(
    project: "Project", parameters: "Parameters", findings: "list[Finding]"
) -> list[tuple[str, Any]]:
    table = project.species
    if table is not None and table.sites:
        layer, found = project.vector(table.sites)
        findings += found
        require_column(layer, table.site_name, table.sites, "[species] site_name")
        names = [str(n).strip() for n in layer[table.site_name]]
        return list(zip(names, layer.geometry, strict=True))
    realms = dict(zip(project.region["realm"], project.region.geometry, strict=True))
    named: list[tuple[str, Any]] = []
    for entry in _protected(project):
        layer, found = project.vector(entry.source)
        rule = Rule(entry.name, entry.kind, entry.where, entry.classes, entry.buffer,
                    entry.columns, entry.core)  # fmt: skip
        made = from_layer(rule, layer, parameters, realms)
        findings += [*found, *made.findings]
        for area in made.areas:
            named += zip((str(s) for s in area.layer["site"]), area.layer.geometry, strict=True)
    return named


def _evidence(known: Known, sites: Sites, findings: "list[Finding]") -> dict[Any, dict[str, str]]:
    """What is declared of species at sites; a row that cannot be used is refused, not dropped."""
    table = known.project.species
    if table is None or not table.evidence:
        return {}
    rows, found = known.project.table(table.evidence)
    findings += found
    where = known.project.entry(table.evidence).where
    needed = ("site", "item", "value")
    roles = needed_columns("evidence", rows, needed, what="the evidence", where=where)
    facts: dict[Any, dict[str, str]] = {}
    for number, row in enumerate(rows.to_dict("records"), start=2):
        said = {role: str(row[column]).strip() for role, column in roles.items()}
        site, item = said["site"], said["item"]
        _check_fact(said, sites, f"{where}, row {number}")
        species = said.get("species", "")
        if species and item != "global_extent_km2":
            species = known.matched(species, where)
        facts.setdefault((site, species), {})[item] = said["value"]
    return facts


def _check_fact(said: Mapping[str, str], sites: Sites, where: str) -> None:
    site, item, value = said["site"], said["item"], said["value"]
    if item not in ITEMS:
        raise UserError(
            f"{item!r} is no item of evidence",
            where=where,
            next_step=f"use one of {', '.join(ITEMS)}",
        )
    if site not in sites.names and not (item == "global_extent_km2" and not site):
        raise UserError(
            f"there is no site called {site!r}", where=where,
            next_step="write the name as the layer of sites has it",
        )  # fmt: skip
    try:
        bad = item in _NUMBERS and not float(value) >= 0
    except ValueError:
        bad = True
    if bad:
        raise UserError(
            f"the value {value!r} of {item} is not a number of 0 or more", where=where,
            next_step="write digits and a point only",
        )  # fmt: skip


# -- what is there ---------------------------------------------------------------------------------


def _occurrences(
    known: Known, living: Sequence[Home], ranges: Ranges, sites: Sites, facts: Facts,
    tied: Mapping[str, str], parameters: "Parameters",
) -> list[list[Occurrence]]:  # fmt: skip
    """For each site the species that its range or records put there, with their shares."""
    homes = {home.species: home for home in living}
    areas = held(ranges, cell_fractions(sites.shapes, known.project.grid))
    total = range_area(ranges)
    side = parameters.number("records.occupancy_cell")
    nets = _Nets(known, sites, side, parameters.number("kba.fewest_places"))
    found = []
    for i, site in enumerate(sites.names):
        counts = nets.at(i)
        # Cells with records say where a species was seen; whether that is in the site, records say.
        there = {
            name
            for name, area in zip(ranges.names, areas[i], strict=True)
            if area > 0 and homes[name].source != RECORDS
        }
        there |= set(counts) | {s for where, s in facts if where == site and s in homes}
        row = dict(zip(ranges.names, zip(areas[i], total, strict=True), strict=True))
        found.append([
            _occurrence(known, homes[name], row.get(name, (0.0, 0.0)), counts.get(name), nets,
                        facts.get((site, name), {}), tied.get(name, ""))
            for name in sorted(there & set(homes))
        ])  # fmt: skip
    return found


class _Nets:
    """Records of species by the cells of area of occupancy, and by place, in all and per site."""

    def __init__(self, known: Known, sites: Sites, side: float, fewest: float) -> None:
        records, self.fewest = known.records, fewest
        names, self._species = np.unique(records.species.astype(str), return_inverse=True)
        self._names = [str(name) for name in names]
        places = np.column_stack([records.x, records.y])
        self._keys = _numbered(np.floor(places / side)), _numbered(np.round(places))
        self._points, self._sites = pairs(records.x, records.y, list(sites.shapes))
        self.totals = self._count(np.arange(len(records.x)))

    def at(self, site: int) -> dict[str, tuple[int, int]]:
        """Species -> its cells of occupancy and its localities with records at a site."""
        return self._count(self._points[self._sites == site])

    def _count(self, points: NDArray[np.int64]) -> dict[str, tuple[int, int]]:
        both = []
        for keys in self._keys:
            size = int(keys.max(initial=0)) + 1
            distinct = np.unique(self._species[points] * size + keys[points]) // size
            both.append(np.bincount(distinct, minlength=len(self._names)))
        cells, places = both
        return {self._names[i]: (int(cells[i]), int(places[i])) for i in np.flatnonzero(cells)}


def _numbered(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same number for the same place: numbers from 0, whole coordinates."""
    if not len(places):
        return np.empty(0, dtype=np.int64)
    whole = places.astype(np.int64)
    along = np.unique(whole[:, 0], return_inverse=True)[1]
    rows, across = np.unique(whole[:, 1], return_inverse=True)
    numbers = np.unique(along * len(rows) + across, return_inverse=True)[1]
    return np.asarray(numbers, dtype=np.int64)


def _occurrence(
    known: Known, home: Home, areas: tuple[float, float], counts: tuple[int, int] | None,
    nets: _Nets, facts: Mapping[str, str], ecoregion: str,
) -> Occurrence:  # fmt: skip
    taxon = known.taxon(home.species)
    basis = ENDEMIC if taxon.endemic else AT_MOST
    shares = [*_by_count(taxon, facts), *_by_area(taxon, home, areas, basis)]
    total = nets.totals.get(home.species, (0, 0))
    if counts is not None and total[1] >= nets.fewest:
        both = zip(("occupancy", "localities"), counts, total, strict=True)
        shares += [Share(name, 100.0 * n / of, basis) for name, n, of in both]
    units = facts.get("reproductive_units")
    return Occurrence(
        taxon, tuple(shares), None if units is None else float(units),
        _world_range(taxon, home, areas[1]), ecoregion, facts,
    )  # fmt: skip


def _by_count(taxon: Taxon, facts: Mapping[str, str]) -> list[Share]:
    if not taxon.population or "mature_individuals" not in facts:
        return []
    return [
        Share("mature_individuals", 100.0 * float(facts["mature_individuals"]) / taxon.population)
    ]


def _by_area(taxon: Taxon, home: Home, areas: tuple[float, float], basis: str) -> list[Share]:
    here, nation = areas
    if home.source not in (HABITAT, RANGE, MODEL) or not nation:
        return []
    name = "habitat" if home.source == HABITAT else "range"
    wide = taxon.global_range_km2
    if wide and home.source == RANGE and not taxon.endemic:
        return [Share(name, min(100.0, 100.0 * here / (wide * 1e6)))]
    return [Share(name, 100.0 * here / nation, basis)]


def _world_range(taxon: Taxon, home: Home, nation_m2: float) -> float | None:
    """The range in the world, m2: as said, or the country's where the species is endemic."""
    if taxon.global_range_km2 is not None:
        return taxon.global_range_km2 * 1e6
    known = taxon.endemic and home.source in (HABITAT, RANGE, MODEL)
    return nation_m2 if known else None


# -- ecoregions and ecosystems ---------------------------------------------------------------------


def _ecoregions(
    project: "Project", ranges: Ranges, known: Known, parameters: "Parameters", rule: Rules,
    findings: "list[Finding]",
) -> tuple[dict[str, str], bool]:  # fmt: skip
    """Endemic species -> the ecoregion that holds nearly all of their range; if one is given."""
    if not project.gaps.ecoregions:
        return {}, False
    regions, found = ecoregions(project, parameters)
    findings += found
    if regions is None:
        return {}, False
    shares = 100.0 * held(ranges, csr_array(regions.amounts / ranges.cell_m2))
    shares /= np.maximum(range_area(ranges), 1e-300)
    first = np.argmax(shares, axis=0)
    tied = {
        name: regions.names[first[i]]
        for i, name in enumerate(ranges.names)
        if shares[first[i], i] >= rule.ecoregion_percent and known.taxon(name).endemic
    }
    return tied, True


def _tied_sizes(known: Known, tied: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """(group, ecoregion) -> how many species are tied to it."""
    found: dict[tuple[str, str], int] = {}
    for name, region in tied.items():
        key = known.taxon(name).group, region
        found[key] = found.get(key, 0) + 1
    return found


def _ecosystems(
    project: "Project", sites: Sites, facts: Facts, parameters: "Parameters",
    findings: "list[Finding]",
) -> list[list[tuple[str, str, Share]]]:  # fmt: skip
    """For each site the ecosystem types in it: name, category, share of their extent."""
    nothing: list[list[tuple[str, str, Share]]] = [[] for _ in sites.names]
    if not project.gaps.ecosystems:
        return nothing
    types, found = ecosystems(project, parameters)
    findings += found
    if types is None:
        return nothing
    categories, more = ecosystem_categories(project, types.names)
    findings += more
    total = np.asarray(types.amounts.sum(axis=1)).ravel()
    areas = (cell_fractions(sites.shapes, project.grid) @ types.amounts.T).toarray()
    for i, there in enumerate(nothing):
        for j, name in enumerate(types.names):
            if areas[i, j] > 0:
                world = facts.get(("", name), {}).get("global_extent_km2")
                share = _extent(areas[i, j], total[j], world)
                there.append((name, categories.get(name, ""), share))
    return nothing


def _extent(here: float, nation: float, world_km2: str | None) -> Share:
    """The share of the world's extent where that is declared, else of the country's."""
    if world_km2 and float(world_km2) > 0:
        return Share("extent", min(100.0, 100.0 * here / (float(world_km2) * 1e6)))
    return Share("extent", 100.0 * here / nation, AT_MOST)


def _measures(
    project: "Project", run: "Run", verdicts: Sequence[Sequence[Verdict]]
) -> list[Measure]:
    """Sites by criterion and their best verdict."""
    order = {MET: 0, OPEN: 1, NOT_MET: 2}
    counts: dict[tuple[str, str], int] = {}
    for site in verdicts:
        best: dict[str, str] = {}
        for v in site:
            best[v.criterion] = min(
                v.verdict, best.get(v.criterion, NOT_MET), key=order.__getitem__
            )
        for pair in best.items():
            counts[pair] = counts.get(pair, 0) + 1
    return [
        Measure("key_areas.sites", project.name, str(project.day.year), float(n), "1",
                (("criterion", criterion), ("verdict", verdict)), method="species",
                sources=(run.id,))
        for (criterion, verdict), n in sorted(counts.items())
    ]  # fmt: skip
