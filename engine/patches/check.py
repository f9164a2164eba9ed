"""Look a dataset over before training on it: what is there, what is wrong, what is odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bands import CHANNELS, NAMES
from engine.errors import InputError
from engine.events import SILENT, Reporter
from engine.patches.landslide4sense import IGNORE, Patch, PatchFolder, read_patch
from engine.raster import atomic_path

_FAR = 3.0
"""Published standard deviations from which the published constants are said not to fit a dataset."""


@dataclass(frozen=True)
class DatasetReport:
    """What :func:`check_dataset` found.

    Attributes:
        patches: Patches read.
        labelled: Patches with a mask.
        positive: Patches with any landslide pixel.
        landslide_share: Share of landslide among labelled pixels.
        degenerate: Ids of patches with a constant elevation or without any slope.
        stray: Files that belong to neither images nor masks.
        problems: Id and sentence for every patch that cannot be used.
        sites: For each site: patches, positive patches, and mean and standard deviation of each channel on the files' scale.
        deviation: Largest distance of the dataset's channel means from the published ones, in published standard deviations.
    """

    patches: int
    labelled: int
    positive: int
    landslide_share: float
    degenerate: tuple[int, ...]
    stray: tuple[str, ...]
    problems: tuple[tuple[int, str], ...]
    sites: Mapping[str, Mapping[str, Any]]
    deviation: float

    def lines(self) -> list[str]:
        """The report as a person reads it."""
        found = [
            f"{self.patches} patches, {self.labelled} labelled, {self.positive} with landslide ({self.landslide_share:.2%} of the pixels)",
            f"{len(self.degenerate)} degenerate (constant elevation or no slope){_some(self.degenerate)}",
            f"{len(self.stray)} stray files{_some(self.stray)}",
            f"{len(self.problems)} unusable patches",
            *(f"  {number}: {sentence}" for number, sentence in self.problems[:10]),
            f"channel means lie within {self.deviation:.1f} published standard deviations of the published means",
        ]
        if self.deviation > _FAR:
            found.append('  so the published constants do not fit; train with --set normalization.statistics="data"')
        for site, row in self.sites.items():
            found.append(f"{site}: {row['patches']} patches, {row['positive']} with landslide")
            pairs = zip(NAMES, row["mean"], row["std"], strict=True)
            found.append("  " + "  ".join(f"{name} {mean:.3f}±{std:.3f}" for name, mean, std in pairs))
        return found


def check_dataset(folder: PatchFolder, *, report: Reporter = SILENT) -> DatasetReport:
    """Read every patch of a folder and report; unusable ones are listed, not raised.

    Args:
        folder: What :func:`find_patches` found.
        report: Progress over the patches.
    """
    problems: list[tuple[int, str]] = []
    degenerate: list[int] = []
    sums: dict[str, _Sums] = {}
    labelled = positive = landslide = pixels = 0
    for index, file in enumerate(folder.files):
        try:
            patch = read_patch(file)
        except InputError as error:
            problems.append((file.id, str(error)))
            continue
        finally:
            report.progress("checking patches", index + 1, len(folder))
        slope, elevation = patch.image[12], patch.image[13]
        if np.ptp(elevation) == 0 or not slope.any():
            degenerate.append(patch.id)
        sums.setdefault(patch.site, _Sums()).add(patch)
        if patch.mask is not None:
            labelled += 1
            positive += bool((patch.mask == 1).any())
            landslide += int((patch.mask == 1).sum())
            pixels += int((patch.mask != IGNORE).sum())
    sites = {site: found.summary() for site, found in sorted(sums.items())}
    return DatasetReport(
        len(folder), labelled, positive, landslide / max(1, pixels), tuple(degenerate), tuple(p.name for p in folder.stray),
        tuple(problems), sites, _deviation(sums),
    )  # fmt: skip


def picture_sheet(folder: PatchFolder, path: Path, *, most: int = 40) -> None:
    """Write a sheet of patches in natural colour with their landslides outlined, spread evenly over the dataset.

    Args:
        folder: The patches.
        path: PNG to write.
        most: Patches on the sheet.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    step = max(1, len(folder) // most)
    chosen = []
    for file in folder.files[::step][:most]:
        try:
            chosen.append(read_patch(file))
        except InputError:
            continue
    columns = min(8, max(1, len(chosen)))
    rows = max(1, -(-len(chosen) // columns))
    figure = Figure(figsize=(1.7 * columns, 1.85 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, patch in zip(axes, chosen, strict=False):
        axis.imshow(natural_colour(patch.image))
        if patch.mask is not None and (patch.mask == 1).any():
            axis.contour(patch.mask == 1, levels=[0.5], colors="#ffd400", linewidths=0.7)
        axis.set_title(f"{patch.id} · {patch.site}", fontsize=6)
    with atomic_path(path) as temporary:
        FigureCanvasAgg(figure).print_png(str(temporary))  # type: ignore[no-untyped-call]


def natural_colour(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Red, green and blue of a patch stretched between their 2nd and 98th percentiles together; shape (rows, columns, 3)."""
    rgb = image[[3, 2, 1]]
    low, high = np.percentile(rgb, [2, 98])
    return np.asarray(np.clip((np.moveaxis(rgb, 0, -1) - low) / max(1.0, high - low), 0, 1), np.float32)


class _Sums:
    """Running sums of one site on the files' scale."""

    def __init__(self) -> None:
        self.patches = self.positive = self.count = 0
        self.total = np.zeros(len(NAMES))
        self.squares = np.zeros(len(NAMES))

    def add(self, patch: Patch) -> None:
        divisors = np.array([channel.divisor for channel in CHANNELS])
        values = patch.image.reshape(len(NAMES), -1).astype(np.float64) / divisors[:, None]
        self.patches += 1
        self.positive += bool(patch.mask is not None and (patch.mask == 1).any())
        self.count += values.shape[1]
        self.total += values.sum(axis=1)
        self.squares += (values**2).sum(axis=1)

    @property
    def mean(self) -> NDArray[np.float64]:
        return np.asarray(self.total / max(1, self.count))

    def summary(self) -> dict[str, Any]:
        std = np.sqrt(np.maximum(self.squares / max(1, self.count) - self.mean**2, 0))
        rounded = [[round(float(v), 4) for v in values] for values in (self.mean, std)]
        return {"patches": self.patches, "positive": self.positive, "mean": rounded[0], "std": rounded[1]}


def _deviation(sums: Mapping[str, _Sums]) -> float:
    count = sum(found.count for found in sums.values())
    if not count:
        return 0.0
    mean = np.sum([found.total for found in sums.values()], axis=0) / count
    published = np.array([(channel.mean, channel.std) for channel in CHANNELS])
    return float(np.max(np.abs(mean - published[:, 0]) / published[:, 1]))


def _some(items: tuple[Any, ...]) -> str:
    return f": {', '.join(map(str, items[:6]))}{' …' if len(items) > 6 else ''}" if items else ""
