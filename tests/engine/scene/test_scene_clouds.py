"""Quality masks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window

from engine.bands import QUALITY_CLASSES
from engine.errors import ChannelError, DependencyError, UnreadableFileError
from engine.grid import Grid
from engine.handles import Stack
from engine.scene.clouds import BrightCover
from engine.scene.masks import cloud_polygons
from engine.scene.simulation.simulate import SimulatedScene
from engine.scene.stack import StackConfig, make_stack

DN = np.full((60, 60), 900, np.uint16)


def quality(stack: Stack) -> np.ndarray:
    with stack.reader() as reader:
        found = reader.quality()
    assert found is not None
    return found


def test_scene_classes_become_quality_classes(tmp_path: Path, write_raster: Any) -> None:
    folder = tmp_path / "scene"
    dn = DN.copy()
    dn[-2:] = 0
    write_raster(folder / "B02.tif", dn)
    classes = np.tile(np.arange(12, dtype=np.uint8).repeat(2)[:24], (30, 2))[:, :30]
    write_raster(folder / "SCL.tif", classes, pixel=20.0)
    found = quality(make_stack([folder], [], out=tmp_path / "s.tif"))
    expected = {3: "shadow", 8: "cloud", 9: "cloud", 10: "cloud", 11: "snow"}
    for code in range(1, 12):
        assert (
            found[0][(classes[0] == code).repeat(2)] == QUALITY_CLASSES[expected.get(code, "clear")]
        ).all(), code
    assert (found[-2:] == QUALITY_CLASSES["nodata"]).all()


def test_the_truth_of_clouds_survives(
    tmp_path: Path, l2a_scene: SimulatedScene, l1c_scene: SimulatedScene
) -> None:
    for scene in (l2a_scene, l1c_scene):
        found = quality(make_stack(scene.imagery, [], out=tmp_path / "s.tif"))
        truth = quality(Stack.open(scene.stack))
        cloud = QUALITY_CLASSES["cloud"]
        assert np.mean((found == cloud) == (truth == cloud)) > 0.93


def test_a_mask_with_too_few_bands_gets_a_sentence(tmp_path: Path, write_raster: Any) -> None:
    folder = write_raster(tmp_path / "scene" / "B02.tif", DN).parent
    write_raster(folder / "MSK_CLASSI_B00.tif", np.zeros((10, 10), np.uint8), pixel=60.0)
    with pytest.raises(UnreadableFileError, match="3 are needed"):
        make_stack([folder], [], out=tmp_path / "s.tif")


def test_polygons_in_three_dimensions_and_broken_ones_are_handled() -> None:
    def feature(attributes: str, text: str) -> str:
        places = f"<gml:posList{attributes}>{text}</gml:posList>"
        ring = f"<gml:exterior><gml:LinearRing>{places}</gml:LinearRing></gml:exterior>"
        return f'<eop:MaskFeature gml:id="a"><gml:Polygon>{ring}</gml:Polygon></eop:MaskFeature>'

    flat = feature("", "0 0 10 0 10 10 0 10 0 0")
    deep = feature(' srsDimension="3"', "0 0 5 10 0 5 10 20 5 0 20 5 0 0 5")
    areas = [
        shape.area
        for shape in cloud_polygons(f"<a>{flat}{deep}{feature('', '0 0 1 1')}</a>".encode(), "x")
    ]
    assert areas == [100, 200]
    assert cloud_polygons(b"<eop:Mask/>", "x") == []


def two_bands(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """B02 and B04 (40, 50) of dark ground with a scar, a snow field and a road."""
    rng = np.random.default_rng(seed)
    blue, red = rng.integers(700, 1200, (40, 50)), rng.integers(700, 1200, (40, 50))
    blue[5:15, 5:15], red[5:15, 5:15] = 1600, 1900  # a bright scar
    blue[20:30, 20:35], red[20:30, 20:35] = 3000, 2900  # snow
    blue[35, 5:20], red[35, 5:20] = 5000, 5000  # a road
    return blue.astype(np.uint16), red.astype(np.uint16)


def test_bright_and_bluish_ground_counts_as_cloud(tmp_path: Path, write_raster: Any) -> None:
    blue, red = two_bands(0)
    red[38:] = 0
    files = [
        write_raster(tmp_path / f"{name}.tif", band)
        for name, band in (("B02", blue), ("B03", blue), ("B04", red))
    ]
    found = quality(
        make_stack(files, [], out=tmp_path / "s.tif", config=StackConfig(quality="bright"))
    )
    cloud = found == QUALITY_CLASSES["cloud"]
    assert cloud[20:30, 20:35].all()
    assert cloud[18:20, 22:33].all()
    cloud[18:32, 18:37] = False
    assert not cloud.any(), "neither the scar nor the road nor what is not there"


@settings(max_examples=40)
@given(
    row=st.integers(0, 39),
    column=st.integers(0, 49),
    rows=st.integers(1, 40),
    columns=st.integers(1, 50),
    seed=st.integers(0, 9),
)
def test_bright_cover_is_the_same_whatever_the_window(
    row: int, column: int, rows: int, columns: int, seed: int
) -> None:
    class Band:
        def __init__(self, values: np.ndarray) -> None:
            self.values = values.astype(np.int16)

        def read(self, window: Window) -> np.ndarray:
            assert window.row_off >= 0 <= window.col_off
            part = self.values[window.toslices()]
            assert part.shape == (window.height, window.width)
            return part[np.newaxis]

    grid = Grid(CRS.from_epsg(32633), from_origin(0, 0, 10, 10), (40, 50))
    noise = np.random.default_rng(seed).integers(0, 900, (40, 50))
    blue, red = two_bands(seed)
    cover: Any = BrightCover(Band(blue + noise), Band(red), grid)  # type: ignore[arg-type]
    rows, columns = min(rows, 40 - row), min(columns, 50 - column)
    whole = cover.read(Window(0, 0, 50, 40))
    part = cover.read(Window(column, row, columns, rows))
    np.testing.assert_array_equal(part, whole[:, row : row + rows, column : column + columns])


def test_cloud_at_the_edge_of_the_raster_counts_as_well(tmp_path: Path, write_raster: Any) -> None:
    dn = DN.copy()
    dn[:2] = 4000
    files = [write_raster(tmp_path / f"{name}.tif", dn) for name in ("B02", "B03", "B04")]
    found = quality(
        make_stack(files, [], out=tmp_path / "s.tif", config=StackConfig(quality="bright"))
    )
    assert (found[:2] == QUALITY_CLASSES["cloud"]).all()


def test_bands_that_a_mask_is_made_of_are_needed(tmp_path: Path, write_raster: Any) -> None:
    files = [write_raster(tmp_path / f"{name}.tif", DN) for name in ("B02", "B03")]
    with pytest.raises(
        ChannelError, match="--quality bright needs the bands B02, B04, but B04 is missing"
    ):
        make_stack(files, [], out=tmp_path / "s.tif", config=StackConfig(quality="bright"))


def test_s2cloudless_finds_the_simulated_clouds(tmp_path: Path, l1c_scene: SimulatedScene) -> None:
    pytest.importorskip("s2cloudless", reason="s2cloudless (extra `clouds`) is not installed")
    config = StackConfig(quality="s2cloudless")
    found = quality(make_stack(l1c_scene.imagery, [], out=tmp_path / "s.tif", config=config))
    cloud = quality(Stack.open(l1c_scene.stack)) == QUALITY_CLASSES["cloud"]
    assert (found[cloud] == QUALITY_CLASSES["cloud"]).mean() > 0.8
    assert (found[~cloud] == QUALITY_CLASSES["cloud"]).mean() < 0.35


def test_s2cloudless_says_what_it_needs(
    tmp_path: Path,
    l1c_scene: SimulatedScene,
    l2a_scene: SimulatedScene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = StackConfig(quality="s2cloudless")
    with pytest.raises(ChannelError, match="Level-1C bands"):
        make_stack(l2a_scene.imagery, [], out=tmp_path / "s.tif", config=config)
    monkeypatch.setitem(sys.modules, "s2cloudless.cloud_detector", None)
    with pytest.raises(DependencyError, match="l4s-engine"):
        make_stack(l1c_scene.imagery, [], out=tmp_path / "s.tif", config=config)
