"""The names of criteria, grades, categories, units and dimensions, in the current language."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from tianren.language import current_language, say
from tianren.measures import indicators


def criterion(name: str) -> str:
    """A function or a sensitivity: "water_conservation" -> "Water conservation"."""
    return {
        "water_conservation": say("Water conservation"),
        "soil_conservation": say("Soil conservation"),
        "windbreak_sand_fixation": say("Windbreak and sand fixation"),
        "biodiversity": say("Biodiversity maintenance"),
        "coastal_protection": say("Coastal protection"),
        "carbon": say("Carbon"),
        "water_erosion": say("Sensitivity to water erosion"),
        "desertification": say("Sensitivity to desertification"),
        "rocky_desertification": say("Sensitivity to rocky desertification"),
        "salinisation": say("Sensitivity to salinisation"),
        "coastal_erosion": say("Sensitivity to coastal erosion"),
        "must_include": say("Must-include area"),
        "none": say("None: must-include only"),
    }.get(name, plain(name))


def service(name: str) -> str:
    """What a function delivers, inside a sentence: "of the water conserved"."""
    return {
        "water_conservation": say("the water conserved"),
        "soil_conservation": say("the soil conserved"),
        "windbreak_sand_fixation": say("the sand fixed"),
        "biodiversity": say("the biodiversity value"),
        "coastal_protection": say("the coastal protection"),
        "carbon": say("the carbon service"),
    }.get(name, criterion(name))


def hazard(name: str) -> str:
    """What a sensitivity is sensitive to, inside a sentence."""
    return {
        "water_erosion": say("water erosion"),
        "desertification": say("desertification"),
        "rocky_desertification": say("rocky desertification"),
        "salinisation": say("salinisation"),
        "coastal_erosion": say("coastal erosion"),
    }.get(name, criterion(name))


def grade(level: int, sensitivity: bool) -> str:
    """A grade by its code."""
    if sensitivity:
        return {
            5: say("Extremely sensitive"),
            3: say("Sensitive"),
            1: say("Ordinary"),
            0: say("Not applicable here"),
        }.get(level, str(level))
    return {
        5: say("Extremely important"),
        3: say("Important"),
        1: say("Ordinary"),
        0: say("Not applicable here"),
    }.get(level, str(level))


def category(name: str) -> str:
    """A category of the redline's pieces."""
    return {
        "key_function": say("Key ecological function zones"),
        "barrier": say("Ecological barrier zones"),
        "habitat": say("Species' habitats and natural landscapes"),
    }.get(name, plain(name))


def level(name: str) -> str:
    """A protection level."""
    return {
        "1": say("Level 1: core of protected areas"),
        "2": say("Level 2: other protected areas"),
        "3": say("Level 3: redline outside protected areas"),
    }.get(name, name)


def realm(name: str) -> str:
    return {"land": say("Land"), "sea": say("Sea")}.get(name, plain(name))


def status(name: str) -> str:
    """Whether a criterion could be computed."""
    return {
        "computed": say("computed"),
        "not_applicable": say("not applicable here"),
        "missing": say("missing"),
    }.get(name, plain(name))


def decision(name: str) -> str:
    """What was decided about a conflict or a must-include area."""
    return {
        "keep": say("kept inside"),
        "retire": say("kept inside, use to be retired"),
        "deduct": say("deducted"),
        "include": say("included"),
        "exclude": say("excluded"),
    }.get(name, plain(name))


def severity(name: str) -> str:
    return {"error": say("Error"), "warning": say("Warning"), "note": say("Note")}.get(name, name)


def dimension(name: str) -> str:
    """The head of a breakdown's column."""
    return {
        "category": say("Category"),
        "function": say("Dominant function"),
        "level": say("Protection level"),
        "realm": say("Realm"),
        "kind": say("Kind"),
    }.get(name, plain(name))


def label(dimension_name: str, name: str) -> str:
    """One class of a breakdown, by the dimension it belongs to."""
    tellers = {
        "category": category,
        "function": criterion,
        "dominant": criterion,
        "level": level,
        "realm": realm,
        "decision": decision,
        "kind": kind,
    }
    return tellers.get(dimension_name, _as_written)(name)


def kind(name: str) -> str:
    """A kind of must-include area or conflict; kinds of the user's own are told as written."""
    return {
        "protected_area": say("Protected areas"),
        "protected_areas": say("Protected areas"),
        "drinking_water": say("Drinking-water sources"),
        "riparian": say("Riparian strips"),
        "headwater": say("Headwaters"),
        "headwaters": say("Headwaters"),
        "wetland": say("Important wetlands"),
        "wetlands": say("Important wetlands"),
        "glacier": say("Glaciers"),
        "glaciers": say("Glaciers"),
        "mangrove": say("Mangroves"),
        "coral": say("Coral reefs"),
        "seagrass": say("Seagrass beds"),
        "natural_shoreline": say("Natural shoreline"),
        "tiny_population": say("Habitats of tiny populations"),
        "built_up": say("Built-up land"),
        "farmland": say("Farmland"),
        "permanent_farmland": say("Permanent farmland"),
        "mining": say("Mining"),
        "plantation": say("Plantations"),
    }.get(name, plain(name))


def unit(text: str) -> str:
    """A unit as people write it: km² not km2; "1" is no unit."""
    if text in ("", "1"):
        return ""
    written = text.replace("m2", "m²").replace("m3", "m³").replace("km2", "km²")
    return written.replace("hm2", "hm²").replace("degC", "°C").replace("degree", "°")


def indicator(name: str) -> str:
    known = indicators().get(name)
    return known.name[current_language()] if known else plain(name)


def parameter(name: str) -> str:
    """A parameter's name in the current language, where its file gives one."""
    from tianren.parameters import all_parameters

    known = all_parameters().get(name)
    return known.name.get(current_language(), name) if known else name


def layer(name: str) -> str:
    """A layer of the vocabulary by its name in the current language; others as written."""
    return _layer_names(current_language()).get(name, plain(name))


def source(row: Mapping[str, Any]) -> str:
    """An input by the layer that it serves, or by its own name in the catalog."""
    names = _layer_names(current_language())
    serves, own = str(row.get("layer", "")), str(row.get("name", ""))
    return names.get(serves) or names.get(own) or kind(own)


@cache
def _layer_names(language: str) -> dict[str, str]:
    import csv
    from importlib.resources import files

    text = files("tianren.parameters").joinpath("layers.csv").read_text(encoding="utf-8")
    column = {"zh_Hans": "name_zh", "es": "name_es"}.get(language, "name_en")
    return {row["id"]: row[column] for row in csv.DictReader(text.splitlines())}


def plain(name: str) -> str:
    """An id without its underscores, beginning with a capital."""
    return capital(name.replace("_", " ").strip())


def capital(text: str) -> str:
    """A text as a heading: its first letter a capital, the rest as it is."""
    return text[:1].upper() + text[1:]


def in_sentence(text: str) -> str:
    """A name inside a sentence: its first letter small."""
    return text[:1].lower() + text[1:]


def _as_written(name: str) -> str:
    """Names of places stay as they are; the row for what lies in none of them is a message."""
    return {"outside any division": say("Outside any division")}.get(name, name)


def listing(names: list[str]) -> str:
    """Names in one sentence: "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    comma, conjunction = say(", "), say(" and ")
    return comma.join(names[:-1]) + conjunction + names[-1]
