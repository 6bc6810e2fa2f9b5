"""From one CRS to another, longitude or easting first."""

from functools import lru_cache

from pyproj import CRS, Transformer


@lru_cache(maxsize=64)
def move_between(source: CRS | str | int, target: CRS | str | int) -> Transformer:
    """PROJ's way between two CRSs, looked up once: to look takes longer than to move a layer.

    Each as pyproj takes it. Threads may share the way; pyproj gives each its own inside.
    """
    return Transformer.from_crs(source, target, always_xy=True)
