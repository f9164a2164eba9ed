"""The scale of Landslide4Sense values, and constants of others.

The organisers' baseline code (``dataset/landslide_dataset.py`` of iarai/Landslide4Sense-2022) and
several libraries standardise by constants whose means lie between -0.49 and 0.78. They were
computed on another, z-scored release; the published files have means between 0.92 and 1.65. What
was standardised by them, or is of that release, is told from the published files here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.bands import CHANNELS

DIVISORS: NDArray[np.float64] = np.array([channel.divisor for channel in CHANNELS])
PUBLISHED_MEAN: NDArray[np.float64] = np.array([channel.mean for channel in CHANNELS])
PUBLISHED_STD: NDArray[np.float64] = np.array([channel.std for channel in CHANNELS])

ORGANISERS_MEAN: NDArray[np.float64] = np.array(
    [
        -0.4914,
        -0.3074,
        -0.1277,
        -0.0625,
        0.0439,
        0.0803,
        0.0644,
        0.0802,
        0.3000,
        0.4082,
        0.0823,
        0.0516,
        0.3338,
        0.7819,
    ]
)
ORGANISERS_STD: NDArray[np.float64] = np.array(
    [
        0.9325,
        0.8775,
        0.8860,
        0.8869,
        0.8857,
        0.8418,
        0.8354,
        0.8491,
        0.9061,
        1.6072,
        0.8848,
        0.9232,
        0.9018,
        1.2913,
    ]
)
ORGANISERS = "the constants of the organisers' code (mean -0.4914 … 0.7819)"

_RESIDUAL = (
    0.01  # float32 files deviate by up to 1e-3 from whole numbers, other scales by 0.25 on average
)
_NEAR = 0.5
"""Largest distance of every band's mean from the organisers', in their standard deviations, to be
called of their release."""


def share_off(values: NDArray[np.floating]) -> float:
    """Share of values that are no whole DN, degrees or metres.

    Values (…, 14) on the files' scale.
    """
    raw = values * DIVISORS
    return float(np.mean(np.abs(raw - np.rint(raw)) > _RESIDUAL))


def is_raw(values: NDArray[np.floating]) -> bool:
    """Whether values (…, 14) are ``raw / divisor`` of whole raw values.

    These are nowhere negative, but for the elevation.
    """
    return share_off(values) <= _RESIDUAL and bool(
        np.rint(values[..., :13] * DIVISORS[:13]).min() >= 0
    )


def standardised_by(values: NDArray[np.floating]) -> str | None:
    """By which constants values (…, 14) were standardised, for a sentence.

    None if they do not become raw again with either.
    """
    wide = values.astype(np.float64)
    for name, mean, std in (
        (f"{ORGANISERS}, which belong to another release", ORGANISERS_MEAN, ORGANISERS_STD),
        ("the statistics published for these files", PUBLISHED_MEAN, PUBLISHED_STD),
    ):
        if is_raw(wide * std + mean):
            return name
    return None


def is_organisers_release(mean: NDArray[np.floating]) -> bool:
    """Whether means (14) are those of the organisers' own release.

    Their constants were computed on that one.
    """
    return bool((np.abs(mean - ORGANISERS_MEAN) < _NEAR * ORGANISERS_STD).all())


def deviation(
    mean: NDArray[np.floating], of: NDArray[np.floating], std: NDArray[np.floating]
) -> float:
    """Largest distance of the bands' means from constants.

    In their standard deviations; NaN (a band that is not there) is left out.
    """
    return float(np.nanmax(np.abs(mean - of) / std)) if np.isfinite(mean).any() else 0.0
