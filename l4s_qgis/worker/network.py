"""QGIS's network settings for programs beside it; the download of uv."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import stat
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qgis.core import QgsBlockingNetworkRequest, QgsNetworkAccessManager
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import (
    QNetworkProxy,
    QNetworkProxyFactory,
    QNetworkProxyQuery,
    QNetworkRequest,
)

from . import locks

INDEX = "https://pypi.org"


def variables() -> dict[str, str]:
    """Variables that give uv and pip QGIS's proxy and the certificates.

    pip's package servers are passed to uv as well.
    """
    found = {"UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    proxy = proxy_url()
    if proxy:
        found.update(
            dict.fromkeys(
                ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), proxy
            )
        )
        hosts = ",".join(
            _bare_host(url) for url in QgsNetworkAccessManager.instance().noProxyList()
        )
        if hosts:
            found["NO_PROXY"] = hosts
    for theirs, ours in (
        ("PIP_INDEX_URL", "UV_INDEX_URL"),
        ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    ):
        if os.environ.get(theirs) and not os.environ.get(ours):
            found[ours] = os.environ[theirs]
    return found


def proxy_url() -> str:
    """The URL of the proxy for the package server; empty where none is used."""
    proxy = QgsNetworkAccessManager.instance().fallbackProxy()
    if proxy.type() == QNetworkProxy.ProxyType.DefaultProxy:
        candidates = QNetworkProxyFactory.systemProxyForQuery(QNetworkProxyQuery(QUrl(INDEX)))
        proxy = candidates[0] if candidates else QNetworkProxy(QNetworkProxy.ProxyType.NoProxy)
    if proxy.type() == QNetworkProxy.ProxyType.NoProxy or not proxy.hostName():
        return ""
    scheme = "socks5" if proxy.type() == QNetworkProxy.ProxyType.Socks5Proxy else "http"
    login = (
        f"{quote(proxy.user(), safe='')}:{quote(proxy.password(), safe='')}@"
        if proxy.user()
        else ""
    )
    return f"{scheme}://{login}{proxy.hostName()}:{proxy.port() or 8080}"


def download_uv(target: Path) -> None:
    """Download uv for this computer, check its digest and unpack it.

    Args:
        target: Folder; the program goes to ``target/bin``.

    Raises:
        OSError: There is no such wheel, or it cannot be downloaded or does not match its digest.
    """
    pinned = locks.read("uv")[0]
    release = json.loads(_get(f"{INDEX}/pypi/uv/{locks.version(pinned)}/json").decode("utf-8"))
    wheel = choose_wheel(release, sys.platform, platform.machine())
    content = _get(str(wheel["url"]))
    if hashlib.sha256(content).hexdigest() not in locks.digests(pinned):
        raise OSError(f"{wheel['filename']} does not match the digest that came with the plugin.")
    name = "uv.exe" if os.name == "nt" else "uv"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = next(
            entry for entry in archive.namelist() if entry.endswith(f".data/scripts/{name}")
        )
        program = target / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_bytes(archive.read(member))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def choose_wheel(release: Mapping[str, Any], system: str, machine: str) -> Mapping[str, Any]:
    """The wheel of a release for a system and machine.

    Args:
        release: What the package server says of the release (JSON API).
        system: As ``sys.platform``.
        machine: As ``platform.machine()``.

    Raises:
        OSError: There is none.
    """
    cpu = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "aarch64"}.get(
        machine.lower(), machine.lower()
    )
    tags = {
        "win32": ("win_amd64" if cpu == "x86_64" else "win_arm64",),
        "darwin": ("macosx", cpu),
        "linux": ("manylinux", cpu),
    }.get(system, (system, cpu))
    for entry in release["urls"]:
        if entry["filename"].endswith(".whl") and all(tag in entry["filename"] for tag in tags):
            return dict(entry)
    raise OSError(f"uv has no wheel for {system} on {machine}.")


def _get(url: str) -> bytes:
    request = QgsBlockingNetworkRequest()
    if request.get(QNetworkRequest(QUrl(url))) != QgsBlockingNetworkRequest.ErrorCode.NoError:
        raise OSError(f"{url}: {request.errorMessage()}")
    return bytes(request.reply().content())


def _bare_host(url: str) -> str:
    return QUrl(url).host() or url
