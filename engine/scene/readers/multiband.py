"""Rasters of many bands whose descriptions name them: exports of Earth Engine, openEO and others.

An export in several parts (``-0000000000-0000010496.tif``) is mosaicked. All bands of Earth
Engine's ``S2_SR`` may be there: the scene classification becomes the mask, and what is no channel
is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from engine.bands import OPTICAL, TERRAIN, channel_name, is_narrow_infrared, other_quantity
from engine.errors import ChannelError
from engine.scene.imagery import Imagery, MaskKind, MaskSource
from engine.scene.layers import PROVENANCE_TAG
from engine.scene.readers.band_files import in_words, is_described, raster_names
from engine.scene.readers.listing import Listing
from engine.scene.readers.names import file_channel, is_extra_file
from engine.scene.readers.offsets import offset_notes
from engine.scene.readers.sources import Bands, grid_in, open_file, refuse_other_sensors
from engine.scene.readers.surroundings import surroundings_of

PRODUCT = "multi-band raster"

_MASKS: dict[str, MaskKind] = {"SCL": "SCL", "QA60": "QA60"}


class UnnamedBandError(ChannelError):
    """A raster of one band does not tell which; it may hold something else than imagery."""


def read(listing: Listing, dn_offset: float | None) -> list[Imagery] | None:
    """Read multi-band rasters, None if none names bands; see :class:`engine.scene.readers.Reader`.

    Raises:
        ChannelError: A file that was named itself does not tell its bands.
    """
    refuse_other_sensors(listing.folder_names, listing.where)
    groups: list[tuple[Bands, list[str], Found]] = []
    for name in raster_names(listing):
        if listing.kind != "files" and not is_described(name):
            continue
        refuse_other_sensors([PurePosixPath(name).name], listing.gdal(name))
        with open_file(listing, name) as dataset:
            found = channels_in(dataset, name)
            if not found.channels and listing.kind == "files":
                kind = UnnamedBandError if dataset.count == 1 else ChannelError
                raise kind(_unnamed(dataset, listing.gdal(name)))
            # A stack of this program in a folder is a result, not imagery.
            own = listing.kind != "files" and PROVENANCE_TAG in dataset.tags()
            if not found.channels or own:
                continue
            _keep(groups, listing, dataset, name, found, dn_offset)
    return [_image(listing, *group, dn_offset) for group in groups] or None


class Found:
    """What the bands of a file are: channels, B8A, masks, and what is left out.

    Args:
        channels: 1-based number and channel of each optical band.
        extra: Number of B8A, or 0.
        mask: Kind and number of a mask band, or None.
        left_out: Descriptions of the others.
    """

    def __init__(
        self,
        channels: Sequence[tuple[int, str]],
        extra: int,
        mask: tuple[MaskKind, int] | None,
        left_out: Sequence[str],
    ) -> None:
        self.channels = tuple(channels)
        self.extra = extra
        self.mask = mask
        self.left_out = tuple(left_out)


def channels_in(dataset: DatasetReader, name: str) -> Found:
    """Tell what the bands of an open raster are, by their descriptions.

    A file of one band may tell it by its name instead.

    Raises:
        ChannelError: Two bands are the same channel.
    """
    texts = [text or "" for text in dataset.descriptions]
    if dataset.count == 1 and not texts[0]:
        texts = [file_channel(name) or ("B8A" if is_extra_file(name) else "")]
    channels: list[tuple[int, str]] = []
    left_out: list[tuple[str, str]] = []
    extra, mask = 0, None
    meanings = dataset.colorinterp  # asked once: GDAL goes through all bands each time
    for index, text in enumerate(texts, start=1):
        channel = channel_name(text)
        if channel in OPTICAL:
            channels.append((index, str(channel)))
        elif is_narrow_infrared(text):
            extra = index
        elif text.strip().upper() in _MASKS:
            mask = mask or (_MASKS[text.strip().upper()], index)
        elif meanings[index - 1] is not ColorInterp.alpha:
            what = "terrain" if channel in TERRAIN else other_quantity(text)
            left_out.append((text or f"band {index}", what or "no band of that name"))
    names = [channel for _, channel in channels]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ChannelError(
            f"{name} has more than one band named {', '.join(twice)}; give each channel one band."
        )
    return Found(channels, extra, mask, in_words(left_out))


def _keep(
    groups: list[tuple[Bands, list[str], Found]],
    listing: Listing,
    dataset: DatasetReader,
    name: str,
    found: Found,
    dn_offset: float | None,
) -> None:
    """Add a file to the image whose channels it completes, else begin another image with it."""
    own = {channel for _, channel in found.channels}
    group = next((g for g in groups if not own & {s.channel for s in g[0].sources}), None)
    if group is None:
        around = surroundings_of(listing, [name])
        group = (Bands(listing, around.stated(dn_offset), around.grids), [], found)
        groups.append(group)
    group[1].append(name)
    for index, channel in found.channels:
        group[0].keep(dataset, name, channel, index)


def _image(
    listing: Listing, bands: Bands, names: list[str], found: Found, dn_offset: float | None
) -> Imagery:
    around = surroundings_of(listing, names)
    first, offset = names[0], bands.offset
    main = tuple(sorted(bands.sources, key=lambda source: OPTICAL.index(source.channel)))
    extra = Bands(listing, bands.stated, around.grids)
    mask = None
    if found.extra or found.mask:
        with open_file(listing, first) as dataset:
            if found.extra:
                extra.keep(dataset, first, "B8A", found.extra)
            if found.mask:
                path = listing.gdal(first)
                grid = grid_in(dataset, path, around.grids)
                mask = MaskSource(found.mask[0], path, grid, found.mask[1])
    file = PurePosixPath(first)
    return Imagery(
        file.name if len(names) == 1 else f"{file.parent.name or listing.title}/{file.name} …",
        around.level,
        around.date,
        main,
        mask,
        offset_notes(main, offset),
        tuple(extra.sources),
        PRODUCT,
        around.baseline,
        offset,
        found.left_out,
    )


def _unnamed(dataset: DatasetReader, path: str) -> str:
    return (
        f"{path}: none of its {dataset.count} band(s) is named after a Sentinel-2 band; describe"
        " them (B02, B03 …), for instance with `gdal_edit.py`, or put single bands into files named"
        " B02.tif, B03.tif …."
    )
