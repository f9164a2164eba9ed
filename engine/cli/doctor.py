"""``l4s doctor``: is this installation healthy, and what can it use?"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from engine import __version__
from engine.errors import DependencyError, L4SError
from engine.events import Reporter

_PACKAGES = (
    "numpy",
    "rasterio",
    "geopandas",
    "shapely",
    "pyproj",
    "pyogrio",
    "onnxruntime",
    "h5py",
    "matplotlib",
)
_OPTIONAL = {
    "train": ("torch", "segmentation-models-pytorch", "timm", "lightning"),
    "crf": ("pydensecrf2",),
    "clouds": ("s2cloudless",),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path.cwd(),
        help="folder whose free space is checked (default: this one)",
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command.

    Raises:
        DependencyError: Something that detection needs is missing or broken; the message names all
            of it.
    """
    checks: dict[str, Any] = {
        "engine": f"{__version__} in {Path(__file__).resolve().parents[1]}",
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.platform()}, {os.cpu_count()} processors",
        "memory_free_gib": _memory_gib(),
        "disk_free_gib": round(
            shutil.disk_usage(args.folder if args.folder.exists() else tempfile.gettempdir()).free
            / 2**30,
            1,
        ),
        "packages": {name: _version(name) for name in _PACKAGES},
        "extras": {
            extra: {name: _version(name) for name in names} for extra, names in _OPTIONAL.items()
        },
        "onnxruntime_providers": _providers(),
        "cuda": _cuda(),
        "models": _models(),
    }
    problems = [
        f"{name} is not installed"
        for name, version in checks["packages"].items()
        if version is None
    ]
    problems += [
        f"model {name}: {state}" for name, state in checks["models"].items() if state != "ok"
    ]
    if not checks["models"]:
        problems.append("no model is installed")
    checks["problems"] = problems
    if problems:
        reporter.log(_text(checks))
        raise DependencyError(
            f"This installation is not complete ({'; '.join(problems)}); install the engine again."
        )
    return {**checks, "text": _text(checks)}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, ValueError, OSError):  # neither macOS nor Windows tells it this way
        return None


def _providers() -> list[str]:
    try:
        import onnxruntime
    except ImportError as error:
        return [f"unusable: {error}"]
    return list(onnxruntime.get_available_providers())


def _cuda() -> str:
    try:
        import torch
    except ImportError:
        return "PyTorch is not installed (the light installation detects on the CPU)"
    if not torch.cuda.is_available():
        return f"PyTorch {torch.__version__} sees no usable GPU"
    return ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))


def _models() -> dict[str, str]:
    from engine.models.bundle import ModelBundle, installed

    states: dict[str, str] = {}
    for path in installed():
        try:
            ModelBundle.open(path)
            states[path.name] = "ok"
        except L4SError as error:
            states[path.name] = str(error)
    return states


def _text(checks: dict[str, Any]) -> str:
    lines = []
    for name, value in checks.items():
        if isinstance(value, dict):
            lines.append(f"{name}:")
            lines += [f"  {key:<28} {_short(item)}" for key, item in value.items()]
        else:
            lines.append(f"{name:<22} {_short(value)}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item or 'not installed'}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    return "not known" if value is None else str(value)
