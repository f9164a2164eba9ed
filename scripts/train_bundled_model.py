"""Train, validate and export the bundled model `light`; a run that was stopped goes on where it was.

    python scripts/train_bundled_model.py --data DIR --out DIR [--workers 2] [--install]

DIR holds ``landslide4sense/TrainData`` (14 labelled patches) and the landslide-free scenes ``majortom_l2a``, ``ssl4eo_punjab`` and
``slovenia_l1c``. Every fold leaves a block of patches out; the bundle's threshold, temperature and scores come from the folds, its
weights from all patches. Parts of the landslide-free scenes are never trained on and serve as a check of false alarms.
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
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine import __version__
from engine.bands import NAMES, OPTICAL, TERRAIN
from engine.models.bundle import ModelCard
from engine.models.export import export_bundle
from engine.models.networks import Segmenter
from engine.models.normalization import ChannelStatistics, StatisticsAccumulator
from engine.patches.landslide4sense import find_patches, read_patch
from engine.raster import open_raster
from engine.scene.terrain import slope_deg
from engine.training.light import (
    NETWORK,
    NORMALIZATION,
    SUBSETS,
    WEIGHTS,
    LightConfig,
    mark_uncertain,
    network_of,
    train_network,
)
from engine.training.scene_samples import Area, Kind

FOLDS = ((1, 2, 3), (27, 28, 38, 40, 41), (253, 461, 512), (600, 800, 902))
TOUCHING = ((1, 2, 3), (27, 28), (40, 41))  # side by side: joined, so that samples may cross their edges
TOLERATED_F1 = 0.01
SEED = 1
MISSING = {"B12": "B02 B03 B04 + terrain"}  # whose lack shifts the logits, and where that is measured
TOLERATED_ALARMS = 0.002  # share of pixels of a landslide-free training scene, where no terrain is given
HALF = {"majortom_l2a": 534, "ssl4eo_punjab": 132}  # columns left of this are trained on, those right of it are a check
GUIDING = (
    "14 channels",
    "without B10",
    "B02 B03 B04 + terrain",
)  # subsets for which threshold and temperature are chosen
Floats = NDArray[np.float32]
Patches = Mapping[int, tuple[Floats, Floats]]


def labelled_patches(data: Path) -> dict[int, tuple[Floats, Floats]]:
    """Raw images (14, 128, 128) and masks of the labelled patches, by id."""
    found = {}
    for file in find_patches(data / "landslide4sense", labels="needed").files:
        patch = read_patch(file)
        if patch.mask is not None:
            found[patch.id] = (patch.image.astype(np.float32), patch.mask.astype(np.float32))
    return found


def areas_of(patches: Patches, left_out: Sequence[int]) -> list[Area]:
    """Labelled areas without some patches; patches that touch are one area."""
    groups = [tuple(i for i in group if i not in left_out) for group in TOUCHING]
    joined = {i for group in groups for i in group}
    groups += [(i,) for i in patches if i not in joined and i not in left_out]
    areas = []
    for group in (g for g in groups if g):
        image = np.concatenate([patches[i][0] for i in group], axis=2)
        mask = np.concatenate([patches[i][1] for i in group], axis=1)
        areas.append(Area(torch.from_numpy(image), torch.from_numpy(mask), "hills", float(len(group))))
    return areas


def read_bands(folder: Path, offset: float = 0.0) -> Floats:
    """Bands of a folder, B02.tif or B2.tif and so on, repeated to the finest grid: (14, rows, columns) raw, NaN where not there."""
    files = {name: folder / f"{form}.tif" for name in OPTICAL for form in (f"B{int(name[1:])}", name)
             if (folder / f"{form}.tif").exists()}  # fmt: skip
    bands = {}
    for name, file in files.items():
        with open_raster(file) as dataset:
            bands[name] = dataset.read(1).astype(np.float32)
    rows, columns = bands["B02"].shape
    image = np.full((len(NAMES), rows, columns), np.nan, np.float32)
    for name, band in bands.items():
        y = np.arange(rows) * band.shape[0] // rows
        x = np.arange(columns) * band.shape[1] // columns
        image[NAMES.index(name)] = np.where(band == 0, np.nan, band - offset)[y][:, x]
    return image


def slovenia(data: Path, date: int) -> Floats:
    """One date of the Slovenian scene, with terrain."""
    with open_raster(data / "slovenia_l1c" / f"l1c_date{date}.tif") as dataset:
        bands = dataset.read().astype(np.float32)
    with open_raster(data / "slovenia_l1c" / "dem.tif") as dataset:
        dem = dataset.read(1).astype(np.float32)
    side_m = np.full(dem.shape[0], 10.0)
    slope = slope_deg(np.pad(dem, 1, mode="edge"), side_m, side_m)
    optical = bands[[0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]]  # B8A is no channel of the model
    return np.concatenate([optical, slope[None], dem[None]])


def landslide_free(data: Path) -> tuple[list[Area], dict[str, Floats]]:
    """Scenes without landslides: areas to train on, and images, unseen in training, to check false alarms on."""
    train: list[Area] = []
    check: dict[str, Floats] = {}

    def use(image: Floats, kind: Kind, weight: float) -> None:
        train.append(Area(torch.from_numpy(np.ascontiguousarray(image)), torch.zeros(image.shape[1:]), kind, weight))

    for folder in sorted((data / "majortom_l2a").iterdir()):
        cloudy = "T33NZA" in folder.name  # a baseline with the offset of +1000
        image = read_bands(folder, 1000.0 if cloudy else 0.0)
        use(image[:, :, : HALF["majortom_l2a"]], "cloud" if cloudy else "plain", 2.0 if cloudy else 4.0)
        check[
            "cloud sheet, L2A (T33NZA, other half)" if cloudy else "farmland and villages, L2A (T48QUE, other half)"
        ] = image[:, :, HALF["majortom_l2a"] + 26 :]
    for folder in sorted((data / "ssl4eo_punjab").glob("*/*")):
        level, date = folder.parent.name.upper(), folder.name[:8]
        image = read_bands(folder)
        if level == "L1C" and date == "20200604":
            use(image, "plain", 1.0)
        elif date == "20200604":
            use(image[:, :, : HALF["ssl4eo_punjab"]], "plain", 0.5)
        else:
            check[f"farmland, {level} (Punjab, {date})"] = image
    for day, weight in ((0, 0.5), (1, 0.7), (3, 0.7)):
        use(slovenia(data, day), "cloud" if day == 0 else "hills", weight)
    check |= {f"hills, L1C (Slovenia, date {day})": slovenia(data, day) for day in (2, 4)}
    return train, check


def train_run(data: Path, out: Path, left_out: Sequence[int], seed: int) -> None:
    """One network in a process of its own."""
    torch.set_num_threads(1)
    began = time.monotonic()
    labelled = [mark_uncertain(area) for area in areas_of(labelled_patches(data), left_out)]
    train_network(labelled, landslide_free(data)[0], out, config=LightConfig(), seed=seed)
    print(f"{out.name}: {time.monotonic() - began:.0f} s", flush=True)


def statistics_of(images: Sequence[Floats]) -> ChannelStatistics:
    """Statistics over several images as one domain."""
    accumulator = StatisticsAccumulator(NAMES)
    for image in images:
        accumulator.add(image)
    return accumulator.result()


def logits_of(model: Segmenter, image: Floats, channels: Sequence[str], statistics: ChannelStatistics) -> Floats:
    """Logits (h, w) of a raw image of which only some channels are given; computed in pieces of 512 px."""
    there = [name for name in channels if not np.isnan(image[NAMES.index(name)]).all()]
    raw = np.ascontiguousarray(image[[NAMES.index(name) for name in there]])
    ready = NORMALIZATION.apply(raw, there, NORMALIZATION.affine(statistics))
    rows, columns = ready.shape[1:]
    ready = np.pad(ready, ((0, 0), (0, -rows % 32), (0, -columns % 32)), mode="reflect")
    result = np.zeros(ready.shape[1:], np.float32)
    with torch.inference_mode():
        for y in range(0, ready.shape[1], 512):
            for x in range(0, ready.shape[2], 512):
                piece = torch.from_numpy(ready[None, :, y : y + 512, x : x + 512])
                result[y : y + 512, x : x + 512] = model(piece)[0, 0].numpy()
    return result[:rows, :columns]


def held_out(out: Path, patches: Patches) -> dict[tuple[str, str], dict[int, Floats]]:
    """Logits of every patch by the network that has not seen it, by subset and by what it is normalised with."""
    whole = statistics_of([image for image, _ in patches.values()])
    result: dict[tuple[str, str], dict[int, Floats]] = {}
    for number, fold in enumerate(FOLDS):
        model = network_of(_weights(out / f"fold{number + 1}"))
        for subset, channels in SUBSETS.items():
            for i in fold:
                image = patches[i][0]
                own = statistics_of([image])
                for domain, statistics in (("folder", whole), ("patch", own)):
                    result.setdefault((subset, domain), {})[i] = logits_of(model, image, channels, statistics)
    return result


def f1_of(logits: Mapping[int, Floats], patches: Patches, at: float, only: Sequence[int] | None = None) -> float:
    """Pixel F1 of the landslide class, over all pixels of the patches, at a threshold on the logit."""
    hit = alarms = truth = 0
    for i, values in logits.items():
        if only is None or i in only:
            predicted, landslide = values >= at, patches[i][1] > 0
            hit += int((predicted & landslide).sum())
            alarms += int(predicted.sum())
            truth += int(landslide.sum())
    return 2 * hit / max(1, alarms + truth)


def calibrate(folds: Mapping[tuple[str, str], Mapping[int, Floats]], patches: Patches) -> tuple[float, float]:
    """Shift and temperature by likelihood over held-out pixels: ``(logit - shift) / temperature`` (Platt 1999).

    A temperature alone cannot do it: the loss weighs landslides up, and the labels leave scars out, so that logits lie too high.
    """
    guiding = [by_id for key, by_id in folds.items() if key[0] in GUIDING]
    pixels = torch.from_numpy(np.concatenate([v.ravel()[::7] for by_id in guiding for v in by_id.values()]))
    truth = torch.from_numpy(np.concatenate([patches[i][1].ravel()[::7] for by_id in guiding for i in by_id]))
    pairs = [(s, t) for s in np.arange(-1, 5.01, 0.25) for t in np.arange(0.5, 4.01, 0.25)]
    losses = [
        float(torch.nn.functional.binary_cross_entropy_with_logits((pixels - float(s)) / float(t), truth))
        for s, t in pairs
    ]
    shift, temperature = pairs[int(np.argmin(losses))]
    return float(shift), float(temperature)


def missing_shifts(folds: Mapping[tuple[str, str], Mapping[int, Floats]], patches: Patches) -> list[tuple[int, float]]:
    """What is added to the logits where a channel is not there, so that one threshold serves all sets of channels.

    It is the distance between the best thresholds with all channels and without that one, on held-out patches.
    """
    whole = plateau([folds["14 channels", "folder"]], patches, 0.0)
    return [
        (NAMES.index(name), round(whole - plateau([folds[subset, "folder"]], patches, TOLERATED_F1), 2))
        for name, subset in MISSING.items()
    ]


def shift_without_terrain(model: Segmenter, data: Path, at: float) -> tuple[int, float]:
    """What is added to the logits where there is no slope, so that few pixels of the landslide-free training scenes are above a threshold.

    F1 on held-out patches cannot tell it: they are mountains, and what is mistaken without terrain are plains.
    """
    highest = [
        float(np.quantile(logits_of(model, image, channels, statistics_of([image])), 1 - TOLERATED_ALARMS))
        for image in (area.image.numpy() for area in landslide_free(data)[0])
        for channels in (OPTICAL, SUBSETS["B02 B03 B04"])
    ]
    return NAMES.index("slope"), round(min(0.0, at - max(highest)), 2)


def shift_missing(
    folds: Mapping[tuple[str, str], Mapping[int, Floats]], shifts: Sequence[tuple[int, float]]
) -> dict[tuple[str, str], dict[int, Floats]]:
    """Held-out logits as the network with these shifts gives them."""
    return {
        (subset, domain): {
            i: values + np.float32(sum(shift for index, shift in shifts if NAMES[index] not in SUBSETS[subset]))
            for i, values in by_id.items()
        }
        for (subset, domain), by_id in folds.items()
    }


def choose(folds: Mapping[tuple[str, str], Mapping[int, Floats]], patches: Patches) -> float:
    """The threshold, a logit, by F1 over held-out patches."""
    guiding = {key: value for key, value in folds.items() if key[0] in GUIDING}
    # The labels leave out scars, whose pixels count as false alarms and push the threshold up: of those that are as good, the lowest.
    return plateau(list(guiding.values()), patches, TOLERATED_F1)


def plateau(sets: Sequence[Mapping[int, Floats]], patches: Patches, tolerated: float) -> float:
    """The lowest threshold on the logit whose mean F1 over some sets of predictions is the best, or less by what is tolerated."""
    candidates = np.arange(-6.0, 6.01, 0.1)
    scores = [np.mean([f1_of(by_id, patches, at) for by_id in sets]) for at in candidates]
    smooth = np.convolve(np.pad(scores, 4, mode="edge"), np.ones(9) / 9, mode="valid")  # the middle of the plateau
    return float(candidates[np.flatnonzero(smooth >= smooth.max() - tolerated)[0]])


def scores_of(
    folds: Mapping[tuple[str, str], Mapping[int, Floats]], patches: Patches, at: float
) -> list[dict[str, Any]]:
    """F1 of every subset: pooled over all held-out patches, and of each block."""
    rows = []
    for (subset, domain), by_id in folds.items():
        blocks = [round(f1_of(by_id, patches, at, fold), 3) for fold in FOLDS]
        rows.append({
            "what": "F1 of the landslide class, pixels, blocks left out in turn", "kind": "inductive", "channels": subset,
            "normalised by": f"the statistics of the {domain}", "value": round(f1_of(by_id, patches, at), 3), "blocks": blocks,
            "spread": round(float(np.std(blocks)), 3),
        })  # fmt: skip
    return rows


def reliability(
    folds: Mapping[tuple[str, str], Mapping[int, Floats]], patches: Patches, temperature: float
) -> list[dict[str, float]]:
    """Share of landslide pixels in ten classes of predicted probability, held-out patches, 14 channels."""
    by_id = folds["14 channels", "folder"]
    p = np.concatenate([1 / (1 + np.exp(-v.ravel() / temperature)) for v in by_id.values()])
    y = np.concatenate([patches[i][1].ravel() for i in by_id])
    classes = np.minimum((p * 10).astype(int), 9)
    return [
        {"from": k / 10, "pixels": int((classes == k).sum()), "predicted": round(float(p[classes == k].mean()), 3),
         "observed": round(float(y[classes == k].mean()), 3)}
        for k in range(10) if (classes == k).any()
    ]  # fmt: skip


def false_alarms(model: Segmenter, check: Mapping[str, Floats], at: float) -> list[dict[str, Any]]:
    """Share of pixels called landslide where there is none, without and with (flat, where none is known) terrain, in per cent."""
    rows = []
    for name, image in check.items():
        flat = np.isnan(image[12]).all()
        given = image.copy()
        if flat:
            noise = np.random.default_rng(0).uniform(0, 1.5, image.shape[1:])
            given[12], given[13] = noise, 60.0
        valid = ~np.isnan(image[1])
        statistics = statistics_of([given])
        for label, channels in (
            ("all bands, no terrain", OPTICAL), ("all bands + terrain", NAMES), ("B02 B03 B04", SUBSETS["B02 B03 B04"]),
            ("B02 B03 B04 + terrain", ("B02", "B03", "B04", *TERRAIN)),
        ):  # fmt: skip
            alarms = logits_of(model, given, channels, statistics)[valid] >= at
            rows.append({
                "what": "per cent of pixels called landslide where there is none", "kind": "inductive", "scene": name,
                "channels": label + (" (flat)" if flat and "terrain" in label and "no" not in label else ""),
                "value": round(100 * float(alarms.mean()), 3),
            })  # fmt: skip
    return rows


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = torch.load(folder / WEIGHTS, weights_only=True)["weights"]
    return weights


def make_card(
    temperature: float,
    shifts: Sequence[tuple[int, float]],
    at: float,
    scores: Sequence[Mapping[str, Any]],
    curve: Sequence[Mapping[str, float]],
) -> ModelCard:
    """The bundle's card."""
    config = LightConfig()
    training = {
        "labelled": "14 Landslide4Sense patches (Taiwan), ids " + " ".join(str(i) for f in FOLDS for i in f) + ", CC BY 4.0",
        "landslide-free": "halves or dates of Major TOM Core L2A T48QUE 2020 and T33NZA 2022 (CC BY-SA 4.0), SSL4EO-S12 Punjab 2020, "
        "eo-learn's Slovenian example (MIT); contains modified Copernicus Sentinel data",
        "script": "scripts/train_bundled_model.py",
        "steps": config.steps, "batch_size": config.batch_size, "seed": SEED,
        "engine": __version__, "calibration": {"temperature": round(temperature, 3), "reliability": list(curve)},
    }  # fmt: skip
    return ModelCard(
        name="light",
        version="2.0",
        title="Light network for fresh landslides in vegetated mountains",
        description=(
            "A perceptron of 2,465 weights on each pixel and the means of its surroundings of 30 and 70 m. It finds bare, fresh scars and "
            "runouts from any set of channels that has B02, B03 and B04; terrain and the other bands make it better. Trained without any "
            "pixel of the scenes it is shown on, except halves of the landslide-free ones named under training."
        ),
        network={**NETWORK, "temperature": temperature, "missing_shift": [list(pair) for pair in shifts]},
        normalization=NORMALIZATION,
        required=("B02", "B03", "B04"),
        threshold=round(1 / (1 + float(np.exp(-at / temperature))), 3),
        window_px=256,
        training=training,
        scores=tuple(scores),
        limits=(
            "Labels of one mountain area only, and noisy ones: many bare slopes there are unlabelled, so that scores have a low ceiling.",
            "It sees no more than 70 m around a pixel: shapes and places of larger things (fields, rivers, roads) tell it nothing.",
            "Blocks differ more from each other than methods do: expect F1 between the lowest and the highest block on a new area.",
            "Old, vegetated and deep-seated slow landslides are not seen; bare rock, quarries, road cuts and river bars on slopes are "
            "taken for scars.",
            "Without terrain only the surest scars are drawn, because bare fields look like them. Give a DEM.",
            "In gentler mountains than those it was trained in it finds the surest part of the scars: lower the threshold there.",
            "Clouds, snow and water should be masked; the network has seen them mostly as painted covers.",
        ),
    )


def main() -> None:
    """Train, validate, export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2, help="networks trained at the same time, one thread each")
    parser.add_argument("--install", action="store_true", help="copy the bundle into resources/models")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    jobs: list[tuple[Path, tuple[int, ...], int]] = [(args.out / "all", (), SEED)]
    jobs += [(args.out / f"fold{k}", fold, 10 + k) for k, fold in enumerate(FOLDS, 1)]
    args.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        for future in [pool.submit(train_run, args.data, folder, left_out, seed) for folder, left_out, seed in jobs]:
            future.result()
    finish(args.data, args.out, install=args.install)


def finish(data: Path, out: Path, *, install: bool) -> None:
    """Choose temperature and threshold, score, export."""
    patches = labelled_patches(data)
    folds = held_out(out, patches)
    shifts = missing_shifts(folds, patches)
    folds = shift_missing(folds, shifts)
    shift, temperature = calibrate(folds, patches)
    folds = {key: {i: v - np.float32(shift) for i, v in by_id.items()} for key, by_id in folds.items()}
    at = choose(folds, patches)
    model = network_of(_weights(out / "all"))
    model.missing_shift = tuple(shifts)
    with torch.no_grad():
        model.network.head.bias.sub_(shift)  # type: ignore[union-attr, operator]
    flat = shift_without_terrain(model, data, at)
    folds, shifts = shift_missing(folds, [flat]), [*shifts, flat]
    model.missing_shift = tuple(shifts)
    scores = scores_of(folds, patches, at) + false_alarms(model, landslide_free(data)[1], at)
    card = make_card(temperature, shifts, at, scores, reliability(folds, patches, temperature))
    model.temperature = temperature
    bundle = export_bundle(model, card, out / card.name)
    arrays = {f"{subset}|{domain}|{i}": v for (subset, domain), d in folds.items() for i, v in d.items()}
    np.savez(out / "held_out.npz", allow_pickle=False, **arrays)
    (out / "scores.json").write_text(json.dumps(scores, indent=1), encoding="utf-8")
    for row in scores:
        print(
            f"{row['value']:7.3f}  {row.get('scene', '')} {row['channels']} {row.get('normalised by', '')} {row.get('blocks', '')}"
        )
    print(
        f"threshold {replace(card).threshold}, temperature {temperature:.2f}, digest {bundle.digest[:12]}, {bundle.path}"
    )
    if install:
        target = Path(__file__).resolve().parents[1] / "resources" / "models" / card.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(bundle.path, target)


if __name__ == "__main__":
    main()
