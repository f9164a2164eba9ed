"""Which band of a layer is which channel: recognised, or as the person said before."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsMultiBandColorRenderer, QgsRasterLayer

from .. import channels
from ..processing import inputs

REMEMBERED = "l4s/channels"
_DEFAULT_BANDS = (1, 2, 3)  # QGIS's own choice, which tells nothing


def is_file(layer: QgsRasterLayer) -> bool:
    """Whether the engine can read a layer's file."""
    return layer.isValid() and layer.providerType() == "gdal"


def labels_of(layer: QgsRasterLayer | None) -> list[str]:
    """What is known of each band of a layer."""
    if layer is None or not is_file(layer):
        return []
    return inputs.band_labels(layer.source().split("|")[0])


def channels_of(layer: QgsRasterLayer | None) -> list[str | None]:
    """The channel of every band of a layer."""
    labels = labels_of(layer)
    if layer is None or not labels:
        return []
    remembered = str(layer.customProperty(REMEMBERED) or "")
    if remembered:
        try:
            return channels.parse(remembered, len(labels))
        except ValueError:  # another file stands behind the layer now
            layer.removeCustomProperty(REMEMBERED)
    found = channels.assign(labels, layer.name())
    return found if any(found) else _by_renderer(layer, len(labels))


def remember(layer: QgsRasterLayer, names: Sequence[str | None]) -> None:
    """Keep an assignment with the layer and its project, where it is not the recognised one."""
    if list(names) == channels.assign(labels_of(layer), layer.name()):
        layer.removeCustomProperty(REMEMBERED)
    else:
        layer.setCustomProperty(REMEMBERED, ",".join(name or "-" for name in names))


def is_elevation(layer: QgsRasterLayer) -> bool:
    """Whether a layer looks like elevation."""
    return is_file(layer) and layer.bandCount() == 1 and channels_of(layer) == ["DEM"]


def may_be_image(layer: QgsRasterLayer) -> bool:
    """Whether a layer may hold bands of an image."""
    return is_file(layer) and not is_elevation(layer) and not _is_result(layer)


def may_be_elevation(layer: QgsRasterLayer) -> bool:
    """Whether a layer may hold elevation: one band, not known to be anything else."""
    if not is_file(layer) or layer.bandCount() != 1 or _is_result(layer):
        return False
    return channels_of(layer) in ([None], ["DEM"])


def _is_result(layer: QgsRasterLayer) -> bool:
    """Whether a layer is a detection's own probability, uncertainty or mask."""
    name = layer.source().split("|")[0].replace("\\", "/").rsplit("/", 1)[-1]
    return name in ("probability.tif", "uncertainty.tif", "mask.tif")


def _by_renderer(layer: QgsRasterLayer, count: int) -> list[str | None]:
    """Red, green and blue as the layer's style shows them, where a person has chosen that."""
    renderer = layer.renderer()
    found: list[str | None] = [None] * count
    if isinstance(renderer, QgsMultiBandColorRenderer):
        bands = (renderer.redBand(), renderer.greenBand(), renderer.blueBand())
        if bands != _DEFAULT_BANDS and len(set(bands)) == 3 and all(0 < b <= count for b in bands):
            for band, name in zip(bands, ("B04", "B03", "B02")):
                found[band - 1] = name
    return found
