"""``l4s measure``: facts of landslides whose outlines were corrected."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--inventory",
        type=Path,
        required=True,
        metavar="FILE",
        help="GeoPackage that `l4s detect` wrote; it is read, not changed",
    )
    parser.add_argument(
        "--fid",
        type=int,
        action="append",
        metavar="N",
        help="row of the layer `landslides` to measure (may be repeated; default: all)",
    )
    parser.add_argument(
        "--probability",
        type=Path,
        metavar="FILE",
        help="probability raster (default: probability.tif beside the inventory)",
    )
    parser.add_argument(
        "--stack",
        type=Path,
        metavar="FILE",
        help="stack, for terrain and vegetation (default: stack.tif beside the inventory)",
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command."""
    from engine.handles import ProbabilityRaster, Stack
    from engine.pipeline.measuring import measure_inventory

    rows = measure_inventory(
        args.inventory,
        fids=args.fid,
        probability=ProbabilityRaster.open(args.probability) if args.probability else None,
        stack=Stack.open(args.stack) if args.stack else None,
        reporter=reporter,
    )
    lines = [
        f"landslide {row.get('id', row['fid'])}: {row['area_m2']:.0f} m², probability"
        f" {_number(row.get('prob_mean'), 2)}, slope {_number(row.get('slope_deg'), 0)}°, length"
        f" {_number(row.get('length_m'), 0)} m, {row.get('pixels') or 0} pixels"
        for row in rows
    ]
    return {"landslides": rows, "text": "\n".join(lines) or "No landslide was measured."}


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
