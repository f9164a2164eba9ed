"""Small rasters and inventories that the tests of several rooms use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inventory_cases import grid_of_shape, three_slides
from numpy.typing import NDArray

from engine.bands import NAMES
from engine.grid import Grid
from engine.handles import LandslideMask, ProbabilityRaster, Stack, encode_probability
from engine.inventory.inventory import Inventory
from engine.inventory.vectorize import vectorize
from engine.raster import RasterWriter


@pytest.fixture
def make_mask_file(tmp_path: Path) -> Callable[..., LandslideMask]:
    def make(
        values: NDArray[Any], grid: Grid | None = None, name: str = "mask.tif"
    ) -> LandslideMask:
        grid = grid or grid_of_shape(values.shape)
        with RasterWriter(
            tmp_path / name, grid, dtype="uint8", bands=["landslide"], nodata=255
        ) as writer:
            writer.write(values.astype(np.uint8)[None])
        return LandslideMask.open(tmp_path / name)

    return make


@pytest.fixture
def make_probability(tmp_path: Path) -> Callable[..., ProbabilityRaster]:
    def make(
        values: NDArray[Any], grid: Grid | None = None, name: str = "probability.tif"
    ) -> ProbabilityRaster:
        grid = grid or grid_of_shape(values.shape)
        with RasterWriter(
            tmp_path / name, grid, dtype="uint8", bands=["probability"], nodata=255, scales=[0.004]
        ) as writer:
            writer.write(encode_probability(values)[None])
        return ProbabilityRaster.open(tmp_path / name)

    return make


@pytest.fixture
def make_stack_file(tmp_path: Path) -> Callable[..., Stack]:
    def make(dem: NDArray[Any], grid: Grid | None = None, **bands: NDArray[Any]) -> Stack:
        grid = grid or grid_of_shape(dem.shape)
        planes = {name: np.full(dem.shape, 1000.0) for name in NAMES[:12]} | {"DEM": dem} | bands
        path = tmp_path / "stack.tif"
        with RasterWriter(
            path, grid, dtype="float32", bands=list(planes), nodata=-9999.0
        ) as writer:
            writer.write(np.stack(list(planes.values())).astype(np.float32))
        return Stack.open(path)

    return make


@pytest.fixture
def inventory(make_mask_file: Any, make_probability: Any) -> Inventory:
    mask = three_slides()
    probability = np.where(mask == 1, 0.9, 0.1)
    probability[mask == 255] = np.nan
    return vectorize(
        make_mask_file(mask),
        probability=make_probability(probability),
        run={
            "created": "2026-01-02T03:04:05+00:00",
            "models": [{"name": "light", "version": "1", "digest": "ab" * 32}],
        },
    )
