"""Puts right what other programs leave stale or empty in an inventory.

These are sizes, numbers, the review status and the record of the run.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.inventory.attributes import FALL_LINE_GRADIENT, of_outline
from engine.inventory.inventory import text_of
from engine.inventory.schema import BY_NAME
from engine.inventory.shape import ground_area, measure_form, valid_polygons
from engine.inventory.volume import estimate_volume
from engine.status import BY_HAND, is_decided

Floats = NDArray[np.float64]

RESHAPED = 0.01
"""Relative change of area from which an outline counts as changed by hand."""


def measured_anew(landslides: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Measure what was drawn or reshaped outside, and mark it as a person's.

    A GIS changes outlines but not the columns that follow from them, and leaves every column of a
    drawn polygon empty. What needs rasters (probability, terrain, flags) stays as it is.

    Args:
        landslides: The table as it was read; no geometry is missing.

    Returns:
        The same rows. Those whose outline changed, or whose area, perimeter or volume is missing or
        contradicts the others, have the measures of their polygons. Those without a status, and
        pending ones whose outline changed or that have no number among others that do, are
        ``edited``. Numbers are unique.
    """
    if landslides.empty:
        return landslides
    shapes = valid_polygons(np.asarray(landslides.geometry))
    area = ground_area(shapes, landslides.crs)
    measured, perimeter, volume = (
        landslides[name].to_numpy(np.float64) for name in ("area_m2", "perimeter_m", "volume_m3")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        changed = np.abs(area / measured - 1) > RESHAPED
    # Half a cubic metre: volumes are rounded.
    consistent = np.isclose(volume, estimate_volume(measured)[0], rtol=RESHAPED, atol=0.5)
    stale = np.flatnonzero(
        (changed | np.isnan(measured) | np.isnan(perimeter) | ~consistent) & (area > 0)
    )
    status = landslides["status"]
    unnumbered = landslides["id"] <= 0
    drawn = changed | (
        unnumbered if not unnumbered.all() else False
    )  # where no row has a number, a program has lost them
    by_hand = status.isna() | (status == "") | (~is_decided(status) & drawn)
    out = landslides.assign(status=status.where(~by_hand, BY_HAND), id=_numbers(landslides["id"]))
    if len(stale):
        for name, values in measures(shapes[stale], out.iloc[stale]).items():
            column = out[name].to_numpy(np.float64, copy=True)
            column[stale] = values
            out[name] = column
    return out


def _numbers(ids: pd.Series[int]) -> NDArray[np.int64]:
    """Keep valid numbers; number polygons that were drawn or split anew."""
    out: NDArray[np.int64] = np.array(ids, np.int64)
    again = np.asarray(ids.duplicated() | (ids <= 0), np.bool_)
    out[again] = np.arange(int(again.sum())) + max(0, int(out.max())) + 1
    return out


def measures(shapes: NDArray[np.object_], rows: gpd.GeoDataFrame) -> dict[str, Floats]:
    """All columns that follow from the outlines alone, rounded.

    The fall line is that of the terrain measured before, if any was.
    """
    aspect = np.radians(rows["aspect_deg"].to_numpy(np.float64))
    steep = np.tan(np.radians(rows["slope_deg"].to_numpy(np.float64))) > FALL_LINE_GRADIENT
    downhill = np.where(steep[:, None], np.stack([np.sin(aspect), np.cos(aspect)], axis=1), np.nan)
    form = measure_form(shapes, rows.crs, downhill)
    columns = of_outline(form, form.area_m2)
    return {name: np.round(values, BY_NAME[name].digits) for name, values in columns.items()}


def records_of(landslides: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Records of the runs as far as the columns of their landslides tell.

    Returns:
        Oldest first; empty where the columns tell nothing.
    """
    records = []
    for created, rows in landslides.groupby("created"):  # ISO 8601: in the order of time
        row = rows.iloc[0]
        inputs = {name: text_of(row[name]) for name in ("images", "dem") if text_of(row[name])}
        record = {
            "created": created,
            "engine_version": text_of(row["engine"]),
            "models": _models(row),
            "inputs": inputs,
        }
        if np.isfinite(row["threshold"]):
            record["threshold"] = float(row["threshold"])
        records.append(record)
    return records


def _models(row: Any) -> list[dict[str, str]]:
    """The models as a record lists them.

    They come from the columns that :func:`engine.inventory.provenance.columns_of` makes of it.
    """
    names, digests = (
        text_of(row[name]).split(", ") if text_of(row[name]) else []
        for name in ("model", "model_digest")
    )
    digests += [""] * (len(names) - len(digests))
    models = []
    for text, digest in zip(names, digests, strict=False):
        name, _, version = text.rpartition(" ")
        models.append(
            {"name": name or version, "version": version if name else "", "digest": digest}
        )
    return models
