"""Which pixels of a raster are no data, however its file tells it.

A file may declare a nodata value, carry a mask or an alpha band, have a ``.msk`` or ``.aux.xml``
beside it, hold NaN, or say nothing at all and hold -9999.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader
from rasterio.windows import Window

FILLS = (
    *(-9999.0, -10000.0, -32768.0, -32767.0, -99999.0, -3.4028234663852886e38),
    *(65535.0, 4294967295.0),
)
"""Values that stand for no data in files that declare none: of MAJA, SNAP, GDAL, ArcGIS, SRTM."""

_SAMPLE_PX = 256


def missing_pixels(
    dataset: DatasetReader, raw: NDArray[Any], band: int, window: Window | None = None
) -> NDArray[np.bool_] | None:
    """Where a band has no data: by value, mask, alpha or sidecar file.

    Args:
        dataset: An open raster.
        raw: What was read of the band, shape (rows, columns).
        band: 1-based band number.
        window: The part that was read; the whole raster by default.

    Returns:
        True for pixels without data, shape (rows, columns); None where there is nothing to tell,
        or where NaN itself tells.
    """
    # Comparing integers with a nodata value here is several times faster than GDAL's mask, which
    # is asked in all other cases.
    flags = dataset.mask_flag_enums[band - 1]
    nodata = dataset.nodatavals[band - 1]
    if flags == [MaskFlags.all_valid]:
        alpha = _alpha_band(dataset, band)
        if alpha is None:
            return None
        return np.asarray(dataset.read(alpha, window=window) == 0)
    if flags == [MaskFlags.nodata] and nodata is not None:
        if np.isnan(nodata):
            return None
        if raw.dtype.kind in "iu":
            return _equal(raw, nodata)
    missing: NDArray[np.bool_] = dataset.read_masks(band, window=window) == 0
    if nodata is not None and MaskFlags.nodata not in flags and not np.isnan(nodata):
        same = _equal(raw, nodata)  # a mask hides the nodata value from GDAL
        missing = missing if same is None else missing | same
    return missing


def has_mask(dataset: DatasetReader, band: int) -> bool:
    """Whether a mask or alpha band, not a value, tells where data is."""
    flags = dataset.mask_flag_enums[band - 1]
    return MaskFlags.per_dataset in flags or _alpha_band(dataset, band) is not None


def _alpha_band(dataset: DatasetReader, band: int) -> int | None:
    """The alpha band of a raster whose driver does not report one."""
    if dataset.count == 1 or MaskFlags.all_valid not in dataset.mask_flag_enums[band - 1]:
        return None
    if ColorInterp.alpha not in dataset.colorinterp:
        return None
    alpha = dataset.colorinterp.index(ColorInterp.alpha) + 1
    return None if alpha == band else alpha


def _equal(raw: NDArray[Any], nodata: float) -> NDArray[np.bool_] | None:
    if raw.dtype.kind not in "iu":
        return np.asarray(raw == raw.dtype.type(nodata))
    limits = np.iinfo(raw.dtype)
    whole = float(nodata).is_integer() and limits.min <= nodata <= limits.max
    return np.asarray(raw == raw.dtype.type(nodata)) if whole else None


def undeclared_fill(dataset: DatasetReader, band: int) -> float | None:
    """Find what stands for no data in a band that declares nothing.

    Looks at a thinned-out copy (an overview where there is one) of bands without nodata value and
    mask: for 0 in floats, and for one of :data:`FILLS`.

    Args:
        dataset: An open raster.
        band: 1-based band number.

    Returns:
        The stored value, or None where none is found or the file itself tells.
    """
    if dataset.nodatavals[band - 1] is not None or has_mask(dataset, band):
        return None
    side = (min(_SAMPLE_PX, dataset.height), min(_SAMPLE_PX, dataset.width))
    sample = dataset.read(band, out_shape=side)
    zeros = bool((sample == 0).any())
    if sample.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
        if zeros:
            return 0.0
    for fill in FILLS:
        if zeros and fill > 0:  # beside zeros, the highest value marks saturated pixels
            continue
        same = _equal(sample, fill)
        if same is not None and same.any():
            return fill
    return None
