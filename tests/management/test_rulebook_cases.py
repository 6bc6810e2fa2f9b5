"""Cases of lawyers: the packaged ones come out and leave no rule untried; bad files are refused."""

import datetime as dt
from pathlib import Path

import pytest

from tianren.errors import UserError
from tianren.management.activities import judge
from tianren.management.rulebook_cases import LARGEST, packaged_cases, read_cases, run_cases
from tianren.management.rulebook_reading import packaged, rulebook_of

from .books import BOOKS
from .test_rulebooks import changed, path

CASE = """
- title: a herd
  activity: grazing
  zones: [redline]
  day: 2026-05-01
  facts: {lawful_right: no}
  expect: {answer: prohibited, clause: §1(1)2}
"""


@pytest.mark.parametrize("name", BOOKS)
def test_the_packaged_cases_come_out(name: str) -> None:
    cases = packaged_cases(name)
    assert cases
    assert run_cases(packaged(name), cases) == []
    titles = [case.title for case in cases]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", ["CN", "MG"])
def test_no_rule_is_left_untried(name: str) -> None:
    book = packaged(name)
    tried = set()
    for case in packaged_cases(name):
        documents = dict.fromkeys(case.documents, "a file")
        found = judge(book, case.activity, case.zones, case.facts, documents, case.day)
        tried |= {zone.rule.id for zone in found.zones}
    assert tried == set(book.rules)


def test_a_case_of_every_class_and_every_answer() -> None:
    cases, book = packaged_cases("CN"), packaged("CN")
    assert {book.activities[case.activity].of for case in cases} == set(book.classes)
    assert {case.expect.answer for case in cases} == {
        "permitted", "permitted_with_conditions", "needs_approval", "cannot_say", "prohibited",
    }  # fmt: skip
    assert {zone for case in cases for zone in case.zones} == set(book.zones)


def test_a_rule_that_is_changed_is_found_by_its_cases() -> None:
    """Every rule of China's rulebook: prohibited where it was not, and the other way round."""
    book = packaged("CN")
    cases = packaged_cases("CN")
    for name, rule in book.rules.items():
        if rule.answer == "prohibited":
            table = changed(path(f"rule.{name}.answer", "permitted_with_conditions"))
        else:
            bare = {"answer": "prohibited", "conditions": [], "opinions": [], "documents": []}
            table = changed(lambda t, n=name, b=bare: t["rule"][n].update(b))  # type: ignore[misc]
        wrong = run_cases(rulebook_of("CN", table, "CN"), cases)
        assert any(f.rule == "rulebook.case_fails" for f in wrong), name


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ("{answer: permitted, clause: §1(1)2}", "the answer is prohibited, and should be permitt"),
        ("{answer: prohibited, clause: §9}", "the clause is §1(1)2, and should be §9"),
        ("{answer: prohibited, clause: §1(1)2, missing: [at_sea]}", "what is missing is none"),
        ("{answer: prohibited, clause: §1(1)2, opinions: [park]}", "should be park"),
        ("{answer: prohibited, clause: §1(1)2, documents: [x]}", "the documents not there is none"),
    ],
)
def test_what_differs_is_told(wanted: str, fault: str) -> None:
    text = CASE.replace("{answer: prohibited, clause: §1(1)2}", wanted)
    [finding] = run_cases(packaged("CN"), read_cases(text, "own.yaml"))
    assert finding.subject == "a herd" and fault in finding.message


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("grazing", "grasing", "did you mean grazing"),
        ("redline", "moon", "no zone called moon"),
        ("lawful_right: no", "lawful_right: 3", "yes or no"),
        ("2026-05-01", "1999-01-01", "in force since"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_finding(old: str, new: str, fault: str) -> None:
    [finding] = run_cases(packaged("CN"), read_cases(CASE.replace(old, new), "own.yaml"))
    assert finding.rule == "rulebook.case_not_answered" and fault in finding.message


BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (BOMB, "aliases are not read"),
        ("[" * 9 + "]" * 9, "too deep"),
        ("[" * 100_000, "too deep"),
        ("{a: " * 50_000, "too deep"),
        ("- &a x\n- *a", "aliases"),
        ("- !!python/object/apply:os.system [ls]", "not plain YAML"),
        ("- !!python/name:os.system", "not plain YAML"),
        (CASE.replace("zones", "activity"), "activity comes twice"),
        (CASE.replace("{lawful_right: no}", "{at_sea: no, at_sea: yes}"), "at_sea comes twice"),
        ("x" * (LARGEST + 1), "too large"),
        ("x" * 3_000, "a value is too long"),
        ("1" + ":59" * 600, "Input should be a valid tuple"),
        ("- title: [", "not plain YAML"),
        ("\x00", "not plain YAML"),
        ("", "Input should be a valid tuple"),
        ("a: 1", "Input should be a valid tuple"),
        (CASE.replace("2026-05-01", "soon"), "0.day"),
        (CASE.replace("prohibited", "maybe"), "0.expect.answer"),
        (CASE.replace("clause: §1(1)2", "clause: 1.2"), "0.expect.clause"),
        (CASE.replace("title", "name"), "0.title"),
        (CASE.replace("[redline]", "[]"), "0.zones"),
        (CASE.replace("lawful_right: no", "lawful_right: [no]"), "0.facts.lawful_right"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_cases_is_refused(text: str, fault: str) -> None:
    with pytest.raises(UserError) as told:
        read_cases(text, "own.yaml")
    assert fault in told.value.message()


def test_yes_and_no_and_days_are_read_as_such() -> None:
    [case] = read_cases(CASE, "own.yaml")
    assert case.facts == {"lawful_right": False} and case.day == dt.date(2026, 5, 1)


def test_yaml_is_loaded_where_cases_are_read_and_nowhere_else() -> None:
    source = Path(__file__).parents[2] / "src" / "tianren"
    texts = {p.name: p.read_text("utf-8") for p in source.rglob("*.py")}
    assert [name for name, text in texts.items() if " import yaml" in text] == ["rulebook_cases.py"]
    assert not any("\nimport yaml" in text or "from yaml" in text for text in texts.values())
