"""What the account is made from: sites, the redline, units, types of land, key areas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.accounting.classes import Crosswalk, with_types
from tianren.accounting.coverage import REDLINE, Zoning
from tianren.findings import Finding
from tianren.parameters import Parameters
from tianren.project.ground import require_column
from tianren.project.runs import RunResults
from tianren.steps.account_types import biome_source, read_biomes
from tianren.steps.oecm_sites import crosswalk_of
from tianren.steps.sites import Sites, account_sites, site_sources

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

    from tianren.delineation.gaps import Features
    from tianren.project.project import Project

NAMED = tuple[tuple[str, ...], NDArray[Any]]  # names, polygons
UNIT = "unit"


@dataclass(frozen=True)
class Ground:
    """Everything that sites are held against; polygons in the project's plane.

    sites: cleaned, with their national types; redline: the pieces of the line with the columns of
    sites, or none. zonings: the units first, where there are such. types: ecosystem types or
    ecoregions that are a raster, and biomes; made: the biomes that people made, of which nothing is
    asked; mixed: natural biomes that may hold waters which people made. functions: of the line,
    percent of each total in each cell.
    """

    found: Sites
    sites: "GeoDataFrame"
    redline: "GeoDataFrame | None"
    pieces: "GeoDataFrame | None"
    crosswalk: Crosswalk
    national: "DataFrame"
    region: "GeoDataFrame"
    zonings: tuple[Zoning, ...]
    types: tuple["Features", ...]
    made: frozenset[str]
    mixed: frozenset[str]
    functions: "Features | None"
    water: NDArray[Any] | None
    key_areas: NAMED | None
    freshwater: NAMED | None
    findings: tuple[Finding, ...]

    @property
    def every(self) -> "GeoDataFrame":
        """Sites, and after them the pieces of the redline."""
        return self.sites if self.redline is None else joined(self.sites, self.redline)


def joined(one: "GeoDataFrame", two: "GeoDataFrame") -> "GeoDataFrame":
    """Two layers of sites as one."""
    import pandas as pd
    from geopandas import GeoDataFrame

    both = pd.concat([one, two], ignore_index=True)
    return GeoDataFrame(both, geometry="geometry", crs=one.crs)


def ground_sources(project: "Project") -> set[str]:
    """Every source of the catalog that the account reads."""
    own, gaps = project.account, project.gaps
    return {
        name
        for name in (
            project.region_source, project.sea_source, *site_sources(project),
            *own.opening_sites, own.inland_water, own.freshwater, own.crosswalk, own.oecm,
            *own.assessments, own.candidates, own.territories, own.neighbours,
            gaps.ecosystems, gaps.ecoregions,
            gaps.key_areas, gaps.ecosystem_status, *(level.source for level in project.admin),
            biome_source(project),
        )
        if name
    }  # fmt: skip


def read_ground(project: "Project", line: RunResults | None, parameters: Parameters) -> Ground:
    """Read all that the project names; see Ground."""
    from tianren.steps.gap_features import functions

    found = account_sites(project, parameters)
    findings = list(found.findings)
    crosswalk, told = crosswalk_of(project)
    sites, national, more = with_types(found.sites, crosswalk)
    findings += [*told, *more]
    zonings, types = _divisions(project, parameters, findings)
    biomes, more = read_biomes(project)
    findings += more
    types += [biomes.features] if biomes else []
    held, _ = functions(project, line, parameters)
    own, gaps = project.account, project.gaps
    pieces = None if line is None else _pieces(line)
    return Ground(
        found, sites, None if pieces is None else _as_sites(pieces, sites), pieces, crosswalk,
        national, project.region[["realm", "geometry"]], tuple(zonings), tuple(types),
        biomes.made if biomes else frozenset(), biomes.mixed if biomes else frozenset(), held,
        _water(project, findings),
        named_layer(project, gaps.key_areas, gaps.key_area_column, findings),
        named_layer(project, own.freshwater, own.freshwater_column, findings),
        tuple(findings),
    )  # fmt: skip


def _pieces(line: RunResults) -> "GeoDataFrame":
    """The polygons of the redline with their code, name, category and functions."""
    from tianren.io.vectors import read_result

    found = read_result(line.path("redline.gpkg"))
    for column in ("name", "functions", "category"):
        found[column] = found[column].fillna("").astype(str) if column in found else ""
    return found


def _as_sites(pieces: "GeoDataFrame", sites: "GeoDataFrame") -> "GeoDataFrame":
    """The pieces of the redline with the columns of sites."""
    import pandas as pd
    from geopandas import GeoDataFrame

    n = len(pieces)
    made: dict[str, Any] = {
        c: [""] * n for c in sites.columns if c != "geometry" and sites[c].dtype == object
    }
    made |= {
        "site_id": pieces["code"].astype(str), "parcel_id": pieces["code"].astype(str),
        "name": pieces["name"].astype(str), "kind": [REDLINE] * n,
        "designation": pieces["category"].astype(str), "category": ["Not Applicable"] * n,
        "year": pd.array([pd.NA] * n, dtype="Int64"), "source": [REDLINE] * n,
        "row": np.arange(1, n + 1), "approximate": [False] * n,
    }  # fmt: skip
    layer = GeoDataFrame(made, geometry=pieces.geometry.to_numpy(), crs=sites.crs)
    return layer.reindex(columns=sites.columns)


# -- what land is divided into ---------------------------------------------------------------------


def _divisions(
    project: "Project", parameters: Parameters, findings: list[Finding]
) -> "tuple[list[Zoning], list[Features]]":
    """Units of the first level, ecoregions and ecosystem types: polygons, or shares of cells."""
    from tianren.steps.gap_features import ecoregions, ecosystems

    zonings = [_units(project)] if project.admin else []
    types: list[Features] = []
    gaps = project.gaps
    for dimension, source, column, make in (
        ("ecoregion", gaps.ecoregions, gaps.ecoregion_column, ecoregions),
        ("ecosystem", gaps.ecosystems, gaps.ecosystem_column, ecosystems),
    ):
        if not source:
            continue
        if project.entry(source).is_vector and not gaps.ecosystem_omit:
            names, shapes = _layer(project, source, column, findings)
            zonings.append(Zoning(dimension, names, shapes))
        else:
            features, more = make(project, parameters)
            findings += more
            types += [features] if features else []
    return zonings, types


def _units(project: "Project") -> Zoning:
    level = project.admin[0]
    layer, _ = project.vector(level.source)
    return Zoning(UNIT, tuple(layer[level.label].astype(str)), layer.geometry.to_numpy())


def _layer(project: "Project", source: str, column: str, findings: list[Finding]) -> NAMED:
    """Names and polygons of a layer; the first column of names stands in for none."""
    layer, more = project.vector(source)
    findings += more
    require_column(layer, column, source, "[gaps] or [account]")
    return tuple(layer[column].fillna("").astype(str)), layer.geometry.to_numpy()


def named_layer(
    project: "Project", source: str, column: str, findings: list[Finding]
) -> NAMED | None:
    """Names and polygons of a layer; None where none is named."""
    return _layer(project, source, column, findings) if source else None


def _water(project: "Project", findings: list[Finding]) -> NDArray[Any] | None:
    source = project.account.inland_water
    if not source:
        return None
    layer, more = project.vector(source)
    findings += more
    return np.asarray(layer.geometry.to_numpy())


def opening_sites(project: "Project", parameters: Parameters) -> "GeoDataFrame | None":
    """The sites of the opening list, cleaned by the same rules; None where there is none."""
    from dataclasses import replace

    own = project.account
    if not own.opening_sites:
        return None
    columns: Mapping[str, Mapping[str, str]] = own.columns
    earlier = own.model_copy(update={"sites": own.opening_sites, "columns": dict(columns)})
    return account_sites(replace(project, account=earlier), parameters).sites
