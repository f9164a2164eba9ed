"""The user guide, shown in QGIS without a network."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from .i18n import tr

_PLUGIN = Path(__file__).resolve().parent


def page() -> Path:
    """The page: inside the installed plugin, or beside it in a working copy."""
    inside = _PLUGIN / "docs" / "guides" / "plugin.md"
    return inside if inside.exists() else _PLUGIN.parent / "docs" / "guides" / "plugin.md"


class HelpDialog(QDialog):
    """Shows the user guide."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Landslides: help"))
        self.resize(900, 700)
        browser = QTextBrowser(openLinks=False)
        browser.anchorClicked.connect(self._open)
        browser.setSearchPaths([str(page().parent)])
        # Pictures are wider than the page; the guide reads well without them.
        lines = [
            line
            for line in page().read_text(encoding="utf-8").splitlines()
            if not line.startswith("![")
        ]
        browser.setMarkdown("\n".join(lines))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(browser)

    def _open(self, url: QUrl) -> None:
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
