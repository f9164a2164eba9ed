"""Recipes: everything that a training run can vary, as typed TOML.

Recipes that come with the engine are in ``recipes/*.toml``; a path works as well. Unknown keys are
errors, and ``--set KEY=VALUE`` replaces one value, for instance ``--set optimizer.lr=1e-4`` or
``--set network.encoder=tf_efficientnet_lite1``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from engine.bands import NAMES
from engine.errors import ConfigError, MissingFileError
from engine.models.builders import needs_size
from engine.models.losses import LossConfig
from engine.models.networks import with_positions
from engine.patches.augment import AugmentConfig
from engine.samples.maker import SampleConfig
from engine.settings import Length, override, parse, read_toml, shortened
from engine.training.configuration import (
    AdaptationConfig,
    CalibrationConfig,
    CardConfig,
    DataConfig,
    NormalizationConfig,
    OptimizerConfig,
    Overrides,
    ScheduleConfig,
    SecondStageConfig,
    TrainingConfig,
)

_PER_MEMBER = ("scenes", "loss", "augment", "optimizer", "schedule")
"""Tables that members trained apart may have in their own way."""

RECIPES = Path(__file__).parent / "recipes"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


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
        apart: For a network that is the ``mean`` of members: a name for each member, in their
            order, with the values of the recipe that it trains with in its own way. The members
            are then trained one by one and put together.
        scenes: Where given, samples are not crops of patches but what :mod:`engine.samples.maker`
            makes of them: raw ground varied over scenes before it is normalised. Labelled
            background that looks like a scar counts ``loss.uncertain_weight``; ``augment`` comes on
            top.
        optional_channels: Channels that a stack may lack, because training dropped them; all others
            are required.
    """

    name: Annotated[str, Length(1, 64)]
    title: Annotated[str, Length(1, 300)]
    description: str
    network: Mapping[str, Any]
    members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    apart: Mapping[str, Overrides] = field(default_factory=dict)
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
    calibration: CalibrationConfig = field(default_factory=CalibrationConfig)
    card: CardConfig = field(default_factory=CardConfig)
    adaptation: AdaptationConfig = field(default_factory=AdaptationConfig)

    def __post_init__(self) -> None:
        if self.schedule.steps <= 0 and self.schedule.epochs <= 0:
            raise ConfigError(f"The recipe {self.name} needs schedule.steps or schedule.epochs.")
        if self.scenes is not None:
            self._check_scenes(self.scenes)
        for name in (self.name, *self.members, *self.apart):
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    "The names of a recipe, its members and those of [apart] are up to 64"
                    f" lower-case letters, digits, '.', '_' and '-', not {shortened(name)!r}."
                )
        if self.apart:
            self._check_apart()
        chosen = {name for names in self.calibration.sets.values() for name in names}
        strange = chosen | {*self.calibration.missing, *self.calibration.quiet_without}
        if strange - set(self.data.channels):
            raise ConfigError(
                "[calibration] names channels that data.channels lacks:"
                f" {', '.join(sorted(strange - set(self.data.channels)))}."
            )

    def _check_apart(self) -> None:
        members = self.network.get("members", ())
        if self.members or self.network.get("builder") != "mean" or len(members) != len(self.apart):
            raise ConfigError(
                f"[apart] of the recipe {self.name} names {len(self.apart)} members; network must"
                ' be one of builder "mean" with as many members.'
            )
        for name, tables in self.apart.items():
            wrong = sorted(set(tables) - set(_PER_MEMBER))
            if wrong:
                raise ConfigError(
                    f"apart.{name} changes {', '.join(wrong)}; members differ in"
                    f" {', '.join(_PER_MEMBER)} only."
                )
            self._for_member(name, 0)  # its values are checked before any training

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

        Encoders that are built for a size of image are built for that of the enlarged crops.

        One named as the recipe where there are no members.
        """
        chosen = self.members or {self.name: {}}
        size_px = self.data.crop_px * self.data.enlarge
        found = {}
        for name, extra in chosen.items():
            network = with_positions({**self.network, **extra}, self.data.channels)
            if needs_size(str(network.get("encoder", ""))):
                network = {"size_px": size_px, **network}
            found[name] = network
        return found

    def member_recipes(self) -> dict[str, Recipe]:
        """Recipes of the members named in ``apart``, in their order."""
        return {name: self._for_member(name, index) for index, name in enumerate(self.apart)}

    def _for_member(self, name: str, index: int) -> Recipe:
        plain = {**self.to_dict(), "apart": {}, "network": self.network["members"][index]}
        for table, values in self.apart[name].items():
            plain[table] = {**(plain[table] or {}), **values}
        return recipe_from_dict(plain, f"apart.{name} of the recipe {self.name}")

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
    if str(name_or_path) in recipe_names():
        path = RECIPES / f"{name_or_path}.toml"
    try:
        there = path.is_file()
    except (OSError, ValueError):  # a name longer than the system allows, or with a zero byte
        there = False
    if not there:
        raise MissingFileError(
            f"There is no recipe {shortened(name_or_path)!r}; give a TOML file or one of"
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
    try:
        result = parse(Recipe, data, source, "")
    except RecursionError as error:
        raise ConfigError(f"{source} is nested too deeply; flatten it.") from error
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
