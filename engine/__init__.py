"""Landslide detection from Sentinel-2 and terrain: scene → stack → probability → mask → inventory.

Importing this package is cheap: neither PyTorch nor rasterio is imported before a name that needs
it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "CHANNELS": "bands",
    "Grid": "grid",
    "L4SError": "errors",
    "LandslideMask": "handles",
    "ModelBundle": "models.bundle",
    "ModelCard": "models.bundle",
    "ProbabilityRaster": "handles",
    "Reporter": "events",
    "Stack": "handles",
}

__all__ = sorted((*_HOMES, "__version__"))


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"engine.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
