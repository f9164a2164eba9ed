"""One inventory of several scenes; what two of them saw counts once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from engine.inventory.attributes import CUT
from engine.inventory.carry_over import SAME, reviewed
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.provenance import counts
from engine.inventory.storage.restore import measures

SHARED = ("engine_version", "device", "parameters", "grid", "volume_relation")
"""Entries of the record that several runs have in common, or else are listed."""

Shapes = NDArray[np.object_]
Flags = NDArray[np.bool_]


def combine(inventories: Sequence[Inventory]) -> Inventory:
    """Put inventories together, in the CRS of the first.

    A landslide that two of them mapped is kept once: the one that a person reviewed, else the one
    that no border cuts, else the larger. Two parts that the borders of both scenes cut are joined.
    A polygon that lies at least half in better ones is the same landslide and is left out; one that
    overlaps them less loses the common ground, so that none counts twice. Reviewed outlines are
    never changed.

    Args:
        inventories: One or more.

    Returns:
        The landslides, largest first and numbered anew; the union of the ground; the record of all
        runs. Measures of a changed outline are taken anew, while statistics of pixels stay those of
        its own, for joined ones of the better part.
    """
    first = inventories[0]
    placed = [inventory.to_crs(first.crs) for inventory in inventories]
    tables = [inventory.landslides for inventory in placed]
    scene = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    rows = [row for table in tables for row in table.to_dict("records")]
    area = shapely.union_all([inventory.aoi for inventory in placed])
    landslides = first.landslides.iloc[:0]
    left_out = joined = 0
    if rows:
        table = pd.DataFrame(rows)
        columns = {
            str(name): table[name]
            for name in table.columns
            if name != first.landslides.geometry.name
        }
        shapes = table[first.landslides.geometry.name].to_numpy()
        settled = _settle(as_landslides(shapes, first.crs, columns), scene)
        landslides = _changed(settled, area)
        left_out, joined = int((~settled.keep).sum()), len(settled.joined)
    run = _record(inventories, area)
    run |= {**counts(landslides), "mapped_twice": left_out - joined, "joined": joined}
    return Inventory(landslides, area, run)


@dataclass(frozen=True)
class _Settled:
    """Landslides with what becomes of each.

    Attributes:
        landslides: All, as they came.
        shapes: Their outlines afterwards.
        keep: Which stay.
        joined: Numbers of those to which a part of another scene was joined, once for each part.
    """

    landslides: gpd.GeoDataFrame
    shapes: Shapes
    keep: Flags
    joined: tuple[int, ...]


def _settle(landslides: gpd.GeoDataFrame, scene: NDArray[np.int64]) -> _Settled:
    """Decide on landslides that overlap ones of other scenes, best first."""
    shapes = np.asarray(landslides.geometry).copy()
    by_hand, cut = reviewed(landslides), _cut(landslides)
    keep = np.ones(len(shapes), np.bool_)
    joined: list[int] = []
    neighbours = _neighbours(shapes, scene)
    settled: set[int] = set()
    for i in np.lexsort((-shapely.area(shapes), cut, ~by_hand)).tolist():
        better = sorted(neighbours.get(i, set()) & settled)
        common = shapely.area(shapely.intersection(shapes[better], shapes[i]))
        settled.add(i)
        if not common.any():
            continue
        cover = shapely.union_all(shapes[better])
        rest = shapely.difference(shapes[i], cover)
        new = shapely.area(rest) / shapely.area(shapes[i])
        most = better[int(np.argmax(common))]
        if new > 0 and cut[i] and cut[most] and not by_hand[i] and not by_hand[most]:
            shapes[most] = shapely.union(shapes[most], rest)
            joined.append(most)
            for other in neighbours[i] - {most}:
                neighbours[other].add(most)
        elif new > 1 - SAME:
            shapes[i] = shapes[i] if by_hand[i] else rest
            continue
        keep[i] = False
        settled.remove(i)
    return _Settled(landslides, shapes, keep, tuple(joined))


def _neighbours(shapes: Shapes, scene: NDArray[np.int64]) -> dict[int, set[int]]:
    """For each landslide, those of other scenes that it overlaps."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[scene[one] != scene[other]], other[scene[one] != scene[other]]
    some = shapely.area(shapely.intersection(shapes[one], shapes[other])) > 0
    found: dict[int, set[int]] = {}
    for i, j in zip(one[some].tolist(), other[some].tolist(), strict=True):
        found.setdefault(i, set()).add(j)
    return found


def _cut(landslides: gpd.GeoDataFrame) -> Flags:
    """Which outlines end at a border of the image or of the area of interest."""
    return np.array(
        [bool(CUT & set(text.split(";"))) for text in landslides["flags"].fillna("")], np.bool_
    )


def _changed(settled: _Settled, area: BaseGeometry) -> gpd.GeoDataFrame:
    """The landslides that stay, largest first; changed ones measured anew."""
    table = settled.landslides
    moved = settled.keep & ~shapely.equals(np.asarray(table.geometry), settled.shapes)
    border = shapely.boundary(area)
    for i in settled.joined:
        if not border.intersects(
            settled.shapes[i]
        ):  # the border that cut it runs through the other scene
            table.loc[i, "flags"] = ";".join(
                name for name in str(table.loc[i, "flags"]).split(";") if name not in CUT
            )
    columns = {str(name): table[name] for name in table.columns if name != table.geometry.name}
    table = as_landslides(settled.shapes, table.crs, columns)
    if moved.any():
        for name, values in measures(settled.shapes[moved], table[moved]).items():
            table.loc[moved, name] = values
    table = table[settled.keep].sort_values(
        "area_m2", ascending=False, kind="stable", ignore_index=True
    )
    table["id"] = np.arange(1, len(table) + 1)
    return table


def _record(inventories: Sequence[Inventory], area: BaseGeometry) -> dict[str, Any]:
    """The record of all runs.

    What they have in common stands as it is, what differs as lists; shares are over the ground of
    all.
    """
    runs = [inventory.run for inventory in inventories]
    seen = np.array([float(run.get("area_km2") or 0) for run in runs])
    planar = (
        sum(i.aoi.area for i in inventories)
        if len({str(i.crs) for i in inventories}) == 1
        else None
    )
    once = area.area / planar if planar else 1.0
    members = [member for run in runs for member in run.get("members") or []]
    models = [model for run in runs for model in run.get("models") or []]
    inputs = {name for run in runs for name in run.get("inputs") or {}}
    made = [run.get("stack_made_from") or {} for run in runs]
    record: dict[str, Any] = {
        **{name: _common([run.get(name) for run in runs]) for name in SHARED},
        "created": min(str(run.get("created", "")) for run in runs),
        "threshold": (
            runs[0].get("threshold") if len({run.get("threshold") for run in runs}) == 1 else None
        ),
        "models": _distinct(models),
        "members": _distinct(members),
        "inputs": {
            name: _common([(run.get("inputs") or {}).get(name) for run in runs])
            for name in sorted(inputs)
        },
        "masked_share": _masked(runs, seen),
        "slope_covered": _mean([run.get("slope_covered") for run in runs], seen),
        "area_km2": round(float(seen.sum()) * once, 6),
        "merged": [dict(run) for run in runs],
    }
    if any(made):
        record["stack_made_from"] = {
            "imagery": _distinct([image for each in made for image in each.get("imagery", [])])
        }
    return record


def _masked(
    runs: Sequence[Mapping[str, Any]], seen: NDArray[np.float64]
) -> dict[str, float | None]:
    """Mean shares, weighted by each run's whole ground, overlaps included."""
    shares = [run.get("masked_share") or {} for run in runs]
    whole = np.array(
        [
            km2 / (1 - sum(v or 0 for v in share.values()))
            for km2, share in zip(seen, shares, strict=True)
        ]
    )
    return {
        name: _mean([share.get(name) for share in shares], whole)
        for share in shares[:1]
        for name in share
    }


def _mean(values: Sequence[float | None], weights: NDArray[np.float64]) -> float | None:
    """Weighted mean; None where one is not known."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not weights.sum():
        return None
    return round(float(np.average(known, weights=weights)), 6)


def _common(values: Sequence[Any]) -> Any:
    """What all have in common, or else a flat list of what they have."""
    distinct = _distinct([value for value in values if value is not None])
    if len(distinct) < 2:
        return distinct[0] if distinct else None
    return _distinct(
        [item for value in distinct for item in (value if isinstance(value, list) else [value])]
    )


def _distinct(values: Sequence[Any]) -> list[Any]:
    """Each value once, in order; values may be JSON of any kind."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
