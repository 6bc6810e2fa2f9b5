"""How the line changes: proposals, their test, the answer across the border, the decision."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.acting import As, CaseName, Day, Ground, Looks, Reason
from tianren.cli.frame import Folder, Json, Language, give, group, open_project_at, speak
from tianren.cli.values import day_of
from tianren.errors import UserError

adjust = group("adjust", "How the line changes: proposals, the three-no test, approval.")

Document = Annotated[str, typer.Option(help="Where the document is: a file number or a path.")]


@adjust.command(short_help="Propose land that leaves the line or comes in.")
def propose(
    as_: As,
    ground: Ground,
    document: Document,
    remove: Annotated[
        list[Path] | None, typer.Option(help="A file of polygons that leave; again for more.")
    ] = None,
    add: Annotated[
        list[Path] | None, typer.Option(help="A file of polygons that come in; again for more.")
    ] = None,
    cause: Annotated[
        str, typer.Option(help="Why: major_project, mapping_error ...; see tianren adjust causes.")
    ] = "",
    reason: Reason = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren adjust propose --remove road.gpkg --cause major_project --add forest.gpkg
    --as li.wei --ground "State Council 2026/12" --document P-17

    Propose what leaves the line and what comes in. Each feature may have columns cause, ground and
    name; what is given here counts where it has none. An addition without a cause is compensation.
    """
    from tianren.steps.adjust import propose as step
    from tianren.steps.adjust import read_drafts

    opened = open_project_at(project, language)
    drafts = [d for path in remove or []
              for d in read_drafts(opened, path, "removal", cause, ground)]  # fmt: skip
    drafts += [d for path in add or []
               for d in read_drafts(opened, path, "addition", "compensation" if remove else
                                    cause or "compensation", ground)]  # fmt: skip
    if not drafts:
        raise UserError(
            "nothing is proposed", where="tianren adjust propose",
            next_step="name polygons that leave (--remove) or come in (--add)",
        )  # fmt: skip
    found = step(opened, drafts, actor=as_, ground=ground, document=document, reason=reason,
                 day=day_of(day))  # fmt: skip
    give(found, json)


@adjust.command(short_help="Propose what follows from protected areas and restoration.")
def scan(
    as_: As = "",
    ground: Ground = "",
    document: Document = "",
    sites: Annotated[
        Path | None, typer.Option(help="A list of protected areas; default: the project's.")
    ] = None,
    dry: Annotated[bool, typer.Option(help="Only say what would be proposed.")] = False,
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren adjust scan --sites wdpa-2027.gpkg --dry

    Compare the register with a list of protected areas and with restored land, and propose what
    follows: areas created, changed, abolished; land whose quality has reached the standard.
    """
    from tianren.steps.adjust_scan import scan as step

    found = step(open_project_at(project, language), actor=as_, ground=ground, document=document,
                 sites=sites, day=day_of(day), dry=dry)  # fmt: skip
    give(found, json)


@adjust.command(short_help="The three-no test of a proposal.")
def test(
    case: CaseName,
    as_: As,
    ground: Ground = "",
    values: Annotated[
        str | None, typer.Option(help="A later run whose functions the new line is valued by.")
    ] = None,
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren adjust test 2026-0001 --as li.wei

    No less area, no loss of function, no change of nature; connection, species and seams. Says
    what passes, what fails and by how much, and records it. A failure ends with status 1.
    """
    from tianren.steps.adjust import test as step

    found = step(open_project_at(project, language), case, actor=as_, ground=ground,
                 day=day_of(day), values=values)  # fmt: skip
    give(found, json)
    if not found.table["passed"]:
        raise typer.Exit(1)


@adjust.command(short_help="Land that would make a proposal pass.")
def candidates(
    case: CaseName,
    to: Annotated[Path | None, typer.Option(help="Default: exports/candidates-CASE.gpkg.")] = None,
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren adjust candidates 2026-0001

    Find graded but unprotected land in the same place that covers what the proposal lacks, with
    least conflict first, as polygons for a new proposal.
    """
    from tianren.steps.adjust_candidates import candidates as step

    give(step(open_project_at(project, language), case, to, day=day_of(day)), json)


@adjust.command(short_help="The answer of a division across the border.")
def answer(
    case: CaseName,
    as_: As,
    agree: Annotated[bool, typer.Option("--agree/--disagree", help="Whether it agrees.")],
    place: Annotated[str, typer.Option(help="Which division answers; default: yours.")] = "",
    ground: Ground = "",
    reason: Reason = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren adjust answer 2026-0001 --agree --as ana.ruiz

    Answer for a division across the border that a proposal touches.
    """
    from tianren.steps.adjust import answer as step

    found = step(open_project_at(project, language), case, agrees=agree, actor=as_, place=place,
                 ground=ground, reason=reason, day=day_of(day))  # fmt: skip
    give(found, json)


@adjust.command(short_help="Approve a proposal: a new version of the line.")
def approve(
    case: CaseName,
    as_: As,
    ground: Ground,
    document: Document,
    reason: Reason = "",
    accept_unknown: Annotated[
        str, typer.Option(help="Why what the test could not know is accepted.")
    ] = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren adjust approve 2026-0001 --as ana.ruiz --ground "Act 7" --document D-3

    Approve a tested proposal: decision and new boundaries are written together, or not at all.
    """
    from tianren.steps.adjust import approve as step

    opened = open_project_at(project, language)
    found = step(opened, case, actor=as_, ground=ground, document=document, reason=reason,
                 accept_unknown=accept_unknown, day=day_of(day))  # fmt: skip
    give(found, json)


@adjust.command(short_help="Refuse a proposal.")
def refuse(
    case: CaseName, as_: As, ground: Ground, reason: Reason, day: Day = "", project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Example: tianren adjust refuse 2026-0001 --as ana.ruiz --ground "Act 7" --reason "..."

    Refuse a proposal.
    """
    from tianren.steps.adjust import end as step

    found = step(open_project_at(project, language), case, "refuse", actor=as_, ground=ground,
                 reason=reason, day=day_of(day))  # fmt: skip
    give(found, json)


@adjust.command(short_help="Take a proposal back.")
def withdraw(
    case: CaseName, as_: As, reason: Reason = "", ground: Ground = "own decision", day: Day = "",
    project: Folder = None, language: Language = None, json: Json = False,
) -> None:  # fmt: skip
    """Example: tianren adjust withdraw 2026-0001 --as li.wei --reason "drawn anew"

    Take a proposal back.
    """
    from tianren.steps.adjust import end as step

    found = step(open_project_at(project, language), case, "withdraw", actor=as_, ground=ground,
                 reason=reason, day=day_of(day))  # fmt: skip
    give(found, json)


@adjust.command(short_help="Proposals, or one with its test.")
def show(
    case: Annotated[str, typer.Argument(help="A proposal; default: all.")] = "",
    day: Day = "",
    as_: Looks = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren adjust show 2026-0001

    List the proposals, or show one: items, test, answers, steps, what is open.
    """
    from tianren.steps.adjust import show as step

    give(step(open_project_at(project, language), case, day=day_of(day), actor=as_), json)


@adjust.command(short_help="What the public is shown: what changed, where, why.")
def difference(
    case: Annotated[str, typer.Argument(help="An approved proposal; default: all.")] = "",
    from_: Annotated[str, typer.Option("--from", help="From this day.")] = "",
    until: Annotated[str, typer.Option(help="Until this day; default: today.")] = "",
    to: Annotated[Path | None, typer.Option(help="Default: exports/difference-...")] = None,
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren adjust difference --from 2026-01-01 --until 2026-12-31

    Write what left the line and what came in, where and why, as a layer, a map and a page, for one
    proposal or for all between two days.
    """
    from tianren.steps.adjust_difference import difference as step

    found = step(open_project_at(project, language), case_name=case, start=day_of(from_),
                 end=day_of(until), to=to)  # fmt: skip
    give(found, json)


@adjust.command("causes", short_help="The causes for which the line may change.")
def causes_(language: Language = None, json: Json = False) -> None:
    """Example: tianren adjust causes

    List the causes, whether land may leave or come in for them, and which the law exempts.
    """
    from tianren.steps.adjust import causes_listed

    speak(language or "en")
    give(causes_listed(), json)
