"""A user's stack and polygons as patches."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely.geometry import Point, box

from engine.cli import main
from engine.errors import (
    ChannelError,
    DatasetError,
    InventoryError,
    MissingCRSError,
    MissingFileError,
    NoOverlapError,
    UnreadableFileError,
)
from engine.events import Event, Log, Reporter
from engine.models.bundle import ModelBundle
from engine.patches.arrays import NODATA, open_patches, write_packed
from engine.patches.own import patches_from_stack

LEFT, TOP = 500_000.0, 4_000_000.0


@pytest.fixture
def stack(tmp_path):
    path = tmp_path / "scene.tif"
    values = np.random.default_rng(0).integers(100, 5000, (3, 270, 260)).astype(np.float32)
    values[:, :, 200:] = np.nan
    profile = {
        "driver": "GTiff",
        "count": 3,
        "height": 270,
        "width": 260,
        "dtype": "float32",
        "nodata": np.nan,
    }
    with rasterio.open(
        path, "w", crs="EPSG:32633", transform=from_origin(LEFT, TOP, 10, 10), **profile
    ) as dataset:
        dataset.write(values)
        dataset.descriptions = ("B04", "B08", "DEM")
    return path


def inventory(path, shapes, *, crs="EPSG:32633", **columns):
    frame = geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs)
    frame.to_file(path)
    return path


@pytest.fixture
def slide():
    return box(LEFT + 100, TOP - 300, LEFT + 200, TOP - 100)  # 10 columns from 10, 20 rows from 10


def test_polygons_become_masks_and_nodata_does_not_count(stack, slide, tmp_path):
    arrays = patches_from_stack(stack, inventory(tmp_path / "a.gpkg", [slide]))
    assert arrays.channels == ("B04", "B08", "DEM")
    assert arrays.ids == ("scene-r0-c0", "scene-r0-c128", "scene-r128-c0", "scene-r128-c128")
    expected = np.zeros((128, 128), np.uint8)
    expected[10:30, 10:20] = 1
    np.testing.assert_array_equal(arrays.masks[0], expected)
    assert (arrays.masks[1][:, 72:] == 255).all()
    assert (arrays.images[1][:, :, 72:] == NODATA).all()
    assert arrays.places[3].row == 1


def test_another_crs_is_reprojected_and_rejected_polygons_do_not_count(stack, slide, tmp_path):
    far = box(LEFT + 800, TOP - 900, LEFT + 900, TOP - 800)
    frame = geopandas.GeoDataFrame(
        {"status": ["accepted", "rejected"]}, geometry=[slide, far], crs="EPSG:32633"
    )
    path = tmp_path / "a.gpkg"
    frame.to_crs("EPSG:4326").to_file(path, layer="landslides", driver="GPKG")
    assert patches_from_stack(stack, path).positive_pixels.tolist() == [200, 0, 0, 0]


def test_without_an_inventory_patches_have_no_labels(stack, tmp_path):
    arrays = patches_from_stack(stack)
    assert not arrays.labelled.any()
    write_packed(arrays, tmp_path / "packed")
    assert len(open_patches(tmp_path / "packed", labels=False)) == 4


def test_inventories_that_cannot_be_used(stack, slide, tmp_path):
    with pytest.raises(MissingFileError):
        patches_from_stack(stack, tmp_path / "none.gpkg")
    with pytest.raises(InventoryError, match="no polygons"):
        patches_from_stack(stack, inventory(tmp_path / "points.gpkg", [Point(LEFT, TOP)]))
    with pytest.raises(NoOverlapError):
        patches_from_stack(stack, inventory(tmp_path / "far.gpkg", [box(0, 0, 10, 10)]))
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"nonsense")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        patches_from_stack(stack, broken)
    plain = inventory(tmp_path / "plain.shp", [slide])
    plain.with_suffix(".prj").unlink()
    with pytest.raises(MissingCRSError):
        patches_from_stack(stack, plain)


def with_slope(stack, *, optical=1.0, steepest=40.0):
    with rasterio.open(stack, "r+") as dataset:
        dataset.write(
            dataset.read()
            * np.array([optical, optical, steepest / 5000], np.float32)[:, None, None]
        )
        dataset.descriptions = ("B04", "B08", "slope")
    return stack


@pytest.mark.parametrize(
    ("steepest", "said"),
    [(40, []), (200, ["but models need degrees from 0 to 90"]), (1.2, ["if these are radians"])],
)
def test_slopes_that_a_model_would_learn_wrongly_are_told(steepest, said, stack):
    events: list[Event] = []
    patches_from_stack(with_slope(stack, steepest=steepest), reporter=Reporter(events.append))
    warned = [
        event.message for event in events if isinstance(event, Log) and event.level == "warning"
    ]
    assert len(warned) == len(said)
    assert all(part in text for part, text in zip(said, warned, strict=True))


def test_patches_of_reflectance_are_refused(stack):
    with pytest.raises(ChannelError, match="reflectance, but digital numbers"):
        patches_from_stack(with_slope(stack, optical=1e-4))


def test_a_stack_smaller_than_a_patch_is_refused(stack):
    with pytest.raises(DatasetError, match="smaller than one patch"):
        patches_from_stack(stack, side_px=512)


def test_make_command_leads_from_polygons_to_a_training(stack, slide, tmp_path, capfd):
    polygons = inventory(tmp_path / "a.gpkg", [slide])
    words = [
        "data",
        "make",
        "--stack",
        str(stack),
        "--inventory",
        str(polygons),
        "--out",
        str(tmp_path / "mine"),
    ]
    assert main(words) == 0
    assert "4 patches of B04, B08, DEM" in capfd.readouterr().out
    made = open_patches(tmp_path / "mine")
    assert made.positive_pixels.tolist() == [200, 0, 0, 0]
    assert main([*words[:4], "--out", str(tmp_path / "unlabelled")]) == 0
    assert not open_patches(tmp_path / "unlabelled", labels=False).labelled.any()
    settings = [
        'data.channels=["B04", "B08", "DEM"]',
        "data.validation=none",
        "schedule.steps=1",
        "network.width=4",
    ]
    settings += ["training.batch_size=2", "training.tensorboard=false", "training.device=cpu"]
    more = [word for setting in settings for word in ("--set", setting)]
    run = ["--recipe", "baseline", "--data", str(tmp_path / "mine"), "--out", str(tmp_path / "run")]
    assert main(["train", *run, *more]) == 0
    assert ModelBundle.open(tmp_path / "run" / "bundle").card.channels == ("B04", "B08", "DEM")
