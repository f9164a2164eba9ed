"""``l4s compare``: an inventory against a reference inventory."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.cli.outputs import keep_inputs, require_suffix
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
        "--reference",
        type=Path,
        required=True,
        metavar="FILE",
        help="polygons (or points) taken for true, any vector file",
    )
    parser.add_argument(
        "--layer", metavar="NAME", help="layer of the reference (default: landslides, or the first)"
    )
    parser.add_argument(
        "--min-share",
        type=float,
        default=0.5,
        metavar="S",
        help="share of a landslide that must be covered (default 0.5)",
    )
    parser.add_argument(
        "--min-iou",
        type=float,
        default=0.3,
        metavar="IOU",
        help="overlap of a one-to-one pair (default 0.3)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="GeoPackage for the layers missed, false and matched",
    )
    parser.add_argument("--json", action="store_true", help="print all scores as JSON")


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command."""
    import json

    from engine.evaluation.compare import CompareConfig, as_table, compare, write_layers
    from engine.evaluation.reference import read_reference
    from engine.files import output_folder
    from engine.inventory.storage.reading import read_inventory

    if args.out:
        require_suffix(args.out, ".gpkg")
        keep_inputs([args.out], [args.inventory, args.reference])
        _require_own(args.out)
    config = CompareConfig(min_share=args.min_share, min_iou=args.min_iou)
    inventory = read_inventory(args.inventory, reporter=reporter)
    reference = read_reference(
        args.reference, inventory.crs, inventory.aoi, layer=args.layer, reporter=reporter
    )
    comparison = compare(inventory, reference, config=config, reporter=reporter)
    data = comparison.to_dict()
    text = json.dumps(data, indent=2, ensure_ascii=False) if args.json else as_table(comparison)
    if args.out:
        output_folder(args.out.resolve().parent)
        data["out"] = str(write_layers(comparison, args.out))
    return {**data, "text": text}


def _require_own(out: Path) -> None:
    """Check that a file that would be replaced is an earlier comparison.

    Raises:
        ConfigError: It holds other layers, or is no GeoPackage.
    """
    import pyogrio
    from pyogrio.errors import DataSourceError

    from engine.errors import ConfigError
    from engine.evaluation.compare import LAYERS

    if not out.exists():
        return
    try:
        layers = {str(name) for name, kind in pyogrio.list_layers(out) if kind is not None}
    except DataSourceError as error:
        raise ConfigError(
            f"{out} exists but is not a GeoPackage; choose another name for --out."
        ) from error
    others = sorted(layers.difference(LAYERS))
    if others:
        raise ConfigError(
            f"{out} holds {', '.join(others)}, which the comparison would replace; choose another"
            " name for --out."
        )
