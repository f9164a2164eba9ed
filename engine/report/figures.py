"""The report's figures, in colours that the colour-blind can tell apart."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import Resampling

from engine.bands import QUALITY, QUALITY_CLASSES, channel_name
from engine.grid import Bounds, Grid
from engine.ground import metres_per_unit
from engine.handles import ProbabilityRaster, Stack
from engine.inventory.inventory import Inventory
from engine.raster import open_raster
from engine.report.statistics import log_bins

PICTURE_PX = 1100
"""Longest side of a map, in pixels of the raster that is read for it."""
INK = "#222222"
ACCENT = "#0072b2"
OUTLINE = "#ffd400"
STRETCH = (2, 98)
DPI = 130


@dataclass(frozen=True)
class Picture:
    """A raster reduced for drawing, and what it covers in which CRS.

    Values have the shape (rows, columns), or (rows, columns, 3) for a colour picture.
    """

    values: NDArray[np.floating]
    bounds: Bounds
    crs: CRS


def png(figure: Figure) -> bytes:
    """Encode a figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(
        buffer,
        format="png",
        dpi=DPI,
        bbox_inches="tight",
        facecolor="white",
        metadata={"Software": None},
    )
    return buffer.getvalue()


def read_reduced(
    path: Path, bands: list[int], grid: Grid, longest_px: int = PICTURE_PX
) -> NDArray[np.float32]:
    """Read bands at reduced size through the file's overviews.

    Returns:
        Shape (bands, rows, columns), NaN where there is no data.
    """
    factor = max(1.0, max(grid.shape) / longest_px)
    shape = (len(bands), max(1, round(grid.rows / factor)), max(1, round(grid.columns / factor)))
    with open_raster(path) as dataset:
        # Nearest: an average of quality classes would be no class.
        masked = dataset.read(bands, out_shape=shape, masked=True, resampling=Resampling.nearest)
        values: NDArray[np.float32] = masked.astype(np.float32).filled(np.nan)
        scale = np.array(
            [[dataset.scales[b - 1], dataset.offsets[b - 1]] for b in bands], np.float32
        )
    return values * scale[:, :1, None] + scale[:, 1:, None]


def picture_of(stack: Stack | None, longest_px: int = PICTURE_PX) -> Picture | None:
    """True colour of a stack, stretched for the eye.

    A stack without red, green and blue gives one grey band.
    """
    if stack is None:
        return None
    with open_raster(stack.path) as dataset:
        texts = [text or "" for text in dataset.descriptions]
    found = {channel_name(text): band for band, text in enumerate(texts, start=1)}
    qualities = [
        band for band, text in enumerate(texts, start=1) if text.strip().upper() == QUALITY
    ]
    names = (
        ["B04", "B03", "B02"] if {"B04", "B03", "B02"} <= set(found) else [stack.channels[0]] * 3
    )
    values = read_reduced(stack.path, [found[name] for name in names], stack.grid, longest_px)
    seen = ~np.isnan(values).any(axis=0)
    if qualities:  # bright clouds would leave the ground black
        clear = seen & (
            read_reduced(stack.path, qualities[:1], stack.grid, longest_px)[0]
            == QUALITY_CLASSES["clear"]
        )
        seen = clear if clear.any() else seen
    known = values[:, seen]
    if not known.size:
        return None
    low, high = np.percentile(known, STRETCH, axis=1)[:, :, None, None]
    shown = np.clip((values - low) / np.maximum(high - low, 1e-6), 0, 1) ** 0.8
    return Picture(
        np.nan_to_num(np.moveaxis(shown, 0, -1), nan=1.0), stack.grid.bounds, _crs(stack.grid)
    )


def probability_of(raster: ProbabilityRaster | None) -> Picture | None:
    """The probability, reduced for drawing."""
    if raster is None:
        return None
    return Picture(
        read_reduced(raster.path, [1], raster.grid)[0], raster.grid.bounds, _crs(raster.grid)
    )


def _crs(grid: Grid) -> CRS:
    return CRS.from_user_input(grid.crs)


def overview_map(inventory: Inventory, picture: Picture | None) -> Figure:
    """Outlines over the image, in its CRS, with scale bar and north arrow."""
    inventory = inventory.to_crs(picture.crs) if picture is not None else inventory
    figure, axes, bounds = _map(inventory, picture)
    if picture is not None:
        axes.imshow(
            picture.values, extent=_extent(picture.bounds), interpolation="nearest", aspect="auto"
        )
    else:
        _lines(axes, shapely.boundary(inventory.aoi), INK, 0.6)
    confirmed, rejected = inventory.confirmed, inventory.denied
    # Hundreds of thick outlines would hide what they are about.
    thin = min(1.0, max(0.4, 1.8 - 0.4 * math.log10(max(1, len(confirmed)))))
    _lines(axes, np.asarray(confirmed.boundary), INK, 2.0 * thin)
    _lines(
        axes, np.asarray(confirmed.boundary), OUTLINE if picture is not None else ACCENT, 0.9 * thin
    )
    _lines(
        axes,
        np.asarray(rejected.boundary),
        "#ffffff" if picture is not None else INK,
        0.7,
        dashed=True,
    )
    _scale_bar(axes, inventory.crs, bounds)
    return figure


def probability_map(inventory: Inventory, picture: Picture) -> Figure:
    """Probability with outlines, in its CRS."""
    inventory = inventory.to_crs(picture.crs)
    figure, axes, bounds = _map(inventory, picture)
    image = axes.imshow(
        picture.values,
        extent=_extent(picture.bounds),
        cmap="cividis",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        aspect="auto",
    )
    _lines(axes, np.asarray(inventory.confirmed.boundary), "#ffffff", 0.6)
    figure.colorbar(image, ax=axes, label="landslide probability", shrink=0.7, pad=0.02)
    _scale_bar(axes, inventory.crs, bounds)
    return figure


def density_map(inventory: Inventory, density: Picture) -> Figure:
    """Landslides per square kilometre, in the CRS of the density."""
    inventory = inventory.to_crs(density.crs)
    figure, axes, bounds = _map(inventory, density)
    extent = _extent(density.bounds)
    image = axes.imshow(
        density.values,
        extent=extent,
        cmap="cividis",
        interpolation="bilinear",
        aspect="auto",
        vmin=0,
    )
    _lines(axes, shapely.boundary(inventory.aoi.envelope), INK, 0.6)
    figure.colorbar(image, ax=axes, label="landslides per km²", shrink=0.7, pad=0.02)
    _scale_bar(axes, inventory.crs, bounds)
    return figure


def roses(landslides: gpd.GeoDataFrame) -> Figure:
    """Aspect as a rose, slope as a quarter rose."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    aspect = landslides["aspect_deg"].dropna().to_numpy()
    axes: Any = figure.add_subplot(1, 2, 1, projection="polar")
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    _rose(axes, (aspect + 11.25) % 360, 16, 360, shift=-11.25)
    axes.set_xticks(np.radians(np.arange(0, 360, 45)), ["N", "NE", "E", "SE", "S", "SW", "W", "NW"])
    axes.set_title("Aspect (facing)", pad=14)
    slope: Any = figure.add_subplot(1, 2, 2, projection="polar")
    slope.set_thetamin(0)
    slope.set_thetamax(90)
    _rose(slope, landslides["slope_deg"].dropna().to_numpy(), 18, 90)
    slope.set_title("Mean slope (°)", pad=14)
    return figure


def _rose(
    axes: Any, degrees: NDArray[np.floating], bins: int, full: float, shift: float = 0.0
) -> None:
    count, edges = np.histogram(degrees, bins=bins, range=(0, full))
    width = math.radians(full / bins)
    axes.bar(
        np.radians(edges[:-1] + shift) + width / 2,
        count,
        width=width,
        color=ACCENT,
        edgecolor="white",
        linewidth=0.6,
    )
    top = max(1, int(count.max()) if len(count) else 1)
    axes.set_yticks(sorted({max(1, round(top / 2)), top}))
    axes.tick_params(labelsize=8, colors=INK)
    axes.grid(color="#cccccc", linewidth=0.5)


def _map(inventory: Inventory, picture: Picture | None) -> tuple[Figure, Any, Bounds]:
    if picture is not None:
        bounds = picture.bounds
    else:
        left, bottom, right, top = inventory.aoi.bounds
        bounds = (left, bottom, right, top)
    east, north = _ground(inventory.crs, bounds)
    width, height = (bounds[2] - bounds[0]) * east, (bounds[3] - bounds[1]) * north
    ratio = min(max(height / max(width, 1e-9), 0.25), 1.6)
    figure = Figure(figsize=(8, 8 * ratio), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(bounds[0], bounds[2])
    axes.set_ylim(bounds[1], bounds[3])
    axes.set_aspect(north / east)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#888888")
    return figure, axes, bounds


def _extent(bounds: Bounds) -> tuple[float, float, float, float]:
    return bounds[0], bounds[2], bounds[1], bounds[3]


def _ground(crs: CRS, bounds: Bounds) -> tuple[float, float]:
    """Metres a unit in the middle of a map, eastward and northward."""
    middle = np.array([(bounds[0] + bounds[2]) / 2]), np.array([(bounds[1] + bounds[3]) / 2])
    east, north = metres_per_unit(crs, *middle)
    return float(east[0]), float(north[0])


def _lines(axes: Any, shapes: Any, colour: str, width: float, *, dashed: bool = False) -> None:
    lines = shapely.get_parts(np.atleast_1d(shapes))
    if not len(lines):
        return
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    parts = np.split(xy, np.flatnonzero(np.diff(owner)) + 1)
    axes.add_collection(
        LineCollection(
            parts, colors=colour, linewidths=width, linestyles="dashed" if dashed else "solid"
        )
    )


def _scale_bar(axes: Any, crs: CRS, bounds: Bounds) -> None:
    east, _ = _ground(crs, bounds)
    width_m = (bounds[2] - bounds[0]) * east
    step = 10 ** math.floor(math.log10(width_m / 4))
    length_m = next(step * k for k in (5, 2, 1) if step * k <= width_m / 4)
    share = length_m / width_m
    text = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    style = {"color": INK, "fontsize": 9, "transform": axes.transAxes}
    box = {"boxstyle": "square,pad=0.25", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axes.text(0.03 + share / 2, 0.055, text, ha="center", va="bottom", bbox=box, **style)
    axes.plot(
        [0.03, 0.03 + share],
        [0.035, 0.035],
        color="white",
        linewidth=6,
        transform=axes.transAxes,
        solid_capstyle="butt",
    )
    axes.plot(
        [0.03, 0.03 + share],
        [0.035, 0.035],
        color=INK,
        linewidth=3,
        transform=axes.transAxes,
        solid_capstyle="butt",
    )
    axes.text(0.965, 0.965, "N\n↑", ha="center", va="top", linespacing=0.9, bbox=box, **style)


def size_figure(area_km2: NDArray[np.float64], fits: Any) -> Figure:
    """Histogram of areas, and their frequency density with the fitted curves.

    ``fits`` is a :class:`engine.report.statistics.Summary`.
    """
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    area_m2 = area_km2 * 1e6
    edges = (
        np.geomspace(area_m2.min() * 0.999, area_m2.max() * 1.001, 16)
        if len(area_m2)
        else np.geomspace(100, 1e6, 16)
    )
    left.hist(area_m2, bins=edges, color=ACCENT, edgecolor="white", linewidth=0.6)
    left.set_xscale("log")
    left.set_xlabel("area (m²)")
    left.set_ylabel("landslides")
    left.set_title("Sizes", fontsize=10)
    centre, density = log_bins(area_km2)
    right.loglog(centre, density, "o", color=INK, markersize=4, label="landslides (binned to draw)")
    if len(area_km2):
        x = np.geomspace(area_km2.min(), area_km2.max(), 200)
        if fits.inverse_gamma is not None:
            label = f"inverse gamma, tail −{fits.inverse_gamma.rho.value + 1:.2f}"
            right.loglog(x, fits.inverse_gamma.density(x), color=ACCENT, linewidth=1.8, label=label)
        if fits.power_law is not None:
            law = fits.power_law
            tail = x[x >= law.cutoff_km2]
            height = law.count / len(area_km2) * (law.exponent.value - 1) / law.cutoff_km2
            curve = height * (tail / law.cutoff_km2) ** -law.exponent.value
            right.loglog(
                tail,
                curve,
                "--",
                color="#d55e00",
                linewidth=1.8,
                label=f"power law, −{law.exponent.value:.2f}",
            )
    right.set_xlabel("area (km²)")
    right.set_ylabel("probability density (1/km²)")
    right.set_title("Frequency and area", fontsize=10)
    right.legend(fontsize=8, frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    return figure
