"""Biomes of the IUCN Global Ecosystem Typology, from a raster of types or from land cover."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tianren.accounting.typology import (
    TYPOLOGY,
    biomes,
    made_by_people,
    mixed_waters,
    told_mixed,
    told_together,
    waters_apart,
)
from tianren.delineation.gaps import Features
from tianren.delineation.layers import LayerInfo
from tianren.delineation.legends import ecosystems_of
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.parameters.crosswalks import land_cover_legends, legend
from tianren.raster.raster import cell_area

if TYPE_CHECKING:
    from tianren.project.project import Project

BIOME = "biome"


@dataclass(frozen=True)
class Biomes:
    """Biomes as amounts of cells, m2; made: the names of those that people made; mixed: of natural
    ones that may hold waters which people made."""

    features: Features
    made: frozenset[str]
    mixed: frozenset[str] = frozenset()


def biome_source(project: "Project") -> str:
    """The source that tells biomes: the raster of [gaps] ecosystems where its legend is a known
    one, else the layer landcover; "" where there is none."""
    named = project.gaps.ecosystems
    if named and project.entry(named).legend_name in land_cover_legends():
        return named
    cover = project.serving("landcover")
    return cover.name if cover and not cover.is_constant else ""


def read_biomes(project: "Project") -> tuple[Biomes | None, list[Finding]]:
    """The biomes of the region, whole cells of the project's grid; None where nothing tells them.

    Classes of the typology's own legend stay what they are: its functional groups. A legend whose
    classes are no ecosystem types gives no biomes, and a finding.
    """
    from tianren.steps.gap_features import types_of_raster
    from tianren.steps.zones import raster_of

    source = biome_source(project)
    if not source:
        return None, []
    entry = project.entry(source)
    try:
        classes = ecosystems_of(
            LayerInfo("landcover", source, legend=entry.legend, legend_name=entry.legend_name)
        )
    except UserError as fault:
        return None, [Finding("account.no_biomes", source, Severity.WARNING, str(fault))]
    classes = waters_apart(entry.legend_name, classes)
    names = _names(entry.legend_name, classes, project.language)
    raster, findings = raster_of(project, source)
    found, shares = types_of_raster(project, replace(raster, legend=names))
    features = Features(BIOME, found, shares * cell_area(project.grid), np.zeros(len(found)))
    met = [kind for code, kind in classes.items() if names[code] in found]
    together = [] if entry.legend_name == TYPOLOGY else told_together(met, source)
    mixed = mixed_waters(entry.legend_name, names, classes) & set(found)
    told = [*findings, *together, *told_mixed(mixed, source)]
    return Biomes(features, made_by_people(names, classes), frozenset(mixed)), told


def _names(legend_name: str, classes: Mapping[int, str], language: str) -> Mapping[int, str]:
    """Code -> the name of its biome."""
    if legend_name == TYPOLOGY:
        return legend(TYPOLOGY, language)
    known = biomes(language)
    return {code: known[kind] for code, kind in classes.items()}
