"""Runs: results/<step>-<hash>/, locked while written, resumed when killed, read without effort."""

import csv
import datetime as dt
import hashlib
import io
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from importlib.resources import files
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tianren import __version__
from tianren.errors import UserError
from tianren.findings import Finding, worst_first
from tianren.measures import COLUMNS, Measure, in_order
from tianren.project.digests import write_whole
from tianren.project.tables import parsed
from tianren.project.toml_text import as_toml

if TYPE_CHECKING:
    from tianren.parameters import Parameters
    from tianren.project.project import Project

ASKED = ".asked"  # when a finished run was last asked for again; empty: only another step did
FINDING_COLUMNS = ("rule", "subject", "severity", "message", "source")


@dataclass
class Run:
    """One run being made: a context manager that holds the run's lock.

    Files are written under path(name); a step that finds done(name) goes on from there. finish()
    writes measures.csv, findings.csv and, last, run.toml: a folder without it is not finished.
    """

    id: str
    step: str
    folder: Path
    project: str
    inputs: Mapping[str, str]
    settings: Mapping[str, Any]
    journal: Callable[[], Mapping[str, Any]] = dict
    again: bool = False  # made before, of the same inputs, settings, parameters and version
    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    _lock: Any = field(default=None, repr=False)

    @property
    def finished(self) -> bool:
        """Whether this very run (same inputs, settings, parameters, version) was made before."""
        return (self.folder / "run.toml").exists()

    def path(self, name: str) -> Path:
        """Where a file of the run goes, "values/npp.tif"; its folder is made."""
        found = _inside(self.folder, name)
        found.parent.mkdir(parents=True, exist_ok=True)
        return found

    def done(self, name: str) -> bool:
        """Whether a file is there already: files appear under their name only when whole."""
        return _inside(self.folder, name).exists()

    def write_text(self, name: str, text: str) -> Path:
        """A text file, whole or not at all."""
        path = self.path(name)
        write_whole(path, text)
        return path

    def write_json(self, name: str, value: Any) -> Path:
        """A JSON file with keys in order, so that the same value gives the same bytes."""
        text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
        return self.write_text(name, text + "\n")

    def write_rows(
        self, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
    ) -> Path:
        """A CSV file with these columns."""
        return self.write_text(name, csv_text(columns, rows))

    def finish(
        self,
        measures: Iterable[Measure],
        findings: Iterable[Finding],
        parameters: "Parameters",
        **more: Any,
    ) -> None:
        """Write measures.csv, findings.csv and run.toml. more: further tables of run.toml."""
        self.write_rows("measures.csv", COLUMNS, (m.row() for m in in_order(measures)))
        found = worst_first(findings)
        self.write_rows("findings.csv", FINDING_COLUMNS, (f.as_dict() for f in found))
        self.write_text("run.toml", as_toml(self._record(parameters, more)))

    def results(self, *, asked: bool = True) -> "RunResults":
        """The finished run, which is from now on the latest of its step.

        asked: False where another step needs the run as its input alone. It then keeps its place
        among the runs, and one made for that is never the latest.
        """
        if asked and self._is_behind():
            self.write_text(ASKED, dt.datetime.now(dt.UTC).isoformat())
        if not asked and not self.again:
            self.write_text(ASKED, "")
        return replace(_read(self.folder / "run.toml"), again=self.again)

    def _is_behind(self) -> bool:
        """Whether another run of the step, or none, was asked for last."""
        runs = asked_runs(self.folder.parents[1], self.step)
        return not runs or runs[-1].id != self.id

    def _record(self, parameters: "Parameters", more: Mapping[str, Any]) -> dict[str, Any]:
        now = dt.datetime.now(dt.UTC)
        return {
            "run": self.id,
            "step": self.step,
            "project": self.project,
            "tianren": __version__,
            "day": parameters.day,
            "jurisdiction": parameters.jurisdiction,
            "started": self.started.replace(microsecond=0),
            "finished": now.replace(microsecond=0),
            "seconds": round((now - self.started).total_seconds(), 1),
            "python": sys.version.split()[0],
            "settings": dict(self.settings),
            "inputs": dict(self.inputs),
            **self._anchor(),
            **more,
            "parameters": [s.record() for s in parameters.used()],
        }

    def _anchor(self) -> dict[str, Any]:
        """The head of the project's journal: a run is a witness of what was recorded by then."""
        head = self.journal()
        return {"journal": dict(head)} if head else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the lock back; what is written stays and is gone on from."""
        if self._lock is not None:
            _holder_file(self.folder).unlink(missing_ok=True)
            self._lock.release()
            self._lock = None


def start_run(
    project: "Project",
    step: str,
    *,
    inputs: Mapping[str, str] | Iterable[str],
    settings: Mapping[str, Any],
    parameters: "Parameters",
) -> Run:
    """Begin, or go on with, the run of a step in a project.

    inputs: names of catalog sources (their sha256 is taken), or name -> sha256. settings: what else
    determines the result, as plain values. The run's id is the step and eight hex digits of the
    hash of all that, of the grid, the parameters and the version: the same asked again is the same
    run. Raises UserError when someone else is writing it, and says who.
    """
    digests = dict(inputs) if isinstance(inputs, Mapping) else dict(project.digests(inputs))
    determining = {
        "step": step,
        "version": __version__,
        "inputs": digests,
        "settings": settings,
        "grid": [project.crs, project.resolution],
        "region": [project.region_source, project.region_where, project.sea_source],
        "parameters": _fingerprint(parameters),
    }
    text = json.dumps(determining, sort_keys=True, default=_plain)
    run_id = f"{step}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    folder = project.results_folder / run_id
    folder.mkdir(parents=True, exist_ok=True)
    lock = _acquired(folder)
    _sweep(folder)
    from tianren.project.journal.home import anchor_for_run

    return Run(
        run_id, step, folder, project.name, digests, settings,
        partial(anchor_for_run, project.folder, project.store, project.management.signing_key),
        again=(folder / "run.toml").exists(), _lock=lock,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _fingerprint(parameters: "Parameters") -> dict[str, Any]:
    """Everything that can change a parameter's value: the files, the day, choices, overrides."""
    return {
        "files": _packaged_hash(),
        "day": parameters.day.isoformat(),
        "jurisdiction": parameters.jurisdiction,
        "choices": dict(parameters.choices),
        "overrides": {name: repr(s) for name, s in sorted(parameters.overrides.items())},
    }


def _packaged_hash() -> str:
    texts = sorted(_packaged(files("tianren.parameters"), ""))
    return hashlib.sha256(b"".join(name.encode() + text for name, text in texts)).hexdigest()


def _packaged(folder: Any, above: str) -> Iterable[tuple[str, bytes]]:
    for path in folder.iterdir():
        if path.is_dir():
            yield from _packaged(path, f"{above}{path.name}/")
        elif path.name.endswith((".toml", ".csv")):
            yield above + path.name, path.read_bytes()


def _acquired(folder: Path) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(folder.parent / f".{folder.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"the run {folder.name} is being written {_holder(folder)}",
            where=str(folder),
            next_step="wait until it ends, or end that process; then start again",
        ) from None
    now = dt.datetime.now().astimezone().replace(microsecond=0)
    held = {"user": _user(), "host": socket.gethostname(), "process": os.getpid()}
    write_whole(_holder_file(folder), json.dumps({**held, "since": now.isoformat()}))
    return lock


def _holder_file(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.holder.json"


def _holder(folder: Path) -> str:
    try:
        held = json.loads(_holder_file(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "by another process"
    since = str(held.get("since", "?")).replace("T", " ")
    return (
        f"by {held.get('user')} (process {held.get('process')} on {held.get('host')}) since {since}"
    )


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process without a login name
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "someone"


def _sweep(folder: Path) -> None:
    """Remove the unfinished files of a killed run; we hold the lock, so no one is writing them."""
    for leftover in folder.rglob(".*.part*"):
        if leftover.is_file():
            leftover.unlink(missing_ok=True)


def _inside(folder: Path, name: str) -> Path:
    """A path under the run's folder; a name that leads elsewhere is refused."""
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name:
        raise UserError(
            f"{name!r} is not a file of a run",
            where=str(folder),
            next_step="use a name inside the run's folder, such as values/npp.tif",
        )
    return folder.joinpath(*parts)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV text with a head; unknown keys are a programming error."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


@dataclass(frozen=True)
class RunResults:
    """A finished run, read with the standard library only. Tables are read when first asked for.

    again: it was asked for once more, and nothing that it rests on has changed. kept, moved: of a
    line adjusted since it was drawn: its state, and name -> the file in place of the run's.
    """

    folder: Path
    record: Mapping[str, Any]  # run.toml
    again: bool = False
    kept: str = ""
    moved: Mapping[str, Path] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.record["run"])

    @property
    def step(self) -> str:
        return str(self.record["step"])

    @property
    def scenario(self) -> str:
        """The name of the scenario that the run belongs to, or nothing."""
        return str(self.record.get("settings", {}).get("scenario", {}).get("name", ""))

    @property
    def inputs(self) -> dict[str, str]:
        """Name -> sha256 of each source; run.toml has them bare, or in tables that tell more."""
        read = self.record.get("inputs", {})
        if isinstance(read, Mapping):
            return dict(read)
        return {row["name"]: row["sha256"] for row in read}

    def path(self, name: str) -> Path:
        return self.moved.get(name) or _inside(self.folder, name)

    def has(self, name: str) -> bool:
        return self.path(name).exists()

    @cached_property
    def measures(self) -> list[dict[str, str]]:
        """Rows of measures.csv, as text; float() reads values back exactly."""
        return self.rows("measures.csv")

    @cached_property
    def findings(self) -> list[dict[str, str]]:
        """Rows of findings.csv, worst first."""
        return self.rows("findings.csv")

    def rows(self, name: str) -> list[dict[str, str]]:
        """A CSV file of the run as rows of text."""
        with self._existing(name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def json(self, name: str) -> Any:
        """A JSON file of the run: cuts.json, criteria.json."""
        path = self._existing(name)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as fault:
            raise UserError(
                f"the file is damaged: {fault}", where=str(path), next_step="make the run again"
            ) from fault

    def _existing(self, name: str) -> Path:
        path = self.path(name)
        if not path.exists():
            raise UserError(
                f"the run {self.id} has no {name}",
                where=str(self.folder),
                next_step=f"make the run again: tianren {self.step or 'delineate'}",
            )
        return path


def list_runs(project: "Project | Path", step: str = "") -> list[RunResults]:
    """The finished runs of a project, the latest made or asked for last; of one step when named."""
    folder = project if isinstance(project, Path) else project.folder
    found = [_read(path) for path in sorted((folder / "results").glob("*/run.toml"))]
    mine = [run for run in found if not step or run.step == step]
    return sorted(mine, key=lambda run: (_last_asked(run), run.id))


def _last_asked(run: RunResults) -> str:
    """The moment when a run was made, or last asked for again: what is latest is what stands.
    Nothing for a run that only another step asked for, as its input."""
    made = str(run.record.get("finished", "")).replace(" ", "T")
    path = run.folder / ASKED
    if not path.exists():
        return made
    again = path.read_text(encoding="utf-8")
    return max(made, again) if again else ""


def asked_runs(project: "Project | Path", step: str = "") -> list[RunResults]:
    """The finished runs without those that only another step asked for, as its input."""
    return [run for run in list_runs(project, step) if _last_asked(run)]


def own_runs(project: "Project | Path", step: str = "") -> list[RunResults]:
    """The finished runs of a project as it stands, the latest last: those of its scenario when one
    is laid over it, else those of none. A line of "what if" is never taken for the line."""
    scenario = getattr(project, "scenario", None)
    name = scenario.name if scenario is not None else ""
    return [run for run in asked_runs(project, step) if run.scenario == name]


def latest_run(project: "Project | Path", step: str) -> RunResults | None:
    """The latest finished run of a step of the project as it stands, or None."""
    runs = own_runs(project, step)
    return runs[-1] if runs else None


def open_run(project: "Project | Path", run_id: str | None = None, *, step: str = "") -> RunResults:
    """A finished run by its id, or the latest of the project as it stands (of a step, when named);
    where it has none, the latest of any scenario."""
    runs = list_runs(project, step) if run_id else asked_runs(project, step)
    if run_id is None and runs:
        return (own_runs(project, step) or runs)[-1]
    for run in runs:
        if run.id == run_id:
            return run
    folder = project if isinstance(project, Path) else project.folder
    raise UserError(
        f"there is no finished run called {run_id}" if run_id else "there is no finished run yet",
        where=str(folder / "results"),
        next_step=f"use one of {', '.join(r.id for r in runs)}"
        if runs
        else "make one: tianren delineate",
    )


def _read(path: Path) -> RunResults:
    try:
        record = parsed(path.read_text(encoding="utf-8"))
        return RunResults(path.parent, {"run": path.parent.name, "step": "", **record})
    except (OSError, ValueError) as fault:
        raise UserError(
            f"run.toml is damaged: {fault}",
            where=str(path),
            next_step="delete that folder and make the run again",
        ) from fault
