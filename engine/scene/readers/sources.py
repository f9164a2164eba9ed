"""Opens one band or mask of a product: headers, faults named.

The grid comes from the file itself, or from the product's metadata where the file has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from engine.bands import (
    LARGEST_REFLECTANCE,
    REFLECTANCE_DN,
    in_order,
    other_sensor,
    require_digital_numbers,
)
from engine.errors import ChannelError, ProductError, UnreadableFileError
from engine.grid import Grid
from engine.nodata import has_mask, undeclared_fill
from engine.raster import grid_of, open_raster
from engine.scene.imagery import BandSource, MaskKind, MaskSource, Offset
from engine.scene.readers.listing import Listing
from engine.scene.readers.offsets import Stated, tags_in_dn, with_offset

_SENSOR_TAGS = ("SENSOR_ID", "SPACECRAFT_ID", "SATELLITE", "PLATFORM", "MISSION", "SATELLITEID")
_SAMPLE_PX = 256


@dataclass
class Bands:
    """The bands of a product while they are collected.

    Attributes:
        listing: The files.
        stated: What is known about the offset beside the band files.
        grids: Grids that the product's metadata state, for files without georeference.
        nodata: Stored value that means no data by the product's specification.
        sources: What was found, several for one channel where the product holds several.
        offset: Where the offset comes from: that of the last band.
    """

    listing: Listing
    stated: Stated
    grids: Sequence[Grid] = ()
    nodata: float | None = None
    sources: list[BandSource] = field(default_factory=list)
    offset: Offset = field(default_factory=Offset)

    def add(self, name: str, channel: str) -> None:
        """Open a file of one band and keep it.

        Raises:
            UnreadableFileError, GridError, ChannelError, ProductError: It cannot be used.
        """
        with open_file(self.listing, name) as dataset:
            shown = [c for c in dataset.colorinterp if c is not ColorInterp.alpha]
            if len(shown) > 1:
                raise ChannelError(
                    f"{self.listing.gdal(name)} holds {len(shown)} bands, but its name tells"
                    f" {channel} alone; describe its bands (B02, B03 …), for instance with"
                    " `gdal_edit.py`, and give the file itself."
                )
            self.keep(dataset, name, channel, 1)

    def add_band(self, name: str, channel: str, band: int) -> None:
        """Open a file of many bands and keep one of them."""
        with open_file(self.listing, name) as dataset:
            self.keep(dataset, name, channel, band)

    def keep(self, dataset: DatasetReader, name: str, channel: str, band: int) -> None:
        """Keep a band of an open file."""
        path = self.listing.gdal(name)
        require_sentinel2(dataset, path)
        grid = grid_in(dataset, path, self.grids)
        source = band_source(dataset, path, channel, band, grid, self.nodata)
        source, self.offset = with_offset(source, self.stated)
        self.sources.append(source)


@contextmanager
def open_file(listing: Listing, name: str) -> Iterator[DatasetReader]:
    """Open a raster of a listing; one without georeference is no warning here.

    Raises:
        UnreadableFileError: It is empty, damaged or no raster.
    """
    if not listing.sizes[name]:
        raise UnreadableFileError(
            f"{PurePosixPath(name).name} in {listing.where} is empty (0 bytes); its download was"
            " interrupted: download it again."
        )
    with open_raster(listing.gdal(name)) as dataset:
        yield dataset


def grid_in(dataset: DatasetReader, path: str, stated: Sequence[Grid]) -> Grid:
    """The grid of an open raster: its own, or the metadata's.

    Raises:
        MissingCRSError, GridError: There is neither; the message names the file.
    """
    if not dataset.crs:
        shape = (dataset.height, dataset.width)
        found = next((grid for grid in stated if grid.shape == shape), None)
        if found is not None:
            return found
    return grid_of(dataset, path)


def require_sentinel2(dataset: DatasetReader, path: str) -> None:
    """Refuse a raster that declares itself to be of another sensor.

    Raises:
        ChannelError: It is.
    """
    tags = dataset.tags()
    told = [tags.get(key, "") for key in _SENSOR_TAGS]
    told += [text or "" for text in dataset.descriptions]
    refuse_other_sensors(told, path)


def refuse_other_sensors(told: Sequence[str], where: str) -> None:
    """Refuse what is named after another sensor.

    Raises:
        ChannelError: One of the names is.
    """
    found = next(((text, sensor) for text in told if (sensor := other_sensor(text))), None)
    if found is not None:
        raise ChannelError(
            f"{where} is named after {found[1]} ({found[0]!r}), whose band numbers mean other"
            " wavelengths than Sentinel-2's; give Sentinel-2 imagery."
        )


def band_source(
    dataset: DatasetReader,
    path: str,
    channel: str,
    index: int,
    grid: Grid,
    nodata: float | None = None,
) -> BandSource:
    """Describe how one band's stored values become DN.

    Args:
        dataset: An open raster.
        path: Its file or GDAL path.
        channel: The channel that the band holds.
        index: 1-based band number.
        grid: The raster's grid.
        nodata: Stored value that means no data by the product's specification; None to take what
            the file declares, or else what stands for no data in it.

    Raises:
        ChannelError: It is an 8-bit picture, which holds no DN.
    """
    dtype = dataset.dtypes[index - 1]
    require_digital_numbers(dtype, channel, path)
    scale, offset = tags_in_dn(float(dataset.scales[index - 1]), float(dataset.offsets[index - 1]))
    if dtype.startswith("float") and (scale, offset) == (1, 0) and _is_reflectance(dataset, index):
        scale = REFLECTANCE_DN
    if nodata is None:
        nodata = dataset.nodatavals[index - 1]
    found = False
    if nodata is None:
        nodata = undeclared_fill(dataset, index)
        found = nodata is not None
        if nodata is None and not dtype.startswith("float") and not has_mask(dataset, index):
            nodata = 0.0  # Sentinel-2's own convention
    return BandSource(
        channel,
        path,
        index,
        grid,
        dtype,
        nodata,
        scale,
        offset,
        found,
        # 65535 may be a saturated pixel beside zeros that are no data.
        zero_missing=found and dtype.startswith("uint"),
    )


def _is_reflectance(dataset: DatasetReader, index: int) -> bool:
    side = (min(_SAMPLE_PX, dataset.height), min(_SAMPLE_PX, dataset.width))
    sample = dataset.read(index, out_shape=side, masked=True).astype(np.float64).filled(np.nan)
    finite = sample[np.isfinite(sample)]
    return bool(finite.size) and float(np.percentile(finite, 99)) <= LARGEST_REFLECTANCE


def finest(sources: Sequence[BandSource], where: str) -> tuple[BandSource, ...]:
    """Keep one source a channel: that of the finest resolution.

    L2A products hold several.

    Raises:
        ProductError: Two files of one resolution are the same channel.
    """
    result = []
    for channel in in_order(source.channel for source in sources):
        candidates = sorted(
            (s for s in sources if s.channel == channel), key=lambda s: s.grid.resolution_m()
        )
        limit = candidates[0].grid.resolution_m() * 1.2
        best = [s for s in candidates if s.grid.resolution_m() < limit]
        if len(best) > 1:
            files = ", ".join(PurePosixPath(s.path).name for s in best[:3])
            raise ProductError(
                f"{where} holds {len(best)} files for {channel} ({files}); give the files of one"
                " date and tile only."
            )
        result.append(best[0])
    _require_common_ground(result, where)
    return tuple(result)


def _require_common_ground(sources: Sequence[BandSource], where: str) -> None:
    """Refuse bands that show other places, as of two tiles or zones.

    Raises:
        ProductError: One lies wholly outside the sharpest; the message names it.
    """
    if not sources:
        return
    first = min(sources, key=lambda source: source.grid.resolution_m())
    for source in sources:
        if first.grid.shared(source.grid) == 0:
            raise ProductError(
                f"Band {source.channel} of {where} ({source.grid.describe()}) shows another place"
                f" than {first.channel} ({first.grid.describe()}); give the bands of one tile."
            )


def raster_mask(
    listing: Listing, kind: MaskKind, name: str, *, grids: Sequence[Grid] = (), band: int = 1
) -> MaskSource:
    """Open the header of a quality mask.

    Raises:
        UnreadableFileError, MissingCRSError, GridError: It cannot be used.
    """
    path = listing.gdal(name)
    with open_file(listing, name) as dataset:
        return MaskSource(kind, path, grid_in(dataset, path, grids), band)
