"""The inventory as a GeoPackage: three layers, styles and records.

Form, colours and provenance are inside.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from engine.errors import InventoryError, L4SError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, naming_failures, output_error, real_path, work_folder
from engine.inventory.carry_over import Merged, keep_reviewed
from engine.inventory.inventory import Inventory
from engine.inventory.storage.metadata import LICENCE, describe
from engine.inventory.storage.previous import set_aside
from engine.inventory.storage.reading import LANDSLIDES, layers_of, listed, read_inventory
from engine.inventory.storage.rewriting import require_unlocked, rewrite

VERSION = "1.3"
"""GDAL 3.6, which Debian 12's QGIS brings, warns at 1.4."""


def write_geopackage(
    inventory: Inventory, path: Path, *, keep_reviews: bool = True, reporter: Reporter = SILENT
) -> Path:
    """Write an inventory, complete or not at all.

    If there is an inventory at ``path`` already, it is changed in place (see
    :mod:`engine.inventory.storage.rewriting`), its reviewed polygons are kept (see
    :mod:`engine.inventory.carry_over`), and the file as it was stays beside as
    ``NAME.previous.gpkg`` (see :mod:`engine.inventory.storage.previous`). Other layers in the file
    stay.

    Args:
        inventory: What is written.
        path: The file; its folder must exist. A symbolic link is followed.
        keep_reviews: Keep what was reviewed in an inventory there; False replaces all of it, and it
            stays beside in any case.
        reporter: Receives what was kept.

    Returns:
        ``path``.

    Raises:
        OutputError: It cannot be written, is read-only, or is being edited in another program.
        InventoryError: There is a file of that name that is not an inventory.
    """
    file = real_path(path)
    try:
        if file.exists():
            _require_inventory(file)
            _rewrite(inventory, file, keep_reviews, reporter)
        else:
            with atomic_path(file) as temporary:
                _write(inventory, temporary)
    except (DataSourceError, DataLayerError, sqlite3.Error, OSError) as error:
        raise error if isinstance(error, L4SError) else output_error(file, error) from error
    return path


def _require_inventory(path: Path) -> None:
    """Check that an existing file is an inventory that may be changed now."""
    require_unlocked(path)
    if LANDSLIDES not in (layers := layers_of(path)):
        raise InventoryError(
            f"{path} exists but has no layer `{LANDSLIDES}` ({listed(layers)}), so it is no"
            " inventory; choose another name."
        )


def _rewrite(inventory: Inventory, path: Path, keep_reviews: bool, reporter: Reporter) -> None:
    """Change an inventory in place and say what was kept of it."""
    said: list[str] = []

    def prepare(before: Path, new: Path) -> Mapping[str, Any]:
        merged = Merged(inventory, 0, 0, 0)
        if keep_reviews:
            merged = keep_reviewed(inventory, read_inventory(before))
        _write(merged.inventory, new)
        said[:] = [_kept(merged)]
        return merged.inventory.run

    def keep(before: Path) -> None:
        said.append(f"the earlier file is {set_aside(before, path).name}.")

    with naming_failures(path), work_folder(path) as folder:
        rewrite(path, folder, prepare, keep)
    reporter.log("; ".join(said))


def _kept(merged: Merged) -> str:
    if not merged.kept:
        return "There was an inventory already"
    outside = (
        f" ({merged.outside} of them outside the ground analysed now)" if merged.outside else ""
    )
    return (
        f"Kept {merged.kept} reviewed landslides of the earlier inventory{outside}, which replace"
        f" {merged.replaced} new ones"
    )


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
        describe(connection, inventory.run)


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
