"""Pixel scores of predicted masks: two rasters, or two folders of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.contents import MaskCoding, distinct_values, mask_coding
from engine.errors import ConfigError, InputError, MissingFileError, UnreadableFileError
from engine.evaluation.scores import Confusion
from engine.events import SILENT, Reporter
from engine.grid import Grid
from engine.handles import LandslideMask, ProbabilityRaster, above_threshold
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


class Scored(Protocol):
    """A raster that can be scored: it reads as 0, 1 and 255."""

    @property
    def grid(self) -> Grid:
        """Its grid."""
        ...

    def read(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Values of a window, shape (rows, columns)."""
        ...


@dataclass(frozen=True)
class Thresholded:
    """A probability raster, read as a mask."""

    raster: ProbabilityRaster
    threshold: float

    @property
    def grid(self) -> Grid:
        """Its grid."""
        return self.raster.grid

    def read(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Read the mask as 0, 1 and 255."""
        with self.raster.reader() as reader:
            return above_threshold(reader.read(window), self.threshold)


def evaluate(
    prediction: Path,
    reference: Path,
    *,
    ignore: int | None = None,
    threshold: float | None = None,
    scale: float | None = None,
    reporter: Reporter = SILENT,
) -> Evaluation:
    """Score a mask, or a folder of masks, against the reference.

    Args:
        prediction: A GeoTIFF, or a folder of ``mask_N.h5`` (key ``mask``) or GeoTIFF files.
        reference: The same kind.
        ignore: Value of pixels that do not count, in either; None for 255 where masks hold 1, too.
        threshold: The prediction is one raster of probabilities; pixels from here up are
            landslide.
        scale: Factor from its values to probabilities, with ``threshold``.
        reporter: Receives progress, and what had to be recognised of the masks.

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
        if threshold is not None:
            raise ConfigError("--threshold needs one raster of probabilities as --prediction.")
        return _folders(prediction, reference, ignore, reporter)
    if ".h5" in (prediction.suffix, reference.suffix):
        codings = [_coding([path], ignore, reporter) for path in (prediction, reference)]
        counts = _pair(prediction, reference, codings, prediction.name, reporter)
    else:
        true = LandslideMask.open(reference, ignore=ignore, reporter=reporter)
        found: Scored
        if threshold is not None:
            raster = ProbabilityRaster.open(prediction, scale=scale, reporter=reporter)
            found = Thresholded(raster, threshold)
        else:
            found = LandslideMask.open(prediction, ignore=ignore, reporter=reporter)
        counts = _rasters(found, true, prediction.name, reporter)
    return Evaluation(counts, {prediction.name: counts})


def _rasters(found: Scored, true: Scored, name: str, reporter: Reporter) -> Confusion:
    """Compare rasters strip by strip; their nodata does not count either."""
    found.grid.require_same(true.grid, "prediction", "reference")
    total = Confusion()
    for window in strips(found.grid, 12):
        reporter.progress("scoring", int(window.row_off), found.grid.rows)
        total += Confusion.from_arrays(found.read(window), true.read(window), name=name)
    reporter.progress("scoring", found.grid.rows, found.grid.rows)
    return total


def _coding(paths: Sequence[Path], ignore: int | None, reporter: Reporter) -> MaskCoding:
    """How the masks of a set are meant, which need not all hold landslides."""
    values: set[float] = set()
    for path in paths:
        if path.suffix != ".h5":
            with open_raster(path) as dataset:
                values |= distinct_values(dataset)
        else:
            reporter.check()
            values |= {float(value) for value in np.unique(_array(path))}
    name = str(paths[0] if len(paths) == 1 else paths[0].parent)
    coding = mask_coding(values, name, ignore=ignore)
    if coding.note:
        reporter.warn(f"{name}: {coding.note}.", "raster-recognised")
    return coding


def _folders(
    prediction: Path, reference: Path, ignore: int | None, reporter: Reporter
) -> Evaluation:
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
            f"{len(extra)} predicted masks have no reference and are left out ({_some(extra)}).",
            "reference-missing",
        )
    names = sorted(true, key=_natural)
    codings = [
        _coding([masks[name] for name in names], ignore, reporter) for masks in (found, true)
    ]
    files: dict[str, Confusion] = {}
    for number, name in enumerate(names):
        reporter.progress("scoring", number, len(true))
        files[name] = _pair(found[name], true[name], codings, name, reporter)
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
    prediction: Path,
    reference: Path,
    codings: Sequence[MaskCoding],
    name: str,
    reporter: Reporter,
) -> Confusion:
    pair = tuple(zip((prediction, reference), codings, strict=True))
    if ".h5" not in (prediction.suffix, reference.suffix):
        found, true = (LandslideMask.open(path, coding=coding) for path, coding in pair)
        return _rasters(found, true, name, SILENT)
    reporter.check()
    one, other = (
        coding.decode(_array(path))
        if path.suffix == ".h5"
        else LandslideMask.open(path, coding=coding).read()
        for path, coding in pair
    )
    return Confusion.from_arrays(one, other, name=f"Mask {name}")


def _array(path: Path) -> NDArray[Any]:
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
