"""Whether a raster from elsewhere holds a mask, or probabilities.

Other programs write masks of 0 and 255 or 100, probabilities in per cent or in 256 steps, and -9999
where there is nothing. What is unambiguous is read as it is meant, and said; all else is refused
with the range that was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

from engine.bands import IGNORE
from engine.errors import ConfigError, InputError
from engine.nodata import FILLS, missing_pixels

_OTHER_MARKS = (255.0, 100.0, 254.0, 65535.0)
"""What other programs write for yes beside 0 for no."""

_MOST_VALUES = 16
_STRIP_BYTES = 32 * 2**20
_ROUNDING = 1e-5
_SLACK = 0.01
"""Interpolating kernels overshoot 0 and 1 by so much."""


@dataclass(frozen=True)
class MaskCoding:
    """How a mask's stored values are meant.

    Attributes:
        landslide: The value that means landslide; 0 means background.
        nodata: Values that mean no data, beside what the file declares.
        note: What had to be recognised, as a sentence without its subject; empty where nothing.
    """

    landslide: float = 1.0
    nodata: tuple[float, ...] = (float(IGNORE),)
    note: str = ""

    def decode(
        self, values: NDArray[np.generic], missing: NDArray[np.bool_] | None = None
    ) -> NDArray[np.uint8]:
        """Stored values as 0, 1 and :data:`engine.bands.IGNORE`."""
        result = np.asarray(values == self.landslide).astype(np.uint8)
        for value in self.nodata:
            result[values == value] = IGNORE
        if values.dtype.kind == "f":
            result[~np.isfinite(values.astype(np.float64, copy=False))] = IGNORE
        if missing is not None:
            result[missing] = IGNORE
        return result


PLAIN_MASK = MaskCoding()
"""0, 1 and 255, as this program writes masks."""


def mask_coding(
    values: Iterable[float],
    name: str,
    *,
    ignore: float | None = None,
    declared: bool = False,
    scale: float = 1.0,
) -> MaskCoding:
    """Find out how a mask's values are meant.

    Args:
        values: The distinct values of pixels with data (see :func:`distinct_values`).
        name: Which mask it is, for messages.
        ignore: A value that was said to mean no data.
        declared: Whether the file declares a nodata value, so that 255 alone is data.
        scale: The scale that the file declares, by which probabilities are told.

    Raises:
        InputError: They are those of no mask.
    """
    found = set(values)
    nodata = set() if ignore is None else {float(ignore)}
    found -= nodata
    fills = {value for value in found if value in FILLS and value < 0}
    found -= fills
    others = found - {0.0, 1.0}
    note = f"{_list(fills)} stands for no data in it" if fills else ""
    alone = found == {float(IGNORE)} and not declared
    if ignore is None and others == {float(IGNORE)} and (1.0 in found or alone):
        nodata |= others
        others = set()
    if not others:
        nodata |= {float(IGNORE)} if ignore is None else set()
        return MaskCoding(1.0, tuple(sorted(nodata | fills)), note)
    mark = next(iter(others))
    if len(others) == 1 and mark in _OTHER_MARKS and 1.0 not in found:
        meant = f"{mark:g} stands for landslide in it"
        note = f"{meant}, and {note}" if note else meant
        return MaskCoding(mark, tuple(sorted(nodata | fills)), note)
    low, high = min(found) * scale, max(found) * scale
    if low >= 0 and high <= 1:
        raise InputError(
            f"{name} holds values from {low:.4g} to {high:.4g}, which are"
            " probabilities, but a mask holds 0 (background) and 1 (landslide); say from which one"
            " a pixel is a landslide with --threshold, or apply a threshold to the raster first."
        )
    raise InputError(
        f"{name} holds the values {_list(found)}, but a mask holds 0 (background), 1 (landslide)"
        f" and {IGNORE} (no data); reclassify it, or pass a value that means no data as"
        " --ignore, where the command has it."
    )


def distinct_values(dataset: DatasetReader) -> set[float]:
    """The distinct values of pixels with data, at most 17 of them."""
    found: set[float] = set()
    for raw, missing in _strips(dataset):
        values = raw if missing is None else raw[~missing]
        if values.dtype.kind == "f":
            values = values[np.isfinite(values)]
        usual = (values == 0, values == 1, values == IGNORE)
        for value, same in zip((0.0, 1.0, float(IGNORE)), usual, strict=True):
            if value not in found and same.any():
                found.add(value)
        rest = values[~(usual[0] | usual[1] | usual[2])]
        if rest.size:
            found |= {float(value) for value in np.unique(rest)[: _MOST_VALUES + 1]}
        if len(found) > _MOST_VALUES:
            break
    return found


@dataclass(frozen=True)
class ProbabilityCoding:
    """How a probability raster's values (its own scale applied) are meant.

    Attributes:
        scale: Factor to probabilities.
        nodata: Values that mean no data, beside what the file declares.
        note: What had to be recognised; empty where nothing.
    """

    scale: float = 1.0
    nodata: tuple[float, ...] = ()
    note: str = ""

    def decode(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values as probabilities from 0 to 1, NaN where there is no data."""
        for value in self.nodata:  # scaling has rounded them
            values[np.abs(values - np.float32(value)) <= abs(value) * _ROUNDING] = np.nan
        if self.scale != 1.0:
            values = values * np.float32(self.scale)
        return np.clip(values, 0.0, 1.0)  # kernels overshoot


PLAIN_PROBABILITY = ProbabilityCoding()
"""From 0 to 1, once the file's own scale is applied."""


def probability_coding(
    dataset: DatasetReader, name: str, scale: float | None = None
) -> ProbabilityCoding:
    """Find out how a probability raster's values are meant.

    Args:
        dataset: The open raster, of one band.
        name: Which raster it is, for messages.
        scale: Factor to probabilities, beside the scale in the file; None where none was given.

    Raises:
        InputError: The values are no probabilities.
        ConfigError: The scale is not positive.
    """
    if scale is not None and not (np.isfinite(scale) and scale > 0):
        raise ConfigError(f"--scale must be more than 0, but is {scale:g}; per cent need 0.01.")
    factor = 1.0 if scale is None else scale
    own, offset = float(dataset.scales[0]), float(dataset.offsets[0])
    low, high, fills = np.inf, -np.inf, set[float]()
    for raw, missing in _strips(dataset):
        values = raw if missing is None else raw[~missing]
        with np.errstate(invalid="ignore"):  # NaN of every kind
            values = values.astype(np.float64)
        values = values[np.isfinite(values)]
        for fill in FILLS:
            if fill in fills or (values == np.float64(np.float32(fill))).any():
                fills.add(fill)
                values = values[values != np.float64(np.float32(fill))]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    low, high = sorted((low * own + offset, high * own + offset)) if low <= high else (0.0, 0.0)
    # No kernel has made -1 in whole numbers: it stands for no data.
    slack = 0.0 if dataset.dtypes[0].startswith(("int", "uint")) and own == 1 else _SLACK
    if not (low * factor >= -slack and high * factor <= 1 + slack + _ROUNDING):
        raise InputError(
            f"{name} holds values from {low:.4g} to {high:.4g}"
            + (
                f", with --scale {scale:g} from {low * factor:.4g} to {high * factor:.4g}"
                if scale
                else ""
            )
            + f", but probabilities go from 0 to 1; {_remedy(low, high)}"
        )
    note = f"{_list(fills)} stands for no data in it" if fills else ""
    nodata = tuple(float(np.float32(fill)) * own + offset for fill in sorted(fills))
    return ProbabilityCoding(factor, nodata, note)


def _remedy(low: float, high: float) -> str:
    if low < 0 or high > 10000:
        return "give a raster of probabilities, or declare as nodata what stands for no data."
    if high <= 100:
        return (
            "if they are per cent, say so with --scale 0.01, and if they go to 255, --scale 1/255."
        )
    if high <= 255:
        return "if 255 means certain, say so with --scale 1/255."
    return f"if {10000 if high > 1000 else 1000} means certain, say so with --scale" + (
        " 0.0001." if high > 1000 else " 0.001."
    )


def _strips(
    dataset: DatasetReader,
) -> Iterator[tuple[NDArray[np.generic], NDArray[np.bool_] | None]]:
    """Values of the first band by strips, and where they are no data."""
    size = np.dtype(dataset.dtypes[0]).itemsize * dataset.width
    rows = max(1, _STRIP_BYTES // max(1, size))
    for row in range(0, dataset.height, rows):
        window = Window(0, row, dataset.width, min(rows, dataset.height - row))
        raw = dataset.read(1, window=window)
        yield raw, missing_pixels(dataset, raw, 1, window)


def _list(values: Iterable[float]) -> str:
    ordered = sorted(values)
    shown = ", ".join(f"{value:g}" for value in ordered[:6])
    return shown + (" …" if len(ordered) > 6 else "")
