"""Translation of what the plugin says. English is the source language."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

CONTEXT = "l4s"


def tr(text: str) -> str:
    """Translate a sentence into the language of QGIS."""
    return QCoreApplication.translate(CONTEXT, text)


def mark(text: str) -> str:
    """Mark a text for translation that is looked up later, with :func:`tr`."""
    return text


def number(value: float, digits: int) -> str:
    """A number with so many decimals, written as QGIS's language does."""
    return str(QLocale().toString(float(value), "f", digits))


def install_translator(locale: str) -> QTranslator | None:
    """Load the translation for a locale such as ``de_AT``.

    Returns:
        The installed translator, to be kept alive and removed on unload, or None where there is
        none.
    """
    file = Path(__file__).parent / f"l4s_{locale[:2]}.qm"
    translator = QTranslator()
    if not file.exists() or not translator.load(str(file)):
        return None
    QCoreApplication.installTranslator(translator)
    return translator
