"""Draw the pictures of docs/method/models/light.md from a finished run of train_bundled_model.py.

    python scripts/model_card_figures.py --data DIR --run OUT --hokkaido probability.tif [--out
    docs/method/models]

``--hokkaido`` is what ``l4s detect`` wrote for the after-scene; without it that picture is left
out.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray

from engine.bands import NAMES
from engine.models.bundle import ModelBundle
from engine.patches.splits import split
from engine.raster import open_raster, read_window
from engine.training.assembly import train_task
from engine.training.pools import prepare, select
from engine.training.recipe import recipe_from_dict
from engine.training.run import FOLDS, make_task
from engine.training.scoring import predict_pool

RGB = [NAMES.index(name) for name in ("B04", "B03", "B02")]
Image = NDArray[np.float32]


def natural(image: Image) -> Image:
    """Red, green and blue (rows, columns, 3), stretched from the 1st to the 99th percentile."""
    low, high = np.nanpercentile(image, [1, 99], axis=(1, 2))
    scaled = (image - low[:, None, None]) / np.maximum(high - low, 1)[:, None, None]
    return np.asarray(np.clip(np.nan_to_num(scaled), 0, 1).transpose(1, 2, 0) ** 0.8, np.float32)


def save(figure: Any, path: Path) -> None:
    """Write a small JPEG."""
    figure.savefig(path, dpi=100, bbox_inches="tight", pil_kwargs={"quality": 80})
    plt.close(figure)


def draw_reliability(bundle: ModelBundle, path: Path) -> None:
    """Predicted against observed share."""
    curve = bundle.card.training["calibration"]["reliability"]
    figure, axes = plt.subplots(figsize=(4, 4))
    axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    axes.plot([c["predicted"] for c in curve], [c["observed"] for c in curve], "o-")
    axes.axvline(bundle.card.threshold, color="tab:red", linewidth=1, label="threshold")
    axes.set(
        xlabel="predicted probability", ylabel="share labelled landslide", xlim=(0, 1), ylim=(0, 1)
    )
    axes.legend()
    save(figure, path)


def draw_patches(data: Path, run: Path, bundle: ModelBundle, path: Path) -> None:
    """All labelled patches with the outlines of label and prediction.

    Yellow is the label, red what the fold that had not seen it finds.
    """
    recipe = recipe_from_dict(dict(bundle.card.training["recipe"]))
    material = prepare(recipe, data / "landslide4sense")
    network, held = recipe.networks()[recipe.name], recipe.data
    offset, temperature = (
        bundle.card.training["calibration"][key] for key in ("offset", "temperature")
    )
    panels = []
    if held.validation == "none":
        raise SystemExit("The run held nothing out.")
    for fold in split(material.arrays, held.validation, held.folds, seed=recipe.training.seed):
        task = make_task(recipe, network, material, fold)
        model = train_task(task, run / FOLDS / fold.name, resume=True).model
        model.offset, model.temperature = offset, temperature
        device = next(model.parameters()).device
        pool = select(material.pool, fold.validation)
        found = predict_pool(model, pool, device=device, clip=task.clip)
        panels += list(zip(fold.validation, found, strict=True))
    figure, axes = plt.subplots(-(-len(panels) // 7), 7, figsize=(14, 4.4))
    for panel, (index, probability) in zip(axes.ravel(), panels, strict=False):
        image, mask = material.arrays.raw(int(index)), material.arrays.masks[index]
        panel.imshow(natural(image[RGB]))
        if (mask == 1).any():
            panel.contour(mask == 1, [0.5], colors="yellow", linewidths=0.8)
        if (probability >= bundle.card.threshold).any():
            panel.contour(probability, [bundle.card.threshold], colors="red", linewidths=0.8)
        panel.set_title(material.arrays.ids[index], fontsize=9)
        panel.axis("off")
    save(figure, path)


def draw_scene(probability: Path, data: Path, threshold: float, path: Path) -> None:
    """The Hokkaido after-scene, and a part of it with outlines."""
    bands = []
    for name in ("B04", "B03", "B02"):
        with open_raster(data / "hokkaido_2018" / f"post_{name}.tif") as dataset:
            bands.append(read_window(dataset, [1])[0])
    with open_raster(probability) as dataset:
        found = read_window(dataset, [1])[0]
    colours = natural(np.stack(bands))
    rows, columns = slice(250, 600), slice(250, 750)
    if (
        found.shape != colours.shape[:2]
    ):  # detected on the scene's UTM grid: stretch it, which is enough to look at
        y = np.arange(colours.shape[0]) * found.shape[0] // colours.shape[0]
        x = np.arange(colours.shape[1]) * found.shape[1] // colours.shape[1]
        found = found[y][:, x]
    figure, axes = plt.subplots(1, 2, figsize=(15, 5.6))
    for panel in axes:
        panel.imshow(colours[rows, columns])
        panel.axis("off")
    axes[1].contour(
        np.nan_to_num(found)[rows, columns], [threshold], colors="yellow", linewidths=0.8
    )
    save(figure, path)


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--hokkaido", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/method/models"))
    args = parser.parse_args()
    bundle = ModelBundle.open(args.run / "light")
    args.out.mkdir(parents=True, exist_ok=True)
    draw_reliability(bundle, args.out / "light-reliability.jpg")
    draw_patches(args.data, args.run, bundle, args.out / "light-patches.jpg")
    if args.hokkaido is not None:
        draw_scene(args.hokkaido, args.data, bundle.card.threshold, args.out / "light-hokkaido.jpg")


if __name__ == "__main__":
    main()
