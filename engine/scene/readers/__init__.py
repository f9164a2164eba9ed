"""What a user points at becomes imagery: a module a kind of product.

Each has one line in :data:`READERS`.

A new kind of product is a module with a function ``read`` (see :class:`Reader`) and its line in the
table. Folders, zips and files named one by one look alike to it
(:class:`~engine.scene.readers.listing.Listing`). Headers and metadata are read here, no pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from engine.errors import ChannelError, ProductError
from engine.members import is_junk
from engine.scene.archive import ARCHIVES
from engine.scene.imagery import Imagery
from engine.scene.readers import band_files, dimap, maja, multiband, safe
from engine.scene.readers.listing import Listing, files_listing, listing_of

__all__ = ["READERS", "Reader", "find_imagery", "no_imagery", "open_imagery"]


class Reader(Protocol):
    """Reads one kind of product.

    Args:
        listing: The files that a path stands for.
        dn_offset: What the user states with ``--dn-offset``; it replaces every other offset.

    Returns:
        One entry for each product found, or None where the listing holds none of this kind.

    Raises:
        InputError: It is such a product, but cannot be used; one sentence says what was found, what
            was needed and what to do.
    """

    def __call__(self, listing: Listing, dn_offset: float | None) -> list[Imagery] | None:
        """Read the products of this kind in a listing."""
        ...


READERS: Mapping[str, Reader] = {
    "SAFE": safe.read,
    "MAJA": maja.read,
    "BEAM-DIMAP": dimap.read,
    "band files": band_files.read,
    "multi-band rasters": multiband.read,
}
"""Kinds of products, tried in this order: the first that recognises the files reads them."""


_METADATA = (".xml", ".json", ".safe", ".xsd", ".gml")


def open_imagery(paths: Sequence[Path], *, dn_offset: float | None = None) -> list[Imagery]:
    """Find out what the given paths hold.

    Args:
        paths: Products (SAFE folder or zip, MAJA, SNAP), folders or zips of band files, metadata
            files that stand for their folder, single-band files that belong together, or
            multi-band rasters.
        dn_offset: Added to the DN of every band instead of what metadata, tags or names say.

    Returns:
        One entry for each product; more than one are to be mosaicked.

    Raises:
        MissingFileError, UnreadableFileError: A path does not exist, is damaged or no raster.
        ProductError, ChannelError: A product is incomplete, of another sensor, or its bands cannot
            be told apart.
    """
    if not paths:
        raise ProductError(
            "No imagery was given; name a Sentinel-2 product, a folder of bands, or GeoTIFF files."
        )
    found: list[Imagery] = []
    for listing in _listings(paths):
        imagery = _read(listing, dn_offset)
        if not imagery:
            raise no_imagery(listing)
        found += imagery
    return found


def find_imagery(paths: Sequence[Path], *, dn_offset: float | None = None) -> list[Imagery]:
    """Like :func:`open_imagery`, but what no reader recognises is passed over.

    Raises:
        InputError: A product is recognised, but cannot be used.
    """
    return [image for listing in _listings(paths) for image in _read(listing, dn_offset)]


def _listings(paths: Sequence[Path]) -> list[Listing]:
    """The files of each path, and those of rasters named one by one."""
    listings = [listing_of(path) for path in paths]
    files = [
        path
        for path, listing in zip(paths, listings, strict=True)
        if listing.kind == "files" and not is_junk(path.name)
    ]
    return [listing for listing in listings if listing.kind != "files"] + _from_files(files)


def _read(listing: Listing, dn_offset: float | None) -> list[Imagery]:
    for reader in READERS.values():
        imagery = reader(listing, dn_offset)
        if imagery:
            return imagery
    archives = [name for name in listing.names if name.lower().endswith(ARCHIVES)]
    if listing.kind != "folder":
        return []
    return [i for name in archives for i in _read(listing_of(listing.path / name), dn_offset)]


def _from_files(paths: Sequence[Path]) -> list[Listing]:
    """Put rasters named one by one together: bands, then the others."""
    if not paths:
        return []
    whole = files_listing(paths)
    banded = {name for name in whole.sizes if band_files.belongs(whole, name)}
    parts = [[p for p in paths if (p.as_posix() in banded) is kind] for kind in (True, False)]
    if not any(band_files.tells_band(whole, name) for name in banded):
        parts = [list(paths)]
    return [files_listing(part) for part in parts if part]


def no_imagery(listing: Listing) -> ProductError | ChannelError:
    """The error for files in which no reader finds imagery."""
    if listing.kind == "files":
        return multiband.unnamed(listing)
    nested = [name for name in listing.names if name.lower().endswith(ARCHIVES)]
    if listing.kind == "archive" and nested:
        return ProductError(
            f"The archive {listing.where} holds another archive ({nested[0]}); unpack the outer"
            " one, and give what is inside."
        )
    if listing.names and all(name.lower().endswith(_METADATA) for name in listing.names):
        return ProductError(
            f"{listing.where} holds only metadata ({PurePosixPath(listing.names[0]).name}), no"
            " images; download the bands, too, or the whole product."
        )
    return ProductError(
        f"{listing.where} holds no Sentinel-2 product and no raster whose name tells a band (such"
        " as B02.tif or T51TVF_20200101_B02_10m.jp2), and no multi-band raster with band"
        " descriptions; name the bands' files so, or give the product's own folder or zip."
    )
