"""Pixel scores of the landslide class.

Confusion counts add up over windows, patches and scenes.

Conventions where a denominator is zero: a score that nothing speaks for or against is NaN (null in
JSON), never 0 or 1. So precision is NaN where nothing was predicted, recall where there was nothing
to find, and F1 and IoU only where both hold. Scores over several files come from the summed counts,
as in the Landslide4Sense benchmark, and not from the mean of the files' scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bands import IGNORE
from engine.errors import GridError, InputError


@dataclass(frozen=True)
class Confusion:
    """Counts of pixels by prediction and reference.

    Attributes:
        tp: Landslide in both.
        fp: Landslide only in the prediction.
        fn: Landslide only in the reference.
        tn: Landslide in neither.
        ignored: Pixels left out, because one of the two has no data there.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    ignored: int = 0

    @classmethod
    def from_arrays(
        cls,
        prediction: NDArray[Any],
        reference: NDArray[Any],
        *,
        ignore: int | None = IGNORE,
        name: str = "",
    ) -> Confusion:
        """Count the pixels of two masks.

        Args:
            prediction: 1 landslide, 0 background; any shape.
            reference: The same.
            ignore: Value that marks pixels without data, in either mask; None if there is none.
            name: Which pair it is, for messages.

        Raises:
            GridError: The shapes differ.
            InputError: There are values other than 0, 1 and ``ignore``.
        """
        label = f"{name}: " if name else ""
        if prediction.shape != reference.shape:
            raise GridError(
                f"{label}the prediction has {_size(prediction)} pixels and the reference"
                f" {_size(reference)}; compare masks of one size."
            )
        known = np.ones(prediction.shape, np.bool_)
        if ignore is not None:
            known = (prediction != ignore) & (reference != ignore)
        for kind, mask in (("prediction", prediction), ("reference", reference)):
            odd = known & (mask != 0) & (mask != 1)
            if odd.any():
                raise InputError(
                    f"{label}the {kind} holds the value {mask[odd][0]:g}, but a mask holds 0"
                    " (background) and 1 (landslide); reclassify it, or pass a value that means no"
                    " data as --ignore."
                )
        found, true = (prediction == 1) & known, (reference == 1) & known
        tp = int((found & true).sum())
        fp, fn, valid = int(found.sum()) - tp, int(true.sum()) - tp, int(known.sum())
        return cls(tp, fp, fn, valid - tp - fp - fn, known.size - valid)

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.tn + other.tn,
            self.ignored + other.ignored,
        )

    @property
    def precision(self) -> float:
        """Share of predicted landslide pixels that are landslide."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of landslide pixels that were found."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """Intersection over union of the landslide pixels."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    def to_dict(self) -> dict[str, float | int | None]:
        """Scores and counts as JSON; undefined scores are None."""
        scores = {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "iou": self.iou,
        }
        counts = {
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
            "tn": self.tn,
            "ignored": self.ignored,
        }
        return {
            **{name: None if math.isnan(value) else value for name, value in scores.items()},
            **counts,
        }


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _size(mask: NDArray[Any]) -> str:
    return " x ".join(str(side) for side in reversed(mask.shape))
