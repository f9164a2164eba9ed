"""Reading a reference inventory: any vector file, any CRS, or points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from engine.errors import InventoryError, NoOverlapError
from engine.events import SILENT, Reporter
from engine.status import is_confirmed
from engine.vector import (
    POINTS,
    POLYGONS,
    in_crs,
    of_kind,
    only_polygons,
    read_vector,
    swapped,
)

WHAT = "The reference"


@dataclass(frozen=True)
class Reference:
    """What is taken for true.

    Attributes:
        shapes: Valid polygons, or points, in the CRS asked for; ``feature`` is their number in the
            file.
        points: Whether these are points.
        outside: How many lie outside the area and were left out.
    """

    shapes: gpd.GeoDataFrame
    points: bool
    outside: int


def read_reference(
    path: Path,
    crs: CRS,
    area: BaseGeometry,
    *,
    layer: str | None = None,
    reporter: Reporter = SILENT,
) -> Reference:
    """Read a reference inventory.

    Args:
        path: GeoPackage, Shapefile, GeoJSON or anything else that GDAL reads.
        crs: CRS into which it is brought.
        area: Only what touches this area counts, in ``crs``; everything does where it is empty,
            that is, not known.
        layer: Which layer; by default ``landslides``, or else the first.
        reporter: Receives what was repaired or left out.

    Returns:
        The reference. Polygons that a review rejected are left out; points count where there are no
        polygons. No attributes are read.

    Raises:
        MissingFileError, UnreadableFileError: There is no such file, or it is no vector file.
        MissingCRSError, GridError: It has no CRS, or one from which nothing leads to ``crs``.
        InventoryError: It holds neither polygons nor points, or coordinates out of range.
        NoOverlapError: All of it lies outside the area.
    """
    found = read_vector(
        path, WHAT, layer=layer, prefer="landslides", columns=["status"], reporter=reporter
    )
    if "status" in found.columns:
        found = found[is_confirmed(found["status"])]
    kinds = shapely.get_type_id(np.asarray(found.geometry))
    points = len(found) > 0 and not np.isin(kinds, POLYGONS).any()
    if points and not np.isin(kinds, POINTS).any():
        raise InventoryError(
            f"{path} holds neither polygons nor points; give landslides as polygons, or at least as"
            " points; lines can be closed to polygons, for instance with QGIS's 'Lines to"
            " polygons'."
        )
    found = of_kind(found, POINTS if points else POLYGONS, path, reporter=reporter)
    placed = in_crs(found, crs, path, WHAT, reporter=reporter)
    table = gpd.GeoDataFrame(
        {"feature": placed.index.to_numpy()}, geometry=np.asarray(placed.geometry), crs=crs
    )
    table = table.explode(ignore_index=True) if points else _repaired(table, path, reporter)
    inside = _inside(table, area)
    if len(table) and not inside.any():
        raise NoOverlapError(
            f"{path} lies wholly outside the area of the inventory; check that both show the same"
            f" place{_hint(found, crs, area)}."
        )
    outside = int((~inside).sum())
    if outside:
        reporter.warn(
            f"{outside} of {len(table)} reference landslides lie outside the area that was analysed"
            " and do not count.",
            "reference-outside",
        )
    return Reference(table[inside].reset_index(drop=True), points, outside)


def _inside(table: gpd.GeoDataFrame, area: BaseGeometry) -> NDArray[np.bool_]:
    """Which geometries touch the area; all do where it is not known."""
    shapely.prepare(area)  # which pays only on the left side
    touching = shapely.intersects(area, np.asarray(table.geometry))
    return np.asarray(touching | area.is_empty, np.bool_)


def _hint(found: gpd.GeoDataFrame, crs: CRS, area: BaseGeometry) -> str:
    """Whether swapped coordinates explain why nothing overlaps."""
    if not found.crs.is_geographic:
        return ""
    turned = gpd.GeoSeries(swapped(np.asarray(found.geometry)), crs=found.crs).to_crs(crs)
    if not _inside(gpd.GeoDataFrame(geometry=turned), area).any():
        return ""
    return "; latitude and longitude are swapped in the reference: write longitude first"


def _repaired(table: gpd.GeoDataFrame, path: Path, reporter: Reporter) -> gpd.GeoDataFrame:
    broken = ~table.geometry.is_valid
    if broken.any():
        reporter.warn(
            f"{int(broken.sum())} polygons of {path.name} were invalid (self-intersecting, for"
            " instance) and have been repaired.",
            "reference-repaired",
        )
        table = table.copy()
        mended: Any = [
            only_polygons(shape) for shape in shapely.make_valid(np.asarray(table.geometry[broken]))
        ]
        table.loc[broken, table.geometry.name] = mended
    return table[~table.geometry.is_empty]
