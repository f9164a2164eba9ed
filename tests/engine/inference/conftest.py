"""Fixtures of the inference tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from inference_cases import ORIGIN, RGB, conv_onnx, fixed
from rasterio.crs import CRS

from engine.grid import Grid
from engine.handles import Stack
from engine.models.bundle import ModelBundle, write_bundle
from engine.models.card import ModelCard
from engine.models.normalization import Normalization
from engine.raster import RasterWriter


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., ModelBundle]:
    """Writes a bundle around a convolution."""

    def make(
        kernel: np.ndarray | None = None,
        *,
        name: str = "tiny",
        channels: Sequence[str] = RGB,
        required: Sequence[str] | None = None,
        normalization: Normalization | None = None,
        bias: float = 0.0,
        **card: Any,
    ) -> ModelBundle:
        if kernel is None:
            kernel = np.linspace(0.5, 1.0, len(channels)).reshape(-1, 1, 1)
        settings: dict[str, Any] = {"threshold": 0.5, "multiple_of_px": 8, "window_px": 64, **card}
        made = ModelCard(
            name=name,
            version="1",
            title="Tiny",
            description="For tests.",
            network={"builder": "none"},
            normalization=normalization or fixed(channels),
            required=tuple(channels if required is None else required),
            **settings,
        )
        return write_bundle(tmp_path / "models" / name, made, None, conv_onnx(kernel, bias))

    return make


@pytest.fixture
def make_stack(tmp_path: Path) -> Callable[..., Stack]:
    """Writes a stack of float32 channels (NaN is nodata) with an optional quality band."""

    def make(
        channels: Mapping[str, np.ndarray],
        *,
        quality: np.ndarray | None = None,
        name: str = "stack.tif",
        pixel_m: float = 10.0,
    ) -> Stack:
        arrays = [np.asarray(values, np.float32) for values in channels.values()]
        bands = list(channels)
        if quality is not None:
            arrays.append(quality.astype(np.float32))
            bands.append("QA")
        grid = Grid(
            CRS.from_epsg(32651),
            Affine(pixel_m, 0, ORIGIN[0], 0, -pixel_m, ORIGIN[1]),
            arrays[0].shape,
        )
        path = tmp_path / name
        with RasterWriter(
            path, grid, dtype="float32", bands=bands, nodata=float("nan"), overviews=False
        ) as writer:
            writer.write(np.stack(arrays))
        return Stack.open(path)

    return make
