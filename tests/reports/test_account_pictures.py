"""The account's pictures: years from the first on, nothing that touches, each printed once."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.project.small_project import CATALOG, PROJECT, make_project
from tests.steps.test_account import record, square, write
from tianren.language import LANGUAGES, set_language
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.reports import sheet
from tianren.reports.chapters import account_pictures as shown
from tianren.reports.chapters import tell
from tianren.reports.contents import read_contents
from tianren.steps.account import account
from tianren.steps.report import _read

SECTION = '\n[account]\nsites = ["sites"]\n'
SOURCE = '\n[sites]\nuri = "data/sites.gpkg"\nkind = "vector"\n'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    made = make_project(tmp_path_factory.mktemp("years"), PROJECT + SECTION, CATALOG + SOURCE)
    write(made, "sites", [record(1, "Old", square(-20, -15, 10, 3), 1927),
                          record(2, "New", square(0, -15, 10, 3), 2005)])  # fmt: skip
    return account(open_project(made)).run


def chart(run: RunResults, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The figure of the years, before it is saved."""
    kept: list[Any] = []
    monkeypatch.setattr(sheet, "save", lambda figure, _: kept.append(figure))
    shown._series(read_contents(run.folder), folder)
    return kept[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_years_begin_with_the_first_and_no_text_touches_another(
    run: RunResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    set_language(language)
    figure = chart(run, tmp_path, monkeypatch)
    set_language("en")
    (axes,) = figure.axes
    assert axes.get_xlim() == (1927, 2030)
    figure.canvas.draw()
    ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    boxes = [t.get_window_extent() for t in (*ticks, *axes.texts, *figure.texts) if t.get_text()]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    whole, plot = figure.bbox, axes.get_window_extent()
    for text in axes.texts:  # beside the plot, inside the picture
        box = text.get_window_extent()
        assert box.x0 > plot.x1 and box.x1 <= whole.x1


def test_two_realms_at_one_height_are_written_apart(
    run: RunResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    axes = chart(run, tmp_path, monkeypatch).axes[0]
    before = len(axes.texts)
    shown._beside(axes, [(5.0, "land", "#000000"), (5.0, "sea", "#000000"), (5.1, "x", "#000000")])
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts[before:]]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


@pytest.mark.parametrize(("first", "last"), [(1990, 2030), (1927, 2030), (1864, 2030)])
def test_ticks_are_few_and_inside(first: int, last: int) -> None:
    ticks = shown.year_ticks(first, last)
    assert 3 <= len(ticks) <= 9 and first <= ticks[0] and ticks[-1] <= last


def test_the_map_of_the_first_page_is_in_no_chapter_again(run: RunResults, tmp_path: Path) -> None:
    contents = _read(open_project(run.folder.parents[1]), run)
    drawn = shown.draw(contents, tmp_path)
    report = tell(contents, drawn).as_dict()
    files = [b["file"] for c in report["chapters"] for b in c["blocks"] if b["kind"] == "figure"]
    assert report["map"]["file"] == "account_map.png"
    assert sorted([*files, "account_map.png"]) == sorted(d.path.name for d in drawn)
