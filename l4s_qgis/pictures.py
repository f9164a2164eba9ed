"""Pictures of a scene below its outlines: natural and false colour, before and after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from osgeo import gdal
from qgis.core import (
    QgsContrastEnhancement,
    QgsMultiBandColorRenderer,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
)

from .i18n import tr
from .processing import inputs

NATURAL = ("B04", "B03", "B02")
FALSE = ("B12", "B08", "B04")  # bare ground is red or brown, vegetation green
_TRUE_COLOUR = re.compile(r"(^|[/_])TCI(_10m)?\.jp2$", re.IGNORECASE)
_MOST_FILES = 2000


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

    The brightest and darkest two per cent are cut: clouds would make all else dark otherwise.

    Args:
        layer: A raster layer.
        bands: Numbers of the bands for red, green and blue.
    """
    layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), *bands))
    origin = QgsRasterMinMaxOrigin()
    origin.setLimits(QgsRasterMinMaxOrigin.Limits.CumulativeCut)
    origin.setStatAccuracy(QgsRasterMinMaxOrigin.StatAccuracy.Estimated)
    layer.renderer().setMinMaxOrigin(origin)
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )


def _of_raster(path: str, name: str) -> QgsRasterLayer | None:
    from . import channels

    layer = QgsRasterLayer(path, name, "gdal")
    names = channels.assign(inputs.band_labels(path)) if layer.isValid() else []
    if not set(NATURAL) <= set(names):
        return None
    show_colours(layer, [names.index(band) + 1 for band in NATURAL])
    return layer
