"""Pixel scores of predicted masks: two rasters, or two folders of files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.bands import IGNORE
from engine.errors import InputError, MissingFileError, UnreadableFileError
from engine.evaluation.scores import Confusion
from engine.events import SILENT, Reporter
from engine.handles import LandslideMask
from engine.inventory.runs import strips
from engine.raster import open_raster

SUFFIXES = (".h5", ".tif", ".tiff")
_MASK = re.compile(r"^(?:mask|pred|prediction|label)?_?(\d+)$")


@dataclass(frozen=True)
class Evaluation:
    """Scores of all pixels together and of each file.

    Attributes:
        total: Counts of all pixels.
        files: Counts by file, by the name they were matched by.
    """

    total: Confusion
    files: dict[str, Confusion]


def evaluate(
    prediction: Path, reference: Path, *, ignore: int = IGNORE, reporter: Reporter = SILENT
) -> Evaluation:
    """Score a mask, or a folder of masks, against the reference.

    Args:
        prediction: A GeoTIFF, or a folder of ``mask_N.h5`` (key ``mask``) or GeoTIFF files.
        reference: The same kind.
        ignore: Value of pixels that do not count, in either.
        reporter: Receives progress.

    Returns:
        The scores.

    Raises:
        InputError: One is a file and the other a folder, files do not match, or values are not
            those of a mask.
        GridError: The rasters do not lie on one grid.
    """
    for path in (prediction, reference):
        if not path.exists():
            raise MissingFileError(f"There is no file or folder {path}; check the path.")
    if prediction.is_dir() != reference.is_dir():
        raise InputError(
            "One of --prediction and --reference is a folder and the other a file; give two files"
            " or two folders."
        )
    if prediction.is_dir():
        return _folders(prediction, reference, ignore, reporter)
    if prediction.suffix == ".h5" or reference.suffix == ".h5":
        counts = _pair(prediction, reference, ignore, prediction.name, reporter)
    else:
        counts = _rasters(prediction, reference, ignore, reporter)
    return Evaluation(counts, {prediction.name: counts})


def _rasters(prediction: Path, reference: Path, ignore: int, reporter: Reporter) -> Confusion:
    """Compare rasters strip by strip; their nodata does not count either."""
    found, true = LandslideMask.open(prediction), LandslideMask.open(reference)
    found.grid.require_same(true.grid, "prediction", "reference")
    total = Confusion()
    with open_raster(prediction) as one, open_raster(reference) as other:
        for window in strips(found.grid, 12):
            reporter.progress("scoring", int(window.row_off), found.grid.rows)
            masks = [
                dataset.read(1, window=window, masked=True).astype(np.float32).filled(np.nan)
                for dataset in (one, other)
            ]
            total += Confusion.from_arrays(
                *_unknown_as(masks, ignore), ignore=ignore, name=prediction.name
            )
    reporter.progress("scoring", found.grid.rows, found.grid.rows)
    return total


def _unknown_as(masks: list[NDArray[Any]], ignore: int) -> list[NDArray[Any]]:
    return [np.where(np.isnan(mask), ignore, mask) for mask in masks]


def _folders(prediction: Path, reference: Path, ignore: int, reporter: Reporter) -> Evaluation:
    found, true = _masks(prediction), _masks(reference)
    if not true:
        raise InputError(
            f"{reference} holds no mask files (mask_N.h5 or GeoTIFF); check the folder."
        )
    missing, extra = (
        sorted(true.keys() - found.keys(), key=_natural),
        sorted(found.keys() - true.keys(), key=_natural),
    )
    if missing:
        raise InputError(
            f"{prediction} lacks {len(missing)} of the {len(true)} masks that {reference} holds"
            f" ({_some(missing)}); predict them or remove them from the reference."
        )
    if extra:
        reporter.warn(
            f"{len(extra)} predicted masks have no reference and are left out ({_some(extra)})."
        )
    files: dict[str, Confusion] = {}
    for number, name in enumerate(sorted(true, key=_natural)):
        reporter.progress("scoring", number, len(true))
        files[name] = _pair(found[name], true[name], ignore, name, reporter)
    reporter.progress("scoring", len(true), len(true))
    return Evaluation(sum(files.values(), Confusion()), files)


def _masks(folder: Path) -> dict[str, Path]:
    """Mask files of a folder by their number, or else by their name.

    Raises:
        InputError: Two files have the same number.
    """
    out: dict[str, Path] = {}
    for path in sorted(
        p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")
    ):
        if path.suffix == ".h5" and path.name.startswith("image"):
            continue  # the public mirror keeps a few images among its masks
        hit = _MASK.match(path.stem.lower())
        name = str(int(hit[1])) if hit else path.stem
        if name in out:
            raise InputError(
                f"{folder} holds both {out[name].name} and {path.name} for mask {name}; keep one of"
                " them."
            )
        out[name] = path
    return out


def _pair(
    prediction: Path, reference: Path, ignore: int, name: str, reporter: Reporter
) -> Confusion:
    if ".h5" not in (prediction.suffix, reference.suffix):
        return _rasters(prediction, reference, ignore, SILENT)
    reporter.check()
    return Confusion.from_arrays(
        _array(prediction, ignore), _array(reference, ignore), ignore=ignore, name=f"Mask {name}"
    )


def _array(path: Path, ignore: int) -> NDArray[Any]:
    if path.suffix != ".h5":
        with open_raster(path) as dataset:
            return np.asarray(dataset.read(1, masked=True).filled(ignore))
    try:
        with h5py.File(path) as file:
            if "mask" not in file:
                raise UnreadableFileError(
                    f"{path} has no dataset `mask` (it has: {', '.join(file) or 'none'})."
                )
            return np.asarray(np.squeeze(file["mask"][()]))
    except OSError as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(
            f"{path} cannot be read as HDF5 ({error}); it may be truncated."
        ) from error


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (2**31, name)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
