"""Perceptrons on neighbourhoods side by side, in one pass.

ONNX Runtime computes them fastest like this on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from engine.models.builders import MeanOfNetworks
from engine.models.neighbourhood import NeighbourhoodPerceptron, mean_over, see

BLOCK = 16
"""ONNX Runtime keeps its blocked layout (NCHWc) over concatenations of multiples of so many
channels (8 without AVX-512)."""
ALIGNED = 4
"""A convolution reaches the blocked layout from multiples of so many channels."""


class MergedPerceptrons(nn.Module):
    """The mean of several perceptrons that look twice, layer by layer.

    Inputs are computed once, and features stay in one layout.

    Channels of one member have no weight in another, or go through grouped convolutions. Marks are
    filled up to a multiple of :data:`BLOCK`, what is looked at to one of :data:`ALIGNED`, with
    weights of zero.

    Args:
        members: Perceptrons of the same width, marks and contexts; they are left as they are.
    """

    def __init__(self, members: Sequence[NeighbourhoodPerceptron]) -> None:
        super().__init__()
        first = members[0]
        width, marks, self._context = first.head.in_channels, first.mark.out_channels, first.context
        self._looks = sorted(
            {look for member in members for look in member.looks}, key=lambda k: (k.texture, k)
        )
        column = {look: index for index, look in enumerate(self._looks)}
        self._looks += self._looks[-1:] * (-len(self._looks) % ALIGNED)
        count, padded = len(members), -(-len(members) * marks // BLOCK) * BLOCK
        self.see = _silent(len(self._looks), count * width)
        self.think = nn.Conv2d(count * width, count * width, 1, groups=count)
        self.mark = _silent(count * width, padded)
        self.judge = nn.Conv2d(count * width, count * width, 1, groups=count)
        self.surround = _silent(padded * len(self._context), count * width)
        self.head = _silent(count * width, 1)
        with torch.no_grad():
            for number, member in enumerate(members):
                mine = slice(number * width, (number + 1) * width)
                my_marks = slice(number * marks, (number + 1) * marks)
                judge = cast(nn.Conv2d, member.second[0])
                _copy(member.encoder[0], self.see, mine, [column[look] for look in member.looks])
                _copy(member.encoder[2], self.think, mine)
                _copy(member.mark, self.mark, my_marks, mine)
                _copy(judge, self.judge, mine, theirs=slice(0, width))
                for index in range(len(self._context)):
                    here = slice(index * padded + my_marks.start, index * padded + my_marks.stop)
                    there = slice(width + index * marks, width + (index + 1) * marks)
                    self.surround.weight[mine, here] = judge.weight[:, there]
                self.head.weight[:, mine] = member.head.weight / count
            biases = [cast(Tensor, member.head.bias) for member in members]
            cast(Tensor, self.head.bias).copy_(torch.stack(biases).mean(0))

    def forward(self, image: Tensor) -> Tensor:
        """Map (N, C, h, w) to logits (N, 1, h, w)."""
        features = torch.relu(self.think(torch.relu(self.see(see(image, self._looks)))))
        marks = torch.sigmoid(self.mark(features))
        around = [mean_over(marks, side) for side in self._context]
        logits: Tensor = self.head(
            torch.relu(self.judge(features) + self.surround(torch.cat(around, dim=1)))
        )
        return logits


def merge_perceptrons(network: nn.Module) -> nn.Module:
    """Merge a perceptron that looks twice, or the mean of several alike.

    Any other network is returned as it is.
    """
    members = list(network.members) if isinstance(network, MeanOfNetworks) else [network]
    perceptrons = [
        member
        for member in members
        if isinstance(member, NeighbourhoodPerceptron) and member.context
    ]
    alike = {(p.head.in_channels, p.mark.out_channels, p.context) for p in perceptrons}
    return (
        MergedPerceptrons(perceptrons)
        if len(perceptrons) == len(members) and len(alike) == 1
        else network
    )


def _silent(inputs: int, outputs: int) -> nn.Conv2d:
    convolution = nn.Conv2d(inputs, outputs, 1)
    nn.init.zeros_(convolution.weight)
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
    return convolution


def _copy(
    source: nn.Module,
    target: nn.Conv2d,
    rows: slice,
    mine: slice | list[int] = slice(None),
    theirs: slice = slice(None),
) -> None:
    """Copy a convolution into rows of a larger one.

    The weights of some of its inputs go to those of the larger one's, with its bias.
    """
    convolution = cast(nn.Conv2d, source)
    target.weight[rows, mine] = convolution.weight[:, theirs]
    cast(Tensor, target.bias)[rows] = cast(Tensor, convolution.bias)
