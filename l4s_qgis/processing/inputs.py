"""From QGIS layers to files that the engine reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from .. import channels
from ..i18n import tr

DN = 10000.0


def raster_source(layer: QgsRasterLayer) -> str:
    """The GDAL source of a raster layer.

    Raises:
        QgsProcessingException: It is no file, has no coordinate reference system, or cannot be
            opened.
    """
    name = layer.name()
    if layer.providerType() != "gdal":
        raise QgsProcessingException(
            tr(
                "“{name}” comes from a server or is virtual. Save it as a GeoTIFF first (Export ▸ Save As…)."
            ).format(name=name)
        )
    if not layer.crs().isValid():
        raise QgsProcessingException(
            tr(
                "“{name}” has no coordinate reference system; set it in the layer's properties."
            ).format(name=name)
        )
    source = layer.source().split("|")[0]
    return str(Path(source).resolve()) if Path(source).exists() else source


def image_problem(source: str, name: str) -> str:
    """Why a raster cannot be an image, or nothing.

    Args:
        source: GDAL source.
        name: The layer's name, for the sentence.
    """
    dataset = _open(source)
    if dataset is None:
        return tr(
            "“{name}” cannot be read: its file is damaged, was moved or is of an unknown format."
        ).format(name=name)
    eight_bit = all(
        dataset.GetRasterBand(i + 1).DataType == gdal.GDT_Byte for i in range(dataset.RasterCount)
    )
    if eight_bit and not dataset.GetRasterBand(1).GetScale():
        return tr(
            "“{name}” holds 8-bit colours, not reflectance, as in a screenshot or a preview. Choose the original Sentinel-2 bands."
        ).format(name=name)
    return ""


def band_descriptions(source: str) -> list[str]:
    """The descriptions of a raster's bands, empty where there is none."""
    dataset = _open(source)
    if dataset is None:
        return []
    return [dataset.GetRasterBand(i + 1).GetDescription() or "" for i in range(dataset.RasterCount)]


def named_image(source: str, names: list[str | None], folder: Path) -> str:
    """A virtual raster with bands named by channel, in digital numbers.

    Args:
        source: GDAL source of the image.
        names: A channel for every band, or None to leave it out.
        folder: Where the virtual raster is written.

    Returns:
        Its path.

    Raises:
        QgsProcessingException: No band has a channel, or the image cannot be read.
    """
    chosen = [(index + 1, name) for index, name in enumerate(names) if name]
    dataset = _open(source)
    if dataset is None or not chosen:
        raise QgsProcessingException(
            tr(
                "No band of the image is assigned to a channel; assign at least blue, green and red."
            )
        )
    path = folder / "image.vrt"
    options = gdal.TranslateOptions(format="VRT", bandList=[band for band, _ in chosen])
    virtual = gdal.Translate(str(path), dataset, options=options)
    for index, (_, name) in enumerate(chosen, start=1):
        band = virtual.GetRasterBand(index)
        band.SetDescription(name)
        if name in channels.OPTICAL and _is_reflectance(band):
            band.SetScale(DN)
    virtual.FlushCache()
    del virtual
    return str(path)


def write_area(
    geometries: Iterable[QgsGeometry], crs: QgsCoordinateReferenceSystem, folder: Path
) -> str:
    """Write the area as a GeoPackage.

    Raises:
        QgsProcessingException: There is no polygon, or no coordinate reference system.
    """
    kept = [geometry for geometry in geometries if not geometry.isEmpty()]
    if not kept:
        raise QgsProcessingException(
            tr("The area holds no polygon; select one or choose another area.")
        )
    if not crs.isValid():
        raise QgsProcessingException(
            tr(
                "The area's layer has no coordinate reference system; set it in the layer's properties."
            )
        )
    layer = QgsVectorLayer("MultiPolygon", "aoi", "memory")
    layer.setCrs(crs)
    features = []
    for geometry in kept:
        feature = QgsFeature()
        geometry.convertToMultiType()
        feature.setGeometry(geometry)
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", "aoi"
    path = folder / "area.gpkg"
    written = QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(path), QgsProject.instance().transformContext(), options
    )
    if written[0] != QgsVectorFileWriter.WriterError.NoError:
        raise QgsProcessingException(str(written[1]))
    return str(path)


def write_layer(layer: QgsVectorLayer, path: Path, context: QgsProcessingContext) -> str:
    """Write a vector layer as an inventory's GeoPackage.

    What its filter lets through goes into a layer ``landslides``.

    Raises:
        QgsProcessingException: It cannot be written.
    """
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", "landslides"
    written = QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(path), context.transformContext(), options
    )
    if written[0] != QgsVectorFileWriter.WriterError.NoError:
        raise QgsProcessingException(str(written[1]))
    return str(path)


def extent_polygon(extent: QgsRectangle) -> QgsGeometry:
    """An extent as a polygon."""
    return QgsGeometry.fromRect(extent)


def product_path(text: str) -> str:
    """The product at a path; a metadata file stands for its SAFE folder.

    Raises:
        QgsProcessingException: There is no such file or folder.
    """
    path = Path(text)
    if path.name.startswith("MTD_MSI") and path.suffix.lower() == ".xml":
        path = path.parent
    if not path.exists():
        raise QgsProcessingException(
            tr("{path} does not exist; it may have been moved or renamed.").format(path=path)
        )
    return str(path)


def _open(source: str) -> gdal.Dataset | None:
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        return gdal.Open(source)
    except RuntimeError:  # GDAL 4 raises
        return None
    finally:
        gdal.PopErrorHandler()


def _is_reflectance(band: gdal.Band) -> bool:
    """Whether values are reflectance of 0 to 1 rather than digital numbers."""
    if band.DataType not in (gdal.GDT_Float32, gdal.GDT_Float64) or band.GetScale() not in (
        None,
        1.0,
    ):
        return False
    try:
        statistics = band.ComputeStatistics(True)  # from overviews or a sample
    except RuntimeError:
        return False
    return bool(statistics) and 0 < statistics[1] <= 4.0 and statistics[2] < 1.5
