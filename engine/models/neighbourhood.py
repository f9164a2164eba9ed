"""The bundled model's network: a small perceptron that looks twice.

It sees each pixel and the means of its neighbourhoods.

With a few labelled patches, far deeper networks learn the patches by heart
(docs/develop/decisions/model-light-neighbourhood.md has the figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import ConfigError

_SMOOTH = 0.01
"""Variance of what counts as smooth, in squares of a normalised channel's unit."""


class Look(NamedTuple):
    """One input of the perceptron: a mean or texture over a square.

    Attributes:
        side_px: Odd side of the square.
        channel: Index of the channel.
        texture: Whether it is the texture that is looked at.
    """

    side_px: int
    channel: int
    texture: bool = False


class NeighbourhoodPerceptron(nn.Module):
    """A perceptron on each pixel's channels and means around it.

    It may look a second time: a few marks of each pixel (how much it looks like this or that) are
    averaged over neighbourhoods too, so that a pixel is also judged by what its surroundings are.

    Args:
        in_channels: Input channels.
        width: Features of the hidden layers.
        neighbourhoods: Odd sides of the squares in pixels, 1 for the pixel itself; those that reach
            over the image's edge are cut there.
        own: Pairs of a channel's index and the sides for that channel; a channel without any side
            is not looked at. A slope, computed from a coarse DEM, says more of the ground around a
            pixel than of the pixel.
        textures: Pairs of a channel's index and the odd sides, 3 or more, of squares over which its
            texture is looked at: how much it varies there. Grass and fields can have a scar's
            colour, but not the contrast of its edges.
        marks: Marks of a pixel for the second look.
        context: Odd sides of the squares over which the marks are averaged; none for no second
            look.

    Raises:
        ConfigError: A side is even or below 1, or nothing is looked at.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        width: int = 32,
        neighbourhoods: Sequence[int] = (1, 3, 7),
        own: Sequence[tuple[int, Sequence[int]]] = (),
        textures: Sequence[tuple[int, Sequence[int]]] = (),
        marks: int = 4,
        context: Sequence[int] = (),
    ) -> None:
        super().__init__()
        different = {int(channel): tuple(sides) for channel, sides in own}
        sides_of = [different.get(channel, tuple(neighbourhoods)) for channel in range(in_channels)]
        every = sorted({side for sides in sides_of for side in sides})
        rough = sorted({side for _, sides in textures for side in sides})
        if any(side < 1 or side % 2 == 0 for side in (*every, *rough, *context)) or 1 in rough:
            raise ConfigError(
                "The sides of network.neighbourhoods, .own, .textures and .context are odd and 1"
                f" pixel or more, of .textures 3 or more, not {sorted({*every, *context})} and"
                f" {rough}; give for example [1, 3, 7]."
            )
        if not every:
            raise ConfigError(
                "The network neighbourhood looks at no channel; give network.neighbourhoods, for"
                " example [1, 3, 7]."
            )
        self.looks = [
            Look(side, c) for side in every for c, sides in enumerate(sides_of) if side in sides
        ]
        self.looks += [
            Look(side, c, texture=True) for side in rough for c, sides in textures if side in sides
        ]
        self.looks = list(dict.fromkeys(self.looks))
        self.context = tuple(context)
        # For the card: any side would do, few different ones are computed faster.
        self.multiple_px = 8
        # For the card: how far a pixel looks.
        self.reach_px = max((*every, *rough)) // 2 + max(self.context, default=1) // 2
        self.encoder = nn.Sequential(
            nn.Conv2d(len(self.looks), width, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 1),
            nn.ReLU(inplace=True),
        )
        if self.context:
            self.mark = nn.Conv2d(width, marks, 1)
            self.second = nn.Sequential(
                nn.Conv2d(width + marks * len(self.context), width, 1), nn.ReLU(inplace=True)
            )
        self.head = nn.Conv2d(width, 1, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, -2.5)  # type: ignore[arg-type]  # landslides are rare: about 8 %

    def forward(self, image: Tensor) -> Tensor:
        """Map (N, C, h, w) to logits (N, 1, h, w); any size."""
        features = self.encoder(see(image, self.looks))
        if self.context:
            marks = torch.sigmoid(self.mark(features))
            around = [mean_over(marks, side) for side in self.context]
            features = self.second(torch.cat([features, *around], dim=1))
        logits: Tensor = self.head(features)
        return logits


def see(image: Tensor, looks: Sequence[Look]) -> Tensor:
    """The perceptron's inputs (N, looks, h, w) of an image (N, C, h, w).

    Looks of one kind and side that follow one another are computed together.
    """
    seen = []
    for (side, texture), group in groupby(looks, lambda look: (look.side_px, look.texture)):
        channels = image[:, [look.channel for look in group]]
        seen.append(texture_over(channels, side) if texture else mean_over(channels, side))
    return torch.cat(seen, dim=1)


def mean_over(image: Tensor, side: int) -> Tensor:
    """Mean over a square of an odd side around each pixel of (N, C, h, w).

    Only the part of the square inside the image counts.

    It is taken down the columns and then along the rows, which is the same and faster.
    """
    if side == 1:
        return image
    rows = functional.avg_pool2d(image, (side, 1), 1, (side // 2, 0), count_include_pad=False)
    return functional.avg_pool2d(rows, (1, side), 1, (0, side // 2), count_include_pad=False)


def texture_over(image: Tensor, side: int) -> Tensor:
    """Logarithm of the standard deviation around each pixel, about -1 to 1.

    Over a square of an odd side, of (N, C, h, w).

    A tenth of the scene's spread is added, so that noise on smooth ground does not count.
    """
    variance = mean_over(image * image, side) - mean_over(image, side) ** 2
    return variance.clamp(min=0).add(_SMOOTH).log() / 2 + 1
