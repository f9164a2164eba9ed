"""A finished result carries what it was made from, so that the same request takes it as it is.

The name of the request (:func:`engine.inference.setup.fingerprint`) and the facts of the run stand
in the GeoTIFFs' own metadata: they appear together with the pixels, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from engine.errors import L4SError
from engine.files import ResultFolder
from engine.grid import Grid
from engine.handles import ProbabilityRaster
from engine.raster import grid_of, open_raster

_REQUEST, _FACTS, _AREA = "request", "facts", "area"


@dataclass(frozen=True)
class Origin:
    """What a raster tells of the run that made it; empty for rasters of other programs.

    Attributes:
        request: Names the request; a probability and its uncertainty bear the same.
        facts: How it was made, as in :attr:`engine.inference.detect.Prediction.facts`.
        area: Where was looked, in the raster's CRS; None for everywhere.
    """

    request: str
    facts: Mapping[str, Any]
    area: BaseGeometry | None


def tags(fingerprint: str, facts: Mapping[str, Any], area: BaseGeometry | None) -> dict[str, str]:
    """What a finished raster of a request is tagged with."""
    where = {} if area is None else {_AREA: shapely.to_wkb(area, hex=True)}
    return {_REQUEST: fingerprint, _FACTS: json.dumps(facts, allow_nan=False), **where}


def origin_of(path: Path) -> Origin:
    """Read what :func:`tags` wrote.

    Raises:
        MissingFileError, UnreadableFileError: There is no such raster.
    """
    with open_raster(path) as file:
        noted = file.tags()
    if _REQUEST not in noted or _FACTS not in noted:
        return Origin("", {}, None)
    area = shapely.from_wkb(noted[_AREA]) if _AREA in noted else None
    return Origin(noted[_REQUEST], json.loads(noted[_FACTS]), area)


def uncertainty_of(probability: ProbabilityRaster) -> ProbabilityRaster | None:
    """The uncertainty raster beside a probability raster, where the same run made both."""
    path = ResultFolder(probability.path.parent).uncertainty
    request = origin_of(probability.path).request
    if not request or not path.exists() or origin_of(path).request != request:
        return None
    return ProbabilityRaster.open(path)


def facts_of(
    folder: ResultFolder, layers: Sequence[str], grid: Grid, fingerprint: str
) -> dict[str, Any] | None:
    """The facts of the finished run of this very request, or None.

    Args:
        folder: Folder of the results.
        layers: Names of the rasters that the request makes, the probability first.
        grid: Their grid.
        fingerprint: Names the request.
    """
    found: list[dict[str, str]] = []
    for layer in layers:
        try:
            with open_raster(folder.layer(layer)) as file:
                if not grid_of(file).same_as(grid):
                    return None
                found.append(file.tags())
        except L4SError:
            return None
    if any(each.get(_REQUEST) != fingerprint for each in found):
        return None
    facts: dict[str, Any] = json.loads(found[0][_FACTS])
    return facts
