"""Single-band files whose names tell the band.

``B02.tif``, ``T51TVF_…_B02_10m.jp2``, ``nir.tif``.

In a folder, a zip, or named one by one; from portals, STAC catalogues, Sinergise's archive, from
inside a SAFE product, exports of Sentinel Hub, openEO and Earth Engine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from engine.bands import OPTICAL, channel_name, described, other_quantity, other_sensor
from engine.scene.imagery import Imagery, MaskKind, MaskSource
from engine.scene.readers.listing import RASTERS, Listing
from engine.scene.readers.names import (
    band_stem,
    day_in,
    file_channel,
    is_extra_file,
    product_name,
    tile_in,
)
from engine.scene.readers.offsets import offset_notes
from engine.scene.readers.sources import (
    Bands,
    finest,
    open_file,
    raster_mask,
    refuse_other_sensors,
)
from engine.scene.readers.surroundings import surroundings_of

PRODUCT = "band files"
_MOST_NAMED = 4
DEEPEST = 3
"""Folders below the one given in which band files are looked for: ``IMG_DATA/R10m/…``."""

DEEPEST_IN_ARCHIVE = 6
"""The same for archives, which hold nothing else."""

_MASKS: dict[str, MaskKind] = {"SCL": "SCL", "CLASSI": "CLASSI", "QA60": "QA60"}


def read(listing: Listing, dn_offset: float | None) -> list[Imagery] | None:
    """Read band files, None if no name tells a band.

    See :class:`engine.scene.readers.Reader`.
    """
    names = raster_names(listing)
    if not any(tells_band(listing, name) for name in names):
        if names and not any(map(is_described, names)):
            files = [PurePosixPath(name).name for name in names]
            refuse_other_sensors([*listing.folder_names, *files], listing.where)
        return None
    refuse_other_sensors(listing.folder_names, listing.where)
    groups, rest = _groups(listing, names)
    first = _image(listing, groups[0], dn_offset, rest)
    return [first, *(_image(listing, group, dn_offset) for group in groups[1:])]


def tells_band(listing: Listing, name: str) -> bool:
    """Whether a file holds one optical band, by its name."""
    return file_channel(name) is not None and not _describes_bands(listing, name)


def belongs(listing: Listing, name: str) -> bool:
    """Whether a file belongs to band files: a band, B8A, or left out."""
    return is_extra_file(name) or not is_described(name) or tells_band(listing, name)


def _describes_bands(listing: Listing, name: str) -> bool:
    """Whether several bands of a file are described as channels."""
    if name.lower().endswith(".jp2"):
        return False  # one band a file, by the format's use
    with open_file(listing, name) as dataset:
        return sum(channel_name(text) in OPTICAL for text in described(dataset.descriptions)) > 1


def raster_names(listing: Listing) -> list[str]:
    """The rasters of a listing, no deeper than band files lie."""
    if listing.kind == "files":
        return list(listing.names)
    deepest = DEEPEST if listing.kind == "folder" else DEEPEST_IN_ARCHIVE
    near = [n for n in listing.names if n[len(listing.root) :].count("/") <= deepest]
    return [name for name in near if name.lower().endswith(RASTERS) or _is_envi(listing, name)]


def _is_envi(listing: Listing, name: str) -> bool:
    """Whether a file without a suffix is the data of an ENVI header beside it."""
    return not PurePosixPath(name).suffix and f"{name}.hdr" in listing.sizes


def is_described(name: str) -> bool:
    """Whether a file's name tells neither another quantity nor another sensor."""
    stem = band_stem(name)
    return not other_quantity(stem) and not other_sensor(stem)


def _groups(listing: Listing, names: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """Put together what is one image, and what belongs to none.

    Files of a folder or archive are one image. Files named one by one are as many as there are
    days and tiles in their names; a file that repeats a channel begins another image.
    """
    if listing.kind != "files":
        return [list(names)], []
    by_key: dict[tuple[str, str, str], list[list[str]]] = {}
    for name in names:
        text = PurePosixPath(name).name
        product = product_name(text)
        day, tile = day_in(text), tile_in(text)
        if product is not None:
            day, tile = product.date or day, product.tile or tile
        folder = "" if day and tile else PurePosixPath(name).parent.as_posix()
        groups = by_key.setdefault((day, tile, folder), [[]])
        channel = file_channel(name)
        resolution = _resolution(name)
        taken = {(file_channel(other), _resolution(other)) for other in groups[-1]}
        if channel and (channel, resolution) in taken:
            groups.append([])
        groups[-1].append(name)
    found = [group for groups in by_key.values() for group in groups]
    with_band = [group for group in found if any(file_channel(name) for name in group)]
    return with_band, [name for group in found if group not in with_band for name in group]


def _resolution(name: str) -> str:
    found = re.search(r"[_-](10|20|60)m$", PurePosixPath(name).stem, re.IGNORECASE)
    return found[1] if found else ""


def _image(
    listing: Listing, names: Sequence[str], dn_offset: float | None, rest: Sequence[str] = ()
) -> Imagery:
    named = [name for name in names if tells_band(listing, name)]
    around = surroundings_of(listing, named)
    bands = Bands(listing, around.stated(dn_offset), around.grids)
    for name in named:
        bands.add(name, file_channel(name) or "")
    main = finest(bands.sources, listing.where)
    offset = bands.offset
    extra = Bands(listing, around.stated(dn_offset), around.grids)
    narrow = [name for name in names if is_extra_file(name)]
    for name in narrow:
        extra.add(name, "B8A")
    mask, mask_name = _mask(listing, names, bands)
    used = {*named, *narrow, mask_name}
    return Imagery(
        _title(listing, named),
        around.level,
        around.date,
        tuple(sorted(main, key=lambda source: OPTICAL.index(source.channel))),
        mask,
        offset_notes(main, offset),
        tuple(sorted(extra.sources, key=lambda s: s.grid.resolution_m())[:1]),
        PRODUCT,
        around.baseline,
        offset,
        in_words([_why_not(name) for name in (*names, *rest) if name not in used]),
    )


def _title(listing: Listing, named: Sequence[str]) -> str:
    if listing.kind != "files":
        return listing.title
    first = PurePosixPath(named[0])
    return first.name if len(named) == 1 else f"{PurePosixPath(first.parent.name) / first.name} …"


def _mask(
    listing: Listing, names: Sequence[str], bands: Bands
) -> tuple[MaskSource | None, str | None]:
    """The mask beside band files: the finest of the first kind."""
    for word, kind in _MASKS.items():
        files = [n for n in names if word in re.split(r"[^A-Z0-9]+", band_stem(n).upper())]
        found = [(raster_mask(listing, kind, name, grids=bands.grids), name) for name in files]
        if found:
            return min(found, key=lambda pair: pair[0].grid.resolution_m())
    return None, None


def _why_not(name: str) -> tuple[str, str]:
    """A raster that is left out: its name, and why."""
    stem, file = band_stem(name), PurePosixPath(name).name
    what = other_quantity(stem)
    if what is not None:
        return file, what
    sensor = other_sensor(stem)
    return file, f"band of {sensor}" if sensor else "its name tells no band"


def in_words(left_out: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Report what is left out: each file with its reason, or counts."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out:
        by_reason.setdefault(reason, []).append(name)
    return tuple(
        f"{', '.join(names)} ({reason})"
        if len(names) <= _MOST_NAMED
        else f"{len(names)} files such as {names[0]} ({reason})"
        for reason, names in by_reason.items()
    )
