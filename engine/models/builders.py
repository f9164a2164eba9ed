"""A literal table of networks: one line and, if needed, a function.

They come from segmentation-models-pytorch and timm, and from this package. A builder takes the
number of input channels, whether an image-level logit is wanted, where pretrained weights come
from, and the other entries of the description (:mod:`engine.models.networks`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.error import URLError

import segmentation_models_pytorch as smp
from torch import Tensor, nn

from engine.errors import ConfigError, DependencyError
from engine.models.neighbourhood import NeighbourhoodPerceptron
from engine.models.pretrained import (
    PACKAGES,
    RGB,
    carry_over,
    load_package_weights,
    load_weights_file,
)
from engine.models.pruning import drop_unused_stages
from engine.models.unet import BaselineUNet, MultispectralUNet


class MeanOfNetworks(nn.Module):
    """Several networks as one: the mean of their logits.

    Where networks err differently, the mean errs less than each. They are trained apart and bundled
    together.

    Args:
        members: Networks that map (N, C, h, w) to logits (N, 1, h, w).

    Raises:
        ConfigError: There is no member.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if not members:
            raise ConfigError(
                "The network mean has no member; describe one or more in network.members."
            )
        self.members = nn.ModuleList(members)
        reaches: list[int | None] = [getattr(member, "reach_px", None) for member in members]
        known = [reach for reach in reaches if reach is not None]
        self.reach_px = max(known) if len(known) == len(reaches) else None
        self.multiple_px = math.lcm(*(multiple_of(member) for member in members))

    def forward(self, image: Tensor) -> Tensor:
        """Map (N, C, h, w) to logits (N, 1, h, w)."""
        logits: Tensor = sum(member(image) for member in self.members)
        return logits / len(self.members)


def multiple_of(network: nn.Module) -> int:
    """Multiples of how many pixels the sides of a network's input must be.

    What the network says itself, or the stride of its encoder.
    """
    own = getattr(network, "multiple_px", None)
    if isinstance(own, int):
        return own
    return int(getattr(getattr(network, "encoder", None), "output_stride", 32))


def make_module(
    network: Mapping[str, Any], in_channels: int, image_level: bool, source: str
) -> nn.Module:
    """A network without what :class:`Segmenter` adds."""
    arguments = dict(network)
    name = arguments.pop("builder", None)
    if name not in BUILDERS:
        raise ConfigError(f"There is no network {name!r}; choose one of {', '.join(BUILDERS)}.")
    if name in _OWN:
        arguments.pop("inputs", None)
        if arguments.pop("weights", None) is not None:
            raise ConfigError(
                f"The network {name} is trained from scratch; leave network.weights out."
            )
    return BUILDERS[name](in_channels, image_level, source, arguments)


_SIZED = ("swin_", "swinv2_", "maxvit", "maxxvit", "coatnet", "swinv2_cr", "vit_")
"""Beginnings of the names of timm's encoders that are built for a size of image."""

_WHOLE_SIZES = ("maxvit", "maxxvit")
"""Of these, those whose windows divide multiples of that size only."""


def needs_size(encoder: str) -> bool:
    """Whether an encoder is built for a size of image."""
    return encoder.startswith(_SIZED)


def _for_size(encoder: str, size_px: int | None) -> dict[str, Any]:
    """Arguments by which timm builds an encoder for images of a size.

    Windows of 7 pixels stay as wide as they were pretrained, also where the deepest features are
    narrower, and images of other sizes are taken.
    """
    if not needs_size(encoder):
        return {}
    if size_px is None:  # cards from before the size was noted
        return {"img_size": 128, "strict_img_size": False} if "swin" in encoder else {}
    if encoder.startswith("swin_"):
        return {"img_size": size_px, "strict_img_size": False, "always_partition": True}
    if encoder.startswith("swinv2_") and not encoder.startswith("swinv2_cr"):
        return {"img_size": size_px, "strict_img_size": False, "always_partition": True}
    if encoder.startswith("vit_"):
        return {"img_size": size_px, "dynamic_img_size": True}
    return {"img_size": size_px}


def _library(kind: type[nn.Module]) -> Callable[[int, bool, str, dict[str, Any]], nn.Module]:
    """A builder for networks of segmentation-models-pytorch.

    With any of its or timm's encoders.
    """

    def make(
        in_channels: int, image_level: bool, source: str, arguments: dict[str, Any]
    ) -> nn.Module:
        encoder = arguments.pop("encoder")
        channels = _names(arguments, in_channels)
        own_weights = arguments.pop("weights", None)
        size_px = arguments.pop("size_px", None)
        arguments = {**_for_size(encoder, size_px), **arguments}
        native = encoder in smp.encoders.encoders
        head = {"classes": 1, "pooling": "avg", "dropout": None} if image_level else None

        def construct(weights: str | None, count: int) -> Any:
            return kind(
                encoder if native else f"tu-{encoder}",
                encoder_weights=weights,
                in_channels=count,
                classes=1,
                aux_params=head,
                **arguments,
            )

        module = construct(None, in_channels)
        try:
            if source == "imagenet":
                trained = construct("imagenet", len(RGB)).encoder.state_dict()
                carry_over(module.encoder, trained, RGB, channels)
        except (URLError, ConnectionError, OSError) as error:
            other = ' ("package" carries them)' if encoder in PACKAGES else ""
            raise DependencyError(
                f"The pretrained weights of {encoder} could not be downloaded"
                f" ({type(error).__name__}); connect to the internet once, or "
                f'set network.pretrained to "none"{other}.'
            ) from error
        if source == "package":
            load_package_weights(module.encoder.model, encoder, channels)
        if own_weights is not None:
            load_weights_file(getattr(module.encoder, "model", module.encoder), own_weights)
        drop_unused_stages(module.encoder)
        if size_px is not None and encoder.startswith(_WHOLE_SIZES):
            module.multiple_px = size_px
        if kind is smp.DPT:  # its coarsest feature has half as many rows as there are patches
            module.multiple_px = 2 * int(module.encoder.output_stride)
        return module  # type: ignore[no-any-return]

    return make


def _names(arguments: dict[str, Any], in_channels: int) -> list[str]:
    """Names of the input channels, as far as a description says them."""
    names: list[str] = [str(name) for name in arguments.pop("inputs", ())]
    names = names or [f"channel {number}" for number in range(in_channels)]
    for name, position in zip(RGB, arguments.pop("rgb", None) or (), strict=False):
        names[position] = name
    return names


def _baseline(
    in_channels: int, image_level: bool, source: str, arguments: dict[str, Any]
) -> nn.Module:
    return BaselineUNet(in_channels, image_level=image_level, **arguments)


def _multispectral(
    in_channels: int, image_level: bool, source: str, arguments: dict[str, Any]
) -> nn.Module:
    return MultispectralUNet(in_channels, image_level=image_level, **arguments)


def _neighbourhood(
    in_channels: int, image_level: bool, source: str, arguments: dict[str, Any]
) -> nn.Module:
    _no_image_level("neighbourhood", image_level)
    return NeighbourhoodPerceptron(in_channels, **arguments)


def _mean(in_channels: int, image_level: bool, source: str, arguments: dict[str, Any]) -> nn.Module:
    _no_image_level("mean", image_level)
    described: Sequence[Mapping[str, Any]] = arguments.pop("members", ())
    return MeanOfNetworks(
        [make_module(member, in_channels, False, source) for member in described], **arguments
    )


def _no_image_level(name: str, image_level: bool) -> None:
    if image_level:
        raise ConfigError(
            f"The network {name} has no image-level logit; take unet, or set network.image_level to"
            " false."
        )


BUILDERS: dict[str, Callable[[int, bool, str, dict[str, Any]], nn.Module]] = {
    "baseline_unet": _baseline,
    "multispectral_unet": _multispectral,
    "neighbourhood": _neighbourhood,
    "mean": _mean,
    "unet": _library(smp.Unet),  # U-decoder on any encoder: EfficientNet, Swin, HRNet …
    "segformer": _library(smp.Segformer),
    "deeplabv3plus": _library(smp.DeepLabV3Plus),
    "deeplabv3": _library(smp.DeepLabV3),
    "unetplusplus": _library(smp.UnetPlusPlus),
    "fpn": _library(smp.FPN),
    "manet": _library(smp.MAnet),
    # These two have no ONNX form of free size: card.onnx = false.
    "upernet": _library(smp.UPerNet),
    "dpt": _library(smp.DPT),  # on a ViT: encoder = "vit_base_patch16_224"
}

_OWN = ("baseline_unet", "multispectral_unet", "neighbourhood", "mean")
"""Networks of this package, which have no pretrained encoder."""
