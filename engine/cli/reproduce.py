"""``l4s reproduce``: a method of the competition, data to submission."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.cli.train import require_training
from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "method",
        metavar="METHOD",
        help="kingdrone, seek, tanmlh, sklgp, baseline, another recipe's name, or a TOML file",
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="root of Landslide4Sense"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the run; a second call goes on where the first was stopped",
    )
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="replace a value of the recipe; may be given several times",
    )


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run every step that is not finished."""
    require_training()
    from engine.training.experiments.reproduce import reproduce

    facts = reproduce(args.method, args.data, args.out, overrides=args.overrides, reporter=reporter)
    text = Path(facts["table"]).read_text(encoding="utf-8").rstrip()
    made = [row["submission"] for row in facts["splits"]]
    if made:
        text += "\n\nSubmissions: " + ", ".join(made)
    return {**facts, "text": text}
