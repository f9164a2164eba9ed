"""From patches to a bundle, cross-validation, what is refused, and the commands themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest
from training_cases import TINY, landscape, tiny

from engine.cli import main
from engine.errors import ConfigError, DatasetError
from engine.models.bundle import ModelBundle
from engine.patches.arrays import open_patches, write_packed
from engine.training.adapting.teachers import Teacher, predict_mean
from engine.training.run import train, train_members


def toml(data: dict, prefix: str = "") -> str:
    plain = "".join(f"{k} = {json.dumps(v)}\n" for k, v in data.items() if not isinstance(v, dict))
    return plain + "".join(
        f"[{prefix}{k}]\n{toml(v, f'{prefix}{k}.')}" for k, v in data.items() if isinstance(v, dict)
    )


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(toml(TINY))
    return path


def test_cross_validation_scores_every_site_and_trains_on_all(packed, tmp_path):
    recipe = tiny(data={"cross_validate": True, "validation": "site"}, schedule={"steps": 30})
    bundle = train(recipe, packed, tmp_path)
    assert {row["site"] for row in bundle.card.scores} == {"one", "two", "all"}
    whole = next(row for row in bundle.card.scores if row["site"] == "all")
    assert whole["protocol"] == "inductive"
    assert whole["f1"] > 0.6
    assert whole["f1_fold_std"] >= 0
    assert bundle.card.threshold == whole["threshold"]
    assert bundle.card.training["patches"] == 8
    summary = json.loads((tmp_path / "run.json").read_text())
    assert summary["digest"] == bundle.digest
    again = train(recipe, packed, tmp_path, resume=True)
    assert again.digest == bundle.digest


def test_members_are_trained_each_into_its_folder_and_band_subsets_work(packed, tmp_path):
    members = {"a": {"width": 4}, "b": {"width": 6, "act": "smu"}}
    recipe = tiny(
        members=members,
        data={"channels": ["B04", "B03", "slope"], "validation": "none"},
        schedule={"steps": 2},
    )
    bundles = train_members(recipe, packed, tmp_path)
    assert [bundle.path for bundle in bundles] == [
        tmp_path / "a" / "bundle",
        tmp_path / "b" / "bundle",
    ]
    assert bundles[0].card.channels == ("B04", "B03", "slope")
    assert any("unmeasured" in sentence for sentence in bundles[0].card.limits)
    with pytest.raises(ConfigError, match="train_members"):
        train(recipe, packed, tmp_path)


def test_negatives_join_the_batches(packed, tmp_path):
    flat = landscape(seed=4)
    write_packed(flat, tmp_path / "flat")
    recipe = tiny(data={"negative_share": 0.5, "validation": "none"}, schedule={"steps": 2})
    assert (
        train(recipe, packed, tmp_path / "run", negatives=[tmp_path / "flat"]).card.name == "tiny"
    )


def test_labels_all_negative_are_refused(tmp_path):
    arrays = landscape()
    arrays.masks[:] = 0
    write_packed(arrays, tmp_path / "data")
    with pytest.raises(DatasetError, match="holds a landslide"):
        train(tiny(), tmp_path / "data", tmp_path / "run")


def test_the_bundle_predicts_in_onnx_what_was_scored(packed, tmp_path):
    import onnxruntime

    from engine.training.pools import make_pool
    from engine.training.scoring import Histogram

    bundle = train(tiny(schedule={"steps": 40}, data={"validation": "none"}), packed, tmp_path)
    arrays = landscape()
    pool = make_pool(arrays, bundle.card.normalization, "dataset")
    clip = bundle.card.normalization.clip
    image = np.clip(
        (arrays.images - pool.shift[:, :, None, None]) / pool.scale[:, :, None, None], -clip, clip
    )
    session = onnxruntime.InferenceSession(str(bundle.onnx_path))
    (found,) = session.run(["probability"], {"image": image.astype(np.float32)})
    expected = predict_mean([Teacher.load(bundle)], arrays, tiny())
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert Histogram.count(found, arrays.masks).scores(0.5)["f1"] > 0.7


def test_train_command(recipe_file, packed, tmp_path, capfd):
    words = [
        "train",
        "--recipe",
        str(recipe_file),
        "--data",
        str(packed),
        "--out",
        str(tmp_path / "run"),
        "--set",
        "optimizer.lr=0.02",
    ]
    assert main([*words, "--events", "json"]) == 0
    result = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert result["event"] == "result"
    bundle = ModelBundle.open(tmp_path / "run" / "bundle")
    assert result["models"][0]["digest"] == bundle.digest
    assert bundle.card.training["recipe"]["optimizer"]["lr"] == 0.02
    assert main([*words[:-1], "optimizer.lr=0.3", "--resume"]) == 2
    assert "optimizer.lr" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (["--recipe", "no-such"], "no recipe"),
        (["--set", "optimizer.speed=1"], "optimizer.speed"),
        (["--data", "/nonexistent"], "no folder"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    recipe_file, packed, tmp_path, capfd, change, match
):
    words = {"--recipe": str(recipe_file), "--data": str(packed), "--out": str(tmp_path / "run")}
    words[change[0]] = change[1]
    assert main(["train", *(w for pair in words.items() for w in pair)]) == 2
    error = capfd.readouterr().err
    assert match in error
    assert "Traceback" not in error


def test_predict_patches_gives_the_masks_that_training_scored(tmp_path, capfd):
    from patch_files import write_image

    from engine.patches.landslide4sense import read_mask, write_mask

    arrays = landscape(count=3, size=128)
    for kind in ("img", "mask"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    for number in range(3):
        write_image(tmp_path / "data" / "img" / f"image_{number}.h5", arrays.images[number])
        write_mask(tmp_path / "data" / "mask" / f"mask_{number}.h5", arrays.masks[number])
    recipe = tiny(schedule={"steps": 10}, data={"validation": "none"}, training={"threshold": 0.4})
    bundle = train(recipe, tmp_path / "data", tmp_path / "run")
    words = [
        "predict-patches",
        "--model",
        str(bundle.path),
        "--data",
        str(tmp_path / "data"),
        "--out",
        str(tmp_path / "masks"),
    ]
    assert main([*words, "--split", "train"]) == 0
    capfd.readouterr()
    found = np.stack([read_mask(tmp_path / "masks" / f"mask_{number}.h5") for number in range(3)])
    expected = predict_mean([Teacher.load(bundle)], open_patches(tmp_path / "data"), tiny())
    assert found.any()
    assert ((expected >= 0.4) != (found == 1)).sum() <= 3
