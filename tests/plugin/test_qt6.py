"""Fit for Qt 6 (QGIS 4): PyQt6, flake8-qgis, scoped enums."""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import HERE, ROOT

PLUGIN = ROOT / "l4s_qgis"
MODULES = sorted(PLUGIN.rglob("*.py"))
# QGS105: the interface is passed so that tests can pass another; QGS2..: experimental, about return
# values, not about Qt 6.
IGNORED = "QGS105,QGS2"


def imported_under_pyqt6(python: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1"}
    words = [str(python), str(HERE / "qt6_import.py"), str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)


def flake8_qgis(python: Path, folder: Path) -> str:
    words = [
        str(python),
        "-m",
        "flake8",
        "--isolated",
        "--select=QGS",
        f"--extend-ignore={IGNORED}",
        str(folder),
    ]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def unscoped_enums(text: str) -> list[str]:
    """Values of enums that are named without their enum.

    Such as ``Qt.AlignCenter``: an int on a class of Qt or QGIS.
    """
    tree = ast.parse(text)
    classes = {
        alias.asname or alias.name: getattr(importlib.import_module(node.module), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.level == 0
        and (node.module or "").startswith("qgis.")
        for alias in node.names
    }
    return [
        f"{node.lineno}: {node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in classes
        if isinstance(getattr(classes[node.value.id], node.attr, None), int)
    ]


def test_every_module_is_imported_under_pyqt6(engine_python):
    ended = imported_under_pyqt6(engine_python, ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr[-2000:]
    assert int(ended.stdout.split()[0]) > 40


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "from qgis.PyQt.QtCore import Qt\n\ndef f():\n    return Qt.AlignCenter\n",
            "Qt 6 has no Qt.AlignCenter",
        ),
        ("from PyQt5.QtCore import Qt\n", "PyQt5"),
        ("from qgis.PyQt.QtWidgets import QDesktopWidget\n", "QDesktopWidget"),
    ],
)
def test_what_qt_6_lacks_is_found(engine_python, tmp_path, line, fault):
    (tmp_path / "l4s_qgis").mkdir()
    (tmp_path / "l4s_qgis" / "__init__.py").write_text("")
    (tmp_path / "l4s_qgis" / "old.py").write_text(line)
    ended = imported_under_pyqt6(engine_python, tmp_path)
    assert ended.returncode == 1
    assert fault in ended.stdout


def test_flake8_qgis_finds_nothing(engine_python, tmp_path):
    assert flake8_qgis(engine_python, PLUGIN) == ""
    shutil.copytree(PLUGIN, tmp_path / "plugin", ignore=shutil.ignore_patterns("*.pyc", "*.qm"))
    (tmp_path / "plugin" / "old.py").write_text("from PyQt5.QtCore import Qt\n")
    assert "QGS103" in flake8_qgis(engine_python, tmp_path / "plugin")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_enums_are_scoped(path):
    assert unscoped_enums(path.read_text(encoding="utf-8")) == []


def test_unscoped_enums_are_found():
    text = "from qgis.core import QgsWkbTypes, Qgis\nfrom qgis.PyQt.QtCore import Qt\n"
    assert unscoped_enums(text + "Qt.AlignCenter, QgsWkbTypes.PolygonGeometry, Qgis.Warning") == [
        "3: Qt.AlignCenter",
        "3: QgsWkbTypes.PolygonGeometry",
        "3: Qgis.Warning",
    ]
    assert unscoped_enums(text + "Qt.AlignmentFlag.AlignCenter, Qgis.MessageLevel.Warning") == []
