"""Cleaning of sites: which count, in which shape, what the log says of each."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.findings import Severity
from tianren.geo.sites import Cleaned, SiteRules, clean_sites, declared_realm, natural, parts_in

from .sites import LATER_UNKNOWN, RULES, box, layer, region, site


def clean(*sites: dict[str, Any], rules: SiteRules = RULES, sea: bool = True) -> Cleaned:
    return clean_sites(layer(*sites), region(sea=sea), rules)


def actions(cleaned: Cleaned, number: str) -> list[tuple[str, str]]:
    rows = cleaned.log[cleaned.log["site_id"] == number]
    return list(zip(rows["action"], rows["rule"], strict=True))


def found(cleaned: Cleaned, rule: str) -> str:
    """The one message of a rule."""
    (message,) = [f.message for f in cleaned.findings if f.rule == f"sites.{rule}"]
    return message


def km2(cleaned: Cleaned) -> dict[str, float]:
    areas = cleaned.sites.geometry.area / 1e6
    return {p: round(a, 6) for p, a in zip(cleaned.sites["parcel_id"], areas, strict=True)}


def test_an_ordinary_site_is_kept_as_it_is() -> None:
    cleaned = clean(site(box(10, 10, 20, 20), reported_km2=100))
    assert actions(cleaned, "1") == [("kept", "")] and cleaned.findings == ()
    assert km2(cleaned) == {"1": 100} and cleaned.sites.crs == "EPSG:6933"


@pytest.mark.parametrize(
    ("status", "counts"),
    [("Designated", True), ("inscribed ", True), ("ESTABLISHED", True), ("Proposed", False),
     ("Not Reported", False), ("Adopted", False), ("", False)],
)  # fmt: skip
def test_accepted_statuses_count(status: str, counts: bool) -> None:
    cleaned = clean(site(box(10, 10, 20, 20), status=status))
    assert len(cleaned.sites) == counts
    assert actions(cleaned, "1") == [("kept", "") if counts else ("refused", "status")]


def test_a_biosphere_reserve_does_not_count_and_is_said_with_its_area() -> None:
    cleaned = clean(
        site(box(10, 10, 20, 20), designation="UNESCO-MAB Biosphere Reserve", name="Mananara")
    )
    assert len(cleaned.sites) == 0 and actions(cleaned, "1") == [("refused", "designation")]
    assert "1 Mananara (100 km2)" in found(cleaned, "designation")


def test_a_designated_site_without_a_year_counts_and_is_said() -> None:
    cleaned = clean(site(box(10, 10, 20, 20), year=None))
    assert cleaned.sites["year"].isna().all() and len(cleaned.sites) == 1
    assert actions(cleaned, "1") == [("noted", "year_unknown"), ("kept", "")]


def test_a_year_after_the_day_of_the_account_is_refused_or_unknown_and_said() -> None:
    late = site(box(10, 10, 20, 20), year=2031)
    refused = clean(late)
    assert len(refused.sites) == 0 and "its year is 2031, after 2026-01-01 by 5" in found(
        refused, "year"
    )
    unknown = clean(late, rules=LATER_UNKNOWN)
    assert unknown.sites["year"].isna().all() and "2031" in found(unknown, "year")
    assert actions(clean(site(box(10, 10, 20, 20), year=2026)), "1") == [("kept", "")]


def test_an_unknown_category_is_said_and_not_reported() -> None:
    cleaned = clean(site(box(10, 10, 20, 20), category="VII"),
                    site(box(30, 10, 40, 20), "2", category="ia"))  # fmt: skip
    assert dict(zip(cleaned.sites["site_id"], cleaned.sites["category"], strict=True)) == {
        "1": "Not Reported", "2": "Ia"}  # fmt: skip
    assert "VII" in found(cleaned, "category") and actions(cleaned, "2") == [("kept", "")]


def test_a_kind_that_is_neither_does_not_count() -> None:
    cleaned = clean(site(box(10, 10, 20, 20), kind="7"), site(box(10, 10, 20, 20), "2",
                    kind="OECM"))  # fmt: skip
    assert list(cleaned.sites["site_id"]) == ["2"] and "kind is 7" in found(cleaned, "kind")


def test_a_point_is_a_circle_of_its_area_and_without_area_does_not_count() -> None:
    # 78.54 km2 is a circle of 5000.006 m radius.
    point = shapely.Point(50_000, 50_000)
    cleaned = clean(site(point, reported_km2=78.54), site(point, "2", name="Bare"))
    assert km2(cleaned) == {"1": 78.54} and bool(cleaned.sites["approximate"].iloc[0])
    circle = cleaned.sites.geometry.iloc[0]
    assert shapely.minimum_bounding_radius(circle) == pytest.approx(5000.006, rel=2e-3)
    assert actions(cleaned, "2") == [("refused", "point")]
    assert cleaned.every.geometry.iloc[0] == point  # as its source has it


def test_a_point_that_is_not_drawn_is_told_with_the_area_it_reports() -> None:
    forest = site(shapely.Point(50_000, 50_000), "A4", name="Sihl forest", reported_km2=11,
                  status="Proposed")  # fmt: skip
    message = found(clean(forest, site(box(10, 10, 20, 20), status="Proposed")), "status")
    assert "A4 Sihl forest (11 km2 reported)" in message and "111.0 km2: " in message
    assert "(100 km2):" in message


def test_several_points_share_the_area() -> None:
    points = shapely.MultiPoint([(20_000, 20_000), (60_000, 60_000)])
    assert km2(clean(site(points, reported_km2=50))) == {"1": 50}


@pytest.mark.parametrize(("realm", "left"), [("land", 100), ("sea", 300), ("both", 400)])
def test_a_site_has_nothing_of_the_realm_it_is_not_in(realm: str, left: float) -> None:
    cleaned = clean(site(box(90, 0, 130, 10), realm=realm))
    assert km2(cleaned) == {"1": left}
    assert (("changed", "realm") in actions(cleaned, "1")) == (left < 400)


def test_without_a_sea_what_lies_beyond_the_land_is_said_not_dropped() -> None:
    cleaned = clean(site(box(90, 0, 130, 10), realm="both"),
                    site(box(150, 0, 160, 10), "2", realm="sea"), sea=False)  # fmt: skip
    assert km2(cleaned) == {"1": 100}
    assert actions(cleaned, "2") == [("refused", "no_sea")]
    assert "300 km2 lie beyond the land" in found(cleaned, "no_sea")
    assert "100 km2 lie beyond the land" in found(cleaned, "no_sea")


def test_a_site_outside_the_country_is_said_with_area_and_distance() -> None:
    cleaned = clean(site(box(-60, 0, -50, 10)), site(box(-10, 0, 10, 10), "2"))
    assert km2(cleaned) == {"2": 100}
    assert "100 km2, 50 km away" in found(cleaned, "region")
    assert "100 km2 lie outside the country" in found(cleaned, "region")
    assert actions(cleaned, "1") == [("refused", "region")]


@pytest.mark.parametrize("reported", [1000.0, 10.0])
def test_ten_times_the_reported_area_or_a_tenth_is_said(reported: float) -> None:
    cleaned = clean(site(box(10, 10, 20, 20), reported_km2=reported))
    assert f"{100 / reported:g} times the {reported:,g} km2" in found(cleaned, "area")
    assert km2(cleaned) == {"1": 100}  # what is drawn is what counts


def test_a_polygon_of_no_area_does_not_count_and_is_said() -> None:
    flat = shapely.Polygon([(0, 0), (1000, 0), (2000, 0), (0, 0)])
    cleaned = clean(site(flat, reported_km2=12), site(None, "2", reported_km2=3))
    assert len(cleaned.sites) == 0
    assert "its polygon has no area; 12 km2 are reported" in found(cleaned, "area")
    assert "it has no geometry; 3 km2 are reported" in found(cleaned, "geometry")


def test_a_line_and_a_place_beyond_the_plane_do_not_count() -> None:
    far = shapely.Polygon([(0, 0), (np.inf, 0), (1, 1), (0, 0)])
    cleaned = clean(site(shapely.LineString([(0, 0), (1, 1)])), site(far, "2"))
    assert len(cleaned.sites) == 0 and cleaned.log["rule"].tolist() == ["geometry"] * 2


def test_a_self_crossing_polygon_is_repaired_and_the_change_is_said() -> None:
    bow_tie = shapely.Polygon([(0, 0), (20_000, 20_000), (20_000, 0), (0, 20_000), (0, 0)])
    cleaned = clean(site(bow_tie, reported_km2=200))
    assert km2(cleaned) == {"1": 200}  # two triangles; the space between them is not filled
    assert "+200 km2" in found(cleaned, "large_repair")
    (finding,) = cleaned.findings
    assert finding.severity == Severity.WARNING


def test_the_same_record_twice_counts_once() -> None:
    twice = [site(box(10, 10, 20, 20), source=s) for s in ("national", "wdpa")]
    cleaned = clean(*twice)
    assert list(cleaned.sites["source"]) == ["national"]
    assert "the same record as national 1" in found(cleaned, "repeated")


def test_one_number_with_different_shapes_makes_parcels_and_is_said() -> None:
    cleaned = clean(site(box(10, 10, 20, 20)), site(box(15, 10, 35, 20)))
    assert km2(cleaned) == {"1": 100, "1~2": 200}
    assert "(100 km2, 50 km2 of them in common with the 200 km2" in found(cleaned, "other_shape")


def test_a_point_gives_way_to_the_polygon_of_its_site() -> None:
    point = site(shapely.Point(80_000, 80_000), reported_km2=100)
    cleaned = clean(point, site(box(10, 10, 20, 20)))
    assert km2(cleaned) == {"1": 100} and not cleaned.sites["approximate"].iloc[0]
    assert cleaned.log["rule"].tolist() == ["circle", "repeated", ""]


def test_parcels_of_a_site_are_no_fault() -> None:
    cleaned = clean(site(box(10, 10, 20, 20), parcel_id="1_A"),
                    site(box(30, 10, 40, 20), parcel_id="1_B"))  # fmt: skip
    assert len(cleaned.sites) == 2 and cleaned.findings == ()


def test_the_order_is_kind_category_year_number() -> None:
    shape = box(10, 10, 20, 20)
    wanted = [
        site(shape, "7", category="Ia", year=2019),
        site(shape, "8", category="II", year=1990),
        site(shape, "9", category="II", year=2000),
        site(shape, "10", category="II", year=2000),
        site(shape, "3", category="II", year=None),
        site(shape, "4", category="Not Reported", year=1950),
        site(shape, "5", category="Not Assigned", year=1950),
        site(shape, "1", kind="OECM", category="Ia", year=1900),
    ]
    cleaned = clean(*reversed(wanted))
    assert list(cleaned.sites["site_id"]) == ["7", "8", "9", "10", "3", "4", "5", "1"]


def test_numbers_in_texts_are_ordered_as_numbers() -> None:
    assert sorted(["10_A", "9_B", "9_A", "x", "100"], key=natural) == [
        "9_A", "9_B", "10_A", "100", "x"]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "realm"),
    [(0, "land"), ("0.0", "land"), ("Terrestrial", "land"), (1, "both"), ("Coastal", "both"),
     (2.0, "sea"), ("marine", "sea"), ("海洋", "sea"), ("", "both"), (None, "both")],
)  # fmt: skip
def test_realms_as_both_schemas_write_them(written: object, realm: str) -> None:
    assert declared_realm(written) == realm


def test_a_finding_names_the_five_largest_and_counts_the_rest() -> None:
    many = [site(box(0, 10 * n, n + 1, 10 * n + 1), str(n), status="Proposed") for n in range(8)]
    message = found(clean(*many), "status")
    assert message.startswith("8 sites do not count for their status, 36.0 km2: 7 Site 7 (8 km2)")
    assert message.endswith("and 3 more, see the log") and "2 Site 2" not in message


def test_no_site_at_all_is_cleaned_to_none() -> None:
    cleaned = clean_sites(layer(site(box(0, 0, 1, 1))).iloc[:0], region(), RULES)
    assert len(cleaned.sites) == len(cleaned.log) == 0


# --- what must be true of any layer ---------------------------------------------------------------

km = st.integers(-20, 220)
shapes = st.one_of(
    st.builds(lambda x, y, w, h: box(x, y, x + w, y + h), km, km, st.integers(0, 80),
              st.integers(1, 80)),
    st.lists(st.tuples(km, km), min_size=3, max_size=7).map(
        lambda ring: shapely.Polygon([(1000 * x, 1000 * y) for x, y in ring])),
    st.builds(lambda x, y: shapely.Point(1000 * x, 1000 * y), km, km),
    st.none(),
)  # fmt: skip
records = st.builds(
    site, shapes, st.sampled_from("123"),
    kind=st.sampled_from(["PA", "OECM", "?"]),
    category=st.sampled_from(["Ia", "II", "VII", "Not Reported"]),
    status=st.sampled_from(["Designated", "Proposed"]),
    year=st.sampled_from([None, 1990, 2010, 2040]),
    realm=st.sampled_from(["land", "sea", "both"]),
    reported_km2=st.sampled_from([0.0, 1.0, 100.0]),
)  # fmt: skip
layers = st.lists(records, min_size=1, max_size=8).map(lambda rows: layer(*rows))


@settings(max_examples=40, deadline=None)
@given(layers, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_records_changes_nothing(sites: Any, random: Any, sea: bool) -> None:
    order = list(range(len(sites)))
    random.shuffle(order)
    first = clean_sites(sites, region(sea=sea), RULES)
    second = clean_sites(sites.iloc[order], region(sea=sea), RULES)
    pd.testing.assert_frame_equal(first.log, second.log)
    pd.testing.assert_frame_equal(
        pd.DataFrame(first.sites.drop(columns="geometry")),
        pd.DataFrame(second.sites.drop(columns="geometry")),
    )
    assert (first.sites.geometry.to_wkb() == second.sites.geometry.to_wkb()).all()
    assert first.findings == second.findings


@settings(max_examples=40, deadline=None)
@given(layers, st.booleans())
def test_the_log_tells_all_and_adds_up(sites: Any, sea: bool) -> None:
    cleaned = clean_sites(sites, region(sea=sea), RULES)
    kept = cleaned.sites.assign(km2=cleaned.sites.geometry.area / 1e6).set_index("row")["km2"]
    assert sorted(cleaned.log["row"].unique()) == list(range(1, len(sites) + 1))
    for row, rows in cleaned.log.groupby("row"):
        last = rows.iloc[-1]
        assert last["action"] == ("kept" if row in kept.index else "refused")
        assert rows["action"].isin(["kept", "refused"]).sum() == 1
        assert np.allclose(rows["before_km2"][1:], rows["after_km2"][:-1])
        assert last["after_km2"] == pytest.approx(kept.get(row, 0.0))
        assert ((rows["reason"] == "") == (rows["action"] == "kept")).all()
    assert len(cleaned.uncut) == len(cleaned.sites)


@settings(max_examples=40, deadline=None)
@given(layers)
def test_what_is_kept_is_valid_inside_and_parts_at_the_coast(sites: Any) -> None:
    cleaned = clean_sites(sites, region(), RULES).sites
    shapes = cleaned.geometry.to_numpy()
    assert shapely.is_valid(shapes).all() and (shapely.area(shapes) > 0).all()
    everywhere = box(0, 0, 200, 100)
    assert np.allclose(shapely.area(shapely.intersection(shapes, everywhere)), shapely.area(shapes))
    split = {r: parts_in(cleaned, region(), r) for r in ("land", "sea")}
    total = {r: area(split[r]) for r in split}
    assert sum(total.values()) == pytest.approx(area(cleaned), rel=1e-9, abs=1e-3)
    for realm, other in (("land", "sea"), ("sea", "land")):
        mine = cleaned[(cleaned["realm"] == realm).to_numpy()]
        assert area(parts_in(mine, region(), other)) == pytest.approx(0, abs=1e-3)


def area(sites: gpd.GeoDataFrame) -> float:
    return float(shapely.area(sites.geometry.to_numpy()).sum())
