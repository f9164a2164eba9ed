"""Measure ``l4s stack`` against merely decoding its JPEG 2000 bands.

    python scripts/bench_stack.py --work DIR [--size 10980] [--threads N]

A Level-1C SAFE product with two DEM archives is simulated into DIR (unless it is there already),
and then, each in a process of its own: its bands are decoded with rasterio, in the pieces and with
the threads that the stack uses; the stack of the whole product is made; stacks of three smaller
areas are made. The result is a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Any

import rasterio
from rasterio.windows import Window

from engine.raster import grid_of, open_raster
from engine.scene.pieces import pieces
from engine.scene.simulation.simulate import SimulationConfig, simulate
from engine.scene.stack import StackConfig, make_stack

AREAS_KM = (5, 10, 20)


def decode(work: Path, threads: int) -> float:
    """Decode every band piece by piece, as the stack does, and throw the pixels away."""
    files = sorted(work.glob("*.SAFE/GRANULE/*/IMG_DATA/*_B*.jp2"))
    with ExitStack() as opened, ThreadPoolExecutor(threads) as pool:
        datasets = [(opened.enter_context(open_raster(file)), Lock()) for file in files]
        with open_raster(next(file for file in files if file.stem.endswith("B02"))) as sharpest:
            grid = grid_of(sharpest)

        def read(dataset: Any, lock: Lock, window: Window) -> int:
            with lock:
                return int(dataset.read(1, window=window).size)

        jobs = []
        for piece in pieces(grid):
            for dataset, lock in datasets:
                factor = grid.rows // dataset.height
                left, top = piece.col_off // factor, piece.row_off // factor
                right = min(-(-(piece.col_off + piece.width) // factor), dataset.width)
                bottom = min(-(-(piece.row_off + piece.height) // factor), dataset.height)
                jobs.append(
                    pool.submit(read, dataset, lock, Window(left, top, right - left, bottom - top))
                )
        return float(sum(job.result() for job in jobs))


def stack(work: Path, threads: int, area_km: float | None = None) -> float:
    """Make the stack of the product, or of a square in its middle; returns the size of the file."""
    bounds = None
    if area_km is not None:
        with open_raster(next(work.glob("*.SAFE/GRANULE/*/IMG_DATA/*_B02.jp2"))) as dataset:
            b = dataset.bounds
        # Off the tiles' corners, as areas of interest are.
        x, y, half = (b.left + b.right) / 2 + 1230, (b.bottom + b.top) / 2 - 2340, area_km * 500
        bounds = (x - half, y - half, x + half, y + half)
    out = work / "bench_stack.tif"
    make_stack(
        sorted(work.glob("*.SAFE")),
        sorted(work.glob("AP_*.zip")),
        out=out,
        config=StackConfig(bounds=bounds, workers=threads),
    )
    size = out.stat().st_size
    out.unlink()
    return float(size)


def _child(task: Callable[..., float], arguments: tuple[Any, ...], pipe: Any) -> None:
    start = time.perf_counter()
    value = task(*arguments)
    wall = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send((wall, usage.ru_utime + usage.ru_stime, _peak_mib(), value))


def _peak_mib() -> float:
    """Peak memory of this process.

    ru_maxrss would count that of the process from which it was started.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    line = next(
        line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def measured(task: Callable[..., float], *arguments: Any) -> tuple[float, float, float, float]:
    """Run a task in a fresh process.

    Returns:
        Wall seconds, processor seconds, peak memory in MiB, and its result.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_child, args=(task, arguments, there))
    process.start()
    there.close()
    result: tuple[float, float, float, float] = here.recv()
    process.join()
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder of the simulated product")
    parser.add_argument("--size", type=int, default=10980)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--skip-areas", action="store_true")
    options = parser.parse_args()
    if not (options.work / "scene.json").exists():
        simulate(options.work, SimulationConfig(size_px=options.size, seed=3, product="l1c"))
    size = json.loads((options.work / "scene.json").read_text(encoding="utf-8"))["size_px"]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, rasterio {rasterio.__version__}, GDAL"
        f" {rasterio.__gdal_version__}"
    )
    print(f"{size} x {size} pixels, {options.threads} threads\n")
    print("| task | wall s | processor s | peak MiB | file MB |\n|---|---|---|---|---|")
    base = measured(decode, options.work, options.threads)
    print(
        f"| decode the 13 JP2 bands | {base[0]:.1f} | {base[1]:.1f} | {base[2]:.0f} | |", flush=True
    )
    whole = measured(stack, options.work, options.threads)
    print(
        f"| stack | {whole[0]:.1f} | {whole[1]:.1f} | {whole[2]:.0f} | {whole[3] / 1e6:.0f} |",
        flush=True,
    )
    for area_km in () if options.skip_areas else AREAS_KM:
        part = measured(stack, options.work, options.threads, area_km)
        print(
            f"| stack of {area_km} x {area_km} km | {part[0]:.1f} | {part[1]:.1f} | {part[2]:.0f} |"
            f" {part[3] / 1e6:.0f} |",
            flush=True,
        )
    print(
        f"\nstack / decode: {whole[0] / base[0]:.2f} in wall time, {whole[1] / base[1]:.2f} in"
        " processor time"
    )


if __name__ == "__main__":
    main()
