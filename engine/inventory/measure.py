"""Measures landslides anew whose outlines were drawn or corrected by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import rasterize
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from engine.events import SILENT, Reporter
from engine.grid import Grid
from engine.handles import LandslideMask, ProbabilityRaster, Stack
from engine.inventory.attributes import attributes, of_outline
from engine.inventory.layers import open_layers
from engine.inventory.runs import Runs, find_runs, join, read_mask
from engine.inventory.schema import BY_NAME
from engine.inventory.shape import measure_form, valid_polygons
from engine.inventory.zonal import zonal_statistics

KEPT = ("id", "confidence")
"""Columns that a person gives, or that name the landslide: never measured anew."""


def measure(
    shapes: Sequence[BaseGeometry],
    mask: LandslideMask,
    *,
    probability: ProbabilityRaster | None = None,
    uncertainty: ProbabilityRaster | None = None,
    stack: Stack | None = None,
    change: Path | None = None,
    area: BaseGeometry | None = None,
    reporter: Reporter = SILENT,
) -> pd.DataFrame:
    """Measure outlines on the rasters from which their inventory was made.

    The pixels of a landslide are those whose centre lies in its outline, so that an exact outline
    has the pixels from which it was drawn; a landslide without any has the one it covers most.

    Args:
        shapes: Polygons in the mask's CRS.
        mask: Tells where there was no result; its landslides do not matter.
        probability: Gives the probabilities.
        uncertainty: Gives the agreement among models and views.
        stack: Gives terrain and vegetation.
        change: GeoTIFF with bands described ``dNDVI`` and ``dBrightness``.
        area: The area of interest, in the mask's CRS; None for everywhere.
        reporter: Receives progress.

    Returns:
        One row a polygon with the columns of :data:`engine.inventory.schema.FIELDS` that follow
        from outlines and rasters. Where a polygon lies outside the rasters, they are empty but
        for its size and form.

    Raises:
        GridError: The rasters do not lie on one grid.
        ChannelError: The change raster's bands are not named.
    """
    polygons = valid_polygons(np.array(shapes, np.object_))
    grid = mask.grid
    pixels = [_pixels_of(shape, grid) for shape in polygons]
    inside = np.array([len(runs) > 0 for runs in pixels], np.bool_)
    rows = pd.DataFrame(index=pd.RangeIndex(len(polygons)))
    if (~inside).any():
        form = measure_form(polygons[~inside], CRS.from_user_input(grid.crs), None)
        _fill(rows, of_outline(form, form.area_m2), ~inside)
    if inside.any():
        runs = _labelled([runs for runs in pixels if len(runs)], grid.shape)
        _, masked, outside = read_mask(mask, area, reporter)
        with open_layers(
            grid, probability=probability, uncertainty=uncertainty, stack=stack, change=change
        ) as (names, read):
            zonal = zonal_statistics(runs, grid, names, read, reporter=reporter) if names else {}
        columns = attributes(polygons[inside], runs, masked, outside, grid, zonal, exact=False)
        _fill(rows, columns, inside)
    return rows


def _pixels_of(shape: BaseGeometry, grid: Grid) -> Runs:
    """The pixels whose centre lies in a polygon, else one that it touches."""
    nothing = join([], grid.shape)
    window = _window_of(shape, grid)
    if window is None:
        return nothing
    size = int(window.height), int(window.width)
    transform = grid.window_transform(window)
    for touched in (False, True):
        burnt = rasterize([shape], size, transform=transform, all_touched=touched, dtype="uint8")
        if burnt.any():
            if touched:
                burnt.flat[np.flatnonzero(burnt)[1:]] = 0
            runs = find_runs(burnt.astype(np.bool_), grid.shape, int(window.row_off))
            column = np.int32(window.col_off)
            return replace(runs, start=runs.start + column, stop=runs.stop + column)
    return nothing


def _window_of(shape: BaseGeometry, grid: Grid) -> Window | None:
    """The pixels of the grid around a polygon; None where it lies outside."""
    left, bottom, right, top = shape.bounds
    x, y = ~grid.transform @ (left, top), ~grid.transform @ (right, bottom)
    first_column, last_column = max(0, math.floor(x[0])), min(grid.columns, math.ceil(y[0]))
    first_row, last_row = max(0, math.floor(x[1])), min(grid.rows, math.ceil(y[1]))
    if first_column >= last_column or first_row >= last_row:
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def _labelled(parts: list[Runs], shape: tuple[int, int]) -> Runs:
    """Runs of several polygons by polygon and row; they may overlap."""
    together = join(
        [
            replace(runs, label=np.full(len(runs), number, np.int32))
            for number, runs in enumerate(parts)
        ],
        shape,
    )
    order = np.lexsort((together.start, together.row))
    row, start, stop, label = (
        getattr(together, name)[order] for name in ("row", "start", "stop", "label")
    )
    return Runs(shape, row, start, stop, label)


def _fill(rows: pd.DataFrame, columns: Mapping[str, Any], chosen: NDArray[np.bool_]) -> None:
    """Write measured columns into some rows, rounded as the schema asks."""
    for name, values in columns.items():
        if name in KEPT or values is None:
            continue
        known = BY_NAME[name]
        if known.kind == "real":
            values = np.round(np.asarray(values, np.float64), known.digits)
        if name not in rows:
            rows[name] = pd.Series([None] * len(rows), dtype=object, index=rows.index)
        rows.loc[chosen, name] = np.array(list(values), object)
