"""How much computing a recipe asks for.

Samples trained on and patches predicted, from which a measured rate gives hours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.patches.landslide4sense import SITES
from engine.training.recipe import Recipe
from engine.training.schedule import stages

PATCHES = 3799
"""Labelled training patches of Landslide4Sense."""

TARGET_PATCHES = 800
"""Patches of its test set, the target of an adaptation."""


@dataclass(frozen=True)
class Effort:
    """What one network of a recipe goes through.

    Attributes:
        trained: Samples of forward and backward, counted as often as they come.
        predicted: Patches of forward alone: validations, and the labelling of the target.
    """

    trained: int
    predicted: int

    def __add__(self, other: Effort) -> Effort:
        return Effort(self.trained + other.trained, self.predicted + other.predicted)

    def hours(self, trained_per_s: float, predicted_per_s: float) -> float:
        """Time at measured rates."""
        return (self.trained / trained_per_s + self.predicted / predicted_per_s) / 3600


def held_out(recipe: Recipe) -> int:
    """Patches of Landslide4Sense that the recipe's fold holds out.

    Blocks are dealt out evenly. Of the sites the first holds most landslide and is the first fold;
    the others are counted by their mean. What is left out of training because it touches a held-out
    block is not subtracted.
    """
    data = recipe.data
    if data.validation == "none":
        return 0
    if data.validation != "site":
        return round(PATCHES / data.folds)
    first, *others = [site.last - site.first + 1 for site in SITES]
    return first if data.fold == 1 else round(sum(others) / len(others))


def training_effort(recipe: Recipe, patches: int = PATCHES, held: int | None = None) -> Effort:
    """Effort of `l4s train`.

    All stages and validations of one network, and the folds where the recipe cross-validates.

    Args:
        recipe: The recipe.
        patches: Labelled patches, those held out among them.
        held: Held-out patches; those of :func:`held_out` by default.
    """
    data = recipe.data
    held = held_out(recipe) if held is None else held
    fold = _run(recipe, patches - held, held)
    if not data.cross_validate:
        return fold
    whole = _run(recipe, patches, 0)
    return Effort(data.folds * fold.trained + whole.trained, data.folds * fold.predicted)


def adaptation_effort(
    recipe: Recipe, patches: int = PATCHES, target: int = TARGET_PATCHES, held: int | None = None
) -> Effort:
    """`l4s adapt`: in every round one network labels the target and is trained on both.

    Args:
        recipe: The recipe.
        patches: Labelled patches, those held out among them.
        target: Unlabelled patches of the target.
        held: Held-out patches; those of :func:`held_out` by default.
    """
    config = recipe.adaptation
    held = held_out(recipe) if held is None else held
    schedule = (
        replace(recipe.schedule, steps=0, epochs=config.epochs)
        if config.epochs > 0
        else recipe.schedule
    )
    once = _run(replace(recipe, schedule=schedule), patches - held, held)
    passes = config.passes if config.selection == "uncertainty" else 1
    return Effort(config.rounds * once.trained, config.rounds * (once.predicted + passes * target))


def _run(recipe: Recipe, patches: int, held: int) -> Effort:
    """All trainings of one network: its members', as often as they are averaged."""
    parts = list(recipe.member_recipes().values()) or [recipe]
    count = recipe.training.averaged
    if len(parts) * count == 1:
        return _once(recipe, patches, held)
    each = [_once(part, patches, held) for part in parts]
    trained, predicted = (sum(e.trained for e in each), sum(e.predicted for e in each))
    return Effort(count * trained, count * predicted + held)  # what was put together, once more


def _once(recipe: Recipe, patches: int, held: int) -> Effort:
    trained = predicted = 0
    for stage in stages(recipe, patches):
        every = recipe.training.validate_every or max(1, math.ceil(stage.steps / 10))
        trained += stage.steps * recipe.training.batch_size
        predicted += math.ceil(stage.steps / every) * held
    return Effort(trained, predicted + held)  # once more at the end, for the card
