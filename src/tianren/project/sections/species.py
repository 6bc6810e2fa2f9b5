"""[species]: records, status, ranges and what models are made from."""

from pydantic import Field

from tianren.project.sections.table import RasterName, Records, Table, TableName, Vector


class SpeciesTable(Table):
    """[species].

    records: sources of kind "records". status: a table with species, group, family, protection,
    category, endemic. checklist: name -> accepted name. institutions: lon, lat of collections.
    ranges: polygons with the species in range_column; range_rasters: species -> raster.
    habitats: species -> classes of land cover, lowest and highest elevation. predictors: rasters of
    the models; climates: name -> predictor -> the raster that stands for it in that climate.
    sites: candidate key biodiversity areas (default: the protected areas), named by site_name;
    evidence: what is known on the ground of a species at a site (site, species, item, value).
    """

    records: tuple[Records, ...] = ()
    status: TableName = ""
    checklist: TableName = ""
    institutions: TableName = ""
    ranges: Vector = ""
    range_column: str = "species"
    range_rasters: dict[str, RasterName] = Field(default_factory=dict)
    habitats: TableName = ""
    predictors: tuple[RasterName, ...] = ()
    climates: dict[str, dict[str, RasterName]] = Field(default_factory=dict)
    sites: Vector = ""
    site_name: str = "name"
    evidence: TableName = ""
    seed: int = 1
