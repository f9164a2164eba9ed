"""How an inventory was made: the record behind ``run`` and its columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from engine import __version__
from engine.bands import QUALITY_CLASSES
from engine.events import SILENT, Reporter
from engine.grid import Grid
from engine.handles import LandslideMask, ProbabilityRaster, Stack
from engine.inventory.runs import Runs, both, complement, paint, strips
from engine.inventory.volume import RELATION
from engine.status import is_confirmed


def make_record(
    run: Mapping[str, Any] | None,
    parameters: Mapping[str, Any],
    mask: LandslideMask,
    masked: Runs,
    outside: Runs,
    *,
    probability: ProbabilityRaster | None,
    stack: Stack | None,
    reporter: Reporter = SILENT,
) -> dict[str, Any]:
    """Gather everything worth knowing of a run.

    Args:
        run: What the caller knows; it takes precedence.
        parameters: Parameters of vectorizing, used where ``run`` has none.
        mask: The mask.
        masked: Its pixels without a result where was looked.
        outside: Its pixels outside the area of interest.
        probability: Where the mask came from, if known.
        stack: What was looked at; its quality band tells why pixels are hidden, its slope where the
            models saw terrain.
        reporter: Receives progress.

    Returns:
        The record without what follows from the polygons (:func:`counts`); everything in it is
        JSON.
    """
    inputs = {
        # A mask made from the probability on the way may be a temporary file.
        "mask": None if probability else mask.path,
        "probability": probability and probability.path,
        "stack": stack and stack.path,
    }
    empty = both(masked, outside)
    area = mask.grid.pixel_area_m2()
    hidden = float((empty.length * area[empty.row]).sum())
    total = float(area.sum() * mask.grid.columns)
    record: dict[str, Any] = {
        "engine_version": __version__,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "parameters": dict(parameters),
        "inputs": {},
        "masked_share": masked_share(mask.grid, masked, outside, stack, reporter),
        "slope_covered": slope_covered(complement(empty), mask.grid, stack, reporter),
        **(run or {}),
    }
    record["inputs"] = {
        **{name: str(path) for name, path in inputs.items() if path},
        **record["inputs"],
    }
    record["grid"] = mask.grid.describe()
    record["area_km2"] = round((total - hidden) / 1e6, 6)
    record["volume_relation"] = RELATION.name
    return record


def masked_share(
    grid: Grid, masked: Runs, outside: Runs, stack: Stack | None, reporter: Reporter = SILENT
) -> dict[str, float | None]:
    """Share of the area of interest that has no result, by reason.

    Reasons are cloud, shadow, snow, and no data (any other). Cloud, shadow and snow are None where
    nothing is known of them, because there is no stack or it has no quality band.
    """
    size = grid.rows * grid.columns - int(outside.length.sum())
    reasons = [name for name in QUALITY_CLASSES if name not in ("clear", "nodata")]
    if stack is None or not stack.has_quality:
        return {**dict.fromkeys(reasons), "nodata": round(int(masked.length.sum()) / size, 6)}
    counts = dict.fromkeys(reasons, 0)
    if len(masked):
        with stack.reader() as reader:
            for window in strips(grid, 8):
                reporter.progress("counting clouds", int(window.row_off), grid.rows)
                quality = reader.quality(window)
                if quality is not None:
                    seen = np.bincount(
                        quality[paint(masked, window) >= 0],
                        minlength=max(QUALITY_CLASSES.values()) + 1,
                    )
                    counts = {
                        name: count + int(seen[QUALITY_CLASSES[name]])
                        for name, count in counts.items()
                    }
        reporter.progress("counting clouds", grid.rows, grid.rows)
    rest = int(masked.length.sum()) - sum(counts.values())
    return {name: round(count / size, 6) for name, count in {**counts, "nodata": rest}.items()}


def slope_covered(
    seen: Runs, grid: Grid, stack: Stack | None, reporter: Reporter = SILENT
) -> float | None:
    """Share of the pixels with a result for which the stack has a slope.

    Returns:
        0 to 1; None where no stack is known.
    """
    if stack is None:
        return None
    if "slope" not in stack.channels:
        return 0.0
    known = 0
    with stack.reader() as reader:
        for window in strips(grid, 16):
            reporter.progress("looking for terrain", int(window.row_off), grid.rows)
            slope = reader.read(["slope"], window)[0]
            known += int(np.count_nonzero(np.isfinite(slope) & (paint(seen, window) >= 0)))
    reporter.progress("looking for terrain", grid.rows, grid.rows)
    return round(known / int(seen.length.sum()), 6)


def counts(landslides: gpd.GeoDataFrame) -> dict[str, Any]:
    """The entries of a record that follow from the polygons.

    These are the number of landslides, their area, and how many a review found to be none.
    """
    confirmed = is_confirmed(landslides["status"])
    area = float(landslides["area_m2"][confirmed].sum())
    return {
        "landslides": int(confirmed.sum()),
        "landslide_area_km2": round(area / 1e6, 6),
        "rejected": int((~confirmed).sum()),
    }


def columns_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of the schema's provenance, the same for every landslide."""
    models = record.get("models") or []
    inputs = record.get("inputs") or {}
    images = inputs.get("images") or inputs.get("sentinel2") or inputs.get("stack")
    return {
        "model": (
            ", ".join(f"{m.get('name', '')} {m.get('version', '')}".strip() for m in models) or None
        ),
        "model_digest": ", ".join(str(m.get("digest", ""))[:12] for m in models) or None,
        "engine": record.get("engine_version"),
        "threshold": record.get("threshold"),
        "created": record.get("created"),
        "images": _names(images),
        "dem": _names(inputs.get("dem")),
    }


def _names(value: Any) -> str | None:
    """Short names of one or more paths."""
    if not value:
        return None
    many = [value] if isinstance(value, str) else list(value)
    return ", ".join(Path(str(one)).name for one in many)
