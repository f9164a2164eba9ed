"""The simulator."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.windows import Window

from engine.cli import main
from engine.errors import ConfigError
from engine.handles import Stack
from engine.scene.simulation.landscape import Block, Landscape, Points
from engine.scene.simulation.simulate import Scene, SimulatedScene, SimulationConfig, simulate
from engine.scene.simulation.surface import RESOLUTION_M


@given(seed=st.integers(0, 10_000), column=st.integers(-500, 10_000), row=st.integers(-500, 10_000))
def test_a_place_has_one_height_however_it_is_asked_for(seed: int, column: int, row: int) -> None:
    land = Landscape(seed)
    x, y = (column + np.arange(4)) * 10.0, (row + np.arange(3)) * 10.0
    block = land.heights_m(Block(x, y))
    xx, yy = (a.ravel() for a in np.meshgrid(x, y))
    assert_allclose(land.heights_m(Points(xx, yy)).reshape(3, 4), block, atol=0.01)
    assert_allclose(land.heights_m(Block(x[1:], y[1:])), block[1:, 1:], atol=0.01)


def test_the_same_seed_gives_the_same_scene_and_another_seed_another(
    tmp_path: Path, bands_scene: SimulatedScene
) -> None:
    config = SimulationConfig(size_px=300, clouds=0.2)
    again, other = (
        simulate(tmp_path / "a", config),
        simulate(tmp_path / "b", SimulationConfig(size_px=300, seed=1)),
    )
    with (
        rasterio.open(bands_scene.stack) as one,
        rasterio.open(again.stack) as two,
        rasterio.open(other.stack) as three,
    ):
        assert_array_equal(one.read(), two.read())
        assert (one.read(2) != three.read(2)).mean() > 0.9


def test_pieces_of_a_scene_join(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene.plan(SimulationConfig(size_px=240, clouds=0.1))
    whole = scene.render(scene.grid.full_window)
    part = scene.render(Window(120, 60, 60, 120))
    assert_array_equal(part.truth, whole.truth[60:180, 120:180])
    assert_array_equal(part.quality, whole.quality[60:180, 120:180])
    assert_allclose(part.heights, whole.heights[60:180, 120:180], atol=0.01)


def test_landslides_lie_on_slopes_and_look_bare(tmp_path: Path) -> None:
    scene = simulate(tmp_path, SimulationConfig(clouds=0))
    assert 0.005 < scene.landslide_share < 0.06
    assert scene.landslides > 20
    with rasterio.open(scene.truth) as dataset:
        slide = dataset.read(1) == 1
    with Stack.open(scene.stack).reader() as reader:
        red, infrared, slope = reader.read(("B04", "B08", "slope"))
    assert np.median(slope[slide]) > 25
    ndvi = (infrared - red) / (infrared + red)
    assert np.median(ndvi[slide]) < 0.4
    assert np.median(ndvi[~slide]) > 0.6
    assert slope[~slide].min() < 2


def test_bands_come_at_their_own_resolution(bands_scene: SimulatedScene) -> None:
    for name, resolution in RESOLUTION_M.items():
        with rasterio.open(bands_scene.imagery[0] / f"{name}.tif") as dataset:
            assert dataset.res == (resolution, resolution)
            assert dataset.dtypes == ("uint16",)
            assert dataset.shape == (3000 // resolution, 3000 // resolution)


def test_the_year_before_has_no_landslides(bands_scene: SimulatedScene) -> None:
    with rasterio.open(bands_scene.truth) as dataset:
        slide = dataset.read(1) == 1
    reds = []
    for folder in (bands_scene.imagery[0], bands_scene.before[0]):
        with rasterio.open(folder / "B04.tif") as dataset:
            reds.append(np.median(dataset.read(1)[slide]))
    assert reds[0] > 1.4 * reds[1]


def test_a_safe_and_its_dem_archives_are_true_to_format(
    l1c_scene: SimulatedScene, l2a_scene: SimulatedScene
) -> None:
    names = sorted(
        p.relative_to(l1c_scene.imagery[0]).as_posix() for p in l1c_scene.imagery[0].rglob("*.jp2")
    )
    assert len(names) == 14
    assert (
        names[0]
        == "GRANULE/L1C_T51QTG_A047382_20240718T023551/IMG_DATA/T51QTG_20240718T023551_B01.jp2"
    )
    with rasterio.open(l1c_scene.imagery[0] / names[1]) as dataset:
        assert dataset.driver == "JP2OpenJPEG"
        assert dataset.read(1).min() > 1000
    folders = {p.parent.name for p in l2a_scene.imagery[0].rglob("*.jp2")}
    assert folders == {"R10m", "R20m", "R60m"}
    assert not list(l2a_scene.imagery[0].rglob("*_B10_*"))
    for archive in l1c_scene.dem:
        with zipfile.ZipFile(archive) as opened:
            assert f"{archive.stem}/{archive.stem}.dem.tif" in opened.namelist()
    assert {p.name for p in l1c_scene.truth.parent.iterdir() if p.name.startswith(".")} == set()


def test_the_command_rounds_the_size_and_says_where_things_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["simulate", "--out", str(tmp_path / "s"), "--size", "100", "--safe", "l1c", "--zip"])
        == 0
    )
    said = capsys.readouterr()
    assert "rounded up to 102" in said.err
    product = next((tmp_path / "s").glob("S2A_MSIL1C_*.zip"))
    assert str(product) in said.out
    assert json.loads((tmp_path / "s" / "scene.json").read_text())["size_px"] == 102
    out = tmp_path / "stack.tif"
    dem = [str(path) for path in (tmp_path / "s").glob("AP_*.zip")]
    assert main(["stack", "--sentinel2", str(product), "--dem", *dem, "--out", str(out)]) == 0
    assert Stack.open(out).channels[-2:] == ("slope", "DEM")


def test_the_stack_command_maps_bad_input_to_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["stack", "--sentinel2", str(tmp_path / "none.zip"), "--out", str(tmp_path / "s.tif")])
        == 2
    )
    assert "There is no file or folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        {"size_px": 100},
        {"size_px": 12000},
        {"clouds": 1.5},
        {"density": -1},
        {"product": "x"},
        {"seed": -1},
    ],
)
def test_configurations_that_make_no_scene_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        SimulationConfig(**wrong)  # type: ignore[arg-type]
