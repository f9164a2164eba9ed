"""Adaptation end to end at small size: each selection, rounds, cross-sensor statistics,
refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from patch_files import write_image
from safetensors.torch import load_file
from training_cases import landscape, tiny

from engine.errors import CancelledError, ConfigError
from engine.events import Log, Reporter
from engine.inference.networks import card_threshold
from engine.models.bundle import ModelBundle
from engine.models.card import common_threshold
from engine.patches.arrays import concatenate, write_packed
from engine.patches.landslide4sense import write_mask
from engine.training.adapting.adaptation import adapt, target_pool
from engine.training.adapting.target import open_target
from engine.training.adapting.teachers import (
    Teacher,
    load_segmenter,
    predict_disturbed,
    predict_mean,
)
from engine.training.batches import BatchSource
from engine.training.pools import prepare, statistics
from engine.training.recipe import load_recipe
from engine.training.results import HISTOGRAMS, read_fold
from engine.training.run import train, train_members
from engine.training.scoring import Histogram

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
def test_each_selection_gives_a_bundle_that_says_what_it_was_adapted_to(
    teacher, target, packed, tmp_path, selection
):
    adaptation = {
        "selection": selection,
        "passes": 2,
        "start": "teacher",
        "cross_sensor": selection == "threshold",
    }
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
        adapt([teacher], recipe, packed, tmp_path / name, tmp_path / f"{name}-out")[0]
        for name in ("right", "blank")
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
    teachers = [Teacher.load(teacher)]
    mean, variance = predict_disturbed(teachers, landscape(count=2), recipe)
    assert variance.max() > 0
    plain = predict_mean(teachers, landscape(count=2), tiny())
    assert np.abs(mean - plain).mean() < 0.2


def test_starting_from_another_network_is_refused(teacher, packed, target, tmp_path):
    recipe = tiny(network={"width": 8}, adaptation={"start": "teacher"})
    with pytest.raises(ConfigError, match="not the network"):
        adapt([teacher], recipe, packed, target, tmp_path)
    with pytest.raises(ConfigError, match="at least one"):
        adapt([], recipe, packed, target, tmp_path)


def test_the_target_is_normalised_by_its_own_statistics_unless_told_otherwise(packed, target):
    recipe = tiny(normalization={"min_pixels": 100, "std_floor": 0.01})
    unlabelled = open_target(target).arrays
    normalization = prepare(recipe, packed).normalization
    for separate, found in ((True, statistics(unlabelled)), (False, None)):
        chosen = replace(
            recipe,
            adaptation=replace(recipe.adaptation, separate_statistics=separate, cross_sensor=True),
        )
        pool = target_pool(unlabelled, prepare(chosen, packed), chosen)
        shift, scale = normalization.affine(found)
        np.testing.assert_allclose(pool.shift[3], shift, rtol=1e-6)
        np.testing.assert_allclose(pool.scale[3], scale, rtol=1e-6)
        assert pool.domain == "target"
    own, training = (normalization.affine(s)[0] for s in (statistics(unlabelled), None))
    assert (np.abs(own / training - 1)[:12] > 0.2).all()  # a target of 0.6 of the brightness


@pytest.mark.parametrize("refresh", [False, True])
def test_a_fixed_teacher_labels_once_and_a_refreshed_one_every_round(
    teacher, packed, target, tmp_path, refresh
):
    config = {"selection": "all", "rounds": 2, "refresh": refresh, "start": "scratch"}
    adapt([teacher], tiny(schedule={"steps": 3}, adaptation=config), packed, target, tmp_path)
    first, second = (np.load(tmp_path / f"round-{n}" / "pseudo-labels.npy") for n in (1, 2))
    assert np.array_equal(first, second) != refresh


def test_with_cross_sensor_normalisation_the_bundle_carries_the_target_s_statistics(
    teacher, packed, target, tmp_path
):
    recipe = tiny(schedule={"steps": 4}, adaptation={"start": "teacher", "cross_sensor": True})
    (bundle,) = adapt([teacher], recipe, packed, target, tmp_path)
    state = torch.load(tmp_path / "round-1" / "checkpoint.pt", weights_only=True)["state"]
    kept, written = state["statistics"]["target"], load_file(bundle.weights_path)
    compared = 0
    for name, value in kept.items():
        if name.endswith(("running_mean", "running_var")):
            (key,) = [k for k in written if k.endswith(name)]
            torch.testing.assert_close(written[key], value)
            compared += bool((state["statistics"]["source"][name] != value).any())
    assert compared > 4


def test_without_landslide_in_the_pseudo_labels_there_is_a_warning(
    teacher, packed, target, tmp_path
):
    heard = []
    recipe = tiny(schedule={"steps": 1}, adaptation={"threshold": 1.0})
    adapt([teacher], recipe, packed, target, tmp_path, reporter=Reporter(heard.append))
    assert any(
        e.level == "warning" and "no landslide in the target" in e.message
        for e in heard
        if isinstance(e, Log)
    )


def test_an_adaptation_that_starts_anew_leaves_nothing_to_resume_of_the_one_before(
    teacher, packed, target, tmp_path
):
    old, new = (
        tiny(schedule={"steps": 3}, adaptation={"selection": selection, "rounds": 2})
        for selection in ("all", "threshold")
    )
    adapt([teacher], old, packed, target, tmp_path / "out")
    with pytest.raises(CancelledError):
        adapt(
            [teacher],
            new,
            packed,
            target,
            tmp_path / "out",
            reporter=Reporter(None, stop_when(tmp_path / "out")),
        )
    (resumed,) = adapt([teacher], new, packed, target, tmp_path / "out", resume=True)
    (whole,) = adapt([teacher], new, packed, target, tmp_path / "whole")
    assert resumed.digest == whole.digest


def stop_when(out):
    """Asks to stop once the first round has new labels, some of which are ignored."""

    def asked() -> bool:
        path = out / "round-1" / "pseudo-labels.npy"
        return path.is_file() and bool((np.load(path) == 255).any())

    return asked


def test_tanmlh_mixes_and_scores_labelled_and_target_patches_apart(packed, monkeypatch):
    few = ["data.crop_px=32", "data.enlarge=1", 'data.validation="none"', "training.device=cpu"]
    recipe = load_recipe("tanmlh", few)
    material = prepare(recipe, packed)
    unlabelled = replace(landscape(count=4, seed=5), ids=tuple(f"target-{n}" for n in range(4)))
    source = BatchSource(
        [material.pool, target_pool(unlabelled, material, recipe)],
        [recipe.adaptation.share],
        batch_size=8,
        crop_px=32,
        positive_share=0.0,
        seed=0,
    )
    for step in range(5):
        parts = source.batch(step)
        assert [len(part) for part in parts] == [4, 4]
        for part in parts:  # what mixup mixes and what a loss is computed over
            assert len({name.startswith("target") for name in part.ids}) == 1


def test_a_round_lowers_the_learning_rate_of_every_stage(teacher, packed, target, tmp_path):
    recipe = tiny(
        second_stage={"steps": 2, "lr": 0.01}, adaptation={"lr_factor": 0.3, "epochs": 1.0}
    )
    (bundle,) = adapt([teacher], recipe, packed, target, tmp_path)
    used = bundle.card.training["recipe"]
    assert used["optimizer"]["lr"] == pytest.approx(0.003)
    assert used["second_stage"]["lr"] == pytest.approx(0.003)


def two_members(**changes):
    members = {"small": {"width": 4}, "wide": {"width": 6}}
    return tiny(members=members, data={"validation": "site"}, **changes)


def test_an_ensemble_s_threshold_is_chosen_on_the_ensemble(packed, tmp_path):
    recipe = two_members(schedule={"steps": 12})
    bundles = train_members(recipe, packed, tmp_path)
    cards = [bundle.card for bundle in bundles]
    assert cards[0].ensemble == cards[1].ensemble
    assert cards[0].ensemble.members == ("small", "wide")
    folds = [read_fold(tmp_path / name / HISTOGRAMS) for name in ("small", "wide")]
    mean = np.mean([fold.maps for fold in folds], axis=0).astype(np.float32) / 250
    best = Histogram.count(mean, folds[0].masks).best_threshold()
    assert cards[0].ensemble.threshold == pytest.approx(best)
    assert card_threshold(bundles) == pytest.approx(best)
    own = np.mean([card.threshold for card in cards])
    lonely = [replace(card, ensemble=None) for card in cards]
    assert common_threshold(lonely) == pytest.approx(own)
    assert common_threshold(cards[:1]) == cards[0].threshold
    again = train_members(recipe, packed, tmp_path, resume=True)
    assert [b.digest for b in again] == [b.digest for b in bundles]


def test_scores_are_given_before_and_after_every_round_for_each_model_and_all(packed, tmp_path):
    root = tmp_path / "l4s"
    for split, count, seed in (("ValidData", 2, 3), ("TestData", 3, 4)):
        arrays = landscape(count=count, size=128, seed=seed)
        for number in range(count):
            write_image(root / split / "img" / f"image_{number + 1}.h5", arrays.images[number])
            mask = root / split / "mask" / f"mask_{number + 1}.h5"
            mask.parent.mkdir(exist_ok=True)
            write_mask(mask, arrays.masks[number])
    recipe = two_members(schedule={"steps": 2}, adaptation={"rounds": 2})
    bundles = train_members(recipe, packed, tmp_path / "trained")
    splits = ("validation", "test")
    adapt(bundles, recipe, packed, root, tmp_path / "out", target_splits=splits, score=True)
    written = json.loads((tmp_path / "out" / "target-scores.json").read_text())
    rows = [(r["round"], r["model"], r["split"], r["protocol"]) for r in written["rows"]]
    assert rows == [
        (number, model, split, "transductive" if number else "inductive")
        for number in (0, 1, 2)
        for split in splits
        for model in ("small", "wide", "ensemble")
    ]
    assert written["f1"] == written["rows"][-1]["f1"]
    labels = np.load(tmp_path / "out" / "round-1" / "pseudo-labels.npy")
    assert labels.shape == (5, 128, 128)


def test_each_split_of_a_target_is_normalised_by_itself(packed):
    recipe = tiny(normalization={"min_pixels": 100, "std_floor": 0.01})
    bright, dark = landscape(count=2, seed=1), landscape(count=2, seed=2, brightness=0.5)
    both = concatenate([bright, dark])
    pool = target_pool(both, prepare(recipe, packed), recipe, ("validation",) * 2 + ("test",) * 2)
    for at, own in ((0, bright), (2, dark)):
        shift, _ = prepare(recipe, packed).normalization.affine(statistics(own))
        np.testing.assert_allclose(pool.shift[at], shift, rtol=1e-5)
