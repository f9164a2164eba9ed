"""Real products of the shared data folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_array_equal

from engine.scene.stack import make_stack, stack_provenance

DATA = Path(os.environ.get("L4S_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the shared data folder {DATA} is not here"
)


def read(path: Path) -> dict[str, np.ndarray]:
    with rasterio.open(path) as dataset:
        values = (
            dataset.read(masked=True).astype(np.float64) * np.array(dataset.scales)[:, None, None]
        )
        offsets = np.array(dataset.offsets)[:, None, None]
        return dict(zip(dataset.descriptions, (values + offsets).filled(np.nan), strict=True))


def test_hokkaido_in_degrees_keeps_its_pixels_and_has_steep_slopes(tmp_path: Path) -> None:
    folder = DATA / "hokkaido_2018"
    bands = [folder / f"post_B0{i}.tif" for i in (2, 3, 4)]
    stack = make_stack(bands, [folder / "dem.tif"], out=tmp_path / "s.tif")
    values = read(stack.path)
    assert tuple(values) == ("B02", "B03", "B04", "slope", "DEM")
    with rasterio.open(bands[2]) as dataset:
        assert_array_equal(values["B04"], dataset.read(1))
    assert 10 < np.nanmean(values["slope"]) < 20
    assert 9 <= np.nanmin(values["DEM"]) < np.nanmax(values["DEM"]) <= 290


def test_major_tom_cells_come_out_on_one_scale(tmp_path: Path) -> None:
    medians = {}
    for folder in sorted((DATA / "majortom_l2a").iterdir()):
        stack = make_stack([folder], [], out=tmp_path / "s.tif")
        offsets = set(stack_provenance(stack.path)["imagery"][0]["dn_offsets"].values())
        medians[folder.name[:10], offsets.pop()] = np.nanmedian(read(stack.path)["B12"])
        assert "B10" not in stack.channels
    assert {offset for _, offset in medians} == {-1000.0, 0.0}
    assert all(900 < median < 2200 for median in medians.values())


def test_slovenia_has_all_channels(tmp_path: Path) -> None:
    folder = DATA / "slovenia_l1c"
    stack = make_stack([folder / "l1c_date2.tif"], [folder / "dem.tif"], out=tmp_path / "s.tif")
    assert len(stack.channels) == 14
    assert 3 < np.nanmedian(read(stack.path)["slope"]) < 30


def test_bands_whose_coarse_grids_are_shifted_are_filled_to_the_edge(tmp_path: Path) -> None:
    folder = next((DATA / "ssl4eo_punjab" / "l1c").iterdir())
    values = read(make_stack([folder], [], out=tmp_path / "s.tif").path)
    assert all(np.isfinite(band).all() for band in values.values())


@pytest.mark.parametrize("name", ["exploradores_aster.tif", "jiuzhaigou_30m.tif"])
def test_real_mountains_give_plausible_slopes(tmp_path: Path, name: str) -> None:
    from engine.grid import Grid
    from engine.raster import grid_of, open_raster
    from engine.scene.dem import open_dems, open_mosaic
    from engine.scene.terrain import terrain_on

    dem = DATA / "dem" / name
    with open_raster(dem) as dataset:
        whole = grid_of(dataset)
    left, bottom, right, top = whole.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    grid = Grid.from_bounds(whole.crs, (x - 2000, y - 2000, x + 2000, y + 2000), 10)
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        found = terrain_on(grid, mosaic)
    assert found is not None
    slope = found[0]
    assert 10 < np.nanmean(slope) < 45
    assert np.nanmax(slope) < 85
