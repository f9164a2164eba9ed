"""Quality masks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.bands import QUALITY_CLASSES
from engine.errors import ChannelError, DependencyError, UnreadableFileError
from engine.nouns import Stack
from engine.scene.clouds import cloud_polygons
from engine.scene.simulate import SimulatedScene
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
        assert (found[0][(classes[0] == code).repeat(2)] == QUALITY_CLASSES[expected.get(code, "clear")]).all(), code
    assert (found[-2:] == QUALITY_CLASSES["nodata"]).all()


def test_the_truth_of_clouds_survives(tmp_path: Path, l2a_scene: SimulatedScene, l1c_scene: SimulatedScene) -> None:
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
        ring = f"<gml:exterior><gml:LinearRing><gml:posList{attributes}>{text}</gml:posList></gml:LinearRing></gml:exterior>"
        return f'<eop:MaskFeature gml:id="a"><gml:Polygon>{ring}</gml:Polygon></eop:MaskFeature>'

    flat = feature("", "0 0 10 0 10 10 0 10 0 0")
    deep = feature(' srsDimension="3"', "0 0 5 10 0 5 10 20 5 0 20 5 0 0 5")
    areas = [shape.area for shape in cloud_polygons(flat + deep + feature("", "0 0 1 1"))]
    assert areas == [100, 200]
    assert cloud_polygons("<eop:Mask/>") == []


def test_s2cloudless_finds_the_simulated_clouds(tmp_path: Path, l1c_scene: SimulatedScene) -> None:
    pytest.importorskip("s2cloudless", reason="s2cloudless (extra `clouds`) is not installed")
    config = StackConfig(quality="s2cloudless")
    found = quality(make_stack(l1c_scene.imagery, [], out=tmp_path / "s.tif", config=config))
    cloud = quality(Stack.open(l1c_scene.stack)) == QUALITY_CLASSES["cloud"]
    assert (found[cloud] == QUALITY_CLASSES["cloud"]).mean() > 0.8
    assert (found[~cloud] == QUALITY_CLASSES["cloud"]).mean() < 0.35


def test_s2cloudless_says_what_it_needs(
    tmp_path: Path, l1c_scene: SimulatedScene, l2a_scene: SimulatedScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = StackConfig(quality="s2cloudless")
    with pytest.raises(ChannelError, match="Level-1C bands"):
        make_stack(l2a_scene.imagery, [], out=tmp_path / "s.tif", config=config)
    monkeypatch.setitem(sys.modules, "s2cloudless.cloud_detector", None)
    with pytest.raises(DependencyError, match="l4s-engine"):
        make_stack(l1c_scene.imagery, [], out=tmp_path / "s.tif", config=config)
