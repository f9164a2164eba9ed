"""Train, validate and export the bundled model `light`; a run that was stopped goes on where it
was.

    python scripts/train_bundled_model.py --data DIR --out DIR [--workers 2] [--install]

DIR holds ``landslide4sense/TrainData`` (14 labelled patches) and the landslide-free scenes
``majortom_l2a``, ``ssl4eo_punjab`` and ``slovenia_l1c``. Every fold leaves a block of patches out;
the bundle's threshold, temperature and scores come from the folds, its weights from all patches.
Parts of the landslide-free scenes are never trained on and serve as a check of false alarms.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

import bundled_model_calibration as calibration
import numpy as np
import torch
from bundled_model_data import FOLDS, Floats, Patches, areas_of, labelled_patches, landslide_free

from engine import __version__
from engine.bands import NAMES
from engine.models.bundle import ModelCard
from engine.models.export import export_bundle
from engine.models.networks import MeanOfNetworks, Segmenter, build, with_positions
from engine.models.normalization import Normalization
from engine.training.light import (
    MEMBERS,
    NETWORK,
    SUBSETS,
    WEIGHTS,
    mark_uncertain,
    mean_weights,
    network_of,
    train_network,
)

SEEDS = (1, 2, 3)
"""Of the samples; a member's weights are the mean of these trainings."""


def train_run(data: Path, folder: Path, left_out: Sequence[int], member: str, seed: int) -> None:
    """One training of a member in a process of its own."""
    torch.set_num_threads(1)
    began = time.monotonic()
    labelled = [mark_uncertain(area) for area in areas_of(labelled_patches(data), left_out)]
    train_network(
        labelled,
        landslide_free(data)[0],
        _run(folder, member, seed),
        config=MEMBERS[member],
        seed=seed,
    )
    print(f"{folder.name} {member} seed {seed}: {time.monotonic() - began:.0f} s", flush=True)


def held_out(out: Path, patches: Patches) -> dict[tuple[str, str], dict[int, Floats]]:
    """Logits of every patch by the network that has not seen it, by subset and by what it is
    normalised with.
    """
    whole = calibration.statistics_of([image for image, _ in patches.values()])
    result: dict[tuple[str, str], dict[int, Floats]] = {}
    for number, fold in enumerate(FOLDS):
        model = network_of(_weights(out / f"fold{number + 1}"))
        for subset, channels in SUBSETS.items():
            for i in fold:
                image = patches[i][0]
                own = calibration.statistics_of([image])
                for domain, statistics in (("folder", whole), ("patch", own)):
                    result.setdefault((subset, domain), {})[i] = calibration.logits_of(
                        model, image, channels, statistics
                    )
    return result


def _run(folder: Path, member: str, seed: int) -> Path:
    return folder / member / f"seed{seed}"


def _weights(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Of each member."""
    return {
        member: mean_weights(
            [
                torch.load(_run(folder, member, seed) / WEIGHTS, weights_only=True)["weights"]
                for seed in SEEDS
            ]
        )
        for member in MEMBERS
    }


def as_bundled(model: Segmenter) -> tuple[Segmenter, dict[str, Any], Normalization]:
    """The network without the input of channels that it does not look at, so that detection need
    not read them.

    Returns:
        The network, its description, and the normalisation of its channels.
    """
    blind = [
        {channel for channel, sides in member["own"] if not sides} for member in NETWORK["members"]
    ]
    seen = [name for name in NAMES if name not in set.intersection(*blind)]
    shifts = [[NAMES[channel], shift] for channel, shift in model.missing_shift]
    described = with_positions({**NETWORK, "missing_shift": shifts}, seen)
    smaller = build(described, len(seen)).eval()
    smaller.load_state_dict(model.state_dict())
    smaller.temperature = model.temperature
    lists: dict[str, Any] = {
        key: tuple(getattr(calibration.BUNDLED, key)[NAMES.index(name)] for name in seen)
        for key in ("channels", "modes", "mean", "std")
    }
    return smaller, described, replace(calibration.BUNDLED, **lists)


def make_card(
    model: Segmenter,
    network: Mapping[str, Any],
    normalization: Normalization,
    temperature: float,
    at: float,
    scores: Sequence[Mapping[str, Any]],
    curve: Sequence[Mapping[str, float]],
) -> ModelCard:
    """The bundle's card."""
    config = next(iter(MEMBERS.values()))
    weights = sum(parameter.numel() for parameter in model.parameters())
    reach_m = 10 * cast(int, model.reach_px)
    training = {
        "labelled": (
            "14 Landslide4Sense patches (Taiwan), ids "
            + " ".join(str(i) for f in FOLDS for i in f)
            + ", CC BY 4.0"
        ),
        "landslide-free": (
            "halves or dates of Major TOM Core L2A T48QUE 2020 and T33NZA 2022 (CC BY-SA 4.0),"
            " SSL4EO-S12 Punjab 2020, eo-learn's Slovenian example (MIT); contains modified"
            " Copernicus Sentinel data"
        ),
        "script": "scripts/train_bundled_model.py",
        "steps": config.steps,
        "batch_size": config.batch_size,
        "seeds": list(SEEDS),
        "members": {name: {"details": each.samples.details} for name, each in MEMBERS.items()},
        "engine": __version__,
        "calibration": {"temperature": round(temperature, 3), "reliability": list(curve)},
    }
    return ModelCard(
        name="light",
        version="2.3",
        title="Light network for fresh landslides in vegetated mountains",
        description=(
            f"The mean of two perceptrons, {weights:,} weights in all, on each pixel, the means of"
            " its surroundings and, at a second look, what these look like; one of them sees"
            " textures as well. It finds bare, fresh scars and runouts from any set of channels"
            " that has B02, B03 and B04; terrain and the other bands make it better. Trained"
            " without any pixel of the scenes it is shown on, except halves of the landslide-free"
            " ones named under training."
        ),
        network={**network, "temperature": temperature},
        normalization=normalization,
        required=("B02", "B03", "B04"),
        threshold=round(1 / (1 + float(np.exp(-at / temperature))), 3),
        window_px=256,
        multiple_of_px=8,
        training=training,
        scores=tuple(scores),
        limits=(
            (
                "Labels of one mountain area only, and noisy ones: many bare slopes there are"
                " unlabelled, so that scores have a low ceiling."
            ),
            (
                f"It sees no more than {reach_m} m around a pixel: shapes and places of larger"
                " things (fields, rivers, roads) tell it nothing."
            ),
            (
                "Blocks differ more from each other than methods do: expect F1 between the lowest"
                " and the highest block on a new area."
            ),
            (
                "Old, vegetated and deep-seated slow landslides are not seen; bare rock, quarries,"
                " road cuts and river bars on slopes are taken for scars."
            ),
            (
                "Without terrain only the surest scars are drawn, because bare fields look like"
                " them. Give a DEM."
            ),
            (
                "How slopes of gentle mountains are read was set on one scene without labels"
                " (Hokkaido 2018). There, bare fields on slopes of 10 degrees and more may be taken"
                " for scars."
            ),
            (
                "Clouds, snow and water should be masked; the network has seen them mostly as"
                " painted covers. Without infrared bands patchy snow on slopes is taken for scars."
            ),
        ),
    )


def main() -> None:
    """Train, validate, export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--workers", type=int, default=2, help="networks trained at the same time, one thread each"
    )
    parser.add_argument(
        "--install", action="store_true", help="copy the bundle into resources/models"
    )
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    parts = [("all", ()), *((f"fold{k}", fold) for k, fold in enumerate(FOLDS, 1))]
    jobs = [
        (args.out / name, left_out, member, seed)
        for member in MEMBERS
        for name, left_out in parts
        for seed in SEEDS
    ]
    args.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        for future in [pool.submit(train_run, args.data, *job) for job in jobs]:
            future.result()
    finish(args.data, args.out, install=args.install)


def finish(data: Path, out: Path, *, install: bool) -> None:
    """Choose temperature and threshold, score, export."""
    patches = labelled_patches(data)
    folds = held_out(out, patches)
    shifts = calibration.missing_shifts(folds, patches)
    folds = calibration.shift_missing(folds, shifts)
    shift, temperature = calibration.calibrate(folds, patches)
    folds = {
        key: {i: v - np.float32(shift) for i, v in by_id.items()} for key, by_id in folds.items()
    }
    at = calibration.choose(folds, patches)
    model = network_of(_weights(out / "all"))
    model.missing_shift = tuple(shifts)
    with torch.no_grad():
        for member in cast(MeanOfNetworks, model.network).members:
            cast(Any, member).head.bias.sub_(shift)
    flat = calibration.shift_without_terrain(model, data, at)
    folds, shifts = calibration.shift_missing(folds, [flat]), [*shifts, flat]
    model.missing_shift = tuple(shifts)
    scores = calibration.scores_of(folds, patches, at) + calibration.false_alarms(
        model, landslide_free(data)[1], at
    )
    model.temperature = temperature
    bundled, network, normalization = as_bundled(model)
    curve = calibration.reliability(folds, patches, temperature)
    card = make_card(bundled, network, normalization, temperature, at, scores, curve)
    bundle = export_bundle(bundled, card, out / card.name)
    arrays = {
        f"{subset}|{domain}|{i}": v for (subset, domain), d in folds.items() for i, v in d.items()
    }
    np.savez(out / "held_out.npz", allow_pickle=False, **arrays)
    (out / "scores.json").write_text(json.dumps(scores, indent=1), encoding="utf-8")
    for row in scores:
        print(
            f"{row['value']:7.3f}  {row.get('scene', '')} {row['channels']}"
            f" {row.get('normalised by', '')} {row.get('blocks', '')}"
        )
    print(
        f"threshold {card.threshold}, temperature {temperature:.2f}, digest {bundle.digest[:12]},"
        f" {bundle.path}"
    )
    if install:
        target = Path(__file__).resolve().parents[1] / "resources" / "models" / card.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(bundle.path, target)


if __name__ == "__main__":
    main()
