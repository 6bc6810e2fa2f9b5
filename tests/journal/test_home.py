"""A project and the journal that it keeps, or will keep."""

from pathlib import Path

from entries import start

from tianren.project.journal.database import Database
from tianren.project.journal.home import anchor_for_run, has_journal


def test_a_run_before_the_journal_is_started_has_no_anchor(store: Database, tmp_path: Path) -> None:
    """The line is drawn first, and then adopted, wherever the journal will be kept."""
    url = store.url.render_as_string(hide_password=False)
    assert not has_journal(tmp_path, url)
    assert anchor_for_run(tmp_path, url, "") == {}
    journal = start(store)
    assert has_journal(tmp_path, url)
    with journal.reading() as reader:
        assert anchor_for_run(tmp_path, url, "")["hash"] == reader.head().hash
