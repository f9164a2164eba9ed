"""Changes to the landslide layer, and the steps that undo them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsVectorLayer

Values = Mapping[int, Any]
"""Attribute values by field index."""
SOME = 50
"""Up to so many changed landslides are told to open attribute tables one by one."""


@dataclass(frozen=True)
class Change:
    """What is written in one step.

    Attributes:
        values: Attribute values by landslide.
        geometries: Outlines by landslide.
        added: New landslides.
        removed: Landslides that go.
    """

    values: Mapping[int, Values] = field(default_factory=dict)
    geometries: Mapping[int, QgsGeometry] = field(default_factory=dict)
    added: Sequence[QgsFeature] = ()
    removed: Sequence[int] = ()


@dataclass(frozen=True)
class Step:
    """What undo needs.

    Attributes:
        back: The change that restores the state before.
        at: The landslide to which undo returns; that of a bulk step is its first.
        also: What else belongs to the step and is taken back with it.
    """

    back: Change
    at: int
    also: Callable[[], object] | None = None


class Written:
    """Writes changes to a layer; in QGIS's edit mode to its edit buffer.

    Args:
        layer: The layer.
    """

    def __init__(self, layer: QgsVectorLayer) -> None:
        self._layer = layer

    def write(self, change: Change) -> tuple[Change, list[int]] | None:
        """Write a change.

        Args:
            change: What is written. Landslides that are gone are passed over.

        Returns:
            The change that takes it back, and the landslides that were added; None where it could
            not be written: then nothing was.
        """
        values, geometries, removed = self._before(change)
        added: list[int] | None = self._add(change.added)
        if added is None:
            return None
        wanted = {fid: change.values[fid] for fid in values}
        shapes = {fid: change.geometries[fid] for fid in geometries}
        done = self._set_geometries(shapes)
        done = done and (self._set_values(wanted) or not self._set_geometries(geometries))
        if done and removed and not self._remove([feature.id() for feature in removed]):
            done = not (self._set_values(values) and self._set_geometries(geometries))
        if not done:
            self._remove(added)
            return None
        self._announce(wanted)
        return Change(values, geometries, removed, added), added

    def _before(
        self, change: Change
    ) -> tuple[dict[int, Values], dict[int, QgsGeometry], list[QgsFeature]]:
        """The state of all that a change touches, as far as it is there."""
        touched = {*change.values, *change.geometries, *change.removed}
        if not touched:
            return {}, {}, []
        request = QgsFeatureRequest().setFilterFids(list(touched))
        if not change.geometries and not change.removed:
            request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
        values: dict[int, Values] = {}
        geometries: dict[int, QgsGeometry] = {}
        going = set(change.removed)
        removed = []
        for feature in self._layer.getFeatures(request):
            fid, attributes = feature.id(), feature.attributes()
            if fid in change.values:
                values[fid] = {index: attributes[index] for index in change.values[fid]}
            if fid in change.geometries:
                geometries[fid] = QgsGeometry(feature.geometry())
            if fid in going:
                removed.append(QgsFeature(feature))
        return values, geometries, removed

    def _add(self, features: Sequence[QgsFeature]) -> list[int] | None:
        if not features:
            return []
        copies = [QgsFeature(feature) for feature in features]
        if self._layer.isEditable():
            good = all(self._layer.addFeature(feature) for feature in copies)
        else:
            good, copies = self._layer.dataProvider().addFeatures(copies)
        return [int(feature.id()) for feature in copies] if good else None

    def _remove(self, fids: Sequence[int]) -> bool:
        if not fids:
            return True
        if self._layer.isEditable():
            return bool(self._layer.deleteFeatures(list(fids)))
        return bool(self._layer.dataProvider().deleteFeatures(list(fids)))

    def _set_geometries(self, geometries: Mapping[int, QgsGeometry]) -> bool:
        if not geometries:
            return True
        if self._layer.isEditable():
            return all(self._layer.changeGeometry(f, g) for f, g in geometries.items())
        return bool(self._layer.dataProvider().changeGeometryValues(dict(geometries)))

    def _set_values(self, values: Mapping[int, Values]) -> bool:
        if not values:
            return True
        if self._layer.isEditable():
            return all(self._layer.changeAttributeValues(f, dict(v)) for f, v in values.items())
        plain = {fid: dict(row) for fid, row in values.items()}
        return bool(self._layer.dataProvider().changeAttributeValues(plain))

    def _announce(self, values: Mapping[int, Values]) -> None:
        """Tell open attribute tables and forms what changed behind the layer."""
        self._layer.triggerRepaint()
        if self._layer.isEditable():
            return
        if len(values) > SOME:
            self._layer.dataChanged.emit()
            return
        for fid, row in values.items():
            for index, value in row.items():
                self._layer.attributeValueChanged.emit(fid, index, value)
