"""``l4s demo``: simulate a scene, detect its landslides, show how well."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for pictures, polygons and report",
    )
    parser.add_argument(
        "--size",
        type=int,
        default=516,
        metavar="PX",
        help="side of the scene in 10 m pixels (default 516)",
    )
    parser.add_argument("--seed", type=int, default=0, help="the scene follows from it (default 0)")


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the demo and list its results."""
    from engine.demo import demonstrate

    demo = demonstrate(args.out, size_px=args.size, seed=args.seed, reporter=reporter)
    detection, scores = demo.detection, demo.confusion
    found = len(detection.inventory)
    lines = [
        f"{found} landslides detected; the simulated scene has {demo.simulated}.",
        (
            f"Pixels: precision {scores.precision:.2f}, recall {scores.recall:.2f}, F1"
            f" {scores.f1:.2f} (a simulated scene, not a benchmark)."
        ),
        f"See   {demo.picture}",
        f"and   {detection.report_path}",
        f"Open  {detection.inventory_path} in QGIS",
    ]
    return {
        "landslides": found,
        "simulated": demo.simulated,
        **scores.to_dict(),
        "picture": str(demo.picture),
        "report": str(detection.report_path),
        "inventory": str(detection.inventory_path),
        "text": "\n".join(lines),
    }
