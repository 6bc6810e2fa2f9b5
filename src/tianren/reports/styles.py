"""QGIS styles: a .qml beside each layer, which QGIS finds and loads by itself.

A .qml is XML; it is built as a tree, so that names with < or & stay names.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tianren.reports import palette, words

VERSION = "3.28.0"


def redline_style() -> str:
    """The redline categorised by category: half-clear fill, hatch, and a firm dark-red edge."""
    root = _root()
    renderer = SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr="category", symbollevels="0",
        enableorderby="0", forceraster="0",
    )  # fmt: skip
    categories = SubElement(renderer, "categories")
    symbols = SubElement(renderer, "symbols")
    for number, (name, look) in enumerate(palette.CATEGORY_LOOKS.items()):
        SubElement(
            categories, "category", value=name, label=words.category(name),
            symbol=str(number), render="true",
        )  # fmt: skip
        _fill_symbol(symbols, str(number), look)
    return _text(root)


def grade_style(criterion: str) -> str:
    """Grades as a paletted raster: one hue, light to dark; 0 is not applicable."""
    root = _root()
    band = _raster(root, "paletted")
    entries = SubElement(band, "colorPalette")
    sensitive = criterion in palette.SENSITIVITIES
    colours = {**palette.grade_colours(criterion), 0: palette.NOT_APPLICABLE}
    for code, colour in sorted(colours.items(), reverse=True):
        SubElement(
            entries, "paletteEntry", value=str(code), color=colour, alpha="255",
            label=words.grade(code, sensitive),
        )  # fmt: skip
    return _text(root)


def value_style(criterion: str, low: float, high: float, unit: str) -> str:
    """Values as a pseudocolour raster between two ends, in the criterion's ramp."""
    colours = palette.ramp(palette.ramp_for(criterion), 11)
    return _pseudocolour([palette.hex_of(c) for c in colours], low, high, words.unit(unit))


def frequency_style(high: float = 1.0) -> str:
    """How often each cell is inside, from never to always."""
    colours = palette.ramp("frequency", 11)
    return _pseudocolour([palette.hex_of(c) for c in colours], 0.0, high, "")


def _pseudocolour(colours: Sequence[str], low: float, high: float, unit: str) -> str:
    root = _root()
    band = _raster(root, "singlebandpseudocolor")
    band.set("classificationMin", repr(low))
    band.set("classificationMax", repr(high))
    shader = SubElement(SubElement(band, "rastershader"), "colorrampshader")
    shader.attrib.update(
        colorRampType="INTERPOLATED", clip="0", classificationMode="2",
        minimumValue=repr(low), maximumValue=repr(high),
    )  # fmt: skip
    for number, colour in enumerate(colours):
        value = low + (high - low) * number / (len(colours) - 1)
        label = f"{value:.4g} {unit}".strip()
        SubElement(shader, "item", value=repr(value), color=colour, alpha="255", label=label)
    return _text(root)


def _root() -> Element:
    return Element("qgis", version=VERSION, styleCategories="Symbology")


def _raster(root: Element, kind: str) -> Element:
    pipe = SubElement(root, "pipe")
    return SubElement(
        pipe, "rasterrenderer", type=kind, band="1", opacity="0.9", alphaBand="-1", nodataColor=""
    )


def _fill_symbol(symbols: Element, name: str, look: palette.CategoryLook) -> None:
    symbol = SubElement(
        symbols, "symbol", type="fill", name=name, alpha="1", clip_to_extent="1", force_rhr="0"
    )
    red, green, blue = (round(255 * part) for part in palette.rgb(look.fill))
    opaque = round(255 * palette.FILL_OPACITY)
    edge = ",".join(str(round(255 * part)) for part in palette.rgb(palette.EDGE))
    _layer(
        symbol,
        "SimpleFill",
        color=f"{red},{green},{blue},{opaque}",
        style="solid",
        outline_color=f"{edge},255",
        outline_style="solid",
        outline_width="0.36",
        outline_width_unit="MM",
    )
    if look.hatch.startswith("."):
        dots = _layer(symbol, "PointPatternFill", distance_x="1.4", distance_y="1.4",
                      distance_x_unit="MM", distance_y_unit="MM")  # fmt: skip
        dot = _pattern(dots, "marker", name)
        _layer(dot, "SimpleMarker", name="circle", size="0.5", size_unit="MM",
               color=f"{red},{green},{blue},230", outline_style="no")  # fmt: skip
        return
    lines = _layer(symbol, "LinePatternFill", angle=str(look.angle), distance="1.6",
                   distance_unit="MM", line_width="0.22", line_width_unit="MM")  # fmt: skip
    stroke = _pattern(lines, "line", name)
    _layer(stroke, "SimpleLine", line_color=f"{red},{green},{blue},230", line_width="0.22",
           line_width_unit="MM")  # fmt: skip


def _pattern(layer: Element, kind: str, symbol: str) -> Element:
    """The symbol that a pattern repeats; QGIS names it by its symbol and layer."""
    return SubElement(layer, "symbol", type=kind, name=f"@{symbol}@1", alpha="1")


def _layer(symbol: Element, kind: str, **options: str) -> Element:
    layer = SubElement(symbol, "layer", attrib={"class": kind}, enabled="1", locked="0")
    layer.set("pass", "0")
    table = SubElement(layer, "Option", type="Map")
    for name, value in options.items():
        SubElement(table, "Option", type="QString", name=name, value=value)
    return layer


def _text(root: Element) -> str:
    indent(root)
    return "<!DOCTYPE qgis>\n" + tostring(root, encoding="unicode") + "\n"
