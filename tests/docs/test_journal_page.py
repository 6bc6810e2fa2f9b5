"""The page on the journal's format shows a checker that an auditor can rely on."""

import datetime as dt
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tianren.project.journal.anchors import anchor_of, make_key, read_key
from tianren.project.journal.chain import line_of
from tianren.project.journal.database import database_of
from tianren.project.journal.exchange import export_journal, write_head
from tianren.project.journal.journal import start_journal
from tianren.records import Record
from tianren.steps.register_adopt import wkb_of

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "journal-format.md").read_text("utf-8")
DAY = dt.date(2026, 1, 1)


def entered(code: str, digest: str) -> Record:
    body = {
        "kind": "redline",
        "code": code,
        "name": f"Zürich \u2028 森林 {code}",
        "boundary": digest,
    }
    return Record("zone.entered", f"zone/redline/{code}", DAY, "registrar", "Decree 1", "4/400",
                  body, {"actor": "anna.keller", "owner": "Ürs"})  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An export with names and shapes, of a journal from which one name was erased."""
    folder = tmp_path_factory.mktemp("export")
    opening = Record("", "", DAY, "administrator", "Order 1", personal={"actor": "anna.keller"})
    journal = start_journal(database_of("", folder), opening)
    shapes = dict(wkb_of(shapely.box(n, 0, n + 1, 1)) for n in range(3))
    with journal.writing() as book:
        book.append([entered(str(n), digest) for n, digest in enumerate(shapes)], shapes)
        note = Record("", "zone/redline/1", DAY, "registrar", "request", personal={"actor": "ann"})
        book.erase({3: ["owner"]}, note)
    make_key(folder)
    with journal.reading() as reader:
        export_journal(reader, folder / "out", personal=True)
        head = reader.head()
        key = read_key(folder / "journal.key.pem")
        anchor = anchor_of(reader.hash_of(1), head.number, head.hash, dt.datetime.now(dt.UTC), key)
    write_head(folder / "out", anchor.as_dict())
    (folder / "check.py").write_text(program(), encoding="utf-8")
    yield folder
    journal.close()


def program() -> str:
    (found,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def faults(made: Path, folder: Path) -> int:
    """The status with which the checker of the page ends."""
    kept = sys.argv
    sys.argv = ["check.py", str(folder)]
    try:
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(made / "check.py"), run_name="__main__")
    finally:
        sys.argv = kept
    return int(ended.value.code or 0)


def copy(made: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for path in (made / "out").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_it_needs_python_alone(made: Path) -> None:
    asked = re.findall(r"^(?:import|from) (.+)$", program(), re.MULTILINE)
    assert asked == ["hashlib, json, sys", "pathlib import Path"]
    told = subprocess.run([sys.executable, "-I", "-S", "check.py", "out"], cwd=made,
                          capture_output=True, text=True)  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout == "5 records, 7 personal values, 3 shapes\nwhole\n"


def test_an_export_without_names_passes(made: Path, tmp_path: Path) -> None:
    folder = copy(made, tmp_path / "plain")
    (folder / "personal.jsonl").unlink()
    assert faults(made, folder) == 0


@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_byte_of_a_record_or_a_shape_that_changes_is_found(
    made: Path, tmp_path_factory: pytest.TempPathFactory, at: float, flip: int
) -> None:
    folder = copy(made, tmp_path_factory.getbasetemp() / "flipped")
    for name in ("journal.jsonl", "personal.jsonl", "shapes.jsonl"):
        path = folder / name
        whole = path.read_bytes()
        where = int(at * len(whole))
        changed = bytearray(whole)
        changed[where] ^= flip
        if means_the_same(whole, bytes(changed), name):
            continue
        path.write_bytes(bytes(changed))
        assert faults(made, folder) == 1, (name, where, flip)
        path.write_bytes(whole)


def means_the_same(was: bytes, now: bytes, name: str) -> bool:
    """Whether lines that are not hashed themselves still say the same: E for e in a digest of a
    shape is another text and the same bytes, a tab for a space is neither."""
    if name == "journal.jsonl":
        return False
    try:
        return meaning(was) == meaning(now)
    except (ValueError, TypeError, AttributeError):
        return False


def meaning(text: bytes) -> list[object]:
    rows = [json.loads(line) for line in text.split(b"\n")[:-1]]
    for row in rows:
        if "wkb" in row:
            row["wkb"] = bytes.fromhex(row["wkb"])
    return rows


@pytest.mark.parametrize("name", ["journal.jsonl", "personal.jsonl", "shapes.jsonl"])
@pytest.mark.parametrize("row", [0, 1, -1])
def test_any_row_that_is_taken_out_is_found(
    made: Path, tmp_path: Path, name: str, row: int
) -> None:
    folder = copy(made, tmp_path / "short")
    rows = (folder / name).read_bytes().splitlines(keepends=True)
    del rows[row]
    (folder / name).write_bytes(b"".join(rows))
    assert faults(made, folder) == 1


def test_the_page_names_every_field_in_its_order() -> None:
    table = PAGE.split("The fields, in this order:")[1].split("\n\n")[1]
    told = [name for line in table.splitlines()[2:]
            for name in re.findall(r"`([a-z]+)`", line.split("|")[1])]  # fmt: skip
    line = line_of(entered("1", ""), 1, "", {}, "")
    assert told == list(json.loads(line))


def test_openssl_checks_the_signature_as_the_page_says(made: Path) -> None:
    import shutil

    for tool in ("openssl", "jq", "xxd"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed here")
    block = PAGE.split("OpenSSL 3 checks it")[1].split("```")[1]
    out = copy(made, made / "signed")
    (out / "journal.public.pem").write_bytes((made / "journal.public.pem").read_bytes())
    told = subprocess.run(["sh", "-ec", block], cwd=out, capture_output=True, text=True)
    assert told.returncode == 0 and "Verified Successfully" in told.stdout, told
