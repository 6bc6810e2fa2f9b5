"""In-situ representativeness of a set of taxa: how well what zones hold stands for all of them.

Khoury et al. 2019, Ecological Indicators 98:420: sampling (SRS), geographic (GRS) and ecological
(ERS) scores of 0 to 100 and their mean (FCS), with its classes of priority.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Scores of each taxon, 0..100, NaN where one cannot be formed; fcs: the mean of those known.

    records, records_held: inside the range, and of them inside the zones; ecoregions,
    ecoregions_held: that the range reaches, and of them those where some of it is held.
    """

    srs: Floats
    grs: Floats
    ers: Floats
    records: Ints
    records_held: Ints
    ecoregions: Ints
    ecoregions_held: Ints

    @property
    def fcs(self) -> Floats:
        three = np.array([self.srs, self.grs, self.ers])
        known = ~np.isnan(three)
        return _ratio(np.where(known, three, 0.0).sum(axis=0), known.sum(axis=0), 1.0)

    @property
    def known(self) -> Ints:
        """How many of the three scores each mean is made of."""
        known = ~np.isnan(np.array([self.srs, self.grs, self.ers]))
        return np.asarray(known.sum(axis=0), dtype=np.int64)


def representativeness(
    ranges: "csr_array",
    held: Floats,
    records: Ints,
    records_held: Ints,
    ecoregions: "csr_array | None" = None,
) -> Scores:
    """The scores of taxa for one set of zones.

    ranges: (taxa x cells) share of the cell inside the modelled range; held: (cells,) share in the
    zones; records, records_held: (taxa,) records inside the range, and those of them in the zones;
    ecoregions: (ecoregions x cells) share, None where none are known.
    """
    area = np.asarray(ranges.sum(axis=1, dtype=np.float64))
    inside = np.asarray(ranges @ held, dtype=np.float64)
    reached, kept = _ecoregions(ranges, held, ecoregions)
    return Scores(
        _ratio(records_held, records, 100.0),
        np.minimum(_ratio(inside, area, 100.0), 100.0),
        _ratio(kept, reached, 100.0),
        np.asarray(records, dtype=np.int64),
        np.asarray(records_held, dtype=np.int64),
        reached,
        kept,
    )


def _ecoregions(
    ranges: "csr_array", held: Floats, ecoregions: "csr_array | None"
) -> tuple[Ints, Ints]:
    """Ecoregions that each range reaches, and those where some of it is held."""
    if ecoregions is None:
        none = np.zeros(ranges.shape[0], dtype=np.int64)
        return none, none
    counted = []
    for weight in (np.ones(len(held)), held):
        here = ecoregions.multiply(weight[None, :]).tocsr()
        met = (ranges @ here.T).tocsr()
        counted.append(np.diff(_positive(met).indptr).astype(np.int64))
    return counted[0], counted[1]


def _positive(found: "csr_array") -> "csr_array":
    found.eliminate_zeros()
    return found


def _ratio(part: Any, whole: Any, scale: float) -> Floats:
    of = np.asarray(whole, dtype=np.float64)
    found = np.full(of.shape, np.nan)
    np.divide(scale * np.asarray(part), of, out=found, where=of > 0)
    return found


def priority(score: float, cuts: Mapping[str, float]) -> str:
    """The class of a mean score: the first whose upper limit is above it; "" where there is none.

    cuts: class -> upper limit, 25 urgent, 50 high, 75 medium, 100 low. A limit belongs to the class
    above it, 100 to the last.
    """
    if np.isnan(score):
        return ""
    classes = sorted(cuts, key=lambda name: cuts[name])
    return next((name for name in classes if score < cuts[name]), classes[-1])


COLUMNS = (
    "species", "zone", "records", "records_held", "srs", "grs", "ecoregions", "ecoregions_held",
    "ers", "fcs", "scores", "priority",
)  # fmt: skip


def rows(
    names: Sequence[str], zone: str, scores: Scores, cuts: Mapping[str, float]
) -> list[dict[str, Any]]:
    """One row a taxon; an unknown score is an empty cell."""
    return [
        {
            "species": name,
            "zone": zone,
            "records": int(scores.records[i]),
            "records_held": int(scores.records_held[i]),
            "srs": _cell(scores.srs[i]),
            "grs": _cell(scores.grs[i]),
            "ecoregions": int(scores.ecoregions[i]),
            "ecoregions_held": int(scores.ecoregions_held[i]),
            "ers": _cell(scores.ers[i]),
            "fcs": _cell(scores.fcs[i]),
            "scores": int(scores.known[i]),
            "priority": priority(float(scores.fcs[i]), cuts),
        }
        for i, name in enumerate(names)
    ]


def _cell(value: float) -> float | str:
    return "" if np.isnan(value) else float(value)
