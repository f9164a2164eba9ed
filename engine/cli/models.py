"""``l4s models``: list, show, verify, export and seal model bundles."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(
        dest="action", metavar="list | show | verify | export | seal", required=True
    )
    actions.add_parser("list", help="list the models that can be given by name")
    show = actions.add_parser("show", help="show a model's card")
    show.add_argument("model", metavar="NAME_OR_DIR")
    verify = actions.add_parser(
        "verify", help="check that neither a bundle's files nor its card were changed"
    )
    verify.add_argument("model", metavar="NAME_OR_DIR")
    export = actions.add_parser("export", help="copy a bundle into a folder")
    export.add_argument("model", metavar="NAME_OR_DIR")
    export.add_argument("--out", type=Path, required=True, help="folder that receives the bundle")
    seal = actions.add_parser(
        "seal", help="accept a bundle that you changed yourself: write its digests anew"
    )
    seal.add_argument("model", type=Path, metavar="DIR")


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command."""
    actions = {"list": _list, "show": _show, "verify": _verify, "export": _export, "seal": _seal}
    return actions[args.action](args)


def _list(args: argparse.Namespace) -> dict[str, Any]:
    from engine.models.bundle import ModelBundle, installed

    cards = [ModelBundle.open(path).card for path in installed()]
    rows = [f"{card.name:<16} {card.version:<8} {card.title}" for card in cards]
    return {
        "models": [
            {
                "name": card.name,
                "version": card.version,
                "title": card.title,
                "channels": card.channels,
            }
            for card in cards
        ],
        "text": "\n".join(rows) or "No models are installed.",
    }


def _show(args: argparse.Namespace) -> dict[str, Any]:
    import json

    from engine.models.bundle import find_model

    bundle = find_model(args.model)
    return {
        "card": json.loads(bundle.card.to_json()),
        "path": str(bundle.path),
        "digest": bundle.digest,
        "text": _card_text(bundle),
    }


def _card_text(bundle: Any) -> str:
    card = bundle.card
    optional = [name for name in card.channels if name not in card.required]
    lines = [
        f"{card.name} {card.version}: {card.title}",
        "",
        card.description,
        "",
        f"channels    {', '.join(card.channels)}",
        f"needed      {', '.join(card.required)}",
        f"may miss    {', '.join(optional) or 'none'}",
        f"threshold   {card.threshold:g}",
        f"licence     {card.licence}",
        f"folder      {bundle.path}",
        f"digest      {bundle.digest}",
    ]
    if card.scores:
        lines += ["", "Scores"] + [
            "  " + ", ".join(f"{key} {value}" for key, value in score.items())
            for score in card.scores
        ]
    if card.limits:
        lines += ["", "Limits"] + [f"  - {limit}" for limit in card.limits]
    return "\n".join(lines)


def _verify(args: argparse.Namespace) -> dict[str, Any]:
    from engine.models.bundle import find_model

    bundle = find_model(args.model)
    return {
        "model": bundle.card.name,
        "digest": bundle.digest,
        "files": sorted(bundle.card.files),
        "status": "all digests agree",
    }


def _seal(args: argparse.Namespace) -> dict[str, Any]:
    from engine.models.bundle import seal

    bundle = seal(args.model)
    return {"model": bundle.card.name, "digest": bundle.digest}


def _export(args: argparse.Namespace) -> dict[str, Any]:
    from engine.errors import OutputError
    from engine.files import atomic_path, output_folder
    from engine.models.bundle import ModelBundle, find_model

    bundle = find_model(args.model)
    target = output_folder(args.out) / bundle.path.name
    if target.exists():
        raise OutputError(f"{target} exists already; choose another folder or remove it first.")
    with atomic_path(target) as temporary:
        shutil.copytree(bundle.path, temporary)
    return {"model": bundle.card.name, "out": str(ModelBundle.open(target).path)}
