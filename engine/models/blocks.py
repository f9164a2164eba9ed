"""Building blocks that the libraries lack.

The SMU activation, the blocks of the two U-Nets written here, and a median of 3 x 3 pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import ConfigError

SMU_ALPHA = 0.25


class SMU(nn.Module):
    """Smoothed maximum unit (paper, Eq. 11).

    ``(x(1+a) + x(1-a) erf(mu (1-a) x)) / 2``.

    A smooth leaky ReLU of slope ``a`` = 0.25 (Biswas et al. 2022); ``mu`` is trained. It starts at
    1: the authors' code starts at 10^6, where the function is the leaky ReLU itself and ``mu`` has
    no gradient.
    """

    def __init__(self, alpha: float = SMU_ALPHA, mu: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha
        self.mu = nn.Parameter(torch.tensor(float(mu)))

    def forward(self, x: Tensor) -> Tensor:
        """Apply it to every element."""
        smooth = torch.erf(self.mu * (1 - self.alpha) * x)
        return 0.5 * x * ((1 + self.alpha) + (1 - self.alpha) * smooth)


def activation(name: str) -> nn.Module:
    """An activation by its name in a recipe: ``relu`` or ``smu``."""
    if name == "relu":
        return nn.ReLU(inplace=True)
    if name == "smu":
        return SMU()
    raise ConfigError(f"There is no activation {name!r}; choose relu or smu.")


def convolution(
    inputs: int, outputs: int, act: str, *, kernel: int = 3, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution, batch normalisation, activation (the paper's "CBA")."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        activation(act),
    )


def double_convolution(inputs: int, outputs: int, act: str) -> nn.Sequential:
    """Two 3 x 3 convolutions, the step of the original U-Net."""
    return nn.Sequential(convolution(inputs, outputs, act), convolution(outputs, outputs, act))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with ResNet's additive shortcut."""

    def __init__(self, inputs: int, outputs: int, act: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolution(inputs, outputs, act),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = (
            nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)
        )
        self.activation = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, h, w)."""
        result: Tensor = self.activation(self.body(x) + self.shortcut(x))
        return result


class InvertedResidual(nn.Module):
    """Expand, depthwise 3 x 3, project linearly, add.

    MobileNetV2's block without downsampling.
    """

    def __init__(self, channels: int, expansion: int, act: str) -> None:
        super().__init__()
        wide = channels * expansion
        self.body = nn.Sequential(
            convolution(channels, wide, act, kernel=1),
            convolution(wide, wide, act, groups=wide),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (N, channels, h, w)."""
        result: Tensor = x + self.body(x)
        return result


def median_over_3(image: Tensor) -> Tensor:
    """Median over 3 x 3 around each pixel of (N, C, h, w), edges repeated.

    Of the sorted columns, the median of the highest low, the middle middle and the lowest high is
    that of all nine (Smith 1996).
    """
    padded = functional.pad(image, [1, 1, 1, 1], mode="replicate")
    above, here, below = padded[:, :, :-2], padded[:, :, 1:-1], padded[:, :, 2:]
    smaller, larger = torch.minimum(above, here), torch.maximum(above, here)
    low, high = torch.minimum(smaller, below), torch.maximum(larger, below)
    middle = torch.maximum(smaller, torch.minimum(larger, below))
    left, centre, right = slice(0, -2), slice(1, -1), slice(2, None)
    lowest = torch.maximum(torch.maximum(low[..., left], low[..., centre]), low[..., right])
    highest = torch.minimum(torch.minimum(high[..., left], high[..., centre]), high[..., right])
    return _middle_of(
        lowest, _middle_of(middle[..., left], middle[..., centre], middle[..., right]), highest
    )


def _middle_of(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return torch.maximum(torch.minimum(a, b), torch.minimum(torch.maximum(a, b), c))
