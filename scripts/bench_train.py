"""Throughput of training: patches a second of the real loop against a bare loop of forward and backward on ready tensors.

The real loop cuts crops from packed patches, normalises and augments them, clips, averages and logs; the bare loop does nothing but
forward, backward and the optimiser's step on one batch that lies on the device already. From the real rate follows an estimate of a
recipe's full training on the benchmark's 3,799 patches.

    python scripts/bench_train.py --data PACKED --recipe baseline [--steps 40] [--set KEY=VALUE ...]
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from engine.models.losses import total_loss
from engine.models.networks import build
from engine.training.loop import start_fabric, train_network
from engine.training.recipe import Recipe, load_recipe
from engine.training.run import make_task, prepare
from engine.training.schedule import total_steps
from engine.training.task import make_optimizer

PATCHES = 3799
WARM_UP = 5


def bare_rate(recipe: Recipe, network: dict[str, Any], steps: int) -> float:
    """Patches a second of forward, backward and step on ready tensors."""
    fabric = start_fabric(recipe.training)
    side = recipe.data.crop_px * recipe.data.enlarge
    size = recipe.training.batch_size
    plain = build(network, len(recipe.data.channels))
    model, optimizer = fabric.setup(plain, make_optimizer(plain, recipe.optimizer, recipe.optimizer.lr))
    image = torch.randn(size, len(recipe.data.channels), side, side, device=fabric.device)
    mask = (torch.rand(size, side, side, device=fabric.device) < 0.02).to(torch.uint8)
    model.train()
    started = 0.0
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            _wait(fabric.device)
            started = time.perf_counter()
        logits, whole = model(image, image_level=True)
        fabric.backward(total_loss(recipe.loss, logits, mask, whole)[0])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    _wait(fabric.device)
    return steps * size / (time.perf_counter() - started)


def real_rate(recipe: Recipe, network: dict[str, Any], data: Path, steps: int) -> float:
    """Patches a second of the real loop without validation, the start left out by the difference of two lengths."""
    seconds = []
    for count in (WARM_UP, WARM_UP + steps):
        short = replace(
            recipe,
            schedule=replace(recipe.schedule, steps=count),
            second_stage=None,
            training=replace(recipe.training, validate_every=10**9, tensorboard=False),
        )
        material = prepare(short, data)
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            train_network(make_task(short, network, material, None), Path(folder))
            seconds.append(time.perf_counter() - started)
    return steps * recipe.training.batch_size / (seconds[1] - seconds[0])


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main() -> None:
    """Measure each network of a recipe and print one JSON line for it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", default="baseline")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, args.overrides)
    for name, described in recipe.networks().items():
        network = {**described, "pretrained": "none"}
        bare, real = bare_rate(recipe, network, args.steps), real_rate(recipe, network, args.data, args.steps)
        steps = total_steps(recipe.schedule, PATCHES, recipe.training.batch_size)
        result = {
            "recipe": recipe.name, "network": name, "bare_per_s": round(bare, 2), "real_per_s": round(real, 2),
            "ratio": round(real / bare, 3), "full_training_h": round(steps * recipe.training.batch_size / real / 3600, 2),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(), "torch": torch.__version__,
        }  # fmt: skip
        print(json.dumps(result))


if __name__ == "__main__":
    main()
