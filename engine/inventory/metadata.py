"""What makes a GeoPackage explain itself: styles, aliases, metadata."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from engine.inventory.schema import FIELDS
from engine.inventory.style import area_style, landslide_style

# As QGIS creates it; an unknown column would be ignored, a missing one breaks "Save style in
# database".
_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT CURRENT_TIMESTAMP)
"""
# OGC 12-128r17, requirements 56 to 60.
_SCHEMA = (
    """CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name))""",
    """CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
  max NUMERIC, max_is_inclusive BOOLEAN, description TEXT, CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))""",
)
# OGC 12-128r17, requirements 61 to 68.
_METADATA = (
    """CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id))""",
)
_METADATA_EXTENSION = "http://www.geopackage.org/spec121/#extension_metadata"
_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"


def embed_styles(connection: sqlite3.Connection) -> None:
    """Store the default styles so that QGIS applies them when a layer is opened."""
    connection.execute(_STYLES)
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES"
        " (?, ?, ?, '', 0)",
        ("layer_styles", "attributes", "layer_styles"),
    )
    for layer, qml, text in (
        ("landslides", landslide_style(), "Landslides by review status"),
        ("aoi", area_style(), "Analysed area"),
    ):
        connection.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner,"
            " ui, update_time) VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', NULL,"
            " strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
            (layer, layer, qml, text),
        )


def describe_fields(connection: sqlite3.Connection) -> None:
    """Store aliases, descriptions and value lists by the GeoPackage schema extension, which QGIS
    3.26 and GDAL 3.3 read.
    """
    for statement in _SCHEMA:
        connection.execute(statement)
    for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        connection.execute(
            "INSERT INTO gpkg_extensions (table_name, extension_name, definition, scope) VALUES (?,"
            " 'gpkg_schema', ?, 'read-write')",
            (table, _EXTENSION),
        )
    for f in FIELDS:
        constraint = f"{f.name}_values" if f.values else None
        connection.execute(
            "INSERT INTO gpkg_data_columns VALUES ('landslides', ?, ?, ?, ?, NULL, ?)",
            (f.name, f.alias, f.alias, f.description, constraint),
        )
        for value, label in f.values.items():
            connection.execute(
                "INSERT INTO gpkg_data_column_constraints VALUES (?, 'enum', ?, NULL, NULL, NULL,"
                " NULL, ?)",
                (constraint, str(value), label),
            )


def describe_run(connection: sqlite3.Connection, run: Mapping[str, Any], licence: str) -> None:
    """Store what the file is, its licence and the whole run as the file's metadata (GeoPackage
    metadata extension, JSON).
    """
    for statement in _METADATA:
        connection.execute(statement)
    for table in ("gpkg_metadata", "gpkg_metadata_reference"):
        connection.execute(
            "INSERT INTO gpkg_extensions (table_name, extension_name, definition, scope) VALUES (?,"
            " 'gpkg_metadata', ?, 'read-write')",
            (table, _METADATA_EXTENSION),
        )
    document = {"title": "Landslide inventory", "licence": run.get("licence", licence), "run": run}
    connection.execute(
        "INSERT INTO gpkg_metadata VALUES (1, 'dataset', 'https://www.rfc-editor.org/rfc/rfc8259',"
        " 'application/json', ?)",
        (json.dumps(document, ensure_ascii=False, default=str),),
    )
    connection.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, md_file_id) VALUES ('geopackage', 1)"
    )
