"""``l4s inspect``: what would be made of files, before computing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="imagery and elevation, as --sentinel2 and --dem take them, in any order",
    )
    parser.add_argument(
        "--dn-offset",
        type=float,
        metavar="DN",
        help="added to the DN instead of the offset that metadata, tags or names give",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Inspect the files and lay the findings out."""
    import json

    from engine.scene.inspection import inspect, text_of

    reporter.check()
    inspection = inspect(args.paths, dn_offset=args.dn_offset)
    data = inspection.to_dict()
    text = json.dumps(data, indent=2, ensure_ascii=False) if args.json else text_of(inspection)
    return {**data, "text": text}
