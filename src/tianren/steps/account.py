"""The step behind `tianren account`: the 30x30 account, what moves it, how far the target is."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.accounting import account as book
from tianren.accounting import measures as told
from tianren.accounting.coverage import KINDS, OECM, PA, WATERFALL_COLUMNS, waterfall
from tianren.accounting.from_records import FROM_RECORDS_COLUMNS, from_records
from tianren.accounting.overlaps import OVERLAP_COLUMNS, overlaps
from tianren.accounting.series import SERIES_COLUMNS, time_series, year_findings, years_from
from tianren.findings import Finding, Severity
from tianren.language import say, say_many, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.steps import account_tables as tables
from tianren.steps.account_ground import Ground, ground_sources, opening_sites, read_ground
from tianren.steps.account_quality import Quality, quality
from tianren.steps.account_what_if import added_hash, linked, refuse_impossible, what_ifs
from tianren.steps.account_writing import (
    write_cbd,
    write_layers,
    write_records,
    write_sites,
    write_table,
)
from tianren.steps.delineate import scenario_of
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.kept_line import kept_state, standing_line
from tianren.steps.outdated import outdated_findings
from tianren.steps.progress import Progress, silent

if TYPE_CHECKING:
    from pandas import DataFrame

    from tianren.project.project import Project

COUNTED = (PA, f"{PA}+{OECM}")


@dataclass(frozen=True)
class Account:
    """The answer of `tianren account`: what is held, what is missing, what would move it."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: distance by realm, waterfall, what-ifs, findings by severity."""
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "distance": _numbers(self.run.rows("distance.csv")),
            "waterfall": _numbers(self.run.rows("waterfall.csv")),
            "what_if": _numbers(self.run.rows("whatif.csv")),
            "findings": count_findings(self.run.findings),
        }

    def text(self) -> str:
        """Each realm in its lines, what-ifs, the next command."""
        found = self.as_dict()
        lines = [say("What counts towards 30 percent:")]
        for row in found["distance"]:
            percent, area = f"{row['percent']:.2f}", f"{row['area_m2'] / 1e6:,.0f}"
            realm, counted = say(_REALMS[row["realm"]]), say(_COUNTED[row["counted"]])
            lines.append(f"  {realm:<24} {counted:<34} {percent:>7} %{area:>12} km2")
        lines += [_missing(row) for row in found["distance"] if row["counted"] == COUNTED[1]]
        lines += [_moved(row) for row in found["what_if"]
                  if row["indicator"] == "account.coverage" and row["by"] in _WHOLE]  # fmt: skip
        lines.append(findings_line(self.run.findings))
        return "\n".join([*lines, f"{say('Results')}: {self.run.folder}"])


_REALMS = {"land_and_inland_water": "land and inland water", "sea": "sea"}
_WHOLE = {f"realm={realm}": name for realm, name in _REALMS.items()}
_COUNTED = {
    "PA": "protected areas",
    "PA+OECM": "with recorded OECMs",
    "PA+OECM+redline": "with the whole redline",
}


def _missing(row: dict[str, Any]) -> str:
    where = say(_REALMS[row["realm"]])
    if row["gap_m2"] <= 0:
        return say("  {where}: the target is reached", where=where)
    return say(
        "  {where}: {gap} km2 missing, {pace} km2 a year to the deadline; so far {past} a year",
        where=where, gap=f"{row['gap_m2'] / 1e6:,.0f}", pace=f"{row['pace_m2'] / 1e6:,.0f}",
        past=f"{row['past_pace_m2'] / 1e6:,.0f}",
    )  # fmt: skip


def _moved(row: dict[str, Any]) -> str:
    return say(
        "  what if {name}: {where} {before} -> {after} %", name=row["what_if"],
        where=say(_WHOLE[row["by"]]), before=f"{row['before']:.2f}", after=f"{row['after']:.2f}",
    )  # fmt: skip


def _numbers(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [{k: _number(v) for k, v in row.items()} for row in rows]


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def account(
    project: "Project", *, what_if: Sequence[str] = (), add: Path | None = None,
    progress: Progress = None,
) -> Account:  # fmt: skip
    """The account of the project's sites on its day.

    what_if: names of what is added (see account_what_if), all there is when none; add: a file of
    polygons to add besides. Earlier steps (oecm) are made first where the project asks for them;
    the redline is taken as it stands. Raises UserError where there are no sites.
    """
    from tianren.steps.account_oecm import earlier_gaps, earlier_oecm

    tell, wished, drawn = progress or silent, tuple(what_if), added_hash(add)
    parameters, line = project.parameters(), standing_line(project)
    refuse_impossible(project, line, wished, add)
    assessed, species = earlier_oecm(project, line, progress), earlier_gaps(project, progress)
    corridors = linked(project)
    taken = outdated_findings(project, {"delineate": line, "corridors": corridors})
    run = start_run(
        project, "account", parameters=parameters,
        inputs=ground_sources(project) | {name for name in wished if name in project.catalog},
        settings={
            "account": project.account.model_dump(mode="json"),
            "gaps": project.gaps.model_dump(mode="json"),
            "protected": [repr(m) for m in project.must_include.values()],
            "admin": [vars(level) for level in project.admin],
            "runs": {
                name: found.id if found else ""
                for name, found in (("delineate", line), ("oecm", assessed), ("gaps", species),
                                    ("corridors", corridors))
            },
            "outdated": [finding.message for finding in taken],
            "what_if": list(wished), "add": drawn, "language": project.language,
            **scenario_of(project), **kept_state(line),
        },
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            wishes = what_ifs(project, line, assessed, wished, add)
            tell(say("sites"))
            ground = read_ground(project, line, parameters)
            ground = replace(ground, findings=(*taken, *ground.findings))
            _make(project, run, parameters, ground, (assessed, species), wishes, tell)
    return Account(run.results())


def asked_for(project: "Project", parameters: Parameters) -> tables.Asked:
    return tables.Asked(
        float(parameters.share("account.target_share")),
        float(parameters.share("gaps.target_slack")), project.name, str(project.day.year),
    )  # fmt: skip


def _make(
    project: "Project", run: Run, parameters: Parameters, ground: Ground,
    earlier: tuple[RunResults | None, RunResults | None], wishes: dict[str, Any],
    tell: Callable[[str], None],
) -> None:  # fmt: skip
    """Everything between the lock and run.toml, which is written last."""
    asked = asked_for(project, parameters)
    kinds = KINDS if ground.redline is not None else KINDS[:2]
    tell(say("what is held, overlap counted once"))
    found = tables.held(project, ground, ground.every, kinds, asked)
    measures = [*found.measures, *_write_held(run, ground, found, asked)]
    tell(say("the years, and the statement"))
    more, findings = _write_history(project, run, parameters, ground, found, asked)
    measures += more
    tell(say("connections, effectiveness, equity"))
    kept = quality(project, run, parameters, ground, found.main, earlier, asked)
    measures += kept.measures
    tell(say("what if"))
    _write_what_ifs(project, run, ground, asked, (found.measures, kept), wishes)
    write_sites(run, ground, found.main)
    write_layers(run, ground, found.main)
    findings += write_records(project, run, ground)
    sourced = [m if m.sources else replace(m, sources=ground.found.sources) for m in measures]
    findings += [*ground.findings, *kept.findings, *_outside(found)]
    findings += write_cbd(project, run, ground, found.coverage, sourced)
    run.finish(sourced, findings, parameters)


def _write_held(run: Run, ground: Ground, found: tables.Held, asked: tables.Asked) -> list[Measure]:
    """Everything that needs no history; returns the measures that `found` does not have."""
    steps, parts = waterfall(found.main), tables.breakdowns(found.main)
    records = from_records(ground.found.cleaned, ground.region)
    write_table(run, "from_records.csv", records, FROM_RECORDS_COLUMNS)
    write_table(run, "waterfall.csv", steps, WATERFALL_COLUMNS)
    write_table(run, "overlaps.csv", overlaps(ground.sites), OVERLAP_COLUMNS)
    write_table(run, "coverage.csv", found.coverage)
    write_table(run, "breakdown.csv", parts)
    write_table(run, "representation.csv", found.representation)
    write_table(run, "where.csv", found.where)
    write_table(run, "each.csv", found.each)
    write_table(run, "functions.csv", found.functions)
    write_table(run, "attribution.csv", tables.attribution(found.main))
    write_table(run, "attribution_classes.csv", found.classed)
    write_table(run, "types.csv", ground.national)
    return [
        *tables.whole_measures(found.coverage, ground.made, asked),
        *told.breakdown_measures(parts, asked.place, asked.period),
        *told.waterfall_measures(steps, asked.place, asked.period),
        *told.from_records_measures(records, asked.place, asked.period),
    ]


# -- history ---------------------------------------------------------------------------------------


def _write_history(
    project: "Project", run: Run, parameters: Parameters, ground: Ground, found: tables.Held,
    asked: tables.Asked,
) -> tuple[list[Measure], list[Finding]]:  # fmt: skip
    """The time series, the distance to the target, the statement."""
    series, undated = _series(project, parameters, ground)
    write_table(run, "time_series.csv", series, SERIES_COLUMNS)
    goal = book.Goal(
        asked.target, dt.date(int(parameters.number("account.deadline_year")), 12, 31),
        project.day, int(parameters.number("account.past_years")),
    )  # fmt: skip
    far = book.distance(found.coverage, series, goal)
    far = far[far["realm"].isin(_REALMS)]
    write_table(run, "distance.csv", far, book.DISTANCE_COLUMNS)
    statement, findings = _statement(project, run, parameters, ground)
    return [
        *told.series_measures(series, asked.place),
        *_distance_measures(far, asked),
        *_balance_measures(statement, asked),
    ], [*undated, *findings]


def _series(
    project: "Project", parameters: Parameters, ground: Ground
) -> "tuple[DataFrame, list[Finding]]":
    """The time series, and how sites of unknown year are in it."""
    import pandas as pd

    years = years_from(parameters, project.account.seed)
    last = project.day.year
    made = [
        time_series(ground.sites[ground.sites["kind"].isin(c.split("+"))], ground.region, last,
                    years, c)
        for c in COUNTED
    ]  # fmt: skip
    return pd.concat(made, ignore_index=True), year_findings(ground.sites, years)


def opening_day(project: "Project") -> dt.date:
    """The day of the opening balance: ten years before the project's day where none is named."""
    day = project.day
    return project.account.opening or day.replace(year=day.year - 10, day=min(day.day, 28))


def _statement(
    project: "Project", run: Run, parameters: Parameters, ground: Ground
) -> "tuple[DataFrame, list[Finding]]":
    """statement.csv, flows.csv and unbalanced.csv."""
    opened = opening_day(project)
    earlier = opening_sites(project, parameters)
    opening = book.there_by(ground.sites, opened) if earlier is None else earlier
    made = book.statement(opening, ground.sites, ground.region, opened, kinds=KINDS[:2])
    was, now = (tables.site_areas(ground, sites) for sites in (opening, ground.sites))
    off = book.unbalanced(made, was, now)
    write_table(run, "statement.csv", made.table, book.STATEMENT_COLUMNS)
    write_table(run, "flows.csv", made.flows, book.FLOW_COLUMNS)
    write_table(run, "unbalanced.csv", off, book.UNBALANCED_COLUMNS)
    findings = [*made.findings, *_off_findings(off)]
    if earlier is None:
        findings += _unknown_years(ground, opened)
    return made.table, findings


def _off_findings(off: "DataFrame") -> list[Finding]:
    return [
        Finding(
            "account.unbalanced", str(row["site_id"]) or f"{row['realm']}, {row['kind']}",
            Severity.ERROR,
            say("opening balance and flows miss the closing balance by {off} m2",
                off=f"{row['off_m2']:,.3f}"), "the statement",
        )
        for row in off.to_dict("records")
    ]  # fmt: skip


def _unknown_years(ground: Ground, opened: dt.date) -> list[Finding]:
    unknown = ground.sites[ground.sites["year"].isna()]
    if not len(unknown):
        return []
    area = unknown.geometry.union_all().area
    message = say_many(
        "{n} site of {all} has no year, {area} km2: it is in the opening balance of {day}",
        "{n} sites of {all} have no year, {area} km2: they are in the opening balance of {day}",
        len(unknown), all=len(ground.sites), area=f"{area / 1e6:,.0f}", day=opened.isoformat(),
    )  # fmt: skip
    return [
        Finding(
            "account.unknown_years",
            "statement",
            Severity.WARNING,
            message,
            "Tianren: How the account is made",
        )
    ]


def _distance_measures(far: "DataFrame", asked: tables.Asked) -> list[Measure]:
    found = []
    for row in far.to_dict("records"):
        by = (("realm", str(row["realm"])), ("counted", str(row["counted"])))
        for indicator, column, unit in (
            ("account.missing", "gap_m2", "m2"), ("account.pace", "pace_m2", "m2/a"),
            ("account.past_pace", "past_pace_m2", "m2/a"),
        ):  # fmt: skip
            value = float(row[column])
            if abs(value) < float("inf"):  # no pace is enough after the deadline
                found.append(
                    Measure(indicator, asked.place, asked.period, value, unit, by,
                            method="target share of the realm less what is held")
                )  # fmt: skip
    return found


def _balance_measures(statement: "DataFrame", asked: tables.Asked) -> list[Measure]:
    entries = ("opening", *book.FLOWS, "closing")
    return [
        Measure(
            "account.balance", asked.place, asked.period, float(row[f"{entry}_m2"]), "m2",
            (("realm", row["realm"]), ("kind", row["kind"]), ("entry", entry)),
            method="pieces of land by what became of them between two days",
        )
        for row in statement.to_dict("records")
        for entry in entries
    ]  # fmt: skip


# -- what if ---------------------------------------------------------------------------------------


def _write_what_ifs(
    project: "Project", run: Run, ground: Ground, asked: tables.Asked,
    base: tuple[tuple[Measure, ...], Quality], wishes: dict[str, Any],
) -> None:  # fmt: skip
    """whatif.csv: every indicator before and after, what is added counted as an OECM."""
    held, kept = base
    before = tables.values([*held, *kept.movable], COUNTED[1])
    rows: list[dict[str, Any]] = []
    for name, shapes in wishes.items():
        sites = tables.with_added(ground.sites, shapes, name)
        found = tables.held(project, ground, sites, KINDS[:2], asked)
        more = kept.again(sites)
        after = tables.values([*found.measures, *more], COUNTED[1])
        rows += book.moves(name, before, after)
    run.write_rows("whatif.csv", book.MOVE_COLUMNS, rows)


def _outside(found: tables.Held) -> list[Finding]:
    from tianren.accounting.coverage import outside_m2

    area = outside_m2(found.main)
    if area < 1e6:
        return []
    told_ = say(
        "{area} km2 of sites or of the redline lie outside the region: not counted",
        area=f"{area / 1e6:,.0f}",
    )
    return [
        Finding(
            "account.outside", "sites", Severity.NOTE, told_, "Tianren: How the account is made"
        )
    ]
