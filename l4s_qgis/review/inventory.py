"""The landslide layer under review: reads, writes and undoes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Callable

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
from .changes import Change, Step, Written
from .queue import Entry, Queue, doubt_of


class ReviewError(Exception):
    """A decision cannot be written; the message says why and what to do."""


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
        self._written = Written(layer)
        self._steps: list[Step] = []
        self._measure = QgsDistanceArea()
        self._measure.setSourceCrs(layer.crs(), QgsProject.instance().transformContext())
        self._measure.setEllipsoid("WGS84")

    # Reading

    def entries(self) -> list[Entry]:
        """All landslides, for the queue; 50,000 take about a second."""
        columns = self._entry_columns()
        wanted = [index for index in columns.values() if index >= 0]
        request = QgsFeatureRequest().setSubsetOfAttributes(wanted)
        return [self._entry(feature, columns) for feature in self.layer.getFeatures(request)]

    def entries_of(self, fids: Sequence[int]) -> list[Entry]:
        """Some landslides, for the queue; those that are gone are left out."""
        columns = self._entry_columns()
        wanted = [index for index in columns.values() if index >= 0]
        request = QgsFeatureRequest().setFilterFids(list(fids)).setSubsetOfAttributes(wanted)
        return [self._entry(feature, columns) for feature in self.layer.getFeatures(request)]

    def _entry_columns(self) -> dict[str, int]:
        names = (
            "status",
            "prob_mean",
            "uncertainty",
            "threshold",
            "area_m2",
            "slope_deg",
            "flags",
        )
        return {name: self.index(name) for name in names}

    def _entry(self, feature: QgsFeature, columns: dict[str, int]) -> Entry:
        attributes = feature.attributes()
        values = {
            name: plain(attributes[index]) if index >= 0 else None
            for name, index in columns.items()
        }
        centre = feature.geometry().boundingBox().center()
        flags = values["flags"]
        return Entry(
            feature.id(),
            str(values["status"] or schema.PENDING),
            doubt_of(values["prob_mean"], values["uncertainty"], float(values["threshold"] or 0.5)),
            float(values["area_m2"] or 0.0),
            centre.x(),
            centre.y(),
            values["prob_mean"],
            values["slope_deg"],
            tuple(flags.split(";")) if isinstance(flags, str) and flags else (),
        )

    def queue(self, order: str, only_pending: bool) -> Queue:
        """The queue of all landslides."""
        return Queue(self.entries(), order, only_pending)

    def feature(self, fid: int) -> QgsFeature:
        """One landslide with all attributes."""
        return self.layer.getFeature(fid)

    def index(self, name: str) -> int:
        """The number of a column; -1 where there is none."""
        return int(self.layer.fields().indexOf(name))

    def area_m2(self, geometry: QgsGeometry) -> float:
        """Area on the ground."""
        return float(self._measure.measureArea(geometry))

    # Writing

    def decide(
        self,
        fids: int | Sequence[int],
        status: str,
        reason: str | None = None,
    ) -> None:
        """Write a decision with reviewer and date, in one step of undo.

        Raises:
            ReviewError: It cannot be written; then none is.
        """
        chosen = [fids] if isinstance(fids, int) else list(fids)
        values = self.decision(status, reason)
        self.change(Change(dict.fromkeys(chosen, values)))

    def describe(self, fids: Sequence[int], values: Mapping[str, Any]) -> None:
        """Write attributes such as type or notes, in one step of undo.

        Args:
            fids: The landslides.
            values: By column; None empties it. Columns that the layer lacks are passed over.

        Raises:
            ReviewError: It cannot be written; then none is.
        """
        row: dict[int, Any] = {}
        for name, value in values.items():
            self._set(row, name, NULL if value is None else value)
        if row and fids:
            self.change(Change(dict.fromkeys(fids, row)))

    def reshape(
        self,
        fid: int,
        geometry: QgsGeometry,
        probabilities: tuple[float, float, float] | None = None,
    ) -> None:
        """Replace an outline; the landslide counts as edited.

        What is not known of the new outline yet is emptied: a fact shown is true or absent.

        Args:
            fid: The landslide.
            geometry: Its new outline.
            probabilities: Mean, lowest and highest probability inside, where known.

        Raises:
            ReviewError: It cannot be written.
        """
        values = {**self.decision(schema.EDITED), **self.measures(geometry, probabilities)}
        self.change(Change({fid: values}, {fid: multi(geometry)}))

    def add(
        self,
        geometry: QgsGeometry,
        probabilities: tuple[float, float, float] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> int:
        """Add a landslide that was missed; it counts as accepted.

        Args:
            geometry: Its outline.
            probabilities: Mean, lowest and highest probability inside.
            values: More of its attributes, by column.

        Returns:
            Its identifier in the layer.

        Raises:
            ReviewError: It cannot be written.
        """
        row = {**self.decision(schema.ACCEPTED), **self.measures(geometry, probabilities)}
        self._set(row, "id", self.next_id())
        self._set(row, "notes", tr("Added by hand"))
        for name, value in (values or {}).items():
            self._set(row, name, value)
        feature = QgsVectorLayerUtils.createFeature(self.layer, multi(geometry), row)
        return self.change(Change(added=[feature]))[0]

    def change(
        self,
        change: Change,
        *,
        undoable: bool = True,
        also: Callable[[], object] | None = None,
    ) -> list[int]:
        """Write a change as one step.

        Args:
            change: What is written.
            undoable: Whether undo takes it back; what belongs to an earlier step is not.
            also: Called when the step is taken back.

        Returns:
            The landslides that were added.

        Raises:
            ReviewError: It cannot be written; then nothing is.
        """
        written = self._written.write(change)
        if written is None:
            raise ReviewError(self.why())
        back, added = written
        at = next(iter([*added, *change.geometries, *change.values, *change.removed]), 0)
        if undoable:
            self._steps.append(Step(back, at, also))
        return added

    def undo(self) -> list[int] | None:
        """Take the last step back.

        Returns:
            The landslides that it was about, the one to return to first; None where there is
            nothing to undo.

        Raises:
            ReviewError: It cannot be written.
        """
        while self._steps and not self._is_alive(self._steps[-1].back):
            self._steps.pop()  # merged, removed or renumbered with QGIS's own tools since
        if not self._steps:
            return None
        step = self._steps[-1]
        written = self._written.write(step.back)
        if written is None:
            raise ReviewError(self.why())
        self._steps.pop()
        if step.also is not None:
            step.also()
        back = step.back
        return list(
            dict.fromkeys([step.at, *back.values, *back.geometries, *back.removed, *written[1]])
        )

    def _is_alive(self, back: Change) -> bool:
        if back.added:
            return True
        touched = [*back.values, *back.geometries, *back.removed]
        return any(self.feature(fid).isValid() for fid in touched)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._steps)

    def mark_edited(self, fids: Sequence[int]) -> None:
        """Note that outlines were changed with QGIS's own tools.

        Pieces of a split get numbers of their own.

        Raises:
            ReviewError: It cannot be written.
        """
        number, seen = self.next_id(), set(self._ids(set(fids)))
        values: dict[int, dict[int, Any]] = {}
        for fid in fids:
            feature = self.feature(fid)
            if not feature.isValid():
                continue
            values[fid] = {**self.decision(schema.EDITED), **self.measures(feature.geometry())}
            own = plain(feature["id"]) if self.index("id") >= 0 else None
            if own is None or own in seen:
                self._set(values[fid], "id", number)
                number += 1
            seen.add(own)
        if values:
            self.change(Change(values), undoable=False)

    def decision(self, status: str, reason: str | None = None) -> dict[int, Any]:
        """What a decision writes, by column number."""
        values: dict[int, Any] = {}
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        for name, value in zip(
            schema.WRITTEN, (status, reason or NULL, self.reviewer or NULL, now)
        ):
            self._set(values, name, value)
        return values

    def measures(
        self, geometry: QgsGeometry, probabilities: tuple[float, float, float] | None = None
    ) -> dict[int, Any]:
        """Measures known at once, by column number; the rest is emptied."""
        values: dict[int, Any] = {}
        for name in schema.MEASURED:
            self._set(values, name, NULL)
        self._set(values, "area_m2", round(self.area_m2(geometry), 1))
        self._set(values, "perimeter_m", round(float(self._measure.measurePerimeter(geometry)), 1))
        for name, value in zip(("prob_mean", "prob_min", "prob_max"), probabilities or ()):
            self._set(values, name, round(value, 3))
        return values

    def _set(self, values: dict[int, Any], name: str, value: Any) -> None:
        index = self.index(name)
        if index >= 0:
            values[index] = value

    def next_id(self) -> int:
        """The lowest number above all."""
        index = self.index("id")
        highest = self.layer.maximumValue(index) if index >= 0 else None
        return int(plain(highest) or 0) + 1

    def _ids(self, without: set[int]) -> list[Any]:
        if self.index("id") < 0:
            return []
        flags = QgsFeatureRequest.Flag.NoGeometry
        request = (
            QgsFeatureRequest().setFlags(flags).setSubsetOfAttributes(["id"], self.layer.fields())
        )
        return [
            plain(feature["id"])
            for feature in self.layer.getFeatures(request)
            if feature.id() not in without
        ]

    def why(self) -> str:
        """Why something could not be written."""
        reason = "; ".join(self.layer.dataProvider().errors()[-1:])
        return (
            tr(
                "The decision could not be written: the file is read-only, locked by another program or gone. {reason}"
            )
            .format(reason=reason)
            .strip()
        )


def plain(value: Any) -> Any:
    """A value of QGIS as Python's: NULL is None."""
    return None if value is None or value == NULL else value


def multi(geometry: QgsGeometry) -> QgsGeometry:
    """A copy as a multi-part geometry."""
    copy = QgsGeometry(geometry)
    copy.convertToMultiType()
    return copy
