"""Few colours: a picture as a small PNG with a palette of its own, the same bytes each time."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

COLOURS = 256
WHITE = 0xFFFFFF


def write_png(pixels: NDArray[np.uint8], path: Path, dpi: int) -> None:
    """Write pixels of shape (rows, columns, 3 or 4), sRGB; opacity is left out."""
    few_colours(pixels[..., :3]).save(path, format="PNG", compress_level=9, dpi=(dpi, dpi))


def few_colours(pixels: NDArray[np.uint8], most: int = COLOURS) -> "Image":
    """The picture in at most `most` colours, each pixel in the nearest one; nothing is dithered.

    A colour counts by the root of its pixels, so that a thin green outline keeps its green beside
    a wide sea of blue.
    """
    from PIL import Image

    red, green, blue = (pixels[..., n].astype(np.uint32) for n in range(3))
    packed = (red << 16) | (green << 8) | blue
    counts = np.bincount(packed.ravel(), minlength=WHITE + 1)
    found = np.flatnonzero(counts)
    chosen = found if found.size <= most else _palette(found, counts[found], most)
    table = np.zeros(counts.size, dtype=np.uint8)
    table[found] = _nearest(_parts(found), _parts(chosen))
    image = Image.fromarray(table[packed])
    image.putpalette(_parts(chosen).astype(np.uint8).tobytes())
    return image


def _palette(found: NDArray[np.intp], count: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """The colours that cover best, weighed by roots, then k-means; white stays white."""
    from PIL import Image

    weighed = np.repeat(found, np.rint(np.sqrt(count)).astype(int))
    row = Image.fromarray(_parts(weighed).astype(np.uint8)[None])
    cut = row.quantize(most - 1, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
    flat = np.array(cut.getpalette(), dtype=np.intp).reshape(-1, 3)
    made = (flat[:, 0] << 16) | (flat[:, 1] << 8) | flat[:, 2]
    return np.unique(np.append(made, WHITE))


def _parts(packed: NDArray[np.intp]) -> NDArray[np.int32]:
    """0xRRGGBB as (n, 3)."""
    return np.stack([(packed >> shift) & 255 for shift in (16, 8, 0)], axis=-1).astype(np.int32)


def _nearest(colours: NDArray[np.int32], chosen: NDArray[np.int32]) -> NDArray[np.intp]:
    """The index of the chosen colour nearest to each colour; the first of equals."""
    # |a - b|2 = |a|2 - 2 a.b + |b|2, and |a|2 is the same for every candidate.
    far = (chosen**2).sum(axis=1)[None, :] - 2 * (colours @ chosen.T)
    return np.asarray(far.argmin(axis=1))
