"""Applications on the small country: the footprint kept, the screening that is a check, letters."""

import datetime as dt
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest
import shapely

from tests.keeping.kept import DAY
from tianren.errors import UserError
from tianren.language import set_language
from tianren.project.journal.home import project_journal
from tianren.project.project import Project, open_project
from tianren.steps import adjust, occupation
from tianren.steps.check_project import check_project
from tianren.steps.journal import erase
from tianren.steps.occupation import Said
from tianren.steps.occupation_letters import write_letter

ON = DAY + dt.timedelta(days=56)  # a Monday
IN_LINE = (6_400, -1_600, 6_700, -1_400)
IN_PARK = (7_000, 5_000, 7_200, 5_100)
OUTSIDE = (2_000, -1_500, 2_200, -1_300)
Draw = Callable[..., Path]


def papers(*names: str) -> dict[str, str]:
    return {name: f"{name}.pdf" for name in names}


def applied(project: Project, path: Path, activity: str = "patrol", **more: Any) -> str:
    said = Said("app", "N142", "", papers("application"), {}, {"applicant": "Ann Lee; 5 Mill Road"},
                ON)  # fmt: skip
    told = occupation.apply_for(project, path, activity, said, **more)
    return str(told.table["subject"]).partition("/")[2]


def go(project: Project, name: str, move: str, actor: str, days: int, **more: Any) -> Any:
    documents = papers(*more.pop("documents", ()))
    path = more.pop("path", None)
    said = Said(actor, "N142", "as it stands", documents, more, None, ON + dt.timedelta(days=days))
    return occupation.act(project, name, move, said, path=path).table


def screened(project: Project, name: str, days: int = 2, **facts: Any) -> Any:
    said = Said("ofi", "N142", "", papers("screening_report"), facts, None,
                ON + dt.timedelta(days=days))  # fmt: skip
    return occupation.screen(project, name, said).table


def received(project: Project, path: Path, activity: str = "patrol") -> str:
    name = applied(project, path, activity)
    go(project, name, "receive", "ofi", 1)
    return name


def test_the_footprint_is_kept_as_it_was_drawn(country: Project, draw: Draw) -> None:
    name = applied(country, draw("fp", IN_LINE))
    table = occupation.show(country, name, day=ON).table
    journal = project_journal(country)
    with journal.reading() as reader:
        digest = table["documents"]["footprint"]
        shape = shapely.from_wkb(reader.shapes([digest])[digest])
    journal.close()
    assert shapely.equals(shape, shapely.box(*IN_LINE)) and table["place"] == "10/1001"


def test_the_screening_is_the_check(country: Project, draw: Draw) -> None:
    path = draw("fp", IN_LINE)
    name = received(country, path)
    facts = screened(country, name, new_construction_m2="0")["facts"]
    day = ON + dt.timedelta(days=2)
    found = check_project(country, path, "patrol", day=day, facts={"new_construction_m2": "0"},
                          alternatives=False)  # fmt: skip
    assert facts["answer"] == found.verdict.answer.value
    assert facts["area_m2"] == pytest.approx(60_000) and facts["zones"] == {"redline": 60_000.0}
    assert facts["told"]["new_construction_m2"] == 0 and facts["rulebook"] == "CN"
    lost = {loss.function: loss.amount for loss in found.losses if loss.amount > 0}
    assert {name: row["amount"] for name, row in facts["functions_lost"].items()} == lost


def test_what_the_check_lacks_is_asked_for_by_name(country: Project, draw: Draw) -> None:
    name = received(country, draw("fp", IN_LINE), "visitor_facilities")
    with pytest.raises(UserError, match="--fact plan_level"):
        screened(country, name)
    assert occupation.show(country, name, day=ON + dt.timedelta(days=3)).table["status"] == (
        "received"
    )


def test_outside_of_all_nothing_is_to_be_decided(country: Project, draw: Draw) -> None:
    name = received(country, draw("fp", OUTSIDE))
    with pytest.raises(UserError, match="neither the line nor a protected area"):
        screened(country, name)


def test_an_activity_that_the_rulebook_does_not_know(country: Project, draw: Draw) -> None:
    with pytest.raises(UserError, match="did you mean patrol"):
        applied(country, draw("fp", IN_LINE), "patrols")


@pytest.mark.parametrize("move", ["screen", "apply"])
def test_a_screening_and_an_application_are_not_typed(
    country: Project, draw: Draw, move: str
) -> None:
    name = received(country, draw("fp", IN_LINE))
    with pytest.raises(UserError, match=f"occupation {move}"):
        go(country, name, move, "ofi", 2)


def test_a_footprint_is_a_file_not_a_word(country: Project, draw: Draw) -> None:
    name = applied(country, draw("fp", IN_LINE))
    go(country, name, "return", "ofi", 1, lacking=["footprint"])
    with pytest.raises(UserError, match="--footprint"):
        go(country, name, "supplement", "app", 2, documents=["footprint"])
    with pytest.raises(UserError, match="10/1002"):
        go(country, name, "supplement", "app", 2, path=draw("other", IN_PARK))
    smaller = (6_400, -1_600, 6_500, -1_500)
    go(country, name, "supplement", "app", 2, path=draw("smaller", smaller))
    go(country, name, "receive", "ofi", 3)
    facts = screened(country, name, 4, new_construction_m2="0")["facts"]
    assert facts["area_m2"] == pytest.approx(10_000)


def test_a_register_that_changes_meanwhile_is_noticed(
    country: Project, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check and its record somebody approves an adjustment of the piece."""
    name = received(country, draw("fp", IN_LINE))
    real = occupation.screening_facts

    def meanwhile(checked: Any) -> Any:
        drafts = adjust.read_drafts(country, draw("cut", (6_500, -1_600, 6_550, -1_500)),
                                    "removal", "mapping_error", "D")  # fmt: skip
        told = adjust.propose(country, drafts, actor="ofi", ground="D", document="P", day=ON)
        proposal = str(told.table["subject"])
        adjust.test(country, proposal, actor="ofi", day=ON)
        adjust.approve(country, proposal, actor="nat", ground="D", document="P", day=ON)
        return real(checked)

    monkeypatch.setattr(occupation, "screening_facts", meanwhile)
    with pytest.raises(UserError, match="screen it again"):
        screened(country, name, new_construction_m2="0")
    monkeypatch.undo()
    screened(country, name, new_construction_m2="0")


def approved(country: Project, draw: Draw) -> str:
    name = received(country, draw("fp", IN_LINE))
    screened(country, name, new_construction_m2="0")
    conditions = [{"id": "1", "text": "Keep to the path."}]
    go(country, name, "approve", "dee", 3, documents=["decision_signature"], conditions=conditions)
    return name


def text_of(told: Any) -> str:
    path = next(p for p in told.table["files"] if p.endswith(".docx"))
    document = docx.Document(path)
    cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def test_a_letter_goes_to_whoever_applied(country: Project, draw: Draw, tmp_path: Path) -> None:
    name = approved(country, draw)
    told = write_letter(country, name, actor="ofi", to=tmp_path)
    text = text_of(told)
    assert "Ann Lee" in text and "5 Mill Road" in text and "Keep to the path." in text
    assert "Office of the Redline" in text and "County 1001" in text
    earlier = next(s["record"] for s in occupation.show(country, name, day=ON +
                   dt.timedelta(days=9)).table["steps"] if s["move"] == "receive")  # fmt: skip
    acknowledged = write_letter(country, name, actor="ofi", record=earlier, to=tmp_path)
    assert "Keep to the path." not in text_of(acknowledged)
    with pytest.raises(UserError, match="no letter of record"):
        write_letter(country, name, actor="ofi", record=earlier + 1, to=tmp_path)


def test_names_are_told_to_whom_a_role_lets_read_them_there(
    country: Project, draw: Draw, tmp_path: Path
) -> None:
    """To anyone else the case shows in which role each step was made; a letter is not written."""
    name = approved(country, draw)
    on = ON + dt.timedelta(days=9)
    for actor in ("", "app", "wes"):  # nobody, an applicant, an officer of another province
        text = occupation.show(country, name, day=on, actor=actor).text()
        assert "(officer)" not in text and "officer" in text and "dee" not in text
    assert "dee (decider)" in occupation.show(country, name, day=on, actor="ofi").text()
    for actor in ("app", "wes"):
        with pytest.raises(UserError, match=r"may not do journal\.read"):
            write_letter(country, name, actor=actor, to=tmp_path / "letters")
    with pytest.raises(UserError, match="nobody is named"):
        write_letter(country, name, actor="", to=tmp_path / "letters")
    assert not (tmp_path / "letters").exists()


def test_a_name_that_was_erased_is_in_no_letter(
    country: Project, draw: Draw, tmp_path: Path
) -> None:
    name = approved(country, draw)
    served = write_letter(country, name, actor="ofi", to=tmp_path / "served")
    write_letter(country, name, actor="ofi", to=tmp_path / "served")  # the same again
    first = occupation.show(country, name, day=ON).table["steps"][0]["record"]
    erase(country, first, ["applicant"], actor="ann", ground="Privacy law", reason="asked to")
    text = text_of(write_letter(country, name, actor="ofi", to=tmp_path))
    assert "Ann Lee" not in text and "erased" in text
    with pytest.raises(UserError, match="said something else"):
        write_letter(country, name, actor="ofi", to=tmp_path / "served")
    assert "Ann Lee" in text_of(served)


def test_no_letter_rests_on_a_record_that_was_changed(
    country: Project, draw: Draw, tmp_path: Path
) -> None:
    name = approved(country, draw)
    with sqlite3.connect(country.folder / "journal.sqlite") as connection:
        connection.execute("UPDATE record SET line = replace(line, 'the path', 'the lake')")
    connection.close()
    with pytest.raises(UserError, match="was changed") as fault:
        write_letter(country, name, actor="ofi", to=tmp_path / "letters")
    assert "tianren verify" in fault.value.next_step
    assert not (tmp_path / "letters").exists()


def test_a_letter_of_a_decision_that_was_set_aside_says_so(
    country: Project, draw: Draw, tmp_path: Path
) -> None:
    """Whoever asks for the letter must not be handed the old one as if it were in force."""
    name = approved(country, draw)
    go(country, name, "deliver", "ofi", 4, documents=["service_receipt"])
    served = write_letter(country, name, actor="ofi", to=tmp_path / "served")
    assert "set aside" not in text_of(served)
    go(country, name, "appeal", "app", 5, documents=["appeal"])
    go(country, name, "hear", "nat", 6, documents=["hearing_minutes"])
    go(country, name, "set_aside", "nat", 7, documents=["appeal_signature"])
    told = write_letter(country, name, actor="ofi", to=tmp_path / "after")
    assert told.table["record"] == served.table["record"]
    assert "was set aside on appeal" in text_of(told) and "set aside" in told.text()
    with pytest.raises(UserError, match="said something else"):
        write_letter(country, name, actor="ofi", to=tmp_path / "served")


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh_Hans", ("批准", "《关于加强生态保护红线管理的通知", "对生态功能不造成破坏")),
     ("es", ("aprueba", "Ministerio de Recursos Naturales", "no dañar la función ecológica"))],
)  # fmt: skip
def test_letters_speak_the_language_of_the_project(
    country: Project, draw: Draw, tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    """Though it was screened in English: the clause and what the rules ask to keep as well."""
    name = approved(country, draw)
    set_language(language)
    try:
        told = write_letter(country, name, actor="ofi", to=tmp_path)
    finally:
        set_language("en")
    assert told.table["files"][0].endswith(f"{language.replace('_', '-')}.pdf")
    text = text_of(told)
    assert "Ann Lee" in text and "Notice on" not in text
    assert [word for word in words if word.casefold() not in text.casefold()] == []


def test_a_letter_names_the_duties_and_whose_office_decided(
    country: Project, draw: Draw, tmp_path: Path
) -> None:
    """Without a letterhead it is the division for which whoever decided acts, not the country."""
    settings = country.folder / "project.toml"
    text = settings.read_text("utf-8").replace('letterhead = "Office of the Redline"\n', "")
    settings.write_text(text, "utf-8")
    bare = open_project(country.folder)
    letter = text_of(write_letter(bare, approved(bare, draw), actor="ofi", to=tmp_path))
    assert "东 decides" in letter and f"{bare.name} decides" not in letter
    assert "it is also to be kept" in letter and "Do no harm to the ecological function" in letter


def test_all_papers_of_the_way_are_named_at_the_screening(country: Project, draw: Draw) -> None:
    """What is needed for the review and what is needed for the approval, not gate by gate."""
    path = draw("road", IN_LINE)
    name = received(country, path, "major_grid")
    lacking = screened(country, name, new_construction_m2="60000", unavoidable="yes",
                       plan_level="nation", plan_reference="Plan 7")  # fmt: skip
    assert {"alternatives_study", "offset_plan", "impact_assessment"} <= set(
        lacking["papers_to_bring"]
    )


def test_what_is_occupied_beyond_the_approval_is_told_at_the_inspection(
    country: Project, draw: Draw
) -> None:
    name = approved(country, draw)
    go(country, name, "deliver", "ofi", 4, documents=["service_receipt"])
    go(country, name, "commence", "app", 5, documents=["commencement_notice"])
    found = go(country, name, "inspect", "ins", 6, documents=["inspection_report"],
               fulfilled={"1": True}, occupied_m2=61_000)  # fmt: skip
    (told,) = [f["message"] for f in found["findings"]]
    assert "61,000 m² are found occupied, 1,000 m² more than the 60,000 m²" in told
    less = go(country, name, "inspect", "ins", 7, documents=["inspection_report"],
              fulfilled={"1": True}, occupied_m2=60_000)  # fmt: skip
    assert less["findings"] == []


def test_deadlines_are_told_and_pass(country: Project, draw: Draw) -> None:
    name = applied(country, draw("fp", IN_LINE))
    table = occupation.show(country, name, day=ON).table
    assert table["deadlines"][0]["by"] == (ON + dt.timedelta(days=7)).isoformat()
    assert occupation.late(country, day=ON).table["overdue"] == []
    (row,) = occupation.late(country, day=ON + dt.timedelta(days=30)).table["overdue"]
    assert row["moves"] == ["receive", "return"] and row["working_days"] > 0


def test_nobody_decides_their_own(country: Project, draw: Draw) -> None:
    name = received(country, draw("fp", IN_LINE))
    screened(country, name, new_construction_m2="0")
    with pytest.raises(UserError, match=r"occupation\.approve"):
        go(country, name, "approve", "ofi", 3, documents=["decision_signature"], conditions=[])


def test_a_projects_own_sheet_is_what_counts(country: Project, draw: Draw) -> None:
    from importlib.resources import files

    text = (files("tianren.parameters") / "procedures" / "occupation.toml").read_text("utf-8")
    folder = country.folder / "procedures"
    folder.mkdir()
    own = folder / "occupation.toml"
    own.write_text(text.replace("due = 5  # 行政许可法 32", "due = 9  # 行政许可法 32", 1), "utf-8")
    name = applied(country, draw("fp", IN_LINE))
    table = occupation.show(country, name, day=ON).table
    assert table["deadlines"][0]["by"] > (ON + dt.timedelta(days=7)).isoformat()
    own.write_text(text.replace("[move.receive]", "[move.take_in]"), "utf-8")
    with pytest.raises(UserError, match="no move receive"):
        occupation.show(replace(country), name, day=ON)
