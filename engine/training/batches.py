"""Batches as a function of seed and step alone.

A resumed run draws exactly what the uninterrupted one would have.

Crops are cut from int16 patches (in memory or mapped), normalised on the training device, and the
next batch is cut in a thread while the present one trains. Where a recipe has ``scenes``, the
labelled patches' share of a batch is made by :class:`engine.samples.maker.SampleMaker` instead, in
the same thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import ConfigError
from engine.models.normalization import standardise
from engine.patches.arrays import NODATA
from engine.samples.maker import SampleMaker
from engine.training.pools import Pool

_PREFETCH = 2


@dataclass(frozen=True)
class Batch:
    """One domain's part of a step.

    Attributes:
        domain: Domain of the cross-sensor normalisation.
        images: (n, C, crop, crop) int16 raw units.
        masks: (n, crop, crop) uint8.
        shift: (n, C) float32.
        scale: (n, C) float32.
        ids: Names of the patches.
    """

    domain: str
    images: Tensor
    masks: Tensor
    shift: Tensor
    scale: Tensor
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def normalised(self, device: torch.device, clip: float) -> tuple[Tensor, Tensor]:
        """Images as the network sees them, float32, and masks, both on the device."""
        images = normalised(
            self.images.to(device), self.shift.to(device), self.scale.to(device), clip
        )
        return images, self.masks.to(device)


@dataclass(frozen=True)
class SceneBatch:
    """Samples of :mod:`engine.samples.maker`, normalised already.

    Attributes as :class:`Batch`, images (n, C, h, w) float32.
    """

    domain: str
    images: Tensor
    masks: Tensor
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def normalised(self, device: torch.device, clip: float) -> tuple[Tensor, Tensor]:
        """See :meth:`Batch.normalised`; ``clip`` was applied when they were made."""
        return self.images.to(device), self.masks.to(device)


def normalised(images: Tensor, shift: Tensor, scale: Tensor, clip: float) -> Tensor:
    """Patches (n, C, h, w), stored as int16, as the network sees them.

    Args:
        images: Raw units; :data:`engine.patches.arrays.NODATA` becomes 0.
        shift: (n, C), as :meth:`engine.models.normalization.Normalization.affine` gives it.
        scale: (n, C).
        clip: The normalisation's.
    """
    raw = images.float().masked_fill_(images == NODATA, torch.nan)
    return standardise(raw, shift[:, :, None, None], scale[:, :, None, None], clip)


class BatchSource:
    """Draw crops from pools.

    Args:
        pools: The first is the labelled one, whose patches are taken in a new order each epoch; the
            others fill their share.
        shares: Share of each batch for every pool after the first.
        batch_size: Patches a step over all processes.
        crop_px: Side of the crops.
        positive_share: Share of the first pool's crops that hold a landslide pixel.
        seed: All chance follows from it and the step.
        rank: This process.
        world: Number of processes.
        scenes: Makes the first pool's samples in place of crops.

    Raises:
        ConfigError: Crops larger than the patches, or fewer patches a step than processes.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        shares: Sequence[float],
        *,
        batch_size: int,
        crop_px: int,
        positive_share: float,
        seed: int,
        rank: int = 0,
        world: int = 1,
        scenes: SampleMaker | None = None,
    ) -> None:
        side = min(min(pool.arrays.images.shape[2:]) for pool in pools)
        if crop_px > side:
            raise ConfigError(
                f"data.crop_px is {crop_px}, but the patches are {side} pixels wide; make it"
                " smaller."
            )
        if batch_size < world:
            raise ConfigError(
                f"training.batch_size is {batch_size}, less than the {world} processes; make it"
                " larger."
            )
        self.pools, self._shares = list(pools), np.cumsum([0.0, *shares])
        self._batch, self._crop, self._positive_share = batch_size, crop_px, positive_share
        self._seed, self._rank, self._world = seed, rank, world
        self._scenes = scenes
        self._positive = np.flatnonzero(pools[0].arrays.positive_pixels)

    def batches(self, start: int, stop: int) -> Iterator[list[Batch | SceneBatch]]:
        """The batches of steps ``start`` to ``stop - 1``.

        A list by domain for each step.
        """
        with ThreadPoolExecutor(1) as thread:
            waiting = [
                thread.submit(self.batch, step)
                for step in range(start, min(start + _PREFETCH, stop))
            ]
            for step in range(start, stop):
                ready = waiting.pop(0)
                if step + _PREFETCH < stop:
                    waiting.append(thread.submit(self.batch, step + _PREFETCH))
                yield ready.result()

    def batch(self, step: int) -> list[Batch | SceneBatch]:
        """This process's part of one step, one batch for each domain in it."""
        chosen: dict[int, list[tuple[int, int, int]]] = {}
        made: list[tuple[Tensor, Tensor, tuple[str, ...]]] = []
        # Systematic sampling: every step holds each pool's share, rounded down or up.
        start = np.random.default_rng([self._seed, step]).random()
        for slot in range(self._rank, self._batch, self._world):
            # Every slot has its own chance, so that one process and several together draw the same
            # crops.
            random = np.random.default_rng([self._seed, step, slot])
            position = ((slot + start) / self._batch) % 1.0
            which = (int(np.searchsorted(self._shares[1:], position, side="right")) + 1) % len(
                self.pools
            )
            if which == 0 and self._scenes is not None:
                made.append(self._scenes.sample(random))
                continue
            chosen.setdefault(which, []).append(self._crop_of(which, step, slot, random))
        by_domain: dict[str, list[tuple[Pool, list[tuple[int, int, int]]]]] = {}
        for which, crops in sorted(chosen.items()):
            by_domain.setdefault(self.pools[which].domain, []).append((self.pools[which], crops))
        parts: list[Batch | SceneBatch] = [
            self._gather(domain, crops) for domain, crops in by_domain.items()
        ]
        if made:
            images, masks = (
                torch.stack([image for image, _, _ in made]),
                torch.stack([mask for _, mask, _ in made]),
            )
            ids = tuple("/".join(names) for _, _, names in made)
            parts.insert(0, SceneBatch(self.pools[0].domain, images, masks.to(torch.uint8), ids))
        return parts

    def _crop_of(
        self, which: int, step: int, slot: int, random: np.random.Generator
    ) -> tuple[int, int, int]:
        arrays = self.pools[which].arrays
        height, width = arrays.images.shape[2:]
        if which == 0 and len(self._positive) and random.random() < self._positive_share:  # nosec B311
            index = int(random.choice(self._positive))  # nosec B311
            rows, columns = np.nonzero(arrays.masks[index] == 1)
            at = int(random.integers(len(rows)))
            row, column = (
                int(rows[at]) - int(random.integers(self._crop)),
                int(columns[at]) - int(random.integers(self._crop)),
            )
            return (
                index,
                int(np.clip(row, 0, height - self._crop)),
                int(np.clip(column, 0, width - self._crop)),
            )
        if which == 0:
            epoch, place = divmod(step * self._batch + slot, len(arrays))
            index = int(_order(self._seed, epoch, len(arrays))[place])
        else:
            index = int(random.integers(len(arrays)))
        return (
            index,
            int(random.integers(height - self._crop + 1)),
            int(random.integers(width - self._crop + 1)),
        )

    def _gather(
        self, domain: str, parts: Sequence[tuple[Pool, Sequence[tuple[int, int, int]]]]
    ) -> Batch:
        size = self._crop
        crops = [(pool, i, r, c) for pool, chosen in parts for i, r, c in chosen]
        images = np.stack(
            [pool.arrays.images[i, :, r : r + size, c : c + size] for pool, i, r, c in crops]
        )
        masks = np.stack(
            [pool.arrays.masks[i, r : r + size, c : c + size] for pool, i, r, c in crops]
        )
        shift = np.stack([pool.shift[i] for pool, i, _, _ in crops])
        scale = np.stack([pool.scale[i] for pool, i, _, _ in crops])
        ids = tuple(pool.arrays.ids[i] for pool, i, _, _ in crops)
        tensor = torch.from_numpy
        return Batch(domain, tensor(images), tensor(masks), tensor(shift), tensor(scale), ids)


_last_order: tuple[tuple[int, int, int], NDArray[np.int64]] | None = None


def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """The order of an epoch; the latest is kept."""
    global _last_order
    key = (seed, epoch, count)
    kept = _last_order
    if kept is not None and kept[0] == key:
        return kept[1]
    order = np.random.default_rng([seed, epoch, 0xE90C]).permutation(count)
    _last_order = (key, order)
    return order
