"""Measure polygonizing and zonal statistics against GDAL and rasterstats.

On a full Sentinel-2 tile; prints a Markdown table.

    python scripts/bench_inventory.py [--side 10980] [--slides 50000] [--sample 2000] [--folder DIR]

Every figure is taken in a process of its own, so that its peak memory is its own. GDAL's polygonize
is that of the system's Python (package python3-gdal), writing to memory; without it, that of
rasterio. rasterstats is measured on a sample of polygons and scaled to their number, because all of
them would take many minutes; it is only needed here: ``pip install rasterstats``.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window
from scipy import ndimage

from engine.grid import Grid
from engine.handles import LandslideMask, ProbabilityRaster, Stack, encode_probability
from engine.inventory.layers import open_layers
from engine.inventory.outline import polygons
from engine.inventory.runs import label_runs, read_mask
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.vectorize import vectorize
from engine.inventory.zonal import zonal_statistics
from engine.raster import RasterWriter

GDAL_PROGRAM = """
import sys, time
from osgeo import gdal, ogr
gdal.UseExceptions() if hasattr(gdal, "UseExceptions") else None
gdal.SetCacheMax(256 * 2**20)
source = gdal.Open(sys.argv[1])
band = source.GetRasterBand(1)
layer = ogr.GetDriverByName("Memory").CreateDataSource("m").CreateLayer("l")
started, cpu = time.perf_counter(), time.process_time()
options = ["8CONNECTED=8"] if sys.argv[2] == "8" else []
gdal.Polygonize(band, band, layer, -1, options)
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(seconds, cpu, layer.GetFeatureCount(), *peak)
"""


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=10980)
    parser.add_argument("--slides", type=int, default=50_000)
    parser.add_argument(
        "--sample", type=int, default=2000, help="polygons on which rasterstats is measured"
    )
    parser.add_argument("--folder", type=Path, help="where the test rasters are made (and kept)")
    parser.add_argument("--only", choices=sorted(STEPS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        measured = STEPS[args.only](args.folder, args.sample)
        print(json.dumps({"kib": _peak_kib(), **measured}) if measured else "{}")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "stack.tif").exists():
            make_scene(folder, args.side, args.slides)
        results = {name: _in_own_process(name, folder, args.sample) for name in STEPS}
    _print(results, args.side)


def _peak_kib() -> int | None:
    """Peak memory of this process; Linux only (getrusage would count what the parent held)."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), None)


class Clock:
    """Wall and processor time since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Seconds on the wall and seconds of processor time."""
        return {"seconds": time.perf_counter() - self._wall, "cpu": time.process_time() - self._cpu}


def make_scene(folder: Path, side: int, slides: int) -> None:
    """Write a mask of elliptic slides with rough edges, a probability and a DEM, strip by strip."""
    grid = Grid(CRS.from_epsg(32651), Affine(10, 0, 300000, 0, -10, 2600000), (side, side))
    rng = np.random.default_rng(0)
    centre = rng.integers(0, side, (slides, 2))
    length = np.clip(8 * rng.pareto(1.4, slides) ** 0.5 + 4, 4, 120)
    angle = rng.uniform(0, np.pi, slides)
    coarse = (
        ndimage.gaussian_filter(rng.normal(size=(side // 64 + 2, side // 64 + 2)), 3) * 4000 + 1500
    )
    common: dict[str, Any] = {"overviews": False}
    with (
        RasterWriter(
            folder / "mask.tif", grid, dtype="uint8", bands=["landslide"], nodata=255, **common
        ) as mask,
        RasterWriter(
            folder / "probability.tif",
            grid,
            dtype="uint8",
            bands=["p"],
            nodata=255,
            scales=[0.004],
            **common,
        ) as probability,
        RasterWriter(
            folder / "stack.tif", grid, dtype="float32", bands=["slope", "DEM"], **common
        ) as stack,
    ):
        for top in range(0, side, 512):
            window = Window(0, top, side, min(512, side - top))
            near = np.flatnonzero(np.abs(centre[:, 0] - top - 256) < 256 + length.max())
            slide = _ellipses(window, centre[near], length[near], angle[near], rng)
            mask.write(slide[None], window)
            noise = rng.random(slide.shape, np.float32) * 0.4
            probability.write(encode_probability(noise + 0.6 * slide)[None], window)
            rows = np.arange(top, top + int(window.height)) / 64
            dem = ndimage.map_coordinates(
                coarse, np.meshgrid(rows, np.arange(side) / 64, indexing="ij"), order=1
            )
            stack.write(np.stack([noise * 100, dem]).astype(np.float32), window)


def _ellipses(
    window: Window,
    centre: NDArray[Any],
    length: NDArray[Any],
    angle: NDArray[Any],
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    out = np.zeros((int(window.height), int(window.width)), np.uint8)
    for (y, x), a, turn in zip(centre, length, angle, strict=True):
        reach = int(a) + 1
        rows = slice(max(0, y - window.row_off - reach), max(0, y - window.row_off + reach))
        columns = slice(max(0, x - reach), x + reach)
        part = out[rows, columns]
        row, column = np.indices(part.shape)
        dy, dx = row + rows.start + window.row_off - y, column + columns.start - x
        along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        rough = 1 + 0.3 * rng.random(part.shape)
        part[((along / a) ** 2 + (across / (a / 2.5)) ** 2) * rough < 1] = 1
    return out


def ours_polygonize(folder: Path, sample: int) -> dict[str, Any]:
    """Read the mask, join blobs and trace their outlines."""
    clock = Clock()
    mask = LandslideMask.open(folder / "mask.tif")
    slides, _, _ = read_mask(mask)
    slides = label_runs(slides, 8)
    shapes = polygons(slides, mask.grid.transform)
    return {**clock.read(), "polygons": len(shapes), "pixels": int(slides.length.sum())}


def gdal_polygonize(folder: Path, sample: int) -> dict[str, Any]:
    """GDAL's polygonize alone on the same mask."""
    for python in ("/usr/bin/python3", sys.executable):
        command = [python, "-c", GDAL_PROGRAM, str(folder / "mask.tif"), "8"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            seconds, cpu, found, *peak = done.stdout.split()
            return {
                "seconds": float(seconds),
                "cpu": float(cpu),
                "polygons": int(found),
                "kib": int(peak[0]) if peak else None,
            }
    import rasterio
    from rasterio.features import shapes

    with rasterio.open(folder / "mask.tif") as dataset:
        values = dataset.read(1)
    clock = Clock()
    count = sum(1 for _ in shapes(values, mask=values == 1, connectivity=8))
    return {**clock.read(), "polygons": count}


def ours_zonal(folder: Path, sample: int) -> dict[str, Any]:
    """Probability and terrain statistics of all landslides in one pass."""
    mask = LandslideMask.open(folder / "mask.tif")
    slides = label_runs(read_mask(mask)[0], 8)
    clock = Clock()
    with open_layers(
        mask.grid,
        probability=ProbabilityRaster.open(folder / "probability.tif"),
        uncertainty=None,
        stack=Stack.open(folder / "stack.tif"),
        change=None,
    ) as (names, read):
        zonal_statistics(slides, mask.grid, names, read)
    return {**clock.read(), "polygons": slides.count, "layers": len(names)}


def rasterstats_zonal(folder: Path, sample: int) -> dict[str, Any]:
    """Run rasterstats on a sample, one read a polygon.

    Mean, minimum and maximum of probability, elevation and slope.
    """
    try:
        from rasterstats import zonal_stats  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return {}
    mask = LandslideMask.open(folder / "mask.tif")
    slides = label_runs(read_mask(mask)[0], 8)
    shapes = polygons(slides, mask.grid.transform)
    chosen = list(np.random.default_rng(1).choice(shapes, min(sample, len(shapes)), replace=False))
    clock = Clock()
    for name, band in (("probability.tif", 1), ("stack.tif", 1), ("stack.tif", 2)):
        zonal_stats(chosen, str(folder / name), band=band, stats=["mean", "min", "max"])
    scale = len(shapes) / len(chosen)
    times = {name: value * scale for name, value in clock.read().items()}
    return {**times, "polygons": len(shapes), "layers": 3, "sample": len(chosen)}


def whole_inventory(folder: Path, sample: int) -> dict[str, Any]:
    """Everything from mask to GeoPackage with all attributes."""
    clock = Clock()
    inventory = vectorize(
        LandslideMask.open(folder / "mask.tif"),
        probability=ProbabilityRaster.open(folder / "probability.tif"),
        stack=Stack.open(folder / "stack.tif"),
    )
    (folder / "inventory.gpkg").unlink(missing_ok=True)
    write_geopackage(inventory, folder / "inventory.gpkg")
    return {**clock.read(), "polygons": len(inventory)}


STEPS = {
    "GDAL polygonize": gdal_polygonize,
    "our polygonize": ours_polygonize,
    "rasterstats": rasterstats_zonal,
    "our zonal statistics": ours_zonal,
    "mask to GeoPackage, all attributes": whole_inventory,
}


def _in_own_process(name: str, folder: Path, sample: int) -> dict[str, Any]:
    command = [
        sys.executable,
        __file__,
        "--only",
        name,
        "--folder",
        str(folder),
        "--sample",
        str(sample),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _print(results: dict[str, dict[str, Any]], side: int) -> None:
    print(
        f"Mask of {side} x {side} pixels; {platform.machine()}, Python"
        f" {platform.python_version()}\n"
    )
    print("| step | polygons | layers | seconds | processor seconds | peak memory |")
    print("|---|---|---|---|---|---|")
    for name, r in results.items():
        if r:
            memory = f"{r['kib'] / 2**20:.2f} GiB" if r.get("kib") else "–"
            print(
                f"| {name} | {r['polygons']:,} | {r.get('layers', '–')} | {r['seconds']:.1f} |"
                f" {r['cpu']:.1f} | {memory} |"
            )
    ours, gdal = results["our polygonize"], results["GDAL polygonize"]
    print(f"\nOur polygonize takes {ours['cpu'] / gdal['cpu']:.2f} times GDAL's processor time.")
    other, zonal = results["rasterstats"], results["our zonal statistics"]
    if other:
        print(
            f"Zonal statistics take {other['cpu'] / zonal['cpu']:.0f} times less processor time"
            f" than rasterstats, which was measured on {other['sample']:,} polygons and scaled."
        )


if __name__ == "__main__":
    main()
