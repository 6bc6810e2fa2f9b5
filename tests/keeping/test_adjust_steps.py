"""Proposals on a small country: the three-no test, neighbours, two at once, killed half way."""

import datetime as dt
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from tests.keeping.kept import DAY
from tests.project.small_project import LAEA
from tianren.errors import UserError
from tianren.language import set_language
from tianren.management.adjustment import causes
from tianren.management.register import REDLINE
from tianren.project.journal.home import project_journal
from tianren.project.project import Project, open_project
from tianren.reports.chapters.changes import chapter
from tianren.steps import adjust
from tianren.steps.adjust_candidates import candidates, with_line
from tianren.steps.adjust_difference import difference, kept_difference
from tianren.steps.adjust_land import parts_left
from tianren.steps.adjust_scan import scan
from tianren.steps.register import control_figures, zones_on
from tianren.steps.touched import Near
from tianren.steps.verify import verify

ON = DAY + dt.timedelta(days=60)
NEXT = ON + dt.timedelta(days=1)
DECREE = {"ground": "Decree 9", "document": "P-9"}
SMALL = (6_400, -1_600, 6_700, -1_400)
LARGE = (6_000, -6_000, 9_000, -3_000)
FORK = multiprocessing.get_context("fork")
Draw = Callable[..., Path]


def removal(project: Project, path: Path, cause: str = "new_knowledge") -> str:
    drafts = adjust.read_drafts(project, path, "removal", cause, "Decree 9")
    told = adjust.propose(project, drafts, actor="ofi", day=ON, **DECREE)
    return str(told.table["subject"]).partition("/")[2]


def passes(project: Project, name: str, day: dt.date = ON) -> bool | None:
    passed: bool | None = adjust.test(project, name, actor="ofi", day=day).table["passed"]
    return passed


def approve(project: Project, name: str, actor: str = "nat") -> Any:
    return adjust.approve(project, name, actor=actor, day=NEXT, **DECREE)


def line(project: Project, day: dt.date = NEXT) -> dict[str, str]:
    zones = zones_on(project, day=day)
    return {z.code: z.boundary for z in zones.values() if z.kind == REDLINE and z.stands}


def area(project: Project, day: dt.date) -> int:
    rows = control_figures(project, day=day).table["figures"]
    return next(int(row["area_m2"]) for row in rows if not row["place"])


def test_an_exempt_removal_passes_and_is_a_new_version(country: Project, draw: Draw) -> None:
    name = removal(country, draw("road", SMALL), "mapping_error")
    before = line(country)
    assert passes(country, name) is True
    approve(country, name)
    after = line(country)
    assert {c for c in before if before[c] != after.get(c)} == {"1001150001"}
    zone = zones_on(country, day=NEXT)["zone/redline/1001150001"]
    assert zone.version == 2 and zone.area_m2 == 4_000_000 - 60_000
    assert area(country, ON) - area(country, NEXT) == 60_000
    assert line(country, ON) == before  # the day before is as it was


def test_a_loss_fails_says_by_how_much_and_is_not_approved(country: Project, draw: Draw) -> None:
    name = removal(country, draw("large", LARGE))
    before = line(country)
    told = adjust.test(country, name, actor="ofi", day=ON)
    assert told.table["passed"] is False
    assert "FAIL" in told.text() and "km2" in told.text()
    with pytest.raises(UserError, match=r"8\.0234 km2"):
        approve(country, name)
    adjust.end(country, name, "refuse", actor="nat", ground="No. 36", reason="it fails", day=NEXT)
    assert line(country) == before


def test_pieces_of_neighbours_near_a_place_are_not_free(country: Project) -> None:
    """A piece ends at cells, so it may reach over the border of its county."""
    journal = project_journal(country)
    nothing = Near((), {})
    with journal.reading() as reader:
        mine = adjust.of_place(reader, "10/1001", nothing, ON)
        more = with_line(reader, "10/1001", mine, ON)
    journal.close()
    added = {z.place for z in more.zones} - {z.place for z in mine.zones}
    assert added and not any(place.startswith("10/1001") for place in added)
    assert {z.kind for z in more.zones if z not in mine.zones} == {REDLINE}
    assert set(more.shapes) == {z.subject for z in more.zones}


def test_causes_say_whether_land_may_leave_or_come_in() -> None:
    lines = {line.split()[0]: line for line in adjust.causes_listed().lines}
    assert "removal" in lines["major_project"] and "addition" not in lines["major_project"]
    assert "addition" in lines["restored"] and "removal" not in lines["restored"]
    assert {"removal,", "addition"} <= set(lines["mapping_error"].split())


def test_candidates_make_it_pass(country: Project, draw: Draw, tmp_path: Path) -> None:
    path = draw("road", (6_000, -2_000, 6_600, -1_400))
    name = removal(country, path)
    assert passes(country, name) is False
    found = candidates(country, name, tmp_path / "more.gpkg", day=ON).table
    assert found["candidates"] and found["still_lacking"]["area_m2"] == 0
    drafts = adjust.read_drafts(country, path, "removal", "new_knowledge", "Decree 9")
    drafts += adjust.read_drafts(country, tmp_path / "more.gpkg", "addition", "compensation", "D")
    told = adjust.propose(country, drafts, actor="ofi", day=ON, **DECREE)
    better = str(told.table["subject"]).partition("/")[2]
    assert passes(country, better) is True
    approve(country, better)
    assert area(country, NEXT) >= area(country, ON)


def test_what_is_removed_must_lie_in_the_line(country: Project, draw: Draw) -> None:
    with pytest.raises(UserError):
        removal(country, draw("nowhere", (-19_000, 1_000, -18_800, 1_200)))


@pytest.mark.parametrize("cause", ["", "because", "restored"])
def test_a_cause_is_one_of_the_list_and_of_its_direction(
    country: Project, draw: Draw, cause: str
) -> None:
    with pytest.raises(UserError):
        removal(country, draw("road", SMALL), cause)


def test_untested_it_is_not_approved(country: Project, draw: Draw) -> None:
    name = removal(country, draw("road", SMALL), "mapping_error")
    with pytest.raises(UserError, match="test"):
        approve(country, name)


def test_whoever_proposed_does_not_decide_and_each_in_their_place(
    country: Project, draw: Draw
) -> None:
    name = removal(country, draw("road", SMALL), "mapping_error")
    passes(country, name)
    with pytest.raises(UserError, match=r"adjustment\.approve"):
        approve(country, name, "ofi")
    with pytest.raises(UserError, match="10/1001"):
        approve(country, name, "wes")
    assert approve(country, name, "dee").table["version"] == 2


# -- borders ---------------------------------------------------------------------------------------


def at_the_border(country: Project, draw: Draw) -> str:
    """Land of 10/1001 that reaches the border with 2/201."""
    return removal(country, draw("border", (0, -5_000, 200, -4_800)), "mapping_error")


def test_a_proposal_at_a_border_waits_for_the_other_side(country: Project, draw: Draw) -> None:
    name = at_the_border(country, draw)
    passes(country, name)
    with pytest.raises(UserError, match="2/201"):
        approve(country, name)
    with pytest.raises(UserError, match="2/201"):
        adjust.answer(country, name, agrees=True, actor="ofi", day=ON)
    adjust.answer(country, name, agrees=True, actor="wes", day=ON)
    assert approve(country, name).table["version"] == 2


def test_where_the_other_side_objects_the_level_above_both_decides(
    country: Project, draw: Draw
) -> None:
    name = at_the_border(country, draw)
    passes(country, name)
    adjust.answer(country, name, agrees=False, actor="wes", reason="our forest goes on", day=ON)
    with pytest.raises(UserError, match="our forest goes on"):
        approve(country, name, "dee")
    assert approve(country, name, "nat").table["version"] == 2


def test_inland_nobody_is_asked(country: Project, draw: Draw) -> None:
    drafts = adjust.read_drafts(country, draw("road", SMALL), "removal", "mapping_error", "D")
    told = adjust.propose(country, drafts, actor="ofi", day=ON, **DECREE)
    assert told.table["neighbours"] == []
    with pytest.raises(UserError, match="nobody across a border was asked"):
        adjust.answer(country, str(told.table["subject"]), agrees=True, actor="wes", day=ON)


# -- two at once, and killed -----------------------------------------------------------------------


def test_a_test_on_another_line_is_stale(country: Project, draw: Draw) -> None:
    first = removal(country, draw("a", SMALL), "mapping_error")
    second = removal(country, draw("b", (7_000, -1_600, 7_200, -1_400)), "mapping_error")
    assert passes(country, first) and passes(country, second)
    approve(country, first)
    with pytest.raises(UserError, match="again"):
        approve(country, second)
    assert passes(country, second, NEXT)
    assert approve(country, second).table["version"] == 3


def _decide(folder: Path, name: str, actor: str, results: Any) -> None:
    try:
        approve(open_project(folder), name, actor)
        results.put((actor, ""))
    except UserError as fault:
        results.put((actor, str(fault)))


def test_two_people_deciding_at_once_decide_once(country: Project, draw: Draw) -> None:
    name = removal(country, draw("road", SMALL), "mapping_error")
    passes(country, name)
    results: Any = FORK.Queue()
    both = [FORK.Process(target=_decide, args=(country.folder, name, who, results))
            for who in ("nat", "dee")]  # fmt: skip
    for one in both:
        one.start()
    told = [results.get(timeout=120) for _ in both]
    for one in both:
        one.join(60)
    assert sorted(bool(fault) for _, fault in told) == [False, True]
    (fault,) = [fault for _, fault in told if fault]
    assert "approved" in fault
    journal = project_journal(country)
    with journal.reading() as reader:
        assert len(list(reader.records(kind="adjustment.approve"))) == 1
        assert len([r for r in reader.records(kind="zone") if r.effective == NEXT]) == 1
    journal.close()


def _die(folder: Path, name: str, point: str) -> None:
    """An approval that kills itself: before its first row, between its rows, before its commit,
    after it."""
    seen: list[str] = []

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def before(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("INSERT INTO record"):
            seen.append(statement)
            if point == "before":
                die()
        if statement.startswith("INSERT INTO shape_of") and point == "between":
            die()

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "commit", lambda _: die() if point == "commit" and seen else None)
    approve(open_project(folder), name)
    die()


@pytest.mark.parametrize(
    ("point", "done"), [("before", False), ("between", False), ("commit", False), ("after", True)]
)
def test_an_approval_that_is_killed_is_whole_or_not_there(
    country: Project, draw: Draw, point: str, done: bool
) -> None:
    name = removal(country, draw("road", SMALL), "mapping_error")
    passes(country, name)
    before = line(country)
    one = FORK.Process(target=_die, args=(country.folder, name, point))
    one.start()
    one.join(120)
    assert one.exitcode == -signal.SIGKILL
    assert not verify(country).faulty
    assert (line(country) != before) is done
    assert (area(country, NEXT) == area(country, ON) - 60_000) is done
    if not done:  # and it can be decided as if nothing had been
        assert approve(country, name).table["version"] == 2


# -- protected areas -------------------------------------------------------------------------------


def listed(path: Path, *rows: tuple[str, str, Any]) -> Path:
    table = {"SITE_ID": [r[0] for r in rows], "NAME": [r[1] for r in rows],
             "STATUS": ["Designated"] * len(rows)}  # fmt: skip
    gpd.GeoDataFrame(table, geometry=[r[2] for r in rows], crs=LAEA).to_file(path)
    return path


def test_a_list_that_is_as_the_register_asks_for_nothing(country: Project, tmp_path: Path) -> None:
    path = listed(tmp_path / "l.gpkg", ("7", "Park", shapely.box(6_000, 4_000, 14_000, 12_000)))
    assert scan(country, actor="ofi", sites=path, day=ON, **DECREE).table["found"] == []


def test_a_new_protected_area_brings_its_land_and_is_entered(
    country: Project, tmp_path: Path
) -> None:
    new = shapely.box(-12_000, 6_000, -10_500, 7_500)
    park = ("7", "Park", shapely.box(6_000, 4_000, 14_000, 12_000))
    path = listed(tmp_path / "l.gpkg", park, ("9", "Marsh", new))
    dry = scan(country, actor="", ground="", document="", sites=path, day=ON, dry=True)
    assert dry.table["found"] and dry.table["proposed"] == []
    told = scan(country, actor="nat", sites=path, day=ON, **DECREE)
    (subject,) = told.table["proposed"]
    name = subject.partition("/")[2]
    assert adjust.test(country, name, actor="nat", day=ON).table["passed"] is not False
    adjust.approve(country, name, actor="wes", day=NEXT, accept_unknown="no layer", **DECREE)
    zones = zones_on(country, day=NEXT)
    assert zones["zone/protected_area/9"].name == "Marsh"
    assert area(country, NEXT) - area(country, ON) == round(new.area)


def test_an_abolished_one_ends_and_what_is_precious_stays(country: Project, tmp_path: Path) -> None:
    other = ("9", "Marsh", shapely.box(-19_000, 500, -17_500, 2_000))
    path = listed(tmp_path / "l.gpkg", other)
    told = scan(country, actor="nat", sites=path, day=ON, **DECREE)
    assert len(told.table["proposed"]) == 2 and "abolished" in told.text()


def test_what_was_repaired_in_a_draft_is_told(country: Project, draw: Draw) -> None:
    """What is proposed is not quite what was drawn: whoever proposes must know."""
    loop = shapely.Polygon([(6_300, -1_700), (6_700, -1_700), (6_700, -1_300), (6_500, -1_300),
                            (6_500.5, -1_299.5), (6_500.5, -1_300.5), (6_300, -1_300)])  # fmt: skip
    drafts = adjust.read_drafts(country, draw("loop", loop, SMALL), "removal", "new_knowledge", "D")
    told = adjust.propose(country, drafts, actor="ofi", day=ON, **DECREE)
    assert told.text().count("self-intersections repaired in 1 of 2 features") == 1


def test_a_line_beside_polygons_is_no_draft(country: Project, draw: Draw) -> None:
    """Left out without a word, it would be land that somebody believes to be proposed."""
    line = shapely.LineString([(6_200, -1_500), (7_800, -1_500)])
    with pytest.raises(UserError, match="feature 2 is no polygon"):
        removal(country, draw("both", SMALL, line), "mapping_error")


# -- the public difference -------------------------------------------------------------------------


def test_the_difference_is_a_layer_and_a_page(country: Project, draw: Draw, tmp_path: Path) -> None:
    name = removal(country, draw("road", SMALL), "mapping_error")
    passes(country, name)
    approve(country, name)
    told = difference(country, case_name=name, to=tmp_path / "d")
    names = {Path(p).suffix for p in told.table["files"]}
    assert {".gpkg", ".geojson", ".html", ".pdf", ".png"} <= names
    (change,) = told.table["changes"]
    assert change["what"] == "left" and change["area_m2"] == 60_000
    layer = gpd.read_file(tmp_path / "d" / "difference.gpkg")
    assert shapely.equals(layer.geometry[0].normalize(), shapely.box(*SMALL).normalize())
    set_language("zh")
    try:
        text = difference(country, case_name=name, to=tmp_path / "d").text()
    finally:
        set_language("en")
    assert "调出" in text and "removed" not in text


def moved_out(project: Project, draw: Draw, name: str, box: Any, day: dt.date) -> str:
    """A proposal that took a box out of the line, approved on a day."""
    case = removal(project, draw(name, box), "mapping_error")
    passes(project, case, day)
    adjust.approve(project, case, actor="nat", day=day, **DECREE)
    return case


SECOND = (6_400, -1_300, 6_600, -1_200)  # of the same piece as SMALL


@pytest.mark.parametrize("later", [0, 5])
def test_each_change_of_a_piece_is_traced_to_its_own_proposal(
    country: Project, draw: Draw, tmp_path: Path, later: int
) -> None:
    """A second adjustment of a piece must not take the first one's land, nor leave it to nobody."""
    last = NEXT + dt.timedelta(days=later)
    a = moved_out(country, draw, "a", SMALL, NEXT)
    b = moved_out(country, draw, "b", SECOND, last)
    told = difference(country, start=ON, end=last, to=tmp_path / "both").table
    cause = causes()["mapping_error"].name
    assert [(c["area_m2"], c["proposal"], c["why"]) for c in told["changes"]] == [
        (60_000, f"adjustment/{a}", cause), (20_000, f"adjustment/{b}", cause),
    ]  # fmt: skip
    for case, area_m2, before in ((a, 60_000, 0), (b, 20_000, 60_000)):
        one = difference(country, case_name=case, to=tmp_path / case)
        assert [c["area_m2"] for c in one.table["changes"]] == [area_m2]
        page = next(Path(p) for p in one.table["files"] if p.endswith(".html"))
        held = (area(country, ON) - before) / 1e6
        assert f"{held:,.3f} km²" in page.read_text("utf-8")


def test_land_that_left_and_came_back_changed_nothing(
    country: Project, draw: Draw, tmp_path: Path
) -> None:
    out = moved_out(country, draw, "a", SMALL, NEXT)
    drafts = adjust.read_drafts(country, draw("b", SMALL), "addition", "mapping_error", "D")
    told = adjust.propose(country, drafts, actor="ofi", day=NEXT, **DECREE)
    back = str(told.table["subject"]).partition("/")[2]
    passes(country, back, NEXT)
    adjust.approve(country, back, actor="nat", day=NEXT, accept_unknown="no layer", **DECREE)
    with pytest.raises(UserError, match="did not change"):
        difference(country, start=ON, end=NEXT, to=tmp_path / "d")
    for case, what in ((out, "left"), (back, "came in")):
        (one,) = difference(country, case_name=case, to=tmp_path / case).table["changes"]
        assert (one["what"], one["area_m2"]) == (what, 60_000)


def test_the_report_tells_what_changed_since_the_line_was_entered(
    country: Project, draw: Draw
) -> None:
    assert kept_difference(country) is None  # entered, and never changed
    name = removal(country, draw("road", SMALL), "mapping_error")
    passes(country, name)
    approve(country, name)
    kept = kept_difference(country)
    assert kept is not None and kept.before - kept.after == 60_000 == kept.area("left")
    told = chapter(kept, {})
    (rows,) = [block["rows"] for block in told.blocks if block["kind"] == "table"]
    assert [row[2] for row in rows] == ["6.00"]  # ha


def test_days_the_wrong_way_round_are_refused(country: Project, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is after"):
        difference(country, start=NEXT, end=ON, to=tmp_path)


def test_no_change_no_page(country: Project, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did not change"):
        difference(country, start=ON, end=NEXT, to=tmp_path / "d")


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 10**9), min_size=1),
    st.dictionaries(st.sampled_from("abcxy"), st.integers(0, 10**6), max_size=4),
    st.integers(-3, 3),
)
def test_divisions_that_lose_nothing_keep_what_they_have(
    parts: dict[str, int], taken: dict[str, int], rounding: int
) -> None:
    gone = sum(min(amount, parts.get(place, 0)) for place, amount in taken.items())
    area = sum(parts.values()) - gone + rounding
    assume(area > 0)
    left = parts_left(parts, taken, area)
    assert sum(left.values()) == area
    assert all(amount > 0 for amount in left.values())
    if sum(left.get(place, 0) for place in taken) > 10:  # else there is nothing to round on
        assert all(left[place] == parts[place] for place in parts if place not in taken)


def test_a_proposal_tells_who_proposed_only_to_who_may_read_it(
    country: Project, draw: Draw
) -> None:
    name = removal(country, draw("road", SMALL))
    for actor in ("", "app"):
        text = adjust.show(country, name, day=ON, actor=actor).text()
        assert "officer" in text and "ofi" not in text.replace("officer", "")
    assert "ofi (officer)" in adjust.show(country, name, day=ON, actor="nat").text()
