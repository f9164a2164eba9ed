"""The one place where vector files are opened.

People's files hold several layers, folders, collections, lines beside polygons, attributes in old
code pages and coordinates in the wrong order. What is left out is counted and said; what cannot be
read is refused with one sentence.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError
from shapely.errors import ShapelyError

from engine.errors import (
    ConfigError,
    GridError,
    InventoryError,
    MissingCRSError,
    MissingFileError,
    UnreadableFileError,
)
from engine.events import SILENT, Reporter
from engine.members import vector_sources

Kinds = tuple[int, ...]

POLYGONS: Kinds = (shapely.GeometryType.POLYGON.value, shapely.GeometryType.MULTIPOLYGON.value)
"""Type numbers of polygons in Shapely."""
POINTS: Kinds = (shapely.GeometryType.POINT.value, shapely.GeometryType.MULTIPOINT.value)
"""Type numbers of points in Shapely."""
NAMES = {
    "polygons": POLYGONS,
    "points": POINTS,
    "lines": (
        shapely.GeometryType.LINESTRING.value,
        shapely.GeometryType.LINEARRING.value,
        shapely.GeometryType.MULTILINESTRING.value,
    ),
}
FOLDERS = (".kml", ".kmz")
"""Formats whose layers are folders of one list."""
ANY_BYTES = "ISO-8859-1"
"""An encoding in which every byte means something, for names that nobody needs."""
FOREIGN = (
    DataSourceError,
    DataLayerError,
    CRSError,
    ShapelyError,
    OSError,
    RuntimeError,  # pyogrio's and pyproj's other errors, RecursionError
    ValueError,  # UnicodeDecodeError among them
    MemoryError,
)
"""What GDAL, GEOS and PROJ raise on damaged files."""


def layers_of(path: Path, what: str) -> dict[str, str]:
    """A vector file's layers with geometries: names and kinds.

    Args:
        path: Any file that GDAL reads.
        what: What the file is to the user, for messages: ``The reference``.

    Raises:
        MissingFileError: There is no such file.
        UnreadableFileError: It is no vector file.
    """
    return {name: place.kind for name, place in _places(path, what).items()}


class _Place(NamedTuple):
    """Where GDAL finds a layer, and the kind of its geometries."""

    source: Path | str
    layer: str
    kind: str


def _places(path: Path, what: str) -> dict[str, _Place]:
    """Layers with geometries by name, those in folders of a zip, too."""
    if not path.exists():
        raise MissingFileError(f"{what} {path} does not exist; check the path.")
    places: dict[str, _Place] = {}
    sources = vector_sources(path)
    for source in sources:
        try:
            with quiet():
                found = pyogrio.list_layers(source)
        except FOREIGN as error:
            if len(sources) > 1 and str(source).lower().endswith(".json"):
                continue  # metadata beside the layers
            raise _unreadable(path, what, error) from error
        for name, kind in found:
            if kind is not None:
                key = str(name) if name not in places else f"{name} {len(places) + 1}"
                places[key] = _Place(source, str(name), str(kind))
    return places


def read_vector(
    path: Path,
    what: str,
    *,
    layer: str | None = None,
    prefer: str = "",
    columns: Sequence[str] = (),
    reporter: Reporter = SILENT,
) -> gpd.GeoDataFrame:
    """Read a vector file's geometries and needed attributes.

    Args:
        path: GeoPackage, Shapefile, GeoJSON, KML or anything else that GDAL reads.
        what: What the file is to the user, for messages: ``The reference``.
        layer: Which layer; by default ``prefer``, or else the first. Folders of a KML file are read
            together.
        prefer: Layer that is taken where there is one of this name.
        columns: Attributes that are read where the file has them. Others are not, so that names in
            an unknown encoding do no harm.
        reporter: Receives what was left out.

    Returns:
        One row a feature, in the file's CRS, with its number in the file as index. Every geometry
        has coordinates that are numbers; collections are taken apart, polygons first.

    Raises:
        MissingFileError, UnreadableFileError: There is no such file, or it is no vector file.
        MissingCRSError: It does not say in which CRS it is.
        InventoryError: It holds no layer with geometries, no such layer, or degrees out of range.
    """
    places = _places(path, what)
    if not places:
        raise InventoryError(
            f"{what} {path} has no layer with geometries; give a file of polygons."
        )
    chosen = _chosen(path, what, list(places), layer, prefer, reporter)
    tables = [_read(path, places[name], what, columns) for name in chosen]
    table = tables[0] if len(tables) == 1 else pd.concat(tables)
    if table.crs is None:
        raise MissingCRSError(
            f"{what} {path} has no coordinate reference system; assign the right one and save it"
            " again."
        )
    table = usable(table, path, reporter)
    _require_range(table, path, what)
    return table


def of_kind(
    table: gpd.GeoDataFrame,
    kinds: Kinds,
    path: Path,
    *,
    reporter: Reporter = SILENT,
    remedy: str = "",
) -> gpd.GeoDataFrame:
    """The rows of the given kinds of geometry; others are counted."""
    types = shapely.get_type_id(np.asarray(table.geometry))
    there = np.isin(types, kinds)
    if not there.all():
        rest = [
            f"{int(np.isin(types[~there], numbers).sum())} {name}"
            for name, numbers in NAMES.items()
            if np.isin(types[~there], numbers).any()
        ] or [f"{int((~there).sum())} other geometries"]
        reporter.warn(
            f"{path.name} also holds {' and '.join(rest)}, which are left out and do not count"
            f"{'; ' + remedy if remedy else '.'}",
            "vector-kinds",
        )
    return table[there]


def in_crs(
    table: gpd.GeoDataFrame, crs: Any, path: Path, what: str, *, reporter: Reporter = SILENT
) -> gpd.GeoDataFrame:
    """The same rows in another CRS; those without a place are counted.

    Raises:
        GridError: Nothing leads from the one CRS to the other, as with local ones.
        InventoryError: No row has a place in the other CRS.
    """
    target = CRS.from_user_input(crs)
    try:
        with quiet():
            moved: gpd.GeoDataFrame = table.to_crs(target)
    except (ProjError, CRSError) as error:
        raise GridError(
            f"{what} {path} is in {table.crs.name!r}, from which nothing leads to {target.name!r};"
            " save it in a geographic or projected CRS."
        ) from error
    placed = is_finite(np.asarray(moved.geometry))
    if len(moved) and not placed.any():
        hint = _swapped_hint(table.crs)
        raise InventoryError(
            f"{what} {path} lies where {target.name} is not defined; check its coordinate reference"
            f" system{hint}."
        )
    if not placed.all():
        reporter.warn(
            f"{int((~placed).sum())} of {len(moved)} geometries of {path.name} lie where"
            f" {target.name} is not defined and do not count.",
            "vector-elsewhere",
        )
    return moved[placed]


def swapped(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """The same geometries with their two coordinates exchanged."""
    out: NDArray[np.object_] = shapely.transform(shapes, lambda xy: xy[:, ::-1])
    return out


def _swapped_hint(crs: CRS) -> str:
    return ", and that longitude stands before latitude" if crs.is_geographic else ""


def _chosen(
    path: Path,
    what: str,
    names: list[str],
    layer: str | None,
    prefer: str,
    reporter: Reporter,
) -> list[str]:
    """Which layers are read; the others are said."""
    if layer is not None:
        if layer not in names:
            raise InventoryError(
                f"{what} {path} has no layer {layer!r} with geometries; it has {', '.join(names)}."
            )
        return [layer]
    if prefer in names:
        return [prefer]
    if len(names) == 1 or path.suffix.lower() in FOLDERS:
        return names
    reporter.warn(
        f"{path.name} has {len(names)} layers with geometries; only {names[0]} is read, and what is"
        f" in {', '.join(names[1:])} does not count.",
        "vector-layers",
    )
    return names[:1]


def only_layer(path: Path, what: str, prefer: str) -> str | None:
    """The layer to read where a wrong one must not be guessed.

    Returns:
        ``prefer`` where there is one, or else the only layer; None where all are one list.

    Raises:
        ConfigError: There are several, and none is named ``prefer``.
    """
    layers = layers_of(path, what)
    if prefer in layers:
        return prefer
    if len(layers) > 1 and path.suffix.lower() not in FOLDERS:
        raise ConfigError(
            f"{what} {path} has the layers {', '.join(layers)}, and none is named {prefer}; save"
            " the one that is meant into a file of its own."
        )
    return None


def _read(path: Path, place: _Place, what: str, columns: Sequence[str]) -> gpd.GeoDataFrame:
    options: dict[str, Any] = {"layer": place.layer, "columns": list(columns), "fid_as_index": True}
    try:
        with quiet():
            try:
                table = pyogrio.read_dataframe(place.source, **options)
            except UnicodeDecodeError:
                table = pyogrio.read_dataframe(place.source, encoding=ANY_BYTES, **options)
    except FOREIGN as error:
        raise _unreadable(path, what, error) from error
    return table


def usable(table: gpd.GeoDataFrame, path: Path, reporter: Reporter) -> gpd.GeoDataFrame:
    """The rows with usable geometry, collections split up."""
    shapes = np.asarray(table.geometry)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & is_finite(shapes)
    if not there.all():
        reporter.warn(
            f"{int((~there).sum())} of {len(table)} rows of {path.name} have no geometry, or one"
            " whose coordinates are no numbers, and do not count.",
            "vector-empty",
        )
        table = table[there]
    collected = shapely.get_type_id(np.asarray(table.geometry)) == (
        shapely.GeometryType.GEOMETRYCOLLECTION.value
    )
    if collected.any():
        table = table.copy()
        table.loc[collected, table.geometry.name] = [
            _of_collection(shape) for shape in np.asarray(table.geometry)[collected]
        ]
    return table


def _of_collection(shape: Any) -> Any:
    """The polygons of a collection, or else its points, or else what it is."""
    parts = _parts(shape)
    types = shapely.get_type_id(parts)
    for kinds, make in ((POLYGONS, shapely.multipolygons), (POINTS, shapely.multipoints)):
        some = parts[np.isin(types, kinds)]
        if len(some):
            return make(list(shapely.get_parts(some)))
    return shapely.union_all(parts) if len(parts) else shapely.MultiPolygon()


def _parts(shape: Any) -> NDArray[np.object_]:
    """Members of a collection, those of collections inside it, too."""
    parts: NDArray[np.object_] = shapely.get_parts(shape)
    while (shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION.value).any():
        parts = shapely.get_parts(parts)
    return parts


def only_polygons(shape: Any) -> Any:
    """The polygons of a repaired shape, as a MultiPolygon."""
    parts = _parts(shape) if shape is not None else np.zeros(0, np.object_)
    parts = parts[np.isin(shapely.get_type_id(parts), POLYGONS)]
    return (
        shapely.multipolygons(list(shapely.get_parts(parts)))
        if len(parts)
        else (shapely.MultiPolygon())
    )


def is_finite(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which geometries have no coordinate that is infinite or no number."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    bad = owner[~np.isfinite(xy).all(axis=1)]
    out = np.ones(len(shapes), np.bool_)
    out[bad] = False
    return out


def _require_range(table: gpd.GeoDataFrame, path: Path, what: str) -> None:
    """Check that degrees can be degrees.

    Raises:
        InventoryError: Latitudes lie beyond 90 degrees or longitudes beyond 360.
    """
    if not len(table) or not table.crs.is_geographic:
        return
    left, bottom, right, top = (float(value) for value in table.total_bounds)
    if max(abs(bottom), abs(top)) <= 90 and max(abs(left), abs(right)) <= 360:
        return
    turned = max(abs(left), abs(right)) <= 90
    remedy = (
        "latitude and longitude seem to be swapped: write longitude first"
        if turned
        else "its coordinates seem to be metres: assign the CRS in which they are"
    )
    raise InventoryError(
        f"{what} {path} claims degrees ({table.crs.name}) but holds longitudes from {left:g} to"
        f" {right:g} and latitudes from {bottom:g} to {top:g}; {remedy}."
    )


@contextmanager
def quiet() -> Iterator[None]:
    """GDAL's remarks on odd files reach nobody who could use them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _unreadable(path: Path, what: str, error: BaseException) -> UnreadableFileError:
    detail = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return UnreadableFileError(
        f"{what} {path} cannot be read ({detail}); it may be damaged, or be no vector file such as"
        " GeoPackage, GeoJSON or Shapefile."
    )
