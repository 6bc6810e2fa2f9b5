"""Runs: locked while written, resumed when killed, finished at once, read without effort."""

import datetime as dt
import signal
import subprocess
import sys
import textwrap
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.measures import Measure
from tianren.project.project import Project, open_project
from tianren.project.runs import Run, RunResults, latest_run, list_runs, open_run, start_run
from tianren.project.toml_text import as_toml

from .small_project import make_project

AREA = Measure("redline.area", "Small", "2026", 1 / 3, "m2", by=(("realm", "land"),))
NOTE = Finding(
    "water.clipped", "runoff", Severity.NOTE, "3 cells, 云", "Tianren: How the line is drawn"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return open_project(make_project(tmp_path / "项目 é"))


def begin(project: Project, **more: object) -> Run:
    asked: dict[str, object] = {"inputs": ["elevation"], "settings": {"n": 1},
                                "parameters": project.parameters()}  # fmt: skip
    return start_run(project, "delineate", **{**asked, **more})  # type: ignore[arg-type]


def finish(run: Run, project: Project) -> None:
    parameters = project.parameters()
    parameters.number("redline.minimum_area")
    run.finish([AREA], [NOTE], parameters, totals={"pieces": 3})


def test_a_finished_run_is_read_again(project: Project) -> None:
    with begin(project) as run:
        run.write_json("cuts.json", {"a": [1, 2]})
        finish(run, project)
    found = open_run(project)
    assert found.id == run.id and found.step == "delineate"
    assert found.measures[0]["by"] == "realm=land" and float(found.measures[0]["value"]) == 1 / 3
    assert found.findings == [NOTE.as_dict()]
    assert found.json("cuts.json") == {"a": [1, 2]}
    assert found.record["totals"] == {"pieces": 3}
    assert found.record["inputs"] == {"elevation": project.digest("elevation")}
    assert found.record["parameters"][0]["value"] == 2e6
    assert [r.id for r in list_runs(project.folder)] == [run.id]


def test_the_same_asked_again_is_the_same_run(project: Project) -> None:
    with begin(project) as first:
        assert not first.finished
        finish(first, project)
    with begin(project) as again:
        assert again.id == first.id and again.finished


@pytest.mark.parametrize("change", ["settings", "inputs", "day", "choice"])
def test_whatever_decides_the_result_decides_the_run(project: Project, change: str) -> None:
    from dataclasses import replace

    other = {
        "settings": {"settings": {"n": 2}},
        "inputs": {"inputs": ["elevation", "landcover"]},
        "day": {"parameters": replace(project, day=dt.date(2025, 1, 1)).parameters()},
        "choice": {"parameters": replace(project, overrides={}).parameters()},
    }[change]
    with begin(project) as one, begin(project, **other) as two:
        assert one.id != two.id


def test_what_was_asked_for_last_is_the_latest(project: Project) -> None:
    """Who takes a change back stands on the run made before the change."""
    asked = []
    for n in (1, 2, 1):
        with begin(project, settings={"n": n}) as run:
            if not run.finished:
                finish(run, project)
        asked.append(run.results())
    assert [found.again for found in asked] == [False, False, True]
    assert asked[2].id == asked[0].id
    assert [r.id for r in list_runs(project)] == [asked[1].id, asked[0].id]
    assert asked[2].record == asked[0].record


def made(project: Project, n: int, *, asked: bool = True) -> RunResults:
    with begin(project, settings={"n": n}) as run:
        if not run.finished:
            finish(run, project)
    return run.results(asked=asked)


def test_a_run_that_another_step_asks_for_keeps_its_place(project: Project) -> None:
    old, new = made(project, 1), made(project, 2)
    assert made(project, 1, asked=False).id == old.id
    assert latest_run(project, "delineate") == new


def test_a_run_made_for_another_step_is_the_latest_once_it_is_asked_for(project: Project) -> None:
    part = made(project, 1, asked=False)
    assert [run.id for run in list_runs(project)] == [part.id]
    assert latest_run(project, "delineate") is None
    with pytest.raises(UserError, match="no finished run yet"):
        open_run(project, step="delineate")
    assert open_run(project, part.id).id == part.id
    line = made(project, 2)
    made(project, 1, asked=False)
    assert open_run(project).id == line.id
    assert open_run(project).id != made(project, 1).id == open_run(project).id


def test_two_do_not_tread_on_each_other(project: Project) -> None:
    with (
        begin(project) as run,
        pytest.raises(UserError, match=r"is being written by .*process") as f,
    ):
        begin(project)
    assert run.id in f.value.what and "since 20" in f.value.what
    with begin(project):
        pass  # the lock is free again


def test_a_fault_frees_the_lock_and_keeps_what_was_done(project: Project) -> None:
    with pytest.raises(ZeroDivisionError), begin(project) as run:
        run.write_text("values/a.txt", "done")
        raise ZeroDivisionError
    with begin(project) as again:
        assert again.done("values/a.txt") and not again.done("values/b.txt")
        assert not again.finished


def test_an_unfinished_run_is_not_listed(project: Project) -> None:
    with begin(project) as run:
        run.write_text("values/a.txt", "done")
    assert list_runs(project) == []
    with pytest.raises(UserError, match="no finished run yet"):
        open_run(project)
    with pytest.raises(UserError, match="no finished run called x"):
        open_run(project, "x")


def test_a_killed_run_leaves_no_half_file_and_goes_on(project: Project) -> None:
    """Killed while a raster is half written: no final name, no lock, the rest is swept."""
    program = f"""
        import time
        import numpy as np
        from tianren.project.project import open_project
        from tianren.project.runs import start_run
        from tianren.io.rasters import raster_sink
        from tianren.raster.blocks import windows
        project = open_project({str(project.folder)!r})
        run = start_run(project, "delineate", inputs=["elevation"], settings={{"n": 1}},
                        parameters=project.parameters())
        for name in ("a", "b"):
            sink = raster_sink(run.path(f"values/{{name}}.tif"), project.grid)
            for window in windows(project.grid, 8):
                sink.write(window, np.ones((window[0].stop - window[0].start,
                                            window[1].stop - window[1].start), "f4"))
                if name == "b":
                    print("half", flush=True)
                    time.sleep(60)
            sink.close()
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdout.readline() == "half\n"
    with pytest.raises(UserError, match=f"process {child.pid} "):
        begin(project)
    child.send_signal(signal.SIGKILL)
    child.wait()
    time.sleep(0.1)
    with begin(project) as run:
        assert run.done("values/a.tif") and not run.done("values/b.tif")
        assert sorted(p.name for p in (run.folder / "values").iterdir()) == ["a.tif"]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a\\..\\x", ".."])
def test_names_do_not_lead_out_of_the_run(project: Project, name: str) -> None:
    with begin(project) as run, pytest.raises(UserError, match="not a file of a run"):
        run.path(name)


def test_tables_are_the_same_whatever_the_order(project: Project) -> None:
    other = Measure("region.area", "Small", "2026", 2.0, "m2")
    texts = []
    for measures in ([AREA, other], [other, AREA]):
        with begin(project) as run:
            run.finish(measures, [NOTE], project.parameters())
            texts.append(run.path("measures.csv").read_bytes())
    assert texts[0] == texts[1]


def test_damaged_results_are_said(project: Project) -> None:
    with begin(project) as run:
        finish(run, project)
        run.write_text("cuts.json", "{")
    with pytest.raises(UserError, match="damaged"):
        open_run(project).json("cuts.json")
    with pytest.raises(UserError, match=r"has no maps\.json"):
        open_run(project).json("maps.json")
    (run.folder / "run.toml").write_text("run = ")
    with pytest.raises(UserError, match=r"run\.toml is damaged"):
        list_runs(project)


plain = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])) | st.dates(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), plain, max_size=5))
def test_what_is_written_as_toml_is_read_again(table: dict[str, object]) -> None:
    assert tomllib.loads(as_toml(table)) == table
