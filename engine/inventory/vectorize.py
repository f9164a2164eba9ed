"""LandslideMask → Inventory: polygons with attributes and provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from engine.errors import ConfigError, NoValidPixelsError
from engine.events import SILENT, Reporter
from engine.grid import Grid
from engine.handles import LandslideMask, ProbabilityRaster, Stack
from engine.inventory.attributes import attributes
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.layers import open_layers
from engine.inventory.outline import polygons
from engine.inventory.provenance import columns_of, counts, make_record
from engine.inventory.runs import Runs, both, complement, fill_holes, label_runs, read_mask
from engine.inventory.schema import FIELDS
from engine.inventory.smoothing import Outline, reshape
from engine.inventory.split import Split, split_blobs
from engine.inventory.zonal import zonal_statistics

FEWEST_PIECE_PX = 16
"""Amalgamated slides are not split into pieces smaller than this."""


@dataclass(frozen=True)
class VectorizeConfig:
    """How pixels become polygons.

    Attributes:
        min_area_m2: Minimum mapping unit; smaller landslides are dropped. 400 m² are 2 x 2 pixels
            of 10 m.
        connectivity: 8 joins pixels that share only a corner into one landslide, 4 does not.
        fill_holes_m2: Holes up to this area are filled; 0 fills none.
        split: Split amalgamated slides along valleys of the ``probability`` or by the ``flow`` of
            the DEM; ``none`` does not.
        outline: ``exact`` follows the pixels, ``simplified`` has straight sides and few vertices,
            ``smooth`` rounded ones.
    """

    min_area_m2: float = 400.0
    connectivity: int = 8
    fill_holes_m2: float = 0.0
    split: Split = "none"
    outline: Outline = "exact"

    @classmethod
    def of_run(cls, record: Mapping[str, Any]) -> VectorizeConfig:
        """How a run drew its polygons.

        What its record does not tell, or tells in another way, has its default.
        """
        parameters = record.get("parameters")
        noted = parameters.get("polygons") if isinstance(parameters, Mapping) else None
        config = cls()
        if isinstance(noted, Mapping):
            for name in {field.name for field in fields(cls)} & set(noted):
                with suppress(
                    ConfigError, TypeError
                ):  # the record may be of another version, or of nobody knows what
                    config = replace(config, **{name: noted[name]})
        return config

    def __post_init__(self) -> None:
        if self.connectivity not in (4, 8):
            raise ConfigError(f"Connectivity must be 4 or 8, but is {self.connectivity}.")
        for name, choices in (("split", get_args(Split)), ("outline", get_args(Outline))):
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f"{name} must be one of {', '.join(choices)}, but is {getattr(self, name)}."
                )
        for name in ("min_area_m2", "fill_holes_m2"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} must be 0 or more, but is {value:g}.")


def vectorize(
    mask: LandslideMask,
    *,
    probability: ProbabilityRaster | None = None,
    stack: Stack | None = None,
    uncertainty: ProbabilityRaster | None = None,
    change: Path | None = None,
    area: BaseGeometry | None = None,
    config: VectorizeConfig | None = None,
    run: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
) -> Inventory:
    """Turn a landslide mask into an inventory.

    Args:
        mask: 1 landslide, 0 background, 255 no data.
        probability: Gives each landslide its probability and first confidence.
        stack: Gives terrain, vegetation and the place of clouds.
        uncertainty: Gives the agreement among models and views.
        change: GeoTIFF with bands described ``dNDVI`` and ``dBrightness``.
        area: Where was looked, in the mask's CRS; tells what lies outside it from what is masked.
            None for everywhere.
        config: Connectivity, minimum mapping unit, outlines.
        run: What is known of how the mask was made (models, parameters, inputs …); JSON.
        reporter: Receives progress.

    Returns:
        The inventory; empty but valid where the mask holds no landslide.

    Raises:
        NoValidPixelsError: The mask holds no data at all.
        GridError: The rasters do not lie on one grid.
        InventoryError: The mask is noise.
    """
    config = config or VectorizeConfig()
    grid = mask.grid
    slides, masked, outside = read_mask(mask, area, reporter)
    empty = both(masked, outside)
    if empty.length.sum() == grid.rows * grid.columns:
        raise NoValidPixelsError(
            f"{mask.path} holds no data at all; check the area and the cloud mask."
        )
    slides = fill_holes(slides, empty, grid, config.fill_holes_m2, config.connectivity)
    slides = label_runs(slides, config.connectivity)
    slides = slides.where(slides.area_m2(grid) >= config.min_area_m2 * (1 - 1e-6))
    slides, amalgamated = _split(slides, mask, config, probability, stack, reporter)
    shapes = _outlines(slides, grid, config.outline, reporter)
    with open_layers(
        grid, probability=probability, uncertainty=uncertainty, stack=stack, change=change
    ) as (
        names,
        read,
    ):
        zonal = (
            zonal_statistics(slides, grid, names, read, reporter=reporter)
            if names and len(slides)
            else {}
        )
    columns = attributes(
        shapes, slides, masked, outside, grid, zonal, exact=config.outline == "exact"
    )
    columns["amalgamated"] = amalgamated
    record = make_record(
        run,
        {"polygons": asdict(config)},
        mask,
        masked,
        outside,
        probability=probability,
        stack=stack,
        reporter=reporter,
    )
    columns.update(columns_of(record))
    order = np.argsort(-np.asarray(columns["area_m2"]), kind="stable")
    shapes, columns = (
        shapes[order],
        {name: _ordered(value, order) for name, value in columns.items()},
    )
    columns["id"] = np.arange(1, len(shapes) + 1)
    columns.update(
        {
            f.name: _rounded(columns[f.name], f.digits)
            for f in FIELDS
            if f.kind == "real" and f.name in columns
        }
    )
    landslides = as_landslides(shapes, CRS.from_user_input(grid.crs), columns)
    return Inventory(landslides, _area(empty, grid.transform), {**record, **counts(landslides)})


def _split(
    slides: Runs,
    mask: LandslideMask,
    config: VectorizeConfig,
    probability: ProbabilityRaster | None,
    stack: Stack | None,
    reporter: Reporter,
) -> tuple[Runs, NDArray[np.bool_]]:
    for raster, name in ((probability, "probability raster"), (stack, "stack")):
        if raster is not None:
            mask.grid.require_same(raster.grid, "mask", name)
    pixel_m2 = mask.grid.resolution_m() ** 2
    fewest = max(FEWEST_PIECE_PX, math.ceil(config.min_area_m2 / pixel_m2))
    return split_blobs(
        slides,
        config.split,
        probability=probability,
        stack=stack,
        connectivity=config.connectivity,
        min_pixels=fewest,
        reporter=reporter,
    )


def _outlines(
    slides: Runs, grid: Grid, outline: Outline, reporter: Reporter
) -> NDArray[np.object_]:
    if outline == "exact":
        return polygons(slides, grid.transform, reporter=reporter)
    exact = polygons(slides, Affine(1, 0, 0, 0, -1, 0), every_corner=True, reporter=reporter)
    return reshape(exact, outline, grid.transform)


def _rounded(value: Any, digits: int) -> Any:
    return None if value is None else np.round(np.asarray(value, np.float64), digits)


def _ordered(value: Any, order: NDArray[np.intp]) -> Any:
    if value is None or isinstance(value, (str, float, int)):
        return value
    return np.asarray(value, dtype=object if isinstance(value, list) else None)[order]


def _area(empty: Runs, transform: Any) -> BaseGeometry:
    shape: BaseGeometry = polygons(complement(empty), transform)[0]
    return shape
