"""What is under review: layer, queue and probability raster."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsVectorLayer

from . import options
from .bulk import Rule
from .event import event_of
from .files import probability_of
from .inventory import ReviewedLayer
from .outlines.outline import Probability
from .queue import Queue


class Review:
    """One inventory under review, or none.

    Attributes:
        reviewed: Its layer, to which decisions are written; None where nothing is under review.
        queue: Its landslides in the order of the review.
        probability: The raster from which it was made; None where that is gone.
        rule: Open landslides that it is about come last; None for none.
    """

    def __init__(self) -> None:
        self.reviewed: ReviewedLayer | None = None
        self.queue = Queue([])
        self.probability: Probability | None = None
        self.rule: Rule | None = None

    def open(self, layer: QgsVectorLayer, reviewer: str, order: str, only_pending: bool) -> None:
        """Take a layer under review.

        Args:
            layer: The layer ``landslides`` of an inventory.
            reviewer: Who decides.
            order: An order of :class:`Queue`.
            only_pending: Whether those that are decided are passed over.

        Raises:
            ReviewError: The layer is no landslide inventory; nothing is under review then.
        """
        self.close()
        self.reviewed = ReviewedLayer(layer, reviewer)
        self.requeue(order, only_pending)
        with suppress(OSError):  # outlines cannot be drawn then; everything else works
            self.probability = Probability(probability_of(layer))

    def requeue(self, order: str, only_pending: bool) -> None:
        """Read the queue anew; steps that can be undone stay."""
        if self.reviewed is None:
            return
        self.queue = self.reviewed.queue(order, only_pending)
        self.queue.place_specks(options.get("specks"), options.get("speck_m2"))
        self.queue.set_aside(self.rule.holds if self.rule is not None else None)
        self.queue.first()

    def close(self) -> None:
        """Take nothing under review."""
        self.reviewed, self.queue, self.probability = None, Queue([]), None

    @property
    def layer(self) -> QgsVectorLayer | None:
        """The layer under review."""
        return self.reviewed.layer if self.reviewed is not None else None

    @property
    def event(self) -> dict[str, str]:
        """What all landslides of the layer have in common; new ones get it, too."""
        known = event_of(self.reviewed.layer) if self.reviewed is not None else {}
        return {name: value for name, value in known.items() if name != "reviewer"}

    @property
    def layer_crs(self) -> QgsCoordinateReferenceSystem:
        """The layer's coordinate reference system."""
        return (
            self.reviewed.layer.crs()
            if self.reviewed is not None
            else QgsCoordinateReferenceSystem()
        )

    @property
    def raster_crs(self) -> QgsCoordinateReferenceSystem:
        """The probability raster's coordinate reference system."""
        crs = QgsCoordinateReferenceSystem()
        if self.probability is not None:
            crs.createFromWkt(self.probability.crs_wkt)
        return crs

    @property
    def geometry(self) -> QgsGeometry | None:
        """The outline of the current landslide, in the layer's CRS."""
        if self.reviewed is None or self.queue.current is None:
            return None
        geometry = self.reviewed.feature(self.queue.current).geometry()
        return None if geometry.isNull() else geometry

    @property
    def threshold(self) -> float | None:
        """The threshold of the current landslide, where it is known."""
        if (
            self.reviewed is None
            or self.queue.current is None
            or self.reviewed.layer.fields().indexOf("threshold") < 0
        ):
            return None
        threshold = self.reviewed.feature(self.queue.current)["threshold"]
        return threshold if isinstance(threshold, float) else None

    def note(self, fids: int | Iterable[int]) -> None:
        """Bring the queue up to date with landslides of the layer."""
        chosen = [fids] if isinstance(fids, int) else list(fids)
        if self.reviewed is None:
            return
        found = {entry.fid: entry for entry in self.reviewed.entries_of(chosen)}
        for fid in chosen:
            if fid in found:
                self.queue.put(found[fid])
            else:
                self.queue.remove(fid)
