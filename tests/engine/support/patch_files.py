"""Landslide4Sense image files that tests write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.bands import CHANNELS


def write_image(path: Path, raw: NDArray[Any]) -> None:
    """Write a patch of shape (14, 128, 128) in raw units as an official image file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    divisors = np.array([channel.divisor for channel in CHANNELS])
    with h5py.File(path, "w") as file:
        values = np.moveaxis(raw.astype(np.float64), 0, -1) / divisors
        file.create_dataset("img", data=values, compression="gzip", compression_opts=4)
