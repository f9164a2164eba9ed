"""How a member of the bundled model is trained from one set of areas, resumable.

Fourteen labelled patches are memorised by deep networks within a few hundred steps, so that what
holds here are a small network, a long average of the weights, and samples varied over scenes
(:mod:`engine.samples.maker`).
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import torch
from torch import Tensor, nn

from engine.bands import NAMES, OPTICAL, TERRAIN
from engine.events import SILENT, Reporter
from engine.files import atomic_path
from engine.models.losses import UNCERTAIN, LossConfig, total_loss
from engine.models.networks import MeanOfNetworks, Segmenter, build, with_positions
from engine.models.normalization import Mode, Normalization, training_statistics
from engine.samples.maker import Area, SampleConfig, SampleMaker
from engine.training.recipe import Recipe, load_recipe

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.pt"
_RGB = ("B02", "B03", "B04")
SUBSETS: dict[str, tuple[str, ...]] = {
    "14 channels": NAMES,
    "without B10": tuple(name for name in NAMES if name != "B10"),
    "B02 B03 B04 B08 + terrain": (*_RGB, "B08", *TERRAIN),
    "B02 B03 B04 + terrain": (*_RGB, *TERRAIN),
    "12 bands, no terrain": OPTICAL,
    "B02 B03 B04": _RGB,
}
"""Sets of channels that users have, by name; scores are given for each."""

_RECIPE = load_recipe("light")
NETWORK: Mapping[str, Any] = _RECIPE.network
"""That of the recipe ``light``: the mean of two members, described by the names of channels."""

_OPTICAL_MODE: Mode = "scene"
_MEAN, _STD = training_statistics(NAMES)
NORMALIZATION = Normalization(
    NAMES, (*(_OPTICAL_MODE for _ in OPTICAL), "relief", "centre"), _MEAN, _STD, min_pixels=65536
)
"""From 65,536 pixels (256 x 256) the scene's statistics count fully; a single patch is mostly
normalised by the training set's."""


@dataclass(frozen=True)
class LightConfig:
    """Training of one member.

    Attributes:
        network: Its description.
        samples: How samples are made.
        steps: Steps done.
        batch_size: Samples a step.
        lr: Highest learning rate of the one-cycle schedule.
        weight_decay: AdamW's.
        ema: Decay of the average of the weights, which is what is kept.
        clip: Largest norm of a gradient.
        loss: On labels some of which are wrong: background that looks like a scar
            (:func:`mark_uncertain`) counts half, as half a slide.
    """

    network: Mapping[str, Any]
    samples: SampleConfig
    steps: int
    batch_size: int
    lr: float
    weight_decay: float
    ema: float
    clip: float
    loss: LossConfig


def _members(recipe: Recipe) -> dict[str, LightConfig]:
    """The recipe's training, for each member apart."""
    plain, textured = recipe.network["members"]
    samples = cast(SampleConfig, recipe.scenes)
    optimizer, training = recipe.optimizer, recipe.training
    common = LightConfig(
        textured,
        samples,
        recipe.schedule.steps,
        training.batch_size,
        optimizer.lr,
        optimizer.weight_decay,
        training.ema,
        optimizer.clip,
        recipe.loss,
    )
    # Only textures need details that vary; the other member lost by them.
    return {
        "plain": replace(common, network=plain, samples=replace(samples, details=0.0)),
        "textured": common,
    }


MEMBERS: Mapping[str, LightConfig] = _members(_RECIPE)
"""Trainings of the network's members, in their order: one steady on ground unlike that of the
training, which takes bright dry grass for scars, and one that tells smooth grass from scars but
draws too much where everything is rough (docs/develop/decisions/model-light-pair.md)."""


def train_network(
    labelled: Sequence[Area],
    negatives: Sequence[Area],
    out: Path,
    *,
    config: LightConfig,
    seed: int,
    save_every: int = 30,
    reporter: Reporter = SILENT,
) -> dict[str, Tensor]:
    """Train one member, or go on with it where it was stopped. All of a kind start from the same
    weights.

    Args:
        labelled: Areas with landslides.
        negatives: Areas without any.
        out: Folder for the checkpoint and the finished weights.
        config: The training.
        seed: Of the samples.
        save_every: Steps between checkpoints.
        reporter: Progress and losses.

    Returns:
        The averaged weights.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = {
        **asdict(config),
        "seed": seed,
        "pixels": sum(area.mask.numel() for area in (*labelled, *negatives)),
    }
    done = _load(out / WEIGHTS, settings)
    if done is not None:
        return dict(done["weights"])
    state = _State(config)
    saved = _load(out / CHECKPOINT, settings)
    if saved is not None:
        state.load(saved)
    maker = SampleMaker(
        labelled, negatives, normalization=NORMALIZATION, config=config.samples, seed=seed
    )
    losses: list[float] = []
    for step in range(state.step, config.steps):
        losses.append(state.advance(*maker.batch(step, config.batch_size)))
        if state.step % save_every == 0 or state.step == config.steps:
            _save(out / CHECKPOINT, settings, state.dump())
            reporter.log(
                f"{out.name}: step {state.step} of {config.steps}, loss {fmean(losses):.3f}"
            )
            losses.clear()
        reporter.progress(out.name, state.step, config.steps)
    weights = state.average.network.state_dict()
    _save(out / WEIGHTS, settings, {"weights": weights})
    (out / CHECKPOINT).unlink(missing_ok=True)
    return weights


class _State:
    """A training between two steps."""

    def __init__(self, config: LightConfig) -> None:
        torch.manual_seed(0)
        self.config, self.step = config, 0
        self.model = build(with_positions(config.network, NAMES), len(NAMES)).train()
        self.average = copy.deepcopy(self.model).eval()
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=config.lr, weight_decay=config.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, config.lr, total_steps=config.steps, pct_start=0.1
        )
        self._parts: dict[str, Any] = {
            "model": self.model,
            "average": self.average,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
        }

    def advance(self, image: Tensor, mask: Tensor) -> float:
        """Learn from a batch; gives the loss."""
        loss, _ = total_loss(self.config.loss, self.model(image)[:, 0], mask)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self._optimizer.step()
        self._schedule.step()
        _follow(self.average, self.model, min(self.config.ema, (2 + self.step) / (11 + self.step)))
        self.step += 1
        return loss.item()

    def dump(self) -> dict[str, Any]:
        """All that the next steps depend on."""
        return {
            "step": self.step,
            **{name: part.state_dict() for name, part in self._parts.items()},
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what :meth:`dump` gave."""
        self.step = saved["step"]
        for name, part in self._parts.items():
            part.load_state_dict(saved[name])


def mean_weights(runs: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of the weights of several trainings from the same start on different samples:
    steadier than any, and as fast as one.

    As ``model soups`` (Wortsman et al. 2022).
    """
    return {name: torch.stack([run[name] for run in runs]).mean(0) for name in runs[0]}


def mark_uncertain(area: Area) -> Area:
    """Mark bare, steep ground that is labelled background: the labels leave out many scars that
    look like labelled ones.

    Bare is an NDVI below 0.35, steep 20 degrees and more; shadows (B04 below 400) and clouds (B02
    above 1600) are no bare ground.
    """
    image, mask = area.image, area.mask
    ndvi = (image[7] - image[3]) / (image[7] + image[3] + 1)
    bare = (ndvi < 0.35) & (image[3] > 400) & (image[1] < 1600) & (image[12] >= 20)
    return replace(
        area, mask=torch.where(bare & (mask == 0), torch.full_like(mask, UNCERTAIN), mask)
    )


def network_of(members: Mapping[str, Mapping[str, Tensor]]) -> Segmenter:
    """The network whose members have these weights, by their names in :data:`MEMBERS`, ready to
    predict.
    """
    model = build(with_positions(NETWORK, NAMES), len(NAMES))
    for name, module in zip(MEMBERS, cast(MeanOfNetworks, model.network).members, strict=True):
        module.load_state_dict(dict(members[name]))
    return model.eval()


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    for kept, present in zip(
        average.state_dict().values(), model.state_dict().values(), strict=True
    ):
        if kept.dtype.is_floating_point:
            kept.lerp_(present, 1 - decay)
        else:
            kept.copy_(present)


def _save(path: Path, settings: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    with atomic_path(path) as temporary:
        torch.save({"settings": repr(sorted(settings.items())), **state}, temporary)


def _load(path: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was saved under the same settings, or None."""
    with contextlib.suppress(FileNotFoundError, RuntimeError, EOFError):
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if state.get("settings") == repr(sorted(settings.items())):
            return state
    return None
