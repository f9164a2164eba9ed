"""The bundled model computes what it did when it was published."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine.bands import CHANNELS
from engine.models.bundle import find_model
from engine.models.networks import build, probability
from engine.models.normalization import StatisticsAccumulator

VERSION = "2.3"
"""Of the weights that the numbers below were computed with, by the release that published them."""

NORMALISED = [-0.893784, 2.417834, -1.096135, -0.89835, 0.0, 0.57074]
PROBABILITIES = [0.056462, 0.000839, 0.001164, 0.003616, 0.135888]


def test_the_bundled_model_computes_what_it_did_when_it_was_published() -> None:
    bundle = find_model("light")
    if bundle.card.version != VERSION:
        pytest.skip(f"the numbers are those of light {VERSION}")
    card, rng = bundle.card, np.random.default_rng(7)
    channels = [c for c in CHANNELS if c.name != "B10"]
    names = [c.name for c in channels]
    draw = [rng.standard_normal((48, 48)) for _ in channels]
    raw = np.stack(
        [c.divisor * (c.mean + 0.4 * c.std * d) for c, d in zip(channels, draw, strict=True)]
    ).astype(np.float32)
    raw[names.index("slope")] *= np.float32(1.2)
    raw[1:4, 20:28, 20:30] *= np.float32(2.5)
    raw[7, 20:28, 20:30] *= np.float32(0.5)
    raw[3, :3] = np.nan
    accumulator = StatisticsAccumulator(names)
    accumulator.add(raw)
    affine = card.normalization.affine(accumulator.result())
    ready = card.normalization.apply(raw, names, affine)
    model = build(card.network, len(card.channels)).eval()
    assert bundle.weights_path is not None
    model.load_state_dict(load_file(bundle.weights_path))
    with torch.inference_mode():
        found = probability(model, torch.from_numpy(ready[None]))[0].numpy()
    values = [*ready[[0, 3, 7, 12], 24, 25], ready[3, 0, 0], ready.std()]
    assert values == pytest.approx(NORMALISED, abs=2e-6)
    values = [found[24, 24], found[5, 5], found[40, 10], found.mean(), found.max()]
    assert values == pytest.approx(PROBABILITIES, abs=2e-6)
