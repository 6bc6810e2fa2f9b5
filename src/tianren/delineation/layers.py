"""What a project's catalog says about the layers that it has."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LayerInfo:
    """What the catalog says about a layer that is there.

    legend: code -> class, for categories; legend_name: the published legend it follows ("igbp");
    constant: the one number that stands in for a layer, in its unit, with its reason; approximate:
    the catalog calls it so; source: its name in the catalog; cell: side of its cells in m, as
    delivered or on the project's grid, whichever is wider (infinite where nobody looked).
    """

    layer: str
    source: str = ""
    legend: Mapping[int, str] = field(default_factory=dict)
    legend_name: str = ""
    constant: float | None = None
    unit: str = ""
    reason: str = ""
    approximate: bool = False
    note: str = ""
    cell: float = math.inf
