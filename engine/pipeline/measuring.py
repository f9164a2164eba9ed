"""Measures landslides anew after their outlines were corrected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from engine.errors import InventoryError, MissingFileError, UnreadableFileError
from engine.events import SILENT, Reporter
from engine.files import ResultFolder
from engine.ground import bring
from engine.handles import LandslideMask, ProbabilityRaster, Stack
from engine.inference import finished
from engine.inference.mask import make_mask
from engine.inventory.measure import measure
from engine.inventory.storage.reading import LANDSLIDES, layers_of, listed
from engine.pipeline.redrawing import DEFAULT_THRESHOLD, changes_of
from engine.scene.change import change_on


def measure_inventory(
    path: Path,
    *,
    fids: Sequence[int] | None = None,
    probability: ProbabilityRaster | None = None,
    stack: Stack | None = None,
    reporter: Reporter = SILENT,
) -> list[dict[str, Any]]:
    """Measure landslides on the rasters from which they were made.

    Nothing is written: who asks decides what to do with the values.

    Args:
        path: GeoPackage with a layer ``landslides``.
        fids: Numbers of the rows; None for all.
        probability: Taken instead of ``probability.tif`` beside the inventory. The uncertainty, the
            change raster and the area of interest of its run are found by it.
        stack: Taken instead of ``stack.tif`` beside the inventory.
        reporter: Receives progress.

    Returns:
        One row a landslide, JSON: ``fid``, ``id`` where the layer has one, and the measured
        columns; None for what is not known there.

    Raises:
        MissingFileError: There is no inventory, or no probability raster.
        UnreadableFileError: It is no GeoPackage.
        InventoryError: It has no layer of landslides, or no such row.
        GridError: The rasters do not lie on one grid.
    """
    table = _read(path, fids)
    folder = ResultFolder(path.parent)
    if probability is None:
        beside = folder.probability
        if not beside.exists():
            raise MissingFileError(
                f"There is no {beside.name} beside {path.name}, on which its landslides would be"
                " measured; name it with --probability."
            )
        probability = ProbabilityRaster.open(beside)
    if stack is None and folder.stack.exists():
        stack = Stack.open(folder.stack)
    shapes = np.asarray(bring(table.geometry, probability.grid.crs), np.object_)
    with TemporaryDirectory(prefix="l4s-") as temporary:
        rows = measure(
            list(shapes),
            _mask_of(probability, Path(temporary), reporter),
            probability=probability,
            uncertainty=finished.uncertainty_of(probability),
            stack=stack,
            change=change_on(probability.grid, changes_of(probability, stack), reporter),
            area=finished.origin_of(probability.path).area,
            reporter=reporter,
        )
    found = []
    for (fid, row), (_, values) in zip(table.iterrows(), rows.iterrows(), strict=True):
        number = {"id": int(row["id"])} if "id" in table and row["id"] == row["id"] else {}
        measured = {str(name): _json(value) for name, value in values.items()}
        found.append({"fid": int(str(fid)), **number, **measured})
    return found


def _read(path: Path, fids: Sequence[int] | None) -> gpd.GeoDataFrame:
    if not path.exists():
        raise MissingFileError(f"There is no file {path}; check the path.")
    layers = layers_of(path)
    if LANDSLIDES not in layers:
        raise InventoryError(
            f"{path} has no layer `{LANDSLIDES}` ({listed(layers)}); give the file that `l4s"
            " detect` wrote."
        )
    try:
        table = pyogrio.read_dataframe(path, layer=LANDSLIDES, fids=fids, fid_as_index=True)
    except (DataSourceError, DataLayerError, ValueError) as error:
        if fids is not None and "with fid" in str(error):
            raise InventoryError(
                f"{path.name} lacks one of the rows {', '.join(map(str, fids))}; it may have been"
                " merged or deleted meanwhile."
            ) from error
        raise UnreadableFileError(
            f"{path} cannot be read as a GeoPackage ({error}); it may be damaged."
        ) from error
    there = table.geometry.notna() & ~table.geometry.is_empty
    polygons = np.isin(shapely.get_type_id(np.asarray(table.geometry)), (3, 6))
    return table[np.asarray(there) & polygons]


def _mask_of(probability: ProbabilityRaster, folder: Path, reporter: Reporter) -> LandslideMask:
    """A mask on the probability's grid: the one beside it, or one made of it."""
    beside = ResultFolder(probability.path.parent).mask
    if beside.exists():
        mask = LandslideMask.open(beside)
        if mask.grid.same_as(probability.grid):
            return mask
    threshold = probability.threshold() or DEFAULT_THRESHOLD
    return make_mask(probability, out=folder / beside.name, threshold=threshold, reporter=reporter)


def _json(value: Any) -> Any:
    """A value as JSON has it; what is not known is None."""
    if value is None or value != value:
        return None
    return value.item() if isinstance(value, np.generic) else value
