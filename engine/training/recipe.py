"""Recipes: everything that a training run can vary, as typed TOML.

Recipes that come with the engine are in ``recipes/*.toml``; a path works as well. Unknown keys are
errors, and ``--set KEY=VALUE`` replaces one value, for instance ``--set optimizer.lr=1e-4`` or
``--set network.encoder=tf_efficientnet_lite1``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.bands import BY_NAME, NAMES
from engine.errors import ConfigError, MissingFileError
from engine.models.losses import LossConfig
from engine.models.networks import with_positions
from engine.patches.augment import AugmentConfig
from engine.samples.maker import SampleConfig
from engine.settings import override, parse, read_toml

RECIPES = Path(__file__).parent / "recipes"


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
    domain: Literal["site", "patch", "dataset"] = "site"
    validation: Literal["block", "site", "random", "none"] = "block"
    folds: int = 5
    fold: int = 1
    cross_validate: bool = False
    crop_px: int = 128
    positive_share: float = 0.0
    negative_share: float = 0.0
    enlarge: Literal[1, 2, 4] = 1

    def __post_init__(self) -> None:
        unknown = [name for name in self.channels if name not in BY_NAME]
        if unknown or not self.channels:
            raise ConfigError(
                f"data.channels holds unknown channels ({', '.join(unknown) or 'none given'}); they"
                f" are {', '.join(NAMES)}."
            )
        if (
            not 1 <= self.fold <= self.folds
            or self.crop_px < 16
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

    See :mod:`engine.models.normalization`; and where training statistics come from.
    """

    optical: Literal["scene", "centre", "fixed"] = "scene"
    slope: Literal["scene", "centre", "fixed", "relief"] = "fixed"
    dem: Literal["scene", "centre", "fixed"] = "centre"
    statistics: Literal["published", "data"] = "published"
    std_floor: float = 0.5
    min_pixels: int = 16384
    clip: float = 6.0


@dataclass(frozen=True)
class OptimizerConfig:
    """The optimiser: ``adamw``, ``adam`` or ``sgd``.

    The encoder's learning rate is ``lr x encoder_lr_factor``.
    """

    name: Literal["adamw", "adam", "sgd"] = "adamw"
    lr: float = 3e-4
    encoder_lr_factor: float = 1.0
    weight_decay: float = 0.01
    momentum: float = 0.9
    clip: float = 0.0


@dataclass(frozen=True)
class ScheduleConfig:
    """Learning-rate schedule over ``steps``, or ``epochs`` where steps is 0.

    Attributes:
        kind: ``cosine``, ``poly``, ``restarts`` (Sklgp) or ``constant``.
        steps: Optimiser steps.
        epochs: Passes over the training patches, used where ``steps`` is 0.
        warmup: Share of the steps of a linear warm-up (of the first cycle for ``restarts``).
        warmup_epochs: Warm-up in epochs, used instead where positive.
        power: Exponent of ``poly``.
        first_cycle: Share of the steps of the first cycle of ``restarts``.
        multiplier: Each further cycle of ``restarts`` is this many times as long.
        start: Share of the learning rate at which the warm-up starts.
        end: Share of the learning rate at which it ends.
        stretch: Length of the curve against that of the run: 1.5 stops after two thirds of it, with
            the learning rate still high.
    """

    kind: Literal["cosine", "poly", "restarts", "constant"] = "cosine"
    steps: int = 0
    epochs: float = 0.0
    warmup: float = 0.05
    warmup_epochs: float = 0.0
    power: float = 0.9
    first_cycle: float = 1.0
    multiplier: float = 2.0
    start: float = 0.0
    end: float = 0.0
    stretch: float = 1.0

    def __post_init__(self) -> None:
        if self.stretch < 1:
            raise ConfigError("schedule.stretch is 1 or more.")


@dataclass(frozen=True)
class TrainingConfig:
    """The loop.

    Attributes:
        batch_size: Patches a step, over all processes together.
        seed: Everything random follows from it.
        precision: ``auto`` is bf16 on CUDA and float32 on a CPU.
        device: ``auto``, ``cpu`` or ``cuda``.
        ema: Decay of the weights' moving average, 0 for none.
        validate_every: Steps between validations (and checkpoints), 0 for ten in a run.
        patience: Validations without improvement after which to stop, 0 for never.
        select: Weights kept: those of the ``last`` step, or of the ``best`` validation.
        threshold: ``validation`` chooses it by F1 on the held-out patches; a number sets it.
        tensorboard: Write TensorBoard events beside the CSV log.
    """

    batch_size: int = 8
    seed: int = 0
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    ema: float = 0.0
    validate_every: int = 0
    patience: int = 0
    select: Literal["last", "best"] = "last"
    threshold: Literal["validation"] | float = "validation"
    tensorboard: bool = True


@dataclass(frozen=True)
class SecondStageConfig:
    """A second stage, as Seek's balanced training.

    Its own steps, learning rate and loss, usually with the encoder fixed.
    """

    steps: int = 0
    epochs: float = 0.0
    lr: float = 1e-4
    freeze_encoder: bool = True
    loss: LossConfig = field(default_factory=LossConfig)


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
        separate_statistics: Normalise the target by its own statistics.
        epochs: Length of a round in passes over the training patches; 0 takes the schedule's.
        lr_factor: Learning rate of a round against the recipe's.
    """

    selection: Literal["threshold", "top", "uncertainty", "all"] = "threshold"
    rounds: int = 1
    threshold: float = 0.7
    top: float = 1.0
    dropout: float = 0.3
    passes: int = 10
    keep_background: float = 0.9
    keep_landslide: float = 0.7
    share: float = 0.5
    start: Literal["teacher", "scratch"] = "scratch"
    refresh: bool = True
    cross_sensor: bool = False
    separate_statistics: bool = True
    epochs: float = 0.0
    lr_factor: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """Everything that a run varies; see the attributes' own classes.

    Attributes:
        name: Lower-case name, also that of the bundle.
        title: One line for people.
        description: What it is and where it comes from.
        network: What :func:`engine.models.networks.build` takes. Channels may be given by name.
        members: Further networks by name for an ensemble, each trained with the same recipe; then
            ``network`` holds what they share.
        scenes: Where given, samples are not crops of patches but what :mod:`engine.samples.maker`
            makes of them: raw ground varied over scenes before it is normalised. Labelled
            background that looks like a scar counts ``loss.uncertain_weight``; ``augment`` comes on
            top.
        optional_channels: Channels that a stack may lack, because training dropped them; all others
            are required.
    """

    name: str
    title: str
    description: str
    network: Mapping[str, Any]
    members: Mapping[str, Any] = field(default_factory=dict)
    optional_channels: tuple[str, ...] = ()
    data: DataConfig = field(default_factory=DataConfig)
    normalization: NormalizationConfig = field(default_factory=NormalizationConfig)
    scenes: SampleConfig | None = None
    loss: LossConfig = field(default_factory=LossConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    second_stage: SecondStageConfig | None = None
    adaptation: AdaptationConfig = field(default_factory=AdaptationConfig)

    def __post_init__(self) -> None:
        if self.schedule.steps <= 0 and self.schedule.epochs <= 0:
            raise ConfigError(f"The recipe {self.name} needs schedule.steps or schedule.epochs.")
        if self.scenes is not None:
            self._check_scenes(self.scenes)

    def _check_scenes(self, scenes: SampleConfig) -> None:
        kinds = self.normalization
        known = (
            kinds.optical == "scene"
            and kinds.slope in ("fixed", "relief")
            and kinds.dem == "centre"
        )
        if self.data.channels != NAMES or not known:
            raise ConfigError(
                f"The recipe {self.name} makes samples of [scenes]; these need all 14 channels in"
                ' their order, and normalization.optical, .slope and .dem "scene", "fixed" or'
                ' "relief", and "centre".'
            )
        if (
            self.data.crop_px != scenes.size_px
            or self.data.positive_share > 0
            or self.data.negative_share > 0
        ):
            raise ConfigError(
                f"The recipe {self.name} makes samples of [scenes]: set data.crop_px to"
                f" scenes.size_px ({scenes.size_px}), data.positive_share and data.negative_share"
                " to 0, and scenes.negative_share in their place."
            )

    def networks(self) -> dict[str, dict[str, Any]]:
        """The networks to train by member name, with channel positions.

        One named as the recipe where there are no members.
        """
        chosen = self.members or {self.name: {}}
        return {
            name: with_positions({**self.network, **extra}, self.data.channels)
            for name, extra in chosen.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for cards, checkpoints and comparison."""
        return asdict(self)


def recipe_names() -> tuple[str, ...]:
    """Names of the recipes that come with the engine."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        name_or_path: Name of one that comes with the engine, or a TOML file.
        overrides: ``KEY=VALUE`` with a dotted key and a TOML value (bare words are text).

    Raises:
        MissingFileError: There is none.
        UnreadableFileError: It is not TOML.
        ConfigError: It has unknown keys or values of the wrong kind.
    """
    path = Path(name_or_path)
    if not path.suffix and (RECIPES / f"{name_or_path}.toml").is_file():
        path = RECIPES / f"{name_or_path}.toml"
    if not path.is_file():
        raise MissingFileError(
            f"There is no recipe {str(name_or_path)!r}; give a TOML file or one of"
            f" {', '.join(recipe_names())}."
        )
    data = read_toml(path)
    for setting in overrides:
        override(data, setting)
    return recipe_from_dict(data, str(path))


def recipe_from_dict(data: Mapping[str, Any], source: str = "the recipe") -> Recipe:
    """Build a recipe from plain values, refusing unknown keys.

    Raises:
        ConfigError: See :func:`load_recipe`.
    """
    result = parse(Recipe, data, source, "")
    if not isinstance(result, Recipe):
        raise ConfigError(f"{source} is not a recipe.")
    return result


def differing_keys(
    before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = ""
) -> list[str]:
    """Dotted keys in which two recipes differ."""
    keys: list[str] = []
    for key in sorted({*before, *after}):
        a, b = before.get(key), after.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            keys += differing_keys(a, b, f"{prefix}{key}.")
        elif _plain(a) != _plain(b):
            keys.append(f"{prefix}{key}")
    return keys


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
