"""The reference is generated: a change of a signature must come with its page."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_reference_is_up_to_date() -> None:
    told = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert told.returncode == 0, f"{told.stdout}{told.stderr}Write it: python tools/reference.py"
