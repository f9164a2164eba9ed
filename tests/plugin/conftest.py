"""Fixtures of the plugin's tests: a fake engine, a real one, small rasters, a stand-in for QGIS's interface."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    """Keep settings, environments and variables of the person who runs the tests out of them."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("L4S_QGIS_HOME", str(home))
    monkeypatch.delenv("L4S_ENGINE_PYTHON", raising=False)
    return home


@pytest.fixture
def fake_engine():
    """The command line of an engine that behaves as it is told."""

    def command(behaviour: str) -> list[str]:
        return [sys.executable, str(HERE / "fake_engine.py"), behaviour]

    return command


@pytest.fixture
def engine_python(monkeypatch) -> Path:
    """The Python in which the real engine is installed; the plugin uses it in this test."""
    python = os.environ.get("L4S_TEST_ENGINE_PYTHON") or os.environ.get("L4S_ENGINE_PYTHON_GIVEN")
    if not python or not Path(python).exists():
        pytest.skip("L4S_ENGINE_PYTHON does not name a Python with the engine")
    monkeypatch.setenv("L4S_ENGINE_PYTHON", python)
    return Path(python)


def pytest_configure(config):
    """Remember the engine's Python before the tests hide it from the plugin."""
    os.environ["L4S_ENGINE_PYTHON_GIVEN"] = os.environ.get("L4S_ENGINE_PYTHON", "")


@pytest.fixture
def make_raster(tmp_path):
    """Writes small GeoTIFFs."""

    def make(
        name="image.tif",
        bands=4,
        size=64,
        dtype=gdal.GDT_UInt16,
        names=(),
        crs=32651,
        origin=(300000, 2600000),
        pixel=10.0,
        values=None,
    ):
        path = tmp_path / name
        dataset = gdal.GetDriverByName("GTiff").Create(str(path), size, size, bands, dtype)
        dataset.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
        if crs:
            reference = osr.SpatialReference()
            reference.ImportFromEPSG(crs)
            dataset.SetProjection(reference.ExportToWkt())
        rng = np.random.default_rng(1)
        for index in range(bands):
            band = dataset.GetRasterBand(index + 1)
            band.WriteArray(values if values is not None else rng.integers(1, 250, (size, size)))
            if index < len(names):
                band.SetDescription(names[index])
        dataset = None
        return path

    return make
