"""tianren verify from the command line: what was written, what was done to it, who may do what."""

import hashlib
import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tianren.cli import app
from tianren.errors import UserError
from tianren.project.project import Project
from tianren.steps.verify import verify


def typed(project: Project, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--project", str(project.folder)])


def database(project: Project) -> Path:
    return project.folder / "journal.sqlite"


def forged(project: Project, *statements: str) -> None:
    """Done by somebody with the file and any SQLite program, which knows no rules of ours."""
    with closing(sqlite3.connect(database(project), isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def lines_of(project: Project) -> dict[int, str]:
    with closing(sqlite3.connect(database(project))) as connection:
        return dict(connection.execute("SELECT number, line FROM record"))


def faults(project: Project) -> set[tuple[str, str]]:
    told = verify(project)
    return {(f["rule"].removeprefix("journal."), f["subject"]) for f in told.table["faults"]}


def test_a_journal_as_it_was_written_ends_with_status_0(original: Project) -> None:
    done = typed(original, "verify")
    assert done.exit_code == 0
    assert "The records hang together" in done.stdout
    assert "every record is as it was written" not in done.stdout  # that, only an anchor tells
    assert "No anchor: a tail that was cut off would not be found." in done.stdout


def test_json_tells_what_was_checked(original: Project) -> None:
    table = json.loads(typed(original, "verify", "--json").stdout)
    lines = lines_of(original)
    last = max(lines)
    assert table["clean"] and table["faults"] == [] and table["fault_count"] == 0
    assert table["records"] == len(lines) == last
    assert table["hash"] == hashlib.sha256(lines[last].encode()).hexdigest()
    assert table["people"] == sum(len(json.loads(line)["personal"]) for line in lines.values())
    named = {json.loads(line)["body"].get("boundary") for line in lines.values()} - {None}
    assert table["shapes"] == len(named)


def test_it_asks_for_no_role_and_writes_nothing(country: Project) -> None:
    (country.folder / "roles.toml").unlink()
    before = database(country).read_bytes()
    assert typed(country, "verify").exit_code == 0
    assert database(country).read_bytes() == before


@pytest.mark.parametrize("bit", [0, 3, 6])
def test_one_flipped_bit_in_the_file_is_found_in_its_record(country: Project, bit: int) -> None:
    """In its kind, wherever the file has it: pages keep stale copies of what was moved."""
    piece = lines_of(country)[5][:30].encode()
    flipped = bytearray(piece)
    flipped[25] ^= 1 << bit
    content = database(country).read_bytes()
    assert piece in content
    database(country).write_bytes(content.replace(piece, bytes(flipped)))
    done = typed(country, "verify")
    assert done.exit_code == 1
    assert "The journal is NOT what was written" in done.stdout
    assert "record 5 was changed: its text does not give its hash" in done.stdout


def test_whatever_is_changed_in_a_line_is_found_there_and_never_breaks_the_check(
    country: Project,
) -> None:
    draw, lines = random.Random(11), lines_of(country)
    for _ in range(40):
        number = draw.choice(sorted(lines))
        line = lines[number]
        at = draw.randrange(len(line))
        other = draw.choice([c for c in '0"{}[],:az\\' if c != line[at]])
        spoilt = (line[:at] + other + line[at + 1 :]).replace("'", "''")
        forged(country, f"UPDATE record SET line = '{spoilt}' WHERE number = {number}")  # noqa: S608
        found = faults(country)
        assert ("changed", f"record {number}") in found, spoilt
        blamed = {subject for rule, subject in found if subject.startswith("record")}
        assert blamed <= {f"record {number}", f"record {number + 1}"}
        whole = line.replace("'", "''")
        forged(country, f"UPDATE record SET line = '{whole}' WHERE number = {number}")  # noqa: S608
    assert faults(country) == set()


def test_a_row_that_was_removed_is_told_by_its_number(country: Project) -> None:
    forged(country, "DELETE FROM record WHERE number = 4")
    done = typed(country, "verify")
    assert done.exit_code == 1
    assert "record 4 is missing" in done.stdout
    table = json.loads(typed(country, "verify", "--json").stdout)
    assert not table["clean"] and table["fault_count"] == len(table["faults"])
    assert {f["subject"] for f in table["faults"]} == {"record 4"}  # its name too


def test_a_tail_that_was_cut_is_found_against_an_anchor(country: Project, tmp_path: Path) -> None:
    kept = tmp_path / "witness.json"
    assert typed(country, "journal", "anchor", "--to", str(kept)).exit_code == 0
    last = max(lines_of(country))
    done = typed(country, "verify", "--anchor", str(kept))
    assert done.exit_code == 0 and f"Anchored up to record {last} by {kept}" in done.stdout
    assert "every record is as it was written" in done.stdout
    cut = "DELETE FROM {} WHERE number > {}"
    forged(country, *(cut.format(table, last - 3) for table in ("record", "sealed")))
    assert {rule for rule, _ in faults(country)} == {"index"}  # a shape that nothing names is left
    forged(country, "DELETE FROM shape_of WHERE subject NOT IN (SELECT subject FROM record)")
    alone = typed(country, "verify")
    assert alone.exit_code == 0 and "No anchor" in alone.stdout  # nobody could tell
    done = typed(country, "verify", "--anchor", str(kept))
    assert done.exit_code == 1
    assert f"knows record {last}, and the journal ends with {last - 3}" in done.stdout
    assert "No anchor" not in done.stdout
    assert "The anchor does not agree with this journal." in done.stdout


def test_anchors_that_the_project_keeps_are_looked_at_unasked(country: Project) -> None:
    typed(country, "journal", "anchor")
    last = max(lines_of(country))
    assert json.loads(typed(country, "verify", "--json").stdout)["anchored"] == last
    forged(country, f"DELETE FROM record WHERE number = {last}")  # noqa: S608
    assert ("truncated", f"record {last}") in faults(country)
    # The name of who wrote the record stayed, which alone gives the cut away.
    assert ("personal", f"record {last}") in faults(country)


def test_a_run_from_before_there_was_a_key_is_honest(country: Project, tmp_path: Path) -> None:
    """The runs hold anchors without a signature. What lacks one after the first that has it was
    made without the key, or was stripped of it."""
    typed(country, "journal", "anchor", "--to", str(tmp_path / "early.json"))
    CliRunner().invoke(app, ["journal", "key", str(tmp_path / "keys")])
    public = str(tmp_path / "keys" / "journal.public.pem")
    early = ("verify", "--anchor", str(tmp_path / "early.json"), "--public-key", public)
    assert typed(country, *early).exit_code == 1  # nothing was ever signed with this key
    settings = country.folder / "project.toml"
    key = f'[management]\nsigning_key = "{tmp_path / "keys" / "journal.key.pem"}"\n'
    settings.write_text(settings.read_text("utf-8").replace("[management]\n", key, 1), "utf-8")
    typed(country, "register", "note", "1001150001", "seen", "--as", "ann", "--ground", "survey")
    done = typed(country, "journal", "anchor", "--to", str(tmp_path / "signed.json"))
    assert done.exit_code == 0, done.exception
    both = (*early, "--anchor", str(tmp_path / "signed.json"))
    done = typed(country, *both)
    assert done.exit_code == 0 and "1 anchor has no signature and is older" in done.stdout
    table = json.loads((tmp_path / "signed.json").read_text(encoding="utf-8"))
    stripped = {**table, "made": "2999-01-01T00:00:00+00:00", "signature": ""}
    (tmp_path / "stripped.json").write_text(json.dumps(stripped))
    done = typed(country, *both, "--anchor", str(tmp_path / "stripped.json"))
    assert done.exit_code == 1 and "stripped.json is not signed with this key" in done.stdout


def test_an_anchor_of_another_journal_is_told(country: Project, tmp_path: Path) -> None:
    typed(country, "journal", "anchor", "--to", str(tmp_path / "mine.json"))
    table = json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))
    (tmp_path / "other.json").write_text(json.dumps({**table, "journal": "0" * 64}))
    done = typed(country, "verify", "--anchor", str(tmp_path / "other.json"))
    assert done.exit_code == 1 and "is of another journal" in done.stdout


def test_a_file_that_is_no_database_any_more_is_told_as_damaged(country: Project) -> None:
    content = bytearray(database(country).read_bytes())
    content[0] ^= 1
    database(country).write_bytes(content)
    done = typed(country, "verify")
    assert isinstance(done.exception, UserError)
    assert "damaged" in str(done.exception)


def test_a_forged_state_of_a_zone_is_told_as_damage(country: Project) -> None:
    """A table that is gone is no journal to be started anew: verify is what is typed next."""
    typed(country, "register", "snapshot", "--as", "ann")
    state = "UPDATE snapshot SET state = '{{\"code\": \"x\"}}' WHERE subject = '{}'"
    forged(country, state.format("zone/redline/1001150001"))
    done = typed(country, "register", "show")
    assert isinstance(done.exception, UserError)
    assert "the snapshot of zone/redline/1001150001 cannot be read" in str(done.exception)
    assert "tianren verify" in done.exception.next_step
    assert ("snapshot", "zone/redline/1001150001") in faults(country)
    forged(country, "DROP TABLE shape_of")
    done = typed(country, "verify")
    assert isinstance(done.exception, UserError) and "damaged" in done.exception.what
    assert "tianren journal import" in done.exception.next_step


def test_an_anchor_is_given_back_by_the_path_that_was_typed(
    country: Project, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere" / "one.json"
    done = typed(country, "journal", "anchor", "--to", str(path))
    assert f"tianren verify --anchor {path}" in done.stdout


def test_fewer_records_shown_than_found_is_told(country: Project) -> None:
    count = max(lines_of(country))
    done = typed(country, "journal", "show", "--last", "3")
    assert f"The last 3 of {count} records (of {count} in the journal)" in done.stdout
    done = typed(country, "journal", "show", "--last", str(count))
    assert f"{count} of {count} records" in done.stdout


# -- who may do what to it -------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["app", "par", "ins", "exp"])
def test_nobody_without_the_right_corrects_or_erases(country: Project, actor: str) -> None:
    before = lines_of(country)
    number = next(n for n, line in before.items() if '"zone.entered"' in line)
    how = (str(number), "--as", actor, "--ground", "none")
    correct = ("correct", *how, "--change", "name=Mine", "--reason", "none")
    for words in (correct, ("erase", *how)):
        done = typed(country, "journal", *words)
        assert isinstance(done.exception, UserError) and actor in str(done.exception), words
    assert lines_of(country) == before


@pytest.mark.parametrize("actor", ["app", "wes"])
def test_names_leave_only_with_those_who_may_read_them_everywhere(
    original: Project, tmp_path: Path, actor: str
) -> None:
    to = ("--to", str(tmp_path / "out"))
    done = typed(original, "journal", "export", "--personal", "--as", actor, *to)
    assert isinstance(done.exception, UserError) and not (tmp_path / "out").exists()
    assert typed(original, "journal", "export", "--personal", "--as", "ann", *to).exit_code == 0
    assert '"ann"' in (tmp_path / "out" / "personal.jsonl").read_text(encoding="utf-8")


def test_names_are_shown_to_those_who_may_read_them(country: Project) -> None:
    def seen(*words: str) -> set[str | None]:
        table = json.loads(typed(country, "journal", "show", "--json", *words).stdout)
        return {value for record in table["records"] for value in record["personal"].values()}

    assert seen() == {None}
    assert seen("--as", "app") == {None}
    assert "ann" in seen("--as", "ann")


def test_what_was_erased_and_corrected_by_right_is_whole(country: Project) -> None:
    number = next(n for n, line in lines_of(country).items() if '"zone.entered"' in line)
    how = (str(number), "--as", "ann", "--ground", "survey 3")
    done = typed(country, "journal", "correct", *how, "--change", "name=Chi", "--reason", "typo")
    assert done.exit_code == 0, done.exception
    assert typed(country, "journal", "erase", *how, "--label", "actor").exit_code == 0
    done = typed(country, "verify")
    assert done.exit_code == 0 and "1 erased on record" in done.stdout
    shown = typed(country, "journal", "show", "--record", str(number), "--as", "ann", "--json")
    assert json.loads(shown.stdout)["records"][0]["personal"] == {"actor": None}


def test_a_correction_is_of_what_stands_and_of_what_the_record_says(country: Project) -> None:
    number = next(n for n, line in lines_of(country).items() if '"zone.entered"' in line)
    how = (str(number), "--as", "ann", "--ground", "survey 3", "--reason", "typo")
    for change, said in (("nam=Chi", "nothing called nam"), ("area_m2=1", "not corrected")):
        done = typed(country, "journal", "correct", *how, "--change", change)
        assert isinstance(done.exception, UserError) and said in str(done.exception)
    assert typed(country, "journal", "correct", *how, "--change", "name=Chi").exit_code == 0
    again = typed(country, "journal", "correct", *how, "--change", "level=2")
    assert isinstance(again.exception, UserError)
    assert "was put right by record" in str(again.exception)
