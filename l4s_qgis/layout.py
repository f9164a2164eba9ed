"""A print layout of an inventory: map, legend, statistics, sources."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QFont

from .i18n import tr
from .summary.numbers import figures
from .summary.panel import describe

PAGE_MM = (297.0, 210.0)
MAP_MM = (10.0, 24.0, 200.0, 176.0)
SIDE_MM = (215.0, 72.0)
NORTH_ARROW = "arrows/NorthArrow_02.svg"
_PRODUCT = re.compile(r"\bS2[A-D]_MSI")
MILLIMETRES = QgsUnitTypes.LayoutUnit.LayoutMillimeters


def make_layout(layer: QgsVectorLayer, extent: QgsRectangle) -> QgsPrintLayout:
    """Add a print layout to the project.

    Args:
        layer: The inventory.
        extent: What the map shows, in the project's coordinate reference system.

    Returns:
        The layout, on A4 across; everything in it can be changed in QGIS's own editor.
    """
    layout = QgsPrintLayout(QgsProject.instance())
    layout.initializeDefaults()
    layout.setName(_free_name(layer.name()))
    title = _label(layout, layer.name(), 10, 8, PAGE_MM[0] - 20, 12, size=18)
    title.setId("title")
    chart = QgsLayoutItemMap(layout)
    chart.setId("map")
    layout.addLayoutItem(chart)
    _place(chart, *MAP_MM)
    chart.setExtent(extent)
    chart.setFrameEnabled(True)
    _add_legend(layout, chart, layer)
    _label(layout, describe(_figures(layer)), SIDE_MM[0], 96, SIDE_MM[1], 34).setId("statistics")
    _label(layout, sources(layer), SIDE_MM[0], 134, SIDE_MM[1], 42, size=7).setId("sources")
    _add_scale(layout, chart)
    arrow = QgsLayoutItemPicture(layout)
    arrow.setPicturePath(_svg(NORTH_ARROW))
    arrow.setLinkedMap(chart)
    layout.addLayoutItem(arrow)
    _place(arrow, SIDE_MM[0] + SIDE_MM[1] - 14, 24, 14, 14)
    QgsProject.instance().layoutManager().addLayout(layout)
    return layout


def sources(layer: QgsVectorLayer) -> str:
    """Where an inventory comes from, as its file's record says.

    Args:
        layer: The inventory.
    """
    record = _record(Path(layer.source().split("|")[0]))
    inputs = record.get("inputs") or {}
    models = ", ".join(
        f"{model.get('name')} {model.get('version')}" for model in record.get("models") or []
    )
    images = ", ".join(map(str, inputs.get("images") or inputs.get("sentinel2") or []))
    elevation = ", ".join(Path(str(path)).name for path in inputs.get("dem") or [])
    lines = [
        tr("Image: {names}").format(names=images) if images else "",
        tr("Elevation: {names}").format(names=elevation) if elevation else "",
        tr("Model: {names}").format(names=models) if models else "",
        tr("Contains modified Copernicus Sentinel data.") if _PRODUCT.search(images) else "",
        tr("Drawn on {date} with l4s.").format(date=date.today().isoformat()),
    ]
    return "\n".join(line for line in lines if line)


def _record(inventory: Path) -> dict[str, Any]:
    """What the inventory's own layer ``run`` says; empty where it has none."""
    run = QgsVectorLayer(f"{inventory}|layername=run", "run", "ogr")
    for feature in run.getFeatures() if run.isValid() else ():
        for value in feature.attributes():
            try:
                found = json.loads(value) if isinstance(value, str) else None
            except ValueError:
                continue
            if isinstance(found, dict) and "inputs" in found:
                return found
    return {}


def _figures(layer: QgsVectorLayer) -> Any:
    def values(name: str) -> list[float]:
        if layer.fields().indexOf(name) < 0:
            return []
        return [
            float(feature[name])
            for feature in layer.getFeatures()
            if feature["status"] != "rejected" and isinstance(feature[name], (int, float))
        ]

    return figures(values("area_m2"), values("aspect_deg"))


def _add_legend(layout: QgsPrintLayout, chart: QgsLayoutItemMap, layer: QgsVectorLayer) -> None:
    """The inventory's own entries; bands of images would fill the page."""
    legend = QgsLayoutItemLegend(layout)
    legend.setId("legend")
    legend.setTitle(tr("Legend"))
    legend.setLinkedMap(chart)
    legend.setAutoUpdateModel(False)
    root = legend.model().rootGroup()
    root.removeAllChildren()
    root.addLayer(layer)
    legend.setLegendFilterByMapEnabled(True)  # only what the map shows
    layout.addLayoutItem(legend)
    _place(legend, SIDE_MM[0], 24, SIDE_MM[1] - 16, 66)


def _add_scale(layout: QgsPrintLayout, chart: QgsLayoutItemMap) -> None:
    scale = QgsLayoutItemScaleBar(layout)
    scale.setLinkedMap(chart)
    scale.applyDefaultSize()
    layout.addLayoutItem(scale)
    scale.attemptMove(QgsLayoutPoint(SIDE_MM[0], 182, MILLIMETRES))


def _label(
    layout: QgsPrintLayout,
    text: str,
    left: float,
    top: float,
    width: float,
    height: float,
    *,
    size: int = 9,
) -> QgsLayoutItemLabel:
    label = QgsLayoutItemLabel(layout)
    label.setText(text)
    font = QFont()
    font.setPointSize(size)
    label.setFont(font)
    layout.addLayoutItem(label)
    _place(label, left, top, width, height)
    return label


def _place(item: Any, left: float, top: float, width: float, height: float) -> None:
    item.attemptMove(QgsLayoutPoint(left, top, MILLIMETRES))
    item.attemptResize(QgsLayoutSize(width, height, MILLIMETRES))


def _svg(name: str) -> str:
    """A picture that comes with QGIS."""
    places = (Path(folder) / name for folder in QgsApplication.svgPaths())
    return next((str(path) for path in places if path.is_file()), name)


def _free_name(wanted: str) -> str:
    """A name that no layout of the project bears."""
    taken = {layout.name() for layout in QgsProject.instance().layoutManager().layouts()}
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted} ({number})", number + 1
    return name
