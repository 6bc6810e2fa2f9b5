"""The steps behind `tianren supervise sample` and `results`: random checks in the field."""

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.io.sources import Entry
from tianren.io.tables import read_table
from tianren.language import say
from tianren.management.register import Zone
from tianren.management.sampling_plan import (
    FIELD_COLUMNS,
    POINTS,
    Design,
    Plan,
    Site,
    field_rows,
    plan,
    usual_design,
)
from tianren.management.sampling_results import estimates, read_back, violations
from tianren.project.digests import write_whole
from tianren.project.journal.home import depth_of, project_journal
from tianren.steps.register_fold import ZONES, shapes_of
from tianren.steps.told import Told

if TYPE_CHECKING:
    from tianren.project.project import Project


def sample(
    project: "Project", *, seed: int, kind: str = "redline", place: str = "", draw: str = "zones",
    visits: int | None = None, rate: float | None = None, confidence: float | None = None,
    by: Sequence[str] = (), level: str = "", to: Path | None = None, day: dt.date | None = None,
) -> Told:  # fmt: skip
    """A plan of random checks, the table for inspectors, and how likely it sees a violation."""
    usual = usual_design(project.parameters(), seed)
    design = Design(
        rate if rate is not None else usual.rate,
        confidence if confidence is not None else usual.confidence,
        seed, tuple(by), depth_of(project, level) if level else usual.unit_level, draw,
        visits=visits,
    )  # fmt: skip
    on = day or dt.date.today()
    sites, head = _sites(project, kind, place, on, draw == POINTS)
    found = plan(sites, design)
    path = to or project.folder / "exports" / f"checks-{on.isoformat()}-{seed}.csv"
    _write(found, path, {"kind": kind, "place": place, "day": on.isoformat(), "known": head})
    lines = [
        say("{n} visits of {all} zones; a violation rate of {rate} % is seen with {power} %.",
            n=len(found.visits), all=len(sites), rate=f"{100 * float(design.rate):g}",
            power=f"{100 * found.power:.1f}"),
        *(f"  {s.id:<40} {s.visits:>5} / {len(s.sites)}" for s in found.strata),
        "",
        say("For the field: {path}", path=path),
        say("Fill in visited_on and result (violation or none), then: tianren supervise results "
            "{path}", path=path),
        *(f.message for f in found.findings),
    ]  # fmt: skip
    table = {"visits": len(found.visits), "power": found.power, "file": str(path),
             "strata": [{"id": s.id, "zones": len(s.sites), "visits": s.visits}
                        for s in found.strata]}  # fmt: skip
    return Told(lines, table)


def _sites(
    project: "Project", kind: str, place: str, day: dt.date, shapes: bool, known: int | None = None
) -> tuple[list[Site], int]:
    """The zones of a kind in a place as sites, and up to which record that is known."""
    journal = project_journal(project)
    with journal.reading() as reader:
        head = known or reader.head().number
        states = reader.states(ZONES, place=place, day=day, known=head)
        zones = [z for z in states.values() if z.kind == kind and z.stands]
        outlines = shapes_of(reader, zones) if shapes else {}
    journal.close()
    if not zones:
        raise UserError(
            say("there is no {kind} to be checked in {place}", kind=kind,
                place=place or say("the whole country")),
            where="register", next_step=say("list what there is: tianren register show"),
        )  # fmt: skip
    return [_site(z, outlines) for z in zones], head


def _site(zone: Zone, outlines: Mapping[str, Any]) -> Site:
    return Site(zone.subject, zone.place, str(zone.level), zone.kind, float(zone.area_m2),
                outlines.get(zone.subject))  # fmt: skip


def _write(found: Plan, path: Path, about: Mapping[str, Any]) -> None:
    """The table, and beside it what the plan was made from, so that it can be made again."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, FIELD_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(field_rows(found))
    write_whole(path, stream.getvalue())
    design = {**asdict(found.design), "rate": str(found.design.rate),
              "confidence": str(found.design.confidence)}  # fmt: skip
    text = json.dumps({**about, "design": design}, indent=1, sort_keys=True)
    write_whole(path.with_suffix(".json"), text + "\n")


def results(project: "Project", path: Path, *, day: dt.date | None = None) -> Told:
    """What a table that came back says, with exact intervals."""
    on = day or dt.date.today()
    found = _made_again(project, path)
    entry = Entry.brought(path, "table")
    rows, _ = read_table(entry)
    table = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
    back = read_back(found, table, str(path), on)
    measures, findings = estimates(found, back, project.name, str(on.year))
    bad = violations(back)
    lines = [
        say("{n} of {all} visits have a result, {bad} saw a violation.", n=len(back),
            all=len(found.visits), bad=len(bad)),
        *(f"  {m.indicator:<34} {m.by_text:<28} {m.value:.4g} {m.unit}"
          f"{_range(m.low, m.high)}" for m in measures),
        *(f.message for f in findings),
    ]  # fmt: skip
    lines += [say("Report each as a clue: tianren supervise report patrol --zone {zone}",
                  zone=r.visit.site.id) for r in bad[:5]]  # fmt: skip
    return Told(lines, {"measures": [m.row() for m in measures],
                        "violations": [r.visit.site.id for r in bad],
                        "findings": [f.as_dict() for f in findings]})  # fmt: skip


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"  [{low:.4g}, {high:.4g}]"


def _made_again(project: "Project", path: Path) -> Plan:
    """The plan of a table, from what stands beside it: the same draw from the same register."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        raise UserError(
            say("the plan of the sample is not beside the table"), where=str(beside),
            next_step=say("keep the .json that tianren supervise sample wrote beside the table"),
        )  # fmt: skip
    try:
        table = json.loads(beside.read_text(encoding="utf-8"))
        design = {**table["design"], "by": tuple(table["design"]["by"])}
        design |= {k: float(_number(design[k])) for k in ("rate", "confidence")}
    except (OSError, ValueError, KeyError) as fault:
        raise UserError(
            say("the plan beside the table cannot be read: {why}", why=fault), where=str(beside),
            next_step=say("keep the .json that tianren supervise sample wrote beside the table"),
        ) from fault  # fmt: skip
    day = dt.date.fromisoformat(table["day"])
    sites, _ = _sites(project, table["kind"], table["place"], day, design["draw"] == POINTS,
                      int(table["known"]))  # fmt: skip
    return plan(sites, Design(**design))


def _number(text: str) -> float:
    from fractions import Fraction

    return float(Fraction(text))
