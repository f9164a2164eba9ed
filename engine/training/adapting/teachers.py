"""Trained models that label patches of a target, or are scored on patches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import BundleError, ConfigError
from engine.events import SILENT, Reporter
from engine.models.bundle import ModelBundle
from engine.models.networks import Segmenter, build, monte_carlo_dropout
from engine.patches.arrays import PatchArrays
from engine.training.configuration import AdaptationConfig
from engine.training.pools import make_pool
from engine.training.processes import start_fabric
from engine.training.recipe import Recipe
from engine.training.scoring import predict_pool

Probabilities = NDArray[np.float32]

_CALIBRATION = (
    "pretrained",
    "rgb",
    "weights",
    "inputs",
    "temperature",
    "offset",
    "missing_shift",
)
"""Entries of a network's description that leave its weights as they are."""


@dataclass(frozen=True)
class Teacher:
    """A model that labels patches: bundle and network."""

    bundle: ModelBundle
    model: Segmenter

    @classmethod
    def load(cls, bundle: ModelBundle) -> Teacher:
        """Load a bundle's network.

        Raises:
            BundleError: See :func:`load_segmenter`.
        """
        return cls(bundle, load_segmenter(bundle))


def load_segmenter(bundle: ModelBundle) -> Segmenter:
    """A bundle's network with its weights, for PyTorch.

    Raises:
        BundleError: It has no safetensors, or they do not fit its network.
    """
    from safetensors.torch import load_file

    if bundle.weights_path is None:
        raise BundleError(
            f"The bundle {bundle.path} has no weights.safetensors; adaptation trains on and needs"
            " them."
        )
    model = build(bundle.card.network, len(bundle.card.channels))
    try:
        model.load_state_dict(load_file(bundle.weights_path))
    except RuntimeError as error:
        raise BundleError(
            f"The weights of {bundle.path} do not fit its network; export it again."
        ) from error
    return model.eval()


def predict_mean(
    teachers: Sequence[Teacher],
    patches: PatchArrays,
    recipe: Recipe,
    *,
    by: str | Sequence[str] = "dataset",
    reporter: Reporter = SILENT,
) -> Probabilities:
    """Mean probability of the teachers by weight, shape (N, h, w).

    Args:
        teachers: The models; each normalises by its own card.
        patches: The patches.
        recipe: For the device.
        by: What normalises the patches, as of :func:`engine.training.pools.make_pool`.
        reporter: Asked for cancellation.
    """
    mean = np.zeros(patches.masks.shape, np.float64)
    for share, teacher in zip(_shares(teachers), teachers, strict=True):
        mean += share * _Prediction(teacher, patches, recipe, by, reporter).once()
    return mean.astype(np.float32)


def predict_disturbed(
    teachers: Sequence[Teacher],
    patches: PatchArrays,
    recipe: Recipe,
    *,
    by: str | Sequence[str] = "dataset",
    reporter: Reporter = SILENT,
) -> tuple[Probabilities, Probabilities]:
    """Mean and variance of the teachers under dropout, (N, h, w).

    Arguments as for :func:`predict_mean`; the recipe's ``adaptation`` says how they are disturbed.
    """
    config = recipe.adaptation
    mean = np.zeros(patches.masks.shape, np.float64)
    variance = np.zeros_like(mean)
    for share, teacher in zip(_shares(teachers), teachers, strict=True):
        prediction = _Prediction(teacher, patches, recipe, by, reporter)
        torch.manual_seed(recipe.training.seed)
        total, squares = np.zeros_like(mean), np.zeros_like(mean)
        with monte_carlo_dropout(prediction.model, config.dropout):
            for _ in range(config.passes):
                values = prediction.once().astype(np.float64)
                total += values
                squares += values**2
        own = total / config.passes
        mean += share * own
        variance += share * np.maximum(0, squares / config.passes - own**2)
    return mean.astype(np.float32), variance.astype(np.float32)


class _Prediction:
    """One teacher on some patches, ready to predict them as often as asked."""

    def __init__(
        self,
        teacher: Teacher,
        patches: PatchArrays,
        recipe: Recipe,
        by: str | Sequence[str],
        reporter: Reporter,
    ) -> None:
        card = teacher.bundle.card
        device = start_fabric(recipe.training).device
        self.model = teacher.model.to(device).eval()
        pool = make_pool(patches, card.normalization, by)
        options: dict[str, Any] = {
            "device": device,
            "clip": card.normalization.clip,
            "factor": card.input_scale,
            "reporter": reporter,
        }
        self._pool, self._options = pool, options

    def once(self) -> Probabilities:
        """Predict all patches once."""
        return predict_pool(self.model, self._pool, **self._options)


def _shares(teachers: Sequence[Teacher]) -> NDArray[np.float64]:
    weights = np.array([teacher.bundle.card.weight for teacher in teachers], np.float64)
    return np.asarray(weights / weights.sum())


def starting_weights(
    config: AdaptationConfig, name: str, network: Mapping[str, Any], teachers: Sequence[Teacher]
) -> dict[str, torch.Tensor] | None:
    """The weights a round starts from; None from scratch.

    They are the teacher's of the same name, or of the same description where there is one teacher.

    Raises:
        ConfigError: There is no such teacher.
    """
    if config.start == "scratch":
        return None
    for teacher in teachers:
        if teacher.bundle.card.name == name or len(teachers) == 1:
            if _plain(network) != _plain(teacher.bundle.card.network):
                raise ConfigError(
                    f"The model {teacher.bundle.card.name} is not the network {name} of the recipe,"
                    " so training cannot continue from it; choose the recipe that it was trained"
                    ' with, or set adaptation.start to "scratch".'
                )
            return {key: value.cpu() for key, value in teacher.model.state_dict().items()}
    raise ConfigError(
        f"None of the models is named {name}; give the recipe's own models or set adaptation.start"
        ' to "scratch".'
    )


def _plain(network: Mapping[str, Any]) -> Any:
    kept = {key: value for key, value in network.items() if key not in _CALIBRATION}
    return json.loads(json.dumps(kept, sort_keys=True))
