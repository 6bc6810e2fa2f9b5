"""Tables in the form of the report's Appendix 2: worked example W9, and what each row counts."""

from tianren.delineation.species_tables import MEANINGS, Held, rows
from tianren.science.taxa import Taxon


def appendix(group: str, name: str, counts: dict[str, tuple[int, int]]) -> tuple[list, dict]:
    """A list of species in which n of N of each class are covered, as the report prints n."""
    taxa, known = [], {}
    for label, (n, of) in counts.items():
        for i in range(of):
            species = f"{name} {label.lower()}{i}"
            field = {"protection": label} if label in ("I", "II") else {"category": label}
            taxa.append(Taxon(species, group=group, **field))
            known[species] = Held(1, {"redline": int(i < n)})
    return taxa, known


def percents(taxa: list, known: dict, mode: str) -> dict[tuple[str, str, str], float]:
    made = rows(taxa, known, ["redline"], share=0.17, few=5, mode=mode)
    return {
        (r["group"], r["dimension"], r["class"]): r["percent"]
        for r in made
        if r["meaning"] == "any_record"
    }


def test_worked_example_w9_table_1_truncated() -> None:
    taxa, known = appendix("animals", "A", {"I": (183, 193), "II": (403, 438)})
    more, other = appendix("plants", "P", {"I": (66, 89), "II": (549, 674)})
    found = percents([*taxa, *more], known | other, "trunc")
    assert found["animals", "all", ""] == 92.86
    assert found["animals", "protection", "I"] == 94.81
    assert found["animals", "protection", "II"] == 92.00
    assert found["plants", "all", ""] == 80.60
    assert found["plants", "protection", "I"] == 74.15
    assert found["plants", "protection", "II"] == 81.45
    rounded = percents([*taxa, *more], known | other, "round")
    assert rounded["animals", "protection", "I"] == 94.82


def test_worked_example_w9_tables_2_and_3_truncated() -> None:
    plants, known = appendix("plants", "P", {"CR": (54, 130), "EN": (133, 239), "VU": (173, 242)})
    found = percents(plants, known, "trunc")
    assert [found["plants", "category", c] for c in ("CR", "EN", "VU")] == [41.53, 55.64, 71.48]
    assert found["plants", "category", "CR+EN+VU"] == 58.91  # the text says 70.45
    animals, known = appendix("animals", "A", {"CR": (87, 90), "EN": (84, 94), "VU": (118, 124)})
    found = percents(animals, known, "trunc")
    assert [found["", "category", c] for c in ("CR", "EN", "VU")] == [96.66, 89.36, 95.16]
    assert found["", "category", "CR+EN+VU"] == 93.83


def test_three_meanings_of_covered_and_who_is_known() -> None:
    taxa = [
        Taxon("a", group="frogs", family="Mantellidae", endemic=True),
        Taxon("b", group="frogs", family="Mantellidae", endemic=False),
        Taxon("c", group="frogs", family="Microhylidae"),
    ]
    known = {
        "a": Held(12, {"park": 3}, {"park": 0.2}, {"park": False}),
        "b": Held(2, {"park": 0}, {"park": 0.5}, {"park": True}),
    }
    made = rows(taxa, known, ["park"], share=0.17, few=5, mode="round")
    every = {r["meaning"]: r for r in made if (r["group"], r["dimension"]) == ("", "all")}
    assert [every[m]["covered"] for m in MEANINGS] == [1, 2, 1]
    assert all(r["of"] == 3 and r["with_data"] == 2 for r in every.values())
    assert every["any_record"]["percent"] == 33.33
    assert every["any_record"]["median_records"] == 2
    assert every["any_record"]["few_records"] == 2
    endemic = [r for r in made if r["dimension"] == "endemic" and r["group"] == ""]
    assert [r["of"] for r in endemic] == [1, 1, 1]
    families = {r["class"]: r["of"] for r in made if r["dimension"] == "family"}
    assert families == {"Mantellidae": 2, "Microhylidae": 1}


def test_a_class_without_species_has_no_row() -> None:
    made = rows([Taxon("a")], {}, ["park"], share=0.1, few=5, mode="round")
    assert {(r["dimension"], r["class"]) for r in made} == {("all", "")}


def test_a_species_without_a_range_is_not_covered_by_any_share() -> None:
    made = rows([Taxon("a")], {"a": Held(9, {"park": 9})}, ["park"], share=0.0, few=5, mode="round")
    covered = {r["meaning"]: r["covered"] for r in made}
    assert covered == {"any_record": 1, "range_share": 0, "target_met": 0}
