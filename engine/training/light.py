"""How the bundled model is trained: one member from one set of areas, resumable, and what becomes of several.

Fourteen labelled patches are memorised within a few hundred steps, so that what holds here are few steps, a high learning rate, a
long average of the weights, samples varied over scenes (:mod:`engine.training.scene_samples`) and an average over members.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.bands import NAMES, OPTICAL, TERRAIN
from engine.events import SILENT, Reporter
from engine.models.networks import Segmenter, build
from engine.models.normalization import Mode, Normalization, training_statistics
from engine.raster import atomic_path
from engine.training.scene_samples import Area, SampleConfig, SampleMaker

UNCERTAIN = 2.0
"""Mask value of background that may be a landslide."""

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "member.pt"
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
_SHARES = (
    ("14 channels", 0.30), ("without B10", 0.18), ("B02 B03 B04 + terrain", 0.22), ("B02 B03 B04 B08 + terrain", 0.08),
    ("B02 B03 B04", 0.08), ("12 bands, no terrain", 0.07),
)  # fmt: skip

NETWORK: dict[str, Any] = {
    "builder": "unet",
    "encoder": "tf_efficientnet_lite0",
    "encoder_depth": 4,
    "decoder_channels": [96, 64, 32, 16],
    "rgb": [3, 2, 1],
    "pretrained": "package",
}
_OPTICAL_MODE: Mode = "scene"
_MEAN, _STD = training_statistics(NAMES)
NORMALIZATION = Normalization(
    NAMES, (*(_OPTICAL_MODE for _ in OPTICAL), "fixed", "centre"), _MEAN, _STD, min_pixels=65536
)
"""From 65,536 pixels (256 x 256) the scene's statistics count fully; a single patch is mostly normalised by the training set's."""


@dataclass(frozen=True)
class LightConfig:
    """Training of one member.

    Attributes:
        steps: Steps done.
        schedule_steps: Steps after which the one-cycle schedule would end; more than ``steps`` keeps the learning rate high to the end.
        batch_size: Samples a step.
        lr: Highest learning rate, of the decoder; the encoder has ``encoder_lr_factor`` of it.
        encoder_lr_factor: See ``lr``.
        weight_decay: AdamW's.
        ema: Decay of the average of the weights, which is what is kept.
        positive_weight: Of landslide pixels in the cross-entropy.
        uncertain_weight: Of pixels labelled background that look like a scar (:func:`mark_uncertain`); 1 takes the labels as they are.
        smoothing: Of the labels, which are noisy.
        dice: Weight of the Dice loss beside the cross-entropy.
        clip: Largest norm of a gradient.
        samples: How samples are made.
    """

    steps: int = 120
    schedule_steps: int = 180
    batch_size: int = 12
    lr: float = 8e-4
    encoder_lr_factor: float = 0.5
    weight_decay: float = 0.01
    ema: float = 0.98
    positive_weight: float = 1.5
    uncertain_weight: float = 0.5
    smoothing: float = 0.02
    dice: float = 0.5
    clip: float = 5.0
    samples: SampleConfig = field(
        default_factory=lambda: SampleConfig(subsets=tuple((SUBSETS[name], share) for name, share in _SHARES))
    )


def train_member(
    labelled: Sequence[Area],
    negatives: Sequence[Area],
    out: Path,
    *,
    config: LightConfig,
    seed: int,
    save_every: int = 30,
    report: Reporter = SILENT,
) -> dict[str, Tensor]:
    """Train one member, or go on with it where it was stopped.

    All members start from the same weights, so that they can be averaged; they differ in what they see.

    Args:
        labelled: Areas with landslides.
        negatives: Areas without any.
        out: Folder for the checkpoint and the finished member.
        config: The training.
        seed: Of the samples.
        save_every: Steps between checkpoints.
        report: Progress and losses.

    Returns:
        The averaged weights.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = {**asdict(config), "seed": seed, "pixels": sum(area.mask.numel() for area in (*labelled, *negatives))}
    done = _load(out / WEIGHTS, settings)
    if done is not None:
        return dict(done["weights"])
    torch.manual_seed(0)
    model = build(NETWORK, len(NAMES), pretrained=True).to(memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval()
    encoder = list(model.encoder_parameters())
    known = {id(parameter) for parameter in encoder}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in known]
    rates = [config.lr * config.encoder_lr_factor, config.lr]
    optimizer = torch.optim.AdamW(
        [{"params": encoder, "lr": rates[0]}, {"params": rest, "lr": rates[1]}], weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=config.schedule_steps, pct_start=0.1)
    first, saved = 0, _load(out / CHECKPOINT, settings)
    if saved is not None:
        first = saved["step"]
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
    maker = SampleMaker(labelled, negatives, normalization=NORMALIZATION, config=config.samples, seed=seed)
    running = 0.0
    for step in range(first, config.steps):
        image, mask = maker.batch(step, config.batch_size)
        model.train()
        logits = model(image.contiguous(memory_format=torch.channels_last))[:, 0]
        loss = noisy_label_loss(logits, mask, config)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()
        schedule.step()
        _follow(average, model, min(config.ema, (2 + step) / (11 + step)))
        running += loss.item()
        if (step + 1) % save_every == 0 or step + 1 == config.steps:
            state = {
                "step": step + 1, "model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
            }  # fmt: skip
            _save(out / CHECKPOINT, settings, state)
            report.log(f"{out.name}: step {step + 1} of {config.steps}, loss {running / save_every:.3f}")
            running = 0.0
        report.progress(out.name, step + 1, config.steps)
    weights = average.state_dict()
    _save(out / WEIGHTS, settings, {"weights": weights})
    (out / CHECKPOINT).unlink(missing_ok=True)
    return weights


def mark_uncertain(area: Area) -> Area:
    """Mark bare, steep ground that is labelled background: the labels leave out many scars that look like labelled ones.

    Bare is an NDVI below 0.35, steep 20 degrees and more; shadows (B04 below 400) and clouds (B02 above 1600) are no bare ground.
    """
    image, mask = area.image, area.mask
    ndvi = (image[7] - image[3]) / (image[7] + image[3] + 1)
    bare = (ndvi < 0.35) & (image[3] > 400) & (image[1] < 1600) & (image[12] >= 20)
    return replace(area, mask=torch.where(bare & (mask == 0), torch.full_like(mask, UNCERTAIN), mask))


def noisy_label_loss(logits: Tensor, mask: Tensor, config: LightConfig) -> Tensor:
    """Smoothed cross-entropy plus Dice over the batch; both (N, h, w), the mask with 1 for landslides and 2 for uncertain background."""
    truth = (mask == 1).float()
    weight = torch.where(mask == UNCERTAIN, config.uncertain_weight, 1.0)
    target = truth * (1 - 2 * config.smoothing) + config.smoothing
    entropy = functional.binary_cross_entropy_with_logits(
        logits, target, weight=weight, pos_weight=torch.tensor(config.positive_weight), reduction="sum"
    )
    probability = logits.sigmoid() * weight
    dice = 1 - (2 * (probability * truth).sum() + 1) / (probability.sum() + truth.sum() + 1)
    return entropy / weight.sum() + config.dice * dice


def soup(members: Sequence[Mapping[str, Tensor]]) -> Segmenter:
    """One network whose weights are the mean of its members', which started from the same weights."""
    model = build(NETWORK, len(NAMES))
    mean = {
        name: torch.stack([member[name].float() for member in members]).mean(0).to(value.dtype)
        for name, value in members[0].items()
    }
    model.load_state_dict(mean)
    return model.eval()


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    for kept, present in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
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
