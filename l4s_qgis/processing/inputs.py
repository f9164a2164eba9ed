"""From QGIS layers to files that the engine reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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
    QgsWkbTypes,
)

from .. import channels
from ..band_names import described
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
    return [] if dataset is None else _descriptions(dataset)


def _descriptions(dataset: gdal.Dataset) -> list[str]:
    return described(
        [dataset.GetRasterBand(i + 1).GetDescription() for i in range(dataset.RasterCount)]
    )


def band_labels(source: str) -> list[str]:
    """What can be known of each band: its description, or a text that stands in for it.

    Where bands have no description, the files behind a virtual raster, wavelengths and colours
    that the file declares are told instead.
    """
    dataset = _open(source)
    if dataset is None:
        return []
    files = _virtual_sources(dataset)
    return [
        text or files.get(index) or _wavelength(band) or _colour(band)
        for index, text, band in (
            (index, text, dataset.GetRasterBand(index))
            for index, text in enumerate(_descriptions(dataset), start=1)
        )
    ]


def _virtual_sources(dataset: gdal.Dataset) -> dict[int, str]:
    """The file behind each band of a virtual raster, where there is one only."""
    if dataset.GetDriver().ShortName != "VRT":
        return {}
    text = "".join(dataset.GetMetadata("xml:VRT") or [])
    found = {}
    for band, body in re.findall(
        r'<VRTRasterBand[^>]*band="(\d+)"[^>]*>(.*?)</VRTRasterBand>', text, re.DOTALL
    ):
        files = set(re.findall(r"<SourceFilename[^>]*>([^<]+)</SourceFilename>", body))
        if len(files) == 1:
            found[int(band)] = Path(files.pop()).stem
    return found


def _wavelength(band: gdal.Band) -> str:
    """A band's channel by the wavelength that its file declares, as ENVI headers do."""
    items = {
        name.lower(): str(value)
        for domain in ("", "IMAGERY")
        for name, value in (band.GetMetadata(domain) or {}).items()
    }
    if "central_wavelength_um" in items:
        text, unit = items["central_wavelength_um"], "um"
    else:
        text, unit = items.get("wavelength", ""), items.get("wavelength_units", "").lower()
    try:
        value = float(text.split()[0]) if text else 0.0
    except ValueError:
        return ""
    metres = unit.startswith(("u", "µ", "micro")) or 0 < value < 20
    nm = value * 1000 if metres else value
    channel = channels.at_wavelength(nm)
    return f"{channel} ({nm:.0f} nm)" if channel else (f"{nm:.0f} nm" if nm else "")


def _colour(band: gdal.Band) -> str:
    return {
        gdal.GCI_RedBand: "red",
        gdal.GCI_GreenBand: "green",
        gdal.GCI_BlueBand: "blue",
    }.get(band.GetColorInterpretation(), "")


def named_image(source: str, names: list[str | None], folder: Path) -> str:
    """A raster with bands named by channel: the source itself where it names them already.

    Otherwise a virtual raster, which bears its source's name: the engine reads level, date and
    offset from it, and the record of the results names it.

    Args:
        source: GDAL source of the image.
        names: A channel for every band, or None to leave it out.
        folder: Where a virtual raster is written.

    Returns:
        The path.

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
    if _names_itself(source, dataset, names):
        return source
    path = folder / f"{_stem(source)}.vrt"
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


def _names_itself(source: str, dataset: gdal.Dataset, names: list[str | None]) -> bool:
    """Whether the engine would read the same channels from a file without being told."""
    if not Path(source).is_file():
        return False
    described = [channels.recognise(text) for text in _descriptions(dataset)]
    if described == [None] and len(names) == 1:
        described = [channels.recognise(Path(source).stem)]
    return described == names and None not in names


def named_images(
    sources: Sequence[str], names: Sequence[Sequence[str | None]], folder: Path
) -> list[str]:
    """Virtual rasters of several layers, those without a channel left out.

    Args:
        sources: GDAL source of each layer.
        names: The channels of the bands of each.
        folder: Where the virtual rasters are written.

    Raises:
        QgsProcessingException: No band has a channel, or a layer cannot be read.
    """
    paths = []
    for number, (source, given) in enumerate(zip(sources, names)):
        if any(given):
            own = folder / str(number)  # two layers may have the same name
            own.mkdir(parents=True, exist_ok=True)
            paths.append(named_image(source, list(given), own))
    if not paths:
        raise QgsProcessingException(
            tr(
                "No band of the image is assigned to a channel; assign at least blue, green and red."
            )
        )
    return paths


def split_names(names: Sequence[str | None], bands: Sequence[int]) -> list[list[str | None]]:
    """Channels of all bands of several layers, layer by layer."""
    found, start = [], 0
    for count in bands:
        found.append(list(names[start : start + count]))
        start += count
    return found


def _stem(source: str) -> str:
    """A file name for what was made of a source: its own, without what no system allows."""
    stem = Path(source.rstrip("/")).stem or "image"
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", stem)[:120]


def write_area(
    geometries: Iterable[QgsGeometry], crs: QgsCoordinateReferenceSystem, folder: Path
) -> str:
    """Write the area as a GeoPackage.

    Raises:
        QgsProcessingException: There is no polygon, or no coordinate reference system.
    """
    kept = united(geometries)
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


def united(geometries: Iterable[QgsGeometry]) -> list[QgsGeometry]:
    """Polygons as one valid geometry: drawn ones overlap, cross themselves or lie in each other.

    Returns:
        A list of one geometry, or of none where there is no polygon.
    """
    parts = []
    for geometry in geometries:
        # Part by part: collected ones may lie in each other, and be invalid only together.
        for part in geometry.asGeometryCollection():
            valid = part if part.isGeosValid() else part.makeValid()
            parts += [
                piece
                for piece in valid.asGeometryCollection()
                if piece.type() == QgsWkbTypes.GeometryType.PolygonGeometry
            ]
    whole = QgsGeometry.unaryUnion(parts)
    return [] if whole.isEmpty() else [whole]


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
