"""Rasters shared by the tests of this room."""

from __future__ import annotations

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS

from engine.grid import Grid

UTM = CRS.from_epsg(32651)


def grid_of_shape(shape: tuple[int, int], crs: CRS = UTM, pixel: float = 10.0) -> Grid:
    x, y = (300000, 2600000) if crs == UTM else (121.0, 46.0)
    return Grid(crs, Affine(pixel, 0, x, 0, -pixel, y), shape)


def three_slides() -> NDArray[np.uint8]:
    """A 2 x 2 slide, a 6 x 4 slide with a hole, and a bar of 3 x 12 that ends at the right border;
    a corner without data."""
    mask = np.zeros((40, 50), np.uint8)
    mask[5:7, 5:7] = 1
    mask[15:21, 10:14] = 1
    mask[17, 11] = 0
    mask[30:33, 38:50] = 1
    mask[:3, 40:] = 255
    return mask
