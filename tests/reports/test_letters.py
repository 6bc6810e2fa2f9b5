"""The letters of a case: the same bytes each time, both files from one source, no name a markup."""

import datetime as dt
import io
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.management.story import (
    CONDITIONS,
    DAY,
    LAW,
    LENDING,
    Story,
    commenced,
    law,
    limited,
    opined,
)
from tianren.errors import UserError
from tianren.language import set_language
from tianren.management.occupation.state import set_aside_by
from tianren.management.working_days import Calendar
from tianren.reports import letters
from tianren.reports.letters import Letter, Office, Particulars
from tianren.reports.letters.content import clean, day_text, hectares

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
GIVEN = Particulars(
    office=Office("Natural Resources Bureau", ("12 River Street", "+86 358 000 0000"), "Director"),
    addressee=("Green Paths Cooperative", "Ms Ana Wang", "7 Mill Lane"),
    file_number="LNR (2026) 12",
    record_number=4,
    record_hash=HASH,
    activity="a path for visitors",
    place="Lan County",
    appeal_to="the People's Government of Shanxi Province",
    further="An action may be brought within six months.",
)
ZONES = {
    "zones": {"protected": 2_500.0, "redline": 10_000.0, "outside": 700.0, "core": 0.0},
    "functions_lost": {
        "water_conservation": {"amount": 4_200.0, "unit": "m3/a", "percent": 0.04},
        "soil_conservation": {"amount": 31.5, "unit": "t/a"},
    },
}
REASON = "The path would lie wholly in the core of the reserve."


def breach() -> Story:
    found = {"fulfilled": {"1": False, "2": True}, "occupied_m2": 14_000}
    return commenced().go("inspect", also=found)


def lent() -> Story:
    also = {"temporary": True, "until": "2027-03-01"}
    return (
        Story()
        .go("apply", also=also, documents=LENDING)
        .all("receive", "screen")
        .go("approve", "petra")
    )


def stories() -> dict[str, Story]:
    screened = Story().all("apply", "receive").go("screen", also=ZONES).all("consult", "advise")
    core = {"answer": "prohibited", "zones": {"core": 12_500.0}}
    banned = Story().all("apply", "receive").go("screen", also=core)
    major = opined(**ZONES).all("consult", "advise")
    return {
        "receive": Story().all("apply", "receive"),
        "return": Story().go("apply").go("return", reason="The consent is not among the papers."),
        "approve": screened.go("approve", reason="It follows the old track."),
        "approve_major": major.go("approve", "nora", also={"offset_area_m2": 13_000}),
        "approve_lent": lent(),
        "refuse": banned.go("refuse", reason=REASON),
        "order": breach().go("order", reason="The stream was filled."),
    }


STORIES = stories()
NAMES = sorted(STORIES)


@pytest.fixture(params=["en", "zh", "es"])
def language(request: Any) -> Iterator[str]:
    yield set_language(request.param)
    set_language("en")


def letter(name: str, **given_more: Any) -> Letter:
    case = STORIES[name].case
    assert case is not None
    return letters.letter(case, replace(GIVEN, **given_more), LAW)


def texts(told: Letter) -> list[str]:
    """Every text of a letter, in its order."""
    found: list[str] = []

    def take(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for key, item in value.items():
                if key not in ("kind", "language", "move", "day"):
                    take(item)
        elif isinstance(value, list):
            for item in value:
                take(item)

    take(told.as_dict())
    return [text for text in found if text]


def docx_text(made: bytes) -> str:
    document = docx.Document(io.BytesIO(made))
    parts = [document.element.body, document.sections[0].footer._element]
    return "".join(
        node.text or "" for part in parts for node in part.iter() if node.tag.endswith("}t")
    )


def pdf_text(made: bytes, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    (folder / "letter.pdf").write_bytes(made)
    command = ["pdftotext", "-enc", "UTF-8", "-layout", str(folder / "letter.pdf"), "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def bare(text: str) -> str:
    """A text without what a page puts between its characters."""
    return re.sub(r"[\s\u200b]", "", text)


# -- bytes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_same_letter_is_the_same_bytes(name: str) -> None:
    told = letter(name)
    assert letters.docx_bytes(told) == letters.docx_bytes(told)
    made = letters.pdf_bytes(told)
    assert made.startswith(b"%PDF") and made == letters.pdf_bytes(told)


@pytest.mark.parametrize("name", NAMES)
def test_both_files_say_all_that_the_letter_says(name: str, language: str, tmp_path: Path) -> None:
    told = letter(name)
    written = bare(docx_text(letters.docx_bytes(told)))
    printed = bare(pdf_text(letters.pdf_bytes(told), tmp_path))
    for text in texts(told):
        assert bare(text) in written, text
    # On a page two columns and the ends of lines interleave: its words are all there.
    for text in texts(told):
        assert all(bare(word) in printed for word in pieces(text)), text


def pieces(text: str) -> list[str]:
    """Words, and of Chinese each run of three characters: no line ends inside all of them."""
    words = text.split()
    return [w for w in words if len(w) < 30 and w.isascii()]


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("en", ["12 March 2026", "national major project", "Expert review of unavoidability"]),
        ("zh", ["2026年3月12日", "国家重大项目", "一、", "自然保护地一般控制区"]),
        (
            "es",
            ["12 de marzo de 2026", "gran proyecto nacional", "Área protegida fuera del núcleo"],
        ),
    ],
)
def test_a_letter_speaks_the_language(tag: str, said: list[str], tmp_path: Path) -> None:
    set_language(tag)
    told = letter("approve_major")
    whole = " ".join(texts(told))
    made = letters.pdf_bytes(told)
    set_language("en")
    printed = bare(pdf_text(made, tmp_path))
    for text in said:
        assert text in whole and bare(text) in printed


def test_the_archive_carries_the_day_and_no_picture() -> None:
    made = letters.docx_bytes(letter("receive"))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert {e.date_time for e in archive.infolist()} == {(2026, 3, 3, 12, 0, 0)}
        assert not [n for n in archive.namelist() if "thumbnail" in n]
        assert b"2026-03-03T12:00:00Z" in archive.read("docProps/core.xml")
        assert b"python-docx" not in archive.read("docProps/core.xml")


ORDER = {
    "pPr": "pStyle keepNext keepLines pBdr tabs spacing ind jc rPr",
    "rPr": "rFonts b color spacing sz szCs lang",
    "tblPr": "tblStyle tblW jc tblInd tblLayout tblLook",
    "tcPr": "tcW gridSpan tcBorders shd vAlign",
}


@pytest.mark.parametrize("name", NAMES)
def test_elements_stand_in_the_order_of_the_format(name: str) -> None:
    """Word refuses a file whose properties stand in another order."""
    made = letters.docx_bytes(letter(name))
    document = docx.Document(io.BytesIO(made))
    for part in (document.element.body, document.sections[0].footer._element):
        for node in part.iter():
            kind = node.tag.rpartition("}")[2]
            if kind in ORDER:
                known = ORDER[kind].split()
                places = [known.index(child.tag.rpartition("}")[2]) for child in node]
                assert places == sorted(set(places)), [child.tag for child in node]


def test_nothing_heavy_is_loaded_before_a_letter_is_drawn() -> None:
    code = (
        "import sys, tianren.reports.letters;"
        "print([m for m in ('docx', 'lxml', 'typst', 'babel', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- what is said ----------------------------------------------------------------------------------


def said(name: str, **given_more: Any) -> str:
    return " ".join(texts(letter(name, **given_more)))


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_has_its_head_its_foot_and_its_record(name: str) -> None:
    told = letter(name)
    whole = " ".join(texts(told))
    for text in ("Natural Resources Bureau", "Ms Ana Wang", "LNR (2026) 12", "occupation/1", HASH,
                 "record 4", "A path for visitors inside the line, Lan County", "Signature",
                 "Seal", "Director", day_text(told.day)):  # fmt: skip
        assert text in whole, text


def test_an_approval_says_grounds_conditions_and_appeal() -> None:
    text = said("approve")
    for part in (
        "1.2500\u00a0ha inside the line by a path for visitors is approved",
        "permitted with conditions (N142 1(1)5)",
        "Opinion of the protected-area authority, 6 March 2026: it agrees (record 5).",
        "Reason: It follows the old track.",
        "Keep 50 m from the stream. By 30 September 2026.",
        str(CONDITIONS[1]["text"]),
        "Works begin by 8 March 2028",
        "appeal to the People's Government of Shanxi Province within 60 days",
        "An action may be brought within six months.",
    ):
        assert part in text, part


def test_what_is_touched_adds_up() -> None:
    zones, functions = [b for b in letter("approve").blocks if b["kind"] == "table"]
    assert zones["rows"] == [
        ["Protected area outside its core", "0.2500", "20.0"],
        ["Line outside protected areas", "1.0000", "80.0"],
    ]
    assert zones["total"][1:] == ["1.2500", "100.0"]
    assert functions["rows"] == [
        ["Water conservation", "4\u00a0200\u00a0m³/a", "0.04"],
        ["Soil conservation", "31.5\u00a0t/a", "–"],
    ]


def test_a_major_project_has_its_review_and_its_offset() -> None:
    text = said("approve_major")
    for part in (
        "Kind of case: national major project",
        "the line cannot be avoided (record 5)",
        "it supports the project (record 6)",
        "an offset of 1.3000\u00a0ha is provided and accepted",
    ):
        assert part in text, part


def test_a_temporary_occupation_has_its_end() -> None:
    text = said("approve_lent")
    assert "is approved until 1 March 2027" in text
    assert "The use ends on 1 March 2027; within 365 days of it the land is restored" in text


def test_a_refusal_says_why() -> None:
    text = said("refuse")
    for part in ("is refused", "the activity is prohibited", f"Reason: {REASON}",
                 "Core of a protected area", "within 60 days"):  # fmt: skip
        assert part in text, part
    assert "Works begin" not in text


def test_what_is_prohibited_is_of_no_kind_that_could_be_approved() -> None:
    assert "Kind of case" not in said("refuse") and "Kind of case" in said("approve")


def test_the_clause_of_the_kind_stands_in_the_language_of_the_letter(language: str) -> None:
    whole = said("approve_major")
    clause = {"en": "Notice on the management", "zh_Hans": "通知", "es": "Aviso sobre la gestión"}
    assert clause[language] in whole
    assert ("自然资发" in whole) is (language == "zh_Hans")


def with_ground(name: str, ground: str, **more: Any) -> Letter:
    case = STORIES[name].case
    assert case is not None
    step = replace(case.steps[-1], ground=ground, **more)
    return letters.letter(replace(case, steps=(*case.steps[:-1], step)), GIVEN, LAW)


@pytest.mark.parametrize(
    "ground", ["occupation of the line", "占用生态保护红线", "ocupación de la línea"]
)
@pytest.mark.parametrize("name", ["refuse", "order"])
def test_the_name_of_the_procedure_is_no_ground(name: str, ground: str, language: str) -> None:
    """It stands on record where nobody gave a ground, in the language of that day."""
    opening = with_ground(name, ground).blocks[0]["text"]
    assert ground not in opening and GIVEN.office.name in opening
    assert "N142 §1" in with_ground(name, "N142 §1").blocks[0]["text"]


def test_above_the_whole_country_no_authority_stands() -> None:
    case = STORIES["approve_major"].case
    assert case is not None and case.steps[-1].acts_for == ""
    whole = said("approve_major", appeal_to="")
    assert "authority above" not in whole and "the authority that the law names" in whole
    assert "the authority above the one that decided" in said("refuse", appeal_to="")


def fallen(decision: str, *after: str) -> Story:
    story = limited().go(decision).all("deliver")
    return story.all(*after)


@pytest.mark.parametrize(
    ("story", "move", "by"),
    [
        (fallen("refuse", "appeal", "hear", "set_aside"), "refuse", "set_aside"),
        (fallen("approve", "commence", "appeal", "hear", "revoke"), "approve", "revoke"),
        (fallen("refuse", "appeal", "hear", "uphold_refusal"), "refuse", ""),
        (fallen("refuse", "appeal", "hear", "set_aside"), "receive", ""),
    ],
)
def test_a_decision_falls_by_the_appeal_that_sets_it_aside(
    story: Story, move: str, by: str
) -> None:
    case = story.case
    assert case is not None
    told = case.last(move)
    assert told is not None
    step = set_aside_by(case.steps, told.number)
    assert (step.move if step else "") == by


def test_a_decision_anew_does_not_fall_with_the_first() -> None:
    story = fallen("refuse", "appeal", "hear", "set_aside").go("screen", "otto")
    case = story.go("approve", "carl").case
    assert case is not None
    by = [bool(set_aside_by(case.steps, s.number)) for s in case.steps
          if s.move in ("refuse", "approve")]  # fmt: skip
    assert by == [True, False]


def test_the_letter_of_a_decision_that_fell_says_so_first() -> None:
    case = fallen("refuse", "appeal", "hear", "set_aside").case
    assert case is not None
    told = letter("refuse", set_aside=case.steps[-1])
    assert told.blocks[0]["strong"] and "was set aside on appeal" in told.blocks[0]["text"]
    assert "set aside" not in said("refuse")


def test_a_request_names_each_document_and_the_day() -> None:
    text = said("return")
    assert "Consent of the holders of the land" in text
    assert "Please send them all by 14 April 2026." in text  # thirty working days after 3 March
    off = Calendar.of([dt.date(2026, 4, 14)], [])
    case = STORIES["return"].case
    assert case is not None
    moved = letters.letter(case, GIVEN, law(calendar=off))
    assert "15 April 2026" in " ".join(texts(moved))


def test_an_acknowledgement_says_until_when() -> None:
    text = said("receive")
    assert "accepted for examination. It is case occupation/1." in text
    assert "due by 31 March 2026, 20 working days from today" in text
    assert "Boundary points of the footprint" in text


def test_an_order_says_what_was_found_and_by_when() -> None:
    text = said("order")
    for part in (
        "The land is to be restored by 11 March 2027.",
        "The place was inspected on 10 March 2026 (record 7).",
        "Condition (1) is not kept: Keep 50 m from the stream.",
        "1.4000\u00a0ha are occupied, and 1.2500\u00a0ha are approved.",
        "Reason: The stream was filled.",
    ):
        assert part in text, part
    assert "Condition (2)" not in text


def test_an_order_after_a_temporary_use_says_that_it_ended() -> None:
    story = lent().all("deliver", "commence").go("order", day=dt.date(2027, 4, 1))
    assert story.case is not None
    text = " ".join(texts(letters.letter(story.case, GIVEN, LAW)))
    assert "The temporary use ended on 1 March 2027." in text
    assert "was inspected" not in text


def test_a_letter_tells_only_steps_that_have_one() -> None:
    for story in (limited(), commenced()):
        assert story.case is not None
        with pytest.raises(UserError, match="no letter of the move"):
            letters.letter(story.case, GIVEN, LAW)


def test_an_activity_without_a_name_is_called_by_its_id() -> None:
    assert "by visitor path is approved" in said("approve", activity="")


def test_the_addressee_is_in_the_letter_and_nowhere_in_the_case() -> None:
    story = STORIES["approve"]
    for record in story.records:
        assert "Wang" not in str(record)


# -- abuse -----------------------------------------------------------------------------------------

MARKUP = '#panic("x") *bold* $x$ @ref [a](b) //c <w:t>evil</w:t> &amp; ]]> {{ x }} \\ `raw`'


def test_no_name_becomes_markup(tmp_path: Path) -> None:
    told = letter("approve", addressee=(MARKUP,), file_number=MARKUP)
    assert MARKUP in docx_text(letters.docx_bytes(told))
    assert bare(MARKUP) in bare(pdf_text(letters.pdf_bytes(told), tmp_path))


def test_a_field_or_a_link_in_a_name_stays_text() -> None:
    name = 'HYPERLINK "http://x" \\o { INCLUDETEXT "/etc/passwd" }'
    told = letter("approve", addressee=(name,))
    with zipfile.ZipFile(io.BytesIO(letters.docx_bytes(told))) as archive:
        body, foot = archive.read("word/document.xml"), archive.read("word/footer1.xml")
        links = b"".join(archive.read(n) for n in archive.namelist() if n.endswith(".rels"))
    assert b"instrText" not in body and re.findall(rb"<w:instrText>([^<]*)", foot) == [
        b"PAGE", b"NUMPAGES",
    ]  # fmt: skip
    assert b"External" not in links and b"http://x" not in links


def test_marks_that_turn_the_direction_do_not_rewrite_a_line() -> None:
    told = letter("approve", addressee=("Ana\u202e gnaW\u2066 sM\x00\x1b[0m\ud800\ufffe",))
    assert told.as_dict()["addressee"] == ["Ana gnaW sM[0m"]
    letters.docx_bytes(told)
    letters.pdf_bytes(told)


def test_rare_characters_of_names_stay() -> None:
    name = "𠮷野 \U00031350 José Ñandú O’Neill \ue000"
    assert clean(name) == name


def test_a_long_word_breaks_and_a_long_text_goes_on_over_pages(tmp_path: Path) -> None:
    told = letter("refuse", further="x" * 400 + " " + "word " * 3000)
    made = letters.pdf_bytes(told)
    assert bare(pdf_text(made, tmp_path)).count("x") >= 400
    assert letters.docx_bytes(told)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_is_of_the_record(name: str) -> None:
    told = letter(name, file_number="../../etc/passwd", addressee=("/root",))
    assert re.fullmatch(r"[a-z]+-000004-en", letters.file_stem(told))


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=200), st.text(max_size=80))
def test_any_text_can_be_written(text: str, name: str) -> None:
    told = letter("refuse", further=text, addressee=(name,), file_number=name)
    written = bare(docx_text(letters.docx_bytes(told)))
    for part in texts(told):
        assert bare(part) in written


@settings(max_examples=10, deadline=None)
@given(st.text(max_size=200), st.text(max_size=80))
def test_any_text_can_be_printed(text: str, name: str) -> None:
    told = letter("refuse", further=text, addressee=(name,), file_number=name)
    assert letters.pdf_bytes(told).startswith(b"%PDF")


@given(st.floats(0, 1e12))
def test_hectares_are_told_to_the_square_metre(area: float) -> None:
    told = float(hectares(area).replace("\u00a0", ""))
    assert told == pytest.approx(area / 10_000, abs=0.5e-4 + 1e-16 * area)


def test_an_early_day_can_be_dated() -> None:
    old = replace(letter("receive"), day=dt.date(1950, 1, 1))
    assert letters.docx_bytes(old) and letters.pdf_bytes(old).startswith(b"%PDF")
    assert old.day < DAY
