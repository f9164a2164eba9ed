"""Build an environment for the engine.

Find a Python, find or fetch uv, install, verify, and only then use it.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from qgis.PyQt.QtCore import QLockFile

from ..i18n import tr
from . import environment, locks, network
from .child import Ended, run_child
from .failures import InstallError, classify

# Light: measured on Linux x86-64. Full: measured there with the tools of development, so a little
# high. Free space is asked for generously, because downloads and unpacked packages lie side by side
# for a while.
DISK_MB = {"light": 850, "full": 6800}
FREE_MB = {"light": 1500, "full": 14000}
WINDOWS = os.name == "nt"
_OLDEST, _NEWEST = (3, 10), (3, 13)


@dataclass(frozen=True)
class Plan:
    """What to install.

    Attributes:
        kind: ``light`` (detection on the processor) or ``full`` (training, CUDA).
        base: A Python to build on; searched for by default.
        wheelhouse: Folder with all packages, for computers without a network.
        locked: Install exactly the tested packages, checked by their hashes; otherwise the newest
            that fit, as an institute's mirror may hold others.
    """

    kind: str = "light"
    base: Path | None = None
    wheelhouse: Path | None = None
    locked: bool = True


class Watcher:
    """Receives what happens during an installation; ignores it by default."""

    def step(self, done: int, total: int, name: str) -> None:
        """A step begins."""

    def log(self, line: str) -> None:
        """A line of the installer's log."""

    def is_cancelled(self) -> bool:
        """Whether the person asked to stop."""
        return False


def install(plan: Plan, watcher: Watcher | None = None) -> environment.Environment:
    """Install the engine; for a worker thread, as it blocks.

    Args:
        plan: What to install.
        watcher: Receives steps and log lines, and is asked whether to stop.

    Returns:
        The new environment, which is in use from now on. The one used before stays in use until
        then.

    Raises:
        InstallError: It failed or was cancelled; what was half-built is removed.
    """
    watcher = watcher or Watcher()
    root = environment.root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        free_mb = shutil.disk_usage(root).free // 2**20
    except OSError as error:
        raise InstallError(classify(str(error)), str(error)) from error
    if free_mb < FREE_MB[plan.kind]:
        raise InstallError("disk", f"{free_mb} MB free in {root}, {FREE_MB[plan.kind]} MB needed")
    lock = QLockFile(str(root / "lock"))
    lock.setStaleLockTime(0)  # only a lock whose process has ended is stale
    if not lock.tryLock(100):
        kind = "permission" if lock.error() == QLockFile.LockError.PermissionError else "busy"
        raise InstallError(kind, str(root))
    folder = root / f"env-{uuid.uuid4().hex[:8]}"
    try:
        environment.remove_others(environment.current_name())
        _Installation(plan, folder, watcher).run()
        return environment.use(folder, plan.kind)
    except OSError as error:
        raise InstallError(classify(str(error)), str(error)) from error
    finally:
        if not (folder / environment.READY).exists():
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(root / "cache", ignore_errors=True)
        lock.unlock()


class _Installation:
    """One installation: its steps in order."""

    def __init__(self, plan: Plan, folder: Path, watcher: Watcher) -> None:
        self._plan = plan
        self._folder = folder
        self._watcher = watcher
        self._variables = {
            **network.variables(),
            "UV_CACHE_DIR": str(folder.parent / "cache"),
            "PYTHONUTF8": "1",
        }

    def run(self) -> None:
        step = self._watcher.step
        step(0, 4, "prepare")
        base = self._plan.base or find_base(self._runs)
        uv = find_uv() or (self._fetch_uv(base) if self._plan.wheelhouse is None else None)
        if base is None and (uv is None or self._plan.wheelhouse is not None):
            raise InstallError("base")
        step(1, 4, "environment")
        self._make_environment(uv, base)
        step(2, 4, "packages")
        self._install_packages(uv, base)
        step(3, 4, "verify")
        self._verify()
        step(4, 4, "done")

    def _make_environment(self, uv: Path | None, base: Path | None) -> None:
        if uv is not None:
            # Without a Python of the computer's own uv brings one: QGIS 3.22 for Windows has 3.9,
            # which is too old.
            python = str(base) if base else "3.12"
            self._call([str(uv), "venv", "--no-config", "--python", python, str(self._folder)])
        else:
            self._call([str(base), "-I", "-m", "venv", "--without-pip", str(self._folder)])

    def _install_packages(self, uv: Path | None, base: Path | None) -> None:
        python = str(environment.python_in(self._folder))
        if uv is not None:
            # No settings of uv's own: one could lie in any folder above.
            command = [str(uv), "pip", "install", "--no-config", "--python", python]
        else:
            command = [str(base), "-I", "-m", "pip", "--python", python, "install", "--no-input"]
        backend = (
            ["--torch-backend", "auto"] if uv is not None and self._plan.kind == "full" else []
        )
        if self._plan.wheelhouse is not None:
            offline = ["--no-index", "--find-links", str(self._plan.wheelhouse)]
            self._call([*command, *offline, requirement(self._plan)])
        elif not self._plan.locked:
            self._call([*command, *backend, requirement(self._plan)])
        else:
            self._install_locked(command, backend)

    def _install_locked(self, command: list[str], backend: list[str]) -> None:
        """Install the tested packages by their hashes, then the engine without asking further."""
        packages = locks.read(self._plan.kind)
        special = locks.torch(packages) if WINDOWS and backend else []
        path = self._folder / "lock.txt"
        path.write_text("\n".join(p for p in packages if p not in special), encoding="utf-8")
        hashes = ["--require-hashes", "--only-binary", ":all:", "-r", str(path)]
        self._call([*command, *hashes])
        if special:  # on Windows PyPI's torch has no CUDA; the one for the GPU has other hashes
            self._call([*command, *backend, *map(locks.bare, special)])
        self._call([*command, "--no-deps", "--no-build-isolation", str(environment.source())])

    def _verify(self) -> None:
        code = "import engine, rasterio, geopandas, onnxruntime; print(engine.__version__)"
        if self._plan.kind == "full":
            code = f"import torch; {code}"
        try:
            self._call([str(environment.python_in(self._folder)), "-I", "-c", code])
        except InstallError as error:
            raise InstallError(
                "cancelled" if error.kind == "cancelled" else "verify", error.log
            ) from error

    def _fetch_uv(self, base: Path | None) -> Path | None:
        """Fetch uv through pip, else through QGIS's network.

        pip knows the computer's package servers.
        """
        target = environment.root() / "uv"
        if base is not None:
            listed = target.with_suffix(".txt")
            listed.write_text("\n".join(locks.read("uv")), encoding="utf-8")
            command = [str(base), "-I", "-m", "pip", "install", "--no-input", "--upgrade"]
            hashes = ["--require-hashes", "--only-binary", ":all:", "-r", str(listed)]
            try:
                self._call([*command, *hashes, "--target", str(target)])
            except InstallError as error:
                if error.kind == "cancelled":
                    raise
        if find_uv() is None:
            try:
                network.download_uv(target)
            except OSError as error:
                self._watcher.log(str(error))
        return find_uv()

    def _call(self, command: list[str]) -> None:
        self._watcher.log("$ " + " ".join(command))
        lines: list[str] = []

        def receive(text: str) -> None:
            lines.append(text)
            self._watcher.log(text)

        ended = run_child(
            command,
            on_line=lambda line: receive(line.decode("utf-8", "replace")),
            on_error_line=receive,
            is_cancelled=self._watcher.is_cancelled,
            environment=self._variables,
        )
        self._raise_unless_good(ended, "\n".join(lines) or ended.text)

    def _raise_unless_good(self, ended: Ended, log: str) -> None:
        if ended.cancelled or self._watcher.is_cancelled():
            raise InstallError("cancelled", log)
        if not ended.started or ended.code != 0:
            raise InstallError(classify(log), log)

    def _runs(self, python: Path) -> bool:
        """Whether a Python has a fitting version and can build environments."""
        said: list[bytes] = []
        code = "import sys, venv, pip; print('%d.%d' % sys.version_info[:2])"
        ended = run_child([str(python), "-I", "-c", code], on_line=said.append)
        found = (
            re.match(r"(\d+)\.(\d+)$", said[0].decode("ascii", "replace").strip()) if said else None
        )
        if ended.code != 0 or found is None:
            return False
        return _OLDEST <= (int(found.group(1)), int(found.group(2))) <= _NEWEST


def requirement(plan: Plan) -> str:
    """What pip or uv is asked to install.

    A wheel of the engine in the offline folder, or the source that came with the plugin.
    """
    extra = "[train]" if plan.kind == "full" else ""
    if plan.wheelhouse is not None and any(plan.wheelhouse.glob("l4s_engine-*.whl")):
        return f"l4s-engine{extra}"
    return f"{environment.source()}{extra}"


def find_base(runs: Callable[[Path], bool]) -> Path | None:
    """A Python on which an environment can be built.

    Never ``sys.executable``, which is QGIS itself on Windows and macOS.
    """
    prefix, (major, minor) = Path(sys.base_prefix), sys.version_info[:2]
    names: dict[str, list[Path]] = {
        "nt": [prefix / "python.exe", prefix / "python3.exe"],
        "posix": [prefix / "bin" / f"python{major}.{minor}", prefix / "bin" / "python3"],
    }
    on_path = [
        _on_path(name)
        for name in ("python3.12", "python3.11", "python3.13", "python3.10", "python3", "python")
    ]
    for candidate in [*names.get(os.name, []), *(found for found in on_path if found)]:
        # The stubs in WindowsApps open the Microsoft Store.
        if candidate.is_file() and "WindowsApps" not in candidate.parts and runs(candidate):
            return candidate
    return None


def find_uv() -> Path | None:
    """The program uv: on the search path, where it installs itself, or fetched."""
    name = "uv.exe" if os.name == "nt" else "uv"
    found = _on_path("uv")
    places = [
        *([found] if found else []),
        Path.home() / ".local" / "bin" / name,
        Path.home() / ".cargo" / "bin" / name,
        environment.root() / "uv" / "bin" / name,
    ]
    return next((place for place in places if place.is_file()), None)


def _on_path(name: str) -> Path | None:
    """A program on the search path, never one that lies in the working directory."""
    found = shutil.which(name)
    if found is None or not Path(found).is_absolute():
        return None
    return Path(found) if Path(found).parent.resolve() != Path.cwd().resolve() else None


def obstacle(kind: str, system: str = sys.platform, machine: str = "") -> str:
    """Why an installation is impossible on a computer, or nothing.

    Args:
        kind: ``light`` or ``full``.
        system: As ``sys.platform``.
        machine: As ``platform.machine()``; this computer's by default.
    """
    if kind == "full" and system == "darwin" and (machine or platform.machine()) == "x86_64":
        return tr(
            "PyTorch is no longer made for Macs with Intel processors, so the full installation is impossible here. The light one works."
        )
    return ""
