"""Train the bundled model `light` and measure its false alarms.

    python scripts/train_bundled_model.py --data DIR --out DIR [--set KEY=VALUE] [--install]

DIR holds ``landslide4sense/TrainData`` (14 labelled patches) and the landslide-free scenes
``majortom_l2a``, ``ssl4eo_punjab`` and ``slovenia_l1c``. The training is that of ``l4s train
--recipe light``, and goes on where it was stopped. Parts of the landslide-free scenes are never
trained on; the share of their pixels that the model draws is added to its card.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bundled_model_data import write_scenes
from safetensors.numpy import load_file

from engine.bands import NAMES, OPTICAL, TERRAIN
from engine.events import Event, Log, Reporter
from engine.models.bundle import ModelBundle, write_bundle
from engine.models.networks import probability
from engine.models.normalization import StatisticsAccumulator
from engine.samples.areas import free_areas
from engine.samples.maker import Area
from engine.training.adapting.teachers import load_segmenter
from engine.training.recipe import load_recipe
from engine.training.run import train

SETS = {
    "all bands, no terrain": OPTICAL,
    "all bands + terrain": NAMES,
    "B02 B03 B04": ("B02", "B03", "B04"),
    "B02 B03 B04 + terrain": ("B02", "B03", "B04", *TERRAIN),
}


def false_alarms(bundle: ModelBundle, areas: list[Area]) -> list[dict[str, Any]]:
    """Share of pixels called landslide where there is none, in per cent.

    With terrain, or flat terrain where none is known.
    """
    model, card = load_segmenter(bundle), bundle.card
    rows = []
    for area in areas:
        image = area.image.numpy().copy()
        flat = bool(np.isnan(image[NAMES.index("slope")]).all())
        if flat:
            image[NAMES.index("slope")] = np.random.default_rng(0).uniform(0, 1.5, image.shape[1:])
            image[NAMES.index("DEM")] = 60.0
        for label, wanted in SETS.items():
            names = [n for n in wanted if not np.isnan(image[NAMES.index(n)]).all()]
            raw = np.ascontiguousarray(image[[NAMES.index(name) for name in names]])
            accumulator = StatisticsAccumulator(names)
            accumulator.add(raw)
            affine = card.normalization.affine(accumulator.result())
            ready = card.normalization.apply(raw, names, affine)
            rows_px, columns_px = ready.shape[1:]
            multiple = card.multiple_of_px
            edges = ((0, 0), (0, -rows_px % multiple), (0, -columns_px % multiple))
            with torch.inference_mode():
                padded = torch.from_numpy(np.pad(ready, edges, mode="reflect")[None])
                found = probability(model, padded)[0, :rows_px, :columns_px].numpy()
            drawn = found[area.mask.numpy() == 0] >= card.threshold
            rows.append(
                {
                    "what": "per cent of pixels called landslide where there is none",
                    "protocol": "inductive",
                    "scene": area.name,
                    "channels": label + (" (flat)" if flat and label.endswith("+ terrain") else ""),
                    "value": round(100 * float(drawn.mean()), 3),
                }
            )
    return rows


def main() -> None:
    """Train, measure, and write the bundle again with what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument(
        "--install", action="store_true", help="copy the bundle into resources/models"
    )
    args = parser.parse_args()
    free, check = write_scenes(args.data, args.out / "scenes")
    bundle = train(
        load_recipe("light", args.overrides),
        args.data / "landslide4sense",
        args.out,
        resume=True,
        negatives=free,
        reporter=Reporter(_print),
    )
    rows = false_alarms(bundle, [area for path in check for area in free_areas(path)])
    card = replace(bundle.card, scores=(*bundle.card.scores, *rows))
    weights = load_file(bundle.path / "weights.safetensors")
    onnx = (bundle.path / "model.onnx").read_bytes()
    bundle = write_bundle(args.out / card.name, card, weights, onnx)
    for row in card.scores:
        print(row)
    print(f"threshold {card.threshold}, digest {bundle.digest[:12]}, {bundle.path}")
    if args.install:
        target = Path(__file__).resolve().parents[1] / "resources" / "models" / card.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(bundle.path, target)


def _print(event: Event) -> None:
    if isinstance(event, Log):
        print(event.message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
