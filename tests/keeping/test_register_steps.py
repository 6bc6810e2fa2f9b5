"""The register of a small country: entered from a run, looked at by level, marked, exported."""

import datetime as dt
import json
import sqlite3
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
import shapely

from tests.keeping.kept import DAY, ROLES
from tests.project.small_project import LAEA
from tianren.errors import UserError
from tianren.language import set_language
from tianren.management.register import REDLINE, UNIT
from tianren.project.journal.home import project_journal
from tianren.project.project import Project
from tianren.project.runs import latest_run
from tianren.steps import occupation, register, supervise
from tianren.steps.journal import anchor, erase, roles, start
from tianren.steps.kept_line import standing_line
from tianren.steps.register_adopt import adopt
from tianren.steps.register_export import export
from tianren.steps.register_fold import ZONES, shapes_of
from tianren.steps.verify import verify

LATER = DAY + dt.timedelta(days=30)


def drawn_pieces(project: Project) -> gpd.GeoDataFrame:
    run = latest_run(project, "delineate")
    assert run is not None
    return gpd.read_file(run.path("redline.gpkg"), layer="redline")


def test_the_line_is_entered_as_it_was_drawn(original: Project) -> None:
    drawn = drawn_pieces(original).set_index("code")
    zones = register.zones_on(original, day=DAY)
    line = {z.code: z for z in zones.values() if z.kind == REDLINE}
    journal = project_journal(original)
    with journal.reading() as reader:
        shapes = shapes_of(reader, line.values())
    assert set(line) == set(drawn.index)
    for code, zone in line.items():
        shape = shapes[zone.subject]
        assert shapely.equals(shape, drawn.geometry[code])
        assert zone.area_m2 == pytest.approx(shape.area, abs=0.5)
        assert sum(zone.parts.values()) == zone.area_m2


def test_before_it_was_entered_there_is_nothing(original: Project) -> None:
    assert register.zones_on(original, day=DAY - dt.timedelta(days=1)) == {}


def test_every_level_sums_to_the_one_above(original: Project) -> None:
    rows = register.control_figures(original, day=DAY).table["figures"]
    area = {row["place"]: row["area_m2"] for row in rows}
    assert area["10"] == area["10/1001"] + area["10/1002"]
    assert area["2"] == area["2/201"] + area["2/202"]
    assert area[""] == area["2"] + area["10"]
    assert area[""] == round(drawn_pieces(original).geometry.area.sum())


def test_what_reaches_beyond_the_border_is_cut_off_and_told(
    country: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells and smoothing reach over a border; the figures hold land of the country alone."""
    whole = drawn_pieces(country).geometry.area.sum()
    realm = shapely.box(-19_700, -15_000, 20_000, 14_800)
    region = gpd.GeoDataFrame({"realm": ["land"]}, geometry=[realm], crs=LAEA)
    monkeypatch.setattr(Project, "region", region)
    (country.folder / "journal.sqlite").unlink()
    start(country, "ann", "Ann Admin", day=DAY)
    (country.folder / "roles.toml").write_text(ROLES, encoding="utf-8")
    told = adopt(country, actor="ann", ground="Decree 1", day=DAY)
    held = drawn_pieces(country).geometry.intersection(realm).area.sum()
    (row,) = (r for r in told.table["findings"] if r["rule"] == "register.border")
    assert f"{(whole - held) / 1e6:,.3f} km2" in row["message"] and row["message"] in told.text()
    assert whole - held > 10_000
    figures = register.control_figures(country, day=DAY).table["figures"]
    assert figures[0]["area_m2"] == pytest.approx(held, abs=20)
    line = standing_line(country)
    assert line is not None and line == latest_run(country, "delineate")  # it has not moved


def test_a_line_that_is_there_changes_by_adjustment_alone(country: Project) -> None:
    with pytest.raises(UserError, match="adjust"):
        adopt(country, actor="ann", ground="Decree 2", day=LATER)


def test_who_may_not_enter_a_line_is_told_so(country: Project) -> None:
    with pytest.raises(UserError, match=r"register\.adopt"):
        adopt(country, actor="ofi", ground="Decree 2", day=LATER)


def test_somebody_unknown_is_told_where_people_are(country: Project) -> None:
    with pytest.raises(UserError, match=r"roles\.toml"):
        register.note(country, "1001150001", "activity", "x", actor="nobody", ground="g")


def test_each_sees_their_own_place(original: Project) -> None:
    assert register.show(original, place="2/201", actor="wes", day=DAY).table["zones"]
    with pytest.raises(UserError, match="does not see"):
        register.show(original, place="10", actor="wes", day=DAY)


def test_a_code_is_found_and_a_wrong_one_has_its_nearest(original: Project) -> None:
    told = register.show(original, code="1001150001", day=DAY)
    assert "4" in told.text() and told.table
    with pytest.raises(UserError, match="did you mean 1001150009"):
        register.show(original, code="1001150009x", day=DAY)


def test_markers_are_entered_from_a_table_and_counted(country: Project, tmp_path: Path) -> None:
    path = tmp_path / "markers.csv"
    path.write_text("marker,type,lon,lat,standing\nM1,marker,8.08,44.99,yes\n"
                    "S1,sign,8.09,44.99,no\n")  # fmt: skip
    register.mark(country, "1001150001", path, actor="ann", ground="survey", day=LATER)
    zone = register.zones_on(country, day=LATER)["zone/redline/1001150001"]
    assert set(zone.markers) == {"M1", "S1"} and not zone.markers["S1"]["standing"]
    told = register.workbook(country, tmp_path / "r.xlsx", day=LATER)
    rows = list(openpyxl.load_workbook(told.table["file"])["Markers and signs"].values)
    assert len(rows) == 3 and rows[1][0] == "1001150001"
    assert register.zones_on(country, day=DAY)["zone/redline/1001150001"].markers == {}


@pytest.mark.parametrize("row", ["M1,marker,east,45,yes", "M1,marker,8,145,yes"])
def test_a_bad_marker_is_told_and_nothing_is_entered(
    country: Project, tmp_path: Path, row: str
) -> None:
    path = tmp_path / "markers.csv"
    path.write_text(f"marker,type,lon,lat,standing\nM0,marker,8.08,44.99,yes\n{row}\n")
    with pytest.raises(UserError, match="row 3"):
        register.mark(country, "1001150001", path, actor="ann", ground="survey", day=LATER)
    assert not register.zones_on(country, day=LATER)["zone/redline/1001150001"].markers


def test_the_attribute_table_has_its_fields(original: Project, tmp_path: Path) -> None:
    told = export(original, "shapefile", tmp_path / "out", day=DAY)
    path = next(Path(p) for p in told.table["files"] if p.endswith(".shp"))
    layer = gpd.read_file(path)
    fields = {"XZQHDM", "YSDM", "ZDSTXTFWGN", "HXLX", "LXBM", "BHDMC", "BHDJB", "HXMM", "HXBM",
              "STXTYZBLX", "ZYRWHDLX", "STHJWT", "GKCS", "TBBM", "TBMJ"}  # fmt: skip
    assert fields <= set(layer.columns)
    assert layer["LXBM"].str.fullmatch(r"\d\d").all()
    assert layer["TBMJ"].to_numpy() == pytest.approx(layer.geometry.area.to_numpy(), abs=1)
    park = layer[layer["HXBM"] == "1002150005"].iloc[0]
    assert park["BHDMC"] == "Park"
    assert (path.parent / "journal.head.json").exists() or any(
        "head" in Path(p).name for p in told.table["files"]
    )


def test_exports_are_the_same_each_time(original: Project, tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        told = export(original, "gpkg", tmp_path / name, day=DAY)
        made.append([Path(p).read_bytes() for p in told.table["files"] if p.endswith(".gpkg")])
    assert made[0] == made[1] and made[0]


def test_states_from_snapshots_are_those_from_the_records(country: Project) -> None:
    before = register.zones_on(country, day=LATER)
    register.snapshot(country, "ann")
    assert register.zones_on(country, day=LATER) == before
    journal = project_journal(country)
    with journal.reading() as reader:
        assert reader.states(ZONES, known=reader.head().number) == before


def test_divisions_are_zones_of_their_own_kind(original: Project) -> None:
    units = [z for z in register.zones_on(original, day=DAY).values() if z.kind == UNIT]
    assert {z.place for z in units} == {"2", "10", "2/201", "2/202", "10/1001", "10/1002"}
    told = register.show(original, day=DAY)
    assert json.dumps(told.as_dict()) and "zones" in told.text()


def test_a_name_that_was_erased_changes_no_state(country: Project) -> None:
    before = register.zones_on(country, day=LATER)
    journal = project_journal(country)
    with journal.reading() as reader:
        (record,) = reader.records(kind="zone", subject="zone/redline/1001150001")
    erase(country, record.number, ["actor"], actor="ann", ground="Privacy law", reason="asked to")
    assert register.zones_on(country, day=LATER) == before
    with journal.reading() as reader:
        state = reader.state(ZONES, record.subject)
        assert state == before[record.subject]
        assert [r.kind for r in reader.history(record.subject)] == [
            "zone.entered",
            "journal.erased",
        ]
    journal.close()


def test_figures_name_the_place_that_other_commands_ask_for(original: Project) -> None:
    told = register.control_figures(original, day=DAY, levels=2)
    places = [line.split()[-1] for line in told.lines if line.startswith("  ")]
    assert {"10", "10/1001", "10/1002", "2/201"} <= set(places)


def test_figures_have_headings_and_count_places_as_people_do(original: Project) -> None:
    told = register.control_figures(original, day=DAY, levels=2)
    assert told.lines[2].split() == ["Name", "Area", "Share", "Zones", "Place"]
    at = [line.index(word) + len(word) for line, word in zip(told.lines[2:4], ("Area", "m²"),
                                                             strict=True)]  # fmt: skip
    assert at[0] == at[1]
    assert [row["place"] for row in told.table["figures"]] == [
        "", "2", "2/201", "2/202", "10", "10/1001", "10/1002",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["redline", "protected_area"])
def test_before_a_line_was_kept_there_are_no_figures(original: Project, kind: str) -> None:
    """0 m2 would look like an answer."""
    before = DAY - dt.timedelta(days=1)
    with pytest.raises(UserError, match=f"no line is kept on {before}") as fault:
        register.control_figures(original, kind=kind, day=before)
    assert "--day" in fault.value.next_step


def test_a_place_that_is_none_is_refused_with_those_there_are(original: Project) -> None:
    """Only the country's figure would look like an answer."""
    for ask in (
        register.control_figures,
        register.show,
        occupation.show,
        occupation.late,
        supervise.figures,
    ):
        with pytest.raises(UserError, match="there is no place 99") as fault:
            ask(original, place="99", day=DAY)
        assert fault.value.next_step.endswith("2, 10")
    with pytest.raises(UserError, match="no place 10/99") as fault:
        register.control_figures(original, place="10/99", day=DAY)
    assert "10/1001, 10/1002" in fault.value.next_step


def test_an_anchor_does_not_vouch_for_a_journal_with_faults(country: Project) -> None:
    kept = anchor(country, None).table["file"]
    clean = verify(country, anchors=[Path(kept)])
    assert not clean.faulty and "no record up to it was changed" in clean.text()
    with sqlite3.connect(country.folder / "journal.sqlite") as connection:
        connection.execute("UPDATE record SET line = replace(line, 'Decree', 'decree') "
                           "WHERE number = 5")  # fmt: skip
    connection.close()
    spoilt = verify(country, anchors=[Path(kept)])
    assert spoilt.faulty and "record 5 was changed" in spoilt.text()
    assert "no record up to it was changed" not in spoilt.text()
    assert "does not vouch" in spoilt.text()


def test_roles_of_the_project_are_listed_with_the_packaged_ones(country: Project) -> None:
    path = country.folder / "roles.toml"
    own = '\n[roles.ranger]\nname = "Ranger"\nrights = ["supervision.patrol"]\n'
    path.write_text(path.read_text("utf-8") + own, encoding="utf-8")
    found = roles(country).table["roles"]
    assert found["ranger"] == {"name": "Ranger", "rights": ["supervision.patrol"]}
    assert "officer" in found


def test_a_zone_is_told_in_the_language_that_was_asked_for(original: Project) -> None:
    set_language("es")
    try:
        text = register.show(original, code="1001150001").text()
    finally:
        set_language("en")
    assert "type_code" not in text and "key_function" not in text and "dominant" not in text
    assert "función principal" in text or "main function" in text  # until it is translated


def test_a_zone_tells_roles_and_names_only_to_who_may_read_them(original: Project) -> None:
    for actor in ("", "app"):
        text = register.show(original, code="1001150001", actor=actor).text()
        assert "administrator" in text and "ann" not in text
    assert "ann (administrator)" in register.show(original, code="1001150001", actor="ofi").text()
