"""The sites of the account: read through the door, cleaned by the rules in force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianren.errors import UserError
from tianren.findings import Finding, Severity, worst_first
from tianren.geo.sites import Cleaned, clean_sites, site_rules
from tianren.language import say
from tianren.parameters import Parameters

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.io.source_rows import Rows
    from tianren.project.project import Project

# Roles of columns that [must_include] calls by another name.
_ROLES = {"name": "name", "status": "status", "designation": "designation", "realm": "realm",
          "area": "reported_area"}  # fmt: skip


@dataclass(frozen=True)
class Sites:
    """The sites of a project: cleaned (see geo.sites.Cleaned), and what was found in all.

    sources: of the catalog, in the order in which they were read.
    """

    cleaned: Cleaned
    findings: tuple[Finding, ...]
    sources: tuple[str, ...]

    @property
    def sites(self) -> "GeoDataFrame":
        return self.cleaned.sites


def account_sites(
    project: "Project",
    parameters: Parameters | None = None,
    *,
    region: "GeoDataFrame | None" = None,
) -> Sites:
    """The protected areas and OECMs of [account] sites, else those of [must_include].

    region: what they are cut to, with the columns of the project's region, which it is if not
    given.
    Raises UserError where the project names none, and where none of the sources has a record.
    """
    found = site_sources(project)
    layers, findings = [], []
    for name, columns in found.items():
        layer, more = read_list(project, name, columns)
        layers.append(layer)
        findings += more
    records = _stacked(layers)
    if not len(records):
        raise no_records(found)
    within = project.region if region is None else region
    cleaned = clean_sites(records, within, site_rules(parameters or project.parameters()))
    told = worst_first([*findings, *cleaned.findings])
    return Sites(cleaned, tuple(told), tuple(found))


def no_records(names: Iterable[str]) -> UserError:
    return UserError(
        "there is no record of a protected area or an OECM",
        where="project.toml [account] sites",
        by_how_much=f"0 records in {', '.join(names)}",
        next_step="check the layers: an empty one gives no account",
    )


def site_sources(project: "Project") -> Mapping[str, Mapping[str, str]]:
    """The sources of sites, and role -> heading of each where the project says it."""
    named = project.account.sites
    if named:
        return {name: project.account.columns.get(name, {}) for name in named}
    entries = [m for m in project.must_include.values() if m.kind == "protected_area"]
    usable = [m for m in entries if project.entry(m.source).is_vector and not m.where]
    if not usable:
        raise UserError(
            "the project names no protected areas to count",
            where="project.toml",
            next_step='add [account] with sites = ["..."], sources of the catalog',
        )
    return {
        m.source: {_ROLES[role]: c for role, c in m.columns.items() if role in _ROLES}
        for m in usable
    }


def read_list(
    project: "Project", name: str, columns: Mapping[str, str]
) -> "tuple[GeoDataFrame, list[Finding]]":
    """All records of one source, as io.wdpa reads them."""
    from tianren.io.wdpa import read_sites

    project.digest(name)  # a file that is not the catalog's is refused before it is read
    return read_sites(project.entry(name), project.grid.crs.to_wkt(), columns)


def _stacked(layers: "list[GeoDataFrame]") -> "GeoDataFrame":
    import pandas as pd
    from geopandas import GeoDataFrame

    stacked = pd.concat(layers, ignore_index=True)
    return GeoDataFrame(stacked, geometry="geometry", crs=layers[0].crs)


def delivered_sources(
    project: "Project", sites: "GeoDataFrame"
) -> "tuple[dict[str, Rows], list[Finding]]":
    """Source of the catalog -> the table of sources that came with its records; what has no row in
    one is told, for it is handed on as the catalog has it."""
    from tianren.io.source_rows import read_source_rows

    named = sites[sites["metadata_id"].astype(str) != ""]
    found: dict[str, Rows] = {}
    findings: list[Finding] = []
    for name, mine in named.groupby("source", sort=True):
        rows, told = read_source_rows(project.entry(str(name)))
        found[str(name)] = rows
        lacking = sorted(set(mine["metadata_id"].astype(str)) - set(rows))
        findings += [*told, *([_made(str(name), lacking)] if lacking else [])]
    return found, findings


def _made(source: str, lacking: list[str]) -> Finding:
    message = say(
        "no table of sources was delivered for METADATAID {numbers}: their rows are made from "
        "catalog.toml; put the table (WDPA_sources.csv) beside the records",
        numbers=", ".join(lacking[:5]) + (" ..." if len(lacking) > 5 else ""),
    )  # fmt: skip
    return Finding("sites.sources_made", source, Severity.NOTE, message, "catalog.toml")
