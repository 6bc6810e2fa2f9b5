"""Measurements in subprocesses, and goals with met or not met."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tianren.geo.threads import processors

PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Measured:
    """The fastest of some runs, and the largest peak of resident memory among them."""

    seconds: float
    peak_mib: float
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Goal:
    """A ratio and where it should lie."""

    what: str
    found: float
    limit: float
    at_most: bool

    def __str__(self) -> str:
        met = self.found <= self.limit if self.at_most else self.found >= self.limit
        sign = "<=" if self.at_most else ">="
        verdict = "met" if met else "NOT MET"
        return f"  {self.what:<58} {self.found:7.2f}   goal {sign} {self.limit:g}   {verdict}"


def at_most(what: str, found: float, limit: float) -> Goal:
    return Goal(what, found, limit, at_most=True)


def at_least(what: str, found: float, limit: float) -> Goal:
    return Goal(what, found, limit, at_most=False)


def prepare(module: str, kind: str, size: int) -> None:
    """Run benchmarks.MODULE.prepare(kind, size, threads) apart, to keep this process small."""
    command = [sys.executable, "-m", "benchmarks.one", module, "prepare", kind, str(size)]
    print(*_run([*command, str(processors())])[:-1], sep="\n")


def measured(
    module: str, function: str, kind: str, size: int, threads: int, runs: int = 3
) -> Measured:
    """Run benchmarks.MODULE.FUNCTION(kind, size, threads), which returns its seconds."""
    command = [sys.executable, "-m", "benchmarks.one", module, function, kind, str(size)]
    found = [_run([*command, str(threads)]) for _ in range(runs)]
    best = _best([_parsed(lines) for lines in found])
    print(f"  {module + ' ' + function:<34} {best.seconds:8.2f} s {best.peak_mib:9.0f} MiB")
    return best


def told(module: str, function: str, kind: str, size: int, threads: int = 1) -> Measured:
    """One run of what `measured` runs, with all that it said."""
    found = measured(module, function, kind, size, threads, 1)
    print("\n".join(f"  {line}" for line in found.said), flush=True)
    return found


def together(
    module: str, functions: list[str], kind: str, size: int, threads: int, runs: int = 3
) -> list[Measured]:
    """Several measurements in turn, so that a slow moment of the machine meets them all."""
    lines: dict[str, list[Measured]] = {f: [] for f in functions}
    for _ in range(runs):
        for f in functions:
            command = [sys.executable, "-m", "benchmarks.one", module, f, kind, str(size)]
            lines[f].append(_parsed(_run([*command, str(threads)])))
    for f in functions:
        best = _best(lines[f])
        print(
            f"  {module + ' ' + f:<34} {best.seconds:8.2f} s {best.peak_mib:9.0f} MiB", flush=True
        )
    return [_best(lines[f]) for f in functions]


def peer(script: str, needs: list[str], arguments: list[str], runs: int = 1) -> Measured | None:
    """Run a peer's script; None, said loudly, where a module or command that it needs is missing.

    TIANREN_BENCH_PYTHON_<SCRIPT> names another interpreter that has the peer.
    """
    python = os.environ.get(f"TIANREN_BENCH_PYTHON_{script.upper()}", sys.executable)
    missing = [need for need in needs if not _there(python, need)]
    if missing:
        print(f"  SKIPPED {script}: {', '.join(missing)} not installed", flush=True)
        return None
    command = [python, str(PEERS / f"{script}.py"), *arguments]
    try:
        found = [_peak_of(command) for _ in range(runs)]
    except subprocess.CalledProcessError as fault:
        print(f"  FAILED {script}: {fault.stderr.strip().splitlines()[-1]}", flush=True)
        return None
    best = _best(found)
    print(f"  {script:<34} {best.seconds:8.2f} s {best.peak_mib:9.0f} MiB", flush=True)
    return best


def _there(python: str, need: str) -> bool:
    if need.endswith(".py"):
        return shutil.which(need) is not None
    done = subprocess.run([python, "-c", f"import {need}"], capture_output=True, check=False)
    return done.returncode == 0


def _peak_of(command: list[str]) -> Measured:
    """Seconds as the script says, peak memory of it and its children as the kernel says."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, stderr=errors.read())
    return Measured(float(lines[-1]), usage.ru_maxrss / 1024, tuple(lines[:-1]))


def _run(command: list[str]) -> list[str]:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def _parsed(lines: list[str]) -> Measured:
    seconds, peak = lines[-1].split()
    return Measured(float(seconds), float(peak), tuple(lines[:-1]))


def _best(found: list[Measured]) -> Measured:
    fastest = min(found, key=lambda m: m.seconds)
    return Measured(fastest.seconds, max(m.peak_mib for m in found), fastest.said)
