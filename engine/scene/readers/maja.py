"""Level-2A of MAJA, as Theia and CNES deliver it.

``SENTINEL2A_…_L2A_T31TCJ_C_V2-2``.

Surface reflectance x 10000 as int16, -10000 where there is no data, no offset. ``SRE`` is corrected
for the atmosphere, ``FRE`` for the slope of the ground, too: SRE is taken where both are there, as
models are trained on imagery that is not corrected for slopes. B01, B09 and B10 are not delivered.
Source: CNES, Sentinel-2 output format of MAJA; majamask for the meaning of the masks' bits.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from engine.bands import OPTICAL
from engine.scene.imagery import Imagery, MaskSource, Offset
from engine.scene.readers.band_files import in_words, raster_names
from engine.scene.readers.listing import Listing
from engine.scene.readers.metadata import BAND_IDS
from engine.scene.readers.names import product_name
from engine.scene.readers.offsets import Stated, offset_notes
from engine.scene.readers.sources import Bands, finest, raster_mask

PRODUCT = "MAJA Level-2A"
NODATA = -10000.0

_FILE = re.compile(r"(SENTINEL2[A-D]_[0-9-]+_L2A_T\w{5}_\w_V[\d-]+)_(\w+?)\.tiff?$", re.IGNORECASE)
_BAND = re.compile(r"(SRE|FRE)_B(\d{1,2}A?)$")


def read(listing: Listing, dn_offset: float | None) -> list[Imagery] | None:
    """Read MAJA products, None if there is none.

    See :class:`engine.scene.readers.Reader`.
    """
    products: dict[str, dict[str, str]] = {}
    for name in raster_names(listing):
        found = _FILE.search(name)
        if found:
            products.setdefault(found[1], {})[found[2].upper()] = name
    with_bands = {
        title: parts for title, parts in sorted(products.items()) if any(map(_optical, parts))
    }
    return [_product(listing, *item, dn_offset) for item in with_bands.items()] or None


def _optical(part: str) -> bool:
    """Whether a file is a band that is a channel; B8A alone makes no image."""
    found = _BAND.match(part)
    return found is not None and found[2].isdigit() and f"B{found[2].zfill(2)}" in OPTICAL


def _product(
    listing: Listing, title: str, parts: dict[str, str], dn_offset: float | None
) -> Imagery:
    kind = max(part[:3] for part in parts if _optical(part))  # SRE before FRE
    bands = Bands(listing, Stated(0.0 if dn_offset is None else dn_offset), nodata=NODATA)
    for part, name in parts.items():
        found = _BAND.match(part)
        if found and found[1] == kind:
            number = found[2]
            band = number if number == "8A" else number.zfill(2)
            if f"B{band}" in BAND_IDS:
                bands.add(name, f"B{band}")
    offset = (
        Offset("metadata", "MAJA's reflectance carries none", checked=False)
        if dn_offset is None
        else bands.offset
    )
    main = finest([s for s in bands.sources if s.channel in OPTICAL], listing.where)
    told = product_name(title)
    mask = _mask(listing, parts)
    used = {kind, *(("CLM", "MG2") if mask else ())}
    return Imagery(
        title,
        "L2A",
        told.date if told else "",
        main,
        mask,
        (*offset_notes(main, offset), f"{kind} reflectance of MAJA"),
        tuple(s for s in bands.sources if s.channel not in OPTICAL),
        PRODUCT,
        "",
        offset,
        in_words(
            [
                (PurePosixPath(name).name, _what(part))
                for part, name in sorted(parts.items())
                if part.split("_")[0] not in used
            ]
        ),
    )


def _mask(listing: Listing, parts: dict[str, str]) -> MaskSource | None:
    """Clouds and the geophysical mask at the finest resolution.

    ``CLM`` and ``MG2``.
    """
    for part in ("CLM_R1", "CLM_R2", "CLM"):
        if part in parts:
            mask = raster_mask(listing, "MAJA", parts[part])
            second = parts.get(part.replace("CLM", "MG2"), "")
            return replace(mask, second=listing.gdal(second)) if second else mask
    return None


def _what(part: str) -> str:
    kind = part.split("_")[0]
    named = {
        "ATB": "atmospheric variables",
        "EDG": "edge mask",
        "FRE": "reflectance corrected for slopes",
        "QKL": "preview",
        "SAT": "saturated pixels",
        "SRE": "reflectance not corrected for slopes",
    }
    return named.get(kind, "mask that is not used")
