"""``l4s export``: an inventory in the formats of other programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.cli.outputs import keep_inputs
from engine.events import Reporter
from engine.inventory.formats import listed


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
        "--status",
        action="append",
        metavar="STATUS",
        help=(
            "only landslides of this review status (may be repeated): pending, needs-review,"
            " accepted, edited, rejected"
        ),
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help=f"its suffix chooses the format: {listed()}",
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command."""
    from engine.files import output_folder
    from engine.inventory.export import export_inventory
    from engine.inventory.storage.reading import read_inventory

    keep_inputs([args.out], [args.inventory])
    inventory = read_inventory(args.inventory, reporter=reporter)
    output_folder(args.out.resolve().parent)
    written = export_inventory(inventory, args.out, status=args.status, reporter=reporter)
    return {"out": str(args.out), "files": [str(path) for path in written]}
