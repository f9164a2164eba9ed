"""What is damaged, and which command reads it: one table.

Each reader has a seed (a folder of valid inputs), a mutator for it, and a command in which
``{in}`` is the damaged copy, ``{out}`` the folder of results, and ``{seeds}`` that of valid inputs.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import fuzz_mutators as m
import h5py
import numpy as np

from engine.cli import main
from engine.errors import CancelledError
from engine.events import Reporter
from engine.files import ResultFolder
from engine.handles import Stack
from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.models.bundle import DEFAULT_MODEL, find_model

RECIPES = Path(__file__).resolve().parents[3] / "engine" / "training" / "recipes"


@dataclass(frozen=True)
class Reader:
    """One way in.

    Attributes:
        name: For people and for the seed of the random generator.
        seed: Name of the folder of valid inputs (:func:`make_seeds`).
        mutate: Damages a copy of it.
        command: Arguments of ``l4s``.
        in_out: Whether the copy lies in ``{out}``, as what an earlier run left.
    """

    name: str
    seed: str
    mutate: m.Mutator
    command: str
    in_out: bool = False


DETECT = "detect --stack {in}/stack.tif --model {in}/model --device cpu --out {out}"
AREA = "stack --sentinel2 {in}/sentinel2 --aoi {in}/area.geojson --out {out}/stack.tif"
AGAIN = (
    "detect --stack {seeds}/stack/stack.tif --model {seeds}/stack/model --device cpu --out {out}"
)
PROBABILITY = "vectorize --probability {in}/probability.tif --out {out}/inventory.gpkg"

FLIPPED = f"{AGAIN} --tta flip --threshold 0.02"
REDRAWN = "vectorize --probability {seeds}/results/probability.tif --out {out}/inventory.gpkg"

READERS: tuple[Reader, ...] = (
    Reader(
        "bands",
        "bands",
        m.some_file("sentinel2/*.tif", m.RASTER),
        "stack --sentinel2 {in}/sentinel2 --dem {in}/dem.tif --out {out}/stack.tif",
    ),
    Reader(
        "dem",
        "bands",
        m.some_file("dem.tif", m.RASTER),
        "stack --sentinel2 {in}/sentinel2 --dem {in}/dem.tif --out {out}/stack.tif",
    ),
    Reader(
        "image",
        "stack",
        m.some_file("stack.tif", m.RASTER),
        "stack --sentinel2 {in}/stack.tif --out {out}/stack.tif",
    ),
    Reader(
        "archive",
        "archive",
        m.some_file("bands.zip", m.ARCHIVE),
        "stack --sentinel2 {in}/bands.zip --out {out}/stack.tif",
    ),
    Reader(
        "safe archive",
        "safe",
        m.some_file("S2*.zip", m.ARCHIVE),
        "stack --sentinel2 {in}/S2*.zip --out {out}/stack.tif",
    ),
    Reader(
        "dem archive",
        "safe",
        m.some_file("AP_*.zip", m.ARCHIVE),
        "stack --sentinel2 {in}/bands --dem {in}/AP_*.zip --out {out}/stack.tif",
    ),
    Reader(
        "metadata",
        "unpacked",
        m.some_file("*.SAFE/**/*.xml", m.TEXT),
        "stack --sentinel2 {in}/S2*.SAFE --out {out}/stack.tif",
    ),
    Reader("area", "bands", m.some_file("area.geojson", m.JSON), AREA),
    Reader("stack", "stack", m.some_file("stack.tif", m.RASTER), DETECT),
    Reader("card", "stack", m.some_file("model/card.json", m.CARD), DETECT),
    Reader(
        "card verified",
        "model",
        m.some_file("model/card.json", m.JSON),
        "models verify {in}/model",
    ),
    Reader("card shown", "model", m.some_file("model/card.json", m.CARD), "models show {in}/model"),
    Reader("network", "stack", m.NETWORK, DETECT),
    Reader("sealed", "model", m.some_file("model/*", m.DAMAGED), "models seal {out}/model", True),
    Reader("journal", "stopped", m.some_file(".l4s-resume/*", m.DAMAGED), AGAIN, True),
    Reader("journal state", "stopped", m.some_file(".l4s-resume/*.json", m.JSON), AGAIN, True),
    Reader("finished", "results", m.some_file("probability.tif", m.RASTER), FLIPPED, True),
    Reader("record", "results", m.some_file("run.json", m.JSON), FLIPPED, True),
    Reader("probability", "results", m.some_file("probability.tif", m.RASTER), PROBABILITY),
    Reader("uncertainty", "results", m.some_file("uncertainty.tif", m.RASTER), PROBABILITY),
    Reader("run", "results", m.some_file("run.json", m.JSON), PROBABILITY),
    Reader(
        "mask",
        "results",
        m.some_file("mask.tif", m.RASTER),
        "vectorize --mask {in}/mask.tif --out {out}/inventory.gpkg",
    ),
    Reader("reviewed", "gpkg", m.some_file("inventory.gpkg", m.GEOPACKAGE), REDRAWN, True),
    Reader(
        "report",
        "gpkg",
        m.some_file("inventory.gpkg", m.GEOPACKAGE),
        "report --inventory {in}/inventory.gpkg --out {out}/report.html",
    ),
    Reader(
        "export geojson",
        "gpkg",
        m.some_file("inventory.gpkg", m.GEOPACKAGE),
        "export --inventory {in}/inventory.gpkg --out {out}/x.geojson",
    ),
    Reader(
        "export shapefile",
        "gpkg",
        m.some_file("inventory.gpkg", m.GEOPACKAGE),
        "export --inventory {in}/inventory.gpkg --out {out}/x.shp",
    ),
    Reader(
        "export csv",
        "gpkg",
        m.some_file("inventory.gpkg", m.GEOPACKAGE),
        "export --inventory {in}/inventory.gpkg --out {out}/x.csv",
    ),
    Reader(
        "compare",
        "gpkg",
        m.some_file("inventory.gpkg", m.GEOPACKAGE),
        "compare --inventory {in}/inventory.gpkg --reference {in}/reference.geojson",
    ),
    Reader(
        "reference geojson",
        "gpkg",
        m.some_file("reference.geojson", m.JSON),
        "compare --inventory {in}/inventory.gpkg --reference {in}/reference.geojson",
    ),
    Reader(
        "reference shapefile",
        "gpkg",
        m.some_file("reference.[sdp][hbr][pxfj]", m.DAMAGED),
        "compare --inventory {in}/inventory.gpkg --reference {in}/reference.shp",
    ),
    Reader(
        "scored mask",
        "results",
        m.some_file("mask.tif", m.RASTER),
        "evaluate --prediction {in}/mask.tif --reference {in}/truth.tif",
    ),
    Reader(
        "patches",
        "patches",
        m.some_file("*/*.h5", m.DAMAGED),
        "data check --data {in}",
    ),
    Reader(
        "recipe",
        "recipe",
        m.some_file("recipe.toml", m.TEXT),
        "train --recipe {in}/recipe.toml --data {in}/nothing --out {out}",
    ),
)


def run(*arguments: str | Path) -> None:
    assert main([str(each) for each in arguments]) == 0, arguments


def seeds_in(root: Path) -> Path:
    """The valid inputs of every reader, made once.

    In a process of its own: one that has computed has threads and must not be forked.
    """
    if not (root / "recipe" / "recipe.toml").exists():
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run([sys.executable, __file__, str(root)], check=True, capture_output=True)
    return root


def make_seeds(root: Path) -> None:
    """Write the valid inputs of every reader."""
    bands = root / "bands"
    run("simulate", "--out", bands, "--size", "120", "--seed", "1")
    (bands / "truth_stack.tif").unlink()
    stack = root / "stack"
    stack.mkdir()
    run(
        "stack",
        "--sentinel2",
        bands / "sentinel2",
        "--dem",
        bands / "dem.tif",
        "--out",
        stack / "stack.tif",
    )
    grid = Stack.open(stack / "stack.tif").grid
    left, bottom, right, top = grid.bounds
    ring = [[left, bottom], [right, bottom], [right, (bottom + top) / 2], [left, bottom]]
    (bands / "area.geojson").write_text(_collection(grid.crs.to_epsg(), [ring]))
    shutil.copytree(find_model(DEFAULT_MODEL).path, stack / "model")
    (root / "model").mkdir()
    shutil.copytree(stack / "model", root / "model" / "model")
    _results(root, stack, bands)
    _archives(root, bands)
    _patches(root / "patches" / "TrainData")
    (root / "recipe").mkdir()
    shutil.copy(RECIPES / "kingdrone.toml", root / "recipe" / "recipe.toml")


def _results(root: Path, stack: Path, bands: Path) -> None:
    results = root / "results"
    model = ("--model", stack / "model", "--device", "cpu", "--out", results)
    run("detect", "--stack", stack / "stack.tif", "--threshold", "0.02", "--tta", "flip", *model)
    shutil.copy(bands / "truth.tif", results / "truth.tif")
    gpkg = root / "gpkg"
    gpkg.mkdir()
    shutil.copy(results / "inventory.gpkg", gpkg / "inventory.gpkg")
    for suffix in ("geojson", "shp"):
        run("export", "--inventory", gpkg / "inventory.gpkg", "--out", gpkg / f"reference.{suffix}")
    stopped = ResultFolder(root / "stopped")
    bundle, handle = find_model(str(stack / "model")), Stack.open(stack / "stack.tif")
    reporter = Reporter(cancelled=(stopped.resume / "state.json").exists)
    with contextlib.suppress(CancelledError):
        config = InferenceConfig(device="cpu")
        predict(handle, [bundle], out=stopped.path, config=config, reporter=reporter)
    assert stopped.resume.is_dir()


def _archives(root: Path, bands: Path) -> None:
    (root / "archive").mkdir()
    shutil.make_archive(str(root / "archive" / "bands"), "zip", bands / "sentinel2")
    safe, unpacked = root / "safe", root / "unpacked"
    run("simulate", "--out", safe, "--size", "120", "--safe", "l1c", "--zip")
    product = next(safe.glob("S2*.zip"))
    shutil.unpack_archive(product, unpacked)
    for name in ("truth_stack.tif", "truth.tif"):
        (safe / name).unlink()
    shutil.copytree(bands / "sentinel2", safe / "bands")


def _patches(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for name, shape in (("img/image", (128, 128, 14)), ("mask/mask", (128, 128))):
        for number in (1, 2):
            path = folder / f"{name}_{number}.h5"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = rng.random(shape) if len(shape) == 3 else (rng.random(shape) > 0.9)
            key = "img" if len(shape) == 3 else "mask"
            with h5py.File(path, "w") as file:
                file[key] = values.astype("float64" if key == "img" else "uint8")


def _collection(epsg: int | None, rings: list[list[list[float]]]) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"area {number}"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for number, ring in enumerate(rings, start=1)
    ]
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": features})


def generator(reader: Reader, number: int) -> random.Random:
    """The random generator of one case: it alone decides what is damaged and how."""
    return random.Random(f"{reader.name} {number}")


if __name__ == "__main__":
    make_seeds(Path(sys.argv[1]))
