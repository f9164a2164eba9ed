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

from engine.errors import ProductError, UnreadableFileError
from engine.scene.archive import ARCHIVES, is_junk
from engine.scene.imagery import Imagery
from engine.scene.readers import band_files, dimap, maja, multiband, safe
from engine.scene.readers.listing import Listing, files_listing, listing_of

__all__ = ["READERS", "NoImageryError", "Reader", "open_imagery"]


class NoImageryError(ProductError):
    """No reader finds imagery here; it may hold something else."""


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
"""Kinds of products, asked in this order: the first that recognises the files reads them."""


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
    loose: list[Path] = []
    for path in paths:
        listing = listing_of(path)
        if listing.kind == "files":
            loose.append(path)
        else:
            found += _read(listing, dn_offset, path)
    return found + _from_files([path for path in loose if not is_junk(path.name)], dn_offset)


def _read(listing: Listing, dn_offset: float | None, given: Path) -> list[Imagery]:
    for reader in READERS.values():
        imagery = reader(listing, dn_offset)
        if imagery:
            return imagery
    if given.is_file() and listing.kind == "folder":
        raise UnreadableFileError(
            f"{given} is no raster, and its folder holds no Sentinel-2 product; give the product's"
            " folder, its zip, or band files."
        )
    archives = [name for name in listing.names if name.lower().endswith(ARCHIVES)]
    if listing.kind == "folder" and archives:
        products = [listing.path / name for name in archives]
        return [image for p in products for image in _read(listing_of(p), dn_offset, p)]
    raise nothing_found(listing)


def _from_files(paths: Sequence[Path], dn_offset: float | None) -> list[Imagery]:
    """Read rasters named one by one: bands together, then the others."""
    if not paths:
        return []
    whole = files_listing(paths)
    banded = {name for name in whole.sizes if band_files.belongs(whole, name)}
    parts = [[p for p in paths if (p.as_posix() in banded) is kind] for kind in (True, False)]
    if not any(band_files.tells_band(whole, name) for name in banded):
        parts = [list(paths)]
    listings = [files_listing(part) for part in parts if part]
    return [image for part in listings for image in _read(part, dn_offset, part.path)]


def nothing_found(listing: Listing) -> NoImageryError:
    """The error for files in which no reader found imagery."""
    nested = [name for name in listing.names if name.lower().endswith(ARCHIVES)]
    if listing.kind == "archive" and nested:
        return NoImageryError(
            f"The archive {listing.where} holds another archive ({nested[0]}); unpack the outer"
            " one, and give what is inside."
        )
    if listing.names and all(name.lower().endswith(_METADATA) for name in listing.names):
        return NoImageryError(
            f"{listing.where} holds only metadata ({PurePosixPath(listing.names[0]).name}), no"
            " images; download the bands, too, or the whole product."
        )
    return NoImageryError(
        f"{listing.where} holds no Sentinel-2 product and no raster whose name tells a band (such"
        " as B02.tif or T51TVF_20200101_B02_10m.jp2), and no multi-band raster with band"
        " descriptions; name the bands' files so, or give the product's own folder or zip."
    )
