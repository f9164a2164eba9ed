"""The archive for the competition's organisers: one mask an image."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from engine.errors import DatasetError, UnreadableFileError
from engine.files import atomic_path
from engine.patches.landslide4sense import SIDE_PX

_NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_submission(masks: Path, ids: Sequence[int], archive: Path) -> Path:
    """Pack ``mask_N.h5`` files into a zip archive, complete or not at all.

    Args:
        masks: Folder of the masks.
        ids: Numbers of all images of the split.
        archive: The archive; the same masks give the same bytes.

    Returns:
        The archive.

    Raises:
        DatasetError: A mask is missing, or is not what the organisers ask for: the key ``mask``
            alone, 128 x 128 pixels of type uint8, 0 or 1.
        UnreadableFileError: A mask is no HDF5.
    """
    if len(set(ids)) < len(ids) or not ids:
        raise DatasetError("A submission holds one mask for every image, each number once.")
    for number in ids:
        check_mask(masks / f"mask_{number}.h5")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (
        atomic_path(archive) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for number in sorted(ids):
            name = f"mask_{number}.h5"
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, (masks / name).read_bytes())
    return archive


def check_mask(path: Path) -> None:
    """Check one mask of a submission; see :func:`write_submission`."""
    if not path.is_file():
        raise DatasetError(f"The submission lacks {path.name}; predict all patches first.")
    try:
        with h5py.File(path, "r") as file:
            keys, values = sorted(file), None
            if keys == ["mask"]:
                values = np.asarray(file["mask"])
    except OSError as error:
        raise UnreadableFileError(
            f"{path} cannot be read as HDF5 ({error}); predict it again."
        ) from error
    if values is None:
        raise DatasetError(f"{path} has the keys {', '.join(keys)}; a submission has mask alone.")
    if values.shape != (SIDE_PX, SIDE_PX) or values.dtype != np.uint8 or values.max() > 1:
        raise DatasetError(
            f"{path} holds {values.dtype} of shape {values.shape} up to {values.max()}; a"
            f" submission has uint8 of shape ({SIDE_PX}, {SIDE_PX}), 0 and 1."
        )
