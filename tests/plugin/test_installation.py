"""The environment manager: offline, cancel, failures, repair, proxy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from l4s_qgis import __version__
from l4s_qgis.messages import EngineError
from l4s_qgis.setup.dialog import EngineDialog
from l4s_qgis.worker import environment, install, locks, network
from l4s_qgis.worker.failures import ADVICE, InstallError, classify
from l4s_qgis.worker.install import Plan, Watcher
from l4s_qgis.worker.process import command_of, run_engine
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QLockFile
from qgis.PyQt.QtNetwork import QNetworkProxy

from conftest import ROOT

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


class Recorded(install._Installation):
    """An installation that only notes what it would call."""

    def __init__(self, plan, folder):
        super().__init__(plan, folder, Watcher())
        self.calls = []

    def _call(self, command):
        self.calls.append(command)


@pytest.mark.parametrize("uv", [Path("/opt/uv"), None])
@pytest.mark.parametrize("locked", [True, False])
def test_packages_are_checked_by_their_hashes(tmp_path, uv, locked):
    made = Recorded(Plan(locked=locked), tmp_path)
    made._install_packages(uv, Path("/usr/bin/python3"))
    for call in made.calls:
        assert ("--no-config" in call) == (uv is not None)
        assert ("-I" in call) == (uv is None)
    if not locked:
        assert len(made.calls) == 1
        assert "--require-hashes" not in made.calls[0]
        return
    packages, engine = made.calls
    assert "--require-hashes" in packages
    listed = Path(packages[packages.index("-r") + 1]).read_text().splitlines()
    assert len(listed) > 40
    assert all("--hash=sha256:" in line and "==" in line for line in listed)
    assert "--no-deps" in engine  # nothing comes in beside the lock


def test_windows_takes_torch_for_its_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "WINDOWS", True)
    made = Recorded(Plan("full"), tmp_path)
    made._install_packages(Path("/opt/uv"), None)
    locked, torch, _ = made.calls
    listed = Path(locked[locked.index("-r") + 1]).read_text().splitlines()
    assert not [line for line in listed if line.startswith("torch==")]
    assert any(word.startswith("torch==") for word in torch)
    assert "--torch-backend" in torch


def test_uv_is_pinned_by_its_digest(tmp_path, monkeypatch):
    """A package server that hands out another program is not believed, whatever it says itself."""
    content = b"not uv"
    release = {"urls": [{"filename": "uv-py3-none-manylinux_x86_64.whl", "url": "w"}]}
    release["urls"][0]["digests"] = {"sha256": network.hashlib.sha256(content).hexdigest()}
    asked = []

    def get(url):
        asked.append(url)
        return content if url == "w" else json.dumps(release).encode()

    monkeypatch.setattr(network, "_get", get)
    monkeypatch.setattr(network.platform, "machine", lambda: "x86_64")
    with pytest.raises(OSError, match="digest that came with the plugin"):
        network.download_uv(tmp_path)
    assert locks.version(locks.read("uv")[0]) in asked[0]
    assert not list(tmp_path.iterdir())


def test_lock_holds_what_the_engine_asks_for():
    """After a change of dependencies ``scripts/lock_engine.py`` has to be run."""
    import tomllib

    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for kind, wanted in (
        ("light", requirements["dependencies"]),
        ("full", requirements["dependencies"] + requirements["optional-dependencies"]["train"]),
    ):
        held = {re.match(r"[a-z0-9-]+", line).group(0) for line in locks.read(kind)}
        names = {re.match(r"[A-Za-z0-9_-]+", text).group(0).lower() for text in wanted}
        assert {name.replace("_", "-") for name in names} - {"tomli"} <= held
        assert "hatchling" in held


def test_programs_in_the_working_directory_are_not_used(tmp_path, monkeypatch):
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for path in (str(tmp_path), "."):
        monkeypatch.setenv("PATH", path)
        assert install._on_path("uv") is None
    monkeypatch.chdir("/")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install._on_path("uv") == program


def test_a_pip_in_the_working_directory_is_not_run(own_home, wheelhouse, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pip.py").write_text("raise SystemExit('hijacked')")
    (elsewhere / "venv.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(elsewhere)
    assert install.install(plan(wheelhouse), Ear()).kind == "light"


def test_intel_macs_are_told_before():
    assert "Intel" in install.obstacle("full", "darwin", "x86_64")
    for kind, system, machine in (
        ("light", "darwin", "x86_64"),
        ("full", "darwin", "arm64"),
        ("full", "linux", "x86_64"),
    ):
        assert install.obstacle(kind, system, machine) == ""


def test_page_says_what_is_true(own_home, wheelhouse, iface, monkeypatch):
    page = EngineDialog(iface.window)
    assert "not installed yet" in page.state.text()
    assert "Open “Landslides" not in page.state.text()  # it is the page that is open
    install.install(plan(wheelhouse), Ear())
    page.refresh()
    assert "Ready" in page.state.text()
    shutil.rmtree(own_home / folders(own_home)[0])
    page._check()  # no error, whatever was deleted meanwhile
    assert "damaged or was removed" in page.state.text()
    assert not page.check.isEnabled()
    monkeypatch.setenv("L4S_ENGINE_PYTHON", "/nowhere/<b>python")
    page._install_succeeded()
    assert "is installed, but another Python" in page.step.text()
    assert "L4S_ENGINE_PYTHON" in page.state.text()
    assert "&lt;b&gt;" in page.state.text()
    page.deleteLater()


@pytest.mark.parametrize(
    ("system", "python"),
    [
        ("x86_64-pc-windows-msvc", "3.12"),
        ("aarch64-apple-darwin", "3.12"),
        ("x86_64-apple-darwin", "3.11"),
        ("x86_64-unknown-linux-gnu", "3.10"),
        ("aarch64-unknown-linux-gnu", "3.13"),
    ],
)
@pytest.mark.parametrize("kind", ["light", "full"])
def test_lock_resolves_on_every_platform(tmp_path, system, python, kind):
    """Asks the package server, so only where L4S_TEST_INDEX says that there is one."""
    uv = install.find_uv()
    if uv is None or not os.environ.get("L4S_TEST_INDEX"):
        pytest.skip("needs uv, and L4S_TEST_INDEX as the address of a package server")
    if kind == "full" and system == "x86_64-apple-darwin":
        pytest.skip("the full installation is impossible there, and the page says so")
    listed = tmp_path / "lock.txt"
    listed.write_text("\n".join(locks.read(kind)))
    command = [
        str(uv),
        "pip",
        "install",
        "--no-config",
        "--dry-run",
        "--target",
        str(tmp_path / "t"),
    ]
    command += ["--python-platform", system, "--python-version", python, "--require-hashes"]
    command += ["--only-binary", ":all:", "--default-index", os.environ["L4S_TEST_INDEX"]]
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    ended = subprocess.run(
        [*command, "-r", str(listed)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Would install" in ended.stderr
