"""The step behind `tianren sites`: what became of each record, and what counts, for others."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.findings import Finding
from tianren.language import say, say_many
from tianren.reports.words import severity
from tianren.steps.sites import Sites, account_sites, delivered_sources

if TYPE_CHECKING:
    from tianren.project.project import Project


@dataclass(frozen=True)
class SiteRecords:
    """What the rules did to the records of sites, and the files that were written.

    outcome: action, rule, records, km2 before and after, one row each; kept rows come first.
    """

    sources: tuple[str, ...]
    records: int
    kept: int
    outcome: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]
    files: tuple[Path, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "sources": list(self.sources),
            "records": self.records,
            "kept": self.kept,
            "outcome": list(self.outcome),
            "findings": [f.as_dict() for f in self.findings],
            "files": [str(path) for path in self.files],
        }

    def text(self) -> str:
        """The count, one line for each finding, the files."""
        head = say_many(
            "{kept} of {records} record counts ({sources})",
            "{kept} of {records} records count ({sources})",
            self.records,
            kept=self.kept,
            records=self.records,
            sources=", ".join(self.sources),
        )
        lines = [head, *(f"  {_short(f)}" for f in self.findings)]
        if self.files:
            lines += [say("Written:"), *(f"  {path}" for path in self.files)]
        return "\n".join([*lines, say("Next: {step}", step="tianren account")])


_WIDTH = 78  # characters of a finding on a terminal; --json has all


def _short(finding: Finding) -> str:
    text = f"{severity(finding.severity.value).lower()}: {finding.message}"
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def site_records(
    project: "Project", format: str = "", folder: Path | None = None, schema: str = "newer"
) -> SiteRecords:
    """Read and clean the sites of the account; write those that count where a format is given.

    format: "" (nothing is written), gpkg or shapefile, in the schema of the World Database
    ("newer" or "older") with the table of sources; folder: exports/ of the project when None.
    """
    found = account_sites(project)
    files: tuple[Path, ...] = ()
    findings = found.findings
    if format:
        files, more = _written(project, found, format, folder, schema)
        findings = (*findings, *more)
    log = found.cleaned.log
    return SiteRecords(
        found.sources, len(found.cleaned.every), len(found.sites), _outcome(log), findings, files
    )


def _written(
    project: "Project", found: Sites, format: str, folder: Path | None, schema: str
) -> tuple[tuple[Path, ...], list[Finding]]:
    from tianren.io.wdpa_export import write_wdpa
    from tianren.steps.export import ALIASES

    name, sites = format.strip().lower(), found.cleaned.uncut
    delivered, told = delivered_sources(project, sites)
    files, findings = write_wdpa(
        folder or project.folder / "exports", "sites", sites, project.catalog,
        region=project.region, format_name=ALIASES.get(name, name), schema=schema,
        delivered=delivered,
    )  # fmt: skip
    return tuple(files), [*told, *findings]


def _outcome(log: Any) -> tuple[dict[str, Any], ...]:
    """How many records each rule touched, and the area before and after."""
    rows = log.groupby(["action", "rule"], sort=True).agg(
        records=("row", "size"), before_km2=("before_km2", "sum"), after_km2=("after_km2", "sum")
    )
    return tuple(rows.reset_index().to_dict("records"))
