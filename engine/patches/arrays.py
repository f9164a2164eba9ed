"""Patches as arrays: int16 raw values with labels and places.

Raw values are whole numbers below 32,768, so int16 holds a patch without loss in a quarter of its
HDF5 size. The packed form of a dataset is a folder::

    NAME/
      images.npy   (N, C, h, w) int16 raw units, -32768 for nodata and for channels that are not
      there masks.npy    (N, h, w) uint8, 0, 1 and 255 (ignore, or no label) index.json   channels,
      ids, places, source, counts

Both forms are the same :class:`PatchArrays`; NumPy maps the packed files into memory without
reading them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bands import IGNORE, NAMES
from engine.errors import DatasetError, UnreadableFileError
from engine.events import SILENT, Reporter
from engine.files import atomic_path
from engine.patches.landslide4sense import (
    PatchFolder,
    Place,
    Split,
    find_patches,
    read_patch,
)

INDEX, IMAGES, MASKS = "index.json", "images.npy", "masks.npy"
NODATA = -32768
FORMAT = 1


@dataclass(frozen=True)
class PatchArrays:
    """Patches of one size and one set of channels.

    Attributes:
        images: Array of shape (N, C, h, w), int16 raw units, :data:`NODATA` where there is nothing;
            perhaps a memory map.
        masks: Array of shape (N, h, w), uint8; all 255 where a patch has no label.
        ids: Name of each patch.
        places: Where each lies.
        channels: Names of the channels, in order.
        source: Where they come from, for the model card.
    """

    images: NDArray[np.int16]
    masks: NDArray[np.uint8]
    ids: tuple[str, ...]
    places: tuple[Place, ...]
    channels: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        count = len(self.ids)
        if (
            not len(self.images) == len(self.masks) == len(self.places) == count
            or self.images.shape[2:] != self.masks.shape[1:]
        ):
            raise DatasetError(
                f"The patches of {self.source} do not fit their masks or their index; pack the"
                " dataset again."
            )
        if self.images.shape[1] != len(self.channels):
            raise DatasetError(
                f"The patches of {self.source} have {self.images.shape[1]} channels, their index"
                f" names {len(self.channels)}."
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which patches have any labelled pixel; shape (N,)."""
        return np.array([bool((mask != IGNORE).any()) for mask in self.masks], bool)

    @property
    def positive_pixels(self) -> NDArray[np.int64]:
        """Landslide pixels of each patch; shape (N,)."""
        return np.array([int((mask == 1).sum()) for mask in self.masks], np.int64)

    def select(self, indices: Sequence[int] | NDArray[np.integer[Any]]) -> PatchArrays:
        """Some of the patches, in the order given."""
        at = np.asarray(indices, np.int64)
        return replace(
            self,
            images=self.images[at],
            masks=self.masks[at],
            ids=tuple(self.ids[i] for i in at),
            places=tuple(self.places[i] for i in at),
        )

    def take_channels(self, channels: Sequence[str]) -> PatchArrays:
        """The channels named, in that order; those that are not there hold nodata."""
        if tuple(channels) == self.channels:
            return self
        images = np.full((len(self), len(channels), *self.images.shape[2:]), NODATA, np.int16)
        for target, name in enumerate(channels):
            if name in self.channels:
                images[:, target] = self.images[:, self.channels.index(name)]
        return replace(self, images=images, channels=tuple(channels))

    def raw(self, index: int) -> NDArray[np.float32]:
        """One patch in raw units, float32 (C, h, w), NaN for nothing."""
        values: NDArray[np.float32] = self.images[index].astype(np.float32)
        values[self.images[index] == NODATA] = np.nan
        return values


def concatenate(parts: Sequence[PatchArrays]) -> PatchArrays:
    """Put datasets of one patch size together on the channels of the first."""
    first = parts[0]
    same = [part.take_channels(first.channels) for part in parts]
    if len({part.images.shape[2:] for part in same}) > 1:
        raise DatasetError(
            "Patches of different sizes cannot be put together; cut them to one size."
        )
    return PatchArrays(
        np.concatenate([part.images for part in same]),
        np.concatenate([part.masks for part in same]),
        tuple(name for part in same for name in part.ids),
        tuple(place for part in same for place in part.places),
        first.channels,
        " + ".join(part.source for part in same),
    )


def open_patches(
    path: Path, split: Split = "train", *, labels: bool = True, reporter: Reporter = SILENT
) -> PatchArrays:
    """Open a dataset of patches.

    A packed folder is mapped, not read; HDF5 patches in any known layout are read into memory.

    Args:
        path: Folder.
        split: Split of an HDF5 dataset.
        labels: Whether masks are needed; False leaves them unread.
        reporter: Progress over the patches.

    Raises:
        MissingFileError, UnreadableFileError, DatasetError: See
        :func:`engine.patches.landslide4sense.find_patches`.
    """
    if (path / INDEX).is_file():
        arrays = _open_packed(path)
        if labels and not arrays.labelled.any():
            raise DatasetError(
                f"{path} holds patches without labels; give a labelled dataset, or use it as the"
                " target of `l4s adapt`."
            )
        return arrays
    folder = find_patches(path, split, labels="needed" if labels else "ignored")
    shape = (len(folder), len(NAMES), 128, 128)
    return _fill(
        folder, np.empty(shape, np.int16), np.empty((shape[0], *shape[2:]), np.uint8), reporter
    )


def pack(folder: PatchFolder, out: Path, reporter: Reporter = SILENT) -> PatchArrays:
    """Write HDF5 patches as a packed dataset, without loss.

    Args:
        folder: The patches.
        out: Folder to write; replaced if it is a packed dataset already.
        reporter: Progress over the patches.
    """
    shape = (len(folder), len(NAMES), 128, 128)

    def fill(part: Path) -> PatchArrays:
        images = np.lib.format.open_memmap(part / IMAGES, "w+", np.int16, shape)
        masks = np.lib.format.open_memmap(part / MASKS, "w+", np.uint8, (shape[0], *shape[2:]))
        arrays = _fill(folder, images, masks, reporter)
        images.flush()
        masks.flush()
        return arrays

    return _write_packed(out, fill)


def write_packed(arrays: PatchArrays, out: Path) -> PatchArrays:
    """Write arrays as a packed dataset, complete or not at all, and open it."""

    def fill(part: Path) -> PatchArrays:
        np.save(part / IMAGES, arrays.images)
        np.save(part / MASKS, arrays.masks)
        return arrays

    return _write_packed(out, fill)


def to_int16(raw: NDArray[np.float32], name: str) -> NDArray[np.int16]:
    """Raw values as they are stored; NaN becomes nodata.

    Raises:
        DatasetError: A value does not fit int16.
    """
    top = float(np.nanmax(raw)) if np.isfinite(raw).any() else 0.0
    low = float(np.nanmin(raw)) if np.isfinite(raw).any() else 0.0
    if top > 32767 or low <= NODATA:
        raise DatasetError(
            f"{name} holds the raw value {top if top > 32767 else low:g}, beyond what 16 bits hold;"
            " check its units."
        )
    return np.where(np.isfinite(raw), np.rint(np.nan_to_num(raw)), NODATA).astype(np.int16)


def _fill(
    folder: PatchFolder, images: NDArray[np.int16], masks: NDArray[np.uint8], reporter: Reporter
) -> PatchArrays:
    places = []
    for index, file in enumerate(folder.files):
        patch = read_patch(file)
        images[index] = to_int16(patch.image, str(file.image))
        masks[index] = IGNORE if patch.mask is None else patch.mask
        places.append(patch.place)
        reporter.progress("reading patches", index + 1, len(folder))
    return PatchArrays(
        images,
        masks,
        tuple(str(f.id) for f in folder.files),
        tuple(places),
        NAMES,
        folder.path.parent.name,
    )


def _write_packed(out: Path, fill: Callable[[Path], PatchArrays]) -> PatchArrays:
    if out.exists() and not (out / INDEX).is_file() and any(out.iterdir()):
        raise DatasetError(
            f"{out} exists and is no packed dataset; choose another folder, so that nothing is"
            " lost."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(out) as part:
        part.mkdir(exist_ok=True)
        arrays = fill(part)
        index = {
            "format": FORMAT,
            "channels": arrays.channels,
            "source": arrays.source,
            "ids": arrays.ids,
            "places": [[place.site, place.row, place.column] for place in arrays.places],
        }
        (part / INDEX).write_text(json.dumps(index) + "\n", encoding="utf-8")
        for name in (INDEX, IMAGES, MASKS):
            (out / name).unlink(missing_ok=True)
    return _open_packed(out)


def _open_packed(path: Path) -> PatchArrays:
    try:
        index = json.loads((path / INDEX).read_text(encoding="utf-8"))
        if index["format"] != FORMAT:
            raise DatasetError(
                f"{path} has packed format {index['format']}, this engine reads {FORMAT}; pack the"
                " dataset again."
            )
        images = np.load(path / IMAGES, mmap_mode="r", allow_pickle=False)
        masks = np.load(path / MASKS, mmap_mode="r", allow_pickle=False)
        places = tuple(Place(site, row, column) for site, row, column in index["places"])
        return PatchArrays(
            images, masks, tuple(index["ids"]), places, tuple(index["channels"]), index["source"]
        )
    except DatasetError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(
            f"The packed dataset {path} is damaged ({error}); pack it again."
        ) from error
