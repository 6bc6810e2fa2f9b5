"""What a run of corridors writes: rasters, polygons, tables, measures and findings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.delineation import climate
from tianren.delineation.corridors import Corridor, accepted_cells, groups, joined_by
from tianren.findings import Finding, Severity
from tianren.io.vectors import write_vector
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run
from tianren.raster.raster import MISSING, ArraySource, Raster, cell_area
from tianren.raster.trace import trace
from tianren.science.landscape import effective_mesh, patch_metrics
from tianren.steps.corridors import SCIENCE, Found, lon_lat, write_raster

if TYPE_CHECKING:
    from tianren.project.project import Project

LINK_COLUMNS = (
    "id", "from", "to", "from_name", "to_name", "length_m", "cost", "mean_resistance", "width_m",
    "area_m2", "pinch", "pinch_longitude", "pinch_latitude", "dpc_percent", "rise_degc",
    "follows_gradient", "accepted", "reason",
)  # fmt: skip
PATCH_COLUMNS = (
    "core", "name", "group", "area_m2", "perimeter_m", "interior_m2", "shape", "fractal",
    "radius_m", "nearest_m", "proximity", "dpc_percent", "intra_percent", "flux_percent",
    "connector_percent", "temperature_degc", "coolest_core", "cooler_by_degc", "escapes_warming",
)  # fmt: skip
ROUTE_COLUMNS = (
    "route", "species", "step", "from", "to", "from_longitude", "from_latitude", "to_longitude",
    "to_latitude", "length_km", "longest_step_km", "too_long", "stopover", "end_in_line",
)  # fmt: skip


def write_results(project: "Project", run: Run, parameters: Parameters, found: Found) -> None:
    """Everything of the run but measures and findings."""
    web = found.web
    inside_region = project.realm().read() != MISSING
    cost = np.where(np.isfinite(web.surface.cost) & inside_region, web.surface.cost, np.nan)
    write_raster(project, run, "cost", cost, "m")
    current = np.where(np.isfinite(web.surface.cost) & inside_region, web.current, np.nan)
    write_raster(project, run, "current", current, "A")
    write_raster(project, run, "pinch", web.pinch, "A")
    numbers = accepted_cells(web.corridors, web.cores.shape)
    write_raster(project, run, "corridors", numbers, dtype="int32")
    names = core_names(project, web.cores)
    links = [link_row(project, c, names, parameters) for c in web.corridors]
    run.write_rows("links.csv", LINK_COLUMNS, links)
    patches = patch_rows(found, names, parameters)
    run.write_rows("patches.csv", PATCH_COLUMNS, patches)
    if found.flyways.steps:
        run.write_rows("routes.csv", ROUTE_COLUMNS, _route_rows(project, found))
    _write_polygons(project, run, found, links, patches)
    _write_flyways(project, run, found)


def core_names(project: "Project", cores: Any) -> dict[int, str]:
    """A name for each core: its number, and the administrative unit that holds most of it.

    A core that spreads over units with no more than half of it in any bears its number alone.
    """
    count = int(cores.max(initial=0))
    if not project.admin:
        return {n: say("core {n}", n=n) for n in range(1, count + 1)}
    codes, table = project.admin_codes(project.piece_level)
    units = codes.read()
    known = (cores > 0) & (units != MISSING)
    width = max(table, default=0) + 1
    pairs = np.bincount(cores[known].astype(np.int64) * width + units[known],
                        minlength=(count + 1) * width).reshape(count + 1, width)  # fmt: skip
    size = np.bincount(cores.ravel(), minlength=count + 1)
    return {
        n: say("core {n} ({unit})", n=n, unit=table[int(pairs[n].argmax())][1])
        if 2 * pairs[n].max() > size[n] else say("core {n}", n=n)
        for n in range(1, count + 1)
    }  # fmt: skip


def link_row(
    project: "Project", corridor: Corridor, names: dict[int, str], parameters: Parameters
) -> dict[str, Any]:
    """One corridor as its row of links.csv."""
    longitude, latitude = lon_lat(project, *corridor.pinch_at)
    known = not np.isnan(corridor.rise)
    slack = parameters.number("corridors.gradient_slack") if known else 0.0
    return {
        "id": corridor.id,
        "from": corridor.a,
        "to": corridor.b,
        "from_name": names[corridor.a],
        "to_name": names[corridor.b],
        "length_m": repr(corridor.length),
        "cost": repr(corridor.cost),
        "mean_resistance": repr(corridor.mean_resistance),
        "width_m": repr(float(corridor.width)),
        "area_m2": repr(float(corridor.swath.sum() * cell_area(project.grid))),
        "pinch": repr(corridor.pinch),
        "pinch_longitude": f"{longitude:.5f}",
        "pinch_latitude": f"{latitude:.5f}",
        "dpc_percent": repr(corridor.dpc),
        "rise_degc": repr(corridor.rise) if known else "",
        "follows_gradient": yes(corridor.rise <= slack) if known else "",
        "accepted": yes(corridor.accepted),
        "reason": corridor.reason,
    }


def yes(flag: bool) -> str:
    return "yes" if flag else "no"


def patch_rows(found: Found, names: dict[int, str], parameters: Parameters) -> list[dict[str, Any]]:
    """Metrics, importance and climate of every core, as rows of patches.csv."""
    web = found.web
    side = float(np.sqrt(web.areas.sum() / max(1, np.count_nonzero(web.cores))))
    metrics = patch_metrics(
        web.cores, (side, side), edge_depth=parameters.number("corridors.edge_depth"),
        reach=parameters.number("corridors.proximity_reach"),
    )  # fmt: skip
    group = group_of(found)
    held = web.connectivity
    escape = _escapes(found, parameters)
    return [
        {
            "core": n,
            "name": names[n],
            "group": group[n],
            "area_m2": repr(float(metrics.area[n - 1])),
            "perimeter_m": repr(float(metrics.perimeter[n - 1])),
            "interior_m2": repr(float(metrics.core_area[n - 1])),
            "shape": repr(float(metrics.shape[n - 1])),
            "fractal": repr(float(metrics.fractal[n - 1])),
            "radius_m": repr(float(metrics.radius[n - 1])),
            "nearest_m": _number(metrics.nearest[n - 1]),
            "proximity": repr(float(metrics.proximity[n - 1])),
            "dpc_percent": repr(float(held.dpc[n - 1])),
            "intra_percent": repr(float(held.intra[n - 1])),
            "flux_percent": repr(float(held.flux[n - 1])),
            "connector_percent": repr(float(held.connector[n - 1])),
            **escape.get(n, {}),
        }
        for n in sorted(names)
    ]


def _number(value: float) -> str:
    return repr(float(value)) if np.isfinite(value) else ""


def _escapes(found: Found, parameters: Parameters) -> dict[int, dict[str, Any]]:
    """What cooler core each core reaches along corridors that keep to the gradient."""
    if found.temperatures is None:
        return {}
    slack = parameters.number("corridors.gradient_slack")
    warming = parameters.number("corridors.warming")
    ways = [(c.a, c.b) for c in found.web.corridors if c.accepted and c.rise <= slack]
    reached = climate.escapes(found.temperatures, ways)
    return {
        n: {
            "temperature_degc": repr(float(found.temperatures[n - 1])),
            "coolest_core": escape.through,
            "cooler_by_degc": repr(escape.gain),
            "escapes_warming": yes(escape.gain >= warming),
        }
        for n, escape in enumerate(reached, start=1)
        if escape is not None
    }


def group_of(found: Found) -> dict[int, int]:
    """Core -> its group of cores joined by ways of any cost; group 1 holds most area."""
    web = found.web
    joined = groups(web.areas.size, [(c.a, c.b) for c in web.corridors])
    joined.sort(key=lambda cores: (-sum(web.areas[n - 1] for n in cores), cores))
    return {core: n for n, cores in enumerate(joined, start=1) for core in cores}


def _route_rows(project: "Project", found: Found) -> list[dict[str, Any]]:
    return [
        {
            "route": step.route,
            "species": step.species,
            "step": step.number,
            "from": step.start,
            "to": step.end,
            "from_longitude": f"{step.at[0]:.5f}",
            "from_latitude": f"{step.at[1]:.5f}",
            "to_longitude": f"{step.to[0]:.5f}",
            "to_latitude": f"{step.to[1]:.5f}",
            "length_km": f"{step.length_km:.1f}",
            "longest_step_km": _number(step.longest_km),
            "too_long": "" if step.too_long is None else yes(step.too_long),
            "stopover": yes(step.site),
            "end_in_line": yes(_in_line(project, found, step.to)),
        }
        for step in found.flyways.steps
    ]


def _in_line(project: "Project", found: Found, place: tuple[float, float]) -> bool:
    """Whether a place lies in the line or in an accepted corridor; not when it is off the grid."""
    from tianren.geo.moves import move_between

    to = move_between("EPSG:4326", project.grid.crs.to_wkt())
    column, row = ~project.grid.affine @ to.transform(*place)
    rows, columns = project.grid.shape
    if not (0 <= row < rows and 0 <= column < columns):
        return False
    at = (int(row), int(column))
    return bool(found.inside[at]) or any(_covers(c, at) for c in found.web.corridors if c.accepted)


def _covers(corridor: Corridor, at: tuple[int, int]) -> bool:
    rows, columns = corridor.window
    if not (rows.start <= at[0] < rows.stop and columns.start <= at[1] < columns.stop):
        return False
    return bool(corridor.swath[at[0] - rows.start, at[1] - columns.start])


def _write_polygons(
    project: "Project",
    run: Run,
    found: Found,
    links: Sequence[dict[str, Any]],
    patches: Sequence[dict[str, Any]],
) -> None:
    """cores.gpkg, corridors.gpkg (swaths) and paths.gpkg (least-cost paths)."""
    shapes = trace(Raster("cores", project.grid, ArraySource(found.web.cores), kind="category"))
    for name, rows, geometries in (
        ("cores", patches, [shapes[int(row["core"])] for row in patches]),
        ("corridors", links, [_polygon(project, c) for c in found.web.corridors]),
        ("paths", links, [_path(project, c) for c in found.web.corridors]),
    ):
        plain = [{key: _plain(v) for key, v in row.items()} for row in rows]
        _write_layer(project, run, name, plain, geometries)


def _write_flyways(project: "Project", run: Run, found: Found) -> None:
    """routes.gpkg, each step as its line is drawn, and stopovers.gpkg, each with whether a route
    stops there; neither where there is none."""
    ways = found.flyways
    steps = [{k: _plain(v) for k, v in row.items()} for row in _route_rows(project, found)]
    sites = [
        {"name": site.name, "species": site.species, "used": yes(site.number in ways.used)}
        for site in ways.sites
    ]
    _write_layer(project, run, "routes", steps, [step.shape for step in ways.steps])
    _write_layer(project, run, "stopovers", sites, [site.shape for site in ways.sites])


def _write_layer(
    project: "Project", run: Run, name: str, rows: Sequence[dict[str, Any]], shapes: Sequence[Any]
) -> None:
    from geopandas import GeoDataFrame

    if not rows or run.done(f"{name}.gpkg"):
        return
    table = [{**row, "run": run.id} for row in rows]
    layer = GeoDataFrame(table, geometry=list(shapes), crs=project.grid.crs.to_wkt())
    write_vector(run.path(f"{name}.gpkg"), layer, name)


def _plain(value: Any) -> Any:
    """Numbers as numbers: a layer's columns are not text."""
    try:
        return float(value) if isinstance(value, str) and value else value
    except ValueError:
        return value


def _polygon(project: "Project", corridor: Corridor) -> Any:
    from shapely import Polygon

    grid = project.grid[corridor.window]
    cells = ArraySource(corridor.swath.astype(np.int32))
    return trace(Raster("swath", grid, cells, kind="category")).get(1, Polygon())


def _path(project: "Project", corridor: Corridor) -> Any:
    from shapely import LineString

    centres = [project.grid.affine @ (c + 0.5, r + 0.5) for r, c in corridor.path.tolist()]
    return LineString(centres)


# -- measures and findings -------------------------------------------------------------------------


def measures_of(project: "Project", run: Run, found: Found) -> list[Measure]:
    """Counts, areas, equivalent connected area before and after, mesh size."""
    web = found.web
    cell = cell_area(project.grid)
    accepted = [c for c in web.corridors if c.accepted]
    covered = np.count_nonzero((accepted_cells(accepted, web.cores.shape) > 0) & ~found.inside)
    ways = {"none": [], "accepted": accepted, "all": list(web.corridors)}
    lists: dict[str, list[tuple[float, str, tuple[tuple[str, str], ...]]]] = {
        "corridors.count": [
            (len(accepted), "1", (("verdict", "accepted"),)),
            (len(web.corridors) - len(accepted), "1", (("verdict", "refused"),)),
        ],
        "corridors.area": [(covered * cell, "m2", ())],
        "corridors.cores": [(float(web.areas.sum()), "m2", ())],
        "corridors.mesh": [(effective_mesh(found.parts, found.region_m2), "m2", ())],
        "corridors.stranded": [(len(stranded(found)), "1", ())],
        "corridors.eca": [
            (joined_by(open_ones, web.areas, web.half_cost).eca, "m2", (("open", name),))
            for name, open_ones in ways.items()
        ],
    }
    return [
        Measure(indicator, project.name, str(project.day.year), float(value), unit, by,
                method=SCIENCE, sources=tuple(run.inputs))
        for indicator, values in lists.items()
        for value, unit, by in values
    ]  # fmt: skip


def stranded(found: Found) -> list[int]:
    """The cores that no way joins to the group with most area."""
    return [core for core, group in group_of(found).items() if group != 1]


def findings_of(found: Found) -> list[Finding]:
    """What cannot be reached and why, what was left out, what stays apart."""
    return [*_stranded(found), *_apart(found), *_left_out(found), *_no_cores(found)]


def _stranded(found: Found) -> list[Finding]:
    group = group_of(found)
    cut_off: dict[int, list[int]] = {}
    for core in sorted(stranded(found)):
        cut_off.setdefault(group[core], []).append(core)
    return [
        Finding(
            "corridors.disconnected",
            f"group {number}",
            Severity.WARNING,
            say(
                "cores {cores} ({area} km2) cannot be reached from the largest group: water, "
                "or land without resistance or outside the region, lies all around them",
                cores=", ".join(map(str, cores)),
                area=f"{sum(found.web.areas[n - 1] for n in cores) / 1e6:,.0f}",
            ),
            SCIENCE,
        )
        for number, cores in sorted(cut_off.items())
    ]


def _apart(found: Found) -> list[Finding]:
    """Groups that stay apart when only the accepted corridors are open."""
    web = found.web
    ways = [(c.a, c.b) for c in web.corridors if c.accepted]
    left = len(groups(web.areas.size, ways)) - len(groups(web.areas.size, _ends(web.corridors)))
    if left <= 0:
        return []
    message = say(
        "with the accepted corridors alone, {n} more groups of cores stay apart than there need be",
        n=left,
    )
    return [Finding("corridors.apart", "corridors", Severity.NOTE, message, SCIENCE)]


def _ends(corridors: Sequence[Corridor]) -> list[tuple[int, int]]:
    return [(c.a, c.b) for c in corridors]


def _left_out(found: Found) -> list[Finding]:
    if not found.small:
        return []
    message = say(
        "{n} parts of the line are smaller than {area} km2 and were not linked",
        n=found.small,
        area=f"{found.rule.minimum_core_area / 1e6:g}",
    )
    return [Finding("corridors.small_parts", "cores", Severity.NOTE, message, SCIENCE)]


def _no_cores(found: Found) -> list[Finding]:
    if found.web.areas.size > 1:
        return []
    message = say("the line has {n} cores: there is nothing to link", n=found.web.areas.size)
    return [Finding("corridors.nothing_to_link", "cores", Severity.WARNING, message, SCIENCE)]
