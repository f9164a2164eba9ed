"""Pictures of a scene below its outlines: natural and false colour, before and after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from osgeo import gdal
from qgis.core import (
    QgsContrastEnhancement,
    QgsMultiBandColorRenderer,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
)

from . import channels
from .i18n import tr
from .processing import inputs

NATURAL = ("B04", "B03", "B02")
FALSE = ("B12", "B08", "B04")  # bare ground is red or brown, vegetation green
_TRUE_COLOUR = re.compile(r"(^|[/_])TCI(_10m)?\.jp2$", re.IGNORECASE)
_MOST_FILES = 2000
_LOOK_PX = 400
_BRIGHT = 3000  # digital numbers; clouds and snow are brighter, hardly any ground is


def of_stack(stack: str, name: str) -> list[QgsRasterLayer]:
    """Natural and false colour of a stack, the second only where it has the bands.

    Args:
        stack: The stack that the engine made.
        name: What the scene is called.
    """
    descriptions = inputs.band_descriptions(stack)
    found = []
    for bands, title in ((NATURAL, tr("Natural colour")), (FALSE, tr("False colour"))):
        if set(bands) <= set(descriptions):
            layer = QgsRasterLayer(stack, f"{title}: {name}", "gdal")
            if layer.isValid():
                show_colours(layer, [descriptions.index(band) + 1 for band in bands])
                found.append(layer)
    return found


def of_product(path: str, name: str) -> QgsRasterLayer | None:
    """Natural colour of a product that was not stacked, such as the one before the event.

    A SAFE product brings such a picture; a raster whose bands are named is shown by them.

    Args:
        path: Product, folder of bands or raster.
        name: What the picture is called.
    """
    raster = Path(path)
    if raster.is_file() and raster.suffix.lower() != ".zip":
        return _of_raster(path, name)
    root = f"/vsizip/{path}" if raster.is_file() else path
    files = (gdal.ReadDirRecursive(root) or [])[:_MOST_FILES]
    picture = min((f for f in files if _TRUE_COLOUR.search(f)), key=len, default=None)
    if picture is not None:
        layer = QgsRasterLayer(f"{root}/{picture}", name, "gdal")
        return layer if layer.isValid() else None
    return None


def show_colours(layer: QgsRasterLayer, bands: Sequence[int]) -> None:
    """Show three bands as red, green and blue, stretched as a person sees most.

    The brightest and darkest two per cent of the clear ground are cut: clouds would make all else
    dark otherwise. Where nothing is known of clouds, very bright pixels count as such.

    Args:
        layer: A raster layer.
        bands: Numbers of the bands for red, green and blue.
    """
    renderer = QgsMultiBandColorRenderer(layer.dataProvider(), *bands)
    limits = _clear_limits(layer.source().split("|")[0], bands)
    for band, name, found in zip(bands, ("Red", "Green", "Blue"), limits):
        stretch = QgsContrastEnhancement(layer.dataProvider().dataType(band))
        stretch.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        stretch.setMinimumValue(found[0])
        stretch.setMaximumValue(found[1])
        getattr(renderer, f"set{name}ContrastEnhancement")(stretch)
    layer.setRenderer(renderer)
    if limits:
        return
    origin = QgsRasterMinMaxOrigin()
    origin.setLimits(QgsRasterMinMaxOrigin.Limits.CumulativeCut)
    origin.setStatAccuracy(QgsRasterMinMaxOrigin.StatAccuracy.Estimated)
    layer.renderer().setMinMaxOrigin(origin)
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )


def _clear_limits(source: str, bands: Sequence[int]) -> list[tuple[float, float]]:
    """The 2nd and 98th percentile of each band on clear ground, from a small picture of it.

    Returns:
        One pair for each band; nothing where the raster cannot be read.
    """
    dataset = gdal.Open(source)
    if dataset is None:
        return []
    shape = {"buf_xsize": min(_LOOK_PX, dataset.RasterXSize)}
    shape["buf_ysize"] = min(_LOOK_PX, dataset.RasterYSize)
    values = [_values(dataset.GetRasterBand(band), shape) for band in bands]
    names = [dataset.GetRasterBand(i + 1).GetDescription() for i in range(dataset.RasterCount)]
    known = np.all([np.isfinite(band) for band in values], axis=0)
    if "QA" in names:
        clear = known & (dataset.GetRasterBand(names.index("QA") + 1).ReadAsArray(**shape) == 0)
    else:
        clear = known & (values[-1] < _BRIGHT)
    if not clear.any():
        clear = known
    if not clear.any():
        return []
    found = [np.percentile(band[clear], (2, 98)) for band in values]
    return [(float(low), float(max(high, low + 1e-6))) for low, high in found]


def _values(band: gdal.Band, shape: dict[str, int]) -> np.ndarray:
    """A band's values as QGIS shows them, NaN where it has none."""
    values = band.ReadAsArray(**shape).astype(float)
    nodata = band.GetNoDataValue()
    values[(band.GetMaskBand().ReadAsArray(**shape) == 0) | (values == nodata)] = np.nan
    if nodata is None:
        values[values == 0] = np.nan  # Sentinel-2's own
    return values * (band.GetScale() or 1.0) + (band.GetOffset() or 0.0)


def _of_raster(path: str, name: str) -> QgsRasterLayer | None:
    layer = QgsRasterLayer(path, name, "gdal")
    names = channels.assign(inputs.band_labels(path)) if layer.isValid() else []
    if not set(NATURAL) <= set(names):
        return None
    show_colours(layer, [names.index(band) + 1 for band in NATURAL])
    return layer
