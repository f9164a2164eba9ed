"""Check a dataset before training: what is there, wrong, odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bands import BY_NAME, IGNORE, NAMES
from engine.errors import InputError
from engine.events import SILENT, Reporter
from engine.patches.dataset import Dataset, Sample
from engine.patches.scale import (
    ORGANISERS,
    ORGANISERS_MEAN,
    ORGANISERS_STD,
    PUBLISHED_MEAN,
    PUBLISHED_STD,
    deviation,
    is_organisers_release,
)

_FAR = 3.0
"""Published standard deviations from which the published constants are said not to fit a
dataset."""


@dataclass(frozen=True)
class DatasetReport:
    """What :func:`check_dataset` found.

    Attributes:
        patches: Patches read.
        labelled: Patches with a mask.
        positive: Patches with any landslide pixel.
        landslide_share: Share of landslide among labelled pixels.
        degenerate: Ids of patches with a constant elevation or without any slope.
        stray: Files that belong to neither images nor masks.
        problems: Id and sentence for every patch that cannot be used.
        channels: Names of the channels, in order.
        sites: For each site: patches, positive patches, and mean and standard deviation of each
            channel on the files' scale, None where a channel holds nothing.
        deviation: Largest distance of the dataset's channel means from the published ones, in
            published standard deviations.
        organisers_deviation: The same for the constants of the organisers' code.
        organisers_release: Whether the unusable files are of the z-scored release that those
            constants belong to.
    """

    patches: int
    labelled: int
    positive: int
    landslide_share: float
    degenerate: tuple[str, ...]
    stray: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]
    channels: tuple[str, ...]
    sites: Mapping[str, Mapping[str, Any]]
    deviation: float
    organisers_deviation: float
    organisers_release: bool

    def lines(self) -> list[str]:
        """The report as a person reads it."""
        found = [
            (
                f"{self.patches} patches, {self.labelled} labelled, {self.positive} with landslide"
                f" ({self.landslide_share:.2%} of the pixels)"
            ),
            (
                f"{len(self.degenerate)} degenerate (constant elevation or no"
                f" slope){_some(self.degenerate)}"
            ),
            f"{len(self.stray)} stray files{_some(self.stray)}",
            f"{len(self.problems)} unusable patches",
            *(f"  {name}: {sentence}" for name, sentence in self.problems[:10]),
        ]
        if self.organisers_release:
            found.append(
                "  the values of unusable files have the means of the z-scored release that"
                f" {ORGANISERS} belong to; use the files as published"
            )
        if self.sites:
            found += [
                (
                    f"channel means lie within {self.deviation:.1f} published standard deviations"
                    " of the published means"
                ),
                (
                    f"{ORGANISERS} do not belong to these files: the means lie"
                    f" {self.organisers_deviation:.1f} of their standard deviations off"
                ),
            ]
        if self.deviation > _FAR:
            found.append(
                "  so the published constants do not fit; train with --set"
                ' normalization.statistics="data"'
            )
        for site, row in self.sites.items():
            found.append(f"{site}: {row['patches']} patches, {row['positive']} with landslide")
            triples = zip(self.channels, row["mean"], row["std"], strict=True)
            found.append(
                "  "
                + "  ".join(
                    f"{n} {m:.3f}±{s:.3f}" if m is not None else f"{n} empty" for n, m, s in triples
                )
            )
        return found


def check_dataset(dataset: Dataset, *, reporter: Reporter = SILENT) -> DatasetReport:
    """Read every patch and report; unusable ones are listed, not raised.

    Args:
        dataset: What :func:`engine.patches.dataset.open_dataset` found.
        reporter: Progress over the patches.
    """
    problems: list[tuple[str, str]] = []
    degenerate: list[str] = []
    sums: dict[str, _Sums] = {}
    refused = _Sums(NAMES)
    labelled = positive = landslide = pixels = 0
    for index, name in enumerate(dataset.ids):
        try:
            sample = dataset.read(index)
        except InputError as error:
            problems.append((name, str(error)))
            values = dataset.values(index)
            if values is not None:
                refused.add_values(values.reshape(-1, len(NAMES)).T)
            continue
        finally:
            reporter.progress("checking patches", index + 1, len(dataset))
        if _degenerate(sample, dataset.channels):
            degenerate.append(name)
        sums.setdefault(sample.site, _Sums(dataset.channels)).add(sample)
        if sample.mask is not None:
            labelled += 1
            positive += bool((sample.mask == 1).any())
            landslide += int((sample.mask == 1).sum())
            pixels += int((sample.mask != IGNORE).sum())
    sites = {site: found.summary() for site, found in sorted(sums.items())}
    mean = _mean_of_all(sums)
    return DatasetReport(
        len(dataset),
        labelled,
        positive,
        landslide / max(1, pixels),
        tuple(degenerate),
        dataset.stray,
        tuple(problems),
        dataset.channels,
        sites,
        deviation(mean, PUBLISHED_MEAN, PUBLISHED_STD),
        deviation(mean, ORGANISERS_MEAN, ORGANISERS_STD),
        bool(refused.count.all()) and is_organisers_release(refused.mean),
    )


def _degenerate(sample: Sample, channels: tuple[str, ...]) -> bool:
    """Whether the elevation is constant, or nothing slopes.

    Channels that are not there are no sign of it.
    """
    for name, flat in (("DEM", lambda v: np.ptp(v) == 0), ("slope", lambda v: not v.any())):
        if name in channels:
            values = sample.image[channels.index(name)]
            there = values[np.isfinite(values)]
            if there.size and flat(there):
                return True
    return False


class _Sums:
    """Running sums of one site on the files' scale, gaps left out."""

    def __init__(self, channels: tuple[str, ...]) -> None:
        self.channels = channels
        self.patches = self.positive = 0
        self.count = np.zeros(len(channels), np.int64)
        self.total = np.zeros(len(channels))
        self.squares = np.zeros(len(channels))
        self._divisors = np.array([BY_NAME[name].divisor for name in channels])

    def add(self, sample: Sample) -> None:
        self.patches += 1
        self.positive += bool(sample.mask is not None and (sample.mask == 1).any())
        self.add_values(
            sample.image.reshape(len(self.channels), -1).astype(np.float64)
            / self._divisors[:, None]
        )

    def add_values(self, values: NDArray[np.float64]) -> None:
        """Add values of shape (C, pixels)."""
        there = np.isfinite(values)
        known = np.where(there, values, 0.0)
        self.count += there.sum(axis=1)
        self.total += known.sum(axis=1)
        self.squares += (known**2).sum(axis=1)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Of each channel; NaN where it holds nothing."""
        return np.asarray(np.where(self.count > 0, self.total / np.maximum(1, self.count), np.nan))

    def summary(self) -> dict[str, Any]:
        std = np.sqrt(np.maximum(self.squares / np.maximum(1, self.count) - self.mean**2, 0))
        mean, spread = (
            [None if np.isnan(v) else round(float(v), 4) for v in values]
            for values in (self.mean, std)
        )
        return {"patches": self.patches, "positive": self.positive, "mean": mean, "std": spread}


def _mean_of_all(sums: Mapping[str, _Sums]) -> NDArray[np.float64]:
    """Mean of each of the 14 bands over all sites; NaN where there is none."""
    whole = np.full(len(NAMES), np.nan)
    for channel in next(iter(sums.values())).channels if sums else ():
        found = [
            (s.total[s.channels.index(channel)], s.count[s.channels.index(channel)])
            for s in sums.values()
        ]
        total, count = (sum(values) for values in zip(*found, strict=True))
        if count:
            whole[NAMES.index(channel)] = total / count
    return whole


def _some(items: tuple[Any, ...]) -> str:
    return f": {', '.join(map(str, items[:6]))}{' …' if len(items) > 6 else ''}" if items else ""
