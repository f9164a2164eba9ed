"""Logs of a run: one CSV row and TensorBoard scalars at every validation."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COLUMNS = ("stage", "step", "lr", "loss", "precision", "recall", "f1", "iou", "threshold", "samples_per_s")


class RunLog:
    """Write rows to ``metrics.csv`` and, where asked for, TensorBoard events.

    Args:
        folder: The run's folder.
        keep: Rows up to this (stage, step) stay, for a resumed run; None starts anew.
        tensorboard: Write events as well.
    """

    def __init__(self, folder: Path, *, keep: tuple[int, int] | None, tensorboard: bool) -> None:
        self._path = folder / "metrics.csv"
        kept: list[dict[str, str]] = []
        if keep is not None and self._path.is_file():
            with self._path.open(newline="", encoding="utf-8") as file:
                kept = [row for row in csv.DictReader(file) if (int(row["stage"]), int(row["step"])) <= keep]
        with self._path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)
        self._board: Any = None
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"))

    def write(self, row: Mapping[str, float], *, counter: int) -> None:
        """Add a row; ``counter`` counts steps over all stages, for TensorBoard."""
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS, restval="").writerow(
                {key: f"{row[key]:.6g}" for key in COLUMNS if key in row}
            )
        if self._board is not None:
            for key, value in row.items():
                if key not in ("stage", "step"):
                    self._board.add_scalar(key, value, counter)

    def close(self) -> None:
        """Finish the events file."""
        if self._board is not None:
            self._board.close()
