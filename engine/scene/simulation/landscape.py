"""A made-up mountain landscape, computed point by point.

A scene of any size can be made block by block.

All fields are sums of lattice noise: random numbers at the nodes of a square lattice, hashed from
the node's indices and the seed, joined by cubic B-splines. The same field is evaluated on a block
of a grid (fast, as the spline is separable) or at scattered points (for the paths of landslides);
both give the same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_UNIT_STD = 0.277  # standard deviation of B-spline noise with uniform nodes in [-1, 1]
RIVER_SPACING_M = 8000.0
_RIVER_FIRST_M = 1150.0
RIVER_HALF_WIDTH_M = 22.0


class Places(Protocol):
    """Where fields are evaluated: broadcastable ``x`` and ``y`` in metres."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def noise(self, cell_m: float, seed: int) -> Array:
        """Noise of unit variance whose details are about ``cell_m`` wide."""
        ...


class Block:
    """The pixel centres of a block.

    x has the shape (1, columns), y the shape (rows, 1); y grows southwards.
    """

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        self.x = x[np.newaxis, :]
        self.y = y[:, np.newaxis]

    def noise(self, cell_m: float, seed: int) -> Array:
        """Noise of unit variance, shape (rows, columns)."""
        column, weight_x = _spline(self.x[0] / cell_m)
        row, weight_y = _spline(self.y[:, 0] / cell_m)
        first_column, first_row = int(column.min()), int(row.min())
        nodes = _nodes(
            np.arange(first_column, int(column.max()) + 4)[np.newaxis, :],
            np.arange(first_row, int(row.max()) + 4)[:, np.newaxis],
            seed,
        )
        across = sum(
            weight_x[k][np.newaxis, :] * nodes.take(column - first_column + k, axis=1)
            for k in range(4)
        )
        result: Array = np.zeros((row.size, column.size), np.float32)
        for k in range(4):
            result += weight_y[k][:, np.newaxis] * np.asarray(across).take(
                row - first_row + k, axis=0
            )
        return result


class Points:
    """Scattered points, x and y of shape (n,)."""

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        self.x = x
        self.y = y

    def noise(self, cell_m: float, seed: int) -> Array:
        """Noise of unit variance, shape (n,)."""
        column, weight_x = _spline(self.x / cell_m)
        row, weight_y = _spline(self.y / cell_m)
        result = np.zeros(self.x.shape, np.float32)
        for j in range(4):
            for i in range(4):
                result += weight_x[i] * weight_y[j] * _nodes(column + i, row + j, seed)
        return result


def _spline(position: NDArray[np.float64]) -> tuple[NDArray[np.int64], list[Array]]:
    """First of four nodes around positions, and cubic B-spline weights."""
    base = np.floor(position)
    t = (position - base).astype(np.float32)
    weights = [
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    ]
    return base.astype(np.int64) - 1, [np.asarray(w, np.float32) for w in weights]


def _nodes(column: NDArray[np.int64], row: NDArray[np.int64], seed: int) -> Array:
    """Uniform random numbers at lattice nodes; noise of unit variance."""
    return ((hashed(column, row, seed) * 2 - 1) / _UNIT_STD).astype(np.float32)


def hashed(column: NDArray[np.int64], row: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """A random number in [0, 1) for each pair of integers.

    The same on every machine (finaliser of splitmix64).
    """
    with np.errstate(over="ignore"):
        key = column.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + row.astype(
            np.uint64
        ) * np.uint64(0xC2B2AE3D27D4EB4F)
        key = key + np.uint64(seed % 2**63) * np.uint64(0x165667B19E3779F9)
        key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        key = key ^ (key >> np.uint64(31))
    return np.asarray((key >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def smoothstep(values: Array | NDArray[np.float64], low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((np.asarray(values, np.float32) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _fold(waves: Array | NDArray[np.float64]) -> Array:
    """A triangle wave of period 1 with rounded crests and beds.

    Between -1 and 1.

    Its flanks are straight, as erosion leaves them.
    """
    return np.asarray(np.arcsin(0.985 * np.sin(2 * np.pi * waves)) / np.arcsin(0.985), np.float32)


@dataclass(frozen=True)
class Landscape:
    """Terrain and what grows on it, as functions of place.

    Attributes:
        seed: Everything follows from it.
    """

    seed: int

    def river_distance_m(self, at: Places) -> Array:
        """Distance to the middle of the nearest river."""
        rng = np.random.default_rng(self.seed)
        phase = rng.uniform(0, 2 * np.pi, 3)
        middle = (
            260 * np.sin(2 * np.pi * at.y / 3100 + phase[0])
            + 120 * np.sin(2 * np.pi * at.y / 1300 + phase[1])
            + 40 * np.sin(2 * np.pi * at.y / 520 + phase[2])
        )
        across = at.x - _RIVER_FIRST_M - middle
        nearest = across - RIVER_SPACING_M * np.round(across / RIVER_SPACING_M)
        return np.asarray(0.85 * np.abs(nearest), np.float32)

    def floor_half_width_m(self, at: Places) -> Array:
        """Half the width of the flat valley floor."""
        return np.asarray(330 + 110 * at.noise(1500, self.seed + 1), np.float32)

    def heights_m(self, at: Places) -> Array:
        """Elevation: ranges between rivers, side valleys and gullies.

        Gullies run across the side valleys, slanting downstream, and fade at crests and beds, so
        that water finds its way down.
        """
        seed = self.seed
        bend = (
            640 * at.noise(2700, seed + 10)
            + 250 * at.noise(1150, seed + 11)
            + 60 * at.noise(430, seed + 12)
        )
        drift = (
            420 * at.noise(1700, seed + 13)
            + 170 * at.noise(640, seed + 14)
            + 45 * at.noise(250, seed + 15)
        )
        from_floor = self.river_distance_m(at) - np.maximum(self.floor_half_width_m(at), 150)
        climb = np.maximum(from_floor, 0)
        strength = np.clip(1 + 0.3 * at.noise(2300, seed + 16), 0.4, 1.7)
        range_m = 0.24 * climb / (1 + climb / 5200)
        spur = _fold((at.y + 0.25 * at.x + bend) / 1700)
        spurs_m = np.minimum(0.34 * climb, 215) * strength * spur
        gully = _fold((at.x - 190 * spur + drift) / 610)
        gullies_m = np.minimum(0.14 * climb, 44) * strength * (1.05 - 0.8 * np.abs(spur)) * gully
        crease = np.abs(at.noise(230, seed + 17)) * 22 + np.abs(at.noise(105, seed + 18)) * 9
        rough_m = smoothstep(climb, 0, 350) * (
            26 * at.noise(480, seed + 19) - crease + 1.6 * at.noise(40, seed + 20)
        )
        floor_m = 420 - 0.004 * at.y + 0.8 * at.noise(300, seed + 21)
        return np.asarray(floor_m + range_m + spurs_m + gullies_m + rough_m, np.float32)

    def gradient(self, at: Points, reach_m: float) -> tuple[Array, Array]:
        """Rise per metre eastwards and southwards, over ``reach_m``."""
        n = at.x.size
        x = np.concatenate([at.x + reach_m, at.x - reach_m, at.x, at.x])
        y = np.concatenate([at.y, at.y, at.y + reach_m, at.y - reach_m])
        z = self.heights_m(Points(x, y))
        return (z[:n] - z[n : 2 * n]) / (2 * reach_m), (z[2 * n : 3 * n] - z[3 * n :]) / (
            2 * reach_m
        )
