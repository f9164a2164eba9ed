"""``l4s predict-patches``: masks in the competition's format."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.cli.outputs import keep_inputs, require_suffix
from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--model",
        nargs="+",
        action="extend",
        metavar="NAME_OR_DIR",
        help="model bundle; several are averaged (default: light)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with image_N.h5, or the dataset's root",
    )
    parser.add_argument(
        "--split",
        choices=["train", "validation", "test"],
        default="test",
        help="which split, where DIR holds several (default: test)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for mask_N.h5"
    )
    parser.add_argument(
        "--threshold", type=float, metavar="T", help="0 to 1 (default: the model card's)"
    )
    parser.add_argument(
        "--tta",
        choices=["none", "flip", "d4"],
        default="none",
        help="average mirrored and turned views",
    )
    parser.add_argument(
        "--crf", action="store_true", help="pull outlines to edges of the image (extra `crf`)"
    )
    parser.add_argument(
        "--zip",
        type=Path,
        metavar="FILE",
        help="also pack the masks, checked, as the organisers' submission archive",
    )
    parser.add_argument(
        "--device",
        default="auto",
        metavar="auto|cpu|cuda|cuda:N",
        help="where to compute (default: auto)",
    )
    parser.add_argument("--batch", type=int, metavar="N", help="patches at once (default: 16)")
    parser.add_argument(
        "--channels",
        nargs="+",
        metavar="NAME",
        help="use only these channels, as if the others were missing (B02 … slope DEM)",
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Predict every patch of a folder."""
    from engine.bands import channel_name
    from engine.inference.config import CrfConfig, InferenceConfig
    from engine.inference.patches import PatchConfig, predict_patches
    from engine.models.bundle import DEFAULT_MODEL, find_model
    from engine.patches.landslide4sense import find_patches
    from engine.patches.submission import write_submission

    channels = (
        tuple(channel_name(name) or name for name in args.channels) if args.channels else None
    )
    if args.zip is not None:
        require_suffix(args.zip, ".zip")
    inference = InferenceConfig(
        tta=args.tta,
        device=args.device,
        batch=args.batch,
        crf=CrfConfig() if args.crf else None,
    )
    config = PatchConfig(args.threshold, channels, inference)
    patches = find_patches(args.data, args.split, labels="ignored")
    truth = [
        file.mask for file in find_patches(args.data, args.split).files if file.mask is not None
    ]
    keep_inputs([args.out / mask.name for mask in truth], truth)
    bundles = [find_model(name) for name in args.model or [DEFAULT_MODEL]]
    facts = predict_patches(patches, bundles, out=args.out, config=config, reporter=reporter)
    share = (
        f"{facts['landslide_share']:.2%} of their pixels are landslide (threshold"
        f" {facts['threshold']:g})"
    )
    text = f"{facts['patches']} masks in {args.out}; {share}"
    if args.zip is not None:
        write_submission(args.out, [file.id for file in patches.files], args.zip)
        facts["zip"] = str(args.zip)
        text += f"; packed in {args.zip}"
    return {**facts, "text": text}
