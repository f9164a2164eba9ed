"""The bundled model on real scenes that have no labels: what it must draw, and what it must not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from engine.bands import IGNORE
from engine.handles import Stack
from engine.models.bundle import DEFAULT_MODEL, find_model
from engine.pipeline import detect
from engine.scene.stack import make_stack

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts"))
from hokkaido_agreement import f1, rules

DATA = Path(os.environ.get("L4S_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the shared data folder {DATA} is not here"
)


def drawn(stack: Stack, out: Path) -> np.ndarray:
    mask = detect(stack, [find_model(DEFAULT_MODEL)], out=out).mask.read()
    assert (mask != IGNORE).mean() > 0.9
    return mask == 1


def test_scars_of_a_gentler_mountain_are_drawn_on_its_gentler_slopes_too(tmp_path: Path) -> None:
    folder = DATA / "hokkaido_2018"
    stack = make_stack(
        sorted(folder.glob("post_B0*.tif")), [folder / "dem.tif"], out=tmp_path / "stack.tif"
    )
    with stack.reader() as reader:
        slope = reader.read(["slope"])[0]
    near = uniform_filter(slope, 7)
    look, change, known = rules(folder, slope)
    found = drawn(stack, tmp_path / "out")
    assert f1(found, look, np.ones_like(found)) > 0.83
    assert f1(found, change, known) > 0.78
    gentle = look & (near > 10) & (near < 15)
    assert found[gentle].mean() > 0.7
    assert found[near < 5].mean() < 0.001  # fields and the river


@pytest.mark.parametrize(
    "scene", ["majortom_l2a/*T48QUE*", "majortom_l2a/*T33NZA*", "ssl4eo_punjab/l2a/20200813*"]
)
def test_plains_and_clouds_are_left_alone_without_terrain(scene: str, tmp_path: Path) -> None:
    stack = make_stack([next(DATA.glob(scene))], [], out=tmp_path / "stack.tif")
    assert drawn(stack, tmp_path / "out").mean() <= 0.003
