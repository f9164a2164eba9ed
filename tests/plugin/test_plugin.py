"""The plugin as QGIS loads and unloads it, its pages, its languages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from l4s_qgis import classFactory, form
from l4s_qgis.help import HelpDialog
from l4s_qgis.i18n import install_translator, tr
from l4s_qgis.layers import load_inventory
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
    for word in ("Detect landslides", "Offline folder", "Uninstall", "qgis_process"):
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


LANGUAGES = sorted(path.stem[4:] for path in translate.HERE.glob("l4s_*.ts"))


def test_there_are_languages():
    assert {"de", "es"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_complete_and_keeps_the_fields(language):
    known = translate.known(translate.HERE / f"l4s_{language}.ts")
    assert list(known) == translate.sentences()
    assert not [source for source, said in known.items() if not said]
    assert not [source for source, said in known.items() if fields(source) != fields(said)]
    # a letter to press stays one, and so does its absence
    assert not [source for source, said in known.items() if keys(source) != keys(said)]


def keys(text):
    return len(re.findall(r"&\w", text))


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
    for language in LANGUAGES:
        source, made = translate.HERE / f"l4s_{language}.ts", tmp_path / f"{language}.qm"
        subprocess.run(["lrelease", "-silent", str(source), "-qm", str(made)], check=True)
        assert made.read_bytes() == source.with_suffix(".qm").read_bytes()


def test_form_and_legend_are_in_the_language_of_qgis(iface, engine_python, tmp_path):
    """Whatever the engine writes there is known, and said in German."""
    for words in (
        ["simulate", "--size", "120", "--seed", "3", "--out", "s"],
        ["detect", "--sentinel2", "s/sentinel2", "--dem", "s/dem.tif", "--out", "r"],
    ):
        command = [str(engine_python), "-m", "engine", *words]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    layer = load_inventory(tmp_path / "r" / "inventory.gpkg")
    assert texts(layer) <= form.KNOWN, texts(layer) - form.KNOWN
    translator = install_translator("de")
    try:
        form.translate(layer)
    finally:
        QgsApplication.removeTranslator(translator)
    said = texts(layer)
    assert {"Prüfstand", "Typ und Ereignis", "Angenommen", "Erdbeben"} <= said
    assert not {"Review status", "Type and event", "Accepted", "Earthquake"} & said


def texts(layer):
    """Every text of a layer's form and legend."""
    found = {layer.attributeAlias(i) for i in range(layer.fields().count())}
    for i in range(layer.fields().count()):
        setup = layer.editorWidgetSetup(i)
        if setup.type() == "ValueMap":
            found |= {title for entry in setup.config()["map"] for title in entry}
    found |= {child.name() for child in layer.editFormConfig().invisibleRootContainer().children()}
    found |= {category.label() for category in layer.renderer().categories()}
    return found - {""}
