"""Sentinel-2 products in SAFE: folders and zips, L1C and L2A.

Names follow the Sentinel-2 Products Specification Document: compact naming, the naming before
December 2016 (``S2A_OPER_MTD_SAFL1C_….xml``, several granules a product), and Level-2A of Sen2Cor
before March 2018 (``L2A_`` in front of file names). Images are JPEG 2000, or GeoTIFF as in
Planetary Computer's layout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.bands import BY_NAME, OPTICAL
from engine.errors import ProductError
from engine.grid import Grid
from engine.scene.imagery import BandSource, Imagery, MaskSource
from engine.scene.readers.listing import Listing, listing_of
from engine.scene.readers.metadata import (
    BAND_IDS,
    METADATA,
    ProductMetadata,
    product_metadata,
    tile_grids,
)
from engine.scene.readers.offsets import Stated, offset_notes
from engine.scene.readers.sources import Bands, raster_mask

PRODUCT = "Sentinel-2 SAFE"

_TILE_METADATA = re.compile(
    r"GRANULE/[^/]+/(?:MTD_TL|S2[A-D]_(?:OPER|USER)_MTD_L(?:1C|2A)_[^/]*)\.xml$"
)
_GRANULE = re.compile(r"GRANULE/([^/]+)/IMG_DATA/")
_BAND_FILE = re.compile(r"_(B\d[0-9A])(?:_(10|20|60)m)?\.(?:jp2|tiff?)$", re.IGNORECASE)
_SCL = re.compile(r"_SCL(?:_L2A_[^/]*)?_(20|60)m\.(?:jp2|tiff?)$", re.IGNORECASE)
_CLASSI = re.compile(r"MSK_CLASSI_B00\.(?:jp2|tiff?)$", re.IGNORECASE)
_CLOUDS = re.compile(r"MSK_CLOUDS_\w*B00\w*\.gml$", re.IGNORECASE)
_BAND_ID_RESOLUTION_M = {"B8A": 20.0}
_NODATA = 0.0


def read(listing: Listing, dn_offset: float | None) -> list[Imagery] | None:
    """Read SAFE products, None if there is none.

    See :class:`engine.scene.readers.Reader`.
    """
    if listing.kind == "folder" and (chosen := _chosen_part(listing.path.resolve())):
        root, granule = chosen
        try:
            return [_product(listing_of(root), granule, dn_offset)]
        except ProductError:
            if listing.path.resolve().name != "IMG_DATA":
                raise
            return None  # some of its bands were chosen to be there: band files
    roots = product_roots(listing)
    if not roots:
        inside = listing.kind != "files" and any(".SAFE/" in name for name in listing.names)
        if inside or listing.path.suffix.upper() == ".SAFE":
            raise ProductError(
                f"The product {listing.where} misses its metadata (MTD_MSIL1C.xml or"
                " MTD_MSIL2A.xml), without which offsets are not known; download it again."
            )
        return None
    return [_product(listing.under(root), "", dn_offset) for root in roots]


def product_roots(listing: Listing) -> list[str]:
    """The folders of a listing that hold a product's metadata.

    With ``/`` at their ends.
    """
    found = {name[: match.start()] for name in listing.names if (match := METADATA.search(name))}
    return sorted(f"{root}/" if root else "" for root in found)


def _chosen_part(place: Path) -> tuple[Path, str] | None:
    """The product and granule whose inner folder was chosen, or None.

    ``GRANULE``, a folder in it, and its ``IMG_DATA`` are such parts.
    """
    granule = place.parent if place.name == "IMG_DATA" else place
    holder = granule if granule.name == "GRANULE" else granule.parent
    if holder.name != "GRANULE" or not any(map(_is_metadata, holder.parent.glob("*.xml"))):
        return None
    return holder.parent, "" if granule == holder else granule.name


def _is_metadata(file: Path) -> bool:
    return bool(METADATA.search(file.name))


def _product(listing: Listing, chosen: str, dn_offset: float | None) -> Imagery:
    file = next(name for name in listing.names if METADATA.search(name))
    metadata = product_metadata(listing.read(file), listing.where)
    granule = _granule(listing, chosen)
    names = [name for name in listing.names if f"GRANULE/{granule}/" in name]
    grids = _grids(listing, names)
    if metadata.offset_missing and dn_offset is None:
        tag = "BOA_ADD_OFFSET" if metadata.level == "L2A" else "RADIO_ADD_OFFSET"
        raise ProductError(
            f"The metadata of {listing.where} (processing baseline {metadata.baseline}) have no"
            f" {tag}, which every product since 04.00 has; download it again, or state the offset"
            " with --dn-offset."
        )
    bands = _bands(listing, names, metadata, grids, dn_offset)
    channels = tuple(s for s in bands.sources if s.channel in OPTICAL)
    return Imagery(
        granule if chosen else listing.title,
        metadata.level,
        metadata.date,
        channels,
        _mask(listing, names, metadata, channels, grids),
        offset_notes(bands.sources, bands.offset),
        tuple(s for s in bands.sources if s.channel not in OPTICAL),
        PRODUCT,
        metadata.baseline,
        bands.offset,
    )


def _granule(listing: Listing, chosen: str) -> str:
    granules = sorted({m[1] for name in listing.names if (m := _GRANULE.search(name))})
    if chosen:
        return chosen
    if len(granules) == 1:
        return granules[0]
    if granules:
        raise ProductError(
            f"The product {listing.where} holds {len(granules)} granules"
            f" ({', '.join(granules[:3])}), but one is needed; give the folder of one granule"
            f" ({Path('GRANULE') / granules[0]})."
        )
    raise ProductError(
        f"The product {listing.where} holds 0 granules with images, only metadata; download the"
        " whole product."
    )


def _grids(listing: Listing, names: Sequence[str]) -> list[Grid]:
    """The tile's grids as metadata state them.

    Old JPEG 2000 files have none of their own.
    """
    found = next((name for name in names if _TILE_METADATA.search(name)), None)
    return tile_grids(listing.read(found), f"{listing.where} ({found})") if found else []


def _bands(
    listing: Listing,
    names: Sequence[str],
    metadata: ProductMetadata,
    grids: Sequence[Grid],
    dn_offset: float | None,
) -> Bands:
    files: dict[str, list[tuple[float, str]]] = {}
    for name in names:
        found = _BAND_FILE.search(name)
        if found and "/IMG_DATA/" in name and found[1].upper() in BAND_IDS:
            band = found[1].upper()
            native = BY_NAME[band].resolution_m if band in BY_NAME else _BAND_ID_RESOLUTION_M[band]
            # Level-2A holds a band at several resolutions: the one at which it was taken is the
            # truest.
            files.setdefault(band, []).append((abs(float(found[2] or native) - native), name))
    level2 = metadata.level == "L2A"
    wanted = [b for b in BAND_IDS if b != "B8A" and not (level2 and b == "B10")]
    missing = [band for band in wanted if band not in files]
    if level2 and missing == ["B08"] and "B8A" in files:
        raise ProductError(
            f"The product {listing.where} was made at 60 m or 20 m only, without B08; make it anew"
            " with Sen2Cor at 10 m."
        )
    if missing:
        raise ProductError(
            f"The product {listing.where} misses {', '.join(missing)}; its download is incomplete:"
            " download it again."
        )
    bands = Bands(listing, Stated(dn_offset, metadata), grids, _NODATA)
    for band in (b for b in BAND_IDS if b in files and not (level2 and b == "B10")):
        bands.add(min(files[band])[1], band)
    _check_extent(bands.sources, listing.where)
    return bands


def _check_extent(sources: Sequence[BandSource], where: str) -> None:
    """Every band must cover exactly the ground of B02."""
    reference = next(source for source in sources if source.channel == "B02")
    for source in sources:
        same = np.allclose(source.grid.bounds, reference.grid.bounds, rtol=0, atol=1.0)
        if source.grid.crs != reference.grid.crs or not same:
            raise ProductError(
                f"Band {source.channel} of {where} has the wrong size ({source.grid.describe()})"
                f" beside B02 ({reference.grid.describe()}); download the product again."
            )


def _mask(
    listing: Listing,
    names: Sequence[str],
    metadata: ProductMetadata,
    sources: Sequence[BandSource],
    grids: Sequence[Grid],
) -> MaskSource | None:
    def first(pattern: re.Pattern[str]) -> str | None:
        found = [(match[0], name) for name in names if (match := pattern.search(name))]
        return min(found)[1] if found else None  # 20 m before 60 m

    scl, classes, polygons = first(_SCL), first(_CLASSI), first(_CLOUDS)
    if metadata.level == "L2A" and scl is not None:
        return raster_mask(listing, "SCL", scl, grids=grids)
    if classes is not None:
        return raster_mask(listing, "CLASSI", classes, grids=grids)
    if polygons is None:
        return None
    reference = next(source.grid for source in sources if source.channel == "B02")
    return MaskSource("CLOUDS_GML", listing.gdal(polygons), reference)
