"""The user guide, shown in QGIS without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QImage, QTextDocument
from qgis.PyQt.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from .i18n import tr
from .paths import shipped

MARGIN_PX = 40


def page() -> Path:
    """The guide of the plugin."""
    return shipped("docs/guides/plugin.md")


class HelpDialog(QDialog):
    """Shows the user guide."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Landslides: help"))
        self.resize(900, 700)
        self.browser = GuideBrowser(page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.browser)


class GuideBrowser(QTextBrowser):
    """Shows pages of the guide with their pictures, as wide as the window allows.

    Args:
        path: The first page.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(openLinks=False)
        self._path = path
        self._width = 0
        self.anchorClicked.connect(self._open)
        self.open_page(path)

    def open_page(self, path: Path) -> None:
        """Show a page."""
        self._path = path
        self._width = self._picture_width()
        self.setSearchPaths([str(path.parent)])
        self.setMarkdown(path.read_text(encoding="utf-8"))

    def loadResource(self, kind: int, name: QUrl) -> Any:
        """A picture, made smaller where it is wider than the page."""
        if kind != int(QTextDocument.ResourceType.ImageResource):
            return super().loadResource(kind, name)
        image = QImage(str((self._path.parent / name.path()).resolve()))
        if image.width() > self._width > 0:
            image = image.scaledToWidth(self._width, Qt.TransformationMode.SmoothTransformation)
        return image

    def resizeEvent(self, event: Any) -> None:
        """Show the pictures in another size where the window's width changed much."""
        super().resizeEvent(event)
        if abs(self._picture_width() - self._width) > MARGIN_PX:
            place = self.verticalScrollBar().value()
            self.open_page(self._path)
            self.verticalScrollBar().setValue(place)

    def _picture_width(self) -> int:
        return max(200, int(self.viewport().width()) - MARGIN_PX)

    def _open(self, url: QUrl) -> None:
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
        elif not url.path():
            self.scrollToAnchor(url.fragment())
        else:
            target = (self._path.parent / url.path()).resolve()
            if target.suffix == ".md" and target.is_file():
                self.open_page(target)
