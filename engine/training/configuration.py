"""The tables of a recipe as typed settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from engine.bands import BY_NAME, NAMES
from engine.errors import ConfigError
from engine.models.losses import LossConfig
from engine.settings import Count, NotNegative, Positive, Range, Share, Steps, check_ranges

Domain = Literal["site", "patch", "dataset"]


@dataclass(frozen=True)
class DataConfig:
    """Which patches, channels and crops.

    Attributes:
        channels: Channels by name.
        domain: What is normalised by its own statistics: each ``site``, each ``patch``, or the
            ``dataset`` as a whole.
        validation: How patches are held out: ``block``, ``site``, ``random`` (leaks), or ``none``
            to train on everything.
        folds: Number of folds.
        fold: The fold held out, from 1.
        cross_validate: Train on every fold first, for scores and threshold, then once more on all
            patches.
        crop_px: Side of the random crops, at most the patch's.
        positive_share: Share of crops that are placed on a landslide pixel.
        negative_share: Share of each batch taken from extra patches without landslides, where such
            are given.
        enlarge: Scale promotion before the network.
    """

    channels: tuple[str, ...] = NAMES
    domain: Domain = "site"
    validation: Literal["block", "site", "random", "none"] = "block"
    folds: Annotated[int, Range(1, 10_000)] = 5
    fold: Count = 1
    cross_validate: bool = False
    crop_px: int = 128
    positive_share: float = 0.0
    negative_share: float = 0.0
    enlarge: Literal[1, 2, 4] = 1

    def __post_init__(self) -> None:
        check_ranges(self, "data.")
        unknown = [name for name in self.channels if name not in BY_NAME]
        if unknown or not self.channels:
            raise ConfigError(
                f"data.channels holds unknown channels ({', '.join(unknown) or 'none given'}); they"
                f" are {', '.join(NAMES)}."
            )
        if len(set(self.channels)) < len(self.channels):
            raise ConfigError("data.channels names a channel twice; name each once.")
        if (
            not 1 <= self.fold <= self.folds
            or not 16 <= self.crop_px <= 8192
            or not 0 <= self.positive_share <= 1
        ):
            raise ConfigError(
                "data.fold lies in 1 … data.folds, data.crop_px is 16 or more, data.positive_share"
                " lies in [0, 1]."
            )
        if not 0 <= self.negative_share < 1:
            raise ConfigError("data.negative_share lies in [0, 1).")


@dataclass(frozen=True)
class NormalizationConfig:
    """How each kind of channel is normalised.

    Attributes:
        optical: Mode of the optical bands.
        slope: Mode of the slope.
        dem: Mode of the elevation.
        statistics: Where the training's statistics come from: ``published``, or the ``data``.
        std_floor: As of :class:`engine.models.normalization.Normalization`, like the others.
        min_pixels: The same.
        clip: The same.
        relief_exponent: The same.
        largest_gain: The same.
    """

    optical: Literal["scene", "centre", "fixed"] = "scene"
    slope: Literal["scene", "centre", "fixed", "relief"] = "fixed"
    dem: Literal["scene", "centre", "fixed"] = "centre"
    statistics: Literal["published", "data"] = "published"
    std_floor: Annotated[float, Range(0, 10)] = 0.5
    min_pixels: Count = 16384
    clip: Positive = 6.0
    relief_exponent: NotNegative = 1.0
    largest_gain: Annotated[float, Range(1)] = 1.8

    def __post_init__(self) -> None:
        check_ranges(self, "normalization.")


@dataclass(frozen=True)
class OptimizerConfig:
    """The optimiser: ``adamw``, ``adam`` or ``sgd``.

    The encoder's learning rate is ``lr x encoder_lr_factor``; ``clip`` is the largest norm of a
    gradient, 0 for any.
    """

    name: Literal["adamw", "adam", "sgd"] = "adamw"
    lr: NotNegative = 3e-4
    encoder_lr_factor: NotNegative = 1.0
    weight_decay: NotNegative = 0.01
    momentum: Annotated[float, Range(0, 1, below=True)] = 0.9
    clip: NotNegative = 0.0

    def __post_init__(self) -> None:
        check_ranges(self, "optimizer.")


@dataclass(frozen=True)
class ScheduleConfig:
    """Learning-rate schedule over ``steps``, or ``epochs`` where steps is 0.

    Attributes:
        kind: ``cosine``, ``poly``, ``restarts`` (Sklgp) or ``constant``.
        steps: Optimiser steps.
        epochs: Passes over the training patches, used where ``steps`` is 0.
        warmup: Share of the steps of a linear warm-up.
        warmup_epochs: Warm-up in epochs, used instead where positive.
        power: Exponent of ``poly``.
        cycles: Cycles of ``restarts`` that fill the steps after the warm-up.
        multiplier: Each further cycle of ``restarts`` is this many times as long.
        start: Share of the learning rate at which the warm-up starts.
        end: Share of the learning rate at which it ends.
        stretch: Length of the curve against that of the run: 1.5 stops after two thirds of it, with
            the learning rate still high.
    """

    kind: Literal["cosine", "poly", "restarts", "constant"] = "cosine"
    steps: Steps = 0
    epochs: NotNegative = 0.0
    warmup: Annotated[float, Range(0, 1, below=True)] = 0.05
    warmup_epochs: NotNegative = 0.0
    power: Positive = 0.9
    cycles: Annotated[int, Range(1, 1000)] = 1
    multiplier: Annotated[float, Range(1, 100)] = 2.0
    start: Share = 0.0
    end: Share = 0.0
    stretch: float = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, "schedule.")
        if not 1 <= self.stretch < 1000:
            raise ConfigError("schedule.stretch is 1 or more.")


@dataclass(frozen=True)
class TrainingConfig:
    """The loop.

    Attributes:
        batch_size: Patches a step, over all processes together.
        seed: Everything random follows from it.
        averaged: Trainings from the same start on different samples, whose weights are averaged
            (``model soups``, Wortsman et al. 2022): steadier than any, and as fast as one.
        precision: ``auto`` is bf16 on CUDA and float32 on a CPU.
        device: ``auto``, ``cpu`` or ``cuda``.
        ema: Decay of the weights' moving average, 0 for none.
        validate_every: Steps between validations (and checkpoints), 0 for ten in a run.
        patience: Validations without improvement after which to stop, 0 for never.
        select: Weights kept: those of the ``last`` step, or of the ``best`` validation.
        threshold: ``validation`` chooses it by F1 on the held-out patches; a number sets it.
        tensorboard: Write TensorBoard events beside the CSV log.
    """

    batch_size: Count = 8
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0
    averaged: Annotated[int, Range(1, 100)] = 1
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    ema: Annotated[float, Range(0, 1, below=True)] = 0.0
    validate_every: Steps = 0
    patience: Steps = 0
    select: Literal["last", "best"] = "last"
    threshold: Literal["validation"] | Annotated[float, Range(0, 1, above=True, below=True)] = (
        "validation"
    )
    tensorboard: bool = True

    def __post_init__(self) -> None:
        check_ranges(self, "training.")


@dataclass(frozen=True)
class SecondStageConfig:
    """A second stage, as Seek's balanced training.

    Its own steps, learning rate and loss, usually with the encoder fixed.
    """

    steps: Steps = 0
    epochs: NotNegative = 0.0
    lr: NotNegative = 1e-4
    freeze_encoder: bool = True
    loss: LossConfig = field(default_factory=LossConfig)

    def __post_init__(self) -> None:
        check_ranges(self, "second_stage.")


@dataclass(frozen=True)
class CalibrationConfig:
    """What is chosen on held-out patches after training.

    Attributes:
        method: ``none``; ``temperature``: the logits are divided by a number; ``platt``: an offset
            is subtracted before. Both by likelihood (Platt 1999; Guo et al. 2017).
        sets: Sets of channels that users have, by name; scores are given for each. All channels
            where there is none.
        guiding: Names of those by which threshold, offset and temperature are chosen; all where
            there is none. The first holds all channels.
        domains: What held-out patches are normalised by; ``data.domain`` where there is none.
        missing: Channels whose lack shifts the logits so that one threshold serves all, and the
            set of channels on which that is measured.
        quiet_without: Channels without which no pixel of the landslide-free areas may reach the
            threshold: their lack lowers the logits so far.
        tolerated_f1: The highest threshold is chosen whose held-out F1 is less than the best by no
            more: on ground unlike the training's more is drawn than should be.
    """

    method: Literal["none", "temperature", "platt"] = "none"
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guiding: tuple[str, ...] = ()
    domains: tuple[Domain, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    quiet_without: tuple[str, ...] = ()
    tolerated_f1: Share = 0.0

    def __post_init__(self) -> None:
        check_ranges(self, "calibration.")
        unknown = {*self.guiding, *self.missing.values()} - set(self.sets)
        if unknown:
            raise ConfigError(
                "calibration.guiding and calibration.missing name sets that calibration.sets"
                f" lacks: {', '.join(sorted(unknown))}."
            )
        if self.missing and not self.guiding:
            raise ConfigError(
                "calibration.missing compares with the first set of calibration.guiding; name one."
            )
        named = {name for channels in self.sets.values() for name in channels}
        strange = (named | {*self.missing, *self.quiet_without}) - set(BY_NAME)
        if strange:
            raise ConfigError(
                f"[calibration] names unknown channels: {', '.join(sorted(strange))}."
            )


@dataclass(frozen=True)
class CardConfig:
    """What a model's card says beyond what the run knows.

    Attributes:
        version: Version of the weights.
        limits: Known limits, a sentence each, added to those that follow from the run.
        sources: Where the data comes from, with its licence, by kind.
        onnx: Whether the bundle holds the network as ONNX, which detection without PyTorch needs;
            false for a network that has no faithful ONNX form.
    """

    version: str = "1"
    limits: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    onnx: bool = True


@dataclass(frozen=True)
class AdaptationConfig:
    """Self-training on unlabelled patches (`l4s adapt`).

    Attributes:
        selection: Which predicted pixels become pseudo-labels: ``threshold`` (Kingdrone), ``top``
            (Seek), ``uncertainty`` (Tanmlh), ``all`` (Sklgp); the others are ignored.
        rounds: Rounds of predicting and training.
        threshold: ``threshold``: landslide from this probability on, background up to one minus it.
        top: ``top``: share of the most confident pixels kept.
        dropout: ``uncertainty``: dropout rate after the first convolution.
        passes: ``uncertainty``: number of disturbed predictions.
        keep_background: ``uncertainty``: share of the least uncertain background pixels kept.
        keep_landslide: ``uncertainty``: share of the least uncertain landslide pixels kept.
        share: Share of each batch taken from the target.
        start: Weights that a round starts from: the ``teacher``'s, or ``scratch``.
        refresh: Rebuild pseudo-labels from the newest model each round; otherwise the first teacher
            stays fixed.
        cross_sensor: Keep batch statistics apart for source and target (CSN).
        separate_losses: Compute losses over the labelled and the target's patches of a batch
            apart and add them up by their shares (Eq. 5), instead of over all together.
        separate_statistics: Normalise the target by its own statistics.
        epochs: Length of a round in passes over the training patches; 0 takes the schedule's.
        lr_factor: Learning rates of a round, in all its stages, against the recipe's.
    """

    selection: Literal["threshold", "top", "uncertainty", "all"] = "threshold"
    rounds: Annotated[int, Range(1, 100)] = 1
    threshold: Annotated[float, Range(0.5, 1)] = 0.7
    top: Share = 1.0
    dropout: Annotated[float, Range(0, 1, below=True)] = 0.3
    passes: Annotated[int, Range(1, 1000)] = 10
    keep_background: Share = 0.9
    keep_landslide: Share = 0.7
    share: Annotated[float, Range(0, 1, below=True)] = 0.5
    start: Literal["teacher", "scratch"] = "scratch"
    refresh: bool = True
    cross_sensor: bool = False
    separate_losses: bool = False
    separate_statistics: bool = True
    epochs: NotNegative = 0.0
    lr_factor: Positive = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, "adaptation.")


Overrides = Mapping[str, Mapping[str, Any]]
"""Values of a recipe's tables that replace others, by table and key."""
