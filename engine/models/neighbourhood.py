"""The bundled model's network: what a pixel and the means of its neighbourhoods say, through a small perceptron.

With a few labelled patches, far deeper networks learn the patches by heart (docs/decisions/model-light-neighbourhood.md has the figures).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import ConfigError


class NeighbourhoodPerceptron(nn.Module):
    """A perceptron of two hidden layers on each pixel's channels and their means over square neighbourhoods.

    Args:
        in_channels: Input channels.
        width: Features of the hidden layers.
        neighbourhoods: Odd sides of the squares in pixels; those that reach over the image's edge are cut there.
        ceilings: Pairs of a channel's index and its highest normalised value; what lies above counts as that. A ceiling on the slope keeps
            a network that was trained in steep mountains from asking for the same slopes in gentler ones.

    Raises:
        ConfigError: A side is even or below 3.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        width: int = 32,
        neighbourhoods: Sequence[int] = (3, 7),
        ceilings: Sequence[tuple[int, float]] = (),
    ) -> None:
        super().__init__()
        highest = dict(ceilings)
        limits = torch.tensor([highest.get(channel, math.inf) for channel in range(in_channels)])
        self.register_buffer("limits", limits[None, :, None, None], persistent=False)
        if any(side < 3 or side % 2 == 0 for side in neighbourhoods):
            raise ConfigError(
                f"network.neighbourhoods are odd sides of 3 pixels or more, not {list(neighbourhoods)}; give for example [3, 7]."
            )
        self.neighbourhoods = tuple(neighbourhoods)
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels * (1 + len(self.neighbourhoods)), width, 1), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 1), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.head = nn.Conv2d(width, 1, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, -2.5)  # type: ignore[arg-type]  # landslides are rare: about 8 %

    def forward(self, image: Tensor) -> Tensor:
        """Map (N, C, h, w) to logits (N, 1, h, w); any size."""
        image = torch.minimum(image, self.limits)  # type: ignore[arg-type]
        means = [
            functional.avg_pool2d(image, side, 1, side // 2, count_include_pad=False) for side in self.neighbourhoods
        ]
        logits: Tensor = self.head(self.encoder(torch.cat([image, *means], dim=1)))
        return logits
