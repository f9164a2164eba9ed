"""Adaptation end to end at small size: each selection, rounds, cross-sensor statistics, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest_training import landscape, tiny

from engine.errors import ConfigError
from engine.models.bundle import ModelBundle
from engine.patches.arrays import write_packed
from engine.training.adaptation import Teacher, adapt, load_segmenter, predict_with_uncertainty
from engine.training.run import train

LONG = {"schedule": {"steps": 40}, "training": {"validate_every": 40}}


@pytest.fixture(scope="module")
def teacher(packed, tmp_path_factory) -> ModelBundle:
    return train(tiny(**LONG), packed, tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    folder = tmp_path_factory.mktemp("target") / "packed"
    write_packed(landscape(seed=11, brightness=0.6), folder)
    return folder


@pytest.mark.parametrize("selection", ["threshold", "top", "uncertainty", "all"])
def test_each_selection_gives_a_bundle_that_says_what_it_was_adapted_to(teacher, target, packed, tmp_path, selection):
    adaptation = {"selection": selection, "passes": 2, "start": "teacher", "cross_sensor": selection == "threshold"}
    recipe = tiny(schedule={"steps": 4}, adaptation=adaptation)
    (bundle,) = adapt([teacher], recipe, packed, target, tmp_path, score=True)
    assert bundle.path == tmp_path / "bundle"
    assert bundle.card.training["protocol"] == "transductive"
    labels = np.load(tmp_path / "round-1" / "pseudo-labels.npy")
    assert labels.shape == (8, 48, 48)
    scores = json.loads((tmp_path / "target-scores.json").read_text())
    assert scores["protocol"] == "transductive"
    assert 0 <= scores["f1"] <= 1


def test_the_target_masks_are_never_looked_at(teacher, packed, tmp_path):
    recipe = tiny(schedule={"steps": 3}, adaptation={"start": "teacher"})
    right = landscape(seed=11)
    blank = landscape(seed=11)
    blank.masks[:] = 0
    for name, arrays in (("right", right), ("blank", blank)):
        write_packed(arrays, tmp_path / name)
    results = [
        adapt([teacher], recipe, packed, tmp_path / name, tmp_path / f"{name}-out")[0] for name in ("right", "blank")
    ]
    first, second = (load_segmenter(bundle).state_dict() for bundle in results)
    assert all((first[key] == second[key]).all() for key in first)


def test_rounds_rebuild_labels_and_resume_continues(teacher, packed, target, tmp_path):
    recipe = tiny(schedule={"steps": 3}, adaptation={"start": "teacher", "rounds": 2})
    (first,) = adapt([teacher], recipe, packed, target, tmp_path / "a")
    assert (tmp_path / "a" / "round-1" / "bundle" / "card.json").is_file()
    assert (tmp_path / "a" / "round-2" / "pseudo-labels.npy").is_file()
    (again,) = adapt([teacher], recipe, packed, target, tmp_path / "a", resume=True)
    assert again.digest == first.digest


def test_uncertainty_varies_and_its_mean_is_near_the_plain_prediction(teacher):
    recipe = tiny(adaptation={"selection": "uncertainty", "passes": 3, "dropout": 0.1})
    teachers = [Teacher(teacher, load_segmenter(teacher))]
    mean, variance = predict_with_uncertainty(teachers, landscape(count=2), recipe)
    assert variance is not None
    assert variance.max() > 0
    plain, none = predict_with_uncertainty(teachers, landscape(count=2), tiny())
    assert none is None
    assert np.abs(mean - plain).mean() < 0.2


def test_starting_from_another_network_is_refused(teacher, packed, target, tmp_path):
    recipe = tiny(network={"width": 8}, adaptation={"start": "teacher"})
    with pytest.raises(ConfigError, match="not the network"):
        adapt([teacher], recipe, packed, target, tmp_path)
    with pytest.raises(ConfigError, match="at least one"):
        adapt([], recipe, packed, target, tmp_path)
