"""How the bundled model is calibrated and scored: thresholds, shifts and temperature from held-out
patches, and false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bundled_model_data import FOLDS, Floats, Patches, landslide_free
from numpy.typing import NDArray
from scipy.optimize import minimize

from engine.bands import NAMES, OPTICAL, TERRAIN
from engine.models.networks import Segmenter
from engine.models.normalization import ChannelStatistics, StatisticsAccumulator
from engine.training.light import NORMALIZATION, SUBSETS

BUNDLED = replace(NORMALIZATION, relief_exponent=2.5, largest_gain=3.0)
"""What the bundle normalises by. A training sample's mountain is flattened in proportion, and so
are its scars; a real gentle mountain's scars are less bound to its steepest slopes
(docs/develop/decisions/model-light-gentle-mountains.md)."""

TOLERATED_F1 = 0.003
"""Thresholds whose held-out F1 is worse than the best one by no more are as good."""

MISSING = {"B12": "B02 B03 B04 + terrain"}
"""Channels whose lack shifts the logits, and the set of channels on which that is measured."""

GUIDING = ("14 channels", "without B10", "B02 B03 B04 + terrain")
"""Sets of channels for which threshold and temperature are chosen."""

HeldOut = Mapping[tuple[str, str], Mapping[int, Floats]]
"""Logits of every patch by networks that have not seen it, by set of channels and by what it is
normalised with."""


def statistics_of(images: Sequence[Floats]) -> ChannelStatistics:
    """Statistics over several images as one domain."""
    accumulator = StatisticsAccumulator(NAMES)
    for image in images:
        accumulator.add(image)
    return accumulator.result()


def of_a_whole_scene(statistics: ChannelStatistics) -> ChannelStatistics:
    """The same statistics, as if of enough pixels to count fully."""
    return replace(
        statistics, count=np.maximum(statistics.count, BUNDLED.min_pixels * (statistics.count > 0))
    )


def logits_of(
    model: Segmenter, image: Floats, channels: Sequence[str], statistics: ChannelStatistics
) -> Floats:
    """Logits (h, w) of a raw image of which only some channels are given; computed in pieces of 512
    px.
    """
    there = [name for name in channels if not np.isnan(image[NAMES.index(name)]).all()]
    raw = np.ascontiguousarray(image[[NAMES.index(name) for name in there]])
    ready = BUNDLED.apply(raw, there, BUNDLED.affine(statistics))
    rows, columns = ready.shape[1:]
    ready = np.pad(ready, ((0, 0), (0, -rows % 32), (0, -columns % 32)), mode="reflect")
    result = np.zeros(ready.shape[1:], np.float32)
    with torch.inference_mode():
        for y in range(0, ready.shape[1], 512):
            for x in range(0, ready.shape[2], 512):
                piece = torch.from_numpy(ready[None, :, y : y + 512, x : x + 512])
                result[y : y + 512, x : x + 512] = model(piece)[0, 0].numpy()
    return result[:rows, :columns]


def f1_of(
    logits: Mapping[int, Floats], patches: Patches, at: float, only: Sequence[int] | None = None
) -> float:
    """Pixel F1 of the landslide class, over all pixels of the patches, at a threshold on the
    logit.
    """
    hit = alarms = truth = 0
    for i, values in logits.items():
        if only is None or i in only:
            predicted, landslide = values >= at, patches[i][1] > 0
            hit += int((predicted & landslide).sum())
            alarms += int(predicted.sum())
            truth += int(landslide.sum())
    return 2 * hit / max(1, alarms + truth)


def calibrate(folds: HeldOut, patches: Patches) -> tuple[float, float]:
    """Shift and temperature by likelihood over held-out pixels: ``(logit - shift) / temperature``
    (Platt 1999).

    A temperature alone cannot do it: the loss weighs landslides up, and the labels leave scars out,
    so that logits lie too high.
    """
    guiding = [by_id for key, by_id in folds.items() if key[0] in GUIDING]
    pixels = torch.from_numpy(
        np.concatenate([v.ravel()[::7] for by_id in guiding for v in by_id.values()])
    )
    truth = torch.from_numpy(
        np.concatenate([patches[i][1].ravel()[::7] for by_id in guiding for i in by_id])
    )

    def loss(found: NDArray[np.float64]) -> float:
        shift, temperature = found
        return float(
            torch.nn.functional.binary_cross_entropy_with_logits(
                (pixels - shift) / temperature, truth
            )
        )

    shift, temperature = minimize(loss, [1.5, 1.0], method="Nelder-Mead").x
    return round(float(shift), 2), round(float(temperature), 2)


def missing_shifts(folds: HeldOut, patches: Patches) -> list[tuple[int, float]]:
    """What is added to the logits where a channel is not there, so that one threshold serves all
    sets of channels.

    It is the distance between the best thresholds with all channels and without that one, on
    held-out patches.
    """
    whole = plateau([folds["14 channels", "folder"]], patches)
    return [
        (NAMES.index(name), round(whole - plateau([folds[subset, "folder"]], patches), 2))
        for name, subset in MISSING.items()
    ]


def shift_without_terrain(model: Segmenter, data: Path, at: float) -> tuple[int, float]:
    """What is added to the logits where there is no slope, so that no pixel of the landslide-free
    training scenes is above a threshold.

    F1 on held-out patches cannot tell it: they are mountains, and what is mistaken without terrain
    are plains.
    """
    highest = [
        float(logits_of(model, image, channels, statistics).max())
        for image in (area.image.numpy() for area in landslide_free(data)[0])
        for channels in (OPTICAL, SUBSETS["B02 B03 B04"])
        # These pieces are small, and lean on the training's statistics; whole scenes have
        # statistics of their own.
        for statistics in (statistics_of([image]), of_a_whole_scene(statistics_of([image])))
    ]
    return NAMES.index("slope"), math.floor(100 * min(0.0, at - max(highest))) / 100


def shift_missing(
    folds: HeldOut, shifts: Sequence[tuple[int, float]]
) -> dict[tuple[str, str], dict[int, Floats]]:
    """Held-out logits as the network with these shifts gives them."""
    return {
        (subset, domain): {
            i: (
                values
                + np.float32(
                    sum(shift for index, shift in shifts if NAMES[index] not in SUBSETS[subset])
                )
            )
            for i, values in by_id.items()
        }
        for (subset, domain), by_id in folds.items()
    }


def choose(folds: HeldOut, patches: Patches) -> float:
    """The threshold, a logit, by F1 over held-out patches."""
    # On ground unlike the training's more is drawn than should be
    # (docs/develop/decisions/model-light-pair.md): of those as good, the highest.
    return plateau(
        [by_id for (subset, _), by_id in folds.items() if subset in GUIDING], patches, TOLERATED_F1
    )


def plateau(
    sets: Sequence[Mapping[int, Floats]], patches: Patches, tolerated: float = 0.0
) -> float:
    """The highest threshold on the logit whose mean F1 over some sets of predictions is the best,
    or less by what is tolerated.
    """
    candidates = np.arange(-6.0, 6.01, 0.1)
    scores = [np.mean([f1_of(by_id, patches, at) for by_id in sets]) for at in candidates]
    smooth = np.convolve(
        np.pad(scores, 4, mode="edge"), np.ones(9) / 9, mode="valid"
    )  # the middle of the plateau
    return float(candidates[np.flatnonzero(smooth >= smooth.max() - tolerated)[-1]])


def scores_of(folds: HeldOut, patches: Patches, at: float) -> list[dict[str, Any]]:
    """F1 of every subset: pooled over all held-out patches, and of each block."""
    rows = []
    for (subset, domain), by_id in folds.items():
        blocks = [round(f1_of(by_id, patches, at, fold), 3) for fold in FOLDS]
        rows.append(
            {
                "what": "F1 of the landslide class, pixels, blocks left out in turn",
                "kind": "inductive",
                "channels": subset,
                "normalised by": f"the statistics of the {domain}",
                "value": round(f1_of(by_id, patches, at), 3),
                "blocks": blocks,
                "spread": round(float(np.std(blocks)), 3),
            }
        )
    return rows


def reliability(folds: HeldOut, patches: Patches, temperature: float) -> list[dict[str, float]]:
    """Share of landslide pixels in ten classes of predicted probability, held-out patches, 14
    channels.
    """
    by_id = folds["14 channels", "folder"]
    p = np.concatenate([1 / (1 + np.exp(-v.ravel() / temperature)) for v in by_id.values()])
    y = np.concatenate([patches[i][1].ravel() for i in by_id])
    classes = np.minimum((p * 10).astype(int), 9)
    return [
        {
            "from": k / 10,
            "pixels": int((classes == k).sum()),
            "predicted": round(float(p[classes == k].mean()), 3),
            "observed": round(float(y[classes == k].mean()), 3),
        }
        for k in range(10)
        if (classes == k).any()
    ]


def false_alarms(model: Segmenter, check: Mapping[str, Floats], at: float) -> list[dict[str, Any]]:
    """Share of pixels called landslide where there is none, without and with (flat, where none is
    known) terrain, in per cent.
    """
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
            ("all bands, no terrain", OPTICAL),
            ("all bands + terrain", NAMES),
            ("B02 B03 B04", SUBSETS["B02 B03 B04"]),
            ("B02 B03 B04 + terrain", ("B02", "B03", "B04", *TERRAIN)),
        ):
            alarms = logits_of(model, given, channels, statistics)[valid] >= at
            rows.append(
                {
                    "what": "per cent of pixels called landslide where there is none",
                    "kind": "inductive",
                    "scene": name,
                    "channels": (
                        label
                        + (" (flat)" if flat and "terrain" in label and "no" not in label else "")
                    ),
                    "value": round(100 * float(alarms.mean()), 3),
                }
            )
    return rows
