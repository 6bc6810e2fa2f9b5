"""[corridors]: what links the parts of the line."""

from tianren.project.sections.table import Layer, RasterName, Table, Vector


class CorridorsTable(Table):
    """[corridors]. resistance: given, above zero; otherwise from habitat quality (a raster, or the
    habitat run) and human pressure (0 to 1). join: accepted corridors join the line. stopovers,
    routes: of migrating species, with columns species and longest_step_km. temperature: for
    corridors along which species can follow the climate.
    """

    resistance: RasterName = ""
    quality: RasterName = ""
    pressure: RasterName = ""
    join: bool = False
    stopovers: Vector = ""
    routes: Layer = ""
    temperature: RasterName = ""
