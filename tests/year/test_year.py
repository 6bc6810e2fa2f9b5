"""A scripted year on Switzerland, embedded, and on Madagascar, from real layers: nothing is lost,
every figure adds up at every month's end, and what is to be published comes out."""

import datetime as dt
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
import shapely

from tests.journal.stores import running_server
from tests.madagascar.madagascar import make_madagascar
from tests.year.year import FIRST, LAST, Year, prepare
from tianren.demo import copy_switzerland
from tianren.management.register import REDLINE
from tianren.project.journal.home import project_journal
from tianren.steps.adjust_difference import difference
from tianren.steps.occupation import late, show
from tianren.steps.occupation_letters import write_letter
from tianren.steps.register import workbook, zones_on
from tianren.steps.register_export import export
from tianren.steps.rulebooks import project_rulebook
from tianren.steps.supervise import show as supervised
from tianren.steps.supervise_scores import scores
from tianren.steps.verify import verify

COUNTRIES = [
    "switzerland",
    "switzerland, on a server",
    pytest.param("madagascar", marks=pytest.mark.real_data),
]


class Kept:
    """A year that passed."""

    def __init__(self, name: str, folder: Path, store: str = "") -> None:
        self.folder = folder
        if name == "switzerland":
            copy_switzerland(folder / name)
            _keep_in(folder / name / "project.toml", store)
            project = prepare(folder / name, "CN")
        else:
            make_madagascar(folder / name)
            project = prepare(folder / name, "MG")
        files = folder / "files"
        files.mkdir()
        self.year = Year(project, files)
        self.project = project
        self.before = self._area(FIRST)
        self.year.run()

    def _area(self, day: dt.date) -> int:
        zones = zones_on(self.project, day=day).values()
        return sum(z.area_m2 for z in zones if z.kind == REDLINE and z.stands)

    @cached_property
    def end(self) -> dt.date:
        last: dt.date = self.year.months[-1]["day"]
        return last

    @cached_property
    def changes(self) -> gpd.GeoDataFrame:
        told = difference(self.project, start=FIRST, end=self.end, to=self.folder / "difference")
        self.pages = told.table
        layers = [p for p in map(Path, told.table["files"]) if p.suffix == ".gpkg"]
        return gpd.read_file(layers[0])


def _keep_in(path: Path, store: str) -> None:
    """Let a project keep its journal elsewhere than in a file of its own."""
    if store:
        text = path.read_text(encoding="utf-8")
        path.write_text(f'store = "{store}"\n{text}', encoding="utf-8")


@pytest.fixture(scope="module", params=COUNTRIES)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kept]:
    name, _, where = request.param.partition(", ")
    folder = tmp_path_factory.mktemp(name)
    if not where:
        yield Kept(name, folder)
        return
    for server in running_server(tmp_path_factory.mktemp("server")):
        yield Kept(name, folder, server.new_database())


def test_every_class_and_zone_is_applied_for_and_answered_as_its_case_says(kept: Kept) -> None:
    book = project_rulebook(kept.project, FIRST)
    cases = [one.case for one in kept.year.applications]
    assert len(cases) == 30
    assert {book.activities[c.activity].of for c in cases} == set(book.classes)
    assert {zone for c in cases for zone in c.zones} == set(book.zones)
    for one in kept.year.applications:
        if set(one.case.zones) != {"outside"}:
            assert one.table["facts"]["answer"] == one.case.expect.answer.value, one.case.title
            assert set(one.table["facts"]["zones"]) == set(one.case.zones), one.case.title


def test_every_application_and_clue_comes_to_its_end(kept: Kept) -> None:
    ended = {"closed", "withdrawn", "refused_finally"}
    assert {one.table["status"] for one in kept.year.applications} <= ended
    assert {one.table["status"] for one in kept.year.clues} == {"closed", "no_violation"}
    assert len(kept.year.clues) == 20
    told = show(kept.project, day=kept.end + dt.timedelta(days=400)).table["cases"]
    assert [c["status"] for c in told] == [one.table["status"] for one in kept.year.applications]
    assert late(kept.project, day=kept.end + dt.timedelta(days=400)).table["overdue"] == []


def test_some_adjustments_fail_the_three_no_test_and_none_of_these_is_approved(kept: Kept) -> None:
    made = kept.year.adjustments
    assert len(made.passed) + len(made.failed) >= 5
    assert made.failed and not set(made.failed) & set(made.approved)
    assert made.approved == made.passed


def test_a_protected_area_is_abolished_and_one_created(kept: Kept) -> None:
    before, now = (zones_on(kept.project, day=day) for day in (FIRST, kept.end))
    made = kept.year.adjustments
    names = [{z.name for z in zones.values() if z.stands and z.kind == "protected_area"}
             for zones in (before, now)]  # fmt: skip
    assert names[0] - names[1] == {made.abolished} and names[1] - names[0] == {made.created}


def test_the_books_add_up_at_every_months_end(kept: Kept) -> None:
    months = kept.year.months
    assert len(months) >= 10
    for month in months:
        assert month["wrong"] == [] and month["clean"], month
        assert month["area"] == month["pieces"]


def test_the_line_changed_by_what_the_public_difference_says(kept: Kept) -> None:
    layer = kept.changes
    sign = {"came in": 1, "left": -1}
    moved = sum(sign[row["what"]] * row.geometry.area for _, row in layer.iterrows())
    last = kept.year.months[-1]["area"]
    assert last != kept.before
    assert last - kept.before == pytest.approx(moved, abs=2 * len(layer) + 2)
    assert set(layer["proposal"]) - {""} <= {
        f"adjustment/{n}" for n in kept.year.adjustments.approved
    }


def test_its_page_says_what_where_and_why(kept: Kept) -> None:
    rows = len(kept.changes)
    page = next(p for p in map(Path, kept.pages["files"]) if p.suffix == ".html")
    text = page.read_text("utf-8")
    assert rows and all(str(why) in text for why in kept.changes["why"].unique())


def test_the_workbook_has_every_case_and_the_last_figure(kept: Kept) -> None:
    told = workbook(kept.project, kept.folder / "register.xlsx", day=kept.end)
    book = openpyxl.load_workbook(told.table["file"])
    occupations = {row[0] for row in book["Occupations"].iter_rows(min_row=2, values_only=True)}
    assert len(occupations) == 30
    findings = list(book["Findings"].iter_rows(min_row=2, values_only=True))
    assert len(findings) == 20
    figures = list(book["Control figures"].iter_rows(min_row=2, values_only=True))
    country = next(row for row in figures if not row[0])
    assert country[2] == kept.year.months[-1]["area"]


def test_every_decision_has_its_letter_resting_on_its_record(kept: Kept, tmp_path: Path) -> None:
    journal = project_journal(kept.project)
    decided = [one for one in kept.year.applications if one.table["status"] != "withdrawn"]
    with journal.reading() as reader:
        hashes = {n: reader.hash_of(n) for n in range(1, reader.head().number + 1)}
    journal.close()
    for one in decided[:6]:
        told = write_letter(kept.project, one.name, actor="otto", to=tmp_path / one.name).table
        assert {Path(p).suffix for p in told["files"]} == {".pdf", ".docx"}
        docx = next(Path(p) for p in told["files"] if p.endswith(".docx"))
        assert hashes[told["record"]] in _text_of(docx)


def _text_of(path: Path) -> str:
    import docx

    document = docx.Document(str(path))
    parts = [p.text for p in document.paragraphs]
    for section in document.sections:
        parts += [p.text for p in section.footer.paragraphs]
        parts += [c.text for t in section.footer.tables for c in t._cells]
    return "\n".join(parts)


def test_the_line_is_exported_as_it_is_kept(kept: Kept, tmp_path: Path) -> None:
    told = export(kept.project, "shapefile", tmp_path / "out", day=kept.end)
    path = next(Path(p) for p in told.table["files"] if p.endswith(".shp"))
    layer = gpd.read_file(path)
    assert layer["TBMJ"].sum() == pytest.approx(kept.year.months[-1]["area"], abs=len(layer))
    whole = shapely.union_all(layer.geometry.to_numpy())
    assert whole.area == pytest.approx(layer.geometry.area.sum(), rel=1e-9)  # nothing overlaps


def test_the_scorecard_scores_every_unit(kept: Kept) -> None:
    card: Any = scores(kept.project, level="province", start=FIRST, day=min(kept.end, LAST)).table
    assert json.dumps(card) and card["scorecards"]


def test_the_findings_of_supervision_are_all_there(kept: Kept) -> None:
    assert len(supervised(kept.project, day=kept.end).table["cases"]) == 20


def test_the_journal_is_whole(kept: Kept) -> None:
    assert not verify(kept.project).faulty
