"""``l4s ablate``: the paper's tables as experiments on one's own data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.cli.train import add_recipe_arguments, require_training
from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--table",
        required=True,
        metavar="NAME_OR_TOML",
        help=(
            "bands (Table III), losses (IV), lambda (V), test (VI), modules (Fig. 6), ensemble"
            " (each network and all), or a TOML file of variants"
        ),
    )
    add_recipe_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="labelled patches")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the experiments; finished ones are kept",
    )
    parser.add_argument(
        "--target",
        type=Path,
        metavar="DIR_OR_STACK",
        help="what adapted rows adapt to (default: the held-out images)",
    )
    parser.add_argument(
        "--target-split",
        choices=["train", "validation", "test"],
        default="test",
        help="split of the target's folder (default: test)",
    )
    parser.add_argument(
        "--score-on",
        type=Path,
        metavar="DIR",
        help="train on all of --data and score on these labelled patches (default: hold folds out)",
    )
    parser.add_argument(
        "--split",
        choices=["train", "validation", "test"],
        default="validation",
        help="split of --score-on's folder (default: validation)",
    )
    parser.add_argument(
        "--folds", type=int, metavar="N", help="run the first N folds only (default: all)"
    )
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="seeds a row (default: 3)"
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the experiments and write the table."""
    require_training()
    from dataclasses import asdict

    from engine.training.experiments.ablation import Protocol, ablate

    protocol = Protocol(
        args.seeds, args.folds, args.score_on, args.split, args.target, args.target_split
    )
    rows = ablate(
        args.table,
        args.recipe,
        args.data,
        args.out,
        overrides=args.overrides,
        protocol=protocol,
        reporter=reporter,
    )
    table = (args.out / "table.md").read_text(encoding="utf-8")
    return {
        "rows": [asdict(row) for row in rows],
        "table": str(args.out / "table.md"),
        "text": table.rstrip(),
    }
