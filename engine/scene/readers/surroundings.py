"""What stands around band files: metadata, STAC items, folders.

Band files say little about themselves. This looks in their folder or archive and in the folders
above it for what tells level, day, baseline and offset.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.errors import ProductError, UnreadableFileError
from engine.grid import Grid
from engine.scene.archive import file_bytes
from engine.scene.imagery import Level
from engine.scene.readers.listing import Listing, files_listing
from engine.scene.readers.metadata import (
    METADATA,
    ProductMetadata,
    product_metadata,
    tile_grids,
)
from engine.scene.readers.names import ProductName, day_in, product_name
from engine.scene.readers.offsets import Stated
from engine.scene.readers.stac_item import item_baseline, item_offset, properties

_HIGHEST = 5
"""Folders above the files that are searched: below a SAFE, R10m is four deep."""

_MOST_JSON = 20
_TILE_METADATA = ("MTD_TL.xml",)
_CATALOGUE = ("productInfo.json", "tileInfo.json")


@dataclass(frozen=True)
class Surroundings:
    """What is known about band files beside their pixels.

    Attributes:
        name: The product's name, in a file's or folder's name or in a catalogue's file.
        metadata: The product's metadata.
        item: Properties of a STAC item, and its assets' ``raster:bands``.
        grids: The tile's grids, by its metadata.
        title: Text in which the day is looked for where no name tells it.
    """

    name: ProductName | None
    metadata: ProductMetadata | None
    item: Mapping[str, Any] | None
    grids: Sequence[Grid]
    title: str

    @property
    def level(self) -> Level:
        """Processing level, as far as it is known."""
        if self.metadata is not None:
            return self.metadata.level
        kind = str(properties(self.item).get("s2:product_type", ""))
        if kind in ("S2MSI1C", "S2MSI2A"):
            return "L1C" if kind == "S2MSI1C" else "L2A"
        return self.name.level if self.name is not None else "unknown"

    @property
    def date(self) -> str:
        """Day of acquisition as ``YYYY-MM-DD``, or empty."""
        told = [
            self.metadata.date if self.metadata is not None else "",
            str(properties(self.item).get("datetime") or "")[:10],
            self.name.date if self.name is not None else "",
        ]
        return next((day for day in told if day), "") or day_in(self.title)

    @property
    def baseline(self) -> str:
        """Processing baseline such as ``05.09``, or empty."""
        if self.metadata is not None:
            return self.metadata.baseline
        if stated := item_baseline(self.item):
            return stated
        number = self.name.baseline if self.name is not None else None
        return f"{number // 100:02d}.{number % 100:02d}" if number is not None else ""

    def stated(self, option: float | None) -> Stated:
        """What the rule for offsets needs to know."""
        return Stated(option, self.metadata, item_offset(self.item), self.name)


def surroundings_of(listing: Listing, names: Sequence[str]) -> Surroundings:
    """Find what is known about band files beside their pixels.

    Args:
        listing: The folder, archive or files.
        names: The band files that belong together, one at least.

    Raises:
        UnreadableFileError, ProductError: Metadata are there, but damaged.
    """
    inner = [] if listing.kind == "files" else list(PurePosixPath(names[0]).parts[-2::-1])
    texts = [PurePosixPath(names[0]).name, *inner, *listing.surroundings]
    texts += _catalogue_names(listing, names)
    named = [found for text in texts if (found := product_name(text)) is not None]
    # A name with a baseline tells more than one without, such as that of an Earth Search item.
    best = next((n for n in named if n.baseline is not None), named[0] if named else None)
    return Surroundings(
        best,
        _metadata(listing, names),
        _stac_item(listing, names),
        _tile_grids(listing, names),
        " ".join(texts[:3]),
    )


def _beside(listing: Listing, names: Sequence[str]) -> list[str]:
    """The files of a listing in the band files' folder, or above."""
    folders = {"/".join(PurePosixPath(name).parts[:-1]) for name in names[:1]}
    base = next(iter(folders), "")
    above = {base, *("/".join(base.split("/")[:n]) for n in range(base.count("/") + 1)), ""}
    return [n for n in listing.names if "/".join(PurePosixPath(n).parts[:-1]) in above]


def _above(listing: Listing) -> list[Path]:
    """Folders on disk in which the files' product may have left its metadata."""
    start = listing.path.resolve()
    if listing.kind == "folder":
        return [start, *start.parents[:_HIGHEST]]
    return list(start.parents[:_HIGHEST])


def _metadata(listing: Listing, names: Sequence[str]) -> ProductMetadata | None:
    if listing.kind == "archive":
        found = next((name for name in _beside(listing, names) if METADATA.search(name)), None)
        return product_metadata(listing.read(found), listing.where) if found else None
    for folder in _above(listing):
        file = _first_file(folder, lambda name: bool(METADATA.search(name)))
        if file is not None:
            return product_metadata(file_bytes(file), str(folder))
        if folder.suffix.upper() == ".SAFE":
            break
    return None


def _tile_grids(listing: Listing, names: Sequence[str]) -> list[Grid]:
    if listing.kind == "archive":
        found = next((n for n in _beside(listing, names) if n.endswith(_TILE_METADATA)), None)
        return tile_grids(listing.read(found), f"{listing.where} ({found})") if found else []
    for folder in _above(listing)[:4]:
        file = _first_file(folder, lambda name: name in _TILE_METADATA)
        if file is not None:
            return tile_grids(file_bytes(file), str(file))
    return []


def _first_file(folder: Path, wanted: Any) -> Path | None:
    try:
        files = sorted(file for file in folder.iterdir() if wanted(file.name))
    except OSError:  # a folder above that may not be listed is no fault of the input
        return None
    return next((file for file in files if file.is_file()), None)


def _stac_item(listing: Listing, names: Sequence[str]) -> Mapping[str, Any] | None:
    """The STAC item beside band files; None if none, or several."""
    records = [_json(data) for data in _json_files(listing, names)]
    items = [r for r in records if r.get("type") == "Feature" and "stac_version" in r]
    return items[0] if len(items) == 1 else None


def _catalogue_names(listing: Listing, names: Sequence[str]) -> list[str]:
    """Product names in Sinergise's ``productInfo.json`` and the like.

    Also ``tileInfo.json``.
    """
    records = [_json(data) for data in _json_files(listing, names, _CATALOGUE)]
    return [str(record.get("name") or record.get("productName") or "") for record in records]


def _json_files(
    listing: Listing, names: Sequence[str], wanted: Sequence[str] = ()
) -> Iterator[bytes]:
    """Content of the JSON files beside band files, of a few at most."""
    if listing.kind == "files":
        folder = Path(names[0]).parent if names else listing.path.parent
        beside = sorted(folder.glob("*.json"))
        listing, files = (
            files_listing(beside) if beside else listing,
            [p.as_posix() for p in beside],
        )
    else:
        files = [name for name in _beside(listing, names) if name.lower().endswith(".json")]
    chosen = [n for n in files if not wanted or PurePosixPath(n).name in wanted]
    for name in chosen[:_MOST_JSON]:
        try:
            yield listing.read(name)
        except (UnreadableFileError, ProductError):
            continue  # some other JSON file, which is none of ours


def _json(data: bytes) -> dict[str, Any]:
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
