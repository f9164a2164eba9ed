"""Networks by name: a literal table of builders.

They come from segmentation-models-pytorch and timm, and from this package.

A network is described by a mapping that a recipe and a bundle's card carry alike::

    {"builder": "unet", "encoder": "tf_efficientnet_lite0", "pretrained": "package", "temperature":
    1.0, ...}

``build`` turns it into a :class:`Segmenter`, whose call gives logits (N, 1, h, w); called with
``image_level=True`` it also gives one logit an image, where the network was described with
``image_level = true``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import ConfigError, DependencyError
from engine.models.blocks import median_over_3
from engine.models.neighbourhood import NeighbourhoodPerceptron
from engine.models.pretrained import PACKAGES, load_package_weights
from engine.models.pruning import drop_unused_stages
from engine.models.unet import BaselineUNet, MultispectralUNet

PRETRAINED = ("none", "package", "imagenet")
_CHANNELS = ("rgb", "high_resolution")
_BY_CHANNEL = ("own", "textures", "missing_shift")
"""Keys of a description that list channels, and pairs of a channel and something else."""


class Segmenter(nn.Module):
    """A network for landslide logits.

    Attributes:
        network: The network itself; it has an ``encoder``, or members that have.
        temperature: Logits are divided by it (calibration).
        image_level: Whether it also gives one logit an image.
        missing_shift: Pairs of a channel's index and what is added to the logits where that channel
            is not there (calibration: the fewer the channels, the less a network dares to say, and
            one threshold has to serve all).
        despeckle: Whether, when predicting, each logit is the median of those of 3 x 3 pixels:
            single pixels, in which noise stands out, vanish.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        temperature: float = 1.0,
        image_level: bool = False,
        missing_shift: Sequence[tuple[int, float]] = (),
        despeckle: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.despeckle = despeckle
        self.missing_shift = tuple((int(channel), float(shift)) for channel, shift in missing_shift)
        self.temperature = temperature
        self.image_level = image_level

    def forward(
        self, image: Tensor, image_level: bool = False
    ) -> Tensor | tuple[Tensor, Tensor | None]:
        """Predict.

        Args:
            image: Normalised images (N, C, h, w).
            image_level: Return the pair (logits, image logits (N, 1) or None) instead of the logits
                alone.

        Returns:
            Logits (N, 1, h, w).
        """
        result = self.network(image)
        logits, whole = result if self.image_level else (result, None)
        if self.despeckle and not self.training:
            logits = median_over_3(logits)
        for channel, shift in self.missing_shift:
            # A channel that is not there is 0 throughout (Normalization); one that is there never
            # is.
            missing = image[:, channel : channel + 1].abs().amax(dim=(2, 3), keepdim=True) == 0
            logits = logits + shift * missing.to(logits.dtype)
        logits = logits / self.temperature
        return (logits, whole) if image_level else logits

    @property
    def reach_px(self) -> int | None:
        """How far a pixel's logit depends on its surroundings.

        In pixels that the network sees; None where the network does not say.
        """
        reach: int | None = getattr(self.network, "reach_px", None)
        return None if reach is None else reach + int(self.despeckle)

    def encoder_modules(self) -> list[nn.Module]:
        """The parts that see the input, of each member.

        The encoder, and the high-resolution branch where there is one.
        """
        networks = (
            self.network.members if isinstance(self.network, MeanOfNetworks) else [self.network]
        )
        found = [
            getattr(network, name, None) for network in networks for name in ("encoder", "high")
        ]
        return [part for part in found if isinstance(part, nn.Module)]

    def encoder_parameters(self) -> Iterator[nn.Parameter]:
        """Parameters of the encoder, for freezing it or giving it its own learning rate."""
        for part in self.encoder_modules():
            yield from part.parameters()


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

    def forward(self, image: Tensor) -> Tensor:
        """Map (N, C, h, w) to logits (N, 1, h, w)."""
        logits: Tensor = sum(member(image) for member in self.members)
        return logits / len(self.members)


def with_positions(network: Mapping[str, Any], channels: Sequence[str]) -> dict[str, Any]:
    """A network's description with positions in place of channel names.

    As :func:`build` takes it.

    Args:
        network: The description; members are looked at, too. Positions stay as they are.
        channels: Names of the input channels. What is not among them may only be named as not
            looked at (``own`` without sides), and is left out.

    Raises:
        ConfigError: Another channel is named that is not among them.
    """

    def position(key: str, channel: str | int) -> int:
        if isinstance(channel, str) and channel not in channels:
            raise ConfigError(
                f"network.{key} names {channel}, but the channels are {', '.join(channels)}; choose"
                " among them."
            )
        return channels.index(channel) if isinstance(channel, str) else channel

    def needed(channel: str | int, rest: Any) -> bool:
        return isinstance(channel, int) or channel in channels or rest not in ([], ())

    result = dict(network)
    try:
        for key in set(_CHANNELS) & set(network):
            result[key] = network[key] and [position(key, channel) for channel in network[key]]
        for key in set(_BY_CHANNEL) & set(network):
            result[key] = [
                [position(key, channel), rest]
                for channel, rest in network[key]
                if needed(channel, rest)
            ]
        if "members" in network:
            result["members"] = [with_positions(member, channels) for member in network["members"]]
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f'The network {dict(network)} cannot be read ({error}); write it like own = [["slope",'
            ' [7, 21]]], rgb = ["B04", "B03", "B02"].'
        ) from error
    return result


def build(network: Mapping[str, Any], in_channels: int, *, pretrained: bool = False) -> Segmenter:
    """Build a network.

    Args:
        network: ``builder`` (a key of :data:`BUILDERS`), that builder's keyword arguments, and
            optionally ``temperature``, ``image_level``, ``missing_shift``, ``despeckle`` and
            ``pretrained`` (``none``, ``package`` or ``imagenet``).
        in_channels: Number of input channels.
        pretrained: Load the pretrained encoder that ``network`` names. Training asks for it;
            whoever loads weights afterwards does not.

    Raises:
        ConfigError: Unknown builder, encoder or argument.
        DependencyError: The pretrained weights cannot be had.
    """
    arguments = dict(network)
    temperature = float(arguments.pop("temperature", 1.0))
    image_level = bool(arguments.pop("image_level", False))
    missing_shift = arguments.pop("missing_shift", ())
    despeckle = bool(arguments.pop("despeckle", False))
    source = arguments.pop("pretrained", "none")
    if source not in PRETRAINED:
        raise ConfigError(f"network.pretrained is one of {', '.join(PRETRAINED)}, not {source!r}.")
    try:
        module = _module(arguments, in_channels, image_level, source if pretrained else "none")
    except (TypeError, ValueError, KeyError, RuntimeError, AssertionError) as error:
        if isinstance(error, ConfigError | DependencyError):
            raise
        raise ConfigError(f"The network {dict(network)} cannot be built: {error}") from error
    return Segmenter(
        module,
        temperature=temperature,
        image_level=image_level,
        missing_shift=missing_shift,
        despeckle=despeckle,
    )


def _module(
    network: Mapping[str, Any], in_channels: int, image_level: bool, source: str
) -> nn.Module:
    """A network without what :class:`Segmenter` adds."""
    arguments = dict(network)
    name = arguments.pop("builder", None)
    if name not in BUILDERS:
        raise ConfigError(f"There is no network {name!r}; choose one of {', '.join(BUILDERS)}.")
    return BUILDERS[name](in_channels, image_level, source, arguments)


def _library(kind: type[nn.Module]) -> Callable[[int, bool, str, dict[str, Any]], nn.Module]:
    """A builder for a network of segmentation-models-pytorch with any of its or timm's encoders."""

    def make(
        in_channels: int, image_level: bool, source: str, arguments: dict[str, Any]
    ) -> nn.Module:
        encoder = arguments.pop("encoder")
        rgb: Sequence[int] | None = arguments.pop("rgb", None)
        if "swin" in encoder:
            arguments = {"img_size": 128, "strict_img_size": False, **arguments}
        native = encoder in smp.encoders.encoders
        weights = "imagenet" if source == "imagenet" else None
        head = {"classes": 1, "pooling": "avg", "dropout": None} if image_level else None
        try:
            module: Any = kind(
                encoder if native else f"tu-{encoder}",
                encoder_weights=weights,
                in_channels=in_channels,
                classes=1,
                aux_params=head,
                **arguments,
            )
        except (URLError, ConnectionError, OSError) as error:
            other = ' ("package" carries them)' if encoder in PACKAGES else ""
            raise DependencyError(
                f"The pretrained weights of {encoder} could not be downloaded"
                f" ({type(error).__name__}); connect to the internet once, or "
                f'set network.pretrained to "none"{other}.'
            ) from error
        if source == "package":
            load_package_weights(module.encoder.model, encoder, in_channels, rgb)
        drop_unused_stages(module.encoder)
        return module  # type: ignore[no-any-return]

    return make


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
        [_module(member, in_channels, False, source) for member in described], **arguments
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
    # UPerNet is left out: its adaptive pooling has no ONNX form of free size.
    "unet": _library(smp.Unet),  # U-decoder on any encoder: EfficientNet, Swin, HRNet …
    "segformer": _library(smp.Segformer),
    "deeplabv3plus": _library(smp.DeepLabV3Plus),
}


def first_convolutions(model: Segmenter) -> list[nn.Conv2d]:
    """The convolutions that see the input: one, or one a branch."""
    return [
        next(m for m in part.modules() if isinstance(m, nn.Conv2d))
        for part in model.encoder_modules()
    ]


@contextmanager
def monte_carlo_dropout(model: Segmenter, rate: float) -> Iterator[None]:
    """Drop features after the first convolution, also in evaluation.

    Tanmlh; paper, Section VI-C: rate 0.3.

    Args:
        model: The network, usually in evaluation mode.
        rate: Probability of dropping a feature.
    """

    def drop(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return functional.dropout(output, rate, training=True)

    handles = [module.register_forward_hook(drop) for module in first_convolutions(model)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def parameter_groups(
    model: Segmenter, *, lr: float, encoder_lr: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Groups for an optimiser: encoder and rest, with and without decay.

    No weight decay acts on norms, biases and SMU's mu.
    """
    encoder = {id(p) for p in model.encoder_parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in encoder, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": chosen,
            "lr": encoder_lr if inside else lr,
            "weight_decay": weight_decay if decayed else 0.0,
        }
        for (inside, decayed), chosen in groups.items()
    ]


def probability(model: nn.Module, image: Tensor) -> Tensor:
    """Landslide probability (N, h, w) of normalised images (N, C, h, w), in float32."""
    logits = model(image)
    return torch.sigmoid(logits[:, 0].float())
