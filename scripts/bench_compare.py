"""Measure commands on large inventories: compare, rewrite, export and report.

    python scripts/bench_compare.py [--count 200000] [--folder DIR]

Two inventories are made on a full Sentinel-2 tile: landslides with stepped outlines, six in ten of
the second moved by a few pixels from the first, the others elsewhere, and an analysed area with a
tenth as many clouds cut out. Each command runs in its own process; a Markdown table is printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.storage.geopackage import write_geopackage

SIDE_PX = 10_980
PIXEL_M = 10.0
LEFT, BOTTOM = 3e5, 2e6
PROGRAM = """
import resource, sys
from engine.cli import main
code = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def main() -> None:
    """Make the inventories, run the commands and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000, help="landslides of each inventory")
    parser.add_argument("--folder", type=Path, help="where the inventories are made (and kept)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "theirs.gpkg").exists():
            make(folder, args.count)
        ours, theirs = folder / "ours.gpkg", folder / "theirs.gpkg"
        commands: dict[str, list[Any]] = {
            "compare": ["compare", "--inventory", ours, "--reference", theirs],
            "report": ["report", "--inventory", ours, "--out", folder / "report.html"],
        }
        for suffix in ("gpkg", "gpkg", "geojson", "shp", "fgb", "kmz", "csv"):
            out = folder / f"export.{suffix}"
            name = f"export .{suffix}"
            commands[name + (" again, in place" if name in commands else "")] = [
                *("export", "--inventory", ours, "--out", out)
            ]
        print(f"{args.count:,} landslides\n\n| command | seconds | processor seconds | memory |")
        print("|---|---|---|---|")
        for name, words in commands.items():
            print(f"| {name} | {_run(words)} |", flush=True)


def _run(words: list[Any]) -> str:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, words)], capture_output=True, text=True
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{words[0]} failed: {done.stderr}")
    cpu, kib = done.stderr.splitlines()[-1].split()
    return f"{seconds:.0f} | {float(cpu):.1f} | {int(kib) / 2**20:.2f} GiB"


def make(folder: Path, count: int) -> None:
    """Write the two inventories."""
    rng = np.random.default_rng(0)
    ours = blobs(count, rng)
    moved = int(0.6 * len(ours))
    step = rng.integers(-2, 3, (moved, 2)) * PIXEL_M
    xy, owner = shapely.get_coordinates(ours[:moved], return_index=True)
    near = shapely.set_coordinates(ours[:moved].copy(), xy + step[owner])
    theirs = np.concatenate([near, blobs(count - moved, rng)])
    top = SIDE_PX * PIXEL_M
    tile = shapely.box(LEFT - 300, BOTTOM - 300, LEFT + top + 300, BOTTOM + top + 300)
    ground = shapely.difference(tile, shapely.union_all(blobs(count // 10, rng)))
    for name, shapes in (("ours", ours), ("theirs", theirs)):
        columns = {"id": np.arange(1, len(shapes) + 1), "area_m2": shapely.area(shapes)}
        table = as_landslides(shapes, "EPSG:32651", columns)
        write_geopackage(Inventory(table, ground, {}), folder / f"{name}.gpkg")


def blobs(count: int, rng: np.random.Generator) -> NDArray[np.object_]:
    """Landslides of random place and size with outlines that follow pixels' corners."""
    middle = rng.integers(0, SIDE_PX, (count, 2)) * PIXEL_M + (LEFT, BOTTOM)
    radius = np.clip(rng.pareto(1.4, count) ** 0.5 * 2 + 2, 2, 30) * PIXEL_M
    round_ones = shapely.buffer(shapely.points(middle), radius, quad_segs=6)
    stepped = shapely.transform(round_ones, lambda xy: np.round(xy / PIXEL_M) * PIXEL_M)
    parts, owner = shapely.get_parts(shapely.make_valid(stepped), return_index=True)
    order = np.lexsort((-shapely.area(parts), owner))
    first = np.unique(owner[order], return_index=True)[1]
    largest: NDArray[np.object_] = parts[order[first]]
    return largest


if __name__ == "__main__":
    main()
