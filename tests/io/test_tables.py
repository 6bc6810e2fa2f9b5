"""Tables as people save them: any delimiter, encoding or office program, and what is refused."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from tianren.errors import UserError
from tianren.io.sources import Entry
from tianren.io.tables import delimiter_of, read_table


def entry(path: Path, **more: object) -> Entry:
    return Entry("status", "status", "table", path.parent, path.name, **more)  # type: ignore[arg-type]


def written(path: Path, text: str, encoding: str = "utf-8") -> Entry:
    path.write_bytes(text.encode(encoding))
    return entry(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [
        ["学名", "科名", "备注"],
        ["Ailuropoda melanoleuca", "熊科", "大熊猫保护"],
        ["Aus bus", " 科 ", ""],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    table, findings = read_table(written(tmp_path / "t.csv", text, encoding))
    assert list(table.columns) == rows[0]
    assert table.iloc[0].tolist() == rows[1]
    assert table["科名"].tolist() == ["熊科", "科"]
    assert table.index.tolist() == [2, 3]
    assert [f.rule for f in findings] == (["vector.encoding"] if encoding == "gb18030" else [])


def test_latin_1_is_read_and_told(tmp_path: Path) -> None:
    table, findings = read_table(
        written(tmp_path / "t.csv", "especie,año\nAus bus,1990\n", "latin-1")
    )
    assert list(table.columns) == ["especie", "año"]
    assert len(findings) == 1


def test_a_decimal_comma_does_not_hide_the_semicolon() -> None:
    assert delimiter_of(["a;b;c\n", "1,5;2,5;x\n", "1,25;3;y\n"]) == ";"


@given(st.lists(st.lists(st.text("ab ,\"'\n", max_size=6), min_size=2, max_size=2), max_size=6))
def test_quoted_cells_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    pd.DataFrame(rows, columns=["x", "y"]).to_csv(path, index=False, quoting=1)
    table, _ = read_table(entry(path))
    wanted = [[c.strip() for c in row] for row in rows if any(c.strip() for c in row)]
    assert table.to_numpy().tolist() == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,a\n1,2,3\n", r"row 1, columns 1 and 3: two columns are called a"),
        ("a,b\n1,2\n3,4,5\n", r"row 3.*more cells"),
        ("", "empty"),
        ('a,b\n1,"2\n', "cannot be read"),
        ("a\0b", "not text"),
    ],
)
def test_what_is_refused_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_table(written(tmp_path / "t.csv", text))


def test_a_column_without_a_heading_is_called_by_its_number(tmp_path: Path) -> None:
    table, _ = read_table(written(tmp_path / "t.csv", '"",a,\n1,2,\n'))
    assert list(table.columns) == ["column 1", "a"]


def test_short_and_blank_rows(tmp_path: Path) -> None:
    table, findings = read_table(written(tmp_path / "t.csv", "a,b\n\n1\n,\n2,3\n"))
    assert table.index.tolist() == [3, 5]
    assert table["b"].tolist() == ["", "3"]
    assert [f.rule for f in findings] == ["table.short_rows"]


def workbook(path: Path) -> Entry:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["species", "n", "day"])
    sheet.append(["Aus bus ", 3.0, pd.Timestamp("2024-05-01").to_pydatetime()])
    sheet.append(["Cus dus", "=1+1", True])
    book.create_sheet("second").append(["other"])
    book.save(path)
    return entry(path)


def test_a_workbook_is_read_without_running_formulas(tmp_path: Path) -> None:
    table, findings = read_table(workbook(tmp_path / "t.xlsx"))
    assert table.to_numpy().tolist() == [["Aus bus", "3", "2024-05-01"], ["Cus dus", "", "true"]]
    assert {f.rule for f in findings} == {"table.first_sheet", "table.formulas"}
    assert any("1 gave none" in f.message for f in findings)


def test_a_sheet_by_name(tmp_path: Path) -> None:
    workbook(tmp_path / "t.xlsx")
    table, _ = read_table(entry(tmp_path / "t.xlsx", sublayer="second"))
    assert list(table.columns) == ["other"]
    with pytest.raises(UserError, match="use one of Sheet, second"):
        read_table(entry(tmp_path / "t.xlsx", sublayer="third"))


def test_a_workbook_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(UserError, match="workbook cannot be read"):
        read_table(entry(tmp_path / "t.xlsx"))


def test_dbf(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame(
        {"name": ["熊", "Aus"], "n": [1, 2]}, geometry=gpd.points_from_xy([0, 1], [0, 1]), crs=4326
    )
    table.to_file(tmp_path / "t.shp", encoding="utf-8")
    read, findings = read_table(entry(tmp_path / "t.dbf"))
    assert read.to_numpy().tolist() == [["熊", "1"], ["Aus", "2"]]
    assert findings == []
    (tmp_path / "u.dbf").write_bytes(b"nothing")
    with pytest.raises(UserError, match="does not hold what its name says"):
        read_table(entry(tmp_path / "u.dbf"))


def test_too_large_and_too_many_and_of_another_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tianren.io.tables as tables

    written(tmp_path / "a.csv", "a,b\n1,2\n")
    written(tmp_path / "b.csv", "a,b\n1,2\n")
    (tmp_path / "c.ods").write_bytes(b"")
    with pytest.raises(UserError, match="2 files match"):
        read_table(Entry("t", "t", "table", tmp_path, "*.csv"))
    with pytest.raises(UserError, match="not of a table format"):
        read_table(entry(tmp_path / "c.ods"))
    monkeypatch.setattr(tables, "LARGEST_FILE", 3)
    with pytest.raises(UserError, match="too large"):
        read_table(entry(tmp_path / "a.csv"))
