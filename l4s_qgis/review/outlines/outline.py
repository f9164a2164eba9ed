"""Outlines from the probability raster, at once.

Of what is in view, of one landslide, of the place that was clicked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from osgeo import gdal, ogr
from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle

MAX_PX = 1400
"""Largest side of what is read for a view: a screen has no more pixels, so any raster takes the
same time."""
REACH_PX = 400
"""How far from a click a landslide is followed."""


@dataclass(frozen=True)
class Patch:
    """A piece of the probability raster.

    Attributes:
        values: Probability 0 to 1, NaN without data; (rows, columns).
        transform: GDAL geotransform of the piece.
    """

    values: np.ndarray
    transform: tuple[float, float, float, float, float, float]


class Probability:
    """A probability raster, opened for the review.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: str) -> None:
        gdal.PushErrorHandler("CPLQuietErrorHandler")
        try:
            self._dataset = gdal.Open(path)
        except RuntimeError:
            self._dataset = None
        finally:
            gdal.PopErrorHandler()
        if self._dataset is None:
            raise OSError(path)
        self._transform = self._dataset.GetGeoTransform()
        band = self._dataset.GetRasterBand(1)
        self._scale = band.GetScale() or 1.0
        self._nodata = band.GetNoDataValue()

    @property
    def crs_wkt(self) -> str:
        """Its coordinate reference system."""
        return str(self._dataset.GetProjection())

    def read(self, box: QgsRectangle, max_px: int = MAX_PX) -> Patch | None:
        """Read a box, reduced where it is large; None outside the raster."""
        left, width, _, top, _, height = self._transform
        column, row = (
            int(max(0, (box.xMinimum() - left) // width)),
            int(max(0, (box.yMaximum() - top) // height)),
        )
        last_column = int(min(self._dataset.RasterXSize, -((left - box.xMaximum()) // width)))
        last_row = int(min(self._dataset.RasterYSize, -((top - box.yMinimum()) // height)))
        columns, rows = last_column - column, last_row - row
        if columns <= 0 or rows <= 0:
            return None
        step = max(1.0, max(columns, rows) / max_px)
        out_columns, out_rows = max(1, round(columns / step)), max(1, round(rows / step))
        raw = self._dataset.GetRasterBand(1).ReadAsArray(
            column, row, columns, rows, out_columns, out_rows
        )
        values = raw.astype(np.float32) * self._scale
        if self._nodata is not None:
            values[raw == self._nodata] = np.nan
        transform = (
            left + column * width,
            width * columns / out_columns,
            0.0,
            top + row * height,
            0.0,
            height * rows / out_rows,
        )
        return Patch(values, transform)

    def at(self, point: QgsPointXY) -> float | None:
        """The probability at a point; None outside and where there is no data."""
        patch = self.read(QgsRectangle(point, point).buffered(1e-9))
        return None if patch is None or np.isnan(patch.values[0, 0]) else float(patch.values[0, 0])

    def box_around(self, point: QgsPointXY, pixels: int) -> QgsRectangle:
        """A box around a point."""
        reach = pixels * max(abs(self._transform[1]), abs(self._transform[5]))
        return QgsRectangle(
            point.x() - reach, point.y() - reach, point.x() + reach, point.y() + reach
        )


def outlines(patch: Patch, threshold: float) -> list[QgsGeometry]:
    """Polygons of all pixels from a threshold up, joined at corners."""
    above = np.nan_to_num(patch.values, nan=0.0) >= threshold - 1e-6
    if not above.any():
        return []
    memory = gdal.GetDriverByName("MEM").Create(
        "", above.shape[1], above.shape[0], 1, gdal.GDT_Byte
    )
    memory.SetGeoTransform(patch.transform)
    band = memory.GetRasterBand(1)
    band.WriteArray(above.astype(np.uint8))
    source = ogr.GetDriverByName("Memory").CreateDataSource("outlines")
    layer = source.CreateLayer("outlines", None, ogr.wkbPolygon)
    gdal.Polygonize(band, band, layer, -1, ["8CONNECTED=8"])
    found = []
    for feature in layer:
        geometry = QgsGeometry()
        geometry.fromWkb(bytes(feature.GetGeometryRef().ExportToWkb()))
        found.append(geometry if geometry.isGeosValid() else geometry.makeValid())
    return found


def grow(
    probability: Probability, point: QgsPointXY, threshold: float
) -> tuple[QgsGeometry, tuple[float, float, float]] | None:
    """The landslide around a click: all connected pixels from a threshold up.

    Args:
        probability: The raster.
        point: Where was clicked, in the raster's CRS.
        threshold: Probability from which a pixel belongs to it.

    Returns:
        Its outline, and mean, lowest and highest probability inside; None where the clicked pixel
        is below the threshold.
    """
    patch = probability.read(probability.box_around(point, REACH_PX))
    if patch is None:
        return None
    where = QgsGeometry.fromPointXY(point)
    for geometry in outlines(patch, threshold):
        if geometry.boundingBox().contains(point) and geometry.intersects(where):
            return geometry, inside(patch, geometry)
    return None


def redraw(probability: Probability, geometry: QgsGeometry, threshold: float) -> QgsGeometry | None:
    """A landslide's outline at another threshold.

    Args:
        probability: The raster.
        geometry: The present outline, in the raster's CRS.
        threshold: Probability from which a pixel belongs to it.

    Returns:
        The new outline; None where nothing is left.
    """
    box = geometry.boundingBox()
    patch = probability.read(
        box.buffered(max(box.width(), box.height(), 300 * abs(_pixel(probability)) / 10))
    )
    if patch is None:
        return None
    pieces = [piece for piece in outlines(patch, threshold) if _overlap(piece, geometry)]
    return QgsGeometry.collectGeometry(pieces) if pieces else None


def inside_outline(
    probability: Probability, geometry: QgsGeometry
) -> tuple[float, float, float] | None:
    """Mean, lowest and highest probability inside an outline.

    None where there is no data.
    """
    patch = probability.read(geometry.boundingBox())
    return inside(patch, geometry) if patch is not None else None


def inside(patch: Patch, geometry: QgsGeometry) -> tuple[float, float, float]:
    """Mean, lowest and highest probability inside an outline."""
    memory = gdal.GetDriverByName("MEM").Create(
        "", patch.values.shape[1], patch.values.shape[0], 1, gdal.GDT_Byte
    )
    memory.SetGeoTransform(patch.transform)
    source = ogr.GetDriverByName("Memory").CreateDataSource("inside")
    layer = source.CreateLayer("inside", None, ogr.wkbUnknown)
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkb(bytes(geometry.asWkb())))
    layer.CreateFeature(feature)
    gdal.RasterizeLayer(memory, [1], layer, burn_values=[1])
    chosen = patch.values[(memory.ReadAsArray() == 1) & ~np.isnan(patch.values)]
    if not chosen.size:
        return 0.0, 0.0, 0.0
    return float(chosen.mean()), float(chosen.min()), float(chosen.max())


def _overlap(first: QgsGeometry, second: QgsGeometry) -> bool:
    return (
        first.boundingBox().intersects(second.boundingBox())
        and first.intersection(second).area() > 0
    )


def _pixel(probability: Probability) -> float:
    return probability.box_around(QgsPointXY(0, 0), 1).xMaximum()
