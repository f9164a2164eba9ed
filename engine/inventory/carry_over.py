"""A review survives a new run: reviewed polygons are kept and marked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from engine.ground import bring
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.provenance import counts
from engine.status import is_decided

SAME = 0.5
"""Share of a new polygon that must lie in reviewed ones for it to be the same landslide."""

WRITTEN: tuple[str, ...] = (
    "reviewer",
    "reviewed",
    "reason",
    "notes",
    "event",
    "date_from",
    "date_to",
)
CHOSEN: tuple[str, ...] = ("ls_type", "material", "trigger")


@dataclass(frozen=True)
class Merged:
    """A new inventory with the reviewed polygons of an earlier one.

    Attributes:
        inventory: Both together; reviewed polygons first, with their numbers. Its record counts
            what is in it.
        kept: Reviewed polygons that were kept.
        replaced: New polygons that were left out because a reviewed one covers them.
        outside: Kept polygons that lie outside the ground that the new run looked at.
    """

    inventory: Inventory
    kept: int
    replaced: int
    outside: int


def reviewed(landslides: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Which polygons a person has touched: decided on or described.

    Drawn and reshaped ones are ``edited`` since they were read
    (:func:`engine.inventory.storage.restore.measured_anew`).
    """
    touched = is_decided(landslides["status"])
    for name in WRITTEN:
        touched |= landslides[name].notna() & (landslides[name] != "")
    for name in CHOSEN:
        touched |= landslides[name].notna() & (landslides[name] != "unknown")
    return np.asarray(touched, np.bool_)


def keep_reviewed(new: Inventory, old: Inventory) -> Merged:
    """Carry the reviewed polygons of an earlier inventory into a new one.

    A new polygon that lies at least half in reviewed ones is the
    same landslide and gives way; one that overlaps them less is kept and flagged
    ``overlaps-reviewed``.

    Args:
        new: The new run's inventory.
        old: The earlier one as :func:`engine.inventory.storage.reading.read_inventory` gives
            it; its CRS may differ.

    Returns:
        The merged inventory.
    """
    kept = bring(old.landslides[reviewed(old.landslides)], new.crs).reset_index(drop=True)
    if kept.empty:
        return Merged(new, 0, 0, 0)
    broken = ~kept.geometry.is_valid
    kept.loc[broken, "geometry"] = kept.geometry[broken].make_valid()
    kept["kept_from"] = kept["kept_from"].where(
        kept["kept_from"].notna(), str(old.run.get("created", "unknown"))
    )
    found = new.landslides
    share = _covered_share(np.asarray(found.geometry), np.asarray(kept.geometry))
    rest = found[share < SAME].copy()
    touching = np.asarray(share[share < SAME] > 0)
    flags = (
        rest["flags"].fillna("").where(~touching, rest["flags"].fillna("") + ";overlaps-reviewed")
    )
    rest["flags"] = flags.str.strip(";")
    rest["id"] = np.arange(len(rest)) + int(kept["id"].max()) + 1
    # Record by record: concatenating columns that are empty on one side warns of their type.
    rows = [*kept.to_dict("records"), *rest.to_dict("records")]
    table = pd.DataFrame(rows)
    columns: dict[str, Any] = {name: table[name] for name in table.columns if name != "geometry"}
    landslides = as_landslides(table["geometry"].to_numpy(), new.crs, columns)
    outside = int(outside_area(landslides.iloc[: len(kept)], new.aoi).sum())
    run = {**new.run, **counts(landslides), "kept_reviewed": len(kept), "kept_outside": outside}
    merged = replace(new, landslides=landslides, run=run, earlier=(*old.earlier, old.run))
    return Merged(merged, len(kept), len(found) - len(rest), outside)


def outside_area(landslides: gpd.GeoDataFrame, area: BaseGeometry) -> NDArray[np.bool_]:
    """Which polygons lie wholly outside an area of the same CRS."""
    shapely.prepare(area)
    return np.asarray(~shapely.intersects(area, np.asarray(landslides.geometry)), np.bool_)


def _covered_share(shapes: NDArray[np.object_], cover: NDArray[np.object_]) -> NDArray[np.float64]:
    """Share of each polygon's area that lies in any of the others."""
    out = np.zeros(len(shapes))
    if not len(shapes):
        return out
    one, other = shapely.STRtree(cover).query(shapes, predicate="intersects")
    np.add.at(out, one, shapely.area(shapely.intersection(shapes[one], cover[other])))
    return np.asarray(out / shapely.area(shapes), np.float64)
