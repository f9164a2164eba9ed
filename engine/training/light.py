"""How the bundled model is trained from one set of areas, resumable.

Fourteen labelled patches are memorised by deep networks within a few hundred steps, so that what holds here are a small network, a
long average of the weights, and samples varied over scenes (:mod:`engine.training.scene_samples`).
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

from engine.bands import NAMES, OPTICAL, TERRAIN
from engine.events import SILENT, Reporter
from engine.models.losses import UNCERTAIN, LossConfig, total_loss
from engine.models.networks import Segmenter, build
from engine.models.normalization import Mode, Normalization, training_statistics
from engine.raster import atomic_path
from engine.training.scene_samples import Area, SampleConfig, SampleMaker

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
_SHARES = (
    ("14 channels", 0.30), ("without B10", 0.18), ("B02 B03 B04 + terrain", 0.22), ("B02 B03 B04 B08 + terrain", 0.08),
    ("B02 B03 B04", 0.08), ("12 bands, no terrain", 0.07),
)  # fmt: skip

NETWORK: dict[str, Any] = {
    "builder": "neighbourhood",
    "width": 32,
    "neighbourhoods": [1, 3],
    # The slope of the surroundings: at ridges and in valleys, where scars begin and end, a coarse DEM's own slope is none.
    # The elevation says nothing that holds in another area.
    "own": [[NAMES.index("slope"), [7, 21]], [NAMES.index("DEM"), []]],
    "marks": 4,
    "context": [5, 13],
    "despeckle": True,
}
_OPTICAL_MODE: Mode = "scene"
_MEAN, _STD = training_statistics(NAMES)
NORMALIZATION = Normalization(
    NAMES, (*(_OPTICAL_MODE for _ in OPTICAL), "relief", "centre"), _MEAN, _STD, min_pixels=65536
)
"""From 65,536 pixels (256 x 256) the scene's statistics count fully; a single patch is mostly normalised by the training set's."""


@dataclass(frozen=True)
class LightConfig:
    """Training of one network.

    Attributes:
        steps: Steps done.
        batch_size: Samples a step.
        lr: Highest learning rate of the one-cycle schedule.
        weight_decay: AdamW's.
        ema: Decay of the average of the weights, which is what is kept.
        clip: Largest norm of a gradient.
        loss: On labels some of which are wrong: background that looks like a scar (:func:`mark_uncertain`) counts half, as half a slide.
        samples: How samples are made.
    """

    steps: int = 250
    batch_size: int = 12
    lr: float = 5e-3
    weight_decay: float = 0.05
    ema: float = 0.98
    clip: float = 5.0
    loss: LossConfig = field(
        default_factory=lambda: LossConfig(
            terms={"noisy_cross_entropy": 1.0, "dice": 0.5},
            smoothing=0.04,
            positive_weight=1.5,
            uncertain_weight=0.5,
            uncertain_label=0.5,
        )
    )
    samples: SampleConfig = field(
        default_factory=lambda: SampleConfig(
            negative_share=0.22,
            mixed_share=0.25,
            scar_share=0.3,
            bar_share=0.15,
            field_share=0.2,
            soil_brightness=0.45,
            strengths={0.0: 0.5, 0.5: 0.5},
            subsets=tuple((SUBSETS[name], share) for name, share in _SHARES),
        )
    )


def train_network(
    labelled: Sequence[Area],
    negatives: Sequence[Area],
    out: Path,
    *,
    config: LightConfig,
    seed: int,
    save_every: int = 30,
    report: Reporter = SILENT,
) -> dict[str, Tensor]:
    """Train one network, or go on with it where it was stopped. All start from the same weights.

    Args:
        labelled: Areas with landslides.
        negatives: Areas without any.
        out: Folder for the checkpoint and the finished weights.
        config: The training.
        seed: Of the samples.
        save_every: Steps between checkpoints.
        report: Progress and losses.

    Returns:
        The averaged weights.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = {
        **asdict(config),
        "network": NETWORK,
        "seed": seed,
        "pixels": sum(area.mask.numel() for area in (*labelled, *negatives)),
    }
    done = _load(out / WEIGHTS, settings)
    if done is not None:
        return dict(done["weights"])
    torch.manual_seed(0)
    model = build(NETWORK, len(NAMES))
    average = copy.deepcopy(model).eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.lr, total_steps=config.steps, pct_start=0.1)
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
        logits = model(image)[:, 0]
        loss, _ = total_loss(config.loss, logits, mask)
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


def mean_weights(runs: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of the weights of several trainings from the same start on different samples: steadier than any, and as fast as one.

    As ``model soups`` (Wortsman et al. 2022).
    """
    return {name: torch.stack([run[name] for run in runs]).mean(0) for name in runs[0]}


def mark_uncertain(area: Area) -> Area:
    """Mark bare, steep ground that is labelled background: the labels leave out many scars that look like labelled ones.

    Bare is an NDVI below 0.35, steep 20 degrees and more; shadows (B04 below 400) and clouds (B02 above 1600) are no bare ground.
    """
    image, mask = area.image, area.mask
    ndvi = (image[7] - image[3]) / (image[7] + image[3] + 1)
    bare = (ndvi < 0.35) & (image[3] > 400) & (image[1] < 1600) & (image[12] >= 20)
    return replace(area, mask=torch.where(bare & (mask == 0), torch.full_like(mask, UNCERTAIN), mask))


def network_of(weights: Mapping[str, Tensor]) -> Segmenter:
    """The network with these weights, ready to predict."""
    model = build(NETWORK, len(NAMES))
    model.load_state_dict(dict(weights))
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
