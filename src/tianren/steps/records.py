"""The step behind `tianren records`: species records read, matched to names, and cleaned."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.records import CODES, REASONS, Cleaned, clean
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.science.names import Match, alike, match_names, read_checklist
from tianren.science.taxa import Taxon, read_taxa, unlisted_names, without_status
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.progress import Progress, silent
from tianren.steps.record_region import limits_of, range_findings, region_of
from tianren.steps.record_tables import (
    TAXA_COLUMNS,
    UNMATCHED_COLUMNS,
    Known,
    kept_rows,
    other_groups,
    taxa_rows,
    unmatched_rows,
    write_dropped,
    write_kept,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from tianren.project.project import Project
    from tianren.project.sections.species import SpeciesTable


@dataclass(frozen=True)
class CleanedRecords:
    """The answer of `tianren records`: how many rows were read, kept, and dropped for what."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the run, its folder, rows read, kept and dropped by reason, species."""
        said = self.run.record["records"]
        return {"run": self.run.id, "folder": str(self.run.folder), **said,
                "findings": count_findings(self.run.findings)}  # fmt: skip

    def text(self) -> str:
        """The statement, the reasons, the next command."""
        found = self.as_dict()
        lines = [_statement(found["kept"], found["read"], found["species"])]
        dropped = sorted(found["dropped"].items(), key=lambda pair: (-pair[1], pair[0]))
        lines += [f"  {count:>12,}  {say(REASONS[reason])}" for reason, count in dropped]
        unmatched = found["unmatched_names"]
        if unmatched == 1:
            lines.append(say("1 name was not matched: unmatched.csv"))
        elif unmatched:
            lines.append(say("{n} names were not matched: unmatched.csv", n=unmatched))
        lines.append(findings_line(self.run.findings))
        lines.append(f"{say('Results')}: {found['folder']}")
        return "\n".join([*lines, "", say("Next: tianren species")])


def _statement(kept: int, read: int, species: int) -> str:
    if kept == 1:
        return say("1 of {read} records is kept.", read=f"{read:,}")
    return say(
        "{kept} of {read} records of {species} species are kept.",
        kept=f"{kept:,}", read=f"{read:,}", species=species,
    )  # fmt: skip


def records(project: "Project", *, progress: Progress = None) -> CleanedRecords:
    """Read and clean the records of a project's [species]; the same asked again is the same run.

    Raises UserError when [species] names no records.
    """
    table = _table(project)
    parameters = project.parameters()
    run = start_run(
        project, "records", inputs=project.digests(_sources(project, table)),
        settings=_settings(project, table), parameters=parameters,
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            _make(project, table, run, parameters, progress or silent)
    return CleanedRecords(run.results())


def _table(project: "Project") -> "SpeciesTable":
    table = project.species
    if table is None or not table.records:
        raise UserError(
            "the project names no species records",
            where="project.toml [species]",
            next_step='add records = ["..."], sources of catalog.toml with kind = "records"',
        )
    return table


def _sources(project: "Project", table: "SpeciesTable") -> set[str]:
    named = {
        project.region_source, project.sea_source, *table.records, table.status, table.checklist,
        table.institutions, table.ranges, *(level.source for level in project.admin),
    }  # fmt: skip
    return {name for name in named if name}


def _settings(project: "Project", table: "SpeciesTable") -> dict[str, Any]:
    read = (*table.records, table.status, table.checklist, table.institutions, table.ranges)
    entries = [project.entry(name) for name in read if name]
    return {
        "records": list(table.records),
        "status": table.status,
        "checklist": table.checklist,
        "institutions": table.institutions,
        "ranges": table.ranges,
        "range_column": table.range_column,
        "reading": [
            [e.name, dict(e.columns), e.species, e.group, e.crs, e.encoding, e.sublayer]
            for e in entries
        ],
        "admin": [vars(level) for level in project.admin],
        "language": project.language,
    }


# --- the run -----------------------------------------------------------------------------------


def _make(
    project: "Project", table: "SpeciesTable", run: Run, parameters: Parameters,
    progress: Callable[[str], None],
) -> None:  # fmt: skip
    progress(say("reading records"))
    known = _read(project, table)
    progress(say("cleaning {n} records", n=f"{len(known.rows):,}"))
    region = region_of(project, table, known.checklist, known.taxa, known.findings,
                       known.strangers["ranges"])  # fmt: skip
    limits = limits_of(parameters)
    names = {name: (m.species, m.how) for name, m in known.matches.items()}
    cleaned = clean(known.rows, names, region, limits, project.day)
    progress(say("writing records"))
    kept = kept_rows(known, cleaned)
    write_kept(run, kept)
    write_dropped(run, known, cleaned)
    unmatched = unmatched_rows(known)
    run.write_rows("unmatched.csv", UNMATCHED_COLUMNS, unmatched)
    rows = taxa_rows(known, kept, parameters)
    run.write_rows("taxa.csv", TAXA_COLUMNS, rows)
    findings = [*known.findings, *_findings(known, cleaned, kept, unmatched, table)]
    findings += range_findings(known.rows, names, cleaned, region)
    counts = {
        "read": len(known.rows),
        "kept": len(kept),
        "dropped": cleaned.counts(),
        "species": int(kept["species"].nunique()),
        "unmatched_names": sum(1 for row in unmatched if row["records"]),
    }
    run.finish(_measures(project, run, counts, known, rows), findings, parameters, records=counts)


def _read(project: "Project", table: "SpeciesTable") -> Known:
    from tianren.io.records import stack_records

    findings: list[Finding] = []
    frames = []
    for name in table.records:
        frame, found = project.records(name)
        frames.append(frame)
        findings += found
    checklist = None
    if table.checklist:
        listed, found = project.table(table.checklist)
        checklist, more = read_checklist(listed, project.entry(table.checklist).where)
        findings += [*found, *more]
    taxa: list[Taxon] = []
    strangers: dict[str, list[Match]] = {"status": [], "ranges": []}
    if table.status:
        status, found = project.table(table.status)
        where = project.entry(table.status).where
        taxa, more = read_taxa(status, checklist, where)
        findings += [*found, *more]
        strangers["status"] = unlisted_names(status, checklist, where)
    rows = stack_records(frames)
    matches = match_names(map(str, rows["species"].cat.categories), checklist)
    return Known(rows, matches, taxa, checklist, findings, strangers)


# --- taxa, measures, findings --------------------------------------------------------------------


def _measures(
    project: "Project", run: Run, counts: Mapping[str, Any], known: Known,
    taxa: Iterable[Mapping[str, Any]],
) -> list[Measure]:  # fmt: skip
    def one(indicator: str, value: float, *by: tuple[str, str]) -> Measure:
        return Measure(indicator, project.name, str(project.day.year), float(value), "1", by,
                       method="tianren records", sources=tuple(sorted(run.inputs)))  # fmt: skip

    by_source = known.rows["source"].value_counts()
    groups = Counter(str(row["group"]) for row in taxa if row["records"])
    made = [one("records.read", n, ("source", str(s))) for s, n in by_source.items()]
    made += [one("records.dropped", n, ("reason", r)) for r, n in counts["dropped"].items()]
    made += [one("records.species", n, ("group", g)) for g, n in groups.items() if g]
    made += [one("records.read", counts["read"]), one("records.kept", counts["kept"]),
             one("records.species", counts["species"])]  # fmt: skip
    return made


def _findings(
    known: Known, cleaned: Cleaned, kept: "DataFrame", unmatched: Sequence[Mapping[str, Any]],
    table: "SpeciesTable",
) -> list[Finding]:  # fmt: skip
    found = [_slip(known, cleaned, reason) for reason in ("swapped_coordinates", "wrong_sign")]
    if borne := [row for row in unmatched if row["records"]]:
        found.append(_unmatched_finding(borne))
    read = len(known.rows)
    if len(kept) < read / 2:
        message = say("only {kept} of {read} records are kept; see dropped.csv for the reasons",
                      kept=len(kept), read=read)  # fmt: skip
        severity = Severity.WARNING if len(kept) else Severity.ERROR
        found.append(Finding("records.few_kept", "records", severity, message, "dropped.csv"))
    silent = int(np.isnan(kept["uncertainty_m"].to_numpy()).sum())
    if silent:
        message = say("{n} of {kept} kept records do not say how certain their place is",
                      n=silent, kept=len(kept))  # fmt: skip
        found.append(Finding("records.no_uncertainty", "records", Severity.NOTE, message))
    if not table.checklist:
        found += _unchecked(list(kept["species"].unique()))
    if table.status:
        found += other_groups(known)
        found += without_status(list(kept["species"].unique()), known.taxa, table.status)
    return [finding for finding in found if finding is not None]


def _unchecked(species: Sequence[str]) -> list[Finding]:
    """Without a checklist names stand as written; those that may be one are told."""
    pairs = alike(species)
    if not pairs:
        return []
    message = say(
        "no checklist says which names are one; {n} pairs differ by little: {pairs}",
        n=len(pairs), pairs="; ".join(f"{a} / {b}" for a, b in pairs[:5]),
    )  # fmt: skip
    return [Finding("records.alike", "names", Severity.WARNING, message, "taxa.csv")]


def _slip(known: Known, cleaned: Cleaned, reason: str) -> Finding | None:
    """Records whose coordinates a common slip explains: left out and told, never corrected."""
    at = np.flatnonzero(cleaned.reason == CODES[reason])
    if not len(at):
        return None
    first = known.rows.iloc[at[0]]
    message = say(
        "{n} records lie {where}; they were left out, not corrected "
        "(the first is row {row} of {source}: {lon}, {lat})",
        n=len(at), where=say(REASONS[reason]), row=int(first["row"]), source=first["source"],
        lon=repr(float(first["longitude"])), lat=repr(float(first["latitude"])),
    )  # fmt: skip
    return Finding(f"records.{reason}", "records", Severity.WARNING, message, "dropped.csv")


def _unmatched_finding(unmatched: Sequence[Mapping[str, Any]]) -> Finding:
    worst = max(unmatched, key=lambda row: (row["records"], row["name"]))
    message = say(
        "{n} names ({records} records) have no species; the most frequent is {name}",
        n=len(unmatched), records=sum(row["records"] for row in unmatched), name=worst["name"],
    )  # fmt: skip
    if worst["nearest"]:
        message += say("; near it: {names}", names=worst["nearest"])
    return Finding("records.unmatched", "names", Severity.WARNING, message, "unmatched.csv")
