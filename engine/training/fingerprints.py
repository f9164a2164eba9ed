"""Digests of the patches that a run trains on, so that resuming on changed data is noticed and the changed patches are named."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.patches.arrays import PatchArrays
from engine.training.domains import Pool
from engine.training.task import Task

Fingerprints = dict[str, list[list[str]]]
"""Name of a set of patches → pairs of a patch's id and the digest of its pixels and labels."""

_NORMALIZATION = "normalisation"


def fingerprints(task: Task) -> Fingerprints:
    """What a task trains and validates on, by content: copied or repacked data is the same data."""
    found = {"labelled patches": _of_pool(task.pools[0])}
    found |= {f"further patches {n}": _of_pool(pool) for n, pool in enumerate(task.pools[1:], start=1)}
    if task.validation is not None:
        found["held-out patches"] = _of_pool(task.validation)
    if task.free:
        areas = ((area.image.numpy(), area.mask.numpy()) for area in task.free)
        found["landslide-free areas"] = [[f"area {n}", _digest(*area)] for n, area in enumerate(areas, start=1)]
    # It follows from the patches, but also from those that are left out between blocks.
    found[_NORMALIZATION] = [[str(n), _digest(pool.shift, pool.scale)] for n, pool in enumerate(task.pools)]
    return found


def digest_of(arrays: PatchArrays, *, labels: bool = False) -> str:
    """One digest over the images of patches and their names, and over their labels where these count."""
    named = "\n".join([*arrays.channels, *arrays.ids]).encode()
    pixels = [*arrays.images, *(arrays.masks if labels else ())]
    return _digest(np.frombuffer(named, np.uint8), *pixels)


def difference(before: Mapping[str, Sequence[Sequence[str]]], now: Fingerprints) -> str:
    """How two states of the data differ, for a sentence; empty where they do not."""
    parts: list[str] = []
    for name in sorted({*before, *now}, key=lambda name: (name == _NORMALIZATION, name)):
        old, new = ([(pair[0], pair[1]) for pair in side.get(name, [])] for side in (before, now))
        if old == new or (name == _NORMALIZATION and parts):
            continue
        if name == _NORMALIZATION:
            parts.append("patches that only its statistics are taken from")
            continue
        was: dict[str, str] = dict(old)
        is_now: dict[str, str] = dict(new)
        kinds = {
            "gone": [key for key in was if key not in is_now],
            "new": [key for key in is_now if key not in was],
            "changed": [key for key in is_now if key in was and was[key] != is_now[key]],
        }
        said = [
            f"{len(ids)} {kind} ({', '.join(ids[:4])}{' …' if len(ids) > 4 else ''})"
            for kind, ids in kinds.items()
            if ids
        ]
        parts.append(f"{name}: {', '.join(said) or 'in another order'}")
    return "; ".join(parts)


def _of_pool(pool: Pool) -> list[list[str]]:
    arrays = pool.arrays
    return [[n, _digest(i, m)] for n, i, m in zip(arrays.ids, arrays.images, arrays.masks, strict=True)]


def _digest(*arrays: Any) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
