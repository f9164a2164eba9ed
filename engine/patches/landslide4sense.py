"""Landslide4Sense patches as HDF5.

The official layout, that of the public mirror, and a plain pair of folders.

::

    ROOT/TrainData/{img,mask}    ROOT/ValidData/img    ROOT/TestData/img         official
    ROOT/images/{train,validation,test}  ROOT/annotations/{train,validation,test}   mirror
    ROOT/{img,mask}                                                             one split alone

An image is ``image_N.h5`` (key ``img``, rows x columns x bands), a mask ``mask_N.h5`` (key
``mask``, 0 and 1). The mirror has five stray ``image_*.h5`` among its training annotations, so
masks are found by their own name. Values in the files are ``raw / divisor`` (see
:mod:`engine.bands`); a :class:`Patch` holds the raw values, which are whole numbers.

The training ids run in scan order over four sites (recovered from neighbours that continue each
other); patches side by side touch, so that only splits by site or by contiguous block are free of
leakage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.bands import IGNORE, NAMES
from engine.errors import DatasetError, MissingFileError, UnreadableFileError
from engine.files import atomic_path
from engine.patches.scale import DIVISORS, is_raw, share_off, standardised_by

Split = Literal["train", "validation", "test"]

SIDE_PX = 128
BLOCK_PATCHES = 8
"""Side of a contiguous block, in patches: 8 x 8 patches are about 10 km."""

_LAYOUTS: dict[str, tuple[tuple[str, str], ...]] = {
    "train": (("TrainData/img", "TrainData/mask"), ("images/train", "annotations/train")),
    "validation": (
        ("ValidData/img", "ValidData/mask"),
        ("images/validation", "annotations/validation"),
    ),
    "test": (("TestData/img", "TestData/mask"), ("images/test", "annotations/test")),
}
_PLAIN = ("img", "mask")


@dataclass(frozen=True)
class Site:
    """One site of the training set.

    Ids ``first`` to ``last`` in scan order, ``columns`` patches a row.
    """

    name: str
    first: int
    last: int
    columns: int


SITES = (
    Site("taiwan", 1, 3034, 41),
    Site("site-2", 3035, 3184, 15),
    Site("site-3", 3185, 3305, 11),
    Site("site-4", 3306, 3799, 26),
)
"""The training sites by id. Only the first, with 88 % of all landslide pixels, is identified beyond
doubt."""


@dataclass(frozen=True)
class Place:
    """Where a patch lies: its site, its row and column there.

    Contiguous blocks follow from these.
    """

    site: str
    row: int
    column: int

    @property
    def block(self) -> str:
        """Name of the contiguous block of patches.

        Of :data:`BLOCK_PATCHES` x :data:`BLOCK_PATCHES`.
        """
        return f"{self.site}/{self.row // BLOCK_PATCHES}-{self.column // BLOCK_PATCHES}"


def place_of(number: int) -> Place:
    """Place of a training patch by its id.

    Ids beyond the training set are each a place of their own.
    """
    for site in SITES:
        if site.first <= number <= site.last:
            row, column = divmod(number - site.first, site.columns)
            return Place(site.name, row, column)
    return Place(f"other-{number}", 0, 0)


@dataclass(frozen=True)
class Patch:
    """One patch in raw units.

    Attributes:
        id: Its number.
        image: Array of shape (14, 128, 128), float32 whole numbers: DN, degrees, metres.
        mask: Array of shape (128, 128), uint8 0, 1 (or 255, ignore), or None where it has no label.
        place: Site, row and column.
    """

    id: int
    image: NDArray[np.float32]
    mask: NDArray[np.uint8] | None
    place: Place

    @property
    def site(self) -> str:
        """Name of its site."""
        return self.place.site

    @property
    def block(self) -> str:
        """Name of its contiguous block."""
        return self.place.block


@dataclass(frozen=True)
class PatchFile:
    """The files of one patch, and where it lies.

    None: as the training ids say.
    """

    id: int
    image: Path
    mask: Path | None
    place: Place | None = None


@dataclass(frozen=True)
class PatchFolder:
    """The patches found in a folder, in order of their ids.

    Attributes:
        path: Folder of the images.
        files: Image and mask of each patch.
        stray: Files that belong to neither and are left out.
    """

    path: Path
    files: tuple[PatchFile, ...]
    stray: tuple[Path, ...]

    @property
    def labelled(self) -> bool:
        """Whether every image has a mask."""
        return all(file.mask is not None for file in self.files)

    def __len__(self) -> int:
        return len(self.files)

    def patches(self) -> Iterator[Patch]:
        """Read the patches one after the other."""
        for file in self.files:
            yield read_patch(file)


def find_patches(
    path: Path, split: Split = "train", *, labels: Literal["needed", "taken", "ignored"] = "taken"
) -> PatchFolder:
    """Find the patches of one split in any of the known layouts.

    Args:
        path: Root of the dataset, one of its split folders, or a folder of ``image_N.h5`` files
            alone.
        split: Which split to take where the root holds several.
        labels: ``needed``: an image without a mask is an error; ``taken``: masks are used where
            they are; ``ignored``: never looked at.

    Raises:
        MissingFileError: There is no such folder.
        DatasetError: It holds no patches, or images without masks where labels are needed.
    """
    if not path.is_dir():
        raise MissingFileError(
            f"There is no folder {path}; give the folder that holds the Landslide4Sense patches."
        )
    images, masks = _folders(path, split)
    image_files = _numbered(images, "image")
    if not image_files:
        raise DatasetError(
            f"{path} holds no Landslide4Sense patches: none of"
            f" {', '.join(pair[0] for pair in _LAYOUTS[split])} or img with files image_N.h5 was"
            " found in it; give the dataset's root or one of its split folders."
        )
    mask_files = _numbered(masks, "mask") if masks is not None and labels != "ignored" else {}
    # Validation and test sets are numbered from 1 as well, but their ids say nothing of where they
    # lie.
    known_ids = not re.search("valid|test", f"{images.parent.name}/{images.name}", re.IGNORECASE)
    files = tuple(
        PatchFile(
            n,
            image_files[n],
            mask_files.get(n),
            place_of(n) if known_ids else Place(images.parent.name, 0, 2 * n),
        )
        for n in sorted(image_files)
    )
    missing = [file.id for file in files if file.mask is None]
    if labels == "needed" and missing:
        some = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
        raise DatasetError(
            f"{len(missing)} of the {len(files)} images in {images} have no mask_N.h5 (ids {some});"
            " add their masks or remove the images."
        )
    known = {*image_files.values(), *mask_files.values()}
    both = [images, *([masks] if masks is not None and masks.is_dir() else [])]
    stray = tuple(
        sorted(
            p for folder in both for p in folder.iterdir() if p.suffix == ".h5" and p not in known
        )
    )
    return PatchFolder(images, files, stray if labels != "ignored" else ())


def _folders(path: Path, split: Split) -> tuple[Path, Path | None]:
    for image, mask in (*_LAYOUTS[split], _PLAIN):
        if (path / image).is_dir():
            return path / image, path / mask
    sibling = path.parent / "mask" if path.name == "img" else path
    if path.parent.name == "images":
        sibling = path.parent.parent / "annotations" / path.name
    return path, sibling


def _numbered(folder: Path, prefix: str) -> dict[int, Path]:
    if not folder.is_dir():
        return {}
    pattern = re.compile(rf"{prefix}_(\d+)\.h5")
    found = ((pattern.fullmatch(p.name), p) for p in folder.glob(f"{prefix}_*.h5"))
    return {int(match[1]): p for match, p in found if match}


def read_patch(file: PatchFile) -> Patch:
    """Read one patch into raw units.

    Raises:
        UnreadableFileError: A file is damaged or no HDF5.
        DatasetError: Wrong keys or shapes, mask values other than 0, 1 and 255, or values on
            another scale.
    """
    image = read_image(file.image)
    mask = None if file.mask is None else read_mask(file.mask)
    return Patch(file.id, image, mask, file.place or place_of(file.id))


def read_image(path: Path) -> NDArray[np.float32]:
    """Read an image file; shape (14, 128, 128) in raw units, whole numbers.

    Raises:
        UnreadableFileError, DatasetError: See :func:`read_patch`.
    """
    values = image_values(path)
    if not is_raw(values):
        known = standardised_by(values)
        cause = (
            f"they were standardised by {known}"
            if known
            else (
                f"{share_off(values):.0%} of them are no whole DN, degrees or metres once"
                " multiplied by the band divisors"
            )
        )
        raise DatasetError(
            f"The values of {path} are not on the scale of the published files ({cause}); use the"
            " files as published, not a standardised copy."
        )
    return np.ascontiguousarray(np.moveaxis(np.rint(values * DIVISORS), -1, 0), np.float32)


def image_values(path: Path) -> NDArray[Any]:
    """Values of an image file as stored, shape (128, 128, 14).

    Raises:
        UnreadableFileError, DatasetError: See :func:`read_patch`.
    """
    values = _dataset(path, "img")
    if values.shape != (SIDE_PX, SIDE_PX, len(NAMES)):
        raise DatasetError(
            f"The image {path} has shape {values.shape}, but a Landslide4Sense patch is"
            f" {(SIDE_PX, SIDE_PX, len(NAMES))} (rows, columns, bands); it belongs to another"
            " dataset."
        )
    if not np.isfinite(values).all():
        raise DatasetError(
            f"The image {path} holds NaN or infinite values; remove it from the dataset."
        )
    return values


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Read a mask file; shape (128, 128), values 0, 1 and 255 (ignore).

    Raises:
        UnreadableFileError, DatasetError: See :func:`read_patch`.
    """
    values = _dataset(path, "mask")
    if values.shape != (SIDE_PX, SIDE_PX):
        raise DatasetError(
            f"The mask {path} has shape {values.shape}, but its image is {SIDE_PX} x {SIDE_PX};"
            " export it again."
        )
    wrong = sorted(set(np.unique(values).tolist()) - {0, 1, IGNORE})
    if wrong:
        raise DatasetError(
            f"The mask {path} holds {', '.join(f'{v:g}' for v in wrong[:4])}, but a mask holds only"
            " 0 (background), 1 (landslide) and 255 (ignore); recode it."
        )
    return values.astype(np.uint8)


def _dataset(path: Path, key: str) -> NDArray[Any]:
    if not path.exists():
        raise MissingFileError(f"There is no file {path}; check the dataset's folder.")
    try:
        with h5py.File(path, "r") as file:
            if key not in file:
                keys = ", ".join(sorted(file)) or "none"
                raise DatasetError(
                    f"{path} has no key {key!r} (its keys: {keys}); it is not a Landslide4Sense"
                    " file."
                )
            return np.asarray(file[key])
    except (OSError, RuntimeError) as error:
        if isinstance(error, UnreadableFileError | DatasetError):
            raise
        raise UnreadableFileError(
            f"{path} cannot be read as HDF5 ({error}); copy or download it again."
        ) from error


def write_mask(path: Path, mask: NDArray[np.uint8]) -> None:
    """Write a mask of shape (128, 128) as an official mask file."""
    _write(path, {"mask": mask})


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        for key, values in arrays.items():
            file.create_dataset(key, data=values, compression="gzip", compression_opts=4)
