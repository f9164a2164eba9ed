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

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import ConfigError, L4SError
from engine.models.blocks import median_over_3
from engine.models.builders import MeanOfNetworks, make_module, multiple_of
from engine.settings import shortened

PRETRAINED = ("none", "package", "imagenet")
_CHANNELS = ("rgb", "high_resolution")
_BY_CHANNEL = ("own", "textures", "missing_shift")
"""Keys of a description that list channels, and pairs of a channel and something else."""


class Segmenter(nn.Module):
    """A network for landslide logits.

    Attributes:
        network: The network itself; it has an ``encoder``, or members that have.
        temperature: Logits are divided by it (calibration).
        offset: Subtracted from the logits before that (calibration).
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
        offset: float = 0.0,
        image_level: bool = False,
        missing_shift: Sequence[tuple[int, float]] = (),
        despeckle: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.despeckle = despeckle
        self.missing_shift = tuple((int(channel), float(shift)) for channel, shift in missing_shift)
        self.temperature, self.offset = temperature, offset
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
        logits = (logits - self.offset) / self.temperature
        return (logits, whole) if image_level else logits

    @property
    def multiple_px(self) -> int:
        """Multiples of how many pixels the sides of its input must be."""
        return multiple_of(self.network)

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
        """Parameters of the encoder, for freezing or a rate of their own."""
        for part in self.encoder_modules():
            yield from part.parameters()


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
        if network.get("pretrained", "none") != "none":
            result.setdefault("inputs", list(channels))
        if network.get("weights"):
            result["weights"] = {**network["weights"], "inputs": list(channels)}
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
            optionally ``temperature``, ``offset``, ``image_level``, ``missing_shift``,
            ``despeckle`` and ``pretrained`` (``none``, ``package`` or ``imagenet``).
        in_channels: Number of input channels.
        pretrained: Load the pretrained encoder that ``network`` names. Training asks for it;
            whoever loads weights afterwards does not.

    Raises:
        ConfigError: Unknown builder, encoder or argument.
        DependencyError: The pretrained weights cannot be had.
    """
    arguments = dict(network)
    options = _options(arguments)
    source = arguments.pop("pretrained", "none")
    if source not in PRETRAINED:
        raise ConfigError(f"network.pretrained is one of {', '.join(PRETRAINED)}, not {source!r}.")
    weights = arguments.pop("weights", None)
    if weights and source != "none":
        raise ConfigError(
            'Give network.weights or network.pretrained, not both; pretrained is "none" by default.'
        )
    if weights and pretrained:
        arguments["weights"] = weights
    try:
        loaded = source if pretrained else "none"
        module = make_module(arguments, in_channels, options["image_level"], loaded)
    except (TypeError, ValueError, KeyError, RuntimeError, AssertionError) as error:
        if isinstance(error, L4SError):
            raise
        raise ConfigError(f"The network {dict(network)} cannot be built: {error}") from error
    return Segmenter(module, **options)


def _options(arguments: dict[str, Any]) -> dict[str, Any]:
    """Move what :class:`Segmenter` itself does out of a description, checked."""
    try:
        numbers: dict[str, float] = {
            "temperature": float(arguments.pop("temperature", 1.0)),
            "offset": float(arguments.pop("offset", 0.0)),
        }
        shifts = [(int(c), float(shift)) for c, shift in arguments.pop("missing_shift", ())]
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(
            "network.temperature and network.offset are numbers, network.missing_shift pairs of a"
            f" channel and a number ({shortened(error)})."
        ) from error
    values = [*numbers.values(), *(shift for _, shift in shifts)]
    if not all(map(math.isfinite, values)) or numbers["temperature"] <= 0:
        raise ConfigError(
            "network.temperature is a finite number above 0, network.offset and the shifts of"
            f" network.missing_shift are finite numbers; they are {shortened(values)}."
        )
    return {
        **numbers,
        "missing_shift": shifts,
        "image_level": bool(arguments.pop("image_level", False)),
        "despeckle": bool(arguments.pop("despeckle", False)),
    }


def unseen_channels(network: Mapping[str, Any], channels: Sequence[str]) -> tuple[str, ...]:
    """Channels that a network of perceptrons does not use.

    Args:
        network: A description with positions, as :func:`with_positions` gives it.
        channels: Names of the input channels.
    """
    members = network.get("members", [network])
    if any(member.get("builder") != "neighbourhood" for member in members):
        return ()
    unseen = set(range(len(channels)))
    for member in members:
        blind = {channel for channel, sides in member.get("own", ()) if not sides}
        unseen &= blind - {channel for channel, sides in member.get("textures", ()) if sides}
    return tuple(channels[channel] for channel in sorted(unseen))


def with_names(network: Mapping[str, Any], channels: Sequence[str]) -> dict[str, Any]:
    """A network's description with names instead of positions.

    The reverse of :func:`with_positions`.
    """
    result = dict(network)
    for key in set(_CHANNELS) & set(network):
        result[key] = network[key] and [channels[channel] for channel in network[key]]
    for key in set(_BY_CHANNEL) & set(network):
        result[key] = [[channels[channel], rest] for channel, rest in network[key]]
    if "members" in network:
        result["members"] = [with_names(member, channels) for member in network["members"]]
    return result


def without_unseen(
    model: Segmenter, network: Mapping[str, Any], channels: Sequence[str]
) -> tuple[Segmenter, dict[str, Any], tuple[str, ...]]:
    """A network without the channels that it does not use.

    Args:
        model: The network.
        network: Its description with positions.
        channels: Names of its input channels.

    Returns:
        The network (the same one where it looks at every channel), its description with what
        calibration added, and the channels that are left.
    """
    shifts = [[channel, by] for channel, by in model.missing_shift]
    added: dict[str, Any] = {"missing_shift": shifts} if shifts else {}
    added |= {"offset": model.offset} if model.offset else {}
    described: dict[str, Any] = {**network, **added, "temperature": model.temperature}
    unseen = unseen_channels(network, channels)
    if not unseen:
        return model, described, tuple(channels)
    seen = tuple(name for name in channels if name not in unseen)
    described = with_positions(with_names(described, channels), seen)
    smaller = build(described, len(seen))
    smaller.load_state_dict(model.state_dict())
    return smaller.eval(), described, seen


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
    """Landslide probability (N, h, w) of normalised images, float32."""
    logits = model(image)
    return torch.sigmoid(logits[:, 0].float())
