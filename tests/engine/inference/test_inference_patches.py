from __future__ import annotations

import h5py
import numpy as np
import pytest
from inference_cases import sigmoid
from patch_files import write_image

from engine.bands import NAMES
from engine.cli import main
from engine.errors import ChannelError, ConfigError
from engine.inference.config import InferenceConfig
from engine.inference.patches import PatchConfig, patch_statistics, predict_patches
from engine.models.normalization import Normalization
from engine.patches.landslide4sense import find_patches, write_mask

CPU = InferenceConfig(device="cpu", threads=1, batch=2)


@pytest.fixture
def patches(tmp_path):
    """Five patches, each of another mean: only together do they have the statistics of the
    folder."""
    folder = tmp_path / "data" / "TestData" / "img"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    images = []
    for number in (3, 1, 7, 12, 5):
        images.append(
            np.rint(1000 + 40 * number + 200 * rng.standard_normal((14, 128, 128))).clip(0)
        )
        write_image(folder / f"image_{number}.h5", images[-1])
    return tmp_path / "data", np.stack(images)[[1, 0, 4, 2, 3]]


def scene_normalization(channels=NAMES):
    n = len(channels)
    return Normalization(tuple(channels), ("scene",) * n, (3.0,) * n, (1.0,) * n, min_pixels=1)


def masks(folder):
    found = {}
    for path in folder.glob("mask_*.h5"):
        with h5py.File(path) as file:
            found[int(path.stem[5:])] = file["mask"][()]
    return [found[n] for n in sorted(found)]


def test_masks_are_those_of_the_model_on_the_folder_as_one_domain(patches, make_bundle, tmp_path):
    root, images = patches
    kernel = np.linspace(-0.5, 0.7, 14).reshape(-1, 1, 1)
    bundle = make_bundle(kernel, channels=NAMES, required=(), normalization=scene_normalization())
    facts = predict_patches(
        find_patches(root, "test"),
        [bundle],
        out=tmp_path / "out",
        config=PatchConfig(0.6, None, CPU),
    )
    mean, std = (
        images.mean(axis=(0, 2, 3), keepdims=True),
        images.std(axis=(0, 2, 3), keepdims=True),
    )
    z = np.clip((images - mean) / std, -6, 6)
    probability = sigmoid((z * kernel[None]).sum(axis=1))
    got = np.stack(masks(tmp_path / "out"))
    assert (got.dtype, got.shape) == (np.uint8, (5, 128, 128))
    clear = np.abs(probability - 0.6) > 1e-4
    assert np.array_equal(got[clear], (probability >= 0.6)[clear])
    assert facts["landslide_share"] == pytest.approx(got.mean())
    assert facts["patches"] == 5


def test_statistics_are_of_all_patches_together(patches):
    root, images = patches
    found = patch_statistics(find_patches(root, "test"), ("B04", "DEM"))
    assert found.mean == pytest.approx(images[:, [3, 13]].mean(axis=(0, 2, 3)))
    assert found.std == pytest.approx(images[:, [3, 13]].std(axis=(0, 2, 3)))


def test_channels_left_out_count_as_the_mean(patches, make_bundle, tmp_path):
    root, images = patches
    bundle = make_bundle(
        np.ones((14, 1, 1)), channels=NAMES, required=("B04",), normalization=scene_normalization()
    )
    config = PatchConfig(0.5, ("slope", "B04"), CPU)
    predict_patches(find_patches(root, "test"), [bundle], out=tmp_path / "out", config=config)
    two = images[:, [3, 12]]
    z = (
        ((two - two.mean(axis=(0, 2, 3), keepdims=True)) / two.std(axis=(0, 2, 3), keepdims=True))
        .clip(-6, 6)
        .sum(axis=1)
    )
    clear = np.abs(z) > 1e-4
    assert np.array_equal(np.stack(masks(tmp_path / "out"))[clear], (z >= 0)[clear])
    with pytest.raises(ChannelError, match="B04"):
        predict_patches(
            find_patches(root, "test"),
            [bundle],
            out=tmp_path,
            config=PatchConfig(None, ("B02",), CPU),
        )


def test_an_odd_multiple_is_filled_up_by_mirroring(patches, make_bundle, tmp_path):
    root, _ = patches
    kernel = np.ones((14, 1, 1))
    plain = make_bundle(kernel, channels=NAMES, normalization=scene_normalization())
    odd = make_bundle(
        kernel, channels=NAMES, normalization=scene_normalization(), name="odd", multiple_of_px=48
    )
    for name, bundle in (("a", plain), ("b", odd)):
        predict_patches(
            find_patches(root, "test"),
            [bundle],
            out=tmp_path / name,
            config=PatchConfig(None, None, CPU),
        )
    assert np.array_equal(masks(tmp_path / "a"), masks(tmp_path / "b"))


def test_the_command(patches, make_bundle, tmp_path, capsys):
    root, _ = patches
    bundle = make_bundle(np.ones((14, 1, 1)), channels=NAMES, normalization=scene_normalization())
    words = [
        "predict-patches",
        "--model",
        str(bundle.path),
        "--data",
        str(root),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*words, "--device", "cpu", "--tta", "d4", "--threshold", "0.7"]) == 0
    assert "5 masks" in capsys.readouterr().out
    assert len(masks(tmp_path / "out")) == 5


def test_bad_input_is_one_sentence_and_exit_code_2(patches, make_bundle, tmp_path, capsys):
    root, _ = patches
    bundle = make_bundle(np.ones((14, 1, 1)), channels=NAMES, normalization=scene_normalization())

    def fails(*words):
        out = [] if "--out" in words else ["--out", str(tmp_path / "o")]
        code = main(["predict-patches", "--device", "cpu", *out, *map(str, words)])
        message = capsys.readouterr().err.strip().splitlines()[-1]
        assert code == 2, message
        return message

    assert "nowhere" in fails("--model", bundle.path, "--data", tmp_path / "nowhere")
    assert "B99" in fails("--model", bundle.path, "--data", root, "--channels", "B99")
    assert "between 0 and 1" in fails("--model", bundle.path, "--data", root, "--threshold", "2")
    assert "no such folder" in fails("--model", "unheard-of", "--data", root)
    (root / "TestData" / "img" / "image_9.h5").write_bytes(b"junk")
    assert "HDF5" in fails("--model", bundle.path, "--data", root)
    (tmp_path / "file").write_text("")
    assert "cannot be written" in fails(
        "--model", bundle.path, "--data", root, "--out", tmp_path / "file" / "o"
    )


def test_a_prediction_needs_a_model(patches, tmp_path):
    with pytest.raises(ConfigError, match="at least one model"):
        predict_patches(find_patches(patches[0], "test"), [], out=tmp_path / "o")


def test_a_real_folder_keeps_its_ids(make_bundle, tmp_path):
    folder = tmp_path / "img"
    folder.mkdir()
    write_image(folder / "image_31.h5", np.full((14, 128, 128), 500))
    write_mask(tmp_path / "mask_31.h5", np.zeros((128, 128), np.uint8))
    bundle = make_bundle(np.ones((14, 1, 1)), channels=NAMES, normalization=scene_normalization())
    predict_patches(
        find_patches(folder, "test"),
        [bundle],
        out=tmp_path / "o",
        config=PatchConfig(None, None, CPU),
    )
    assert [p.name for p in (tmp_path / "o").iterdir()] == ["mask_31.h5"]


def test_a_crf_refines_every_patch_with_the_model_s_own_colours(
    patches, make_bundle, tmp_path, monkeypatch
):
    from engine.inference import crf
    from engine.inference.config import CrfConfig

    root, images = patches
    seen = []

    def refine(probability, guide, config, *, centre):
        seen.append((guide.copy(), centre))
        return 1 - probability

    monkeypatch.setattr(crf, "require", lambda: None)
    monkeypatch.setattr(crf, "refine", refine)
    kernel = np.linspace(-0.5, 0.7, 14).reshape(-1, 1, 1)
    bundle = make_bundle(kernel, channels=NAMES, required=(), normalization=scene_normalization())
    for name, post in (("plain", None), ("crf", CrfConfig())):
        inference = InferenceConfig(device="cpu", threads=1, batch=2, crf=post)
        config = PatchConfig(0.6, None, inference)
        facts = predict_patches(
            find_patches(root, "test"), [bundle], out=tmp_path / name, config=config
        )
        assert facts["crf"] is (post is not None)
    plain, refined = (np.stack(masks(tmp_path / name)) for name in ("plain", "crf"))
    assert not np.array_equal(plain, refined)
    assert len(seen) == 5
    assert {centre for _, centre in seen} == {0.6}
    mean, std = images.mean(axis=(0, 2, 3)), images.std(axis=(0, 2, 3))
    red = np.clip((images[0, 3] - mean[3]) / std[3], -6, 6)
    np.testing.assert_allclose(seen[0][0][0], red, atol=1e-3)


def test_the_command_packs_the_masks(patches, make_bundle, tmp_path, capfd):
    import zipfile

    root, _ = patches
    kernel = np.linspace(-0.5, 0.7, 14).reshape(-1, 1, 1)
    bundle = make_bundle(kernel, channels=NAMES, required=(), normalization=scene_normalization())
    words = ["predict-patches", "--model", str(bundle.path), "--data", str(root)]
    words += ["--out", str(tmp_path / "out"), "--device", "cpu"]
    assert main([*words, "--zip", str(tmp_path / "s.tar")]) == 2
    assert main([*words, "--zip", str(tmp_path / "s.zip")]) == 0
    capfd.readouterr()
    with zipfile.ZipFile(tmp_path / "s.zip") as packed:
        assert packed.namelist() == [f"mask_{n}.h5" for n in (1, 3, 5, 7, 12)]
