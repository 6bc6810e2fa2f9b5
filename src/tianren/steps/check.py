"""The step behind `tianren check`: what can be computed, what is missing, what cannot be used."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tianren.delineation.plan import CriterionPlan, Need, parameters_of, plan
from tianren.delineation.recipes import Context
from tianren.errors import UserError
from tianren.findings import Finding, Severity, worst_first
from tianren.io.look import look
from tianren.io.sources import Entry, source_files
from tianren.language import say
from tianren.parameters import Parameters
from tianren.project.project import Project
from tianren.reports.words import criterion as criterion_name
from tianren.reports.words import hazard, severity
from tianren.steps.check_account import account_faults, refused
from tianren.steps.check_sections import Section, sections
from tianren.steps.criteria import available_layers, chosen_methods, planned

_WIDTH = 80
_LARGEST_VECTOR = 100_000_000  # bytes: a check answers within seconds


@dataclass(frozen=True)
class CheckReport:
    """For each function and sensitivity: computed, not applicable here, or missing.

    sections: what the project declares beyond its line, and what it lacks. faults: what
    `delineate` or `account` would refuse, one for each source.
    """

    project: str
    plans: tuple[CriterionPlan, ...]
    findings: tuple[Finding, ...]
    faults: tuple[UserError, ...] = ()
    sections: tuple[Section, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "project": self.project,
            "criteria": [p.as_dict() for p in self.plans],
            "sections": [
                {"section": s.name, "command": f"tianren {s.name}", "lacks": list(s.lacks)}
                for s in self.sections
            ],
            "findings": [f.as_dict() for f in self.findings],
            "faults": [fault.as_dict() for fault in self.faults],
        }

    def text(self) -> str:
        """The statement first, then the table, what is missing, and the next command to type."""
        parts = [textwrap.fill(self._statement(), _WIDTH)]
        parts += ["", *self._table("function"), "", *self._table("sensitivity")]
        needs = self._needs()
        if needs:
            parts += ["", say("Layers that would bring more:"), *map(_need_text, needs)]
        parts += self._choice()
        parts += self._sections()
        parts += self._warnings()
        parts += self._faults()
        can = any(p.status == "computed" for p in self.plans)
        return "\n".join([*parts, "", self._next(can)])

    def _statement(self) -> str:
        computed = sum(p.status == "computed" for p in self.plans)
        missing = sum(p.status == "missing" for p in self.plans)
        return say(
            "{project}: {computed} of {all} functions and sensitivities can be computed, {missing} "
            "lack layers, {rest} do not apply here.",
            project=self.project,
            computed=computed,
            all=len(self.plans),
            missing=missing,
            rest=len(self.plans) - computed - missing,
        )

    def _table(self, kind: str) -> list[str]:
        head = say("Functions") if kind == "function" else say("Sensitivities")
        mine = [p for p in self.plans if p.criterion.kind == kind]
        return [head, *(_row(p) for p in mine)]

    def _needs(self) -> list[Need]:
        wanted = [n for p in self.plans if p.status == "missing" for n in p.needs]
        return list({n.layer: n for n in wanted}.values())

    def _choice(self) -> list[str]:
        """How to choose another method, where one could be chosen."""
        first = next((p for p in self.plans if p.alternatives), None)
        if first is None:
            return []
        example = f'{first.id} = "{first.alternatives[0]}"'
        text = say("Choose in project.toml, under [delineation.methods]: {line}", line=example)
        return ["", textwrap.fill(text, _WIDTH)]

    def _sections(self) -> list[str]:
        """What else the project declares: ready, or what it still lacks."""
        if not self.sections:
            return []
        head = say("Also in project.toml:")
        return ["", head, *(line for section in self.sections for line in _section(section))]

    def _warnings(self) -> list[str]:
        """Warnings and worse; notes are only counted, the run keeps them."""
        notes = sum(f.severity == Severity.NOTE for f in self.findings)
        grave = [_finding_text(f) for f in self.findings if f.severity != Severity.NOTE]
        head = ["", say("Findings:")] if self.findings else []
        more = [say("  and {count} notes: tianren check --json", count=notes)] if notes else []
        return [*head, *grave, *more]

    def _faults(self) -> list[str]:
        """Every fault at once, each with its next step."""
        if not self.faults:
            return []
        head = say("Cannot be used as they are ({n}):", n=len(self.faults))
        return ["", head, *(f"  {fault.message(say)}" for fault in self.faults)]

    def _next(self, can: bool) -> str:
        if self.faults:
            return say("Next: put these right, then tianren check")
        if can:
            return say("Next: tianren delineate")
        return say("Next: add one of the layers above to catalog.toml, then tianren check")


def check(project: Project) -> CheckReport:
    """What can be computed in a project, what is missing for the rest, what cannot be used.

    Every source that the plan or project.toml uses is opened and looked at; what `delineate` would
    refuse is told, all at once, and so is what `account` would refuse of those of [account]. Raises
    UserError only where nothing can be planned at all.
    """
    parameters = project.parameters()
    faults = dict(_faults(project, parameters))
    broken = {project.entry(name).layer for name in faults}
    plans, findings = planned(project, parameters, unreadable=broken)
    more = _legend_faults(project, plans, parameters)
    kept = account_faults(project)
    found = [*project.findings, *findings, *(f for p in plans for f in p.findings)]
    return CheckReport(
        project.name, plans, tuple(worst_first(found)),
        tuple(_each_once([*faults.values(), *more, *kept])),
        sections(project, parameters, ill_account=bool(kept)),
    )  # fmt: skip


def _each_once(faults: Iterable[UserError]) -> Iterable[UserError]:
    """One that the line and the account tell in the same words is told once."""
    return {(fault.what, fault.where): fault for fault in faults}.values()


def _legend_faults(
    project: Project, plans: tuple[CriterionPlan, ...], parameters: Parameters
) -> list[UserError]:
    """Legends are looked up now: what check promises, delineate must not refuse."""
    return refused(lambda: parameters_of(plans, Context(parameters, available_layers(project))))


def _faults(project: Project, parameters: Parameters) -> Iterator[tuple[str, UserError]]:
    """Source -> why it cannot be used, for those that cannot."""
    for name in _used(project, parameters):
        for fault in refused(partial(_look, project, project.entry(name))):
            yield name, fault


def _used(project: Project, parameters: Parameters) -> list[str]:
    """The sources that a delineation reads, each once."""
    available = available_layers(project)
    plans = plan(available, parameters, methods=chosen_methods(project))
    inputs = [n for p in plans for n in p.inputs]
    inputs += [n for p in plans for r in p.mask_recipes for n in r.needs if n in available]
    names = [available[n].source for n in inputs]
    names += [m.source for m in project.must_include.values()]
    names += [c.source for c in project.conflicts] + [level.source for level in project.admin]
    names += [project.scope, *(str(project.delineation.get(k, "")) for k in _OF_DELINEATION)]
    return [name for name in dict.fromkeys(names) if name in project.catalog]


_OF_DELINEATION = ("corridors", "landscapes")  # sources that the table [delineation] names


def _look(project: Project, entry: Entry) -> None:
    if entry.is_raster:
        if entry.sha256:
            project.digest(entry.name)
        look(entry, project.grid)
    elif sum(_size(path) for path in source_files(entry)) <= _LARGEST_VECTOR:
        project.vector(entry.name)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _section(section: Section) -> list[str]:
    head = f"  [{section.name}]"
    if not section.lacks:
        return [f"{head:<15}{say('ready')}: tianren {section.name}"]
    return [f"{head:<15}tianren {section.name}",
            *(_hung("    - ", lack, 6) for lack in section.lacks)]  # fmt: skip


def _row(made: CriterionPlan) -> str:
    words = {
        "computed": say("computed"),
        "missing": say("missing"),
        "not_applicable": say("not here"),
    }
    lacking = ", ".join(need.layer for need in made.needs)
    text = {"computed": _method_text(made), "missing": lacking}.get(made.status, made.reason)
    if made.status == "not_applicable" and lacking:
        text += say("; {layers} missing too", layers=lacking)
    is_function = made.criterion.kind == "function"
    name = criterion_name(made.id) if is_function else hazard(made.id).capitalize()
    head = f"  {name:<27} {words[made.status]:<9} "
    return _hung(head, text)


def _method_text(made: CriterionPlan) -> str:
    """The method with its short name, and the others that project.toml could choose instead."""
    others = ", ".join(made.alternatives)
    also = "; " + say("could be {others}", others=others) if others else ""
    return f"{say(made.method)} ({made.name}){also}"


def _need_text(need: Need) -> str:
    bands = say(", {bands} bands", bands=need.bands) if need.bands > 1 else ""
    unit = "" if need.unit == "1" else f" [{need.unit}]"
    return _hung(f"  {need.layer}{unit}{bands}: ", f"{need.name}; {need.where_from}", 4)


def _finding_text(finding: Finding) -> str:
    return _hung(
        f"  {severity(finding.severity).lower()}: ", f"{finding.subject}: {finding.message}", 4
    )


def _hung(head: str, text: str, indent: int = 0) -> str:
    """A head and its text, wrapped under the text (or at an indent)."""
    rest = " " * (indent or len(head))
    return textwrap.fill(text, _WIDTH, initial_indent=head, subsequent_indent=rest) or head
