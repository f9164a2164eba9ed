"""Load results into the project: a group of styled layers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsColorRampShader,
    QgsLayerTreeGroup,
    QgsProject,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from . import form, pictures
from .i18n import tr

LAYER = "landslides"
PROBABILITY_PROPERTY = "l4s/probability"
# ColorBrewer YlOrRd, readable with colour-vision deficiency; transparent where a landslide is
# unlikely.
_RAMP = (
    (0.0, "#ffffcc", 0),
    (0.25, "#ffeda0", 60),
    (0.5, "#feb24c", 170),
    (0.75, "#f03b20", 215),
    (1.0, "#800026", 235),
)
_UNCERTAINTY = (
    (0.0, "#f1eef6", 0),
    (0.1, "#bdc9e1", 120),
    (0.2, "#74a9cf", 190),
    (0.35, "#045a8d", 230),
)


def load_results(outputs: Mapping[str, Any], title: str) -> QgsVectorLayer | None:
    """Add the results of a detection to the project, in a group at the top.

    Args:
        outputs: Of ``l4s:detect``.
        title: The group's name.

    Returns:
        The landslide layer, or None where it cannot be read.
    """
    group = QgsProject.instance().layerTreeRoot().insertGroup(0, title)
    result = outputs.get("RESULT") or {}
    landslides = load_inventory(Path(str(outputs["INVENTORY"]).split("|")[0]), group)
    for path, label, ramp in (
        (outputs["PROBABILITY"], tr("Probability"), _RAMP),
        (result.get("uncertainty"), tr("Uncertainty"), _UNCERTAINTY),
    ):
        if path:
            layer = QgsRasterLayer(str(path), label, "gdal")
            style_raster(layer, ramp)
            _add(layer, group, visible=False)  # the image below is what a person judges by
    _load_pictures(result, title, group)
    if landslides is not None:
        landslides.setName(title)  # two inventories are told apart in every list
        landslides.setCustomProperty(PROBABILITY_PROPERTY, str(outputs["PROBABILITY"]))
    return landslides


def _load_pictures(result: Mapping[str, Any], title: str, group: QgsLayerTreeGroup) -> None:
    """Add what a person judges by, where the project does not hold it already."""
    name = title.split(": ", 1)[-1]
    before = str(result.get("before") or "")
    picture = pictures.of_product(before, tr("Before the event")) if before else None
    stack = result.get("stack")
    shown = pictures.of_stack(str(stack), name) if stack and result.get("searched") else []
    for index, layer in enumerate(shown):
        _add(layer, group, visible=index == 0)
    if picture is not None:
        _add(picture, group, visible=False)


def load_inventory(path: Path, group: QgsLayerTreeGroup | None = None) -> QgsVectorLayer | None:
    """Add the landslides of a GeoPackage to the project.

    The layer gets the style and the form that the GeoPackage holds.
    """
    layer = QgsVectorLayer(f"{path}|layername={LAYER}", tr("Landslides"), "ogr")
    if not layer.isValid():
        return None
    layer.loadDefaultStyle()
    form.translate(layer)
    _add(layer, group or QgsProject.instance().layerTreeRoot(), visible=True)
    return layer


def style_raster(layer: QgsRasterLayer, ramp: tuple[tuple[float, str, int], ...] = _RAMP) -> None:
    """Colour a raster of 0 to 1, transparent at the low end."""
    items = []
    for value, colour, alpha in ramp:
        shade = QColor(colour)
        shade.setAlpha(alpha)
        items.append(QgsColorRampShader.ColorRampItem(value, shade, f"{value:g}"))
    function = QgsColorRampShader(
        ramp[0][0], ramp[-1][0], None, QgsColorRampShader.Type.Interpolated
    )
    function.setColorRampItemList(items)
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(function)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
    renderer.setClassificationMin(ramp[0][0])
    renderer.setClassificationMax(ramp[-1][0])
    layer.setRenderer(renderer)


def _add(layer: Any, group: QgsLayerTreeGroup, *, visible: bool) -> None:
    QgsProject.instance().addMapLayer(layer, False)
    node = group.addLayer(layer)
    node.setItemVisibilityChecked(visible)
    node.setExpanded(False)
