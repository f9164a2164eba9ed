"""A method of the competition in one command, data to submission.

Check, pack, train, adapt to the unlabelled splits, predict, pack the submission, and score where
there are masks. Every step is resumed where it was stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch

from engine.errors import DatasetError, DependencyError, MissingFileError, UnreadableFileError
from engine.evaluation.evaluate import evaluate
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder, write_json
from engine.inference import crf
from engine.inference.config import CrfConfig, InferenceConfig
from engine.inference.patches import PatchConfig, predict_patches
from engine.models.bundle import ModelBundle
from engine.models.losses import total_loss
from engine.models.networks import build
from engine.patches.arrays import INDEX, open_patches, pack
from engine.patches.landslide4sense import Split, find_patches
from engine.patches.submission import write_submission
from engine.training.adapting.adaptation import SCORES, adapt
from engine.training.processes import first_does, start_fabric
from engine.training.recipe import Recipe, load_recipe
from engine.training.run import train_members
from engine.training.schedule import stages

TARGETS: tuple[Split, ...] = ("validation", "test")


@dataclass(frozen=True)
class Method:
    """What belongs to a team's method beside its recipe.

    Attributes:
        adapts: Whether it adapts to the unlabelled splits.
        crf: Whether a CRF refines its masks.
        published: F1 on the official test in the paper, in percent.
    """

    adapts: bool = True
    crf: bool = False
    published: float | None = None


METHODS: dict[str, Method] = {  # Table II of the paper
    "kingdrone": Method(published=74.54),
    "seek": Method(published=73.99),
    "tanmlh": Method(crf=True, published=73.50),
    "sklgp": Method(published=71.29),
    "baseline": Method(adapts=False, published=59.92),  # Section II-B
}
"""Methods of the paper; any other recipe adapts, without a CRF."""


def reproduce(
    method: str | Path,
    data: Path,
    out: Path,
    *,
    overrides: Sequence[str] = (),
    reporter: Reporter = SILENT,
) -> dict[str, Any]:
    """Run a whole method; a second call goes on where the first was stopped.

    Args:
        method: A recipe's name or TOML file.
        data: The dataset's root: a training split with masks, and what there is of the others.
        out: Folder of the run.
        overrides: ``KEY=VALUE`` of the recipe.
        reporter: Progress and log.

    Returns:
        Scores, submissions and the table's path; everything is JSON.

    Raises:
        ConfigError: The folder holds a run of another recipe; others as the steps raise.
        DatasetError: There is no labelled training split.
    """
    recipe = load_recipe(method, overrides)
    kind = METHODS.get(recipe.name, Method())
    splits = _splits(data)
    output_folder(out)
    start_fabric(recipe.training)  # joins the processes of torchrun, before the first writes
    if kind.crf:
        kind = _with_crf(kind, reporter)
    packed = _pack(data, splits, out / "data", reporter)
    targets = tuple(split for split in TARGETS if split in splits)
    _estimate(recipe, kind, len(open_patches(packed["train"])), bool(targets), reporter)
    started = time.monotonic()
    bundles = train_members(recipe, packed["train"], out / "train", resume=True, reporter=reporter)
    masked = [split for split in targets if _has_masks(data, split)]
    if kind.adapts and targets:
        bundles = adapt(
            bundles,
            recipe,
            packed["train"],
            data,
            out / "adapt",
            target_splits=targets,
            score=bool(masked) and len(masked) == len(targets),
            resume=(out / "adapt" / "adaptation.json").is_file(),
            reporter=reporter,
        )
    elif kind.adapts:
        reporter.warn(
            f"{data} holds no validation or test split, so nothing is adapted and no submission is"
            " made.",
            "training-no-target",
        )
    rows = [_predict(bundles, data, split, kind, out, reporter) for split in targets]
    facts = {
        "method": recipe.name,
        "recipe": recipe.to_dict(),
        "models": [{"name": b.card.name, "path": str(b.path), "digest": b.digest} for b in bundles],
        "splits": rows,
        "rounds": _rounds(out),
        "published_f1": kind.published,
        "seconds": round(time.monotonic() - started, 1),
    }
    first_does(partial(write_json, out / "reproduce.json", facts))
    first_does(partial(_write_table, out / "table.md", bundles, facts))
    return {**facts, "table": str(out / "table.md")}


def _splits(data: Path) -> tuple[Split, ...]:
    """The splits that a dataset holds."""
    found: list[Split] = []
    for split in cast(tuple[Split, ...], ("train", "validation", "test")):
        try:
            find_patches(data, split, labels="ignored")
        except (MissingFileError, DatasetError):
            continue
        found.append(split)
    if "train" not in found:
        raise DatasetError(
            f"{data} holds no labelled training split (TrainData or images/train); give the root of"
            " Landslide4Sense, which `l4s data get` downloads."
        )
    return tuple(found)


def _has_masks(data: Path, split: Split) -> bool:
    try:
        return find_patches(data, split, labels="needed") is not None
    except (DatasetError, MissingFileError):
        return False


def _with_crf(kind: Method, reporter: Reporter) -> Method:
    """The method, without its CRF where that is not installed."""
    try:
        crf.require()
    except DependencyError as error:
        reporter.warn(f"The masks are not refined. {error}", "training-no-crf")
        return Method(kind.adapts, False, kind.published)
    return kind


def _pack(data: Path, splits: Sequence[Split], out: Path, reporter: Reporter) -> dict[str, Path]:
    """Pack the training split, which is read many times.

    A packed one of the same patches stays.
    """
    folder, path = find_patches(data, "train"), out / "train"
    ids = tuple(str(file.id) for file in folder.files)
    if not ((path / INDEX).is_file() and open_patches(path).ids == ids):
        reporter.log(f"Packing {len(ids)} training patches; splits: {', '.join(splits)}.")
        first_does(partial(pack, folder, path, reporter))
    return {"train": path}


def _estimate(
    recipe: Recipe, kind: Method, patches: int, targets: bool, reporter: Reporter
) -> None:
    """Say how long the training may take, from a measured step on one crop."""
    rounds = recipe.adaptation.rounds if kind.adapts and targets else 0
    device, size_px = (
        start_fabric(recipe.training).device,
        recipe.data.crop_px * recipe.data.enlarge,
    )
    seconds, memory = 0.0, 0.0
    for network in recipe.networks().values():
        model = build(network, len(recipe.data.channels)).to(device).train()
        image = torch.zeros(2, len(recipe.data.channels), size_px, size_px, device=device)
        mask = torch.zeros(2, size_px, size_px, dtype=torch.uint8, device=device)
        for repeat in range(2):  # the first one warms up
            begun = time.monotonic()
            logits, whole = model(image, image_level=True)
            total_loss(recipe.loss, logits, mask, whole)[0].backward()  # type: ignore[no-untyped-call]
            if device.type == "cuda":
                torch.cuda.synchronize()
                used = torch.cuda.max_memory_allocated() / 2**30 / 2 * recipe.training.batch_size
                memory = max(memory, used)
            if repeat:
                steps = stages(recipe, patches)[0].total * (1 + rounds)
                samples = steps * recipe.training.batch_size
                seconds += samples * (time.monotonic() - begun) / 2
    folds = recipe.data.folds if recipe.data.cross_validate else 0
    seconds *= recipe.training.averaged * (1 + folds)
    more = f", about {memory:.0f} GiB of its memory" if memory else ""
    reporter.log(
        f"Training takes about {seconds / 3600:.1f} hours on {device}{more}, by a measured step;"
        " what is finished already is not done again."
    )


def _predict(
    bundles: Sequence[ModelBundle],
    data: Path,
    split: Split,
    kind: Method,
    out: Path,
    reporter: Reporter,
) -> dict[str, Any]:
    """Masks, submission and, where there are masks, scores of a split."""
    folder = find_patches(data, split, labels="ignored")
    masks, archive = out / "masks" / split, out / f"submission-{split}.zip"
    inference = InferenceConfig(crf=CrfConfig() if kind.crf else None)
    identity = [*(bundle.digest for bundle in bundles), kind.crf, len(folder)]

    def predict() -> None:
        facts = predict_patches(
            folder, bundles, out=masks, config=PatchConfig(inference=inference), reporter=reporter
        )
        write_submission(masks, [file.id for file in folder.files], archive)
        write_json(masks / "prediction.json", {"identity": identity, **facts})

    if not (archive.is_file() and _identity(masks / "prediction.json") == identity):
        first_does(predict)
    row: dict[str, Any] = {"split": split, "masks": str(masks), "submission": str(archive)}
    if _has_masks(data, split):
        truth = find_patches(data, split, labels="needed").files[0].mask
        if truth is not None:
            row["scores"] = evaluate(masks, truth.parent, reporter=reporter).total.to_dict()
    return row


def _identity(path: Path) -> Any:
    """What an earlier prediction was made of; None where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["identity"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _rounds(out: Path) -> list[Any]:
    path = out / "adapt" / SCORES
    if not path.is_file():
        return []
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["rows"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{path} is damaged ({error}); remove it.") from error


def _write_table(path: Path, bundles: Sequence[ModelBundle], facts: Mapping[str, Any]) -> None:
    """Write what was reached as a table in Markdown."""
    lines = [
        f"| {facts['method']} | Protocol | Precision | Recall | F1 |",
        "|---|---|---|---|---|",
    ]

    def row(what: str, protocol: str, scores: Mapping[str, Any]) -> str:
        values = (scores.get(key) for key in ("precision", "recall", "f1"))
        shown = " | ".join("–" if v is None else f"{100 * float(v):.1f}" for v in values)
        return f"| {what} | {protocol} | {shown} |"

    for bundle in bundles:
        for found in bundle.card.scores:
            if found.get("site") == "all":
                lines.append(row(f"{bundle.card.name}, held out", str(found["protocol"]), found))
    for found in facts["rounds"]:
        what = f"round {found['round']}, {found['model']}, {found['split']}"
        lines.append(row(what, found["protocol"], found))
    for found in facts["splits"]:
        if "scores" in found:
            protocol = "transductive" if facts["rounds"] else "inductive"
            lines.append(row(f"masks, {found['split']}", protocol, found["scores"]))
    if facts["published_f1"] is not None:
        lines.append(
            f"| the paper, official test | transductive | – | – | {facts['published_f1']} |"
        )
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
