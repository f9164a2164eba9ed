"""Landslides in WGS 84 as formats want them that know nothing else."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from engine.dateline import cut
from engine.ground import Floats, bring, lon_lat, require_places
from engine.inventory.inventory import Inventory, as_multipolygons
from engine.vector import only_polygons


def in_degrees(selection: Inventory) -> gpd.GeoDataFrame:
    """The landslides in WGS 84, cut at the date line.

    Raises:
        GridError: The inventory's CRS is tied to no place on Earth.
    """
    moved = bring(selection.landslides, 4326)
    shapes = cut(np.asarray(moved.geometry))
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION.value
    shapes[mixed] = [only_polygons(shape) for shape in shapes[mixed]]
    return moved.set_geometry(as_multipolygons(shapes), crs=4326)


def inner_points(selection: Inventory) -> tuple[Floats, Floats]:
    """Longitude and latitude of a point inside each landslide.

    It is found in the inventory's CRS, in which no landslide reaches round the globe.

    Raises:
        GridError: The inventory's CRS is tied to no place on Earth.
    """
    require_places(selection.crs)
    points = shapely.point_on_surface(np.asarray(selection.landslides.geometry))
    lon, lat = lon_lat(selection.crs, *shapely.get_coordinates(points).T)
    return (lon + 180) % 360 - 180, lat
