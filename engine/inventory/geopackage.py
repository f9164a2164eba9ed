"""The inventory written as a GeoPackage: layers ``landslides``, ``aoi`` and ``run``, with form,
colours and provenance inside.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from engine.errors import InventoryError, L4SError, OutputError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_error
from engine.inventory.carry_over import keep_reviewed
from engine.inventory.inventory import Inventory
from engine.inventory.metadata import describe_fields, describe_run, embed_styles
from engine.inventory.reading import LANDSLIDES, first_bytes, layers_of, listed, read_inventory

VERSION = "1.3"
"""GDAL 3.6, which Debian 12's QGIS brings, warns at 1.4."""
LICENCE = (
    "The inventory belongs to who made it; it contains modified Copernicus Sentinel data where"
    " Sentinel-2 images were used."
)
LOCK_WAIT_S = 2.0


def write_geopackage(
    inventory: Inventory, path: Path, *, keep_reviews: bool = True, reporter: Reporter = SILENT
) -> Path:
    """Write an inventory, complete or not at all.

    If there is an inventory at ``path`` already, its reviewed polygons are kept (see
    :mod:`engine.inventory.carry_over`) and the file as it was stays beside as
    ``NAME.previous.gpkg``. A file that QGIS has open is replaced inside a transaction.

    Args:
        inventory: What is written.
        path: The file; its folder must exist.
        keep_reviews: Keep what was reviewed in an inventory there; False replaces all of it, and it
            stays beside in any case.
        reporter: Receives what was kept.

    Returns:
        ``path``.

    Raises:
        OutputError: It cannot be written, is read-only, or is being edited in another program.
        InventoryError: There is a file of that name that is not an inventory.
    """
    if path.exists():
        require_writable(path)
        if LANDSLIDES not in (layers := layers_of(path)):
            raise InventoryError(
                f"{path} exists but has no layer `{LANDSLIDES}` ({listed(layers)}), so it is no"
                " inventory; choose another name."
            )
        if keep_reviews:
            inventory = _with_reviewed(inventory, path, reporter)
        else:
            reporter.log(f"There was an inventory already, which is {_set_aside(path).name} now.")
    try:
        if _opened_elsewhere(path):
            _write_into(inventory, path)
        else:
            _write_beside(inventory, path)
    except (DataSourceError, DataLayerError, sqlite3.Error, OSError) as error:
        raise error if isinstance(error, L4SError) else output_error(path, error) from error
    return path


def _write_beside(inventory: Inventory, path: Path) -> None:
    """Write a new file and rename it; where an open file cannot be renamed over (Windows), write
    into it.
    """
    try:
        with atomic_path(path) as temporary:
            temporary.unlink(missing_ok=True)
            _write(inventory, temporary)
    except OutputError as error:
        if not (path.exists() and isinstance(error.__cause__, PermissionError)):
            raise
        _write_into(inventory, path)


def _write_into(inventory: Inventory, path: Path) -> None:
    """Replace the content of a file that is open elsewhere; the file itself stays, so that other
    programs' saves reach it.
    """
    with TemporaryDirectory(prefix=f"{path.stem}-", dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        _write(inventory, temporary)
        replace_content(temporary, path)


def _with_reviewed(inventory: Inventory, path: Path, reporter: Reporter) -> Inventory:
    merged = keep_reviewed(inventory, read_inventory(path, reporter=reporter))
    if not merged.kept:
        return inventory
    previous = _set_aside(path)
    outside = (
        f" ({merged.outside} of them outside the ground looked at now)" if merged.outside else ""
    )
    reporter.log(
        f"Kept {merged.kept} reviewed landslides of the earlier inventory{outside}, which replace"
        f" {merged.replaced} new ones; the earlier file is {previous.name}."
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
            f"{path} is being edited in another program ({error}); save or stop editing there (in"
            " QGIS: toggle editing off) and try again."
        ) from error
    except sqlite3.DatabaseError as error:
        raise InventoryError(
            f"{path} exists but is not a GeoPackage; choose another name."
        ) from error


def _opened_elsewhere(path: Path) -> bool:
    """Whether another program may have the file open: QGIS switches it to a write-ahead log as long
    as it does.
    """
    if not path.exists():
        return False
    return first_bytes(path, 20)[18:] == b"\x02\x02" or path.with_name(path.name + "-wal").exists()


def replace_content(source: Path, target: Path) -> None:
    """Put a database's content into another that is open elsewhere, in one transaction."""
    try:
        with (
            closing(sqlite3.connect(source)) as new,
            closing(sqlite3.connect(target, timeout=LOCK_WAIT_S)) as open_one,
        ):
            new.backup(open_one)
    except sqlite3.OperationalError as error:
        raise OutputError(
            f"{target} is in use by another program ({error}); close it there and try again."
        ) from error


def _write(inventory: Inventory, path: Path) -> None:
    landslides = inventory.landslides.rename_geometry("geom")
    area = gpd.GeoDataFrame(
        {"name": ["analysed area"], "area_km2": [inventory.run.get("area_km2")]},
        geometry=[_multi(inventory.aoi)],
        crs=inventory.crs,
    ).rename_geometry("geom")
    options: dict[str, Any] = {
        "driver": "GPKG",
        "dataset_options": {"VERSION": VERSION},
        "geometry_type": "MultiPolygon",
        "layer_options": {"GEOMETRY_NAME": "geom", "FID": "fid", "SPATIAL_INDEX": "YES"},
    }
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
        **{
            f"share_{name}": _number(masked.get(name))
            for name in ("nodata", "cloud", "shadow", "snow")
        },
        "device": json.dumps(record.get("device", ""), ensure_ascii=False, default=str).strip('"'),
        "inputs": json.dumps(record.get("inputs", {}), ensure_ascii=False, default=str),
        "parameters": json.dumps(record.get("parameters", {}), ensure_ascii=False, default=str),
        "licence": str(record.get("licence", LICENCE)),
        "document": json.dumps(record, ensure_ascii=False, default=str),
    }


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")
