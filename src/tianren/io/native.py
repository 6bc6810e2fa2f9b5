"""A delivered raster on its own grid, read by piece, with nodata, scale and unit put right."""

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox

from tianren.errors import UserError
from tianren.geo.grid import known_crs
from tianren.io.rasters import FAULTS, damaged
from tianren.io.sources import Entry, source_files
from tianren.io.units import Conversion, conversions, plain_unit
from tianren.parameters.layers import layers, raster_names
from tianren.raster.raster import MISSING, Array, Grid

# Formats that hold their own cells. Those that point elsewhere (VRT, WMS, STAC, GTI ...) are not
# here: nothing is fetched, or read from another place, because a file says so.
DRIVERS = (
    "GTiff", "COG", "HFA", "AAIGrid", "GRASSASCIIGrid", "netCDF", "HDF5", "HDF5Image", "HDF4",
    "HDF4Image", "GRIB", "JP2OpenJPEG", "PNG", "JPEG", "WEBP", "BMP", "GIF", "ENVI", "EHdr", "ERS",
    "BIL", "SRTMHGT", "DTED", "USGSDEM", "BT", "RST", "SAGA", "ILWIS", "PCIDSK", "PCRaster", "AIG",
    "GSAG", "GSBG", "GS7BG", "XYZ", "ZMap", "NITF", "RRASTER", "LCP", "ISCE", "BAG", "GPKG", "MFF",
    "NWT_GRD", "BYN", "HF2", "Terragen",
)  # fmt: skip


@dataclass(frozen=True)
class Band:
    """One band: its number in the file, the name its raster gets, and how values come out.

    scale and offset are the file's own; conversion brings the declared unit to the vocabulary's.
    """

    number: int
    name: str
    scale: float
    offset: float
    conversion: Conversion


@dataclass
class NativeRaster:
    """An entry's raster as delivered. Each thread opens its own handle.

    address: what GDAL opens; unit: of the values that read() gives.
    """

    entry: Entry
    address: str
    grid: Grid
    bands: tuple[Band, ...]
    unit: str
    nodata: tuple[float | None, ...]
    dtype: np.dtype[Any]
    file_unit: str
    masked: bool
    _local: threading.local = field(default_factory=threading.local, repr=False)

    @property
    def is_category(self) -> bool:
        return self.entry.kind == "category"

    def read(self, band: int, rows: slice, columns: slice) -> Array:
        """Cells of the band at position `band`: float32 in `unit` with NaN, or int32 codes."""
        raw, missing = self.read_raw(band, rows, columns)
        return self.clean(band, raw, missing)

    def read_raw(self, band: int, rows: slice, columns: slice) -> tuple[Array, Array]:
        """Cells as stored, and where they are declared missing (nodata, missing =, mask, NaN)."""
        number = self.bands[band].number
        box = ((rows.start, rows.stop), (columns.start, columns.stop))
        try:
            dataset = self._dataset()
            raw = dataset.read(number, window=box)
            missing = dataset.read_masks(number, window=box) == 0 if self.masked else None
        except FAULTS as fault:
            raise damaged(self.address, fault, self.entry.where) from fault
        return raw, _declared(raw, self.nodata[band], self.entry.missing, missing)

    def read_stack(self, bands: range, rows: slice, columns: slice) -> Array:
        """Several bands at once, (bands, rows, columns): one pass over files that mix them."""
        numbers = [self.bands[band].number for band in bands]
        box = ((rows.start, rows.stop), (columns.start, columns.stop))
        try:
            dataset = self._dataset()
            raw = dataset.read(numbers, window=box)
            masks = dataset.read_masks(numbers, window=box) == 0 if self.masked else None
        except FAULTS as fault:
            raise damaged(self.address, fault, self.entry.where) from fault
        return np.stack([
            self.clean(band, cells, _declared(cells, self.nodata[band], self.entry.missing,
                                              None if masks is None else masks[i]))
            for i, (band, cells) in enumerate(zip(bands, raw, strict=True))
        ])  # fmt: skip

    def clean(self, band: int, raw: Array, missing: Array) -> Array:
        if self.is_category:
            return np.where(missing, MISSING, np.where(missing, 0, raw).astype(np.int32))
        how = self.bands[band]
        factor = how.scale * how.conversion.factor
        offset = how.offset * how.conversion.factor + how.conversion.offset
        values = raw if (factor, offset) == (1.0, 0.0) else raw * factor + offset
        out = values.astype(np.float32)
        out[missing] = np.nan
        return out

    def _dataset(self) -> Any:
        if not hasattr(self._local, "dataset"):
            self._local.dataset = _open(self.address)
        return self._local.dataset


def _declared(
    raw: Array, nodata: float | None, others: Sequence[float], mask: Array | None
) -> Array:
    """Where cells are missing by declaration; values are compared in the file's own type."""
    missing = np.isnan(raw) if raw.dtype.kind == "f" else np.zeros(raw.shape, dtype=bool)
    for value in (nodata, *others):
        if value is not None and not np.isnan(value):
            missing |= raw == _as_stored(value, raw.dtype)
    return missing if mask is None else missing | mask


def _as_stored(value: float, dtype: np.dtype[Any]) -> Any:
    if dtype.kind != "f":
        return value
    with np.errstate(over="ignore"):
        return dtype.type(value)


def open_native(entry: Entry) -> NativeRaster:
    """Open an entry's raster: its grid, bands, nodata and units; UserError says the next step."""
    path = _one_file(entry)
    try:
        address = _address(entry, path)
        with _look_into(address) as dataset:
            return _described(entry, address, dataset)
    except FAULTS as fault:
        raise damaged(path, fault, entry.where) from fault


def _one_file(entry: Entry) -> Path:
    found = source_files(entry)
    if len(found) > 1:
        raise UserError(
            "a raster source is one file",
            where=entry.where,
            by_how_much=f"the pattern names {len(found)} files",
            next_step="merge the tiles first (gdal_merge.py, or QGIS: Merge), and name the result",
        )
    return found[0].resolve()


def _open(address: str) -> Any:
    """A GDAL dataset by one of the drivers above; rasterio.open would take one driver or any."""
    import rasterio
    from rasterio._path import _UnparsedPath
    from rasterio.io import DatasetReader

    with rasterio.Env():
        return DatasetReader(_UnparsedPath(address), driver=list(DRIVERS))


def _look_into(address: str) -> Any:
    """A dataset opened to be described. A container of several layers need not say where it lies,
    and _placed refuses any other file that does not: rasterio's own warning would add nothing."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return _open(address)


def _address(entry: Entry, path: Path) -> str:
    """The file, or the subdataset of it that `sublayer` names."""
    if not entry.sublayer:
        return str(path)
    with _look_into(str(path)) as dataset:
        inner = [str(s) for s in dataset.subdatasets]
    # A file beside it may list subdatasets that lie elsewhere.
    inner = [s for s in inner if str(path) in s and "/vsi" not in s]
    found = [s for s in inner if s.rsplit(":", 1)[-1].strip("/\"'") == entry.sublayer]
    if len(found) != 1:
        names = ", ".join(s.rsplit(":", 1)[-1] for s in inner) or "none"
        raise UserError(
            f"the file has no sublayer called {entry.sublayer}",
            where=entry.where,
            next_step=f"use one of {names}",
        )
    return found[0]


def _described(entry: Entry, address: str, dataset: Any) -> NativeRaster:
    if dataset.subdatasets and dataset.count == 0:
        names = ", ".join(s.rsplit(":", 1)[-1] for s in dataset.subdatasets)
        raise UserError(
            "the file holds several layers",
            where=entry.where,
            next_step=f"name one: sublayer = ... ({names})",
        )
    numbers = _band_numbers(entry, dataset.count)
    bands, unit = _bands(entry, dataset, numbers)
    return NativeRaster(
        entry=entry,
        address=address,
        grid=GeoBox(dataset.shape, _placed(entry, dataset), _crs(entry, dataset)),
        bands=bands,
        unit=unit,
        nodata=tuple(dataset.nodatavals[n - 1] for n in numbers),
        dtype=_dtype(entry, dataset, numbers),
        file_unit=dataset.units[numbers[0] - 1] or "",
        masked=_has_mask(dataset),
    )


def _has_mask(dataset: Any) -> bool:
    from rasterio.enums import MaskFlags

    return any(MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums)


def _dtype(entry: Entry, dataset: Any, numbers: Sequence[int]) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(dataset.dtypes[numbers[0] - 1])
    if dtype.kind == "c":
        raise UserError(
            "the raster holds complex numbers",
            where=entry.where,
            next_step="deliver one plain band",
        )
    return dtype


def _placed(entry: Entry, dataset: Any) -> Any:
    if dataset.transform.is_identity:
        raise UserError(
            "the raster does not say where it lies",
            where=entry.where,
            next_step="georeference it (QGIS: Georeferencer), or add its world file beside it",
        )
    return dataset.transform


def _crs(entry: Entry, dataset: Any) -> str:
    if dataset.crs is None and not entry.crs:
        raise UserError(
            "the raster has no CRS",
            where=entry.where,
            next_step=f'write the one it was made in: crs = "EPSG:4326" in [{entry.name}]',
        )
    if dataset.crs is not None:
        return str(dataset.crs.to_wkt())
    return known_crs(entry.crs, where=entry.where).to_wkt()


def _band_numbers(entry: Entry, count: int) -> tuple[int, ...]:
    known = layers().get(entry.layer)
    wanted = known.bands if known else max(len(entry.bands), 1)
    if known and known.bands == 0:  # a series
        wanted = len(entry.bands) or count
    if entry.bands and max(entry.bands) > count:
        fault, amount = f"the file has no band {max(entry.bands)}", f"it has {count}"
    elif entry.bands and known and len(entry.bands) != wanted:
        fault = f"{entry.layer} needs {wanted} bands"
        amount = f"bands names {len(entry.bands)}"
    elif not entry.bands and count != wanted:
        fault, amount = f"{entry.layer} needs {wanted} bands", f"the file has {count}"
    else:
        return entry.bands or tuple(range(1, count + 1))
    raise UserError(
        fault, where=entry.where, by_how_much=amount,
        next_step=f"say which: bands = [1] in [{entry.name}]" if wanted == 1
        else f"deliver the {wanted} bands in one file, January first",
    )  # fmt: skip


def _bands(entry: Entry, dataset: Any, numbers: Sequence[int]) -> tuple[tuple[Band, ...], str]:
    known = layers().get(entry.layer)
    wanted = known.unit if known and entry.kind != "category" else plain_unit(entry.unit)
    first = entry.start.month if entry.start else 1
    months = [(first - 1 + n) % 12 + 1 for n in range(len(numbers))]
    how = conversions(entry.unit, wanted, months, where=entry.where)
    names = raster_names(entry.layer, len(numbers))
    bands = []
    for number, name, conversion in zip(numbers, names, how, strict=True):
        scale = dataset.scales[number - 1] if entry.scale is None else entry.scale
        offset = dataset.offsets[number - 1] if entry.offset is None else entry.offset
        bands.append(Band(number, name, float(scale), float(offset), conversion))
    return tuple(bands), wanted
