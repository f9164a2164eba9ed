"""``l4s detect``: from imagery and a DEM, or a stack, to an inventory."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.outputs import keep_inputs
from engine.cli.stack import add_scene_arguments, stack_config
from engine.cli.vectorize import add_polygon_arguments, polygon_config
from engine.errors import ConfigError
from engine.events import Reporter
from engine.files import ResultFolder, output_folder
from engine.lock import locked_folder

if TYPE_CHECKING:
    from engine.handles import Stack
    from engine.pipeline import DetectConfig, Detection, Results, Threshold


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    source = parser.add_argument_group("input: finished stacks, or imagery with elevation")
    source.add_argument(
        "--stack",
        type=Path,
        nargs="+",
        metavar="FILE",
        default=[],
        help="stack of `l4s stack`, or GeoTIFF with named bands",
    )
    add_scene_arguments(parser, required=False)
    source.add_argument(
        "--before",
        type=Path,
        nargs="+",
        metavar="PATH",
        default=[],
        help="imagery from before the event",
    )
    model = parser.add_argument_group("model")
    model.add_argument(
        "--model",
        nargs="+",
        metavar="NAME_OR_DIR",
        action="extend",
        help="model bundle; several are averaged (default: light)",
    )
    model.add_argument(
        "--threshold",
        type=_threshold,
        metavar="T",
        help="0 to 1, or auto (default: the model card's)",
    )
    model.add_argument(
        "--tta",
        choices=["none", "flip", "d4"],
        default="none",
        help="average mirrored and turned views",
    )
    model.add_argument(
        "--crf", action="store_true", help="pull outlines to edges of the image (extra `crf`)"
    )
    model.add_argument(
        "--device",
        default="auto",
        metavar="auto|cpu|cuda|cuda:N",
        help="device that computes (default: auto)",
    )
    model.add_argument(
        "--window", type=int, metavar="PX", help="largest window; smaller ones need less memory"
    )
    model.add_argument(
        "--overlap",
        type=int,
        metavar="PX",
        help="pixels that windows share (default: what the models' cards ask for)",
    )
    model.add_argument(
        "--keep-clouds", action="store_true", help="detect under cloud, shadow and snow, too"
    )
    add_polygon_arguments(parser)
    many = parser.add_argument_group("several stacks or areas")
    many.add_argument(
        "--each-area", action="store_true", help="one result folder for each polygon of --aoi"
    )
    many.add_argument(
        "--merge", action="store_true", help="also write one inventory of all stacks or areas"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for all results"
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Detect in every stack and area that was asked for."""
    from engine.models.bundle import DEFAULT_MODEL, find_model
    from engine.pipeline import Job, detect, jobs, left_from_earlier, merge

    if bool(args.stack) == bool(args.sentinel2):
        raise ConfigError(
            "Give either --stack or --sentinel2 (with --dem), so that the input is clear."
        )
    if args.stack:
        _require_finished(args)
    keep_inputs(
        _written(args), [*args.stack, *(args.sentinel2 or []), *args.dem, *args.before, args.aoi]
    )
    bundles = [find_model(name) for name in args.model or [DEFAULT_MODEL]]
    config = _config(args)
    todo: list[Job] = jobs(
        _stacks(args, reporter), out=args.out, aoi=args.aoi, each_area=args.each_area
    )
    done: list[Detection] = []
    for job in todo:
        if len(todo) > 1:
            reporter.log(f"Detecting in {job.name} ({len(done) + 1} of {len(todo)}).")
        with _alone_in(job.out, args, reporter):
            change = _change(args, job.stack, job.out, reporter)
            found = detect(
                job.stack,
                bundles,
                out=job.out,
                config=config,
                area=job.area,
                change=change,
                inputs=_inputs(args),
                reporter=reporter,
            )
        done.append(found)
    # A single detection in the folder itself is all there is; one in a folder of its own may take
    # the place of several earlier ones.
    together = args.merge and args.out not in {job.out for job in todo}
    merged = merge(done, args.out, reporter=reporter) if together else None
    if stale := left_from_earlier(todo, args.out, merged=merged is not None):
        names = ", ".join(str(path.relative_to(args.out)) for path in stale)
        reporter.warn(
            f"In {args.out}, {names} of an earlier run hold nothing of this one; remove them where"
            " they are not needed.",
            "output-left-over",
        )
    return _result(done, merged)


def _alone_in(
    folder: Path, args: argparse.Namespace, reporter: Reporter
) -> AbstractContextManager[None]:
    """Lock the folder of one of several detections.

    That of all is locked already.
    """
    if folder == args.out:
        return nullcontext()
    return locked_folder(folder, args.command, wait=args.wait, reporter=reporter)


def _require_finished(args: argparse.Namespace) -> None:
    """Refuse options for making a stack where a finished one is given.

    Raises:
        ConfigError: Such an option was given.
    """
    from dataclasses import asdict

    from engine.scene.stack import StackConfig

    usual = asdict(StackConfig())
    used = {"aoi", "workers", *(("resampling", "quality") if args.before else ())}
    idle = [
        name
        for name, value in asdict(stack_config(args)).items()
        if name not in used and value != usual[name]
    ]
    options = [f"--{name.replace('_', '-')}" for name in (["dem"] if args.dem else []) + idle]
    if options:
        raise ConfigError(
            f"{', '.join(options)} would change nothing, because --stack gives a finished stack;"
            " leave out what says how one is made, or give the imagery as --sentinel2 (--aoi alone"
            " restricts the detection)."
        )


def _written(args: argparse.Namespace) -> list[Path]:
    """The files that are replaced in the folder of the results.

    The inventory is not among them, because reviewed landslides of an earlier one are kept.
    """
    folder = ResultFolder(args.out)
    written = [folder.probability, folder.uncertainty, folder.mask, folder.report, folder.run]
    written += [folder.stack, folder.stack_record] if args.sentinel2 else []
    return written + ([folder.change] if args.before else [])


def _config(args: argparse.Namespace) -> DetectConfig:
    from engine.inference.config import CrfConfig, InferenceConfig
    from engine.pipeline import DetectConfig

    inference = InferenceConfig(
        window_px=args.window,
        overlap_px=args.overlap,
        tta=args.tta,
        device=args.device,
        mask_quality=not args.keep_clouds,
        crf=CrfConfig() if args.crf else None,
    )
    return DetectConfig(args.threshold, inference, polygon_config(args))


def _stacks(args: argparse.Namespace, reporter: Reporter) -> list[Stack]:
    from engine.handles import Stack
    from engine.pipeline import stack_for

    if args.stack:
        return [Stack.open(path) for path in args.stack]
    return [
        stack_for(
            args.sentinel2, args.dem, out=args.out, config=stack_config(args), reporter=reporter
        )
    ]


def _change(args: argparse.Namespace, stack: Stack, out: Path, reporter: Reporter) -> Path | None:
    if not args.before:
        return None
    from engine.scene.change import make_change

    folder, config = ResultFolder(output_folder(out)), stack_config(args)
    change = make_change(stack, args.before, out=folder.change, config=config, reporter=reporter)
    return change.path


def _inputs(args: argparse.Namespace) -> dict[str, Any]:
    from engine.raster import files_behind

    given = {
        "sentinel2": args.sentinel2,
        "dem": args.dem,
        "before": args.before,
        "aoi": [args.aoi] if args.aoi else [],
    }
    return {
        name: [file for path in paths for file in files_behind(path)]
        for name, paths in given.items()
        if paths
    }


def _result(done: list[Detection], merged: Results | None) -> dict[str, Any]:
    results = [
        {
            "out": str(d.folder),
            "landslides": len(d.inventory.confirmed),
            "inventory": str(d.inventory_path),
            "probability": str(d.prediction.probability.path),
            "uncertainty": str(d.prediction.uncertainty.path) if d.prediction.uncertainty else None,
            "mask": str(d.mask.path),
            "report": str(d.report_path),
            "run": str(d.run_path),
            "stack": d.inventory.run["inputs"].get("stack"),
            "masked_share": d.inventory.run.get("masked_share"),
            "slope_covered": d.inventory.run.get("slope_covered"),
        }
        for d in done
    ]
    lines = [
        f"{r['landslides']} landslides in {r['inventory']}; report: {r['report']}" for r in results
    ]
    together: dict[str, Any] = {"merged": None}
    if merged is not None:
        count = len(merged.inventory.confirmed)
        lines.append(
            f"all together {count} landslides in {merged.inventory_path}; report:"
            f" {merged.report_path}"
        )
        together = {
            "merged": str(merged.inventory_path),
            "merged_landslides": count,
            "merged_report": str(merged.report_path),
        }
    return {**results[0], "results": results, **together, "text": "\n".join(lines)}


def _threshold(text: str) -> Threshold:
    if text == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a number between 0 and 1 nor `auto`"
        ) from None
