"""The zip against the plugin repository's rules and QGIS's oldest Python."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import zipfile

import pytest

from conftest import ROOT
from test_desktop import build_zip

PLUGIN = ROOT / "l4s_qgis"
MODULES = sorted(path for path in PLUGIN.rglob("*.py"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zip")
    archive = build_zip(folder)
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return archive, folder / "l4s_qgis"


def test_layout(unpacked):
    archive, folder = unpacked
    names = zipfile.ZipFile(archive).namelist()
    assert {name.split("/")[0] for name in names} == {"l4s_qgis"}
    for name in (
        "__init__.py",
        "metadata.txt",
        "LICENSE",
        "engine_source/pyproject.toml",
        "engine_source/engine/__init__.py",
        "engine_source/engine/__init__.pyi",  # what lazily exported names come from
        "engine_source/engine/scene/__init__.pyi",
        "docs/guides/plugin.md",
    ):
        assert (folder / name).is_file(), name
    assert list((folder / "engine_source" / "resources" / "models").glob("*/model.onnx"))
    forbidden = re.compile(r"__pycache__|\.py[co]$|/\.|\.(so|dll|pyd|exe)$|ruff\.toml")
    assert not [name for name in names if forbidden.search(name)]
    assert archive.stat().st_size <= 25 * 2**20


def test_same_source_gives_the_same_zip(unpacked, tmp_path):
    assert build_zip(tmp_path).read_bytes() == unpacked[0].read_bytes()


def test_versions_agree():
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    general = metadata["general"]
    versions = {
        re.search(r'__version__ = "(.*?)"', (ROOT / folder / "__init__.py").read_text()).group(1)
        for folder in ("engine", "l4s_qgis")
    }
    assert versions == {general["version"]}
    series = re.search(r'SERIES = "(.*?)"', (PLUGIN / "worker" / "process.py").read_text()).group(1)
    assert general["version"].startswith(f"{series}.")
    assert (general["qgisminimumversion"], general["qgismaximumversion"]) == ("3.22", "4.99")
    assert (ROOT / general["icon"]).is_file()


def test_bandit_finds_nothing(unpacked, engine_python):
    words = [engine_python, "-m", "bandit", "-q", "-r", unpacked[1], "-f", "txt"]
    ended = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-4000:]


def test_detect_secrets_finds_nothing(unpacked, engine_python):
    import json

    words = [
        str(engine_python),
        "-m",
        "detect_secrets",
        "-C",
        str(unpacked[1]),
        "scan",
        "--all-files",
        "--exclude-files",
        r"\.(onnx|safetensors|png)$",
    ]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)["results"] == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_module_is_fit_for_python_3_9(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {
        node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        if node.level == 0
    }
    assert not [
        name
        for name in imported
        if re.match(r"PyQt|PySide|engine(\.|$)", name) and path.name != "launch.py"
    ]
    assert ".exec_(" not in text  # gone in Qt 6; what else is, test_qt6.py sees
    assert "QVariant" not in text


def test_nothing_heavy_is_imported_at_start():
    """QGIS imports plugin.py at its start; the rest waits for its use."""
    tree = ast.parse((PLUGIN / "plugin.py").read_text())
    top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = {node.module for node in top if isinstance(node, ast.ImportFrom) and node.level == 1}
    assert modules == {
        "diagnostics",
        "i18n",
        "icons",
        "processing.provider",
        "settings.factory",
    }
