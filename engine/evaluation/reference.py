"""Reading a reference inventory: any vector file, any CRS, broken geometries repaired, points
accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from engine.errors import (
    InventoryError,
    MissingCRSError,
    MissingFileError,
    NoOverlapError,
    UnreadableFileError,
)
from engine.events import SILENT, Reporter
from engine.inventory.shape import POLYGONS

POINTS = (shapely.GeometryType.POINT.value, shapely.GeometryType.MULTIPOINT.value)


@dataclass(frozen=True)
class Reference:
    """What is taken for true.

    Attributes:
        shapes: Valid polygons, or points, in the CRS asked for.
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
        The reference. Landslides that a review rejected are left out.

    Raises:
        MissingFileError, UnreadableFileError: There is no such file, or it is no vector file.
        MissingCRSError: It has no CRS.
        InventoryError: It holds neither polygons nor points.
        NoOverlapError: All of it lies outside the area.
    """
    table = _read(path, layer)
    if table.crs is None:
        raise MissingCRSError(
            f"{path} has no coordinate reference system; assign the right one first, for instance"
            " with `ogr2ogr -a_srs`."
        )
    if "status" in table.columns:
        table = table[table["status"] != "rejected"]
    table = table[table.geometry.notna() & ~table.geometry.is_empty].to_crs(crs)
    kinds = shapely.get_type_id(np.asarray(table.geometry))
    polygons, points = np.isin(kinds, POLYGONS), np.isin(kinds, POINTS)
    if len(table) and not (polygons | points).any():
        raise InventoryError(
            f"{path} holds neither polygons nor points; give landslides as polygons, or at least as"
            " points."
        )
    table = table[polygons] if polygons.any() else table[points]
    table = _repaired(table, path, reporter) if polygons.any() else table.explode(ignore_index=True)
    shapely.prepare(area)  # which pays only on the left side
    inside = np.asarray(
        shapely.intersects(area, np.asarray(table.geometry)) | area.is_empty, np.bool_
    )
    if len(table) and not inside.any():
        raise NoOverlapError(
            f"{path} lies wholly outside the area of the inventory; check that both show the same"
            " place."
        )
    outside = int((~inside).sum())
    if outside:
        reporter.warn(
            f"{outside} of {len(table)} reference landslides lie outside the area that was looked"
            " at and do not count."
        )
    return Reference(table[inside].reset_index(drop=True), not polygons.any(), outside)


def _read(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    if not path.exists():
        raise MissingFileError(f"There is no file {path}; check the path.")
    try:
        names = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        if not names:
            raise InventoryError(
                f"{path} has no layer with geometries; give landslides as polygons or points."
            )
        if layer is not None and layer not in names:
            raise InventoryError(
                f"{path} has no layer {layer!r} with geometries; it has {', '.join(names)}."
            )
        chosen = layer or ("landslides" if "landslides" in names else names[0])
        return pyogrio.read_dataframe(path, layer=chosen)
    except (DataSourceError, DataLayerError) as error:
        raise UnreadableFileError(
            f"{path} cannot be read as a vector layer ({error}); it may be damaged or of another"
            " kind."
        ) from error


def _repaired(table: gpd.GeoDataFrame, path: Path, reporter: Reporter) -> gpd.GeoDataFrame:
    broken = ~table.geometry.is_valid
    if broken.any():
        reporter.warn(
            f"{int(broken.sum())} polygons of {path.name} were invalid (self-intersecting, for"
            " instance) and have been repaired."
        )
        table = table.copy()
        mended: Any = [
            _only_polygons(shape)
            for shape in shapely.make_valid(np.asarray(table.geometry[broken]))
        ]
        table.loc[broken, table.geometry.name] = mended
    return table[~table.geometry.is_empty]


def _only_polygons(shape: BaseGeometry) -> BaseGeometry:
    """A repaired bow-tie may come with stray lines, which have no area."""
    parts = [
        part for part in shapely.get_parts(shape) if part.geom_type in ("Polygon", "MultiPolygon")
    ]
    return (
        shapely.multipolygons(list(shapely.get_parts(parts))) if parts else shapely.MultiPolygon()
    )
