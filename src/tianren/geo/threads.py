"""How many threads compiled loops may run on: they hold no lock, so one a processor."""

import os


def processors() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
