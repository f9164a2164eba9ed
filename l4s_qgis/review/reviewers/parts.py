"""Parts of an inventory, one GeoPackage for each reviewer."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from osgeo import gdal, ogr

from ..outlines.redrawing import copy_inventory
from ..queue import Entry

GRID, QUEUE = "grid", "queue"
TABLE = "part"
"""Table of a part that says which landslides were handed out with it."""


def share_out(entries: Sequence[Entry], count: int, by: str) -> list[list[Entry]]:
    """Divide landslides among reviewers, to a landslide alike.

    Args:
        entries: The landslides, in the order of the queue.
        count: How many reviewers there are.
        by: :data:`GRID` gives everybody a region of the map, :data:`QUEUE` deals them out in turn.

    Returns:
        One list for each reviewer.
    """
    if by == QUEUE:
        return [list(entries[first::count]) for first in range(count)]
    return _regions(list(entries), count)


def _regions(entries: list[Entry], count: int) -> list[list[Entry]]:
    """Cut across the longer side repeatedly, into equal numbers."""
    if count == 1:
        return [entries]
    xs, ys = [entry.x for entry in entries], [entry.y for entry in entries]
    wide = not entries or max(xs) - min(xs) >= max(ys) - min(ys)
    ordered = sorted(entries, key=lambda e: (e.x, e.y, e.fid) if wide else (-e.y, e.x, e.fid))
    half = count // 2
    cut = round(len(ordered) * half / count)
    return [*_regions(ordered[:cut], half), *_regions(ordered[cut:], count - half)]


def write_parts(
    inventory: Path, shares: Sequence[Sequence[Entry]], names: Sequence[str], folder: Path
) -> list[Path]:
    """Write one complete GeoPackage for each reviewer.

    Args:
        inventory: The inventory; it is not changed.
        shares: The landslides of each reviewer.
        names: Their names.
        folder: Where the files go; a file of that name is not replaced.

    Returns:
        The files.

    Raises:
        OSError: One cannot be written, or is there already.
    """
    files = []
    for number, name in enumerate(names, start=1):
        plain = re.sub(r"[^\w-]+", "-", name).strip("-") or str(number)
        path = folder / f"{inventory.stem}_{plain}.gpkg"
        if path.exists():
            raise FileExistsError(str(path))
        files.append(path)
    for path, share, name in zip(files, shares, names):
        if not copy_inventory(inventory, path):
            raise OSError(str(path))
        _keep(path, {entry.fid for entry in share}, name)
    return files


def _keep(path: Path, fids: set[int], name: str) -> None:
    """Remove the landslides of others, and note which were handed out."""
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
    layer = dataset.GetLayerByName("landslides")
    ids, others = [], []
    for feature in layer:
        if feature.GetFID() in fids:
            ids.append(feature.GetField("id"))
        else:
            others.append(feature.GetFID())
    dataset.StartTransaction()
    for fid in others:
        layer.DeleteFeature(fid)
    table = dataset.CreateLayer(TABLE, None, ogr.wkbNone)
    for column in ("reviewer", "ids"):
        table.CreateField(ogr.FieldDefn(column, ogr.OFTString))
    row = ogr.Feature(table.GetLayerDefn())
    row.SetField("reviewer", name)
    row.SetField("ids", json.dumps(ids))
    table.CreateFeature(row)
    dataset.CommitTransaction()
    dataset = None


def handed_out(path: Path) -> set[int]:
    """Numbers of the landslides of a part; empty where unknown."""
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    table = dataset.GetLayerByName(TABLE) if dataset is not None else None
    if table is None:
        return set()
    try:
        return {int(number) for row in table for number in json.loads(row.GetField("ids"))}
    except (TypeError, ValueError):
        return set()
