"""The report: the same bytes each time, complete in three languages, safe against markup."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tianren.language import set_language
from tianren.reports import chapters, charts, document, maps
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn
from tianren.reports.retelling import retold


@pytest.fixture(scope="module")
def pictures(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> list[Drawn]:
    folder = tmp_path_factory.mktemp("pictures")
    ground = maps.Ground(contents)
    return [maps.redline(contents, ground, folder), *charts.draw_charts(contents, folder)]


def tables(report: chapters.Report) -> list[Mapping[str, Any]]:
    return [b for chapter in report.chapters for b in chapter.blocks if b["kind"] == "table"]


def test_the_first_page_has_five_numbers_and_three_sentences(contents: Contents) -> None:
    first = chapters.first_page(contents)
    assert len(first.numbers) == 5
    assert len(first.sentences) == 3
    assert any("source not read" in text for text in first.unverified)
    assert any("Wind factor" in text for text in first.unverified)


def test_every_row_is_as_long_as_its_head(contents: Contents, pictures: list[Drawn]) -> None:
    for table in tables(chapters.tell(contents, pictures, ())):
        width = len(table["columns"])
        assert all(len(row) == width for row in table["rows"])
        assert len(table["total"]) in (0, width)


def test_totals_add_up_and_decimals_align(contents: Contents, pictures: list[Drawn]) -> None:
    with_totals = [t for t in tables(chapters.tell(contents, pictures, ())) if t["total"]]
    assert len(with_totals) >= 4
    for table in with_totals:
        for place, column in enumerate(table["columns"]):
            if column["kind"] != "number":
                continue
            texts = [row[place] for row in table["rows"]]
            decimals = {len(text.partition(".")[2]) for text in [*texts, table["total"][place]]}
            assert len(decimals) == 1
            last_digit = 10.0 ** -decimals.pop()
            summed = sum(number(text) for text in texts)
            assert (
                abs(summed - number(table["total"][place])) <= 0.5 * last_digit * len(texts) + 1e-9
            )


def number(text: str) -> float:
    return float(text.replace("\u00a0", "").replace("−", "-"))


def test_all_findings_parameters_and_inputs_are_listed(
    contents: Contents, pictures: list[Drawn]
) -> None:
    told = str(chapters.tell(contents, pictures, ()).as_dict())
    assert all(f.message in told for f in contents.findings)
    assert all(str(p["source"]) in told for p in contents.parameters)
    assert all(str(i["sha256"]) in told for i in contents.inputs)


def test_a_conflict_is_not_told_as_taken_out_by_all_its_area(contents: Contents) -> None:
    """Its land in the region is one number, what left the line another."""
    report = chapters.tell(contents, ())
    steps = {row[0]: row[1] for table in tables(report) for row in table["rows"]}
    declared = [name for name in steps if name.startswith("3. Conflict")]
    taken = [name for name in steps if name.startswith("4.") and "taken out" in name]
    assert len(declared) == 1 and declared[0].startswith("3. Conflict, all of it in the region: ")
    assert declared[0].endswith("Built-up land, to be taken out where it would be in the line")
    assert len(taken) == 1 and number(steps[taken[0]]) < number(steps[declared[0]])
    (decided,) = (t for t in tables(report) if t["caption"] == "Conflicts")
    assert [column["head"] for column in decided["columns"][3:]] == [
        "Area in the region", "In must-include areas", "Taken out of the line",
    ]  # fmt: skip
    assert [number(text) for text in decided["rows"][0][3:]] == [640, 1, 79]


def test_short_names_of_sources_are_explained_below_their_table(contents: Contents) -> None:
    named = replace(contents.findings[0], source="G17, after DE20")
    plain = replace(contents, parameters=(), findings=contents.findings[1:])
    texts = {
        count: str(chapters.tell(c, ()).as_dict())
        for count, c in enumerate([plain, replace(plain, findings=(named,))])
    }
    assert "Guidelines for delineating" not in texts[0]
    assert (
        "G17: Guidelines for delineating Ecological Conservation Redlines, 2017, No. 48; "
        "DE20: guide to the dual evaluation, Ministry of Natural Resources, 2020."
    ) in texts[1]


def test_the_pdf_is_the_same_bytes(contents: Contents, pictures: list[Drawn]) -> None:
    report = chapters.tell(contents, pictures, ())
    first = document.pdf_bytes(report, pictures)
    assert first.startswith(b"%PDF")
    assert first == document.pdf_bytes(report, pictures)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "How the line was drawn"), ("zh", "红线如何划定"), ("es", "Cómo se trazó la línea")],
)
def test_the_pdf_speaks_the_language(
    contents: Contents, pictures: list[Drawn], tmp_path: Path, language: str, said: str
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    set_language(language)
    report = chapters.tell(contents, pictures, ())
    (tmp_path / "report.pdf").write_bytes(document.pdf_bytes(report, pictures))
    read = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", str(tmp_path / "report.pdf"), "-"],
        capture_output=True, check=True,
    )  # fmt: skip
    pages = read.stdout.decode().split("\f")
    assert said in pages[1]
    # The first page is one page: what is unverified stands on it, the contents after it.
    assert chapters.first_page(contents).unverified[0][:20] in pages[0].replace("\n", " ")
    fonts = subprocess.run(
        ["pdffonts", str(tmp_path / "report.pdf")], capture_output=True, check=True
    )
    assert b"NotoSansCJK" in fonts.stdout


def test_the_pdf_takes_no_name_for_markup(contents: Contents, tmp_path: Path) -> None:
    name = '#panic("x") *bold* $x$ @ref [a](b) //c'
    strange = replace(contents, title=name, place=name)
    made = document.pdf_bytes(chapters.tell(strange, (), ()), ())
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    (tmp_path / "report.pdf").write_bytes(made)
    command = ["pdftotext", "-enc", "UTF-8", str(tmp_path / "report.pdf"), "-"]
    read = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert name in " ".join(read.split())


def test_the_page_is_one_file_and_escapes_what_it_is_given(
    contents: Contents, pictures: list[Drawn]
) -> None:
    report = chapters.tell(contents, pictures, ())
    page = document.html_text(report, pictures)
    assert '<html lang="en">' in page
    assert "A &lt;b&gt;subject&lt;/b&gt;" in page
    assert "<b>subject</b>" not in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert all(re.search(r'alt="[^"]{20,}"', tag) for tag in re.findall(r"<img [^>]*>", page))
    assert page == document.html_text(report, pictures)


def test_the_page_carries_its_own_chinese_glyphs(contents: Contents, pictures: list[Drawn]) -> None:
    set_language("zh")
    page = document.html_text(chapters.tell(contents, pictures, ()), pictures)
    assert '<html lang="zh-Hans">' in page
    assert "data:font/woff;base64," in page


def test_a_run_without_anything_but_pieces_still_has_a_report(
    contents: Contents, pictures: list[Drawn]
) -> None:
    bare = replace(
        contents, measures=(), findings=(), decisions=(), criteria=(), parameters=(), inputs=()
    )
    report = chapters.tell(bare, pictures[:1], ())
    assert document.pdf_bytes(report, pictures[:1]).startswith(b"%PDF")
    assert "No rule was broken." in str(report.as_dict())


def test_a_finished_sentence_is_told_again_with_its_values() -> None:
    set_language("es")
    told = retold("clay has no data on 37 % of the land")
    assert "37" in told
    assert told.startswith("Arcilla no tiene datos")
    assert retold("A sentence that nobody wrote.") == "A sentence that nobody wrote."
    set_language("en")
    assert retold("clay has no data on 37 % of the land").startswith("clay has")
