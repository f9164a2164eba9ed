"""What the bundled model is trained and checked on: labelled patches in blocks, and landslide-free
scenes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from engine.bands import NAMES, OPTICAL
from engine.patches.landslide4sense import find_patches, read_patch
from engine.raster import open_raster
from engine.samples.maker import Area, Kind
from engine.scene.stack import make_stack
from engine.scene.terrain import slope_deg

FOLDS = ((1, 2, 3), (27, 28, 38, 40, 41), (253, 461, 512), (600, 800, 902))
"""Ids of the patches of each block; blocks are left out in turn."""

TOUCHING = ((1, 2, 3), (27, 28), (40, 41))
"""Patches side by side: joined, so that samples may cross their edges."""

HALF = {"majortom_l2a": 534, "ssl4eo_punjab": 132}
"""Columns left of this are trained on, those right of it are a check."""

Floats = NDArray[np.float32]
Patches = Mapping[int, tuple[Floats, Floats]]


def labelled_patches(data: Path) -> dict[int, tuple[Floats, Floats]]:
    """Raw images (14, 128, 128) and masks of the labelled patches, by id."""
    found = {}
    for file in find_patches(data / "landslide4sense", labels="needed").files:
        patch = read_patch(file)
        if patch.mask is not None:
            found[patch.id] = (patch.image.astype(np.float32), patch.mask.astype(np.float32))
    return found


def areas_of(patches: Patches, left_out: Sequence[int]) -> list[Area]:
    """Labelled areas without some patches; patches that touch are one area."""
    groups = [tuple(i for i in group if i not in left_out) for group in TOUCHING]
    joined = {i for group in groups for i in group}
    groups += [(i,) for i in patches if i not in joined and i not in left_out]
    areas = []
    for group in (g for g in groups if g):
        image = np.concatenate([patches[i][0] for i in group], axis=2)
        mask = np.concatenate([patches[i][1] for i in group], axis=1)
        areas.append(
            Area(torch.from_numpy(image), torch.from_numpy(mask), "hills", float(len(group)))
        )
    return areas


def read_bands(folder: Path, offset: float = 0.0) -> Floats:
    """Bands of a folder, B02.tif or B2.tif and so on, repeated to the finest grid: (14, rows,
    columns) raw, NaN where not there.
    """
    files = {
        name: folder / f"{form}.tif"
        for name in OPTICAL
        for form in (f"B{int(name[1:])}", name)
        if (folder / f"{form}.tif").exists()
    }
    bands = {}
    for name, file in files.items():
        with open_raster(file) as dataset:
            bands[name] = dataset.read(1).astype(np.float32)
    rows, columns = bands["B02"].shape
    image = np.full((len(NAMES), rows, columns), np.nan, np.float32)
    for name, band in bands.items():
        y = np.arange(rows) * band.shape[0] // rows
        x = np.arange(columns) * band.shape[1] // columns
        image[NAMES.index(name)] = np.where(band == 0, np.nan, band - offset)[y][:, x]
    return image


def as_stack(folder: Path) -> Floats:
    """Bands of a folder as a stack holds them, its coarser bands laid where their georeference
    says: what a user's detection sees.
    """
    with TemporaryDirectory() as place:
        stack = make_stack([folder], [], out=Path(place) / "stack.tif")
        with stack.reader() as reader:
            bands = reader.read(stack.channels)
    image = np.full((len(NAMES), *bands.shape[1:]), np.nan, np.float32)
    image[[NAMES.index(name) for name in stack.channels]] = bands
    return image


def slovenia(data: Path, date: int) -> Floats:
    """One date of the Slovenian scene, with terrain."""
    with open_raster(data / "slovenia_l1c" / f"l1c_date{date}.tif") as dataset:
        bands = dataset.read().astype(np.float32)
    with open_raster(data / "slovenia_l1c" / "dem.tif") as dataset:
        dem = dataset.read(1).astype(np.float32)
    side_m = np.full(dem.shape[0], 10.0)
    slope = slope_deg(np.pad(dem, 1, mode="edge"), side_m, side_m)
    optical = bands[[0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]]  # B8A is no channel of the model
    return np.concatenate([optical, slope[None], dem[None]])


def landslide_free(data: Path) -> tuple[list[Area], dict[str, Floats]]:
    """Scenes without landslides: areas to train on, and images, unseen in training, to check false
    alarms on.
    """
    train: list[Area] = []
    check: dict[str, Floats] = {}

    def use(image: Floats, kind: Kind, weight: float) -> None:
        train.append(
            Area(
                torch.from_numpy(np.ascontiguousarray(image)),
                torch.zeros(image.shape[1:]),
                kind,
                weight,
            )
        )

    for folder in sorted((data / "majortom_l2a").iterdir()):
        cloudy = "T33NZA" in folder.name  # a baseline with the offset of +1000
        image = read_bands(folder, 1000.0 if cloudy else 0.0)
        use(
            image[:, :, : HALF["majortom_l2a"]],
            "cloud" if cloudy else "plain",
            2.0 if cloudy else 4.0,
        )
        check[
            "cloud sheet, L2A (T33NZA, other half)"
            if cloudy
            else "farmland and villages, L2A (T48QUE, other half)"
        ] = image[:, :, HALF["majortom_l2a"] + 26 :]
    for folder in sorted((data / "ssl4eo_punjab").glob("*/*")):
        level, date = folder.parent.name.upper(), folder.name[:8]
        image = read_bands(folder)
        if level == "L1C" and date == "20200604":
            use(image, "plain", 1.0)
        elif date == "20200604":
            use(image[:, :, : HALF["ssl4eo_punjab"]], "plain", 0.5)
        else:
            check[f"farmland, {level} (Punjab, {date})"] = as_stack(folder)
    for day, weight in ((0, 0.5), (1, 0.7), (3, 0.7)):
        use(slovenia(data, day), "cloud" if day == 0 else "hills", weight)
    check |= {f"hills, L1C (Slovenia, date {day})": slovenia(data, day) for day in (2, 4)}
    return train, check
