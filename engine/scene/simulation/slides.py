"""Landslides of the made-up landscape: start, path, ground.

They start on steep ground in clusters, as after a storm, follow the fall line with some inertia,
and stop where it is gentle. Sizes are log-normal. Each is a chain of discs: a scar that widens
below its crown, a narrower track, a deposit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.scene.simulation.landscape import Array, Block, Landscape, Points, hashed, smoothstep

_CELL_M = 230.0
_STEP_M = 12.0
_REACH_M = 20.0
_LONGEST_M = 720.0
_GENTLE = 0.16  # rise per metre, 9 degrees
_MOST_AT_ONCE = 50_000
MARGIN_M = _LONGEST_M + 100


@dataclass(frozen=True)
class Slides:
    """All landslides of an area; arrays of shape (slides,) or (slides, steps).

    Attributes:
        x: Path from crown to toe in metres, constant after the last step.
        y: The same, southwards.
        radius_m: Half width at each step, 0 after the last.
        along: Position on the path, 0 at the crown and 1 at the toe.
        tone: Brightness of the fresh ground, about 1.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    along: NDArray[np.float64]
    tone: NDArray[np.float64]

    @property
    def count(self) -> int:
        """Number of landslides."""
        return int(self.tone.size)


@dataclass(frozen=True)
class Ground:
    """What landslides do to a block's pixels, shape (rows, columns).

    Attributes:
        cover: Share of the pixel that is landslide, 0 to 1.
        toe: 0 in the scar, 1 in the deposit.
        tone: Brightness of the fresh ground.
    """

    cover: Array
    toe: Array
    tone: Array


def find_slides(landscape: Landscape, width_m: float, height_m: float, density: float) -> Slides:
    """Place and run all landslides whose crown lies in the area.

    And in a margin around it.

    Args:
        landscape: Where they happen.
        width_m: Extent eastwards from 0.
        height_m: Extent southwards from 0.
        density: Factor on their number; 1 covers some 2 % of the area.
    """
    columns = np.arange(int(-MARGIN_M // _CELL_M), int((width_m + MARGIN_M) // _CELL_M) + 1)
    rows = np.arange(int(-MARGIN_M // _CELL_M), int((height_m + MARGIN_M) // _CELL_M) + 1)
    column, row = (np.ravel(a) for a in np.meshgrid(columns, rows))
    parts = [
        _run(landscape, column[i : i + _MOST_AT_ONCE], row[i : i + _MOST_AT_ONCE], density)
        for i in range(0, column.size, _MOST_AT_ONCE)
    ]
    return Slides(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("x", "y", "radius_m", "along", "tone")
        )
    )


def _run(
    landscape: Landscape, column: NDArray[np.int64], row: NDArray[np.int64], density: float
) -> Slides:
    def chance(number: int) -> NDArray[np.float64]:
        return hashed(column, row, landscape.seed * 31 + 1000 + number)

    start = Points((column + chance(0)) * _CELL_M, (row + chance(1)) * _CELL_M)
    east, south = landscape.gradient(start, _REACH_M)
    slope = np.degrees(np.arctan(np.hypot(east, south)))
    likely = (
        smoothstep(slope, 25, 42)
        * np.exp(0.7 * start.noise(1500, landscape.seed + 60))
        * 0.62
        * density
    )
    begins = (chance(2) < likely) & (slope < 60)
    x, y = start.x[begins], start.y[begins]
    normal = [
        np.sqrt(-2 * np.log(1 - chance(k)[begins])) * np.cos(2 * np.pi * chance(k + 1)[begins])
        for k in (3, 5, 7)
    ]
    length = np.clip(160 * np.exp(0.62 * normal[0]), 45, _LONGEST_M)
    widest = np.clip(0.15 * length * np.exp(0.3 * normal[1]), 9, 58)
    xs, ys, run = _paths(landscape, x, y, length)
    along = run / np.maximum(run[:, -1:], 1)
    profile = (
        0.55
        + 0.45 * smoothstep(along, 0, 0.22)
        - 0.42 * smoothstep(along, 0.25, 0.6)
        + 0.22 * smoothstep(along, 0.65, 0.95)
    )
    moved = np.concatenate([np.ones((run.shape[0], 1), bool), np.diff(run, axis=1) > 0], axis=1)
    radius = widest[:, np.newaxis] * profile * moved
    real = run[:, -1] > 2 * _STEP_M
    tone = np.exp(0.13 * normal[2])
    return Slides(xs[real], ys[real], radius[real], along[real], tone[real])


def _paths(
    landscape: Landscape,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    length: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Follow the fall line; x, y and distance, each (slides, steps)."""
    steps = int(_LONGEST_M / _STEP_M) + 1
    xs, ys, run = (np.zeros((x.size, steps)) for _ in range(3))
    xs[:, 0], ys[:, 0] = x, y
    heading_x, heading_y = np.zeros_like(x), np.zeros_like(y)
    active = np.ones(x.size, bool)
    for step in range(1, steps):
        xs[:, step], ys[:, step], run[:, step] = xs[:, step - 1], ys[:, step - 1], run[:, step - 1]
        index = np.flatnonzero(active)
        if not index.size:
            continue
        east, south = landscape.gradient(Points(xs[index, step], ys[index, step]), _REACH_M)
        steep = np.hypot(east, south)
        heading_x[index] = 0.45 * heading_x[index] - east / np.maximum(steep, 1e-6)
        heading_y[index] = 0.45 * heading_y[index] - south / np.maximum(steep, 1e-6)
        norm = np.maximum(np.hypot(heading_x[index], heading_y[index]), 1e-6)
        go = (steep > _GENTLE) & (run[index, step] < length[index])
        going = index[go]
        xs[going, step] += _STEP_M * (heading_x[index] / norm)[go]
        ys[going, step] += _STEP_M * (heading_y[index] / norm)[go]
        run[going, step] += _STEP_M
        active[index[~go]] = False
    return xs, ys, run


def ground_of(slides: Slides, block: Block, pixel_m: float, seed: int) -> Ground:
    """Paint the landslides that touch a block of pixels.

    Args:
        slides: Landslides of the whole area.
        block: The pixel centres.
        pixel_m: Pixel size.
        seed: For ragged edges.
    """
    x, y = block.x[0], block.y[:, 0]
    shape = (y.size, x.size)
    cover, toe, tone = (np.zeros(shape, np.float32) for _ in range(3))
    ragged = np.asarray(
        5.0 * block.noise(28, seed + 70) + 2.5 * block.noise(90, seed + 71), np.float32
    )
    reach = slides.radius_m.max(axis=1, initial=0) + 25
    near = (
        (slides.x.max(axis=1) + reach > x[0])
        & (slides.x.min(axis=1) - reach < x[-1])
        & (slides.y.max(axis=1) + reach > y[0])
        & (slides.y.min(axis=1) - reach < y[-1])
    )
    for index in np.flatnonzero(near):
        used = slides.radius_m[index] > 0
        path = np.stack(
            [
                slides.x[index][used],
                slides.y[index][used],
                slides.radius_m[index][used],
                slides.along[index][used],
            ]
        )
        path = np.stack(
            [
                np.interp(np.arange(0, path.shape[1] - 0.5, 0.5), np.arange(path.shape[1]), row)
                for row in path
            ]
        )
        c0, c1 = np.searchsorted(x, [path[0].min() - reach[index], path[0].max() + reach[index]])
        r0, r1 = np.searchsorted(y, [path[1].min() - reach[index], path[1].max() + reach[index]])
        if c0 >= c1 or r0 >= r1:
            continue
        part = (slice(r0, r1), slice(c0, c1))
        outside, at = _outside(path, x[c0:c1], y[r0:r1])
        share = np.clip(0.5 - (outside + ragged[part]) / pixel_m, 0, 1)
        more = share > cover[part]
        toe[part][more] = at[more]
        tone[part][more] = slides.tone[index]
        cover[part][more] = share[more]
    return Ground(cover, toe, tone)


def _outside(
    path: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[Array, Array]:
    """Distance beyond the nearest disc's rim, and its position.

    The distance is negative inside.
    """
    best = np.full((y.size, x.size), np.inf, np.float32)
    at = np.zeros((y.size, x.size), np.float32)
    for px, py, radius, along in path.T:
        distance = (np.hypot(x[np.newaxis, :] - px, y[:, np.newaxis] - py) - radius).astype(
            np.float32
        )
        closer = distance < best
        best[closer] = distance[closer]
        at[closer] = along
    return best, at
