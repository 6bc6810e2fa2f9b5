"""How species feed the line: their weighted richness, and the habitats of tiny populations.

Both come from the species run, which is made first. A project joins its species when [species] has
a status table, beside records or ranges: without status there are no weights and no populations.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tianren.delineation.layers import LayerInfo
from tianren.delineation.must_include import Prepared, from_layer
from tianren.findings import Finding, Severity
from tianren.geo.rules import Rule
from tianren.io.rasters import open_raster
from tianren.language import say
from tianren.raster.raster import Raster

if TYPE_CHECKING:
    from tianren.parameters import Parameters
    from tianren.project.project import Project
    from tianren.project.runs import RunResults

IMPORTANCE = "habitat_importance"
ENTRY = "tiny_populations"  # the must-include entry that a project need not write


def joins(project: "Project") -> bool:
    """Whether the project's species feed its line."""
    table = project.species
    located = table is not None and (table.records or table.ranges or table.range_rasters)
    return bool(located and table is not None and table.status)


def gives_importance(project: "Project") -> bool:
    """Whether weighted richness comes from the species run: the catalog itself has none."""
    return joins(project) and project.serving(IMPORTANCE) is None


def importance_layer(project: "Project") -> dict[str, LayerInfo]:
    """The layer that the species run brings, as the catalog would tell of it; else nothing."""
    if not gives_importance(project):
        return {}
    note = say("weighted richness of [species], by tianren species")
    return {IMPORTANCE: LayerInfo(IMPORTANCE, unit="1", note=note)}


def species_run(project: "Project") -> "RunResults":
    """The species run of the project as it is now; made when it is not there."""
    from tianren.steps.species import species

    return species(project).run


def settings(project: "Project") -> dict[str, Any]:
    """The run that feeds the line, for the settings of the run that draws it."""
    return {"species_run": species_run(project).id} if joins(project) else {}


def importance(project: "Project") -> tuple[Raster, list[Finding]]:
    """Weighted richness on the project's grid, and what it rests on."""
    run = species_run(project)
    path = run.path("surfaces/weighted_richness.tif")
    rows = run.rows("species.csv")
    weighted = sum(float(row["weight"]) > 0 and row["source"] != "none" for row in rows)
    message = say(
        "biodiversity rests on the weighted richness of {n} of {all} species, from the run {run}",
        n=weighted,
        all=len(rows),
        run=run.id,
    )
    found = Finding("biodiversity.species_run", run.id, Severity.NOTE, message, "G17")
    return open_raster(path, name=IMPORTANCE, grid=project.grid), [found]


def tiny_habitats(project: "Project", parameters: "Parameters") -> list[tuple[Prepared, list[Any]]]:
    """The must-include entry of tiny populations' habitats, with a decision for each; or none.

    What a project declares itself under that name counts instead.
    """
    if not joins(project) or ENTRY in project.must_include:
        return []
    from tianren.steps.species import tiny_layer

    layer = tiny_layer(species_run(project))
    if layer.empty:
        return []
    made = from_layer(Rule(ENTRY, "tiny_population"), layer, parameters)
    reasons = (f"{r}: {say(m)}" for r, m in zip(layer["reason"], layer["method"], strict=True))
    told = [replace(d, reason=d.reason or r) for d, r in zip(made.decisions, reasons, strict=True)]
    return [(replace(made, decisions=tuple(told)), [])]
