"""The maps of a run, as PNG: the redline, each criterion's grade and value, how sure it is."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation.redline import DEDUCTED
from tianren.io.previews import Preview, read_preview
from tianren.language import say
from tianren.reports import facts, numerals, palette, sheet, words
from tianren.reports.contents import Contents

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

Picture = NDArray[np.float64]  # (rows, columns, 4), sRGB and opacity in 0..1
CONFLICT_HATCH = "xxxxx"


@dataclass(frozen=True)
class Drawn:
    """A map or chart that was drawn: its file, what it says, and that in words for the blind."""

    path: Path
    title: str
    alt: str
    head: float = 0.0  # the share of the picture's height that its title takes


def draw_maps(contents: Contents, folder: Path) -> list[Drawn]:
    """Draw every map that the run has layers for, into a folder; the redline comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    ground = Ground(contents)
    drawn = [] if contents.pieces is None else [redline(contents, ground, folder)]
    if len(contents.computed) > 1:
        drawn.append(small_multiples(contents, ground, folder))
    for name in contents.computed:
        drawn.append(grade(contents, ground, name, folder))
        if contents.value_path(name).exists():
            drawn.append(value(contents, ground, name, folder))
    if contents.frequency_path is not None:
        drawn.append(frequency(contents, ground, folder))
    return drawn


class Ground:
    """What every map of a run stands on: extent, mask, hillshade, borders; each made once."""

    def __init__(self, contents: Contents, example: Path | None = None) -> None:
        """example: a category raster of the region, when the run has no grades."""
        self.contents = contents
        example = example or _any_raster(contents)
        self.preview = read_preview(example, category=True) if example else None
        self.extent = self._extent()
        self.shade = self._shade()
        self.deducted = self._deducted()

    def _deducted(self) -> Preview | None:
        """Cells that a conflict took out of the line, as 1; None where there are none."""
        path = self.contents.step_path
        if path is None:
            return None
        read = read_preview(path, category=True)
        taken = (read.cells == DEDUCTED).astype(np.float32)
        return Preview(taken, read.extent, read.crs) if taken.any() else None

    def _extent(self) -> sheet.Extent:
        """The box of the region's own cells: a grid is often wider than its region."""
        if self.preview is None:
            around = self.contents.surroundings.region
            shapes = self.contents.pieces if around is None else around
            left, bottom, right, top = shapes.total_bounds  # type: ignore[union-attr]
            return float(left), float(right), float(bottom), float(top)
        known = np.isfinite(self.preview.cells)
        rows, columns = np.nonzero(known.any(axis=1))[0], np.nonzero(known.any(axis=0))[0]
        left, _, _, top = self.preview.extent
        wide, tall = self.preview.cell
        if rows.size == 0:
            return self.preview.extent
        return (
            left + columns[0] * wide,
            left + (columns[-1] + 1) * wide,
            top - (rows[-1] + 1) * tall,
            top - rows[0] * tall,
        )

    def _shade(self) -> Preview | None:
        path = self.contents.relief_path
        if path is None:
            return None
        read = read_preview(path)
        return Preview(hillshade(read.cells, read.cell), read.extent, read.crs)

    def draw(self, axes: "Axes") -> None:
        """Plain land and sea with the grey hillshade; pale and flat outside the region."""
        if self.preview is not None:
            land = np.isfinite(self.preview.cells)
            show(axes, _flat(land, palette.PLAIN_LAND), self.preview.extent)
        if self.shade is not None:
            grey = self.shade.cells
            picture = np.dstack([grey, grey, grey, np.isfinite(grey)])
            show(axes, np.nan_to_num(picture), self.shade.extent, smooth=True)
        if self.preview is not None:
            veil = _flat(~np.isfinite(self.preview.cells), palette.ABROAD)
            show(axes, veil * (1, 1, 1, 0.78 if self.relief_abroad else 1), self.preview.extent)
        else:
            self._veil_abroad(axes)
        self._draw_sea(axes)

    def _veil_abroad(self, axes: "Axes") -> None:
        """Cover the relief outside the region's polygons, where no raster tells them."""
        region = self.contents.surroundings.region
        if region is None or self.shade is None:
            return
        import shapely

        inside = shapely.union_all(region.geometry.simplify(self.tolerance).buffer(0).values)
        left, right, bottom, top = self.shade.extent
        # Beyond the relief's own edge, which is drawn smooth.
        whole = shapely.box(left, bottom, right, top).buffer(10 * max(self.shade.cell))
        abroad = shapely.orient_polygons(whole.union(inside.envelope).difference(inside))
        fill(axes, [abroad], fill=palette.ABROAD, zorder=0)

    def _draw_sea(self, axes: "Axes") -> None:
        around = self.contents.surroundings.region
        if around is not None and "realm" in around:
            sea = around.geometry[around["realm"] == "sea"].simplify(self.tolerance)
            # With the pictures, in the order drawn: a patch lies above all pictures otherwise, and
            # what is shown at sea would be under it.
            fill(axes, sea, fill=palette.SEA, zorder=0)

    @cached_property
    def relief_abroad(self) -> bool:
        """Whether the relief goes on to the frame's edge all round; else it stops at the border."""
        if self.shade is None or self.preview is None:
            return False
        frame = sheet.fill_box(self.extent, _ratio(self.extent))
        return all(_encloses(read.extent, frame) for read in (self.shade, self.preview))

    def outline(self, axes: "Axes") -> None:
        """The region's border, and thinner those of its first administrative level."""
        stroke(axes, self._borders, "#6d757a", 0.35)
        stroke(axes, self._border, "#454d52", 0.7)
        if self.contents.surroundings.region is None and self.preview is not None:
            box, known = _ringed(self.preview, np.isfinite(self.preview.cells).astype(np.float32))
            axes.contour(
                known, levels=[0.5], colors="#454d52", linewidths=0.6, extent=box, origin="upper"
            )

    @cached_property
    def _borders(self) -> Any:
        return _outlines(self.contents.surroundings.borders, self.tolerance)

    @cached_property
    def _border(self) -> Any:
        return _outlines(self.contents.surroundings.region, self.tolerance)

    @cached_property
    def line(self) -> Any:
        """The redline's outer edge: all pieces as one path, or None."""
        pieces = self.contents.pieces
        return None if pieces is None else path_of([_whole(pieces)])

    def draw_line(self, axes: "Axes", colour: str = palette.EDGE) -> None:
        """The redline's edge alone, with a light seam, over a filled map."""
        stroke(axes, self.line, "#ffffff", 1.7)
        stroke(axes, self.line, colour, 0.9)

    @property
    def tolerance(self) -> float:
        """Half a picture's cell: detail below it cannot be seen."""
        return (self.extent[1] - self.extent[0]) / 3000


def _ratio(extent: sheet.Extent) -> float:
    left, right, bottom, top = extent
    return (right - left) / (top - bottom)


def _encloses(outer: sheet.Extent, inner: sheet.Extent) -> bool:
    return bool(
        outer[0] <= inner[0]
        and outer[1] >= inner[1]
        and outer[2] <= inner[2]
        and outer[3] >= inner[3]
    )


def _any_raster(contents: Contents) -> Path | None:
    if contents.step_path is not None:
        return contents.step_path
    for name in contents.computed:
        return contents.grade_path(name)
    return None


def hillshade(elevation: NDArray[np.float32], cell: tuple[float, float]) -> NDArray[np.float32]:
    """Light grey relief (0.62..0.98), sun from the north-west; NaN stays NaN.

    The relief is exaggerated until a typical slope is visible, so that flat countries show too.
    cell: width and height of a cell, in the unit of the elevation.
    """
    down, east = np.gradient(elevation, cell[1], cell[0])
    steep = np.hypot(down, east)
    known = np.isfinite(steep)
    typical = float(np.quantile(steep[known], 0.9)) if known.any() else 0.0
    exaggeration = 0.9 / typical if typical > 0 else 1.0
    slope = np.arctan(exaggeration * steep)
    aspect = np.arctan2(-east, down)  # clockwise from north, the way the slope faces
    zenith, azimuth = np.radians(45), np.radians(315)
    light = np.cos(zenith) * np.cos(slope) + np.sin(zenith) * np.sin(slope) * np.cos(
        azimuth - aspect
    )
    grey: NDArray[np.float32] = (0.62 + 0.36 * np.clip(light, 0, 1)).astype(np.float32)
    return grey


# The maps ---------------------------------------------------------------------------------------


def redline(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    """The redline by category over the relief, with protected areas and deducted conflicts."""
    title = facts.redline_statement(contents)
    told = say("The ecological conservation redline by category")
    made = page(contents, ground, title, told, tallest=6.4)
    made.whole_width = True
    made.entries += _redline_legend(contents, ground)
    laid = sheet.lay_out(made)
    ground.draw(laid.axes)
    _draw_redline(laid.axes, contents, ground)
    return finish(laid, folder / "redline.png", title, contents)


def _draw_redline(axes: "Axes", contents: Contents, ground: Ground) -> None:
    pieces = contents.pieces
    around = contents.surroundings
    if ground.deducted is not None:
        _hatch_cells(axes, ground.deducted)
    if pieces is not None:
        for name, group in pieces.groupby("category"):
            _fill_category(axes, group.geometry, str(name))
        stroke(axes, path_of(pieces.geometry), palette.EDGE, 0.25)
        stroke(axes, ground.line, palette.EDGE, _edge_width(len(pieces)))
    ground.outline(axes)
    stroke(axes, _outlines(around.protected, ground.tolerance), palette.PROTECTED, 1.0)


def _edge_width(pieces: int) -> float:
    """Points: firm round a few pieces, finer round many, so that the line never hides them."""
    return 0.95 if pieces < 200 else 0.75 if pieces < 800 else 0.5


def _hatch_cells(axes: "Axes", marked: Preview) -> None:
    """Hatch the cells that are 1, on white within a thin edge, so that a single cell is seen."""
    box, cells = _ringed(marked, marked.cells)
    drawn = axes.contourf(
        cells, levels=[0.5, 1.5], colors=[(1, 1, 1, 0.6)], hatches=[CONFLICT_HATCH],
        extent=box, origin="upper",
    )  # fmt: skip
    drawn.set_edgecolor(palette.CONFLICT)
    drawn.set_linewidth(0.4)


def _ringed(read: Preview, cells: NDArray[np.float32]) -> tuple[sheet.Extent, NDArray[np.float32]]:
    """Cells with a ring of zeros around them, and their extent: a contour closes at the edge."""
    left, right, bottom, top = read.extent
    wide, tall = read.cell
    return (left - wide, right + wide, bottom - tall, top + tall), np.pad(cells, 1)


def _fill_category(axes: "Axes", geometries: Iterable[Any], name: str) -> None:
    look = palette.CATEGORY_LOOKS.get(name, palette.OTHER_LOOK)
    colour = (*palette.rgb(look.fill), palette.FILL_OPACITY)
    fill(axes, geometries, fill=colour, edge="none", width=0)
    fill(axes, geometries, hatch=look.hatch, edge=(*palette.rgb(look.fill), 0.9), width=0)


def _redline_legend(contents: Contents, ground: Ground) -> list[sheet.Entry]:
    found = [sheet.heading(say("Redline"))]
    areas = facts.areas_by_category(contents)
    total = sum(area for _, area in areas)
    for name, area in areas:
        look = palette.CATEGORY_LOOKS.get(name, palette.OTHER_LOOK)
        found.append(
            sheet.swatch(
                words.category(name),
                f"{numerals.km2(area)} km² · {numerals.percent(100 * area / total)}",
                fill=look.fill,
                alpha=palette.FILL_OPACITY,
                hatch=look.hatch,
                hatch_colour=(*palette.rgb(look.fill), 0.9),
                edge=palette.EDGE,
                width=1.0,
            )
        )
    around = contents.surroundings
    if around.protected is not None:
        found.append(sheet.line(say("Protected areas"), palette.PROTECTED))
    if ground.deducted is not None:
        found.append(
            sheet.swatch(
                say("Deducted conflicts"), hatch=CONFLICT_HATCH, edge=palette.CONFLICT, width=0.5
            )
        )
    if around.borders is not None:
        found.append(sheet.line(say("Administrative border"), "#6d757a", 0.5))
    if contents.relief_path is not None:
        found.append(sheet.space(0.06))
        found.append(sheet.note(say("Grey relief: exaggerated, light from the north-west")))
    return [*found, *_approximate(contents)]


def grade(contents: Contents, ground: Ground, name: str, folder: Path) -> Drawn:
    """The three grades of one criterion, with the share of the land in each."""
    title = facts.grade_statement(contents, name)
    made = page(contents, ground, title, f"{words.criterion(name)} · {say('grades')}")
    made.entries += [sheet.heading(words.criterion(name)), *_grade_legend(contents, name)]
    laid = sheet.lay_out(made)
    ground.draw(laid.axes)
    draw_grade(laid.axes, contents, name, 1400)
    ground.draw_line(laid.axes)
    ground.outline(laid.axes)
    return finish(laid, folder / f"grade_{name}.png", title, contents)


def draw_grade(axes: "Axes", contents: Contents, name: str, most: int) -> None:
    read = read_preview(contents.grade_path(name), most=most, category=True)
    show(axes, graded(read.cells, name), read.extent)


def graded(cells: NDArray[np.float32], name: str) -> Picture:
    """Grades as colours; missing cells are clear."""
    picture = np.zeros((*cells.shape, 4))
    colours = {**palette.grade_colours(name), 0: palette.NOT_APPLICABLE}
    for code, colour in colours.items():
        picture[cells == code] = (*palette.rgb(colour), 0.86)
    return picture


def _grade_legend(contents: Contents, name: str) -> list[sheet.Entry]:
    colours = {**palette.grade_colours(name), 0: palette.NOT_APPLICABLE}
    sensitive = name in palette.SENSITIVITIES
    shares = facts.grade_shares(contents, name)
    entries = [
        sheet.swatch(
            words.grade(code, sensitive),
            say("{percent} of the area graded", percent=numerals.percent(shares[code])),
            fill=colours[code],
        )
        for code in (5, 3, 1, 0)
        if code in shares
    ]
    if contents.pieces is not None:
        entries.append(sheet.line(say("Redline"), palette.EDGE, 0.9))
    return [*entries, *_approximate(contents)]


def value(contents: Contents, ground: Ground, name: str, folder: Path) -> Drawn:
    """The values behind the grades, in an even ramp with their unit."""
    read = read_preview(contents.value_path(name))
    colours = palette.ramp(palette.ramp_for(name))
    low, high = spread(read.cells)
    title = facts.value_statement(contents, name)
    made = page(contents, ground, title, f"{words.criterion(name)} · {say('values')}")
    made.entries += _value_legend(contents, name, colours, read.cells, (low, high))
    laid = sheet.lay_out(made)
    ground.draw(laid.axes)
    show(laid.axes, coloured(read.cells, colours, low, high), read.extent)
    ground.draw_line(laid.axes)
    ground.outline(laid.axes)
    return finish(laid, folder / f"value_{name}.png", title, contents)


def spread(cells: NDArray[np.float32]) -> tuple[float, float]:
    """The ends of the ramp: the 2nd and 98th percentile, so that a few extremes do not rule."""
    known = cells[np.isfinite(cells)]
    if known.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(known, (2, 98)))
    return (low, high) if high > low else (float(known.min()), float(known.max()))


def coloured(
    cells: NDArray[np.float32], colours: palette.Colours, low: float, high: float
) -> Picture:
    """Values as colours of a ramp between two ends; missing cells are clear."""
    span = high - low if high > low else 1.0
    place = np.clip((np.nan_to_num(cells, nan=low) - low) / span, 0, 1)
    picture = np.zeros((*cells.shape, 4))
    picture[..., :3] = colours[np.rint(place * (len(colours) - 1)).astype(int)]
    picture[..., 3] = np.where(np.isfinite(cells), 0.92, 0)
    return picture


def _value_legend(
    contents: Contents,
    name: str,
    colours: palette.Colours,
    cells: NDArray[np.float32],
    ends: tuple[float, float],
) -> list[sheet.Entry]:
    unit = words.unit(contents.unit_of(name))
    known = cells[np.isfinite(cells)]
    low, high = ends
    below, above = bool((known < low).any()), bool((known > high).any())
    head = words.criterion(name) + (f" ({unit})" if unit else say(" (no unit)"))
    entries = [sheet.heading(head), sheet.ramp_bar(colours, low, high, below, above)]
    if below or above:
        entries.append(sheet.note(say("Colours span the 2nd to the 98th percentile")))
    if contents.pieces is not None:
        entries.append(sheet.line(say("Redline"), palette.EDGE, 0.9))
    return [*entries, *_approximate(contents)]


def small_multiples(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    """Every criterion's grades side by side on one extent."""
    from tianren.reports.multiples import draw_multiples

    names = contents.computed
    title = facts.core_statement(contents)
    figure = draw_multiples(contents, ground, names, title)
    return _save(figure, folder / "criteria.png", title, contents)


def frequency(contents: Contents, ground: Ground, folder: Path) -> Drawn:
    """How often each cell is inside the line over the draws of a robustness run."""
    path = contents.frequency_path
    if path is None:
        raise ValueError("a run without draws has no frequency map")
    read = read_preview(path)
    top = float(np.nanmax(read.cells)) if np.isfinite(read.cells).any() else 1.0
    cells = read.cells / (100 if top > 1.5 else 1)
    colours = palette.ramp("frequency")
    title = facts.robust_statement(contents)
    made = page(contents, ground, title, say("How often each place is inside the redline"))
    made.entries += [
        sheet.heading(say("Share of the draws (%)")),
        sheet.ramp_bar(colours, 0, 100, below=False, above=False),
        sheet.swatch(say("Inside in every draw"), fill=palette.hex_of(colours[-1])),
        sheet.line(say("Redline of this run"), palette.INK, 0.9),
        *_approximate(contents),
    ]
    laid = sheet.lay_out(made)
    ground.draw(laid.axes)
    picture = coloured(cells.astype(np.float32), colours, 0, 1)
    picture[..., 3] = np.where(np.nan_to_num(cells) > 0, 0.85, 0)
    show(laid.axes, picture, read.extent)
    ground.draw_line(laid.axes, palette.INK)
    ground.outline(laid.axes)
    return finish(laid, folder / "robustness.png", title, contents)


# Parts ------------------------------------------------------------------------------------------


def page(
    contents: Contents, ground: Ground, title: str, subtitle: str, tallest: float = 5.2
) -> sheet.Sheet:
    """A map's sheet with its title, extent and footer; the legend's entries are still to come."""
    head = f"{contents.title} · {subtitle}" if contents.title else subtitle
    crs = _crs_of(contents, ground)
    return sheet.Sheet(title, head, ground.extent, crs, footer(contents), tallest=tallest)


def _crs_of(contents: Contents, ground: Ground) -> str:
    if ground.preview is not None and ground.preview.crs:
        return ground.preview.crs
    return contents.crs


def footer(contents: Contents) -> list[str]:
    """Where a map comes from: CRS, date, run, and the sources of its layers."""
    dated = say(
        "Equal-area CRS: {crs} · Date: {day} · Run: {run}",
        crs=crs_name(contents.crs),
        day=contents.day.isoformat(),
        run=contents.run_id,
    )
    named = sorted(
        {short_citation(str(i["citation"])) for i in contents.inputs if i.get("citation")}
    )
    sources = "; ".join(named or sorted({words.source(i) for i in contents.inputs}))
    return (
        [dated, say("Sources: {sources}", sources=_shortened(sources, 300))] if sources else [dated]
    )


def short_citation(text: str) -> str:
    """Who and when, as under a map: "Beck 2018"; the report has the citation in full."""
    who = re.split(r"[,:;(（，：；]|\. ", text, maxsplit=1)[0].strip()
    year = re.search(r"[(（]((?:19|20)\d\d)[a-z]?[)）]", text)
    return f"{who} {year[1]}" if year else who


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return text[:most].rsplit("; ", 1)[0] + say("; and others, listed in the report")


@cache
def crs_name(text: str) -> str:
    """A CRS as people cite it: its authority's code and name, else its projection string."""
    if not text:
        return "–"
    from pyproj import CRS

    crs = CRS.from_user_input(text)
    authority = crs.to_authority(min_confidence=90)
    if authority:
        return f"{':'.join(authority)} ({crs.name})"
    return crs.name if crs.name not in ("", "unknown") else _projection_string(crs)


def _projection_string(crs: Any) -> str:
    import warnings

    with warnings.catch_warnings():
        # It warns that such a string may lose detail; on a map it only names the projection.
        warnings.simplefilter("ignore")
        return str(crs.to_proj4()).replace(" +type=crs", "").replace(" +no_defs", "")


def _approximate(contents: Contents) -> list[sheet.Entry]:
    names = facts.approximate_layers(contents)
    if not names:
        return []
    told = words.listing(names)
    return [sheet.space(0.04), sheet.note(say("Approximate: {layers}", layers=told))]


def show(axes: "Axes", picture: Picture, extent: sheet.Extent, smooth: bool = False) -> None:
    """Draw a picture on the map's plane without moving the map's frame."""
    way = "bilinear" if smooth else "nearest"
    axes.imshow(picture, extent=extent, interpolation=way, aspect="auto")


def _flat(mask: NDArray[np.bool_], colour: str) -> Picture:
    picture = np.zeros((*mask.shape, 4))
    picture[mask] = (*palette.rgb(colour), 1.0)
    return picture


def _whole(pieces: "GeoDataFrame") -> Any:
    """All pieces as one shape. The pieces are a coverage, which dissolves fast and exactly."""
    import shapely

    return shapely.coverage_union_all(np.asarray(pieces.geometry.values))


def _outlines(frame: "GeoDataFrame | None", tolerance: float) -> Any:
    """All outlines of a layer as one path, without detail below a tolerance; None without any."""
    return None if frame is None else path_of(frame.geometry.simplify(tolerance))


def stroke(axes: "Axes", path: Any, colour: str, width: float) -> None:
    if path is not None:
        from matplotlib.patches import PathPatch

        # As an artist: a patch would have its limits searched, which a map's frame has already.
        axes.add_artist(
            PathPatch(path, facecolor="none", edgecolor=colour, linewidth=width, joinstyle="round")
        )


def fill(axes: "Axes", geometries: Iterable[Any], **look: Any) -> None:
    """One patch for many polygons, so that a hatch runs through them without a seam."""
    path = path_of(geometries)
    if path is None:
        return
    from matplotlib.patches import PathPatch

    axes.add_artist(
        PathPatch(
            path,
            facecolor=look.get("fill", "none"),
            edgecolor=look.get("edge", "none"),
            hatch=look.get("hatch"),
            linewidth=look.get("width", 0),
            zorder=look.get("zorder", 1),
        )
    )


def path_of(geometries: Iterable[Any]) -> Any:
    """Polygons as one compound matplotlib path, or None when there is nothing to draw."""
    from matplotlib.path import Path as Outline

    outlines = [
        Outline(np.asarray(ring.coords)[:, :2], closed=True)
        for geometry in geometries
        for ring in _rings(geometry)
    ]
    return Outline.make_compound_path(*outlines) if outlines else None


def _rings(geometry: Any) -> Sequence[Any]:
    if geometry is None or geometry.is_empty:
        return []
    if geometry.geom_type == "Polygon":
        return [geometry.exterior, *geometry.interiors]
    if hasattr(geometry, "geoms"):
        return [ring for part in geometry.geoms for ring in _rings(part)]
    return []


def finish(laid: sheet.Laid, path: Path, title: str, contents: Contents) -> Drawn:
    """Save a map under its name, with its title in words."""
    return _save(laid.figure, path, title, contents, laid.head)


def _save(figure: Any, path: Path, title: str, contents: Contents, head: float = 0.0) -> Drawn:
    sheet.save(figure, path)
    alt = say("Map of {place}: {finding}", place=contents.place or contents.title, finding=title)
    return Drawn(path, title, alt, head)
