"""A finished result carries what it was made from, so that the same request takes it as it is.

The name of the request (:func:`engine.inference.setup.fingerprint`) and the facts of the run stand in the GeoTIFFs' own metadata: they
appear together with the pixels, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import L4SError
from engine.grid import Grid
from engine.raster import grid_of, open_raster

_REQUEST, _FACTS = "request", "facts"


def tags(fingerprint: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """What a finished raster of a request is tagged with."""
    return {_REQUEST: fingerprint, _FACTS: json.dumps(facts, allow_nan=False)}


def facts_of(out: Path, layers: Sequence[str], grid: Grid, fingerprint: str) -> dict[str, Any] | None:
    """The facts of the finished run of this very request in a folder, or None if there is none.

    Args:
        out: Folder of the results.
        layers: Names of the rasters that the request makes, the probability first.
        grid: Their grid.
        fingerprint: Names the request.
    """
    found: list[dict[str, str]] = []
    for layer in layers:
        try:
            with open_raster(out / f"{layer}.tif") as file:
                if not grid_of(file).same_as(grid):
                    return None
                found.append(file.tags())
        except L4SError:
            return None
    if any(each.get(_REQUEST) != fingerprint for each in found):
        return None
    facts: dict[str, Any] = json.loads(found[0][_FACTS])
    return facts
