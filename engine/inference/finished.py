"""A finished result carries what it was made from.

So the same request uses it again.

The name of the request (:func:`engine.inference.setup.fingerprint`) and the facts of the run stand
in the GeoTIFFs' own metadata: they appear together with the pixels, or not at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from engine.errors import L4SError, MissingFileError, UnreadableFileError
from engine.files import ResultFolder
from engine.grid import Grid
from engine.handles import ProbabilityRaster
from engine.raster import grid_of, open_raster

_REQUEST, _FACTS, _AREA, _DIGEST = "request", "facts", "area", "facts_sha256"


@dataclass(frozen=True)
class Origin:
    """What a raster tells of its run; empty for other programs' rasters.

    Attributes:
        request: Names the request; a probability and its uncertainty bear the same.
        facts: How it was made, as in :attr:`engine.inference.detect.Prediction.facts`.
        area: The part that was searched, in the raster's CRS; None for all.
    """

    request: str
    facts: Mapping[str, Any]
    area: BaseGeometry | None


def tags(fingerprint: str, facts: Mapping[str, Any], area: BaseGeometry | None) -> dict[str, str]:
    """What a finished raster of a request is tagged with."""
    noted = {_REQUEST: fingerprint, _FACTS: json.dumps(facts, allow_nan=False)}
    if area is not None:
        noted[_AREA] = shapely.to_wkb(area, hex=True)
    return {**noted, _DIGEST: _digest(noted)}


def origin_of(path: Path) -> Origin:
    """Read what :func:`tags` wrote.

    Raises:
        MissingFileError, UnreadableFileError: There is no such raster, or what it notes is damaged.
    """
    with open_raster(path) as file:
        noted = file.tags()
    if not {_REQUEST, _FACTS, _AREA, _DIGEST} & set(noted):
        return Origin("", {}, None)
    try:
        return _parse(noted)
    except (ValueError, TypeError, KeyError, RecursionError, shapely.errors.ShapelyError) as error:
        raise UnreadableFileError(
            f"What {path} notes of its own run is damaged ({type(error).__name__}: {error}), so"
            " that nobody can tell which models and area it is of; detect again, or copy the file"
            " again."
        ) from error


def _parse(noted: Mapping[str, str]) -> Origin:
    """Read and check the tags of a raster; raises one of a parser's errors."""
    if _DIGEST in noted and noted[_DIGEST] != _digest(noted):
        raise ValueError("its digest does not fit")
    facts = json.loads(noted[_FACTS])
    if not isinstance(facts, dict):
        raise TypeError("no facts")
    members = facts.get("members", [])
    if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
        raise TypeError("no list of models")
    area = shapely.from_wkb(noted[_AREA]) if _AREA in noted else None
    if area is not None and not (area.area > 0 and np.isfinite(area.bounds).all()):
        raise ValueError("its area has no extent")
    return Origin(noted[_REQUEST], facts, area)


def _digest(noted: Mapping[str, str]) -> str:
    text = "\n".join(f"{key}:{noted.get(key)}" for key in (_REQUEST, _FACTS, _AREA))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def uncertainty_of(probability: ProbabilityRaster) -> ProbabilityRaster | None:
    """The uncertainty raster beside a probability, if of the same run."""
    path = ResultFolder(probability.path.parent).uncertainty
    request = origin_of(probability.path).request
    try:
        if not request or origin_of(path).request != request:
            return None
    except (MissingFileError, UnreadableFileError):
        return None  # whatever it is, it is not known to be of this run
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
    try:
        return next(dict(_parse(each).facts) for each in found)
    except (ValueError, TypeError, KeyError, RecursionError, shapely.errors.ShapelyError):
        return None  # computed anew
