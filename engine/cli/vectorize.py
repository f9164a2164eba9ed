"""``l4s vectorize``: from a probability raster or mask to polygons."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine.cli.outputs import keep_inputs
from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--probability",
        type=Path,
        metavar="FILE",
        help="probability raster that `l4s detect` wrote",
    )
    parser.add_argument(
        "--mask",
        type=Path,
        metavar="FILE",
        help="mask (0, 1, nodata) to use instead of thresholding the probability",
    )
    parser.add_argument(
        "--stack",
        type=Path,
        metavar="FILE",
        help="stack on the same grid, for terrain, vegetation and the report's map",
    )
    parser.add_argument(
        "--uncertainty",
        type=Path,
        metavar="FILE",
        help="uncertainty raster (default: that of the same run, beside the probability)",
    )
    parser.add_argument(
        "--change",
        type=Path,
        metavar="FILE",
        help=(
            "raster with bands dNDVI and dBrightness on the same grid (default: that of the run or"
            " the stack)"
        ),
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help=(
            "probability from which a pixel is landslide (default: that of the models, noted in the"
            " raster)"
        ),
    )
    add_scale_argument(parser, "the probability raster's values")
    add_polygon_arguments(
        parser, "what is not given here is taken from the inventory in --out, if there is one"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="GeoPackage; reviewed polygons in it are kept",
    )


def add_scale_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """Declare ``--scale``, the factor from a raster's values to probabilities."""
    parser.add_argument(
        "--scale",
        type=_factor,
        metavar="S",
        help=f"factor from {what} to probabilities: 0.01 for per cent, 1/255 for 0 to 255",
    )


def _factor(text: str) -> float:
    """A number, or a fraction such as 1/255."""
    above, _, below = text.partition("/")
    try:
        return float(above) / float(below or 1)
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no factor; write a number such as 0.01, or a fraction such as 1/255"
        ) from error


def add_polygon_arguments(parser: argparse.ArgumentParser, otherwise: str | None = None) -> None:
    """Declare the arguments of the polygons' configuration.

    Args:
        parser: Receives them.
        otherwise: What is done where they are not given, if not always the defaults.
    """
    group = parser.add_argument_group("polygons", otherwise)
    group.add_argument(
        "--min-area",
        dest="min_area_m2",
        type=float,
        metavar="M2",
        help="minimum mapping unit (default 400)",
    )
    group.add_argument(
        "--connectivity",
        type=int,
        choices=(4, 8),
        help="8 joins pixels that share a corner (default)",
    )
    group.add_argument(
        "--fill-holes",
        dest="fill_holes_m2",
        type=float,
        metavar="M2",
        help="fill holes up to this area (default 0)",
    )
    group.add_argument(
        "--split",
        choices=("none", "probability", "flow"),
        help=(
            "split amalgamated slides by valleys of the probability or by the DEM's flow (default"
            " none)"
        ),
    )
    group.add_argument(
        "--outline",
        choices=("exact", "simplified", "smooth"),
        help="outlines: exact pixels (default), straight sides, or rounded",
    )


def polygon_config(args: argparse.Namespace, run: Mapping[str, Any] | None = None) -> Any:
    """The configuration that the arguments describe.

    What they leave open is that of an earlier run, or the default.
    """
    from engine.inventory.vectorize import VectorizeConfig

    before = VectorizeConfig.of_run(run or {})
    given = {name: value for name in asdict(before) if (value := getattr(args, name)) is not None}
    return replace(before, **given)


def _as_before(args: argparse.Namespace, stack: Any, reporter: Reporter) -> Any:
    """The configuration asked for, else that of the inventory in ``--out``.

    What is taken from there is reported.
    """
    from engine.inventory.split import splittable
    from engine.inventory.storage.reading import last_run
    from engine.inventory.vectorize import VectorizeConfig

    polygons = polygon_config(args, last_run(args.out))
    if args.split is None and not splittable(polygons.split, args.probability is not None, stack):
        reporter.warn(
            f"The landslides in {args.out.name} were split by {polygons.split}, for which a raster"
            " is not given now (the probability, or a stack with a DEM); they are not split this"
            " time.",
            "vectorize-not-split",
        )
        polygons = replace(polygons, split="none")
    default = asdict(VectorizeConfig())
    taken = [
        f"{name} {value}"
        for name, value in asdict(polygons).items()
        if getattr(args, name) is None and value != default[name]
    ]
    if taken:
        reporter.log(f"As in {args.out.name} before: {', '.join(taken)}.")
    return polygons


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command."""
    from engine.errors import ConfigError
    from engine.handles import LandslideMask, ProbabilityRaster, Stack
    from engine.inference.config import require_threshold
    from engine.pipeline import redraw

    if args.probability is None and args.mask is None:
        raise ConfigError(
            "Neither --probability nor --mask was given; give the raster that `l4s detect` wrote."
        )
    if args.threshold is not None:
        require_threshold(args.threshold)
    keep_inputs(
        [args.out], [args.probability, args.mask, args.stack, args.uncertainty, args.change]
    )
    stack = Stack.open(args.stack) if args.stack else None
    polygons = _as_before(args, stack, reporter)
    probability = None
    if args.probability:
        probability = ProbabilityRaster.open(args.probability, scale=args.scale, reporter=reporter)
    inventory = redraw(
        probability,
        out=args.out,
        mask=LandslideMask.open(args.mask, reporter=reporter) if args.mask else None,
        threshold=args.threshold,
        stack=stack,
        uncertainty=ProbabilityRaster.open(args.uncertainty) if args.uncertainty else None,
        change=args.change,
        polygons=polygons,
        reporter=reporter,
    )
    area = float(inventory.confirmed["area_m2"].sum())
    return {"out": str(args.out), "landslides": len(inventory.confirmed), "area_km2": area / 1e6}
