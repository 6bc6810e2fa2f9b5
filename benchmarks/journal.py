"""The journal of a country with 1 million records, on SQLite with every commit on the disk.

50,000 zones in 2,790 counties, some counties with ten times as many as others; ten years of notes,
markers, bodies in charge and surveys of them, and of cases of supervision, a tenth recorded late.
Appended 10,000 at a time; read as of random days and counties, with and without snapshots; checked
by what `tianren verify` does. Then 8 programs append one record a time, each its own decision:
against programs that do nothing but commit one small row, by themselves and one alone.
"""

import argparse
import datetime as dt
import hashlib
import multiprocessing
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from benchmarks import data
from benchmarks.measure import Goal, at_least, at_most, together, told
from tianren.management.people import Post, packaged_roles
from tianren.management.register import (
    MANAGEMENT_NAMES,
    REDLINE,
    NewZone,
    Warrant,
    divided,
    subject_of,
)
from tianren.project.journal.anchors import anchor_of
from tianren.project.journal.check import check
from tianren.project.journal.database import database_of
from tianren.project.journal.journal import Journal, open_journal, start_journal
from tianren.records import ACTOR, Record
from tianren.steps.register_fold import ZONES
from tianren.steps.verify import FOLDS

RECORDS, BATCH = 1_000_000, 10_000
PROVINCES, CITIES, COUNTIES = 31, 10, 9  # counties of a city
ZONE_EACH = 20  # records for each zone
FIRST, DAYS = dt.date(2026, 1, 5), 3650
ASKED = 300
WRITERS, SINGLES = 8, 400  # single appends by all writers together


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure what benchmarks.run was asked for; a million records at its usual size."""
    size = min(100 * asked.size, RECORDS)
    print(f"\nJournal of {size:,} records", flush=True)
    written = told("journal", "append", "file", size)
    found: list[Goal | str] = [at_least("batches, records/s", size / written.seconds, 20_000)]
    for kept, of in (("", ""), ("_kept", ", with snapshots")):
        read = told("journal", f"as_of{kept}", "file", size)
        found.append(at_most(f"as of a day{of}, slowest of {ASKED}, ms", float(read.said[-1]), 100))
        checked = told("journal", "verify", "file", size)
        found.append(at_most(f"verify{of}, s", checked.seconds, 20))
    shared, alone, ours = together("journal", ["bare", "bare_alone", "writers"], "file", size, 1)
    for bare_, who in ((shared, f"{WRITERS} programs"), (alone, "one")):
        ratio = bare_.seconds / ours.seconds
        found.append(at_least(f"single appends / bare commits of {who}", ratio, 0.5))
    return found


# -- what is measured, each in a process of its own ------------------------------------------------


def append(kind: str, size: int, threads: int) -> float:
    """Seconds of appending alone: what the records say is made up before each batch."""
    shutil.rmtree(_folder(size), ignore_errors=True)
    _folder(size).mkdir(parents=True)
    opening = Record("", "", FIRST, "registrar", "decree 1", personal={ACTOR: "ann"})
    journal = start_journal(database_of("", _folder(size)), opening)
    seconds, busy = 0.0, 0.0
    rest = records(size - 1)
    while batch := list(islice(rest, BATCH)):
        shapes = dict(_shape(one.subject) for one in batch if one.kind == "zone.entered")
        started, worked = time.perf_counter(), time.process_time()
        with journal.writing() as book:
            book.append(batch, shapes)
        seconds += time.perf_counter() - started
        busy += time.process_time() - worked
    journal.close()
    mib = (_folder(size) / "journal.sqlite").stat().st_size / 2**20
    print(f"{mib:,.0f} MiB; processor {busy:.1f} s")
    return seconds


def as_of(kind: str, size: int, threads: int) -> float:
    with _opened(size).writing() as book:
        book.connection.exec_driver_sql("DELETE FROM snapshot")
    return _asked(size)


def as_of_kept(kind: str, size: int, threads: int) -> float:
    with _opened(size).writing() as book:
        started = time.perf_counter()
        kept = book.keep_snapshots(ZONES)
    print(f"{kept:,} snapshots kept in {time.perf_counter() - started:.1f} s")
    return _asked(size)


def _asked(size: int) -> float:
    """Counties as of days, half of them as it was known then; the busiest county among them."""
    rng = np.random.default_rng(3)
    places, weights = counties()
    drawn = [places[n] for n in rng.integers(0, len(places), ASKED - 1)]
    took, busy, held = [], [], []
    with _opened(size).reading() as reader:
        for n, place in enumerate([places[int(np.argmax(weights))], *drawn]):
            day = FIRST + dt.timedelta(days=int(rng.integers(0, DAYS)))
            known = int(rng.integers(1, size)) if n % 2 else None
            started, worked = time.perf_counter(), time.process_time()
            held.append(len(reader.states(ZONES, place=place, day=day, known=known)))
            took.append(time.perf_counter() - started)
            busy.append(time.process_time() - worked)
    print(f"zones of a county: {np.median(held):.0f} in the middle, {max(held)} at most")
    print(f"the first, of the busiest county: {1000 * took[0]:.1f} ms")
    print(
        f"processor, ms, in the middle {1000 * np.median(busy):.1f}, at most {1000 * max(busy):.1f}"
    )
    print(f"ms in the middle {1000 * np.median(took):.1f}, and at most:")
    print(1000 * max(took))
    return sum(took)


def verify(kind: str, size: int, threads: int) -> float:
    with _opened(size).reading() as reader:
        head = reader.head()
        anchor = anchor_of(reader.hash_of(1), head.number, head.hash, dt.datetime.now(dt.UTC))
        started, worked = time.perf_counter(), time.process_time()
        found = check(reader, [(anchor, "here")], FOLDS)
        seconds, busy = time.perf_counter() - started, time.process_time() - worked
    assert found.clean and found.anchored == head.number
    print(f"{head.number:,} records, {found.people:,} names, {found.snapshots:,} snapshots")
    print(f"processor {busy:.1f} s")
    return seconds


def writers(kind: str, size: int, threads: int) -> float:
    return _side_by_side(_append_singly, WRITERS, size)


def bare(kind: str, size: int, threads: int) -> float:
    return _side_by_side(_commit, WRITERS, size)


def bare_alone(kind: str, size: int, threads: int) -> float:
    return _side_by_side(_commit, 1, size)


def _side_by_side(write: Callable[..., None], programs: int, size: int) -> float:
    """Seconds until programs that start together have made all single commits between them."""
    _empty_bare(size)
    apart = multiprocessing.get_context("fork")  # what is imported need not be again
    ready, go = apart.Barrier(programs + 1), apart.Barrier(programs + 1)
    started = [
        apart.Process(target=write, args=(size, SINGLES // programs, n, ready, go))
        for n in range(programs)
    ]
    for one in started:
        one.start()
    ready.wait()
    begun = time.perf_counter()
    go.wait()
    for one in started:
        one.join()
    seconds = time.perf_counter() - begun
    assert not any(one.exitcode for one in started)
    print(f"{SINGLES / seconds:,.0f} commits/s")
    return seconds


def _append_singly(size: int, times: int, program: int, ready: Any, go: Any) -> None:
    first, *mine = records(times + 1, seed=program, zones=size // ZONE_EACH)
    journal = _opened(size)
    with journal.writing() as book:  # what is loaded and compiled once is not counted
        book.append([first])
    ready.wait()
    go.wait()
    for one in mine:
        with journal.writing() as book:
            book.append([one])


def _empty_bare(size: int) -> None:
    path = _folder(size) / "bare.sqlite"
    for old in path.parent.glob("bare.sqlite*"):
        old.unlink()
    with _bare(path) as connection:
        connection.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, value INTEGER)")
    connection.close()


def _commit(size: int, times: int, program: int, ready: Any, go: Any) -> None:
    connection = _bare(_folder(size) / "bare.sqlite")
    ready.wait()
    go.wait()
    for n in range(times):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO row (value) VALUES (?)", (n,))
        connection.execute("COMMIT")
    connection.close()


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


# -- data ------------------------------------------------------------------------------------------


def _folder(size: int) -> Path:
    return data.FOLDER / f"journal-{size}"


def _opened(size: int) -> Journal:
    return open_journal(database_of("", _folder(size)))


def counties() -> tuple[list[str], np.ndarray]:
    """The path of every county, and what share of the country's zones it has."""
    found = [
        f"{p}/{p}{c:02d}/{p}{c:02d}{k:02d}"
        for p in range(11, 11 + PROVINCES)
        for c in range(1, CITIES + 1)
        for k in range(1, COUNTIES + 1)
    ]
    weights = np.exp(np.random.default_rng(1).normal(0, 0.8, len(found)))
    return found, weights / weights.sum()


def records(count: int, seed: int | None = None, zones: int = 0) -> Iterator[Record]:
    """Zones are entered, then things happen to them; only the latter where there are zones."""
    rng = np.random.default_rng(17)
    number = zones or count // ZONE_EACH
    places, weights = counties()
    homes = [places[n] for n in rng.choice(len(places), number, p=weights)]
    if not zones:
        yield from (_entered(rng, n, home) for n, home in enumerate(homes))
    rng = rng if seed is None else np.random.default_rng(seed)
    left = count if zones else count - number
    busy = rng.permutation(rng.pareto(1.5, number) + 1)
    for n, zone in enumerate(rng.choice(number, left, p=busy / busy.sum())):
        late = int(rng.integers(0, 90)) if rng.random() < 0.1 else 0
        day = FIRST + dt.timedelta(days=max(n * DAYS // left - late, 0))
        yield _happened(rng, day, int(zone), homes[zone])


def _warrant(day: dt.date, actor: str) -> Warrant:
    return Warrant(actor, Post(packaged_roles()["registrar"], ""), day, "decree 1 of 2026", "")


def _entered(rng: np.random.Generator, number: int, home: str) -> Record:
    area = round(float(np.exp(rng.normal(16, 1.5))))
    towns = [f"{home}/{home[-6:]}{t:03d}" for t in range(1, int(rng.integers(2, 5)))]
    parts = dict(zip(towns, divided(rng.random(len(towns)), area), strict=True))
    names = ("water_conservation", "soil_retention", "biodiversity", "sand_fixation")
    attributes = {
        "category": "function", "type_code": "11", "dominant": names[number % 4], "realm": "land",
        "natural": {name: round(float(v), 4) for name, v in zip(names, rng.random(4), strict=True)},
        "ecosystems": {"forest": 61.25, "grassland": 30.5, "water": 8.25},
        "natural_percent": 96.13, "activity": {"farming": 3.87}, "run": "2026-01-05-delineate-1",
    }  # fmt: skip
    code = _code(home, number)
    boundary, _ = _shape(subject_of(REDLINE, code))
    zone = NewZone(REDLINE, code, f"Piece {number}", home, 3, boundary, area, parts, attributes)
    return _warrant(FIRST, "ann").record("entered", zone.subject, home, zone.body)


def _shape(subject: str) -> tuple[str, bytes]:
    """A small square for each zone: benchmarks.check_project has real ones."""
    number = int(subject[-6:])
    west, south = 1000.0 * (number % 1000), 1000.0 * (number // 1000)
    wkb = shapely.to_wkb(shapely.box(west, south, west + 900, south + 900), byte_order=1)
    return hashlib.sha256(wkb).hexdigest(), wkb


def _code(home: str, number: int) -> str:
    return f"{home[-6:]}{number:06d}"


def _happened(rng: np.random.Generator, day: dt.date, number: int, home: str) -> Record:
    """Something that happened to a zone, or a move of a case in its county."""
    actor = f"officer-{int(rng.integers(0, 5000))}"
    what = rng.random()
    if what < 0.4:
        case = f"supervision/{day.year}-{int(rng.integers(0, 20_000)):05d}"
        zone, text = subject_of(REDLINE, _code(home, number)), "a new track of 3 m width was seen"
        facts = {"zone": zone, "severity": "minor", "text": text}
        body = {"status": "verifying", "facts": facts, "documents": {"report": "V-17.pdf"}}
        return Record("supervision.verify", case, day, "officer", "duty", home, body,
                      {ACTOR: actor})  # fmt: skip
    event, body = _event(rng, what)
    subject = subject_of(REDLINE, _code(home, number))
    return _warrant(day, actor).record(event, subject, home, body)


def _event(rng: np.random.Generator, what: float) -> tuple[str, dict[str, Any]]:
    if what < 0.65:
        return "noted", {"class": "activity", "text": "patrolled on foot; nothing was found"}
    if what < 0.85:
        x, y = (round(float(v), 1) for v in rng.uniform(-2e6, 2e6, 2))
        marker = str(int(rng.integers(1, 200)))
        return "marked", {"marker": marker, "type": "marker", "x": x, "y": y, "standing": True}
    if what < 0.95:
        return "managed", dict.fromkeys(MANAGEMENT_NAMES, "county bureau, second office")
    return "changed", {"attributes": {"natural_percent": round(float(rng.uniform(80, 100)), 2)}}
