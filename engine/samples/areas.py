"""Areas that samples of many scenes are made of.

Labelled patches joined where they touch, and landslide-free ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.bands import IGNORE, NAMES, POSITION
from engine.errors import DatasetError
from engine.events import SILENT, Reporter
from engine.handles import Stack
from engine.models.losses import UNCERTAIN
from engine.patches.arrays import INDEX, PatchArrays, open_patches
from engine.samples.maker import Area, Kind
from engine.samples.variation import vegetation_index

LARGEST_PX = 4096
"""A landslide-free stack larger than this is cut at its centre: it is held in memory, 0.9 GB at
most."""

_PLAIN_DEG = 4.0
_CLOUD_B02 = 2000.0


def joined_areas(arrays: PatchArrays) -> list[Area]:
    """Labelled areas: patches that lie side by side in one row are one.

    Samples may so cross their edges.

    An area is drawn as often as it has patches. Pixels without a label stay 255.
    """
    places = list(arrays.places)
    order = sorted(
        range(len(arrays)), key=lambda i: (places[i].site, places[i].row, places[i].column)
    )
    groups: list[list[int]] = []
    for index in order:
        here, before = places[index], places[groups[-1][-1]] if groups else None
        follows = before is not None and (before.site, before.row, before.column + 1) == (
            here.site,
            here.row,
            here.column,
        )
        if follows:
            groups[-1].append(index)
        else:
            groups.append([index])
    areas = []
    for group in groups:
        image = np.concatenate([arrays.raw(index) for index in group], axis=2)
        mask = np.concatenate(
            [np.asarray(arrays.masks[index], np.float32) for index in group], axis=1
        )
        name = "+".join(arrays.ids[index] for index in group)
        areas.append(
            Area(
                torch.from_numpy(_filled(image)),
                torch.from_numpy(mask),
                "hills",
                float(len(group)),
                name,
            )
        )
    return areas


def mark_uncertain(area: Area) -> Area:
    """Mark bare, steep ground that is labelled background.

    Labels leave out many scars that look like labelled ones. Bare is an NDVI below 0.35, steep 20
    degrees and more; shadows (B04 below 400) and clouds (B02 above 1600) are no bare ground.
    """
    image, mask = area.image, area.mask
    lit = (image[POSITION["B04"]] > 400) & (image[POSITION["B02"]] < 1600)
    bare = (vegetation_index(image) < 0.35) & lit & (image[POSITION["slope"]] >= 20)
    uncertain = torch.where(bare & (mask == 0), torch.full_like(mask, UNCERTAIN), mask)
    return replace(area, mask=uncertain)


def free_areas(path: Path, reporter: Reporter = SILENT) -> list[Area]:
    """Areas without landslides.

    From a stack (GeoTIFF), a folder of stacks, or a folder of patches, whose masks are not
    looked at.

    All areas of one path together are drawn with weight 1.

    Raises:
        DatasetError: There is nothing of that kind, or no data in it; others as
            :class:`engine.handles.Stack` and :func:`engine.patches.arrays.open_patches` raise.
    """
    stacks = [path] if path.is_file() else sorted(path.glob("*.tif"))
    if stacks and not (path / INDEX).is_file():
        images = [(stack.stem, _read_stack(stack)) for stack in stacks]
    else:
        arrays = open_patches(path, labels=False, reporter=reporter).take_channels(NAMES)
        images = [(name, arrays.raw(index)) for index, name in enumerate(arrays.ids)]
    there = [(name, image) for name, image in images if np.isfinite(image[POSITION["B02"]]).any()]
    if not there:
        raise DatasetError(
            f"{path} holds no pixel with data in B02; give landslide-free scenes with B02, B03 and"
            " B04."
        )
    areas = []
    for name, image in there:
        mask = torch.from_numpy(
            np.where(np.isnan(image[POSITION["B02"]]), np.float32(IGNORE), np.float32(0))
        )
        areas.append(
            Area(torch.from_numpy(_filled(image)), mask, kind_of(image), 1 / len(there), name)
        )
    return areas


def kind_of(image: NDArray[np.floating[Any]]) -> Kind:
    """What an area (14, h, w) shows.

    Mostly ``cloud`` (bright in B02), ``hills`` (steep half of the time), or a ``plain``.
    """
    if np.nanmedian(image[POSITION["B02"]]) > _CLOUD_B02:
        return "cloud"
    slope = image[POSITION["slope"]]
    steep = np.isfinite(slope).any() and np.nanmedian(slope) > _PLAIN_DEG
    return "hills" if steep else "plain"


def _filled(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gaps filled with the channel's mean; empty channels stay NaN.

    A gap in a sample would count as a missing channel.
    """
    for channel in image:
        gaps = np.isnan(channel)
        if gaps.any() and not gaps.all():
            channel[gaps] = np.nanmean(channel)
    return image


def _read_stack(path: Path) -> NDArray[np.float32]:
    stack = Stack.open(path)
    rows, columns = stack.grid.shape
    height, width = min(rows, LARGEST_PX), min(columns, LARGEST_PX)
    window = Window((columns - width) // 2, (rows - height) // 2, width, height)
    image = np.full((len(NAMES), height, width), np.nan, np.float32)
    channels: Sequence[str] = stack.channels
    with stack.reader() as reader:
        image[[POSITION[name] for name in channels]] = reader.read(channels, window)
    return image
