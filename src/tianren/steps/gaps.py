"""The step behind `tianren gaps`: what zones hold, what they should, and what is missing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tianren.delineation import gaps as room
from tianren.delineation.gaps import KIND_NAMES, Coverage
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.steps import gap_tables as tables
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.gap_features import judged
from tianren.steps.gap_species import Earlier, earlier_runs, known_species
from tianren.steps.kept_line import kept_state, standing_line
from tianren.steps.progress import Progress, silent
from tianren.steps.zones import (
    PROTECTED,
    Zones,
    protected_settings,
    zone_names,
    zone_sources,
    zones,
)

if TYPE_CHECKING:
    from tianren.project.project import Project


@dataclass(frozen=True)
class Gaps:
    """The answer of `tianren gaps`: how many targets are met, and what is missing."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: zone -> kind -> status -> features, and the numbers of species."""
        counts: dict[str, dict[str, dict[str, int]]] = {}
        for row in self.run.rows("gaps.csv"):
            kinds = counts.setdefault(row["zone"], {})
            states = kinds.setdefault(row["kind"], dict.fromkeys(room.STATUSES, 0))
            states[row["status"]] += 1
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "features": counts,
            "species_protection_index": self._by_zone("species.protection_index"),
            "representativeness": self._by_zone("species.representativeness"),
            "covered_not_viable": self._by_zone("species.not_viable"),
            "restore_m2": self._total("restoration.need"),
            "findings": count_findings(self.run.findings),
        }

    def text(self) -> str:
        """The statement, the table, the next command."""
        found = self.as_dict()
        every = found["features"].get("any", {})
        met = sum(states["met"] for states in every.values())
        total = sum(sum(states.values()) for states in every.values())
        lines = [
            say("{met} of {total} targets are met {by}.", met=met, total=total, by=self._by()),
            f"  {self._by():<26}{say('met'):>10}{say('partial'):>10}{say('gap'):>10}",
        ]
        lines += [
            f"  {say(KIND_NAMES[kind]):<26}{s['met']:>10,}{s['partial']:>10,}{s['gap']:>10,}"
            for kind, s in every.items()
        ]
        lines += self._species(found)
        lines.append(findings_line(self.run.findings))
        return "\n".join([*lines, f"{say('Results')}: {self.run.folder}"])

    def _by(self) -> str:
        """By one zone, named, or by all."""
        names = self.run.record["zones"]
        if len(names) == 1:
            return say("by {zone}", zone=names[0])
        return say("by all zones together")

    def _species(self, found: dict[str, Any]) -> list[str]:
        lines = []
        if "any" in found["species_protection_index"]:
            index = f"{found['species_protection_index']['any']:.1f}"
            n = self._mapped()
            told = say(
                "Species protection index: {index} of 100, over {n} species", index=index, n=n
            )
            lines.append(told)
        if found["covered_not_viable"].get("any"):
            n = int(found["covered_not_viable"]["any"])
            lines.append(say("{n} species are covered but not viable", n=n))
        if found["restore_m2"] is not None:
            area = f"{found['restore_m2'] / 1e6:,.0f}"
            lines.append(say("{area} km2 inside the line are to be restored", area=area))
        return lines

    def _by_zone(self, indicator: str) -> dict[str, float]:
        """The values of an indicator that are by zone alone."""
        return {
            row["by"].removeprefix("zone="): float(row["value"])
            for row in self.run.measures
            if row["indicator"] == indicator
            and row["by"].startswith("zone=")
            and ";" not in row["by"]
        }

    def _mapped(self) -> int:
        """Species whose range is more than the cells with records."""
        rows = self.run.rows("gaps.csv")
        return sum(
            r["kind"] == "species" and r["zone"] == "any" and r["source"] != "records" for r in rows
        )

    def _total(self, indicator: str) -> float | None:
        rows = [r for r in self.run.measures if r["indicator"] == indicator and not r["by"]]
        return float(rows[0]["value"]) if rows else None


def gaps(
    project: "Project", *, zone: Iterable[str] | None = None, progress: Progress = None
) -> Gaps:
    """What zones hold of species, ecosystems, ecoregions, functions and key areas; what is missing.

    zone: names, in place of [gaps] zones; none at all: every zone of the project. Earlier runs
    (species, habitat) are made first where the project asks for them; the redline is taken as
    it stands. Raises UserError when there is no zone, or nothing to judge.
    """
    tell = progress or silent
    parameters = project.parameters()
    names = tuple(zone or ()) or project.gaps.zones or zone_names(project)
    earlier = earlier_runs(project, progress)
    line = standing_line(project)
    run = start_run(
        project, "gaps", inputs=_inputs(project, names), parameters=parameters,
        settings=_settings(project, names, earlier, line),
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            _make(project, run, parameters, zones(project, names), earlier, line, tell)
    return Gaps(run.results())


def _inputs(project: "Project", names: tuple[str, ...]) -> dict[str, str]:
    """Every source that is read, with its hash."""
    table = project.gaps
    region = [project.region_source, project.sea_source, *(v.source for v in project.admin)]
    own = [
        table.ecosystems, table.ecosystem_status, table.ecoregions, table.key_areas,
        table.viability, table.reference,
    ]  # fmt: skip
    status = [project.species.status, project.species.checklist] if project.species else []
    return dict(
        project.digests({n for n in (*region, *own, *status, *zone_sources(project, names)) if n})
    )


def _settings(
    project: "Project", names: tuple[str, ...], earlier: Earlier, line: RunResults | None
) -> dict[str, Any]:
    """Everything in the project that decides, besides sources and parameters."""
    own = {name: project.zones[name].model_dump(mode="json") for name in names
           if name in project.zones}  # fmt: skip
    return {
        "zones": list(names),
        "own_zones": own,
        "protected": protected_settings(project) if PROTECTED in names else [],
        "gaps": project.gaps.model_dump(mode="json"),
        "admin": [vars(level) for level in project.admin],
        "runs": {"delineate": line.id if line else "", **earlier.ids()},
        **kept_state(line),
    }


def _make(
    project: "Project", run: Run, parameters: Parameters, held: Zones, earlier: Earlier,
    line: RunResults | None, tell: Callable[[str], None],
) -> None:  # fmt: skip
    """Everything between the lock and run.toml, which is written last."""
    tell(say("what should be held"))
    known = known_species(project, earlier)
    what = judged(project, line, known, parameters)
    if not what.features:
        raise UserError(
            "there is nothing whose coverage could be judged",
            where="project.toml",
            next_step="add [species], or [gaps] ecosystems = a layer, or draw the line: "
            "tianren delineate",
        )
    tell(say("what zones hold"))
    slack = float(parameters.share("gaps.target_slack"))
    coverages = [room.cover(f, held.cells, held.any, held.names, slack) for f in what.features]
    findings = [*held.findings, *what.findings]
    findings += [f for c in coverages for f in room.absent(c)]
    measures = _write_gaps(project, run, parameters, held, coverages)
    tell(say("species"))
    more = tables.species(project, run, parameters, held, known, what, coverages)
    tell(say("restoration"))
    last = tables.restoration(project, run, parameters, what, line, earlier)
    _write_unheld(project, run, held, coverages)
    run.finish(
        [*measures, *more.measures, *last.measures],
        [*findings, *more.findings, *last.findings, *_shares_meet(coverages)],
        parameters,
        zones=list(held.names),
    )


def _write_gaps(
    project: "Project", run: Run, parameters: Parameters, held: Zones, coverages: list[Coverage]
) -> list[Measure]:
    """gaps.csv and where.csv, and the measures of both."""
    limit = float(parameters.share("gaps.gap_share"))
    run.write_rows("gaps.csv", room.COLUMNS, (r for c in coverages for r in room.rows(c, limit)))
    where = []
    for level in project.admin:
        codes, table = project.admin_codes(level.name)
        index = codes.read().ravel().astype("int64") - 1
        names = [table[n] for n in sorted(table)]
        for coverage in coverages:
            left = room.unheld_by_unit(coverage.features, held.any, index, len(names))
            where += room.where_rows(
                coverage, left, level.name, [c for c, _ in names], [label for _, label in names]
            )
    run.write_rows("where.csv", room.WHERE_COLUMNS, where)
    return tables.coverage_measures(project, run, coverages, limit)


def _write_unheld(project: "Project", run: Run, held: Zones, coverages: list[Coverage]) -> None:
    """unheld.tif: how much of the missed targets each cell would close, percent of targets."""
    import numpy as np

    from tianren.io.rasters import raster_sink
    from tianren.raster.raster import MISSING, whole

    if run.done("unheld.tif"):
        return
    gain = room.closes(coverages, held.any).reshape(project.grid.shape)
    gain[project.realm().read() == MISSING] = np.nan
    tags = {"name": "unheld", "run": run.id}
    sink = raster_sink(run.path("unheld.tif"), project.grid, unit="%", tags=tags, delivered=True)
    sink.write(whole(project.grid), gain.astype(np.float32))
    sink.close()


def _shares_meet(coverages: list[Coverage]) -> list[Finding]:
    """That where both cover a cell in part, a range and a zone are taken to meet evenly."""
    if not any(c.features.kind == "species" for c in coverages):
        return []
    message = say(
        "where a range and a zone each cover part of a cell, they are taken to meet in the product "
        "of their shares"
    )
    return [Finding("gaps.partial_cells", "cells", Severity.NOTE, message, "design choice")]
