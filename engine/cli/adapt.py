"""``l4s adapt``: trained models become models of an unlabelled target."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.cli.outputs import keep_inputs
from engine.cli.train import add_recipe_arguments, describe, require_training
from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="NAME_OR_DIR",
        help="a trained bundle; give all members of an ensemble",
    )
    add_recipe_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="labelled patches")
    parser.add_argument(
        "--target",
        type=Path,
        required=True,
        metavar="DIR_OR_STACK",
        help="folder of patches (their masks are not looked at) or a stack",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument(
        "--target-split",
        nargs="+",
        choices=["train", "validation", "test"],
        default=["test"],
        help="splits of the target's folder, each a domain of its own (default: test)",
    )
    parser.add_argument(
        "--score",
        action="store_true",
        help="score the models on the target's masks before the first and after every round",
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue an adaptation that was stopped"
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Adapt and export."""
    require_training()
    from engine.models.bundle import find_model
    from engine.training.adapting.adaptation import adapt
    from engine.training.recipe import load_recipe

    if not args.resume:  # which refuses other models than those that it began with
        keep_inputs([args.out / "bundle", *args.out.glob("*/bundle")], map(Path, args.model))
    recipe = load_recipe(args.recipe, args.overrides)
    bundles = adapt(
        [find_model(name) for name in args.model],
        recipe,
        args.data,
        args.target,
        args.out,
        target_splits=args.target_split,
        score=args.score,
        resume=args.resume,
        reporter=reporter,
    )
    return describe(bundles)
