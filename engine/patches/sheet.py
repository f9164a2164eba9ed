"""A sheet of pictures of a dataset, to see at once what it shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import DatasetError, InputError
from engine.files import atomic_path
from engine.patches.dataset import Dataset

_RGB = ("B04", "B03", "B02")


def picture_sheet(dataset: Dataset, path: Path, *, most: int = 40) -> None:
    """Write a sheet of patches with their landslides outlined.

    In natural colour, spread evenly over the dataset.

    Args:
        dataset: The patches.
        path: PNG to write.
        most: Patches on the sheet.

    Raises:
        DatasetError: They lack red, green or blue.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    missing = [name for name in _RGB if name not in dataset.channels]
    if missing:
        raise DatasetError(
            f"A picture sheet needs B04, B03 and B02, but the patches lack {', '.join(missing)};"
            " leave --sheet out."
        )
    rgb = [dataset.channels.index(name) for name in _RGB]
    step = max(1, len(dataset) // most)
    chosen = []
    for number in range(0, len(dataset), step)[:most]:
        try:
            chosen.append(dataset.read(number))
        except InputError:
            continue
    columns = min(8, max(1, len(chosen)))
    rows = max(1, -(-len(chosen) // columns))
    figure = Figure(figsize=(1.7 * columns, 1.85 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, patch in zip(axes, chosen, strict=False):
        axis.imshow(natural_colour(patch.image[rgb]))
        if patch.mask is not None and (patch.mask == 1).any():
            axis.contour(patch.mask == 1, levels=[0.5], colors="#ffd400", linewidths=0.7)
        axis.set_title(f"{patch.id} · {patch.site}", fontsize=6)
    with atomic_path(path) as temporary:
        FigureCanvasAgg(figure).print_png(str(temporary))  # type: ignore[no-untyped-call]


def natural_colour(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Red, green and blue (3, h, w) as a picture (h, w, 3), gaps black.

    Stretched between their 2nd and 98th percentiles together.
    """
    low, high = np.nanpercentile(rgb, [2, 98]) if np.isfinite(rgb).any() else (0.0, 1.0)
    stretched = np.clip((np.moveaxis(rgb, 0, -1) - low) / max(1.0, high - low), 0, 1)
    return np.asarray(np.nan_to_num(stretched), np.float32)
