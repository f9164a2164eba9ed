"""Where the offset of the DN comes from: one rule for all products.

Since processing baseline 04.00 stored DN are 1000 too high, but catalogues, exports and tools may
have removed that. The first of these that says something counts, and nothing is added to it:

1. ``--dn-offset``;
2. the product's metadata (``MTD_MSIL1C.xml``, ``MTD_MSIL2A.xml``, a STAC item), looked up in the
   folders above, too, for files that store plain DN;
3. an offset in the tags of the band file itself, as STAC collections store it; a scale alone says
   nothing about the offset, and neither does GDAL's default of 0;
4. the processing baseline in a product's name (``…_N0400_…``), of the file or a folder above;
5. otherwise nothing is added, and the darkest pixels show whether that can be right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.bands import REFLECTANCE_DN
from engine.errors import ProductError
from engine.events import Reporter
from engine.raster import open_raster
from engine.scene.imagery import BandSource, Imagery, Offset
from engine.scene.layers import NODATA, dn_encoder
from engine.scene.readers.metadata import ProductMetadata
from engine.scene.readers.names import OWN_BASELINE, ProductName

OFFSET_DN = -1000.0
"""What is added to the DN of products since baseline 04.00."""

OFFSET_SINCE_BASELINE = 400
_REFLECTANCE_SCALE = 0.01
_LARGEST_OFFSET_DN = 5000.0
_DARK_SHARE = 0.5  # per cent of the pixels: shadow, water
_STILL_IN_DN = 900.0
_TOO_DARK_DN = 200.0
_REMOVED_TWICE_DN = -400.0
_SAMPLE_PX = 512
_SAMPLED = ("B12", "B11", "B04", "B03", "B02", "B08")
_MOST_SAMPLED = 3


@dataclass(frozen=True)
class Stated:
    """What is known about the offset beside the band files.

    Attributes:
        option: ``--dn-offset``.
        metadata: The product's metadata.
        item: Offset in DN that a STAC item states, with what it says.
        name: The product's name, of a file or a folder above.
    """

    option: float | None = None
    metadata: ProductMetadata | None = None
    item: tuple[float, str] | None = None
    name: ProductName | None = None


def with_offset(source: BandSource, stated: Stated) -> tuple[BandSource, Offset]:
    """Decide how a band's stored values become DN.

    Args:
        source: The band, with scale and offset as its own tags say, in DN.
        stated: What is known beside it.

    Returns:
        The band with its offset, and where that comes from.

    Raises:
        ProductError: What is stated makes no sense.
    """
    decided, where = _decided(source, stated)
    if not abs(decided.offset) <= _LARGEST_OFFSET_DN:
        raise ProductError(
            f"{source.path}: {decided.offset:+g} would be added to the DN of {source.channel}"
            f" ({where.detail}), but Sentinel-2's offset is -1000 or 0; state the right one with"
            " --dn-offset."
        )
    return decided, where


def _decided(source: BandSource, stated: Stated) -> tuple[BandSource, Offset]:
    """The first source of an offset that says something."""
    plain = (source.scale, source.offset) == (1.0, 0.0)
    if stated.option is not None:
        return replace(source, offset=stated.option), Offset("option", "as asked for", False)
    if plain and stated.metadata is not None:
        return _by_metadata(source, stated.metadata)
    if plain and stated.item is not None:
        offset, detail = stated.item
        return replace(source, offset=offset), Offset("metadata", detail)
    if source.dtype.startswith("float") and (source.scale, source.offset) == (REFLECTANCE_DN, 0.0):
        return source, Offset("none", "reflectance as floating point numbers")
    if not plain:
        _check_tags(source)
        return source, Offset("tags", f"{_tags(source)} in the band files")
    name = stated.name
    if name is not None and name.baseline not in (None, OWN_BASELINE):
        since = name.baseline is not None and name.baseline >= OFFSET_SINCE_BASELINE
        detail = f"processing baseline N{name.baseline:04d} in the name"
        return replace(source, offset=OFFSET_DN if since else 0.0), Offset("name", detail)
    if name is not None and name.baseline == OWN_BASELINE:
        return source, Offset("none", "processing baseline unknown (N9999)")
    return source, Offset()


def _by_metadata(source: BandSource, metadata: ProductMetadata) -> tuple[BandSource, Offset]:
    offset = metadata.offsets.get(source.channel, 0.0)
    detail = f"processing baseline {metadata.baseline}"
    if metadata.offset_unknown:
        where = Offset("none", f"processing baseline unknown ({metadata.baseline})")
    else:
        where = Offset("metadata", detail, checked=offset not in (0.0, OFFSET_DN))
    return replace(source, scale=metadata.scale, offset=offset), where


def tags_in_dn(scale: float, offset: float) -> tuple[float, float]:
    """Turn a file's scale and offset into those that give DN.

    Tags to reflectance (0.0001, -0.1), as in STAC collections, become (1, -1000).
    """
    if 0 < scale < _REFLECTANCE_SCALE:
        return scale * REFLECTANCE_DN, offset * REFLECTANCE_DN
    return scale, offset


def _check_tags(source: BandSource) -> None:
    usable = math.isfinite(source.scale) and math.isfinite(source.offset) and source.scale > 0
    if not usable or abs(source.offset) > _LARGEST_OFFSET_DN:
        raise ProductError(
            f"{source.path} states {_tags(source)} for {source.channel}, which gives no"
            " reflectance; correct its tags, for instance with `gdal_edit.py -scale 0.0001 -offset"
            " -0.1`, or state the offset in DN with --dn-offset."
        )


def _tags(source: BandSource) -> str:
    return (
        f"scale {source.scale / REFLECTANCE_DN:g} and offset {source.offset / REFLECTANCE_DN:g} to"
        " reflectance"
    )


def offset_notes(bands: Sequence[BandSource], offset: Offset) -> tuple[str, ...]:
    """What was done to the values, a sentence each, for log and provenance."""
    offsets = sorted({source.offset for source in bands})
    scales = sorted({source.scale for source in bands if source.scale != 1})
    notes = [f"{value:+g} added to the DN ({offset.detail})" for value in offsets if value]
    if not notes:
        notes = [f"no offset added to the DN ({offset.detail})"]
    return tuple(notes + [f"values multiplied by {value:g} to give DN" for value in scales])


def darkest_dn(image: Imagery) -> float | None:
    """The DN of an image's darkest half per cent, or None.

    Read from overviews.

    Shadow and water are that dark in at least one of its bands.
    """
    span = _span_dn(image)
    return span[0] if span else None


def _span_dn(image: Imagery) -> tuple[float, float] | None:
    """DN of the darkest and brightest half per cent over some bands."""
    chosen = [name for name in _SAMPLED if name in image.channels] or list(image.channels)
    found = []
    for name in chosen[:_MOST_SAMPLED]:
        source = image.source(name)
        with open_raster(source.path) as dataset:
            side = (min(_SAMPLE_PX, dataset.height), min(_SAMPLE_PX, dataset.width))
            values = dn_encoder(source)(dataset.read(source.band, out_shape=side))
        valid = values[values != NODATA]
        if valid.size:
            found += np.percentile(valid, (_DARK_SHARE, 100 - _DARK_SHARE)).tolist()
    return (min(found), max(found)) if found else None


def check_offset(image: Imagery, reporter: Reporter) -> None:
    """Check an offset against the darkest pixels, and warn.

    Args:
        image: Its offset's ``checked`` says whether there is anything to check.
        reporter: Receives the warning.
    """
    if not image.offset.checked:
        return
    span = _span_dn(image)
    if span is None:
        return
    darkest, brightest = span
    if brightest < _TOO_DARK_DN and image.offset.source == "none":
        reporter.warn(
            f"{image.name}: no pixel is brighter than DN {brightest:.0f} (reflectance"
            f" {brightest / REFLECTANCE_DN:.3f}), as where reflectance is stored in per cent or"
            " other units; multiply the bands so that they hold reflectance from 0 to 1, or DN"
            " (reflectance x 10000).",
            "scene-range",
        )
        return
    applied = min(source.offset for source in image.bands)
    if darkest >= _STILL_IN_DN and image.offset.source == "none":
        reporter.warn(
            f"{image.name}: nothing states whether the DN carry the offset of 1000 of processing"
            f" baselines since 04.00 ({image.offset.detail}), and no pixel is darker than"
            f" {darkest:.0f}, as if they did; give --dn-offset -1000 if they do, --dn-offset 0 if"
            " not.",
            "scene-offset-unknown",
        )
    elif darkest >= _STILL_IN_DN and applied > OFFSET_DN:
        reporter.warn(
            f"{image.name}: no pixel is darker than {darkest:.0f}, as if the DN still carried the"
            f" offset of 1000, although {image.offset.detail} says otherwise; give --dn-offset"
            " -1000 if they do.",
            "scene-offset-doubtful",
        )
    elif darkest <= _REMOVED_TWICE_DN:
        reporter.warn(
            f"{image.name}: its darkest pixels have {darkest:.0f} after adding {applied:+g}"
            f" ({image.offset.detail}), as if the offset had been removed before; give --dn-offset"
            " 0 if it was.",
            "scene-offset-doubtful",
        )
