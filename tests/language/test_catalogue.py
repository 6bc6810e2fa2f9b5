"""Every message of the code has a Chinese and a Spanish translation with the same gaps."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tianren.geo.cleaning_findings import TELLING, TELLING_ONE
from tianren.language import negotiate, say, say_many, set_language, speaks

TOOL = Path(__file__).resolve().parents[2] / "tools" / "messages.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["messages"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["zh_Hans", "es"])
def test_nothing_is_left_untranslated(tool: ModuleType, language: str) -> None:
    missing = tool.missing(language)
    assert not missing, "translate them in src/tianren/language/: " + " | ".join(missing)


@pytest.mark.parametrize("language", ["zh_Hans", "es"])
def test_nothing_is_translated_that_nobody_says(tool: ModuleType, language: str) -> None:
    stale = set(tool.translations(language)) - set(tool.messages())
    assert not stale, "run tools/messages.py"


@pytest.mark.parametrize(
    ("tag", "says"), [("zh-CN", "水源涵养"), ("es-MX", "Conservación del agua")]
)
def test_a_tag_finds_its_language(tag: str, says: str) -> None:
    try:
        set_language(tag)
        assert say("Water conservation") == says
    finally:
        set_language("en")


def test_an_unknown_language_is_english() -> None:
    assert negotiate("fr") == "en"


@pytest.mark.parametrize("tag", ["en", "en-GB", "zh", "zh_Hans_CN", "ES"])
def test_it_is_known_which_languages_there_are(tag: str) -> None:
    assert speaks(tag) and not speaks(f"x{tag}") and not speaks("")


def test_one_thing_is_told_as_one() -> None:
    for n, told in ((0, "0 cases"), (1, "1 case"), (2, "2 cases")):
        assert say_many("{n} case", "{n} cases", n) == told


def test_both_forms_of_a_count_are_messages(tool: ModuleType) -> None:
    """Those of a call, and those of a table with one sentence for each rule."""
    assert {"{n} case", "{n} cases"} <= set(tool.messages())
    assert {"{n} site was cut at the coast", "{n} sites were cut at the coast"} <= set(
        tool.messages()
    )


def test_each_rule_of_cleaning_has_its_sentence_over_one_site_and_over_several() -> None:
    assert set(TELLING) == set(TELLING_ONE)
    for rule, (_, many) in TELLING.items():
        assert many != TELLING_ONE[rule] and "{n}" in TELLING_ONE[rule]
