"""A user's own data as patches: a stack labelled by polygons.

This is the way from corrected polygons back into training. Patches lie side by side; those with too
little data are left out, and pixels without data do not count.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio import features
from rasterio.windows import Window

from engine.bands import IGNORE
from engine.errors import (
    DatasetError,
    InventoryError,
    NoOverlapError,
)
from engine.events import SILENT, Reporter
from engine.handles import Stack
from engine.patches.arrays import NODATA, PatchArrays, to_int16
from engine.patches.landslide4sense import SIDE_PX, Place
from engine.status import is_confirmed
from engine.units import UnitCheck
from engine.vector import POLYGONS, in_crs, of_kind, read_vector

MIN_VALID = 0.5
"""Least share of pixels with data in a patch."""


def patches_from_stack(
    path: Path,
    inventory: Path | None = None,
    *,
    layer: str | None = None,
    side_px: int = SIDE_PX,
    reporter: Reporter = SILENT,
) -> PatchArrays:
    """Cut a stack into patches.

    Args:
        path: The stack.
        inventory: Polygons of all landslides in it (any vector format, any CRS); None gives patches
            without labels. Polygons that a review rejected do not count.
        layer: Layer of the inventory's file; ``landslides``, or its first, by default.
        side_px: Side of the patches.
        reporter: Progress over the patches, and a warning of slopes that are no degrees.

    Returns:
        Patches on the stack's channels; rounded to whole DN, degrees and metres, as the benchmark's
        are.

    Raises:
        MissingFileError, UnreadableFileError, ChannelError, GridError: The stack cannot be used,
        for its units either. InventoryError: The inventory cannot be read or holds no polygons;
        NoOverlapError: it lies elsewhere. DatasetError: The stack is smaller than a patch or holds
        no data.
    """
    stack = Stack.open(path)
    rows, columns = stack.grid.shape
    if min(rows, columns) < side_px:
        raise DatasetError(
            f"{path} is {rows} x {columns} pixels, smaller than one patch of {side_px}; use a"
            " larger area."
        )
    truth = (
        None if inventory is None else rasterize(inventory, stack, layer=layer, reporter=reporter)
    )
    images, masks, ids, places = [], [], [], []
    units = UnitCheck(stack.channels)
    spots = [
        (r, c)
        for r in range(0, rows - side_px + 1, side_px)
        for c in range(0, columns - side_px + 1, side_px)
    ]
    with stack.reader() as reader:
        for done, (row, column) in enumerate(spots):
            raw = reader.read(stack.channels, Window(column, row, side_px, side_px))
            units.add(raw)
            image = to_int16(raw, str(path))
            empty = (image == NODATA).all(axis=0)
            if empty.mean() <= 1 - MIN_VALID:
                mask = np.full((side_px, side_px), IGNORE, np.uint8)
                if truth is not None:
                    mask = np.where(
                        empty, IGNORE, truth[row : row + side_px, column : column + side_px]
                    ).astype(np.uint8)
                images.append(image)
                masks.append(mask)
                ids.append(f"{path.stem}-r{row}-c{column}")
                places.append(Place(path.stem, row // side_px, column // side_px))
            reporter.progress("cutting patches", done + 1, len(spots))
    units.finish(str(path), reporter)
    if not images:
        raise DatasetError(
            f"{path} holds no patch with data in at least {MIN_VALID:.0%} of its pixels."
        )
    return PatchArrays(
        np.stack(images), np.stack(masks), tuple(ids), tuple(places), stack.channels, path.stem
    )


def rasterize(
    inventory: Path, stack: Stack, *, layer: str | None = None, reporter: Reporter = SILENT
) -> NDArray[np.uint8]:
    """Burn an inventory's polygons into the stack's grid.

    1 where a pixel's centre lies in one; shape (rows, columns).
    """
    what = "The inventory"
    frame = read_vector(
        inventory, what, layer=layer, prefer="landslides", columns=["status"], reporter=reporter
    )
    if "status" in frame:
        frame = frame[is_confirmed(frame["status"])]
    frame = of_kind(frame, POLYGONS, inventory, reporter=reporter)
    shapes = list(in_crs(frame, stack.grid.crs, inventory, what, reporter=reporter).geometry)
    if not shapes:
        raise InventoryError(
            f"{what} {inventory} holds no polygons; give the mapped landslides as polygons."
        )
    truth = features.rasterize(
        shapes, stack.grid.shape, transform=stack.grid.transform, dtype=np.uint8
    )
    if not truth.any():
        raise NoOverlapError(
            f"No polygon of {inventory} covers a pixel of {stack.path}; they lie in different"
            " places."
        )
    return np.asarray(truth, np.uint8)
