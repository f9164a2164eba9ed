"""An inventory in the formats of other programs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from engine.dateline import cut
from engine.errors import ConfigError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, naming_failures, output_error
from engine.ground import bring
from engine.inventory.geopackage import write_geopackage
from engine.inventory.inventory import Inventory, text_of
from engine.inventory.provenance import counts
from engine.inventory.schema import BY_NAME, FIELDS, STATUS

SHAPEFILE_TEXT = 254
"""Longest text that a Shapefile's table holds, in bytes."""
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx")

COOLR_COLUMNS = (
    "source_name",
    "source_link",
    "event_id",
    "event_date",
    "event_time",
    "event_title",
    "event_description",
    "location_description",
    "location_accuracy",
    "landslide_category",
    "landslide_trigger",
    "landslide_size",
    "landslide_setting",
    "fatality_count",
    "injury_count",
    "storm_name",
    "photo_link",
    "notes",
    "longitude",
    "latitude",
)
COOLR_CATEGORIES = {
    "fall": "rock_fall",
    "topple": "topple",
    "rotational-slide": "rotational_slide",
    "translational-slide": "translational_slide",
    "compound-slide": "landslide",
    "spread": "landslide",
    "debris-flow": "debris_flow",
    "mud-flow": "mudslide",
    "earthflow": "earth_flow",
    "debris-avalanche": "landslide",
    "dry-flow": "other",
    "slope-deformation": "creep",
    "complex": "complex",
    "unknown": "unknown",
}
COOLR_TRIGGERS = {
    "rainfall": "rain",
    "earthquake": "earthquake",
    "snowmelt": "snowfall_snowmelt",
    "volcanic": "volcano",
    "river": "flooding",
    "human": "construction",
    "other": "other",
    "unknown": "unknown",
}
COOLR_SIZES = (
    (1e3, "small"),
    (1e4, "medium"),
    (1e5, "large"),
    (1e6, "very_large"),
    (np.inf, "catastrophic"),
)
"""Upper limits in m². COOLR describes its classes in words; these limits are ours."""


def export_inventory(
    inventory: Inventory,
    out: Path,
    *,
    status: Sequence[str] | None = None,
    reporter: Reporter = SILENT,
) -> list[Path]:
    """Write an inventory in the format that the suffix names.

    Args:
        inventory: What is written.
        out: ``.gpkg`` (an inventory again, with area and run), ``.geojson``, ``.shp``, ``.fgb`` or
            ``.csv`` (COOLR); its folder must exist. An inventory that is there already stays beside
            as ``NAME.previous.gpkg``.
        status: Only landslides of these review statuses; by default all, and for COOLR all that are
            not rejected.
        reporter: Receives warnings.

    Returns:
        The files written.

    Raises:
        ConfigError: The suffix or a status is unknown.
        OutputError: It cannot be written.
        InventoryError: There is a GeoPackage of that name that is no inventory.
    """
    writer = FORMATS.get(out.suffix.lower())
    if writer is None:
        raise ConfigError(f"{out.name} names no known format; end it in {', '.join(FORMATS)}.")
    unknown = sorted(set(status or ()) - set(STATUS))
    if unknown:
        raise ConfigError(
            f"There is no review status {', '.join(unknown)}; choose from {', '.join(STATUS)}."
        )
    table = inventory.landslides if writer is not _coolr else inventory.confirmed
    table = table[table["status"].isin(status)] if status else table
    try:
        return writer(inventory.with_landslides(table.reset_index(drop=True)), out, reporter)
    except (DataSourceError, DataLayerError) as error:
        raise output_error(out, error) from error


def _geopackage(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    run = {**selection.run, **counts(selection.landslides)}
    return [
        write_geopackage(replace(selection, run=run), out, keep_reviews=False, reporter=reporter)
    ]


def _geojson(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    with atomic_path(out) as temporary:
        pyogrio.write_dataframe(
            _in_degrees(selection.landslides),
            temporary,
            driver="GeoJSON",
            layer=out.stem,
            layer_options={"RFC7946": "YES"},
            geometry_type="MultiPolygon",
        )
    return [out]


def _in_degrees(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """In WGS 84, cut where polygons cross the date line, as RFC 7946 asks for."""
    table = bring(table, 4326)
    return table.set_geometry(cut(np.asarray(table.geometry)), crs=table.crs)


def _flatgeobuf(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    # An index needs at least one feature.
    options = {"SPATIAL_INDEX": "YES" if len(selection) else "NO"}
    with atomic_path(out) as temporary:
        pyogrio.write_dataframe(
            selection.landslides,
            temporary,
            driver="FlatGeobuf",
            layer=out.stem,
            layer_options=options,
            geometry_type="MultiPolygon",
        )
    return [out]


def _shapefile(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    table = selection.landslides
    names = {
        name: BY_NAME[name].shapefile_name if name in BY_NAME else name[:10]
        for name in table.columns
        if name != "geometry"
    }
    long = [name for name in names if _longest(table[name]) > SHAPEFILE_TEXT]
    if long:
        reporter.warn(
            f"A Shapefile cuts text after {SHAPEFILE_TEXT} bytes; shortened: {', '.join(long)}."
        )
        table = table.assign(**{name: [_cut(text) for text in table[name]] for name in long})
    short = table.rename(columns=names)
    for name in short.select_dtypes("bool"):
        short[name] = short[name].astype("int32")
    # Several files cannot be renamed at once: they are complete in a folder of their own first, the
    # .shp moves last.
    with naming_failures(out), TemporaryDirectory(prefix=f"{out.stem}-", dir=out.parent) as folder:
        pyogrio.write_dataframe(
            short,
            Path(folder) / out.name,
            driver="ESRI Shapefile",
            layer_options={"ENCODING": "UTF-8"},
            geometry_type="MultiPolygon",
        )
        _field_key(names, Path(folder) / f"{out.stem}_fields.csv")
        for suffix in SHAPEFILE_PARTS:  # what an earlier file of that name left
            out.with_suffix(suffix).unlink(missing_ok=True)
        files = sorted(Path(folder).iterdir(), key=lambda file: file.suffix == ".shp")
        return [file.replace(out.parent / file.name) for file in files]


def _field_key(names: dict[str, str], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["shapefile_name", "name", "alias", "unit", "description", "values"])
        for f in FIELDS:
            values = "; ".join(f"{value} = {label}" for value, label in f.values.items())
            rows.writerow(
                [
                    names.get(f.name, f.shapefile_name),
                    f.name,
                    f.alias,
                    f.unit,
                    f.description,
                    values,
                ]
            )


def _cut(text: Any) -> str | None:
    return text_of(text).encode()[:SHAPEFILE_TEXT].decode(errors="ignore") or None


def _longest(values: pd.Series[Any]) -> int:
    if values.dtype.kind in "ifb":
        return 0
    return max((len(text_of(text).encode()) for text in values), default=0)


def _coolr(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    table = selection.landslides
    points = shapely.point_on_surface(np.asarray(_in_degrees(table).geometry))
    undated = 0
    with atomic_path(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COOLR_COLUMNS, restval="")
        rows.writeheader()
        for point, (_, row) in zip(points, table.iterrows(), strict=True):
            record = _coolr_row(row)
            undated += not record["event_date"]
            rows.writerow({**record, "longitude": f"{point.x:.6f}", "latitude": f"{point.y:.6f}"})
    if undated:
        reporter.warn(
            f"{undated} landslides have no date, which COOLR requires; fill in `Not before` or `Not"
            " after`."
        )
    return [out]


def _coolr_row(row: pd.Series[Any]) -> dict[str, str]:
    first, last = text_of(row["date_from"]), text_of(row["date_to"])
    span = f" Between {first} and {last}." if first and last and first != last else ""
    probability = (
        f", mean probability {row['prob_mean']:.2f}" if np.isfinite(row["prob_mean"]) else ""
    )
    return {
        "source_name": " ".join(
            v for v in ("l4s", text_of(row["engine"]), text_of(row["model"])) if v
        ),
        "event_id": str(row["id"]),
        "event_date": last or first,
        "event_title": text_of(row["event"]) or f"Landslide {row['id']}",
        "event_description": (
            f"Mapped from satellite images: {row['area_m2']:.0f} m²{probability}, review status"
            f" {row['status']}.{span}"
        ),
        "location_accuracy": "exact",
        "landslide_category": COOLR_CATEGORIES.get(row["ls_type"], "unknown"),
        "landslide_trigger": COOLR_TRIGGERS.get(row["trigger"], "unknown"),
        "landslide_size": next(name for limit, name in COOLR_SIZES if not row["area_m2"] >= limit),
        "notes": text_of(row["notes"]),
    }


FORMATS: dict[str, Callable[[Inventory, Path, Reporter], list[Path]]] = {
    ".gpkg": _geopackage,
    ".geojson": _geojson,
    ".json": _geojson,
    ".shp": _shapefile,
    ".fgb": _flatgeobuf,
    ".csv": _coolr,
}
