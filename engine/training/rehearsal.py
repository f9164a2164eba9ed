"""What can be known to fail is refused before hours of training."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch

from engine.errors import BundleError, ConfigError
from engine.models.networks import Segmenter, build
from engine.settings import shortened
from engine.training.recipe import Recipe

_OWN = ("baseline_unet", "multispectral_unet", "neighbourhood", "mean")
"""Builders whose networks are known to be exported faithfully."""


def rehearse(
    recipe: Recipe, name: str, network: Mapping[str, Any], *, adapts: bool = False
) -> None:
    """Build a network, run one forward, and export it, on the CPU.

    Args:
        recipe: The recipe.
        name: The network's name, for messages.
        network: Its description, resolved.
        adapts: Whether patches of a target go through it apart from the labelled ones.

    Raises:
        ConfigError: Crops do not suit it, a batch is too small for it, or it has no ONNX form.
    """
    model = build(network, len(recipe.data.channels), pretrained=bool(network.get("weights")))
    size_px = recipe.data.crop_px * recipe.data.enlarge
    multiple = model.multiple_px
    if size_px % multiple:
        raise ConfigError(
            f"The network {name} needs sides that are multiples of {multiple} pixels, but crops of"
            f" data.crop_px {recipe.data.crop_px} enlarged {recipe.data.enlarge} times have"
            f" {size_px}; change data.crop_px or data.enlarge."
        )
    _check_batch(recipe, name, model, size_px, _smallest_part(recipe, adapts))
    if recipe.card.onnx and network.get("builder") not in _OWN:
        _check_export(name, model, len(recipe.data.channels))


def _smallest_part(recipe: Recipe, adapts: bool) -> int:
    """Fewest patches that go through the network together."""
    size = recipe.training.batch_size
    if not adapts:
        return size
    share = recipe.adaptation.share
    return max(1, min(int(size * share), size - int(size * share) - 1))


def _check_batch(recipe: Recipe, name: str, model: Segmenter, size_px: int, count: int) -> None:
    """A forward as in training, with the batch's normalisation."""
    count = min(count, 2)
    image = torch.zeros(count, len(recipe.data.channels), size_px, size_px)
    try:
        with torch.no_grad():
            copy.deepcopy(model).train()(image, image_level=True)
    except (RuntimeError, ValueError, AssertionError) as error:
        few = "more than 1 value" in str(error)
        advice = (
            "raise training.batch_size (or adaptation.share), data.crop_px or data.enlarge"
            if few
            else "choose another data.crop_px, data.enlarge or network"
        )
        raise ConfigError(
            f"The network {name} cannot be trained on {count} crops of {size_px} pixels at a time"
            f" ({shortened(error, 120)}); {advice}."
        ) from error


def _check_export(name: str, model: Segmenter, channels: int) -> None:
    """Export with random weights, and compare at several sizes."""
    from engine.models.export import TOLERANCE, largest_difference, to_onnx

    network = copy.deepcopy(model).eval()
    multiple = network.multiple_px
    try:
        graph = to_onnx(network, channels, multiple)
        difference = largest_difference(network, graph, channels, multiple)
    except BundleError:
        raise
    except Exception as error:  # the exporter and ONNX Runtime raise nearly anything
        raise ConfigError(
            f"The network {name} cannot be exported as ONNX ({type(error).__name__}:"
            f" {shortened(str(error).splitlines()[0] if str(error) else '', 120)}); choose another"
            " network, or set card.onnx to false for a bundle that needs PyTorch."
        ) from error
    if not difference <= TOLERANCE:
        raise ConfigError(
            f"The network {name} has no faithful ONNX form: its probabilities differ by"
            f" {difference:.1e}; choose another network, or set card.onnx to false for a bundle"
            " that needs PyTorch."
        )
