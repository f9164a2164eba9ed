"""What makes a GeoPackage explain itself: styles, aliases, metadata."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from engine.inventory.schema import FIELDS
from engine.inventory.storage.style import area_style, landslide_style

LICENCE = (
    "The inventory belongs to who made it; it contains modified Copernicus Sentinel data where"
    " Sentinel-2 images were used."
)
JSON_STANDARD = "https://www.rfc-editor.org/rfc/rfc8259"
"""By which the entry with the record of the run is found again."""

# As QGIS creates it; an unknown column would be ignored, a missing one breaks "Save style in
# database".
_STYLES = """
CREATE TABLE IF NOT EXISTS layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT CURRENT_TIMESTAMP)
"""
# OGC 12-128r17, requirements 56 to 60.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name))""",
    """CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))""",
)
# OGC 12-128r17, requirements 61 to 68.
_METADATA = (
    """CREATE TABLE IF NOT EXISTS gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
  md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE IF NOT EXISTS gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id))""",
)
_METADATA_EXTENSION = "http://www.geopackage.org/spec121/#extension_metadata"
_SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"


def describe(connection: sqlite3.Connection, run: Mapping[str, Any]) -> None:
    """Store styles, aliases, value lists and the record of the run.

    What others put into the same tables stays. The caller commits.
    """
    _embed_styles(connection)
    _describe_fields(connection)
    _describe_run(connection, run)


def _embed_styles(connection: sqlite3.Connection) -> None:
    """Store the styles that QGIS applies.

    A default style of a person stays one.
    """
    connection.execute(_STYLES)
    connection.execute(
        "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description,"
        " srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', '', 0)"
    )
    for layer, qml, text in (
        ("landslides", landslide_style(), "Landslides by review status"),
        ("aoi", area_style(), "Analysed area"),
    ):
        connection.execute(
            "DELETE FROM layer_styles WHERE f_table_name = ? AND styleName = ?", (layer, layer)
        )
        connection.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner,"
            " ui, update_time) SELECT '', '', ?1, 'geom', ?1, ?2, '', NOT EXISTS (SELECT 1 FROM"
            " layer_styles WHERE f_table_name = ?1 AND useAsDefault), ?3, '', NULL,"
            " strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
            (layer, qml, text),
        )


def _describe_fields(connection: sqlite3.Connection) -> None:
    """Store aliases, descriptions and value lists by the schema extension.

    QGIS 3.26 and GDAL 3.3 read them.
    """
    _extend(connection, "gpkg_schema", _SCHEMA_EXTENSION, _SCHEMA)
    connection.execute("DELETE FROM gpkg_data_columns WHERE table_name = 'landslides'")
    for f in FIELDS:
        constraint = f"{f.name}_values" if f.values else None
        connection.execute(
            "INSERT INTO gpkg_data_columns VALUES ('landslides', ?, ?, ?, ?, NULL, ?)",
            (f.name, f.alias, f.alias, f.description, constraint),
        )
        connection.execute(
            "DELETE FROM gpkg_data_column_constraints WHERE constraint_name = ?", (constraint,)
        )
        for value, label in f.values.items():
            connection.execute(
                "INSERT INTO gpkg_data_column_constraints VALUES (?, 'enum', ?, NULL, NULL, NULL,"
                " NULL, ?)",
                (constraint, str(value), label),
            )


def _describe_run(connection: sqlite3.Connection, run: Mapping[str, Any]) -> None:
    """Store the licence and the record of the run, as JSON."""
    _extend(connection, "gpkg_metadata", _METADATA_EXTENSION, _METADATA)
    earlier = "SELECT id FROM gpkg_metadata WHERE md_standard_uri = ?"
    connection.execute(
        f"DELETE FROM gpkg_metadata_reference WHERE md_file_id IN ({earlier})",  # nosec B608
        (JSON_STANDARD,),
    )
    connection.execute("DELETE FROM gpkg_metadata WHERE md_standard_uri = ?", (JSON_STANDARD,))
    document = {"title": "Landslide inventory", "licence": run.get("licence", LICENCE), "run": run}
    number = connection.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) VALUES"
        " ('dataset', ?, 'application/json', ?)",
        (JSON_STANDARD, json.dumps(document, ensure_ascii=False, default=str)),
    ).lastrowid
    connection.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, md_file_id) VALUES"
        " ('geopackage', ?)",
        (number,),
    )


def _extend(
    connection: sqlite3.Connection, name: str, definition: str, statements: tuple[str, ...]
) -> None:
    """Create the two tables of an extension if missing; declare them."""
    for statement in statements:
        connection.execute(statement)
        table = statement.split("(")[0].split()[-1]
        connection.execute(
            "INSERT INTO gpkg_extensions (table_name, extension_name, definition, scope) SELECT"
            " ?1, ?2, ?3, 'read-write' WHERE NOT EXISTS (SELECT 1 FROM gpkg_extensions WHERE"
            " table_name = ?1 AND extension_name = ?2)",
            (table, name, definition),
        )
