"""``l4s models``: list, show, verify, export, import and seal bundles."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from engine.events import Reporter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(
        dest="action", metavar="list | show | verify | export | import | seal", required=True
    )
    actions.add_parser("list", help="list the models that can be given by name")
    show = actions.add_parser("show", help="show a model's card")
    show.add_argument("model", metavar="NAME_OR_DIR")
    verify = actions.add_parser(
        "verify", help="check that neither a bundle's files nor its card were changed"
    )
    verify.add_argument("model", metavar="NAME_OR_DIR")
    verify.add_argument(
        "--seams",
        action="store_true",
        help="also measure how far the network looks, and what window borders cost",
    )
    export = actions.add_parser("export", help="copy a bundle, or write it for other programs")
    export.add_argument("model", metavar="NAME_OR_DIR")
    export.add_argument("--out", type=Path, required=True, help="folder that receives it")
    export.add_argument(
        "--to",
        choices=["bundle", "deepness", "mlm"],
        default="bundle",
        help=(
            "a bundle (default), an ONNX file for the QGIS plugin Deepness, or an ONNX file with a"
            " STAC item of the extension MLM"
        ),
    )
    _configure_import(actions.add_parser("import", help="make a bundle of an ONNX model"))
    seal = actions.add_parser(
        "seal", help="accept a bundle that you changed yourself: write its digests anew"
    )
    seal.add_argument("model", type=Path, metavar="DIR")


def _configure_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="ONNX model, with Deepness's metadata or without, or its STAC item (MLM)",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder that receives the bundle")
    parser.add_argument("--name", default="", help="name of the bundle (default: the file's)")
    parser.add_argument(
        "--channels", nargs="+", default=[], metavar="NAME", help="its channels, in their order"
    )
    parser.add_argument(
        "--unit",
        type=float,
        metavar="DN",
        help="DN that it reads as 1: 10000 for reflectance from 0 to 1, 1 for DN as they are",
    )
    parser.add_argument(
        "--class",
        dest="landslide",
        default="",
        metavar="NUMBER_OR_NAME",
        help="which of its classes is landslide",
    )
    parser.add_argument(
        "--statistics",
        choices=["fixed", "scene"],
        default="fixed",
        help="normalise by the model's own numbers (default), or by those of each scene",
    )
    parser.add_argument(
        "--output",
        choices=["auto", "probability", "logits"],
        default="auto",
        help="what it gives (default: by its values)",
    )
    parser.add_argument(
        "--threshold", type=float, metavar="T", help="probability from which a pixel is landslide"
    )
    parser.add_argument("--licence", default="", help="licence of the weights")


def run(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Run the command."""
    actions = {"list": _list, "show": _show, "verify": _verify, "export": _export, "seal": _seal}
    if args.action == "import":
        return _import(args, reporter)
    return actions[args.action](args, reporter)


def _import(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from engine.files import output_folder
    from engine.models.importing import ImportConfig, import_model, parse_channels

    config = ImportConfig(
        name=args.name,
        channels=parse_channels(args.channels),
        unit=args.unit,
        landslide=args.landslide,
        statistics=args.statistics,
        output=args.output,
        threshold=args.threshold,
        licence=args.licence,
    )
    bundle = import_model(args.file, output_folder(args.out), config=config, reporter=reporter)
    return {"model": bundle.card.name, "out": str(bundle.path), "digest": bundle.digest}


def _list(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
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


def _show(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
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


def _verify(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from engine.models.bundle import find_model

    bundle = find_model(args.model)
    return {
        "model": bundle.card.name,
        "digest": bundle.digest,
        "files": sorted(bundle.card.files),
        "status": "all digests agree",
        **(_seams(bundle, reporter) if args.seams else {}),
    }


def _seams(bundle: Any, reporter: Reporter) -> dict[str, Any]:
    from engine.inference.seams import measure_seams, require_reach

    seams = measure_seams(bundle, reporter=reporter)
    require_reach(bundle, seams)
    return {
        "reach_in_card_px": bundle.card.reach_px,
        "reach_measured_px": seams.reach_px,
        "overlaps": seams.to_dict()["overlaps"],
    }


def _seal(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from engine.models.bundle import seal

    bundle = seal(args.model)
    return {"model": bundle.card.name, "digest": bundle.digest}


def _export(args: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from engine.errors import OutputError
    from engine.files import atomic_path, output_folder
    from engine.models.bundle import ModelBundle, find_model

    bundle = find_model(args.model)
    if args.to != "bundle":
        from engine.models.sharing import export_deepness, export_mlm

        write = {"deepness": export_deepness, "mlm": export_mlm}[args.to]
        return {"model": bundle.card.name, "out": str(write(bundle, args.out))}
    target = output_folder(args.out) / bundle.path.name
    if target.exists():
        raise OutputError(f"{target} exists already; choose another folder or remove it first.")
    with atomic_path(target) as temporary:
        shutil.copytree(bundle.path, temporary)
    return {"model": bundle.card.name, "out": str(ModelBundle.open(target).path)}
