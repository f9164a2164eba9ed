"""``l4s stack``: products and elevation → one stack on a 10 m grid."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.cli.outputs import keep_inputs, require_suffix
from engine.events import Reporter


def add_scene_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Arguments that say what a stack is made of, shared with ``detect``."""
    parser.add_argument(
        "--sentinel2",
        type=Path,
        nargs="+",
        metavar="PATH",
        required=required,
        help=(
            "product (.SAFE or zip), folder of band files, band files, or a multi-band GeoTIFF;"
            " several products are mosaicked"
        ),
    )
    parser.add_argument(
        "--dem",
        type=Path,
        nargs="+",
        metavar="PATH",
        default=[],
        help="elevation: GeoTIFF, .hgt, ALOS or SRTM zip, or a folder of them",
    )
    parser.add_argument(
        "--aoi", type=Path, metavar="FILE", help="vector file; the stack covers the box around it"
    )
    parser.add_argument(
        "--bounds",
        type=float,
        nargs=4,
        metavar=("L", "B", "R", "T"),
        help="the area as left bottom right top",
    )
    parser.add_argument(
        "--bounds-crs",
        metavar="CRS",
        help="CRS of --bounds, such as EPSG:4326 (default: the imagery's)",
    )
    parser.add_argument(
        "--resampling",
        choices=["nearest", "bilinear", "cubic"],
        default="nearest",
        help="kernel for 20 m and 60 m bands (default: nearest, as in the benchmark)",
    )
    parser.add_argument(
        "--quality",
        choices=["auto", "s2cloudless", "bright", "off"],
        default="auto",
        help=(
            "cloud mask: the product's own (auto); computed from Level-1C bands (s2cloudless);"
            " cloud, haze and snow by their brightness in blue (bright), for imagery of a few"
            " bands; or none (off)"
        ),
    )
    parser.add_argument(
        "--dn-offset",
        type=float,
        metavar="DN",
        help="added to the DN instead of the offset that the metadata give",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="reading threads (default: one a processor)",
    )


def stack_config(args: argparse.Namespace) -> Any:
    """The :class:`~engine.scene.stack.StackConfig` that the arguments ask for."""
    from engine.scene.stack import StackConfig

    return StackConfig(
        aoi=args.aoi,
        bounds=tuple(args.bounds) if args.bounds else None,
        bounds_crs=args.bounds_crs,
        resampling=args.resampling,
        quality=args.quality,
        dn_offset=args.dn_offset,
        workers=args.workers,
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_scene_arguments(parser)
    parser.add_argument(
        "--before",
        type=Path,
        nargs="+",
        metavar="PATH",
        default=[],
        help=(
            "imagery from before the event: its NDVI and brightness change are written to"
            " NAME.change.tif"
        ),
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="GeoTIFF to write")


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Make the stack and say what it holds."""
    require_suffix(args.out, ".tif", ".tiff")
    from engine.scene.change import change_path, make_change
    from engine.scene.stack import make_stack, stack_provenance

    keep_inputs([args.out, change_path(args.out)], _sources(args))
    config = stack_config(args)
    stack = make_stack(args.sentinel2, args.dem, out=args.out, config=config, reporter=reporter)
    changed = {}
    if args.before:
        change = make_change(
            stack, args.before, out=change_path(args.out), config=config, reporter=reporter
        )
        changed = {"change": str(change.path), "change_known_share": change.known_share}
    provenance = stack_provenance(stack.path)
    return {
        "stack": str(stack.path),
        "grid": stack.grid.describe(),
        "channels": list(stack.channels),
        "valid_share": provenance["valid_share"],
        "dem_covered": provenance["dem_covered"],
        "quality_share": provenance["quality_share"],
        **changed,
    }


def _sources(args: argparse.Namespace) -> list[Path]:
    """The files that are read, without results of an earlier run."""
    from engine.scene.change import change_path

    given = [*args.sentinel2, *args.dem, *args.before, *([args.aoi] if args.aoi else [])]
    inside = [
        path for folder in given if folder.is_dir() for path in folder.rglob("*") if path.is_file()
    ]
    results = {path for path in (args.out, change_path(args.out)) if _made_here(path)}
    return given + [path for path in inside if not any(path.samefile(result) for result in results)]


def _made_here(path: Path) -> bool:
    from engine.errors import InputError
    from engine.scene.stack import stack_provenance

    try:
        return bool(stack_provenance(path))
    except InputError:
        return False
