"""Uncaught errors of the plugin, and what is copied into a report."""

from __future__ import annotations

import sys

import pytest
from l4s_qgis import diagnostics
from l4s_qgis.diagnostics import ErrorHook, report, show_details, without_secrets
from l4s_qgis.setup import dialog as setup
from qgis.core import QgsSettings
from qgis.PyQt.QtWidgets import QApplication, QLabel, QPushButton


@pytest.fixture
def hook(iface, monkeypatch):
    others = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: others.append(error))
    hook = ErrorHook(iface)
    yield others
    hook.remove()


def raise_in_plugin():
    try:
        setup._kind([])  # a list cannot be a key: any error inside the plugin
    except TypeError:
        sys.excepthook(*sys.exc_info())


def test_an_uncaught_error_is_one_message_with_diagnostics(iface, hook):
    for _ in range(3):
        raise_in_plugin()
    assert hook == []
    assert len(iface.bar.items()) == 1
    item = iface.bar.currentItem()
    assert "TypeError" in item.text()
    QgsSettings().setValue("l4s/proxy", "http://me:hunter2@proxy:80")
    diagnostics.note(["reading https://x.example/a.tif?sig=abc123&x=1"])
    item.findChild(QPushButton).click()
    QgsSettings().remove("l4s/proxy")
    text = QApplication.clipboard().text()
    for part in ("Traceback", "setup/dialog.py", "QGIS 3.", "environment-missing", "x.example"):
        assert part in text
    for secret in ("hunter2", "abc123"):
        assert secret not in text


def test_errors_of_others_are_theirs(iface, hook):
    try:
        raise ValueError("not ours")
    except ValueError:
        sys.excepthook(*sys.exc_info())
    assert len(hook) == 1
    assert iface.bar.items() == []


def test_the_hook_is_given_back(iface, monkeypatch):
    before = sys.excepthook
    hook = ErrorHook(iface)
    assert sys.excepthook != before
    hook.remove()
    assert sys.excepthook == before


@pytest.mark.parametrize(
    "text",
    [
        "https://ada:geheim@host/x",
        "token=geheim",
        '{"password": "geheim"}',
        "Authorization: Bearer geheim",
        "AWS_SECRET_ACCESS_KEY=geheim",
        "https://x/y?X-Amz-Signature=geheim&b=2",
    ],
)
def test_secrets_are_left_out(text):
    assert "geheim" not in without_secrets(text)


def test_details_escape_what_comes_from_files(iface):
    show_details(iface.window, 'no <img src="file://host/x">', "lines")
    shown = iface.window.findChildren(QLabel)
    assert any("&lt;img" in label.text() for label in shown)
    assert not any("<img" in label.text() for label in shown)
    assert "lines" in report("lines")
