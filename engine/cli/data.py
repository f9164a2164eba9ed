"""``l4s data``: check labelled patches, pack them, or make your own."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.cli.outputs import require_suffix
from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check", help="counts, value scale, stray files, degenerate patches, statistics by site"
    )
    check.add_argument(
        "data", type=Path, metavar="DIR", help="Landslide4Sense patches, or a packed dataset"
    )
    check.add_argument(
        "--split", choices=["train", "validation", "test"], default="train", help="default: train"
    )
    check.add_argument("--sheet", type=Path, metavar="PNG", help="write a picture sheet")
    pack = actions.add_parser(
        "pack", help="pack HDF5 patches into int16 memory maps, a quarter of the size, without loss"
    )
    pack.add_argument("data", type=Path, metavar="DIR", help="Landslide4Sense patches")
    pack.add_argument(
        "--split", choices=["train", "validation", "test"], default="train", help="default: train"
    )
    pack.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="packed dataset to write"
    )
    make = actions.add_parser(
        "make", help="cut a stack and its landslide inventory into labelled patches"
    )
    make.add_argument(
        "--stack", type=Path, required=True, metavar="FILE", help="stack of `l4s stack`"
    )
    make.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="polygons of all landslides in it; without: unlabelled patches",
    )
    make.add_argument(
        "--layer", metavar="NAME", help="layer of the inventory (default: landslides, or the first)"
    )
    make.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="packed dataset to write"
    )

    get = actions.add_parser("get", help="download Landslide4Sense, checked by its digests")
    get.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="root of the dataset to write"
    )
    get.add_argument(
        "--record",
        metavar="URL",
        help="another record than that of Zenodo, for instance an institute's copy",
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Do what the action says."""
    if args.action == "get":
        return _get(args, reporter)
    if args.action == "check":
        return _check(args, reporter)
    if args.action == "pack":
        return _pack(args, reporter)
    return _make(args, reporter)


def _get(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from engine.patches.download import RECORD, fetch_dataset

    facts = fetch_dataset(args.out, record=args.record or RECORD, reporter=reporter)
    lines = [f"{name}  {digest}" for name, digest in facts["files"].items()]
    return {**facts, "text": "\n".join([f"{facts['record']} in {args.out}", *lines])}


def _check(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from engine.patches.check import check_dataset
    from engine.patches.dataset import open_dataset
    from engine.patches.sheet import picture_sheet

    if args.sheet is not None:
        require_suffix(args.sheet, ".png")
    dataset = open_dataset(args.data, args.split)
    found = check_dataset(dataset, reporter=reporter)
    lines = found.lines()
    if args.sheet is not None:
        picture_sheet(dataset, args.sheet)
        lines.append(f"picture sheet: {args.sheet}")
    return {**asdict(found), "text": "\n".join(lines)}


def _pack(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from engine.patches.arrays import pack
    from engine.patches.landslide4sense import find_patches

    folder = find_patches(args.data, args.split)
    arrays = pack(folder, args.out, reporter)
    before = sum(p.stat().st_size for f in folder.files for p in (f.image, f.mask) if p is not None)
    after = sum(p.stat().st_size for p in args.out.iterdir())
    text = (
        f"{len(arrays)} patches packed into {args.out}: {after / 1e6:.1f} MB instead of"
        f" {before / 1e6:.1f} MB"
    )
    return {
        "patches": len(arrays),
        "out": str(args.out),
        "bytes": after,
        "bytes_before": before,
        "text": text,
    }


def _make(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from engine.patches.arrays import write_packed
    from engine.patches.own import patches_from_stack

    arrays = write_packed(
        patches_from_stack(args.stack, args.inventory, layer=args.layer, reporter=reporter),
        args.out,
    )
    positive = int((arrays.positive_pixels > 0).sum())
    text = (
        f"{len(arrays)} patches of {', '.join(arrays.channels)} in {args.out}, {positive} of them"
        " with landslide"
    )
    return {
        "patches": len(arrays),
        "positive": positive,
        "channels": list(arrays.channels),
        "out": str(args.out),
        "text": text,
    }
