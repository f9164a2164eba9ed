"""The plugin as QGIS loads and unloads it, its pages, its languages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from l4s_qgis import classFactory
from l4s_qgis.help import HelpDialog
from l4s_qgis.i18n import install_translator, tr
from l4s_qgis.setup.dialog import EngineDialog
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QTextDocument
from qgis.PyQt.QtWidgets import QToolBar

from conftest import ROOT

sys.path.insert(0, str(ROOT / "l4s_qgis" / "i18n"))
import translate


def test_loads_and_unloads_without_a_trace(iface):
    plugin = classFactory(iface)
    plugin.initGui()
    assert QgsApplication.processingRegistry().providerById("l4s") is not None
    bar = iface.window.findChild(QToolBar, "l4s")
    assert [action.objectName() for action in bar.actions()] == [
        "l4s_detect",
        "l4s_review",
        "l4s_engine",
    ]
    assert len(iface.menu) == 8
    assert len(iface.factories) == 1
    plugin.review()
    plugin.unload()
    assert QgsApplication.processingRegistry().providerById("l4s") is None
    assert iface.menu == []
    assert iface.factories == []
    plugin = classFactory(iface)  # once more, as the plugin reloader does
    plugin.initGui()
    plugin.unload()


def test_first_use_explains_the_installation(iface):
    plugin = classFactory(iface)
    plugin.initGui()
    page = plugin.detect()
    assert isinstance(page, EngineDialog)
    assert "not installed yet" in page.state.text()
    assert page.install.isEnabled()
    assert not page.check.isEnabled()
    page.hide()
    plugin.unload()


def test_with_an_engine_the_dialog_opens(iface, monkeypatch):
    monkeypatch.setenv("L4S_ENGINE_PYTHON", sys.executable)
    plugin = classFactory(iface)
    plugin.initGui()
    dialog = plugin.detect()
    assert type(dialog).__name__ == "DetectDialog"
    assert not dialog.start.isEnabled()  # no image yet
    dialog.reject()
    plugin.unload()


def test_the_guide_is_shown_with_its_pictures(iface):
    dialog = HelpDialog(iface.window)
    dialog.resize(700, 500)
    dialog.show()
    browser = dialog.browser
    text = browser.toPlainText()
    for word in ("Detect landslides", "Offline folder", "Click to add", "qgis_process"):
        assert word in text
    kind = int(QTextDocument.ResourceType.ImageResource)
    image = browser.loadResource(kind, QUrl("../images/plugin-dialog.png"))
    assert 200 < image.width() <= browser.viewport().width()
    browser._open(QUrl("input-data.md"))
    assert "Input data" in browser.toPlainText()
    browser._open(QUrl("no-such-page.md"))  # stays
    assert "Input data" in browser.toPlainText()
    dialog.deleteLater()


def fields(text):
    return sorted(re.findall(r"{\w+", text))


def test_german_is_complete_and_keeps_the_fields():
    known = translate.known(ROOT / "l4s_qgis" / "i18n" / "l4s_de.ts")
    assert list(known) == translate.sentences()
    assert not [source for source, translation in known.items() if not translation]
    assert not [
        source for source, translation in known.items() if fields(source) != fields(translation)
    ]


def test_german_is_spoken(qgis_app):
    translator = install_translator("de_AT")
    try:
        assert tr("Detect landslides") == "Rutschungen erkennen"
        assert tr("&Detect") == "&Erkennen"
    finally:
        QgsApplication.removeTranslator(translator)
    assert tr("Detect landslides") == "Detect landslides"
    assert install_translator("xx") is None


def test_compiled_translation_is_current(tmp_path):
    if shutil.which("lrelease") is None:
        pytest.skip("lrelease is not installed")
    source = ROOT / "l4s_qgis" / "i18n" / "l4s_de.ts"
    subprocess.run(["lrelease", "-silent", str(source), "-qm", str(tmp_path / "de.qm")], check=True)
    assert (tmp_path / "de.qm").read_bytes() == source.with_suffix(".qm").read_bytes()
