"""How well an inventory agrees with a reference.

By area, by landslide, by size class, and along the outlines.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from engine.errors import ConfigError
from engine.evaluation.overlap import area_scores, boundary_distance, one_to_one, overlaps
from engine.evaluation.reference import Reference
from engine.evaluation.scores import Confusion
from engine.events import SILENT, Reporter
from engine.files import atomic_path
from engine.ground import metres_per_unit
from engine.inventory.inventory import Inventory, as_multipolygons
from engine.inventory.shape import valid_polygons

LAYERS = ("missed", "false", "matched")
"""Layers of a written comparison."""

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

SIZE_CLASSES_M2 = (0.0, 1e3, 1e4, 1e5, math.inf)


@dataclass(frozen=True)
class CompareConfig:
    """When two landslides are the same.

    Attributes:
        min_share: A landslide counts as found (or right) if this share of its area lies in the
            other inventory, in however many pieces.
        min_iou: Two landslides are a pair, one to one, if their intersection over union is at least
            this.
        point_distance_m: With a reference of points: how far a point may lie from the polygon that
            finds it.
    """

    min_share: float = 0.5
    min_iou: float = 0.3
    point_distance_m: float = 30.0

    def __post_init__(self) -> None:
        for name in ("min_share", "min_iou"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigError(
                    f"{name} must lie above 0 and not above 1, but is {getattr(self, name):g}."
                )
        if not self.point_distance_m >= 0:
            raise ConfigError(
                f"point_distance_m must be 0 or more, but is {self.point_distance_m:g}."
            )


@dataclass(frozen=True)
class Objects:
    """Scores by landslide; None where nothing speaks for or against.

    Attributes:
        reference: Landslides of the reference.
        inventory: Landslides of the inventory.
        found: Reference landslides that were found.
        right: Inventory landslides that are in the reference.
    """

    reference: int
    inventory: int
    found: int
    right: int

    @property
    def recall(self) -> float | None:
        """Share of the reference's landslides that were found."""
        return self.found / self.reference if self.reference else None

    @property
    def precision(self) -> float | None:
        """Share of the inventory's landslides that are right."""
        return self.right / self.inventory if self.inventory else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both."""
        if self.recall is None or self.precision is None:
            return None
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Counts and scores as JSON."""
        return {**asdict(self), "precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclass(frozen=True)
class Comparison:
    """The result; areas in m² on the ground.

    Attributes:
        area: Scores by area (equal to pixel scores of infinitely small pixels), in m²; None with a
            reference of points.
        area_ratio: Inventory area by reference area; None with points or an empty reference.
        overlapping: Landslides matched by overlap, in however many pieces.
        pairs: Landslides matched one to one; None with points.
        by_size: ``overlapping`` for each size class, by its label.
        fragmented: Reference landslides that lie in several of the inventory's.
        merged: Inventory landslides that cover several of the reference's.
        boundary_m: Median over the pairs of the mean distance between the two outlines.
        missed: Reference landslides that were not found.
        false: Inventory landslides that are not in the reference.
        matched: Inventory landslides of pairs, with ``iou`` and ``boundary_m``.
    """

    area: Confusion | None
    area_ratio: float | None
    overlapping: Objects
    pairs: Objects | None
    by_size: dict[str, Objects]
    fragmented: int
    merged: int
    boundary_m: float | None
    missed: gpd.GeoDataFrame
    false: gpd.GeoDataFrame
    matched: gpd.GeoDataFrame

    def to_dict(self) -> dict[str, Any]:
        """Everything but the layers, as JSON."""
        return {
            "area": self.area.to_dict() if self.area else None,
            "area_ratio": self.area_ratio,
            "overlapping": self.overlapping.to_dict(),
            "pairs": self.pairs.to_dict() if self.pairs else None,
            "by_size": {name: one.to_dict() for name, one in self.by_size.items()},
            "fragmented": self.fragmented,
            "merged": self.merged,
            "boundary_m": self.boundary_m,
        }


def compare(
    inventory: Inventory,
    reference: Reference,
    *,
    config: CompareConfig | None = None,
    reporter: Reporter = SILENT,
) -> Comparison:
    """Compare an inventory with a reference in the same CRS.

    Args:
        inventory: What is judged; rejected landslides do not count.
        reference: What is taken for true, see :func:`engine.evaluation.reference.read_reference`.
        config: When two landslides are the same.
        reporter: Receives progress.

    Returns:
        The comparison.
    """
    config = config or CompareConfig()
    mine = inventory.confirmed.reset_index(drop=True)
    reporter.progress("comparing", 0, 3)
    if reference.points:
        return _with_points(mine, reference.shapes, config, inventory.crs)
    crs = inventory.crs
    ours, theirs = valid_polygons(np.asarray(mine.geometry)), np.asarray(reference.shapes.geometry)
    both = overlaps(ours, theirs, crs, reporter)
    pairs, area_ours, area_theirs = both.pairs, both.ours.area_m2, both.theirs.area_m2
    reporter.progress("comparing", 1, 3)
    found, right = both.found_share >= config.min_share, both.right_share >= config.min_share
    one, other, iou = one_to_one(pairs, area_ours, area_theirs, config.min_iou)
    distance = boundary_distance(ours[one], theirs[other], crs, reporter)
    reporter.progress("comparing", 2, 3)
    touched = pairs[2] > 0.1 * np.minimum(area_ours[pairs[0]], area_theirs[pairs[1]])
    area = area_scores(both, inventory.aoi, crs, reporter=reporter)
    reporter.progress("comparing", 3, 3)
    return Comparison(
        area=area,
        area_ratio=(area.tp + area.fp) / (area.tp + area.fn) if area.tp + area.fn else None,
        overlapping=Objects(len(theirs), len(ours), int(found.sum()), int(right.sum())),
        pairs=Objects(len(theirs), len(ours), len(one), len(one)),
        by_size=_by_size(area_theirs, found, area_ours, right),
        fragmented=int((np.bincount(pairs[1][touched], minlength=1) > 1).sum()),
        merged=int((np.bincount(pairs[0][touched], minlength=1) > 1).sum()),
        boundary_m=float(np.median(distance)) if len(distance) else None,
        missed=reference.shapes[~found].assign(
            area_m2=area_theirs[~found], found_share=both.found_share[~found]
        ),
        false=mine[~right].assign(right_share=both.right_share[~right]),
        matched=mine.iloc[one].assign(iou=iou, boundary_m=distance),
    )


def _by_size(
    area_theirs: Floats, found: NDArray[np.bool_], area_ours: Floats, right: NDArray[np.bool_]
) -> dict[str, Objects]:
    out: dict[str, Objects] = {}
    for low, high in pairwise(SIZE_CLASSES_M2):
        label = (
            f"under {high:,.0f} m²"
            if not low
            else f"{low:,.0f} m² and more"
            if math.isinf(high)
            else f"{low:,.0f} to {high:,.0f} m²"
        )
        a, b = (area_theirs >= low) & (area_theirs < high), (area_ours >= low) & (area_ours < high)
        out[label] = Objects(int(a.sum()), int(b.sum()), int(found[a].sum()), int(right[b].sum()))
    return out


def _with_points(
    mine: gpd.GeoDataFrame, points: gpd.GeoDataFrame, config: CompareConfig, crs: CRS
) -> Comparison:
    """Points have no area: being found and being right mean being near."""
    middle = shapely.get_coordinates(shapely.points(points.total_bounds.reshape(2, 2).mean(axis=0)))
    east, north = (float(v[0]) for v in metres_per_unit(crs, middle[:, 0], middle[:, 1]))
    flat = [
        shapely.transform(np.asarray(t.geometry), lambda xy: xy * (east, north))
        for t in (mine, points)
    ]
    one, other = shapely.STRtree(flat[1]).query(
        flat[0], predicate="dwithin", distance=config.point_distance_m
    )
    found, right = np.isin(np.arange(len(points)), other), np.isin(np.arange(len(mine)), one)
    area = mine["area_m2"].to_numpy(np.float64)
    return Comparison(
        area=None,
        area_ratio=None,
        overlapping=Objects(len(points), len(mine), int(found.sum()), int(right.sum())),
        pairs=None,
        by_size=_by_size(np.zeros(0), found[:0], area, right),
        fragmented=int((np.bincount(other, minlength=1) > 1).sum()),
        merged=int((np.bincount(one, minlength=1) > 1).sum()),
        boundary_m=None,
        missed=points[~found],
        false=mine[~right],
        matched=mine[right],
    )


def write_layers(comparison: Comparison, path: Path) -> Path:
    """Write the layers ``missed``, ``false`` and ``matched`` as a GeoPackage."""
    with atomic_path(path) as temporary:
        temporary.unlink(missing_ok=True)
        for number, name in enumerate(LAYERS):
            table: gpd.GeoDataFrame = getattr(comparison, name)
            table = table.drop(columns=[c for c in ("fid", "ogc_fid") if c in table.columns])
            shapes = as_multipolygons(np.asarray(table.geometry))
            pyogrio.write_dataframe(
                gpd.GeoDataFrame(
                    table.drop(columns=table.geometry.name), geometry=shapes, crs=table.crs
                ),
                temporary,
                layer=name,
                driver="GPKG",
                append=number > 0,
                dataset_options={"VERSION": "1.3"},
                geometry_type=(
                    "Point" if name == "missed" and comparison.area is None else "MultiPolygon"
                ),
            )
    return path


def as_table(comparison: Comparison) -> str:
    """The comparison as text for people."""
    lines = []
    if comparison.area is not None:
        s = comparison.area.to_dict()
        lines += [
            f"by area        precision {_percent(s['precision'])}  recall {_percent(s['recall'])} "
            f" F1 {_percent(s['f1'])}  IoU {_percent(s['iou'])}"
        ]
    named = {"by overlap": comparison.overlapping, "one to one": comparison.pairs}
    for name, one in named.items():
        if one is not None:
            lines.append(
                f"{name:<14} precision {_percent(one.precision)}  recall {_percent(one.recall)}  F1"
                f" {_percent(one.f1)}  ({one.found:,} of {one.reference:,} found, {one.right:,} of"
                f" {one.inventory:,} right)"
            )
    lines += [
        "",
        (
            f"{'size class':<24}{'reference':>10}{'found':>8}{'recall':>10}"
            f"{'inventory':>11}{'right':>8}{'precision':>11}"
        ),
    ]
    lines += [
        f"{name:<24}{o.reference:>10,}{o.found:>8,}{_percent(o.recall):>10}"
        f"{o.inventory:>11,}{o.right:>8,}{_percent(o.precision):>11}"
        for name, o in comparison.by_size.items()
    ]
    lines += [
        "",
        (
            f"in pieces      {comparison.fragmented:,} reference landslides; {comparison.merged:,}"
            " of the inventory's cover several"
        ),
    ]
    if comparison.area_ratio is not None:
        lines.append(f"area ratio     {comparison.area_ratio:.3f} (inventory by reference)")
    if comparison.boundary_m is not None:
        lines.append(f"outlines       {comparison.boundary_m:.1f} m apart (median over pairs)")
    return "\n".join(lines)


def _percent(value: float | int | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
