"""Several scenes in one inventory: what two of them saw counts once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from inventory_cases import grid_of_shape
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.inventory.combine import combine
from engine.inventory.inventory import Inventory
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import read_inventory
from engine.inventory.vectorize import vectorize

SHAPE = (40, 60)
WEST, EAST = slice(0, 35), slice(25, 60)
"""Columns of two scenes of the same ground, which share ten."""


def slides() -> NDArray[np.uint8]:
    """One slide in the west, one in what both see, one across all of that; ground without data in
    the east."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[5:10, 5:10] = mask[5:10, 28:32] = mask[15:20, 20:40] = 1
    mask[:2, 40:60] = 255
    return mask


@pytest.fixture
def scene(make_mask_file: Any, make_probability: Any) -> Callable[..., Inventory]:
    def make(values: NDArray[np.uint8], columns: slice = slice(0, 60), **run: Any) -> Inventory:
        grid = grid_of_shape(SHAPE).subgrid(
            Window(columns.start, 0, columns.stop - columns.start, SHAPE[0])
        )
        name = f"{columns.start}.tif"
        chance = make_probability(np.where(values == 1, 0.9, 0.0)[:, columns], grid, f"p{name}")
        return vectorize(
            make_mask_file(values[:, columns], grid, name), probability=chance, run=run
        )

    return make


def test_two_overlapping_scenes_are_what_the_undivided_one_is(scene: Any) -> None:
    whole = scene(slides())
    parts = [scene(slides(), columns) for columns in (WEST, EAST)]
    together = combine(parts)
    assert [len(each) for each in parts] == [3, 2]
    assert parts[0].landslides["flags"].tolist() == ["image-edge", "", ""]
    columns = [
        "id",
        "area_m2",
        "perimeter_m",
        "length_m",
        "width_m",
        "elongation",
        "volume_m3",
        "flags",
        "confidence",
    ]
    assert together.landslides[columns].equals(whole.landslides[columns])
    assert together.landslides.geometry.geom_equals(whole.landslides.geometry).all()
    assert together.aoi.equals(whole.aoi)
    same = ("area_km2", "landslides", "landslide_area_km2")
    assert {name: together.run[name] for name in same} == {name: whole.run[name] for name in same}
    assert (together.run["mapped_twice"], together.run["joined"]) == (1, 1)


def test_what_overlaps_a_little_counts_its_ground_once(scene: Any, tmp_path: Any) -> None:
    west, east = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    west[25:30, 26:32] = 1
    east[25:30, 29:34] = 1
    parts = [scene(west, WEST), scene(east, EAST)]
    east[25:30, 29:35] = [0, 1, 1, 1, 1, 1]
    less = combine([parts[0], scene(east, EAST)])
    assert less.landslides["area_m2"].tolist() == [3000, 1500]
    assert less.landslides.geometry.area.tolist() == [3000, 1500]
    assert combine(parts).landslides["area_m2"].tolist() == [3000], (
        "more than half in the other is the same landslide"
    )
    again = read_inventory(write_geopackage(less, tmp_path / "i.gpkg")).landslides
    assert again["status"].tolist() == ["pending"] * 2, "no outline looks changed by hand"


@pytest.mark.parametrize("status", ["accepted", "rejected"])
def test_what_a_person_decided_stays(scene: Any, status: str) -> None:
    small, large = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    small[25:30, 27:31] = 1
    large[25:30, 27:33] = 1
    one, other = scene(small, WEST), scene(large, EAST)
    decided = one.with_landslides(one.landslides.assign(status=status))
    for order in ([decided, other], [other, decided]):
        together = combine(order)
        assert together.landslides[["status", "area_m2"]].to_numpy().tolist() == [[status, 2000]]
        assert together.run["landslides"] == (status == "accepted")


def test_scenes_of_two_zones(scene: Any) -> None:
    west, east = (scene(slides(), columns) for columns in (WEST, EAST))
    aoi = gpd.GeoSeries([east.aoi], crs=east.crs).to_crs(32652).iloc[0]
    together = combine([west, replace(east, landslides=east.landslides.to_crs(32652), aoi=aoi)])
    assert together.crs == west.crs
    assert together.landslides["area_m2"].tolist() == pytest.approx([10000, 2500, 2000], rel=0.01)


def test_the_record_is_that_of_all_runs(scene: Any) -> None:
    light = {"name": "light", "version": "1", "digest": "ab"}
    shared = {"models": [light], "inputs": {"dem": ["dem.tif"], "aoi": ["a.gpkg"]}}
    one = scene(slides(), WEST, created="2026-01-02", threshold=0.5, slope_covered=1.0, **shared)
    other = scene(slides(), EAST, created="2026-01-01", threshold=0.4, slope_covered=0.5, **shared)
    run = combine([one, other]).run
    assert run["created"] == "2026-01-01"
    assert run["threshold"] is None
    assert run["models"] == [light]
    assert run["inputs"]["dem"] == ["dem.tif"]
    assert [name[-5:] for name in run["inputs"]["probability"]] == ["0.tif", "5.tif"]
    assert run["masked_share"]["cloud"] is None
    assert run["masked_share"]["nodata"] == pytest.approx((0 * 1400 + 40) / 2800, abs=1e-6)
    assert run["slope_covered"] == pytest.approx((1400 + 0.5 * 1360) / 2760, abs=1e-6)
    assert [each["threshold"] for each in run["merged"]] == [0.5, 0.4]
    same = scene(slides(), EAST, created="2026-01-01", threshold=0.5, **shared)
    assert combine([one, same]).run["threshold"] == 0.5


def test_scenes_without_landslides(scene: Any) -> None:
    none = np.zeros(SHAPE, np.uint8)
    together = combine([scene(none, WEST), scene(none, EAST)])
    assert len(together) == together.run["landslides"] == 0
    assert together.aoi.area == 40 * 60 * 100
    assert len(combine([scene(none, WEST), scene(slides(), EAST)])) == 2
