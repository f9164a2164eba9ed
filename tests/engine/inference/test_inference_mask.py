from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from engine.errors import ConfigError
from engine.events import Progress, Reporter
from engine.grid import Grid
from engine.handles import ProbabilityRaster, encode_probability
from engine.inference.mask import automatic_threshold, best_threshold, histogram, make_mask
from engine.raster import RasterWriter


def write(path, values):
    grid = Grid(CRS.from_epsg(32651), Affine(10, 0, 0, 0, -10, 0), values.shape)
    with RasterWriter(
        path, grid, dtype="uint8", bands=["probability"], nodata=255, scales=[0.004]
    ) as writer:
        writer.write(encode_probability(values)[None])
    return ProbabilityRaster.open(path)


def test_the_mask_keeps_threshold_nodata_and_grid(tmp_path):
    values = np.random.default_rng(0).random((1200, 90)).astype(np.float32)
    values[700:, 40:50] = np.nan
    values[3, 3] = 0.5
    events = []
    probability = write(tmp_path / "p.tif", values)
    mask = make_mask(
        probability, out=tmp_path / "m.tif", threshold=0.5, reporter=Reporter(events.append)
    )
    stored = encode_probability(values)
    assert np.array_equal(mask.read(), np.where(stored == 255, 255, stored >= 125))
    assert mask.read()[3, 3] == 1
    assert mask.grid == probability.grid
    assert [e.done for e in events if isinstance(e, Progress)] == [512, 1024, 1200]
    with rasterio.open(mask.path) as file:
        assert (file.nodata, file.tags()["threshold"]) == (255, "0.5")


@pytest.mark.parametrize("threshold", [0, 1, -0.2, 7])
def test_a_threshold_that_makes_no_sense_is_refused(threshold, tmp_path):
    probability = write(tmp_path / "p.tif", np.zeros((5, 5)))
    with pytest.raises(ConfigError, match="between 0 and 1"):
        make_mask(probability, out=tmp_path / "m.tif", threshold=threshold)


def test_the_histogram_leaves_nodata_out(tmp_path):
    values = np.full((600, 20), np.nan)
    values[:550] = 0.2
    values[0, 0] = 1.0
    counts = histogram(write(tmp_path / "p.tif", values))
    assert (counts.sum(), counts[50], counts[250]) == (550 * 20, 550 * 20 - 1, 1)


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.3))
def test_on_calibrated_probabilities_no_allowed_threshold_does_better(seed, share):
    rng = np.random.default_rng(seed)
    steps = np.where(
        rng.random(20000) < share, rng.integers(100, 251, 20000), rng.integers(0, 60, 20000)
    )
    counts = np.bincount(steps, minlength=251)
    chosen = best_threshold(counts, 0.5)

    def expected_f1(threshold):
        p = steps * 0.004
        above = p >= threshold - 1e-9
        return 2 * p[above].sum() / (above.sum() + p.sum())

    assert 0.3 - 1e-9 <= chosen <= 0.7 + 1e-9
    assert expected_f1(chosen) >= max(expected_f1(t) for t in np.arange(0.3, 0.704, 0.02)) - 1e-9


def test_a_scene_without_landslides_keeps_the_usual_threshold(tmp_path):
    values = np.random.default_rng(0).random((300, 300)) * 0.2
    values[:4, :4] = 0.9
    assert automatic_threshold(write(tmp_path / "p.tif", values), around=0.55) == 0.55


def test_a_scene_of_unsure_landslides_gets_a_lower_one(tmp_path):
    values = np.full((300, 300), 0.01)
    values[:100, :100] = 0.42
    values[:30, :30] = 0.8
    chosen = automatic_threshold(write(tmp_path / "p.tif", values), around=0.5)
    assert 0.3 <= chosen <= 0.42
