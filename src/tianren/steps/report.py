"""The step behind `tianren report`: what people read of a finished run."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.language import current_language, say, set_language
from tianren.steps.delineate import input_row

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project
    from tianren.project.runs import RunResults
    from tianren.reports.contents import Contents, Description, Surroundings
    from tianren.reports.difference_page import Difference
    from tianren.reports.maps import Drawn


@dataclass(frozen=True)
class Written:
    """What was written into the run's folder, by path in it."""

    run: str
    folder: Path
    files: tuple[str, ...]
    statement: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "folder": str(self.folder),
            "statement": self.statement,
            "files": list(self.files),
        }

    def text(self) -> str:
        maps = sum(name.startswith("maps/") for name in self.files)
        lines = [
            self.statement,
            "",
            say("Report:   {path}", path=self.folder / "report.pdf"),
            say("Page:     {path}", path=self.folder / "report.html"),
            say("Workbook: {path}", path=self.folder / "ledger.xlsx"),
            say("Maps:     {path} ({count} pictures)", path=self.folder / "maps", count=maps),
        ]
        return "\n".join(lines)


def write_report(
    project: "Project", run_id: str | None = None, language: str | None = None
) -> Written:
    """Write everything that people read of a run into its folder; each file appears when whole.

    run_id: a run's id; when None the latest line, with what the latest runs of the other steps
    add to it. language: a BCP 47 tag, the current one when None.
    """
    from tianren.project.runs import open_run
    from tianren.steps.adjust_difference import kept_difference

    with _speaking(language):
        run = open_run(project, run_id) if run_id else _latest(project)
        contents = _read(project, run)
        others = _others(project) if run.step == "delineate" else []
        kept = kept_difference(project) if run.step == "delineate" else None
        return report_contents(contents, [_read(project, other) for other in others], kept)


def _latest(project: "Project") -> "RunResults":
    """The latest line; in a project without one, the latest run."""
    from tianren.project.runs import asked_runs, open_run

    return open_run(project, step="delineate" if asked_runs(project, "delineate") else "")


def _others(project: "Project") -> list["RunResults"]:
    """The latest run of every step that has a topic of its own, in the order of the topics."""
    from tianren.project.runs import own_runs
    from tianren.reports.chapters.topics import topics

    return [runs[-1] for step in topics() if (runs := own_runs(project, step))]


def _read(project: "Project", run: "RunResults") -> "Contents":
    from tianren.reports.contents import read_contents, with_surroundings

    contents = _with_sources(read_contents(run.folder, describe(project)), project)
    return with_surroundings(contents, look_around(project, contents))


def _with_sources(contents: "Contents", project: "Project") -> "Contents":
    """The inputs with what the catalog declares of them, where the run has only their names."""
    rows = [
        input_row(project, str(row["name"]), str(row["sha256"]))
        if set(row) == {"name", "sha256"} and row["name"] in project.catalog
        else row
        for row in contents.inputs
    ]
    return replace(contents, inputs=tuple(rows))


def report_contents(
    contents: "Contents", others: Sequence["Contents"] = (), kept: "Difference | None" = None
) -> Written:
    """The report of contents already read: what `write_report` does once it knows the project.

    kept: what changed since the line was entered into the register.
    """
    _require_plain_names(contents)
    folder = contents.folder
    with _beside(folder) as work:
        names, statement = _write_all(contents, others, kept, work)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(work / name, folder / name)  # noqa: PTH105 - one file system, whole or not
    item = _write_item(contents)
    return Written(contents.run_id, folder, (*names, item), statement)


def _require_plain_names(contents: "Contents") -> None:
    """Refuse a run whose own names would lead out of its folder: files are called by them."""
    for name in (contents.run_id, *(str(c["criterion"]) for c in contents.criteria)):
        if name in ("", ".", "..") or set(name) & set("/\\\0"):
            raise UserError(
                f"{name!r} cannot be the name of a run or criterion",
                where=str(contents.folder),
                next_step="make the run again: tianren delineate",
            )


def _write_all(
    contents: "Contents", others: Sequence["Contents"], kept: "Difference | None", work: Path
) -> tuple[list[str], str]:
    """Write all files into a folder; their names, and the report's statement."""
    from tianren.reports import chapters, difference_page, document, workbook

    drawn = _draw(contents, work / "maps")
    for other in others:
        drawn += _draw(other, work / "maps")
    if kept is not None:
        drawn.append(difference_page.draw(kept, work / "maps" / "changes.png"))
    report = chapters.tell(contents, drawn, others, kept)
    (work / "report.pdf").write_bytes(document.pdf_bytes(report, drawn))
    (work / "report.html").write_text(document.html_text(report, drawn), encoding="utf-8")
    (work / "ledger.xlsx").write_bytes(workbook.workbook_bytes(contents, others))
    _write_styles(contents, work)
    names = sorted(p.relative_to(work).as_posix() for p in work.rglob("*") if p.is_file())
    return names, report.statement


def _draw(contents: "Contents", folder: Path) -> list["Drawn"]:
    """The pictures of a run: those of its topic, or the maps and charts of the line."""
    from tianren.reports import charts, maps
    from tianren.reports.chapters.topics import topics

    topic = topics().get(contents.step)
    if topic is None:
        return maps.draw_maps(contents, folder) + charts.draw_charts(contents, folder)
    folder.mkdir(parents=True, exist_ok=True)
    return topic.draw(contents, folder)


def _write_styles(contents: "Contents", work: Path) -> None:
    """A .qml beside each layer, so that QGIS finds it by the layer's own name."""
    from tianren.reports import styles

    made: dict[str, str] = {}
    if contents.pieces is not None:
        made["redline.qml"] = styles.redline_style()
    for name in contents.computed:
        made[f"grades/{name}.qml"] = styles.grade_style(name)
        if contents.value_path(name).exists():
            made[f"values/{name}.qml"] = _value_style(contents, name)
    path = contents.frequency_path
    if path is not None:
        beside = path.relative_to(contents.folder).with_suffix(".qml").as_posix()
        made[beside] = styles.frequency_style()
    for name, text in made.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")


def _value_style(contents: "Contents", name: str) -> str:
    from tianren.io.previews import read_preview
    from tianren.reports import maps, styles

    low, high = maps.spread(read_preview(contents.value_path(name), most=600).cells)
    return styles.value_style(name, low, high, contents.unit_of(name))


def _write_item(contents: "Contents") -> str:
    """The STAC item comes last: it lists the files that are there."""
    from tianren.reports import stac

    name = f"{contents.run_id}.stac.json"
    part = contents.folder / f".{name}.part"
    text = json.dumps(stac.item(contents), ensure_ascii=False, indent=1)
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(contents.folder / name)
    return name


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A hidden folder on the same disk, gone afterwards whatever happens."""
    work = Path(tempfile.mkdtemp(prefix=".report-", suffix=".part", dir=folder))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _speaking(language: str | None) -> Iterator[None]:
    before = current_language()
    if language is not None:
        set_language(language)
    try:
        yield
    finally:
        set_language(before)


# What the project adds to a run -----------------------------------------------------------------


def describe(project: "Project") -> "Description":
    """Title and place in the current language, and the grid's CRS."""
    from tianren.reports.contents import Description

    return Description(
        title=_in_language(project.title, project.name),
        place=_in_language(project.title, project.name),
        crs=str(project.grid.crs.to_wkt()),
    )


def _in_language(names: Mapping[str, str], otherwise: str) -> str:
    language = current_language()
    for tag in (language, language.split("_")[0], "en"):
        if tag in names:
            return names[tag]
    return otherwise


def look_around(project: "Project", contents: "Contents") -> "Surroundings":
    """The region, protected areas, administrative borders and elevation that maps show."""
    from tianren.reports.contents import Surroundings

    return Surroundings(
        region=project.region,
        protected=_protected(contents),
        borders=project.vector(project.admin[0].source)[0] if project.admin else None,
        elevation=contents.relief_path or _elevation(project),
    )


def _protected(contents: "Contents") -> "GeoDataFrame | None":
    """The protected areas as the line took them: those that count, points as circles."""
    from tianren.io.vectors import read_result

    path = contents.must_include_path
    if path is None:
        return None
    found = read_result(path)
    mine = found[found["kind"] == "protected_area"]
    return mine if len(mine) else None


def _elevation(project: "Project") -> Path | None:
    """The elevation on the project's grid, where there is one; constants have no relief."""
    entry = project.serving("elevation")
    if entry is None or entry.is_constant:
        return None
    rasters, _ = project.rasters([entry.name])
    found = rasters.get("elevation")
    path = getattr(found.source, "path", None) if found is not None else None
    return Path(path) if path is not None else None
