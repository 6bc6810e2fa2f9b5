"""[corridors]: what links the parts of the line."""

from pydantic import model_validator

from tianren.project.sections.table import RasterName, Table, Vector


class CorridorsTable(Table):
    """[corridors]. resistance: given, above zero; otherwise from habitat quality (a raster, or the
    habitat run) and human pressure (0 to 1). join: accepted corridors join the line. stopovers,
    routes: of migrating species, with columns species and longest_step_km. temperature: for
    corridors along which species can follow the climate, degC.
    """

    resistance: RasterName = ""
    quality: RasterName = ""
    pressure: RasterName = ""
    join: bool = False
    stopovers: Vector = ""
    routes: Vector = ""
    temperature: RasterName = ""

    @model_validator(mode="after")
    def _one_resistance(self) -> "CorridorsTable":
        if self.resistance and (self.quality or self.pressure):
            raise ValueError("give either resistance, or quality and pressure")
        return self
