"""Recipes whose samples come from varied scenes: areas, the loop on them, several processes, what
is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin
from training_cases import landscape, tiny

from engine.bands import IGNORE, NAMES
from engine.errors import CancelledError, ConfigError, DatasetError
from engine.events import Progress, Reporter
from engine.models.bundle import DEFAULT_MODEL, find_model
from engine.patches.arrays import NODATA, write_packed
from engine.patches.landslide4sense import Place
from engine.samples.areas import free_areas, joined_areas, mark_uncertain
from engine.samples.maker import SampleMaker
from engine.training.adapting.adaptation import adapt
from engine.training.batches import BatchSource, SceneBatch
from engine.training.loop import train_network
from engine.training.pools import make_normalization, make_pool, prepare
from engine.training.recipe import load_recipe, recipe_from_dict
from engine.training.run import make_task, train

SCENES = {
    "size_px": 32,
    "strengths": {"0.5": 1.0},
    "scale": [0.8, 1.2],
    "subsets": [[list(NAMES), 0.8]],
}


def scenes(**changes):
    return tiny(data={"positive_share": 0.0, "validation": "none"}, scenes=SCENES, **changes)


def test_patches_side_by_side_are_one_area():
    arrays = landscape(count=4)
    places = (Place("a", 0, 1), Place("a", 0, 0), Place("a", 1, 2), Place("b", 0, 2))
    areas = joined_areas(replace(arrays, places=places))
    assert [(tuple(area.mask.shape), area.weight) for area in areas] == [
        ((48, 96), 2.0),
        ((48, 48), 1.0),
        ((48, 48), 1.0),
    ]
    assert torch.equal(areas[0].image[:, :, 48:], torch.from_numpy(arrays.raw(0)))
    assert torch.equal(areas[0].mask[:, :48], torch.from_numpy(arrays.masks[1]).float())


def test_gaps_do_not_cost_a_channel_and_empty_channels_stay_empty():
    arrays = landscape(count=1)
    arrays.images[0, 3, :5] = NODATA
    arrays.images[0, 9] = NODATA
    (area,) = joined_areas(arrays)
    assert not area.image[3].isnan().any()
    assert area.image[9].isnan().all()


def test_landslide_free_ground_is_a_stack_a_folder_of_them_or_patches(tmp_path):
    arrays = landscape(count=3)
    arrays.images[0, 1] = 5000
    arrays.images[1, 12] = 1
    write_packed(arrays, tmp_path / "patches")
    found = free_areas(tmp_path / "patches")
    assert [area.kind for area in found] == ["cloud", "plain", "hills"]
    assert sum(area.weight for area in found) == pytest.approx(1)
    assert not any(area.mask.any() for area in found)  # its labels are not looked at

    (tmp_path / "stacks").mkdir()
    values = arrays.images[2, [1, 2, 3]].astype(np.float32)
    values[:, :, 40:] = np.nan
    profile = {
        "driver": "GTiff",
        "count": 3,
        "height": 48,
        "width": 48,
        "dtype": "float32",
        "nodata": np.nan,
    }
    for name in ("a", "b"):
        transform = from_origin(5e5, 4e6, 10, 10)
        with rasterio.open(
            tmp_path / "stacks" / f"{name}.tif",
            "w",
            crs="EPSG:32633",
            transform=transform,
            **profile,
        ) as dataset:
            dataset.write(values)
            dataset.descriptions = ("B02", "B03", "B04")
    (one,) = free_areas(tmp_path / "stacks" / "a.tif")
    assert one.kind == "plain"  # no terrain at hand
    assert (one.mask[:, 40:] == IGNORE).all()
    assert not one.mask[:, :40].any()
    assert one.image[12:].isnan().all()
    assert [area.weight for area in free_areas(tmp_path / "stacks")] == [0.5, 0.5]
    empty = replace(arrays, images=np.full_like(arrays.images, NODATA))
    write_packed(empty, tmp_path / "empty")
    with pytest.raises(DatasetError, match="B02"):
        free_areas(tmp_path / "empty")


def test_processes_make_together_the_samples_that_one_makes_alone():
    recipe, arrays = scenes(), landscape()
    normalization = make_normalization(recipe, arrays)
    pool = make_pool(arrays, normalization, "dataset")
    target = replace(pool, domain="target")
    maker = SampleMaker(
        joined_areas(arrays), (), normalization=normalization, config=recipe.scenes, seed=0
    )

    def source(rank=0, world=1):
        return BatchSource(
            [pool, target],
            [0.5],
            batch_size=4,
            crop_px=32,
            positive_share=0.0,
            seed=3,
            rank=rank,
            world=world,
            scenes=maker,
        )

    made, crops = source().batch(7)
    assert isinstance(made, SceneBatch)
    assert (made.domain, len(made), crops.domain, len(crops)) == ("source", 2, "target", 2)
    ranks = [
        part
        for rank in range(2)
        for part in source(rank, 2).batch(7)
        if isinstance(part, SceneBatch)
    ]
    assert {float(image.sum()) for image in made.images} == {
        float(i.sum()) for part in ranks for i in part.images
    }
    assert not torch.equal(made.images, source().batch(8)[0].images)
    assert made.images.shape == (2, 14, 32, 32)
    assert all(
        set(name.split("+")) <= set(arrays.ids) for name in made.ids
    )  # so that a batch that ends in NaN can be named


def test_a_stopped_run_goes_on_to_the_same_weights(packed, tmp_path):
    recipe = scenes(
        loss={"terms": {"noisy_cross_entropy": 1.0, "dice": 0.5}, "uncertain_weight": 0.5},
        schedule={"stretch": 1.5},
    )
    material = prepare(recipe, packed, [packed])
    assert material.free
    assert not material.negatives
    task = make_task(recipe, recipe.networks()["tiny"], material, None)
    whole = train_network(task, tmp_path / "whole").model.state_dict()
    seen = []
    stop = Reporter(
        lambda event: seen.append(event), lambda: sum(isinstance(e, Progress) for e in seen) >= 3
    )
    with pytest.raises(CancelledError):
        train_network(task, tmp_path / "cut", reporter=stop)
    resumed = train_network(task, tmp_path / "cut", resume=True).model.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_it_learns_from_scenes_and_adapts(packed, tmp_path):
    recipe = scenes(
        schedule={"steps": 40},
        training={"validate_every": 40},
        adaptation={"start": "teacher", "epochs": 1.0},
    )
    recipe = replace(recipe, data=replace(recipe.data, validation="site"))
    bundle = train(recipe, packed, tmp_path / "run")
    assert bundle.card.scores[-1]["f1"] > 0.5
    (adapted,) = adapt([bundle], recipe, packed, packed, tmp_path / "adapted")
    assert adapted.card.training["protocol"] == "transductive"
    again = recipe_from_dict(
        dict(bundle.card.training["recipe"])
    )  # the card's recipe can be trained again
    assert again == recipe


def test_the_bundled_model_is_adapted_with_the_recipe_of_its_name(packed, tmp_path):
    """What the plugin offers first: model `light`, recipe `light`."""
    few = [
        "schedule.steps=2",
        "training.batch_size=2",
        "data.crop_px=32",
        "scenes.size_px=32",
        'data.validation="none"',
    ]
    (adapted,) = adapt(
        [find_model(DEFAULT_MODEL)], load_recipe("light", few), packed, packed, tmp_path / "adapted"
    )
    assert adapted.card.training["protocol"] == "transductive"


def test_light_marks_uncertain_ground_and_drops_every_channel_that_it_calls_optional():
    recipe = load_recipe("light")
    arrays = landscape(count=1)
    arrays.images[0, [1, 3, 7, 12]] = np.array([900, 1000, 1500, 30], np.int16)[:, None, None]
    (area,) = joined_areas(arrays)
    assert (mark_uncertain(area).mask == 2).any()
    assert {
        name for names, _ in recipe.scenes.subsets for name in NAMES if name not in names
    } == set(recipe.optional_channels)


@pytest.mark.parametrize(
    ("override", "match"),
    [
        ('data.channels=["B04", "B03", "B02"]', "all 14 channels"),
        ('normalization.dem="fixed"', '"centre"'),
        ("data.crop_px=64", "scenes.size_px"),
        ("data.negative_share=0.2", "scenes.negative_share"),
        ("scenes.colour=1", "scenes.colour"),
        ('scenes.strengths={ "0.5" = 0.7 }', "sum to 1"),
        ("scenes.strengths={ strong = 1.0 }", "numbers in quotes"),
        ("scenes.scale=[1.0]", "list of 2"),
        ("schedule.stretch=0.5", "schedule.stretch"),
        ("loss.uncertain_weight=2.0", "uncertain_weight"),
    ],
)
def test_what_does_not_fit_scenes_is_refused(override, match):
    with pytest.raises(ConfigError, match=match):
        load_recipe("light", [override])
