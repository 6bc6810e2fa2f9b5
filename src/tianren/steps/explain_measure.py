"""The step behind `tianren explain --measure`: run, method, sources and sites of a number."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.language import current_language, say
from tianren.measures import by_pairs, indicators
from tianren.project.runs import RunResults, open_run, own_runs
from tianren.reports.cbd import measure_id

if TYPE_CHECKING:
    from tianren.project.project import Project

_NAMED = re.compile(r"^([a-z_.]+)(?:\[(.*)\])?(?:@(.*))?$")
SHOWN = 15


@dataclass(frozen=True)
class Traced:
    """A number and what stands behind it.

    row: of measures.csv; sources: name -> sha256 of the inputs it rests on; parameters: of the run,
    those not read from their source first; sites: (id, name, kind, m2), the largest first.
    """

    run: RunResults
    row: Mapping[str, str]
    sources: Mapping[str, str]
    parameters: Sequence[Mapping[str, Any]]
    sites: Sequence[tuple[str, str, str, float]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "measure": measure_id(self.row),
            **self.row,
            "definition": indicators()[self.row["indicator"]].definition,
            "formula": indicators()[self.row["indicator"]].formula,
            "run": self.run.id,
            "day": str(self.run.record.get("day", "")),
            "inputs": dict(self.sources),
            "parameters": [dict(p) for p in self.parameters],
            "sites": [
                {"site_id": i, "name": n, "kind": k, "area_m2": a} for i, n, k, a in self.sites
            ],
        }

    def text(self) -> str:
        """The number, what it means, and the chain behind it."""
        row, meaning = self.row, indicators()[self.row["indicator"]]
        name = meaning.name.get(current_language(), meaning.name["en"])
        lines = [
            f"{name}: {float(row['value']):,.6g} {row['unit']}",
            f"  {measure_id(row)}",
            say("Means: {definition}", definition=meaning.definition),
            say("Formula: {formula}", formula=meaning.formula),
            say("Method: {method}", method=row["method"] or say("not told")),
            say("Run: {run}", run=f"{self.run.id}, {self.run.folder}"),
            say("Inputs:"),
            *(f"  {source}  sha256 {digest[:16]}" for source, digest in self.sources.items()),
        ]
        if self.sites:
            lines += [say("Sites behind it: {n}, the largest first", n=len(self.sites))]
            lines += [f"  {i:<14}{n:<40.40}{k:<8}{a / 1e6:>12,.2f} km2"
                      for i, n, k, a in self.sites[:SHOWN]]  # fmt: skip
        unread = [str(p["id"]) for p in self.parameters if not p.get("verified", True)]
        if unread:
            lines.append(say("Parameters whose source was not read: {names}",
                             names=", ".join(unread)))  # fmt: skip
        return "\n".join(lines)


def explain_measure(project: "Project", measure: str, run: str | None = None) -> Traced:
    """Trace a number by its name, "account.coverage[realm=sea; counted=PA]@2026" (the period, and
    the breakdown of a total, may be left out). run: a run's id, else the latest that has it."""
    found = _NAMED.match(measure.strip())
    if not found:
        raise UserError(
            f"{measure} is not the name of a measure",
            where="--measure",
            next_step="type INDICATOR[breakdown]@period, as measures.csv has them",
        )
    runs = [open_run(project, run)] if run else own_runs(project)[::-1]
    for one in runs:
        rows = [r for r in one.measures if _is(r, *found.groups())]
        if rows:
            return _traced(one, rows[-1])
    raise _unknown(measure, runs)


def _is(row: Mapping[str, str], indicator: str, by: str | None, period: str | None) -> bool:
    """Whether a row is the one named; the order of its breakdown does not matter."""
    return (
        row["indicator"] == indicator
        and sorted(by_pairs(row["by"])) == sorted(by_pairs(by or ""))
        and (period is None or row["period"] == period)
    )


def _unknown(measure: str, runs: Sequence[RunResults]) -> UserError:
    every = list(dict.fromkeys(measure_id(r) for one in runs for r in one.measures))
    near = difflib.get_close_matches(measure, every, n=3, cutoff=0.4)
    return UserError(
        f"no run has a measure {measure}",
        where="--measure",
        by_how_much=f"{len(every)} measures in {len(runs)} runs",
        next_step=f"did you mean {' or '.join(near)}?" if near else "see measures.csv of the run",
    )


def _traced(run: RunResults, row: Mapping[str, str]) -> Traced:
    inputs = {str(k): str(v) for k, v in dict(run.record.get("inputs", {})).items()}
    named = [s for s in row["sources"].split(" | ") if s in inputs]
    sources = {s: inputs[s] for s in named} if named else inputs
    parameters = list(run.record.get("parameters", []))
    return Traced(run, row, sources, parameters, _sites(run, row))


def _sites(run: RunResults, row: Mapping[str, str]) -> list[tuple[str, str, str, float]]:
    """The sites that make a number of an account: those of its realm, unit and what is counted."""
    if run.step != "account" or not run.has("attribution.csv"):
        return []
    by = dict(by_pairs(row["by"]))
    if by.get("step", "counted") != "counted":
        return []  # the step before has records that do not count
    where = [c for c in ("realm", "unit") if c in by and by[c] != "land_and_sea"]
    kinds = by.get("counted", by.get("kind", "PA+OECM")).split("+")
    areas: dict[tuple[str, str, str], float] = {}
    for site in run.rows("attribution.csv"):
        if all(site[c] == by[c] for c in where) and site["kind"] in kinds:
            key = site["site_id"], site["name"], site["kind"]
            areas[key] = areas.get(key, 0.0) + float(site["area_m2"])
    order = sorted(areas.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(*key, area) for key, area in order]
