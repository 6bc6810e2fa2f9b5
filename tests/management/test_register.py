"""The register: zones from records, and control figures that sum exactly at every level."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.management.people import Post, packaged_roles
from tianren.management.register import (
    REDLINE,
    NewZone,
    Warrant,
    Zone,
    apply,
    divided,
    enter,
    figures,
    manage,
    mark,
    note,
    pack,
    smallest_holding,
    unpack,
    upward,
)
from tianren.records import Record, parent

DAY = dt.date(2026, 1, 1)
WARRANT = Warrant("ann", Post(packaged_roles()["registrar"], ""), DAY, "decree 1")


def new(code: str, parts: dict[str, int], **more: object) -> NewZone:
    first = NewZone(REDLINE, code, f"Zone {code}", smallest_holding(parts), 3, "b" * 64,
                    sum(parts.values()), parts)  # fmt: skip
    return replace(first, **more)  # type: ignore[arg-type]


def entered(code: str, parts: dict[str, int]) -> Zone:
    return apply(None, enter({}, [new(code, parts)], WARRANT).records[0])


def test_a_life_of_a_zone() -> None:
    zone = entered("1", {"14/1403/1": 40, "14/1403/2": 60})
    assert (zone.place, zone.area_m2, zone.version, zone.stands) == ("14/1403", 100, 1, True)
    zone = apply(zone, manage(zone, {"body": "Office", "tenure": "LR 7"}, WARRANT).records[0])
    zone = apply(zone, manage(zone, {"body": "Other"}, WARRANT).records[0])
    for standing in (True, False):
        marker = {"marker": "M1", "type": "marker", "x": 1.0, "y": 2.0, "standing": standing}
        zone = apply(zone, mark(zone, [marker], WARRANT).records[0])
    zone = apply(zone, note(zone, "activity", "old mill", WARRANT).records[0])
    changed = WARRANT.record(
        "changed", zone.subject, zone.place,
        {"boundary": "c" * 64, "area_m2": 90, "parts": {"14/1403/1": 90}},
    )  # fmt: skip
    later = apply(zone, replace(changed, effective=dt.date(2026, 5, 1)))
    assert (later.version, later.since, later.area_m2) == (2, dt.date(2026, 5, 1), 90)
    assert later.management == {"body": "Other", "tenure": "LR 7"}
    assert later.markers["M1"]["standing"] is False and later.notes[0]["text"] == "old mill"
    gone = apply(later, WARRANT.record("abolished", zone.subject, zone.place, {}))
    assert not gone.stands
    again = apply(gone, enter({zone.subject: gone}, [new("1", {"14": 5})], WARRANT).records[0])
    assert (again.version, again.stands, again.markers) == (3, True, later.markers)
    for one in (zone, later, gone, again):
        assert unpack(pack(one)) == one


def rules(outcome: object) -> set[str]:
    return {f.rule for f in outcome.findings}  # type: ignore[attr-defined]


def test_what_is_refused() -> None:
    zone = entered("1", {"14": 5})
    known = {zone.subject: zone}
    assert rules(enter(known, [new("1", {"14": 5})], WARRANT)) == {"register.known"}
    twins = [new("2", {"14": 5}), new("2", {"14": 6}, name="Other")]
    assert rules(enter(known, twins, WARRANT)) == {"register.twin"}
    assert rules(enter({}, [new("3", {"14": 5}, area_m2=6)], WARRANT)) == {"register.parts"}
    assert rules(mark(zone, [{"marker": "1", "type": "sign"}], WARRANT)) == {"register.marker"}
    assert rules(manage(zone, {"colour": "red"}, WARRANT)) == {"register.field"}
    assert rules(note(zone, "gossip", "x", WARRANT)) == {"register.class"}
    gone = apply(zone, WARRANT.record("abolished", zone.subject, zone.place, {}))
    for outcome in (
        mark(gone, [], WARRANT), manage(gone, {}, WARRANT), note(gone, "natural", "x", WARRANT),
    ):  # fmt: skip
        assert rules(outcome) == {"register.abolished"}
    with pytest.raises(ValueError, match="no zone is eaten"):
        apply(zone, Record("zone.eaten", zone.subject, DAY, "r", "g"))


@given(
    st.lists(st.floats(0, 1e9, allow_subnormal=False), min_size=1, max_size=30),
    st.integers(0, 10**12),
)
def test_whole_parts_sum_to_the_whole_and_none_is_off_by_one(areas: list[float], n: int) -> None:
    exact = np.array(areas)
    found = divided(exact, n)
    if exact.sum() <= 0:
        assert found == [0] * len(areas)
        return
    assert sum(found) == n and min(found) >= 0
    # A share in floating point may be off by a rounding of the total beside the one unit.
    room = 1 + 1e-9 * n
    assert all(abs(a - b) < room for a, b in zip(found, exact / exact.sum() * n, strict=True))


PLACES = st.sampled_from(["1", "1/11", "1/12", "1/11/a", "1/11/b", "1/12/c", "2", "2/21", ""])
PARTS = st.dictionaries(PLACES, st.integers(0, 10**11), min_size=1, max_size=5)


@given(st.lists(PARTS, max_size=8))
def test_figures_sum_to_their_parent_exactly(zones: list[dict[str, int]]) -> None:
    made = [entered(str(n), parts) for n, parts in enumerate(zones)]
    found = figures(made)
    assert found[""].area_m2 == sum(zone.area_m2 for zone in made)
    for place, figure in found.items():
        below = sum(f.area_m2 for p, f in found.items() if p and parent(p) == place)
        assert figure.area_m2 == below + figure.inside
    assert figures(reversed(made)) == found


@given(st.lists(PLACES, min_size=1, max_size=6))
def test_the_smallest_place_holds_all_and_none_below_it_does(places: list[str]) -> None:
    found = smallest_holding(places)
    assert all(found in upward(place) for place in places)
    below = {place for p in places for place in upward(p) if parent(place) == found and place}
    assert not any(all(b in upward(place) for place in places) for b in below - {found})
