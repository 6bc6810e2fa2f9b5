"""The step behind `tianren explain --measure`: run, method, sources and sites of a number."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.language import current_language, say
from tianren.language.folding import columns
from tianren.measures import by_pairs, indicators
from tianren.project.runs import RunResults, open_run, own_runs
from tianren.reports.cbd import measure_id
from tianren.steps.explain_inputs import inputs_behind
from tianren.steps.explain_sites import SiteArea, sites_behind

if TYPE_CHECKING:
    from tianren.project.project import Project

_NAMED = re.compile(r"^([a-z_.]+)(?:\[(.*)\])?(?:@(.*))?$")
SHOWN = 15
NAME = 48  # the widest a name is shown


@dataclass(frozen=True)
class Traced:
    """A number and what stands behind it.

    row: of measures.csv; sources: name -> sha256 of the inputs it rests on; parameters: of the run,
    those not read from their source first; sites: (id, name, kind, m2), the largest first;
    why_none: why there are none.
    """

    run: RunResults
    row: Mapping[str, str]
    sources: Mapping[str, str]
    parameters: Sequence[Mapping[str, Any]]
    sites: Sequence[SiteArea]
    why_none: str = ""

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
            "no_sites": self.why_none,
        }

    def text(self) -> str:
        """The number, what it means, and the chain behind it."""
        row, meaning = self.row, indicators()[self.row["indicator"]]
        name = meaning.name.get(current_language(), meaning.name["en"])
        lines = [
            f"{name}: {amount(float(row['value']), row['unit'])}",
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
            lines += site_lines(self.sites[:SHOWN])
        elif self.why_none:
            lines.append(say("Sites behind it: {why}", why=self.why_none))
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
            return _traced(project, one, rows[-1])
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


def _traced(project: "Project", run: RunResults, row: Mapping[str, str]) -> Traced:
    parameters = list(run.record.get("parameters", []))
    sites, why_none = sites_behind(run, row)
    return Traced(run, row, inputs_behind(project, run, row), parameters, sites, why_none)


def amount(value: float, unit: str) -> str:
    """A number with its unit; areas from 1 km2 on are told in km2."""
    if unit in ("m2", "m2/a") and abs(value) >= 1e6:
        return f"{value / 1e6:,.2f} k{unit}"
    return f"{value:,.6g} {unit}"


def site_lines(sites: Sequence[SiteArea]) -> list[str]:
    """Sites in columns as wide as they need; a name too long for its column ends in dots."""
    rows = [(i, _short(n), k, f"{a / 1e6:,.2f} km2") for i, n, k, a in sites]
    wide = [max(map(columns, column), default=0) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(
            [c + " " * (w - columns(c)) for c, w in zip(row[:-1], wide, strict=False)]
            + [row[-1].rjust(wide[-1])]
        )
        for row in rows
    ]  # fmt: skip


def _short(name: str) -> str:
    if columns(name) <= NAME:
        return name
    while columns(name) > NAME - 4:
        name = name[:-1]
    return f"{name.rstrip()} ..."
