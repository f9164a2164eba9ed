"""``l4s report``: an inventory's HTML report, anew after a review."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.cli.outputs import keep_inputs, require_suffix
from engine.cli.vectorize import add_scale_argument
from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--inventory",
        type=Path,
        required=True,
        metavar="FILE",
        help="GeoPackage that `l4s detect` wrote",
    )
    parser.add_argument(
        "--stack", type=Path, metavar="FILE", help="stack, for the image below the map"
    )
    parser.add_argument(
        "--probability", type=Path, metavar="FILE", help="probability raster, for its map"
    )
    add_scale_argument(parser, "the probability raster's values")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="HTML file; figures go into a folder beside it",
    )
    parser.add_argument(
        "--share",
        action="store_true",
        help="write one HTML file with an interactive map instead, for people without a GIS",
    )
    parser.add_argument(
        "--before",
        type=Path,
        metavar="FILE",
        help="with --share: stack of before the event, to which one can swipe",
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command."""
    from engine.errors import ConfigError
    from engine.files import output_folder
    from engine.handles import ProbabilityRaster, Stack
    from engine.inventory.storage.reading import read_inventory
    from engine.report.page import write_report
    from engine.report.share import write_share

    require_suffix(args.out, ".html", ".htm")
    keep_inputs([args.out], [args.inventory, args.stack, args.probability, args.before])
    if args.before and not args.share:
        raise ConfigError("--before is an image of the shared map; give it together with --share.")
    if args.probability and args.share:
        raise ConfigError("The shared map shows no probability; leave --probability out.")
    inventory = read_inventory(args.inventory, reporter=reporter)
    stack = Stack.open(args.stack) if args.stack else None
    probability = None
    if args.probability:
        probability = ProbabilityRaster.open(args.probability, scale=args.scale, reporter=reporter)
    output_folder(args.out.resolve().parent)
    if args.share:
        before = Stack.open(args.before) if args.before else None
        out = write_share(inventory, args.out, stack=stack, before=before, reporter=reporter)
        return {"out": str(out), "landslides": len(inventory)}
    out = write_report(inventory, args.out, stack=stack, probability=probability, reporter=reporter)
    return {"out": str(out), "landslides": len(inventory)}
