"""Compares an inventory with its outlines at another threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgis.core import (
    NULL,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsSpatialIndex,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)

from .. import schema
from ..changes import Change
from ..inventory import ReviewedLayer, multi, plain

TAKEN = (
    *schema.MEASURED,
    "confidence",
    "amalgamated",
    "model",
    "model_digest",
    "engine",
    "threshold",
    "images",
    "dem",
    "created",
)
"""Columns that a new outline brings; number, review and event stay those of the landslide."""


@dataclass(frozen=True)
class Plan:
    """What a redrawing would do.

    Attributes:
        change: What would be written.
        kept: Landslides on which somebody decided: they stay as they are.
        same: Open landslides whose outline stays.
    """

    change: Change
    kept: int
    same: int

    @property
    def changed(self) -> int:
        """Landslides that get another outline and keep their number."""
        return len(self.change.geometries)

    @property
    def added(self) -> int:
        """New landslides."""
        return len(self.change.added)

    @property
    def removed(self) -> int:
        """Landslides that disappear."""
        return len(self.change.removed)


def make_plan(reviewed: ReviewedLayer, drawn: QgsVectorLayer, common: Mapping[str, str]) -> Plan:
    """Compare an inventory with the same inventory drawn at another threshold.

    A landslide keeps its number where the new outline overlaps its old one most. What the engine
    kept, because a person decided on it or described it, stays untouched.

    Args:
        reviewed: The inventory.
        drawn: The layer ``landslides`` of the copy that was drawn anew.
        common: What all landslides have in common, for new ones.
    """
    layer = reviewed.layer
    to_layer = QgsCoordinateTransform(drawn.crs(), layer.crs(), QgsProject.instance())
    new: dict[int, QgsFeature] = {}
    kept_ids = set()
    for feature in drawn.getFeatures():
        if plain(feature["kept_from"]):
            kept_ids.add(plain(feature["id"]))
            continue
        geometry = QgsGeometry(feature.geometry())
        if not to_layer.isShortCircuited():
            geometry.transform(to_layer)
        feature.setGeometry(geometry)
        new[feature.id()] = feature
    old = {
        feature.id(): feature
        for feature in layer.getFeatures()
        if plain(feature["id"]) not in kept_ids
    }
    pairs = _pairs(old, new)
    values: dict[int, dict[int, Any]] = {}
    shapes: dict[int, QgsGeometry] = {}
    same = 0
    for fid, other in pairs.items():
        geometry = multi(new[other].geometry())
        if geometry.isGeosEqual(old[fid].geometry()):
            same += 1
        else:
            shapes[fid] = geometry
            values[fid] = _taken(reviewed, new[other])
    number = reviewed.next_id()
    added = []
    for fid in sorted(set(new) - set(pairs.values())):
        row = _taken(reviewed, new[fid])
        extra = {"status": schema.PENDING, "id": number, **common}
        row.update({reviewed.index(name): value for name, value in extra.items()})
        row.pop(-1, None)
        geometry = multi(new[fid].geometry())
        added.append(QgsVectorLayerUtils.createFeature(layer, geometry, row))
        number += 1
    gone = sorted(set(old) - set(pairs))
    return Plan(Change(values, shapes, added, gone), layer.featureCount() - len(old), same)


def _pairs(old: Mapping[int, QgsFeature], new: Mapping[int, QgsFeature]) -> dict[int, int]:
    """Assign new outlines to old landslides, largest overlaps first."""
    index = QgsSpatialIndex()
    for feature in new.values():
        index.addFeature(feature)
    overlaps = []
    for fid, feature in old.items():
        shape = feature.geometry()
        for other in index.intersects(shape.boundingBox()):
            common = shape.intersection(new[other].geometry())
            if not common.isNull() and common.area() > 0:
                overlaps.append((-common.area(), fid, other))
    pairs: dict[int, int] = {}
    used = set()
    for _, fid, other in sorted(overlaps):
        if fid not in pairs and other not in used:
            pairs[fid] = other
            used.add(other)
    return pairs


def _taken(reviewed: ReviewedLayer, feature: QgsFeature) -> dict[int, Any]:
    fields = feature.fields()
    return {
        reviewed.index(name): NULL if plain(feature[name]) is None else feature[name]
        for name in TAKEN
        if reviewed.index(name) >= 0 and fields.indexOf(name) >= 0
    }


def last_record(drawn: str) -> QgsFeature | None:
    """The record of the run that drew a copy."""
    runs = QgsVectorLayer(f"{drawn}|layername=run", "run", "ogr")
    if not runs.isValid():
        return None
    request = QgsFeatureRequest().addOrderBy("fid", False).setLimit(1)
    return next(iter(runs.getFeatures(request)), None)


def add_record(inventory: str, record: QgsFeature) -> int | None:
    """Add a run's record to an inventory.

    Returns:
        Its row, or None where it could not be written.
    """
    runs = QgsVectorLayer(f"{inventory}|layername=run", "run", "ogr")
    if not runs.isValid():
        return None
    row = QgsFeature(runs.fields())
    for field in runs.fields():
        if field.name() != "fid" and record.fields().indexOf(field.name()) >= 0:
            row[field.name()] = record[field.name()]
    good, rows = runs.dataProvider().addFeatures([row])
    return int(rows[0].id()) if good else None


def remove_record(inventory: str, row: int | None) -> bool:
    """Take a run's record out of an inventory again."""
    if row is None:
        return False
    runs = QgsVectorLayer(f"{inventory}|layername=run", "run", "ogr")
    return bool(runs.isValid() and runs.dataProvider().deleteFeatures([row]))
