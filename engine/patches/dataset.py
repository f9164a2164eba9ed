"""A dataset to look over, patch by patch, whether in HDF5 files or packed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.bands import IGNORE, NAMES
from engine.errors import DatasetError, InputError
from engine.patches.arrays import IMAGES, INDEX, MASKS, PatchArrays, open_patches
from engine.patches.landslide4sense import (
    PatchFile,
    PatchFolder,
    Split,
    find_patches,
    image_values,
    read_patch,
)


@dataclass(frozen=True)
class Sample:
    """One patch as it is looked over.

    Attributes:
        id: Its name.
        image: (C, h, w) float32 in raw units, NaN where there is nothing.
        mask: (h, w) uint8, or None where it has no label.
        site: Name of its site.
    """

    id: str
    image: NDArray[np.float32]
    mask: NDArray[np.uint8] | None
    site: str


@dataclass(frozen=True)
class Dataset:
    """Patches to look over, in files or packed.

    Attributes:
        channels: Names of the channels, in order.
        ids: Names of the patches.
        stray: Names of files that belong to none.
        read: Reads the patch of a number; raises InputError where it cannot be used.
        values: Bands' values as they stand in the file of a number, (h, w, 14), where it can be
            read at all.
    """

    channels: tuple[str, ...]
    ids: tuple[str, ...]
    stray: tuple[str, ...]
    read: Callable[[int], Sample]
    values: Callable[[int], NDArray[np.float64] | None]

    def __len__(self) -> int:
        return len(self.ids)


def open_dataset(path: Path, split: Split = "train") -> Dataset:
    """A dataset of either form.

    Arguments and errors as for :func:`engine.patches.arrays.open_patches`.
    """
    if (path / INDEX).is_file():
        stray = sorted(p.name for p in path.iterdir() if p.name not in (INDEX, IMAGES, MASKS))
        return of_packed(open_patches(path, labels=False), stray)
    return of_folder(find_patches(path, split))


def of_folder(folder: PatchFolder) -> Dataset:
    """Patches in HDF5 files."""

    def read(number: int) -> Sample:
        patch = read_patch(folder.files[number])
        return Sample(str(patch.id), patch.image, patch.mask, patch.site)

    def values(number: int) -> NDArray[np.float64] | None:
        return _values(folder.files[number])

    ids = tuple(str(file.id) for file in folder.files)
    return Dataset(NAMES, ids, tuple(path.name for path in folder.stray), read, values)


def of_packed(arrays: PatchArrays, stray: list[str] | None = None) -> Dataset:
    """Packed patches."""

    def read(number: int) -> Sample:
        image, mask = arrays.raw(number), np.asarray(arrays.masks[number])
        wrong = sorted(set(np.unique(mask).tolist()) - {0, 1, IGNORE})
        if wrong:
            raise DatasetError(
                f"Its mask holds {', '.join(map(str, wrong[:4]))}, not only 0, 1 and 255; pack it"
                " again."
            )
        if not np.isfinite(image).any():
            raise DatasetError("Its image holds no data at all; remove it from the dataset.")
        return Sample(
            arrays.ids[number],
            image,
            mask if (mask != IGNORE).any() else None,
            arrays.places[number].site,
        )

    return Dataset(arrays.channels, arrays.ids, tuple(stray or ()), read, lambda number: None)


def _values(file: PatchFile) -> NDArray[np.float64] | None:
    try:
        return image_values(file.image)
    except InputError:
        return None
