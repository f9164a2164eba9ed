"""Checkpoints: everything that a run needs to continue to the same result, written so that the last good one survives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from engine.errors import ConfigError, UnreadableFileError
from engine.raster import atomic_path
from engine.training.recipe import differing_keys

NAME = "checkpoint.pt"


def save_checkpoint(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint under a temporary name, then rename it over the last one.

    Raises:
        DiskFullError, OutputError: It cannot be written; the last one is untouched.
    """
    with atomic_path(folder / NAME) as temporary:
        try:
            torch.save(dict(state), temporary)
        except RuntimeError as error:
            # torch's writer hides the system's error (a full disk, above all) in a RuntimeError.
            raise OSError(str(error)) from error


def load_checkpoint(folder: Path, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the checkpoint of a run, if there is one.

    Args:
        folder: The run's folder.
        recipe: The recipe that wants to continue.

    Raises:
        ConfigError: It was written by another recipe.
        UnreadableFileError: It is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        before = state["recipe"]
    except Exception as error:  # torch.load raises nearly anything on damaged files
        raise UnreadableFileError(f"The checkpoint {path} cannot be read ({error}); train without --resume.") from error
    differing = differing_keys(before, recipe)
    if differing:
        raise ConfigError(
            f"The run in {folder} was started with another recipe (differing: {', '.join(differing)}); resume with the same one, or "
            "choose another output folder."
        )
    return state
