"""Small scenes that the scene tests share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from engine.scene.simulation.simulate import SimulatedScene, SimulationConfig, simulate

SIZE_PX = 120
BANDS_SIZE_PX = 300

WriteRaster = Callable[..., Path]


@pytest.fixture(scope="session")
def write_raster() -> WriteRaster:
    """Write an array (bands, rows, columns) as a GeoTIFF."""

    def write(
        path: Path,
        values: Any,
        *,
        epsg: int | None = 32651,
        pixel: float = 10.0,
        corner: tuple[float, float] = (300000, 2600040),
        names: tuple[str, ...] = (),
        nodata: float | None = None,
        **profile: Any,
    ) -> Path:
        array = np.asarray(values)
        array = array[np.newaxis] if array.ndim == 2 else array
        path.parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=array.shape[0],
            height=array.shape[1],
            width=array.shape[2],
            dtype=array.dtype.name,
            crs=CRS.from_epsg(epsg) if epsg else None,
            transform=Affine(pixel, 0, corner[0], 0, -pixel, corner[1]),
            nodata=nodata,
            **profile,
        ) as dataset:
            dataset.write(array)
            for index, name in enumerate(names, start=1):
                dataset.set_band_description(index, name)
        return path

    return write


@pytest.fixture(scope="session")
def bands_scene(tmp_path_factory: pytest.TempPathFactory) -> SimulatedScene:
    """Plain bands with clouds, and the year before."""
    config = SimulationConfig(size_px=BANDS_SIZE_PX, clouds=0.2, before=True)
    return simulate(tmp_path_factory.mktemp("bands"), config)


@pytest.fixture(scope="session")
def l1c_scene(tmp_path_factory: pytest.TempPathFactory) -> SimulatedScene:
    """A Level-1C SAFE with two DEM archives."""
    return simulate(
        tmp_path_factory.mktemp("l1c"), SimulationConfig(size_px=SIZE_PX, clouds=0.2, product="l1c")
    )


@pytest.fixture(scope="session")
def l2a_scene(tmp_path_factory: pytest.TempPathFactory) -> SimulatedScene:
    """A Level-2A SAFE."""
    return simulate(
        tmp_path_factory.mktemp("l2a"), SimulationConfig(size_px=SIZE_PX, clouds=0.2, product="l2a")
    )


@pytest.fixture
def safe_copy(l1c_scene: SimulatedScene, tmp_path: Path) -> Path:
    """A copy of the Level-1C product, to damage."""
    source = l1c_scene.imagery[0]
    return Path(shutil.copytree(source, tmp_path / source.name))
