"""Copy the redline map of a demo into the documentation, for the README:

.venv/bin/tianren demo DEMO
.venv/bin/python tools/readme_picture.py DEMO
"""

import argparse
import shutil
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "switzerland.png"
MOST_BYTES = 400_000


def copy_picture(demo: Path, target: Path = TARGET) -> Path:
    """Copy the map of the demo's latest run; SystemExit where there is none, or it is too large."""
    made = sorted(demo.glob("results/*/maps/redline.png"), key=lambda path: path.stat().st_mtime)
    if not made:
        sys.exit(f"{demo} has no map of a redline. Make it first: tianren demo {demo}")
    size = made[-1].stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{made[-1]} has {size:,} bytes; a picture of the README has {MOST_BYTES:,}")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made[-1], target)
    return target


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path, help="the folder that tianren demo made")
    print(copy_picture(parser.parse_args().demo))
