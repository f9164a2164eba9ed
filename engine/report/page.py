"""The report: one self-contained HTML file, its figures also as PNG files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio.crs
from matplotlib.figure import Figure

from engine.errors import NoOverlapError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder
from engine.handles import ProbabilityRaster, Stack
from engine.inventory.inventory import Inventory
from engine.report import figures
from engine.report.html import page
from engine.report.sections import sections_of
from engine.report.statistics import (
    Summary,
    density_per_km2,
    summarise,
)
from engine.scene.area import bounds_in


def write_report(
    inventory: Inventory,
    out: Path,
    *,
    stack: Stack | None = None,
    probability: ProbabilityRaster | None = None,
    reporter: Reporter = SILENT,
) -> Path:
    """Write the report, and its figures in ``NAME_figures`` beside it.

    Args:
        inventory: What is reported.
        out: The HTML file; its folder must exist.
        stack: Gives the image below the map; in any CRS, and the outlines are drawn in it.
        probability: Gives the probability map, likewise.
        reporter: Receives progress.

    Returns:
        ``out``.

    Raises:
        OutputError: It cannot be written.
        NoOverlapError: The stack or the probability lies elsewhere.
    """
    for raster, name in ((stack, "stack"), (probability, "probability raster")):
        if raster is not None:
            _require_overlap(inventory, raster, name)
    summary = summarise(inventory)
    drawn: dict[str, bytes] = {}
    for name, figure in _figures(inventory, summary, stack, probability):
        reporter.progress("drawing the report", len(drawn), 6)
        drawn[name] = figures.png(figure)
    reporter.progress("drawing the report", 6, 6)
    text = page(_title(inventory), _subtitle(inventory), sections_of(inventory, summary, drawn))
    folder = output_folder(out.with_name(f"{out.stem}_figures"))
    for name, data in drawn.items():
        with atomic_path(folder / f"{name}.png") as temporary:
            temporary.write_bytes(data)
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return out


def _figures(
    inventory: Inventory,
    summary: Summary,
    stack: Stack | None,
    probability: ProbabilityRaster | None,
) -> Iterator[tuple[str, Figure]]:
    image = figures.picture_of(stack)
    if image is not None or not inventory.aoi.is_empty:  # else there is nothing to draw a map of
        yield "map", figures.overview_map(inventory, image)
    chance = figures.probability_of(probability)
    if chance is not None:
        yield "probability", figures.probability_map(inventory, chance)
    confirmed = inventory.confirmed
    if not len(confirmed):
        return
    yield "sizes", figures.size_figure(confirmed["area_m2"].to_numpy(np.float64) / 1e6, summary)
    if confirmed["aspect_deg"].notna().any():
        yield "roses", figures.roses(confirmed)
    placed = inventory.to_crs(image.crs) if image is not None else inventory
    left, bottom, right, top = image.bounds if image is not None else placed.aoi.bounds
    bounds = (left, bottom, right, top)
    density, _ = density_per_km2(placed, bounds)
    yield "density", figures.density_map(placed, figures.Picture(density, bounds, placed.crs))


def _require_overlap(inventory: Inventory, raster: Stack | ProbabilityRaster, name: str) -> None:
    """Check that a raster, in any CRS, shows the place of the landslides."""
    if inventory.aoi.is_empty:
        return
    crs = rasterio.crs.CRS.from_user_input(inventory.crs)
    box = bounds_in(inventory.aoi.bounds, crs, raster.grid.crs)
    left, bottom, right, top = raster.grid.turned(box)
    west, south, east, north = raster.grid.bounds
    if not (left < east and right > west and bottom < north and top > south):
        raise NoOverlapError(
            f"The {name} {raster.path} ({raster.grid.crs_name}) shows nothing of the area of the"
            f" inventory ({inventory.crs.name}); give the one in which the landslides were found,"
            " and check both coordinate reference systems."
        )


def _title(inventory: Inventory) -> str:
    event = inventory.landslides["event"].dropna().unique()
    return f"Landslide inventory: {event[0]}" if len(event) == 1 else "Landslide inventory"


def _subtitle(inventory: Inventory) -> str:
    run = inventory.run
    parts = [
        f"made {str(run.get('created', ''))[:10]}" if run.get("created") else "",
        f"l4s {run.get('engine_version', '')}".strip(),
    ]
    return " · ".join(part for part in parts if part)
