"""``l4s simulate``: a synthetic scene with known landslides."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to write into"
    )
    parser.add_argument(
        "--size",
        type=int,
        default=516,
        metavar="PX",
        help="side in 10 m pixels, up to 10980 (default 516)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="everything follows from it (default 0)"
    )
    parser.add_argument(
        "--clouds",
        type=float,
        default=0.02,
        metavar="SHARE",
        help="cloudy share of the sky (default 0.02)",
    )
    parser.add_argument(
        "--density", type=float, default=1.0, help="factor on the number of landslides (default 1)"
    )
    parser.add_argument(
        "--before", action="store_true", help="also write a scene from before the landslides"
    )
    parser.add_argument(
        "--safe",
        choices=["l1c", "l2a"],
        help="write a SAFE product and an ALOS-like DEM archive instead of GeoTIFFs",
    )
    parser.add_argument(
        "--zip", action="store_true", help="pack the SAFE product into a zip, as it is downloaded"
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Write the scene and list its files."""
    from engine.scene.simulation.simulate import SimulationConfig, rounded_size, simulate

    size = rounded_size(args.size)
    if size != args.size:
        reporter.log(f"The size is rounded up to {size} pixels, a multiple of 6.")
    config = SimulationConfig(
        size_px=size,
        seed=args.seed,
        clouds=args.clouds,
        density=args.density,
        product=args.safe or "bands",
        zipped=args.zip,
        before=args.before,
    )
    scene = simulate(args.out, config, reporter)
    return {
        "sentinel2": [str(path) for path in scene.imagery],
        "dem": [str(path) for path in scene.dem],
        "truth": str(scene.truth),
        "truth_stack": str(scene.stack),
        **({"before": [str(path) for path in scene.before]} if scene.before else {}),
        "landslides": scene.landslides,
        "landslide_share": scene.landslide_share,
    }
