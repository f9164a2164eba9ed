"""Sentinel-2 products as downloaded: SAFE folders, and their zip archives read in place.

Level-1C and Level-2A, old and compact naming, processing baselines before and after 04.00. Sources:
Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD, issue 14.9) for names, band
identifiers and masks.

Metadata are searched by pattern for the few values that are needed: the files come from outside,
and so no XML parser needs to be trusted with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.bands import BY_NAME, OPTICAL, REFLECTANCE_DN
from engine.errors import ProductError, UnreadableFileError
from engine.raster import grid_of, open_raster
from engine.scene.archive import zip_members, zip_text
from engine.scene.imagery import (
    RASTERS,
    BandSource,
    Imagery,
    Level,
    MaskSource,
    band_folder,
    band_source,
)

BAND_IDS = (
    "B01",
    "B02",
    "B03",
    "B04",
    "B05",
    "B06",
    "B07",
    "B08",
    "B8A",
    "B09",
    "B10",
    "B11",
    "B12",
)
"""Bands in the order of ``band_id`` in the metadata."""

OFFSETS_SINCE = 4.0
_METADATA = re.compile(r"(?:^|/)(?:MTD_MSI(L1C|L2A)\.xml|S2[A-D]_\w+_MTD_SAF(L1C|L2A)_\w+\.xml)$")
_BAND_FILE = re.compile(r"_(B\d[0-9A])(?:_(10|20|60)m)?\.(?:jp2|tif)$", re.IGNORECASE)
_BAND_ID_RESOLUTION_M = {"B8A": 20.0}


@dataclass(frozen=True)
class Listing:
    """The files of a product, in a folder or an archive.

    Attributes:
        path: Folder or archive.
        names: Relative names of all files, with ``/``.
        prefix: What makes a GDAL path of a name.
        text: Reads a small text file.
    """

    path: Path
    names: tuple[str, ...]
    prefix: str
    text: Callable[[str], str]

    def under(self, root: str) -> Listing:
        """The part of the listing below a folder."""
        inside = tuple(name for name in self.names if name.startswith(root))
        return replace(self, names=inside)


def open_safe(path: Path, dn_offset: float | None) -> list[Imagery] | None:
    """Open a SAFE folder, its metadata file, or a folder of SAFE folders; None if the path is
    nothing of that.
    """
    if path.is_file() and _METADATA.search(path.name):
        path = path.parent
    if not path.is_dir():
        return None
    if (
        any(_METADATA.search(child.name) for child in path.iterdir())
        or path.suffix.upper() == ".SAFE"
    ):
        return [_open_product(_folder_listing(path), dn_offset)]
    products = sorted(p for p in path.iterdir() if p.is_dir() and p.suffix.upper() == ".SAFE")
    return [_open_product(_folder_listing(p), dn_offset) for p in products] or None


def open_zip(path: Path, dn_offset: float | None) -> list[Imagery] | None:
    """Open a zip archive with a SAFE product or with band files; None if the path is no zip."""
    if path.suffix.lower() != ".zip":
        return None
    prefix = f"/vsizip/{path.resolve().as_posix()}/"
    listing = Listing(path, tuple(zip_members(path)), prefix, lambda name: zip_text(path, name))
    roots = sorted(
        {name[: found.start()] for name in listing.names if (found := _METADATA.search(name))}
    )
    if roots:
        return [_open_product(listing.under(root), dn_offset) for root in roots]
    if any(".SAFE/" in name for name in listing.names):
        raise ProductError(_no_metadata(path))
    rasters = [prefix + name for name in listing.names if name.lower().endswith(RASTERS)]
    return [band_folder(rasters, path, dn_offset)]


def _folder_listing(path: Path) -> Listing:
    names = sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())

    def text(name: str) -> str:
        try:
            return (path / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFileError(
                f"{path / name} cannot be read ({error}); download the product again."
            ) from error

    return Listing(path, tuple(names), path.as_posix() + "/", text)


def _no_metadata(path: Path) -> str:
    return (
        f"The product {path} misses its metadata (MTD_MSIL1C.xml or MTD_MSIL2A.xml), without which"
        " offsets are not known; download it again."
    )


def _open_product(listing: Listing, dn_offset: float | None) -> Imagery:
    metadata = next((name for name in listing.names if _METADATA.search(name)), None)
    if metadata is None:
        raise ProductError(_no_metadata(listing.path))
    found = _METADATA.search(metadata)
    level: Level = "L2A" if found is not None and "L2A" in found.groups() else "L1C"
    granules = sorted(
        {m[1] for name in listing.names if (m := re.search(r"GRANULE/([^/]+)/IMG_DATA/", name))}
    )
    if len(granules) != 1:
        raise ProductError(
            f"The product {listing.path} holds {len(granules)} granules"
            f" ({', '.join(granules[:3])}), but one is needed; "
            + (
                "keep one granule folder and give the others as products of their own."
                if granules
                else "download it again."
            )
        )
    text = listing.text(metadata)
    scale, offsets, baseline = radiometry(text, level, str(listing.path), dn_offset)
    names = [name for name in listing.names if f"GRANULE/{granules[0]}/" in name]
    sources = _bands(
        listing,
        names,
        level,
        scale,
        {b: o if dn_offset is None else dn_offset for b, o in offsets.items()},
    )
    applied = sorted({source.offset for source in sources})
    how = "as asked for" if dn_offset is not None else f"processing baseline {baseline}"
    notes = tuple(f"{value:+g} added to the DN ({how})" for value in applied if value)
    date = re.search(r"<(?:PRODUCT_START_TIME|DATATAKE_SENSING_START)>(\d{4}-\d\d-\d\d)T", text)
    channels = tuple(s for s in sources if s.channel in OPTICAL)
    return Imagery(
        listing.path.name,
        level,
        date[1] if date else "",
        channels,
        _mask(listing, names, level, channels),
        notes,
        tuple(s for s in sources if s.channel not in OPTICAL),
    )


def radiometry(
    metadata: str, level: Level, where: str, dn_offset: float | None = None
) -> tuple[float, dict[str, float], str]:
    """Read how stored values become DN from a product's metadata.

    Args:
        metadata: Content of ``MTD_MSIL1C.xml`` or ``MTD_MSIL2A.xml``.
        level: L1C or L2A.
        where: The product, for messages.
        dn_offset: Offset in DN that the user states; it replaces those of the metadata.

    Returns:
        Factor to DN, the offset in DN for each band, and the processing baseline.

    Raises:
        ProductError: A value is missing.
    """
    word = "BOA_QUANTIFICATION_VALUE" if level == "L2A" else "QUANTIFICATION_VALUE"
    quantification = re.search(rf"<{word}[^>]*>\s*([\d.]+)\s*<", metadata)
    baseline = re.search(r"<PROCESSING_BASELINE>\s*(\d+\.\d+)\s*<", metadata)
    if quantification is None or baseline is None or not float(quantification[1]):
        missing = word if quantification is None else "PROCESSING_BASELINE"
        raise ProductError(
            f"The metadata of {where} have no usable {missing}; download the product again."
        )
    scale = REFLECTANCE_DN / float(quantification[1])
    tag = "BOA_ADD_OFFSET" if level == "L2A" else "RADIO_ADD_OFFSET"
    stated = {
        int(i): float(v)
        for i, v in re.findall(rf'<{tag} band_id="(\d+)">\s*(-?[\d.]+)\s*<', metadata)
    }
    if float(baseline[1]) >= OFFSETS_SINCE and not stated and dn_offset is None:
        raise ProductError(
            f"The metadata of {where} (processing baseline {baseline[1]}) have no {tag}, which"
            " every product since 04.00 has; download it again, or state the offset with"
            " --dn-offset."
        )
    offsets = {
        name: stated.get(index, 0.0) * scale if dn_offset is None else dn_offset
        for index, name in enumerate(BAND_IDS)
    }
    return scale, offsets, baseline[1]


def _bands(
    listing: Listing, names: Sequence[str], level: Level, scale: float, offsets: dict[str, float]
) -> list[BandSource]:
    files: dict[str, list[tuple[float, str]]] = {}
    for name in names:
        found = _BAND_FILE.search(name)
        if found and "/IMG_DATA/" in name and found[1].upper() in BAND_IDS:
            band = found[1].upper()
            native = BY_NAME[band].resolution_m if band in BY_NAME else _BAND_ID_RESOLUTION_M[band]
            # Level-2A holds a band at several resolutions: the one at which it was taken is the
            # truest.
            files.setdefault(band, []).append((abs(float(found[2] or native) - native), name))
    wanted = [band for band in BAND_IDS if band != "B8A" and not (level == "L2A" and band == "B10")]
    missing = [band for band in wanted if band not in files]
    if missing:
        raise ProductError(
            f"The product {listing.path} misses {', '.join(missing)}; its download is incomplete:"
            " download it again."
        )
    sources = []
    for band in (b for b in BAND_IDS if b in files):
        path = listing.prefix + min(files[band])[1]
        with open_raster(path if path.startswith("/vsi") else Path(path)) as dataset:
            source = band_source(dataset, path, band, 1, grid_of(dataset, path))
        sources.append(replace(source, nodata=0.0, scale=scale, offset=offsets[band]))
    _check_extent(sources, str(listing.path))
    return sources


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
    listing: Listing, names: Sequence[str], level: Level, sources: Sequence[BandSource]
) -> MaskSource | None:
    def first(pattern: str) -> str | None:
        return next((listing.prefix + name for name in names if re.search(pattern, name)), None)

    scl = first(r"_SCL_20m\.jp2$") or first(r"_SCL_60m\.jp2$")
    classes = first(r"MSK_CLASSI_B00\.jp2$")
    polygons = first(r"MSK_CLOUDS_\w*B00\w*\.gml$")
    reference = next(source.grid for source in sources if source.channel == "B02")
    if level == "L2A" and scl is not None:
        return _raster_mask("SCL", scl)
    if classes is not None:
        return _raster_mask("CLASSI", classes)
    return None if polygons is None else MaskSource("CLOUDS_GML", polygons, reference)


def _raster_mask(kind: str, path: str) -> MaskSource:
    with open_raster(path if path.startswith("/vsi") else Path(path)) as dataset:
        return MaskSource("SCL" if kind == "SCL" else "CLASSI", path, grid_of(dataset, path))
