"""What is known of a product before the start: where it lies and how large it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProject,
    QgsRectangle,
)

from .finding import Finding

RASTERS = (".tif", ".tiff", ".jp2", ".vrt", ".img")
MOST_FILES = 2000
_TEN_METRES = re.compile(r"(^|[^A-Za-z0-9])B0?[2348](_10m)?\.\w+$", re.IGNORECASE)


@dataclass(frozen=True)
class Inspected:
    """What is known of a product.

    Attributes:
        rectangle: Where it lies, in degrees; None where that is unknown.
        mpx: How many million pixels of 10 m it has; 0 where that is unknown.
        findings: What the engine found in its files.
    """

    rectangle: QgsRectangle | None = None
    mpx: float = 0.0
    findings: tuple[Finding, ...] = ()


def measure(path: str) -> Inspected:
    """Where a product lies, from the header of one of its bands.

    Args:
        path: A file, a folder or a zip.
    """
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        for file in _candidates(path):
            dataset = _opened(file)
            if dataset is not None and dataset.GetSpatialRef() is not None:
                return _extent(dataset)
    finally:
        gdal.PopErrorHandler()
    return Inspected()


def _candidates(path: str) -> list[str]:
    """Files whose header may tell, those with bands of 10 m first."""
    given = Path(path)
    if given.suffix.lower() in RASTERS and given.is_file():
        return [path]
    root = f"/vsizip/{path}" if given.suffix.lower() == ".zip" and given.is_file() else path
    if root == path and not given.is_dir():
        return []
    names = [
        name
        for name in (gdal.ReadDirRecursive(root) or [])[:MOST_FILES]
        if name.lower().endswith(RASTERS)
    ]
    names.sort(key=lambda name: (_TEN_METRES.search(name) is None, name))
    return [f"{root}/{name}" for name in names[:4]]


def _opened(file: str) -> gdal.Dataset | None:
    try:
        return gdal.Open(file)
    except RuntimeError:  # where GDAL raises
        return None


def _extent(dataset: gdal.Dataset) -> Inspected:
    transform = dataset.GetGeoTransform()
    width, height = transform[1] * dataset.RasterXSize, transform[5] * dataset.RasterYSize
    box = QgsRectangle(transform[0], transform[3] + height, transform[0] + width, transform[3])
    crs = QgsCoordinateReferenceSystem()
    crs.createFromWkt(dataset.GetSpatialRef().ExportToWkt())
    degrees = QgsCoordinateReferenceSystem("EPSG:4326")
    try:
        rectangle = QgsCoordinateTransform(
            crs, degrees, QgsProject.instance()
        ).transformBoundingBox(box)
    except QgsCsException:
        return Inspected()
    mpx = 0.0 if crs.isGeographic() else abs(width * height) / 100 / 1e6
    return Inspected(rectangle, mpx)
