"""What the message files take up from the code."""

import runpy
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "messages.py"

CODE = """
from tianren.language import say
PLAN_LOOKS = {2: ("Locked in", "#1f5b3f"), 1: ("Chosen", "#7fb58a")}
TELLING = {"read": (Severity.WARNING, "{n} records cannot be read")}
KIND_NAMES = {"species": {"one": "a species"}}
CODES = {"a": "no message"}
say("Total")
say(KIND_NAMES["species"])
"""


def test_calls_and_tables_are_taken_up_and_colours_and_ids_are_not(tmp_path: Path) -> None:
    (tmp_path / "maps.py").write_text(CODE, encoding="utf-8")
    expected = {"Locked in", "Chosen", "{n} records cannot be read", "a species", "Total"}
    messages = runpy.run_path(str(TOOL))["messages"]
    assert messages(tmp_path) == {text: ["maps.py"] for text in sorted(expected)}
