"""Adds the page to QGIS's options; the page itself is made when the options are opened."""

from __future__ import annotations

from typing import Any, Callable

from qgis.gui import QgsOptionsWidgetFactory
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QWidget

from ..i18n import tr
from ..icons import icon


class OptionsPages(QgsOptionsWidgetFactory):
    """Makes the page Settings ▸ Options ▸ Landslides.

    Args:
        open_engine: Opens the page on which the engine is installed.
    """

    def __init__(self, open_engine: Callable[[], Any]) -> None:
        super().__init__()
        self._open_engine = open_engine
        self.setTitle(tr("Landslides"))

    def icon(self) -> QIcon:
        return icon("detect")

    def createWidget(self, parent: QWidget | None = None) -> Any:
        from .page import OptionsPage

        return OptionsPage(parent, self._open_engine)
