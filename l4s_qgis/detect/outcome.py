"""What a detection found: layers in the project and an honest headline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from qgis.core import Qgis, QgsProject
from qgis.PyQt.QtCore import QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from ..diagnostics import show_details
from ..i18n import number, tr
from ..layers import load_results
from ..messages import Warned, escaped

# From this share on, a map with few landslides may be one of hidden ground.
MUCH = 0.2
WELL_COVERED = 0.95
HIDDEN = ("cloud", "shadow", "snow", "nodata")


@dataclass(frozen=True)
class Headline:
    """What the message bar says after a detection.

    Attributes:
        text: A sentence or two, short enough for the bar.
        advice: What the person should know and do, a sentence each; with any, the result must not
            be read as it stands.
    """

    text: str
    advice: tuple[str, ...] = ()


def headline(
    count: int, seconds: float, result: Mapping[str, Any], warned: Sequence[Warned] = ()
) -> Headline:
    """What to say of a result.

    A wholly clouded scene, or one without elevation, has no landslides either; nobody must take
    that for an answer.

    Args:
        count: How many landslides were found.
        seconds: How long it took.
        result: The engine's result, with ``masked_share`` and ``slope_covered``.
        warned: What the engine warned of.
    """
    doubts = [*_hidden(result), *_terrain(result)]
    doubts += [("", w.sentence) for w in warned if w.code not in _SAID]
    text = tr("{count} landslides found in {seconds} s.").format(
        count=count, seconds=round(seconds)
    )
    if not count and doubts:
        text = tr("No landslide found, but that says little here.")
    elif not count:
        text = tr(
            "No landslide found. The layer “Probability” shows where it was closest; a lower threshold finds more."
        )
    short = [name for name, _ in doubts if name]
    others = len(doubts) - len(short)
    if others:
        short.append(tr("{n} warnings").format(n=others))
    if short:
        text += " " + tr("Mind: {doubts}.").format(doubts=", ".join(short))
    return Headline(text, tuple(sentence for _, sentence in doubts))


# Warnings of the engine that say what the result's own figures say already.
_SAID = ("detect-no-cloud-mask", "detect-no-slope", "detect-slope-partial", "scene-dem-partial")


def _hidden(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Doubts because of ground that was not seen: a few words and a sentence each."""
    share = result.get("masked_share") or {}
    hidden = sum(float(share.get(name) or 0) for name in HIDDEN)
    clouds = sum(float(share.get(name) or 0) for name in HIDDEN[:2])
    if hidden >= MUCH:
        cloudy = clouds >= hidden / 2
        why = tr("clouds and their shadows") if cloudy else tr("snow or missing data")
        percent = number(100 * hidden, 0)
        yield (
            tr("{share} % of the ground is hidden").format(share=percent),
            tr(
                "{share} % of the ground was not searched, mostly because of {why}; use an image of another date for it."
            ).format(share=percent, why=why),
        )
    if share and share.get("cloud") is None:
        yield (
            tr("no cloud mask"),
            tr(
                "The image has no cloud mask: clouds hide landslides and can look like some. Choose a mask under “Advanced ▸ Clouds”, or look at the image before you trust the map."
            ),
        )


def _terrain(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Doubts because of missing elevation."""
    covered = result.get("slope_covered")
    if "slope_covered" in result and not covered:
        yield (
            tr("no elevation"),
            tr(
                "There was no elevation: most landslides are missed or bare fields are drawn. Choose an elevation model and detect again."
            ),
        )
    elif covered is not None and covered < WELL_COVERED:
        percent = number(100 * float(covered), 0)
        yield (
            tr("elevation for {share} % only").format(share=percent),
            tr(
                "The elevation covers {share} % of the ground only; in the rest most landslides are missed. Add the missing elevation."
            ).format(share=percent),
        )


class Outcome:
    """Shows a finished detection: message, buttons, layers.

    Args:
        iface: QGIS's interface.
        title: What the results are called.
        review: Opens the review dock for the layer that is active then.
    """

    def __init__(self, iface: Any, title: str, review: Callable[[], Any] = lambda: None) -> None:
        self._iface = iface
        self._title = title
        self._review = review
        self._closed = False
        QgsProject.instance().cleared.connect(self._project_closed)

    def _project_closed(self) -> None:
        self._closed = True

    def forget(self) -> None:
        """Stop watching the project; after this, results are no longer loaded unasked."""
        with suppress(TypeError):  # it was disconnected before
            QgsProject.instance().cleared.disconnect(self._project_closed)

    def show(
        self, outputs: Mapping[str, Any], seconds: float, warned: Sequence[Warned] = ()
    ) -> Any:
        """Load the results, zoom to them, offer review and report.

        Args:
            outputs: Of ``l4s:detect``.
            seconds: How long the detection took.
            warned: What the engine warned of.

        Returns:
            The landslide layer; None where it cannot be read or the project was closed meanwhile.
        """
        self.forget()
        count = int(outputs.get("COUNT") or 0)
        said = headline(count, seconds, outputs.get("RESULT") or {}, warned)
        item = self._iface.messageBar().createMessage(tr("Detect landslides"), escaped(said.text))
        layer = None
        if not self._closed:
            layer = self._load(outputs)
            if count and layer is not None:
                self._add_button(item, tr("Review"), _reviewer(self, layer.id()))
        else:  # results do not enter a project that they do not belong to
            self._add_button(item, tr("Add to the map"), lambda: self._load(outputs))
        report = QUrl.fromLocalFile(str(outputs["REPORT"]))
        self._add_button(item, tr("Open report"), lambda: QDesktopServices.openUrl(report))
        if said.advice:
            window = self._iface.mainWindow()
            details = "\n\n".join([*said.advice, *(w.message for w in warned)])
            self._add_button(item, tr("Details"), lambda: show_details(window, said.text, details))
        level = Qgis.MessageLevel.Warning if said.advice else Qgis.MessageLevel.Success
        # After QGIS's own “Task complete”, which would hide it.
        bar = self._iface.messageBar()
        QTimer.singleShot(500, lambda: _push(bar, item, level))
        return layer

    def _load(self, outputs: Mapping[str, Any]) -> Any:
        layer = load_results(outputs, self._title)
        if layer is not None:
            self._iface.setActiveLayer(layer)
            zoom_to(self._iface.mapCanvas(), layer if layer.featureCount() else None)
        return layer

    def start_review(self, layer_id: str) -> None:
        """Review a layer, unless it was removed meanwhile."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if layer is not None:
            self._iface.setActiveLayer(layer)
            self._review()

    def _add_button(self, item: Any, text: str, slot: Callable[[], Any]) -> None:
        button = QPushButton(text)
        button.clicked.connect(lambda: slot())
        item.layout().addWidget(button)


def _push(bar: Any, item: Any, level: Qgis.MessageLevel) -> None:
    with suppress(RuntimeError):  # QGIS was closed meanwhile
        bar.pushWidget(item, level)


def _reviewer(outcome: Outcome, layer_id: str) -> Callable[[], None]:
    return lambda: outcome.start_review(layer_id)


def zoom_to(canvas: Any, layer: Any) -> None:
    """Show a whole layer with some ground around it."""
    if layer is None:
        return
    extent = canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
    if not extent.isEmpty():
        extent.scale(1.1)
        canvas.setExtent(extent)
        canvas.refresh()
