"""Throughput of training, against a bare loop.

Patches a second of the real loop against forward and backward on ready tensors.

The real loop cuts crops from packed patches, normalises and augments them, clips, averages and
logs; the bare loop does nothing but forward, backward and the optimiser's step on one batch that
lies on the device already. Both run on the GPU where there is one.

    python scripts/bench_train.py --data PACKED --recipe baseline [--steps 40] [--set KEY=VALUE ...]

With ``--recipes`` a few real steps of every network of every recipe (or of those named) are timed
at full size, and predictions of the same network; from these rates follows the whole training on
the benchmark's 3,799 patches and the adaptation to its 800 test patches, all stages, validations
and rounds counted (:mod:`training_effort`). On a CPU give a small ``training.batch_size`` for
memory's sake: rates are a sample, and a CPU's depend little on it.

    python scripts/bench_train.py --data PACKED --recipes [NAME ...] [--steps 5] [--clock
    wall|processor] [--set training.batch_size=2]
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from training_effort import adaptation_effort, training_effort

from engine.errors import CancelledError
from engine.events import Event, Progress, Reporter
from engine.models.losses import total_loss
from engine.models.networks import build
from engine.training.loop import train_network
from engine.training.pools import Pool, prepare
from engine.training.processes import start_fabric
from engine.training.recipe import Recipe, load_recipe, recipe_names
from engine.training.run import make_task
from engine.training.scoring import predict_pool
from engine.training.task import make_optimizer

WARM_UP = 5
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}


def bare_rate(recipe: Recipe, network: dict[str, Any], steps: int) -> float:
    """Patches a second of forward, backward and step on ready tensors."""
    fabric = start_fabric(recipe.training)
    side = recipe.data.crop_px * recipe.data.enlarge
    size = recipe.training.batch_size
    plain = build(network, len(recipe.data.channels))
    model, optimizer = fabric.setup(
        plain, make_optimizer(plain, recipe.optimizer, recipe.optimizer.lr)
    )
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


def real_rate(
    recipe: Recipe,
    network: dict[str, Any],
    data: Path,
    steps: int,
    *,
    warm_up: int = WARM_UP,
    clock: str = "wall",
) -> float:
    """Patches a second of the real loop without validation.

    The median over single steps, after ``warm_up`` of them.

    The loop is left after the last step that is timed, so that its schedule is the recipe's own and
    nothing is saved.
    """
    now = CLOCKS[clock]
    times: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "training":
            times.append(now())  # the step's loss has been read, so that its work on a GPU is done

    endless = replace(
        recipe, training=replace(recipe.training, validate_every=10**9, tensorboard=False)
    )
    task = make_task(endless, network, prepare(endless, data), None)
    with tempfile.TemporaryDirectory() as folder, suppress(CancelledError):
        train_network(
            task, Path(folder), reporter=Reporter(listen, lambda: len(times) > warm_up + steps)
        )
    taken = [
        later - earlier
        for earlier, later in zip(times[warm_up:], times[warm_up + 1 :], strict=False)
    ]
    return recipe.training.batch_size / statistics.median(taken)


def prediction_rate(
    recipe: Recipe, network: dict[str, Any], data: Path, *, clock: str = "wall"
) -> float:
    """Patches a second of validation and of labelling a target."""
    fabric = start_fabric(recipe.training)
    material = prepare(recipe, data)
    model = build(network, len(recipe.data.channels)).to(fabric.device).eval()
    chosen = list(range(min(len(material.arrays), 8 if fabric.device.type == "cuda" else 2)))
    pool = Pool(
        material.pool.arrays.select(chosen),
        material.pool.shift[chosen],
        material.pool.scale[chosen],
    )
    rates = []
    for _ in range(3):
        started = CLOCKS[clock]()
        with fabric.autocast():
            predict_pool(
                model,
                pool,
                device=fabric.device,
                clip=material.normalization.clip,
                factor=recipe.data.enlarge,
            )  # its result is on the CPU
        rates.append(len(chosen) / (CLOCKS[clock]() - started))
    return max(rates)  # the first one warms up


def measure(
    recipe: Recipe,
    name: str,
    data: Path,
    *,
    steps: int,
    clock: str = "wall",
    full: Recipe | None = None,
) -> dict[str, Any]:
    """Rates of one network of a recipe, and the hours of its whole training and adaptation.

    Args:
        recipe: What is timed.
        name: The network.
        data: Labelled patches; their number does not matter.
        steps: Steps timed.
        clock: ``wall``, or ``processor`` seconds on a CPU with one thread that other work shares.
        full: The recipe whose effort is counted, where another batch size is timed.
    """
    network = {**recipe.networks()[name], "pretrained": "none"}
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    trained = real_rate(recipe, network, data, steps, warm_up=1, clock=clock)
    predicted = prediction_rate(recipe, network, data, clock=clock)
    counted = full or recipe
    return {
        "recipe": recipe.name,
        "network": name,
        "batch": recipe.training.batch_size,
        "clock": clock,
        "trained_per_s": trained,
        "predicted_per_s": predicted,
        "training_h": training_effort(counted).hours(trained, predicted),
        "adaptation_h": adaptation_effort(counted).hours(trained, predicted),
        "gpu_peak_gib": (
            torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
        ),
        **machine(),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as Markdown for ``docs/method/benchmarks.md``."""
    lines = [
        (
            "| recipe | network | trained a second | predicted a second | `l4s train`, h | `l4s"
            " adapt`, h |"
        ),
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['recipe']} | {r['network']} | {r['trained_per_s']:.3g} | {r['predicted_per_s']:.3g}"
        f" | {r['training_h']:.3g} | {r['adaptation_h']:.3g} |"
        for r in rows
    ]
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What it ran on."""
    processor = platform.processor() or platform.machine()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else processor
    return {"device": device, "threads": torch.get_num_threads(), "torch": torch.__version__}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _ratio(args: argparse.Namespace) -> None:
    """One JSON line for each network of one recipe."""
    recipe = load_recipe(args.recipe, args.overrides)
    for name, described in recipe.networks().items():
        network = {**described, "pretrained": "none"}
        bare, real = (
            bare_rate(recipe, network, args.steps),
            real_rate(recipe, network, args.data, args.steps),
        )
        result = {
            "recipe": recipe.name,
            "network": name,
            "bare_per_s": round(bare, 2),
            "real_per_s": round(real, 2),
        }
        print(json.dumps({**result, "ratio": round(real / bare, 3), **machine()}))


def _all(args: argparse.Namespace) -> None:
    """One JSON line for each network of every recipe, and a table."""
    rows = []
    for recipe_name in args.recipes or recipe_names():
        recipe, full = load_recipe(recipe_name, args.overrides), load_recipe(recipe_name)
        for name in recipe.networks():
            rows.append(
                measure(recipe, name, args.data, steps=args.steps, clock=args.clock, full=full)
            )
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
            gc.collect()
    print(table(rows))


def main() -> None:
    """Measure one recipe against the bare loop, or the hours of all of them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", default="baseline", help="measured against a bare loop")
    parser.add_argument(
        "--recipes",
        nargs="*",
        metavar="NAME",
        help="estimate whole trainings instead; all by default",
    )
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="of --recipes")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    args = parser.parse_args()
    if args.recipes is None:
        _ratio(args)
    else:
        _all(args)


if __name__ == "__main__":
    main()
