"""Which Python runs the engine: found, checked by its files, described.

Layout of the folder (:func:`root`)::

    current.json              which environment is in use; replaced as a whole
    lock                      held while one QGIS installs
    NAME/                     an environment; NAME is never used twice
      ready.json              written last: without it the environment is half-built and is removed
      by the next installation
    uv/                       uv, where it had to be fetched

A named interpreter (a setting, or the variable ``L4S_ENGINE_PYTHON``) goes before what was
installed.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QLockFile, QStandardPaths

from .. import __version__
from ..messages import EngineError
from ..paths import shipped

NAMED = "l4s/python"
VARIABLE = "L4S_ENGINE_PYTHON"
HOME_VARIABLE = "L4S_QGIS_HOME"
READY = "ready.json"
CURRENT = "current.json"


@dataclass(frozen=True)
class Environment:
    """A Python that holds the engine.

    Attributes:
        python: Its interpreter.
        kind: ``light`` or ``full`` (installed here), ``named`` (chosen by the person).
        version: The plugin version that installed it; the running plugin's for a named one.
    """

    python: Path
    kind: str
    version: str


def root() -> Path:
    """The folder of everything installed: local, shared by all profiles."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    data = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    return Path(data) / "l4s-qgis"


def source() -> Path:
    """The folder that holds the engine's source."""
    return shipped("engine_source", ".")


def named_python() -> Path | None:
    """The interpreter that the person named, if any."""
    text = os.environ.get(VARIABLE) or QgsSettings().value(NAMED, "", type=str)
    return Path(text) if text else None


def is_from_variable() -> bool:
    """Whether the environment variable names the interpreter, before any setting."""
    return bool(os.environ.get(VARIABLE))


def set_named_python(python: Path | None) -> None:
    """Remember, or forget, the interpreter that the person named."""
    if python is None:
        QgsSettings().remove(NAMED)
    else:
        QgsSettings().setValue(NAMED, str(python))


def require() -> Environment:
    """The environment to use.

    Raises:
        EngineError: There is none (``environment-missing``), it is damaged (``environment-broken``)
            or belongs to another plugin version (``environment-outdated``).
    """
    named = named_python()
    if named is not None:
        if not named.is_file():
            raise EngineError("environment-broken", str(named))
        return Environment(named, "named", __version__)
    try:
        current = json.loads((root() / CURRENT).read_text(encoding="utf-8"))
        folder = root() / Path(current["folder"]).name
        ready = json.loads((folder / READY).read_text(encoding="utf-8"))
        found = Environment(python_in(folder), str(ready["kind"]), str(ready["version"]))
    except FileNotFoundError as error:
        pointed_at = (root() / CURRENT).exists()
        raise EngineError("environment-broken" if pointed_at else "environment-missing") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise EngineError("environment-broken", str(root())) from error
    if not found.python.exists():
        raise EngineError("environment-broken", str(found.python))
    if found.version != __version__:
        raise EngineError("environment-outdated", f"{found.version} → {__version__}")
    return found


def python_in(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def use(folder: Path, kind: str) -> Environment:
    """Use a freshly built environment from now on; remove older ones."""
    write_whole(folder / READY, json.dumps({"kind": kind, "version": __version__}))
    write_whole(root() / CURRENT, json.dumps({"folder": folder.name}))
    remove_others(folder.name)
    return Environment(python_in(folder), kind, __version__)


def remove_others(keep: str = "") -> None:
    """Remove environments that are not in use; only while holding the lock.

    One in which another QGIS still works keeps the files that the system does not let go; the next
    installation removes them.
    """
    for folder in root().iterdir() if root().is_dir() else ():
        if folder.name.startswith("env-") and folder.name != keep:
            shutil.rmtree(folder, ignore_errors=True)


def installed_bytes() -> int:
    """How much disk is used by what was installed here."""
    return sum(
        path.stat().st_size
        for path in root().rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def uninstall() -> None:
    """Remove everything that was installed here.

    Raises:
        EngineError: Another QGIS installs at this moment, or files cannot be removed.
    """
    lock = QLockFile(str(root() / "lock"))
    lock.setStaleLockTime(0)
    if root().is_dir() and not lock.tryLock(100):
        raise EngineError("output", str(root()))
    try:
        (root() / CURRENT).unlink(missing_ok=True)
        remove_others()
        for name in ("uv", "cache", "uv.txt"):
            path = root() / name
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise EngineError("output", str(error)) from error
    finally:
        lock.unlock()


def current_name() -> str:
    """Name of the environment folder in use, or nothing."""
    try:
        return Path(json.loads((root() / CURRENT).read_text(encoding="utf-8"))["folder"]).name
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there completely or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
