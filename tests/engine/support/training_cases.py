"""A small labelled dataset: bright bare scars on dark vegetation, in raw units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.bands import CHANNELS, NAMES, OPTICAL
from engine.models.normalization import Normalization, training_statistics
from engine.patches.arrays import PatchArrays, write_packed
from engine.patches.landslide4sense import Place
from engine.training.recipe import Recipe, recipe_from_dict

LIGHT_NORMALIZATION = Normalization(
    NAMES,
    (*("scene" for _ in OPTICAL), "relief", "centre"),
    *training_statistics(NAMES),
    min_pixels=65536,
)
"""That of the recipe ``light``, without reading it."""

TINY = {
    "name": "tiny",
    "title": "Tiny",
    "description": "For tests.",
    "network": {"builder": "baseline_unet", "width": 4},
    "data": {"crop_px": 32, "folds": 2, "positive_share": 0.5},
    "optimizer": {"lr": 0.01},
    "schedule": {"steps": 6},
    "training": {"batch_size": 4, "tensorboard": False, "validate_every": 2, "device": "cpu"},
}


def tiny(**changes: object) -> Recipe:
    data = {key: dict(value) if isinstance(value, dict) else value for key, value in TINY.items()}
    for key, value in changes.items():
        data[key] = {**data.get(key, {}), **value} if isinstance(value, dict) else value  # type: ignore[dict-item]
    return recipe_from_dict(data)


def landscape(
    count: int = 8, size: int = 48, seed: int = 0, brightness: float = 1.0
) -> PatchArrays:
    random = np.random.default_rng(seed)
    masks = np.zeros((count, size, size), np.uint8)
    images = np.empty((count, len(NAMES), size, size), np.int16)
    for index in range(count):
        row, column = random.integers(4, size - 20, 2)
        if index % 4 != 3:
            masks[index, row : row + 12, column : column + 8] = 1
        for band, channel in enumerate(CHANNELS):
            values = channel.divisor * (
                channel.mean + 0.4 * channel.std * random.standard_normal((size, size))
            )
            if channel.name in ("B02", "B03", "B04", "B11"):
                values = values + channel.divisor * 3 * channel.std * masks[index]
            images[index, band] = np.clip(values * brightness, 0, 20000)
    places = tuple(Place("one" if i < count // 2 else "two", 0, 20 * i) for i in range(count))
    return PatchArrays(
        images, masks, tuple(f"p{i}" for i in range(count)), places, NAMES, "synthetic"
    )


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "packed"
    write_packed(landscape(), folder)
    return folder
