"""The environment manager: offline, cancel, failures, repair, proxy."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from l4s_qgis import __version__
from l4s_qgis.messages import EngineError
from l4s_qgis.worker import environment, install, network
from l4s_qgis.worker.failures import ADVICE, InstallError, classify
from l4s_qgis.worker.install import Plan, Watcher
from l4s_qgis.worker.process import command_of, run_engine
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QLockFile
from qgis.PyQt.QtNetwork import QNetworkProxy

MAIN = "import sys, json\ndef main():\n    print(json.dumps({'event': 'result', 'argv': sys.argv[1:]}))\n    return 0\n"


class Ear(Watcher):
    def __init__(self, cancel_at=""):
        self.steps, self.lines, self._cancel_at = [], [], cancel_at

    def step(self, done, total, name):
        self.steps.append(name)

    def log(self, line):
        self.lines.append(line)

    def is_cancelled(self):
        return bool(self._cancel_at) and self._cancel_at in self.steps


def wheel(folder, name, files, requires=()):
    """Write a wheel by hand: a zip with metadata."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{__version__}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {__version__}\n"
    content = {
        **files,
        f"{info}/METADATA": head + "".join(f"Requires-Dist: {other}\n" for other in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/top_level.txt": "",
    }
    content[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*content, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{__version__}-py3-none-any.whl", "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)


@pytest.fixture
def wheelhouse(tmp_path, monkeypatch):
    """An offline folder with a tiny engine and its packages, without uv."""
    monkeypatch.setattr(install, "find_uv", lambda: None)
    monkeypatch.setattr(install, "FREE_MB", {"light": 10, "full": 10})
    folder = tmp_path / "wheel house ä"
    engine = {
        "engine/__init__.py": f"__version__ = {__version__!r}\n",
        "engine/cli/__init__.py": MAIN,
    }
    wheel(folder, "l4s_engine", engine, ["rasterio", "geopandas", "onnxruntime"])
    for name in ("rasterio", "geopandas", "onnxruntime"):
        wheel(folder, name, {f"{name}/__init__.py": ""})
    return folder


def plan(wheelhouse):
    return Plan("light", Path(sys.executable).resolve(), wheelhouse)


def folders(home):
    return sorted(path.name for path in home.glob("env-*"))


def test_installs_from_an_offline_folder_and_runs(own_home, wheelhouse):
    ear = Ear()
    built = install.install(plan(wheelhouse), ear)
    assert ear.steps == ["prepare", "environment", "packages", "verify", "done"]
    assert environment.require() == built
    assert built.kind == "light"
    assert run_engine(["doctor"], command=command_of(built.python))["argv"][0] == "doctor"
    before = folders(own_home)
    install.install(plan(wheelhouse), Ear())
    assert len(folders(own_home)) == 1
    assert folders(own_home) != before


@pytest.mark.parametrize("step", ["environment", "verify"])
def test_cancel_leaves_nothing_and_keeps_what_was_there(own_home, wheelhouse, step):
    (own_home / "env-old").mkdir()
    environment.use(own_home / "env-old", "light")
    with pytest.raises(InstallError) as caught:
        install.install(plan(wheelhouse), Ear(cancel_at=step))
    assert caught.value.kind == "cancelled"
    assert folders(own_home) == ["env-old"]
    assert environment.current_name() == "env-old"


def test_missing_package_is_told(own_home, wheelhouse):
    next(wheelhouse.glob("rasterio*")).unlink()
    with pytest.raises(InstallError) as caught:
        install.install(plan(wheelhouse), Ear())
    assert caught.value.kind == "wheel"
    assert folders(own_home) == []


def test_engine_that_does_not_start_is_not_used(own_home, wheelhouse):
    wheel(wheelhouse, "rasterio", {"rasterio/__init__.py": "raise ImportError('DLL load failed')"})
    with pytest.raises(InstallError) as caught:
        install.install(plan(wheelhouse), Ear())
    assert caught.value.kind == "verify"
    assert "DLL load failed" in caught.value.log
    assert folders(own_home) == []


def test_half_built_folders_are_removed(own_home, wheelhouse):
    (own_home / "env-halfbuilt").mkdir()
    install.install(plan(wheelhouse), Ear())
    assert "env-halfbuilt" not in folders(own_home)


def test_second_qgis_waits_its_turn(own_home, wheelhouse):
    other = QLockFile(str(own_home / "lock"))
    assert other.tryLock(100)
    results = []

    def second():
        try:
            install.install(plan(wheelhouse), Ear())
        except InstallError as error:
            results.append(error.kind)

    thread = threading.Thread(target=second)
    thread.start()
    thread.join()
    other.unlock()
    assert results == ["busy"]
    install.install(plan(wheelhouse), Ear())


def test_full_disk_is_told_before(own_home, wheelhouse, monkeypatch):
    monkeypatch.setattr(install, "FREE_MB", {"light": 10**9})
    with pytest.raises(InstallError) as caught:
        install.install(plan(wheelhouse), Ear())
    assert caught.value.kind == "disk"


def test_folder_that_cannot_be_made(tmp_path, wheelhouse, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("L4S_QGIS_HOME", str(tmp_path / "file" / "below"))
    with pytest.raises(InstallError):
        install.install(plan(wheelhouse), Ear())


def test_environment_deleted_behind_its_back(own_home, wheelhouse):
    install.install(plan(wheelhouse), Ear())
    shutil.rmtree(own_home / folders(own_home)[0])
    with pytest.raises(EngineError) as caught:
        environment.require()
    assert caught.value.code == "environment-broken"
    install.install(plan(wheelhouse), Ear())
    environment.require()


def test_states_of_an_environment(own_home):
    def code():
        with pytest.raises(EngineError) as caught:
            environment.require()
        return caught.value.code

    assert code() == "environment-missing"
    folder = own_home / "env-a"
    python = environment.python_in(folder)
    python.parent.mkdir(parents=True)
    environment.use(folder, "full")
    assert code() == "environment-broken"  # no interpreter
    python.write_text("")
    assert environment.require().kind == "full"
    (folder / environment.READY).write_text(json.dumps({"kind": "full", "version": "0.0.1"}))
    assert code() == "environment-outdated"
    (folder / environment.READY).write_text("{")
    assert code() == "environment-broken"


def test_named_python_goes_first(own_home, tmp_path):
    environment.set_named_python(Path(sys.executable))
    try:
        assert environment.require().kind == "named"
        environment.set_named_python(tmp_path / "gone")
        with pytest.raises(EngineError) as caught:
            environment.require()
        assert caught.value.code == "environment-broken"
    finally:
        environment.set_named_python(None)
    assert QgsSettings().value(environment.NAMED, "") == ""


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        (
            "error: Failed to fetch: tunnel error: unsuccessful tunnel\n407 Proxy Authentication Required",
            "proxy",
        ),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
            "ssl",
        ),
        ("error: Request failed\n Caused by: invalid peer certificate: UnknownIssuer", "ssl"),
        ("OSError: [Errno 28] No space left on device", "disk"),
        ("failed to write: There is not enough space on the disk. (os error 112)", "disk"),
        (
            "The process cannot access the file because it is being used by another process. (os error 32)",
            "lock",
        ),
        ("PermissionError: [Errno 13] Permission denied: '/opt/x'", "permission"),
        ("error: Access is denied. (os error 5)", "permission"),
        ("dns error: failed to lookup address information: Name or service not known", "network"),
        ("ERROR: No matching distribution found for rasterio>=1.3", "wheel"),
        ("  × No solution found when resolving dependencies", "wheel"),
        ("something else", "unknown"),
    ],
)
def test_failures_are_told_apart(log, kind):
    assert classify(log) == kind
    assert len(InstallError(kind, log).sentence()) > 20


def test_every_failure_has_advice():
    assert all(len(advice()) > 20 for advice in ADVICE.values())


def test_base_is_a_python_and_never_qgis():
    assert install.find_base(lambda python: True) is not None
    assert install.find_base(lambda python: False) is None


def test_proxy_of_qgis_is_used(monkeypatch):
    manager = network.QgsNetworkAccessManager.instance()
    before = manager.fallbackProxy()
    proxy = QNetworkProxy(QNetworkProxy.ProxyType.HttpProxy, "proxy.example", 3128, "me", "p@ss")
    try:
        manager.setFallbackProxyAndExcludes(proxy, [], ["http://intern.example"])
        found = network.variables()
    finally:
        manager.setFallbackProxyAndExcludes(before, [], [])
    assert found["HTTPS_PROXY"] == "http://me:p%40ss@proxy.example:3128"
    assert found["NO_PROXY"] == "intern.example"


def test_packages_servers_of_pip_are_passed_to_uv(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    assert network.variables()["UV_INDEX_URL"] == "https://mirror.example/simple"


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("win32", "AMD64", "uv-1-py3-none-win_amd64.whl"),
        ("linux", "x86_64", "uv-1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
        ("linux", "aarch64", "uv-1-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl"),
        ("darwin", "arm64", "uv-1-py3-none-macosx_11_0_arm64.whl"),
        ("darwin", "x86_64", "uv-1-py3-none-macosx_10_12_x86_64.whl"),
    ],
)
def test_wheel_of_uv_for_each_system(system, machine, name):
    names = [
        "uv-1-py3-none-linux_armv6l.whl",
        "uv-1-py3-none-macosx_10_12_x86_64.whl",
        "uv-1-py3-none-macosx_11_0_arm64.whl",
        "uv-1-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
        "uv-1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "uv-1-py3-none-musllinux_1_1_x86_64.whl",
        "uv-1-py3-none-win_amd64.whl",
        "uv-1.tar.gz",
    ]
    release = {"urls": [{"filename": filename} for filename in names]}
    assert network.choose_wheel(release, system, machine)["filename"] == name
    with pytest.raises(OSError, match="no wheel"):
        network.choose_wheel(release, "plan9", "mips")
