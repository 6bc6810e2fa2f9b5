"""The step behind `tianren oecm`: which sites qualify, what is missing, and what they would add."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tianren.accounting.classes import TYPE_COLUMNS
from tianren.accounting.oecm import (
    OUTCOMES,
    Assessment,
    Given,
    assess_all,
    criteria,
    oecm_measures,
    read_answers,
    recorded_but_failing,
    unverified_criteria,
)
from tianren.accounting.oecm_queue import QUEUE_COLUMNS, gained, queue
from tianren.accounting.overlaps import held_of_each
from tianren.accounting.redline import PIECE_COLUMNS as CLASS_COLUMNS
from tianren.accounting.redline import class_measures
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.vectors import write_vector
from tianren.language import say, say_many, set_language
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.steps.delineate import scenario_of
from tianren.steps.finding_counts import findings_line
from tianren.steps.kept_line import kept_state, standing_line
from tianren.steps.oecm_sites import (
    RECORDED,
    Places,
    read_places,
    values,
    write_standing,
)
from tianren.steps.progress import Progress, silent
from tianren.steps.sites import site_sources

if TYPE_CHECKING:
    from pandas import DataFrame

    from tianren.project.project import Project

SITE_COLUMNS = (
    "site", "name", "origin", "type", "conservation", "outcome", "step", "failed", "missing",
    *(c.id for c in criteria()), "with_evidence", "date", "assessors", "area_m2",
    "protected_percent",
)  # fmt: skip
ANSWER_COLUMNS = ("site", "criterion", "answer", "evidence", "consent", "date", "assessor", "row")
SHOWN = 10


@dataclass(frozen=True)
class Oecm:
    """The answer of `tianren oecm`. by: "area" or "value", the order in which the queue is told."""

    run: RunResults
    by: str = "area"

    def as_dict(self) -> dict[str, Any]:
        """Plain values: outcomes, m2 of the redline by class, the queue."""
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "sites": self._by("account.oecm_sites"),
            "gained_m2": self._by("account.oecm_area"),
            "redline_m2": self._by("account.redline_area"),
            "queue": self._queue(),
            "unknown_types": [r["designation"] for r in self.run.rows("types.csv")
                              if not r["type"]],
            "findings": self.run.findings,
        }  # fmt: skip

    def text(self) -> str:
        """The outcomes, the redline by class, the head of the queue."""
        sites, area = self._by("account.oecm_sites"), self._by("account.oecm_area")
        lines = [
            say_many(
                "OECM assessment: {n} site", "OECM assessment: {n} sites", int(sum(sites.values()))
            )
        ]
        lines += [
            f"  {say(outcome):<12}{sites[outcome]:>6.0f}{area[outcome] / 1e6:>14,.1f} km2"
            for outcome in OUTCOMES
        ]
        redline = self._by("account.redline_area")
        if redline:
            lines += ["", say("The redline by what it counts as:")]
            lines += [f"  {say(name):<30}{redline[c] / 1e6:>14,.1f} km2"
                      for c, name in CLASS_NAMES.items()]  # fmt: skip
        lines += self._queue_lines()
        grave = [f for f in self.run.findings if f["severity"] != Severity.NOTE.value]
        lines += ["", *(f"  {f['subject']}: {f['message']}" for f in grave)] if grave else []
        lines += ["", findings_line(self.run.findings)]
        return "\n".join([*lines, f"{say('Results')}: {self.run.folder}"])

    def _queue_lines(self) -> list[str]:
        rows = self._queue()
        head = say("Next in the queue, by land gained:") if self.by == "area" else say(
            "Next in the queue, by ecological value:"
        )  # fmt: skip
        lines = ["", head] if rows else []
        lines += [
            f"  {row['name'] or row['site']:<36.36}{float(row['gain_m2']) / 1e6:>12,.2f} km2  "
            f"{_value(row['value']):>5}  {row['missing'][:60]}".rstrip()
            for row in rows[:SHOWN]
        ]
        more = len(rows) - SHOWN
        return [*lines, say("  and {n} more", n=more)] if more > 0 else lines

    def _queue(self) -> list[dict[str, str]]:
        rows = self.run.rows("queue.csv")
        return rows if self.by == "area" else sorted(rows, key=lambda r: int(r["rank_by_value"]))

    def _by(self, indicator: str) -> dict[str, float]:
        return {r["by"].split("=")[1]: float(r["value"]) for r in self.run.measures
                if r["indicator"] == indicator}  # fmt: skip


CLASS_NAMES = {
    "protected_area": "protected area",
    "oecm": "recorded OECM",
    "potential_oecm": "potential OECM",
    "neither": "neither",
}


def _value(text: str) -> str:
    return f"{float(text):.2f}" if text else ""


def oecm(project: "Project", *, by: str = "area", progress: Progress = None) -> Oecm:
    """Assess the sites of [account] oecm, class the redline, and order what could be added.

    The latest redline is taken as it is, where there is one. Raises UserError where there is
    nothing to assess, and for answers that cannot be used, with their row.
    """
    if by not in ("area", "value"):
        raise UserError(
            f"the queue has no order called {by}", where="--by", next_step="use area or value"
        )
    tell = progress or silent
    parameters, line = project.parameters(), standing_line(project)
    run = start_run(
        project, "oecm", inputs=_sources(project), parameters=parameters,
        settings={
            "account": project.account.model_dump(mode="json"),
            "protected": [repr(m) for m in project.must_include.values()
                          if m.kind == "protected_area"],
            "key_areas": project.gaps.key_areas, "line": line.id if line else "",
            "language": project.language, **scenario_of(project),
            **kept_state(line),
        },
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            tell(say("sites and their types"))
            places = read_places(project, line, parameters)
            _assess(project, run, parameters, places, line, tell)
    return Oecm(run.results(), by)


def _sources(project: "Project") -> list[str]:
    own = project.account
    named = [
        project.region_source, project.sea_source, own.crosswalk, own.oecm, own.candidates,
        project.gaps.key_areas, *site_sources(project),
    ]  # fmt: skip
    return [name for name in dict.fromkeys(named) if name]


def _assess(
    project: "Project", run: Run, parameters: Parameters, places: Places,
    line: RunResults | None, tell: Callable[[str], None],
) -> None:  # fmt: skip
    """Everything between the lock and run.toml, which is written last."""
    given, findings = _answers(project, places)
    tell(say("what is counted already"))
    total, held = held_of_each(places.shapes, [places.counted_shapes("PA")])
    sites = list(places.every["site"])
    shares = {s: h / t if t > 0 else 0.0 for s, t, h in zip(sites, total, held[:, 0], strict=True)}
    limit = float(parameters.share("oecm.protected_share"))
    types = dict(zip(sites, places.every["type"], strict=True))
    made, told = assess_all(given, places.crosswalk, shares, limit, types)
    found = {a.site: a for a in made}
    recorded = [s for s, o in zip(sites, places.every["origin"], strict=True) if o == RECORDED]
    findings += [*places.findings, *told, *recorded_but_failing(made, recorded)]
    tell(say("what would be gained"))
    worth = values(project, places, line)
    findings += unverified_criteria() if made else []
    findings += [] if worth["value"].notna().any() else [_no_value()]
    _write(run, places, made, worth, dict(zip(sites, total, strict=True)), shares)
    write_standing(project, run, places, {a.site: a.outcome for a in made})
    areas = gained(places.every, found, places.counted_shapes())
    measures = oecm_measures(made, areas, project.name, str(project.day.year))
    if places.classes is not None:
        measures += class_measures(places.classes, project.name, str(project.day.year))
    run.finish(measures, findings, parameters)


def _no_value() -> Finding:
    message = say(
        "nothing says what the sites are worth: draw the line, or name [gaps] key_areas; the queue "
        "is by area alone"
    )
    return Finding("oecm.no_value", "queue.csv", Severity.NOTE, message)


def _answers(project: "Project", places: Places) -> tuple[list[Given], list[Finding]]:
    source = project.account.oecm
    if not source:
        return [], []
    table, findings = project.table(source)
    where = project.entry(source).where
    given, more = read_answers(table, places.names, project.day, where)
    return given, [*findings, *more]


def _write(
    run: Run, places: Places, made: list[Assessment], worth: "DataFrame",
    areas: Mapping[str, float], shares: Mapping[str, float],
) -> None:  # fmt: skip
    """oecm.csv, answers.csv, queue.csv, classes.csv, types.csv and oecm.gpkg."""
    found = {a.site: a for a in made}
    about = places.every.set_index("site")
    run.write_rows("oecm.csv", SITE_COLUMNS, (_site_row(a, about, areas, shares) for a in made))
    run.write_rows("answers.csv", ANSWER_COLUMNS, (_answer_row(g) for a in made for g in a.answers))
    waiting = places.every[
        places.every["potential"]
        | (places.every["site"].isin(list(found)) & (places.every["origin"] != RECORDED))
    ]
    table = queue(
        waiting,
        found,
        places.counted_shapes(),
        dict(zip(places.every["site"], worth["value"], strict=True)),
    )
    run.write_rows("queue.csv", QUEUE_COLUMNS, _plain(table))
    if places.classes is not None:
        run.write_rows("classes.csv", CLASS_COLUMNS, _plain(places.classes))
    run.write_rows("types.csv", TYPE_COLUMNS, _plain(places.types))
    layer = places.every.drop(columns="potential").copy()
    layer["outcome"] = [found[s].outcome if s in found else "" for s in layer["site"]]
    layer["step"] = [found[s].step if s in found else "" for s in layer["site"]]
    layer["value"] = worth["value"].to_numpy()
    write_vector(run.path("oecm.gpkg"), layer, "oecm")


def _plain(table: "DataFrame") -> list[dict[str, Any]]:
    """Rows for a CSV file; what is not known is empty."""
    return [
        {str(k): "" if isinstance(v, float) and v != v else v for k, v in row.items()}
        for row in table.to_dict("records")
    ]


def _site_row(
    found: Assessment, about: "DataFrame", areas: Mapping[str, float], shares: Mapping[str, float]
) -> dict[str, Any]:
    place = about.loc[found.site]
    answers = {c.id: "" for c in criteria()} | {g.criterion: g.answer for g in found.answers}
    return {
        "site": found.site,
        "name": place["name"],
        "origin": place["origin"],
        "type": found.type,
        "conservation": found.conservation,
        "outcome": found.outcome,
        "step": found.step,
        "failed": "; ".join(found.failed),
        "missing": found.missing_text(),
        **answers,
        "with_evidence": sum(bool(g.evidence) for g in found.answers),
        "date": found.day or "",
        "assessors": "; ".join(found.assessors),
        "area_m2": float(areas[found.site]),
        "protected_percent": 100 * float(shares[found.site]),
    }


def _answer_row(given: Given) -> dict[str, Any]:
    values = {column: getattr(given, column) for column in ANSWER_COLUMNS if column != "date"}
    return {**values, "date": given.day or ""}
