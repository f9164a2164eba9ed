"""The layer's look and form for QGIS (QML), made from the schema.

Embedded in the GeoPackage, it is applied as soon as the layer is opened. Colours are those of
:mod:`engine.status`; polygons that do not count are dashed besides.
"""

from __future__ import annotations

from xml.etree.ElementTree import (
    Element,
    SubElement,
    indent,
    tostring,
)  # nosec B405 - writes XML, parses none

from engine.inventory.schema import FIELDS, Field
from engine.status import BY_HAND, STATUSES

AREA_COLOUR = "#202020"

TABS = {
    "Review": ("identity", "review", "probability"),
    "Type and event": ("type",),
    "Size and terrain": ("geometry", "terrain"),
    "Surroundings": ("context",),
    "Origin": ("provenance",),
}
_LONG_TEXT = {"notes"}


def landslide_style() -> str:
    """QML of the layer ``landslides``."""
    root = Element(
        "qgis",
        {
            "version": "3.22.0",
            "styleCategories": "Symbology|Fields|Forms|MapTips",
            "labelsEnabled": "0",
        },
    )
    _symbology(root)
    _form(root)
    SubElement(root, "previewExpression").text = "'Landslide ' || \"id\""
    SubElement(root, "mapTip").text = (
        '<b>Landslide [% "id" %]</b><br>[% represent_value("status") %]<br>[% round("area_m2") %]'
        ' m², probability [% round("prob_mean", 2) %]<br>[% "flags" %]'
    )
    SubElement(root, "layerGeometryType").text = "2"
    return _text(root)


def area_style() -> str:
    """QML of the layer ``aoi``: an outline without filling."""
    root = Element("qgis", {"version": "3.22.0", "styleCategories": "Symbology"})
    renderer = SubElement(root, "renderer-v2", {"type": "singleSymbol", "enableorderby": "0"})
    _symbol(SubElement(renderer, "symbols"), "0", AREA_COLOUR, alpha=0, dashed=True)
    SubElement(root, "layerGeometryType").text = "2"
    return _text(root)


def _symbology(root: Element) -> None:
    renderer = SubElement(
        root, "renderer-v2", {"type": "categorizedSymbol", "attr": "status", "enableorderby": "0"}
    )
    categories, symbols = SubElement(renderer, "categories"), SubElement(renderer, "symbols")
    for number, status in enumerate(STATUSES):
        label = status.label.split(":")[0]
        SubElement(
            categories,
            "category",
            {"value": status.name, "label": label, "symbol": str(number), "render": "true"},
        )
        _symbol(
            symbols,
            str(number),
            status.colour,
            alpha=40 if status.confirmed else 0,
            dashed=not status.confirmed,
        )
    number = len(STATUSES)
    SubElement(
        categories,
        "category",
        {"value": "", "label": "No status", "symbol": str(number), "render": "true"},
    )
    _symbol(symbols, str(number), AREA_COLOUR, alpha=40, dashed=False)


def _symbol(parent: Element, name: str, colour: str, *, alpha: int, dashed: bool) -> None:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    symbol = SubElement(
        parent, "symbol", {"name": name, "type": "fill", "alpha": "1", "clip_to_extent": "1"}
    )
    look = {
        "class": "SimpleFill",
        "enabled": "1",
        "locked": "0",
        "pass": "0",
    }  # nosec B105 - the rendering pass
    layer = SubElement(symbol, "layer", look)
    options = SubElement(layer, "Option", {"type": "Map"})
    values = {
        "color": f"{red},{green},{blue},{alpha}",
        "style": "solid" if alpha else "no",
        "outline_color": f"{red},{green},{blue},255",
        "outline_style": "dash" if dashed else "solid",
        "outline_width": "0.46",
        "outline_width_unit": "MM",
        "joinstyle": "bevel",
    }
    for key, value in values.items():
        SubElement(options, "Option", {"name": key, "value": value, "type": "QString"})


def _form(root: Element) -> None:
    configuration = SubElement(root, "fieldConfiguration")
    aliases, defaults, editable = (
        SubElement(root, tag) for tag in ("aliases", "defaults", "editable")
    )
    for index, f in enumerate(FIELDS):
        one = SubElement(configuration, "field", {"name": f.name, "configurationFlags": "None"})
        _widget(SubElement(one, "editWidget", {"type": _widget_type(f)}), f)
        SubElement(aliases, "alias", {"field": f.name, "index": str(index + 1), "name": f.alias})
        SubElement(editable, "field", {"name": f.name, "editable": "1" if f.editable else "0"})
    # What a person draws is a landslide that a person found.
    for name, expression in {
        "id": 'coalesce(maximum("id"), 0) + 1',
        "status": f"'{BY_HAND}'",
    }.items():
        SubElement(
            defaults, "default", {"field": name, "expression": expression, "applyOnUpdate": "0"}
        )
    SubElement(root, "editorlayout").text = "tablayout"
    form = SubElement(root, "attributeEditorForm")
    positions = {f.name: str(index + 1) for index, f in enumerate(FIELDS)}
    for title, groups in TABS.items():
        look = {
            "name": title,
            "columnCount": "1",
            "groupBox": "0",
            "showLabel": "1",
            "visibilityExpressionEnabled": "0",
        }
        tab = SubElement(form, "attributeEditorContainer", look)
        for f in FIELDS:
            if f.group in groups:
                SubElement(
                    tab,
                    "attributeEditorField",
                    {"name": f.name, "index": positions[f.name], "showLabel": "1"},
                )


def _widget_type(f: Field) -> str:
    if f.values:
        return "ValueMap"
    return "CheckBox" if f.kind == "boolean" else "TextEdit"


def _widget(widget: Element, f: Field) -> None:
    options = SubElement(SubElement(widget, "config"), "Option", {"type": "Map"})
    if f.values:
        entries = SubElement(options, "Option", {"name": "map", "type": "List"})
        for value, label in f.values.items():
            entry = SubElement(entries, "Option", {"type": "Map"})
            SubElement(entry, "Option", {"name": label, "value": str(value), "type": "QString"})
    elif f.kind == "text":
        SubElement(
            options,
            "Option",
            {"name": "IsMultiline", "value": str(f.name in _LONG_TEXT).lower(), "type": "bool"},
        )


def _text(root: Element) -> str:
    indent(root)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(
        root, encoding="unicode"
    )
