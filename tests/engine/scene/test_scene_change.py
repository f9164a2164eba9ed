"""Change since an image from before the event."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose

from engine.errors import ChannelError, NoOverlapError
from engine.events import Reporter
from engine.raster import open_raster, read_window
from engine.scene.change import change_path, make_change
from engine.scene.simulation.simulate import SimulatedScene
from engine.scene.stack import make_stack, stack_provenance


def test_landslides_lose_green_and_gain_brightness(
    tmp_path: Path, bands_scene: SimulatedScene
) -> None:
    stack = make_stack(bands_scene.imagery, bands_scene.dem, out=tmp_path / "scene.tif")
    change = make_change(stack, bands_scene.before, out=change_path(stack.path))
    assert change.path.name == "scene.change.tif"
    assert change.grid.same_as(stack.grid)
    with open_raster(change.path) as dataset:
        assert dataset.descriptions == ("dNDVI", "dBrightness")
        ndvi, light = read_window(dataset, [1, 2])
    with rasterio.open(bands_scene.truth) as dataset:
        slide = dataset.read(1) == 1
    assert np.nanmedian(ndvi[slide]) < -0.2
    assert abs(np.nanmedian(ndvi[~slide])) < 0.02
    assert np.nanmedian(light[slide]) > 100
    assert abs(np.nanmedian(light[~slide])) < 20
    with stack.reader() as reader:
        quality = reader.quality()
    assert quality is not None
    assert np.isnan(light[quality > 1]).all()
    assert change.known_share == pytest.approx(np.isfinite(light).mean())
    assert stack_provenance(change.path)["before"][0]["name"] == "sentinel2"


def test_values_are_after_minus_before(tmp_path: Path, write_raster: Any) -> None:
    names = ("B02", "B03", "B04", "B08")
    after = np.stack([np.full((20, 20), v, np.uint16) for v in (1000, 1100, 1200, 2400)])
    before = np.stack([np.full((20, 20), v, np.uint16) for v in (500, 600, 400, 3600)])
    before[:, :5] = 0
    stack = make_stack(
        [write_raster(tmp_path / "a.tif", after, names=names)], [], out=tmp_path / "s.tif"
    )
    change = make_change(
        stack, [write_raster(tmp_path / "b.tif", before, names=names)], out=tmp_path / "c.tif"
    )
    with open_raster(change.path) as dataset:
        ndvi, light = read_window(dataset, [1, 2])
    assert_allclose(ndvi[5:], 1 / 3 - 0.8, atol=1e-4)
    assert_allclose(light[5:], 600, atol=0.5)
    assert np.isnan(light[:5]).all()


@pytest.mark.parametrize(
    ("before", "said"),
    [(1800, "is the same as after"), (800, r"changes by \+1000 DN"), (1500, None)],
)
def test_dates_that_cannot_be_compared_are_doubted(
    tmp_path: Path, write_raster: Any, before: int, said: str | None
) -> None:
    after, earlier = (
        write_raster(tmp_path / folder / "B04.tif", np.full((20, 20), value, np.uint16))
        for folder, value in (("a", 1800), ("b", before))
    )
    stack = make_stack([after], [], out=tmp_path / "s.tif")
    heard: list[Any] = []
    make_change(stack, [earlier], out=tmp_path / "c.tif", reporter=Reporter(heard.append))
    doubts = [e.message for e in heard if getattr(e, "code", "") == "scene-change-doubtful"]
    assert len(doubts) == (said is not None)
    assert all(re.search(said or "", text) for text in doubts)


def test_without_infrared_only_brightness_is_known(tmp_path: Path, write_raster: Any) -> None:
    dn = np.full((20, 20), 900, np.uint16)
    stack = make_stack([write_raster(tmp_path / "a" / "B04.tif", dn)], [], out=tmp_path / "s.tif")
    change = make_change(
        stack, [write_raster(tmp_path / "b" / "B04.tif", dn - 100)], out=tmp_path / "c.tif"
    )
    with open_raster(change.path) as dataset:
        ndvi, light = read_window(dataset, [1, 2])
    assert np.isnan(ndvi).all()
    assert_allclose(light, 100)


def test_imagery_that_cannot_be_compared_gets_a_sentence(tmp_path: Path, write_raster: Any) -> None:
    dn = np.full((20, 20), 900, np.uint16)
    stack = make_stack([write_raster(tmp_path / "a" / "B04.tif", dn)], [], out=tmp_path / "s.tif")
    with pytest.raises(ChannelError, match="share none"):
        make_change(stack, [write_raster(tmp_path / "b" / "B08.tif", dn)], out=tmp_path / "c.tif")
    with pytest.raises(NoOverlapError, match="no clear pixel in common"):
        make_change(
            stack,
            [write_raster(tmp_path / "c" / "B04.tif", dn, corner=(400000, 2600040))],
            out=tmp_path / "c.tif",
        )
    assert not (tmp_path / "c.tif").exists()
