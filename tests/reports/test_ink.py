"""Few colours: near the original everywhere, rare colours kept, white white."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tianren.reports import ink


def picture(seed: int, rows: int = 40, columns: int = 60) -> NDArray[np.uint8]:
    """A smooth ramp with a little noise on a white ground."""
    made = np.full((rows, columns, 3), 255, dtype=np.uint8)
    ramp = np.linspace(0, 255, columns - 10).astype(np.uint8)
    noise = np.random.default_rng(seed).integers(0, 12, size=(rows - 10, columns - 10, 3))
    made[5 : rows - 5, 5 : columns - 5] = np.minimum(255, ramp[None, :, None] // 2 + noise)
    return made


def shown(image: Image.Image) -> NDArray[np.int32]:
    return np.asarray(image.convert("RGB")).astype(np.int32)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), most=st.integers(16, 256))
def test_every_pixel_takes_the_nearest_colour_there_is(seed: int, most: int) -> None:
    pixels = picture(seed)
    image = ink.few_colours(pixels, most)
    drawn = shown(image)
    colours = np.unique(drawn.reshape(-1, 3), axis=0)
    assert len(colours) <= most
    far = ((pixels[:, :, None].astype(np.int32) - colours) ** 2).sum(axis=-1).min(axis=-1)
    assert np.array_equal(((pixels - drawn) ** 2).sum(axis=-1), far)
    assert (drawn[0, 0] == 255).all()


def test_a_picture_of_few_colours_stays_as_it_is() -> None:
    pixels = np.zeros((9, 11, 3), dtype=np.uint8)
    pixels[2:5, 3:7] = (27, 120, 55)
    assert np.array_equal(shown(ink.few_colours(pixels)), pixels)


def test_a_thin_green_line_stays_green_in_a_sea_of_blues() -> None:
    pixels = picture(3, 400, 600)
    pixels[..., 2] = 255
    pixels[200, 100:140] = (27, 120, 55)
    drawn = shown(ink.few_colours(pixels))
    assert np.abs(drawn[200, 100:140] - (27, 120, 55)).max() < 25


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        ink.write_png(picture(5), tmp_path / name, 180)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
