"""The workbook: one sheet a subject, no formula from a name, the same bytes each time."""

import io
from dataclasses import replace

import openpyxl
import pytest

from tianren.findings import Finding, Severity
from tianren.reports.contents import Contents
from tianren.reports.workbook import workbook_bytes


@pytest.fixture(scope="module")
def book(contents: Contents) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook_bytes(contents)))


def test_sheets_are_there_with_frozen_heads(book: openpyxl.Workbook) -> None:
    wanted = "Summary Pieces Decisions Criteria Measures Parameters Inputs Findings"
    assert book.sheetnames == wanted.split()
    assert all(sheet.freeze_panes == "A2" for sheet in book)


def test_pieces_add_up_to_the_layer(book: openpyxl.Workbook, contents: Contents) -> None:
    rows = list(book["Pieces"].iter_rows(values_only=True))
    column = rows[0].index("area_m2")
    assert contents.pieces is not None
    assert len(rows) - 1 == len(contents.pieces)
    assert sum(float(str(row[column])) for row in rows[1:]) == contents.pieces.area_m2.sum()


def test_measures_are_numbers_that_read_back(book: openpyxl.Workbook, contents: Contents) -> None:
    rows = list(book["Measures"].iter_rows(values_only=True))
    column = rows[0].index("value")
    # A workbook keeps sixteen digits; measures.csv has them all.
    wanted = pytest.approx([m.value for m in contents.measures], rel=1e-15)
    assert [row[column] for row in rows[1:]] == wanted


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_name_never_becomes_a_formula(contents: Contents, start: str) -> None:
    evil = Finding("a.rule", f'{start}HYPERLINK("x")', Severity.NOTE, "a\x00b", "")
    made = workbook_bytes(replace(contents, findings=(evil,)))
    sheet = openpyxl.load_workbook(io.BytesIO(made))["Findings"]
    assert sheet["C2"].value == evil.subject
    assert sheet["C2"].data_type == "s"
    assert sheet["D2"].value == "ab"


def test_the_same_run_gives_the_same_bytes(contents: Contents) -> None:
    assert workbook_bytes(contents) == workbook_bytes(contents)
