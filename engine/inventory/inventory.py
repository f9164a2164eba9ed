"""The inventory: landslides, the analysed area, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from engine.errors import InventoryError, MissingCRSError
from engine.ground import bring
from engine.inventory.schema import DTYPES, FIELDS, Kind
from engine.status import FIRST, is_confirmed

LARGEST_NUMBER = 2.0**53
"""Beyond it a number is damage; up to it whole numbers are exact."""
DEFAULT_TEXT = {
    "status": FIRST,
    "ls_type": "unknown",
    "material": "unknown",
    "trigger": "unknown",
    "flags": "",
}


@dataclass(frozen=True)
class Inventory:
    """Landslides of one area.

    Attributes:
        landslides: One MultiPolygon a row with the columns of
            :data:`engine.inventory.schema.FIELDS`, in that order, then any others.
        aoi: The ground that was looked at (valid pixels of the mask), in the same CRS.
        run: How it was made; everything in it is JSON. See :mod:`engine.inventory.vectorize`.
        earlier: Records of earlier runs whose reviewed polygons are kept here, oldest first.

    Raises:
        MissingCRSError: The polygons have no CRS.
        InventoryError: A column of the schema is missing.
    """

    landslides: gpd.GeoDataFrame
    aoi: BaseGeometry
    run: Mapping[str, Any] = field(default_factory=dict)
    earlier: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.landslides.crs is None:
            raise MissingCRSError(
                "The inventory has no coordinate reference system; assign one before using it."
            )
        missing = [f.name for f in FIELDS if f.name not in self.landslides.columns]
        if missing:
            raise InventoryError(
                f"The inventory lacks the columns {', '.join(missing)}; write it with `l4s"
                " vectorize`."
            )

    def __len__(self) -> int:
        return len(self.landslides)

    @property
    def crs(self) -> CRS:
        """Coordinate reference system of polygons and area."""
        crs: CRS = self.landslides.crs
        return crs

    @property
    def confirmed(self) -> gpd.GeoDataFrame:
        """The polygons that count as landslides."""
        return self.landslides[is_confirmed(self.landslides["status"])]

    @property
    def denied(self) -> gpd.GeoDataFrame:
        """The polygons that a review found to be no landslides."""
        return self.landslides[~is_confirmed(self.landslides["status"])]

    def to_crs(self, crs: CRS) -> Inventory:
        """The same inventory in another CRS; nothing is measured again."""
        if crs == self.crs:
            return self
        aoi = bring(gpd.GeoSeries([self.aoi], crs=self.crs), crs).iloc[0]
        return replace(self, landslides=bring(self.landslides, crs), aoi=aoi)

    def with_landslides(self, landslides: gpd.GeoDataFrame) -> Inventory:
        """The same inventory with other polygons."""
        return replace(self, landslides=landslides)


def as_landslides(
    geometry: Any, crs: Any, columns: Mapping[str, Any] | None = None
) -> gpd.GeoDataFrame:
    """Make the landslide table with every column of the schema.

    Each column has its type, and is empty where nothing is given.

    Args:
        geometry: Polygons or MultiPolygons, shape (n,).
        crs: Their CRS.
        columns: Values by column name, each of shape (n,) or one for all.

    Returns:
        A table of n rows; geometries are MultiPolygons.
    """
    given = dict(columns or {})
    shapes = as_multipolygons(np.asarray(geometry, np.object_))
    count = len(shapes)
    table: dict[str, Any] = {}
    for f in FIELDS:
        value = given.pop(f.name, None)
        if value is None:
            value = {"real": np.nan, "integer": 0, "boolean": False}.get(
                f.kind, DEFAULT_TEXT.get(f.name)
            )
        table[f.name] = column(value, f.kind, count)
    table.update(given)
    return gpd.GeoDataFrame(table, geometry=shapes, crs=crs, index=pd.RangeIndex(count))


def column(value: Any, kind: Kind, count: int) -> pd.Series[Any]:
    """One column of the schema's type, from values or from one value for all."""
    values = np.full(count, value, dtype=object) if np.ndim(value) == 0 else np.asarray(value)
    series = pd.Series(values, index=pd.RangeIndex(count))
    if kind == "text":
        texts = [
            str(value) if there else None
            for value, there in zip(series, series.notna(), strict=True)
        ]
        return pd.Series(texts, dtype=object)
    # In a GeoPackage, a column of numbers may hold texts.
    numbers: Any = pd.to_numeric(series, errors="coerce").astype("float64")
    numbers = numbers.where(numbers.abs() < LARGEST_NUMBER)
    return numbers if kind == "real" else pd.Series(numbers.fillna(0).astype(DTYPES[kind]))


def as_multipolygons(shapes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Make MultiPolygons of all polygons, so that one layer holds them."""
    out = shapes.copy()
    single = shapely.get_type_id(out) == shapely.GeometryType.POLYGON.value
    out[single] = shapely.multipolygons(out[single], indices=np.arange(int(single.sum())))
    return out


def text_of(value: Any) -> str:
    """A text column's value for people; pandas' None and NaN become empty."""
    return "" if value is None or value != value else str(value)
