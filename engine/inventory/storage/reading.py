"""An inventory read from its GeoPackage.

It may have been edited, filtered or reprojected by other programs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from engine.errors import (
    InventoryError,
    L4SError,
    MissingCRSError,
    MissingFileError,
    UnreadableFileError,
)
from engine.events import SILENT, Reporter
from engine.ground import bring
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.schema import FIELDS
from engine.inventory.shape import ground_area
from engine.inventory.storage.record import read_record
from engine.inventory.storage.restore import measured_anew, records_of
from engine.status import unknown
from engine.vector import FOREIGN, POLYGONS, is_finite, only_polygons, quiet, usable

LANDSLIDES = "landslides"
"""The layer of the polygons."""
DATABASE = b"SQLite format 3\0"
POLYGON_LAYERS = {"POLYGON", "MULTIPOLYGON", "GEOMETRY"}
"""Types of layers that may hold landslides."""


def read_inventory(path: Path, *, reporter: Reporter = SILENT) -> Inventory:
    """Read an inventory, also one that other programs edited.

    What these leave stale or empty is put right (see :mod:`engine.inventory.storage.restore`):
    outlines that were drawn or reshaped are measured anew. Where the layer ``aoi`` is missing, the
    box around the landslides takes its place; where ``run`` is, what the columns tell.

    Args:
        path: The file; the landslides are its layer ``landslides``, or else its only layer of
            polygons.
        reporter: Receives what is missing.

    Raises:
        MissingFileError: There is no such file.
        UnreadableFileError: It is not a GeoPackage.
        InventoryError: It has no layer of landslides, or something else than polygons in it.
        MissingCRSError: The landslides have no CRS.
    """
    if not path.exists():
        raise MissingFileError(f"There is no file {path}; check the path.")
    with _readable(path) as file:
        return _read(file, path, reporter)


def _read(file: Path, path: Path, reporter: Reporter) -> Inventory:
    """Read what is in ``file``, of which messages speak as ``path``."""
    layers = layers_of(file)
    layer = _landslide_layer(path, layers)
    try:
        with quiet():
            table = pyogrio.read_dataframe(file, layer=layer)
            area = pyogrio.read_dataframe(file, layer="aoi") if "aoi" in layers else None
            records = _records(file, layers)
        _require_crs(table, path)
        shape = _analysed(area, table.crs)
        landslides = _landslides(table, path, reporter)
    except FOREIGN as error:
        if isinstance(error, L4SError):
            raise
        raise UnreadableFileError(
            f"{path} cannot be read as a GeoPackage ({error or type(error).__name__}); it may be"
            " damaged."
        ) from error
    if layer != LANDSLIDES:
        reporter.warn(
            f"{path.name} has no layer `{LANDSLIDES}`; its only layer of polygons, `{layer}`, is"
            " taken for it.",
            "vector-layer-taken",
        )
    if odd := unknown(landslides["status"]):
        reporter.warn(
            f"{path.name} holds review statuses that are not known ({', '.join(odd[:5])}); such"
            " polygons count as landslides.",
            "inventory-status",
        )
    records = records or records_of(landslides)
    if shape is not None:
        if records:
            records[-1].setdefault(
                "area_km2",
                round(float(ground_area(shapely.get_parts(shape), table.crs).sum()) / 1e6, 6),
            )
    else:
        shape = shapely.box(*landslides.total_bounds) if len(landslides) else shapely.Polygon()
        ground = "the box around the landslides" if len(landslides) else "no ground at all"
        reporter.warn(
            f"{path.name} has no layer `aoi`: {ground} is taken for the area that was looked at,"
            " but the true one may be larger; `l4s export --out NAME.gpkg` writes landslides of a"
            " chosen status together with that layer.",
            "vector-no-area",
        )
    return Inventory(landslides, shape, records[-1] if records else {}, tuple(records[:-1]))


def _require_crs(table: gpd.GeoDataFrame, path: Path) -> None:
    """Check that a layer of landslides has geometries and a CRS.

    Raises:
        MissingCRSError: It has no CRS, or one of a number that the file does not explain.
        InventoryError: It has no geometries.
    """
    if not isinstance(table, gpd.GeoDataFrame):
        raise InventoryError(f"The layer of landslides of {path} has no geometries.")
    if table.crs is None:
        raise MissingCRSError(
            f"The landslides of {path} have no coordinate reference system; assign the right one"
            " and save the file again."
        )


def _analysed(area: gpd.GeoDataFrame | None, crs: CRS) -> BaseGeometry | None:
    """The analysed area in the CRS of the landslides; None if unknown."""
    if not isinstance(area, gpd.GeoDataFrame):
        return None
    shapes = np.asarray(area.geometry)
    shapes = shapes[~shapely.is_missing(shapes) & is_finite(shapes)]
    if not len(shapes):
        return None
    if area.crs is not None and area.crs != crs:
        shapes = np.asarray(bring(gpd.GeoSeries(shapes, crs=area.crs), crs))
    if len(shapes) > 1 or not shapely.is_valid(shapes).all():
        whole: BaseGeometry = only_polygons(shapely.union_all(shapely.make_valid(shapes)))
        return whole
    shape: BaseGeometry = shapes[0]
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        shape = only_polygons(shape)
    return shape


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """The file, or a copy where only a writer could open its log."""
    if first_bytes(path, 20)[18:] != b"\x02\x02":
        yield path
        return
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
            file.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        with TemporaryDirectory(prefix="l4s-") as folder:
            for name in (path.name, f"{path.name}-wal"):
                if path.with_name(name).exists():
                    copyfile(path.with_name(name), Path(folder) / name)
            yield Path(folder) / path.name
    else:
        yield path


def last_run(path: Path) -> dict[str, Any]:
    """The record of the run that wrote an inventory last.

    Empty where the file is no inventory, or tells nothing.
    """
    try:
        with quiet():
            records = _records(path, layers_of(path))
    except FOREIGN:
        return {}
    return records[-1] if records else {}


def _records(path: Path, layers: Mapping[str, str]) -> list[dict[str, Any]]:
    """The records of all runs, oldest first."""
    runs = pyogrio.read_dataframe(path, layer="run", read_geometry=False) if "run" in layers else {}
    return [read_record(text) for text in runs["document"]] if "document" in runs else []


def _landslides(table: gpd.GeoDataFrame, path: Path, reporter: Reporter) -> gpd.GeoDataFrame:
    """The rows that have a polygon, with every column of the schema.

    Measured anew where needed.
    """
    table = usable(table, path, reporter)
    if not np.isin(shapely.get_type_id(np.asarray(table.geometry)), POLYGONS).all():
        raise InventoryError(
            f"{path} holds something else than polygons; give landslides as polygons."
        )
    columns = {
        str(name): table[name].to_numpy() for name in table.columns if name != table.geometry.name
    }
    for f in FIELDS:  # what was a Shapefile for a while
        if f.name not in columns and f.shapefile_name in columns:
            columns[f.name] = columns.pop(f.shapefile_name)
    return measured_anew(as_landslides(table.geometry.to_numpy(), table.crs, columns))


def _landslide_layer(path: Path, layers: Mapping[str, str]) -> str:
    polygons = [name for name, kind in layers.items() if kind in POLYGON_LAYERS and name != "aoi"]
    if LANDSLIDES not in layers and len(polygons) != 1:
        raise InventoryError(
            f"{path} has no layer `{LANDSLIDES}` ({listed(layers)}); give the file that `l4s"
            " detect` wrote."
        )
    return LANDSLIDES if LANDSLIDES in layers else polygons[0]


def listed(layers: Mapping[str, str]) -> str:
    """Say of a file that is no inventory what is in it."""
    return f"it has: {', '.join(sorted(layers)) or 'none'}"


def layers_of(path: Path) -> dict[str, str]:
    """Layers by name, and the type of their geometries; empty for tables."""
    if path.is_dir() or first_bytes(path, len(DATABASE)) != DATABASE:
        raise UnreadableFileError(
            f"{path} is not a GeoPackage, from which an inventory is read; give the file that `l4s"
            " detect` wrote, or convert this one, for instance with `ogr2ogr -f GPKG"
            f" inventory.gpkg {path.name}`."
        )
    # Asked of SQLite first, because GDAL warns on stderr of files that are no GeoPackage before it
    # fails.
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute(
                "SELECT table_name, geometry_type_name FROM gpkg_contents LEFT JOIN"
                " gpkg_geometry_columns USING (table_name) WHERE table_name IN (SELECT name FROM"
                " sqlite_master)"
            )
            return {str(name): str(kind or "") for name, kind in found}
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise UnreadableFileError(
            f"{path} cannot be read as a GeoPackage ({error}); it may be damaged."
        ) from error


def first_bytes(path: Path, count: int) -> bytes:
    """The start of a file, which tells what it is."""
    with path.open("rb") as file:
        return file.read(count)
