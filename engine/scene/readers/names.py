"""What names of Sentinel-2 files tell: product, day, tile, band.

Sources: Sentinel-2 Products Specification Document (compact and old naming), the item identifiers
of Earth Search and Planetary Computer, MAJA's product names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from engine.bands import (
    OPTICAL,
    channel_name,
    is_narrow_infrared,
    other_quantity,
    other_sensor,
)
from engine.scene.imagery import Level

OWN_BASELINE = 9999
"""Baseline of products of a user's own Sen2Cor (``N9999``), which tells nothing."""

_COMPACT = re.compile(
    r"(S2[A-D])_MSI(L1C|L2A)_(\d{8})T\d{6}(?:_N(\d{4}))?(?:_R\d{3})?(?:_T?(\d\d[A-Z]{3}))?"
)
_EARTH_SEARCH = re.compile(r"(S2[A-D])_T?(\d\d[A-Z]{3})_(\d{8})(?:T\d{6})?(?:_\d+)?_(L1C|L2A)")
_MAJA = re.compile(r"(SENTINEL2[A-D])_(\d{8})-\d{6}-\d{3}_(L2A)_T(\d\d[A-Z]{3})")
_OLD = re.compile(r"(S2[A-D])_(?:OPER|USER)_(?:PRD|MSI|MTD)_\w*?(L1C|L2A)\w*")
_OLD_BASELINE = re.compile(r"_N(\d\d)\.(\d\d)(?![0-9])")
_SENSED = re.compile(r"(?:^|_)V?(20\d{6})T\d{6}")
_DAY = re.compile(r"(?:^|[^0-9])(20\d\d)-?([01]\d)-?([0-3]\d)(?=[^0-9]|$)")
_TILE = re.compile(r"(?:^|_)T(\d\d[A-Z]{3})(?=_|$)")
_RESOLUTION = re.compile(r"[_-]?(10|20|60)m$", re.IGNORECASE)
_PART = re.compile(r"-\d{10}-\d{10}$")


@dataclass(frozen=True)
class ProductName:
    """What a product's name tells.

    Attributes:
        text: The part of the name that was recognised.
        level: Processing level.
        date: Day of acquisition as ``YYYY-MM-DD``, or empty.
        baseline: Processing baseline times 100 (``N0509`` is 509), None where the name has none.
        tile: MGRS tile such as ``51TVF``, or empty.
    """

    text: str
    level: Level
    date: str
    baseline: int | None
    tile: str


def product_name(text: str) -> ProductName | None:
    """Recognise a product's name in a file's or folder's; else None."""
    if found := _COMPACT.search(text):
        baseline = int(found[4]) if found[4] else None
        return ProductName(found[0], _level(found[2]), _iso(found[3]), baseline, found[5] or "")
    if found := _EARTH_SEARCH.search(text):
        return ProductName(found[0], _level(found[4]), _iso(found[3]), None, found[2])
    if found := _MAJA.search(text):
        return ProductName(found[0], "L2A", _iso(found[2]), None, found[4])
    if found := _OLD.search(text):
        baseline_found = _OLD_BASELINE.search(text)
        baseline = int("".join(baseline_found.groups())) if baseline_found else None
        return ProductName(found[0], _level(found[2]), "", baseline, tile_in(text))
    return None


def day_in(text: str) -> str:
    """The day that a name tells, as ``YYYY-MM-DD``, or empty."""
    sensed = _SENSED.search(text)
    if sensed:
        return _iso(sensed[1])
    day = _DAY.search(text)
    return "-".join(day.groups()) if day else ""


def tile_in(text: str) -> str:
    """The MGRS tile that a name tells, such as ``51TVF``, or empty."""
    found = _TILE.search(text)
    return found[1] if found else ""


def band_stem(name: str) -> str:
    """A file's name without folder, suffix, resolution and part number."""
    return _RESOLUTION.sub("", _PART.sub("", PurePosixPath(name).stem))


def file_channel(name: str) -> str | None:
    """Recognise an optical channel in a file name.

    Only the name's end counts, as product names may contain more.

    Args:
        name: Path with ``/``.
    """
    stem = band_stem(name)
    if _foreign(stem):
        return None
    found = channel_name(_last_word(stem)) or channel_name(stem)
    return found if found in OPTICAL else None


def is_extra_file(name: str) -> bool:
    """Whether a file's name tells B8A."""
    stem = band_stem(name)
    return not _foreign(stem) and is_narrow_infrared(_last_word(stem))


def _foreign(stem: str) -> bool:
    return bool(other_quantity(stem) or other_sensor(stem))


def _last_word(stem: str) -> str:
    return re.split(r"[^A-Za-z0-9]+", stem)[-1]


def _level(text: str) -> Level:
    return "L1C" if text == "L1C" else "L2A"


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}"
