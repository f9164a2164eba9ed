"""``l4s evaluate``: precision, recall, F1 and IoU of the landslide class."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.vectorize import add_scale_argument
from engine.events import Reporter

if TYPE_CHECKING:
    from engine.evaluation.evaluate import Evaluation


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--prediction",
        type=Path,
        required=True,
        metavar="FILE_OR_DIR",
        help="predicted mask (GeoTIFF), or a folder of mask_N.h5 or GeoTIFF files",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        required=True,
        metavar="FILE_OR_DIR",
        help="true masks of the same kind",
    )
    parser.add_argument(
        "--ignore",
        type=int,
        metavar="V",
        help="value of pixels that do not count (default 255, where a mask holds 1, too)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="the prediction is one probability raster; its pixels from T up are landslide",
    )
    add_scale_argument(parser, "the prediction's values")
    parser.add_argument(
        "--json", action="store_true", help="print the scores as JSON, of each file too"
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command."""
    import json

    from engine.errors import ConfigError
    from engine.evaluation.evaluate import evaluate
    from engine.inference.config import require_threshold

    if args.threshold is not None:
        require_threshold(args.threshold)
    elif args.scale is not None:
        raise ConfigError("--scale is for probabilities; give --threshold, too.")
    result = evaluate(
        args.prediction,
        args.reference,
        ignore=args.ignore,
        threshold=args.threshold,
        scale=args.scale,
        reporter=reporter,
    )
    data: dict[str, Any] = result.total.to_dict()
    if len(result.files) > 1:
        data["files"] = {name: counts.to_dict() for name, counts in result.files.items()}
    text = json.dumps(data, indent=2) if args.json else _table(result)
    return {**data, "text": text}


def _table(result: Evaluation) -> str:
    scores = result.total.to_dict()
    lines = [
        f"{name:<10} {_percent(scores[name])}" for name in ("precision", "recall", "f1", "iou")
    ]
    counts = "  ".join(f"{name} {scores[name]:,}" for name in ("tp", "fp", "fn", "tn", "ignored"))
    return "\n".join([f"landslide class, {len(result.files)} file(s)", *lines, counts])


def _percent(value: float | int | None) -> str:
    return "undefined" if value is None else f"{100 * value:6.2f} %"
