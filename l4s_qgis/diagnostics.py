"""What a person can copy into a report of a problem, and uncaught errors of the plugin.

Secrets are left out: passwords in addresses, tokens and keys.
"""

from __future__ import annotations

import platform
import re
import sys
import traceback
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Callable

from qgis.core import Qgis, QgsSettings
from qgis.PyQt.QtCore import QT_VERSION_STR
from qgis.PyQt.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from . import __version__
from .i18n import tr
from .messages import EngineError, escaped
from .paths import PLUGIN

KEPT_LINES = 200
_recent: deque[str] = deque(maxlen=KEPT_LINES)
_SECRETS = (
    (re.compile(r"://[^/\s@]+@"), "://***@"),
    (
        re.compile(
            r"((?:pass(?:word|wd)?|token|secret|api_?key|access_?key|authorization|signature|sig|authcfg)[\"']?\s*[=:]\s*[\"']?)(?:bearer\s+)?[^\s&\"',;]+",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
)


def note(lines: Iterable[str]) -> None:
    """Keep the last lines of the engine's log for a report."""
    _recent.extend(lines)


def without_secrets(text: str) -> str:
    """Text without passwords, tokens and keys, and with ``~`` for the home folder."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 3 else text


def report(trouble: str = "") -> str:
    """Versions, settings, the engine's last lines and what went wrong.

    Args:
        trouble: For instance a traceback.
    """
    return without_secrets(
        "\n".join(
            [
                f"l4s {__version__}, QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}, "
                f"Python {platform.python_version()}, {platform.platform()}",
                f"engine: {_engine()}",
                "settings: " + ", ".join(f"{key}={value}" for key, value in _settings()),
                *([trouble.rstrip()] if trouble else []),
                "last lines of the engine:",
                *(_recent or ["(none)"]),
            ]
        )
    )


def _engine() -> str:
    from .worker import environment

    try:
        found = environment.require()
    except EngineError as error:
        return f"{error.code} ({error.message or environment.root()})"
    return f"{found.kind} {found.version}, {found.python}"


def _settings() -> list[tuple[str, Any]]:
    settings = QgsSettings()
    settings.beginGroup("l4s")
    return [(key, settings.value(key)) for key in sorted(settings.allKeys())]


class ErrorHook:
    """Turns an uncaught error of the plugin into one message; other errors are QGIS's.

    Args:
        iface: QGIS's interface.

    Attributes:
        places: Where errors came from.
    """

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._before: Callable[..., Any] = sys.excepthook
        self.places: set[str] = set()
        sys.excepthook = self._handle

    def remove(self) -> None:
        """Give errors back to whoever handled them before."""
        if sys.excepthook == self._handle:
            sys.excepthook = self._before

    def _handle(
        self,
        kind: type[BaseException],
        value: BaseException,
        trace: TracebackType | None,
    ) -> None:
        frames = traceback.extract_tb(trace)
        own = [frame for frame in frames if Path(frame.filename).resolve().is_relative_to(PLUGIN)]
        if not own or not issubclass(kind, Exception):
            self._before(kind, value, trace)
            return
        place = f"{own[-1].filename}:{own[-1].lineno}"
        if place in self.places:  # once is enough, also where it comes with each mouse move
            return
        self.places.add(place)
        text = "".join(traceback.format_exception(kind, value, trace))
        self._show(f"{kind.__name__}: {value}", text)

    def _show(self, what: str, text: str) -> None:
        bar = self._iface.messageBar()
        sentence = tr(
            "Something went wrong in the landslide plugin; your data is untouched. Please report it with the diagnostics."
        )
        item = bar.createMessage(tr("Landslides"), escaped(f"{sentence} ({what[:120]})"))
        copy = QPushButton(tr("Copy diagnostics"))
        copy.clicked.connect(lambda: QApplication.clipboard().setText(report(text)))
        item.layout().addWidget(copy)
        bar.pushWidget(item, Qgis.MessageLevel.Critical)


def show_details(parent: QWidget, sentence: str, details: str) -> None:
    """Show the engine's last lines, to be copied into a report of the problem."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(tr("Details"))
    dialog.resize(800, 420)
    layout = QVBoxLayout(dialog)
    layout.addWidget(QLabel(escaped(sentence), wordWrap=True))
    layout.addWidget(QPlainTextEdit(details, readOnly=True))
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    copy = buttons.addButton(tr("Copy diagnostics"), QDialogButtonBox.ButtonRole.ActionRole)
    copy.clicked.connect(lambda: QApplication.clipboard().setText(report(f"{sentence}\n{details}")))
    buttons.rejected.connect(dialog.reject)
    layout.addWidget(buttons)
    dialog.open()
