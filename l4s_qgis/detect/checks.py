"""Checks before a detection starts.

What would fail, what may disappoint, how long it takes and how much disk it needs.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsDistanceArea,
    QgsGeometry,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)

from .. import channels
from ..i18n import number, tr
from ..processing import inputs

# Measured on two cores (docs/guides/plugin.md): seconds for each million pixels, and those that a
# start costs.
SECONDS_PER_MPX = 6.0
SECONDS_START = 6.0
BYTES_PER_PIXEL = 32  # stack (14 bands, int16, compressed), probability, mask
PIXEL_M = 10.0
TILE_MPX = 120.6
VIEWS = (1, 4, 8)


@dataclass(frozen=True)
class Finding:
    """One thing to know before the start.

    Attributes:
        level: ``error`` forbids the start, ``warning`` does not, ``info`` is an estimate.
        text: A sentence.
    """

    level: str
    text: str


@dataclass(frozen=True)
class Request:
    """What the person asks for.

    Attributes:
        image: The image layer, or None.
        names: The channels of its bands.
        product: Path of a product, or nothing.
        dems: Elevation layers or files.
        area: The area's polygon, or None for all.
        area_crs: Its coordinate reference system.
        out: Folder for the results, or nothing.
        views: How many views are averaged.
        before: Path of an image from before the event, or nothing.
        model: Folder of a model of the person's own, or nothing.
        clouds: Where the cloud mask comes from, one of :data:`l4s_qgis.processing.detect.CLOUDS`.
    """

    image: QgsRasterLayer | None = None
    names: tuple[str | None, ...] = ()
    product: str = ""
    dems: tuple[QgsRasterLayer | str, ...] = ()
    area: QgsGeometry | None = None
    area_crs: QgsCoordinateReferenceSystem = field(default_factory=QgsCoordinateReferenceSystem)
    out: str = ""
    views: int = 1
    before: str = ""
    model: str = ""
    clouds: str = "auto"


def check(request: Request) -> list[Finding]:
    """All findings on a request, errors first."""
    found = [
        *_check_scene(request),
        *_check_channels(request),
        *_check_dem(request),
        *_check_area(request),
        *_check_extras(request),
        *_check_folder(request),
    ]
    if not any(finding.level == "error" for finding in found):
        found += _estimate(request)
    order = ("error", "warning", "info")
    return sorted(found, key=lambda finding: order.index(finding.level))


def _check_scene(request: Request) -> list[Finding]:
    if request.image is None and not request.product:
        return [Finding("error", tr("Choose an image layer or a Sentinel-2 product."))]
    if request.image is None:
        try:
            path = Path(inputs.product_path(request.product))
        except QgsProcessingException as error:
            return [Finding("error", str(error))]
        if path.is_file() and path.suffix.lower() not in (".zip", ".tif", ".tiff", ".vrt", ".jp2"):
            return [
                Finding(
                    "error",
                    tr("{path} is no Sentinel-2 product: choose a SAFE folder or a zip.").format(
                        path=path.name
                    ),
                )
            ]
        return []
    try:
        problem = inputs.image_problem(inputs.raster_source(request.image), request.image.name())
    except QgsProcessingException as error:
        problem = str(error)
    return [Finding("error", problem)] if problem else []


def _check_channels(request: Request) -> list[Finding]:
    if request.image is None:
        return []
    given = [name for name in request.names if name]
    double = sorted({name for name in given if given.count(name) > 1})
    if double:
        return [
            Finding(
                "error",
                tr("{channels}: given to more than one band.").format(channels=", ".join(double)),
            )
        ]
    needed = [name for name in ("B02", "B03", "B04") if name not in given]
    if needed:
        return [
            Finding(
                "error",
                tr(
                    "No band is blue, green or red ({channels} missing); assign them under “Channels”."
                ).format(channels=", ".join(needed)),
            )
        ]
    missing = [name for name in channels.OPTICAL if name not in given]
    if missing:
        return [
            Finding(
                "warning",
                tr(
                    "Missing: {channels}. The bundled model tolerates that; the result is less certain."
                ).format(channels=", ".join(missing)),
            )
        ]
    return []


def _check_dem(request: Request) -> list[Finding]:
    if "DEM" in request.names:
        return []
    if not request.dems:
        return [
            Finding(
                "warning",
                tr(
                    "Without elevation, bare fields and river beds are more often taken for landslides."
                ),
            )
        ]
    found = []
    image = _scene_rectangle(request)
    overlap = False
    for dem in request.dems:
        layer = QgsRasterLayer(dem, Path(dem).name, "gdal") if isinstance(dem, str) else dem
        try:
            if not layer.isValid():
                raise QgsProcessingException(
                    tr("“{name}” cannot be read as elevation.").format(name=layer.name() or dem)
                )
            inputs.raster_source(layer)
        except QgsProcessingException as error:
            found.append(Finding("error", str(error)))
            continue
        overlap = (
            overlap or image is None or _in_degrees(layer.extent(), layer.crs()).intersects(image)
        )
    if not found and not overlap:
        found.append(
            Finding(
                "error",
                tr(
                    "The elevation and the image do not overlap; check their coordinate reference systems."
                ),
            )
        )
    return found


def _check_area(request: Request) -> list[Finding]:
    if request.area is None:
        return []
    if request.area.isEmpty():
        return [
            Finding("error", tr("The area holds no polygon; select one or choose another area."))
        ]
    if not request.area_crs.isValid():
        return [
            Finding(
                "error",
                tr(
                    "The area's layer has no coordinate reference system; set it in the layer's properties."
                ),
            )
        ]
    image = _scene_rectangle(request)
    if image is not None and not _in_degrees(
        request.area.boundingBox(), request.area_crs
    ).intersects(image):
        return [Finding("error", tr("The area and the image do not overlap."))]
    return []


def _check_extras(request: Request) -> list[Finding]:
    found = []
    if request.before:
        try:
            inputs.product_path(request.before)
        except QgsProcessingException as error:
            found.append(Finding("error", str(error)))
    if request.model and not (Path(request.model) / "card.json").is_file():
        text = tr("{folder} is no model: a model's folder holds a card.json.").format(
            folder=request.model
        )
        found.append(Finding("error", text))
    if request.clouds != "auto" and set(channels.TERRAIN) & set(request.names):
        text = tr(
            "The image is a stack already, with or without a cloud mask; leave “Clouds” at the product's own."
        )
        found.append(Finding("error", text))
    elif request.clouds == "s2cloudless" and request.image is not None:
        text = tr("s2cloudless needs a Level-1C product; choose another mask under “Clouds”.")
        found.append(Finding("error", text))
    return found


def _check_folder(request: Request) -> list[Finding]:
    if not request.out:
        return [Finding("error", tr("Choose a folder for the results."))]
    folder = Path(request.out)
    existing = next((p for p in (folder, *folder.parents) if p.exists()), None)
    if existing is None or not _is_writable(existing):
        return [
            Finding(
                "error",
                tr("{folder} cannot be written; choose another folder for the results.").format(
                    folder=folder
                ),
            )
        ]
    if (folder / "inventory.gpkg").exists():
        return [
            Finding(
                "warning",
                tr(
                    "The folder holds an earlier result: its reviewed landslides are kept, all else is replaced."
                ),
            )
        ]
    return []


def _is_writable(folder: Path) -> bool:
    """Whether a file can be created in a folder.

    Only trying tells: permissions say little on Windows and on network drives.
    """
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _estimate(request: Request) -> list[Finding]:
    mpx = megapixels(request)
    seconds = SECONDS_START + mpx * SECONDS_PER_MPX * max(1, request.views)
    needed = mpx * 1e6 * BYTES_PER_PIXEL
    folder = Path(request.out)
    free = shutil.disk_usage(next(p for p in (folder, *folder.parents) if p.exists())).free
    size = tr("{mpx} million pixels; {time}, {disk} of disk.").format(
        mpx=number(mpx, 1), time=duration(seconds), disk=disk_size(needed)
    )
    if needed > free:
        return [
            Finding(
                "error",
                tr("The results need about {need}, but only {free} are free there.").format(
                    need=disk_size(needed), free=disk_size(free)
                ),
            )
        ]
    if request.image is None and request.area is None:
        size = tr(
            "A whole tile: {mpx} million pixels; {time}, {disk} of disk. An area is faster."
        ).format(mpx=number(mpx, 0), time=duration(seconds), disk=disk_size(needed))
    return [Finding("info", size)]


def megapixels(request: Request) -> float:
    """How many million pixels of 10 m the request covers.

    A product without an area counts as a whole tile.
    """
    rectangle = _scene_rectangle(request)
    if request.area is not None and not request.area.isEmpty() and request.area_crs.isValid():
        area = _in_degrees(request.area.boundingBox(), request.area_crs)
        rectangle = area if rectangle is None else rectangle.intersect(area)
    if rectangle is None:
        return TILE_MPX
    measure = QgsDistanceArea()
    measure.setSourceCrs(
        QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance().transformContext()
    )
    measure.setEllipsoid("WGS84")
    return measure.measureArea(QgsGeometry.fromRect(rectangle)) / PIXEL_M**2 / 1e6


def duration(seconds: float) -> str:
    """A duration as people say it."""
    if seconds <= 10:
        return tr("a few seconds")
    if seconds < 90:
        return tr("about {n} seconds").format(n=5 * math.ceil(seconds / 5))
    if seconds < 5400:
        return tr("about {n} minutes").format(n=math.ceil(seconds / 60))
    return tr("about {n} hours").format(n=number(seconds / 3600, 1))


def disk_size(count: float) -> str:
    """A number of bytes as people say it."""
    return f"{number(count / 1e9, 1)} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def _scene_rectangle(request: Request) -> QgsRectangle | None:
    if request.image is None or not request.image.crs().isValid():
        return None
    return _in_degrees(request.image.extent(), request.image.crs())


def _in_degrees(extent: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> QgsRectangle:
    transform = QgsCoordinateTransform(
        crs, QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance()
    )
    try:
        return transform.transformBoundingBox(extent)
    except QgsCsException:
        return QgsRectangle()
