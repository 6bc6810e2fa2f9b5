"""One measurement in a process of its own, so that its peak memory is its own.

python -m benchmarks.one MODULE FUNCTION KIND SIZE THREADS: the last line is "seconds peak-in-MiB".
"""

import importlib
import os
import resource
import sys
from pathlib import Path


def main(module: str, function: str, kind: str, size: str, threads: str) -> None:
    os.environ.setdefault("GDAL_CACHEMAX", "192")
    measure = getattr(importlib.import_module(f"benchmarks.{module}"), function)
    seconds = measure(kind, int(size), int(threads))
    print(seconds, _peak() / 1024)


def _peak() -> int:
    """Peak resident memory, KiB. getrusage would count the parent from which this was forked."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["VmHWM"].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
