"""Rasters of odd types, systems and headers: read, or refused with one sentence.

Every raster is made from a seed: its pixel type, CRS, georeference, scale, nodata, mask and values,
and in half of them bytes of the file are changed. Whatever comes of it, a reader answers with
values or with an error of the engine, soon, and writes nothing.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.cli import main
from engine.errors import L4SError
from engine.evaluation.evaluate import evaluate
from engine.grid import Grid
from engine.handles import LandslideMask, ProbabilityRaster, Stack
from engine.scene.dem import describe_dem, open_dems, open_mosaic
from engine.scene.stack import make_stack
from engine.scene.terrain import TerrainLayer

# rasterio cannot log messages of GDAL that quote damaged bytes.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROUNDS = 60
SECONDS = 20.0
TYPES = (
    "uint8",
    "int8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex_int16",
)
SYSTEMS = (
    "EPSG:32651",
    "EPSG:4326",
    "EPSG:3857",
    "EPSG:3413",
    "EPSG:27572",
    "EPSG:2225",
    "EPSG:4978",
    "EPSG:5703",
    "EPSG:9518",
    'LOCAL_CS["Undefined Cartesian SRS",UNIT["metre",1],AXIS["E",EAST],AXIS["N",NORTH]]',
    "+proj=ortho +lat_0=40 +lon_0=120",
    "+proj=geos +h=35785831 +lon_0=140",
    "+proj=sinu +R=6371007 +units=m",
    "",
)
NUMBERS = (0.0, 1.0, -1.0, 255.0, 1e-9, 1e30, float("nan"), float("inf"), -float("inf"))
NAMES = ("B02", "B03", "slope", "DEM", "quality", "landslide", "", "B8A")


def transform(rng: random.Random) -> Affine:
    step = rng.choice((10.0, 30.0, 2.7e-4, 1e-12, 1e9))
    place = rng.choice(((300000.0, 2600040.0), (122.0, 23.0), (0.0, 0.0), (179.99, -16.0)))
    if rng.random() < 0.15:
        return Affine(*(rng.choice((*NUMBERS, 10.0)) for _ in range(6)))
    return Affine(step, 0, place[0], 0, -step, place[1])


def odd_raster(path: Path, seed: int) -> Path:
    """A raster that is unusual in some ways, made from a seed."""
    rng = random.Random(seed)
    values = np.random.default_rng(seed)
    dtype = rng.choice(TYPES)
    shape = (rng.choice((1, 1, 1, 2, 4)), rng.choice((1, 2, 24)), rng.choice((1, 3, 24)))
    numeric = "complex64" if dtype.startswith("complex") else dtype
    pixels = values.uniform(-2, 300, shape)
    if rng.random() < 0.5:
        pixels = values.integers(0, 2, shape).astype(float)
    if numeric.startswith("float"):
        pixels[values.random(shape) < 0.1] = rng.choice(NUMBERS)
    if not numeric.startswith(("float", "complex", "int")):
        pixels = np.abs(pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options: dict[str, Any] = {
            "crs": rng.choice((*SYSTEMS, *SYSTEMS[:3] * 6)) or None,
            "transform": transform(rng),
        }
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=shape[0],
            height=shape[1],
            width=shape[2],
            dtype=dtype,
            **options,
        ) as dataset:
            dataset.write(pixels.astype(numeric))
            dataset.descriptions = tuple(rng.choice(NAMES) for _ in range(shape[0]))
            if rng.random() < 0.3:
                dataset.scales = tuple(rng.choice((*NUMBERS, 0.01)) for _ in range(shape[0]))
            if rng.random() < 0.2:
                dataset.offsets = tuple(rng.choice(NUMBERS) for _ in range(shape[0]))
            if rng.random() < 0.3:
                dataset.units = tuple(rng.choice(("m", "ft", "dBm", "°")) for _ in range(shape[0]))
            if rng.random() < 0.2:
                dataset.update_tags(threshold=rng.choice(("0.5", "nan", "x" * 300)))
    if rng.random() < 0.2:
        place = rng.choice(("1e400", "nan", "-9999", "255", "<"))
        path.with_name(path.name + ".aux.xml").write_text(
            f'<PAMDataset><PAMRasterBand band="1"><NoDataValue>{place}</NoDataValue>'
            "</PAMRasterBand></PAMDataset>"
        )
    if rng.random() < 0.5:
        data = bytearray(path.read_bytes())
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(min(len(data), 1500))] = rng.randrange(256)
        path.write_bytes(data[: rng.randint(8, len(data))] if rng.random() < 0.2 else data)
    return path


def as_dem(path: Path, folder: Path) -> None:
    describe_dem([path])
    grid = Grid(CRS.from_epsg(32651), Affine(10, 0, 300000, 0, -10, 2600040), (20, 20))
    for mosaic in open_dems([path]):
        with open_mosaic(mosaic) as opened:
            TerrainLayer(grid, [opened]).read(grid.full_window)


def as_mask(path: Path, folder: Path) -> None:
    values = LandslideMask.open(path).read()
    assert set(np.unique(values).tolist()) <= {0, 1, 255}


def as_probability(path: Path, folder: Path) -> None:
    raster = ProbabilityRaster.open(path)
    raster.threshold()
    with raster.reader() as reader:
        values = reader.read()
    assert np.isnan(values).all() or (np.nanmin(values) > -0.02 and np.nanmax(values) < 1.02)


def as_stack(path: Path, folder: Path) -> None:
    stack = Stack.open(path)
    stack.grid.pixel_area_m2()
    with stack.reader() as reader:
        reader.read(stack.channels, Window(0, 0, 1, 1))
        reader.read(stack.channels)
        reader.quality()


def as_reference(path: Path, folder: Path) -> None:
    counts = evaluate(path, path).total
    assert counts.fp == counts.fn == 0


def as_imagery(path: Path, folder: Path) -> None:
    try:
        make_stack([path], [], out=folder / "s.tif")
    finally:
        (folder / "s.tif").unlink(missing_ok=True)


READERS = (as_dem, as_mask, as_probability, as_stack, as_reference, as_imagery)


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_odd_rasters_are_read_or_refused(
    read: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    given = tmp_path / "given"
    out = tmp_path / "out"
    given.mkdir()
    out.mkdir()
    answers = {"read": 0, "refused": 0}
    for seed in range(ROUNDS):
        path = odd_raster(given / f"{seed}.tif", seed)
        before = sorted(given.iterdir())
        start = time.monotonic()
        try:
            read(path, out)
            answers["read"] += 1
        except L4SError:
            answers["refused"] += 1
        assert time.monotonic() - start < SECONDS, seed
        assert sorted(given.iterdir()) == before, seed
    assert min(answers.values()) > 0


@pytest.mark.parametrize("option", ["--mask", "--probability"])
def test_the_command_line_says_one_sentence(
    option: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for seed in range(ROUNDS // 3):
        path = odd_raster(tmp_path / f"{seed}.tif", seed)
        code = main(["vectorize", option, str(path), "--out", str(tmp_path / "out" / "i.gpkg")])
        said = capfd.readouterr().err
        assert code in (0, 2), (seed, said)
        assert "Traceback" not in said, seed
