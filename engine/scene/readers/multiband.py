"""Rasters of many bands whose descriptions name them.

Exports of Earth Engine, openEO and others.

An export in several parts (``-0000000000-0000010496.tif``) is mosaicked. All bands of Earth
Engine's ``S2_SR`` may be there: the scene classification becomes the mask, and what is no channel
is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import PurePosixPath

from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from engine.bands import (
    OPTICAL,
    TERRAIN,
    channel_name,
    described,
    is_narrow_infrared,
    other_quantity,
)
from engine.errors import ChannelError, ProductError
from engine.grid import Bounds
from engine.scene.imagery import Imagery, MaskKind
from engine.scene.layers import PROVENANCE_TAG
from engine.scene.readers.band_files import in_words, is_described, raster_names
from engine.scene.readers.listing import Listing
from engine.scene.readers.names import file_channel, is_extra_file
from engine.scene.readers.offsets import offset_notes
from engine.scene.readers.sources import Bands, open_file, raster_mask, refuse_other_sensors
from engine.scene.readers.surroundings import Surroundings, surroundings_of

PRODUCT = "multi-band raster"

_MOST_OVERLAP = 0.1
_MASKS: dict[str, MaskKind] = {"SCL": "SCL", "QA60": "QA60"}


def read(listing: Listing, dn_offset: float | None) -> list[Imagery] | None:
    """Read multi-band rasters, None if none names bands.

    See :class:`engine.scene.readers.Reader`.

    Raises:
        ChannelError: A file that was named itself does not tell its bands.
    """
    refuse_other_sensors(listing.folder_names, listing.where)
    groups: list[Group] = []
    unknown: list[str] = []
    for name in raster_names(listing):
        if listing.kind != "files" and not is_described(name):
            continue
        refuse_other_sensors([PurePosixPath(name).name], listing.gdal(name))
        with open_file(listing, name) as dataset:
            found = channels_in(dataset, name)
            if not found.channels and listing.kind == "files":
                unknown.append(name)
            # A stack of this program in a folder is a result, not imagery.
            own = listing.kind != "files" and PROVENANCE_TAG in dataset.tags()
            if not found.channels or own:
                continue
            _keep(groups, listing, dataset, name, found, dn_offset)
    if listing.kind != "files":
        _require_parts(groups, listing.where)
    if groups and unknown:
        raise unnamed(replace(listing, sizes={name: listing.sizes[name] for name in unknown}))
    return [_image(listing, group) for group in groups] or None


@dataclass(frozen=True)
class Found:
    """What the bands of a file are.

    Attributes:
        channels: 1-based number and channel of each optical band.
        extra: Number of B8A, or 0.
        mask: Kind and number of a mask band, or None.
        left_out: Descriptions of the others, each with the reason.
    """

    channels: tuple[tuple[int, str], ...]
    extra: int
    mask: tuple[MaskKind, int] | None
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Group:
    """Files that together are one image.

    Attributes:
        around: What is known about them beside their pixels.
        bands: Their optical bands.
        files: What the bands of each file are.
    """

    around: Surroundings
    bands: Bands
    files: dict[str, Found]


def channels_in(dataset: DatasetReader, name: str) -> Found:
    """Tell what the bands of an open raster are, by their descriptions.

    A file of one band may tell it by its name instead.

    Raises:
        ChannelError: Two bands are the same channel.
    """
    texts = described(dataset.descriptions)
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
    return Found(tuple(channels), extra, mask, tuple(left_out))


def _keep(
    groups: list[Group],
    listing: Listing,
    dataset: DatasetReader,
    name: str,
    found: Found,
    dn_offset: float | None,
) -> None:
    """Add a file to the image that it completes, else begin another."""
    own = {channel for _, channel in found.channels}
    group = next((g for g in groups if not own & {s.channel for s in g.bands.sources}), None)
    if group is None:
        around = surroundings_of(listing, [name])
        group = Group(around, Bands(listing, around.stated(dn_offset), around.grids), {})
        groups.append(group)
    group.files[name] = found
    for index, channel in found.channels:
        group.bands.keep(dataset, name, channel, index)


def _require_parts(groups: list[Group], where: str) -> None:
    """Refuse a folder of several images of one ground.

    Parts of an export lie side by side.

    Raises:
        ProductError: Two images overlap by more than a tenth.
    """
    grids = [group.bands.sources[0].grid for group in groups]
    for (one, mine), (other, theirs) in combinations(zip(groups, grids, strict=True), 2):
        if mine.crs == theirs.crs and _common(mine.bounds, theirs.bounds) > _MOST_OVERLAP:
            names = [PurePosixPath(next(iter(group.files))).name for group in (one, other)]
            raise ProductError(
                f"{where} holds {len(groups)} images, of which {names[0]} and {names[1]} show the"
                " same ground; give the files of one date, or the image itself."
            )


def _common(a: Bounds, b: Bounds) -> float:
    """Share of the smaller of two boxes that both cover."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return max(0.0, width) * max(0.0, height) / min(areas)


def _image(listing: Listing, group: Group) -> Imagery:
    around, bands = group.around, group.bands
    first, offset = next(iter(group.files)), bands.offset
    main = tuple(sorted(bands.sources, key=lambda source: OPTICAL.index(source.channel)))
    extra = Bands(listing, bands.stated, around.grids)
    masks = []
    for name, found in group.files.items():
        if found.extra:
            extra.add_band(name, "B8A", found.extra)
        if found.mask:
            kind, band = found.mask
            masks.append(raster_mask(listing, kind, name, grids=around.grids, band=band))
    file = PurePosixPath(first)
    single = len(group.files) == 1
    return Imagery(
        file.name if single else f"{file.parent.name or listing.title}/{file.name} …",
        around.level,
        around.date,
        main,
        masks[0] if masks else None,
        offset_notes(main, offset),
        tuple(extra.sources[:1]),
        PRODUCT,
        around.baseline,
        offset,
        in_words([pair for found in group.files.values() for pair in found.left_out]),
    )


def unnamed(listing: Listing) -> ChannelError:
    """The error for files that do not tell their bands."""
    name = listing.names[0]
    with open_file(listing, name) as dataset:
        if not dataset.count:
            return ChannelError(
                f"{name} holds no raster of its own but {len(dataset.subdatasets)} others inside"
                f" ({dataset.driver}); export the bands as GeoTIFF, for instance with"
                " `gdal_translate`."
            )
        return ChannelError(
            f"{name}: none of its {dataset.count} band(s) is named after a Sentinel-2 band;"
            " describe them (B02, B03 …), for instance with `gdal_edit.py`, or put single bands"
            " into files named B02.tif, B03.tif …."
        )
