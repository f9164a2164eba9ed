"""Draw the pictures of the page "Your first inventory", by running its commands.

    .venv/engine/bin/python scripts/guide_pictures.py [--data DIR] [--out docs/images]

DIR holds ``hokkaido_2018``. The beginning of the report is photographed with headless Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

import numpy as np
import shapely
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from shown_output import DOCS, ROOT, Page, starting_folder

from engine.handles import ProbabilityRaster, Stack
from engine.inventory.storage.reading import read_inventory
from engine.report.figures import OUTLINE, Picture, picture_of
from engine.scene.stack import StackConfig, make_stack

# What the close-up of the detection shows: left, bottom, right, top in degrees.
CLOSE = (141.926, 42.712, 141.948, 42.728)
START = "hokkaido_2018"


def two_panels(left: str, right: str, shape: tuple[int, int]) -> Figure:
    """A figure with two panels side by side."""
    rows, columns = shape
    figure = Figure(figsize=(12, 6 * rows / columns + 0.35), layout="constrained")
    for axes, title in zip(figure.subplots(1, 2), (left, right), strict=True):
        axes.set_title(title, fontsize=11)
        axes.set_axis_off()
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a picture of moderate size."""
    figure.savefig(path, dpi=110, pil_kwargs={"quality": 85})
    print(path)


def extent(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Bounds in matplotlib's order."""
    left, bottom, right, top = bounds
    return left, right, bottom, top


def show(figure: Figure, panel: int, picture: Picture) -> None:
    """Draw an image into a panel."""
    figure.axes[panel].imshow(picture.values, extent=extent(picture.bounds), aspect="auto")


def before_and_after(folder: Path, out: Path) -> None:
    """The area before and after the earthquake, stretched alike."""
    after = Stack.open(folder / "stack.tif")
    bounds = after.grid.bounds
    before = make_stack(
        sorted(folder.glob("pre_*.tif")),
        [],
        out=folder / "before.tif",
        config=StackConfig(bounds=bounds, quality="off"),
    )
    figure = two_panels("before", "after", after.grid.shape)
    low, high = np.percentile(_colours(after), (1, 99), axis=(0, 1))
    for panel, stack in enumerate((before, after)):
        shown = np.clip((_colours(stack) - low) / (high - low), 0, 1) ** 0.8
        show(figure, panel, Picture(np.nan_to_num(shown, nan=0), bounds, after.grid.crs))
    save(figure, out / "start-before-after.jpg")


def _colours(stack: Stack) -> NDArray[np.float32]:
    with stack.reader() as reader:
        return np.moveaxis(reader.read(["B04", "B03", "B02"]), 0, -1)


def stack_layers(folder: Path, out: Path) -> None:
    """True colour and slope of the stack."""
    stack = Stack.open(folder / "stack.tif")
    picture = picture_of(stack)
    assert picture is not None
    with stack.reader() as reader:
        slope = reader.read(["slope"])[0]
    figure = two_panels("B04, B03, B02", "slope (degrees)", stack.grid.shape)
    show(figure, 0, picture)
    image = figure.axes[1].imshow(slope, extent=extent(stack.grid.bounds), aspect="auto", vmax=45)
    figure.colorbar(image, ax=figure.axes[1], shrink=0.8)
    save(figure, out / "start-stack.jpg")


def detection(folder: Path, out: Path) -> None:
    """Probability and outlines, close up."""
    stack = Stack.open(folder / "stack.tif")
    picture = picture_of(stack)
    assert picture is not None
    probability = ProbabilityRaster.open(folder / "results" / "probability.tif")
    with probability.reader() as reader:
        values = reader.read()
    inventory = read_inventory(folder / "results" / "inventory.gpkg")
    left, bottom, right, top = CLOSE
    figure = two_panels("probability", "outlines", (1, 1))
    figure.set_size_inches(12, 6 * (top - bottom) / (right - left) * 1.36 + 0.35)
    figure.axes[0].imshow(
        values, extent=extent(probability.grid.bounds), aspect="auto", cmap="cividis"
    )
    show(figure, 1, picture)
    outlines = shapely.boundary(inventory.landslides.to_crs(stack.grid.crs).geometry.to_numpy())
    for line in shapely.get_parts(outlines):
        figure.axes[1].plot(*line.xy, color=OUTLINE, linewidth=1.2)
    for axes in figure.axes:
        axes.set_xlim(left, right)
        axes.set_ylim(bottom, top)
    save(figure, out / "start-detect.jpg")


def report(folder: Path, out: Path) -> None:
    """The first screen of the report."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Chromium is not installed: the picture of the report stays as it is.")
        return
    target = out / "start-report.jpg"
    shot = folder / "report.png"
    subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--window-size=1100,900",
            f"--screenshot={shot}",
            (folder / "results" / "report.html").as_uri(),
        ],
        check=True,
        capture_output=True,
    )
    with Image.open(shot) as image:
        image.convert("RGB").save(target, quality=82)
    print(target)


def main() -> None:
    """Run the page's commands and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=DOCS / "images")
    args = parser.parse_args()
    page = Page(DOCS / "get-started" / "first-inventory.md", START)
    with starting_folder(START, args.data) as folder:
        page.updated(folder)
        before_and_after(folder, args.out)
        stack_layers(folder, args.out)
        detection(folder, args.out)
        report(folder, args.out)


if __name__ == "__main__":
    main()
