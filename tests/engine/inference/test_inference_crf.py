from __future__ import annotations

import sys

import numpy as np
import pytest
from inference_cases import read, scene
from scipy.ndimage import gaussian_filter

from engine.errors import ConfigError, DependencyError
from engine.inference import crf
from engine.inference.config import CrfConfig, InferenceConfig
from engine.inference.detect import predict


def noisy_disc(rng):
    """A bright scar on dark ground, and probabilities that follow it with noise and a ragged
    edge."""
    y, x = np.mgrid[:96, :96]
    truth = np.hypot(y - 48, x - 48) < 24
    guide = np.where(truth, 1.5, -1.0)[None] + rng.normal(0, 0.15, (3, 96, 96))
    probability = np.clip(np.where(truth, 0.68, 0.3) + rng.normal(0, 0.2, truth.shape), 0.01, 0.99)
    return truth, guide.astype(np.float32), probability.astype(np.float32)


def f1(mask, truth):
    return 2 * (mask & truth).sum() / (mask.sum() + truth.sum())


def test_a_noisy_boundary_moves_to_the_edge_in_the_image():
    pytest.importorskip("pydensecrf")
    truth, guide, probability = noisy_disc(np.random.default_rng(0))
    refined = crf.refine(probability, guide, CrfConfig())
    assert f1(probability >= 0.5, truth) < 0.85
    assert f1(refined >= 0.5, truth) > 0.97
    assert refined.dtype == np.float32
    assert refined.min() >= 0
    assert refined.max() <= 1


def test_a_threshold_other_than_a_half_stays_the_point_of_indecision():
    pytest.importorskip("pydensecrf")
    truth, guide, probability = noisy_disc(np.random.default_rng(0))
    odds = 0.25 / 0.75 * probability / (1 - probability)
    lower = (odds / (1 + odds)).astype(np.float32)
    half = crf.refine(probability, guide, CrfConfig())
    quarter = crf.refine(lower, guide, CrfConfig(), centre=0.25)
    assert f1(lower >= 0.5, truth) < 0.6
    assert np.mean((quarter >= 0.25) == (half >= 0.5)) > 0.999
    assert f1(crf.refine(lower, guide, CrfConfig()) >= 0.25, truth) < 0.9


def test_without_an_edge_in_the_image_only_specks_go():
    pytest.importorskip("pydensecrf")
    probability = np.full((64, 64), 0.1, np.float32)
    probability[20:40, 20:40] = 0.9
    probability[50, 50] = 0.6
    refined = crf.refine(probability, np.zeros((3, 64, 64), np.float32), CrfConfig(edge_weight=0))
    assert refined[30, 30] > 0.9
    assert refined[50, 50] < 0.5
    assert 0.9 < (refined >= 0.5).sum() / 400 < 1.1


def test_it_works_window_by_window_without_seams(make_stack, make_bundle, tmp_path):
    pytest.importorskip("pydensecrf")
    smooth = {
        name: 1000 + 8 * gaussian_filter(values - 1000, 4)
        for name, values in scene((150, 150)).items()
    }
    stack, bundle = make_stack(smooth), make_bundle()

    def run(name, **settings):
        config = InferenceConfig(device="cpu", threads=1, **settings)
        return read(predict(stack, [bundle], out=tmp_path / name, config=config).probability.path)

    plain = run("plain", window_px=256)
    whole = run("whole", window_px=256, crf=CrfConfig())
    tiled = run("tiled", window_px=128, overlap_px=64, crf=CrfConfig())
    assert np.abs(whole - plain).max() > 0.3
    # The kernels are computed on a lattice that is laid anew over each window, so that marginals
    # wobble; the outline must not.
    assert np.mean((whole >= 0.5) == (tiled >= 0.5)) > 0.99
    assert np.mean(np.abs(whole - tiled)) < 0.01


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (("B02", "B03", "B04", "slope"), (2, 1, 0)),
        (("B08", "B04", "B11", "DEM"), (1, 0, 2)),
        (("slope", "B08"), (1, 0)),
        (("slope", "DEM"), (0, 1)),
    ],
)
def test_colours_are_red_green_blue_or_what_comes_nearest(channels, expected):
    assert crf.guide_channels(channels) == expected


def test_without_the_package_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    with pytest.raises(DependencyError, match=r"\[crf\]"):
        crf.require()


@pytest.mark.parametrize("settings", [{"iterations": 0}, {"edge_px": 0}, {"smooth_weight": -1}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ConfigError):
        CrfConfig(**settings)
