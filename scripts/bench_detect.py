"""Measure detection: throughput, memory on a full tile, and seams.

    python scripts/bench_detect.py --work DIR [--model light] [--size 2400] [--full 10980] [--seams
                                   1200] [--pace 4800] [--only throughput memory windows unet]

A scene is simulated into DIR (unless it is there already); larger stacks are that scene, mirrored
side by side until they are full. Every measurement runs in a process of its own. Throughput is in
useful pixels, those of the scene, once each: the bare loop runs the network on as many
ready-made windows as the detection computes, so that both pay alike for the overlap, which is given
apart. Besides the clock the processor's time is given, which other programs on the machine disturb
less. PyTorch is measured twice: as anyone would write the loop (evaluation and inference mode,
float32, default memory format), and as this engine's own PyTorch runtime does it (channels last).
The result is a block of Markdown for ``docs/method/benchmarks.md``; the pictures of the seams are
written to DIR.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.files import output_folder
from engine.grid import Grid
from engine.handles import ProbabilityRaster, Stack
from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.inference.devices import Choice, choose, cores
from engine.inference.networks import load
from engine.inference.tiling import mirror
from engine.models.bundle import DEFAULT_MODEL, ModelBundle, find_model
from engine.raster import RasterWriter, open_raster
from engine.scene.simulation.simulate import SimulationConfig, simulate

SMALL_PX = 2000
WINDOWS_PX = (256, 512, 704, 1024)
WINDOW_OVERLAP_PX = 192
Row = tuple[str, str]


def make_scene(work: Path, size: int) -> Path:
    """Simulate the scene, once."""
    folder = work / f"scene-{size}"
    stack = folder / "truth_stack.tif"
    if not (folder / "scene.json").exists():
        simulate(folder, SimulationConfig(size_px=size // 6 * 6, seed=7, clouds=0.02))
    return stack


def make_tile(scene: Path, out: Path, size: int) -> Path:
    """Write a stack of ``size`` pixels on a side by mirroring the scene side by side, once."""
    if out.exists():
        return out
    with open_raster(scene) as source:
        names, scales, offsets = source.descriptions, source.scales, source.offsets
        values = source.read()
        grid = Grid(source.crs, source.transform, (size, size))
        dtype, nodata = source.dtypes[0], source.nodata
    with RasterWriter(
        out,
        grid,
        dtype=dtype,
        bands=[name or "" for name in names],
        nodata=nodata,
        scales=scales,
        offsets=offsets,
        overviews=False,
        profile={"interleave": "band"},
    ) as writer:
        for window in grid.windows(512):
            rows = mirror(
                np.arange(window.row_off, window.row_off + window.height), values.shape[1]
            )
            columns = mirror(
                np.arange(window.col_off, window.col_off + window.width), values.shape[2]
            )
            writer.write(values[:, rows[:, None], columns[None, :]], window)
    return out


def detect(stack: Path, model: str, out: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """One detection; returns its facts with clock, processor time and the peak of memory."""
    bundle, config = find_model(model), InferenceConfig(**settings)
    shutil.rmtree(
        out, ignore_errors=True
    )  # a finished result of the same request would be taken as it is
    clock, processor = time.perf_counter(), time.process_time()
    facts = predict(Stack.open(stack), [bundle], out=output_folder(out), config=config).facts
    return {
        **facts,
        "clock": time.perf_counter() - clock,
        "processor": time.process_time() - processor,
        "peak_mib": (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            / (2**20 if sys.platform == "darwin" else 2**10)
        ),
    }


def bare(
    model: str,
    runtime: str,
    shape: Sequence[int],
    windows: int,
    threads: int,
    device: str,
    idle: bool = False,
) -> dict[str, Any]:
    """The network alone, on ready-made windows; the first one warms it up and does not count.

    ``idle``: ONNX Runtime's threads sleep while they wait, as in a detection, so that processor
    times can be compared.
    """
    bundle = find_model(model)
    choice = choose(device, "onnx" if runtime == "onnx" else "torch")
    image = np.random.default_rng(0).standard_normal(tuple(shape)).astype(np.float32)
    if runtime == "eager":
        network = _plain_eager(bundle, threads)
    elif runtime == "onnx" and choice.kind == "cpu":
        network = _plain_onnx(bundle.onnx_path, threads, idle)
    else:
        network = _loaded(bundle, choice, threads)
    network(image)
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(windows):
        network(image)
    return {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}


def _plain_onnx(
    path: Path | None, threads: int, idle: bool
) -> Callable[[NDArray[np.float32]], Any]:
    """ONNX Runtime as one would use it without this engine: its own defaults."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    if idle:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(["probability"], {"image": image})


def _plain_eager(bundle: ModelBundle, threads: int) -> Callable[[NDArray[np.float32]], Any]:
    """PyTorch as one would use it without this engine.

    The network is the trained one, in the default memory format.
    """
    import torch
    from safetensors.torch import load_file

    from engine.models.networks import build, probability

    torch.set_num_threads(threads)
    network = build(bundle.card.network, len(bundle.card.channels))
    network.load_state_dict(load_file(str(bundle.weights_path)))
    network.eval()

    def run(image: NDArray[np.float32]) -> Any:
        with torch.inference_mode():
            return probability(network, torch.from_numpy(image)).numpy()

    return run


def _loaded(bundle: Any, choice: Choice, threads: int) -> Callable[[NDArray[np.float32]], Any]:
    return load(bundle, choice, choice.devices[0], precision="auto", threads=threads).run


def unet_bundle(work: Path, model: str) -> str:
    """A U-Net with the bundled model's channels: speed needs no trained weights; made once.

    Returns:
        Its folder.
    """
    from dataclasses import replace

    from engine.models.export import export_bundle
    from engine.models.networks import build

    folder = work / "unet"
    if not (folder / "card.json").exists():
        card = find_model(model).card
        network = {"builder": "unet", "encoder": "resnet18"}
        card = replace(card, name="unet", network=network, multiple_of_px=32, reach_px=None)
        export_bundle(build(network, len(card.channels)).eval(), card, folder)
    return str(folder)


def unet(stack: Path, args: argparse.Namespace, work: Path) -> list[Row]:
    """The throughput of a usual deep network, whose reach no card tells."""
    if find_spec("torch") is None:
        return [("U-Net", "left out: it is exported with PyTorch, which is not installed")]
    model = unet_bundle(work, args.model)
    settings = argparse.Namespace(**{**vars(args), "model": model})
    return [
        (f"U-Net (ResNet-18): {name}", value) for name, value in throughput(stack, settings, work)
    ]


def alone(task: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Run a measurement in a fresh process."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(task, arguments, send))
    process.start()
    send.close()
    try:
        result: dict[str, Any] = json.loads(receive.recv())
    except EOFError as error:
        process.join()
        raise SystemExit(
            f"A measurement ended with exit code {process.exitcode}; see above."
        ) from error
    process.join()
    return result


def _send(task: Callable[..., dict[str, Any]], arguments: tuple[Any, ...], pipe: Any) -> None:
    pipe.send(json.dumps(task(*arguments)))


def throughput(stack: Path, args: argparse.Namespace, work: Path) -> list[Row]:
    """Detection, bare loop and PyTorch, in turns; the best of each counts.

    What a run pays once should not decide: hence a large stack.
    """
    stack = make_tile(stack, work / f"tile-{args.pace}.tif", args.pace)
    config = {"device": "cpu", "threads": args.threads}
    runs: list[dict[str, Any]] = []
    loops: list[dict[str, Any]] = []
    for _ in range(args.repeat):
        runs.append(alone(detect, stack, args.model, work / "out", config))
        found = runs[-1]["windows"]
        shape = (
            1,
            len(find_model(args.model).card.channels),
            found["rows_px"],
            found["columns_px"],
        )
        loops.append(alone(bare, args.model, "onnx", shape, found["computed"], args.threads, "cpu"))
    size = Stack.open(stack).grid.shape
    useful, seen = size[0] * size[1] / 1e6, found["computed"] * shape[2] * shape[3] / 1e6
    stage = min(run["inference_seconds"]["inference"] for run in runs)
    loop = min(run["clock"] for run in loops)
    few = max(2, found["computed"] // 5)
    network = (
        alone(bare, args.model, "onnx", shape, few, args.threads, "cpu", True)["processor"]
        * found["computed"]
        / few
    )
    spent = min(run["processor"] for run in runs)
    rows = [
        (
            "windows",
            f"{found['computed']} of {shape[2]} x {shape[3]}, overlap {found['overlap_px']}",
        ),
        (
            "threads of the baseline",
            f"{args.threads} in each operator, which spin while they wait (ONNX Runtime's default)",
        ),
        ("cost of the overlap", f"{seen / useful:.2f} pixels computed for each useful one"),
        ("detection, inference stage", f"{useful / stage:.2f} Mpx/s useful ({stage:.1f} s)"),
        (
            "bare ONNX Runtime loop, same windows",
            f"{useful / loop:.2f} Mpx/s useful ({loop:.1f} s)",
        ),
        ("ratio by the clock", f"{loop / stage:.2f} (goal 0.85)"),
        (
            "processor time, network alone / whole detection with statistics and writing",
            f"{network / spent:.2f}",
        ),
        (
            "whole detection: statistics, inference, writing",
            ", ".join(f"{v:.1f} s" for v in runs[-1]["inference_seconds"].values()),
        ),
    ]
    if find_spec("torch") is not None:
        rows += _against_torch(args, shape, found["computed"], useful, stage)
    return rows


def _against_torch(
    args: argparse.Namespace, shape: Sequence[int], windows: int, useful: float, stage: float
) -> list[Row]:
    """PyTorch loops over a fifth of the windows.

    ONNX Runtime's loop runs between them, so that each ratio compares neighbours in time.
    """
    few = max(2, windows // 5)
    names = {
        "eager": "PyTorch eager loop",
        "torch": "PyTorch eager loop, channels last",
        "onnx": "",
    }
    spent: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(args.repeat):
        for name, results in spent.items():
            results.append(alone(bare, args.model, name, shape, few, args.threads, "cpu"))
    best = {
        name: {key: min(r[key] for r in results) for key in results[0]}
        for name, results in spent.items()
    }
    rows: list[Row] = []
    for name in ("eager", "torch"):
        seconds = best[name]["clock"] * windows / few
        goal = " (goal 3)" if name == "eager" else ""
        rows += [
            (f"{names[name]}, same network and windows", f"{useful / seconds:.2f} Mpx/s useful"),
            (f"detection's inference stage / {names[name]}", f"{seconds / stage:.1f}{goal}"),
            (
                f"bare ONNX Runtime loop / {names[name]}, by the clock and by processor time",
                ", ".join(
                    f"{best[name][key] / best['onnx'][key]:.1f}" for key in ("clock", "processor")
                ),
            ),
        ]
    return rows


def memory(stack: Path, args: argparse.Namespace, work: Path) -> list[Row]:
    """Peak memory of a full tile and of a small one, each in its own process."""
    config = {"device": "cpu", "threads": args.threads}
    small = alone(
        detect,
        make_tile(stack, work / f"tile-{SMALL_PX}.tif", SMALL_PX),
        args.model,
        work / "out",
        config,
    )
    full = alone(
        detect,
        make_tile(stack, work / f"tile-{args.full}.tif", args.full),
        args.model,
        work / "out",
        config,
    )
    seconds = full["inference_seconds"]
    return [
        (f"peak memory, {args.full} x {args.full}", f"{full['peak_mib']:.0f} MiB (goal 2560)"),
        (f"peak memory, {SMALL_PX} x {SMALL_PX}", f"{small['peak_mib']:.0f} MiB"),
        ("difference", f"{full['peak_mib'] - small['peak_mib']:.0f} MiB (goal 300)"),
        (
            f"{args.full} x {args.full}: whole detection",
            f"{full['clock'] / 60:.1f} min, {full['mpx_per_s']:.2f} Mpx/s useful",
        ),
        (
            f"{args.full} x {args.full}: statistics, inference, writing",
            ", ".join(f"{v:.1f} s" for v in seconds.values()),
        ),
    ]


def windows(stack: Path, args: argparse.Namespace, work: Path) -> list[Row]:
    """A part of the scene with several sizes of windows; the pictures show where they differ."""
    stack = make_tile(stack, work / f"seams-{args.seams}.tif", args.seams)
    results = {}
    for size in WINDOWS_PX:
        folder = work / f"window-{size}"
        # A card that gives its model's reach has the overlap chosen for it; any other gets
        # enough for deep networks.
        overlap = WINDOW_OVERLAP_PX if find_model(args.model).card.reach_px is None else None
        settings = {
            "device": "cpu",
            "threads": args.threads,
            "window_px": size,
            "overlap_px": overlap,
        }
        alone(detect, stack, args.model, folder, settings)
        with ProbabilityRaster.open(folder / "probability.tif").reader() as reader:
            results[size] = reader.read()
    rows = []
    for one, two in combinations(WINDOWS_PX, 2):
        difference = np.abs(results[one] - results[two])
        valid = ~np.isnan(difference)
        share = float(np.mean(difference[valid] < 0.02))
        picture = work / f"windows-{one}-{two}.png"
        _draw(results[two], difference, picture)
        rows.append(
            (
                f"windows of {one} and {two}: pixels that differ by less than 0.02",
                (
                    f"{share:.3%} (goal 99.9 %), largest difference"
                    f" {float(difference[valid].max()):.3f}, {picture.name}"
                ),
            )
        )
    return rows


def _draw(probability: NDArray[np.float32], difference: NDArray[np.float32], out: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(14, 7), layout="constrained")
    for axis, values, limit, title in (
        (axes[0], probability, 1.0, "probability"),
        (axes[1], difference, 0.05, "absolute difference, 0 … 0.05"),
    ):
        shown = axis.imshow(
            values[::2, ::2], vmin=0, vmax=limit, cmap="magma", interpolation="nearest"
        )
        axis.set_title(title)
        axis.set_axis_off()
        figure.colorbar(shown, ax=axis, shrink=0.7)
    figure.savefig(out, dpi=90)
    plt.close(figure)


def gpu(stack: Path, args: argparse.Namespace, work: Path) -> list[Row]:
    """On CUDA: detection against the bare forward pass, and the CPU's result."""
    run = alone(detect, stack, args.model, work / "gpu", {"device": "cuda:0"})
    found, channels = run["windows"], len(find_model(args.model).card.channels)
    useful = run["valid_pixels"] / max(run["valid_share"], 1e-9) / 1e6
    best = 0.0
    for batch in (4, 8, 16, 32):
        shape = (batch, channels, found["rows_px"], found["columns_px"])
        seconds = alone(bare, args.model, "torch", shape, 20, args.threads, "cuda:0")["clock"] / (
            20 * batch
        )
        best = max(best, useful / (seconds * found["computed"]))
    alone(detect, stack, args.model, work / "cpu", {"device": "cpu", "threads": args.threads})
    pair = []
    for name in ("gpu", "cpu"):
        with ProbabilityRaster.open(work / name / "probability.tif").reader() as reader:
            pair.append(reader.read())
    difference = np.abs(pair[0] - pair[1])
    share = float(np.mean(difference[~np.isnan(difference)] < 0.01))
    return [
        (
            "GPU: detection, inference stage",
            f"{run['mpx_per_s']:.1f} Mpx/s useful, {run['device']['reason']}",
        ),
        ("GPU: bare forward pass with transfers, best batch", f"{best:.1f} Mpx/s useful"),
        ("GPU: ratio", f"{run['mpx_per_s'] / best:.2f} (goal 0.7)"),
        ("GPU: pixels within 0.01 of the CPU's", f"{share:.4%} (goal 99.9 %)"),
    ]


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for stacks and results")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument(
        "--size", type=int, default=2400, help="side of the simulated scene in pixels"
    )
    parser.add_argument("--full", type=int, default=10980, help="side of the full tile in pixels")
    parser.add_argument(
        "--seams",
        type=int,
        default=1200,
        help="side of the part whose seams are measured, in pixels",
    )
    parser.add_argument(
        "--pace",
        type=int,
        default=4800,
        help="side of the stack whose throughput is measured, in pixels",
    )
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--repeat", type=int, default=2)
    parts: dict[str, Callable[[Path, argparse.Namespace, Path], list[Row]]] = {
        "throughput": throughput,
        "memory": memory,
        "windows": windows,
        "unet": unet,
        "gpu": gpu,
    }
    parser.add_argument(
        "--only", nargs="+", choices=list(parts), default=["throughput", "memory", "windows"]
    )
    args = parser.parse_args()
    work = output_folder(args.work.resolve())
    bundle = find_model(args.model)
    scene = make_scene(work, args.size)
    load_now = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"Model {bundle.card.name} {bundle.card.version} ({bundle.digest[:12]}), {args.threads}"
        f" threads, {platform.machine()} with"
    )
    print(
        f"{cores()} cores, Python {platform.python_version()}; load of the machine at the start:"
        f" {load_now:.1f}.\n"
    )
    print("| measured | result |\n|---|---|")
    for name in args.only:
        for label, value in parts[name](scene, args, work):
            print(f"| {label} | {value} |", flush=True)


if __name__ == "__main__":
    main()
