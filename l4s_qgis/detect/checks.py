"""Checks before a detection starts.

What would fail, what may disappoint, how long it takes and how much disk it needs.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
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
from . import estimate
from .estimate import disk_size, duration
from .finding import Finding
from .inspection import Inspected, measure

PIXEL_M = 10.0
VIEWS = (1, 4, 8)


@dataclass(frozen=True)
class Request:
    """What the person asks for.

    Attributes:
        images: Image layers; none where a product is given.
        names: The channels of their bands, in order.
        product: Path of a product, or nothing.
        dems: Elevation layers or files.
        area: The area's polygon, or None for all.
        area_crs: Its coordinate reference system.
        out: Folder for the results, or nothing.
        views: How many views are averaged.
        before: Layer or path of an image from before the event, or nothing.
        model: Folder of a model of the person's own, or nothing.
        clouds: Where the cloud mask comes from, one of :data:`l4s_qgis.processing.detect.CLOUDS`.
        inspected: What the engine made of the product's and the elevation's files, if it is known.
    """

    images: tuple[QgsRasterLayer, ...] = ()
    names: tuple[str | None, ...] = ()
    product: str = ""
    dems: tuple[QgsRasterLayer | str, ...] = ()
    area: QgsGeometry | None = None
    area_crs: QgsCoordinateReferenceSystem = field(default_factory=QgsCoordinateReferenceSystem)
    out: str = ""
    views: int = 1
    before: QgsRasterLayer | str = ""
    model: str = ""
    clouds: str = "auto"
    inspected: Inspected | None = None


def check(request: Request) -> list[Finding]:
    """All findings on a request, errors first."""
    found = [
        *_check_scene(request),
        *_check_channels(request),
        *_check_dem(request),
        *_check_area(request),
        *_check_extras(request),
        *_check_folder(request),
        *(request.inspected.findings if request.inspected is not None else ()),
    ]
    if not any(finding.level == "error" for finding in found):
        found += _estimate(request)
    order = ("error", "warning", "wait", "info")
    return sorted(found, key=lambda finding: order.index(finding.level))


def _check_scene(request: Request) -> list[Finding]:
    if request.images:
        return [Finding("error", text) for text in _image_problems(request)]
    if not request.product:
        return [Finding("error", tr("Choose an image layer or a Sentinel-2 product."))]
    try:
        inputs.product_path(request.product)
    except QgsProcessingException as error:
        return [Finding("error", str(error))]
    return []


def _image_problems(request: Request) -> Iterator[str]:
    for image in request.images:
        try:
            problem = inputs.image_problem(inputs.raster_source(image), image.name())
        except QgsProcessingException as error:
            problem = str(error)
        if problem:
            yield problem
    if len(request.images) == 1 and request.images[0].bandCount() == 1 and "DEM" in request.names:
        yield tr("“{name}” looks like elevation, not like an image.").format(
            name=request.images[0].name()
        )


def _check_channels(request: Request) -> list[Finding]:
    if not request.images:
        return []
    given = [name for name in request.names if name]
    double = sorted({name for name in given if given.count(name) > 1})
    if double:
        text = tr("{channels}: given to more than one band.").format(channels=", ".join(double))
        return [Finding("error", text)]
    needed = [name for name in ("B02", "B03", "B04") if name not in given]
    if needed:
        text = tr(
            "No band is blue, green or red ({channels} missing); assign them under “Channels”."
        ).format(channels=", ".join(needed))
        return [Finding("error", text)]
    missing = [name for name in channels.OPTICAL if name not in given]
    if missing:
        text = tr(
            "Missing: {channels}. The bundled model tolerates that; the result is less certain."
        ).format(channels=", ".join(missing))
        return [Finding("warning", text)]
    return []


def _check_dem(request: Request) -> list[Finding]:
    if "DEM" in request.names:
        return []
    if not request.dems:
        text = tr(
            "Without elevation, bare fields and river beds are more often taken for landslides."
        )
        return [Finding("warning", text)]
    found = []
    image = scene_rectangle(request)
    overlap, known = False, True
    for dem in request.dems:
        try:
            extent = _dem_extent(dem)
        except QgsProcessingException as error:
            found.append(Finding("error", str(error)))
            continue
        if extent is None:  # an archive or a folder, which the engine reads
            known = False
        overlap = overlap or image is None or (extent is not None and extent.intersects(image))
    if not found and not overlap and known:
        text = tr(
            "The elevation and the image do not overlap; check their coordinate reference systems."
        )
        found.append(Finding("error", text))
    return found


def _dem_extent(dem: QgsRasterLayer | str) -> QgsRectangle | None:
    """Where elevation lies, in degrees; None where only the engine can tell.

    Raises:
        QgsProcessingException: It cannot be read.
    """
    if isinstance(dem, str):
        path = Path(dem)
        if not path.exists():
            raise QgsProcessingException(
                tr("{path} does not exist; it may have been moved or renamed.").format(path=path)
            )
        if path.is_dir() or path.suffix.lower() == ".zip":
            return measure(dem).rectangle
        dem = QgsRasterLayer(dem, path.name, "gdal")
    if not dem.isValid():
        raise QgsProcessingException(
            tr("“{name}” cannot be read as elevation.").format(name=dem.name())
        )
    inputs.raster_source(dem)
    return in_degrees(dem.extent(), dem.crs())


def _check_area(request: Request) -> list[Finding]:
    if request.area is None:
        return []
    if request.area.isEmpty():
        return [
            Finding("error", tr("The area holds no polygon; select one or choose another area."))
        ]
    if not request.area_crs.isValid():
        text = tr(
            "The area's layer has no coordinate reference system; set it in the layer's properties."
        )
        return [Finding("error", text)]
    image = scene_rectangle(request)
    area = in_degrees(request.area.boundingBox(), request.area_crs)
    if image is not None and not area.intersects(image):
        return [Finding("error", tr("The area and the image do not overlap."))]
    return []


def _check_extras(request: Request) -> list[Finding]:
    found = []
    if request.before:
        try:
            if isinstance(request.before, QgsRasterLayer):
                inputs.raster_source(request.before)
            else:
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
    elif request.clouds == "s2cloudless" and request.images:
        text = tr("s2cloudless needs a Level-1C product; choose another mask under “Clouds”.")
        found.append(Finding("error", text))
    return found


def _check_folder(request: Request) -> list[Finding]:
    if not request.out:
        return [Finding("error", tr("Choose a folder for the results."))]
    folder = Path(request.out)
    existing = next((p for p in (folder, *folder.parents) if p.exists()), None)
    if existing is None or not _is_writable(existing):
        text = tr("{folder} cannot be written; choose another folder for the results.").format(
            folder=folder
        )
        return [Finding("error", text)]
    if (folder / "inventory.gpkg").exists():
        text = tr(
            "The folder holds an earlier result: its reviewed landslides are kept, all else is replaced."
        )
        return [Finding("warning", text)]
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
    seconds = estimate.speed().seconds(mpx, request.views)
    needed = mpx * 1e6 * estimate.BYTES_PER_PIXEL
    folder = Path(request.out)
    free = shutil.disk_usage(next(p for p in (folder, *folder.parents) if p.exists())).free
    if needed > free:
        text = tr("The results need about {need}, but only {free} are free there.").format(
            need=disk_size(needed), free=disk_size(free)
        )
        return [Finding("error", text)]
    if scene_rectangle(request) is None and request.area is None:
        text = tr("A whole tile: {mpx} million pixels; {time}, {disk} of disk. An area is faster.")
    elif estimate.is_measured():
        text = tr("{mpx} million pixels; {time} by this computer's last runs, {disk} of disk.")
    else:
        text = tr("{mpx} million pixels; {time}, {disk} of disk.")
    digits = 2 if mpx < 1 else (1 if mpx < 100 else 0)
    text = text.format(mpx=number(mpx, digits), time=duration(seconds), disk=disk_size(needed))
    return [Finding("info", text)]


def megapixels(request: Request) -> float:
    """How many million pixels of 10 m the request covers.

    A product of which nothing is known, without an area, counts as a whole tile.
    """
    rectangle = scene_rectangle(request)
    if request.area is not None and not request.area.isEmpty() and request.area_crs.isValid():
        area = in_degrees(request.area.boundingBox(), request.area_crs)
        rectangle = area if rectangle is None else rectangle.intersect(area)
    elif not request.images and request.inspected is not None and request.inspected.mpx:
        return request.inspected.mpx
    if rectangle is None:
        return estimate.TILE_MPX
    measure = QgsDistanceArea()
    measure.setSourceCrs(
        QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance().transformContext()
    )
    measure.setEllipsoid("WGS84")
    return measure.measureArea(QgsGeometry.fromRect(rectangle)) / PIXEL_M**2 / 1e6


def scene_rectangle(request: Request) -> QgsRectangle | None:
    """Where the image lies, in degrees, where that is known."""
    if not request.images:
        known = request.inspected
        return known.rectangle if known is not None else None
    rectangle = QgsRectangle()
    rectangle.setMinimal()
    for image in request.images:
        if not image.crs().isValid():
            return None
        rectangle.combineExtentWith(in_degrees(image.extent(), image.crs()))
    return rectangle


def in_degrees(extent: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> QgsRectangle:
    """An extent in geographic coordinates; empty where it cannot be transformed."""
    transform = QgsCoordinateTransform(
        crs, QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance()
    )
    try:
        return transform.transformBoundingBox(extent)
    except QgsCsException:
        return QgsRectangle()
