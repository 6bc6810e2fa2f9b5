"""What the OECM assessment looks at: candidates, recorded OECMs, the redline, and their worth."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.accounting.classes import (
    NEITHER,
    POTENTIAL,
    Crosswalk,
    own_crosswalk,
    packaged_crosswalk,
    types_of,
    unknown_types,
    with_types,
)
from tianren.accounting.forms import SiteNames, site_names
from tianren.accounting.overlaps import held_of_each
from tianren.accounting.redline import class_pieces, class_rules
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.fractions import cell_fractions
from tianren.io.rasters import open_raster, raster_sink
from tianren.io.vectors import burn, read_result
from tianren.language import say_many
from tianren.parameters import Parameters
from tianren.parameters.headings import columns_by_role, usual_headings
from tianren.project.runs import Run, RunResults
from tianren.raster.raster import MISSING
from tianren.steps.account_what_if import polygons_among
from tianren.steps.sites import account_sites

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

    from tianren.project.project import Project

CANDIDATE, RECORDED, REDLINE = "candidate", "recorded", "redline"
EXTREME = 5
TYPE_HEADINGS = (*usual_headings("oecm", "type"), *usual_headings("sites", "designation"))


@dataclass(frozen=True)
class Places:
    """Sites that can be assessed, and what is counted already.

    every: site (unique), name, origin, type, polygons inside the region, potential (whether it
    stands in the queue); counted: the sites of the account with their types; classes: of the pieces
    of the redline, None without a line.
    """

    every: "GeoDataFrame"
    counted: "GeoDataFrame"
    classes: "DataFrame | None"
    types: "DataFrame"
    crosswalk: Crosswalk
    findings: tuple[Finding, ...]

    @property
    def names(self) -> SiteNames:
        return site_names(zip(self.every["site"], self.every["name"], strict=True))

    @property
    def shapes(self) -> NDArray[Any]:
        return np.asarray(self.every.geometry.to_numpy(), dtype=object)

    def counted_shapes(self, kind: str = "") -> NDArray[Any]:
        """Polygons of the sites that count, of one kind or of all."""
        mine = self.counted[self.counted["kind"] == kind] if kind else self.counted
        return np.asarray(mine.geometry.to_numpy(), dtype=object)


def crosswalk_of(project: "Project") -> tuple[Crosswalk, list[Finding]]:
    """The packaged crosswalk, under the project's own table where it names one."""
    base = packaged_crosswalk(project.jurisdiction)
    source = project.account.crosswalk
    if not source:
        return base, []
    table, findings = project.table(source)
    return own_crosswalk(table, base, project.entry(source).where), findings


def read_places(project: "Project", line: RunResults | None, parameters: Parameters) -> Places:
    """Read and class everything; UserError where there is nothing to assess."""
    import pandas as pd

    crosswalk, findings = crosswalk_of(project)
    counted, types, more = with_types(account_sites(project, parameters).sites, crosswalk)
    classes = _classes(line, counted, crosswalk, parameters) if line else None
    parts = [_recorded(counted)]
    if project.account.candidates:
        found, told = read_candidates(project)
        parts.append(found)
        own = types_of(found.loc[found["type"] != "", "type"], crosswalk)
        types = pd.concat([types, own[~own["designation"].isin(types["designation"])]])
        more += [*told, *unknown_types(own)]
    if classes is not None:
        parts.append(classes[0])
    every = _together(project, parts)
    if not len(every):
        raise UserError(
            "there is no site to assess",
            where="project.toml [account]",
            next_step="add candidates = a polygon source, or draw the line: tianren delineate",
        )
    table = None if classes is None else classes[1]
    return Places(every, counted, table, types, crosswalk, (*findings, *more))


def _classes(
    line: RunResults, counted: "GeoDataFrame", crosswalk: Crosswalk, parameters: Parameters
) -> "tuple[GeoDataFrame, DataFrame]":
    """The pieces of the line as places, and what each counts as."""
    redline = read_result(line.path("redline.gpkg"), "redline").to_crs(counted.crs)
    table = class_pieces(redline, counted, crosswalk, class_rules(parameters))
    made = redline[["code", "name", "category", "geometry"]].rename(
        columns={"code": "site", "category": "type"}
    )
    made["origin"], made["potential"] = REDLINE, (table["class"] == POTENTIAL).to_numpy()
    return made, table


def _recorded(counted: "GeoDataFrame") -> "GeoDataFrame":
    """Recorded OECMs, each site once."""
    mine = counted[counted["kind"] == "OECM"][["site_id", "name", "designation", "geometry"]]
    mine = mine.rename(columns={"site_id": "site", "designation": "type"})
    mine["origin"], mine["potential"] = RECORDED, False
    return mine


def read_candidates(project: "Project") -> "tuple[GeoDataFrame, list[Finding]]":
    """The candidates of [account], by the columns of their code or name, and of their type, under
    the headings of answers or of lists of sites."""
    source = project.account.candidates
    layer, findings = project.vector(source)
    polygons_among(layer.geometry.to_numpy(), source, "project.toml [account] candidates")
    roles = _candidate_columns(layer, project.entry(source).where)
    made = layer[["geometry"]].copy()
    for role in ("site", "name", "type"):
        made[role] = layer[roles[role]].fillna("").astype(str) if role in roles else ""
    made["site"] = made["site"].str.strip()
    made["origin"], made["potential"] = CANDIDATE, True
    nameless = int((made["site"] == "").sum())
    if nameless:
        raise UserError(
            f"{nameless} candidates have no {roles['site']}",
            where=project.entry(source).where,
            next_step="give each a code of its own",
        )
    return made, findings if "type" in roles else [*findings, _no_type(source, len(made))]


def _candidate_columns(layer: "GeoDataFrame", where: str) -> dict[str, str]:
    """Role -> column: site (code, else name), name, and type where one is found."""
    headings = [str(c) for c in layer.columns if c != "geometry"]
    own, listed = columns_by_role("oecm", headings), columns_by_role("sites", headings)
    site = own.get("site") or listed.get("site_id") or listed.get("name")
    if site is None:
        raise UserError(
            "the candidates have no column of code or name",
            where=where,
            next_step="name a column site, code or name",
        )
    kind = own.get("type") or listed.get("designation")
    return {"site": site, "name": listed.get("name", site), **({"type": kind} if kind else {})}


def _no_type(source: str, n: int) -> Finding:
    message = say_many(
        "no column of the national type was found, so what {n} candidate counts as is not known; "
        "headings that are read: {headings}",
        "no column of the national type was found, so what {n} candidates count as is not known; "
        "headings that are read: {headings}", n, headings=", ".join(TYPE_HEADINGS),
    )  # fmt: skip
    return Finding("oecm.no_type", source, Severity.WARNING, message, "project.toml [account]")


def _together(project: "Project", parts: "list[GeoDataFrame]") -> "GeoDataFrame":
    """All places, each once, cut to the region; UserError where two kinds share a code."""
    import pandas as pd
    from geopandas import GeoDataFrame

    crs = parts[0].crs
    every = pd.concat([p.to_crs(crs) for p in parts if len(p)] or parts, ignore_index=True)
    origins = every.groupby("site")["origin"].nunique()
    twins = sorted(origins.index[origins > 1])
    if twins:
        raise UserError(
            f"the code {twins[0]} names two sites of different layers",
            where="project.toml [account] candidates",
            by_how_much=f"{len(twins)} codes",
            next_step="give each candidate a code of its own",
        )
    made = GeoDataFrame(every, geometry="geometry", crs=crs).dissolve("site", as_index=False)
    return _inside(made, project.region)


def _inside(places: "GeoDataFrame", region: "GeoDataFrame") -> "GeoDataFrame":
    import shapely

    from tianren.accounting.key_areas import polygons_of

    whole = shapely.union_all(region.geometry.to_numpy())
    cut = [polygons_of(s) for s in shapely.intersection(places.geometry.to_numpy(), whole)]
    return places.set_geometry(np.asarray(cut, dtype=object), crs=places.crs)


# --- ecological value ----------------------------------------------------------------------------


def values(project: "Project", places: Places, line: RunResults | None) -> "DataFrame":
    """The ecological value of each place, 0 to 1: the mean of the shares of its area that are
    extremely important for any function or sensitivity, extremely important for biodiversity, and
    inside key biodiversity areas, of those that are known; all empty where none is."""
    import pandas as pd

    found = pd.DataFrame(index=list(places.every["site"]))
    if line is not None:
        grades = sorted(line.path("grades").glob("*.tif"))
        share = cell_fractions(places.shapes, project.grid)
        every = _flagged(project, grades)
        found["important_share"] = _mean(share, every)
        life = [g for g in grades if g.stem == "biodiversity"]
        if life:
            found["biodiversity_share"] = _mean(share, _flagged(project, life))
    if project.gaps.key_areas:
        layer, _ = project.vector(project.gaps.key_areas)
        total, held = held_of_each(places.shapes, [layer.geometry.to_numpy()])
        found["key_area_share"] = _over(held[:, 0], total)
    found["value"] = found.mean(axis=1) if len(found.columns) else np.nan
    return found


def _flagged(project: "Project", paths: Iterable[Any]) -> NDArray[np.float64]:
    """The cells of the grid that are extreme in one of the rasters."""
    flags = np.zeros(project.grid.shape[0] * project.grid.shape[1], dtype=np.bool_)
    for path in paths:
        raster = open_raster(path, name=path.stem, kind="category", grid=project.grid)
        flags |= raster.read().ravel() == EXTREME
    return flags.astype(np.float64)


def _mean(share: Any, flags: NDArray[np.float64]) -> NDArray[np.float64]:
    return _over(share @ flags, np.asarray(share.sum(axis=1)).ravel())


def _over(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return share.clip(0.0, 1.0)


# --- the map -------------------------------------------------------------------------------------

# What a cell of standing.tif is: nothing of these, or its class; 255 outside the region.
STANDING = ("", "protected_area", "oecm", "potential_oecm", "neither", "qualifies", "assessed")


def standing(project: "Project", places: Places, outcomes: Mapping[str, str]) -> NDArray[np.uint8]:
    """Each cell of the grid as a code of STANDING, by the cell's centre: what counts already, in
    the redline or not; what the rest of the redline counts as; other sites that were assessed."""
    codes = np.zeros(project.grid.shape, dtype=np.uint8)
    if places.classes is not None:
        rest = dict(zip(places.classes["code"], places.classes["rest_class"], strict=True))
        line = places.every[places.every["origin"] == REDLINE]
        for name in (NEITHER, POTENTIAL):
            mine = line[(line["site"].map(rest) == name).to_numpy()]
            codes[_burnt(project, mine)] = STANDING.index(name)
    others = places.every[places.every["origin"] == CANDIDATE]
    for outcome, code in (("candidate", "assessed"), ("OECM", "qualifies")):
        mine = others[(others["site"].map(outcomes) == outcome).to_numpy()]
        codes[_burnt(project, mine)] = STANDING.index(code)
    for kind, code in (("OECM", "oecm"), ("PA", "protected_area")):
        sites = places.counted[places.counted["kind"] == kind]
        codes[_burnt(project, sites)] = STANDING.index(code)
    codes[project.realm().read() == MISSING] = 255
    return codes


def _burnt(project: "Project", layer: "GeoDataFrame") -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = burn(layer, project.grid).read() == 1
    return found


def write_standing(
    project: "Project", run: Run, places: Places, outcomes: Mapping[str, str]
) -> None:
    """standing.tif: see standing."""
    codes = standing(project, places, outcomes)
    sink = raster_sink(
        run.path("standing.tif"), project.grid, dtype="uint8", delivered=True,
        tags={"name": "standing", "run": run.id},
    )  # fmt: skip
    sink.write((slice(0, codes.shape[0]), slice(0, codes.shape[1])), codes)
    sink.close()
