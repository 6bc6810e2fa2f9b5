"""The register: what is under which protection, where, since when, and who looks after it."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.acting import As, Ground, Looks, Place, Reason
from tianren.cli.frame import (
    Folder,
    Json,
    Language,
    RunId,
    give,
    group,
    open_project_at,
    progress_line,
)
from tianren.cli.values import day_of

register = group("register", "What is under which protection, since when, and who is in charge.")

Day = Annotated[str, typer.Option(help="As of this day, 2026-03-31; default: today.")]
Known = Annotated[str, typer.Option(help="As it was known by a day, a moment or a record.")]
Code = Annotated[str, typer.Argument(help="The code of a zone.")]


@register.command(short_help="Enter a drawn line: from now on it is kept.")
def adopt(
    as_: As,
    ground: Ground,
    run: RunId = None,
    day: Day = "",
    reason: Reason = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren register adopt --as li.wei --ground "Decree 12/2026"

    Enter the line of a run with its protected areas, OECMs and divisions. From then on it changes
    by adjustment alone.
    """
    from tianren.steps.register_adopt import adopt as step

    found = step(
        open_project_at(project, language), actor=as_, ground=ground, run=run, day=day_of(day),
        reason=reason, progress=progress_line(),
    )  # fmt: skip
    give(found, json)


@register.command(short_help="What is registered, on any day.")
def show(
    code: Annotated[str, typer.Argument(help="A zone, with its history; default: all.")] = "",
    place: Place = "",
    kind: Annotated[str, typer.Option(help="redline, protected_area, oecm, other.")] = "",
    day: Day = "",
    known: Known = "",
    as_: Looks = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren register show --place 14/1403 --day 2026-03-31

    Show what is registered in a place as of any day, or one zone with its history.
    """
    from tianren.steps.register import show as step

    found = step(
        open_project_at(project, language), code=code, place=place, kind=kind, day=day_of(day),
        known=known, actor=as_,
    )  # fmt: skip
    give(found, json)


@register.command(short_help="Control figures that sum exactly, from nation to township.")
def figures(
    place: Place = "",
    kind: Annotated[str, typer.Option(help="redline, protected_area, oecm.")] = "redline",
    levels: Annotated[int, typer.Option(help="So many levels down; default: one more.")] = 0,
    day: Day = "",
    known: Known = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren register figures --place 14

    Show what each division holds of the line in whole square metres: each level sums to the one
    above exactly, on every day.
    """
    from tianren.steps.register import control_figures

    found = control_figures(
        open_project_at(project, language), place=place, kind=kind, levels=levels,
        day=day_of(day), known=known,
    )  # fmt: skip
    give(found, json)


@register.command(short_help="Enter boundary markers and signs of a zone.")
def mark(
    code: Code,
    table: Annotated[Path, typer.Argument(help="A table: marker, type, lon, lat, standing.")],
    as_: As,
    ground: Ground,
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren register mark 1403150001 markers.csv --as li.wei --ground "survey 7"

    Enter boundary markers and signs with their places, and whether they stand; a later one of the
    same number replaces it.
    """
    from tianren.steps.register import mark as step

    opened = open_project_at(project, language)
    give(step(opened, code, table, actor=as_, ground=ground, day=day_of(day)), json)


@register.command(short_help="Say who is in charge of a zone, and of its tenure.")
def manage(
    code: Code,
    values: Annotated[list[str], typer.Argument(help='body="Park office" tenure="LR 17/3" ...')],
    as_: As,
    ground: Ground,
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren register manage 1403150001 body="Park office" --as li.wei --ground "order 3"

    Enter the body in charge, its office, the land tenure reference, the designation document, the
    management plan, the IUCN category, the governance or the year of a zone.
    """
    from tianren.cli.values import pairs
    from tianren.steps.register import manage as step

    found = step(
        open_project_at(project, language), code, pairs(values, "values"), actor=as_, ground=ground,
        day=day_of(day),
    )  # fmt: skip
    give(found, json)


@register.command(short_help="Write a line into the form ledger of a zone.")
def note(
    code: Code,
    text: Annotated[str, typer.Argument(help="What is to be known of it.")],
    as_: As,
    ground: Ground,
    in_class: Annotated[
        str, typer.Option("--class", help="boundary, natural, ecosystem, activity, management.")
    ] = "activity",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren register note 1403150001 "disused mill" --as li.wei --ground "patrol 9 May"

    Write a line into one class of the form ledger of a zone.
    """
    from tianren.steps.register import note as step

    found = step(
        open_project_at(project, language),
        code,
        in_class,
        text,
        actor=as_,
        ground=ground,
        day=day_of(day),
    )
    give(found, json)


@register.command(short_help="Write the line that is kept in another format.")
def export(
    format: Annotated[
        str, typer.Option(help="shapefile, gpkg, geojson, kml, geoparquet or csv.")
    ] = "shapefile",
    to: Annotated[Path | None, typer.Option(help="Folder; default: exports/register-DAY.")] = None,
    day: Day = "",
    known: Known = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren register export --format shapefile --day 2026-12-31

    Write the line as it was kept on a day; the shapefile has the fields of the boundary attribute
    table. The journal's head goes with it.
    """
    from tianren.steps.register_export import export as step

    opened = open_project_at(project, language)
    give(step(opened, format, to, day=day_of(day), known=known), json)


@register.command(short_help="Write the form ledger as a workbook.")
def workbook(
    to: Annotated[
        Path | None, typer.Option(help="File; default: exports/register-DAY.xlsx.")
    ] = None,
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren register workbook --day 2026-12-31

    Write the form ledger in its five classes, markers and control figures as a workbook.
    """
    from tianren.steps.register import workbook as step

    give(step(open_project_at(project, language), to, day=day_of(day)), json)


@register.command(short_help="Keep the register's state, so that it is read faster.")
def snapshot(
    as_: As, project: Folder = None, language: Language = None, json: Json = False
) -> None:
    """Example: tianren register snapshot --as li.wei

    Keep the states of all zones as they are, so that long histories need not be read again.
    """
    from tianren.steps.register import snapshot as step

    give(step(open_project_at(project, language), as_), json)
