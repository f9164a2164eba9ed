"""Raster handles of the pipeline: Stack, ProbabilityRaster, LandslideMask.

Each is an immutable handle, a file on a :class:`~engine.grid.Grid`, checked when it is opened and
read by window, because a full Sentinel-2 tile is 6.7 GB as float32. The polygons at the end are
:class:`engine.inventory.Inventory`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader
from rasterio.windows import Window

from engine.bands import (
    IGNORE,
    NAMES,
    OPTICAL,
    QUALITY,
    QUALITY_CLASSES,
    channel_name,
    described,
    in_order,
    require_digital_numbers,
)
from engine.contents import (
    PLAIN_MASK,
    PLAIN_PROBABILITY,
    MaskCoding,
    ProbabilityCoding,
    distinct_values,
    mask_coding,
    probability_coding,
)
from engine.errors import ChannelError, UnreadableFileError
from engine.events import SILENT, Reporter
from engine.grid import Grid
from engine.nodata import missing_pixels
from engine.raster import grid_of, open_raster, read_window

WELL_COVERED = 0.999
"""Share of the ground with a slope from which nothing is said of the rest."""
PROBABILITY_SCALE = 0.004
PROBABILITY_NODATA = 255
PROBABILITY_MAX = 250
_IMPOSSIBLE = -9000.0
"""No channel has values so low: neither DN nor degrees nor metres."""


@dataclass(frozen=True)
class StackReader:
    """An open stack. One thread at a time; open one reader a thread."""

    _dataset: DatasetReader
    _bands: dict[str, int]
    _quality_band: int | None
    _fill: Mapping[str, np.float32]
    _undeclared: frozenset[str]

    def read(self, channels: Sequence[str], window: Window | None = None) -> NDArray[np.float32]:
        """Read channels in raw units (DN, degrees, metres).

        Args:
            channels: Names of channels that the stack has, in the order wanted.
            window: Part of the grid; all of it by default.

        Returns:
            Array of shape (channels, rows, columns), NaN where there is no data. In a stack of
            integers that declares no nodata value that is where every optical channel read is 0, as
            Sentinel-2 itself, Earth Engine and ``gdal_merge`` fill; in any stack that declares
            none, where values are too low for what they are (-9999).
        """
        values = read_window(self._dataset, [self._bands[name] for name in channels], window)
        for plane, name in zip(values, channels, strict=True):
            if name in self._undeclared:
                plane[plane <= _IMPOSSIBLE] = np.nan
        filled = [
            (plane, self._fill[name])
            for plane, name in zip(values, channels, strict=True)
            if name in self._fill
        ]
        if filled:
            empty = np.ones(values.shape[1:], np.bool_)
            for plane, value in filled:
                empty &= plane == value
                if not empty.any():  # the first channel settles most windows
                    return values
            values[:, empty] = np.nan
        return values

    def quality(self, window: Window | None = None) -> NDArray[np.uint8] | None:
        """Read the quality classes (:data:`engine.bands.QUALITY_CLASSES`).

        Returns:
            Array of shape (rows, columns); None if the stack has no quality band.
        """
        if self._quality_band is None:
            return None
        values = self._dataset.read(self._quality_band, window=window, masked=True)
        return np.asarray(values.filled(QUALITY_CLASSES["nodata"]), np.uint8)


@dataclass(frozen=True)
class Stack:
    """Channels on one grid in raw units; some of the 14 may be missing.

    Attributes:
        path: GeoTIFF whose band descriptions name the channels.
        grid: Its grid.
        channels: The channels it has, in the benchmark's order.
        has_quality: Whether it carries a quality band (clouds, shadow, snow).
    """

    path: Path
    grid: Grid
    channels: tuple[str, ...]
    has_quality: bool
    _bands: tuple[tuple[str, int], ...]
    _quality_band: int | None

    @classmethod
    def open(cls, path: Path) -> Stack:
        """Check a stack file and take a handle on it.

        Raises:
            MissingFileError, UnreadableFileError: There is no such raster.
            ChannelError: Its bands are unnamed, two bear the same name, or it is an 8-bit picture.
            MissingCRSError, GridError: It has no usable georeference.
        """
        with open_raster(path) as dataset:
            grid = grid_of(dataset, str(path))
            bands: dict[str, int] = {}
            quality: int | None = None
            for index, description in enumerate(described(dataset.descriptions), start=1):
                if description and description.strip().upper() == QUALITY:
                    quality = index
                    continue
                name = channel_name(description)
                if name is None:
                    continue
                if name in bands:
                    raise ChannelError(
                        f"{path}: bands {bands[name]} and {index} are both named {name}; give each"
                        " channel one band."
                    )
                if name in OPTICAL:
                    require_digital_numbers(dataset.dtypes[index - 1], name, str(path))
                bands[name] = index
            if not bands:
                raise ChannelError(
                    f"{path}: none of its {dataset.count} bands has a description that names a"
                    f" channel; name them ({', '.join(NAMES[:3])} … {', '.join(NAMES[-2:])}), for"
                    " instance with `gdal_edit.py` or `l4s stack`."
                )
        channels = in_order(bands)
        return cls(
            path,
            grid,
            channels,
            quality is not None,
            tuple((name, bands[name]) for name in channels),
            quality,
        )

    @contextmanager
    def reader(self) -> Iterator[StackReader]:
        """Open the file for reading windows."""
        with open_raster(self.path) as dataset:
            bands = dict(self._bands)
            silent = [MaskFlags.all_valid]
            flags = dataset.mask_flag_enums
            undeclared = frozenset(n for n, band in bands.items() if flags[band - 1] == silent)
            fill = _fill_values(dataset, bands)
            yield StackReader(dataset, bands, self._quality_band, fill, undeclared)


@dataclass(frozen=True)
class ProbabilityRaster:
    """Landslide probability, 0 to 1, on the stack's grid.

    As detected, it is uint8 with scale 0.004 and nodata 255.

    Attributes:
        path: GeoTIFF of one band.
        grid: Its grid.
        coding: How its values are meant.
    """

    path: Path
    grid: Grid
    coding: ProbabilityCoding = PLAIN_PROBABILITY

    @classmethod
    def open(
        cls, path: Path, *, scale: float | None = None, reporter: Reporter = SILENT
    ) -> ProbabilityRaster:
        """Check a probability raster and take a handle on it.

        Args:
            path: Raster of one band (and perhaps an alpha band).
            scale: Factor from its values to probabilities, 0.01 for per cent; None for the scale
                that the file declares.
            reporter: Told what had to be recognised.

        Raises:
            MissingFileError, UnreadableFileError: There is no such raster, or it has not exactly
                one band.
            InputError: Its values are no probabilities.
            ConfigError: The scale is not positive.
        """
        with _single_band(path, "probability raster") as (dataset, grid):
            ours = (dataset.dtypes[0], dataset.nodatavals[0], dataset.scales[0]) == (
                "uint8",
                PROBABILITY_NODATA,
                PROBABILITY_SCALE,
            )
            coding = (
                PLAIN_PROBABILITY
                if ours and scale is None
                else probability_coding(dataset, str(path), scale)
            )
        if coding.note:
            reporter.warn(f"{path}: {coding.note}.", "raster-recognised")
        return cls(path, grid, coding)

    def threshold(self) -> float | None:
        """The threshold of the models that made it, as noted; else None."""
        with open_raster(self.path) as dataset:
            noted = dataset.tags().get("threshold", "")
        try:
            value = float(noted)
        except ValueError:
            return None
        return value if 0 < value < 1 else None

    @contextmanager
    def reader(self) -> Iterator[ProbabilityReader]:
        """Open the file for reading windows, NaN where there is no data."""
        with open_raster(self.path) as dataset:
            yield ProbabilityReader(dataset, self.coding)


@dataclass(frozen=True)
class LandslideMask:
    """1 landslide, 0 background, 255 no data, on the stack's grid.

    Attributes:
        path: Raster of one band.
        grid: Its grid.
        coding: How its stored values are meant.
    """

    path: Path
    grid: Grid
    coding: MaskCoding = PLAIN_MASK

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        ignore: float | None = None,
        coding: MaskCoding | None = None,
        reporter: Reporter = SILENT,
    ) -> LandslideMask:
        """Check a mask and take a handle on it.

        Args:
            path: Raster of one band (and perhaps an alpha band).
            ignore: A value that means no data; None for 255 and what the file declares.
            coding: How its values are meant, where that is known; None looks at all of them.
            reporter: Told what had to be recognised, such as a mask of 0 and 255.

        Raises:
            MissingFileError, UnreadableFileError: There is no such raster, or it has not exactly
                one band.
            InputError: Its values are those of no mask.
        """
        with _single_band(path, "mask") as (dataset, grid):
            found = coding or mask_coding(
                distinct_values(dataset),
                str(path),
                ignore=ignore,
                declared=dataset.nodatavals[0] is not None,
                scale=dataset.scales[0],
            )
        if found.note and coding is None:
            reporter.warn(f"{path}: {found.note}.", "raster-recognised")
        return cls(path, grid, found)

    def read(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Read the mask as 0, 1 and 255."""
        with open_raster(self.path) as dataset:
            raw = dataset.read(1, window=window)
            return self.coding.decode(raw, missing_pixels(dataset, raw, 1, window))


@dataclass(frozen=True)
class ProbabilityReader:
    """An open probability raster. One thread at a time."""

    _dataset: DatasetReader
    _coding: ProbabilityCoding

    def read(self, window: Window | None = None) -> NDArray[np.float32]:
        """Read values, shape (rows, columns), NaN where there is no data."""
        values: NDArray[np.float32] = read_window(self._dataset, [1], window)[0]
        return self._coding.decode(values)


def above_threshold(probability: NDArray[np.floating], threshold: float) -> NDArray[np.uint8]:
    """Call pixels landslide whose probability reaches the threshold.

    Returns:
        1, 0 and, where the probability is NaN, 255; of the same shape.
    """
    # Stored values are multiples of 0.004: a little slack keeps a pixel at exactly the threshold
    # in.
    mask = (probability >= threshold - PROBABILITY_SCALE / 1000).astype(np.uint8)
    mask[np.isnan(probability)] = IGNORE
    return mask


def encode_probability(probability: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Encode probabilities (NaN for nodata) as they are stored.

    Returns:
        uint8 of the same shape, 0.004 a step, 255 for nodata.
    """
    steps = np.asarray(probability / PROBABILITY_SCALE)
    np.rint(steps, out=steps)
    np.clip(steps, 0, PROBABILITY_MAX, out=steps)
    np.copyto(steps, PROBABILITY_NODATA, where=np.isnan(steps))
    return steps.astype(np.uint8)


def _fill_values(dataset: DatasetReader, bands: Mapping[str, int]) -> dict[str, np.float32]:
    """What a stored 0 reads as in each optical channel.

    Empty where the file says itself what is no data, or could by NaN.
    """
    optical = {name: band - 1 for name, band in bands.items() if name in OPTICAL}
    for index in optical.values():
        if dataset.dtypes[index].startswith("float") or dataset.mask_flag_enums[index] != [
            MaskFlags.all_valid
        ]:
            return {}
    return {name: np.float32(dataset.offsets[index]) for name, index in optical.items()}


@contextmanager
def _single_band(path: Path, kind: str) -> Iterator[tuple[DatasetReader, Grid]]:
    with open_raster(path) as dataset:
        alpha = dataset.count == 2 and dataset.colorinterp[1] is ColorInterp.alpha
        if dataset.count != 1 and not alpha:
            raise UnreadableFileError(
                f"{path} has {dataset.count} bands, but a {kind} has one; give the file that `l4s"
                " detect` wrote."
            )
        yield dataset, grid_of(dataset, str(path))
