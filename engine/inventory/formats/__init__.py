"""The formats of exports: a table, and one module for each.

A module has a function ``write(selection, out, reporter)``, which writes the landslides of an
inventory and returns the files. It is imported when it is used; a further format is one more module
and one more line in the table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        suffix: How the name of the file ends, lower case.
        module: Module of this package that writes it.
        label: What a person reads.
        confirmed: Whether only landslides that count are written where no status is asked for.
    """

    suffix: str
    module: str
    label: str
    confirmed: bool = False


FORMATS: tuple[Format, ...] = (
    Format(".gpkg", "geopackage", "GeoPackage, an inventory again"),
    Format(".geojson", "geojson", "GeoJSON (RFC 7946)"),
    Format(".json", "geojson", "GeoJSON (RFC 7946)"),
    Format(".shp", "shapefile", "Shapefile, with a key to its short names"),
    Format(".fgb", "flatgeobuf", "FlatGeobuf"),
    Format(".parquet", "geoparquet", "GeoParquet"),
    Format(".kml", "kml", "KML for Google Earth", confirmed=True),
    Format(".kmz", "kml", "KML for Google Earth, zipped", confirmed=True),
    Format(".csv", "coolr", "NASA COOLR table", confirmed=True),
)


def by_suffix(suffix: str) -> Format | None:
    """The format of a suffix, in any case; None where there is none."""
    return next((one for one in FORMATS if one.suffix == suffix.lower()), None)


def listed() -> str:
    """Suffixes with what they mean, for people."""
    return ", ".join(f"{one.suffix} ({one.label})" for one in FORMATS)
