"""The step behind `tianren check-project`: is this activity allowed here, and where instead?"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.language import say
from tianren.language.folding import fold, padded
from tianren.management import placement
from tianren.management.activities import judge
from tianren.management.facts import Value, facts_from_text
from tianren.management.placement import Placement, searches
from tianren.management.register import OECM, PROTECTED, REDLINE, UNIT
from tianren.management.rulebook import Answer, Rulebook
from tianren.management.told_and_drawn import held_together
from tianren.management.verdict import Verdict
from tianren.project.journal.home import project_journal
from tianren.project.journal.journal import Journal, Reader
from tianren.reports import numerals, words
from tianren.steps.elsewhere_ground import Ground, Window
from tianren.steps.footprint import Footprint, outside_finding, plane_wkt, read_footprint
from tianren.steps.register_fold import require_plane
from tianren.steps.rulebooks import project_rulebook
from tianren.steps.touched import (
    LEAST_M2,
    STRICTEST,
    Affected,
    Land,
    Loss,
    Touched,
    area_of_country,
    near,
    placed,
    require_inside,
    require_smaller,
    touch,
)

if TYPE_CHECKING:
    from tianren.project.project import Project

KINDS = (REDLINE, PROTECTED, OECM, UNIT)


@dataclass(frozen=True)
class Elsewhere:
    """A place where the same footprint touches less, and the answer there."""

    place: Placement
    verdict: Verdict


@dataclass(frozen=True)
class Checked:
    """The answer of `tianren check-project`."""

    footprint: Footprint
    touched: Touched
    verdict: Verdict
    losses: tuple[Loss, ...]
    species: tuple[Affected, ...]
    elsewhere: tuple[Elsewhere, ...]
    looked: bool  # whether other places were looked for
    facts: Mapping[str, Value]
    findings: tuple[Finding, ...]
    wkt: str

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.verdict.as_dict(),
            "area_m2": self.footprint.area,
            "width_m": self.facts["width_m"],
            "place": self.touched.place,
            "touched": {
                "classes_m2": dict(self.touched.classes),
                "zones": [
                    {"code": h.zone.code, "name": h.zone.name, "kind": h.zone.kind,
                     "level": h.zone.level, "area_m2": h.area,
                     "dominant": str(h.zone.attributes.get("dominant", ""))}
                    for h in self.touched.held
                ],
                "units": [
                    {"place": h.zone.place, "name": h.zone.name, "area_m2": h.area,
                     "level": str(h.zone.attributes.get("level", ""))}
                    for h in self.touched.units
                ],
                "functions": [asdict(loss) for loss in self.losses],
                "species": [asdict(one) for one in self.species],
            },
            "elsewhere": [self._elsewhere(e) for e in self.elsewhere],
            "findings": [f.as_dict() for f in self.findings],
        }  # fmt: skip

    def _elsewhere(self, other: Elsewhere) -> dict[str, Any]:
        lon, lat = self._degrees(other.place.shape)
        return {
            "distance_m": other.place.distance, "turn_degrees": other.place.turn,
            "longitude": lon, "latitude": lat, "touched_m2": dict(other.place.touched),
            "answer": other.verdict.answer.value,
        }  # fmt: skip

    def _degrees(self, shape: Any) -> tuple[float, float]:
        from tianren.geo.moves import move_between

        move = move_between(self.wkt, "OGC:CRS84")
        point = shape.centroid
        lon, lat = move.transform(point.x, point.y)
        return float(lon), float(lat)

    def text(self) -> str:
        """What bears on the answer, the verdict, what is touched, where else it could be, what to
        type next."""
        lines = [*self._remarks(), self.verdict.text(), *self._asks(), "", *self._touches()]
        lines += [*self._species(), *self._places()]
        return "\n".join(lines)

    def _remarks(self) -> list[str]:
        """Whoever reads the answer alone must know first of what land it is not the answer."""
        if not self.findings:
            return []
        return [*(fold(f.message, first="! ", rest="  ") for f in self.findings), ""]

    def _asks(self) -> list[str]:
        """How to tell what is missing."""
        if not self.verdict.missing:
            return []
        options = " ".join(f"--{m.kind} {m.id}=..." for m in self.verdict.missing)
        return ["", say("Ask again with what is known: {options}", options=options)]

    def _touches(self) -> list[str]:
        area = self.footprint.area
        head = say("The footprint: {area} ha, {place}", area=_ha(area), place=self._where())
        lines = [head]
        lines += [
            f"  {h.zone.code:<16} {_ha(h.area):>12} {say('ha')}  {h.zone.name}"
            for h in self.touched.held[:8]
        ]
        more = len(self.touched.held) - 8
        if more > 0:
            lines.append(say("  ... and {n} more zones (--json)", n=more))
        return [*lines, *self._holds()]

    def _holds(self) -> list[str]:
        """What the land holds of each function, where some of it is kept: elsewhere nobody asks."""
        told = [loss for loss in self.losses if loss.amount or loss.extreme_m2]
        kept = sum(self.touched.classes[name] for name in STRICTEST)
        if not told or kept < LEAST_M2:
            return []
        rest = self.footprint.area - kept
        head = say("It holds, of the country's total:")
        if rest >= LEAST_M2:
            head = say("All of it, also the {ha} ha that are neither in the line nor protected, "
                       "holds of the country's total:", ha=_ha(rest))  # fmt: skip
        return [head, *(f"  {padded(words.criterion(x.function), 32)} {_share(x)}" for x in told)]

    def _where(self) -> str:
        """The finest division that holds most of it and the coarsest that this one lies in; where
        it lies in several of the coarsest, for each."""
        return placed([[*names[:1], *names[-1:]] for names in self.touched.chains])

    def _species(self) -> list[str]:
        if not self.species:
            return []
        first = ", ".join(f"{s.species} ({numerals.percent(s.percent)})" for s in self.species[:3])
        return [say("Ranges of {n} species are met, by share of their range: {first}",
                    n=len(self.species), first=first)]  # fmt: skip

    def _places(self) -> list[str]:
        if not self.looked:
            return []
        if not self.elsewhere:
            return [say("No place within reach was found where it would touch less.")]
        lines = ["", say("The same footprint would touch less (whether the land is free is for you "
                         "to see):")]  # fmt: skip
        for other in self.elsewhere:
            lon, lat = self._degrees(other.place.shape)
            turn = say(", turned by {n}°", n=other.place.turn) if other.place.turn else ""
            lines.append(
                say("  {km} km away at {lon}, {lat}{turn}: touches {ha} ha; {answer}",
                    km=f"{other.place.distance / 1000:,.2f}", lon=f"{lon:.4f}", lat=f"{lat:.4f}",
                    turn=turn, ha=_ha(other.place.total), answer=_answer(other.verdict.answer))
            )  # fmt: skip
        return lines


def _ha(area: float) -> str:
    hectares = area / 1e4
    return f"{hectares:,.1f}" if hectares >= 1 else f"{hectares:.3f}"


def _share(loss: Loss) -> str:
    shown = "" if loss.percent is None else f"{numerals.percent(loss.percent):>11}"
    if not loss.extreme_m2:
        return shown
    return f"{shown}  {say('{ha} ha extremely important', ha=_ha(loss.extreme_m2))}"


def _answer(answer: Answer) -> str:
    from tianren.management.verdict_text import answer_name

    return answer_name(answer)


class ProjectChecker:
    """The desk of an approvals officer: the register and the run of the line stay open, so that the
    second question is answered at once."""

    def __init__(self, project: "Project", day: dt.date | None = None) -> None:
        self.project = project
        self.day = day or dt.date.today()
        self.journal: Journal = project_journal(project)
        self._reading = self.journal.reading()
        self.reader: Reader = self._reading.__enter__()
        require_plane(project, self.reader)

    def close(self) -> None:
        self._reading.__exit__(None, None, None)
        self.journal.close()

    @cached_property
    def rulebook(self) -> Rulebook:
        return project_rulebook(self.project, self.day)

    @cached_property
    def lands(self) -> dict[str, Land]:
        return {}

    def check(
        self, footprint: Footprint, activity: str, *, facts: Mapping[str, Value] | None = None,
        documents: Mapping[str, str] | None = None, alternatives: bool = True,
    ) -> Checked:  # fmt: skip
        """Whether an activity may be done on a footprint, and what it touches."""
        self._require_rules_and_line()
        require_smaller(footprint.shape, self._country_m2)
        around = near(self.reader, footprint.shape.bounds, self.day, *KINDS)
        touched = touch(footprint.shape, around)
        require_inside(touched, footprint.shape, self.reader, self.day)
        land = self._land(touched)
        drawn = self._facts(footprint, touched)
        beside = held_together(facts or {}, drawn)
        given = {**drawn, **(facts or {})}
        verdict = self._judge(activity, touched.zone_classes, given, documents or {})
        beyond = outside_finding(footprint.area, touched.inside)
        looked = alternatives and any(touched.classes[name] > 0 for name in STRICTEST)
        return Checked(
            footprint, touched, verdict, tuple(land.losses(footprint.shape)),
            tuple(land.affected(footprint.shape)),
            tuple(self._elsewhere(footprint, touched, activity, given, documents or {}))
            if looked else (),
            looked, given,
            (*footprint.findings, *([beyond] if beyond else []), *beside, *land.findings),
            plane_wkt(self.project),
        )  # fmt: skip

    def _require_rules_and_line(self) -> None:
        """Refuse to answer for a day on which there were no rules, or no line was kept: all land
        would be outside."""
        if self.rulebook and not self.reader.any_by(f"zone/{REDLINE}/", self.day):
            raise UserError(
                say("no line is kept on {day}", day=self.day), where="journal",
                next_step=say("enter it (tianren register adopt), or ask for a day from which it "
                              "is in force: --day"),
            )  # fmt: skip

    def _judge(
        self, activity: str, classes: Sequence[str], facts: Mapping[str, Value],
        documents: Mapping[str, str],
    ) -> Verdict:  # fmt: skip
        return judge(self.rulebook, activity, classes, facts, documents, self.day,
                     self.project.parameters())  # fmt: skip

    def _facts(self, footprint: Footprint, touched: Touched) -> dict[str, Value]:
        """What the footprint itself tells."""
        realms = {str(h.zone.attributes.get("realm", "")) for h in touched.held}
        return {"area_m2": footprint.area, "width_m": footprint.width, "at_sea": "sea" in realms}

    def _land(self, touched: Touched) -> Land:
        """The run that drew the pieces touched; that of any piece where none is touched."""
        runs = [str(h.zone.attributes.get("run", "")) for h in touched.held
                if h.zone.kind == REDLINE]  # fmt: skip
        wanted = runs[0] if runs else self._any_run
        if wanted not in self.lands:
            self.lands[wanted] = Land.of(self.project, wanted)
        return self.lands[wanted]

    @cached_property
    def _country_m2(self) -> float:
        return area_of_country(self.reader, self.day)

    @cached_property
    def _any_run(self) -> str:
        records = self.reader.records(kind="zone.entered")
        found = (str(r.body["attributes"].get("run", "")) for r in records
                 if r.body["kind"] == REDLINE)  # fmt: skip
        return next((run for run in found if run), "")

    # -- elsewhere ---------------------------------------------------------------------------------

    def _elsewhere(
        self, footprint: Footprint, touched: Touched, activity: str, facts: Mapping[str, Value],
        documents: Mapping[str, str],
    ) -> list[Elsewhere]:  # fmt: skip
        """The nearest places of the same footprint that touch less, each with its answer."""
        found: list[Placement] = []
        for search in searches(footprint.shape):
            found = found or self._places(footprint, touched, search)
        answers = []
        for place in found:
            classes = [n for n, area in place.touched.items() if area > 0] or ["outside"]
            answers.append(Elsewhere(place, self._judge(activity, classes, facts, documents)))
        return answers

    def _places(
        self, footprint: Footprint, touched: Touched, search: placement.Search
    ) -> list[Placement]:
        window = Window.of(footprint.shape, search)
        around = near(self.reader, window.bounds, self.day, REDLINE, PROTECTED, UNIT)
        ground = Ground.of(around, window)
        return placement.alternatives(
            footprint.shape, {n: touched.classes[n] for n in STRICTEST}, search, ground.masks,
            window.prints(footprint.shape), ground.measure, STRICTEST,
        )  # fmt: skip


def check_project(
    project: "Project", path: Path, activity: str, *, day: dt.date | None = None,
    facts: Mapping[str, str] | None = None, documents: Mapping[str, str] | None = None,
    width: float | None = None, alternatives: bool = True,
) -> Checked:  # fmt: skip
    """One question, from a file. facts: as typed."""
    told = facts_from_text(facts or {})
    footprint = read_footprint(project, path, width)
    checker = ProjectChecker(project, day)
    try:
        return checker.check(footprint, activity, facts=told, documents=documents,
                             alternatives=alternatives)  # fmt: skip
    finally:
        checker.close()


def require_question(footprint: Path | None, activity: str) -> None:
    """Refuse a question without its footprint or its activity."""
    _require_footprint(footprint, activity)
    require_activity(activity)


def _require_footprint(footprint: Path | None, activity: str) -> None:
    if footprint is not None:
        return
    example = f"tianren check-project road.gpkg --activity {activity or 'CODE'}"
    raise UserError(
        say("no footprint is given"), where="FOOTPRINT",
        next_step=say("give the file of the land that is used: {example}; or list the activities: "
                      "tianren check-project --list", example=example),
    )  # fmt: skip


def require_activity(activity: str) -> None:
    """Refuse a question without an activity."""
    if not activity:
        raise UserError(
            say("no activity is named"), where="--activity",
            next_step=say("name one of the rulebook: tianren check-project --list"),
        )  # fmt: skip
