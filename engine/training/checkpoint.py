"""Checkpoints: everything that a run needs to continue to the same result, written so that the last good one survives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from engine.errors import ConfigError, DatasetError, UnreadableFileError
from engine.raster import atomic_path, output_error
from engine.training.fingerprints import Fingerprints, difference
from engine.training.processes import first_does
from engine.training.recipe import differing_keys
from engine.training.results import HISTOGRAMS, PSEUDO_LABELS, SUMMARY, write_json

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


def load_checkpoint(folder: Path, recipe: Mapping[str, Any], data: Fingerprints | None = None) -> dict[str, Any] | None:
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
        raise UnreadableFileError(f"The checkpoint {path} cannot be read ({error}); train without --resume.") from error
    differing = differing_keys(before, recipe)
    if differing:
        raise ConfigError(
            f"The run in {folder} was started with another recipe (differing: {', '.join(differing)}); resume with the same one, or "
            "choose another output folder."
        )
    changes = "" if data is None else difference(state.get("data", {}), data)
    if changes:
        raise DatasetError(
            f"The run in {folder} was started on other data ({changes}); resume with the same, or choose another output folder."
        )
    return state


def start_clean(folders: Iterable[Path]) -> None:
    """Remove what an earlier run would be resumed from; otherwise a later ``--resume`` would mix two runs. Its bundle stays for now.

    Raises:
        OutputError: A file cannot be removed.
    """
    for folder in folders:
        for name in (SUMMARY, HISTOGRAMS, PSEUDO_LABELS, NAME):
            try:
                (folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise output_error(folder / name, error) from error


def same_beginning(folder: Path, recipe: Mapping[str, Any], beginning: Mapping[str, Any], *, resume: bool) -> None:
    """Write down what an adaptation starts from (``adaptation.json``), or check that it is resumed from the same.

    Args:
        folder: Its folder.
        recipe: Its recipe.
        beginning: Digests of its ``models`` and of its ``target``.
        resume: Whether to check, where it was begun before.

    Raises:
        ConfigError, DatasetError: It was begun with another recipe, from other models, or on another target.
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
            f"The adaptation in {folder} was started with another recipe (differing: {', '.join(keys)}); {advice}"
        )
    if before["models"] != now["models"]:
        raise ConfigError(f"The adaptation in {folder} was started from other models; {advice}")
    if before["target"] != now["target"]:
        raise DatasetError(f"The adaptation in {folder} was started on another target; {advice}")
