"""Where the rasters of an inventory lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.core import QgsVectorLayer

from ..layers import PROBABILITY_PROPERTY


def inventory_file(layer: QgsVectorLayer) -> Path:
    """The file of an inventory's layer."""
    return Path(layer.source().split("|")[0])


def probability_of(layer: QgsVectorLayer) -> str:
    """The probability raster noted with a layer, or beside its file."""
    noted = str(layer.customProperty(PROBABILITY_PROPERTY) or "")
    return (
        noted
        if noted and Path(noted).exists()
        else str(inventory_file(layer).with_name("probability.tif"))
    )


def stack_of(inventory: Path) -> str:
    """The stack from which an inventory was made, if it is still there."""
    beside = inventory.with_name("stack.tif")
    if beside.exists():
        return str(beside)
    path = (_record(inventory).get("inputs") or {}).get("stack")
    return path if isinstance(path, str) and Path(path).exists() else ""


def _record(inventory: Path) -> dict[str, Any]:
    """The record beside an inventory; empty where there is none."""
    try:
        record = json.loads(inventory.with_name("run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
