"""The two U-Nets of the competition that no library has.

The organisers' baseline and Sklgp's multispectral U-Net.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.blocks import InvertedResidual, ResidualBlock, convolution, double_convolution


class _Encoder(nn.Module):
    """Stages whose outputs, finest first, feed the skip connections."""

    def __init__(self, stages: Sequence[nn.Module]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class BaselineUNet(nn.Module):
    """The organisers' U-Net (paper, Section II-B).

    It has 23 convolutional layers, 4 of them transposed.

    18 in double convolutions, 4 transposed, 1 for the output. Sides must be multiples of 16.

    Args:
        in_channels: Input channels.
        width: Features at full resolution; doubled at each of 4 downsamplings.
        act: ``relu``, or ``smu`` for the U-Net with SMU.
        image_level: Add a logit for the whole image on the deepest features.
    """

    def __init__(
        self, in_channels: int, *, width: int = 64, act: str = "relu", image_level: bool = False
    ) -> None:
        super().__init__()
        self.multiple_px = 16
        sizes = [width * 2**level for level in range(5)]
        stages: list[nn.Module] = [double_convolution(in_channels, sizes[0], act)]
        stages += [
            nn.Sequential(nn.MaxPool2d(2), double_convolution(a, b, act)) for a, b in _pairs(sizes)
        ]
        self.encoder = _Encoder(stages)
        upward = _pairs(sizes[::-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in upward)
        self.decoder = nn.ModuleList(double_convolution(a, b, act) for a, b in upward)
        self.head = nn.Conv2d(width, 1, 1)
        self.image_head = nn.Linear(sizes[-1], 1) if image_level else None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Map (N, C, h, w) to logits (N, 1, h, w), with a head also (N, 1)."""
        *skips, x = self.encoder(x)
        deepest = x
        for up, block, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            x = block(torch.cat([skip, up(x)], dim=1))
        logits: Tensor = self.head(x)
        return (
            logits
            if self.image_head is None
            else (logits, self.image_head(deepest.mean(dim=(2, 3))))
        )


class MultispectralUNet(nn.Module):
    """Two branches for two resolutions (Sklgp; Section VII-A and Fig. 12).

    Sides must be multiples of 8.

    The high-resolution branch sees only the native 10 m bands, never downsamples and uses inverted
    residuals; the general branch sees all channels, downsamples three times by strided convolution,
    comes back up bilinearly, and all its skip connections add. Both give ``width`` features at full
    resolution, which are concatenated.

    Args:
        in_channels: Input channels.
        high_resolution: Positions of the native 10 m bands (B02, B03, B04, B08) among the input
            channels.
        width: Features of each branch; 128 in the paper.
        expansion: Expansion of the inverted residuals; the paper gives none, 2 keeps it within 8 GB
            at batch 8.
        blocks: Number of inverted residuals; the paper gives none.
        act: Activation; SMU in the paper.
        image_level: Add a logit for the whole image on the deepest features.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        high_resolution: Sequence[int] = (1, 2, 3, 7),
        width: int = 128,
        expansion: int = 2,
        blocks: int = 3,
        act: str = "smu",
        image_level: bool = False,
    ) -> None:
        super().__init__()
        self.multiple_px = 8
        self.high_resolution = tuple(high_resolution)
        few = len(self.high_resolution)
        self.high = nn.Sequential(
            convolution(few, width // 2, act),
            convolution(width // 2, width, act),
            *(InvertedResidual(width, expansion, act) for _ in range(blocks)),
        )
        sizes = [width // 2, width, width * 2, width * 4]
        stages: list[nn.Module] = [ResidualBlock(in_channels, sizes[0], act)]
        stages += [
            nn.Sequential(convolution(a, b, act, stride=2), ResidualBlock(b, b, act))
            for a, b in _pairs(sizes)
        ]
        self.encoder = _Encoder(stages)
        upward = _pairs(sizes[::-1])
        self.up = nn.ModuleList(convolution(a, b, act) for a, b in upward)
        self.decoder = nn.ModuleList(ResidualBlock(b, b, act) for _, b in upward)
        self.widen = convolution(sizes[0], width, act)
        self.head = nn.Conv2d(2 * width, 1, 1)
        self.image_head = nn.Linear(sizes[-1], 1) if image_level else None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Map (N, C, h, w) to logits (N, 1, h, w), with a head also (N, 1)."""
        fine = self.high(x[:, list(self.high_resolution)])
        *skips, x = self.encoder(x)
        deepest = x
        for up, block, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            x = block(
                functional.interpolate(
                    up(x), scale_factor=2.0, mode="bilinear", align_corners=False
                )
                + skip
            )
        logits: Tensor = self.head(torch.cat([fine, self.widen(x)], dim=1))
        return (
            logits
            if self.image_head is None
            else (logits, self.image_head(deepest.mean(dim=(2, 3))))
        )


def _pairs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(sizes))
