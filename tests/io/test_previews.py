"""A raster at the size of a picture."""

from pathlib import Path

import numpy as np
import pytest

from tianren.errors import UserError
from tianren.io.native import open_native
from tianren.io.previews import read_preview
from tianren.io.sources import Entry

from .files import values, write_tif


def test_a_preview_has_the_mean_of_what_it_stands_for(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", np.full((90, 100), 7.0, dtype=np.float32))
    made = read_preview(path, most=20)
    assert max(made.cells.shape) == 20
    np.testing.assert_allclose(made.cells, 7.0)


def test_a_result_that_points_elsewhere_is_not_followed(tmp_path: Path) -> None:
    target = write_tif(tmp_path / "secret.tif", values())
    (tmp_path / "a.tif").write_text(
        '<VRTDataset rasterXSize="100" rasterYSize="90"><VRTRasterBand dataType="Float32" band="1">'
        f"<SimpleSource><SourceFilename>{target}</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(UserError, match="cannot be read"):
        read_preview(tmp_path / "a.tif")


def test_a_sublayer_that_lies_elsewhere_is_not_read(tmp_path: Path) -> None:
    """The .aux.xml beside a file may name subdatasets; another file is none of this one's."""
    target = write_tif(tmp_path / "secret.tif", values())
    write_tif(tmp_path / "a.tif", values())
    (tmp_path / "a.tif.aux.xml").write_text(
        '<PAMDataset><Metadata domain="SUBDATASETS">'
        f'<MDI key="SUBDATASET_1_NAME">{target}</MDI><MDI key="SUBDATASET_1_DESC">x</MDI>'
        "</Metadata></PAMDataset>"
    )
    source = Entry("a", "elevation", "continuous", tmp_path, "a.tif", str(target).strip("/"), "m")
    with pytest.raises(UserError, match="no sublayer called"):
        open_native(source)
