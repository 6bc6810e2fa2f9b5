"""The inputs of a run that a number rests on, with their hashes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tianren.measures import by_pairs
from tianren.project.runs import RunResults
from tianren.steps.account_types import biome_source

if TYPE_CHECKING:
    from tianren.project.project import Project

SIMPLE = (
    "account.area", "account.coverage", "account.attributed", "account.adds", "account.extent",
    "account.capped", "account.at_target", "account.gap", "account.governance_share",
    "account.from_records", "account.series", "account.missing", "account.pace",
    "account.past_pace",
)  # fmt: skip


def inputs_behind(project: "Project", run: RunResults, row: Mapping[str, str]) -> dict[str, str]:
    """Name -> sha256 of the inputs behind a number: what its kind rests on where that is simple,
    else every input of the run."""
    inputs = {str(k): str(v) for k, v in dict(run.record.get("inputs", {})).items()}
    if run.step != "account" or row["indicator"] not in SIMPLE:
        return inputs
    settings = dict(run.record.get("settings", {}))
    named = {project.region_source, project.sea_source, *_of_classes(project, settings, row)}
    if row["indicator"] != "account.extent":
        account = settings.get("account", {})
        named |= {*row["sources"].split(" | "), *account.get("sites", [])}
        named |= {account.get("inland_water", ""), account.get("crosswalk", "")}
    known = named - {""}
    return {k: v for k, v in inputs.items() if k in known} if known <= inputs.keys() else inputs


def _of_classes(
    project: "Project", settings: Mapping[str, Any], row: Mapping[str, str]
) -> tuple[str, ...]:
    """The sources of the classes that a number is told for."""
    by, gaps = dict(by_pairs(row["by"])), settings.get("gaps", {})
    told = {*by, by.get("dimension", "")}
    ecosystems = str(gaps.get("ecosystems", ""))
    if row["indicator"] == "account.extent":
        return (ecosystems or biome_source(project),)
    units = [str(level["source"]) for level in settings.get("admin", [])[:1]]
    sources = {
        "unit": units[0] if units else "",
        "ecoregion": str(gaps.get("ecoregions", "")),
        "ecosystem": ecosystems,
        "biome": biome_source(project),
    }
    return tuple(source for dimension, source in sources.items() if dimension in told)
