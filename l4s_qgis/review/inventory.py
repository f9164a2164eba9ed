"""The landslide layer under review: reads the queue, writes decisions at once, undoes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from qgis.core import (
    NULL,
    QgsDistanceArea,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)

from ..i18n import tr
from . import schema
from .queue import Entry, Queue, doubt_of


class ReviewError(Exception):
    """A decision cannot be written; the message says why and what to do."""


@dataclass(frozen=True)
class Step:
    """What undo needs: the state before a decision.

    Attributes:
        fid: The landslide.
        values: Attribute values before, by field index.
        geometry: Geometry before, where it was changed.
        added: Whether it did not exist before.
    """

    fid: int
    values: dict[int, Any]
    geometry: QgsGeometry | None = None
    added: bool = False


class ReviewedLayer:
    """Decisions on a landslide layer.

    Every decision goes to the GeoPackage at once, so that a crash costs nothing. While the layer is
    in QGIS's edit mode decisions go to its edit buffer and are saved with it.

    Args:
        layer: The layer ``landslides`` of an inventory.
        reviewer: Who decides.

    Raises:
        ReviewError: The layer is no landslide inventory.
    """

    def __init__(self, layer: QgsVectorLayer, reviewer: str) -> None:
        missing = [name for name in schema.NEEDED if layer.fields().indexOf(name) < 0]
        if missing:
            raise ReviewError(
                tr("“{name}” is no landslide inventory: it has no column “{column}”.").format(
                    name=layer.name(), column=missing[0]
                )
            )
        self.layer = layer
        self.reviewer = reviewer
        self._steps: list[Step] = []
        self._measure = QgsDistanceArea()
        self._measure.setSourceCrs(layer.crs(), QgsProject.instance().transformContext())
        self._measure.setEllipsoid("WGS84")

    def entries(self) -> list[Entry]:
        """All landslides, for the queue; 50,000 take about a second."""
        columns = self._entry_columns()
        wanted = [index for index in columns.values() if index >= 0]
        request = QgsFeatureRequest().setSubsetOfAttributes(wanted)
        return [self._entry(feature, columns) for feature in self.layer.getFeatures(request)]

    def entry(self, fid: int) -> Entry | None:
        """One landslide, for the queue; None where it is gone."""
        feature = self.feature(fid)
        return self._entry(feature, self._entry_columns()) if feature.isValid() else None

    def _entry_columns(self) -> dict[str, int]:
        return {
            name: self._index(name)
            for name in ("status", "prob_mean", "uncertainty", "threshold", "area_m2")
        }

    def _entry(self, feature: QgsFeature, columns: dict[str, int]) -> Entry:
        attributes = feature.attributes()
        values = {
            name: _value(attributes[index]) if index >= 0 else None
            for name, index in columns.items()
        }
        centre = feature.geometry().boundingBox().center()
        return Entry(
            feature.id(),
            str(values["status"] or schema.PENDING),
            doubt_of(values["prob_mean"], values["uncertainty"], float(values["threshold"] or 0.5)),
            float(values["area_m2"] or 0.0),
            centre.x(),
            centre.y(),
        )

    def queue(self, order: str, only_pending: bool) -> Queue:
        """The queue of all landslides."""
        return Queue(self.entries(), order, only_pending)

    def feature(self, fid: int) -> QgsFeature:
        """One landslide with all attributes."""
        return self.layer.getFeature(fid)

    def decide(self, fid: int, status: str, reason: str | None = None) -> None:
        """Write a decision with reviewer and date.

        Raises:
            ReviewError: It cannot be written.
        """
        self._write(fid, self._decision(status, reason))

    def reshape(self, fid: int, geometry: QgsGeometry) -> None:
        """Replace an outline; the landslide counts as edited.

        Raises:
            ReviewError: It cannot be written.
        """
        self._write(fid, {**self._decision(schema.EDITED), **self._measures(geometry)}, geometry)

    def add(
        self, geometry: QgsGeometry, probabilities: tuple[float, float, float] | None = None
    ) -> int:
        """Add a landslide that was missed; it counts as accepted.

        Args:
            geometry: Its outline.
            probabilities: Mean, lowest and highest probability inside.

        Returns:
            Its identifier in the layer.

        Raises:
            ReviewError: It cannot be written.
        """
        values = {**self._decision(schema.ACCEPTED), **self._measures(geometry)}
        self._set(values, "id", self._next_id())
        self._set(values, "notes", tr("Added by hand"))
        for name, value in zip(("prob_mean", "prob_min", "prob_max"), probabilities or ()):
            self._set(values, name, round(value, 3))
        feature = QgsVectorLayerUtils.createFeature(self.layer, _multi(geometry), values)
        if self.layer.isEditable():
            good, added = self.layer.addFeature(feature), feature
        else:
            good, features = self.layer.dataProvider().addFeatures([feature])
            added = features[0] if features else feature
        if not good:
            raise ReviewError(self._why())
        self._steps.append(Step(added.id(), {}, added=True))
        self._refresh()
        return int(added.id())

    def undo(self) -> int | None:
        """Take the last step back.

        Returns:
            The landslide that it was about, or None where there is nothing to undo.

        Raises:
            ReviewError: It cannot be written.
        """
        while self._steps and not self.feature(self._steps[-1].fid).isValid():
            self._steps.pop()  # merged, removed or renumbered with QGIS's own tools since
        if not self._steps:
            return None
        step = self._steps.pop()
        if step.added:
            good = (
                self.layer.deleteFeature(step.fid)
                if self.layer.isEditable()
                else self.layer.dataProvider().deleteFeatures([step.fid])
            )
        else:
            good = self._store(step.fid, step.values, step.geometry)
        if not good:
            self._steps.append(step)
            raise ReviewError(self._why())
        self._refresh()
        return step.fid

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._steps)

    def area_m2(self, geometry: QgsGeometry) -> float:
        """Area on the ground."""
        return float(self._measure.measureArea(geometry))

    def mark_edited(self, fids: list[int]) -> None:
        """Note that outlines were changed with QGIS's own tools; pieces of a split get numbers of
        their own.

        Raises:
            ReviewError: It cannot be written.
        """
        number, seen = self._next_id(), set(self._ids(set(fids)))
        for fid in fids:
            feature = self.feature(fid)
            if not feature.isValid():
                continue
            values = {**self._decision(schema.EDITED), **self._measures(feature.geometry())}
            own = _value(feature["id"]) if self._index("id") >= 0 else None
            if own is None or own in seen:
                self._set(values, "id", number)
                number += 1
            seen.add(own)
            if not self._store(fid, values, None):
                raise ReviewError(self._why())
        self._refresh()

    def _write(self, fid: int, values: dict[int, Any], geometry: QgsGeometry | None = None) -> None:
        before = self.feature(fid)
        old = {index: before.attribute(index) for index in values}
        if not self._store(fid, values, geometry):
            raise ReviewError(self._why())
        self._steps.append(Step(fid, old, before.geometry() if geometry is not None else None))
        self._refresh()

    def _store(self, fid: int, values: dict[int, Any], geometry: QgsGeometry | None) -> bool:
        if self.layer.isEditable():
            good = geometry is None or self.layer.changeGeometry(fid, _multi(geometry))
            return bool(good and self.layer.changeAttributeValues(fid, values))
        provider = self.layer.dataProvider()
        good = geometry is None or provider.changeGeometryValues({fid: _multi(geometry)})
        good = bool(good and provider.changeAttributeValues({fid: values}))
        if good:
            for index, value in values.items():  # for an open attribute table or form
                self.layer.attributeValueChanged.emit(fid, index, value)
        return good

    def _decision(self, status: str, reason: str | None = None) -> dict[int, Any]:
        values: dict[int, Any] = {}
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        for name, value in zip(
            schema.WRITTEN, (status, reason or NULL, self.reviewer or NULL, now)
        ):
            self._set(values, name, value)
        return values

    def _measures(self, geometry: QgsGeometry) -> dict[int, Any]:
        values: dict[int, Any] = {}
        self._set(values, "area_m2", round(self.area_m2(geometry), 1))
        self._set(values, "perimeter_m", round(float(self._measure.measurePerimeter(geometry)), 1))
        return values

    def _set(self, values: dict[int, Any], name: str, value: Any) -> None:
        index = self._index(name)
        if index >= 0:
            values[index] = value

    def _index(self, name: str) -> int:
        return int(self.layer.fields().indexOf(name))

    def _next_id(self) -> int:
        index = self._index("id")
        highest = self.layer.maximumValue(index) if index >= 0 else None
        return int(_value(highest) or 0) + 1

    def _ids(self, without: set[int]) -> list[Any]:
        if self._index("id") < 0:
            return []
        flags = QgsFeatureRequest.Flag.NoGeometry
        request = (
            QgsFeatureRequest().setFlags(flags).setSubsetOfAttributes(["id"], self.layer.fields())
        )
        return [
            _value(feature["id"])
            for feature in self.layer.getFeatures(request)
            if feature.id() not in without
        ]

    def _refresh(self) -> None:
        self.layer.triggerRepaint()

    def _why(self) -> str:
        reason = "; ".join(self.layer.dataProvider().errors()[-1:])
        return (
            tr(
                "The decision could not be written: the file is read-only, locked by another program or gone. {reason}"
            )
            .format(reason=reason)
            .strip()
        )


def _value(value: Any) -> Any:
    return None if value is None or value == NULL else value


def _multi(geometry: QgsGeometry) -> QgsGeometry:
    copy = QgsGeometry(geometry)
    copy.convertToMultiType()
    return copy
