"""Measure how far a map of the Hokkaido scene agrees with two rules.

The rules stand in for the reference that is not there.

    .venv/engine/bin/python scripts/hokkaido_agreement.py --data DIR --stack STACK --probability
    probability.tif [--threshold P]

``--data`` holds ``hokkaido_2018``; ``--stack`` and ``--probability`` are what
``scripts/real_data.py`` (or ``l4s stack`` and ``l4s detect``) wrote for the after-scene. Neither
rule is a reference:

* **look**: bright, reddish ground on slopes in the after-scene. It uses the same three bands and
  slopes as a model does.
* **change**: where the before-scene has data and no snow, ground of slopes that has become brighter
  than the bands before let expect. It does not ask how steep the ground is, beyond 5 degrees over
  210 m, and knows something that no model sees. It errs more: light and season differ between the
  scenes.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion, median_filter, uniform_filter
from scipy.optimize import least_squares

from engine.handles import ProbabilityRaster, Stack
from engine.raster import open_raster

Mask = NDArray[np.bool_]
Image = NDArray[np.float32]
SLOPES_DEG = (0, 10, 15, 20, 30, 90)


def read(folder: Path, when: str) -> Image:
    """B02, B03, B04 (3, rows, columns), raw."""
    bands = []
    for name in ("B02", "B03", "B04"):
        with open_raster(folder / f"{when}_{name}.tif") as dataset:
            bands.append(dataset.read(1).astype(np.float32))
    return np.stack(bands)


def cloudy(after: Image) -> Mask:
    """Sheets of bright blue light, and their bluish edges."""
    return np.asarray(
        (uniform_filter((after[0] > 1500).astype(np.float32), 9) > 0.3) | (after[0] >= after[2])
    )


def by_look(after: Image, near_deg: Image, around_deg: Image) -> Mask:
    """Bright, reddish ground on slopes."""
    bright = (after[2] > 1150) & (after[2] > 1.02 * after[1]) & ~cloudy(after)
    return despeckled(bright & (around_deg > 9)) & (near_deg > 7)


def by_change(before: Image, after: Image, around_deg: Image) -> tuple[Mask, Mask]:
    """Ground that has become brighter, and where that can be told."""
    snow = (before[0] > 1500) | ((before[0] > 1.35 * before[2]) & (before[0] > 1250))
    there = binary_erosion(np.asarray((before > 0).all(axis=0)), iterations=3) & ~binary_dilation(
        snow, iterations=2
    )
    bands = np.concatenate([before[:, there], np.ones((1, int(there.sum())))]).T
    seen = after[2][there]
    # Most ground has not changed: what a robust fit of the after-scene's red by the before-scene's
    # bands leaves over is change.
    few, of_these = bands[::7], seen[::7]

    def missed(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(few @ weights - of_these)

    fit = least_squares(missed, np.array([0.0, 0.0, 1.0, 0.0]), loss="cauchy", f_scale=300)
    brighter = np.zeros(there.shape, bool)
    brighter[there] = seen - bands @ fit.x > 350
    known = there & ~cloudy(after) & (around_deg > 5)
    return despeckled(brighter & (after[2] > 1050) & (after[2] > after[1])) & known, known


def rules(folder: Path, slope_deg: Image) -> tuple[Mask, Mask, Mask]:
    """Ground by look, ground by change, and where change can be told.

    From the scenes of a folder and the after-scene's slopes.
    """
    before, after = read(folder, "pre"), read(folder, "post")
    around = uniform_filter(slope_deg, 21)
    return by_look(after, uniform_filter(slope_deg, 7), around), *by_change(before, after, around)


def despeckled(mask: Mask) -> Mask:
    """Without single pixels."""
    return np.asarray(median_filter(mask.astype(np.uint8), 3) > 0)


def f1(drawn: Mask, truth: Mask, known: Mask) -> float:
    """F1 where known."""
    return float(
        2 * (drawn & truth & known).sum() / max(1, (drawn & known).sum() + (truth & known).sum())
    )


def main() -> None:
    """Print both agreements, that of the rules with each other, and the share found by slope."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--stack", type=Path, required=True)
    parser.add_argument("--probability", type=Path, required=True)
    parser.add_argument(
        "--threshold", type=float, help="default: the one noted in the probability raster"
    )
    args = parser.parse_args()
    with Stack.open(args.stack).reader() as stack:
        slope = stack.read(["slope"])[0]
    near = uniform_filter(slope, 7)
    raster = ProbabilityRaster.open(args.probability)
    threshold = args.threshold or raster.threshold()
    if threshold is None:
        parser.error(f"{args.probability} notes no threshold; give one with --threshold.")
    with raster.reader() as reader:
        probability = np.nan_to_num(reader.read())
    look, change, known = rules(args.data / "hokkaido_2018", slope)
    everywhere = np.ones(slope.shape, bool)
    drawn = probability >= threshold
    print(f"threshold {threshold}: {100 * drawn.mean():.2f} % drawn")
    for name, rule, where in (("look", look, everywhere), ("change", change, known)):
        steps = np.arange(0.05, 0.96, 0.05)
        best = max((f1(probability >= at, rule, where), at) for at in steps)
        print(
            f"{name}: F1 {f1(drawn, rule, where):.3f}, at best {best[0]:.3f} (threshold"
            f" {best[1]:.2f})"
        )
    print(f"look against change: F1 {f1(look, change, known):.3f}")
    for low, high in itertools.pairwise(SLOPES_DEG):
        inside = (near >= low) & (near < high)
        shares = [
            100 * float((drawn & rule & inside).sum() / max(1, (rule & inside).sum()))
            for rule in (look, change)
        ]
        print(
            f"mean slope {low} to {high}: found of look {shares[0]:.0f} %, of change"
            f" {shares[1]:.0f} %"
        )


if __name__ == "__main__":
    main()
