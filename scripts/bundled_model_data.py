"""Landslide-free scenes for the bundled model, as stacks.

``write_scenes`` cuts what ``--data`` holds into stacks to train on and stacks, never trained on, to
check false alarms with.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from engine.bands import NAMES, OPTICAL, POSITION
from engine.raster import open_raster
from engine.scene.stack import make_stack
from engine.scene.terrain import slope_deg

HALF = {"majortom_l2a": 534, "ssl4eo_punjab": 132}
"""Columns left of this are trained on, those right of it are a check."""

_BANDS_OF_SLOVENIA = (*OPTICAL[:8], "B8A", *OPTICAL[8:])

Floats = NDArray[np.float32]


def write_scenes(data: Path, out: Path) -> tuple[list[Path], list[Path]]:
    """Write the stacks; those that are there already stay.

    Returns:
        Stacks to train on, and stacks to check with.
    """
    train: list[Path] = []
    check: list[Path] = []
    for folder in sorted((data / "majortom_l2a").iterdir()):
        offset = 1000.0 if "T33NZA" in folder.name else 0.0  # of its processing baseline
        image = read_bands(folder, offset)
        middle = HALF["majortom_l2a"]
        train.append(write_stack(image[:, :, :middle], out / "train" / f"{folder.name}.tif"))
        check.append(write_stack(image[:, :, middle + 26 :], out / "check" / f"{folder.name}.tif"))
    for folder in sorted((data / "ssl4eo_punjab").glob("*/*")):
        level, date = folder.parent.name.lower(), folder.name[:8]
        name = f"punjab-{level}-{date}.tif"
        if date != "20200604":
            check.append(copy_stack(folder, out / "check" / name))
            continue
        image = read_bands(folder)
        part = image if level == "l1c" else image[:, :, : HALF["ssl4eo_punjab"]]
        train.append(write_stack(part, out / "train" / name))
    for day in range(5):
        where, found = ("check", check) if day in (2, 4) else ("train", train)
        found.append(write_stack(slovenia(data, day), out / where / f"slovenia-{day}.tif"))
    return train, check


def read_bands(folder: Path, offset: float = 0.0) -> Floats:
    """Bands of a folder, B02.tif or B2.tif and so on, repeated to the finest grid.

    Shape (14, rows, columns), raw, NaN where not there.
    """
    bands = {}
    for name in OPTICAL:
        for form in (f"B{int(name[1:])}", name):
            if (folder / f"{form}.tif").exists():
                with open_raster(folder / f"{form}.tif") as dataset:
                    bands[name] = dataset.read(1).astype(np.float32)
    rows, columns = bands["B02"].shape
    image = np.full((len(NAMES), rows, columns), np.nan, np.float32)
    for name, band in bands.items():
        y = np.arange(rows) * band.shape[0] // rows
        x = np.arange(columns) * band.shape[1] // columns
        image[POSITION[name]] = np.where(band == 0, np.nan, band - offset)[y][:, x]
    return image


def slovenia(data: Path, date: int) -> Floats:
    """One date of the Slovenian scene, with terrain."""
    with open_raster(data / "slovenia_l1c" / f"l1c_date{date}.tif") as dataset:
        bands = dict(zip(_BANDS_OF_SLOVENIA, dataset.read().astype(np.float32), strict=True))
    with open_raster(data / "slovenia_l1c" / "dem.tif") as dataset:
        dem = dataset.read(1).astype(np.float32)
    side_m = np.full(dem.shape[0], 10.0)
    bands |= {"slope": slope_deg(np.pad(dem, 1, mode="edge"), side_m, side_m), "DEM": dem}
    return np.stack([bands[name] for name in NAMES])


def write_stack(image: Floats, path: Path) -> Path:
    """Write the channels that hold anything as a stack; where it lies does not matter."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    there = [index for index, channel in enumerate(image) if np.isfinite(channel).any()]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(there),
        height=image.shape[1],
        width=image.shape[2],
        dtype="float32",
        nodata=np.nan,
        crs="EPSG:32633",
        transform=from_origin(5e5, 5e6, 10, 10),
    ) as dataset:
        dataset.write(image[there])
        dataset.descriptions = tuple(NAMES[index] for index in there)
    return path


def copy_stack(folder: Path, path: Path) -> Path:
    """A folder's bands as a user's stack holds them, laid where their georeference says."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make_stack([folder], [], out=path)
    return path
