"""The vocabulary of layers, and what the codes of categories mean."""

import pytest

from tianren.delineation.layers import LayerInfo
from tianren.delineation.legends import classes_of, ecosystems_of
from tianren.errors import UserError
from tianren.parameters.crosswalks import crosswalk, legend_called
from tianren.parameters.layers import layers


def test_twelve_bands_travel_under_twelve_names() -> None:
    assert layers()["temperature"].rasters[0] == "temperature_01"
    assert layers()["temperature"].rasters[-1] == "temperature_12"
    assert layers()["elevation"].rasters == ("elevation",)


def test_every_layer_says_its_unit_its_names_and_where_it_comes_from() -> None:
    for found in layers().values():
        assert found.unit and found.where_from
        assert all(found.name[language] for language in ("en", "zh_Hans", "es"))
        assert found.low is None or found.high is None or found.low < found.high


@pytest.mark.parametrize("name", ["IGBP", "igbp", "WorldCover", "ESA CCI", "CGLS-LC100"])
def test_a_published_legend_has_its_crosswalk(name: str) -> None:
    types = ecosystems_of(LayerInfo("landcover", legend_name=legend_called(name)))
    assert "cropland" in types.values()


def test_a_legend_of_ones_own_names_ecosystem_types_in_any_language() -> None:
    info = LayerInfo("landcover", legend={7: "Mixed forest", 8: "cropland", 9: "湿地"})
    assert ecosystems_of(info) == {7: "mixed_forest", 8: "cropland", 9: "wetland"}


def test_a_class_that_is_no_ecosystem_type_is_an_error_not_a_guess() -> None:
    with pytest.raises(UserError, match="code 3"):
        ecosystems_of(LayerInfo("landcover", "our_map", legend={3: "nice places"}))


def test_texture_classes_by_number_or_by_name() -> None:
    by_number = classes_of(LayerInfo("soil_texture"), "usda_texture")
    assert by_number == crosswalk("usda_texture")
    named = LayerInfo("soil_texture", legend={1: "Loam", 2: "sand"})
    assert classes_of(named, "usda_texture") == {1: "loam", 2: "sand"}
    with pytest.raises(UserError, match="mud pie"):
        classes_of(LayerInfo("soil_texture", legend={1: "mud pie"}), "usda_texture")
