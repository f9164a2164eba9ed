"""The form and the legend of an inventory in the language of QGIS.

The GeoPackage brings both in English, as the engine writes them; texts that are not listed here
stay as they are. A test compares the lists with what the engine writes.
"""

from __future__ import annotations

from qgis.core import (
    QgsAttributeEditorContainer,
    QgsCategorizedSymbolRenderer,
    QgsEditorWidgetSetup,
    QgsVectorLayer,
)

from .i18n import mark, tr

FIELDS = (
    mark("Landslide"),
    mark("Review status"),
    mark("Reason of rejection"),
    mark("Reviewer"),
    mark("Reviewed on"),
    mark("Notes"),
    mark("Confidence (USGS)"),
    mark("Flags"),
    mark("Probability, mean"),
    mark("Probability, minimum"),
    mark("Probability, maximum"),
    mark("Uncertainty, mean"),
    mark("Agreement of members"),
    mark("Landslide type"),
    mark("Material"),
    mark("Trigger"),
    mark("Event"),
    mark("Not before"),
    mark("Not after"),
    mark("Area (m²)"),
    mark("Perimeter (m)"),
    mark("Length along the fall line (m)"),
    mark("Width across the fall line (m)"),
    mark("Longest axis (m)"),
    mark("Elongation"),
    mark("Compactness"),
    mark("Pixels"),
    mark("Amalgamated"),
    mark("Elevation, minimum (m)"),
    mark("Elevation, maximum (m)"),
    mark("Relief (m)"),
    mark("Slope, mean (°)"),
    mark("Aspect, mean (°)"),
    mark("Source, longitude (°)"),
    mark("Source, latitude (°)"),
    mark("Toe, longitude (°)"),
    mark("Toe, latitude (°)"),
    mark("Distance to image edge (m)"),
    mark("Distance to masked area (m)"),
    mark("NDVI, mean"),
    mark("NDVI change"),
    mark("Brightness change (DN)"),
    mark("Volume estimate (m³)"),
    mark("Volume, lower bound (m³)"),
    mark("Volume, upper bound (m³)"),
    mark("Model"),
    mark("Model digest"),
    mark("Engine version"),
    mark("Threshold"),
    mark("Images"),
    mark("Elevation model"),
    mark("Detected on"),
    mark("Kept from run"),
)
TABS = (
    mark("Review"),
    mark("Type and event"),
    mark("Size and terrain"),
    mark("Surroundings"),
    mark("Origin"),
)
LEGEND = (
    mark("Pending"),
    mark("Needs review"),
    mark("Accepted"),
    mark("Edited"),
    mark("Rejected"),
    mark("No status"),
)
VALUES = (
    mark("Pending: not looked at yet"),
    mark("Needs review: a second look is asked for"),
    mark("Accepted: a landslide, outline as detected"),
    mark("Edited: a landslide, outline or attributes corrected"),
    mark("Rejected: not a landslide"),
    mark("Bare soil or ploughed field"),
    mark("River bed or bank"),
    mark("Road, quarry or building site"),
    mark("Clear-cut or burnt area"),
    mark("Cloud, shadow or snow"),
    mark("Bare rock or scree, not recent"),
    mark("Older than the event"),
    mark("Part of another landslide"),
    mark("Other, see the notes"),
    mark("8 High confidence in extent or nature"),
    mark("5 Confident"),
    mark("3 Likely"),
    mark("2 Probable"),
    mark("1 Possible"),
    mark("Fall"),
    mark("Topple"),
    mark("Rotational slide"),
    mark("Translational or planar slide"),
    mark("Wedge, compound or irregular slide"),
    mark("Spread"),
    mark("Debris flow"),
    mark("Mud flow"),
    mark("Earthflow"),
    mark("Debris or rock avalanche"),
    mark("Dry flow or flow slide"),
    mark("Slope deformation or creep"),
    mark("Complex"),
    mark("Unknown"),
    mark("Rock"),
    mark("Debris"),
    mark("Earth"),
    mark("Mixed"),
    mark("Rainfall"),
    mark("Earthquake"),
    mark("Snowmelt or thaw"),
    mark("Volcanic activity"),
    mark("Undercutting by a river"),
    mark("Construction, mining or other human activity"),
    mark("Other"),
)

KNOWN = frozenset((*FIELDS, *TABS, *LEGEND, *VALUES))


def translate(layer: QgsVectorLayer) -> None:
    """Translate names of fields, tabs, values and legend entries of a loaded inventory.

    Args:
        layer: The inventory with the style that its file holds.
    """
    for index in range(layer.fields().count()):
        setup = layer.editorWidgetSetup(index)
        layer.setFieldAlias(index, _said(layer.attributeAlias(index)))
        # Setting an alias takes the field's widget away.
        values = setup.type() == "ValueMap"
        layer.setEditorWidgetSetup(index, _values(setup) if values else setup)
    form = layer.editFormConfig()
    for child in form.invisibleRootContainer().children():
        if isinstance(child, QgsAttributeEditorContainer):
            child.setName(_said(child.name()))
    layer.setEditFormConfig(form)
    renderer = layer.renderer()
    if isinstance(renderer, QgsCategorizedSymbolRenderer):
        renderer = renderer.clone()
        for number, category in enumerate(renderer.categories()):
            renderer.updateCategoryLabel(number, _said(category.label()))
        layer.setRenderer(renderer)


def _values(setup: QgsEditorWidgetSetup) -> QgsEditorWidgetSetup:
    config = setup.config()
    entries = config.get("map", [])
    entries = [entries] if isinstance(entries, dict) else entries
    config["map"] = [{_said(title): value} for entry in entries for title, value in entry.items()]
    return QgsEditorWidgetSetup("ValueMap", config)


def _said(text: str) -> str:
    return tr(text) if text in KNOWN else text
