"""Gap analysis: how much of every species, ecosystem, ecoregion, function and key area zones hold.

Rodrigues et al. 2004, BioScience 54:1092. A feature and a zone that both cover
part of a cell are taken to meet in the product of their shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.findings import Finding, Severity
from tianren.language import say

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

KIND_NAMES = {
    "species": "species",
    "ecosystem": "ecosystem types",
    "ecoregion": "ecoregions",
    "function": "functions",
    "key_area": "key areas",
}
MET, PARTIAL, GAP, ABSENT = "met", "partial", "gap", "absent"
STATUSES = (MET, PARTIAL, GAP, ABSENT)
NO_UNIT = "outside any division"


@dataclass(frozen=True)
class Features:
    """Things of one kind that should be held.

    amounts: (features x cells) how much of each is in each cell, in `unit`: m2, or the unit of a
    function's total; targets: (features,) share 0..1 of the total that should be held.
    """

    kind: str
    names: tuple[str, ...]
    amounts: "csr_array"
    targets: Floats
    units: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # where a species' range comes from, in the order of names

    def unit(self, i: int) -> str:
        """The unit of the amounts of one feature."""
        return self.units[i] if self.units else "m2"


@dataclass(frozen=True)
class Coverage:
    """What zones hold of features: total, target (features,) and held (features x zones), amounts.

    The last column of held is "any": all zones together, overlap counted once. slack: share of a
    target that may be missing and it counts as met, since boundaries are drawn at different scales.
    """

    features: Features
    zones: tuple[str, ...]
    total: Floats
    target: Floats
    held: Floats
    slack: float = 1e-9

    @property
    def share(self) -> Floats:
        """Held as a share of the total, 0..1; NaN for a feature that is nowhere."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.held / self.total[:, None]

    @property
    def missing(self) -> Floats:
        """What is still missing to the target (features x zones)."""
        lacking = self.target[:, None] - self.held
        return np.where(lacking > self.slack * self.target[:, None], lacking, 0.0)

    def status(self, gap_share: float) -> NDArray[np.str_]:
        """(features x zones): met; gap, held below gap_share of the total; partial; absent."""
        with np.errstate(invalid="ignore"):
            found = np.where(self.share < gap_share, GAP, PARTIAL).astype("<U8")
        found[self.missing == 0] = MET
        found[self.total <= 0] = ABSENT
        return found


def cover(
    features: Features, zones: Any, together: Floats, names: Sequence[str], slack: float = 1e-9
) -> Coverage:
    """What zones hold of features.

    zones: (zones x cells) share 0..1; together: (cells,) share in any of them; names: of zones.
    """
    amounts = features.amounts
    total = np.asarray(amounts.sum(axis=1, dtype=np.float64))
    each = np.asarray((amounts @ zones.T.astype(np.float64)).todense(), dtype=np.float64)
    held = np.column_stack([each.reshape(len(total), -1), amounts @ together])
    # Two ways of summing a feature that is held whole may differ in the last digit.
    held = np.minimum(held, total[:, None])
    return Coverage(features, (*names, "any"), total, features.targets * total, held, slack)


def unheld(features: Features, together: Floats) -> "csr_array":
    """(features x cells) what of each feature is in no zone."""
    from scipy.sparse import csr_array

    amounts = features.amounts
    left = amounts.data * (1.0 - together[amounts.indices])
    parts = (left, amounts.indices, amounts.indptr)
    found = csr_array(parts, shape=amounts.shape, copy=True)  # zeros are taken out in place
    found.eliminate_zeros()
    return found


def unheld_by_unit(features: Features, together: Floats, units: Any, count: int) -> Floats:
    """(features x count + 1) what of each feature is in no zone, by unit; the last: in no unit.

    units: (cells,) index 0..count-1 of each cell's unit, anything else where there is none. Rows
    sum to the total that is not held.
    """
    from scipy.sparse import csr_array

    flat = np.asarray(units).ravel()
    index = np.where((flat >= 0) & (flat < count), flat, count)
    ones = (np.ones(len(index)), index, np.arange(len(index) + 1))
    member = csr_array(ones, shape=(len(index), count + 1))
    found = (unheld(features, together) @ member).todense()
    return np.asarray(found, dtype=np.float64).reshape(-1, count + 1)


def closes(coverages: Sequence[Coverage], together: Floats) -> Floats:
    """(cells,) how much of the targets still missed each cell would close, in percent of targets.

    Summed over all features whose target the zones together miss; a cell never closes more of a
    target than is missing. 100: as much as one whole target.
    """
    found = np.zeros(len(together))
    for coverage in coverages:
        missing, target = coverage.missing[:, -1], coverage.target
        left = unheld(coverage.features, together)
        row = np.repeat(np.arange(left.shape[0]), np.diff(left.indptr))
        worth = np.divide(100.0, target, out=np.zeros_like(target), where=missing > 0)
        gain = np.minimum(left.data, missing[row]) * worth[row]
        found += np.bincount(left.indices, weights=gain, minlength=len(found))
    return found


COLUMNS = (
    "kind", "feature", "source", "zone", "unit", "total", "target_percent", "target", "held",
    "held_percent", "missing", "status",
)  # fmt: skip


def rows(coverage: Coverage, gap_share: float) -> list[dict[str, Any]]:
    """One row a feature and zone, features in their order."""
    status, missing, share = coverage.status(gap_share), coverage.missing, coverage.share
    found = []
    for i, name in enumerate(coverage.features.names):
        for z, zone in enumerate(coverage.zones):
            found.append({
                "kind": coverage.features.kind,
                "feature": name,
                "source": coverage.features.sources[i] if coverage.features.sources else "",
                "zone": zone,
                "unit": coverage.features.unit(i),
                "total": float(coverage.total[i]),
                "target_percent": 100 * float(coverage.features.targets[i]),
                "target": float(coverage.target[i]),
                "held": float(coverage.held[i, z]),
                "held_percent": "" if np.isnan(share[i, z]) else 100 * float(share[i, z]),
                "missing": float(missing[i, z]),
                "status": str(status[i, z]),
            })  # fmt: skip
    return found


WHERE_COLUMNS = (
    "kind", "feature", "unit", "missing", "level", "code", "label", "unheld", "rank",
)  # fmt: skip


def where_rows(
    coverage: Coverage, left: Floats, level: str, codes: Sequence[str], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Where the features that the zones together miss can still be found, largest first.

    left: unheld_by_unit; codes and labels of its units.
    """
    places = [*zip(codes, labels, strict=True), ("", NO_UNIT)]
    found = []
    for i in np.flatnonzero(coverage.missing[:, -1] > 0).tolist():
        order = [u for u in np.argsort(-left[i], kind="stable").tolist() if left[i, u] > 0]
        for rank, u in enumerate(order, start=1):
            found.append({
                "kind": coverage.features.kind,
                "feature": coverage.features.names[i],
                "unit": coverage.features.unit(i),
                "missing": float(coverage.missing[i, -1]),
                "level": level,
                "code": places[u][0],
                "label": places[u][1],
                "unheld": float(left[i, u]),
                "rank": rank,
            })  # fmt: skip
    return found


def absent(coverage: Coverage) -> list[Finding]:
    """A finding for the features that are nowhere on the grid."""
    names = [n for n, t in zip(coverage.features.names, coverage.total, strict=True) if t <= 0]
    if not names:
        return []
    message = say(
        "{n} of {all} {kind} lie nowhere in the region: {names}",
        n=len(names),
        all=len(coverage.features.names),
        kind=say(KIND_NAMES[coverage.features.kind]),
        names=", ".join(names[:5]),
    )
    return [Finding("gaps.absent", coverage.features.kind, Severity.WARNING, message)]
