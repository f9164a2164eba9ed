"""The inventory as a GeoPackage: layers ``landslides``, ``aoi`` and ``run``, with form, colours and provenance inside."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from engine.errors import InventoryError, L4SError, MissingFileError, OutputError, UnreadableFileError
from engine.events import SILENT, Reporter
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.merge import keep_reviewed
from engine.inventory.metadata import describe_fields, describe_run, embed_styles
from engine.inventory.reference import POLYGONS
from engine.inventory.restore import measured_anew, records_of
from engine.inventory.schema import FIELDS
from engine.inventory.shape import ground_area
from engine.raster import atomic_path, output_error

LANDSLIDES = "landslides"
"""The layer of the polygons."""
VERSION = "1.3"
"""GDAL 3.6, which Debian 12's QGIS brings, warns at 1.4."""
LICENCE = "The inventory belongs to who made it; it contains modified Copernicus Sentinel data where Sentinel-2 images were used."
LOCK_WAIT_S = 2.0
DATABASE = b"SQLite format 3\0"
POLYGON_LAYERS = {"POLYGON", "MULTIPOLYGON", "GEOMETRY"}
"""Types of layers that may hold landslides."""


def write_geopackage(inventory: Inventory, path: Path, *, keep_reviews: bool = True, report: Reporter = SILENT) -> Path:
    """Write an inventory, complete or not at all.

    If there is an inventory at ``path`` already, its reviewed polygons are kept (see :mod:`engine.inventory.merge`) and the file as it
    was stays beside as ``NAME.previous.gpkg``. A file that QGIS has open is replaced inside a transaction.

    Args:
        inventory: What is written.
        path: The file; its folder must exist.
        keep_reviews: Keep what was reviewed in an inventory there; False replaces all of it, and it stays beside in any case.
        report: Receives what was kept.

    Returns:
        ``path``.

    Raises:
        OutputError: It cannot be written, is read-only, or is being edited in another program.
        InventoryError: There is a file of that name that is not an inventory.
    """
    if path.exists():
        require_writable(path)
        if LANDSLIDES not in (layers := _layers(path)):
            raise InventoryError(
                f"{path} exists but has no layer `{LANDSLIDES}` ({_listed(layers)}), so it is no inventory; choose another name."
            )
        if keep_reviews:
            inventory = _with_reviewed(inventory, path, report)
        else:
            report.log(f"There was an inventory already, which is {_set_aside(path).name} now.")
    try:
        if _opened_elsewhere(path):
            _write_into(inventory, path)
        else:
            _write_beside(inventory, path)
    except (DataSourceError, DataLayerError, sqlite3.Error, OSError) as error:
        raise error if isinstance(error, L4SError) else output_error(path, error) from error
    return path


def _write_beside(inventory: Inventory, path: Path) -> None:
    """Write a new file and rename it; where an open file cannot be renamed over (Windows), write into it."""
    try:
        with atomic_path(path) as temporary:
            temporary.unlink(missing_ok=True)
            _write(inventory, temporary)
    except OutputError as error:
        if not (path.exists() and isinstance(error.__cause__, PermissionError)):
            raise
        _write_into(inventory, path)


def _write_into(inventory: Inventory, path: Path) -> None:
    """Replace the content of a file that is open elsewhere; the file itself stays, so that other programs' saves reach it."""
    with TemporaryDirectory(prefix=f"{path.stem}-", dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        _write(inventory, temporary)
        replace_content(temporary, path)


def _with_reviewed(inventory: Inventory, path: Path, report: Reporter) -> Inventory:
    merged = keep_reviewed(inventory, read_inventory(path, report=report))
    if not merged.kept:
        return inventory
    previous = _set_aside(path)
    outside = f" ({merged.outside} of them outside the ground looked at now)" if merged.outside else ""
    report.log(
        f"Kept {merged.kept} reviewed landslides of the earlier inventory{outside}, which replace {merged.replaced} new ones; the earlier "
        f"file is {previous.name}."
    )
    return merged.inventory


def _set_aside(path: Path) -> Path:
    """Keep a file as it was beside the one that is to come."""
    previous = path.with_name(f"{path.stem}.previous{path.suffix}")
    with atomic_path(previous) as temporary:
        temporary.unlink(missing_ok=True)
        replace_content(path, temporary)
    return previous


def require_writable(path: Path) -> None:
    """Check that an existing GeoPackage may be replaced now.

    Raises:
        OutputError: It is read-only or locked by another program.
        InventoryError: It is not a GeoPackage.
    """
    if not path.stat().st_mode & 0o222:
        raise OutputError(f"{path} is read-only; make it writable or choose another name.")
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_WAIT_S)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.OperationalError as error:
        raise OutputError(
            f"{path} is being edited in another program ({error}); save or stop editing there (in QGIS: toggle editing off) and try again."
        ) from error
    except sqlite3.DatabaseError as error:
        raise InventoryError(f"{path} exists but is not a GeoPackage; choose another name.") from error


def _opened_elsewhere(path: Path) -> bool:
    """Whether another program may have the file open: QGIS switches it to a write-ahead log as long as it does."""
    if not path.exists():
        return False
    return _start(path, 20)[18:] == b"\x02\x02" or path.with_name(path.name + "-wal").exists()


def _start(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)


def replace_content(source: Path, target: Path) -> None:
    """Put a database's content into another that is open elsewhere, in one transaction."""
    try:
        with closing(sqlite3.connect(source)) as new, closing(sqlite3.connect(target, timeout=LOCK_WAIT_S)) as open_one:
            new.backup(open_one)
    except sqlite3.OperationalError as error:
        raise OutputError(f"{target} is in use by another program ({error}); close it there and try again.") from error


def _write(inventory: Inventory, path: Path) -> None:
    landslides = inventory.landslides.rename_geometry("geom")
    area = gpd.GeoDataFrame(
        {"name": ["analysed area"], "area_km2": [inventory.run.get("area_km2")]}, geometry=[_multi(inventory.aoi)], crs=inventory.crs
    ).rename_geometry("geom")  # fmt: skip
    options: dict[str, Any] = {
        "driver": "GPKG", "dataset_options": {"VERSION": VERSION}, "geometry_type": "MultiPolygon",
        "layer_options": {"GEOMETRY_NAME": "geom", "FID": "fid", "SPATIAL_INDEX": "YES"},
    }  # fmt: skip
    pyogrio.write_dataframe(landslides, path, layer=LANDSLIDES, **options)
    pyogrio.write_dataframe(area, path, layer="aoi", append=True, **options)
    runs = pd.DataFrame([_row(record) for record in (*inventory.earlier, inventory.run)])
    pyogrio.write_dataframe(runs, path, layer="run", driver="GPKG", append=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        embed_styles(connection)
        describe_fields(connection)
        describe_run(connection, inventory.run, LICENCE)


def _multi(shape: Any) -> Any:
    return shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape


def _row(record: Any) -> dict[str, Any]:
    """One run as a row of the layer ``run``; ``document`` holds all of it."""
    models = record.get("models") or []
    masked = record.get("masked_share") or {}
    return {
        "created": str(record.get("created", "")),
        "engine_version": str(record.get("engine_version", "")),
        "models": ", ".join(f"{m.get('name', '')} {m.get('version', '')}".strip() for m in models),
        "model_digests": ", ".join(str(m.get("digest", "")) for m in models),
        "threshold": _number(record.get("threshold")),
        "landslides": int(record.get("landslides") or 0),
        "area_km2": _number(record.get("area_km2")),
        **{f"share_{name}": _number(masked.get(name)) for name in ("nodata", "cloud", "shadow", "snow")},
        "device": json.dumps(record.get("device", ""), ensure_ascii=False, default=str).strip('"'),
        "inputs": json.dumps(record.get("inputs", {}), ensure_ascii=False, default=str),
        "parameters": json.dumps(record.get("parameters", {}), ensure_ascii=False, default=str),
        "licence": str(record.get("licence", LICENCE)),
        "document": json.dumps(record, ensure_ascii=False, default=str),
    }


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def read_inventory(path: Path, *, report: Reporter = SILENT) -> Inventory:
    """Read an inventory; one that was edited, filtered or reprojected by other programs, too.

    What these leave stale or empty is put right (see :mod:`engine.inventory.restore`): outlines that were drawn or reshaped are measured
    anew. Where the layer ``aoi`` is missing, the box around the landslides takes its place; where ``run`` is, what the columns tell.

    Args:
        path: The file; the landslides are its layer ``landslides``, or else its only layer of polygons.
        report: Receives what is missing.

    Raises:
        MissingFileError: There is no such file.
        UnreadableFileError: It is not a GeoPackage.
        InventoryError: It has no layer of landslides, or something else than polygons in it.
        MissingCRSError: The landslides have no CRS.
    """
    if not path.exists():
        raise MissingFileError(f"There is no file {path}; check the path.")
    layers = _layers(path)
    layer = _landslide_layer(path, layers)
    try:
        table = pyogrio.read_dataframe(path, layer=layer)
        area = pyogrio.read_dataframe(path, layer="aoi") if "aoi" in layers else None
        runs = pyogrio.read_dataframe(path, layer="run", read_geometry=False) if "run" in layers else None
    except (DataSourceError, DataLayerError) as error:
        raise UnreadableFileError(f"{path} cannot be read as a GeoPackage ({error}); it may be damaged.") from error
    if layer != LANDSLIDES:
        report.warn(f"{path.name} has no layer `{LANDSLIDES}`; its only layer of polygons, `{layer}`, is taken for it.")
    landslides = _landslides(table, path, report)
    records = [_document(text) for text in runs["document"]] if runs is not None and "document" in runs else []
    records = records or records_of(landslides)
    if area is not None and len(area):
        shape = area.geometry.union_all()
        if records:
            records[-1].setdefault(
                "area_km2", round(float(ground_area(shapely.get_parts(shape), table.crs).sum()) / 1e6, 6)
            )
    else:
        shape = shapely.box(*landslides.total_bounds) if len(landslides) else shapely.Polygon()
        ground = "the box around the landslides" if len(landslides) else "no ground at all"
        report.warn(
            f"{path.name} has no layer `aoi`: {ground} is taken for the area that was looked at, but the true one may be "
            "larger; `l4s export --out NAME.gpkg` writes landslides of a chosen status together with that layer."
        )
    return Inventory(landslides, shape, records[-1] if records else {}, tuple(records[:-1]))


def _landslides(table: gpd.GeoDataFrame, path: Path, report: Reporter) -> gpd.GeoDataFrame:
    """The rows that have a polygon, with every column of the schema, measured anew where needed."""
    there = np.asarray(table.geometry.notna() & ~table.geometry.is_empty)
    if not there.all():
        report.warn(f"{int((~there).sum())} rows of {path.name} have no geometry and do not count.")
        table = table[there]
    if not np.isin(shapely.get_type_id(np.asarray(table.geometry)), POLYGONS).all():
        raise InventoryError(f"{path} holds something else than polygons; give landslides as polygons.")
    columns = {str(name): table[name].to_numpy() for name in table.columns if name != table.geometry.name}
    for f in FIELDS:  # what was a Shapefile for a while
        if f.name not in columns and f.shapefile_name in columns:
            columns[f.name] = columns.pop(f.shapefile_name)
    return measured_anew(as_landslides(table.geometry.to_numpy(), table.crs, columns))


def _landslide_layer(path: Path, layers: Mapping[str, str]) -> str:
    polygons = [name for name, kind in layers.items() if kind in POLYGON_LAYERS and name != "aoi"]
    if LANDSLIDES not in layers and len(polygons) != 1:
        raise InventoryError(
            f"{path} has no layer `{LANDSLIDES}` ({_listed(layers)}); give the file that `l4s detect` wrote."
        )
    return LANDSLIDES if LANDSLIDES in layers else polygons[0]


def _listed(layers: Mapping[str, str]) -> str:
    return f"it has: {', '.join(sorted(layers)) or 'none'}"


def _layers(path: Path) -> dict[str, str]:
    """Layers by name, and the type of their geometries; empty for tables."""
    if path.is_dir() or _start(path, len(DATABASE)) != DATABASE:
        raise UnreadableFileError(
            f"{path} is not a GeoPackage, from which an inventory is read; give the file that `l4s detect` wrote, or convert this one, for "
            f"instance with `ogr2ogr -f GPKG inventory.gpkg {path.name}`."
        )
    # Asked of SQLite first, because GDAL warns on stderr of files that are no GeoPackage before it fails.
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute(
                "SELECT table_name, geometry_type_name FROM gpkg_contents LEFT JOIN gpkg_geometry_columns USING (table_name)"
            )
            return {str(name): str(kind or "") for name, kind in found}
    except sqlite3.Error as error:
        raise UnreadableFileError(f"{path} cannot be read as a GeoPackage ({error}); it may be damaged.") from error


def _document(text: Any) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
