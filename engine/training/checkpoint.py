"""Checkpoints: what a run needs to continue to the same result.

Written so that the last good one survives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.errors import ConfigError, DatasetError, UnreadableFileError
from engine.files import atomic_path, output_error, write_json
from engine.patches.arrays import PatchArrays
from engine.training.pools import Pool
from engine.training.processes import first_does
from engine.training.recipe import differing_keys
from engine.training.results import HELD_OUT, HISTOGRAMS, PSEUDO_LABELS, SUMMARY
from engine.training.task import Task

NAME = "checkpoint.pt"


def save_checkpoint(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint under a temporary name, then rename it.

    Raises:
        DiskFullError, OutputError: It cannot be written; the last one is untouched.
    """
    with atomic_path(folder / NAME) as temporary:
        try:
            torch.save(dict(state), temporary)
        except RuntimeError as error:
            # torch's writer hides the system's error (a full disk, above all) in a RuntimeError.
            raise OSError(str(error)) from error


def load_checkpoint(
    folder: Path, recipe: Mapping[str, Any], data: Fingerprints | None = None
) -> dict[str, Any] | None:
    """Read the checkpoint of a run, if there is one.

    Args:
        folder: The run's folder.
        recipe: The recipe that wants to continue.
        data: What it would train on; None leaves that unchecked.

    Raises:
        ConfigError: It was written by another recipe.
        DatasetError: It was trained on other data.
        UnreadableFileError: It is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        before = state["recipe"]
    except Exception as error:  # torch.load raises nearly anything on damaged files
        raise UnreadableFileError(
            f"The checkpoint {path} cannot be read ({error}); train without --resume."
        ) from error
    differing = differing_keys(before, recipe)
    if differing:
        raise ConfigError(
            f"The run in {folder} was started with another recipe (differing:"
            f" {', '.join(differing)}); resume with the same one, or choose another output folder."
        )
    changes = "" if data is None else difference(state.get("data", {}), data)
    if changes:
        raise DatasetError(
            f"The run in {folder} was started on other data ({changes}); resume with the same, or"
            " choose another output folder."
        )
    return state


def below(folder: Path) -> list[Path]:
    """A run's folder and every folder in it with a training."""
    kept = (SUMMARY, HISTOGRAMS, PSEUDO_LABELS, NAME)
    return [folder, *{path.parent for name in kept for path in folder.rglob(name)}]


def start_clean(folders: Iterable[Path]) -> None:
    """Remove what an earlier run would be resumed from.

    Otherwise a later ``--resume`` would mix two runs. Its bundle stays for now.

    Raises:
        OutputError: A file cannot be removed.
    """
    for folder in folders:
        for name in (SUMMARY, HISTOGRAMS, HELD_OUT, PSEUDO_LABELS, NAME):
            try:
                (folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise output_error(folder / name, error) from error


def same_beginning(
    folder: Path, recipe: Mapping[str, Any], beginning: Mapping[str, Any], *, resume: bool
) -> None:
    """Write down or check what an adaptation starts from.

    It is kept in ``adaptation.json``.

    Args:
        folder: Its folder.
        recipe: Its recipe.
        beginning: Digests of its ``models`` and of its ``target``.
        resume: Whether to check, where it was begun before.

    Raises:
        ConfigError, DatasetError: It was begun with another recipe, from other models, or on
            another target.
    """
    path = folder / "adaptation.json"
    now = json.loads(json.dumps({**beginning, "recipe": recipe}))
    if not resume or not path.is_file():
        first_does(partial(write_json, path, now))
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    advice = "resume with the same, or choose another output folder."
    keys = differing_keys(before["recipe"], now["recipe"])
    if keys:
        raise ConfigError(
            f"The adaptation in {folder} was started with another recipe (differing:"
            f" {', '.join(keys)}); {advice}"
        )
    if before["models"] != now["models"]:
        raise ConfigError(f"The adaptation in {folder} was started from other models; {advice}")
    if before["target"] != now["target"]:
        raise DatasetError(f"The adaptation in {folder} was started on another target; {advice}")


Fingerprints = dict[str, list[list[str]]]
"""Name of a set of patches → pairs of a patch's id and the digest of its pixels and labels."""

_NORMALIZATION = "normalisation"


def fingerprints(task: Task) -> Fingerprints:
    """What a task trains and validates on, by content.

    Copied or repacked data is the same data.
    """
    found = {"labelled patches": _of_pool(task.pools[0])}
    found |= {
        f"further patches {n}": _of_pool(pool) for n, pool in enumerate(task.pools[1:], start=1)
    }
    if task.validation is not None:
        found["held-out patches"] = _of_pool(task.validation)
    if task.free:
        areas = ((area.image.numpy(), area.mask.numpy()) for area in task.free)
        found["landslide-free areas"] = [
            [f"area {n}", _digest(*area)] for n, area in enumerate(areas, start=1)
        ]
    # It follows from the patches, but also from those that are left out between blocks.
    found[_NORMALIZATION] = [
        [str(n), _digest(pool.shift, pool.scale)] for n, pool in enumerate(task.pools)
    ]
    return found


def digest_of(arrays: PatchArrays, *, labels: bool = False) -> str:
    """One digest over the images of patches and their names.

    And over their labels where these count.
    """
    named = "\n".join([*arrays.channels, *arrays.ids]).encode()
    pixels = [*arrays.images, *(arrays.masks if labels else ())]
    return _digest(np.frombuffer(named, np.uint8), *pixels)


def difference(before: Mapping[str, Sequence[Sequence[str]]], now: Fingerprints) -> str:
    """How two states of the data differ; empty where they do not."""
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
    return [
        [n, _digest(i, m)] for n, i, m in zip(arrays.ids, arrays.images, arrays.masks, strict=True)
    ]


def _digest(*arrays: Any) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
