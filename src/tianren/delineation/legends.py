"""From the codes of a category layer to what the tables of science know them by."""

from collections.abc import Collection, Mapping

from tianren.delineation.layers import LayerInfo
from tianren.delineation.recipes import Context
from tianren.errors import UserError
from tianren.parameters.crosswalks import (
    check_classes,
    crosswalk,
    ecosystems,
    legend,
    types_where,
)

Codes = Mapping[int, float]  # code of a category -> a number that it stands for


def ecosystems_of(info: LayerInfo) -> Mapping[int, str]:
    """Code -> ecosystem type of a land-cover layer.

    A published legend has its crosswalk. In a legend of one's own each class is an ecosystem type,
    by id or by name in any language; UserError names a class that is none: no guessing.
    """
    if info.legend_name:
        return crosswalk(info.legend_name)
    by_name = {n.lower(): e.id for e in ecosystems().values() for n in (e.id, *e.names.values())}
    classes = {code: by_name.get(_plain(label), label) for code, label in info.legend.items()}
    return check_classes(info.source or info.layer, classes)


def classes_of(info: LayerInfo, legend_file: str) -> Mapping[int, str]:
    """Code -> class id of a layer whose classes are those of a packaged legend (texture, coast).

    The layer may follow that legend's codes, or name the classes in a legend of its own.
    """
    if info.legend_name == legend_file or not info.legend:
        return crosswalk(legend_file)
    ids = crosswalk(legend_file)
    by_name = {ids[code].lower(): ids[code] for code in ids}
    for language in ("en", "zh_Hans", "es"):
        by_name |= {name.lower(): ids[code] for code, name in legend(legend_file, language).items()}
    found = {code: by_name.get(_plain(label)) for code, label in info.legend.items()}
    for code, known in found.items():
        if known is None:
            raise UserError(
                f"code {code} of {info.layer} is called {info.legend[code]}, which is not a class",
                where=f"[{info.source or info.layer}] in catalog.toml",
                next_step=f"call it one of: {', '.join(ids.values())}",
            )
    return {code: known for code, known in found.items() if known is not None}


def _plain(label: str) -> str:
    """A label as it is compared: without case and outer spaces."""
    return label.strip().lower()


def landcover_types(context: Context) -> Mapping[int, str]:
    """Code -> ecosystem type of the project's land cover."""
    return ecosystems_of(context.layers["landcover"])


def codes_of(context: Context, types: Collection[str]) -> dict[int, float]:
    """Land-cover code -> 1 where its ecosystem type is one of these, else 0."""
    return {code: float(name in types) for code, name in landcover_types(context).items()}


def texture_numbers() -> Mapping[int, str]:
    """HWSD number 1..13 -> USDA class."""
    return classes_of(LayerInfo("soil_texture"), "usda_texture")


def texture_classes(context: Context) -> Mapping[int, str]:
    """Code -> USDA class of the texture layer that is used: given, or derived."""
    info = context.layers.get("soil_texture", LayerInfo("soil_texture"))
    return classes_of(info, "usda_texture")


def vegetated_codes(context: Context) -> dict[int, float]:
    """Land-cover code -> 1 for forest, shrub and grass."""
    levels = ("forest", "shrub", "grassland")
    return codes_of(context, [e.id for e in ecosystems().values() if e.level in levels])


def artificial_codes(context: Context) -> dict[int, float]:
    """Land-cover code -> 1 for farmland, orchards and built-up land."""
    return codes_of(context, types_where("artificial"))
