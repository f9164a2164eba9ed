"""``l4s train``: labelled patches and a recipe → a model bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.events import Reporter

_NEEDED = ("torch", "lightning", "segmentation_models_pytorch", "timm")


def add_recipe_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that choose and change a recipe, shared by three commands."""
    parser.add_argument(
        "--recipe",
        required=True,
        metavar="NAME_OR_TOML",
        help="a shipped recipe's name, or a TOML file",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help=(
            "replace one value of the recipe, such as optimizer.lr=1e-4; may be given several times"
        ),
    )


def require_training() -> None:
    """Check that the packages that training needs are installed.

    Raises:
        DependencyError: One is not.
    """
    from importlib.util import find_spec

    from engine.errors import DependencyError

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise DependencyError(
            f"Training needs {', '.join(missing)}, not part of the light installation; install"
            " `l4s-engine[train]`."
        )


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="labelled patches: HDF5 or packed"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    parser.add_argument(
        "--negatives",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="patches that hold no landslide, drawn at data.negative_share",
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Train and export."""
    require_training()
    from engine.training.recipe import load_recipe
    from engine.training.run import train_members

    recipe = load_recipe(args.recipe, args.overrides)
    bundles = train_members(
        recipe, args.data, args.out, resume=args.resume, negatives=args.negatives, reporter=reporter
    )
    return describe(bundles)


def describe(bundles: tuple[Any, ...]) -> dict[str, Any]:
    """The result for a person and a program: bundles and scores."""
    lines, models = [], []
    for bundle in bundles:
        card = bundle.card
        row = next((dict(r) for r in card.scores if r.get("site") == "all"), {})
        spread = (
            f" (folds {row['f1_fold_mean']:.3f} ± {row['f1_fold_std']:.3f})"
            if "f1_fold_std" in row
            else ""
        )
        score = (
            f"F1 {row['f1']:.3f}{spread}, {row['method']}, {row['protocol']}"
            if row
            else "not scored: nothing was held out"
        )
        lines.append(f"{card.name}: {bundle.path}\n  {score}; threshold {card.threshold:.3f}")
        models.append(
            {
                "name": card.name,
                "path": str(bundle.path),
                "digest": bundle.digest,
                "threshold": card.threshold,
                "score": row,
            }
        )
    return {"models": models, "text": "\n".join(lines)}
