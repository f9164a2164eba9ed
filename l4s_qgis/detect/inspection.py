"""What is known of a product before the start: where it lies and how large it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProject,
    QgsRectangle,
)

from ..i18n import number, tr
from .finding import Finding

RASTERS = (".tif", ".tiff", ".jp2", ".vrt", ".img")
MOST_FILES = 2000
MUCH_HIDDEN = 0.2
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


def read(result: Mapping[str, Any], measured: Inspected) -> Inspected:
    """What the engine said of files (``l4s inspect``), as findings.

    Args:
        result: The engine's result.
        measured: What is known without it; stands where the result does not say.

    Returns:
        The findings; an engine that says something else than was agreed gives none.
    """
    try:
        images = list(result.get("images") or [])
        findings = [
            *_refused(result),
            *(f for image in images for f in _image_findings(image)),
            *(Finding("warning", str(text)) for text in result.get("warnings") or []),
            *_left_out(result, images),
        ]
        sizes = [
            image["size_px"][0] * image["size_px"][1] * (float(image["resolution_m"]) / 10) ** 2
            for image in images
        ]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return measured
    return Inspected(measured.rectangle, sum(sizes) / 1e6 or measured.mpx, tuple(findings))


def _refused(result: Mapping[str, Any]) -> list[Finding]:
    refused = dict(result.get("refused") or {})
    return [Finding("error", str(sentence)) for sentence in refused.values()]


def _image_findings(image: Mapping[str, Any]) -> list[Finding]:
    found = [Finding("info", _describe(image))]
    missing = list(image.get("missing") or [])
    if missing:
        text = tr(
            "Missing: {channels}. The bundled model tolerates that; the result is less certain."
        ).format(channels=", ".join(missing))
        found.append(Finding("warning", text))
    share = dict(image.get("quality_share") or {})
    hidden = sum(float(share.get(name) or 0) for name in ("cloud", "shadow", "snow"))
    if hidden >= MUCH_HIDDEN:
        text = tr(
            "{share} % of the image is cloud, shadow or snow and will not be searched; an image of another date may show it."
        ).format(share=number(100 * hidden, 0))
        found.append(Finding("warning", text))
    if not image.get("mask"):
        text = tr(
            "The image has no cloud mask: clouds hide landslides and can look like some. Choose one under “Advanced ▸ Clouds”."
        )
        found.append(Finding("warning", text))
    return found


def _describe(image: Mapping[str, Any]) -> str:
    offset = image.get("dn_offset") or [0.0]
    parts = [
        str(image["name"]),
        {"L1C": "Level-1C", "L2A": "Level-2A"}.get(str(image.get("level")), ""),
        str(image.get("date") or ""),
        tr("baseline {number}").format(number=image["baseline"]) if image.get("baseline") else "",
        tr("{n} bands").format(n=len(image.get("channels") or {})),
        tr("offset {value}").format(value=number(float(offset[0]), 0)) if any(offset) else "",
    ]
    return ", ".join(part for part in parts if part)


def _left_out(result: Mapping[str, Any], images: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """What lies beside and will not be read; most often that is as it should be."""
    left = [entry for image in images for entry in image.get("left_out") or []]
    left += list(result.get("dems_left_out") or [])
    names = [Path(str(entry["path"])).name for entry in left]
    if not names:
        return []
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return [Finding("info", tr("Not read: {names}").format(names=shown))]
