"""The options page, and what it changes."""

from __future__ import annotations

import pytest
from l4s_qgis.detect.dialog import DetectDialog
from l4s_qgis.review import keys, options
from l4s_qgis.settings import about, values
from l4s_qgis.settings.factory import OptionsPages
from l4s_qgis.worker import environment
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QLockFile
from qgis.PyQt.QtGui import QColor, QKeySequence
from qgis.PyQt.QtWidgets import QLabel, QMessageBox


@pytest.fixture
def page(iface):
    opened = []
    factory = OptionsPages(lambda: opened.append("engine"))
    page = factory.createWidget(iface.window)
    page.opened = opened
    yield page
    page.deleteLater()
    QgsSettings().remove("l4s")


def test_settings_are_kept_and_used(page, iface):
    page.device.setCurrentIndex(page.device.findData("cpu"))
    page.reviewer.setText("Ada L.")
    page.numbers["context"].setValue(4)
    page.numbers["smallest_view_m"].setValue(900)
    page.colours["colour_current"].setColor(QColor("#123456"))
    page.keys["accept"].setKeySequence(QKeySequence("J"))
    page.apply()
    assert values.device() == "cpu"
    assert options.get("context") == 4
    assert options.get("smallest_view_m") == 900
    assert options.get("colour_current") == "#123456"
    assert keys.key_of("accept") == "J"
    assert keys.key_of("reject") == "R"
    assert QgsSettings().value(options.REVIEWER) == "Ada L."
    dialog = DetectDialog(iface, iface.window)
    assert dialog.advanced.device.currentData() == "cpu"
    dialog.deleteLater()


def test_the_model_chosen_is_proposed(iface, tmp_path, monkeypatch):
    models = tmp_path / "resources" / "models"
    for name in ("a", "b"):
        (models / name).mkdir(parents=True)
        (models / name / "card.json").write_text(
            f'{{"name": "{name}", "title": "T", "threshold": 0.{ord(name)}}}'
        )
    monkeypatch.setattr(environment, "source", lambda: tmp_path)
    values.set_model("b")
    dialog = DetectDialog(iface, iface.window)
    assert dialog.result.chosen_models() == "b"
    assert dialog.advanced.threshold.specialValueText() == "the model's: 0.980"
    dialog.deleteLater()
    QgsSettings().remove("l4s/model")


def test_one_key_for_two_actions_is_told(page):
    page.keys["accept"].setKeySequence(QKeySequence("R"))
    assert page.doubled.isVisibleTo(page)
    assert "R" in page.doubled.text()


def test_uninstalling_removes_everything_of_the_engine(page, own_home, monkeypatch):
    (own_home / "env-a" / "bin").mkdir(parents=True)
    (own_home / "env-a" / "bin" / "python").write_text("x" * 2_000_000)
    environment.use(own_home / "env-a", "light")
    (own_home / "uv").mkdir()
    page._show_engine()
    assert "2 MB" in page.engine.text()
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *_: yes)
    page.uninstall.click()
    assert not list(own_home.glob("env-*"))
    assert not (own_home / "uv").exists()
    assert "not installed yet" in page.engine.text()
    assert not page.uninstall.isEnabled()


def test_nothing_is_removed_while_another_qgis_installs(page, own_home, monkeypatch):
    (own_home / "env-a").mkdir()
    other = QLockFile(str(own_home / "lock"))
    assert other.tryLock(100)
    said = []
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    monkeypatch.setattr(QMessageBox, "warning", lambda *words: said.append(words[-1]))
    page._uninstall()
    other.unlock()
    assert said
    assert (own_home / "env-a").exists()


def test_about_tells_version_licence_citation_and_links(page):
    texts = [label.text() for label in page.findChildren(QLabel)]
    known = about.metadata()
    text = next(text for text in texts if known["version"] in text)
    for part in ("GNU GPL 3", known["tracker"], known["homepage"], "Please cite"):
        assert part in text


def test_settings_written_by_hand_do_no_harm():
    QgsSettings().setValue("l4s/device", "abacus")
    assert values.device() == "auto"
    QgsSettings().remove("l4s/device")
    with pytest.raises(ValueError, match="abacus"):
        values.set_device("abacus")
