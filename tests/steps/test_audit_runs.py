"""`tianren audit` of a project's own runs: what to do of a run that a later one overtook."""

from pathlib import Path

from tests.project.small_project import CATALOG, PROJECT, make_project
from tests.steps.test_account import NOW, square, write
from tianren.project.project import open_project
from tianren.steps.account import account
from tianren.steps.audit import audit_runs
from tianren.steps.oecm import oecm

SECTION = '\n[account]\nsites = ["sites"]\ncandidates = "wishes"\noecm = "answers"\n'
SOURCES = "".join(
    f'\n[{name}]\nuri = "data/{name}.gpkg"\nkind = "vector"\n' for name in ("sites", "wishes")
)
SOURCES += '\n[answers]\nuri = "data/answers.csv"\nkind = "table"\n'
ANSWERS = "site,criterion,answer\nw1,C1,yes\n"


def test_an_account_older_than_the_assessment_is_told_to_be_made_again(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", PROJECT + SECTION, CATALOG + SOURCES)
    write(folder, "sites", NOW)
    write(folder, "wishes", [square(5, 5, 10, 10), square(-15, 5, 5, 5)], code=["w1", "w2"])
    answers = folder / "data" / "answers.csv"
    answers.write_text(ANSWERS, "utf-8")
    first = account(open_project(folder)).run
    assert audit_runs(open_project(folder)).findings == ()
    answers.write_text(ANSWERS + "w2,C1,yes\n", "utf-8")
    later = oecm(open_project(folder)).run
    found = audit_runs(open_project(folder))
    assert found.faults
    advice = [f for f in found.findings if f.rule == "audit.overtaken"]
    assert found.findings[0] == advice[0] and len(advice) == 1
    assert advice[0].subject == first.id and later.id in advice[0].message
    assert "Next: tianren account" in advice[0].message and "tianren account" in found.text()
    account(open_project(folder))
    assert audit_runs(open_project(folder)).findings == ()
